"""``phosphene doctor``: what this machine offers, and what is missing."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at GPU, torch, terminal, disk and data."""
    from commands.output import emit, table

    report = {**_device(), **_terminal(), **_disk(), **_data()}
    if as_json:
        emit(report)
    else:
        table(["", ""], [[name, str(value)] for name, value in report.items()])


def _device() -> dict[str, Any]:
    from importlib.metadata import version

    import psutil

    from engine import usable_cores
    from engine.version import CODE_FOLDER, VERSION

    memory = psutil.virtual_memory()
    return {
        "phosphene": f"{VERSION} in {CODE_FOLDER}",
        "python": sys.version.split()[0],
        "torch": version("torch"),
        "torchvision": version("torchvision"),
        **_gpus(),
        "cpu": f"{psutil.cpu_count()} cores, {usable_cores()} threads for a run",
        "memory": f"{memory.total / 2**30:.0f} GiB, {memory.available / 2**30:.0f} GiB of it free",
    }


def _gpus() -> dict[str, str]:
    from engine import driver_line, gpu_lines, gpus_unusable

    lines, why, driver = "; ".join(gpu_lines()), gpus_unusable(), driver_line()
    said = {"driver": driver} if driver else {}
    if why:
        return {"gpu": f"none that can be used, so runs use the CPU: {why}", **said}
    return {"gpu": lines or "none: runs use the CPU", **said}


def _terminal() -> dict[str, Any]:
    import shutil

    from tui import choose_images

    size = shutil.get_terminal_size()
    pictures = choose_images("auto")
    return {
        "terminal": f"{os.environ.get('TERM', 'unknown')}, {size.columns}x{size.lines}",
        "tmux": "yes" if os.environ.get("TMUX") else "no",
        "pictures": f"{pictures}, or sixel if the terminal tells the app so" if pictures == "halfcell" else pictures,
        "colours": "none (NO_COLOR)" if os.environ.get("NO_COLOR") else os.environ.get("COLORTERM", "256"),
    }


def _disk() -> dict[str, Any]:
    import shutil

    from engine import Workspace

    home = Workspace().home
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(there).free / 2**30
    writable = os.access(there, os.W_OK)
    return {
        "workspace": f"{home}{'' if writable else ' (cannot be written: set PHOSPHENE_HOME)'}",
        "disk": f"{free:.1f} GiB free",
    }


def _data() -> dict[str, Any]:
    from engine import catalogue, dataset_catalogue, network_names, sources

    folder, weights = sources.data_folder(), network_names.weights_folder()
    files = sorted(path.name for path in weights.glob("*.pth"))
    there = [name for name in dataset_catalogue.datasets() if sources.present(name)]
    missing = [name for name in dataset_catalogue.datasets() if name not in there]
    return {"data folder": str(folder), "data sets": ", ".join(there), "not there": ", ".join(missing) or "nothing"} | {
        "torchvision's weights": f"{', '.join(files) or 'none yet'} in {weights}",
        "packages": "; ".join(catalogue.left_out()) or "all that were found are read",
    }
