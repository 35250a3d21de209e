"""What ``phosphene doctor`` says of GPUs, one line whatever the driver does."""

from __future__ import annotations

import json

import pytest

from commands.doctor import doctor
from engine.control import nvml

GIB = 1 << 30
SILENT = {"nvmlDeviceGetMemoryInfo": 3, "nvmlDeviceGetUtilizationRates": 3}
LOST = {"nvmlDeviceGetMemoryInfo": nvml.LOST}
MIG = {"uuid": "MIG-a", "name": "NVIDIA A100 MIG 3g.20gb", "total": 20 * GIB, "used": GIB}
NONE = "none that can be used, so runs use the CPU: "


@pytest.mark.parametrize(
    ("machine", "driver", "says"),
    [
        ([], {"init": nvml.NO_LIBRARY}, ["none: runs use the CPU"]),
        (
            [{"used": 30 * GIB}, {"errors": LOST}, {"errors": SILENT}, {"instances": [MIG]}],
            {},
            [
                "cuda:0 Test: 10.0 GiB of 40.0 GiB free",
                "cuda:1 Test: has fallen off the bus: restart the machine",
                "cuda:2 Test: it does not say how much memory it has",
                "cuda:3 A100 MIG 3g.20gb: 19.0 GiB of 20.0 GiB free",
            ],
        ),
        (
            [{}],
            {"cuda": 9010, "driver": "390.1"},
            [f"{NONE}the NVIDIA driver 390.1 is too old: it runs CUDA 9.1, and torch is built for 13.0"],
        ),
        (
            [{}],
            {"init": nvml.NO_PERMISSION},
            [f"{NONE}this user may not ask the NVIDIA driver: get access to /dev/nvidia*"],
        ),
        ([{"errors": LOST}], {}, [f"{NONE}cuda:0 (Test) has fallen off the bus: restart the machine"]),
    ],
)
def test_one_clear_line_for_any_driver(home, gpus, monkeypatch, capsys, machine, driver, says):
    monkeypatch.setattr("engine.control.devices.cuda_of_torch", lambda: (13, 0))
    gpus(*machine, **driver)
    doctor(as_json=True)
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err == ""
    parts = told["gpu"].split("; ")
    assert parts[: len(says)] == says
    expected = None if "init" in driver else "390.1, CUDA 9.1" if driver else "580.65, CUDA 13.0"
    assert told.get("driver") == expected
