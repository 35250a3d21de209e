"""Which devices there are, against a driver that answers as NVML does on a machine with three GPUs."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from engine import DataUnavailable, LaunchError, Workspace, catalogue
from engine.control import devices
from engine.control.resolving import problems
from engine.control.ticket import Ticket


class NVMLError(Exception):
    """What the driver raises."""


def driver(count: int) -> SimpleNamespace:
    """Return a module with NVML's functions over so many GPUs, a handle being a GPU's number."""

    def by_uuid(name: str) -> int:
        for number in range(count):
            if name == f"GPU-{number}{number}":
                return number
        raise NVMLError(name)

    def init() -> None:
        if not count:
            raise NVMLError("driver not loaded")

    return SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=init,
        nvmlDeviceGetCount=lambda: count,
        nvmlDeviceGetHandleByIndex=lambda number: number,
        nvmlDeviceGetHandleByUUID=by_uuid,
        nvmlDeviceGetUUID=lambda handle: f"GPU-{handle}{handle}",
        nvmlDeviceGetName=lambda handle: f"NVIDIA Test {handle}",
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=handle, total=10),
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=10 * handle),
    )


@pytest.fixture
def machine(monkeypatch):
    """Pretend to be a machine with so many GPUs, of which CUDA_VISIBLE_DEVICES shows some."""

    def pretend(count: int, visible: str | None) -> None:
        monkeypatch.setitem(sys.modules, "pynvml", driver(count))
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        devices._visible.cache_clear()
        devices.gpu_names.cache_clear()

    yield pretend
    devices._visible.cache_clear()
    devices.gpu_names.cache_clear()


@pytest.mark.parametrize(
    ("visible", "numbers"),
    [(None, [0, 1, 2]), ("1", [1]), ("2,0", [2, 0]), ("GPU-22", [2]), ("", []), ("0,7,1", [0]), ("-1", [])],
)
def test_gpus_are_those_that_cuda_would_see_in_its_order_with_their_own_load(machine, visible, numbers):
    machine(3, visible)
    assert devices.gpu_names() == tuple(f"NVIDIA Test {number}" for number in numbers)
    assert [load.utilisation for load in devices.machine_load().gpus] == [10 * number for number in numbers]
    assert devices.resolve_device("auto") == ("cuda:0" if numbers else "cpu")


def test_a_gpu_is_queued_for_by_its_own_name(machine):
    machine(3, "1")
    assert devices.queue_name("cuda:0") == "GPU-11"
    machine(3, None)
    assert devices.queue_name("cuda:1") == "GPU-11"
    assert devices.queue_name("cpu") == "cpu"
    assert devices.device_of(devices.queue_name("cuda:0")) == "cuda:0"
    assert [devices.device_of(name) for name in ("cpu", "GPU-99")] == ["cpu", "GPU-99"]


def test_without_a_driver_there_is_the_cpu(machine):
    machine(0, None)
    assert devices.gpu_names() == ()
    assert devices.machine_load().gpus == ()
    assert devices.resolve_device("auto") == "cpu"
    assert devices.queue_name("cuda:0") == "cuda:0"


def test_a_device_that_is_not_there_or_full_is_refused(machine, monkeypatch):
    machine(2, None)
    assert devices.device_names() == ("auto", "cpu", "cuda:0", "cuda:1")
    with pytest.raises(DataUnavailable, match=r"there is no cuda:2 here: take cpu or cuda:0 \(NVIDIA Test 0\), cuda:1"):
        devices.require_device("cuda:2", queued=False)
    devices.require_device("cpu", queued=False)
    with pytest.raises(LaunchError, match=r"cuda:1 is full, 0 MiB are free"):
        devices.require_device("cuda:1", queued=False)
    devices.require_device("cuda:1", queued=True)
    monkeypatch.setattr(devices, "ROOM", 9)
    devices.require_device("cuda:1", queued=False)


def test_a_device_that_only_our_own_runs_have_filled_is_queued_for(machine, home):
    machine(1, None)
    workspace, count = Workspace(home), catalogue.experiment("count")
    assert "is full" in problems(workspace, count, {}, {})["device"]
    ticket = Ticket(home, devices.queue_name("cuda:0"), "1121-1200-count-k3f")
    assert problems(workspace, count, {}, {}) == {}
    ticket.release()
