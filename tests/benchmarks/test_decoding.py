"""Photographs from files to a network's input, and on to features, against torchvision's ImageFolder and DataLoader."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import joblib
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from engine.datasets import photographs
from engine.datasets.decoding import decoded
from engine.experiments.transfer.features import Extractor, Place
from engine.networks.architectures import build, preprocessing_of
from engine.networks.backbones import Backbone
from engine.networks.cuts import Sectioned
from tests.benchmarks.test_transfer import Quiet

WORKERS = joblib.cpu_count()
"""Of the DataLoader, and threads of ours that can be busy at the same time."""
SIZES = {"500x375": (500, 375), "2000x1500": (2_000, 1_500)}
TRANSFORM = transforms.Compose(
    [
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ]
)


@pytest.fixture
def folder(tmp_path, full, request):
    """Two classes of JPEGs, parts of a photograph."""
    width, height = SIZES[request.param]
    china = Image.fromarray(load_sample_image("china.jpg"))
    for index in range((400 if width < 1_000 else 100) if full else 4):
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
        found = rate(lambda: sum(len(preprocessing.normalised(b.pixels)) for b in decoded(ours, preprocessing, 64)))
        used["own"] += spent() - before
        return found

    pair = in_turn(plain, own, 5)
    report_ratio(report, f"decoding {next(iter(ours.files)).parent.parent.name}", pair)
    report(f"processor time: {used['plain'] / used['own']:.2f}x less")


@pytest.mark.parametrize("folder", SIZES, indirect=True)
def test_features_against_imagefolder_and_dataloader(folder, full, report, in_turn, tmp_path):
    torch.manual_seed(0)
    network = build("squeezenet1_1").eval()
    weights = Path(os.environ.get("PHOSPHENE_DATA", "")) / "weights/squeezenet1_1-deepscale-fp16.pth"
    if weights.is_file():
        network.load_state_dict(torch.load(weights, weights_only=True))
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
