"""How runs end that have no memory left, or whose GPU is gone: one line, and what to do."""

from __future__ import annotations

import os
import re

import pytest

from engine import catalogue
from engine.control import nvml
from engine.control.endings import lowered, outcome
from engine.record.events import DeviceTaken

GIB = 1 << 30
ON_GPU = DeviceTaken(1.0, "cuda:3", "Test", "GPU-00")
TORCH = (
    "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 40.00 GiB of which 1 MiB is free."
)


class OutOfMemoryError(RuntimeError):
    """What torch raises, by name: the engine looks at no more, because it imports no torch."""


def test_out_of_memory_says_what_was_asked_for_and_free_who_has_the_rest_and_what_to_lower(gpus, capsys):
    gpus({"used": 40 * GIB - (312 << 20), "processes": [[os.getpid(), 30 * GIB], [4_000_000, 9 * GIB]]})
    hyperparameters = catalogue.experiment("dcgan").validate({"batch": 512})
    state, reason = outcome(OutOfMemoryError(TORCH), ON_GPU, hyperparameters)
    assert state == "failed"
    assert reason == (
        "out of memory on cuda:3 (2.5 GiB more were asked for; 312 MiB of 40.0 GiB are free; taken are 30.0 GiB by "
        "this run, 9.0 GiB by pid 4000000): lower batch (now 512), or choose another device"
    )
    assert "OutOfMemoryError" in capsys.readouterr().err, "where it happened is in the output"


def test_where_the_driver_says_nothing_the_rest_is_said(gpus):
    gpus({"errors": {"nvmlDeviceGetMemoryInfo": 3, "nvmlDeviceGetComputeRunningProcesses": 3}})
    hyperparameters = catalogue.experiment("predict").validate({})
    assert outcome(OutOfMemoryError("odd"), ON_GPU, hyperparameters)[1] == (
        "out of memory on cuda:3: choose another device"
    )


def test_on_the_cpu_the_memory_of_the_host_is_told(gpus):
    gpus(init=nvml.NO_LIBRARY)
    taken = DeviceTaken(1.0, "cpu")
    text = "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to allocate"
    hyperparameters = catalogue.experiment("cnn").validate({})
    reason = outcome(RuntimeError(f"{text} 8589934592 bytes. Error code 12"), taken, hyperparameters)[1]
    assert re.fullmatch(
        r"out of memory \(8.0 GiB more were asked for; [\d.]+ [MG]iB of [\d.]+ GiB are free\): lower batch \(now 32\), "
        "or choose another device",
        reason,
    )
    numpys = "Unable to allocate 7.28 TiB for an array with shape (1000000, 1000000)"
    assert "(7454.7 GiB more were asked for" in outcome(MemoryError(numpys), taken)[1]


def test_a_gpu_that_falls_off_is_one_line_and_no_traceback(gpus, capsys):
    gpus({"errors": {"nvmlDeviceGetMemoryInfo": nvml.LOST}})
    error = RuntimeError("CUDA error: unspecified launch failure CUDA kernel errors might be asynchronously reported")
    assert outcome(error, ON_GPU)[1] == "cuda:3 has fallen off the bus: restart the machine, then resume the run"
    assert capsys.readouterr().err == ""
    gpus({})
    assert outcome(error, ON_GPU)[1] == "RuntimeError: CUDA error: unspecified launch failure"


@pytest.mark.parametrize("name", [one.name for one in catalogue.experiments().values() if one.family != "tests"])
def test_every_experiment_with_a_batch_declares_that_it_takes_memory(name):
    hyperparameters = catalogue.experiment(name).validate({})
    batch = getattr(hyperparameters, "batch", None)
    assert lowered(hyperparameters) == ([] if batch is None else [f"batch (now {batch})"])
