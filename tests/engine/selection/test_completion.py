"""What a half-typed filter may become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.selection.completion import complete


@pytest.fixture(scope="session")
def runs(make):
    return [
        make(0, "dcgan", nz=10, lr=1e-3, tags=("good", "paper"), result={"test/fid": 12.5}, name="two words"),
        make(1, "dcgan", nz=10, lr=0.1, tags=("good",), result={"quality/frechet": 0.9}),
        make(2, "cnn", nz=100, cut="5", on=True, state="failed"),
    ]


CASES = {
    "exp": ["experiment"],
    "experiment=": ["dcgan", "cnn"],
    "experiment=dc": ["dcgan"],
    "experiment = d": ["dcgan"],
    "nz>=": ["10", "100"],
    "nz>=10": ["100"],
    "cut=": ['"5"'],
    'cut="': ['"5"'],
    "on=": ["on"],
    "name~": ['"two words"'],
    'name~"tw': ['"two words"'],
    "state=fi": ["finished"],
    "tag:": ["tag:good", "tag:paper"],
    "tag:p": ["tag:paper"],
    "has:te": ["has:test/fid"],
    "sweep:": ["sweep:k3f"],
    "nz": ["nz=", "nz!=", "nz<", "nz<=", "nz>", "nz>=", "nz~"],
    "nz=10 AN": ["AND"],
    "(st": ["starting", "state"],
    "nz=10 OR NOT se": ["seed"],
    "dur": ["duration"],
    "result=": ["0.9"],
    "has:resu": ["has:result"],
    "waited>": [],
    "nosuch=": [],
    'nz=10 name="un': [],
}


@pytest.mark.parametrize("text", CASES)
def test_what_may_follow(runs, text):
    found = complete(text, len(text), runs)
    assert [each.value for each in found] == CASES[text]


def test_at_the_beginning_everything_is_offered_with_what_it_is(runs):
    found = {each.value: each.meaning for each in complete("", 0, runs)}
    assert {"experiment", "nz", "test/fid", "has:", "tag:", "NOT"} <= found.keys()
    assert (found["nz"], found["test/fid"], found["state"]) == ("hyperparameter", "result", "of every run")
    assert "AND" not in found
    counted = {each.value: each.meaning for each in complete("nz=", 3, runs)}
    assert counted == {"10": "2 runs", "100": "1 run"}


def test_what_stands_behind_the_cursor_is_left_alone(runs):
    assert [each.value for each in complete("exp nz=10", 3, runs)] == ["experiment"]


@given(st.text(max_size=20), st.integers(-3, 25))
def test_any_text_and_cursor_are_answered(runs, text, cursor):
    for each in complete(text, cursor, runs):
        assert 0 <= each.start <= len(text)
