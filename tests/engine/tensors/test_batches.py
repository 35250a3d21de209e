"""What is only computed goes on in smaller batches where memory runs out, and says so."""

from __future__ import annotations

import gc
import weakref

import pytest

torch = pytest.importorskip("torch")

from engine.experiments.classify.cnn import predict  # noqa: E402
from engine.tensors import batches  # noqa: E402
from engine.tensors.batches import in_batches, told_to  # noqa: E402


@pytest.fixture
def heard():
    said = []
    told_to(said.append)
    yield said
    batches._tell.clear()
    batches._sizes.clear()


def small(most, calls):
    """Return a function that fits only so many rows."""

    def compute(part, *others):
        calls.append(len(part))
        if len(part) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return part * 2

    return compute


@pytest.mark.parametrize("count", [0, 1, 7, 8, 20])
def test_parts_are_those_of_a_split(heard, count):
    rows, calls = torch.arange(count), []
    found = [*in_batches(small(8, calls), rows, batch=8, what="evaluation")]
    assert [part.tolist() for part in found] == [(part * 2).tolist() for part in rows.split(8)]
    assert heard == []


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_nothing_is_lost_or_doubled(heard):
    rows, calls = torch.arange(20), []
    found = torch.cat([*in_batches(small(2, calls), rows, rows, batch=8, what="evaluation")])
    assert found.tolist() == (rows * 2).tolist()
    assert calls == [8, 4, *[2] * 10]
    assert heard == [
        "evaluation: 8 at once do not fit into the memory of the device; it goes on with 4",
        "evaluation: 4 at once do not fit into the memory of the device; it goes on with 2",
    ]
    calls.clear()
    assert [*in_batches(small(2, calls), rows[:4], batch=8, what="evaluation")]
    assert [*in_batches(small(8, calls), rows[:8], batch=8, what="features")]
    assert calls == [2, 2, 8], "what fitted is begun with"


def test_a_row_that_does_not_fit_is_out_of_memory(heard):
    with pytest.raises(torch.OutOfMemoryError):
        [*in_batches(small(0, []), torch.arange(4), batch=4, what="evaluation")]
    assert len(heard) == 2


def test_the_tensors_of_the_failed_call_are_let_go_before_the_next(heard):
    left = []

    def compute(part):
        if left and left[-1]() is not None:
            pytest.fail("the failed call's tensors are still there")
        large = torch.zeros(10)
        left.append(weakref.ref(large))
        if len(part) > 1:
            raise torch.OutOfMemoryError("no room")
        return part

    gc.disable()
    try:
        assert len([*in_batches(compute, torch.arange(4), batch=4, what="evaluation")]) == 4
    finally:
        gc.enable()


def test_an_evaluation_goes_on(heard):
    """A network that fits ten images, in the loop of ``cnn``."""
    from types import SimpleNamespace

    class Small(torch.nn.Module):
        def forward(self, images):
            if len(images) > 10:
                raise torch.OutOfMemoryError("no room")
            return images.flatten(1).sum(1, keepdim=True)

    images = torch.randint(0, 255, (50, 1, 4, 4), dtype=torch.uint8)
    logits = predict(Small(), SimpleNamespace(images=images), batch=40)
    assert torch.equal(logits, images.float().div(255).flatten(1).sum(1, keepdim=True))
    assert heard[-1].endswith("it goes on with 10")
