"""A study as it is declared in TOML: a question, an experiment, a grid, tiers, and what others have published.

::

    title = "The length of the latent vector"
    question = "How long must the latent vector be?"
    source = "Nehlil & Boutaleb, §4.5.5"
    experiment = "dcgan"
    layout = "pictures"                 # table, curves, pictures, heatmap, bars or tiles
    shows = "samples"                   # the picture, plot or metric that is laid out
    metric = "quality/frechet"
    seeds = 3
    note = "what must be known to read it"

    [fixed]
    dataset = "mnist"
    [over]
    nz = [2, 10, 1000]                  # or text as on the command line: "log:1e-5..1e-2"
    [zip]
    "ngf,ndf" = "256,32; 8,256"

    [quick]                             # what the quick tier does otherwise: two CPU cores, five minutes
    seeds = 1
    fixed = { dataset = "digits", steps = 300 }

    [[published]]
    where = { nz = 10 }
    metric = "test/accuracy"
    value = 0.9792
    as_printed = "97.92 %"
    rounding = 5e-5                     # half a unit of its last digit, if that matters
    n = 1                               # runs it stands on
    images = 10_000                     # of the test set, where it is an accuracy
    source = "Héritier & Nanchen, exercise 1"
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine import wording
from engine.errors import PhospheneError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from engine.record.workspace import Workspace

Layout = Literal["table", "curves", "pictures", "heatmap", "bars", "tiles"]
Tier = Literal["quick", "full"]
BUILT_IN = Path(__file__).parent
ENDING = ".toml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Published(_Part):
    """A value that somebody has published.

    Attributes:
        where: the values of fields that pick its combination; runs with other values are not meant.
        metric: a column, as ``test/accuracy``.
        value: on the scale of the metric.
        as_printed: as it stands in the source.
        rounding: how far the exact figure may be from it, half a unit of its last digit; 0 where that is nothing beside
            the scatter.
        n: how many runs it stands on; 0 where that is not said.
        images: in the test set, for the binomial scatter of an accuracy; 0 where that does not apply.
        source: report and section, or paper.
    """

    where: dict[str, bool | int | float | str] = Field(default_factory=dict)
    metric: str = Field(min_length=1)
    value: float
    as_printed: str = ""
    rounding: float = Field(default=0.0, ge=0)
    n: int = Field(default=1, ge=0)
    images: int = Field(default=0, ge=0)
    source: str = Field(min_length=1)


class TierPart(_Part):
    """What a tier does otherwise than the study says.

    Attributes:
        fixed: values in place of the study's.
        over: axes in place of the study's of the same fields.
        together: the same of fields that vary together.
        metric: the study's if empty; another where results are named after what the tier takes.
        seeds: how many; the study's if 0.
        note: what the tier leaves out.
    """

    fixed: dict[str, Any] = Field(default_factory=dict)
    over: dict[str, Any] = Field(default_factory=dict)
    together: dict[str, str] = Field(default_factory=dict, alias="zip")
    metric: str = ""
    seeds: int = Field(default=0, ge=0, le=1_000)
    note: str = ""


class Study(_Part):
    """A study; see the head of this module.

    Attributes:
        name: of its file, without the ending.
        path: of its file.
    """

    name: str = ""
    path: str = ""
    title: str = Field(min_length=1)
    question: str = Field(min_length=1)
    source: str = ""
    experiment: str = Field(min_length=1)
    layout: Layout = "table"
    shows: str = ""
    rows: str = ""
    columns: str = ""
    metric: str = ""
    seeds: int = Field(default=3, ge=1, le=1_000)
    note: str = ""
    fixed: dict[str, Any] = Field(default_factory=dict)
    over: dict[str, Any] = Field(default_factory=dict)
    together: dict[str, str] = Field(default_factory=dict, alias="zip")
    quick: TierPart = Field(default_factory=TierPart)
    full: TierPart = Field(default_factory=TierPart)
    published: tuple[Published, ...] = ()

    def tier(self, name: Tier) -> TierPart:
        """Return a tier as it is run: the study's own values with those of the tier in their place."""
        own = self.quick if name == "quick" else self.full
        fields = {field for names in own.together for field in split(names)} | own.over.keys() | own.fixed.keys()
        return TierPart(
            fixed={**{key: value for key, value in self.fixed.items() if key not in fields}, **own.fixed},
            over={**{key: value for key, value in self.over.items() if key not in fields}, **own.over},
            zip={**{key: value for key, value in self.together.items() if not fields & {*split(key)}}, **own.together},
            metric=own.metric or self.metric,
            seeds=own.seeds or self.seeds,
            note=own.note,
        )

    def place(self, field: str, tier: Tier) -> tuple[str, ...]:
        """Return the keys that lead to where a tier's values of a field are written; to nothing if they are not."""
        own, place = (self.quick if tier == "quick" else self.full), ()
        for part, above in ((self, ()), (own, (tier,))):
            for table, values in (("fixed", part.fixed), ("over", part.over), ("zip", part.together)):
                for key in values:
                    if field == key or field in split(key):
                        place = (*above, table, key)
            if getattr(part, field, None) and field in {"metric", "seeds"}:
                place = (*above, field)
        return place

    def at(self, *where: str | int) -> str:
        """Return the file and the line in which an entry stands, for sentences about it."""
        try:
            return f"{self.path}, line {line_of(Path(self.path).read_text(encoding='utf-8'), where)}"
        except OSError:
            return self.path


