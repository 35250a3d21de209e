"""Damaged, foreign and half-copied runs: one clear line each, everywhere, and the rest of the list intact."""

from __future__ import annotations

import json
import re
import shutil
import time

import pytest

from engine import Workspace


def events_file(run):
    return run.path / "attempts/0001/events.jsonl"


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def damage(run, kind):
    """Damage a finished run; return the state it is then in, and words that the reason or error must hold."""
    log, record, claim = events_file(run), run.path / "run.json", run.path / "attempts/0001/claim.json"
    data = log.read_bytes()
    last = data[:-1].rfind(b"\n") + 1
    match kind:
        case "log cut":
            log.write_bytes(data[: last + 30])
        case "log ends in NUL":
            log.write_bytes(data[:last] + b"\0" * (len(data) - last))
        case "log ends in 0xFF":
            log.write_bytes(data[: last - 40] + b"\xff" * 200)
        case "bit flipped":
            log.write_bytes(data[: last + 50] + bytes([data[last + 50] ^ 4]) + data[last + 51 :])
        case "log empty":
            log.write_bytes(b"")
        case "log missing":
            log.unlink()
        case "log is a folder":
            log.unlink()
            log.mkdir()
            return "crashed", "cannot be read"
        case "attempts missing":
            shutil.rmtree(run.path / "attempts")
            return "crashed", "attempts folder is missing"
        case "run.json missing":
            record.unlink()
            return "crashed", "run.json cannot be read"
        case "run.json garbled":
            record.write_bytes(b'{"id": \xff\xfe')
            return "crashed", "run.json cannot be read"
        case "run.json cut":
            record.write_bytes(record.read_bytes()[:50])
            return "crashed", "run.json cannot be read"
        case "run.json empty":
            record.write_bytes(b"")
            return "crashed", "run.json cannot be read"
        case "run.json of other types":
            change(record, created="yesterday", hyperparameters=[1])
            return "crashed", "run.json cannot be read"
        case "run.json is a list":
            record.write_text("[" * 2000)
            return "crashed", "run.json cannot be read"
        case "run.json says nothing":
            record.write_text("{}")
            return "crashed", "run.json cannot be read (id is missing)"
        case "run.json holds endless numbers":
            record.write_text(re.sub(r'("(?:created|seed)"): [\d.e+]+', rf"\1: {10**400}", record.read_text()))
            return "crashed", "run.json cannot be read (seed is inf)"
        case "run.json is null":
            record.write_text("null")
            return "crashed", "run.json cannot be read (it holds no record of a run)"
        case "claim garbled":
            claim.write_text('["me"]')
            return "finished", ""
        case "claim of other types":
            change(claim, pid="x", t=None)
            return "finished", ""
        case "experiment unknown":
            change(record, experiment="alchemy")
            return "finished", ""
    return "crashed", "ended without a word"


KINDS = [
    "log cut",
    "log ends in NUL",
    "log ends in 0xFF",
    "bit flipped",
    "log empty",
    "log missing",
    "log is a folder",
    "attempts missing",
    "run.json missing",
    "run.json garbled",
    "run.json cut",
    "run.json empty",
    "run.json of other types",
    "run.json is a list",
    "run.json says nothing",
    "run.json holds endless numbers",
    "run.json is null",
    "claim garbled",
    "claim of other types",
    "experiment unknown",
]


