"""What a captured graph would get wrong raises, and what it can repeat does not."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests import standin

DEVICE = standin.DEVICE


@pytest.fixture(autouse=True)
def _opened():
    with standin.opened():
        yield


class Training:
    """A training step as it is to be captured: static input, state on the device, a ring of losses."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.images = torch.rand(20, 4, device=DEVICE)
        self.labels = torch.arange(20, device=DEVICE) % 3
        self.indices = torch.zeros(8, dtype=torch.long, device=DEVICE)
        self.network = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 3)).to(DEVICE)
        self.lr = torch.full((), 1e-2, device=DEVICE)
        self.optimiser = torch.optim.Adam(self.network.parameters(), self.lr, fused=True)
        self.losses = torch.zeros(16, device=DEVICE)
        self.place = torch.zeros(1, dtype=torch.long, device=DEVICE)
        self.total = torch.zeros(())
        self.generator = torch.Generator(DEVICE)

    def step(self) -> None:
        noise = torch.randn(8, 4, device=DEVICE, generator=self.generator)
        loss = F.cross_entropy(self.network(self.images[self.indices] + noise), self.labels[self.indices])
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.losses.index_copy_(0, self.place, loss.detach().view(1))
        self.place.add_(1).remainder_(16)


def repeated(training, broken=None):
    """Call the step three times as it is to be captured, each time with another batch."""
    training.step()
    capture = standin.capturing()
    for number in range(3):
        training.indices.copy_(torch.randperm(20)[:8])
        training.lr.fill_(1e-2 / (1 + number))
        with capture:
            training.step()
            if broken is not None:
                broken(training, number)


def test_a_step_that_can_be_captured_is_repeated():
    training = Training()
    repeated(training)
    assert (training.losses != 0).sum() == 4


WAITS, NEW, DIFFERS = "makes the host wait", "brings new data", "in the first call"
BROKEN = {
    "a number is fetched": (WAITS, lambda training, number: training.losses[0].item()),
    "a decision on the host": (WAITS, lambda training, number: 1 if training.losses.sum() > 0 else 0),
    "a copy to the host": (WAITS, lambda training, number: training.losses.cpu()),
    "a mask as index": (WAITS, lambda training, number: training.images[training.labels == 1]),
    "new data": (NEW, lambda training, number: torch.tensor([1.0], device=DEVICE)),
    "a copy from the host": (NEW, lambda training, number: torch.ones(3).to(DEVICE, non_blocking=True)),
    "indices of the host": (NEW, lambda training, number: training.images[torch.tensor([1, 2])]),
    "another shape": (DIFFERS, lambda training, number: torch.zeros(3 + number, device=DEVICE)),
    "another slice": (DIFFERS, lambda training, number: training.images[number : number + 4] * 2),
    "another number": (DIFFERS, lambda training, number: training.losses * (0.1 * number)),
    "more operations": (DIFFERS, lambda training, number: [training.losses + 1 for _ in range(number)]),
    "fewer operations": ("the first call did", lambda training, number: training.losses + 1 if number == 0 else None),
    "a scalar of the host that changes": (
        DIFFERS,
        lambda training, number: training.losses * torch.tensor(1.0 * number),
    ),
    "a tensor of the host that changes": ("changes a tensor", lambda training, number: training.total.add_(1)),
    "noise of the host": ("draws random numbers", lambda training, number: torch.rand(3)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_a_graph_cannot_repeat_is_refused(what):
    reason, broken = BROKEN[what]
    with pytest.raises(standin.CaptureError, match=reason):
        repeated(Training(), broken)


def test_a_batch_from_outside_must_be_the_same_tensor():
    training, capture = Training(), standin.capturing()
    batches = [torch.rand(8, 4, device=DEVICE) for _ in range(2)]
    with torch.no_grad(), capture:
        training.network(batches[0])
    with torch.no_grad(), pytest.raises(standin.CaptureError, match="static tensor"), capture:
        training.network(batches[1])
