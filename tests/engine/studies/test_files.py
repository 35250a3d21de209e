"""Study files: what is wrong with one is said in a sentence with its line, and what is written is read as it was."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import PhospheneError, Studies
from engine.studies import study as declared
from engine.studies import words
from tests.conftest import PATIENCE

GOOD = """\
title = "Counting"
question = "How far does it count?"
experiment = "count"
metric = "test/accuracy"
seeds = 2

[fixed]
steps = 3

[over]
lr = [0.1, 0.2, 0.3]

[zip]
"series,pause" = "1,0; 2,0"

[quick]
seeds = 1
fixed = { steps = 2 }

[[published]]
where = { lr = 0.1 }
metric = "test/accuracy"
value = 0.5
source = "A report, §1"

[[published]]
where = { lr = 0.2 }
metric = "test/accuracy"
value = 0.5
source = "A report, §2"
"""


@pytest.fixture
def written(home):
    """Write a study into the workspace, with some texts in the place of others."""

    def write(*changes: tuple[str, str], name: str = "mine") -> None:
        text = GOOD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (home / "studies").mkdir(parents=True, exist_ok=True)
        (home / "studies" / f"{name}.toml").write_text(text, encoding="utf-8")

    return write


MISTAKES = {
    "syntax": ([("seeds = 2", "seeds = ")], 5, "invalid value"),
    "text that is not closed": ([('"Counting"', '"Counting')], 1, "illegal character"),
    "an end that is missing": ([('source = "A report, §2"\n', "where = [")], 30, "invalid value"),
    "an entry twice": ([("seeds = 2", 'title = "Twice"')], 5, "cannot overwrite a value"),
    "a missing entry": ([('question = "How far does it count?"\n', "")], 1, "question is missing"),
    "a missing entry of the second value": ([('source = "A report, §2"\n', "")], 26, "published.source is missing"),
    "an unknown entry": ([("seeds = 2", "sedes = 2")], 5, "there is no entry sedes"),
    "an unknown entry of a tier": ([("seeds = 1", "sedes = 1")], 17, "there is no entry quick.sedes"),
    "an unknown table": ([("[over]", "[ovre]")], 10, "there is no entry ovre"),
    "a wrong type": ([("seeds = 2", 'seeds = "two"')], 5, "seeds must be a valid integer"),
    "a number that is too small": ([("seeds = 2", "seeds = 0")], 5, "seeds must be greater than or equal to 1"),
    "a wrong type of the second value": ([('value = 0.5\nsource = "A report, §2"', 'value = "high"')], 29, "number"),
    "a layout that is none": ([("seeds = 2", 'layout = "mosaic"')], 5, "layout must be 'table'"),
    "its own name": ([("seeds = 2", 'name = "other"')], 5, "name is that of the file"),
    "an unknown experiment": ([('"count"', '"cuont"')], 3, "did you mean count?"),
    "an unknown field": ([("steps = 3", "setps = 3")], 8, "setps: "),
    "an unknown field of an axis": ([("lr = [", "lrr = [")], 11, "lrr: no such hyperparameter"),
    "a value that is refused": ([("steps = 3", "steps = -3")], 8, "steps: "),
    "a value of an axis that is refused": ([("0.1, 0.2, 0.3]", "0.1, 7]")], 11, "lr: "),
    "a row that is too short": ([('"1,0; 2,0"', '"1,0; 2"')], 14, "series,pause: 2 has 1 values"),
    "a value of a row that is refused": ([('"1,0; 2,0"', '"1,0; 2,-1"')], 14, "pause"),
    "an axis of one value": ([("[0.1, 0.2, 0.3]", "[0.1]")], 11, "lr: an axis needs two values or more"),
    "an axis that is fixed as well": ([("steps = 3", "lr = 0.5")], 11, "lr: is an axis and has a fixed value as well"),
    "a metric that is none": ([('metric = "test/accuracy"\nseeds', 'metric = "mean x step"\nseeds')], 4, "metric: "),
    "a published value of no field": ([("{ lr = 0.2 }", "{ lrr = 0.2 }")], 27, "names lrr: count has no such field"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_told_with_its_line(home, written, kind):
    changes, line, sentence = MISTAKES[kind]
    written(*changes)
    studies = Studies(home)
    with pytest.raises(PhospheneError) as raised:
        studies.progress(studies.find("mine"), "full")
    text = str(raised.value)
    assert text.startswith(f"{home / 'studies' / 'mine.toml'}, line {line}: "), text
    assert sentence in text
    assert "\n" not in text


def test_a_mistake_of_a_tier_is_told_with_the_line_of_the_tier(home, written):
    written(("fixed = { steps = 2 }", "fixed = { steps = -2 }"))
    studies = Studies(home)
    assert studies.progress(studies.find("mine"), "full").runs == 12
    with pytest.raises(PhospheneError, match=r"mine.toml, line 18: steps: "):
        studies.progress(studies.find("mine"), "quick")


def test_a_value_that_the_user_sets_is_not_the_mistake_of_the_file(home, written):
    written()
    studies = Studies(home)
    with pytest.raises(PhospheneError, match=r"^steps: "):
        studies.progress(studies.find("mine"), "full", {"steps": "-2"})


def test_commands_say_it_in_one_line_and_list_the_others(home, written, phosphene):
    written(name="whole")
    written(("seeds = 2", "seeds = "), name="broken")
    written(("steps = 3", "steps = -3"), name="refused")
    (home / "studies/bytes.toml").write_bytes(b"title = '\xff'")
    done = phosphene("study", "show", "refused", timeout=4 * PATIENCE)
    assert done.returncode == 2
    assert re.fullmatch(r"phosphene: .*\.toml, line 8: .*\n", done.stderr), done.stderr
    done = phosphene("study", "list", timeout=4 * PATIENCE)
    assert done.returncode == 0
    assert re.search(r"^whole +count +0/6 +0/12 +Counting$", done.stdout, re.MULTILINE), done.stdout
    assert len([line for line in done.stderr.splitlines() if ".toml" in line]) == 3
    assert "Traceback" not in done.stderr


def test_several_are_run_one_after_the_other_and_what_came_of_each_is_told(home, written, phosphene):
    written(name="whole")
    written(("steps = 3", "steps = -3"), name="refused")
    done = phosphene("study", "run", "whole", "refused", "--dry", timeout=4 * PATIENCE)
    assert done.returncode == 1, done.stderr
    said = [re.sub(" +", " ", line) for line in done.stdout.splitlines()]
    assert re.fullmatch(r"whole \d:\d\d can be run", said[1]), said
    assert re.fullmatch(r"refused \d:\d\d .*refused\.toml, line 8: .*", said[2]), said
    assert "2 of 2 studies in" in done.stderr


def test_of_several_none_is_run_where_one_is_misspelt(home, written, phosphene):
    written(name="whole")
    done = phosphene("study", "run", "whole", "nope", timeout=4 * PATIENCE)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch("phosphene: there is no study 'nope'.*\n", done.stderr), done.stderr
    assert not (home / "runs").exists()


def test_a_study_that_is_not_there_is_answered_with_the_nearest(home):
    with pytest.raises(PhospheneError, match=r"there is no study 'gan-nx'; did you mean gan-nz\?"):
        Studies(home).find("gan-nx")
    with pytest.raises(PhospheneError, match=r"nowhere.toml cannot be read: No such file"):
        Studies(home).find("nowhere.toml")


def test_a_study_of_the_workspace_takes_the_place_of_the_one_that_comes_along(home, written):
    assert Studies(home).find("cnn-mnist").experiment == "cnn"
    written(name="cnn-mnist")
    assert Studies(home).find("cnn-mnist").experiment == "count"


CHARACTERS = st.characters(exclude_categories=("Cs",))
TEXTS = st.text(CHARACTERS, max_size=30)
PLAIN = st.one_of(
    TEXTS,
    st.sampled_from(['"', "'''", '"""', "\\", "\\u0041", "\r\n", "\x00", "\x7f", "\x1b[31m", "# no", "🦊\u200d🔥"]),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
)
VALUES = st.one_of(PLAIN, st.lists(PLAIN, max_size=4))


