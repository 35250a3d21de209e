"""Plots on disk: one JSON file each, ``plots/<name>/<step>.json``; the pictures of tiles are PNG files beside it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import plots
from engine.errors import WorkspaceError
from engine.record.files import write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.plots import Plot

FORMAT = 1


def write_plot(path: Path, plot: Plot) -> None:
    """Write a plot; its pictures first, so that a plot that can be read is whole.

    Args:
        path: the JSON file, in a folder that exists.
        plot: whose pictures, if it has any, are arrays.

    Raises:
        OSError: if the disk refuses.
    """
    values = {item.name: getattr(plot, item.name) for item in dataclasses.fields(plot)}
    if isinstance(plot, plots.Tiles):
        values["pictures"] = _write_pictures(path, plot)
    write_json(path, {"format": FORMAT, "kind": plot.kind, **values}, indent=None)


def _write_pictures(path: Path, tiles: plots.Tiles) -> list[str]:
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    names = []
    for number, picture in enumerate(tiles.pictures):
        file = folder / f"{number:04d}.png"
        # Not synced one by one, which takes seconds for hundreds: only the plot's own file must outlive a power cut.
        _write_png(picture, file)
        names.append(f"{folder.name}/{file.name}")
    return names


def _write_png(picture: NDArray[np.uint8] | Path, path: Path) -> None:
    from PIL import Image

    if isinstance(picture, Path):
        path.write_bytes(picture.read_bytes())
    else:
        Image.fromarray(picture).save(path, format="PNG", compress_level=3)


def read_plot(path: Path) -> Plot:
    """Return a plot; the pictures of tiles as the paths of their files.

    Raises:
        WorkspaceError: if the file is missing, damaged, or of a kind that this version does not know.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
        kind = plots.KINDS[values.pop("kind")]
        known = {item.name: values[item.name] for item in dataclasses.fields(kind) if item.name in values}
        if kind is plots.Tiles:
            known["pictures"] = [path.parent / name for name in known["pictures"]]
        return kind(**known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WorkspaceError(f"the plot {path} cannot be read ({error or type(error).__name__})") from error
