"""How an experiment is declared: its hyperparameters, its headline, and where its program is. No torch.

Forms, command-line options, help, JSON schema and validation messages are all made from the declaration.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from engine import wording
from engine.errors import InvalidHyperparameters, PhospheneError
from engine.paths import decoded
from engine.record.annotations import checked_name
from engine.record.workspace import Workspace
from engine.references import references

if TYPE_CHECKING:
    from engine.pages import Page


class Hyperparameters(BaseModel):
    """Base of every experiment's hyperparameters: closed to unknown names, checked at every assignment."""

    model_config = ConfigDict(
        extra="forbid",
        validate_assignment=True,
        validate_default=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )

    @property
    def doubts(self) -> dict[str, str]:
        """What is allowed and yet hardly meant, a sentence a field: both faces say it before a run is launched."""
        return {}

    @property
    def validated(self) -> bool:
        """Whether a run of these values measures on images that it holds out, so that a sweep may be judged there."""
        return True


def _name(text: str) -> str:
    try:
        return checked_name(text)
    except PhospheneError as error:
        raise ValueError(str(error)) from None


class RunOptions(Hyperparameters):
    """The options of every run, besides the hyperparameters of its experiment."""

    name: Annotated[str, AfterValidator(_name)] = Field(default="", description="a name for this run, free text")
    seed: int = Field(default=0, ge=0, lt=2**32, description="seed of every random generator")
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|any|cuda(:\d+(,\d+)*)?)$",
        description="auto, cpu, any, cuda:1 or cuda:1,2; auto takes the best free GPU, or else the CPU",
    )
    slots: int = Field(
        default=1,
        ge=1,
        le=64,
        description="how many runs may be on the device at once; this one waits while as many are ahead of it",
    )
    threads: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="CPU threads; 0 takes OMP_NUM_THREADS, else one per usable core, or just one for small networks",
    )
    on: str = Field(
        default="local",
        pattern=r"^(local|slurm(:[\w.,-]+)?)$",
        description="local, slurm or slurm:PARTITION: this host, or a job of the cluster",
        json_schema_extra={"suggestions": ["local", "slurm"]},
    )
    gpus: int = Field(
        default=0, ge=0, le=64, description="GPUs that Slurm is asked for; 0 for what slurm.toml in the workspace says"
    )
    time: str = Field(
        default="auto",
        min_length=1,
        description="after which Slurm ends the job, e.g. 90m or 2:00:00; auto is what earlier runs tell, half as much "
        "again and 20 minutes at least",
    )
    slurm: str = Field(
        default="",
        description="further options of sbatch, KEY=VALUE separated by spaces, e.g. account=vision",
        json_schema_extra={"repeated": True},
    )


def hyperparameter(
    default: Any,
    description: str,
    *,
    unit: str = "",
    live: bool = False,
    log: bool = False,
    group: str = "",
    suggestions: tuple[str, ...] = (),
    several: bool = False,
    memory: bool = False,
    **bounds: Any,
) -> Any:
    """Declare one hyperparameter.

    Args:
        default: the value used when the user gives none.
        description: one line, lower case, for the form and the help.
        unit: what the value counts or measures, e.g. ``"images"``.
        live: whether it may be changed while the run is going.
        log: whether its scale is logarithmic: a sweep then tries 1e-4, 1e-3, 1e-2 rather than equal distances.
        group: heading under which the form and the help show it.
        suggestions: values of free text that are offered for completion.
        several: whether a value is text that may hold several, separated by commas.
        memory: whether a lower value takes less of the device's memory; a run that runs out of it names the field.
        **bounds: pydantic's ``ge``, ``gt``, ``le``, ``lt``, ``multiple_of``, ``pattern``.
    """
    extra: dict[str, Any] = {"unit": unit, "live": live, "log": log, "group": group, "several": several}
    extra |= {"memory": memory, "suggestions": list(suggestions)}
    return Field(default=default, description=description, json_schema_extra=extra, **bounds)


def one_or_several(choices: tuple[str, ...]) -> Callable[[str], str]:
    """Return a check for pydantic's ``AfterValidator``: the text is one choice, or several separated by commas."""

    def check(text: str) -> str:
        chosen = [name.strip() for name in text.split(",") if name.strip()]
        for name in chosen:
            if name not in choices:
                hint = wording.meant(name, choices, f"there are: {', '.join(choices)}")
                raise ValueError(f"there is no {name!r}; {hint}")
        if not chosen:
            raise ValueError(f"is empty; there are: {', '.join(choices)}")
        return ",".join(dict.fromkeys(chosen))

    return check


