"""Captions in little room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.captions import shortened

FIELDS = st.fixed_dictionaries({
    "learning_rate": st.sampled_from(["0.1", "0.01", "1e-05"]),
    "nz": st.integers(1, 1000).map(str),
    "backbone": st.sampled_from(["squeezenet1_1:/a/very/long/folder/weights.pth", "vgg16", "alexnet, of others"]),
    "classes": st.text(max_size=30),
})  # fmt: skip
CAPTIONS = FIELDS.map(lambda own: ", ".join(f"{name} {value}" for name, value in own.items()))


@given(st.lists(CAPTIONS | st.text(max_size=60), min_size=1, max_size=12), st.integers(12, 80))
def test_what_differs_stays_different_and_nothing_is_wider_than_its_room(captions, width):
    found = shortened(captions, width, cell_len)
    assert len(found) == len(captions)
    assert all(cell_len(text) <= width for text in found)
    assert len(set(found)) == len(set(captions))
    assert all(a == b for a, b in zip(shortened(captions, 10_000, cell_len), captions, strict=True))


@given(st.lists(CAPTIONS | st.text(max_size=60), min_size=1, max_size=6), st.integers(0, 11))
def test_no_width_is_too_small(captions, width):
    assert all(cell_len(text) <= width for text in shortened(captions, width, cell_len))


@pytest.mark.parametrize(
    ("captions", "width", "short"),
    [
        (["lr 0.1", "lr 0.01"], 20, ["lr 0.1", "lr 0.01"]),
        (  # what is alike gives way first
            ["backbone vgg16, lr 0.1, nz 10 (3)", "backbone vgg16, lr 0.01, nz 10 (3)"],
            20,
            ["lr 0.1, nz 10 (3)", "lr 0.01, nz 10 (3)"],
        ),
        (  # numbers before texts
            [
                "weights a long text, lr 0.1, nz 10",
                "weights another one, lr 0.01, nz 10",
                "weights a third, lr 1, nz 2",
            ],
            16,
            ["lr 0.1, nz 10", "lr 0.01, nz 10", "lr 1, nz 2"],
        ),
        (  # all that is needed, though no single field tells all of them apart
            ["lr 0.1, nz 10, cut relu7", "lr 0.1, nz 20, cut relu7", "lr 0.2, nz 10, cut relu7"],
            14,
            ["lr 0.1, nz 10", "lr 0.1, nz 20", "lr 0.2, nz 10"],
        ),
        (  # nothing that the other fields say already, and of long texts what differs
            [f"lr {lr}, decay {4 - lr}, weights /home/me/networks/{name}.pth" for lr in (1, 2) for name in "ab"],
            18,
            [f"lr {lr}, we… /h…{name}.pth" for lr in (1, 2) for name in "ab"],
        ),
        (  # names are cut before values are
            ["learning_rate 0.1, generator_width 64", "learning_rate 0.2, generator_width 32"] * 2,
            12,
            ["learnin… 0.1", "learnin… 0.2"] * 2,
        ),
        (["learning_rate 0.12345", "learning_rate 0.54321"], 9, ["0.12345", "0.54321"]),
        (  # long texts with one beginning
            ["weights /home/me/networks/first.pth", "weights /home/me/networks/second.pth"],
            14,
            ["/hom…first.pth", "/ho…second.pth"],
        ),
        (["x" * 30 + str(n) for n in range(3)], 12, [f"{'x' * 10}…{n}" for n in range(3)]),
    ],
)
def test_captions_name_what_is_most_useful(captions, width, short):
    assert shortened(captions, width) == short
