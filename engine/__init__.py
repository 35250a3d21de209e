"""The public face of everything that is not a face: Engine, runs, workspace, catalogue. Imports no torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine import catalogue
    from engine.control.devices import GpuLoad, MachineLoad, gpu_names, machine_load
    from engine.control.engine import Details, Engine
    from engine.curves.decimation import Columns
    from engine.curves.smoothing import smooth
    from engine.curves.trace import Trace
    from engine.datasets import feature_cache, sources
    from engine.declaration import Experiment, FieldView, Headline, Hyperparameters, RunOptions, fields_of, validate
    from engine.drawing import gallery
    from engine.errors import (
        DataUnavailable,
        DiskFull,
        InvalidHyperparameters,
        LaunchError,
        MachineFailure,
        PhospheneError,
        RunStateError,
        UnknownExperiment,
        UnknownRun,
        WorkspaceError,
    )
    from engine.networks import names as network_names
    from engine.record.events import (
        CheckpointSaved,
        Event,
        HyperparameterChanged,
        ImageLogged,
        Message,
        Metrics,
        Progress,
        Pulse,
        Results,
        StateChanged,
        TableLogged,
    )
    from engine.record.run_directory import RunDirectory as Run
    from engine.record.run_directory import RunRecord, Status
    from engine.record.series import Curves, Series
    from engine.record.workspace import Listed, Workspace

_HOMES = {
    "engine.control.devices": ("GpuLoad", "MachineLoad", "gpu_names", "machine_load"),
    "engine.control.engine": ("Details", "Engine"),
    "engine.declaration": (
        "Experiment",
        "FieldView",
        "Headline",
        "Hyperparameters",
        "RunOptions",
        "fields_of",
        "validate",
    ),
    "engine.errors": (
        "DataUnavailable",
        "DiskFull",
        "InvalidHyperparameters",
        "LaunchError",
        "MachineFailure",
        "PhospheneError",
        "RunStateError",
        "UnknownExperiment",
        "UnknownRun",
        "WorkspaceError",
    ),
    "engine.record.events": (
        "CheckpointSaved",
        "Event",
        "HyperparameterChanged",
        "ImageLogged",
        "Message",
        "Metrics",
        "Progress",
        "Pulse",
        "Results",
        "StateChanged",
        "TableLogged",
    ),
    "engine.record.run_directory": ("Run", "RunRecord", "Status"),
    "engine.record.series": ("Curves", "Series"),
    "engine.record.workspace": ("Listed", "Workspace"),
    "engine.curves.decimation": ("Columns",),
    "engine.curves.smoothing": ("smooth",),
    "engine.curves.trace": ("Trace",),
}
_OWN_NAMES = {"Run": "RunDirectory"}
_MODULES = {
    "catalogue": "engine.catalogue",
    "feature_cache": "engine.datasets.feature_cache",
    "gallery": "engine.drawing.gallery",
    "network_names": "engine.networks.names",
    "sources": "engine.datasets.sources",
}

__all__ = [
    "CheckpointSaved",
    "Columns",
    "Curves",
    "DataUnavailable",
    "Details",
    "DiskFull",
    "Engine",
    "Event",
    "Experiment",
    "FieldView",
    "GpuLoad",
    "Headline",
    "HyperparameterChanged",
    "Hyperparameters",
    "ImageLogged",
    "InvalidHyperparameters",
    "LaunchError",
    "Listed",
    "MachineFailure",
    "MachineLoad",
    "Message",
    "Metrics",
    "PhospheneError",
    "Progress",
    "Pulse",
    "Results",
    "Run",
    "RunOptions",
    "RunRecord",
    "RunStateError",
    "Series",
    "StateChanged",
    "Status",
    "TableLogged",
    "Trace",
    "UnknownExperiment",
    "UnknownRun",
    "Workspace",
    "WorkspaceError",
    "catalogue",
    "feature_cache",
    "fields_of",
    "gallery",
    "gpu_names",
    "machine_load",
    "network_names",
    "smooth",
    "sources",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: ``phosphene --help`` needs none of it."""
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(importlib.import_module(home), _OWN_NAMES.get(name, name))
            globals()[name] = value
            return value
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
