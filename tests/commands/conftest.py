"""What the tests of the command line share."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from commands.main import app
from engine.record.events import Metrics, StateChanged, encode
from engine.record.files import write_json
from engine.record.run_directory import RunRecord


@pytest.fixture
def command(home, tmp_path, monkeypatch):
    """Run ``phosphene`` in this process, beside two finished runs."""
    monkeypatch.chdir(tmp_path)
    for number in range(2):
        path = home / f"runs/1122-083{number}-count-k{number}k"
        (path / "attempts/0001").mkdir(parents=True)
        write_json(path / "run.json", RunRecord(path.name, "count", {"lr": 0.1}, number, "cpu", 1e9).to_json())
        curve = [Metrics(1e9 + step, step, {"train/loss": 1 / step}) for step in range(1, 5)]
        end = StateChanged(2e9, "finished", "", 4, 4, {"test/accuracy": 0.9})
        (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, [*curve, end])))

    def run(*words):
        done = CliRunner().invoke(app, words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run
