"""Features: what a plain loop gives, kept on disk under what they depend on, whole or computed again."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from PIL import Image

from engine import Message, feature_cache
from engine.datasets import photographs
from engine.datasets.photographs import UnreadableImage
from engine.experiments.transfer import features
from engine.experiments.transfer.features import Extractor, Place
from engine.networks import backbones
from engine.networks.cuts import Sectioned


@pytest.fixture
def probe(context_of, monkeypatch):
    """Return an extractor of the small CNN on digits and what it needs; pieces hold 40 images."""
    monkeypatch.setattr(features, "CHUNK", 40)

    def prepare(names=("relu1", "flatten"), pool=0, precision="float32", **options):
        context, run = context_of("probe")
        torch.manual_seed(0)
        backbone = backbones.load("cnn:random", context)
        sectioned = Sectioned(backbone.network, backbone.shape)
        places = [Place(sectioned.find(name)) for name in names]
        extractor = Extractor(backbone, places, backbone.preprocessing, pool, precision, context, **options)
        return extractor, backbone, run

    return prepare


@pytest.fixture
def digits():
    return photographs.load("digits").train[torch.arange(100)]


def said(run) -> str:
    return "\n".join(event.text for event in run.reader().poll() if isinstance(event, Message))


def extract(extractor, part, name="digits"):
    return extractor.extract(part, name, "train", iter(range(1, 100)))


def test_features_equal_those_of_a_plain_loop(probe, digits):
    extractor, backbone, _ = probe()
    found = extract(extractor, digits)
    images = digits.arrays.float() / 255
    with torch.inference_mode():
        first = backbone.network.features[:2](images)
        last = backbone.network.classifier[0](backbone.network.features(images))
    assert torch.allclose(found.values["relu1"], first.flatten(1), atol=1e-6)
    assert torch.allclose(found.values["flatten"], last, atol=1e-6)
    assert found.indices.tolist() == list(range(100))
    assert torch.equal(found.labels, digits.labels)


def test_maps_are_averaged_to_the_cells_asked_for(probe, digits):
    whole = extract(probe(("relu1",))[0], digits).values["relu1"].view(100, 9, 28, 28)
    one = extract(probe(("relu1",), pool=1)[0], digits).values["relu1"]
    four = extract(probe(("relu1",), pool=2)[0], digits).values["relu1"]
    assert torch.allclose(one, whole.mean((2, 3)), atol=1e-6)
    assert torch.allclose(four.view(100, 9, 2, 2)[:, :, 0, 1], whole[:, :, :14, 14:].mean((2, 3)), atol=1e-6)


def test_features_are_kept_and_taken_from_there(probe, digits):
    first, _, _ = probe()
    values = extract(first, digits).values
    assert first.computed == 100
    second, _, run = probe()
    again = extract(second, digits).values
    assert second.computed == 0
    assert "3 of 3 pieces" in said(run)
    assert all(torch.equal(values[name], again[name]) for name in values)


@pytest.mark.parametrize("change", ["images", "weights", "pool", "precision", "preprocessing"])
def test_features_of_anything_else_are_computed_anew(probe, digits, change):
    extract(probe()[0], digits)
    extractor, backbone, _ = probe(
        pool=2 if change == "pool" else 0, precision="bf16" if change == "precision" else "float32"
    )
    if change == "weights":
        with torch.no_grad():
            backbone.network.features.conv1.bias[0] += 1
        extractor = Extractor(backbone, extractor.places, backbone.preprocessing, 0, "float32", extractor._context)
    elif change == "preprocessing":
        other = replace(backbone.preprocessing, mean=(0.5,))
        extractor = Extractor(backbone, extractor.places, other, 0, "float32", extractor._context)
    elif change == "images":
        digits.arrays[3, 0, 4, 4] += 1
    extract(extractor, digits)
    assert extractor.computed == 100


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "empty"])
def test_a_damaged_piece_is_computed_again_and_said(probe, digits, damage, home):
    values = extract(probe()[0], digits).values["flatten"]
    (victim,) = (home / "cache/features").glob("*/flatten-000001.safetensors")
    content = bytearray(victim.read_bytes())
    if damage == "flipped":
        content[-5] ^= 1
    victim.write_bytes({"flipped": content, "cut": content[:-7], "gone": b"", "empty": b""}[damage])
    if damage == "gone":
        victim.unlink()
    extractor, _, run = probe()
    assert torch.equal(extract(extractor, digits).values["flatten"], values)
    assert extractor.computed == 40
    assert ("is damaged" in said(run)) == (damage != "gone")


def test_an_interrupted_extraction_goes_on_where_it_was(probe, digits):
    class StopError(Exception):
        pass

    def steps():
        yield 1
        raise StopError

    with pytest.raises(StopError):
        probe()[0].extract(digits, "digits", "train", steps())
    extractor, _, _ = probe()
    extract(extractor, digits)
    assert extractor.computed == 20


def test_the_cache_stays_within_its_bound_and_drops_what_was_used_longest_ago(probe, digits, home, monkeypatch):
    for pool in (0, 3, 2):
        extract(probe(("relu1",), pool=pool)[0], digits)
    newest, _, oldest = feature_cache.entries(home / "cache")
    assert (newest.about["pool"], oldest.about["pool"]) == ("2", "0")
    monkeypatch.setenv("PHOSPHENE_CACHE_GIB", str((newest.bytes + 1_000) / 2**30))
    extract(probe(("relu1",), pool=2)[0], digits)
    assert [entry.about["pool"] for entry in feature_cache.entries(home / "cache")] == ["2"]
    assert feature_cache.clear(home / "cache") == newest.bytes
    assert feature_cache.entries(home / "cache") == []


def test_broken_images_are_left_out_or_refused_by_name_also_when_the_rest_is_kept(probe, tmp_path):
    for name in "ab":
        for number in range(4):
            for part in ("train", "test"):
                path = tmp_path / part / name / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("L", (9, 9), 20 * number).save(path)
    (tmp_path / "train/b/2.png").write_bytes(b"broken")
    part = photographs.load(f"folder:{tmp_path}").train
    extractor, _, run = probe()
    found = extract(extractor, part, "folder")
    assert found.indices.tolist() == [0, 1, 2, 3, 4, 5, 7]
    assert found.labels.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert "left out" in said(run)
    assert "b/2.png" in said(run)
    again, _, second = probe()
    extract(again, part, "folder")
    assert again.computed == 0
    assert "b/2.png" in said(second)
    with pytest.raises(UnreadableImage, match=r"b/2\.png"):
        extract(probe(refuse_broken=True)[0], part, "folder")


def test_what_an_entry_is_about_is_written_again_where_it_was_damaged(probe, digits, home):
    extract(probe()[0], digits)
    (about,) = (home / "cache/features").glob("*/about.json")
    about.write_text("junk")
    assert [entry.about for entry in feature_cache.entries(home / "cache")] == [{}]
    extractor, _, _ = probe()
    extract(extractor, digits)
    assert extractor.computed == 0
    assert feature_cache.entries(home / "cache")[0].about["dataset"] == "digits"


def test_nothing_readable_is_refused(probe, tmp_path):
    for name in "ab":
        for part in ("train", "test"):
            (tmp_path / part / name).mkdir(parents=True)
            (tmp_path / part / name / "1.png").write_bytes(b"broken")
    part = photographs.load(f"folder:{tmp_path}").train
    with pytest.raises(UnreadableImage, match="none of the 2 images"):
        extract(probe()[0], part, "folder")


def test_bf16_is_taken_only_where_the_features_stay_close(probe, digits, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    exact = extract(probe()[0], digits).values["flatten"]
    extractor, _, run = probe(precision="auto")
    rough = extract(extractor, digits).values["flatten"]
    assert "taken" in said(run)
    assert 0 < (rough - exact).norm() / exact.norm() < 0.02
    monkeypatch.setattr(features, "LARGEST_ERROR", 0.0)
    extractor, _, run = probe(precision="auto")
    assert torch.equal(extract(extractor, digits).values["flatten"], exact)
    assert "not taken" in said(run)
