"""The axes of a sweep: which values of which hyperparameters it tries, as written and as they are kept. No torch.

::

    nz=2,10,1000                a list
    C=0.1;1;10                  of texts that hold commas themselves
    attribution=*               every choice of the field
    ngf=8..256:8                a range and its step
    lr=log:1e-5..1e-2:10        a range on the logarithmic scale and the factor between neighbours
    ngf,ndf=256,32;8,256        fields that vary together

A range without a step is what random and TPE draw from; a grid takes powers of ten on the logarithmic scale.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.errors import InvalidHyperparameters, PhospheneError
from engine.selection.values import comparable, is_number

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence

    from engine.declaration import Experiment, FieldView

EVERY = "*"
"""The axis of all choices of a field; in a form it begins every axis."""
MOST_VALUES = 1_000
_RANGE = re.compile(r"(?P<low>[^.:]*(?:\.\d*)?(?:e[+-]?\d+)?)\.\.(?P<high>[^:]*)(?::(?P<step>.*))?", re.IGNORECASE)
_SCALES = {"log": True, "linear": False}
_NUMBERS = ("integer", "number")
_WHOLE_VALUES = 12
"""How many whole numbers a range may hold that a grid tries one by one without being told a step."""


@dataclass(frozen=True, slots=True)
class Range:
    """An interval of numbers.

    Attributes:
        low: its smallest value.
        high: its largest value.
        log: whether its scale is logarithmic.
        step: between neighbours; on a logarithmic scale the factor between them; 0 for none.
        whole: whether its values are whole numbers.
    """

    low: float
    high: float
    log: bool = False
    step: float = 0.0
    whole: bool = False

    def __str__(self) -> str:
        ends = f"{wording.setting(self.low)}..{wording.setting(self.high)}"
        return f"{'log:' if self.log else ''}{ends}{f':{wording.setting(self.step)}' if self.step else ''}"

    def values(self) -> tuple[float, ...]:
        """Return the values that a grid tries, rising.

        Raises:
            ValueError: if a step must be given, or there are more than `MOST_VALUES`.
        """
        return _values(self)

    def _usual_step(self) -> float:
        if self.log:
            # Powers of ten; over less than two of them, two values in each.
            return 10.0 if self.high / self.low >= 100 * (1 - 1e-9) else math.sqrt(10)
        if self.whole and self.high - self.low < _WHOLE_VALUES:
            return 1.0
        raise ValueError(f"a grid needs a step, as in {self}:{'8' if self.whole else '0.1'}; random and tpe need none")

    def _rounded(self, value: float) -> float:
        return round(value) if self.whole else min(self.high, float(f"{value:.6g}"))

    def draw(self, generator: random.Random) -> float:
        """Return a value from it, uniform on its scale; one that a grid would try if there is a step."""
        if self.step:
            return generator.choice(self.values())
        if self.log:
            drawn = math.exp(generator.uniform(math.log(self.low), math.log(self.high)))
        else:
            drawn = generator.uniform(self.low, self.high)
        return self._rounded(min(self.high, max(self.low, drawn)))


@functools.lru_cache(256)
def _values(found: Range) -> tuple[float, ...]:
    step = found.step or found._usual_step()
    if found.log:
        steps = (math.log(found.high) - math.log(found.low)) / math.log(step)
    else:
        steps = (found.high - found.low) / step
    if not steps + 1e-9 < MOST_VALUES:
        many = f"{math.floor(steps + 1e-9) + 1:,}" if steps < 1e15 else "countless"
        raise ValueError(f"{found} has {many} values, and {MOST_VALUES:,} are the most: take a larger step")
    count = math.floor(steps + 1e-9) + 1
    if found.log:
        # The powers by halves: the whole may be more than a float holds where the value is not.
        exact = (found.low * step ** (i // 2) * step ** (i - i // 2) for i in range(count))
    else:
        exact = (found.low + step * i for i in range(count))
    return tuple(dict.fromkeys(found._rounded(value) for value in exact))


@dataclass(frozen=True, slots=True)
class Axis:
    """Values of one hyperparameter, or of several that vary together.

    Attributes:
        fields: their names.
        values: that are tried, one of each field in each; empty for a range.
        range: of a single numerical field; None for a list.
        log: whether the scale of its figures is logarithmic.
    """

    fields: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...] = ()
    range: Range | None = None
    log: bool = False

    @property
    def name(self) -> str:
        """Its fields as they are written: ``nz``, ``ngf,ndf``."""
        return ",".join(self.fields)

    def __str__(self) -> str:
        if self.range is not None:
            return f"{self.name}={self.range}"
        mark = ";" if len(self.fields) > 1 or any("," in wording.setting(one) for one, *_ in self.values) else ","
        return f"{self.name}={mark.join(','.join(map(wording.setting, one)) for one in self.values)}"

    def options(self) -> tuple[tuple[Any, ...], ...]:
        """Return the values that a grid tries, as written or rising.

        Raises:
            ValueError: if it is a range that needs a step.
        """
        if self.range is None:
            return self.values
        try:
            return tuple((value,) for value in self.range.values())
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None

    @property
    def ordered(self) -> bool:
        """Whether its values are numbers, so that some lie between others."""
        return self.range is not None or (len(self.fields) == 1 and all(is_number(one) for one, *_ in self.values))

    @property
    def rises(self) -> bool:
        """Whether a line may join its values: numbers, or texts that are numbers, each larger than the one before."""
        if self.ordered or len(self.fields) > 1:
            return self.ordered
        try:
            found = [float(value) for (value,) in self.values]
        except (TypeError, ValueError):
            return False
        return all(one < other for one, other in itertools.pairwise(found))

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        found = {"range": asdict(self.range)} if self.range else {"values": self.values}
        return {"fields": self.fields, "log": self.log, **found}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Axis:
        """Rebuild an axis written by :meth:`to_json`."""
        found = values.get("range")
        listed = tuple(tuple(one) for one in values.get("values", ()))
        return cls(tuple(values["fields"]), listed, Range(**found) if found else None, bool(values.get("log")))

    def widened(self, more: Axis) -> Axis:
        """Return the axis with further values behind its own, or with the further range it lies in.

        Raises:
            ValueError: if there is nothing new, or a range does not hold the old one.
        """
        if self.range is None and more.range is None:
            known = set(map(comparable, self.values))
            new = tuple(one for one in more.values if comparable(one) not in known)
            if not new:
                raise ValueError(f"{self.name} has these values already")
            return Axis(self.fields, (*self.values, *new), None, self.log)
        if self.range is None or more.range is None:
            raise ValueError(f"{self.name} is {'a list' if self.range is None else 'a range'}: widen it by another one")
        if not (more.range.low <= self.range.low and self.range.high <= more.range.high) or more.range == self.range:
            raise ValueError(f"{self.name} goes over {self.range}: the wider range must hold that")
        return more


def axes(
    declared: Experiment, over: Mapping[str, str], together: Mapping[str, str], fixed: Mapping[str, Any]
) -> tuple[Axis, ...]:
    """Return the axes that are written for an experiment.

    Args:
        declared: the experiment.
        over: by field, what follows its ``=``.
        together: by fields separated by commas, the rows of values that they take together.
        fixed: hyperparameters that no axis varies, as typed.

    Raises:
        InvalidHyperparameters: naming every mistake by its field.
    """
    views = {view.name: view for view in declared.fields()}
    problems: dict[str, str] = {}
    found: list[Axis] = []
    for name, text in over.items():
        try:
            found.append(_axis(declared, _view(views, name), text, fixed))
        except (ValueError, PhospheneError) as error:
            problems[name] = _sentence(error, name)
    for names, text in together.items():
        try:
            found.append(_together(declared, [_view(views, name) for name in _parts(names, ",")], text, fixed))
        except (ValueError, PhospheneError) as error:
            problems[names] = _sentence(error, names)
    often = Counter(name for axis in found for name in axis.fields)
    problems |= {name: "stands on more than one axis" for name, count in often.items() if count > 1}
    problems |= {name: "is an axis and has a fixed value as well: write one of them" for name in often if name in fixed}
    if problems:
        raise InvalidHyperparameters(problems)
    return tuple(found)


def further(
    declared: Experiment, there: Mapping[str, Axis], over: Mapping[str, str], fixed: Mapping[str, Any]
) -> tuple[Axis, ...]:
    """Return further values of axes that there are, as typed by the names of the axes; a single one is enough.

    Raises:
        InvalidHyperparameters: naming every mistake by its axis.
    """
    views = {view.name: view for view in declared.fields()}
    problems: dict[str, str] = {}
    found: list[Axis] = []
    for name, text in over.items():
        axis = there[name]
        try:
            if len(axis.fields) > 1:
                more = _together(declared, [views[one] for one in axis.fields], text, fixed, fewest=1)
            elif ".." not in text:
                parts = _listed(views[name], text)
                if len(parts) == 1 and views[name].several and not any("," in str(one) for (one,) in axis.values):
                    parts = _parts(text, ",")  # as the axis itself was written
                more = Axis(axis.fields, tuple((_typed(declared, name, one, fixed),) for one in parts), None, axis.log)
            else:
                more = _axis(declared, views[name], text, fixed)
            axis.widened(more)
            found.append(more)
        except (ValueError, PhospheneError) as error:
            problems[name] = _sentence(error, name)
    if problems:
        raise InvalidHyperparameters(problems)
    return tuple(found)


def _view(views: Mapping[str, FieldView], name: str) -> FieldView:
    if name == "seed":
        raise ValueError("seeds are asked for by their number: --seeds 3")
    if name not in views:
        raise ValueError(f"no such hyperparameter; there are: {', '.join(views)}")
    return views[name]


def _sentence(error: Exception, field: str) -> str:
    """Return what is wrong, without the field's name in front."""
    problems = error.problems if isinstance(error, PhospheneError) else {}
    return problems.get(field) or "; ".join(f"{name}: {text}" for name, text in problems.items()) or str(error)