def split(names: str) -> list[str]:
    """Return the single names in a text that holds several, separated by commas."""
    return [name.strip() for name in names.split(",")]


def set_apart(together: Mapping[str, str], names: Container[str]) -> TierPart:
    """Return what is left of fields that vary together when some of them are given one value.

    A single one that is left is an axis of its own, and rows that are equal now are one.

    Args:
        together: rows by fields, as written.
        names: of the fields that are given a value.
    """
    fixed: dict[str, Any] = {}
    over: dict[str, Any] = {}
    left: dict[str, str] = {}
    for written, text in together.items():
        fields, rows = split(written), [split(row) for row in text.split(";")]
        kept = [place for place, field in enumerate(fields) if field not in names]
        if len(kept) == len(fields) or any(len(row) != len(fields) for row in rows):
            left[written] = text
            continue
        different = list(dict.fromkeys(tuple(row[place] for place in kept) for row in rows))
        if len(different) == 1:
            fixed |= {fields[place]: value for place, value in zip(kept, different[0], strict=True)}
        elif len(kept) == 1:
            over[fields[kept[0]]] = ";".join(value for (value,) in different)
        else:
            left[",".join(fields[place] for place in kept)] = ";".join(map(",".join, different))
    return TierPart(fixed=fixed, over=over, zip=left)


def axis_text(value: Any) -> str:
    """Return the values of an axis as they are written on the command line."""
    # Semicolons separate values of every field, of those too that may hold commas.
    return ";".join(map(wording.setting, value)) if isinstance(value, list) else str(value)


def read(path: Path) -> Study:
    """Read a study from its file.

    Raises:
        PhospheneError: with the line of the mistake.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PhospheneError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PhospheneError(f"{path}, {_syntax(str(error), text)}") from None
    if strange := {"name", "path"} & values.keys():
        name = strange.pop()
        raise PhospheneError(f"{path}, line {line_of(text, (name,))}: {name} is that of the file: leave it out")
    try:
        return Study(**values, name=path.stem, path=str(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = tuple(first["loc"])
        raise PhospheneError(f"{path}, line {line_of(text, where)}: {_sentence(first)}") from None


def _syntax(said: str, text: str) -> str:
    """Return what tomllib says of a document, its line first: "Invalid value (at line 3, column 7)"."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", said, re.DOTALL)
    problem, line = (found[1], found[2]) if found else (said, None)
    return f"line {line or max(1, len(text.splitlines()))}: {problem[0].lower()}{problem[1:]}"


def _sentence(problem: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in problem["loc"] if not isinstance(part, int)) or "the study"
    if problem["type"] == "missing":
        return f"{name} is missing"
    if problem["type"] == "extra_forbidden":
        return f"there is no entry {name}"
    return f"{name} {problem['msg'].replace('Input should be', 'must be').replace('String should', 'must')}"


def line_of(text: str, where: Sequence[str | int]) -> int:
    """Return the line, from 1, on which an entry of a TOML document stands; that of its table if it is missing.

    Args:
        text: of the document.
        where: keys and places in arrays from the root on.
    """
    seen: dict[str, int] = {}
    table: tuple[str | int, ...] = ()
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            place = seen[found[1]] = seen.get(found[1], -1) + 1
            table = (*found[1].split("."), place)
            path = table
        elif found := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            table = tuple(found[1].split("."))
            path = table
        elif found := re.match(r"""\s*(?:"([^"]+)"|'([^']+)'|([\w-]+))\s*=""", line):
            path = (*table, next(part for part in found.groups() if part is not None))
        else:
            continue
        shared = len(path) if tuple(where[: len(path)]) == path else 0
        if shared > depth:
            best, depth = number, shared
    return best


def folder_of(workspace: Workspace) -> Path:
    """Return where the user's own studies lie."""
    return workspace.home / "studies"


def names(workspace: Workspace) -> dict[str, Path]:
    """Return the files of all studies by name, the built-in ones first; the user's replace those of the same name."""
    found = {path.stem: path for path in sorted(BUILT_IN.glob(f"*{ENDING}"))}
    return found | {path.stem: path for path in sorted(folder_of(workspace).glob(f"*{ENDING}"))}


def find(workspace: Workspace, name: str) -> Study:
    """Return the study of that name, or the one in a file.

    Raises:
        PhospheneError: if there is none, with the nearest name, or it cannot be read.
    """
    if name.endswith(ENDING) or "/" in name:
        return read(Path(name).expanduser())
    there = names(workspace)
    if name not in there:
        hint = wording.meant(name, there, "see those there are: phosphene study list")
        raise PhospheneError(f"there is no study {name!r}; {hint}")
    return read(there[name])
