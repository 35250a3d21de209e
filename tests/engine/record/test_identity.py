"""Processes are told apart by more than their number."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.record.claim import read_claim, write_claim
from engine.record.identity import Identity

PLAIN = st.none() | st.integers() | st.text(max_size=5) | st.floats() | st.lists(st.integers(), max_size=2)


def test_a_process_is_alive_until_it_ends_even_before_it_is_reaped():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    it = Identity.of(process.pid)
    assert it.presence() == "alive"
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert it.presence() == "dead", "a zombie works no more"
    process.communicate()
    assert it.presence() == "dead"


def test_a_number_alone_proves_nothing():
    own = Identity.own()
    assert own.presence() == "alive"
    assert replace(own, start=own.start + 1).presence() == "dead"
    assert replace(own, boot="another").presence() == "dead"
    assert replace(own, boot="another", host="elsewhere").presence() == "elsewhere"
    assert replace(own, namespace="pid:[7]").presence() == "elsewhere"


def test_a_command_name_may_hold_anything():
    """The name stands in brackets in the line that the start time is read from."""
    script = "import ctypes; ctypes.CDLL(None).prctl(15, b') S 1 (x)\\n 7', 0, 0, 0); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        start = Identity.of(process.pid).start
        process.stdout.readline()
        assert Identity.of(process.pid) == replace(Identity.own(), pid=process.pid, start=start)
        process.send_signal(signal.SIGKILL)


@given(st.dictionaries(st.sampled_from(["host", "boot", "namespace", "pid", "start", "x"]), PLAIN) | PLAIN)
def test_a_damaged_identity_is_a_value_error_and_nothing_else(values):
    try:
        found = Identity.from_json(values)
    except (ValueError, OverflowError):
        return
    assert isinstance(found.pid, int)


def test_an_identity_comes_back_as_it_was():
    assert Identity.from_json(Identity.own().to_json()) == Identity.own()


def test_the_first_claim_counts(tmp_path):
    own = Identity.own()
    assert read_claim(tmp_path) is None
    assert write_claim(tmp_path, own)
    assert write_claim(tmp_path, own), "said twice, by the launcher and by the worker"
    assert not write_claim(tmp_path, replace(own, pid=1))
    assert read_claim(tmp_path).worker == own
    assert [path.name for path in tmp_path.iterdir()] == ["claim.json"]
    with pytest.raises(FileNotFoundError):
        write_claim(tmp_path / "gone", own)


def test_of_claims_made_at_once_one_stands(tmp_path):
    workers = [replace(Identity.own(), pid=number) for number in range(1, 9)]
    with ThreadPoolExecutor(len(workers)) as pool:
        for number in range(40):
            attempt = tmp_path / str(number)
            attempt.mkdir()
            together = Barrier(len(workers))
            claimed = [*pool.map(lambda worker: (together.wait(), write_claim(attempt, worker))[1], workers)]  # noqa: B023
            assert claimed.count(True) == 1
            assert read_claim(attempt).worker == workers[claimed.index(True)]


def test_a_disk_without_hard_links_takes_a_claim(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    own = Identity.own()
    assert write_claim(tmp_path, own)
    assert not write_claim(tmp_path, replace(own, pid=1))


DEEP = pytest.param("[" * 100_000, id="deep")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"pid": "x"}', '{"host": 1}', "\xff", DEEP])
def test_a_damaged_claim_is_none(tmp_path, text):
    (tmp_path / "claim.json").write_text(text, encoding="latin-1")
    assert read_claim(tmp_path) is None
