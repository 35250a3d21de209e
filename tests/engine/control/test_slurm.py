"""Runs in the hands of a real Slurm: waiting, stopped, interrupted and begun again, and Slurm itself slow or gone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from engine import Engine, InvalidHyperparameters, LaunchError, RunStateError, Workspace
from engine.control.scheduled import job_of
from engine.record.events import CheckpointSaved, StateChanged
from engine.record.log import last_event
from engine.slurm import queue
from engine.slurm.job import read_job


@pytest.fixture
def submit(launch):
    """Submit a run: ``submit({"steps": 3}, "count", slurm="hold")``."""

    def start(values=None, experiment="count", **options):
        return launch(experiment, values or {}, **{"on": "slurm", "device": "auto", **options})

    return start


@pytest.fixture
def engine(home):
    return Engine(home)


@pytest.fixture
def in_path(tmp_path, monkeypatch):
    """Put a command of this name in front of Slurm's own: ``in_path("squeue", "sleep 60")``; return it."""

    def wrap(name: str, script: str):
        command = tmp_path / "wrappers" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
        return command

    return wrap


def running(run) -> bool:
    return run.status().state == "running"


def steps_logged(run) -> list[int]:
    return run.history().curves.series["train/loss"].step.tolist()


def seen(until, run, state: str, reason: str = ""):
    """Wait for a state whose reason holds a text; return the status."""
    until(lambda: run.status().state == state and reason in run.status().reason, what=f"{state} {reason}")
    return run.status()


# -- waiting ----------------------------------------------------------------------------------------------------------


def test_a_job_that_waits_is_queued_with_slurms_reason_and_nobody_takes_it_for_dead(slurm, submit, until, monkeypatch):
    run = submit(slurm="hold")
    monkeypatch.setattr("engine.record.run_directory.UNCLAIMED_AFTER", 0.0)
    status = seen(until, run, "queued", "JobHeldUser")
    assert status.reason == f"job {job_of(run).id} in Slurm: JobHeldUser"
    assert run.record().executor == "slurm"


def test_the_queue_shows_it_and_only_slurm_moves_it(slurm, submit, engine, until):
    run = submit(slurm="hold partition=main")
    seen(until, run, "queued", "JobHeldUser")
    (place,) = asyncio.run(engine.queue())
    assert (place.device, place.run, place.position, place.state) == ("slurm:main", run.id, 1, "queued")
    assert place.reason.endswith("JobHeldUser")
    with pytest.raises(RunStateError, match="waits in Slurm, which orders its queue itself"):
        asyncio.run(engine.move(run, "up"))


@pytest.mark.parametrize("ask", ["stop", "kill", "cancel"])
def test_a_run_that_waits_is_taken_back_at_once_and_goes_on_elsewhere(slurm, submit, engine, finish, ask):
    run = submit({"steps": 3}, slurm="hold")
    asyncio.run(engine.cancel(run) if ask == "cancel" else engine.stop(run, kill=ask == "kill"))
    assert (run.status().state, run.status().reason) == ("stopped", "cancelled by you while it waited")
    assert slurm.jobs() == []
    asyncio.run(engine.resume(run, {"on": "local"}))
    assert finish(run).state == "finished"
    assert steps_logged(run) == [1, 2, 3]


def test_a_run_that_runs_is_not_cancelled_as_one_that_waits(slurm, submit, engine, home, until, finish):
    run = submit({"gate": str(home / "gate")})
    until(lambda: running(run))
    with pytest.raises(RunStateError, match="only a waiting run can be cancelled"):
        asyncio.run(engine.cancel(run))
    (home / "gate").touch()
    assert finish(run).state == "finished"


def test_a_waiting_job_that_somebody_cancels_stops_its_run(slurm, submit, until):
    run = submit(slurm="hold")
    job = job_of(run)
    slurm.ask("scancel", job.id)
    seen(
        until, run, "stopped", f"job {job.id} left Slurm's queue before it started: it was cancelled, or Slurm lost it"
    )


