"""NVML as the tests want it: it answers what stands in the JSON file that ``STANDIN_GPUS`` names, read at each call.

``{"init": 0, "driver": "580.65", "cuda": 13000, "gpus": [{"uuid": "GPU-0", "name": "NVIDIA Test", "total": 8,
"used": 1, "busy": 5, "processes": [[pid, bytes]], "instances": [{...}], "errors": {"nvmlDeviceGetMemoryInfo": 15}}]}``;
an error is a number of NVML's, and one of ``errors`` is raised by the function of that name.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace


class NVMLError(Exception):
    """What NVML raises."""

    def __init__(self, value: int) -> None:
        super().__init__(f"error {value} of the stand-in")
        self.value = value


class _Gpu:
    def __init__(self, *place: int) -> None:
        self.place = place

    def ask(self, function: str):
        values = _told()["gpus"][self.place[0]]
        for number in self.place[1:]:
            values = values["instances"][number]
        if code := values.get("errors", {}).get(function):
            raise NVMLError(code)
        return values


def _told():
    return json.loads(Path(os.environ["STANDIN_GPUS"]).read_text())


def nvmlInit():
    if code := _told().get("init"):
        raise NVMLError(code)


def nvmlDeviceGetCount():
    return len(_told()["gpus"])


def nvmlSystemGetDriverVersion():
    return _told().get("driver", "580.65")


def nvmlSystemGetCudaDriverVersion():
    return _told().get("cuda", 13000)


def nvmlDeviceGetHandleByIndex(index):
    gpu = _Gpu(index)
    gpu.ask("nvmlDeviceGetHandleByIndex")
    return gpu


def nvmlDeviceGetUUID(gpu):
    return gpu.ask("nvmlDeviceGetUUID")["uuid"]


def nvmlDeviceGetName(gpu):
    return gpu.ask("nvmlDeviceGetName")["name"]


def nvmlDeviceGetMemoryInfo(gpu):
    values = gpu.ask("nvmlDeviceGetMemoryInfo")
    return SimpleNamespace(used=values["used"], total=values["total"])


def nvmlDeviceGetUtilizationRates(gpu):
    return SimpleNamespace(gpu=gpu.ask("nvmlDeviceGetUtilizationRates").get("busy", 0))


def nvmlDeviceGetComputeRunningProcesses(gpu):
    values = gpu.ask("nvmlDeviceGetComputeRunningProcesses")
    return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in values.get("processes", [])]


def nvmlDeviceGetMigMode(gpu):
    values = gpu.ask("nvmlDeviceGetMigMode")
    if "instances" not in values:
        raise NVMLError(3)
    return [1, 1]


def nvmlDeviceGetMaxMigDeviceCount(gpu):
    return len(gpu.ask("nvmlDeviceGetMaxMigDeviceCount")["instances"]) + 1


def nvmlDeviceGetMigDeviceHandleByIndex(gpu, number):
    if number >= len(gpu.ask("nvmlDeviceGetMigDeviceHandleByIndex")["instances"]):
        raise NVMLError(6)
    return _Gpu(*gpu.place, number)