@dataclass(frozen=True, slots=True)
class FieldView:
    """One hyperparameter as the faces see it, read from the JSON schema of its model."""

    name: str
    kind: Literal["integer", "number", "boolean", "string", "choice"]
    default: Any
    description: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    open_minimum: bool = False
    open_maximum: bool = False
    unit: str = ""
    live: bool = False
    log: bool = False
    group: str = ""
    suggestions: tuple[str, ...] = ()
    several: bool = False
    repeated: bool = False

    @property
    def bounds(self) -> str:
        """The allowed values as text: ``1 .. 1000``, ``> 0``, or the empty string."""
        low, high = (None if b is None else wording.setting(b) for b in (self.minimum, self.maximum))
        if low is not None and high is not None and not (self.open_minimum or self.open_maximum):
            return f"{low} .. {high}"
        parts = [] if low is None else [f"{'>' if self.open_minimum else '>='} {low}"]
        parts += [] if high is None else [f"{'<' if self.open_maximum else '<='} {high}"]
        return ", ".join(parts)

    @property
    def facts(self) -> tuple[str, ...]:
        """What forms and help say beside the description: the range with its unit, the scale, whether it is live."""
        allowed = f"{self.bounds} {self.unit}".strip()
        return tuple(fact for fact in (allowed, "log scale" if self.log else "", "live" if self.live else "") if fact)

    def show(self, value: Any) -> str:
        """Write a value as a user would type it."""
        return wording.setting(value)


@functools.cache
def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    return model.model_json_schema()


def fields_of(model: type[BaseModel]) -> tuple[FieldView, ...]:
    """Return the fields of a model in the order of their declaration, the fields of a group together.

    What a reference suggests is suggested beside the defaults of the other fields; see :func:`suggestions_beside`.
    """
    schema = _schema(model)
    named = references(model)
    views = []
    for name, entry in schema.get("properties", {}).items():
        choices = tuple(str(choice) for choice in entry.get("enum", ()))
        views.append(
            FieldView(
                name=name,
                kind="choice" if choices else entry.get("type", "string"),
                default=entry.get("default"),
                description=entry.get("description", ""),
                choices=choices,
                minimum=entry.get("minimum", entry.get("exclusiveMinimum")),
                maximum=entry.get("maximum", entry.get("exclusiveMaximum")),
                open_minimum="exclusiveMinimum" in entry,
                open_maximum="exclusiveMaximum" in entry,
                unit=entry.get("unit", ""),
                live=entry.get("live", False),
                log=entry.get("log", False),
                group=entry.get("group", ""),
                suggestions=tuple(entry.get("suggestions", ())) or suggestions_beside(model, name, {}),
                several=named[name].several if name in named else entry.get("several", False),
                repeated=entry.get("repeated", False),
            )
        )
    groups = list(dict.fromkeys(view.group for view in views))
    return tuple(sorted(views, key=lambda view: groups.index(view.group)))


