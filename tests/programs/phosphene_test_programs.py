"""Experiments for the tests, as another package would bring them: none needs torch, so a run takes milliseconds."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Literal

from phosphene import Experiment, Headline, Heatmap, Hyperparameters, Lines, hyperparameter

if "STANDIN_GPUS" in os.environ:
    # Before what is installed: a worker looks at PYTHONPATH last.
    sys.path.insert(0, str(Path(__file__).parents[1] / "standins"))


class CountHyperparameters(Hyperparameters):
    steps: int = hyperparameter(20, "steps to take", ge=1, le=10_000_000)
    pause: float = hyperparameter(0.0, "time per step", ge=0, unit="s")
    lr: float = hyperparameter(0.1, "logged as it is", gt=0, le=1, live=True)
    gate: str = hyperparameter("", "file to wait for before the first step")
    series: int = hyperparameter(1, "series logged at each step", ge=1)
    say: str = hyperparameter("", "printed before the first step")


def count(hyperparameters: CountHyperparameters, context) -> None:
    """Log the step number; wait, without a step, for a file if one is named."""
    if hyperparameters.say:
        print(hyperparameters.say)
    if hyperparameters.gate:
        context.message("at the gate")
        while not Path(hyperparameters.gate).exists():
            time.sleep(0.005)
    for step in context.steps(hyperparameters.steps):
        if hyperparameters.pause:
            time.sleep(hyperparameters.pause)
        values = {"train/loss": 1 / step, "train/lr": hyperparameters.lr}
        context.log(step, values | {f"extra/{i}": step * i for i in range(1, hyperparameters.series)}, epoch=step / 10)
    context.table("squares", ["n", "n squared"], [[n, n * n] for n in range(3)])
    context.result({"test/accuracy": 0.5})


class PlotHyperparameters(Hyperparameters):
    steps: int = hyperparameter(2, "steps to take", ge=1)


def plot(hyperparameters: PlotHyperparameters, context) -> None:
    """Plot lines at every step, and a heatmap at the end."""
    for step in context.steps(hyperparameters.steps):
        context.plot("squares", Lines([1, 10, 100], {"n squared": [step, 4, 9]}, x_label="n", x_scale="log"), step)
    counts = Heatmap([[17, 2], [0, 15]], ["no", "yes"], ["no", "yes"], "true", "predicted", "row", True, 0)
    context.plot("confusion", counts, context.total)


class TroubleHyperparameters(Hyperparameters):
    trouble: Literal[
        "raise", "print", "nan", "exit", "segfault", "memory", "kill", "fork", "fork-return", "sys-exit"
    ] = hyperparameter("raise", "what goes wrong")
    size: int = hyperparameter(5_000_000, "characters to print", ge=1)


def trouble(hyperparameters: TroubleHyperparameters, context) -> None:
    """Do what goes wrong after three good steps."""
    for step in context.steps(5):
        context.log(step, {"train/loss": float("nan") if hyperparameters.trouble == "nan" and step == 3 else 1.0})
        if step != 3:
            continue
        match hyperparameters.trouble:
            case "raise":
                raise ZeroDivisionError("the [red]third[/] step divides by zero")
            case "print":
                line = "x" * 99
                for _ in range(hyperparameters.size // 100):
                    print(line)
            case "exit":
                os._exit(7)
            case "sys-exit":
                sys.exit(9)
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "memory":
                import resource

                resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
                bytearray(2**33)
            case "fork":
                if os.fork() == 0:
                    os.execv("/bin/true", ["true"])
                os.wait()
            case "fork-return":
                os.fork()
    context.result({"test/accuracy": 1.0})


class WalkHyperparameters(Hyperparameters):
    steps: int = hyperparameter(60, "steps to take", ge=1)
    pause: float = hyperparameter(0.0, "time per step", ge=0, unit="s")
    lr: float = hyperparameter(0.05, "learning rate", gt=0, le=1, live=True)
    every: float = hyperparameter(0.02, "time between checkpoints", ge=0, unit="s")


EXPERIMENTS = (
    Experiment(
        name="count",
        title="Count",
        family="tests",
        summary="Counts steps.",
        hyperparameters=CountHyperparameters,
        program="phosphene_test_programs:count",
        charts=(("train/loss",), ("train/lr",)),
        headline=Headline("test/accuracy", better="higher"),
    ),
    Experiment(
        name="plot",
        title="Plot",
        family="tests",
        summary="Plots.",
        hyperparameters=PlotHyperparameters,
        program="phosphene_test_programs:plot",
    ),
    Experiment(
        name="trouble",
        title="Trouble",
        family="tests",
        summary="Goes wrong in the way it is told.",
        hyperparameters=TroubleHyperparameters,
        program="phosphene_test_programs:trouble",
    ),
    Experiment(
        name="walk",
        title="Walk",
        family="tests",
        summary="Trains a few weights with every generator there is; the one that needs torch.",
        hyperparameters=WalkHyperparameters,
        program="phosphene_walk:walk",
    ),
)
