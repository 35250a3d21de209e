"""Data sets to adapt to and to draw: blended digits, MNIST-M, CelebA's layout, folders without classes."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from engine import DataUnavailable, catalogue, sources
from engine.control.resolving import resolved
from engine.datasets import digits_m, mnist_m, names
from engine.datasets.images import load
from engine.datasets.loading import load_splits
from engine.datasets.table import ATTRIBUTES
from engine.record.workspace import Workspace


def test_digits_m_lays_the_split_digits_on_patches_that_no_two_splits_share():
    plain, blended = load("digits", size=28, channels=3), load("digits-m", size=28, channels=3)
    assert [len(split) for split in blended] == [8_664, 708, 704]
    for part, own in zip(plain, blended, strict=True):
        times = len(own) // len(part)
        assert torch.equal(own.labels, part.labels.repeat(times))
        # Where there is no stroke, the patch is seen as it is: another one for each copy of a digit.
        empty = part.images[0] == 0
        assert empty.any()
        first, second = own.images[0][empty], own.images[len(part)][empty]
        assert not torch.equal(first, second)
    assert sum(b - a for a, b in zip(digits_m.BORDERS, digits_m.BORDERS[1:], strict=False)) == pytest.approx(1)
    again = digits_m.splits(28)
    assert torch.equal(again.test.images, blended.test.images)


def test_a_stroke_is_the_distance_from_its_patch():
    part = load("digits", size=28)[0][:3]
    generator = torch.Generator().manual_seed(5)
    images = digits_m.blended(part, 1, 0.0, 1.0, generator).images.int()
    generator.manual_seed(5)
    nothing = replace(part, images=torch.zeros_like(part.images))
    patches = digits_m.blended(nothing, 1, 0.0, 1.0, generator).images.int()
    assert ((patches - part.images.int()).abs() - images).abs().max() <= 1
    assert patches.max() <= round(255 * digits_m.PATCH)


def test_mnist_m_is_read_in_its_own_layout(real_mnist):
    if not (real_mnist / "MNIST-M").exists():
        pytest.skip("MNIST-M is needed: set PHOSPHENE_DATA to a folder with it")
    splits, plain = load("mnist-m", size=28, channels=3), load("mnist", size=28)
    assert len(splits.train) + len(splits.validation) >= 6_000
    assert splits.test.images.shape[1:] == (3, 28, 28)
    assert torch.equal(splits.train.labels[:3], plain.train.labels[:3])
    assert [check.state for check in sources.verify("mnist-m")] == ["whole"] * 4


@pytest.fixture
def blended_png(tmp_path, monkeypatch):
    """Write a tiny MNIST-M, and return its folder."""
    folder = tmp_path / "data" / "MNIST-M"
    for part, count in (("train", 40), ("test", 10)):
        (folder / f"mnist_m_{part}").mkdir(parents=True)
        names = [f"{index:08d}.png" for index in range(count)]
        for index, name in enumerate(names):
            Image.new("RGB", (32, 32), (index, 0, 0)).save(folder / f"mnist_m_{part}" / name)
        lines = "".join(f"{name} {index % 10}\n" for index, name in enumerate(names))
        (folder / f"mnist_m_{part}_labels.txt").write_text(lines)
    monkeypatch.setenv("PHOSPHENE_DATA", str(folder.parent))
    return folder


def test_mnist_m_holds_out_a_tenth_and_names_what_is_wrong(blended_png):
    splits = load("mnist-m", size=32, channels=None)
    assert [len(split) for split in splits] == [36, 4, 10]
    assert splits.validation.images[:, 0, 0, 0].tolist() == [36, 37, 38, 39]
    (blended_png / "mnist_m_train/00000003.png").write_bytes(b"no image")
    with pytest.raises(DataUnavailable, match=r"00000003\.png cannot be read"):
        load("mnist-m", size=32)
    (blended_png / "mnist_m_train/00000003.png").unlink()
    with pytest.raises(DataUnavailable, match=r"00000003\.png cannot be read"):
        load("mnist-m", size=32)
    Image.new("RGB", (31, 32)).save(blended_png / "mnist_m_train/00000003.png")
    with pytest.raises(DataUnavailable, match="32x32"):
        load("mnist-m", size=32)
    Image.new("RGB", (32, 32)).save(blended_png / "mnist_m_train/00000003.png")
    labels = blended_png / "mnist_m_test_labels.txt"
    for third in ("00000002.png x", "00000002.png", "../mnist_m_train/00000002.png 2", "00000000.png 5"):
        labels.write_text(f"00000000.png 0\n00000001.png 1\n{third}\n")
        with pytest.raises(DataUnavailable, match=r"line 3 of .* is not like"):
            load("mnist-m", size=32)
    labels.write_text("00000000.png 0\n")
    with pytest.raises(DataUnavailable, match="names 1 images: at least 10"):
        load("mnist-m", size=32)
    (blended_png / "mnist_m_train_labels.txt").unlink()
    with pytest.raises(DataUnavailable, match="phosphene data fetch mnist-m"):
        sources.require_present("mnist-m")


def test_a_folder_with_a_loop_in_it_is_listed_without_it(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for index in range(5):
            Image.new("RGB", (8, 8)).save(tmp_path / name / f"{index}.png")
    (tmp_path / "one/loop.png").symlink_to("loop.png")
    (tmp_path / "round").symlink_to("round")
    assert len(sources.tree_of(names.parse(f"folder:{tmp_path}")).train) == 8


@pytest.mark.parametrize("size", [32, pytest.param(64, marks=pytest.mark.slow)])
def test_digits_m_come_in_any_size(size):
    assert digits_m.splits(size).test.images.shape == (704, 3, size, size)


@pytest.mark.parametrize("images", [5, 11])
def test_of_few_photographs_one_is_held_out(tmp_path, context_of, images):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for index in range(images):
            Image.new("RGB", (40, 40), (index, 0, 0)).save(tmp_path / name / f"{index}.png")
    splits = load_splits(f"folder:{tmp_path}", 32, 3, context_of("dcgan")[0])
    assert len(splits.validation) >= 1
    assert set(splits.train.labels.tolist()) == {0, 1}


def test_mnist_m_is_unpacked_where_it_belongs(tmp_path, monkeypatch):
    (tmp_path / "MNIST-M").mkdir()
    (tmp_path / "MNIST-M/mine.png").touch()
    archive = tmp_path / "mnist_m.tar.gz"
    with tarfile.open(archive, "w:gz") as content:
        for name in ("mnist_m_train/00000000.png", "mnist_m_train_labels.txt"):
            entry = tarfile.TarInfo(f"mnist_m/{name}")
            entry.size = 4
            content.addfile(entry, io.BytesIO(b"here"))
    monkeypatch.setattr("engine.datasets.download.download", lambda url, path, md5: archive)
    mnist_m.fetch(tmp_path)
    assert (tmp_path / "MNIST-M/mnist_m_train/00000000.png").read_bytes() == b"here"
    assert not archive.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["MNIST-M", "MNIST-M.1"]
    assert (tmp_path / "MNIST-M.1/mine.png").exists(), "nothing is thrown away"


@pytest.fixture
def celeba(tmp_path, monkeypatch):
    """Write faces in CelebA's layout: every third is for the test, the even ones smile, the fourth wears glasses."""
    folder = tmp_path / "data" / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    rows, parts = [], []
    for index in range(1, 31):
        name = f"{index:06d}.jpg"
        Image.new("RGB", (178, 218), (8 * index, 100, 0)).save(folder / "img_align_celeba" / name)
        values = ["-1"] * len(ATTRIBUTES)
        values[31] = "1" if index % 2 == 0 else "-1"
        values[15] = "1" if index in {4, 6} else "-1"
        rows.append(f"{name}  {' '.join(values)}")
        parts.append(f"{name} {2 if index % 3 == 0 else 0}")
    missing = f"999999.jpg {' '.join(['1'] * len(ATTRIBUTES))}"
    lines = [str(len(rows)), " ".join(ATTRIBUTES), *rows, missing]
    (folder / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    (folder / "list_eval_partition.txt").write_text("\n".join(parts) + "\n")
    monkeypatch.setenv("PHOSPHENE_DATA", str(folder.parent))
    return folder


def test_celeba_gives_two_classes_by_an_attribute_and_its_own_split(celeba, context_of):
    splits = load_splits("celeba:smiling", 32, 3, context_of("dcgan")[0])
    assert splits.train.classes == ("not Smiling", "Smiling")
    assert [len(split) for split in splits] == [18, 2, 10]
    assert splits.test.images.shape[1:] == (3, 32, 32)
    # The red value of a face is eight times its number, which tells whether it smiles.
    numbers = splits.test.images[:, 0, 16, 16].float().div(8).round().long()
    assert numbers.tolist() == list(range(3, 31, 3))
    assert splits.test.labels.tolist() == [int(number % 2 == 0) for number in numbers]


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("celeba", ("not Smiling", "Smiling")),
        ("celeba:31", ("not Smiling", "Smiling")),
        ("celeba:15", ("not Eyeglasses", "Eyeglasses")),
        ("celeba:wearing hat", ("not Wearing_Hat", "Wearing_Hat")),
    ],
)
def test_attributes_go_by_name_in_any_spelling_or_by_number(name, classes):
    assert sources.classes_of(names.check(name)) == classes


