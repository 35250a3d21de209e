"""Every writer of files where there is no room, at every 4 KB: an error with its number, and nothing half-written."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from functools import partial

import pytest
import torch

from engine.control.endings import outcome
from engine.drawing import paper
from engine.drawing.png import write_png
from engine.errors import DiskFull
from engine.plots import Heatmap, Lines
from engine.provenance import Origin, write_whole
from engine.record.files import write_atomically, write_json
from engine.record.plots import write_plot
from engine.record.tables import write_table
from engine.tensors import checkpoints
from engine.tensors.files import save_tensors
from tests.disks import limited

PIECE = 4096
NOISE = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(1))
LINES = Lines([1.0, 2.0], {"n": [1.0, 2.0]})
NUMBERS = Heatmap([[i / (j + 7) for j in range(30)] for i in range(30)], [*map(str, range(30))], [*map(str, range(30))])


def _checkpoint(path):
    linear = torch.nn.Linear(50, 50)
    checkpoints.save(path, 1, {"linear": linear}, {}, {}, torch.Generator())


WRITERS = {
    "picture.png": lambda path: write_atomically(path, lambda file: write_png(file, NOISE)),
    "plot.json": lambda path: write_plot(path, NUMBERS),
    "table.csv": lambda path: write_table(path, ["n", "square"], [[n, n * n] for n in range(2_000)]),
    "run.json": lambda path: write_json(path, {"numbers": list(range(3_000))}),
    "checkpoint.safetensors": lambda path: write_atomically(path, _checkpoint),
    "features.safetensors": lambda path: write_atomically(path, lambda file: save_tensors(file, {"values": NOISE})),
    "lines.svg": lambda path: write_whole(path, partial(paper.write, LINES), Origin(("k3f",))),
}


def check(path, write, size, number, room):
    """Write with room for less than the file needs, over nothing and over an older file; then with enough."""
    for less in range(0, size, PIECE):
        with pytest.raises((OSError, DiskFull)) as caught, room(less):
            write(path)
        error = caught.value
        cause = error.__cause__ if isinstance(error, DiskFull) else error
        assert getattr(cause, "errno", None) == number, (less, error)
        if number == errno.ENOSPC:
            assert "the disk is full" in (error.args[0] if isinstance(error, DiskFull) else outcome(error)[1])
        assert os.listdir(path.parent) == [], less


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_may_not_grow_is_an_error_with_its_number(tmp_path, name):
    path = tmp_path / "files" / name
    path.parent.mkdir()
    WRITERS[name](path)
    size = path.stat().st_size
    assert size > PIECE
    path.unlink()
    check(path, WRITERS[name], size, errno.EFBIG, limited)
    with limited(1 << 20):
        WRITERS[name](path)
    assert path.stat().st_size == size


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """Return a file system of 256 KB of its own."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]
    if (mount := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_told_as_one_whoever_writes(disk, tmp_path, name):
    folder, filler = disk / "files", disk / "filler"
    folder.mkdir(exist_ok=True)
    WRITERS[name](tmp_path / name)

    @contextlib.contextmanager
    def room(size):
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, (os.statvfs(disk).f_bavail * PIECE) - size)
        try:
            yield
        finally:
            filler.unlink()

    check(folder / name, WRITERS[name], (tmp_path / name).stat().st_size, errno.ENOSPC, room)


def test_an_error_of_safetensors_that_is_none_of_the_disk_stays_what_it_is(tmp_path):
    with pytest.raises(Exception, match="share memory") as caught:
        save_tensors(tmp_path / "x", {"a": NOISE, "b": NOISE})
    assert not isinstance(caught.value, OSError)
