"""Self-training on the target (after Lee 2013, ICML workshop): confident predictions become labels, in rounds.

Lee takes all predictions and raises their weight step by step; here those above a threshold count as much as true
labels from the first step of a round.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F

from engine.datasets.feeding import Feed
from engine.datasets.images import signed_range
from engine.datasets.sampling import EpochSampler
from engine.experiments.adapt.declarations import SOURCE_ONLY
from engine.experiments.adapt.domains import OTHER_DOMAIN, begin, evaluate, learning_rate, log_map, logits_of, report
from engine.experiments.calibration import fitted_temperature
from engine.experiments.earlier import NETWORK, restore

if TYPE_CHECKING:
    from torch import Tensor

    from engine.authoring import Context
    from engine.datasets.images import ImageSet
    from engine.experiments.adapt.declarations import PseudoLabelHyperparameters
    from engine.networks.dann import DannNetwork
    from engine.tensors.checkpoints import State

NOT_TAKEN = -1
"""The label of an image whose prediction was not confident enough."""
COLUMNS = ("taken", "share", "right", "target/accuracy", "temperature")
"""Of the table of rounds; one more for each class follows."""


def train(hyperparameters: PseudoLabelHyperparameters, context: Context) -> None:
    """Train on the source, or take a trained network; then train on the source and on pseudo-labels, in rounds."""
    device, batch = context.device, hyperparameters.batch
    domains, network, optimiser, speed = begin(hyperparameters, context)
    source, target = domains.source.train, domains.target.train
    trained = hyperparameters.start != SOURCE_ONLY
    if trained and not context.resumes:
        restore(network, hyperparameters.start, NETWORK, context)
    pseudo = torch.full((len(target),), NOT_TAKEN, device=target.images.device)
    rounds = torch.zeros(hyperparameters.rounds, len(COLUMNS) + len(source.classes), dtype=torch.float64)
    state: State = {
        "modules": {"network": network},
        "optimisers": {"sgd": optimiser},
        "tensors": {"pseudo": pseudo, "rounds": rounds},
    }
    context.restore(**state)

    of_source = EpochSampler(len(source), batch, context.seed, device=source.images.device, drop_last=True)
    per_epoch = max(1, max(len(source), len(target)) // of_source.size)
    plan = Plan(0 if trained else hyperparameters.epochs * per_epoch, hyperparameters.round_epochs * per_epoch)
    total = plan.first + hyperparameters.rounds * plan.each
    from_source = Feed(source, of_source.batch, total, device)

    def update(own: Tensor, own_labels: Tensor, others: Tensor, labels: Tensor, lr: float) -> dict[str, Tensor]:
        optimiser.param_groups[0]["lr"] = lr
        with speed.autocast():
            logits = network(signed_range(speed.lay_out(torch.cat((own, others))))).float()
        loss, losses = losses_of(logits, own_labels, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return losses

    train_step = speed.step(update, context)
    if not context.done:
        log_map(network, domains, hyperparameters.map_images, context, 0)

    taken, taken_in = pseudo.new_empty(0), 0
    for step in context.steps(total, unit="batch"):
        number, position, length = plan.place(step)
        if number and position == 0:
            temperature = own_temperature(network, domains.source.validation, hyperparameters, device)
            pseudo.copy_(confident_labels(network, target, hyperparameters, device, temperature))
            rounds[number - 1] = round_figures(pseudo, target, temperature)
        if number != taken_in:
            taken, taken_in = (pseudo != NOT_TAKEN).nonzero().flatten(), number
            of_taken = EpochSampler(
                max(1, len(taken)), batch, context.seed + number * OTHER_DOMAIN, device=pseudo.device
            )
        lr = learning_rate(hyperparameters.lr, position / length)
        own = from_source.batch(step)
        chosen = taken[of_taken.batch(position + 1)] if len(taken) else taken
        others, labels = target[chosen].images.to(device), pseudo[chosen].to(device)
        metrics = dict[str, Any](train_step(own.images, own.labels, others, labels, lr))
        if number and position == 0:
            metrics |= label_metrics(rounds[number - 1], number, context)
        if (position + 1) % per_epoch == 0:
            metrics |= evaluate(network, domains, device)
        if number and position + 1 == length:
            rounds[number - 1, 3] = metrics["target/accuracy"]
        context.log(step, metrics, epoch=step / per_epoch)
        context.checkpoint(step, **state)

    context.table("rounds", ["round", *COLUMNS, *source.classes], [table_row(*row) for row in enumerate(rounds, 1)])
    report(network, domains, context, context.total)
    log_map(network, domains, hyperparameters.map_images, context, context.total)


def losses_of(logits: Tensor, labels: Tensor, pseudo: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss that is minimised, and the figures of its parts.

    Args:
        logits: ``[N + M, classes]``, of images of the source and then of the target.
        labels: true ones of the source, ``[N]``.
        pseudo: those of the target, ``[M]``; there may be none.
    """
    loss = F.cross_entropy(logits[: len(labels)], labels)
    if not len(pseudo):
        return loss, {"train/loss": loss.detach()}
    other = F.cross_entropy(logits[len(labels) :], pseudo)
    # Each image has the same weight in both domains.
    both = loss + other * len(pseudo) / len(labels)
    return both, {"train/loss": loss.detach(), "train/pseudo-loss": other.detach()}


