"""The author's face: all that programs, their networks and data sets, and plug-ins take from Phosphene. No torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from engine.datasets.references import Dataset, Images, OptionalImages, Pictures
from engine.datasets.table import Source
from engine.declaration import Experiment, Hyperparameters, hyperparameter
from engine.errors import PhospheneError
from engine.networks.references import Classes, CutName, CutNames, LayerName, NetworkName, NetworkNames
from engine.pages import Page
from engine.plots import Bars, Heatmap, Lines, Plot, Scatter, Tiles
from engine.references import RunReference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import torch

    from engine.record.run_directory import RunDirectory

__all__ = [
    "Bars",
    "Classes",
    "Context",
    "CutName",
    "CutNames",
    "Dataset",
    "Experiment",
    "Heatmap",
    "Hyperparameters",
    "Images",
    "LayerName",
    "Lines",
    "NetworkName",
    "NetworkNames",
    "OptionalImages",
    "Page",
    "PhospheneError",
    "Pictures",
    "Plot",
    "RunReference",
    "Scatter",
    "Source",
    "Tiles",
    "hyperparameter",
]


class Context(Protocol):
    """What a program sees of the world: where it runs, the steps to take, where to log, what to save and restore.

    Attributes:
        seed: the run's seed; every random generator is seeded with it before the program starts.
        done: the last step that is done, 0 on a fresh run.
        total: how many steps there are, once `steps` was called.
    """

    seed: int
    done: int
    total: int

    @property
    def device(self) -> torch.device:
        """The device that tensors should live on."""

    @property
    def generator(self) -> torch.Generator:
        """The run's own random generator, on the device; checkpoints keep its state."""

    @property
    def cache(self) -> Path:
        """A folder for what can be computed again: features, embedded networks."""

    @property
    def resumes(self) -> bool:
        """Whether there is a checkpoint to go on from."""

    def earlier(self, run_id: str) -> RunDirectory:
        """Return an earlier run of the same workspace by its whole id."""

    def steps(self, total: int, unit: str = "step") -> Iterator[int]:
        """Yield the numbers of the steps still to take, from 1 to ``total`` on a fresh run.

        Between two steps progress is logged, requests are served and live hyperparameters change.
        """

    def serve(self) -> None:
        """Serve requests, a stop among them; to be called now and then within something long after the last step."""

    def log(self, step: int, values: Mapping[str, Any], epoch: float | None = None) -> None:
        """Log the values of series at a step.

        Args:
            step: from 1.
            values: ``part/quantity`` to a number, a scalar tensor, or what has a method ``later`` that gives one when
                the log is written; those on a GPU are fetched in batches.
            epoch: how many epochs are done, as a fraction.
        """

    def flush(self) -> None:
        """Write what was logged; the context does it by itself often enough."""

    def image(self, name: str, picture: torch.Tensor, step: int, caption: str = "") -> Path:
        """Log a picture: float ``[C, H, W]``, C 1 or 3, values in [0, 1]; return its file, a PNG of 8 bits."""

    def plot(self, name: str, plot: Plot, step: int) -> None:
        """Log a plot as data; terminals, reports and comparisons draw it."""

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Log a table as CSV; a later one of the same name replaces it."""

    def result(self, values: Mapping[str, float]) -> None:
        """Log final figures, ``part/quantity`` to value; they are what lists, comparisons and studies read."""

    def message(self, text: str, level: Literal["info", "alarm"] = "info") -> None:
        """Log a line for the console; an ``alarm`` asks for the user's eye."""

    def restore(
        self,
        modules: Mapping[str, torch.nn.Module] | None = None,
        optimisers: Mapping[str, torch.optim.Optimizer] | None = None,
        tensors: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        """Restore in place what the last checkpoint holds, generators included; nothing on a fresh run."""

    def checkpoint(
        self,
        step: int,
        modules: Mapping[str, torch.nn.Module] | None = None,
        optimisers: Mapping[str, torch.optim.Optimizer] | None = None,
        tensors: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        """Save the state after ``step`` if a checkpoint is due: by the clock, on request, before a stop, at the end.

        To be called at the end of every step; it costs nothing when none is due.
        """
