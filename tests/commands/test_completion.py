"""The TAB key: what may follow, in real bash, zsh and fish on terminals of their own, and nothing else in the line."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pyte
import pytest

from commands import completion

BIN = Path(sys.executable).parent
SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], "PS1='READY> '"),
    "zsh": (["-f", "-i"], "autoload -Uz compinit; compinit -u -D; unsetopt PROMPT_SP; PS1='READY> '"),
    "fish": (
        ["--no-config", "-i"],
        "set -g fish_autosuggestion_enabled 0; function fish_prompt; echo -n 'READY> '; end",
    ),
}
LINES = {
    "command": ("exper", "experiments"),
    "experiment": ("run tro", "run trouble"),
    "option": ("run trouble --tr", "run trouble --trouble"),
    "choice": ("run trouble --trouble seg", "run trouble --trouble segfault"),
    "network": ("run predict --model=cnn,alex", "run predict --model=cnn,alexnet"),
    "data set": ("run probe --dataset celeba:E", "run probe --dataset celeba:Eyeglasses"),
    "class": (
        r"run class-image --model squeezenet1_1:random --target bee\ e",
        r"run class-image --model squeezenet1_1:random --target bee\ eater",
    ),
    "filter": ("runs --where state=cra", "runs --where state=crashed"),
    "selection": ("tag experi", "tag experiment"),
    "run": ("show 1121-1300-count-k3", "show 1121-1300-count-k3f"),
    "path": ("picture last -o PLACE/my", "picture last -o PLACE/my\\ photos/"),
    "path of a data set": ("run probe --dataset folder:PLACE/my", "run probe --dataset folder:PLACE/my\\ photos/"),
}


class Shell:
    """An interactive shell that has read the script which ``phosphene --show-completion`` prints."""

    def __init__(self, name: str, home: Path) -> None:
        arguments, begin = SHELLS[name]
        script = home / "completion"
        script.write_text(script_for(name))
        environment = {"TERM": "xterm", "HOME": str(home), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        environment |= {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "DATA", "CACHE")}
        self._screen = pyte.Screen(200, 40)
        self._stream = pyte.ByteStream(self._screen)
        self._child = pexpect.spawn(name, arguments, env=os.environ | environment, dimensions=(40, 200))
        self._screen.write_process_input = self._child.send
        self._child.send(f"{begin}; source {script}\r")
        self._wait_for("")

    def complete(self, typed: str, expected: str) -> None:
        """Type a line and the TAB key, and wait until the line is what is expected; then give it up."""
        self._child.send(f"{typed}\t")
        self._wait_for(expected)
        self._child.send("\x03")
        self._wait_for("")

    def _wait_for(self, line: str) -> None:
        """Wait until the last line on the screen is the prompt and a line; shells differ in the space at its end."""
        deadline = time.monotonic() + 60
        while (shown := self._last_line()) != f"READY> {line}".rstrip():
            assert time.monotonic() < deadline, f"{shown!r} in\n{'|'.join(self._screen.display)}"
            with contextlib.suppress(pexpect.TIMEOUT):
                self._stream.feed(self._child.read_nonblocking(65_536, 0.1))

    def _last_line(self) -> str:
        return next((line.rstrip() for line in reversed(self._screen.display) if line.strip()), "")

    def close(self) -> None:
        self._child.close(force=True)


def script_for(shell: str) -> str:
    from typer.completion import get_completion_script

    return get_completion_script(prog_name="phosphene", complete_var=completion.ASKED, shell=shell) + "\n"


@pytest.fixture
def place(home, tmp_path):
    """Return a folder with a folder of an odd name, beside a workspace with a run."""
    (tmp_path / "my photos").mkdir()
    (home / "runs/1121-1300-count-k3f").mkdir(parents=True)
    return tmp_path


def complete_all(shell, place, names):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    opened = Shell(shell, place)
    try:
        for name in names:
            typed, expected = (text.replace("PLACE", str(place)) for text in LINES[name])
            opened.complete(f"phosphene {typed}", f"phosphene {expected}")
    finally:
        opened.close()


@pytest.mark.parametrize(
    ("shell", "names"),
    [
        ("bash", ["data set", "run", "path"]),
        ("zsh", ["data set", "path of a data set"]),
        ("fish", ["experiment", "data set"]),
    ],
)
def test_the_tab_key_completes_in_a_real_shell(place, shell, names):
    complete_all(shell, place, names)


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_the_tab_key_completes_everything_in_a_real_shell(place, shell):
    complete_all(shell, place, LINES)


@pytest.fixture
def ask(place, monkeypatch, capsys):
    """Ask as a shell's script does: ``ask("bash", "run d")``; returns what is printed."""
    # The answer forbids typer to import it.
    monkeypatch.setitem(sys.modules, "rich", sys.modules.get("rich"))

    def asked(shell: str, line: str, action: str = "get-args") -> str:
        line = f"phosphene {line}"
        words = re.findall(r"[:=]+|(?:\\.|[^\s\\:=])+", line) + [""] * line.endswith(" ")
        for name, value in (
            (completion.ASKED, f"complete_{shell}"),
            (completion.LINE, line),
            (completion.ACTION, action),
            ("COMP_WORDS", "\n".join(words)),
            ("COMP_CWORD", str(len(words) - 1)),
        ):
            monkeypatch.setenv(name, value)
        asked.status = completion.answer()
        printed = capsys.readouterr()
        assert printed.err == ""
        return printed.out

    return asked


