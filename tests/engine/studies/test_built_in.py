"""The studies that come with the program: they fit their experiments, and name only what these log."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from engine import Studies, catalogue
from engine.record.workspace import Workspace
from engine.selection.columns import parse_column
from engine.selection.values import comparable
from engine.studies import study as declared
from engine.sweep import plan
from engine.sweep.asking import record_of

ENGINE = Path(declared.__file__).parents[1]
NAMES = sorted(path.stem for path in declared.BUILT_IN.glob("*.toml"))
HIDDEN = ("000", "001", "002", "003", "004", "seeds/")


@pytest.fixture(params=NAMES)
def study(request, home):
    """Return each study in turn."""
    return declared.find(Workspace(home), request.param)


@pytest.fixture(params=["quick", "full"])
def record(request, home, study):
    """Return the sweep that each tier is, by the declarations alone."""
    experiment = catalogue.experiment(study.experiment)
    return record_of(Workspace(home), experiment, Studies(home).asked(study, request.param))


@cache
def texts_of(experiment: str) -> tuple[str, ...]:
    """Return every text in the programs of an experiment's family, and of those that they share; {} for what varies."""
    family = Path(*catalogue.experiment(experiment).program.partition(":")[0].split(".")).parent
    paths = [*(ENGINE.parent / family).rglob("*.py"), *(ENGINE / "experiments").glob("*.py")]
    found = []
    for path in (*paths, *(ENGINE / "drawing").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return tuple(found)


def is_logged(experiment: str, name: str) -> bool:
    """Tell whether a program can log something of that name, by the texts that it is made from."""
    return any(fits(text, name) for text in texts_of(experiment))


def fits(text: str, name: str) -> bool:
    """Tell whether a text can become a name; what varies in it must not be all of it, nor hold the stroke."""
    parts = text.split("{}")
    if text.count("/") != name.count("/") or max(len(part.strip("/ ")) for part in parts) < 4:
        return False
    return re.fullmatch("[^/]+".join(map(re.escape, parts)), name) is not None


def test_what_a_program_logs_is_told_from_what_it_does_not():
    assert is_logged("dann", "target-test/domain-accuracy")
    assert is_logged("dann", "features after")
    assert is_logged("dcgan", "samples")
    for experiment, name in (("dann", "target-test/domain-acuracy"), ("dcgan", "sample"), ("dcgan", "quality/fish")):
        assert not is_logged(experiment, name)


def test_each_tier_is_a_sweep_of_some_runs(record):
    runs = plan.total(record)
    assert 1 <= runs <= 200
    assert len({(tuple(sorted(cell.setting.items())), cell.seed) for cell in plan.cells(record)}) == runs


def test_every_combination_is_one_that_its_experiment_takes(record):
    experiment = catalogue.experiment(record.experiment)
    for setting in plan.combinations(record):
        experiment.validate({**record.fixed, **setting})


def test_the_quick_tier_needs_nothing_that_is_not_there(study, home):
    # Which runs are looked up is said by the state of this machine: only embedded data is there.
    assert Studies(home).progress(study, "quick").missing == {}


def test_its_metrics_are_logged(study):
    metrics = [study.metric, study.quick.metric, study.full.metric, *(one.metric for one in study.published)]
    for metric in filter(None, metrics):
        source = parse_column(metric).source
        assert source.count("/") == 1, metric
        assert is_logged(study.experiment, source), f"{study.name}: no program of {study.experiment} logs {source}"


def test_what_it_shows_is_logged(study):
    for name in filter(None, (part.strip() for part in study.shows.split(","))):
        assert is_logged(study.experiment, name), f"{study.name}: no program of {study.experiment} logs {name}"
    if study.layout in {"pictures", "tiles", "curves"}:
        assert study.shows


def test_rows_and_columns_are_fields(study):
    fields = {"", "seed", "step", "epoch", *catalogue.experiment(study.experiment).hyperparameters.model_fields}
    assert {*declared.split(study.rows), *declared.split(study.columns)} <= fields


def test_published_values_are_of_its_combinations_and_on_the_scale_of_their_metric(study, home):
    experiment = catalogue.experiment(study.experiment)
    record = record_of(Workspace(home), experiment, Studies(home).asked(study, "full"))
    combinations = [{**record.fixed, **setting} for setting in plan.combinations(record)]
    for one in study.published:
        meant = [
            values
            for values in combinations
            if all(comparable(values[name]) == comparable(value) for name, value in one.where.items())
        ]
        assert meant, f"{study.name}: no combination has {one.where}"
        assert one.as_printed
        if "accuracy" in one.metric:
            assert 0 <= one.value <= 1
            assert one.images, f"{study.name}: {one.metric} {one.as_printed} does not say of how many images"


def test_it_says_what_it_asks_and_where_it_comes_from(study):
    assert study.question.endswith("?")
    assert study.source
    assert study.quick.note
    text = Path(study.path).read_text(encoding="utf-8")
    assert not any(f"{code} §" in text or f"{code} Q" in text or f"{code} ex" in text for code in HIDDEN)
    assert "\N{SECTION SIGN} " not in text
