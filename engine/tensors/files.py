"""Tensors in safetensors files. What a disk refuses is an `OSError`, as with every other file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import save_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

_REFUSED = re.compile(r"\(os error (\d+)\)")


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors of any shapes and devices by name, and texts beside them.

    Raises:
        OSError: if the disk refuses; safetensors itself raises an error of its own, with the number in its text.
    """
    try:
        save_file({name: tensor.cpu() for name, tensor in tensors.items()}, path, metadata=dict(metadata or {}))
    except SafetensorError as error:
        if found := _REFUSED.search(str(error)):
            number = int(found[1])
            raise OSError(number, os.strerror(number), str(path)) from error
        raise