@pytest.mark.parametrize(("name", "says"), [("celeba:40", "no attribute '40'"), ("celeba:smilling", "mean Smiling")])
def test_an_attribute_that_is_none_is_refused(name, says):
    with pytest.raises(ValueError, match=says):
        names.check(name)


def test_celeba_that_is_not_there_is_explained(tmp_path, monkeypatch, celeba):
    (celeba / "list_attr_celeba.txt").write_text("3\nSmiling Bald\nx")
    with pytest.raises(DataUnavailable, match="is not CelebA's"):
        sources.tree_of(names.parse("celeba"))
    monkeypatch.setenv("PHOSPHENE_DATA", str(tmp_path / "nothing"))
    with pytest.raises(DataUnavailable, match=r"put img_align_celeba, list_attr_celeba.txt, .* into .*nothing/celeba"):
        sources.require_present("celeba:Bald")


def test_a_folder_of_images_without_classes_can_be_drawn_but_not_told_apart(tmp_path, context_of, play):
    folder = tmp_path / "flowers"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for index in range(20):
        Image.fromarray(generator.integers(0, 255, (40, 50, 3), np.uint8)).save(folder / f"{index}.png")
    (folder / "broken.png").write_bytes(b"none")
    splits = load_splits(f"folder:{folder}", 32, 1, context_of("dcgan")[0])
    assert sum(map(len, splits)) == 20
    assert splits.train.classes == ("flowers",)
    named = {"dataset": f"folder:{folder}"}
    assert resolved(Workspace(tmp_path), catalogue.experiment("dcgan").validate(named))[0].dataset == named["dataset"]
    with pytest.raises(DataUnavailable, match="21 images but no folders"):
        resolved(Workspace(tmp_path), catalogue.experiment("cdcgan").validate(named))
    with pytest.raises(DataUnavailable, match="21 images but no folders"):
        sources.require_present(f"folder:{folder}")
    values = {"steps": 2, "batch": 8, "ngf": 2, "ndf": 2, "channels": "3", "size": "64"}
    played = play("dcgan", values | {"dataset": f"folder:{folder}"})
    assert any("at least two classes" in text for text in played.messages)
    assert any("broken.png" in text for text in played.messages)
