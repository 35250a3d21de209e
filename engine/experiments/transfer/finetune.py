"""Gives a pretrained network a new last layer and trains it, or more of the network, on other classes."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from engine.datasets import photographs
from engine.datasets.augmentation import Augmentation
from engine.datasets.decoded import DecodedPhotographs
from engine.datasets.images import unit_range
from engine.datasets.sampling import EpochSampler
from engine.datasets.sources import classes_of
from engine.drawing.grids import image_grid
from engine.experiments.calibration import log_calibration
from engine.experiments.earlier import load_network
from engine.experiments.metrics import loss_and_accuracy
from engine.experiments.speed import autocast, uses_bf16
from engine.experiments.transfer.outcome import report
from engine.networks.heads import replace_heads
from engine.networks.names import parse
from engine.networks.split import Split

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.datasets.photographs import Preprocessing
    from engine.experiments.transfer.declarations import FinetuneHyperparameters
    from engine.networks.backbones import Backbone
    from engine.tensors.checkpoints import State

LARGER = 8 / 7
"""How much larger than the input images are held for random crops: 256 pixels for 224."""
MOST_FROZEN = 2 << 30
"""Bytes of what a frozen piece gives that are kept instead of being computed in every epoch."""


def train(hyperparameters: FinetuneHyperparameters, context: Context) -> None:
    """Train on a part of the training images, choose the best epoch on the rest of them, and test that one once."""
    chosen = hyperparameters
    data = photographs.load(chosen.dataset, context=context)
    backbone = load_network(chosen.model, context)
    network, preprocessing = backbone.network, backbone.preprocessing.resized(chosen.resize)
    head = replace_heads(network, len(data.train.classes))
    split = Split(network.to(context.device), backbone.shape, head, chosen.freeze)
    computing = _autocast(chosen, context)

    stays, held_out = photographs.hold_out(data.train, chosen.validation, context.seed)
    refuse = chosen.broken == "refuse"
    larger = preprocessing
    if chosen.augmentation:
        larger = replace(
            preprocessing, size=round(preprocessing.size * LARGER), resize=round(preprocessing.resize * LARGER)
        )
    parts = ((data.train[stays], larger), (data.train[held_out], preprocessing), (data.test, preprocessing))
    training, validation, testing = (
        TrainingInputs(DecodedPhotographs(part, size, context, refuse_broken=refuse), split, preprocessing, computing)
        for part, size in parts
    )
    photographs.require_every_class(training.held.labels, data.train.classes)
    trained = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    context.message(
        f"{trained:,} of {sum(parameter.numel() for parameter in network.parameters()):,} parameters are trained on "
        f"{len(training.held):,} images; {len(validation.held):,} are held out, {len(testing.held):,} are for the test"
    )

    optimiser = _optimiser(chosen, network, head)
    best = copy.deepcopy(network)
    # Correct answers and images seen since the epoch began; lowest validation loss, its epoch, epochs since then.
    totals = torch.zeros(2, dtype=torch.long, device=context.device)
    record = torch.tensor([torch.inf, 0.0, 0.0])
    state: State = {
        "modules": {"network": network, "best": best},
        "optimisers": {"optimiser": optimiser},
        "tensors": {"totals": totals, "record": record},
    }
    context.restore(**state)

    augmentation = Augmentation() if chosen.augmentation else None
    sampler = EpochSampler(len(training.held), chosen.batch, context.seed, device=context.device, drop_last=True)
    total = chosen.epochs * sampler.steps_per_epoch
    for step in context.steps(total, unit="batch"):
        for group, factor in zip(optimiser.param_groups, (1.0, chosen.lr_pretrained), strict=False):
            group.update(lr=chosen.lr * factor, weight_decay=chosen.weight_decay)
        indices = sampler.batch(step)
        labels = training.held.labels[indices]
        if step == 1:
            context.image("batch", training.picture(indices[:16], augmentation, context), step)
        with computing():
            loss, logits = split.loss(training.values(indices, augmentation, context.generator), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

        totals[0] += (logits.argmax(1) == labels).sum()
        totals[1] += len(labels)
        metrics = {"train/loss": loss.detach()}
        if sampler.ends_epoch(step):
            metrics["train/accuracy"] = totals[0] / totals[1]
            totals.zero_()
            metrics |= loss_and_accuracy(validation.logits(), validation.held.labels, "validation")
            _remember(record, float(metrics["validation/loss"]), sampler.epoch(step), network, best)
        context.log(step, metrics, epoch=sampler.epoch(step))
        if chosen.patience and int(record[2]) >= chosen.patience:
            context.message(f"no better validation loss for {chosen.patience} epochs: it ends here")
            break
        if step < total:
            context.checkpoint(step, **state)

    network.load_state_dict(best.state_dict())
    context.checkpoint(total, **state)
    logits = testing.logits()
    scores = logits.cpu()
    report(scores.argmax(1), scores, testing.held.photographs, preprocessing, context, total, chosen.against)
    log_calibration(logits, testing.held.labels, "test", context, total)
    figures = loss_and_accuracy(logits, testing.held.labels, "test") | loss_and_accuracy(
        validation.logits(), validation.held.labels, "validation"
    )
    own = {"best/epoch": float(record[1]), "parameters/trained": trained}
    context.result({name: float(value) for name, value in figures.items()} | own)


@dataclass(slots=True)
class TrainingInputs:
    """Inputs of the trained piece of a network: images, or the outputs of the frozen piece."""

    held: DecodedPhotographs
    split: Split
    preprocessing: Preprocessing
    computing: Callable[[], torch.autocast]
    kept: Tensor | None = None

    def values(
        self, indices: Tensor, augmentation: Augmentation | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Return the inputs at some indices; without augmentation the frozen piece runs only one time."""
        if augmentation is not None and generator is not None:
            images = augmentation(unit_range(self.held.images(indices)), self.preprocessing.size, generator)
            return self.split.frozen(self.preprocessing.standardised(images))
        if self.kept is None and 0 < self.split.frozen_size * len(self.held) * 4 <= MOST_FROZEN:
            at_once = 16 if self.held.labels.device.type == "cpu" else 256
            self.kept = torch.cat([self._frozen(part).float() for part in self._everything.split(at_once)])
        return self._frozen(indices) if self.kept is None else self.kept[indices.to(self.kept.device)]

    def _frozen(self, indices: Tensor) -> Tensor:
        with self.computing():
            return self.split.frozen(self.preprocessing.normalised(self.held.images(indices)))

    def logits(self) -> Tensor:
        """Return the logits ``[N, classes]`` of all images, none of them augmented."""
        with self.computing():
            return torch.cat([self.split.predict(self.values(part)) for part in self._everything.split(64)])

    @property
    def _everything(self) -> Tensor:
        return torch.arange(len(self.held), device=self.held.pixels.device)

    def picture(self, indices: Tensor, augmentation: Augmentation | None, context: Context) -> Tensor:
        """Return some images as they are trained on, from a generator of its own."""
        images = unit_range(self.held.images(indices))
        if augmentation is not None:
            generator = torch.Generator(context.device).manual_seed(context.seed)
            images = augmentation(images, self.preprocessing.size, generator)
        return image_grid(images)


