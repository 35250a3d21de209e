"""Whether two runs came to the same, bit for bit: metrics, results, tables, pictures, plots. Measured times may not."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from engine.errors import WorkspaceError
from engine.record.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from engine.record.history import History
    from engine.record.run_directory import RunDirectory

TIME = re.compile("seconds|per_second")
"""What the names of measured times hold; no two runs share their values."""
_DIGEST = "sha256:"

Outcome = dict[str, str]
"""What a run came to: values as text, so that nan equals nan, by what they are, in the order of the steps."""


def timeless(values: Mapping[str, float]) -> dict[str, str]:
    """Return values as text, so that nan equals nan, without measured times."""
    return {name: repr(float(value)) for name, value in values.items() if not TIME.search(name)}


def outcome(run: RunDirectory, history: History) -> Outcome:
    """Return what a run came to; of a file that is gone or damaged, that it is."""
    points = [
        (step, name, repr(value))
        for name, series in history.curves.series.items()
        if not TIME.search(name)
        for step, value in zip(series.step.tolist(), series.value.tolist(), strict=True)
    ]
    found = {f"{name} at step {step:.0f}": value for step, name, value in sorted(points, key=lambda point: point[0])}
    found |= {f"result {name}": value for name, value in timeless(history.results).items()}
    for name, table in history.tables.items():
        found |= {f"table {name}, {cell}": value for cell, value in _cells(run.path / table.file)}
    for name, images in history.images.items():
        found |= {f"picture {name} of step {step}": _pixels(run.path / one.file) for step, one in images.items()}
    for name, plots in history.plots.items():
        found |= {f"plot {name} of step {step}": _plot(run.path / one.file) for step, one in plots.items()}
    return found


def differences(first: Outcome, second: Outcome) -> Iterator[str]:
    """Yield in words what differs between two runs, that of the earliest step first; nothing if they are equal."""
    for what in dict.fromkeys([*first, *second]):
        one, other = first.get(what), second.get(what)
        if one == other:
            continue
        if one is None or other is None:
            yield f"{what}: only the {'second' if one is None else 'first'} run has it"
        elif one.startswith(_DIGEST):
            yield f"{what}: they differ"
        else:
            yield f"{what}: {one} and {other}"


def _cells(path: Path) -> Iterator[tuple[str, str]]:
    try:
        rows = read_table(path).records()
    except WorkspaceError as error:
        yield "the file", str(error)
        return
    for number, row in enumerate(rows, 1):
        yield from ((f"row {number}, {name}", cell) for name, cell in row.items() if not TIME.search(name))


def _pixels(path: Path) -> str:
    """Return a digest of what is seen, since the same pixels can be packed in several ways."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return _digest(repr((picture.mode, picture.size)).encode() + picture.tobytes())
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return "its file is gone or damaged"


def _plot(path: Path) -> str:
    try:
        tiles = sorted(path.with_suffix("").glob("*.png"))
        return _digest(path.read_bytes() + "".join(map(_pixels, tiles)).encode())
    except OSError:
        return "its file is gone"


def _digest(data: bytes) -> str:
    return f"{_DIGEST}{hashlib.sha256(data).hexdigest()}"
