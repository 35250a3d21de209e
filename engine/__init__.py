"""The public face of everything that is not a face: Engine, runs, workspace, catalogue. Imports no torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine import catalogue, plots, provenance, tables, wording
    from engine.captions import shortened as shortened_captions
    from engine.comparison import sheets as comparison_sheets
    from engine.comparison.chart import Chart, Line, chart_of_curves
    from engine.comparison.chart import chart as comparison_chart
    from engine.comparison.chart import members as comparison_members
    from engine.comparison.comparison import Comparison, Row
    from engine.comparison.curves import Axis, Band, Curve
    from engine.comparison.groups import Differing, Group, Grouping, differences, parse_grouping, require_known
    from engine.comparison.replicates import Replicate, replicates
    from engine.comparison.sheets import Sheet
    from engine.comparison.statements import interval as written_mean
    from engine.comparison.statements import statements as comparison_statements
    from engine.comparison.statistics import Difference, Mean
    from engine.comparison.styles import Style
    from engine.control.devices import (
        GpuLoad,
        MachineLoad,
        device_names,
        driver_line,
        gpu_lines,
        gpus_unusable,
        machine_load,
    )
    from engine.control.engine import Engine
    from engine.control.scheduled import job_of
    from engine.control.suggesting import suggestions_for
    from engine.control.threads import usable_cores
    from engine.control.waiting import Place
    from engine.curves.decimation import Columns
    from engine.curves.smoothing import smooth
    from engine.curves.trace import Trace
    from engine.datasets import catalogue as dataset_catalogue
    from engine.datasets import feature_cache, sources
    from engine.declaration import (
        Better,
        Experiment,
        FieldView,
        Headline,
        Hyperparameters,
        RunOptions,
        better,
        fields_of,
        validate,
    )
    from engine.drawing import gallery, overlay, paper
    from engine.drawing.pixels import pixels, pixels_shape
    from engine.errors import (
        DataUnavailable,
        DiskFull,
        InvalidFilter,
        InvalidHyperparameters,
        LaunchError,
        MachineFailure,
        PhospheneError,
        ReadOnly,
        RunStateError,
        UnknownExperiment,
        UnknownRun,
        WorkspaceError,
    )
    from engine.networks import names as network_names
    from engine.networks import tables as cut_tables
    from engine.packages import LeftOut
    from engine.pages import Page
    from engine.pages import markdown as page_of
    from engine.pages import sections as page_sections
    from engine.paths import path_completions
    from engine.provenance import Origin
    from engine.record.annotations import Annotations, note_run, read_annotations, rename_run, tag_run
    from engine.record.events import (
        CheckpointSaved,
        Event,
        HyperparameterChanged,
        ImageLogged,
        Message,
        Metrics,
        PlotLogged,
        Progress,
        Pulse,
        Results,
        State,
        StateChanged,
        TableLogged,
    )
    from engine.record.files import plain_json
    from engine.record.histories import Histories
    from engine.record.history import History
    from engine.record.plots import read_plot
    from engine.record.run_directory import RunDirectory as Run
    from engine.record.run_directory import RunRecord, Status
    from engine.record.series import Curves, Points, Series
    from engine.record.tables import Table, read_table
    from engine.record.workspace import Listed, Workspace, name_of
    from engine.report import edits as report_edits
    from engine.report import equality
    from engine.report import outline as report_outlines
    from engine.report import words as report_wording
    from engine.report import writing as report_writing
    from engine.report.building import Reports
    from engine.report.edits import Edit as ReportEdit
    from engine.report.export import formats as exports
    from engine.report.imports import formats as imports
    from engine.report.items import Item as ReportItem
    from engine.report.kept import Change as ReportChange
    from engine.report.kept import Kept as KeptReport
    from engine.report.kept import KeptReports
    from engine.report.outline import Outline as ReportOutline
    from engine.report.outline import Part as ReportPart
    from engine.report.outline import Source as ReportSource
    from engine.report.whence import repeatable, whence
    from engine.selection.choosing import select
    from engine.selection.columns import Column, parse_column, parse_columns
    from engine.selection.columns import absent as absent_columns
    from engine.selection.columns import in_order as runs_in_order
    from engine.selection.columns import shown as shown_value
    from engine.selection.completion import Completion
    from engine.selection.completion import complete as complete_filter
    from engine.selection.filter import Filter
    from engine.selection.filter import parse as parse_filter
    from engine.selection.values import MISSING
    from engine.slurm.asking import option_fields
    from engine.studies import figure as study_figure
    from engine.studies import naming as study_naming
    from engine.studies import words as study_wording
    from engine.studies.naming import Named as StudyNamed
    from engine.studies.studies import Progress as StudyProgress
    from engine.studies.studies import Studies
    from engine.studies.study import Study
    from engine.studies.study import Tier as StudyTier
    from engine.sweep import axes as sweep_axes
    from engine.sweep import outlook as sweep_outlook
    from engine.sweep import pictures as sweep_pictures
    from engine.sweep import plan as sweep_plan
    from engine.sweep import views as sweep_views
    from engine.sweep import words as sweep_wording
    from engine.sweep.asking import Asked as SweepAsked
    from engine.sweep.asking import Planned
    from engine.sweep.outlook import Outcome
    from engine.sweep.pictures import PictureGrid
    from engine.sweep.record import SweepDirectory, SweepRecord, Widening
    from engine.sweep.sweeps import ListedSweep, Sweeps
    from engine.sweep.trials import Trial, Trials

__all__ = [
    "Annotations",
    "Axis",
    "Band",
    "Better",
    "Chart",
    "CheckpointSaved",
    "Column",
    "Columns",
    "Comparison",
    "Completion",
    "Curve",
    "Curves",
    "DataUnavailable",
    "Difference",
    "Differing",
    "DiskFull",
    "Engine",
    "Event",
    "Experiment",
    "FieldView",
    "Filter",
    "GpuLoad",
    "Group",
    "Grouping",
    "Headline",
    "Histories",
    "History",
    "HyperparameterChanged",
    "Hyperparameters",
    "ImageLogged",
    "InvalidFilter",
    "InvalidHyperparameters",
    "KeptReport",
    "KeptReports",
    "LaunchError",
    "LeftOut",
    "Line",
    "Listed",
    "ListedSweep",
    "MISSING",
    "MachineFailure",
    "MachineLoad",
    "Mean",
    "Message",
    "Metrics",
    "Origin",
    "Outcome",
    "Page",
    "PhospheneError",
    "PictureGrid",
    "Place",
    "Planned",
    "PlotLogged",
    "Points",
    "Progress",
    "Pulse",
    "ReadOnly",
    "Replicate",
    "ReportChange",
    "ReportEdit",
    "ReportItem",
    "ReportOutline",
    "ReportPart",
    "ReportSource",
    "Reports",
    "Results",
    "Row",
    "Run",
    "RunOptions",
    "RunRecord",
    "RunStateError",
    "Series",
    "Sheet",
    "State",
    "StateChanged",
    "Status",
    "Studies",
    "Study",
    "StudyNamed",
    "StudyProgress",
    "StudyTier",
    "Style",
    "SweepAsked",
    "SweepDirectory",
    "SweepRecord",
    "Sweeps",
    "Table",
    "TableLogged",
    "Trace",
    "Trial",
    "Trials",
    "UnknownExperiment",
    "UnknownRun",
    "Widening",
    "Workspace",
    "WorkspaceError",
    "absent_columns",
    "better",
    "catalogue",
    "chart_of_curves",
    "comparison_chart",
    "comparison_members",
    "comparison_sheets",
    "comparison_statements",
    "complete_filter",
    "cut_tables",
    "dataset_catalogue",
    "device_names",
    "differences",
    "driver_line",
    "equality",
    "exports",
    "feature_cache",
    "fields_of",
    "gallery",
    "gpu_lines",
    "gpus_unusable",
    "imports",
    "job_of",
    "machine_load",
    "name_of",
    "network_names",
    "note_run",
    "option_fields",
    "overlay",
    "page_of",
    "page_sections",
    "paper",
    "parse_column",
    "parse_columns",
    "parse_filter",
    "parse_grouping",
    "path_completions",
    "pixels",
    "pixels_shape",
    "plain_json",
    "plots",
    "provenance",
    "read_annotations",
    "read_plot",
    "read_table",
    "rename_run",
    "repeatable",
    "replicates",
    "report_edits",
    "report_outlines",
    "report_wording",
    "report_writing",
    "require_known",
    "runs_in_order",
    "select",
    "shortened_captions",
    "shown_value",
    "smooth",
    "sources",
    "study_figure",
    "study_naming",
    "study_wording",
    "suggestions_for",
    "sweep_axes",
    "sweep_outlook",
    "sweep_pictures",
    "sweep_plan",
    "sweep_views",
    "sweep_wording",
    "tables",
    "tag_run",
    "usable_cores",
    "validate",
    "whence",
    "wording",
    "written_mean",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: ``phosphene --help`` needs none of it."""
    from engine.homes import HOMES, MODULES, OWN_NAMES

    if name in MODULES:
        return importlib.import_module(MODULES[name])
    for home, names in HOMES.items():
        if name in names:
            value = getattr(importlib.import_module(home), OWN_NAMES.get(name, name))
            globals()[name] = value
            return value
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
