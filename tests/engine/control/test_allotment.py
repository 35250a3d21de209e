"""What a worker does with its job: the device it takes, and how it leaves."""

from __future__ import annotations

import pytest

from engine.control.allotment import Allotment
from engine.slurm.job import Job, read_job, write_job


@pytest.fixture
def allotted(tmp_path, monkeypatch):
    """Return the allotment of a job whose variables are these."""

    def allot(job: Job, **variables: str) -> Allotment | None:
        for name in ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE", "SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        write_job(tmp_path, job)
        return Allotment.of(tmp_path)

    return allot


def test_a_process_of_another_job_or_of_none_has_no_allotment(allotted, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_NAME", raising=False)
    assert allotted(Job("mine", "7")) is None
    assert allotted(Job("mine", "7"), SLURM_JOB_NAME="other", SLURM_JOB_ID="7") is None


@pytest.mark.parametrize(
    ("variables", "number"),
    [
        ({"SLURM_JOB_ID": "12"}, "12"),
        ({"SLURM_JOB_ID": "14", "SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3"}, "12_3"),
    ],
)
def test_a_worker_writes_down_the_number_that_its_launcher_did_not_live_to_know(allotted, tmp_path, variables, number):
    assert allotted(Job("mine"), SLURM_JOB_NAME="mine", **variables).job.id == number
    assert read_job(tmp_path).id == number


@pytest.mark.parametrize(
    ("given", "name", "device"),
    [
        ("", "auto", "cpu"),
        ("", "cpu", "cpu"),
        ("", "cuda:1", "GPU-11"),
        ("0", "auto", "GPU-00"),
        ("0", "cuda", "GPU-00"),
        ("0", "cuda:0", "GPU-00"),
        ("0", "cuda:3", "GPU-00"),
        ("0", "cuda:1,2", "GPU-00"),
        ("0", "cpu", "cpu"),
    ],
)
def test_the_device_is_the_one_that_slurm_gave(allotted, gpus, given, name, device):
    gpus({}, {})
    allotment = allotted(Job("mine", "7"), SLURM_JOB_NAME="mine", SLURM_JOB_ID="7", SLURM_JOB_GPUS=given)
    assert allotment.device(name) == device


def test_a_gpu_that_does_not_answer_is_told(allotted, gpus):
    gpus()
    allotment = allotted(Job("mine", "7"), SLURM_JOB_NAME="mine", SLURM_JOB_ID="7", SLURM_JOB_GPUS="0")
    device = allotment.device("auto")
    assert device == "cpu"
    assert allotment.says(device).endswith("device cpu; Slurm gave it a GPU, but none answers here")
