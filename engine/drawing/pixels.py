"""Pixels of a tile, in memory or in its file. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pixels(picture: NDArray[np.uint8] | Path) -> NDArray[np.uint8]:
    """Return a tile's picture as uint8 ``[H, W, 3]``.

    Raises:
        OSError: if its file is gone or damaged.
    """
    import numpy as np

    if not isinstance(picture, Path):
        return picture
    from PIL import Image

    try:
        with Image.open(picture) as file:
            return np.asarray(file.convert("RGB"))
    except (SyntaxError, ValueError, EOFError) as error:  # as Pillow says that a PNG is damaged
        raise OSError(f"{picture} is damaged") from error


def pixels_shape(picture: NDArray[np.uint8] | Path) -> tuple[int, int]:
    """Return height and width of a tile's picture, of a file without decoding it; 1, 1 if it cannot be read."""
    if not isinstance(picture, Path):
        return picture.shape[0], picture.shape[1]
    from PIL import Image

    try:
        with Image.open(picture) as file:
            return file.height, file.width
    except (OSError, SyntaxError, ValueError):
        return 1, 1
