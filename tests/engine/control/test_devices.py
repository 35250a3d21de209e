"""Which devices there are, against a driver that answers as NVML does on machines of many kinds."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import DataUnavailable, MachineFailure, Workspace, catalogue
from engine.control import devices, numbering, nvml
from engine.control.resolving import problems

LOST = {"nvmlDeviceGetMemoryInfo": nvml.LOST}


def names():
    return tuple(gpu.name for gpu in devices.visible())


SILENT = {"nvmlDeviceGetMemoryInfo": 3, "nvmlDeviceGetUtilizationRates": 3}


@pytest.mark.parametrize(
    ("visible", "numbers"),
    [
        (None, [0, 1, 2]),
        ("1", [1]),
        ("2,0", [2, 0]),
        ("GPU-22", [2]),
        ("gpu-22", []),
        ("GPU-", []),
        ("GPU-2,GPU-0", [2, 0]),
        ("", []),
        ("0,7,1", [0]),
        ("-1", []),
        ("1,1", []),
    ],
)
def test_gpus_are_those_that_cuda_would_see_in_its_order_with_their_own_load(gpus, visible, numbers):
    gpus(*({"name": f"NVIDIA Test {n}", "busy": 10 * n} for n in range(3)), visible=visible)
    assert names() == tuple(f"Test {number}" for number in numbers)
    assert [load.utilisation for load in devices.machine_load().gpus] == [10 * number for number in numbers]
    assert devices.recorded_device("auto") == ("auto" if numbers else "cpu")


def test_processors_are_as_busy_whichever_thread_asks(monkeypatch):
    times = iter([(100.0, 50.0), (102.0, 51.0), (112.0, 53.5), (112.0, 53.5)])
    monkeypatch.setattr(devices, "_processor_seconds", lambda: next(times))
    monkeypatch.setattr(devices, "FIRST_SECONDS", 0)
    processors = devices._Processors()

    def of_a_new_thread() -> float:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(processors.percent).result()

    assert [of_a_new_thread() for _ in range(3)] == [50, 75, 75], "the last time within one tick of the clock"


def test_the_load_is_what_the_system_counts():
    whole, idle = devices._processor_seconds()
    assert 0 < idle < whole
    assert 0 <= devices.machine_load().cpu <= 100


def test_numbers_are_cudas_where_gpus_differ_in_kind(gpus, monkeypatch):
    monkeypatch.setattr(numbering, "_cudas_order", lambda: ["22", "00", "11"])
    kinds = [{"name": "NVIDIA GT 710"}, {"name": "NVIDIA T4"}, {"name": "NVIDIA H100"}]
    gpus(*kinds)
    assert names() == ("H100", "GT 710", "T4")
    gpus(*kinds, visible="0,2")
    assert names() == ("H100", "T4")
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    gpus(*kinds, visible="0,2")
    assert names() == ("GT 710", "H100")
    gpus(*kinds)
    assert devices.device_set("cuda:2,0") == ("GPU-22", "GPU-00")


def test_cuda_is_asked_for_its_order_in_a_process_of_its_own(tmp_path, monkeypatch):
    assert numbering._cudas_order() == []
    if not (compiler := shutil.which("cc")):
        pytest.skip("no C compiler to make a stand-in of CUDA's library with")
    (tmp_path / "cuda.c").write_text("""
        #include <stdlib.h>
        int cuInit(unsigned flags) { return getenv("CUDA_VISIBLE_DEVICES") != NULL; }
        int cuDeviceGetCount(int *count) { *count = 2; return 0; }
        int cuDeviceGet(int *device, int number) { *device = number; return 0; }
        int cuDeviceGetUuid(unsigned char *uuid, int device) {
            for (int i = 0; i < 16; i++) uuid[i] = 15 * (1 - device);
            return 0;
        }
    """)
    subprocess.run([compiler, "-shared", "-o", tmp_path / "libcuda.so.1", tmp_path / "cuda.c"], check=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    order = numbering._cudas_order()
    assert order == ["0f" * 16, "00" * 16]
    assert numbering._bare("GPU-0F0F0F0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f") == order[0]


def test_a_gpu_is_known_by_its_own_name_whatever_its_number(gpus):
    gpus({}, {}, {}, visible="1")
    assert devices.device_set("cuda:0") == ("GPU-11",)
    gpus({}, {}, {})
    assert devices.device_set("cuda:1") == ("GPU-11",)
    assert devices.device_set("cuda:2,1") == ("GPU-22", "GPU-11")
    assert devices.device_set("any") == devices.device_set("auto") == devices.device_set("cuda")
    assert devices.device_set("cpu") == ("cpu",)
    assert [devices.device_of(name) for name in ("GPU-00", "cpu", "GPU-99")] == ["cuda:0", "cpu", "GPU-99"]
    sets = [("cpu",), ("GPU-11", "GPU-00"), ("GPU-00", "GPU-11", "GPU-22"), ("GPU-22",)]
    assert [devices.set_name(names) for names in sets] == ["cpu", "cuda:1,0", "any", "cuda:2"]


def test_cuda_sees_nothing_but_the_device_that_a_run_has_got(gpus, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    gpus({}, {}, visible="1,0")
    assert devices.only_see("cpu") == "cpu"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1,0"
    assert devices.only_see("GPU-00") == "cuda:0"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-00"


def test_instances_of_a_gpu_in_mig_mode_are_devices_of_their_own(gpus):
    instances = [
        {"uuid": f"MIG-{name}", "name": "NVIDIA A100 MIG 3g.20gb", "total": 20 << 30, "used": 0, "errors": {}}
        for name in "ab"
    ]
    for instance in instances:
        instance["errors"] = {"nvmlDeviceGetUtilizationRates": 3}
    gpus({"instances": instances}, {})
    assert devices.device_set("auto") == ("MIG-a", "MIG-b", "GPU-11")
    assert [(load.name, load.utilisation) for load in devices.machine_load().gpus][:2] == [
        ("A100 MIG 3g.20gb", None)
    ] * 2
    for visible, names in {
        "MIG-b": ["MIG-b"],
        "0": ["MIG-a", "MIG-b"],
        "GPU-00": ["MIG-a", "MIG-b"],
        "1": ["GPU-11"],
    }.items():
        gpus({"instances": instances}, {}, visible=visible)
        assert [*devices.device_set("any")] == names
    gpus({"instances": [{**instances[0], "uuid": "MIG-GPU-55/1/0"}]})
    assert devices.device_set("any") == ("MIG-GPU-55+1+0",)
    assert devices.only_see("MIG-GPU-55+1+0") == "cuda:0"
    assert os.environ.pop("CUDA_VISIBLE_DEVICES") == "MIG-GPU-55/1/0"
    gpus({"instances": []})
    assert "cuda:0 (Test) is in MIG mode and has no instance: make one" in devices.gpus_unusable()


def test_without_a_driver_there_is_the_cpu(gpus):
    gpus(init=nvml.NO_LIBRARY)
    assert devices.visible() == devices.machine_load().gpus == ()
    assert devices.device_set("auto") == ("cpu",)
    assert (devices.gpus_unusable(), devices.machine_load().trouble) == ("", "")
    for name in ("cuda", "any"):
        with pytest.raises(DataUnavailable, match="there is no GPU here: take cpu"):
            devices.device_set(name)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (nvml.NOT_LOADED, "the NVIDIA driver is not loaded: load it"),
        (nvml.MISMATCH, "the NVIDIA driver was updated while the old one is loaded: restart the machine"),
        (nvml.NO_PERMISSION, "this user may not ask the NVIDIA driver: get access to /dev/nvidia*"),
        (nvml.NO_FUNCTION, "the NVIDIA driver is too old: update it"),
        (999, "the NVIDIA driver says: error 999 of the stand-in"),
    ],
)
def test_a_driver_that_does_not_answer_is_one_line_and_the_cpu_is_taken(gpus, code, says):
    gpus({}, init=code)
    assert devices.gpus_unusable().startswith(says)
    assert devices.recorded_device("auto") == "cpu"
    with pytest.raises(DataUnavailable, match="there is no cuda:0 here: take cpu") as caught:
        devices.device_set("cuda:0")
    assert says in str(caught.value)


def test_a_driver_that_is_older_than_what_torch_is_built_for_is_found_before_a_launch(gpus, monkeypatch):
    gpus({}, cuda=11040, driver="470.82")
    monkeypatch.setattr(devices, "cuda_of_torch", lambda: (12, 8))
    says = "the NVIDIA driver 470.82 is too old: it runs CUDA 11.4, and torch is built for 12.8; update the driver"
    assert devices.gpus_unusable().startswith(says)
    assert devices.recorded_device("auto") == "cpu"
    with pytest.raises(MachineFailure, match=f"no GPU can be used: {says}"):
        devices.device_set("cuda:0")
    monkeypatch.setattr(devices, "cuda_of_torch", lambda: (0, 0))
    assert devices.gpus_unusable().startswith("the installed torch is built for CPUs")
    monkeypatch.undo()


def test_what_torch_is_built_for_is_read_without_importing_it():
    torch = pytest.importorskip("torch")
    devices.cuda_of_torch.cache_clear()
    built = tuple(map(int, torch.version.cuda.split("."))) if torch.version.cuda else (0, 0)
    assert devices.cuda_of_torch() == built


def test_a_gpu_that_fell_off_the_bus_is_no_device_and_the_others_are(gpus):
    gpus({}, {"errors": LOST}, {"errors": {"nvmlDeviceGetHandleByIndex": nvml.LOST}}, {})
    assert devices.device_set("auto") == ("GPU-00", "GPU-33")
    assert nvml.driver().trouble == (
        "GPU 1 (Test) has fallen off the bus: restart the machine; GPU 2 has fallen off the bus: restart the machine"
    )
    with pytest.raises(MachineFailure, match="cuda:1 has fallen off the bus: restart the machine"):
        devices.device_set("cuda:1,2")
    loads = [(load.name, load.utilisation, load.total) for load in devices.machine_load().gpus]
    assert loads == [("Test", 0, 40 << 30), ("Test", None, None), ("GPU", None, None), ("Test", 0, 40 << 30)]
    gpus({"errors": LOST})
    assert devices.recorded_device("auto") == "cpu"


def test_what_a_driver_does_not_say_is_left_open(gpus):
    """As of GPUs that share the host's memory."""
    gpus({"errors": SILENT}, {"total": 0})
    assert [(load.utilisation, load.used, load.total) for load in devices.machine_load().gpus] == [
        (None, None, None),
        (0, None, None),
    ]
    assert devices.device_set("auto") == ("GPU-00", "GPU-11")
    assert devices.gpus_unusable() == ""


def test_a_device_that_is_not_there_is_refused_before_the_launch(gpus, home):
    gpus({}, {})
    assert devices.device_names() == ("auto", "cpu", "any", "cuda:0", "cuda:1")
    with pytest.raises(DataUnavailable, match=r"there is no cuda:2 here: take cpu or cuda:0 \(Test\), cuda:1 \(Test\)"):
        devices.device_set("cuda:1,2")
    count = catalogue.experiment("count")
    assert "there is no cuda:7" in problems(Workspace(home), count, {}, {"device": "cuda:7"})["device"]
    assert problems(Workspace(home), count, {}, {"device": "cuda:0,1"}) == {}
