"""Transfer learning against what notebooks do: SVC on the features themselves, a pass per cut, one image at a time."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from engine.datasets.photographs import Photographs
from engine.experiments.transfer import classifiers
from engine.experiments.transfer.classifiers import Machine
from engine.experiments.transfer.features import Extractor, Place
from engine.networks.architectures import build, preprocessing_of
from engine.networks.backbones import Backbone
from engine.networks.cuts import Sectioned
from engine.tensors.devices import fast_bf16

GRID = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
CPU = torch.device("cpu")


class Quiet:
    """As much of a context as an extractor needs."""

    device = CPU
    seed = 0

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    def message(self, *_, **__) -> None:
        """Nobody listens."""

    def log(self, *_, **__) -> None:
        """Nobody reads."""


@pytest.fixture
def backbone():
    torch.manual_seed(0)
    network = build("squeezenet1_1").eval().to(memory_format=torch.channels_last)
    preprocessing = replace(preprocessing_of("squeezenet1_1"), resize=0)
    return Backbone("squeezenet1_1:random", network, preprocessing, ("a", "b"), "squeezenet1_1")


@pytest.fixture
def photographs(tmp_path, full):
    """Grey JPEG files of the size of those of 15-Scene."""
    generator = np.random.default_rng(0)
    files = []
    for index in range(300 if full else 8):
        path = tmp_path / f"{index}.jpg"
        small = generator.integers(0, 256, (16, 20), dtype=np.uint8)
        Image.fromarray(small).resize((300, 240), Image.Resampling.BICUBIC).save(path)
        files.append(path)
    labels = torch.arange(len(files)) % 2
    return Photographs(labels, ("a", "b"), tuple(path.name for path in files), tuple(files))


def test_a_grid_of_c_by_cross_validation_at_25088_dimensions(full, report):
    images, dimensions = (1_500, 25_088) if full else (150, 200)
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(images) % 15
    features = (torch.randn(15, dimensions, generator=generator)[labels] * 0.3).add_(
        torch.randn(images, dimensions, generator=generator)
    )
    features = features.relu_()
    features /= features.norm(dim=1, keepdim=True)

    began = time.perf_counter()
    samples = classifiers.samples(features.clone(), features[:10].clone(), CPU)
    ours = list(classifiers.cross_validated(Machine("svc-linear"), samples, labels.numpy(), GRID, 5))
    own = time.perf_counter() - began

    fitted, held = next(StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels))
    values, plain = features.numpy(), 0.0
    for one in ours:
        began = time.perf_counter()
        machine = SVC(kernel="linear", C=one.c).fit(values[fitted], labels[fitted])
        accuracy = machine.score(values[held], labels[held])
        plain += (time.perf_counter() - began) * 5
        assert abs(accuracy - one.accuracies[0]) <= 2 / len(held)
    report(
        f"25 fits on one Gram matrix {own:.1f} s, SVC on the features {plain:.0f} s (5 x 5 fits), {plain / own:.0f}x"
    )


def test_all_cuts_of_a_network_against_one_forward_pass(full, report, in_turn, backbone, tmp_path):
    sectioned = Sectioned(backbone.network, backbone.shape)
    places = [Place(cut) for cut in sectioned.cuts]
    pairs = [
        Place(sectioned.find(start), sectioned.find(end))
        for end, starts in sectioned.fitting().items()
        for start in starts
    ]
    pixels = torch.randint(0, 256, (16, 3, 224, 224), dtype=torch.uint8)
    batch = backbone.preprocessing.normalised(pixels)

    def timed(work) -> float:
        began = time.perf_counter()
        for _ in range(8 if full else 1):
            work()
        return (time.perf_counter() - began) / (8 if full else 1)

    def plain() -> None:
        with torch.inference_mode():
            backbone.network(batch)

    def extractor(wanted):
        return Extractor(backbone, wanted, backbone.preprocessing, 1, "float32", Quiet(tmp_path))

    every, with_tails = extractor(places), extractor([*places, *pairs])
    plain()
    once, cuts = in_turn(lambda: timed(plain), lambda: timed(lambda: every._forward(pixels, "float32")), 7)
    _, tails = in_turn(lambda: timed(plain), lambda: timed(lambda: with_tails._forward(pixels, "float32")), 7)
    report(
        f"plain pass {once * 1e3:.0f} ms, with {len(places)} cuts {cuts * 1e3:.0f} ms, {cuts / once:.2f}x; "
        f"and {len(pairs)} pairs {tails * 1e3:.0f} ms, {tails / once:.2f}x"
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="a GPU is needed, and torch finds none")
def test_all_cuts_of_vgg16_on_a_gpu_on_as_many_images_as_15_scene_has(full, report, tmp_path):
    quiet = Quiet(tmp_path)
    quiet.device = torch.device("cuda")
    network = build("vgg16").eval().to(quiet.device, memory_format=torch.channels_last)
    backbone = Backbone("vgg16:random", network, preprocessing_of("vgg16"), ("a", "b"), "vgg16")
    places = [Place(cut) for cut in Sectioned(network, backbone.shape).cuts]
    every = Extractor(backbone, places, backbone.preprocessing, 1, "auto", quiet)
    count, batch = (4_485, 128) if full else (64, 32)
    pixels = torch.randint(0, 256, (batch, 3, 224, 224), dtype=torch.uint8)
    precision = "bf16" if fast_bf16(quiet.device) else "float32"
    every._forward(pixels.to(quiet.device), precision)
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(0, count, batch):
        every._forward(pixels.to(quiet.device), precision)
    torch.cuda.synchronize()
    spent = time.perf_counter() - began
    where = torch.cuda.get_device_name()
    report(f"{len(places)} cuts of {count:,} images in {precision}: {spent:.1f} s; goal 3 s; {where}")


class Files(Dataset):
    """Photographs as tutorials read them."""

    def __init__(self, files) -> None:
        self.files = files
        self.transform = transforms.Compose(
            [
                transforms.Resize((224, 224)),
                transforms.ToTensor(),
                transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(Image.open(self.files[index]).convert("RGB"))


def test_extraction_from_files_against_a_plain_loop(full, report, in_turn, backbone, photographs, tmp_path):
    plain_network = build("squeezenet1_1").eval()
    cut = Sectioned(backbone.network, backbone.shape).find("fire9")

    def plain() -> float:
        began = time.perf_counter()
        with torch.no_grad():
            for batch in DataLoader(Files(photographs.files), batch_size=32):
                plain_network.features(batch).mean((2, 3)).numpy()
        return len(photographs) / (time.perf_counter() - began)

    def own(precision: str) -> float:
        # A cache of its own for each time, so that nothing is found in it.
        folder = tmp_path / str(time.perf_counter_ns())
        extractor = Extractor(backbone, [Place(cut)], backbone.preprocessing, 1, precision, Quiet(folder))
        began = time.perf_counter()
        extractor.extract(photographs, "files", "train", iter(range(1, 100)))
        return len(photographs) / (time.perf_counter() - began)

    slow, exact = in_turn(plain, lambda: own("float32"), 3)
    _, quick = in_turn(plain, lambda: own("bf16"), 3)
    report(
        f"plain loop {slow:.0f} images/s, float32 {exact:.0f} ({exact / slow:.1f}x), "
        f"bf16 {quick:.0f} ({quick / slow:.1f}x)"
    )