def _remember(record: Tensor, loss: float, epoch: float, network: nn.Module, best: nn.Module) -> None:
    """Keep the weights of the epoch with the lowest validation loss."""
    record[2] += 1
    if loss < record[0]:
        record.copy_(torch.tensor([loss, epoch, 0.0]))
        best.load_state_dict(network.state_dict())


def _optimiser(chosen: FinetuneHyperparameters, network: nn.Module, head: str) -> torch.optim.Optimizer:
    """Return the optimiser with the new layers in its first group and what was pretrained in its second."""
    named = [(name, parameter) for name, parameter in network.named_parameters() if parameter.requires_grad]
    new = [parameter for name, parameter in named if name.startswith((f"{head}.", "aux", "Aux"))]
    old = [parameter for name, parameter in named if not name.startswith((f"{head}.", "aux", "Aux"))]
    groups = [{"params": group} for group in (new, old) if group]
    if chosen.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=chosen.lr, momentum=0.9)
    return torch.optim.Adam(groups, lr=chosen.lr, fused=True)


def _autocast(chosen: FinetuneHyperparameters, context: Context) -> Callable[[], torch.autocast]:
    bf16 = uses_bf16(chosen.precision, context.device)
    context.message(f"computing in {'bf16 autocast' if bf16 else 'float32'}")
    return functools.partial(autocast, context.device, bf16=bf16)


def network(hyperparameters: FinetuneHyperparameters, context: Context) -> Backbone:
    """Rebuild the network of a run; the caller loads its weights."""
    named = parse(hyperparameters.model)
    plain = f"{named.architecture}:random" if named.architecture else hyperparameters.model
    classes = classes_of(hyperparameters.dataset)
    backbone = load_network(plain, context)
    replace_heads(backbone.network, len(classes))
    return replace(backbone, classes=classes)
