"""Runs of a sweep that are given up early, because others were better at the same epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.record.run_directory import RunDirectory
from engine.selection.columns import parse_column
from engine.sweep import search
from engine.sweep.trials import PRUNED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.record.histories import Histories
    from engine.record.history import History
    from engine.record.workspace import Workspace
    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial


def pruned(
    record: SweepRecord, trials: Sequence[Trial], workspace: Workspace, histories: Histories
) -> Iterator[tuple[Trial, str]]:
    """Yield the running trials that are to be given up, each with the reason for its run."""
    source = parse_column(record.metric).source
    running = [trial for trial in trials if trial.state == "running"]
    if not running:
        return
    done = [trial for trial in trials if trial.state == "finished"]
    found = {trial.run: histories.of(RunDirectory(workspace.runs / trial.run)) for trial in (*running, *done)}
    by_epoch = all(_counts_epochs(history, source) for history in found.values())
    curves = {run: curve(history, source, by_epoch=by_epoch) for run, history in found.items()}
    finished = [curves[trial.run] for trial in done if curves[trial.run]]
    for trial in running:
        if reason := search.doomed(
            record, curves[trial.run], finished, "epoch {}" if by_epoch else "{} % of its steps"
        ):
            yield trial, f"{PRUNED}{reason}"


def _counts_epochs(history: History, metric: str) -> bool:
    series = history.curves.series.get(metric)
    return series is None or bool(np.isfinite(series.epoch).all())


def curve(history: History, metric: str, *, by_epoch: bool) -> search.Curve:
    """Return the first value of a metric at or after each whole epoch, or each per cent of the steps."""
    series = history.curves.series.get(metric)
    if series is None or not series.length or not (by_epoch or history.total):
        return {}
    at = series.epoch if by_epoch else 100.0 * series.step / history.total
    # What is logged at the end of an epoch has a whole number, up to rounding.
    whole = np.floor(at + 1e-6).astype(int)
    found: search.Curve = {}
    for place, value in zip(whole.tolist(), series.value.tolist(), strict=True):
        if place >= 1:
            found.setdefault(place, value)
    return found
