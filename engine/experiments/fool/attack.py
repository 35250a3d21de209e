"""Attacks a network on a set of images: how often, with how small a change, and whether the change works elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from engine.experiments.fool.attacks import Attack, CarliniWagner, Goal, Pgd
from engine.experiments.fool.fool import take_steps
from engine.experiments.fool.outcome import Outcome, judge
from engine.experiments.subjects import all_logits, batch_size, open_images, targets_of
from engine.networks import backbones
from engine.networks.classes import TRUE
from engine.report.figures import curves

if TYPE_CHECKING:
    from torch import Tensor

    from engine.control.context import Context
    from engine.experiments.fool.declarations import AttackHyperparameters
    from engine.networks.backbones import Backbone


def run(hyperparameters: AttackHyperparameters, context: Context) -> None:
    """Attack every image, judge the saved files, and find the accuracy that is left for every size of change."""
    backbone = backbones.load(hyperparameters.model, context).fixed()
    subjects = open_images(hyperparameters.images, backbone.preprocessing.resized(hyperparameters.resize), context)
    before = all_logits(subjects, backbone, batch_size(context.device), context.device)
    own = targets_of(TRUE, subjects, backbone, before)
    targeted = bool(hyperparameters.target)
    classes = targets_of(hyperparameters.target, subjects, backbone, before) if targeted else own
    goal = Goal(classes.to(context.device), targeted)
    images = subjects.pixels.to(context.device).float() / 255
    right = before.argmax(1) == own
    context.result({"clean/accuracy": float(right.float().mean())})

    done = goal.reached(before.to(context.device), torch.arange(len(images), device=context.device))
    attack = build(hyperparameters, backbone, images, goal, done, context, hyperparameters.eps_in_pixels)
    take_steps(attack, hyperparameters.total_steps, context)
    outcome = judge(attack, subjects, backbone, before, context)
    outcome.log(context)
    if hyperparameters.transfer:
        outcome.log_transfer(hyperparameters.transfer, context)
    if not targeted and (sizes := hyperparameters.curve_sizes):
        accuracies = _curve(hyperparameters, backbone, images, goal, done, context, outcome, right, sizes)
        unit = "L-inf, 255ths" if hyperparameters.limits_linf else "L2"
        rows = [[size, round(accuracy, 4)] for size, accuracy in zip([0.0, *sizes], accuracies, strict=True)]
        context.table("curve", [f"eps ({unit})", "robust accuracy"], rows)
        figure = curves(
            [0.0, *sizes], {"accuracy": accuracies}, x_label=f"largest change ({unit})", y_label="robust accuracy"
        )
        figure.axes[0].set_ylim(-0.02, 1.02)
        context.figure("robust accuracy", figure, 1)


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
    seeds = [context.seed * 1_000_003 + index for index in range(len(images))] if chosen.random_start else None
    share = eps / chosen.eps_in_pixels  # smaller balls are searched in smaller steps
    alpha = share * chosen.alpha / 255 if chosen.norm == "linf" else 2.5 * eps / chosen.steps
    return Pgd(backbone.logits, images, goal, batch, norm=chosen.norm, eps=eps, alpha=alpha, seeds=seeds, done=done)


def _curve(
    chosen: AttackHyperparameters,
    backbone: Backbone,
    images: Tensor,
    goal: Goal,
    done: Tensor,
    context: Context,
    outcome: Outcome,
    right: Tensor,
    sizes: list[float],
) -> list[float]:
    """Return the accuracy that is left for changes of no and of every size; for Carlini & Wagner by their L2."""
    accuracies = [float(right.float().mean())]
    for size in sizes:
        if chosen.method == "cw":
            fooled = outcome.saved & (outcome.norms["L2"] <= size)
        else:
            attack = build(chosen, backbone, images, goal, done, context, size / 255 if chosen.limits_linf else size)
            for number in range(1, chosen.total_steps + 1):
                attack.step(number)
            attack.finish()
            fooled = attack.reached.cpu()
        accuracies.append(float((right & ~fooled).float().mean()))
    return accuracies
