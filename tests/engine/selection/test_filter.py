"""The filter language: what it means, how it is written back, and what its mistakes say."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidFilter
from engine.record.events import StateChanged
from engine.record.history import History
from engine.record.run_directory import Status
from engine.selection.filter import _check, literal, parse
from engine.selection.language import And, Compare, Literal, Marked, Not, Or, Word
from engine.selection.values import MISSING, UNREAD


@pytest.fixture
def runs(make):
    return {
        "ten": make(0, "dcgan", nz=10, lr=1e-3, tags=("good", "paper"), result={"test/fid": 12.5}, seed=0),
        "hundred": make(1, "dcgan", nz=100, lr=0.1, name="Minimax loss", state="failed", seed=1),
        "text": make(2, "dcgan", nz="10", on=True, note="as in the report", seed=2),
        "lacking": make(3, "cnn", lr=0.001, state="running", result={"test/accuracy": float("nan")}, seed=3),
    }


CASES = {
    "": "ten hundred text lacking",
    "nz=10": "ten",
    "nz=10.0": "ten",
    "nz=1e1": "ten",
    'nz="10"': "text",
    "nz>=10": "ten hundred",
    "nz > 10": "hundred",
    "nz<100": "ten",
    "nz<=1e2": "ten hundred",
    "nz!=10": "hundred text",
    "nz=100": "hundred",
    "NOT nz=100": "ten text lacking",
    "nz~1": "ten hundred text",
    "lr=0.001": "ten lacking",
    "lr=1e-3": "ten lacking",
    "on=on": "text",
    "on=true": "text",
    "on=1": "",
    "on!=off": "text",
    'on="on"': "",
    "experiment=dcgan": "ten hundred text",
    "experiment=DCGAN": "",
    "DCGAN": "ten hundred text",
    "minimax": "hundred",
    "name~minimax": "hundred",
    'name~"X LOSS"': "hundred",
    'name="Minimax loss"': "hundred",
    "0831 003": "lacking",
    "id>=1122-0831-dcgan-001": "hundred text",
    "state=finished": "ten text",
    "state!=finished": "hundred lacking",
    "tag:good": "ten",
    "tag=paper": "ten",
    "tag!=good": "hundred text lacking",
    "tag~aper": "ten",
    "tag:goo": "",
    "sweep:k3f": "hundred",
    "has:tag": "ten",
    "has:note": "text",
    "has:name": "hundred",
    "has:test/fid": "ten",
    "has:on": "text",
    "test/fid<20": "ten",
    "test/accuracy=nan": "lacking",
    "test/accuracy>=0": "",
    "seed=0": "ten",
    "experiment=dcgan NOT seed=0 NOT seed=1": "text",
    "note~REPORT": "text",
    "nz=10 OR nz=100": "ten hundred",
    "nz=10 OR nz=100 state=failed": "ten hundred",
    "(nz=10 OR nz=100) state=failed": "hundred",
    "NOT (nz=10 OR nz=100)": "text lacking",
    "NOT NOT nz=10": "ten",
    "nz=10 AND lr=0.001": "ten",
    '"AND"': "",
}


@pytest.mark.parametrize("text", CASES)
def test_what_a_filter_means(runs, text):
    found = [name for name, run in runs.items() if parse(text).matches(run, UNREAD)]
    assert " ".join(found) == CASES[text]


def test_a_metric_that_no_result_holds_is_asked_for_and_nothing_else_is(make):
    asked = []

    class Asked:
        def latest(self, run):
            asked.append(run.id)
            return {"train/loss": 0.5}

    run = make(result={"test/accuracy": 0.9})
    assert parse("train/loss<1").matches(run, Asked())
    assert parse("has:train/loss").matches(run, Asked())
    assert len(asked) == 2
    assert parse("test/accuracy=0.9 NOT nosuch=1 NOT has:nosuch").matches(run, Asked())
    assert len(asked) == 2


def test_the_headline_and_how_long_a_run_took_and_waited_are_fields(make):
    class Half:
        """A log of a run that waited five seconds and began its work."""

        def of(self, _):
            history = History()
            history.take([StateChanged(1e9, "queued"), StateChanged(1e9 + 5, "running")])
            return history

    ended = make(result={"test/accuracy": 0.9, "test/loss": 2.0})
    ended = dataclasses.replace(ended, status=dataclasses.replace(ended.status, changed=1e9 + 70))
    for text in ("result>0.8", "has:result", "duration>60", "duration=65", "waited=5", "NOT waited>5"):
        assert parse(text).matches(ended, Half()), text
    assert parse("duration>1e6").matches(make(state="running"), Half())  # up to now
    for text in ("result>0", "has:result", "duration>=0", "waited>=0"):
        assert not parse(text).matches(make(experiment="alien", result={"test/accuracy": 0.9}), UNREAD), text


def test_a_run_that_cannot_be_read_is_known_by_its_id_and_state(make):
    run = dataclasses.replace(make(7), record=None, status=Status("crashed", "damaged"))
    for text in ("007", "state=crashed", "NOT experiment=cnn", "NOT seed=0", "NOT has:lr"):
        assert parse(text).matches(run, UNREAD), text


MISTAKES = {
    "nz>=": (4, "a value must follow >=; for example nz>=10"),
    "experiment=a nz>": (16, "a value must follow >"),
    ">=3": (0, "a field must stand before >="),
    "a AND": (5, "a condition must follow AND"),
    "OR a": (0, "a condition must stand here"),
    "a OR OR b": (5, "a condition must follow OR"),
    "NOT": (3, "a condition must follow NOT"),
    "()": (1, "a condition must stand here"),
    "(a": (2, "a ) is missing for the ( at 1"),
    "a)": (1, "no parenthesis is open"),
    'name~"x': (5, "is not closed"),
    "tag:": (4, "a name must follow tag:; for example tag:good"),
    "nz=AND": (3, 'write "AND"'),
    "nz=a=b": (4, "cannot follow a value"),
    "a=(b)": (2, "a value must follow ="),
    "(" * 200: (61, "write fewer"),
    "NOT " * 200 + "a": (244, "write fewer"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_says_where_it_is_and_what_could_stand_there(text):
    with pytest.raises(InvalidFilter) as caught:
        parse(text)
    position, words = MISTAKES[text]
    assert caught.value.position == position
    assert str(caught.value).startswith(f"at {position + 1}: ")
    assert words in str(caught.value)
    assert caught.value.exit_status == 2


PIECES = st.sampled_from(
    [
        "nz",
        "=",
        "!=",
        ">=",
        "~",
        "(",
        ")",
        "AND",
        "OR",
        "NOT",
        "has:",
        "tag:x",
        "10",
        '"',
        "'",
        '"a b"',
        "\\",
        "!",
        " ",
        "a/b",
    ]
)
ANYTHING = (
    st.text(max_size=30) | st.lists(PIECES, max_size=14).map("".join) | st.lists(PIECES, max_size=14).map(" ".join)
)


@given(ANYTHING)
def test_nothing_but_the_one_error_comes_of_any_text_and_what_is_read_is_written_back(text):
    try:
        parsed = parse(text)
    except InvalidFilter as error:
        position = error.position
    else:
        position = 0
        assert parse(str(parsed)) == parsed
        assert str(parse(str(parsed))) == str(parsed)
    assert 0 <= position <= len(text)


NAMES = st.text(min_size=1, max_size=6) | st.sampled_from(["AND", "has:x", "tag:", "a!", '"', "\\"])
LITERALS = st.builds(Literal, NAMES, st.just(value=True)) | st.sampled_from([Literal("10"), Literal("on")])
LEAVES = (
    st.builds(Compare, NAMES, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"]), LITERALS)
    | st.builds(Marked, st.sampled_from(["has", "tag", "sweep"]), NAMES)
    | st.builds(Word, NAMES)
)


def _parts(nodes, other):
    return st.lists(nodes.filter(lambda node: not isinstance(node, other)), min_size=2, max_size=3).map(tuple)


TREES = st.recursive(
    LEAVES,
    lambda nodes: st.builds(Not, nodes) | _parts(nodes, And).map(And) | _parts(nodes, Or).map(Or),
    max_leaves=8,
)


@given(TREES)
def test_every_tree_can_be_written_and_read(tree):
    assert parse(str(tree)).tree == tree


CONDITIONS = st.sampled_from(["nz=10", "NOT nz=100", "seed<2", "tag:good", "dcgan", "(nz=10 OR seed=3)", "has:on"])


@given(CONDITIONS, CONDITIONS, CONDITIONS)
def test_not_binds_before_and_and_and_before_or(a, b, c):
    assert parse(f"{a} OR {b} {c}") == parse(f"{a} OR ({b} AND {c})")
    assert parse(f"{a} {b} OR {c}") == parse(f"({a} {b}) OR {c}")
    assert parse(f"NOT {a} {b}") == parse(f"(NOT {a}) AND {b}")
    assert parse(f"{a} {b}") == parse(f"{a} AND {b}")


@given(CONDITIONS, CONDITIONS)
def test_de_morgan_holds_for_every_run(make, a, b):
    values = [{"nz": 10}, {"nz": 100, "tags": ("good",)}, {"nz": "10", "on": True}, {}]
    for number, own in enumerate(values):
        run = make(number, "dcgan" if number else "cnn", seed=number, **own)
        both = parse(f"NOT ({a} OR {b})").matches(run, UNREAD)
        assert both == parse(f"NOT ({a}) NOT ({b})").matches(run, UNREAD)


VALUES = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.none()


@given(VALUES)
def test_the_value_of_a_field_finds_the_run_that_has_it(value):
    assert value is not MISSING
    tree = parse(f"x={literal(value)}").tree if literal(value) else Compare("x", "=", Literal("", quoted=True))
    assert _check(tree)(value)
