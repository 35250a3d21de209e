"""Pictures in few pixels and in few colours."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from rich.color import Color, ColorSystem
from sklearn.datasets import load_sample_image

from engine.plots import Tiles
from tui.plots import scaling
from tui.plots.tiles import layout


def test_a_difference_does_not_average_to_grey():
    noise = np.where(np.indices((64, 64)).sum(axis=0) % 2, 127 + 30, 128 - 30).astype(np.uint8)
    noise[10, 20] = 255
    picture = Image.fromarray(np.stack([noise] * 3, axis=-1))
    small = np.asarray(scaling.scaled(picture, (8, 8)))
    assert (np.abs(small.astype(int) - 127) >= 29).all()
    assert small.max() == 255


@pytest.mark.parametrize("times", [1, 10])
def test_a_change_of_all_pixels_by_as_much_stays_noise_around_grey(times):
    signs = np.random.default_rng(0).choice([-1, 1], (224, 224, 3))
    own = np.random.default_rng(1).choice([0.9, 1.0], signs.shape)  # rounding, and clipping at black and white
    picture = Image.fromarray(np.clip(127.5 + times * 12 * signs * own, 0, 255).round().astype(np.uint8))
    small = np.asarray(scaling.scaled(picture, (40, 40))).astype(float) - 127.5
    assert abs(small.mean()) < 0.1 * np.abs(small).mean()
    assert np.abs(small).min() >= times * 10
    assert 0.45 < (small > 0).mean() < 0.55


def test_a_difference_that_is_enlarged_more_is_never_quieter():
    rough = np.random.default_rng(0).normal(0, 1.1, (224, 224, 3))
    loudness = []
    for times in (1, 3, 10, 30):
        picture = Image.fromarray(np.clip(127.5 + times * rough, 0, 255).round().astype(np.uint8))
        loudness.append(np.asarray(scaling.scaled(picture, (40, 40))).std())
    assert loudness == sorted(loudness)
    assert loudness[2] > 5 * loudness[0]


def test_a_photograph_of_a_grey_mean_is_averaged():
    china = load_sample_image("china.jpg").astype(float)
    picture = Image.fromarray(np.clip(china - china.mean(axis=(0, 1)) + 127.5, 0, 255).astype(np.uint8))
    assert np.abs(np.array(picture).mean(axis=(0, 1)) - 127.5).max() < 4
    averaged = np.asarray(picture.resize((40, 27), Image.Resampling.BOX))
    assert (np.asarray(scaling.scaled(picture, (40, 27))) == averaged).all()


def test_other_pictures_are_averaged_and_grow_in_whole_pixels():
    picture = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4).convert("RGB")
    small, large = (np.asarray(scaling.scaled(picture, (side, side))) for side in (4, 16))
    pixels = np.asarray(picture).astype(int)
    assert np.abs(small - pixels.reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))).max() <= 1
    assert (large[::2, ::2] == pixels).all()
    plain = Image.new("RGB", (8, 8), (127, 127, 127))
    assert (np.asarray(scaling.scaled(plain, (2, 2))) == 127).all()


def test_every_colour_of_a_terminal_of_256_is_sent_as_itself(monkeypatch):
    real, sent = scaling._palette()
    assert len(real) >= 235
    for colour, one in zip(real, sent, strict=True):
        number = Color.from_rgb(*one).downgrade(ColorSystem.EIGHT_BIT).number
        assert tuple(Color.from_ansi(number).get_truecolor()) == colour


@pytest.mark.parametrize("colour", [(92, 64, 40), (30, 24, 20), (140, 150, 160), (200, 170, 140)])
def test_a_photographs_colours_keep_their_hue_in_256(monkeypatch, colour):
    monkeypatch.setattr(scaling, "depth", lambda: "256")
    sent = np.asarray(scaling.shown(Image.new("RGB", (32, 32), colour)))
    numbers = [Color.from_rgb(*pixel).downgrade(ColorSystem.EIGHT_BIT).number for pixel in sent.reshape(-1, 3).tolist()]
    seen = np.array([Color.from_ansi(number).get_truecolor() for number in numbers]).mean(axis=0)
    assert np.abs(seen - colour).max() < 12
    monkeypatch.setattr(scaling, "depth", lambda: "truecolor")
    assert np.asarray(scaling.shown(Image.new("RGB", (2, 2), colour))).tolist() == [[[*colour]] * 2] * 2


@pytest.mark.parametrize(("width", "columns"), [(60, 3), (30, 1), (14, 1)])
def test_tiles_that_belong_beside_each_other_are_not_torn_apart(width, columns):
    tiles = Tiles([np.zeros((8, 8, 3), np.uint8)] * 6, [("photo",), ("saliency",), ("overlay",)] * 2, columns=3)
    assert layout(tiles, width, 40).columns == columns
