"""The small CNN, trained once on a data set and kept: the network that is there on any machine, offline."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from engine.datasets.images import Splits, load, unit_range
from engine.datasets.sampling import EpochSampler
from engine.networks.small_cnn import SmallCnn
from engine.record.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from engine.control.context import Context

EPOCHS = 10
SEED = 0
FEW = 10_000
"""Of fewer training images batches of 32 are drawn at learning rate 3e-3, else of 256 at 1e-3, as ``cnn`` does."""


def small_cnn(dataset: str, context: Context) -> tuple[SmallCnn, tuple[str, ...]]:
    """Return the small CNN trained on a data set, and the names of its classes; trained if it was not kept.

    Raises:
        DataUnavailable: if the data set is not there.
    """
    data = load(dataset, size=28)
    return trained_cnn(dataset, data, context), data.train.classes


def trained_cnn(dataset: str, data: Splits, context: Context) -> SmallCnn:
    """Return the small CNN trained on images of any size, on the CPU; trained if it was not kept.

    It does not depend on the seed of the run that needs it first, unless the run drew what is held out for validation.

    Args:
        dataset: its name, under which the network is kept.
        data: its images, grey or in colour.
        context: of the run that needs it.
    """
    _, channels, _, size = data.train.images.shape
    shape = {"channels": channels, "classes": len(data.train.classes), "size": size}
    network = SmallCnn(**shape)
    form = "" if (channels, size) == (1, 28) else f"-{channels}x{size}"
    path = context.cache / "networks" / f"cnn-{_spelt(dataset)}{form}.safetensors"
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):
        context.message(f"training the small CNN on {dataset} once; it is kept in {path}")
        began = time.monotonic()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            network = SmallCnn(**shape)
            accuracy = _train(network, Splits(*(part.to(torch.device("cpu")) for part in data)))
        seconds = time.monotonic() - began
        context.message(f"the small CNN reaches {accuracy:.4f} on the validation images after {seconds:.0f} s")
        # A full disk costs the next run a training, not this one its network.
        with contextlib.suppress(OSError, SafetensorError):
            _keep(path, network)
    return network


def _spelt(dataset: str) -> str:
    """Return a data set's name as a part of a file's name; a folder's gets a hash of the whole of it."""
    plain = re.sub(r"[^a-z0-9-]", "-", dataset.lower())
    if not dataset.startswith("folder:"):
        return plain
    return f"{plain[-40:]}-{hashlib.blake2b(dataset.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"


def _train(network: SmallCnn, data: Splits) -> float:
    """Train with Adam and cross-entropy on the CPU; return the validation accuracy."""
    few = len(data.train) < FEW
    sampler = EpochSampler(len(data.train), 32 if few else 256, SEED)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3 if few else 1e-3)
    for step in range(1, EPOCHS * sampler.steps_per_epoch + 1):
        batch = data.train[sampler.batch(step)]
        loss = F.cross_entropy(network(unit_range(batch.images)), batch.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.inference_mode():
        logits = network(unit_range(data.validation.images))
    return float((logits.argmax(1) == data.validation.labels).float().mean())


def _keep(path: Path, network: SmallCnn) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda temporary: save_file(network.state_dict(), temporary))