def test_every_damage_is_one_line_of_the_list_and_one_sentence_of_its_own(home, launch, finish, phosphene):
    whole = launch("count")
    finish(whole)
    runs = {}
    for kind in KINDS:
        # A copy, as `cp -r` makes it, under an id of its own.
        path = whole.path.with_name(f"1122-0000-{kind.replace(' ', '-').replace('.', '-')}")
        shutil.copytree(whole.path, path)
        runs[kind] = type(whole)(path)
    expected = {kind: damage(run, kind) for kind, run in runs.items()}
    listed = {run.id: run for run in Workspace(home).list()}
    assert len(listed) == len(KINDS) + 1
    assert listed[whole.id].status.state == "finished"
    done = phosphene("runs", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    table = {line.split()[0]: line for line in phosphene("runs", "--all").stdout.splitlines()[1:]}
    assert len(table) == len(listed)
    for document in json.loads(done.stdout):
        for kind, (state, words) in expected.items():
            if document["id"] == runs[kind].id:
                assert document["state"] == state, kind
                assert words in document["reason"], kind
                assert state in table[document["id"]], kind
    assert "experiment alchemy is not installed" in table[runs["experiment unknown"].id]


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if number % 4 == 0 else pytest.mark.slow) for number, kind in enumerate(KINDS)]
)
def test_commands_about_a_damaged_run_answer_or_say_why_not(home, launch, finish, phosphene, kind):
    run = launch("count", {"steps": 3})
    finish(run)
    state, words = damage(run, kind)
    shown = phosphene("show", run.id)
    assert "Traceback" not in shown.stderr
    if kind.startswith("run.json") or kind == "log is a folder":
        assert shown.returncode == 1
        assert shown.stderr.startswith("phosphene: ")
        assert shown.stderr.count("\n") == 1
        assert "cannot be read" in shown.stderr
    else:
        assert shown.returncode == 0, shown.stderr
        assert state in shown.stdout
        assert words in shown.stdout
    if kind in {"experiment unknown", "run.json garbled", "log is a folder", "bit flipped", "claim garbled"}:
        followed = phosphene("follow", run.id)
        assert "Traceback" not in followed.stderr
        assert followed.returncode == {"finished": 0, "crashed": 1}[state] or shown.returncode == 1
        resumed = phosphene("resume", run.id, "--detach")
        assert "Traceback" not in resumed.stderr
        assert resumed.returncode == {"bit flipped": 0, "log is a folder": 1}.get(kind, 2)
        if kind == "bit flipped":
            assert finish(run).state == "finished"
        removed = phosphene("remove", run.id)
        assert removed.returncode == (1 if kind == "log is a folder" else 0), removed.stderr


def test_resuming_an_experiment_that_is_gone_says_so_and_writes_nothing(home, launch, finish, phosphene):
    run = launch("trouble")
    finish(run)
    change(run.path / "run.json", experiment="trouser")
    done = phosphene("resume", run.id)
    assert done.returncode == 2
    assert done.stderr == "phosphene: there is no experiment 'trouser'; did you mean trouble?\n"
    assert [path.name for path in (run.path / "attempts").iterdir()] == ["0001"]


def test_a_run_copied_from_another_host_is_not_mistaken_for_one_of_this(home, launch, until, phosphene):
    """Its worker's process number may well be taken here, by somebody else."""
    run = launch("count", {"gate": str(home / "gate")})
    until(lambda: run.status().state == "running")
    copy = type(run)(run.path.with_name("1122-0000-copy-abc"))
    shutil.copytree(run.path, copy.path)
    (home / "gate").touch()
    claim = copy.path / "attempts/0001/claim.json"
    change(claim, host="elsewhere", boot="another", namespace="pid:[1]")
    assert copy.status().state == "running", "its worker may live there, there are signs of life"
    done = phosphene("stop", copy.id, "--kill")
    assert done.returncode == 2
    assert "on elsewhere" in done.stderr
    old = time.time() - 600
    import os

    os.utime(events_file(copy), (old, old))
    status = copy.status()
    assert status.state == "crashed"
    assert status.reason.startswith("no sign of life from its worker on elsewhere for 6")
    assert "no sign of life" in phosphene("runs").stdout
    # This host, but started anew since: the number means nothing any more.
    change(claim, host=json.loads((run.path / "attempts/0001/claim.json").read_text())["host"])
    assert copy.status().state == "crashed"


@pytest.mark.parametrize("damaged", ["claim missing", "log missing as well"])
def test_an_attempt_that_nobody_serves_is_starting_and_then_crashed(home, launch, finish, damaged):
    run = launch("count")
    finish(run)
    attempt = run.path / "attempts/0001"
    (attempt / "claim.json").unlink()
    if damaged == "log missing as well":
        events_file(run).unlink()
        assert run.status().state == "queued"
        import os

        os.utime(attempt, (time.time() - 60,) * 2)
        assert run.status().state == "crashed"
        assert "never started" in run.status().reason
    else:
        assert run.status().state == "finished"
