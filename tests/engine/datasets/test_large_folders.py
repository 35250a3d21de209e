"""A folder as large as ImageNet's: how soon a run on it begins."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from engine import Engine, Metrics

CLASSES, IMAGES = 200, 1_000
"""Names in a folder lead to one file: a file system keeps some 65,000 names of a file, and nobody minds the pixels."""
SECONDS = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """200,000 files in 200 folders, named as ImageNet's are."""
    for label in range(CLASSES):
        place = tmp_path / "imagenet" / f"n{label:08d}"
        place.mkdir(parents=True)
        first = place / f"n{label:08d}_0.JPEG"
        noise = np.random.default_rng(label).integers(0, 255, (48, 64, 3), np.uint8)
        Image.fromarray(noise).save(first)
        for number in range(1, IMAGES):
            os.link(first, place / f"n{label:08d}_{number}.JPEG")
    return tmp_path / "imagenet"


@pytest.mark.slow
def test_a_run_on_200000_files_takes_its_first_step_within_a_minute(folder, launch, until, home, capsys):
    """What counts is the time of processors, so that the test holds beside other work; both are printed."""
    began, busy = time.monotonic(), time.process_time()
    values = {"dataset": f"folder:{folder}", "model": "cnn:random", "cut": "flatten", "baselines": False}
    run = launch("probe", values)
    launching, launched = time.process_time() - busy, time.monotonic() - began
    reader = run.reader()
    until(lambda: any(isinstance(event, Metrics) for event in reader.poll()), 10 * SECONDS, "a first step")
    took = time.monotonic() - began
    worker = psutil.Process(run.attempts()[-1].claim().worker.pid).cpu_times()
    asyncio.run(Engine(home).stop(run))
    until(lambda: run.status().ended, 2 * SECONDS)
    spent = launching + worker.user + worker.system
    with capsys.disabled():
        print(
            f"\n200,000 files: launched after {launched:.0f} s, first step after {took:.0f} s; "
            f"{launching:.1f} s of processor time before the launch, {spent:.1f} s in all"
        )
    assert spent < SECONDS
