"""Networks have the layers, shapes and numbers of parameters their papers and reports give them."""

from __future__ import annotations

import pytest
import torch

from engine.networks.dcgan import Discriminator, Generator, initialise
from engine.networks.small_cnn import SmallCnn


def parameters(network: torch.nn.Module) -> int:
    """Return how many weights a network has."""
    return sum(weight.numel() for weight in network.parameters())


def test_the_small_cnn_has_the_reports_layers():
    network = SmallCnn()
    assert parameters(network) == 7_465
    assert [parameters(layer) for layer in network.modules() if not list(layer.children()) and parameters(layer)] == [
        234,
        2_034,
        1_312,
        3_625,
        260,
    ]
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_generator_and_discriminator_mirror_each_other(size, channels):
    generator, discriminator = Generator(7, 4, channels, size), Discriminator(5, channels, size)
    images = generator(torch.randn(3, 7))
    assert images.shape == (3, channels, size, size)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (3,)


def test_initialisation_draws_what_the_paper_says_or_leaves_the_frameworks_own():
    torch.manual_seed(0)
    generator = Generator(100, 32)
    before = generator.layers[0].weight.clone()
    initialise(generator, "default")
    assert torch.equal(generator.layers[0].weight, before)
    initialise(generator, "dcgan")
    assert generator.layers[0].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert generator.layers[1].weight.mean().item() == pytest.approx(1.0, abs=0.01)
    assert generator.layers[1].bias.abs().max() == 0
