"""Class activation maps: which places of a layer's maps support a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import PhospheneError

if TYPE_CHECKING:
    from engine.networks.cuts import Sectioned
    from engine.networks.places import Cut


class NoClassActivation(PhospheneError):
    """A network has no maps, or not the layers, that a class activation map is made of."""


def values_and_logits(sectioned: Sectioned, cut: Cut, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values at a cut and the logits of one forward pass; gradients between them can be taken."""
    taken: dict[str, Tensor] = {}

    def take(at: Cut, values: Tensor) -> None:
        taken[at.node] = values

    sectioned.run(list(dict.fromkeys((cut, sectioned.every[-1]))), inputs, take)
    return taken[cut.node], taken[sectioned.every[-1].node]


def default_layer(sectioned: Sectioned) -> Cut:
    """Return the last maps in front of what pools or flattens them: relu5_3 of VGG16, the last block of ResNet50.

    Raises:
        NoClassActivation: if the network has none.
    """
    for cut in reversed(sectioned.every):
        if len(cut.shape) == 2:
            break  # Tokens: what lies before them is no map of what the classifier sees.
        if cut.spatial and min(cut.shape[1:]) > 1 and not sectioned.pools(cut):
            return cut
    raise NoClassActivation(
        "this network has no maps in front of its classifier, so that there is nothing to localise; name a layer"
    )


def layer(sectioned: Sectioned, name: str) -> Cut:
    """Return the layer that is named, or the default one.

    Raises:
        UnknownCut: if there is none of that name, with the nearest.
        NoClassActivation: if it gives no maps.
    """
    if not name:
        return default_layer(sectioned)
    cut = sectioned.find(name)
    if not cut.spatial:
        raise NoClassActivation(f"{cut.name} gives {list(cut.shape)} and no maps: name a convolutional layer")
    return cut


def grad_cam(sectioned: Sectioned, cut: Cut, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return Grad-CAM ``[N, H, W]`` at the input's size: maps weighted with their mean gradients, rectified.

    Selvaraju et al. 2017, Grad-CAM: visual explanations from deep networks via gradient-based localization.
    """
    inputs = inputs.detach().requires_grad_()
    maps, logits = values_and_logits(sectioned, cut, inputs)
    (slopes,) = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), maps, allow_unused=True)
    if slopes is None:
        raise NoClassActivation(f"the classes do not depend on {cut.name}")
    weights = slopes.mean((2, 3), keepdim=True)
    return enlarged((weights * maps).sum(1).clamp(min=0), inputs.shape[-2:]).detach()


@torch.no_grad()
def cam(sectioned: Sectioned, cut: Cut, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the class activation map ``[N, H, W]`` at the input's size, rectified.

    Zhou et al. 2016, Learning deep features for discriminative localization. It exists where the logits are a linear
    function of the mean of each map; whether they are is found by computing them so.

    Raises:
        NoClassActivation: if they are not.
    """
    refused = NoClassActivation(
        f"CAM needs logits that are means of maps, or one linear layer after those, and at {cut.name} they are not"
    )
    maps, logits = values_and_logits(sectioned, cut, inputs)
    last = [module for module in sectioned.network.modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1]
    if isinstance(last, nn.Linear):
        if last.in_features != maps.shape[1] or last.out_features != logits.shape[1]:
            raise refused
        maps, means = torch.einsum("kc,nchw->nkhw", last.weight, maps), maps.mean((2, 3)) @ last.weight.T
        means = means if last.bias is None else means + last.bias
    else:
        means = maps.mean((2, 3))
    if means.shape != logits.shape or not torch.allclose(means, logits, rtol=1e-3, atol=1e-3 * float(logits.std())):
        raise refused
    rows = targets.view(-1, 1, 1, 1).expand(-1, 1, *maps.shape[2:])
    return enlarged(maps.gather(1, rows).squeeze(1).clamp(min=0), inputs.shape[-2:])


def enlarged(maps: Tensor, size: torch.Size) -> Tensor:
    """Return maps ``[N, h, w]`` at another size, bilinear."""
    return F.interpolate(maps[:, None], tuple(size), mode="bilinear", align_corners=False)[:, 0]
