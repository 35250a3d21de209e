"""Pictures beside and against each other: what a sheet and a difference show, and where they are written."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from engine import PhospheneError, gallery
from engine.provenance import free


@pytest.fixture
def still(tmp_path):
    """Return a picture of one colour: ``still(value, step, size)``."""

    def make(value: int, step: int = 1, size: tuple[int, int] = (4, 3), caption: str = "") -> gallery.Still:
        file = tmp_path / f"{value}-{step}.png"
        Image.new("L", size, value).save(file)
        return gallery.Still("1122-0831-saliency-k3f", "side by side", step, file, caption)

    return make


def test_a_difference_is_grey_where_there_is_none_and_louder_on_demand(still):
    difference = np.asarray(gallery.Difference(still(100), still(103), 10).image())
    assert difference.shape == (3, 4, 3)
    assert (difference == round(127.5 + 30)).all()
    assert (np.asarray(gallery.Difference(still(9), still(9, 2), 30).image()) == 128).all()
    assert (np.asarray(gallery.Difference(still(200), still(10), 3).image()) == 0).all()


def test_a_difference_is_named_by_what_tells_the_two_apart(still):
    first, second = still(1), still(2, 7)
    assert gallery.Difference(first, second).title == "side by side, step 7 - step 1, x1"
    other = replace(first, name="original", step=7)
    assert gallery.Difference(other, second, 3).title == "side by side - original, step 7, x3"
    title = gallery.Difference(replace(first, run="1122-0832-saliency-9qd"), second).title
    assert title == "side by side, step 7 of k3f - side by side, step 1 of 9qd, x1"


def test_a_picture_is_meant_to_be_compared_with_what_it_was_made_from_or_with_the_step_before(still):
    steps = {step: still(step, step) for step in (1, 5, 9)}
    album = {"side by side": steps, "original": {}, "adversarial": {}}
    assert gallery.counterpart(album, steps[9]) == steps[5]
    assert gallery.counterpart(album, steps[1]) is None
    changed = replace(steps[5], name="adversarial")
    assert gallery.counterpart(album, changed) is None
    original = album["original"][5] = replace(steps[5], name="original")
    assert gallery.counterpart(album, changed) == original
    assert gallery.counterpart(album, original) is None


def test_captions_stand_under_the_pictures_of_a_sheet(still):
    sheet = np.asarray(gallery.Sheet((still(0, 1, (40, 40)), still(0, 2, (40, 40)))).image()).min(axis=2)
    black = np.flatnonzero((sheet == 0).sum(axis=1) > 100)
    assert (sheet[: black[0]] == 248).all()
    assert (sheet[black[-1] + 2 :] < 100).any()


def test_pictures_of_other_sizes_are_compared_at_the_first_ones(still):
    assert gallery.Difference(still(1), still(2, size=(9, 9))).image().size == (4, 3)


def test_a_sheet_shows_every_picture_and_leaves_those_blank_that_are_gone(still):
    stills = tuple(still(value, step) for step, value in enumerate((0, 60, 120, 180, 240), start=1))
    stills[2].file.unlink()
    sheet = np.asarray(gallery.Sheet(stills).image())
    shades = {int(value) for value in np.unique(sheet[:, :, 0])}
    assert {0, 60, 180, 240} <= shades
    assert 120 not in {int(v) for v, n in zip(*np.unique(sheet[:, :, 0], return_counts=True), strict=True) if n > 500}
    for one in stills:
        one.file.unlink(missing_ok=True)
    with pytest.raises(OSError, match="no picture"):
        gallery.Sheet(stills).image()


def test_a_sheet_holds_as_many_as_can_be_looked_at(still):
    many = tuple(still(7, step) for step in range(1, gallery.MOST + 50))
    few = gallery.Sheet(many[-gallery.MOST :]).image().size
    assert gallery.Sheet(many).image().size == few


@pytest.mark.parametrize("ending", ["gif", "mp4"])
def test_an_animation_shows_every_picture_in_turn_and_the_last_for_longer(still, tmp_path, ending):
    stills = [still(value, step, (33, 20)) for step, value in enumerate((0, 120, 240), start=1)]
    path = tmp_path / f"x.{ending}"
    gallery.animate(stills, path, seconds=0.5)
    if ending == "gif":
        with Image.open(path) as animation:
            shown = []
            for frame in range(animation.n_frames):
                animation.seek(frame)
                shown.append((animation.convert("L").getpixel((5, 5)), animation.info["duration"]))
            assert animation.size == (298, 180)
        assert [duration for _, duration in shown] == [500, 500, 2_000]
    else:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
        decoded = subprocess.run(command, capture_output=True, check=True).stdout
        frames = [frame[5, 5] for frame in np.frombuffer(decoded, np.uint8).reshape(-1, 180, 298)]
        shown = [(int(frames[0]), 0), (int(frames[1]), 0), (int(frames[-1]), 0)]
        assert len(frames) == 2 + 1 + 4
    assert [value for value, _ in shown] == pytest.approx([0, 120, 240], abs=6)


def test_an_animation_of_nothing_and_video_without_its_library_are_refused(still, tmp_path, monkeypatch):
    gone = still(1)
    gone.file.unlink()
    with pytest.raises(PhospheneError, match="no picture"):
        gallery.animate([gone], tmp_path / "x.gif")
    with pytest.raises(OSError, match="No such file"):
        gallery.animate([still(2)], tmp_path / "nowhere/x.mp4")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(PhospheneError, match=r"let the file end in \.gif"):
        gallery.animate([still(2)], tmp_path / "x.mp4")
    with pytest.raises(PhospheneError, match=r"ends in \.gif or \.mp4, and x\.png does not"):
        gallery.animate([still(2)], tmp_path / "x.png")
    assert not list(tmp_path.glob("x.*"))


def test_pictures_of_several_runs_stand_beside_each_other_in_their_own_size(still):
    large = still(9, 1, (342, 172))
    sheet = gallery.Sheet((large, replace(large, run="1122-0831-dcgan-abc")), side=gallery.ANIMATED)
    width, height = sheet.image().size
    assert width >= 342
    assert height >= 2 * 172
    assert gallery.file_name(sheet) == "k3f-side-by-side-beside.png"


def test_names_of_files_say_what_they_hold_and_never_take_another_files_place(still, tmp_path):
    first, second = still(1, 3), still(2, 7)
    assert gallery.file_name(second) == "k3f-side-by-side-7.png"
    assert gallery.file_name(gallery.Sheet((first, second))) == "k3f-side-by-side-all.png"
    assert gallery.file_name(gallery.Difference(first, second, 3)) == "k3f-side-by-side-7-difference.png"
    wanted = tmp_path / "x.png"
    assert free(wanted) == wanted
    wanted.touch()
    (tmp_path / "x-2.png").touch()
    assert free(wanted) == tmp_path / "x-3.png"
