"""Looking inside and fooling against what notebooks do: one image after the other, with gradients of the weights."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch
from torch import nn

from engine import catalogue
from engine.experiments.fool.attacks import Goal, Pgd
from engine.experiments.inspect import attribution
from engine.experiments.inspect.ascent import Ascent
from engine.experiments.subjects import batch_size
from engine.networks.architectures import build, preprocessing_of
from engine.tensors.devices import fast_bf16


@pytest.fixture
def squeezenet() -> nn.Module:
    torch.manual_seed(0)
    return build("squeezenet1_1").eval().requires_grad_(False)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def textbook_saliency(network: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> list[torch.Tensor]:
    """One image at a time, the weights' gradients computed along the way, as the notebooks have it."""
    maps = []
    for image, target in zip(images, targets, strict=True):
        inputs = image[None].clone().requires_grad_()
        network(inputs)[0, target].backward()
        maps.append(inputs.grad.abs().max(dim=1)[0])
    return maps


def test_saliency(squeezenet, full, in_turn, report):
    count = 16 if full else 2
    images, targets = torch.randn(count, 3, 224, 224), torch.arange(count)
    trainable = build("squeezenet1_1").eval()
    trainable.load_state_dict(squeezenet.state_dict())
    last = squeezenet.to(memory_format=torch.channels_last)
    together = images.contiguous(memory_format=torch.channels_last)

    def batch() -> torch.Tensor:
        size = batch_size(torch.device("cpu"))
        parts = zip(together.split(size), targets.split(size), strict=True)
        return torch.cat([attribution.saliency(last, own, classes) for own, classes in parts])

    def one_by_one() -> torch.Tensor:
        return torch.cat([attribution.saliency(last, together[i : i + 1], targets[i : i + 1]) for i in range(count)])

    torch.testing.assert_close(batch(), torch.cat(textbook_saliency(trainable, images, targets)), atol=1e-4, rtol=1e-2)
    ours, alone = in_turn(lambda: seconds(batch), lambda: seconds(one_by_one), 9)
    ours_again, textbook = in_turn(
        lambda: seconds(batch), lambda: seconds(lambda: textbook_saliency(trainable, images, targets)), 9
    )
    report(
        f"{count} maps in batches {ours:.3f} s, one by one {alone:.3f} s: {alone / ours:.2f}x; "
        f"the notebook's loop {textbook:.3f} s: {textbook / ours_again:.2f}x"
    )


def climber(network: nn.Module, count: int, *, bf16: bool, layout: torch.memory_format) -> Ascent:
    targets = torch.arange(count)

    def scores(inputs: torch.Tensor, part: slice) -> tuple[torch.Tensor, torch.Tensor]:
        logits = network(inputs)
        return logits.gather(1, targets[part, None]).squeeze(1), logits

    inputs = torch.randn(count, 3, 224, 224, generator=torch.Generator().manual_seed(0)).contiguous(
        memory_format=layout
    )
    chosen = catalogue.experiment("class-image").validate({})
    return Ascent(inputs, scores, preprocessing_of("squeezenet1_1"), chosen, [str(i) for i in range(count)], bf16)


def climb(ascents: list[Ascent], steps: int) -> None:
    for ascent in ascents:
        for step in range(1, steps + 1):
            ascent.step(step)


def test_class_images(squeezenet, full, in_turn, report):
    count, steps = (8, 10) if full else (2, 1)
    last = squeezenet.to(memory_format=torch.channels_last)
    options = {"bf16": False, "layout": torch.channels_last}
    ours, alone = in_turn(
        lambda: seconds(lambda: climb([climber(last, count, **options)], steps)),
        lambda: seconds(lambda: climb([climber(last, 1, **options) for _ in range(count)], steps)),
        5,
    )
    report(
        f"{count} class images, {steps} steps: one batch {ours:.2f} s, one by one {alone:.2f} s: {alone / ours:.2f}x"
    )


def test_bf16_and_channels_last(squeezenet, full, in_turn, report):
    count, steps = (8, 10) if full else (2, 1)
    plain = build("squeezenet1_1").eval().requires_grad_(False)
    last = squeezenet.to(memory_format=torch.channels_last)
    fast = fast_bf16(torch.device("cpu"))
    ours, theirs = in_turn(
        lambda: seconds(lambda: climb([climber(last, count, bf16=fast, layout=torch.channels_last)], steps)),
        lambda: seconds(lambda: climb([climber(plain, count, bf16=False, layout=torch.contiguous_format)], steps)),
        5,
    )
    kind = "bf16 and channels_last" if fast else "channels_last (no bf16 here)"
    report(f"{count} class images, {steps} steps: {kind} {ours:.2f} s, float32 {theirs:.2f} s: {theirs / ours:.2f}x")


@pytest.mark.parametrize("name", ["squeezenet1_1", "vgg16"])
def test_ascent_without_gradients_of_the_weights(name, full, in_turn, report):
    if name == "vgg16" and not full:
        pytest.skip("VGG16 is measured in earnest only: --benchmark-enable")
    torch.manual_seed(0)
    network = build(name).eval()
    images, targets = torch.randn(4 if full else 1, 3, 224, 224), torch.arange(4 if full else 1)

    def timed(wanted: bool) -> float:
        network.requires_grad_(wanted)

        def step() -> None:
            inputs = images.clone().requires_grad_()
            network(inputs).gather(1, targets[:, None]).sum().backward()
            network.zero_grad()

        return seconds(step)

    ours, theirs = in_turn(lambda: timed(False), lambda: timed(True), 5)
    report(f"a step of ascent {ours:.3f} s, with gradients of the weights {theirs:.3f} s: {theirs / ours:.2f}x")


def test_pgd(squeezenet, full, in_turn, report):
    count = 16 if full else 2
    images, labels = torch.rand(count, 3, 224, 224), torch.arange(count)
    goal = Goal(labels, targeted=True)  # out of reach, so that every image takes every step
    last = squeezenet.to(memory_format=torch.channels_last)

    def attack(rows: torch.Tensor, batch: int) -> None:
        own = Goal(goal.classes[rows], targeted=True)
        pgd = Pgd(last, images[rows], own, batch, norm="linf", eps=1e-9, alpha=1e-9)
        for step in range(1, 4):
            pgd.step(step)

    ours, alone = in_turn(
        lambda: seconds(lambda: attack(torch.arange(count), batch_size(torch.device("cpu")))),
        lambda: seconds(lambda: [attack(torch.tensor([row]), 1) for row in range(count)]),
        5,
    )
    report(f"{count} images, 3 steps of PGD: one batch {ours:.2f} s, one by one {alone:.2f} s: {alone / ours:.2f}x")