def _axis(declared: Experiment, view: FieldView, text: str, fixed: Mapping[str, Any]) -> Axis:
    text = text.strip()
    if text == EVERY:
        values: Sequence[Any] = [False, True] if view.kind == "boolean" else view.choices
        if not values:
            raise ValueError(f"has no list of values that {EVERY} could mean: write them, as in {view.name}=a,b")
        return Axis((view.name,), tuple((value,) for value in values))
    log, rest = _scale(view, text)
    if view.kind in _NUMBERS and (matched := _RANGE.fullmatch(rest)):
        return _range(declared, view, matched, fixed, log=log)
    if view.kind not in _NUMBERS and re.match(rf"({'|'.join(_SCALES)})(\s*:|\s+[\d.])", rest, re.IGNORECASE):
        raise ValueError(f"is no number that could lie on a scale: list its values, as in {view.name}=0.01,0.1,1")
    parts = _listed(view, rest)
    if len(parts) == 1 and view.several:  # one value with commas would be no axis
        parts = _parts(rest, ",")
    values = [_typed(declared, view.name, part, fixed) for part in parts]
    _require_several(view.name, [(value,) for value in values], several=view.several)
    return Axis((view.name,), tuple((value,) for value in values), None, log)


def _scale(view: FieldView, text: str) -> tuple[bool, str]:
    """Return whether the scale is logarithmic, and what follows the word that says so."""
    word, mark, rest = re.match(r"(\w*)(\s*:|\s+|)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    if mark and word.casefold() in _SCALES and view.kind in _NUMBERS:
        return _SCALES[word.casefold()], rest.strip()
    return view.log and view.kind in _NUMBERS, text


def _range(
    declared: Experiment, view: FieldView, matched: re.Match[str], fixed: Mapping[str, Any], *, log: bool
) -> Axis:
    low, high = (_typed(declared, view.name, matched[end].strip(), fixed) for end in ("low", "high"))
    if low >= high:
        raise ValueError(f"a range goes from the smaller value to the larger, not {matched[0]}")
    if log and low <= 0:
        raise ValueError(f"a logarithmic range begins above 0, not at {wording.setting(low)}")
    step = 0.0
    if (written := matched["step"]) is not None:
        try:
            step = float(written)
        except ValueError:
            raise ValueError(f"the step {written!r} is no number: write one, as in 8..256:8") from None
        if not (math.isfinite(step) and step > (1 if log else 0)):
            what = "factor between neighbours must be above 1" if log else "step must be above 0"
            raise ValueError(f"the {what}, not {written}")
    found = Range(low, high, log, step, view.kind == "integer")
    if step:
        found.values()
    return Axis((view.name,), (), found, log)


def _listed(view: FieldView, text: str) -> list[str]:
    """Return the single values in a list; texts that may hold commas are separated by semicolons."""
    return _parts(text, ";" if ";" in text or view.several else ",")


def _parts(text: str, mark: str) -> list[str]:
    return [part.strip() for part in text.split(mark)]


def _typed(declared: Experiment, name: str, text: str, fixed: Mapping[str, Any]) -> Any:
    """Return a value of a field as the declaration reads it."""
    try:
        return getattr(declared.validate({**fixed, name: text}), name)
    except InvalidHyperparameters as error:
        # What is wrong with the fixed values is said once, by the plan.
        if name not in error.problems:
            return getattr(declared.validate({name: text}), name)
        raise


def _together(
    declared: Experiment, views: Sequence[FieldView], text: str, fixed: Mapping[str, Any], fewest: int = 2
) -> Axis:
    names = tuple(view.name for view in views)
    if len(names) < 2:
        raise ValueError("fields that vary together are two or more, as in --zip 'ngf,ndf=256,32;8,256'")
    rows = [_parts(row, ",") for row in _parts(text, ";")]
    if wrong := next((row for row in rows if len(row) != len(names)), None):
        said = f"{','.join(wrong)} has {len(wrong)} values for {len(names)} fields; rows are separated by ;"
        several = [view.name for view in views if view.several]
        hint = f", and values of {several[0]} with commas need an axis of their own" if several else ""
        raise ValueError(f"{said}{hint}")
    values = tuple(
        tuple(_typed(declared, name, part, fixed) for name, part in zip(names, row, strict=True)) for row in rows
    )
    _require_several(",".join(names), values, fewest=fewest)
    return Axis(names, values)


def _require_several(name: str, values: Iterable[tuple[Any, ...]], *, several: bool = False, fewest: int = 2) -> None:
    counts = Counter(map(comparable, values))
    if any(count > 1 for count in counts.values()):
        raise ValueError("a value stands there more than once: write every value once")
    if len(counts) < fewest:
        hint = f"; values that may hold commas are separated by ;, as in {name}=1;10" if several else ""
        raise ValueError(f"an axis needs two values or more{hint}")
    if len(counts) > MOST_VALUES:
        raise ValueError(f"has {len(counts):,} values, and {MOST_VALUES:,} are the most")