def suggestions_beside(
    model: type[BaseModel], name: str, values: Mapping[str, Any], home: Path | None = None
) -> tuple[str, ...]:
    """Return what a field suggests beside the values of the others, but for earlier runs.

    The arguments are those of :func:`engine.control.suggesting.suggestions_for`.
    """
    reference = references(model).get(name)
    if reference is None:
        extra = model.model_fields[name].json_schema_extra
        return tuple(extra.get("suggestions", ())) if isinstance(extra, dict) else ()  # type: ignore[arg-type]
    defaults = {field: info.default for field, info in model.model_fields.items()}
    return reference.suggestions(defaults | dict(values), Workspace(home).cache)


Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Build a model from values as typed, strings included.

    Raises:
        InvalidHyperparameters: naming every refused field and the bound it breaks.
    """
    try:
        typed = {name: decoded(value) if isinstance(value, str) else value for name, value in values.items()}
        return model.model_validate(typed)
    except ValidationError as error:
        raise InvalidHyperparameters(_sentences(model, error)) from None


_PLAIN = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be on or off",
    "string_too_short": "must not be empty",
}
"""Our sentences for kinds of errors that pydantic words as parsing."""


def _sentences(model: type[BaseModel], error: ValidationError) -> dict[str, str]:
    sentences = {}
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "values"
        if problem["type"] == "extra_forbidden":
            there = ", ".join(model.model_fields)
            sentences[name] = (
                f"no such hyperparameter; {wording.meant(name, model.model_fields, f'there are: {there}')}"
            )
        elif problem["type"] == "value_error":
            # A check of our own, whose sentence needs no addition.
            sentences[name] = problem["msg"].removeprefix("Value error, ")
        else:
            if problem["type"] == "string_pattern_mismatch":
                problem["msg"] = f"must be one of these: {model.model_fields[name].description}"
            text = _PLAIN.get(problem["type"]) or problem["msg"].replace("Input should be", "must be")
            sentences[name] = f"{text}, got {problem['input']!r}" if problem["loc"] else text
    return sentences


Better = Literal["higher", "lower", "neither"]
"""Which values of a metric are the better ones, if either."""
_BETTER: dict[str, Better] = {"accuracy": "higher", "loss": "lower", "error": "lower", "frechet": "lower"}
_RIVALS = {"generator", "discriminator"}
"""Parts whose losses rise when their rival gets better: no value of theirs is the best."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The result by which runs of an experiment are listed and compared.

    Attributes:
        result: its name, e.g. ``test/accuracy``.
        better: whether a higher or a lower value is better, or neither, as for a count of parameters.
    """

    result: str
    better: Better


def better(metric: str, headline: Headline | None = None) -> Better:
    """Tell which values of a metric are better: as its experiment declares, or else by its quantity.

    Args:
        metric: ``part/quantity``.
        headline: of the experiment, if it has one.
    """
    if headline is not None and metric == headline.result:
        return headline.better
    part, _, quantity = metric.rpartition("/")
    return "neither" if part in _RIVALS else _BETTER.get(quantity, "neither")


View = Literal["charts", "pictures", "tables"]
VIEWS: tuple[View, ...] = ("charts", "pictures", "tables")


@dataclass(frozen=True, slots=True)
class Experiment:
    """The declaration of an experiment.

    Attributes:
        name: what the user types, e.g. ``dcgan``.
        title: its name in headings.
        family: the group it is listed in, e.g. ``generate``.
        summary: one sentence.
        hyperparameters: the model that its form and options are made from.
        program: ``"package.module:function"``, called as ``function(hyperparameters, context)`` in a worker.
        shows: the panes that its result is looked at in, the most important first; the workbench opens two of them.
        charts: names of metrics, those of a group drawn in one chart; each metric of no group gets its own chart.
        headline: the result by which its runs are listed and compared; None if it has no such result.
        tables: names of the tables that are printed when a run on the command line has ended.
        network: ``"package.module:function"``, called as ``function(hyperparameters, context)`` to rebuild the network
            that a run saved under the name ``network``; empty if it trains none.
        small: whether that network is so small that threads wait for each other longer than they compute: runs that
            compute with it, and with small ones alone, take one thread unless they are told another number.
        page: what people read of it before they run it; None leaves them with the rest of the declaration.
    """

    name: str
    title: str
    family: str
    summary: str
    hyperparameters: type[Hyperparameters]
    program: str
    shows: tuple[View, ...] = ("charts", "pictures")
    charts: tuple[tuple[str, ...], ...] = ()
    headline: Headline | None = None
    tables: tuple[str, ...] = ()
    network: str = ""
    small: bool = False
    page: Page | None = None

    def __post_init__(self) -> None:
        for name in ("name", "title", "family", "summary", "program", "network"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{self.name}: {name} must be text, not {getattr(self, name)!r}")
        if not self.shows or not set(self.shows) <= set(VIEWS):
            raise TypeError(f"{self.name}: shows must name some of {', '.join(VIEWS)}, not {self.shows!r}")
        if not isinstance(self.headline, Headline | None):
            raise TypeError(f"{self.name}: write the headline as Headline({self.headline!r}, better='higher')")

    def validate(self, values: Mapping[str, Any]) -> Hyperparameters:
        """Build the hyperparameters from values as typed; see :func:`validate`."""
        return validate(self.hyperparameters, values)

    def fields(self) -> tuple[FieldView, ...]:
        """Return the hyperparameters as forms and options see them."""
        return fields_of(self.hyperparameters)

    def changed(self, hyperparameters: Mapping[str, Any], seed: int) -> dict[str, str]:
        """Return what of a run's hyperparameters and seed differs from the defaults, as a user would type it."""
        views = {view.name: view for view in self.fields()}
        texts = {name: views[name].show(value) for name, value in hyperparameters.items() if name in views}
        changed = {name: text for name, text in texts.items() if text != views[name].show(views[name].default)}
        return changed | ({"seed": str(seed)} if seed else {})

    def load(self) -> Callable[[Any, Any], None]:
        """Import the program. Only workers do this, because the program imports torch."""
        module, _, function = self.program.partition(":")
        return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]