@given(
    head=st.dictionaries(TEXTS, VALUES, max_size=5),
    tables=st.dictionaries(
        st.sampled_from(["fixed", "over", "zip"]), st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4)
    ),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_as_toml_is_read_as_it_was(head, tables):
    values = {key: value for key, value in head.items() if key not in tables} | tables
    read = tomllib.loads(words.toml(values))
    assert read == values
    assert json.dumps(read) == json.dumps(values), "a number stays whole, or not; nothing is true that was 1"


def test_a_study_is_written_from_runs_with_any_text(home, phosphene):
    say = "a \"quoted\" \\ line\nanother 'line'\t🦊 = [1] # no \x7f end"
    for lr in (0.1, 0.2):
        done = phosphene("run", "count", "--steps", "2", "--say", say, "--lr", str(lr), "--device", "cpu")
        assert done.returncode == 0
    path = Studies(home).write("mine", ["experiment=count"])
    studies = Studies(home)
    study = studies.find("mine")
    assert study.path == str(path)
    assert study.fixed == {"steps": 2, "say": say}
    found = studies.progress(study, "full")
    assert (len(found.trials), found.runs) == (2, 2), "the runs that it was made from are its runs"
    with pytest.raises(PhospheneError, match="there is a study mine already"):
        studies.write("mine", ["experiment=count"])
    with pytest.raises(PhospheneError, match="cannot be a study's name"):
        studies.write("../mine", ["experiment=count"])


@given(text=st.text(CHARACTERS, max_size=200), where=st.lists(st.one_of(TEXTS, st.integers(0, 3)), max_size=3))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_line_of_an_entry_is_one_of_the_document(text, where):
    assert 1 <= declared.line_of(text, where) <= max(1, len(text.splitlines()))
