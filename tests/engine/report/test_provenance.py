"""A file says where it came from, in every format, whatever the names are; what was written by others says nothing."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from functools import partial

import pytest
from PIL import Image

from engine import (
    Chart,
    DiskFull,
    Line,
    Origin,
    PhospheneError,
    Style,
    Workspace,
    gallery,
    overlay,
    paper,
    provenance,
    whence,
)
from engine.plots import Bars
from tests.engine.report.conftest import NASTY, png

PLOT = Bars(["a", "b"], [1.0, 2.0])
CHART = Chart((Line("a", Style(0, 0), [1, 2], [3, 4]),), "step", "train/loss")
ORIGIN = Origin.of(["1122-0831-cnn-k3f", NASTY], "picture", "last", NASTY)
WRITERS = {
    "a.png": partial(paper.write, PLOT),
    "a.PNG": partial(paper.write, PLOT),
    "a": partial(paper.write, PLOT),
    "a.svg": partial(paper.write, PLOT),
    "a.pdf": partial(paper.write, PLOT),
    "chart.pdf": partial(overlay.write, CHART),
    "picture.png": lambda path, origin: origin.save(Image.new("RGB", (3, 2)), path),
    "a.csv": provenance.text("a,b\n1,2\n"),
    "a.gif": lambda path, _: Image.new("RGB", (3, 2)).save(path, format="GIF"),
    "forgotten.png": lambda path, _: path.write_bytes(png("red")),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_file_says_where_it_came_from_with_the_same_bytes_each_time(tmp_path, name):
    paths = [tmp_path / folder / name for folder in ("first", "again")]
    for path in paths:
        path.parent.mkdir()
        provenance.write_whole(path, WRITERS[name], ORIGIN)
        found = provenance.found(path)
        assert found.origin == ORIGIN
        inside = name.startswith(("a.p", "a.P", "a.s", "chart", "picture")) or name == "a"
        assert (found.place == path, provenance.sidecar(path).exists()) == (inside, not inside)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    # A file written over it without its origin takes that of the earlier one away, and the other way round.
    provenance.write_whole(paths[0], WRITERS["a.csv"], Origin(("later",)))
    assert provenance.found(paths[0]).origin.runs == ("later",)
    provenance.write_whole(paths[0], WRITERS["picture.png"], ORIGIN)
    assert provenance.found(paths[0]).origin == ORIGIN
    assert not provenance.sidecar(paths[0]).exists()


def test_pictures_can_be_opened_by_others_and_hold_it_as_text(tmp_path):
    for name in ("a.png", "picture.png"):
        provenance.write_whole(tmp_path / name, WRITERS[name], ORIGIN)
        with Image.open(tmp_path / name) as picture:
            picture.load()
            assert Origin.from_json(json.loads(picture.text["phosphene"])) == ORIGIN
    assert b"<script>" not in _svg(tmp_path)


def _svg(folder) -> bytes:
    provenance.write_whole(folder / "a.svg", WRITERS["a.svg"], ORIGIN)
    return (folder / "a.svg").read_bytes()


def test_nothing_is_left_of_a_file_that_cannot_be_finished(tmp_path):
    def half(path, _):
        path.write_bytes(b"half")
        raise OSError(5, "no more")

    with pytest.raises(OSError, match="no more"):
        provenance.write_whole(tmp_path / "x.csv", half, ORIGIN)
    assert [*tmp_path.iterdir()] == []


FOREIGN = [b"", png("red"), png("red")[:40], b"%PDF /Subject (\\)", b"%PDF /Subject ({})", b"<svg><dc:source>[1]"]


@pytest.mark.parametrize("content", FOREIGN)
def test_what_others_wrote_says_nothing_and_is_one_sentence(tmp_path, home, content):
    (tmp_path / "x").write_bytes(content)
    (tmp_path / "x.source.json").write_text('{"runs": 3')
    assert provenance.found(tmp_path / "x") is None
    with pytest.raises(PhospheneError, match="does not say where it came from"):
        whence(tmp_path / "x", Workspace(home))
    with pytest.raises(PhospheneError, match="there is no file"):
        whence(tmp_path / "y", Workspace(home))


def test_it_is_said_whether_the_runs_are_still_there(resumed, write, home, tmp_path):
    workspace, other = Workspace(home), write("abc", [[]])
    workspace.remove(other)
    provenance.write_whole(tmp_path / "t.csv", provenance.text("1"), Origin((resumed.id, other.id, "never")))
    found = whence(tmp_path / "t.csv", workspace)
    assert found.runs == {resumed.id: "finished", other.id: "removed", "never": "gone"}
    assert not found.changed
    (tmp_path / "t.csv").write_text("2")
    assert whence(tmp_path / "t.csv", workspace).changed
    # What lies in a folder that was exported, or in the folder of a run.
    (tmp_path / "tb/x").mkdir(parents=True)
    (tmp_path / "tb/x/events").touch()
    Origin(("k3f",)).write_beside(tmp_path / "tb")
    assert whence(tmp_path / "tb/x/events", workspace).origin.runs == ("k3f",)
    own = whence(resumed.path / "images/x.png", workspace)
    assert (own.origin.runs, own.place) == ((resumed.id,), resumed.path)
    assert re.match(r"phosphene run count --lr 0\.1 --note ", own.origin.command)


def test_the_command_of_a_shot_is_the_one_that_writes_it():
    def kept(run, step, name="samples"):
        return gallery.Still(run, name, step, None)

    one, two, other = kept("a-k3f", 1), kept("a-k3f", 2), kept("a-abc", 2)
    for shot, command in (
        (one, "picture a-k3f samples --step 1"),
        (gallery.Sheet((one, two)), "picture a-k3f samples --grid"),
        (gallery.Sheet((two, other)), "picture a-k3f samples --step 2 --beside a-abc"),
        (gallery.Difference(other, two, 3), "picture a-k3f samples --step 2 --against a-abc/samples --times 3"),
        (gallery.Difference(kept("a-k3f", 2, "b"), two), "picture a-k3f samples --step 2 --against b --times 1"),
    ):
        assert gallery.origin_of(shot).command == f"phosphene {command}"
    assert gallery.origin_of(gallery.Sheet((one, two)), animated=True).command.endswith("samples --animation")
    # Shots that no command writes name their runs all the same.
    assert gallery.origin_of(gallery.Difference(one, two)) == Origin(("a-k3f",))
    assert gallery.origin_of(gallery.Sheet((one, other))) == Origin(("a-k3f", "a-abc"))
    ours, theirs = (gallery.Plotted(run, "confusion", 2, None) for run in ("a-k3f", "a-abc"))
    assert gallery.origin_of(gallery.Sheet((ours, theirs))).command
    less = type("Less", (gallery.Plotted,), {})("a-abc", "confusion", 2, None)
    assert gallery.origin_of(gallery.Sheet((ours, less))).command == "", "no command writes a difference beside another"


def half(path, _):
    """Write a part of a file, and fail as a full disk does."""
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "no room")


def test_a_file_that_cannot_be_written_leaves_the_one_that_was_there(tmp_path):
    path = tmp_path / "a.pdf"
    for before in (None, b"precious"):
        if before:
            path.write_bytes(before)
        with pytest.raises(DiskFull, match=r"a.pdf cannot be written"):
            provenance.write_whole(path, half, ORIGIN)
        assert [file.read_bytes() for file in tmp_path.iterdir()] == ([before] if before else [])


def test_a_file_whose_origin_cannot_be_written_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("precious")
    monkeypatch.setattr("engine.provenance.write_json", lambda *_: half(tmp_path / "b", None))
    with pytest.raises(DiskFull):
        provenance.write_whole(path, provenance.text("other"), ORIGIN)
    assert path.read_text() == "precious"


def test_what_belongs_to_a_file_comes_beside_it(tmp_path):
    def write(path, _):
        path.write_text(f"[{path.stem}-figures]")
        (path.parent / f"{path.stem}-figures").mkdir()
        (path.parent / f"{path.stem}-figures" / "1.svg").write_text("new")

    (tmp_path / "r-figures").mkdir()
    (tmp_path / "r-figures" / "own.txt").write_text("mine")
    for _ in range(2):
        provenance.write_whole(tmp_path / "r.md", write, ORIGIN)
    assert (tmp_path / "r.md").read_text() == "[r-figures]"
    found = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert found == {"r.md", provenance.sidecar(tmp_path / "r.md").name, "r-figures/1.svg", "r-figures/own.txt"}


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    link, path = tmp_path / "link.csv", tmp_path / "there.csv"
    link.symlink_to("nowhere/there.csv")
    with pytest.raises(FileNotFoundError):
        provenance.write_whole(link, WRITERS["a.csv"], ORIGIN)
    assert link.is_symlink()
    link.unlink()
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path.name)
    provenance.write_whole(link, WRITERS["a.csv"], ORIGIN)
    assert link.is_symlink()
    assert path.read_text() == "a,b\n1,2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_a_link_leads_to_tells_its_origin_too(tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    provenance.write_whole(target, provenance.text("1"), Origin(("a-1",)))
    link.symlink_to(target)
    provenance.write_whole(link, provenance.text("2"), ORIGIN)
    for path in (link, target):
        found = provenance.found(path)
        assert (found.origin, found.changed) == (ORIGIN, False)


def test_a_folder_is_not_replaced_and_gets_no_origin(tmp_path):
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(PhospheneError, match="is no file"):
        provenance.write_whole(tmp_path / "d.csv", provenance.text("1"), ORIGIN)
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


def test_a_pipe_says_nothing_of_where_it_came_from(tmp_path, home):
    os.mkfifo(tmp_path / "p.pdf")
    with pytest.raises(PhospheneError, match=r"p\.pdf is no file"):
        whence(tmp_path / "p.pdf", Workspace(home))


def test_a_pipe_is_not_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(PhospheneError, match=r"pipe.csv is no file"):
        provenance.write_whole(tmp_path / "pipe.csv", WRITERS["a.csv"], ORIGIN)
