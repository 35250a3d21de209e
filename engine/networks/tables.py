"""The table of cuts of each architecture, kept in the workspace's cache; a process of its own computes it. No torch."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from engine.errors import DataUnavailable, InvalidHyperparameters
from engine.networks.names import SMALL_CNN, SMALL_CNN_PENULTIMATE, ModelName, parse
from engine.networks.places import Cut, CutTable, Places
from engine.record.files import write_json
from engine.record.shared import shared_folder

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 2
"""Of the cache files; those of another one are computed again."""
SECONDS = 300.0


def cut_table(model: str, cache: Path) -> CutTable:
    """Return the places at which a network can be cut, their shapes, and which pairs fit; needs no weights.

    Args:
        model: as named; see :mod:`engine.networks.names`.
        cache: the workspace's folder for what can be computed again.

    Raises:
        InvalidHyperparameters: if there is no such network.
        DataUnavailable: if it is that of a run, or torch cannot be started.
    """
    try:
        name = parse(model)
    except ValueError as error:
        raise InvalidHyperparameters({"model": str(error)}) from None
    if name.weights == "run":
        raise DataUnavailable("of a run, name the architecture instead, as in cnn or squeezenet1_1")
    return cached(name, cache) or _computed(name, cache)


def penultimate(name: ModelName, cache: Path, *, computes: bool = True) -> str:
    """Return the name of the cut that feeds a network's last layer; that of the small CNN needs no table.

    Args:
        name: of the network.
        cache: the workspace's folder for what can be computed again.
        computes: whether a table that is not there is computed; otherwise it is empty then.

    Raises:
        DataUnavailable: if torch cannot be started.
    """
    if name.architecture == SMALL_CNN:
        return SMALL_CNN_PENULTIMATE
    table = cached(name, cache) or (_computed(name, cache) if computes else None)
    return table.penultimate if table is not None else ""


def cached(name: ModelName, cache: Path) -> CutTable | None:
    """Return the table of an architecture if it has been computed before with this torchvision."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return from_json(json.loads(_file(name, cache).read_bytes()))
    return None


def _file(name: ModelName, cache: Path) -> Path:
    classes = f"-{name.classes}" if name.architecture == SMALL_CNN and name.classes else ""
    return cache / "cuts" / f"{name.architecture}{classes}-torchvision-{_torchvision()}.json"


@functools.cache
def _torchvision() -> str:
    return importlib.metadata.version("torchvision")


def _computed(name: ModelName, cache: Path) -> CutTable:
    arguments = [name.architecture, *([str(name.classes)] if name.classes else [])]
    try:
        done = start("engine.networks.tabulate", *arguments)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataUnavailable(f"the cuts of {name.architecture} cannot be listed: {error}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise DataUnavailable(f"the cuts of {name.architecture} cannot be listed: {said[-1]}")
    document = json.loads(done.stdout)
    # A disk that refuses the file costs the next look a few seconds, not this one its table.
    with contextlib.suppress(OSError):
        shared_folder(_file(name, cache).parent, cache.parent)
        write_json(_file(name, cache), document, indent=None)
    return from_json(document)


def start(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of ours in a fresh interpreter to its end; the one place where this room starts a process."""
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False
    )


def to_json(table: CutTable) -> dict[str, Any]:
    """Return a table as a JSON document."""
    places = table.places
    return {
        "format": FORMAT,
        "cuts": [[cut.name, cut.node, list(cut.shape), cut.behind] for cut in places.every],
        "nodes": list(places.nodes),
        "landmarks": sorted(places.landmarks),
        "chains": {path: list(children) for path, children in places.chains.items()},
        "penultimate": table.penultimate,
        "fits": {end: list(starts) for end, starts in table.fits.items()},
    }


def from_json(document: Any) -> CutTable:
    """Read a table from its JSON document.

    Raises:
        ValueError, KeyError, TypeError: if it is no such document, or one of another format.
    """
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']}, not {FORMAT}")
    places = Places(
        tuple(Cut(str(name), str(node), tuple(shape), bool(behind)) for name, node, shape, behind in document["cuts"]),
        tuple(document["nodes"]),
        frozenset(document["landmarks"]),
        {path: tuple(children) for path, children in document["chains"].items()},
    )
    return CutTable(
        places, str(document["penultimate"]), {end: tuple(starts) for end, starts in document["fits"].items()}
    )
