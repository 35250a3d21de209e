"""Maps of numbers as colours: each place of a map is a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence


def heat(maps: Tensor, *, over: Tensor | None = None, top: float = 0) -> Tensor:
    """Colour maps from black over red to yellow; or lay them over images from blue to red.

    Args:
        maps: ``[N, H, W]``, at least 0; each is divided by its 99.5th percentile, above which the colour is full.
        over: images ``[N, C, H, W]`` in [0, 1], shown in grey where the map is low.
        top: the value at which the colour is full, for all maps, in place of the percentile.

    Returns:
        ``[N, 3, H, W]`` in [0, 1], on the host.
    """
    maps = maps.detach().cpu().float()
    full = torch.tensor([top]) if top else torch.quantile(maps.flatten(1), 0.995, dim=1)
    shares = (maps / full.clamp(min=1e-12).view(-1, 1, 1)).clamp(0, 1)
    coloured = _coloured(shares, "inferno" if over is None else "turbo")
    if over is None:
        return coloured
    grey = over.detach().cpu().float().mean(1, keepdim=True).expand(-1, 3, -1, -1)
    weight = 0.25 + 0.45 * shares[:, None]
    return (1 - weight) * grey + weight * coloured


def signed_heat(maps: Tensor, top: Tensor) -> Tensor:
    """Colour maps ``[N, H, W]`` as ``[N, 3, H, W]``: from black over red to yellow above 0, to blue below.

    Args:
        maps: any values.
        top: ``[N]``, the magnitude at which the colour is full.
    """
    shares = (maps.detach().cpu().float() / top.cpu().clamp(min=1e-12).view(-1, 1, 1)).clamp(-1, 1)
    above = _coloured(shares.clamp(min=0), "inferno")
    below = torch.tensor((0.25, 0.5, 1.0)).view(1, 3, 1, 1) * (-shares).clamp(min=0)[:, None]
    return above + below


def strongest_in_colour(maps: Tensor) -> Tensor:
    """Colour each place by the map that is strongest there, as bright as it is: ``[N, 3, H, W]``.

    Args:
        maps: ``[N, M, H, W]`` in [0, 1]; each of the M has a colour, which comes again after 20.
    """
    from matplotlib import colormaps

    table: Sequence[tuple[float, float, float]] = colormaps["tab20"].colors  # type: ignore[attr-defined]
    palette = torch.tensor(table)
    strongest = maps.max(1)
    return palette[strongest.indices % len(palette)].permute(0, 3, 1, 2) * strongest.values[:, None]


def _coloured(shares: Tensor, name: str) -> Tensor:
    """Return shares ``[N, H, W]`` in [0, 1] in the colours of one of matplotlib's maps, ``[N, 3, H, W]``."""
    from matplotlib import colormaps

    return torch.from_numpy(colormaps[name](shares.numpy())[..., :3]).permute(0, 3, 1, 2).float()
