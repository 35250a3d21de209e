"""Runs as event files of TensorBoard: scalars, pictures and hyperparameters, a folder a run."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from engine.comparison.groups import groups
from engine.record.files import write_atomically
from engine.report.tfrecord import ABOUT, framed
from engine.report.wire import chunk, double, integer, single
from engine.selection.values import is_number
from engine.wording import setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from engine.report.export.runs import Exported

PNG = b"\x89PNG\r\n\x1a\n"
_STATUS = {"finished": 1, "failed": 2, "crashed": 2, "running": 3, "queued": 3}
_STRING, _BOOLEAN, _FLOAT = 1, 2, 3
_STRINGS = 7
"""The type of a tensor of strings."""
_NULL_TENSOR = integer(1, 1) + chunk(2, chunk(2, b""))
"""A tensor of no floats, which stands where hyperparameters have no value to plot."""


def write(folder: Path, runs: Sequence[Exported]) -> list[str]:
    """Write a folder for each run, named by its id, with one event file; return what had to be left out.

    Runs that differ in nothing but the seed have the same ``group_name``.

    Raises:
        OSError: if the disk refuses.
    """
    grouped = groups([run.listed for run in runs], {run.id: run.history for run in runs})
    group_of = {run.id: group.caption for group in grouped for run in group.runs}
    experiment = _experiment(runs)
    troubles: list[str] = []
    for run in runs:
        place = folder / run.id
        place.mkdir(parents=True, exist_ok=True)
        stream = b"".join(map(framed, _events(run, experiment, group_of[run.id], troubles)))
        name = f"events.out.tfevents.{int(run.record.created)}.phosphene"
        write_atomically(place / name, lambda path, data=stream: path.write_bytes(data))  # type: ignore[misc]
    return troubles


def _events(run: Exported, experiment: bytes, group: str, troubles: list[str]) -> Iterator[bytes]:
    created, changed = run.record.created, run.listed.status.changed or run.record.created
    yield double(1, created) + chunk(3, "brain.Event:2")
    started = _map(_hparams(run)) + chunk(4, group) + double(5, created)
    ended = integer(1, _STATUS.get(run.listed.status.state, 0)) + double(2, changed)
    described = (("experiment", 2, experiment), ("session_start_info", 3, started), ("session_end_info", 4, ended))
    yield _event(created, 0, *(_hparams_value(tag, field, message) for tag, field, message in described))
    yield _event(created, 0, _text(ABOUT, _about(run)))
    points = sorted(run.rows(), key=lambda point: (point[1], point[3]))
    for (step, t), same in itertools.groupby(points, key=lambda point: (point[1], point[3])):
        yield _event(t, step, *(chunk(1, metric) + single(2, value) for *_, metric, value in same))
    final = {name: one for name, one in run.history.results.items() if name not in run.history.curves.series}
    if final:
        yield _event(changed, run.history.step, *(chunk(1, name) + single(2, value) for name, value in final.items()))
    for name, images in run.history.images.items():
        for step, image in sorted(images.items()):
            data = _png(run.listed.directory.path / image.file)
            if data is None:
                troubles.append(f"picture {name} of step {step} of {run.id} is left out: its file is gone or damaged")
                continue
            yield _event(image.t, step, chunk(1, name) + chunk(4, _image(data)))


def _event(t: float, step: int, *values: bytes) -> bytes:
    return double(1, t) + integer(2, step) + chunk(5, b"".join(chunk(1, value) for value in values))


def _about(run: Exported) -> str:
    """Return what the table of hyperparameters has no column for, in Markdown: the seed foremost."""
    versions = (f"{name} {version}" for name, version in run.record.versions.items())
    return ", ".join([f"seed {run.record.seed}", f"on {run.record.device}", *versions])


def _text(tag: str, markdown: str) -> bytes:
    """Return a text for the tab TEXT: a tensor of one string."""
    shape = chunk(2, integer(1, 1))
    tensor = integer(1, _STRINGS) + chunk(2, shape) + chunk(8, markdown)
    return chunk(1, tag) + chunk(8, tensor) + chunk(9, chunk(1, chunk(1, "text")))


def _png(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data if data.startswith(PNG) and len(data) > 26 else None


def _image(data: bytes) -> bytes:
    width, height = (int.from_bytes(data[place : place + 4]) for place in (16, 20))
    channels = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}.get(data[25], 3)
    return integer(1, height) + integer(2, width) + integer(3, channels) + chunk(4, data)


# -- hyperparameters ---------------------------------------------------------------------------------------------------


def _hparams(run: Exported) -> dict[str, Any]:
    """Return what tells groups apart: the experiment and its hyperparameters, but not the seed."""
    return {"experiment": run.record.experiment} | {
        name: value for name, value in run.record.hyperparameters.items() if value is not None
    }


def _experiment(runs: Sequence[Exported]) -> bytes:
    """Return the declaration of all hyperparameters and results, which TensorBoard makes columns of."""
    kinds: dict[str, int] = {}
    for run in runs:
        for name, value in _hparams(run).items():
            kinds[name] = _kind(value) if kinds.get(name, _kind(value)) == _kind(value) else 0
    results = dict.fromkeys(name for run in runs for name in run.history.results)
    hparams = b"".join(chunk(4, chunk(1, name) + integer(4, kind)) for name, kind in kinds.items())
    return hparams + b"".join(chunk(5, chunk(1, chunk(2, name))) for name in results)


def _kind(value: Any) -> int:
    return _BOOLEAN if isinstance(value, bool) else _FLOAT if is_number(value) else _STRING


def _map(values: Mapping[str, Any]) -> bytes:
    return b"".join(chunk(1, chunk(1, name) + chunk(2, _value(value))) for name, value in values.items())


def _value(value: Any) -> bytes:
    """Return a value of JSON as a message of its own."""
    if isinstance(value, bool):
        return integer(4, value)
    return double(2, value) if is_number(value) else chunk(3, setting(value))


def _hparams_value(tag: str, field: int, message: bytes) -> bytes:
    plugin = chunk(1, "hparams") + chunk(2, integer(1, 0) + chunk(field, message))
    return chunk(1, f"_hparams_/{tag}") + chunk(8, _NULL_TENSOR) + chunk(9, chunk(1, plugin))