def values(fish: str) -> list[str]:
    return [line.partition("\t")[0] for line in fish.splitlines() if line]


@pytest.mark.parametrize("kind", [kind for kind in LINES if not kind.startswith("path")])
def test_every_shell_gets_what_it_puts_into_the_line(ask, kind):
    typed, expected = LINES[kind]
    word = completion._word(expected)
    (fish,) = values(ask("fish", typed))
    assert [fish] == shlex.split(word)
    (bash,) = ask("bash", typed).splitlines()
    assert word.endswith(bash)
    assert word.removesuffix(bash) == "".join(re.findall(r".*[:=]", typed.rpartition(" ")[2]))
    zsh = shlex.split(ask("zsh", typed))[3].removeprefix("told=(")
    assert zsh.startswith(fish.replace(":", "\\:"))


def test_several_follow_with_what_they_mean(ask):
    assert values(ask("fish", "")) == [
        *("run", "runs", "show", "picture", "follow", "stop", "resume", "set", "queue", "remove", "restore"),
        *("compare", "chart", "replicate", "report", "outline"),
        *("sweep", "sweeps", "study"),
        *("export", "import", "whence", "verify"),
        *("tag", "note", "rename"),
        *("experiments", "cuts", "data", "doctor", "serve"),
    ]
    assert ask("fish", "run dcg") == "dcgan\tLet a generator and a discriminator of...\n"
    assert "--lr-g\tlearning rate of the generator (> 0, <= 10, log scale, live) [0.0002]\n" in ask(
        "fish", "run dcgan --l"
    )
    assert {"--steps", "--seed", "--json"} <= {*values(ask("fish", "run count "))}, "nothing but options can follow"
    assert values(ask("fish", "runs --state f")) == ["finished", "failed"]
    assert values(ask("fish", "show ")) == ["last", "1121-1300-count-k3f"]
    assert values(ask("fish", "data verify scen")) == ["scenes15"]
    assert values(ask("fish", "cuts vgg16")) == ["vgg16", "vgg16_bn"]
    assert ask("bash", 'run class-image --model squeezenet1_1:random --target "bee e') == "bee eater\n"


@pytest.mark.parametrize("line", ["run nosuch --", "run nosuch ", "nos", "run count --nosuch", "run count --name x"])
def test_where_nothing_can_follow_nothing_is_said(ask, line):
    assert ask("bash", line).strip() == ""
    assert ask("zsh", line) == "compset -P '*[:=]'; _files\n"
    assert ask("fish", line).strip() == ""


def test_fish_is_told_whether_files_can_follow(ask):
    for line, files in (("run nosuch", 0), ("run count --nosuch", 0), ("picture last -o x", 1), ("show last -", 0)):
        assert ask("fish", line, "is-args") == ""
        assert ask.status == files, line


def test_it_answers_without_torch_numpy_and_rich_and_where_the_folder_is_gone(place):
    """A broken package of somebody else says nothing either."""
    broken = place / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[phosphene.experiments]\nbroken = broken:GONE\n")
    gone = place / "gone"
    gone.mkdir()
    script = """
import os, sys
os.rmdir(os.getcwd())
sys.argv = ["phosphene"]
import phosphene
phosphene.main()
sys.stdout.flush()
os.write(2, " ".join(name for name in ("torch", "numpy", "rich") if sys.modules.get(name)).encode())
"""
    asked = {completion.ASKED: "complete_bash", "COMP_CWORD": "4"}
    asked["COMP_WORDS"] = "phosphene\nrun\nprobe\n--dataset\nmnist-"
    environment = os.environ | asked | {"PYTHONPATH": f"{place}:{os.environ['PYTHONPATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=gone, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("mnist-m\n", "")
