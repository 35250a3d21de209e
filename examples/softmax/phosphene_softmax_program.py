"""The program of the experiment: one linear layer, the whole training set at each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torchvision.utils import make_grid

if TYPE_CHECKING:
    from phosphene_softmax import SoftmaxHyperparameters

    from phosphene import Context


def train(hyperparameters: SoftmaxHyperparameters, context: Context) -> None:
    """Minimise the cross-entropy, show the weights of each class as a picture."""
    digits = load_digits()
    images = torch.tensor(digits.data, dtype=torch.float32, device=context.device) / 16
    labels = torch.tensor(digits.target, device=context.device)
    layer = torch.nn.Linear(64, 10).to(context.device)
    optimiser = torch.optim.SGD(layer.parameters())
    state = {"modules": {"layer": layer}, "optimisers": {"sgd": optimiser}}
    context.restore(**state)

    for step in context.steps(hyperparameters.epochs, unit="epoch"):
        optimiser.param_groups[0]["lr"] = hyperparameters.lr
        loss = F.cross_entropy(layer(images[:1500]), labels[:1500])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        context.log(step, {"train/loss": loss}, epoch=step)
        context.checkpoint(step, **state)

    weights = layer.weight.detach().reshape(10, 1, 8, 8)
    context.image("weights", make_grid(weights, nrow=5, normalize=True, pad_value=0.5), step=hyperparameters.epochs)
    accuracy = (layer(images[1500:]).argmax(1) == labels[1500:]).float().mean()
    context.result({"test/accuracy": float(accuracy)})
