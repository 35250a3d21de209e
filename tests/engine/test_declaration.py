"""Declarations: what a form, an option and a message are made from."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import (
    Experiment,
    Headline,
    Hyperparameters,
    InvalidHyperparameters,
    RunOptions,
    better,
    catalogue,
    fields_of,
    validate,
)
from engine.declaration import hyperparameter


class Everything(Hyperparameters):
    count: int = hyperparameter(3, "how many", ge=1, le=9, unit="things", group="first")
    rate: float = hyperparameter(0.5, "how fast", gt=0, lt=1, live=True)
    on: bool = hyperparameter(True, "whether")
    kind: Literal["a", "b"] = hyperparameter("a", "which")
    word: str = hyperparameter("", "what")
    large: int = hyperparameter(0, "which of many", lt=2**32)


def test_fields_say_what_the_declaration_says():
    count, rate, on, kind, word, large = fields_of(Everything)
    assert (count.kind, count.default, count.bounds, count.unit, count.group) == (
        "integer",
        3,
        "1 .. 9",
        "things",
        "first",
    )
    assert (rate.kind, rate.bounds, rate.live) == ("number", "> 0, < 1", True)
    assert (on.kind, on.show(True), on.show(False)) == ("boolean", "on", "off")
    assert (kind.kind, kind.choices) == ("choice", ("a", "b"))
    assert (word.kind, word.bounds, word.live) == ("string", "", False)
    assert large.bounds == "< 4294967296"


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"count": 0}, {"count": ["greater than or equal to 1", "got 0"]}),
        ({"count": "10"}, {"count": ["less than or equal to 9", "got '10'"]}),
        ({"count": 1.5}, {"count": ["whole number", "1.5"]}),
        ({"count": "x", "rate": 1}, {"count": ["whole number"], "rate": ["less than 1"]}),
        ({"rate": float("nan")}, {"rate": ["finite"]}),
        ({"rate": "inf"}, {"rate": ["finite"]}),
        ({"on": "perhaps"}, {"on": ["on or off"]}),
        ({"kind": "c"}, {"kind": ["'a' or 'b'", "got 'c'"]}),
        ({"word": 7}, {"word": ["string"]}),
        ({"cuont": 1}, {"cuont": ["no such hyperparameter", "did you mean count?"]}),
        ({"zzz": 1}, {"zzz": ["there are: count, rate, on, kind, word"]}),
    ],
)
def test_what_is_refused_is_told_by_field_and_bound(values, problems):
    with pytest.raises(InvalidHyperparameters) as refused:
        validate(Everything, values)
    assert refused.value.problems.keys() == problems.keys()
    for name, words in problems.items():
        assert all(word in refused.value.problems[name] for word in words), refused.value.problems
        assert f"{name}: " in str(refused.value)


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@given(st.dictionaries(st.sampled_from([*Everything.model_fields, "seed", "x y"]), JUNK))
def test_any_values_are_taken_or_refused_with_a_sentence(values):
    problems = {}
    try:
        taken = validate(Everything, values)
    except InvalidHyperparameters as error:
        problems = error.problems
        assert problems
    else:
        assert 1 <= taken.count <= 9
        assert 0 < taken.rate < 1
    assert problems.keys() <= values.keys()
    assert all(problems.values())


def test_assignments_are_checked_as_well():
    values = Everything()
    values.rate = 0.25
    for name, wrong in (("rate", 2), ("speed", 1)):
        with pytest.raises(ValueError):
            setattr(values, name, wrong)
    assert values.rate == 0.25


@pytest.mark.parametrize("name", ["auto", "cpu", "cuda", "cuda:3"])
def test_devices(name):
    assert validate(RunOptions, {"device": name}).device == name


def test_every_experiment_runs_with_its_defaults_and_says_what_its_values_mean():
    for name, experiment in catalogue.experiments().items():
        assert experiment.validate({}).model_dump() == {view.name: view.default for view in experiment.fields()}
        assert experiment.name == name
        assert all(view.description for view in experiment.fields()), name
        assert experiment.summary.endswith(".")
        assert not RunOptions.model_fields.keys() & experiment.hyperparameters.model_fields.keys()


def test_a_field_says_whether_its_scale_is_logarithmic():
    class Scales(Hyperparameters):
        lr: float = hyperparameter(0.1, "learning rate", gt=0, log=True)
        momentum: float = hyperparameter(0.9, "momentum")

    assert [(field.name, field.log) for field in fields_of(Scales)] == [("lr", True), ("momentum", False)]


def test_every_learning_rate_and_weight_decay_has_a_logarithmic_scale():
    for experiment in catalogue.experiments().values():
        for field in experiment.fields():
            if experiment.program.startswith("engine.") and field.name.startswith(("lr", "weight_decay")):
                assert field.log, f"{experiment.name} {field.name}"


def test_a_headline_says_which_direction_is_better():
    declared = {name: one.headline.better for name, one in catalogue.experiments().items() if one.headline}
    assert declared["dcgan"] == declared["class-image"] == "lower"
    assert declared["cnn"] == declared["probe"] == "higher"
    assert declared["anatomy"] == "neither"
    with pytest.raises(TypeError, match="own: write the headline as Headline\\('test/loss', better='higher'\\)"):
        Experiment("own", "Own", "mine", "Does.", Everything, "own:run", headline="test/loss")


def test_what_is_better_follows_from_the_headline_or_else_from_the_quantity():
    headline = Headline("switching/step", better="lower")
    assert better("switching/step", headline) == "lower"
    assert better("switching/step") == "neither"
    assert better("validation/accuracy", headline) == "higher"
    assert better("validation/loss") == better("quality/frechet") == "lower"
    assert better("generator/loss") == better("discriminator/loss") == better("schedule/lambda") == "neither"
