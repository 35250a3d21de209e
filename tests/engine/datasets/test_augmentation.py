"""Augmentation of batches: each warp is the one torchvision makes of a single image, and draws can be repeated."""

from __future__ import annotations

import itertools

import pytest
import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as reference

from engine.datasets.augmentation import (
    Augmentation,
    crops,
    flips,
    jittered,
    perspectives,
    rotations,
    warped,
)

SIZE = 48


@pytest.fixture
def image():
    """A smooth colour image, so that interpolation differs little."""
    generator = torch.Generator().manual_seed(0)
    return torch.nn.functional.interpolate(torch.rand(1, 3, 6, 6, generator=generator), SIZE, mode="bicubic").clamp(
        0, 1
    )


def inner(images: torch.Tensor) -> torch.Tensor:
    """Leave the rim out, where a black outside is blended in differently."""
    return images[..., 3:-3, 3:-3]


def test_flip(image):
    assert torch.allclose(warped(image, flips(torch.tensor([True])), SIZE), image.flip(-1), atol=1e-5)
    assert torch.allclose(warped(image, flips(torch.tensor([False])), SIZE), image, atol=1e-5)


@pytest.mark.parametrize("degrees", [-15.0, 7.5, 90.0])
def test_rotation(image, degrees):
    own = warped(image, rotations(torch.tensor([degrees])), SIZE)
    expected = reference.rotate(image, degrees, InterpolationMode.BILINEAR)
    assert (own - expected).abs().mean() < 0.01
    assert (own[..., 12:36, 12:36] - expected[..., 12:36, 12:36]).abs().max() < 1e-4


def test_crop(image):
    # A crop of 24 x 16 pixels with its corner at (12, 8), enlarged.
    sides, place = torch.tensor([[24 / SIZE, 16 / SIZE]]), torch.tensor([[12 / (SIZE - 24), 8 / (SIZE - 16)]])
    own = warped(image, crops(sides, place), SIZE)
    expected = reference.resized_crop(image, 8, 12, 16, 24, [SIZE, SIZE], InterpolationMode.BILINEAR, antialias=False)
    assert (inner(own) - inner(expected)).abs().max() < 1e-4


def test_perspective(image):
    inwards = torch.tensor([[[0.2, 0.1], [0.05, 0.15], [0.1, 0.0], [0.0, 0.2]]])
    own = warped(image, perspectives(inwards), SIZE)
    corners = torch.tensor([[0.0, 0.0], [SIZE, 0.0], [SIZE, SIZE], [0.0, SIZE]])
    towards = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    ends = corners + towards * inwards[0] * SIZE / 2
    expected = reference.perspective(image, corners.tolist(), ends.tolist(), InterpolationMode.BILINEAR)
    assert (own[..., 10:38, 10:38] - expected[..., 10:38, 10:38]).abs().max() < 1e-3
    assert (own[..., 0, 0] == 0).all()


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
def test_jitter_in_any_order(image, order):
    factors = (1.1, 0.9, 1.2)
    own = jittered(image, torch.tensor([factors]), torch.tensor([order]))
    adjust = (reference.adjust_brightness, reference.adjust_contrast, reference.adjust_saturation)
    expected = image
    for which in order:
        expected = adjust[which](expected, factors[which])
    assert torch.allclose(own, expected, atol=2e-3)


def test_every_order_of_the_jitter_is_drawn_and_comes_before_the_perspective(monkeypatch):
    orders = []

    def noted(images, factors, order):
        orders.extend(map(tuple, order.tolist()))
        return jittered(images, factors, order)

    monkeypatch.setattr("engine.datasets.augmentation.jittered", noted)
    images = torch.full((200, 3, SIZE, SIZE), 0.5)
    images[..., : SIZE // 2] = 1.0
    whole = Augmentation(flip=0, degrees=0, area=(1, 1), ratio=(1, 1), jitter=0.5, distortion=0.5, perspective=1)
    made = whole(images, SIZE, torch.Generator().manual_seed(0))
    assert set(orders) == set(itertools.permutations(range(3)))
    # What the perspective leaves empty stays black; a contrast below 1 after it would lift it to grey.
    assert (made[..., 0, 0] == 0).all(1).float().mean() > 0.9


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_has_a_draw_of_its_own_that_the_generator_alone_decides(channels):
    images = torch.rand(1, channels, 32, 32).expand(16, -1, -1, -1)
    first, again = (Augmentation()(images, 28, torch.Generator().manual_seed(5)) for _ in range(2))
    assert first.shape == (16, channels, 28, 28)
    assert torch.equal(first, again)
    assert len({image.numpy().tobytes() for image in first}) == 16
    assert first.min() >= 0
    assert first.max() <= 1


def test_nothing_is_computed_in_bf16_though_everything_around_is():
    images = torch.rand(4, 3, 64, 64)
    exact = Augmentation()(images, 56, torch.Generator().manual_seed(5))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(Augmentation()(images, 56, torch.Generator().manual_seed(5)), exact)


def test_crops_cover_between_a_twelfth_and_all_of_the_image_and_stay_inside():
    drawn = torch.rand(1_000, 10, 2), torch.rand(1_000, 2)
    maps = Augmentation()._crops(*drawn)
    area = maps[:, 0, 0] * maps[:, 1, 1]
    assert area.min() >= 0.079
    assert area.max() <= 1.0001
    for axis in range(2):
        assert (maps[:, axis, 2].abs() + maps[:, axis, axis] <= 1 + 1e-6).all()
