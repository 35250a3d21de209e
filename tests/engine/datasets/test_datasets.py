"""Data sets: splits that share nothing, files that are checked, and sentences that say where data come from."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine import DataUnavailable, sources
from engine.datasets.images import load
from engine.datasets.mnist import read_idx
from engine.datasets.sampling import EpochSampler
from engine.drawing.grids import image_grid


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3)])
def test_digits_are_split_evenly_by_class_into_three_sets_that_share_no_image(size, channels):
    splits = load("digits", size=size, channels=channels)
    assert sum(map(len, splits)) == 1797
    assert all(split.images.dtype == torch.uint8 for split in splits)
    assert splits.train.images.shape[1:] == (channels, size, size)
    seen: set[bytes] = set()
    for split in splits:
        own = {image.numpy().tobytes() for image in split.images}
        assert not own & seen
        seen |= own
        counts = split.labels.bincount(minlength=10)
        assert counts.max() - counts.min() <= 0.15 * counts.max() + 2


def test_digits_keep_what_scikit_learn_gives():
    from sklearn.datasets import load_digits

    images = load("digits", size=8).train.images[:3, 0]
    assert torch.equal(images[0], (torch.tensor(load_digits().images[0]) * 255 / 16).round().to(torch.uint8))


def test_a_data_set_that_is_missing_says_which_command_and_which_files_provide_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOSPHENE_DATA", str(tmp_path))
    assert not sources.present("mnist")
    with pytest.raises(DataUnavailable, match="phosphene data fetch mnist") as caught:
        load("mnist")
    assert "train-images-idx3-ubyte" in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_data_file_with_a_flipped_bit_is_named(tmp_path, monkeypatch, real_mnist):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in (real_mnist / "MNIST" / "raw").iterdir():
        (raw / file.name).write_bytes(file.read_bytes())
    labels = raw / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(labels.read_bytes())
    content[100] ^= 1
    labels.write_bytes(content)
    monkeypatch.setenv("PHOSPHENE_DATA", str(tmp_path))
    assert [check.path.name for check in sources.verify("mnist") if check.state != "whole"] == [labels.name]
    with pytest.raises(DataUnavailable, match="t10k-labels"):
        load("mnist")


def test_mnist_is_read_without_writing_and_keeps_the_official_test_set(real_mnist):
    before = sorted(path.name for path in (real_mnist / "MNIST" / "raw").iterdir())
    splits = load("mnist", size=28)
    assert [len(split) for split in splits] == [55_000, 5_000, 10_000]
    assert splits.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert sorted(path.name for path in (real_mnist / "MNIST" / "raw").iterdir()) == before


@given(st.binary(max_size=64).filter(lambda content: content[:3] != bytes((0, 0, 8))))
def test_what_is_no_idx_file_is_refused_with_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(content)
    with pytest.raises(DataUnavailable, match="phosphene data fetch mnist"):
        read_idx(path)


def test_an_idx_file_is_read_packed_and_unpacked_alike(tmp_path):
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    assert read_idx(tmp_path / "a").tolist() == read_idx(tmp_path / "a.gz").tolist() == [[1, 2, 3], [4, 5, 6]]


@given(st.integers(1, 200), st.integers(1, 64), st.integers(0, 2**32 - 1), st.integers(1, 3), st.booleans())
def test_every_epoch_shows_every_image_once_in_an_order_that_only_seed_and_epoch_decide(
    count, batch, seed, epoch, drop
):
    sampler = EpochSampler(count, batch, seed, drop_last=drop)
    steps = range((epoch - 1) * sampler.steps_per_epoch + 1, epoch * sampler.steps_per_epoch + 1)
    seen = torch.cat([sampler.batch(step) for step in steps]).tolist()
    assert len(set(seen)) == len(seen)
    if not drop:
        assert sorted(seen) == list(range(count))
    # A resumed run asks another sampler for a later step first.
    other = EpochSampler(count, batch, seed, drop_last=drop)
    assert torch.equal(other.batch(steps[-1]), sampler.batch(steps[-1]))


def test_a_grid_of_images_is_laid_out_row_by_row():
    images = torch.arange(1, 4).float().view(3, 1, 1, 1).expand(3, 1, 2, 2) / 4
    picture = image_grid(images, columns=2, padding=1, background=0.0)
    assert picture.shape == (1, 7, 7)
    assert picture[0, 1, 1] == 0.25
    assert picture[0, 1, 4] == 0.5
    assert picture[0, 4, 1] == 0.75
    assert picture[0, 4, 4] == 0


def test_the_data_folder_is_the_one_named(monkeypatch):
    monkeypatch.setenv("PHOSPHENE_DATA", "/some/where")
    assert sources.data_folder() == Path("/some/where")


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_images_are_picked_by_indices_in_the_memory_layout_that_all_have(layout):
    whole = load("digits-m", channels=3).train
    images = replace(whole, images=whole.images.contiguous(memory_format=layout))
    indices = torch.tensor([7, 3, 3, 0])
    picked = images[indices]
    assert torch.equal(picked.images, whole.images[[7, 3, 3, 0]])
    assert torch.equal(picked.labels, whole.labels[[7, 3, 3, 0]])
    assert picked.images.is_contiguous(memory_format=layout)
    assert torch.equal(images[whole.labels == 3].images, whole.images[whole.labels == 3])
    assert torch.equal(images[2:5].images, whole.images[2:5])
