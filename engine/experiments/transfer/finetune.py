"""Gives a pretrained network a new last layer and trains it, or more of the network, on other classes."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from engine.datasets import photographs
from engine.datasets.augmentation import Augmentation
from engine.datasets.decoded import DecodedPhotographs, Part, decode
from engine.datasets.feeding import Fetcher, in_order
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
from engine.tensors.batches import in_batches
from engine.tensors.devices import float32_name

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.datasets.photographs import Parts, Preprocessing
    from engine.experiments.transfer.declarations import FinetuneHyperparameters
    from engine.networks.backbones import Backbone
    from engine.tensors.checkpoints import State

LARGER = 8 / 7
"""How much larger than the input images are held for random crops: 256 pixels for 224."""
MOST_FROZEN = 2 << 30
"""Bytes of what a frozen piece gives that are kept instead of being computed in every epoch."""
EVALUATED = 64
"""Images at a time in evaluation."""


def train(hyperparameters: FinetuneHyperparameters, context: Context) -> None:
    """Train on a part of the training images, choose the best epoch on the rest of them, and test that one once."""
    chosen = hyperparameters
    data = photographs.load(chosen.dataset, context=context)
    backbone = load_network(chosen.model, context)
    network, preprocessing = backbone.network, backbone.preprocessing.resized(chosen.resize)
    head = replace_heads(network, len(data.train.classes))
    split = Split(network.to(context.device), backbone.shape, head, chosen.freeze)
    computing = _autocast(chosen, context)

    training, validation, testing = (
        TrainingInputs(held, split, preprocessing, computing, context.device)
        for held in _decoded(chosen, data, preprocessing, context)
    )
    photographs.require_every_class(training.labels, data.train.classes)
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
    places = training.held.images.labels.device
    sampler = EpochSampler(len(training.held), chosen.batch, context.seed, device=places, drop_last=True)
    total = chosen.epochs * sampler.steps_per_epoch
    for step in context.steps(total, unit="batch"):
        for group, factor in zip(optimiser.param_groups, (1.0, chosen.lr_pretrained), strict=False):
            group.update(lr=chosen.lr * factor, weight_decay=chosen.weight_decay)
        indices = sampler.batch(step)
        labels = training.labels[indices]
        if step == 1:
            context.image("batch", training.picture(indices[:16], augmentation, context), step)
        with computing():
            inputs = training.values(indices, augmentation, context.generator)
            if step < total:
                training.expect(sampler.batch(step + 1))
            loss, logits = split.loss(inputs, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

        totals[0] += (logits.argmax(1) == labels).sum()
        totals[1] += len(labels)
        metrics = {"train/loss": loss.detach()}
        if sampler.ends_epoch(step):
            metrics["train/accuracy"] = totals[0] / totals[1]
            totals.zero_()
            metrics |= loss_and_accuracy(validation.logits(), validation.labels, "validation")
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
    log_calibration(logits, testing.labels, "test", context, total)
    figures = loss_and_accuracy(logits, testing.labels, "test") | loss_and_accuracy(
        validation.logits(), validation.labels, "validation"
    )
    own = {"best/epoch": float(record[1]), "parameters/trained": trained}
    context.result({name: float(value) for name, value in figures.items()} | own)


def _decoded(
    chosen: FinetuneHyperparameters, data: Parts, preprocessing: Preprocessing, context: Context
) -> list[DecodedPhotographs]:
    """Return the images for training, larger where they are augmented, for validation and for the test."""
    stays, held_out = photographs.hold_out(data.train, chosen.validation, context.seed)
    larger = preprocessing
    if chosen.augmentation:
        larger = replace(
            preprocessing, size=round(preprocessing.size * LARGER), resize=round(preprocessing.resize * LARGER)
        )
    parts = (
        Part(data.train, stays, larger),
        Part(data.train, held_out, preprocessing),
        Part(data.test, torch.arange(len(data.test)), preprocessing),
    )
    return decode(parts, context, refuse_broken=chosen.broken == "refuse")


class TrainingInputs:
    """Inputs of the trained piece of a network: images, or the outputs of the frozen piece.

    Attributes:
        held: the images.
        labels: int64 ``[N]``, on the device.
    """

    def __init__(
        self,
        held: DecodedPhotographs,
        split: Split,
        preprocessing: Preprocessing,
        computing: Callable[[], torch.autocast],
        device: torch.device,
    ) -> None:
        self.held, self.labels = held, held.images.labels.to(device)
        self._fetcher = Fetcher(held.images, device)
        self._split, self._preprocessing, self._computing, self._device = split, preprocessing, computing, device
        self._kept: Tensor | None = None

    def expect(self, indices: Tensor) -> None:
        """Begin to fetch the images whose inputs will be wanted next."""
        if self._kept is None:
            self._fetcher.fetch(indices)

    def values(
        self, indices: Tensor, augmentation: Augmentation | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Return the inputs at some indices; without augmentation the frozen piece runs only one time."""
        if augmentation is not None and generator is not None:
            images = augmentation(unit_range(self._images(indices)), self._preprocessing.size, generator)
            return self._split.frozen(self._preprocessing.standardised(images))
        if self._kept is None and 0 < self._split.frozen_size * len(self.held) * 4 <= MOST_FROZEN:
            self._kept = torch.cat([*self._all_frozen(16 if self._device.type == "cpu" else 256)])
        if self._kept is not None:
            return self._kept[indices.to(self._kept.device)]
        return self._frozen(self._images(indices))

    def _all_frozen(self, size: int) -> Iterator[Tensor]:
        for part in in_order(self.held.images, size, self._device):
            yield from in_batches(
                lambda rows: self._frozen(rows).float(), part.images, batch=size, what="the frozen piece"
            )

    def _images(self, indices: Tensor) -> Tensor:
        return self._fetcher.take(indices).images

    def _frozen(self, images: Tensor) -> Tensor:
        with self._computing():
            return self._split.frozen(self._preprocessing.normalised(images))

    def logits(self) -> Tensor:
        """Return the logits ``[N, classes]`` of all images, none of them augmented."""
        found: list[Tensor] = []
        parts = torch.arange(len(self.held), device=self.held.images.labels.device).split(EVALUATED)
        with self._computing():
            for number, part in enumerate(parts, start=1):
                inputs = self.values(part)
                for coming in parts[number : number + 1]:
                    self.expect(coming)
                found += in_batches(self._split.predict, inputs, batch=EVALUATED, what="evaluation")
        return torch.cat(found)

    def picture(self, indices: Tensor, augmentation: Augmentation | None, context: Context) -> Tensor:
        """Return some images as they are trained on, from a generator of its own."""
        images = unit_range(self._images(indices))
        if augmentation is not None:
            generator = torch.Generator(context.device).manual_seed(context.seed)
            images = augmentation(images, self._preprocessing.size, generator)
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
    context.message(f"computing in {'bf16 autocast' if bf16 else float32_name()}")
    return functools.partial(autocast, context.device, bf16=bf16)


def network(hyperparameters: FinetuneHyperparameters, context: Context) -> Backbone:
    """Rebuild the network of a run; the caller loads its weights."""
    named = parse(hyperparameters.model)
    plain = f"{named.architecture}:random" if named.architecture else hyperparameters.model
    classes = classes_of(hyperparameters.dataset)
    backbone = load_network(plain, context)
    replace_heads(backbone.network, len(classes))
    return replace(backbone, classes=classes)
