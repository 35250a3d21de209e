"""Folders as people have them: which files are read, which are passed over by name, and what is refused as a whole."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine import DataUnavailable
from engine.datasets import named_images, photographs, trees
from engine.datasets.listing import NAMED, endings, listing
from engine.datasets.photographs import Preprocessing, UnreadableImage, open_image
from engine.datasets.references import unlike
from engine.datasets.table import SCENES
from engine.paths import apart, in_code_points, path_of, text_of

COMPOSED, DECOMPOSED, LATIN_1 = "caf\u00e9", "cafe\u0301", os.fsdecode(b"caf\xe9")
FOLDERS = ("train", "Train", "training", "test", "Test", "val", "validation", "cats", "dogs", "car", "originals")
ODD = ("@eaDir", "__MACOSX", ".ipynb_checkpoints", COMPOSED, DECOMPOSED, LATIN_1, "a, b")
IMAGES = ("1.jpg", "2.JFIF", "3.jpe", "4.webp", "5.png", "x,y.gif", "line\nfeed.bmp", os.fsdecode(b"\xe9.png"))
OTHERS = (".6.jpg", "7.heic", "8.txt", "Thumbs.db", ".DS_Store", "9")
WOULD_BE_IMAGES = frozenset((".jpg", ".jfif", ".jpe", ".webp", ".png", ".gif", ".bmp"))


def fill(folder: Path, files) -> Path:
    """Make empty files: nothing is opened while a folder is read."""
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def several(place: str, count: int = 6, ending: str = ".jpg") -> list[str]:
    return [f"{place}/{number}{ending}" for number in range(count)]


def refusal(folder: Path, fewest: int = 2) -> str:
    with pytest.raises(DataUnavailable) as caught:
        trees.read(folder, fewest)
    sentence = str(caught.value)
    assert "\n" not in sentence
    sentence.encode()
    return sentence


def taken(tree) -> list[Path]:
    return [path for path, _ in (*tree.train, *tree.test)]


# -- nothing is lost ----------------------------------------------------------------------------------------------


inner = st.lists(st.sampled_from(FOLDERS + ODD), max_size=3)
files = st.tuples(inner, st.sampled_from(IMAGES + OTHERS)).map(lambda parts: "/".join((*parts[0], parts[1])))
# Class folders that are full, beside whatever else there is, so that many of the trees are data sets.
full = st.lists(st.sampled_from(FOLDERS[-4:] + ODD[3:]), max_size=3).map(
    lambda names: [file for name in names for file in several(name)]
)


@settings(max_examples=40)
@given(st.lists(files, max_size=15), full, st.sampled_from((1, 2)))
@example(["originals/1.jpg", "1.jpg"], [], 1)
@example([], [*several("train/cats"), *several("train/dogs"), *several("Test/cats"), *several("val/dogs", 1)], 2)
@example([], [*several("car"), *several("train"), *several("@eaDir/car", NAMED + 2)], 2)
@example(["@eaDir/7.heic"], [], 1)
@example([], [*several(COMPOSED), *several(DECOMPOSED), *several(LATIN_1)], 1)
def test_every_image_in_a_folder_is_taken_or_named_or_the_folder_is_refused(some, filled, fewest):
    with tempfile.TemporaryDirectory() as temporary:
        folder = fill(Path(temporary), [*some, *filled])
        there = {Path(place, name) for place, _, names in os.walk(folder) for name in names}
        images = {path for path in there if path.suffix.lower() in WOULD_BE_IMAGES}
        found = listing(folder)
        passed = [path for path, _ in found.passed]
        assert set(Counter([*found.images, *passed]).values()) <= {1}
        assert images <= {*found.images, *passed} <= there
        told = " ".join(found.notes())
        for _, names in Counter(why for _, why in found.passed).items():
            assert f"{names:,} (" in told
        try:
            tree = trees.read(folder, fewest)
        except DataUnavailable:
            refusal(folder, fewest)
            assert not found.images or named_images.find(str(folder))
            return
        assert sorted(taken(tree)) == sorted(found.images)
        assert set(found.notes()) <= set(tree.notes)
        assert len(set(tree.classes)) == len(tree.classes) >= fewest
        for path, label in (*tree.train, *tree.test):
            around = [text_of(part) for part in path.parent.parts]
            assert tree.classes[label] in {*around, *map(in_code_points, around)}
        named = named_images.find(str(folder))
        assert sorted(image.name for image in named) == sorted(text_of(p.relative_to(folder)) for p in taken(tree))
        " ".join((*tree.notes, *tree.classes, *map(tree.name_of, taken(tree)))).encode()


def test_what_is_passed_over_is_counted_and_the_first_are_named(tmp_path):
    fill(tmp_path, [*several("a"), *several("b"), *several("b", 30, ".heic"), "a/.7.jpg", "empty/x.txt"])
    notes = trees.read(tmp_path).notes
    assert any("hidden: 1 (a/.7.jpg)" in note for note in notes)
    assert any("31 (b/0.heic, " in note and " and 11 more)" in note for note in notes)
    assert any("folders without images: 1 (empty)" in note for note in notes)


def test_links_are_followed_once_and_one_that_leads_nowhere_is_named(tmp_path):
    fill(tmp_path / "else", several("dogs"))
    fill(tmp_path / "photos", several("cats"))
    (tmp_path / "photos/dogs").symlink_to(tmp_path / "else/dogs")
    (tmp_path / "photos/cats/again").symlink_to(tmp_path / "photos")
    (tmp_path / "photos/cats/gone.jpg").symlink_to(tmp_path / "gone.jpg")
    tree = trees.read(tmp_path / "photos")
    assert (tree.classes, len(taken(tree))) == (("cats", "dogs"), 12)
    assert any("cats/again" in note for note in tree.notes)
    assert any("cats/gone.jpg" in note for note in tree.notes)


# -- which folders are classes and which are parts -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "classes", "counts"),
    [
        ([*several("car"), *several("train")], ("car", "train"), (10, 2)),
        ([*several("car"), *several("val"), *several("test")], ("car", "test", "val"), (15, 3)),
        ([*several("Train/a"), *several("Train/b"), *several("Test/a"), *several("Test/b")], ("a", "b"), (12, 12)),
        ([*several("training/a"), *several("training/b"), *several("validation/a")], ("a", "b"), (12, 6)),
        ([*several("train/a"), *several("train/b"), *several("val/a", 2), "test/b/1.jpg"], ("a", "b"), (14, 1)),
        ([*several("photos/a"), *several("photos/b")], ("a", "b"), (10, 2)),
        ([*several("x/y/train/a"), *several("x/y/train/b"), "x/y/test/a/1.jpg"], ("a", "b"), (12, 1)),
        ([*several("train/x/a"), *several("train/x/b"), *several("test/x/a", 1)], ("a", "b"), (12, 1)),
        ([*several("a/images"), *several("b/images")], ("a", "b"), (10, 2)),
        ([*several("a"), *several("a/more", 4), *several("b", 5)], ("a", "b"), (12, 3)),
        ([*several("a"), *several("b"), *several("@eaDir"), *several(".ipynb_checkpoints")], ("a", "b"), (10, 2)),
    ],
)  # fmt: skip
def test_folders_are_told_from_each_other_by_name_and_by_what_they_hold(tmp_path, files, classes, counts):
    tree = trees.read(fill(tmp_path, files))
    assert tree.classes == classes
    assert (len(tree.train), len(tree.test)) == counts


@pytest.mark.parametrize(
    ("files", "fewest", "words"),
    [
        ([*several("originals"), *several(".", 20)], 1, "20 images beside 6 in the folder originals"),
        ([*several("originals"), *several(".", 20)], 2, "20 images beside 6 in the folder originals"),
        ([*several("train/a"), *several("train/b")], 2, "a folder train but no folder test"),
        ([*several("Testing/a"), *several("cats")], 2, "a folder Testing but no folder train"),
        ([*several("train/a"), *several("train/b"), *several("test/a"), "extra/1.jpg"], 2, "1 in the folder extra"),
        ([*several("train/a"), *several("Train/b"), *several("test/a")], 2, "two folders for train"),
        ([*several("one/a"), *several("one/b"), *several("two/a")], 2, "folders of folders, as one with a, b"),
        ([*several(".")], 2, "6 images but no folders"),
        ([*several("train"), *several("test")], 2, "6 images but no folders"),
        ([*several("cats"), "dogs/1.heic"], 2, "only one class, cats.*1 .dogs/1.heic"),
        (["a/1.heic"], 1, "holds no images.*1 .a/1.heic"),
        ([*several("a", 2), *several("b", 3)], 2, "of 5 images of a class one is drawn.*the largest class, b, has 3"),
    ],
)
def test_what_is_mixed_or_too_little_is_refused_with_what_was_found(tmp_path, files, fewest, words):
    assert re.search(words, refusal(fill(tmp_path, files), fewest))


def test_images_in_folders_and_one_that_lies_about_are_all_of_them_predicted(tmp_path):
    fill(tmp_path, [*several("cats", 10), *several("dogs/puppies", 10), "stray.png"])
    assert len(named_images.find(str(tmp_path))) == 21


def test_a_folder_of_which_no_image_can_be_held_out_is_refused_before_the_launch(tmp_path):
    from engine import InvalidHyperparameters, catalogue
    from engine.control.resolving import resolved
    from engine.record.workspace import Workspace

    fill(tmp_path, [f"{part}/{name}/1.jpg" for part in ("train", "test") for name in "ab"])
    for name, fields in (("dcgan", ["dataset"]), ("cgan", ["dataset"]), ("dann", ["source", "target"])):
        values = catalogue.experiment(name).validate(dict.fromkeys(fields, f"folder:{tmp_path}"))
        with pytest.raises(InvalidHyperparameters, match="at least one class needs 2"):
            resolved(Workspace(tmp_path / "home"), values)


# -- names ------------------------------------------------------------------------------------------------------------


def test_classes_that_differ_in_their_unicode_form_are_told_apart(tmp_path):
    assert apart([COMPOSED, DECOMPOSED, "dogs"]) == ["caf\\u00e9", "cafe\\u0301", "dogs"]
    sentence = refusal(fill(tmp_path, [f"train/{COMPOSED}/1.jpg", "train/b/1.jpg", f"test/{DECOMPOSED}/1.jpg"]))
    assert "without training images: cafe\\u0301; " in sentence
    assert "has b, caf\\u00e9" in sentence
    assert unlike(("a", DECOMPOSED), ("a", COMPOSED), "x").endswith("of x, caf\\u00e9 …, not 2, cafe\\u0301 …")
    both = trees.read(fill(tmp_path / "both", [*several(COMPOSED), *several(DECOMPOSED)]))
    assert both.classes == ("cafe\\u0301", "caf\\u00e9")


@given(st.lists(st.sampled_from([b"a", b"\xe9", b"\xff", "é".encode(), b"\n", b"\x7f", b" ", b"~"]), min_size=1))
def test_any_path_is_written_as_text_and_read_again(pieces):
    name = os.fsdecode(b"x" + b"".join(pieces))
    text = text_of(name)
    text.encode()
    assert text.isprintable()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name[:60]).touch()
        assert path_of(text_of(Path(folder, name[:60]))) == Path(folder, name[:60])


def test_a_path_that_is_far_too_long_is_not_there_and_no_error_of_ours():
    for name in ("x" * 300, ",".join(f"photograph-{number}.jpg" for number in range(50))):
        with pytest.raises(DataUnavailable):
            named_images.find(name)
        assert "no folder" in refusal(Path(name))


def test_names_that_are_not_utf_8_work_from_the_first_word_to_the_tables(tmp_path, play):
    place = tmp_path / os.fsdecode(b"fotos-\xe9")
    for name in (LATIN_1, "dogs"):
        (place / name).mkdir(parents=True)
        for number in range(10):
            Image.effect_noise((9, 9), 10 + 20 * number).save(place / name / os.fsdecode(b"\xfc%d.png" % number))
    played = play("probe", {"dataset": f"folder:{place}", "model": "cnn:random"})
    assert json.loads((played.run.path / "run.json").read_text())["hyperparameters"]["dataset"].endswith("fotos-\\xe9")
    assert {row["class"] for row in played.table("classes")} == {"caf\\xe9", "dogs"}
    predicted = play("predict", {"images": str(place), "model": "cnn:random", "top_k": 1})
    assert len(predicted.table("predictions")) == 20
    assert "caf\\xe9/\\xfc0.png" in {row["image"] for row in predicted.table("predictions")}


# -- decoding ---------------------------------------------------------------------------------------------------------

SAVED = ("bmp", "dds", "dib", "gif", "jfif", "jp2", "jpe", "jpeg", "jpg", "pcx", "png", "ppm", "tga", "tif", "webp")


def test_every_kind_of_file_that_pillow_writes_and_reads_counts_by_its_ending(tmp_path):
    for ending in SAVED:
        Image.new("RGB", (16, 16), (200, 100, 50)).save(tmp_path / f"image.{ending}")
    found = listing(tmp_path)
    assert [path.suffix[1:] for path in found.images] == list(SAVED)
    for path in found.images:
        assert open_image(path).getpixel((8, 8)) == pytest.approx((200, 100, 50), abs=12)
    assert not {".h5", ".mpg", ".pdf", ".txt", ".wmf", ""} & endings()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_of_any_mode_is_decoded(tmp_path, mode, channels):
    Image.new(mode, (9, 7)).save(tmp_path / "x.tif")
    assert open_image(tmp_path / "x.tif").mode in {"L", "RGB"}
    assert Preprocessing(8, channels=channels).pixels(open_image(tmp_path / "x.tif")).shape == (channels, 8, 8)


def test_colours_in_lab_and_greys_as_floats_are_what_they_look_like(tmp_path):
    Image.new("LAB", (9, 9), (255, 128, 128)).save(tmp_path / "lab.tif")
    values = np.array([[0, 0.5, 1], [np.nan, np.inf, -np.inf]], np.float32)
    Image.fromarray(values).save(tmp_path / "float.tif")
    Image.fromarray(np.array([[0, 100, 300]], np.float32)).save(tmp_path / "wide.tif")
    assert np.asarray(open_image(tmp_path / "float.tif")).tolist() == [[0, 128, 255], [0, 255, 0]]
    assert np.asarray(open_image(tmp_path / "wide.tif")).tolist() == [[0, 100, 255]]
    assert open_image(tmp_path / "lab.tif").getpixel((4, 4)) == pytest.approx((255, 255, 255), abs=1)


def test_an_image_whose_colours_cannot_be_converted_is_left_out_by_name(tmp_path, monkeypatch):
    Image.new("LAB", (9, 9)).save(tmp_path / "lab.tif")

    def convert(self, mode):
        raise ValueError(f"conversion from {self.mode} to {mode} not supported")

    monkeypatch.setattr(Image.Image, "convert", convert)
    with pytest.raises(UnreadableImage, match=r"lab\.tif cannot be read: conversion from LAB"):
        open_image(tmp_path / "lab.tif")


def test_a_data_set_is_taken_as_it_is_stored_and_own_photographs_as_their_cameras_say(tmp_path, monkeypatch):
    from torchvision.datasets import ImageFolder

    exif = Image.Exif()
    exif[0x0112] = 6
    for part in ("train", "test"):
        for name in SCENES:
            (tmp_path / "15-Scene" / part / name).mkdir(parents=True)
            Image.effect_noise((20, 10), 60).save(tmp_path / "15-Scene" / part / name / "1.jpg", exif=exif)
    monkeypatch.setenv("PHOSPHENE_DATA", str(tmp_path))
    stored = photographs.load("scenes15").train
    own = photographs.load(f"folder:{tmp_path / '15-Scene'}").train
    reference = ImageFolder(str(tmp_path / "15-Scene/train"))
    assert [stored.open(0).size, own.open(0).size] == [(20, 10), (10, 20)]
    for index in range(len(reference)):
        assert np.array_equal(np.asarray(stored.open(index).convert("RGB")), np.asarray(reference[index][0]))
    assert stored.digest() != own.digest()
    now = own.digest()
    monkeypatch.setattr(photographs, "DECODING", photographs.DECODING + 1)
    assert own.digest() != now


def test_kitchen_172_of_15_scenes_lies_as_torchvision_has_it(real_scenes):
    from torchvision.datasets import ImageFolder

    part = photographs.load("scenes15").train
    index = part.names.index("Kitchen/image_0172.jpg")
    reference = ImageFolder(str(real_scenes / "train"))
    assert part.open(index).size == (220, 293) == reference[index][0].size
    assert torch.equal(Preprocessing(64).pixels(part.open(index)), Preprocessing(64).pixels(reference[index][0]))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (np.array([0.0, 1.0, 2.0]), "float64 under y, not whole numbers"),
        (np.array(["a", "b", "c"]), "<U1 under y, not whole numbers"),
        (np.arange(4), r"shape \[4\] under y for 3 images, not \[3\]"),
        (np.array([0, -7, 1]), "the class number -7 under y"),
    ],
)
def test_class_numbers_that_make_no_sense_are_refused_with_what_is_wrong(tmp_path, numbers, words):
    np.savez(tmp_path / "x.npz", X=np.zeros((3, 4, 4, 3), np.uint8), y=numbers)
    with pytest.raises(DataUnavailable, match=words):
        named_images.find(str(tmp_path / "x.npz"))
