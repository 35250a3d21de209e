"""Measures of explanations: deletion and insertion of the pixels they name, and sanity checks at random weights."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor, nn

from engine.experiments.inspect.blur import blurred

PIXEL_STEPS = 20
BLUR = 7.0
"""Pixels, the standard deviation: it leaves neither a photograph nor a digit of 28 pixels readable (RISE has 5)."""
STAGES = 6


@torch.no_grad()
def deletion_and_insertion(
    network: Callable[[Tensor], Tensor], inputs: Tensor, targets: Tensor, maps: Tensor, steps: int = PIXEL_STEPS
) -> tuple[Tensor, Tensor]:
    """Return the areas under the deletion and the insertion curve, each ``[N]`` in [0, 1].

    Pixels are taken in the order of the map, strongest first, in ``steps`` equal parts: for deletion they are replaced
    by 0, which is the mean colour or, where none is subtracted, black, and a good map makes the class's probability
    fall quickly (small area); for insertion they are put into a blurred image, where it should rise quickly (large).
    Petsiuk, Das & Saenko 2018, RISE.

    Args:
        network: gives logits.
        inputs: as the network takes them, ``[N, C, H, W]``.
        targets: class numbers ``[N]``.
        maps: ``[N, H, W]``.
        steps: parts.
    """
    unreadable = blurred(inputs, BLUR)
    ranks = maps.flatten(1).argsort(dim=1, descending=True, stable=True).argsort(1).view(maps.shape)
    areas = []
    for kept, other in ((torch.zeros_like(inputs), inputs), (inputs, unreadable)):
        curve = []
        for step in range(steps + 1):
            chosen = (ranks < step / steps * maps[0].numel())[:, None]
            probabilities = network(torch.where(chosen, kept, other)).float().softmax(1)
            curve.append(probabilities.gather(1, targets[:, None]).squeeze(1))
        areas.append(torch.trapezoid(torch.stack(curve, 1), dx=1 / steps, dim=1))
    return areas[0], areas[1]


def randomised(network: nn.Module, seed: int) -> Iterator[tuple[str, nn.Module]]:
    """Yield the network with ever more layers at random weights, from the last to the first, at most six times.

    Adebayo et al. 2018, Sanity checks for saliency maps: the cascading randomisation. What comes is the name of the
    layer down to which it was randomised, and the network, which changes again with the next iteration.
    """
    network = copy.deepcopy(network)
    layers = _layers(network)
    ends = sorted({round(end) for end in np.linspace(1, len(layers), min(STAGES, len(layers)))})
    done = 0
    for end in ends:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + done)
            for _, module in layers[done:end]:
                _forget(module)
        done = end
        yield layers[end - 1][0], network


def stages(network: nn.Module) -> int:
    """Return how many networks :func:`randomised` gives."""
    return min(STAGES, len(_layers(network)))


def _layers(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the modules that have parameters of their own, the last first."""
    named = [(name, module) for name, module in network.named_modules()]
    return [(name, module) for name, module in named if next(module.parameters(recurse=False), None) is not None][::-1]


def _forget(module: nn.Module) -> None:
    """Give a module's own parameters random values: as when it was made, or else its present ones in another order."""
    reset = getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
    if reset is not None:
        reset()
        return
    with torch.no_grad():
        for parameter in module.parameters(recurse=False):
            values = parameter.flatten()
            parameter.copy_(values[torch.randperm(len(values)).to(values.device)].view_as(parameter))


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Return Spearman's rank correlation of two sets of maps ``[N, H, W]``, for each image, ``[N]``."""
    return torch.tensor([_spearman(a, b) for a, b in zip(first.flatten(1), second.flatten(1), strict=True)])


def _spearman(a: Tensor, b: Tensor) -> float:
    if float(a.std()) == 0 or float(b.std()) == 0:
        return 0.0  # A constant map has no ranks to compare.
    return float(np.corrcoef(rankdata(a.cpu().numpy()), rankdata(b.cpu().numpy()))[0, 1])
