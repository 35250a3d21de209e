"""``phosphene queue``: who runs and who waits, for people and for scripts, and what may be moved."""

from __future__ import annotations

import json
import re


def test_the_queue_is_shown_and_changed(home, phosphene, until, finish, launch):
    gate = home.parent / "gate"
    first = launch("count", {"gate": str(gate)}, name="long one")
    second, third = (phosphene("run", "count", "-d", "--gate", gate).stdout.strip() for _ in range(2))
    until(lambda: first.status().state == "running")
    entries = json.loads(phosphene("queue", "--json").stdout)
    assert [(one["id"], one["position"], one["behind"]) for one in entries] == [
        (first.id, 0, ""),
        (second, 1, first.id),
        (third, 2, second),
    ]
    assert (entries[0]["state"], entries[1]["state"]) == ("running", "queued")
    assert (entries[0]["device"], entries[0]["experiment"], entries[0]["name"]) == ("cpu", "count", "long one")
    done = phosphene("queue", "move", third, "up")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{third} is 1st, behind {first.id}\n"
    lines = phosphene("queue").stdout.splitlines()
    assert [re.split(r"\s{2,}", line) for line in lines[:1]] == [
        ["device", "place", "run", "state", "for", "behind", "name"]
    ]
    assert [line.split()[1:3] for line in lines[2:]] == [["1st", third], ["2nd", second]]
    for run, where, sentence in (
        (first.id, "last", "only a waiting run can be moved"),
        (second, "sideways", "'sideways' is not one of"),
        ("nosuch", "up", "nosuch"),
    ):
        refused = phosphene("queue", "move", run, where)
        assert refused.returncode == 2
        assert sentence in refused.stderr
    assert phosphene("stop", second).stderr.endswith("it is stopped: before it started\n")
    gate.touch()
    assert finish(first).state == "finished"


def test_nobody_in_the_queue_is_no_error(home, launch, finish, phosphene):
    done = phosphene("queue")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "nothing runs or waits on this host\n")
    assert json.loads(phosphene("queue", "--json").stdout) == []
    assert not home.exists()
