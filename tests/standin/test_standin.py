"""The stand-in accelerator refuses and tells what it is there for: each check is seen to fail on something broken."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests import standin
from tests.standin.registration import Module

DEVICE = standin.DEVICE


@pytest.fixture(autouse=True)
def _opened():
    with standin.opened():
        yield


@pytest.fixture
def values():
    return torch.arange(6.0, device=DEVICE).view(2, 3)


def on_host(*shape):
    return torch.ones(*shape)


@pytest.mark.parametrize(
    "mix",
    [
        lambda values: values + on_host(2, 3),
        lambda values: on_host(2, 3) + values,
        lambda values: on_host(3).mul_(values[0]),
        lambda values: torch.cat([values, on_host(2, 3)]),
        lambda values: values @ on_host(3, 2),
        lambda values: torch.where(values > 1, values, on_host(2, 3)),
        lambda values: on_host(5)[values[0].long()],
        lambda values: F.linear(values, on_host(4, 3)),
        nn.Linear(3, 2),
        lambda values: F.cross_entropy(values, torch.zeros(2, dtype=torch.long)),
    ],
)
def test_operands_of_two_devices_are_refused(mix, values):
    with pytest.raises(RuntimeError, match="same device"):
        mix(values)


def test_what_an_accelerator_allows_is_allowed(values):
    assert (values + torch.tensor(1.0)).device == values.device, "scalars of the host"
    assert values[torch.tensor([1])].device == values.device, "indices of the host"
    assert values.new_zeros(2).device == values.device
    assert values.to("cpu").device.type == "cpu"
    assert torch.zeros(3).copy_(values[0]).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.randn(3, device=DEVICE, generator=torch.Generator()),
        lambda: torch.zeros(3, device=DEVICE).uniform_(generator=torch.Generator()),
        lambda: torch.randn(3, generator=torch.Generator(DEVICE)),
        lambda: torch.randperm(3, generator=torch.Generator(DEVICE)),
    ],
)
def test_a_generator_of_the_other_device_is_refused(draw):
    with pytest.raises(RuntimeError, match="generator"):
        draw()


def test_numpy_takes_tensors_of_the_host_alone(values):
    with pytest.raises(TypeError, match="numpy"):
        values.numpy()


def assigned(values):
    values[values > 1] = 0.0


@pytest.mark.parametrize(
    "wait",
    [
        lambda values: values[0, 0].item(),
        lambda values: float(values[0, 0]),
        lambda values: values.cpu(),
        lambda values: values.to("cpu"),
        lambda values: values.tolist(),
        lambda values: bool(values[0, 0] > 0),
        lambda values: 1 if values.sum() > 2 else 0,
        str,
        lambda values: f"{values[0, 0]:.2f}",
        lambda values: values[values > 1],
        assigned,
        lambda values: values.nonzero(),
        lambda values: values.unique(),
        lambda values: values[0].long().bincount(),
        lambda values: torch.equal(values, values),
        lambda values: torch.linalg.solve(torch.eye(2, device=DEVICE), values),
        lambda values: torch.tensor([1.0], device=DEVICE),
        lambda values: torch.zeros(3).to(DEVICE),
        lambda values: torch.zeros(3).copy_(values[0]),
        lambda values: values[torch.tensor([1])],
        lambda values: range(int(values[0, 1])),
    ],
)
def test_what_makes_the_host_wait_is_told_once(wait, values):
    with standin.waits() as found:
        wait(values)
    assert len(found) == 1
    assert found[0].passes("tests/standin/test_standin.py:")


@pytest.mark.parametrize(
    "go_on",
    [
        lambda values: values * 2 + values.mean(),
        lambda values: torch.where(values > 1, values, 0.0),
        lambda values: values.masked_fill(values > 1, 0.0),
        lambda values: values[values[0].long().clamp(max=1)],
        lambda values: torch.zeros(3).to(DEVICE, non_blocking=True),
        lambda values: F.one_hot(values.long(), 6),
        lambda values: torch.randn(4, device=DEVICE),
        lambda values: torch.linalg.solve_ex(torch.eye(2, device=DEVICE), values),
        lambda values: values.argmax(1),
    ],
)
def test_what_lets_the_host_go_on_is_not_told(go_on, values):
    with standin.waits() as found:
        go_on(values)
    with standin.waits() as others, torch.inference_mode():
        go_on(values)
    assert not found
    assert not others


def network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))


def training(device, optimiser, *, bf16=False, channels_last=False):
    """Train a little and return the loss of each step and the network."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = network().to(device).to(memory_format=layout)
    optimise = optimiser(net.parameters())
    images = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(0)).to(device).to(memory_format=layout)
    labels = torch.arange(8, device=device) % 5
    losses = []
    with standin.waits() as found:
        for _ in range(4):
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                logits = net(images)
            optimise.zero_grad()
            loss = F.cross_entropy(logits.float(), labels)
            loss.backward()
            optimise.step()
            losses.append(loss.detach())
    assert not found
    assert logits.dtype == (torch.bfloat16 if bf16 else torch.float32)
    return [loss.item() for loss in losses], net


@pytest.mark.parametrize(
    ("optimiser", "channels_last"),
    [
        (lambda weights: torch.optim.Adam(weights, 1e-2, fused=True), True),
        (lambda weights: torch.optim.Adam(weights, 1e-2), False),
        (lambda weights: torch.optim.SGD(weights, 0.1, 0.9, fused=True), False),
        (lambda weights: torch.optim.SGD(weights, 0.1, 0.9), True),
    ],
)
def test_training_is_that_of_the_cpu_and_never_waits(optimiser, channels_last):
    accelerated, net = training(DEVICE, optimiser, channels_last=channels_last)
    expected, _ = training(torch.device("cpu"), optimiser, channels_last=channels_last)
    assert accelerated == pytest.approx(expected, rel=1e-4)
    assert all(isinstance(weight, nn.Parameter) and weight.device.type == standin.NAME for weight in net.parameters())


def test_autocast_computes_convolutions_and_products_in_bf16():
    accelerated, _ = training(DEVICE, lambda weights: torch.optim.SGD(weights, 0.1), bf16=True)
    expected, _ = training(torch.device("cpu"), lambda weights: torch.optim.SGD(weights, 0.1))
    assert accelerated == pytest.approx(expected, rel=0.1)
    assert accelerated != expected


def test_a_copy_of_a_network_is_another_one():
    net = network().to(DEVICE)
    other = copy.deepcopy(net)
    with torch.no_grad():
        net[0].weight.zero_()
    assert other[0].weight.abs().sum() > 0
    assert isinstance(other[0].weight, nn.Parameter)


def test_the_device_has_a_generator_by_itself():
    torch.manual_seed(5)
    first = torch.rand(3, device=DEVICE).tolist()
    on_cpu = torch.rand(3).tolist()
    torch.manual_seed(5)
    assert torch.rand(3).tolist() == on_cpu, "what the device draws leaves the host's generator alone"
    assert torch.rand(3, device=DEVICE).tolist() == first
    assert F.dropout(torch.ones(64, device=DEVICE)).sum() < 128


def test_it_is_there_only_while_it_is_opened():
    assert Module().is_available()
    with pytest.raises(TypeError, match="numpy"):
        torch.zeros(2, device=DEVICE).numpy()