def test_a_number_that_another_job_has_now_means_nothing(slurm, submit, until):
    run, other = submit(slurm="hold"), submit(slurm="hold")
    path = run.attempts()[0].path
    mine, others = read_job(path), read_job(other.attempts()[0].path)
    (path / "job.json").write_text((path / "job.json").read_text().replace(f'"{mine.id}"', f'"{others.id}"'))
    seen(until, run, "stopped", "left Slurm's queue")
    assert other.status().state == "queued"


# -- what is asked for ------------------------------------------------------------------------------------------------


def test_site_defaults_and_what_the_user_says_reach_slurm(slurm, submit, home):
    home.mkdir(exist_ok=True)
    (home / "slurm.toml").write_text('partition = "closed"\nmem = 100\ncomment = "of the site"\nhold = true\n')
    run = submit(gpus=1, time="90m", threads=2, slurm="comment=mine nice=5")
    shown = slurm.ask("scontrol", "show", "job", job_of(run).id)
    for part in ("Partition=closed", "TimeLimit=01:30:00", "Comment=mine", "MinMemoryNode=100M", "gres:gpu:1"):
        assert part in shown
    assert "CPUs/Task=2" in shown
    run = submit(on="slurm:main", slurm="hold")
    assert "Partition=main" in slurm.ask("scontrol", "show", "job", job_of(run).id)


