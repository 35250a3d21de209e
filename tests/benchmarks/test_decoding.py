"""Photographs from files to a network's input, and on to features, against torchvision's ImageFolder and DataLoader."""

from __future__ import annotations

import os
import resource
import statistics
import time
from dataclasses import replace
from pathlib import Path

import joblib
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_sample_image
from sklearn.svm import LinearSVC
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from engine.datasets import photographs
from engine.datasets.decoding import decoded
from engine.datasets.photographs import load
from engine.experiments.transfer.features import Extractor, Place
from engine.networks.architectures import build, preprocessing_of
from engine.networks.backbones import Backbone
from engine.networks.cuts import Sectioned
from tests.benchmarks.test_transfer import Quiet

WORKERS = joblib.cpu_count()
"""Of the DataLoader, and threads of ours that can be busy at the same time."""
WEIGHTS = "weights/squeezenet1_1-deepscale-fp16.pth"
SIZES = {"500x375": (500, 375), "2000x1500": (2_000, 1_500)}
TRANSFORM = transforms.Compose(
    [
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ]
)


def squeezenet() -> torch.nn.Module:
    """Return SqueezeNet with real weights where they are there, else with random ones."""
    network = build("squeezenet1_1").eval()
    weights = Path(os.environ.get("PHOSPHENE_DATA", "")) / WEIGHTS
    if weights.is_file():
        network.load_state_dict(torch.load(weights, weights_only=True))
    return network


@pytest.fixture
def folder(tmp_path, full, request):
    """Two classes of JPEGs, parts of a photograph."""
    width, height = SIZES[request.param]
    china = Image.fromarray(load_sample_image("china.jpg"))
    for index in range((300 if width < 1_000 else 60) if full else 4):
        path = tmp_path / "photographs" / "ab"[index % 2] / f"{index:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        box = (index % 40, index % 30, 600 + index % 40, 390 + index % 30)
        china.resize((width, height), Image.Resampling.BICUBIC, box).save(path, quality=90)
    return tmp_path / "photographs"


