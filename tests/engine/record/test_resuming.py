"""What a resumed run starts from, and which of its earlier live changes still hold."""

from __future__ import annotations

import pytest

from engine import Run
from engine.declaration import fields_of
from engine.record.events import CheckpointSaved, HyperparameterChanged, Metrics, StateChanged, encode
from engine.record.log import events_backwards


def write_attempt(run: Run, number: int, events: list) -> None:
    """Write the log of one attempt."""
    folder = run.attempts_folder / f"{number:04d}"
    folder.mkdir(parents=True)
    (folder / "events.jsonl").write_bytes(b"".join(map(encode, events)))


@pytest.fixture
def run(tmp_path):
    """Return the directory of a run with two checkpoints."""
    run = Run(tmp_path / "run")
    (run.path / "checkpoints").mkdir(parents=True)
    for step in (10, 20):
        (run.path / f"checkpoints/{step}").write_bytes(b"x" * 100)
    write_attempt(run, 1, [CheckpointSaved(1.0, step, f"checkpoints/{step}", 100) for step in (10, 20)])
    return run


def test_the_newest_checkpoint_is_taken(run):
    assert run.last_checkpoint().step == 20


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_the_one_before_is_taken_where_the_newest_is_damaged(run, damage):
    newest = run.path / "checkpoints/20"
    if damage == "cut":
        newest.write_bytes(b"x" * 99)
    else:
        newest.unlink()
    assert run.last_checkpoint().step == 10


def test_what_the_user_changes_after_a_resume_overrules_what_lay_ahead(run):
    write_attempt(run, 2, [HyperparameterChanged(1.0, "lr", 0.5, 0.1, 7), HyperparameterChanged(1.0, "beta", 1, 0, 9)])
    write_attempt(run, 3, [HyperparameterChanged(2.0, "lr", 0.001, 0.1, 0)])
    assert [(change.name, change.value) for change in run.history().changes_to_repeat()] == [("lr", 0.001), ("beta", 1)]


def test_a_repetition_overrules_nothing(run):
    write_attempt(
        run, 2, [HyperparameterChanged(1.0, "lr", 0.5, 0.1, 7), HyperparameterChanged(1.0, "lr", 0.2, 0.5, 50)]
    )
    write_attempt(run, 3, [HyperparameterChanged(2.0, "lr", 0.5, 0.1, 7, repeated=True)])
    assert [(change.step, change.value) for change in run.history().changes_to_repeat()] == [(7, 0.5), (50, 0.2)]


@pytest.mark.parametrize("count", [0, 1, 3, 5_000])
def test_a_log_read_backwards_is_the_log_reversed(tmp_path, count):
    events = [Metrics(float(i), i, {"train/loss": 1.0 / (i + 1)}) for i in range(count)]
    first, last = StateChanged(0.0, "running"), StateChanged(9.0, "stopped", "ü" * 5_000)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(map(encode, [first, *events, last])) + b'{"crc":"torn')
    assert list(events_backwards(path, (Metrics,))) == events[::-1]
    assert list(events_backwards(path, (StateChanged,))) == [last, first]


@pytest.mark.parametrize("value", [0.1, 1e-4, 0.123456789, 1 / 3, 1e300, 5e-324])
def test_a_number_is_shown_so_that_it_means_itself(value, home):
    from phosphene_test_programs import CountHyperparameters

    view = next(view for view in fields_of(CountHyperparameters) if view.name == "lr")
    assert float(view.show(value)) == value