def test_time_auto_is_half_as_much_again_as_the_longest_run_of_equal_length_and_20_minutes_at_least(
    slurm, submit, launch, finish, monkeypatch
):
    first = submit({"steps": 3}, slurm="hold")
    assert not [word for word in job_of(first).options if word.startswith("--time")]
    finish(launch("count", {"steps": 3}))
    assert "--time=0:20:00" in job_of(submit({"steps": 3}, slurm="hold")).options
    monkeypatch.setattr("engine.record.history.History.running", lambda *_: 3600.0)
    assert "--time=1:30:00" in job_of(submit({"steps": 3}, slurm="hold")).options
    assert not [word for word in job_of(submit({"steps": 4}, slurm="hold")).options if word.startswith("--time")]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"on": "slurm:nonesuch"}, "on: Slurm takes no such job: invalid partition specified: nonesuch"),
        ({"gpus": 9}, "on: Slurm takes no such job: Requested node configuration is not available"),
        ({"device": "cuda"}, "device: cuda on Slurm needs a GPU to be asked for: add --gpus 1"),
        ({"device": "any"}, "device: any on Slurm needs a GPU to be asked for: add --gpus 1"),
        ({"time": "90"}, "time: '90' has no unit: write 2h, 90m or 1:30:00"),
        ({"time": "soon"}, "time: 'soon' is no time span: write 2h, 1h30m, 90m or 45s"),
        ({"slurm": "array=1-3"}, "slurm: array is set by Phosphene itself, by which it finds the job again"),
        ({"slurm": "-p main"}, "slurm: '-p' is no option of sbatch: write its long name, as in account=vision"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence_and_leaves_nothing_behind(slurm, home, engine, options, sentence):
    with pytest.raises(InvalidHyperparameters) as refused:
        asyncio.run(engine.launch("count", {}, {"on": "slurm", **options}))
    assert str(refused.value) == sentence
    assert Workspace(home).directories() == []
    assert not [*home.glob("runs/.new-*")]
    assert slurm.jobs() == []


def test_without_sbatch_a_launch_is_refused(home, engine, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InvalidHyperparameters, match="on: there is no sbatch here"):
        asyncio.run(engine.launch("count", {}, {"on": "slurm"}))


# -- interrupted ------------------------------------------------------------------------------------------------------


def test_a_running_job_that_somebody_cancels_saves_and_can_be_resumed(slurm, submit, until):
    run = submit({"steps": 100_000, "pause": 0.01})
    until(lambda: running(run) and run.status().step > 3)
    slurm.ask("scancel", job_of(run).id)
    seen(until, run, "stopped", "Slurm ended its job after step")
    assert run.status().reason.endswith(": resume it")


def test_a_job_told_that_its_time_is_over_stops_where_it_saves_nothing(slurm, submit, until):
    run = submit({"steps": 100_000, "pause": 0.01})
    until(lambda: running(run) and run.status().step > 3)
    slurm.ask("scancel", "--batch", "--signal=USR1", job_of(run).id)
    seen(until, run, "stopped", "and it saves nothing to go on from: resume it with a longer one, as in --time 4h")


@pytest.mark.slow
def test_a_job_that_slurm_requeues_goes_on_in_a_further_attempt_with_each_step_once(slurm, submit, home, until, finish):
    run = submit({"steps": 250, "pause": 0.01})
    until(lambda: running(run) and run.status().step > 3)
    slurm.ask("scontrol", "requeue", job_of(run).id)
    status = seen(until, run, "queued", "BeginTime")
    assert "to start about" in status.reason
    assert finish(run).state == "finished"
    assert len(run.attempts()) == 2
    assert steps_logged(run) == [*range(1, 251)]


@pytest.mark.slow
def test_a_job_whose_time_is_over_saves_and_goes_on_to_the_same_last_bit(slurm, submit, until, finish, compare):
    values = {"steps": 120, "pause": 0.02, "every": 1e9}
    whole = submit(values, "walk", threads=1)
    run = submit(values, "walk", threads=1)
    until(lambda: run.status().step > 5, 60)
    slurm.ask("scancel", "--batch", "--signal=USR1", job_of(run).id)
    seen(until, run, "queued", "BeginTime")
    (first,) = run.attempts()
    saved = last_event(first.events, (CheckpointSaved,)).step
    assert "because its time was over" in run.history().reason
    assert finish(run, 90).state == "finished"
    again = [event for event in run.reader().poll() if isinstance(event, StateChanged) and event.state == "running"]
    assert [event.step for event in again] == [0, saved]
    assert finish(whole).state == "finished"
    compare(run, whole)


@pytest.mark.slow
def test_a_time_that_is_really_over_is_told_by_slurm(slurm, submit, until, finish):
    run = submit({"steps": 100_000, "pause": 0.02}, time="1m")
    seen_stopped = finish(run, 90)
    assert seen_stopped.state == "stopped"
    assert "its time was over after step" in seen_stopped.reason


@pytest.mark.slow
def test_a_preempted_run_goes_on_when_the_other_job_is_over(slurm, submit, launch, home, until, finish):
    run = submit({"steps": 300, "pause": 0.01}, slurm="cpus-per-task=4")
    until(lambda: running(run) and run.status().step > 3)
    urgent = submit({"gate": str(home / "gate")}, on="slurm:urgent", slurm="cpus-per-task=4")
    until(lambda: running(urgent))
    seen(until, run, "queued", "in Slurm")
    (home / "gate").touch()
    assert finish(urgent).state == "finished"
    assert finish(run, 60).state == "finished"
    assert steps_logged(run) == [*range(1, 301)]


def test_a_run_that_was_stopped_by_its_user_does_not_go_on_when_its_job_is_started_again(slurm, submit, home, until):
    run = submit({"gate": str(home / "gate")})
    until(lambda: running(run))
    job, attempt = job_of(run), run.attempts()[0]
    asyncio.run(Engine(home).stop(run))
    slurm.ask("scancel", "--batch", "--signal=KILL", job.id)
    until(lambda: not slurm.jobs())
    words = (attempt.path / "job.sh").read_text()
    again = os.environ | {"SLURM_RESTART_COUNT": "1", "SLURM_JOB_NAME": job.name, "SLURM_JOB_ID": job.id}
    (attempt.path / "killed").touch()
    done = subprocess.run(["sh", "-c", words], env=again, capture_output=True, timeout=30, check=False)
    assert (done.returncode, len(run.attempts())) == (1, 1)


# -- Slurm is slow, or gone -------------------------------------------------------------------------------------------


def test_a_slow_squeue_holds_nobody_up_for_long_and_means_nothing(slurm, submit, in_path, until, monkeypatch):
    run = submit(slurm="hold")
    seen(until, run, "queued", "JobHeldUser")
    in_path("squeue", "exec sleep 60")
    monkeypatch.setattr("engine.slurm.tools.SECONDS", 1.0)
    monkeypatch.setattr(queue, "PATIENCE", 0.2)
    queue.QUEUE.forget()
    began = time.monotonic()
    assert run.status().reason.endswith("squeue has not answered yet")
    assert time.monotonic() - began < 1.0
    seen(until, run, "queued", "squeue has not answered within 1 s")


@pytest.mark.parametrize("script", ["echo 'squeue: error: Unable to contact slurm controller' >&2; exit 1", "exit 1"])
def test_a_dead_squeue_is_unknown_and_never_dead(slurm, submit, in_path, until, home, finish, script):
    waits, runs = submit(slurm="hold"), submit({"gate": str(home / "gate")})
    until(lambda: running(runs))
    in_path("squeue", script)
    queue.QUEUE.forget()
    seen(until, waits, "queued", "squeue" if script == "exit 1" else "Unable to contact slurm controller")
    os.killpg(runs.status().worker.pid, signal.SIGKILL)
    until(lambda: "in Slurm: " in runs.status().reason)
    assert runs.status().state == "running"


def test_a_launcher_that_is_killed_while_it_submits_loses_nothing(slurm, in_path, home, until, finish):
    real = slurm.ask("sh", "-c", "command -v sbatch").strip()
    in_path("sbatch", f'{real} "$@" && kill -9 $PPID')
    command = [sys.executable, "-m", "phosphene", "run", "count", "--steps", "3", "--on", "slurm", "--slurm", "hold"]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert done.returncode == -signal.SIGKILL
    (run,) = Workspace(home).directories()
    assert job_of(run).id == ""
    seen(until, run, "queued", "JobHeldUser")
    slurm.ask("scontrol", "release", slurm.ask("squeue", "--noheader", "--format=%A").strip())
    assert finish(run).state == "finished"
    assert job_of(run).id


def test_a_launcher_that_is_killed_before_it_submits_leaves_a_run_that_can_be_resumed(
    slurm, in_path, home, until, monkeypatch
):
    in_path("sbatch", "kill -9 $PPID")
    command = [sys.executable, "-m", "phosphene", "run", "count", "--on", "slurm"]
    subprocess.run(command, capture_output=True, timeout=30, check=False)
    (run,) = Workspace(home).directories()
    monkeypatch.setattr("engine.record.ends.UNCLAIMED_AFTER", 0.0)
    seen(until, run, "crashed", "its job was never submitted")


def test_a_controller_that_does_not_answer_is_a_launch_error_and_nothing_is_left(slurm, in_path, home, engine):
    in_path(
        "sbatch", "echo 'sbatch: error: Batch job submission failed: Unable to contact slurm controller' >&2; exit 1"
    )
    with pytest.raises(LaunchError, match=r"Slurm does not answer \(Unable to contact slurm controller\): try again"):
        asyncio.run(engine.launch("count", {}, {"on": "slurm"}))
    assert Workspace(home).directories() == []


@pytest.mark.slow
def test_the_deaths_of_controller_and_node_are_outlived(slurm, submit, home, until, finish):
    run, waits = submit({"gate": str(home / "gate"), "steps": 5}), submit({"steps": 5}, slurm="hold")
    until(lambda: running(run))
    seen(until, waits, "queued", "JobHeldUser")
    # A controller writes down what it was told a moment later, and forgets the rest.
    until(lambda: job_of(waits).name.encode() in (slurm.folder / "state/job_state").read_bytes())
    slurm.kill("slurmctld")
    queue.QUEUE.forget()
    seen(until, waits, "queued", "Slurm")
    assert "JobHeldUser" not in waits.status().reason
    assert running(run)
    with pytest.raises(LaunchError):
        submit({"steps": 1})
    slurm.start_controller()
    seen(until, waits, "queued", "JobHeldUser")
    slurm.kill("slurmd")
    (home / "gate").touch()
    assert finish(run).state == "finished"
    slurm.start_node()
    slurm.ask("scontrol", "release", job_of(waits).id)
    assert finish(waits).state == "finished"


@pytest.mark.slow
def test_a_node_that_goes_down_and_comes_back_carries_its_run_on(slurm, submit, until, finish):
    run = submit({"steps": 600, "pause": 0.01})
    until(lambda: running(run) and run.status().step > 3)
    slurm.ask("scontrol", "update", "NodeName=localhost", "State=DOWN", "Reason=test")
    until(lambda: run.status().state == "queued")
    slurm.ask("scontrol", "update", "NodeName=localhost", "State=RESUME")
    assert finish(run, 60).state == "finished"
    assert len(run.attempts()) == 2
    assert steps_logged(run) == [*range(1, 601)]