def spent() -> float:
    """Return the seconds of processor time of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def files(folder: Path) -> photographs.Photographs:
    found = sorted(folder.rglob("*.jpg"))
    labels = torch.arange(len(found)) % 2
    return photographs.Photographs(labels, ("a", "b"), tuple(path.name for path in found), tuple(found))


def rate(work) -> float:
    """Return images a second."""
    began = time.perf_counter()
    count = work()
    return count / (time.perf_counter() - began)


def report_ratio(report, what: str, pair: tuple[float, float]) -> None:
    plain, own = pair
    report(
        f"{what}: ImageFolder and DataLoader with {WORKERS} workers {plain:.0f} images/s, ours {own:.0f}, "
        f"{own / plain:.2f}x"
    )


@pytest.mark.parametrize("folder", SIZES, indirect=True)
def test_decoding_against_imagefolder_and_dataloader(folder, full, report, in_turn):
    ours = files(folder)
    preprocessing = preprocessing_of("squeezenet1_1")
    used = {"plain": 0.0, "own": 0.0}

    def plain() -> float:
        def work() -> int:
            loader = DataLoader(ImageFolder(folder, TRANSFORM), batch_size=64, num_workers=WORKERS)
            return sum(len(images) for images, _ in loader)

        before = spent()
        found = rate(work)
        used["plain"] += spent() - before
        return found

    def own() -> float:
        before = spent()
        # In batches as the extraction of features takes them.
        found = rate(lambda: sum(len(preprocessing.normalised(b.pixels)) for b in decoded(ours, preprocessing, 16)))
        used["own"] += spent() - before
        return found

    pair = in_turn(plain, own, 3)
    report_ratio(report, f"decoding {next(iter(ours.files)).parent.parent.name}", pair)
    report(f"processor time: {used['plain'] / used['own']:.2f}x less")


@pytest.mark.parametrize("folder", SIZES, indirect=True)
def test_features_against_imagefolder_and_dataloader(folder, full, report, in_turn, tmp_path):
    torch.manual_seed(0)
    network = squeezenet()
    preprocessing = preprocessing_of("squeezenet1_1")
    backbone = Backbone("squeezenet1_1", network, preprocessing, ("a", "b"), "squeezenet1_1")
    cut = Sectioned(network, backbone.shape).find("fire9")
    ours = files(folder)

    @torch.no_grad()
    def plain_work() -> int:
        loader = DataLoader(ImageFolder(folder, TRANSFORM), batch_size=64, num_workers=WORKERS)
        return sum(len(network.features(images).mean((2, 3)).numpy()) for images, _ in loader)

    def own_work() -> int:
        # A cache of its own for each time, so that nothing is found in it.
        cache = tmp_path / str(time.perf_counter_ns())
        extractor = Extractor(backbone, [Place(cut)], preprocessing, 1, "auto", Quiet(cache))
        return len(extractor.extract(ours, "files", "train", iter(range(1, 100))).indices)

    report_ratio(report, "features of squeezenet1_1", in_turn(lambda: rate(plain_work), lambda: rate(own_work), 3))


@pytest.fixture
def looked_at(full, monkeypatch):
    """Look at 15-Scene as it is decoded, or with another way to do a part of it.

    Returns pixels ``[N, 3, S, S]``, features of SqueezeNet ``[N, 512]``, the accuracies of a linear classifier on them
    for three values of C, and how many images were decoded at a smaller scale.
    """
    data = Path(os.environ.get("PHOSPHENE_DATA", ""))
    if not full or not (data / "15-Scene/train").exists() or not (data / WEIGHTS).is_file():
        pytest.skip("measured in earnest, on 15-Scene and with SqueezeNet's weights")
    network = squeezenet()
    parts = load("scenes15")

    @torch.inference_mode()
    def look(preprocessing: photographs.Preprocessing, *instead: object):
        pixels, features, count = [], [], 0
        with monkeypatch.context() as patch:
            if instead:
                patch.setattr(*instead)
            for batch in (batch for part in parts for batch in decoded(part, preprocessing, 16)):
                pixels.append(batch.pixels)
                features.append(F.normalize(network.features(preprocessing.normalised(batch.pixels)).mean((2, 3))))
                count += batch.scaled
        found = torch.cat(features)
        train, test = found.split([len(part) for part in parts])
        accuracies = [
            LinearSVC(C=c, max_iter=5_000).fit(train, parts.train.labels).score(test, parts.test.labels)
            for c in (1.0, 10.0, 100.0)
        ]
        return torch.cat(pixels), found, accuracies, count

    return look


def compared(ours, other) -> str:
    """Return what is different between two looks at the same images."""
    apart = [(a.int() - b.int()).abs() for a, b in zip(ours[0].split(64), other[0].split(64), strict=True)]
    mean = statistics.fmean(float(part.float().mean()) for part in apart)
    share = statistics.fmean(float((part > 0).float().mean()) for part in apart)
    moved = (ours[1] - other[1]).norm() / other[1].norm()
    accuracies = (", ".join(f"{value:.4f}" for value in one[2]) for one in (ours, other))
    return (
        "{:.2%} of the values differ, all by {:.2f} of 255 in the mean and {} at most; features by {:.2%}; "
        "accuracies {}, else {}".format(share, mean, max(int(part.max()) for part in apart), moved, *accuracies)
    )


def test_what_a_smaller_scale_changes_on_15_scene(looked_at, report):
    """The photographs are small: only for inputs of 48 pixels are they four times as large as needed."""
    small = replace(preprocessing_of("squeezenet1_1"), size=48, resize=54)
    ours, whole = looked_at(small), looked_at(small, photographs, "SCALED", 10**6)
    report(f"{ours[3]} of {len(ours[0])} images at a smaller scale; {compared(ours, whole)}")


def test_what_resizing_as_tensors_changes_on_15_scene(looked_at, report):
    """Pillow's resizing is that of torchvision's transforms where they are given images."""

    def by_pillow(self, width: int, height: int, image: Image.Image):
        return self._of_box(width, height, image, (0, 0, *image.size))

    usual = preprocessing_of("squeezenet1_1")
    ours, pillow = looked_at(usual), looked_at(usual, photographs.Preprocessing, "_brought_to", by_pillow)
    report(compared(ours, pillow))
