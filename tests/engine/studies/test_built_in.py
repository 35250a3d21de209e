"""The studies that come with the program: they fit their experiments, and name only what these log."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from engine import Studies, catalogue
from engine.selection.columns import parse_column
from engine.selection.values import comparable
from engine.studies import study as declared
from engine.sweep import plan
from engine.sweep.asking import record_of

ENGINE = Path(declared.__file__).parents[1]
NAMES = sorted(path.stem for path in declared.BUILT_IN.glob("*.toml"))
HIDDEN = ("000", "001", "002", "003", "004", "seeds/")


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """Return the studies of an empty workspace."""
    return Studies(tmp_path_factory.mktemp("studies") / "home")


@pytest.fixture(params=NAMES, scope="module")
def study(request, studies):
    """Return each study in turn."""
    return studies.find(request.param)


@pytest.fixture(scope="module")
def records(studies, study):
    """Return the sweep that each tier is, by the declarations alone."""
    experiment = catalogue.experiment(study.experiment)
    return {tier: record_of(studies.workspace, experiment, studies.asked(study, tier)) for tier in ("quick", "full")}


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


def test_each_tier_is_a_sweep_of_combinations_that_its_experiment_takes(records):
    for record in records.values():
        cells = plan.cells(record)
        assert 1 <= len(cells) == plan.total(record) <= 200
        assert len({(tuple(sorted(cell.setting.items())), cell.seed) for cell in cells}) == len(cells)
        for cell in cells:
            catalogue.experiment(record.experiment).validate({**record.fixed, **cell.setting})


def test_the_quick_tier_needs_no_download(studies, study, monkeypatch, tmp_path):
    monkeypatch.setenv("PHOSPHENE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("engine.networks.references.reachable", lambda _: False)
    # Without runs nothing depends on the tables of cuts, which torch computes and which takes long.
    monkeypatch.setattr("engine.networks.tables.start", lambda *_: pytest.fail("a network is tabulated"))
    assert studies.progress(study, "quick").missing == {}
    assert studies.progress(study, "full").runs > 0


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


def test_published_values_are_of_its_combinations_and_on_the_scale_of_their_metric(study, records):
    combinations = [{**records["full"].fixed, **setting} for setting in plan.combinations(records["full"])]
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
