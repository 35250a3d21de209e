"""Checkpoints: everything comes back to the last bit, in place."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from engine.tensors import checkpoints
from engine.tensors.devices import own_generator
from tests import standin

OPTIMISERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.5, 0.999)),
    "adamw amsgrad": lambda p: torch.optim.AdamW(p, lr=0.1, amsgrad=True),
    "sgd momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1),
    "tensor lr": lambda p: torch.optim.Adam(p, lr=torch.tensor(0.1), foreach=False),
    "two groups": lambda p: torch.optim.SGD([{"params": p[:1], "lr": 0.5}, {"params": p[1:]}], lr=0.1, momentum=0.5),
}


def training(optimiser):
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(), torch.nn.Linear(4, 1)
    )
    return network, optimiser(list(network.parameters())), torch.zeros(2), torch.Generator().manual_seed(1)


def steps(state, count):
    network, optimiser, tensor, generator = state
    losses = []
    for _ in range(count):
        x = torch.randn(8, 3, generator=generator) + torch.rand(1) + random.random() + np.random.randn()
        loss = network(x).square().mean() + random.gauss(0, 1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        tensor += loss.item()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", OPTIMISERS)
def test_training_goes_on_to_the_last_bit(tmp_path, name):
    state = training(OPTIMISERS[name])
    steps(state, 5)
    network, optimiser, tensor, generator = state
    path = tmp_path / "c.safetensors"
    checkpoints.save(path, 5, {"n": network}, {"o": optimiser}, {"t": tensor}, generator)
    expected = steps(state, 5)
    fresh = training(OPTIMISERS[name])
    steps(fresh, 2)
    random.seed(99), np.random.seed(99), torch.manual_seed(99)
    pointer = fresh[2].data_ptr()
    assert checkpoints.load(path, {"n": fresh[0]}, {"o": fresh[1]}, {"t": fresh[2]}, fresh[3]) == 5
    assert fresh[2].data_ptr() == pointer
    assert steps(fresh, 5) == expected
    for ours, theirs in zip(fresh[0].state_dict().values(), network.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_tied_weights_and_odd_tensors_are_saved(tmp_path):
    network = torch.nn.ModuleList([torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2, bias=False)])
    network[1].weight = network[0].weight
    odd = {"view": torch.arange(12.0).reshape(3, 4).t(), "empty": torch.zeros(0), "whole": torch.tensor(2**40)}
    path = tmp_path / "c.safetensors"
    checkpoints.save(path, 1, {"n": network}, {}, odd, torch.Generator())
    copies = {name: torch.zeros_like(tensor) for name, tensor in odd.items()}
    checkpoints.load(path, {"n": network}, {}, copies, torch.Generator())
    assert all(torch.equal(copies[name], odd[name]) for name in odd)
    assert checkpoints.load_module(path, "n").keys() == network.state_dict().keys()


def test_what_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "c.safetensors"
    checkpoints.save(path, 1, {"n": torch.nn.Linear(2, 2)}, {}, {}, torch.Generator())
    with pytest.raises(RuntimeError, match="size mismatch"):
        checkpoints.load(path, {"n": torch.nn.Linear(3, 2)}, {}, {}, torch.Generator())
    with pytest.raises(KeyError):
        checkpoints.load(path, {}, {}, {"gone": torch.zeros(1)}, torch.Generator())


def test_the_generators_of_an_accelerator_go_on_too(tmp_path):
    with standin.opened():
        own = own_generator(3, standin.DEVICE)

        def drawn():
            by_itself = torch.nn.functional.dropout(torch.ones(64, device=standin.DEVICE))
            return torch.rand(4, device=standin.DEVICE, generator=own).tolist(), by_itself.tolist()

        path = tmp_path / "c.safetensors"
        weight = torch.ones(2, device=standin.DEVICE)
        checkpoints.save(path, 1, {}, {}, {"w": weight}, own)
        expected = drawn()
        weight.zero_()
        assert checkpoints.load(path, {}, {}, {"w": weight}, own) == 1
        assert drawn() == expected
        assert weight.tolist() == [1, 1]


def test_how_an_optimiser_computes_is_its_own_affair_wherever_it_was_saved(tmp_path):
    weight = torch.nn.Parameter(torch.ones(2))

    def adam(**how):
        optimiser = torch.optim.Adam([weight], lr=0.1, **how)
        weight.grad = torch.ones(2)
        optimiser.step()
        return optimiser

    path = tmp_path / "c.safetensors"
    checkpoints.save(path, 1, {}, {"o": adam(foreach=True)}, {}, torch.Generator())
    other = adam(fused=True)
    other.param_groups[0]["lr"] = 0.5
    checkpoints.load(path, {}, {"o": other}, {}, torch.Generator())
    (group,) = other.param_groups
    assert (group["lr"], group["fused"], group["foreach"]) == (0.1, True, None)
