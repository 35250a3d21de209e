"""Trains the small convolutional network on handwritten digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from engine.datasets.images import ImageSet, load, unit_range
from engine.datasets.sampling import EpochSampler
from engine.drawing.confusion import log_confusion, worst_mistakes
from engine.drawing.grids import image_grid
from engine.drawing.tiles import tile
from engine.experiments.calibration import log_calibration
from engine.experiments.metrics import loss_and_accuracy
from engine.experiments.speed import chosen_speed
from engine.networks.architectures import SMALL_CNN_INPUT
from engine.networks.backbones import Backbone
from engine.networks.names import SMALL_CNN
from engine.networks.small_cnn import SmallCnn
from engine.plots import Tiles
from engine.tensors.batches import in_batches

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.authoring import Context
    from engine.experiments.classify.declarations import CnnHyperparameters
    from engine.tensors.checkpoints import State


def train(hyperparameters: CnnHyperparameters, context: Context) -> None:
    """Train with Adam and cross-entropy, validate after every epoch, test at the end."""
    data = load(hyperparameters.dataset, size=28, device=context.device)
    network = SmallCnn(classes=len(data.train.classes)).to(context.device)
    speed = chosen_speed(context.device, "float32", "off", capture=hyperparameters.capture)
    context.message(f"computing with {speed}")
    on_gpu = context.device.type != "cpu"
    optimiser = torch.optim.Adam(network.parameters(), fused=on_gpu, capturable=on_gpu and speed.captures)
    # Correct answers and images seen since the epoch began.
    totals = torch.zeros(2, dtype=torch.long, device=context.device)
    state: State = {"modules": {"network": network}, "optimisers": {"adam": optimiser}, "tensors": {"totals": totals}}
    context.restore(**state)

    def update(indices: Tensor, lr: float, *, weight_decay: float) -> dict[str, Tensor]:
        for group in optimiser.param_groups:
            group.update(lr=lr, weight_decay=weight_decay)
        batch = data.train[indices]
        logits = network(unit_range(batch.images))
        loss = F.cross_entropy(logits, batch.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        totals[0] += (logits.argmax(1) == batch.labels).sum()
        totals[1] += len(batch)
        return {"train/loss": loss.detach()}

    train_step = speed.step(update, context)
    sampler = EpochSampler(len(data.train), hyperparameters.batch, context.seed, device=context.device)
    for step in context.steps(hyperparameters.epochs * sampler.steps_per_epoch, unit="batch"):
        indices = sampler.batch(step)
        metrics = dict(train_step(indices, hyperparameters.lr, weight_decay=hyperparameters.weight_decay))
        if sampler.ends_epoch(step):
            metrics["train/accuracy"] = totals[0] / totals[1]
            metrics |= evaluate(network, data.validation, "validation")
            totals.zero_()
        context.log(step, metrics, epoch=sampler.epoch(step))
        if step == 1:
            context.image("batch", image_grid(unit_range(data.train.images[indices[:16]])), step)
        context.checkpoint(step, **state)

    report(network, data.validation, data.test, context, step=hyperparameters.epochs * sampler.steps_per_epoch)


def network(hyperparameters: CnnHyperparameters, context: Context) -> Backbone:
    """Rebuild the network of a run; the caller loads its weights."""
    classes = load(hyperparameters.dataset, size=28).train.classes
    small = SmallCnn(classes=len(classes)).to(context.device)
    return Backbone("cnn", small, SMALL_CNN_INPUT, classes, SMALL_CNN)


def report(network: nn.Module, validation: ImageSet, test: ImageSet, context: Context, step: int) -> None:
    """Log what the trained network does on images it has not seen: figures, confusion matrix, worst mistakes."""
    logits = predict(network, test)
    log_confusion(test.labels, logits.argmax(1), test.classes, context, step)
    worst = worst_mistakes(logits.log_softmax(1), test.labels, logits.argmax(1))
    if len(worst):
        pairs = zip(test.labels[worst], logits[worst].argmax(1), strict=True)
        captions = tuple((f"{test.classes[true]} > {test.classes[predicted]}",) for true, predicted in pairs)
        context.plot("mistakes", Tiles(tuple(map(tile, unit_range(test.images[worst]))), captions), step)
    log_calibration(logits, test.labels, "test", context, step)
    figures = loss_and_accuracy(logits, test.labels, "test") | evaluate(network, validation, "validation")
    context.result({name: float(value) for name, value in figures.items()})


def evaluate(network: nn.Module, images: ImageSet, part: str) -> dict[str, Tensor]:
    """Return loss and accuracy on a whole set; see :func:`loss_and_accuracy`."""
    return loss_and_accuracy(predict(network, images), images.labels, part)


@torch.no_grad()
def predict(network: nn.Module, images: ImageSet, batch: int = 2_000) -> Tensor:
    """Return logits ``[N, classes]`` for a whole set."""
    network.eval()
    parts = in_batches(lambda part: network(unit_range(part)), images.images, batch=batch, what="evaluation")
    logits = torch.cat([*parts])
    network.train()
    return logits