class Plan(NamedTuple):
    """How many steps the training on the source takes, and each round after it."""

    first: int
    each: int

    def place(self, step: int) -> tuple[int, int, int]:
        """Return the round of a step (0 is the training on the source), its place in it from 0, and its length."""
        if step <= self.first:
            return 0, step - 1, self.first
        number, position = divmod(step - 1 - self.first, self.each)
        return number + 1, position, self.each


def own_temperature(
    network: DannNetwork, validation: ImageSet, hyperparameters: PseudoLabelHyperparameters, device: torch.device
) -> float:
    """Return the temperature that calibrates the network on validation images of the source; 1 if that is not wanted.

    The target's labels must not be looked at, so that its probabilities are calibrated only as far as it is like the
    source.
    """
    if not hyperparameters.calibrate:
        return 1.0
    return fitted_temperature(logits_of(network, validation, device).classes, validation.labels.to(device))


def confident_labels(
    network: DannNetwork,
    target: ImageSet,
    hyperparameters: PseudoLabelHyperparameters,
    device: torch.device,
    temperature: float = 1.0,
) -> Tensor:
    """Return the predicted classes ``[N]``; -1 where the probability, at a temperature, is below the threshold.

    With ``balance``, all predicted classes get as many labels as the rarest of them, the most probable ones.
    """
    probability, labels = (logits_of(network, target, device).classes / temperature).softmax(1).max(1)
    pseudo = torch.where(probability >= hyperparameters.threshold, labels, NOT_TAKEN)
    if hyperparameters.balance:
        counts = pseudo[pseudo != NOT_TAKEN].bincount()
        fewest = int(counts[counts > 0].min()) if len(counts) else 0
        for label in range(len(counts)):
            own = (pseudo == label).nonzero().flatten()
            pseudo[own[probability[own].argsort(descending=True, stable=True)[fewest:]]] = NOT_TAKEN
    return pseudo


def round_figures(pseudo: Tensor, target: ImageSet, temperature: float) -> Tensor:
    """Return a row of the table of rounds without its accuracy; the true labels are used for this row alone."""
    taken, labels = pseudo[pseudo != NOT_TAKEN].cpu(), target.labels[pseudo != NOT_TAKEN].cpu()
    right = (taken == labels).double().mean()  # NaN if none is taken
    unknown = float("nan")
    figures = torch.tensor([len(taken), len(taken) / len(target), right, unknown, temperature], dtype=torch.float64)
    return torch.cat((figures, taken.bincount(minlength=len(target.classes)).double()))


def label_metrics(row: Tensor, number: int, context: Context) -> dict[str, Tensor]:
    """Return the metrics of a round's labels; log an alarm if none was taken."""
    if row[0]:
        return {"labels/share": row[1], "labels/right": row[2], "labels/temperature": row[4]}
    context.message(f"round {number}: no prediction reaches the threshold, only the source is used", level="alarm")
    return {"labels/share": row[1], "labels/temperature": row[4]}


def table_row(number: int, row: Tensor) -> list[object]:
    """Return a row of the table of rounds as it is printed; NaN is an empty cell."""
    count, *shares = row[: len(COLUMNS)].tolist()
    printed = ["" if math.isnan(share) else f"{share:.4f}" for share in shares]
    return [number, int(count), *printed, *row[len(COLUMNS) :].int().tolist()]
