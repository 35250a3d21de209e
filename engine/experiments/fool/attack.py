"""Attacks a network on a set of images: robust accuracy, success, sizes of the changes, transfer to other networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch

from engine.datasets.images import unit_range
from engine.experiments.earlier import load_network
from engine.experiments.fool.attacks import Apgd, Attack, CarliniWagner, Goal, Pgd
from engine.experiments.fool.attacks.losses import losses_for
from engine.experiments.fool.attacks.radii import STEPS
from engine.experiments.fool.declarations import AUTO
from engine.experiments.fool.outcome import save_and_classify
from engine.experiments.fool.robustness import Judged, log_checks, log_robustness
from engine.experiments.fool.stepping import Round, Rounds, take_steps
from engine.experiments.subjects import batch_size, image_seeds, labels_to_keep, logits_of, open_images, targets_of

if TYPE_CHECKING:
    from torch import Tensor

    from engine.authoring import Context
    from engine.experiments.fool.declarations import AttackHyperparameters
    from engine.networks.backbones import Backbone


def run(hyperparameters: AttackHyperparameters, context: Context) -> None:
    """Attack every image, classify the saved files, and measure the robust accuracy at every size of change."""
    for doubt in hyperparameters.doubts.values():
        context.message(doubt, level="alarm")
    backbone = load_network(hyperparameters.model, context).fixed()
    subjects = open_images(hyperparameters.images, backbone.preprocessing.resized(hyperparameters.resize), context)
    before = logits_of(subjects.pixels, backbone, context.device)
    targeted = bool(hyperparameters.target)
    labels, valid = labels_to_keep(subjects, backbone.classes, before.argmax(1))
    if targeted:
        labels, valid = targets_of(hyperparameters.target, subjects, backbone, before), torch.ones_like(valid)
        if hyperparameters.curve not in {"", AUTO}:
            context.message("accuracies are of untargeted attacks: no curve is drawn", level="alarm")
    elif not valid.all():
        context.message(f"not attacked: {int((~valid).sum())} images that show none of the network's classes")
    goal = Goal(labels.to(context.device), targeted)
    images = unit_range(subjects.pixels.to(context.device))
    rows = torch.arange(len(images), device=context.device)
    done = goal.reached(before.to(context.device), rows) | ~valid.to(context.device)
    losses = losses_for(before.shape[1], targeted=targeted)
    if hyperparameters.method == "apgd" and len(losses) == 1:
        context.message("apgd raises the cross-entropy alone: the network has too few classes for DLR")
    plan = plan_of(hyperparameters, losses, images[0].numel(), targeted=targeted)
    rounds = Rounds(
        lambda part, alone: build(hyperparameters, part, backbone, images, goal, alone, context), plan, done
    )
    take_steps(rounds, rounds.total, context)
    outcome = save_and_classify(rounds.main, goal, subjects, backbone, before, valid, context)
    outcome.log(context, floats=hyperparameters.method == "cw" and not hyperparameters.stored)
    if not targeted:
        right = before.argmax(1) == labels
        judged = Judged(right, subjects.labels(backbone.classes) >= 0, valid)
        log_robustness(hyperparameters, judged, rounds, outcome, context)
        log_checks(hyperparameters.size, judged, rounds, context)
    if hyperparameters.transfer:
        outcome.log_transfer(hyperparameters.transfer, context)


def plan_of(chosen: AttackHyperparameters, losses: tuple[str, ...], values: int, *, targeted: bool) -> list[Round]:
    """Return the rounds of an attack, smallest size first.

    Args:
        chosen: the hyperparameters.
        losses: that the network has.
        values: how many an image has; within half the range of each, every image can become grey.
        targeted: accuracies are of untargeted attacks: without them there is no curve and no check.
    """
    main = chosen.size
    if chosen.method == "cw":
        return [Round(main, chosen.radii * STEPS + chosen.searches * chosen.iterations)]
    sizes = [main] if targeted else sorted({main, *chosen.curve_sizes})
    if chosen.method == "fgsm":
        return [Round(size, 1, purpose="main" if size == main else "curve") for size in sizes]
    each = losses if chosen.method == "apgd" else ("ce",)
    starts = range(chosen.restarts if chosen.random_start else 1)
    plan: list[Round] = []
    for size in sizes:
        purpose: Literal["main", "curve"] = "main" if size == main else "curve"
        plan += [Round(size, chosen.steps, loss, start, purpose) for start in starts for loss in each]
        if size == main and chosen.check and not targeted:
            plan += [Round(size, 2 * chosen.steps, loss, purpose="longer") for loss in each]
    if chosen.check and not targeted:
        half = chosen.scale / 2 if chosen.limits_linf else values**0.5 / 2
        plan += [Round(half, 2 * chosen.steps, loss, purpose="anywhere") for loss in each]
    return plan


def build(
    chosen: AttackHyperparameters,
    part: Round,
    backbone: Backbone,
    images: Tensor,
    goal: Goal,
    done: Tensor,
    context: Context,
) -> Attack:
    """Return the attack of a round; for PGD in L2 a step is 2.5 radii over the number of steps."""
    batch, eps = batch_size(context.device), part.size / chosen.scale
    seeds = image_seeds(context.seed, 0, len(images)) if chosen.random_start else None
    match chosen.method:
        case "cw":
            return CarliniWagner(
                backbone.logits,
                images,
                goal,
                batch,
                lr=chosen.lr,
                iterations=chosen.iterations,
                radii=chosen.radii,
                confidence=chosen.confidence,
                stored=chosen.stored,
                done=done,
            )
        case "fgsm":
            return Pgd(backbone.logits, images, goal, batch, norm="linf", eps=eps, alpha=eps, done=done)
        case "pgd":
            share = part.size / chosen.size  # smaller balls are searched in smaller steps
            return Pgd(
                backbone.logits,
                images,
                goal,
                batch,
                alpha=share * chosen.alpha / chosen.scale if chosen.limits_linf else 2.5 * eps / part.steps,
                norm=chosen.norm,
                eps=eps,
                seeds=seeds,
                restart=part.restart,
                stop_early=chosen.stop_early,
                done=done,
            )
        case "apgd":
            return Apgd(
                backbone.logits,
                images,
                goal,
                batch,
                steps=part.steps,
                norm=chosen.norm,
                eps=eps,
                loss=part.loss,
                seeds=seeds,
                restart=part.restart,
                stop_early=chosen.stop_early,
                done=done,
            )
