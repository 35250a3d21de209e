"""Photographs as people have them: trees of folders, odd and broken files, images by name."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from engine import DataUnavailable, PhospheneError, sources
from engine.datasets import named_images, names, photographs, trees
from engine.datasets.decoding import decoded
from engine.datasets.photographs import Preprocessing, UnreadableImage, hold_out, open_image

GREY = Preprocessing(8, channels=1, mean=(0.0,), std=(1.0,))


def picture(path: Path, shade: int = 128, size: tuple[int, int] = (12, 10)) -> Path:
    """Write a small JPEG of one shade."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, shade, shade)).save(path)
    return path


@pytest.fixture
def tree(tmp_path):
    """A folder with two classes, split as people do."""
    for part, count in (("train", 4), ("test", 2)):
        for index, name in enumerate(("a cat", "dög [x]")):
            for number in range(count):
                picture(tmp_path / "photos" / part / name / f"{number}.jpg", 40 + 100 * index + number)
    return tmp_path / "photos"


# -- trees --------------------------------------------------------------------------------------------------------


def test_a_tree_is_taken_as_it_is_split(tree):
    (tree / "train/a cat/.hidden.jpg").write_bytes(b"")
    (tree / "train/a cat/notes.txt").write_text("no image")
    parts = photographs.load(f"folder:{tree}")
    assert parts.train.classes == ("a cat", "dög [x]")
    assert (len(parts.train), len(parts.test)) == (8, 4)
    assert parts.train.labels.tolist() == [0] * 4 + [1] * 4
    assert parts.train.names[0] == "a cat/0.jpg"


def test_a_tree_without_parts_gives_a_fifth_of_each_class_to_the_test(tmp_path):
    for name, count in (("a", 10), ("b", 5)):
        for number in range(count):
            picture(tmp_path / name / f"{number}.png")
    first, again = (trees.read(tmp_path) for _ in range(2))
    assert first == again
    assert [sum(label == i for _, label in first.test) for i in range(2)] == [2, 1]
    assert not {path for path, _ in first.train} & {path for path, _ in first.test}


def test_validation_serves_where_there_is_no_test(tree):
    (tree / "test").rename(tree / "val")
    assert len(trees.read(tree).test) == 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no folder"),
        (lambda path: path.mkdir(), "holds no images"),
        (lambda path: picture(path / "train/a/1.jpg"), "no folder test"),
        (lambda path: [picture(path / part / "a/1.jpg") for part in ("train", "test")], "only one class, a"),
        (
            lambda path: [picture(path / n) for n in ("train/a/1.jpg", "train/b/1.jpg", "test/c/1.jpg")],
            "without training",
        ),
        (
            lambda path: [picture(path / n) for n in ("a/1.jpg", "b/1.jpg")],
            "of 5 images of a class one is drawn for it, and the largest class, a, has 1",
        ),
    ],
)
def test_a_folder_that_will_not_do_is_refused_with_a_sentence_before_anything_runs(tmp_path, make, words):
    make(tmp_path / "photos")
    with pytest.raises(DataUnavailable, match=words) as caught:
        sources.require_present(f"folder:{tmp_path / 'photos'}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "digits:",
        "digits:0-99",
        "scenes15:3-15",
        "digits:9-5",
        "digits:5",
        "digits:a-b",
        "digits:3-3",
        "folder:",
        "faces",
        "mnist:-1-3",
    ],
)
def test_a_name_that_means_nothing_is_refused_when_it_is_typed(name):
    with pytest.raises(ValueError) as caught:
        names.check(name)
    assert "\n" not in str(caught.value)


def test_some_classes_are_counted_anew(real_mnist):
    parts = photographs.load("mnist:3-4")
    assert parts.train.classes == ("3", "4")
    assert set(parts.test.labels.tolist()) == {0, 1}
    assert len(parts.test) == 1_010 + 982
    with pytest.raises(DataUnavailable, match="0 to 9"):
        photographs.load("digits:5-10")


# -- odd files ----------------------------------------------------------------------------------------------------


