"""Attacks a network on a set of images: success rate, sizes of the changes, transfer to other networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from engine.datasets.images import unit_range
from engine.experiments.earlier import load_network
from engine.experiments.fool.attacks import Attack, CarliniWagner, Goal, Pgd
from engine.experiments.fool.declarations import AUTO
from engine.experiments.fool.outcome import save_and_classify
from engine.experiments.fool.stepping import Rounds, take_steps
from engine.experiments.subjects import batch_size, image_seeds, labels_to_keep, logits_of, open_images, targets_of
from engine.plots import Lines

if TYPE_CHECKING:
    from torch import Tensor

    from engine.authoring import Context
    from engine.experiments.fool.declarations import AttackHyperparameters
    from engine.networks.backbones import Backbone


def run(hyperparameters: AttackHyperparameters, context: Context) -> None:
    """Attack every image, classify the saved files, and measure the robust accuracy at every size of change."""
    backbone = load_network(hyperparameters.model, context).fixed()
    subjects = open_images(hyperparameters.images, backbone.preprocessing.resized(hyperparameters.resize), context)
    before = logits_of(subjects.pixels, backbone, context.device)
    targeted = bool(hyperparameters.target)
    labels, valid = labels_to_keep(subjects, backbone.classes, before.argmax(1))
    if targeted:
        labels, valid = targets_of(hyperparameters.target, subjects, backbone, before), torch.ones_like(valid)
    elif not valid.all():
        context.message(f"not attacked: {int((~valid).sum())} images that show none of the network's classes")
    goal = Goal(labels.to(context.device), targeted)
    images = unit_range(subjects.pixels.to(context.device))
    rows = torch.arange(len(images), device=context.device)
    done = goal.reached(before.to(context.device), rows) | ~valid.to(context.device)

    def make(size: float) -> Attack:
        return build(hyperparameters, backbone, images, goal, done, context, size)

    sizes = [] if targeted else hyperparameters.curve_sizes
    if targeted and hyperparameters.curve not in {"", AUTO}:
        context.message("accuracies are of untargeted attacks: no curve is drawn", level="alarm")
    scale = 255 if hyperparameters.limits_linf else 1
    others = [] if hyperparameters.method == "cw" else [size / scale for size in sizes]
    rounds = Rounds(make, [hyperparameters.eps_in_pixels, *others], hyperparameters.total_steps)
    take_steps(rounds, rounds.total, context)
    outcome = save_and_classify(rounds.main, subjects, backbone, before, valid, context)
    outcome.log(context)
    known = subjects.labels(backbone.classes) >= 0
    right = before.argmax(1) == labels
    if known.any() and not targeted:
        context.result({"clean/accuracy": float(right[known].float().mean())})
    if hyperparameters.transfer:
        outcome.log_transfer(hyperparameters.transfer, context)
    if sizes:
        # Where no true class is known, the curve counts predictions that stay as they were.
        counted, what = (known, "robust accuracy") if known.any() else (valid, "unchanged answers")
        if hyperparameters.method == "cw":
            fooled = [outcome.saved & (outcome.norms["L2"] <= size) for size in sizes]
        else:
            fooled = list(rounds.found[1:].cpu())
        left = [float((right & ~lost)[counted].float().mean()) for lost in (torch.zeros_like(right), *fooled)]
        _log_curve([0.0, *sizes], left, what, "L-inf, 255ths" if hyperparameters.limits_linf else "L2", context)


def build(
    chosen: AttackHyperparameters,
    backbone: Backbone,
    images: Tensor,
    goal: Goal,
    done: Tensor,
    context: Context,
    eps: float,
) -> Attack:
    """Return the attack that is chosen, at a size; for PGD in L2 a step is 2.5 radii over the number of steps."""
    batch = batch_size(context.device)
    if chosen.method == "cw":
        return CarliniWagner(
            backbone.logits,
            images,
            goal,
            batch,
            lr=chosen.lr,
            iterations=chosen.iterations,
            confidence=chosen.confidence,
            stored=chosen.stored,
            done=done,
        )
    if chosen.method == "fgsm":
        return Pgd(backbone.logits, images, goal, batch, norm="linf", eps=eps, alpha=eps, done=done)
    seeds = image_seeds(context.seed, 0, len(images)) if chosen.random_start else None
    share = eps / chosen.eps_in_pixels  # smaller balls are searched in smaller steps
    alpha = share * chosen.alpha / 255 if chosen.norm == "linf" else 2.5 * eps / chosen.steps
    return Pgd(backbone.logits, images, goal, batch, norm=chosen.norm, eps=eps, alpha=alpha, seeds=seeds, done=done)


def _log_curve(sizes: list[float], left: list[float], what: str, unit: str, context: Context) -> None:
    """Log the robust accuracy at every size of change."""
    rows = [[size, round(share, 4)] for size, share in zip(sizes, left, strict=True)]
    context.table("curve", [f"eps ({unit})", what], rows)
    context.plot("curve", Lines(tuple(sizes), {what: tuple(left)}, x_label=f"largest change ({unit})", y_label=what), 1)
