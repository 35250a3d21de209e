"""What the words of a command select: runs by their names, or all that a filter holds for."""

from __future__ import annotations

import pytest

from engine import InvalidFilter, UnknownRun, Workspace
from engine.record.events import Metrics, encode
from engine.record.files import write_json
from engine.record.run_directory import RunRecord
from engine.selection.choosing import select


@pytest.fixture
def workspace(home):
    for number, (letters, experiment, nz) in enumerate((("aaa", "cnn", 2), ("bbb", "dcgan", 2), ("ccc", "dcgan", 9))):
        path = home / f"runs/1122-0831-{experiment}-{letters}"
        (path / "attempts/0001").mkdir(parents=True)
        write_json(path / "run.json", RunRecord(path.name, experiment, {"nz": nz}, 0, "cpu", 1e9 + number).to_json())
        metrics = Metrics(1e9, 1, {"train/loss": float(number)})
        (path / "attempts/0001/events.jsonl").write_bytes(encode(metrics))
    return Workspace(home)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("bbb aaa", "bbb aaa"),
        ("last", "ccc"),
        ("aaa last aaa", "aaa ccc"),
        ("dcgan", "ccc bbb"),
        ("dcgan nz=2", "bbb"),
        ("nz = 2", "bbb aaa"),
        ("aaa OR ccc", "ccc aaa"),
        ("train/loss>=1", "ccc bbb"),
        ("1122", "ccc bbb aaa"),
    ],
)
def test_words_are_names_if_all_of_them_are_and_a_filter_otherwise(workspace, words, found):
    for given in (words.split(), [words]):
        if given == [words] and words in {"bbb aaa", "aaa last aaa"}:
            continue  # in one word they are a filter
        assert " ".join(run.id[-3:] for run in select(workspace, given)) == found


def test_what_selects_nothing_is_one_sentence(workspace):
    for words in (["nosuch"], ["aaa", "nosuch"], ["nz=77"], [], [" "]):
        with pytest.raises(UnknownRun, match="phosphene runs"):
            select(workspace, words)
    with pytest.raises(InvalidFilter, match=r"at 4: .* \(in the filter 'nz>'\)"):
        select(workspace, ["nz>"])
