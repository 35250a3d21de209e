"""What a hyperparameter means that names a data set, images, a network, classes, cuts or a run: one protocol. No torch.

A reference stands beside the type of a field, ``Annotated[str, DatasetReference()]``. Pydantic calls ``check`` while a
user types; `control` calls ``resolve`` once before a launch; forms and completion call ``suggestions``.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic_core import core_schema

from engine.errors import DataUnavailable, UnknownExperiment
from engine.record.annotations import LAST

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel, GetCoreSchemaHandler

    from engine.declaration import Experiment
    from engine.record.run_directory import RunDirectory
    from engine.record.workspace import Workspace

RUN = "run:"
Effort = Literal["nothing", "meanings", "checks"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reference may look at while it is resolved.

    Attributes:
        workspace: where earlier runs and cached tables lie.
        field: the name of the field that is resolved.
        values: the hyperparameters of the run; those of earlier fields are written out already.
        defaults: the default of each hyperparameter.
        experiment: returns the declaration of an experiment by its name.
        effort: what may take seconds, such as the table of a network's cuts: nothing, what tells the meaning of a name,
            or what checks one as well. A name that is not looked into is taken as it is.
    """

    workspace: Workspace
    field: str
    values: Mapping[str, Any]
    defaults: Mapping[str, Any]
    experiment: Callable[[str], Experiment]
    effort: Effort = "checks"

    def is_default(self, *fields: str) -> bool:
        """Tell whether some fields all have their defaults, which are known to fit each other."""
        return all(self.values[name] == self.defaults[name] for name in fields)

    def earlier(
        self, name: str, takes: Callable[[Experiment], bool], saved: Callable[[RunDirectory], bool]
    ) -> RunDirectory | None:
        """Return the earlier run of that name, or None if ``last`` is named and there is none that can be taken.

        Args:
            name: of a run; ``last`` is the newest one that can be taken.
            takes: tells by its experiment whether a run can be taken.
            saved: tells whether a run has left what is to be taken.

        Raises:
            UnknownRun: if no run, or more than one, answers to the name.
        """
        if name != LAST:
            return self.workspace.find(name)
        for listed in self.workspace.list():
            # A run whose experiment is not installed any more cannot be taken.
            with contextlib.suppress(UnknownExperiment):
                declared = self.experiment(listed.record.experiment) if listed.record else None
                if declared and takes(declared) and saved(listed.directory):
                    return listed.directory
        return None


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference came to.

    Attributes:
        text: the reference written out, so that it means the same from any folder and at any time.
        parents: the ids of the earlier runs it names.
        inherited: values of other hyperparameters that the new run takes over.
    """

    text: str
    parents: tuple[str, ...] = ()
    inherited: Mapping[str, Any] = field(default_factory=dict)


class Reference(ABC):
    """What a field that names something takes, and how the name is checked, resolved and completed.

    Attributes:
        several: whether more than one may be named, separated by commas.
        decides_work: whether what is named decides how much a run has to do.
    """

    several: bool = False
    decides_work: ClassVar[bool] = False

    @abstractmethod
    def check(self, text: str) -> str:
        """Return a name as it is stored; looks at the text alone, at no file.

        Raises:
            ValueError: with a sentence that says what can be written.
        """

    @abstractmethod
    def resolve(self, text: str, scope: Scope) -> Resolved:
        """Find what is named, and refuse what the program does not take.

        Raises:
            ValueError: if it does not fit; the sentence does not repeat the field's name.
            PhospheneError: if it is not there.
        """

    @abstractmethod
    def suggestions(self, values: Mapping[str, Any], cache: Path) -> tuple[str, ...]:
        """Return names that the field takes, for forms and completion; no more than file names are read.

        Args:
            values: of the other hyperparameters, as typed; defaults included.
            cache: the workspace's folder of cached tables.
        """

    def takes(self, declared: Experiment) -> bool:  # noqa: ARG002
        """Tell whether the field takes earlier runs of an experiment, as ``run:ID``."""
        return False

    def small(self, text: str, scope: Scope) -> bool | None:  # noqa: ARG002
        """Tell whether all networks that are named are small (:class:`engine.declaration.Experiment`); None if none is.

        Raises:
            PhospheneError: if what is named is not there.
        """
        return None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Let pydantic check the field with :meth:`check`."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))


def references(model: type[BaseModel]) -> dict[str, Reference]:
    """Return the reference of each field of a model that has one, in the order of the fields."""
    return {
        name: entry
        for name, info in model.model_fields.items()
        for entry in info.metadata
        if isinstance(entry, Reference)
    }


def has_checkpoint(run: RunDirectory) -> bool:
    """Tell whether a run has saved networks that can be taken."""
    return run.last_checkpoint() is not None


@dataclass(frozen=True)
class RunReference(Reference):
    """An earlier run whose networks, or one of whose tables, are taken: ``run:ID`` or ``last``.

    Attributes:
        experiments: whose runs can be taken.
        words: what may stand there instead of a run.
        otherwise: the word that ``last`` means where there is no such run yet; empty if one is needed.
        table: the name of the table that is taken; empty for the networks of its last checkpoint.
        inherited: hyperparameters whose values are those of the run, because its networks are built by them.
        unfit: takes the hyperparameters of the new run and of the earlier one; returns why it cannot be taken, or "".
    """

    experiments: tuple[str, ...]
    words: tuple[str, ...] = ()
    otherwise: str = ""
    table: str = ""
    inherited: tuple[str, ...] = ()
    unfit: Callable[[Mapping[str, Any], Mapping[str, Any]], str] = lambda _own, _earlier: ""

    def check(self, text: str) -> str:
        """Return the text if it could name a run, whether there is one or not."""
        name = text.strip()
        if name in self.words or name.removeprefix(RUN).strip():
            return name
        words = "".join(f"{word} or " for word in self.words if word)
        raise ValueError(f"must be {words}run:ID, an earlier run of {' or '.join(self.experiments)}")

    def resolve(self, text: str, scope: Scope) -> Resolved:
        """Return the run as ``run:ID``, itself as a parent, and the values it hands down."""
        if text in self.words:
            return Resolved(text)
        wanted = " or ".join(self.experiments)
        name = text.removeprefix(RUN).strip()
        run = scope.earlier(name, self.takes, self._has_left)
        if run is None and self.otherwise:
            return Resolved(self.otherwise)
        if run is None:
            raise DataUnavailable(f"there is no run of {wanted} yet: start one first")
        record = run.record()
        if record.experiment not in self.experiments:
            raise DataUnavailable(f"run {run.id} is one of {record.experiment}: take one of {wanted}")
        if not self._has_left(run):
            raise DataUnavailable(f"run {run.id} has saved nothing yet that could be taken")
        if complaint := self.unfit(scope.values, record.hyperparameters):
            raise ValueError(f"run {run.id} {complaint}")
        inherited = {name: record.hyperparameters[name] for name in self.inherited}
        return Resolved(f"{RUN}{run.id}", (run.id,), inherited)

    def takes(self, declared: Experiment) -> bool:
        """Tell whether an experiment is one of those whose runs are taken."""
        return declared.name in self.experiments

    def _has_left(self, run: RunDirectory) -> bool:
        return self.table in run.history().tables if self.table else has_checkpoint(run)

    def suggestions(self, values: Mapping[str, Any], cache: Path) -> tuple[str, ...]:  # noqa: ARG002
        """Return ``last`` and the words."""
        return (LAST, *self.words)
