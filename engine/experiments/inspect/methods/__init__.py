"""The methods of explaining, a module for each, found by the names of their files. Importing this brings no torch.

A module defines ``METHOD``, a :class:`engine.experiments.inspect.explanation.Method`. Its folder says whether it looks
at gradients of the input, at the maps of a layer, or, as a baseline of the others, not at the network at all.
"""

from __future__ import annotations

import pkgutil
from pathlib import Path

GRADIENTS, ACTIVATION_MAPS, BASELINES = FOLDERS = ("gradients", "activation_maps", "baselines")


def names(folder: str) -> tuple[str, ...]:
    """Return the names of the methods in a folder: that of ``guided_gradcam.py`` is ``guided-gradcam``."""
    found = pkgutil.iter_modules([str(Path(__file__).parent / folder)])
    return tuple(sorted(module.name.replace("_", "-") for module in found))


def module_of(name: str) -> str:
    """Return the module of a method, for example ``engine.experiments.inspect.methods.gradients.guided``."""
    folder = next(folder for folder in FOLDERS if name in names(folder))
    return f"{__name__}.{folder}.{name.replace('-', '_')}"
