"""Photographs much larger than needed are decoded at a smaller scale: which, how far that goes, who is told."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from engine.datasets import decoding, photographs
from engine.datasets.decoding import decoded, decoded_at
from engine.datasets.photographs import SCALE, Photographs, Preprocessing, open_image

TO_32 = Preprocessing(32, resize=36)


@pytest.fixture(scope="module")
def china() -> Image.Image:
    """A photograph of 640x427 pixels."""
    return Image.fromarray(load_sample_image("china.jpg"))


def some(files) -> Photographs:
    labels = torch.arange(len(files)) % 2
    return Photographs(labels, ("a", "b"), tuple(path.name for path in files), tuple(files))


@pytest.mark.parametrize(
    ("enough", "size"),
    [(0, (640, 427)), (214, (640, 427)), (213, (320, 214)), (107, (320, 214)), (106, (160, 107)), (20, (80, 54))],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_is_enough(tmp_path, china, enough, size):
    china.save(tmp_path / "x.jpg")
    image = open_image(tmp_path / "x.jpg", enough=enough)
    assert image.size == size
    assert (SCALE in image.info) == (size != china.size)


def test_other_formats_and_photographs_that_are_not_much_larger_are_decoded_whole(tmp_path, china):
    small = china.resize((143, 160))  # just below four times 36
    for name, image in (("small.jpg", small), ("large.png", china)):
        image.save(tmp_path / name)
        (batch,) = decoded(some([tmp_path / name]), TO_32, 4)
        assert torch.equal(batch.pixels[0], TO_32.pixels(open_image(tmp_path / name)))
        assert batch.scaled == 0


@pytest.mark.parametrize("preprocessing", [TO_32, replace(TO_32, resize=0), replace(TO_32, channels=1)])
def test_pixels_of_a_smaller_scale_are_nearly_those_of_the_whole(tmp_path, china, preprocessing):
    china.save(tmp_path / "x.jpg", quality=92)
    (batch,) = decoded(some([tmp_path / "x.jpg"]), preprocessing, 4)
    whole = preprocessing.pixels(open_image(tmp_path / "x.jpg"))
    apart = (batch.pixels[0].float() - whole.float()).abs()
    assert batch.scaled == 1
    assert 0 < apart.mean() < 1.5
    assert apart.max() < 16


def test_a_photograph_of_smaller_scale_is_held_upright_too(tmp_path, china):
    exif = Image.Exif()
    exif[0x0112] = 6
    china.save(tmp_path / "x.jpg", exif=exif)
    image = open_image(tmp_path / "x.jpg", enough=72)
    assert image.size == (107, 160)
    assert SCALE in image.info
    assert open_image(tmp_path / "x.jpg", enough=72, upright=False).size == (160, 107)


def test_the_record_says_how_many_were_decoded_at_a_smaller_scale(tmp_path, china, play):
    for index in range(20):
        size = (640, 427) if index % 4 else (64, 48)
        path = tmp_path / "photos" / "ab"[index % 2] / f"{index}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        china.rotate(index).resize(size).save(path)
    values = {"dataset": f"folder:{tmp_path / 'photos'}", "model": "cnn:random", "cut": "flatten", "baselines": False}
    for _ in range(2):  # the second time from features that were kept
        told = [text for text in play("probe", values).messages if "of their size" in text]
        counts = [tuple(map(int, re.findall(r"\d+", text)[:2])) for text in told]
        assert [sum(column) for column in zip(*counts, strict=True)] == [15, 20]
    own = {key: values[key] for key in ("dataset", "model")}
    for name, more in (("finetune", {"validation": 0.2, "epochs": 1}), ("filter-statistics", {"part": "train"})):
        assert any("of their size" in text for text in play(name, own | more).messages)


def test_batches_come_in_order_whatever_each_image_takes(tmp_path, monkeypatch):
    for index in range(30):
        size = (20 + index * 7 % 90, 20)
        Image.new("RGB", size, (index * 8,) * 3).save(tmp_path / f"{index:02d}.png")
    (tmp_path / "07.png").write_text("broken")
    monkeypatch.setattr(decoding, "FEWEST_THREADS", 5)
    part = some(sorted(tmp_path.glob("*.png")))
    batches = [torch.tensor([3, 7, 1]), torch.tensor([29]), torch.tensor([7]), torch.arange(30)]
    for wanted, batch in zip(batches, decoded_at(part, TO_32, batches), strict=True):
        assert batch.indices.tolist() == [index for index in wanted.tolist() if index != 7]
        assert batch.pixels.shape == (len(batch.indices), 3, 32, 32)
        assert batch.pixels[:, 0, 5, 5].tolist() == [index * 8 for index in batch.indices.tolist()]
        assert len(batch.broken) == (7 in wanted.tolist())
    assert list(decoded_at(part, TO_32, [])) == []


def test_an_image_is_decoded_as_pillow_does_it_whatever_is_not_copied(tmp_path, china):
    for mode in ("L", "RGB"):
        china.convert(mode).save(tmp_path / "x.jpg")
        for upright in (True, False):
            image = open_image(tmp_path / "x.jpg", upright=upright)
            assert image.mode == mode
            assert np.array_equal(np.asarray(image), np.asarray(Image.open(tmp_path / "x.jpg")))
            assert photographs.Preprocessing(9).pixels(image).shape == (3, 9, 9)
