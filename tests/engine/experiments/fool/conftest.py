"""A small network for attacks, its images, and how an attack is played."""

from __future__ import annotations

import pytest
import torch
from torch import nn


def _samples(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 4
    images = 0.25 + 0.3 * torch.rand(count, 1, 12, 12, generator=generator)
    for row, label in enumerate(labels):
        top, left = divmod(int(label), 2)
        images[row, 0, 6 * top : 6 * top + 6, 6 * left : 6 * left + 6] += 0.12
    return images, labels


@pytest.fixture(scope="session")
def samples():
    """Return four kinds of noise and their classes: ``samples(count, seed)``."""
    return _samples


@pytest.fixture(scope="session")
def network():
    """Return a small network that was trained to tell four kinds of noise apart."""
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 6, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 25, 4)
    network = nn.Sequential(*layers)
    images, labels = _samples(256)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(60):
        loss = nn.functional.cross_entropy(network(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def played():
    """Take all steps of an attack: ``played(attack, steps)``."""

    def play(attack, steps: int):
        for number in range(1, steps + 1):
            attack.step(number)
        attack.finish()
        return attack

    return play
