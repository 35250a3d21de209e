"""The small CNN, trained once on a data set and cached: a network for any machine, offline."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.datasets.feeding import Feed, in_order
from engine.datasets.images import ImageSet, Splits, load, unit_range
from engine.datasets.sampling import EpochSampler
from engine.networks.small_cnn import SmallCnn
from engine.record.files import write_atomically
from engine.record.shared import shared_folder
from engine.tensors.files import save_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.authoring import Context

EPOCHS = 10
SEED = 0
FEW = 10_000
"""With fewer training images the batch is 32 and the learning rate 3e-3, else 256 and 1e-3, as in ``cnn``."""
MOST_VALUES = 600_000_000
"""How many pixel values are learnt from, at most, though at least one epoch: ten epochs of MNIST, one of CelebA."""


def small_cnn(dataset: str, context: Context) -> tuple[SmallCnn, tuple[str, ...]]:
    """Return the small CNN trained on a data set, and the names of its classes; trained if it is not in the cache.

    Raises:
        DataUnavailable: if the data set is not there.
    """
    data = load(dataset, size=28)
    return trained_cnn(dataset, data, context), data.train.classes


def trained_cnn(dataset: str, data: Splits, context: Context) -> SmallCnn:
    """Return the small CNN trained on images of any size, on the run's device; trained if it is not in the cache.

    A cached network is taken only for the same images and classes. It does not depend on the seed of the run that
    trains it.

    Args:
        dataset: its name, for the name of the file.
        data: its images, grey or in colour.
        context: of the run that needs it.
    """
    _, channels, _, size = data.train.images.shape
    shape = {"channels": channels, "classes": len(data.train.classes), "size": size}
    network = SmallCnn(**shape)
    name = re.sub(r"[^a-z0-9-]", "-", dataset.lower())[-40:]
    path = context.cache / "networks" / f"cnn-{name}-{_digest(data.train)}.safetensors"
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):
        context.message(f"training the small CNN on {dataset} once; it is cached in {path}")
        began, device = time.monotonic(), context.device
        with torch.random.fork_rng(devices=[]), _one_thread():
            torch.manual_seed(SEED)
            network = SmallCnn(**shape).to(device)
            accuracy = _train(network, data, context)
        seconds = time.monotonic() - began
        context.message(f"the small CNN reaches {accuracy:.4f} on the validation images after {seconds:.0f} s")
        # A full disk costs the next run a training, not this one its network.
        with contextlib.suppress(OSError):
            _cache(path, network)
    return network.to(context.device)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Compute with one thread, so that rounding, and with it the network, is the same on every machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _digest(images: ImageSet) -> str:
    """Return a digest of all images and classes: 12 hexadecimal characters."""
    content = hashlib.blake2b(repr((images.classes, images.images.shape)).encode(), digest_size=6)
    for part in in_order(images, 10_000, torch.device("cpu")):
        content.update(part.images.contiguous().numpy().data)
    content.update(images.labels.cpu().contiguous().numpy().data)
    return content.hexdigest()


def _train(network: SmallCnn, data: Splits, context: Context) -> float:
    """Train with Adam and cross-entropy; return the validation accuracy."""
    train, validation, device = data.train, data.validation, context.device
    few = len(train) < FEW
    sampler = EpochSampler(len(train), 32 if few else 256, SEED, device=train.images.device)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3 if few else 1e-3)
    most = max(sampler.steps_per_epoch, MOST_VALUES // (sampler.size * train.images[0].numel()))
    steps = min(EPOCHS * sampler.steps_per_epoch, most)
    feed = Feed(train, sampler.batch, steps, device)
    for step in range(1, steps + 1):
        batch = feed.batch(step)
        loss = F.cross_entropy(network(unit_range(batch.images)), batch.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        context.serve()
    with torch.inference_mode():
        parts = [network(unit_range(part.images)).argmax(1).cpu() for part in in_order(validation, 1_000, device)]
    return float((torch.cat(parts) == validation.labels.cpu()).float().mean())


def _cache(path: Path, network: SmallCnn) -> None:
    shared_folder(path.parent, path.parents[2])
    write_atomically(path, lambda temporary: save_tensors(temporary, network.state_dict()))
