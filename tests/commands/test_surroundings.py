"""Every command where output cannot be written, the folder is gone, the workspace relative, or the locale of bytes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import phosphene as program
from commands.main import ORDER
from engine import Workspace

SENTENCE = "phosphene: the output cannot be written (No space left on device): free some space, or send it elsewhere\n"
COMMANDS = (
    (["--help"], 0),
    (["--version"], 0),
    (["experiments"], 0),
    (["experiments", "count", "--json"], 0),
    (["run", "count", "--steps", "2", "--name", "狐"], 0),
    (["run", "count", "--help"], 0),
    (["run", "count", "--steps", "x"], 2),
    (["runs"], 0),
    (["runs", "--json"], 0),
    (["show", "狐"], 0),
    (["show", "狐", "--table", "squares"], 0),
    (["show", "drawn", "--plot", "confusion"], 0),
    (["show", "狐", "--json"], 0),
    (["picture", "drawn"], 0),
    (["picture", "drawn", "confusion", "-o", "ö.png"], 0),
    (["follow", "狐"], 0),
    (["follow", "狐", "--json"], 0),
    (["stop", "狐"], 2),
    (["resume", "狐"], 2),
    (["set", "狐", "lr=1"], 2),
    (["queue", "--json"], 0),
    (["queue", "move", "狐", "up"], 2),
    (["tag", "狐", "+gut", "-schlecht"], 0),
    (["note", "狐", "schön"], 0),
    (["rename", "drawn", "drawn"], 0),
    (["runs", "--where", "tag:gut", "--columns", "name,train/loss"], 0),
    (["runs", "--where", "nz>"], 2),
    (["compare", "狐"], 0),
    (["chart", "狐", "--metric", "train/loss", "-o", "ö.csv"], 0),
    (["whence", "ö.csv"], 0),
    (["report", "狐", "-o", "ö.html"], 0),
    (["export", "狐", "--to", "json"], 0),
    (["import", "csv", "nosuch"], 2),
    (["verify", "nosuch"], 2),
    (["serve", "--port", "x"], 2),
    (["replicate", "狐", "--dry"], 0),
    (["sweep", "count", "--over", "lr=0.1,0.2", "--name", "füchse", "--dry"], 0),
    (["sweep", "count", "--over", "lr=0,3"], 2),
    (["sweep", "show", "füchse"], 2),
    (["sweeps"], 0),
    (["study", "show", "nosuch"], 2),
    (["outline", "list"], 0),
    (["outline", "show", "nosuch"], 2),
    (["remove", "狐"], 0),
    (["restore", "狐"], 0),
    (["remove", "--where", "note~schön"], 0),
    (["cuts", "nosuch"], 2),
    (["data", "list"], 0),
    (["data", "features"], 0),
    (["data", "clear"], 0),
    (["data", "verify", "digits"], 0),
    (["doctor", "--json"], 0),
    (["nosuch"], 2),
)
"""Commands one after the other over a workspace with one run, ``drawn``, and with what status they end."""
SILENT = (
    ["tag", "狐", "+gut", "-schlecht"],
    ["note", "狐", "schön"],
    ["rename", "drawn", "drawn"],
    ["sweeps"],
    ["remove", "狐"],
    ["restore", "狐"],
    ["remove", "--where", "note~schön"],
    ["data", "features"],
    ["data", "clear"],
    ["data", "verify", "digits"],
)
"""Those of them that end well and print no data."""


@pytest.fixture
def drawn(home, launch, finish, tmp_path, monkeypatch):
    """Begin with a run that has plots, in a folder of the test's own."""
    finish(launch("plot", name="drawn"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(arguments, stdout, stderr, monkeypatch):
    """Run a command in this process on two files; return its status."""
    monkeypatch.setattr(sys, "argv", ["phosphene", *arguments])
    with Path(stdout).open("w") as out, Path(stderr).open("w") as err, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            status = program.main()
        except SystemExit as end:
            status = end.code
        for stream in (sys.stdout, sys.stderr):
            # A last flush, as at the end of a process.
            stream.flush()
        # Python's own file would write again what the place refused.
        with contextlib.suppress(OSError):
            out.flush()
    return status


def test_every_command_is_among_those_that_are_tried():
    assert {arguments[0] for arguments, _ in COMMANDS} >= set(ORDER)


def test_a_full_place_for_data_is_one_sentence(drawn, monkeypatch):
    said = drawn / "said"
    for arguments, usual in COMMANDS:
        status = call(arguments, "/dev/full", said, monkeypatch)
        told = usual == 0 and arguments not in SILENT
        assert status == (1 if told else usual), arguments
        assert said.read_text().endswith(SENTENCE) == told, arguments
        assert "Traceback" not in said.read_text()


@pytest.mark.slow
def test_a_full_place_for_narration_changes_nothing(drawn, monkeypatch):
    for arguments, usual in COMMANDS:
        assert call(arguments, drawn / "data", "/dev/full", monkeypatch) == usual, arguments


@pytest.mark.slow
def test_a_relative_workspace_is_found_from_its_folder(drawn, home, monkeypatch):
    monkeypatch.setenv("PHOSPHENE_HOME", home.name)
    for arguments, usual in COMMANDS:
        assert call(arguments, drawn / "data", drawn / "said", monkeypatch) == usual, (
            arguments,
            (drawn / "said").read_text(),
        )
    assert [path.name for path in drawn.iterdir() if path.is_dir()] == [home.name]
    assert [run.record.name for run in Workspace(home).list()] == ["drawn"]


def test_in_a_folder_that_is_gone_every_command_says_so(drawn, monkeypatch):
    gone = drawn / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for arguments, _ in COMMANDS:
        status = call(arguments, drawn / "data", drawn / "said", monkeypatch)
        assert status == "phosphene: the current folder was deleted: change to another one", arguments
    os.chdir("/")


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_in_a_locale_of_bytes_names_and_paths_hold_any_letters(drawn, home, locale):
    """The process starts itself anew, so the loop begins again where all letters are known."""
    images = drawn / "狐.png"
    images.touch()
    extra = (["run", "count", "--steps", "2", "--gate", str(images), "--json"], 0)
    script = drawn / "every.py"
    script.write_text(
        f"import sys\nimport phosphene\nfor arguments, usual in {(*COMMANDS, extra)!r}:\n"
        "    sys.argv = ['phosphene', *arguments]\n    try:\n        status = phosphene.main()\n"
        "    except SystemExit as end:\n        status = end.code\n"
        "    assert status == usual, (arguments, status)\nprint('ALL')\n",
        encoding="utf-8",
    )
    environment = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment["PHOSPHENE_HOME"] = str(home.rename(home.with_name("ä")))
    done = subprocess.run(
        [sys.executable, script], cwd=drawn, env=os.environ | environment, capture_output=True, check=False
    )
    assert done.stdout.endswith(b"ALL\n"), done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert (drawn / "ö.png").exists()


def test_what_is_written_at_the_end_of_a_process_is_missed_too(drawn):
    """In a real process Python writes what it holds back when all is done."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "phosphene", "runs"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, SENTENCE)


def test_a_workspace_in_the_home_of_nobody_is_one_sentence(drawn, monkeypatch):
    monkeypatch.setenv("PHOSPHENE_HOME", "~nobody-of-that-name/runs")
    assert call(["runs"], drawn / "data", drawn / "said", monkeypatch) == 1
    assert "there is no such user: write the whole path" in (drawn / "said").read_text()
