"""Changes images until a network predicts a chosen class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from engine.datasets.images import unit_range
from engine.experiments.earlier import load_network
from engine.experiments.fool.attacks import Goal, TargetedAscent
from engine.experiments.fool.outcome import save_and_classify
from engine.experiments.fool.stepping import take_steps
from engine.experiments.subjects import batch_size, logits_of, open_images, targets_of

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.fool.declarations import FoolHyperparameters


def run(hyperparameters: FoolHyperparameters, context: Context) -> None:
    """Climb the target's logit, one normalised step after the other, until it is predicted."""
    backbone = load_network(hyperparameters.model, context).fixed()
    subjects = open_images(hyperparameters.images, backbone.preprocessing.resized(hyperparameters.resize), context)
    batch = batch_size(context.device)
    before = logits_of(subjects.pixels, backbone, context.device)
    targets = targets_of(hyperparameters.target, subjects, backbone, before).to(context.device)
    images = unit_range(subjects.pixels.to(context.device))
    spread = torch.tensor(backbone.preprocessing.std, device=context.device).view(1, -1, 1, 1)
    attack = TargetedAscent(
        backbone.logits,
        images,
        Goal(targets, targeted=True),
        batch,
        lr=hyperparameters.lr,
        spread=spread,
        valid=hyperparameters.valid,
    )
    take_steps(attack, hyperparameters.steps, context)
    attack.finish()
    counted = torch.ones(len(subjects), dtype=torch.bool)
    outcome = save_and_classify(attack.attacked, attack.goal, subjects, backbone, before, counted, context)
    outcome.log(context, floats=not hyperparameters.valid)
    if hyperparameters.transfer:
        outcome.log_transfer(hyperparameters.transfer, context)
