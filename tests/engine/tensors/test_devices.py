"""Number formats by what a GPU can do, and why torch cannot open one, without a GPU."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from engine.errors import MachineFailure  # noqa: E402
from engine.experiments.speed import chosen_speed, uses_bf16  # noqa: E402
from engine.tensors.devices import allow_tf32, open_device  # noqa: E402

CUDA = torch.device("cuda")


@pytest.fixture
def gpu(monkeypatch):
    """Pretend that torch has a GPU of such a major version."""

    def pretend(major):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(major=major))

    yield pretend
    allow_tf32(torch.device("cpu"), on=False)


@pytest.mark.parametrize(
    ("major", "precision", "text"),
    [
        *((major, "auto", "float32") for major in (6, 7)),  # GTX 10, V100 and T4
        *((major, "tf32", "float32") for major in (6, 7)),
        *((major, "auto", "bf16 autocast") for major in (8, 9)),
        *((major, "tf32", "TF32") for major in (8, 9)),
        *((major, "float32", "float32") for major in (7, 8)),
        (7, "bf16", "bf16 autocast"),
    ],
)
def test_the_number_format_is_what_the_gpu_can_do_and_the_record_tells_it(gpu, major, precision, text):
    gpu(major)
    speed = chosen_speed(CUDA, precision, "auto")
    assert str(speed) == f"{text}, channels_last"
    assert torch.backends.cudnn.allow_tf32 == torch.backends.cuda.matmul.allow_tf32 == (text == "TF32")


def test_a_cpu_has_no_tf32(gpu):
    assert not uses_bf16("tf32", torch.device("cpu"))
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (AssertionError("Torch not compiled with CUDA enabled"), "Torch not compiled with CUDA enabled"),
        (
            RuntimeError(
                "The NVIDIA driver on your system is too old (found version 11040). Please update your driver by"
            ),
            "The NVIDIA driver on your system is too old (found version 11040)",
        ),
        (
            RuntimeError("CUDA unknown error - this may be due to\nan incorrectly set up environment"),
            "CUDA unknown error",
        ),
    ],
)
def test_a_gpu_that_torch_cannot_open_is_one_line(monkeypatch, error, says):
    def init():
        raise error

    monkeypatch.setattr(torch.cuda, "init", init)
    with pytest.raises(MachineFailure) as caught:
        open_device("cuda:0")
    assert str(caught.value).startswith(f"torch cannot use the GPU: {says}")
    assert str(caught.value).endswith("; see phosphene doctor, or choose --device cpu")
    assert "\n" not in str(caught.value)
