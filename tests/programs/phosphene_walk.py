"""A small training that draws from every random generator, logs every kind of event and saves many times a second."""

from __future__ import annotations

import random
import time

import numpy as np
import torch

import engine.control.context


def walk(hyperparameters, context) -> None:
    """Train a few weights; what comes out depends on every draw, on the momentum and on every live change."""
    import sklearn.datasets  # noqa: F401 - draws from Python's generator where it was not imported yet

    engine.control.context.CHECKPOINT_SECONDS = hyperparameters.every
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
    adam = torch.optim.Adam(network[0].parameters(), lr=hyperparameters.lr)
    sgd = torch.optim.SGD(network[2].parameters(), lr=hyperparameters.lr, momentum=0.9)
    total = torch.zeros(3, dtype=torch.float64)
    state = {"modules": {"network": network}, "optimisers": {"adam": adam, "sgd": sgd}, "tensors": {"total": total}}
    context.restore(**state)
    context.checkpoint(context.done, **state)
    for step in context.steps(hyperparameters.steps):
        time.sleep(hyperparameters.pause)
        x = torch.randn(16, 4, generator=context.generator)
        y = x.sum(1, keepdim=True) + random.random() + np.random.rand() + torch.rand(1)
        loss = (network(x) - y).square().mean()
        for optimiser in (adam, sgd):
            optimiser.zero_grad()
            optimiser.param_groups[0]["lr"] = hyperparameters.lr
        loss.backward()
        adam.step()
        sgd.step()
        total += torch.tensor([loss.item(), random.random(), np.random.rand()])
        context.log(step, {"train/loss": loss, "train/lr": hyperparameters.lr})
        if step % 20 == 10:
            context.image("weights", network[0].weight.detach().sigmoid()[None], step)
            context.message(f"step {step}")
            context.table("total", ["total"], [[value] for value in total.tolist()])
            context.result({"last/loss": float(loss)})
        context.checkpoint(step, **state)
    context.result({"test/loss": float(loss), "test/total": float(total.sum())})
    context.result({"torch/threads": torch.get_num_threads()})
