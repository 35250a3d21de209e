"""Paths from the disk are offered as they were begun: with ``~``, after ``folder:``, folders with a slash."""

from __future__ import annotations

import pytest

from engine import path_completions


@pytest.fixture
def place(tmp_path, monkeypatch):
    for folder in ("photos/cats", "photos/Cars", "photos/.thumbnails"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "photos/cat.png").touch()
    (tmp_path / "photos/ca\n.png").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("~", ("~/",)),
        ("~/ph", ("~/photos/",)),
        ("./photos/ca", ("./photos/Cars/", "./photos/ca\\x0a.png", "./photos/cat.png", "./photos/cats/")),
        ("folder:photos/", ("folder:photos/Cars/", "folder:photos/cats/")),
        ("folder:photos/.", ("folder:photos/.thumbnails/",)),
        ("photos/cat.", ("photos/cat.png",)),
        ("digits:test/0", ()),
        ("vgg16:~/photos/cat.", ("vgg16:~/photos/cat.png",)),
        ("folder:nowhere/", ()),
        ("photos/", ("photos/Cars/", "photos/ca\\x0a.png", "photos/cat.png", "photos/cats/")),
        ("train/loss", ()),
        ("digits:test/0-15", ()),
        ("", ()),
    ],
)
def test_offers_what_begins_like_the_text(place, begun, offered):
    assert path_completions(begun) == offered
