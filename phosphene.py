"""The name under which the world imports Phosphene, and where its command and its workers start. Imports no torch.

Our rooms ``engine``, ``commands`` and ``tui`` have names that other projects use too. This module makes Python find
ours, whatever the current folder or ``PYTHONPATH`` holds. Until then it imports nothing but ``os`` and ``sys``.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any

    from engine import (
        DataUnavailable,
        DiskFull,
        Engine,
        Headline,
        InvalidFilter,
        InvalidHyperparameters,
        LaunchError,
        MachineFailure,
        ReadOnly,
        Run,
        RunOptions,
        RunStateError,
        UnknownExperiment,
        UnknownRun,
        Workspace,
        WorkspaceError,
        catalogue,
    )
    from engine.authoring import (
        Bars,
        Classes,
        Context,
        CutName,
        CutNames,
        Dataset,
        Experiment,
        Heatmap,
        Hyperparameters,
        Images,
        LayerName,
        Lines,
        NetworkName,
        NetworkNames,
        OptionalImages,
        Page,
        PhospheneError,
        Pictures,
        Plot,
        RunReference,
        Scatter,
        Source,
        Tiles,
        hyperparameter,
    )
    from engine.testing import ExperimentContract

__all__ = [
    "Bars",
    "Classes",
    "Context",
    "CutName",
    "CutNames",
    "DataUnavailable",
    "Dataset",
    "DiskFull",
    "Engine",
    "Experiment",
    "ExperimentContract",
    "Headline",
    "Heatmap",
    "Hyperparameters",
    "Images",
    "InvalidFilter",
    "InvalidHyperparameters",
    "LaunchError",
    "LayerName",
    "Lines",
    "MachineFailure",
    "NetworkName",
    "NetworkNames",
    "OptionalImages",
    "Page",
    "PhospheneError",
    "Pictures",
    "Plot",
    "ReadOnly",
    "Run",
    "RunOptions",
    "RunReference",
    "RunStateError",
    "Scatter",
    "Source",
    "Tiles",
    "UnknownExperiment",
    "UnknownRun",
    "Workspace",
    "WorkspaceError",
    "catalogue",
    "hyperparameter",
]

_ROOT = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib would be imported too early
_ROOMS = frozenset({"phosphene", "engine", "commands", "tui"})


class _OwnRooms:
    """A finder for the import system that looks for our rooms beside this file and for nothing else."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        """Return where a room of ours lies, None for every other module."""
        del path, target
        if name not in _ROOMS:
            return None
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, [_ROOT])


# This file may be loaded twice: as the script that was started, and by name.
if not any(getattr(finder, "__name__", "") == _OwnRooms.__name__ for finder in sys.meta_path):
    sys.meta_path.insert(0, _OwnRooms)


def __getattr__(name: str) -> "Any":
    """Import what is used when it is used: ``phosphene --help`` needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module 'phosphene' has no attribute {name!r}")
    from importlib import import_module

    engine = import_module("engine")
    if os.path.dirname(engine.__path__[0] if hasattr(engine, "__path__") else "") != _ROOT:  # noqa: PTH120
        raise ImportError(f"{engine.__file__} was imported as 'engine' before phosphene: import phosphene first")
    homes = {"ExperimentContract": "engine.testing"} | dict.fromkeys(engine.__all__, "engine")
    value = globals()[name] = getattr(import_module(homes.get(name, "engine.authoring")), name)
    return value


def main() -> "Any":
    """Run the command line; ``--worker ORDER``, ``--worker --warm``, ``--controller ORDER`` are our own executors'."""
    works = sys.argv[1:2] in (["--worker"], ["--controller"])
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        if not works and "_PHOSPHENE_COMPLETE" not in os.environ:
            sys.exit("phosphene: the current folder was deleted: change to another one")
        # A worker gets absolute paths only, and torch cannot be imported in a folder that is gone. Nor is a word of it
        # said into the line that a shell completes.
        os.chdir("/")
    if sys.getfilesystemencoding() == "ascii":
        # A locale of bytes, in which a name or a path with another letter could be neither passed on nor written.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606
    _search_strangers_last()
    if works and sys.argv[1] == "--controller":
        from engine.sweep.controller import main as control

        control(sys.argv[2:])
    if works:
        from engine.control.worker import main as work

        work(sys.argv[2:])
    try:
        from commands.entry import main as command

        return command()
    except KeyboardInterrupt:
        # Ctrl-C while the command still starts; later the commands answer it themselves.
        return 130


def _search_strangers_last() -> None:
    """Drop the folder Python was started from, and search the folders of ``PYTHONPATH`` after all others."""
    # An executor hands PYTHONPATH on under this name: a stranger's types.py on it would stop the worker's interpreter.
    handed_on = os.environ.pop("PHOSPHENE_PYTHONPATH", "")
    if handed_on:
        os.environ["PYTHONPATH"] = handed_on
    started = {"", os.path.dirname(os.path.realpath(sys.argv[0])), *_absolute(".")}  # noqa: PTH120
    if sys.path and sys.path[0] in started and not sys.flags.safe_path:
        del sys.path[0]
    if sys.flags.ignore_environment or not os.environ.get("PYTHONPATH"):
        return
    folders = _absolute(os.environ["PYTHONPATH"])
    # Installed packages among them come first, so that a stranger's torch.py does not.
    folders.sort(key=lambda folder: not folder.endswith(("site-packages", "dist-packages")))
    sys.path[:] = [*(entry for entry in sys.path if entry not in folders), *folders]


def _absolute(folders: str) -> "list[str]":
    """Return the folders of a search path; one that is relative to a deleted folder is left out."""
    found = []
    for folder in folders.split(os.pathsep):
        try:
            found.append(os.path.abspath(folder))  # noqa: PTH100
        except FileNotFoundError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