def bomb(path: Path) -> None:
    """Write a PNG that says it is 60,000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def truncated(path: Path) -> None:
    Image.effect_noise((200, 200), 60).save(path)
    path.write_bytes(path.read_bytes()[:-3_000])


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (bomb, "too many"),
        (truncated, "cannot be read"),
        (lambda path: path.write_text("this is no image"), "no image"),
        (lambda path: path.write_bytes(b""), "no image"),
        (lambda path: None, "cannot be read"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path, write, words):
    path = tmp_path / "image [1].png"
    write(path)
    with pytest.raises(UnreadableImage, match=words) as caught:
        open_image(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def sideways(path: Path) -> None:
    """Write a JPEG whose camera was held upright: what is stored lies on its side."""
    image = Image.new("RGB", (20, 10), "black")
    image.paste("white", (10, 0, 20, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(path, quality=95, exif=exif)


def animated(path: Path) -> None:
    frames = [Image.new("L", (9, 9), shade) for shade in (200, 10)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("ending", "write", "expected"),
    [
        ("png", lambda path: Image.new("RGBA", (9, 7), (200, 200, 200, 10)).save(path), 200),
        ("png", lambda path: Image.fromarray(np.full((9, 7), 200 * 257, np.uint16)).save(path), 200),
        ("png", lambda path: Image.new("P", (9, 7), 0).save(path, transparency=0), 0),
        ("png", lambda path: Image.new("1", (1, 1), 1).save(path), 255),
        ("jpg", lambda path: Image.new("CMYK", (9, 7), (0, 0, 0, 55)).save(path), 200),
        ("png", lambda path: Image.new("L", (20_000, 3), 200).save(path), 200),
        ("gif", animated, 200),
    ],
    ids=["rgba", "16 bit", "palette", "1x1", "cmyk", "20,000 wide", "animated"],
)
def test_an_odd_file_is_decoded_as_it_looks(tmp_path, ending, write, expected):
    path = tmp_path / f"odd.{ending}"
    write(path)
    for preprocessing in (GREY, Preprocessing(8, channels=3, resize=9)):
        pixels = preprocessing.pixels(open_image(path))
        assert pixels.shape == (preprocessing.channels, 8, 8)
        assert (pixels.int() - expected).abs().max() <= 3


def test_a_photograph_is_held_upright_as_its_camera_says(tmp_path):
    sideways(tmp_path / "x.jpg")
    image = open_image(tmp_path / "x.jpg").convert("L")
    assert image.size == (10, 20)
    assert image.getpixel((5, 2)) < 50
    assert image.getpixel((5, 17)) > 200


def test_damaged_metadata_is_no_reason_to_leave_an_image_out(tmp_path):
    Image.new("L", (9, 9), 100).save(
        tmp_path / "x.jpg", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\xff"
    )
    assert open_image(tmp_path / "x.jpg").size == (9, 9)


def test_a_thin_strip_is_not_enlarged_beyond_what_is_seen(tmp_path):
    strip = Image.new("L", (60_000, 1), 200)
    strip.paste(50, (0, 0, 20_000, 1))
    pixels = Preprocessing(224, channels=3, resize=256).pixels(strip)
    assert pixels.shape == (3, 224, 224)
    assert (pixels == 200).all()


def test_a_class_of_which_no_image_can_be_read_is_named(tree, play):
    for path in (tree / "train/dög [x]").iterdir():
        path.write_bytes(b"broken")
    for name in ("probe", "finetune"):
        with pytest.raises(UnreadableImage, match=r"no training image of class dög \[x\]"):
            play(
                name,
                {"dataset": f"folder:{tree}", "model": "cnn:random", "validation": 0.25}
                if name == "finetune"
                else {"dataset": f"folder:{tree}", "model": "cnn:random"},
            )


@pytest.mark.parametrize(("share", "words"), [(0.01, "no image for validation"), (0.99, "without training images")])
def test_a_share_that_leaves_nothing_is_refused(tree, share, words):
    with pytest.raises(PhospheneError, match=words):
        hold_out(photographs.load(f"folder:{tree}").train, share, 0)


def test_broken_files_are_left_out_of_the_batches_and_named(tree):
    (tree / "train/a cat/1.jpg").write_text("broken")
    part = photographs.load(f"folder:{tree}").train
    batches = list(decoded(part, GREY, 3))
    assert torch.cat([batch.indices for batch in batches]).tolist() == [0, 2, 3, 4, 5, 6, 7]
    assert [len(batch.pixels) for batch in batches] == [2, 3, 2]
    assert "1.jpg" in batches[0].broken[0]


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet50", "efficientnet_b0"])
@pytest.mark.parametrize("size", [(300, 200), (49, 300), (98, 98), (1_000, 103), (196, 131)])
def test_preprocessing_is_torchvisions_for_tensors_to_the_bit_and_nearly_for_images(name, size):
    from torchvision.models import get_model_weights
    from torchvision.transforms.functional import pil_to_tensor

    from engine.networks.architectures import preprocessing_of

    noise = np.random.default_rng(0).normal(128, 50, size[::-1]).clip(0, 255)
    image = Image.fromarray(noise.astype(np.uint8)).convert("RGB")
    transform = get_model_weights(name).DEFAULT.transforms()
    own = preprocessing_of(name)
    found = own.normalised(own.pixels(image)[None])[0]
    # Not torchvision's older functions, which `transform` calls: they resize tensors in floating point.
    tensor = v2.functional.resize(pil_to_tensor(image), transform.resize_size, transform.interpolation)
    tensor = v2.functional.center_crop(tensor, transform.crop_size)
    expected = v2.functional.normalize(
        v2.functional.to_dtype(tensor, torch.float32, scale=True), transform.mean, transform.std
    )
    assert torch.allclose(found, expected, atol=1e-6)
    levels = (found - transform(image)).abs() * torch.tensor(transform.std)[:, None, None] * 255
    bicubic = transform.interpolation == v2.InterpolationMode.BICUBIC
    assert levels.max() < (2.01 if bicubic else 1.01)
    assert (levels > 1.5).sum() <= 3  # of 150,528 values
    assert (levels > 0.5).float().mean() < 0.01


def test_colours_stay_colours(monkeypatch):
    from engine.datasets import images

    colours = images.ImageSet(
        torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8), torch.arange(5) % 2, tuple("0123456789")
    )
    monkeypatch.setattr("engine.datasets.cifar10.splits", lambda size: images.Splits(colours, colours, colours))
    assert torch.equal(photographs.load("cifar10").test.arrays, colours.images)
    assert images.load("cifar10", channels=1).test.images.shape == (5, 1, 32, 32)


def test_what_is_held_out_is_a_share_of_each_class(tree):
    part = photographs.load(f"folder:{tree}").train
    stays, held = hold_out(part, 0.25, seed=1)
    assert part.labels[held].tolist() == [0, 1]
    assert sorted([*stays.tolist(), *held.tolist()]) == list(range(8))
    assert torch.equal(held, hold_out(part, 0.25, seed=1)[1])


# -- images by name ------------------------------------------------------------------------------------------------


def test_images_are_found_by_all_their_names(tree, tmp_path):
    np.savez(tmp_path / "some.npz", X=np.zeros((2, 4, 4, 3), np.uint8), y=np.array([7, 9]))
    named = f"sample:china, digits:test/0-1,{tree / 'test/a cat/0.jpg'},{tree / 'test'},{tmp_path / 'some.npz'}"
    found = named_images.find(named)
    assert [image.name for image in found[:4]] == ["china", "digits test/0", "digits test/1", "0.jpg"]
    assert len(found) == 3 + 1 + 4 + 2
    assert [image.number for image in found[-2:]] == [7, 9]
    assert found[0].open().size == (640, 427)
    assert found[1].label == "0"


@pytest.mark.parametrize(
    "name",
    ["", "sample:moon", "nothing.png", "digits:test/99999", "digits:train/5-2", "digits:tests/1", "~nobody/x.png"],
)
def test_an_image_that_is_not_there_is_refused(name):
    with pytest.raises(DataUnavailable) as caught:
        named_images.find(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arrays",
    [
        {"X": np.zeros((3, 4, 4, 3), np.uint8), "y": np.arange(7)},
        {"X": np.zeros((3, 4, 4, 3), np.uint8), "y": np.array([1, -7, 2])},
        {"X": np.zeros((3, 0, 0, 3), np.uint8)},
        {"X": np.zeros((3, 4, 4, 3))},
        {"Z": np.zeros(3)},
    ],
)
def test_an_archive_that_makes_no_sense_is_refused(tmp_path, arrays):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataUnavailable) as caught:
        named_images.find(str(tmp_path / "x.npz"))
    assert "x.npz" in str(caught.value)


def test_a_file_may_have_a_comma_in_its_name(tmp_path):
    picture(tmp_path / "a,b.png")
    assert [image.name for image in named_images.find(str(tmp_path / "a,b.png"))] == ["a,b.png"]


def test_an_archive_with_objects_in_it_is_not_opened(tmp_path):
    np.savez(tmp_path / "x.npz", X=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataUnavailable, match="is not an archive of images"):
        named_images.find(str(tmp_path / "x.npz"))
