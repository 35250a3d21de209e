"""A study in words: its head, what was published beside what is measured, and its file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.comparison.sheets import Sheet
from engine.comparison.statements import interval, rounded
from engine.sweep import outlook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.studies.studies import Progress
    from engine.studies.study import Published
    from engine.studies.verdict import Judged


def head(progress: Progress) -> list[str]:
    """Return the lines above a study's tables: what it asks, how far it has come, what is missing."""
    study, tier = progress.study, progress.study.tier(progress.tier)
    said = [f"{study.name}: {study.title}", study.question]
    said += [f"source: {study.source}"] if study.source else []
    over = "  ".join(map(str, progress.record.axes))
    said.append(
        f"{progress.tier} tier: {study.experiment}{f' over {over}' if over else ''}, {len(progress.record.seeds)} "
        f"seed{'s' if len(progress.record.seeds) > 1 else ''}; {len(progress.trials)} of {progress.runs} runs are there"
    )
    said += [study.note] if study.note else []
    said += [tier.note] if tier.note else []
    said += [f"with {name} = {wording.setting(value)}" for name, value in progress.changed.items()]
    said += [f"cannot be run here: {f'{name}: ' if name else ''}{why}" for name, why in progress.missing.items()]
    return said


def count(progress: Progress) -> str:
    """Return how many runs of a tier are there, ``3/6``; ``missing`` if it is not whole and cannot be run here."""
    there = len(progress.trials)
    return "missing" if progress.missing and there < progress.runs else f"{there}/{progress.runs}"


def combinations(progress: Progress) -> Sheet:
    """Return a row for each combination that has runs."""
    found = outlook.groups(progress.record, progress.trials, progress.runs)
    return Sheet(found.columns, found.rows)


def beside(progress: Progress) -> Sheet:
    """Return published values beside measured ones, with the verdict of each."""
    rows = [
        (
            _where(one.published),
            one.published.metric,
            one.published.as_printed or wording.figure(one.published.value),
            interval(one.mean) or "none yet",
            _expected(one),
            one.verdict,
            one.published.source,
        )
        for one in progress.judged
    ]
    remarks: tuple[str, ...] = ()
    if progress.tier == "quick" and rows:
        remarks = ("The quick tier is not judged: its values are not those that were published.",)
    elif progress.changed and rows:
        names = ", ".join(progress.changed)
        remarks = (f"Not judged: {names} {'are' if len(progress.changed) > 1 else 'is'} not as published.",)
    return Sheet(
        ("where", "metric", "published", "measured", "one more run", "verdict", "source"), tuple(rows), remarks
    )


def _where(published: Published) -> str:
    return ", ".join(f"{name} {wording.setting(value)}" for name, value in published.where.items())


def _expected(judged: Judged) -> str:
    """Write the interval in which one more run is expected."""
    if math.isnan(judged.low):
        return ""
    half = (judged.high - judged.low) / 2
    return f"{rounded(judged.low, half)} to {rounded(judged.high, half)}"


def document(progress: Progress) -> dict[str, Any]:
    """Return everything of a tier as plain values, for scripts."""
    study = progress.study
    return {
        "name": study.name,
        "title": study.title,
        "question": study.question,
        "source": study.source,
        "tier": progress.tier,
        "experiment": study.experiment,
        "changed": dict(progress.changed),
        "axes": [str(axis) for axis in progress.record.axes],
        "runs": [trial.run for trial in progress.trials],
        "total": progress.runs,
        "missing": dict(progress.missing),
        "published": [
            {
                **one.published.model_dump(),
                "measured": None if one.mean is None else one.mean.mean,
                "n_measured": 0 if one.mean is None else one.mean.n,
                "low": one.low,
                "high": one.high,
                "verdict": one.verdict,
            }
            for one in progress.judged
        ],
    }


def toml(values: Mapping[str, Any]) -> str:
    """Write the values of a study as TOML, tables last."""
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in values.items():
        if isinstance(value, dict) and value:
            lines += ["", f"[{key}]", *(f"{_key(name)} = {_value(one)}" for name, one in value.items())]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    import json

    # TOML's basic strings escape as JSON's do; DEL is the one character that JSON leaves as it is.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
