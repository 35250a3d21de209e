"""Self-training on the target (Lee 2013, Pseudo-label, ICML workshop): sure answers become labels, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F

from engine.datasets.images import signed_range
from engine.datasets.sampling import EpochSampler
from engine.errors import DataUnavailable
from engine.experiments.adapt.declarations import SOURCE_ONLY
from engine.experiments.adapt.domains import (
    OTHER_DOMAIN,
    answers,
    evaluate,
    learning_rate,
    load_domains,
    log_map,
    new_network,
    report,
)
from engine.experiments.speed import chosen_speed
from engine.families import experiment
from engine.networks.backbones import fit_weights
from engine.tensors.checkpoints import load_module

if TYPE_CHECKING:
    from torch import Tensor

    from engine.control.context import Context
    from engine.datasets.images import ImageSet
    from engine.experiments.adapt.declarations import PseudoLabelHyperparameters
    from engine.networks.dann import DannNetwork

NOT_TAKEN = -1
"""Stands for the label of an image that was not taken."""
COLUMNS = ("taken", "share", "right", "target/accuracy")
"""Of the table of rounds, before the classes."""


def train(hyperparameters: PseudoLabelHyperparameters, context: Context) -> None:
    """Train on the source, or take a trained network; then on the source and the target's own labels, in rounds."""
    device, batch = context.device, hyperparameters.batch
    domains = load_domains(hyperparameters, context)
    source, target = domains.source.train, domains.target.train
    speed = chosen_speed(device, hyperparameters.precision, hyperparameters.channels_last)
    context.message(f"computing with {speed}; pixels from -1 to 1 in both domains")
    trained = hyperparameters.start != SOURCE_ONLY
    network = earlier_network(hyperparameters, context) if trained else new_network(hyperparameters)
    network = speed.lay_out(network.to(device))
    optimiser = torch.optim.SGD(network.parameters(), hyperparameters.lr, hyperparameters.momentum)
    pseudo = torch.full((len(target),), NOT_TAKEN, device=device)
    rounds = torch.zeros(hyperparameters.rounds, len(COLUMNS) + len(source.classes), dtype=torch.float64)
    state = {
        "modules": {"network": network},
        "optimisers": {"sgd": optimiser},
        "tensors": {"pseudo": pseudo, "rounds": rounds},
    }
    context.restore(**state)

    of_source = EpochSampler(len(source), batch, context.seed, device=device, drop_last=True)
    per_epoch = max(1, max(len(source), len(target)) // of_source.size)
    plan = Plan(0 if trained else hyperparameters.epochs * per_epoch, hyperparameters.round_epochs * per_epoch)
    if not context.done:
        log_map(network, domains, hyperparameters.map_images, context, "before", 0)

    taken, taken_in = pseudo.new_empty(0), 0
    for step in context.steps(plan.first + hyperparameters.rounds * plan.each, unit="batch"):
        number, position, length = plan.place(step)
        if number and position == 0:
            pseudo.copy_(surest(network, target, hyperparameters))
            rounds[number - 1] = counted(pseudo, target)
        if number != taken_in:
            taken, taken_in = (pseudo != NOT_TAKEN).nonzero().flatten(), number
            of_taken = EpochSampler(max(1, len(taken)), batch, context.seed + number * OTHER_DOMAIN, device=device)
        optimiser.param_groups[0]["lr"] = learning_rate(hyperparameters.lr, position / length)

        own = source[of_source.batch(step)]
        chosen = taken[of_taken.batch(position + 1)] if len(taken) else taken
        with speed.autocast():
            logits = network(speed.lay_out(signed_range(torch.cat((own.images, target.images[chosen]))))).float()
        losses = {"train/loss": F.cross_entropy(logits[: len(own)], own.labels)}
        if len(chosen):
            losses["train/pseudo-loss"] = F.cross_entropy(logits[len(own) :], pseudo[chosen])
        optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimiser.step()

        metrics = {name: loss.detach() for name, loss in losses.items()}
        if number and position == 0:
            metrics |= {"labels/taken": rounds[number - 1, 1], "labels/right": rounds[number - 1, 2]}
        if (position + 1) % per_epoch == 0:
            metrics |= evaluate(network, domains, "validation")
        if number and position + 1 == length:
            rounds[number - 1, 3] = metrics["target/accuracy"]
        context.log(step, metrics, epoch=step / per_epoch)
        context.checkpoint(step, **state)

    context.table("rounds", ["round", *COLUMNS, *source.classes], [row_of(*row) for row in enumerate(rounds, 1)])
    report(network, domains, context, context.total)
    log_map(network, domains, hyperparameters.map_images, context, "after", context.total)


class Plan(NamedTuple):
    """How many steps the training on the source takes, and each round after it."""

    first: int
    each: int

    def place(self, step: int) -> tuple[int, int, int]:
        """Return the round of a step, 0 for the training on the source; its place in it, from 0; the round's length."""
        if step <= self.first:
            return 0, step - 1, self.first
        number, position = divmod(step - 1 - self.first, self.each)
        return number + 1, position, self.each


def surest(network: DannNetwork, target: ImageSet, hyperparameters: PseudoLabelHyperparameters) -> Tensor:
    """Return the labels ``[N]`` the network gives with a probability from the threshold on, else -1.

    With ``balance`` of each class no more are taken than of the rarest one among those, the surest first.
    """
    probability, labels = answers(network, target)[0].softmax(1).max(1)
    pseudo = torch.where(probability >= hyperparameters.threshold, labels, NOT_TAKEN)
    if hyperparameters.balance:
        classes = range(len(target.classes))
        fewest = min(int((pseudo == label).sum()) for label in classes)
        for label in classes:
            own = (pseudo == label).nonzero().flatten()
            pseudo[own[probability[own].argsort(descending=True, stable=True)[fewest:]]] = NOT_TAKEN
    return pseudo


def counted(pseudo: Tensor, target: ImageSet) -> Tensor:
    """Return a row of the table of rounds, its accuracy still to come; the true labels serve for nothing but this."""
    taken = pseudo != NOT_TAKEN
    count = taken.sum().double()
    right = (pseudo == target.labels)[taken].sum() / count if count else torch.tensor(float("nan"))
    classes = pseudo[taken].bincount(minlength=len(target.classes))
    figures = torch.tensor([count, count / len(target), right, float("nan")], dtype=torch.float64)
    return torch.cat((figures, classes.double().cpu()))


def row_of(number: int, row: Tensor) -> list[object]:
    """Return a row of the table of rounds as it is printed."""
    count, *shares = row[: len(COLUMNS)].tolist()
    return [number, int(count), *(f"{share:.4f}" for share in shares), *row[len(COLUMNS) :].int().tolist()]


def earlier_network(hyperparameters: PseudoLabelHyperparameters, context: Context) -> DannNetwork:
    """Return the network of an earlier run, in training mode.

    Raises:
        DataUnavailable: if its weights do not fit.
    """
    run = context.earlier(hyperparameters.start.removeprefix("run:"))
    record, saved = run.record(), run.last_checkpoint()
    if saved is None:
        raise DataUnavailable(f"run {run.id} has saved nothing that could be taken")
    network = new_network(experiment(record.experiment).validate(record.hyperparameters))
    fit_weights(network, load_module(run.path / saved.file, "network"), hyperparameters.start)
    return network
