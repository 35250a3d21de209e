"""Attacks on classifiers, each a state that steps, on many images at once.

Images are ``[N, C, H, W]`` in [0, 1], norms are those of differences of such images, and an image that is done takes no
part in later steps. All randomness is drawn image by image, so that none depends on its neighbours.
"""

from engine.experiments.fool.attacks.apgd import Apgd
from engine.experiments.fool.attacks.ascent import TargetedAscent
from engine.experiments.fool.attacks.base import Attack, Attacked, Goal, Logits, norms
from engine.experiments.fool.attacks.bounded import Ball, Bounded, Pgd
from engine.experiments.fool.attacks.carlini_wagner import CarliniWagner
from engine.experiments.fool.attacks.radii import RadiusSearch

__all__ = [
    "Apgd",
    "Attack",
    "Attacked",
    "Ball",
    "Bounded",
    "CarliniWagner",
    "Goal",
    "Logits",
    "Pgd",
    "RadiusSearch",
    "TargetedAscent",
    "norms",
]
