"""Hyperparameters that name a data set or images: what they take, and what is refused before a launch. No torch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from engine.datasets import names, sources, trees
from engine.datasets.catalogue import datasets
from engine.datasets.listing import listing, require_images
from engine.errors import DataUnavailable
from engine.paths import apart, exists, path_of, text_of
from engine.references import Reference, Resolved, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from engine.datasets.names import DatasetName
    from engine.datasets.trees import Tree

COLOURS = {1: "grey images", 3: "colour images"}
WRITE_IMAGES = "write a file, a folder, sample:china or digits:test/0-15"


def _fits(_values: Mapping[str, Any], _tree: Tree) -> str:
    return ""


def too_few_to_validate(_values: Mapping[str, Any], tree: Tree) -> str:
    """Say why no training image can be held out for validation; nothing if one can."""
    if any(count > 1 for count in Counter(label for _, label in tree.train).values()):
        return ""
    return "has one training image of a class: at least one class needs 2, of which one is held out for validation"


@dataclass(frozen=True)
class DatasetReference(Reference):
    """A data set, some of its classes, or ``folder:PATH``.

    Attributes:
        fewest_classes: 1 where classes do not matter: then a folder of images without classes is taken, too.
        photographs: whether photographs that differ in size are taken.
        channels: 1 if only grey images are taken, 3 if only colour; 0 takes both.
        same_classes_as: the name of the field whose data set must have the same classes; empty for none.
        unfit: takes the hyperparameters and the listing of a folder; returns why it holds too little, or "".
    """

    decides_work = True
    fewest_classes: int = 2
    photographs: bool = True
    channels: int = 0
    same_classes_as: str = ""
    unfit: Callable[[Mapping[str, Any], Tree], str] = _fits

    def check(self, text: str) -> str:
        """Return the name of a data set that the field takes by what its name tells."""
        name = names.check(text)
        named = names.parse(name)
        if found := self._unwanted(named):
            there = [entry for entry in datasets() if not self._unwanted(names.parse(entry))]
            own = "; finetune and probe take photographs of your own" if named.folder else ""
            raise ValueError(f"{name} holds {found}; take {', '.join(there)}{own}")
        return name

    def _unwanted(self, named: DatasetName) -> str:
        """Return what a data set holds that the field does not take, or the empty string."""
        if named.photographs and not self.photographs:
            return "photographs, whose sizes may differ, and images of one size are needed"
        if self.channels and named.channels != self.channels:
            return f"{COLOURS[named.channels]}, and {COLOURS[self.channels]} are needed"
        if named.source and len(named.class_names) < self.fewest_classes:
            return f"{len(named.class_names)} classes, and at least {self.fewest_classes} are needed"
        return ""

    def resolve(self, text: str, scope: Scope) -> Resolved:
        """Return the name in full; its files must be there, and enough of them."""
        named = names.parse(text)
        if named.folder:
            # Read one time for all that is asked of it: it may hold a million files.
            tree = sources.tree_of(named, self.fewest_classes)
            if complaint := self.unfit(scope.values, tree):
                raise ValueError(f"{text} {complaint}")
            classes = tree.classes
        else:
            sources.require_present(text, self.fewest_classes)
            classes = named.class_names
        if self.same_classes_as:
            other = scope.values[self.same_classes_as]
            if complaint := unlike(classes, sources.classes_of(other), other):
                raise ValueError(complaint)
        return Resolved(names.absolute(text))

    def suggestions(self, values: Mapping[str, Any], cache: Path) -> tuple[str, ...]:  # noqa: ARG002
        """Return the data sets that fit, their usual parts, and ``folder:`` to be continued."""
        found = [
            name
            for source in datasets().values()
            for name in (source.name, *source.examples)
            if not self._unwanted(names.parse(name)) and self._same_classes(name, values)
        ]
        return (*found, names.FOLDER) if self.photographs and self.channels in {0, 3} else tuple(found)

    def _same_classes(self, name: str, values: Mapping[str, Any]) -> bool:
        other = str(values.get(self.same_classes_as, "")) if self.same_classes_as else ""
        try:
            wanted = names.parse(other).class_names if other else ()
        except DataUnavailable:
            wanted = ()
        return not wanted or names.parse(name).class_names == wanted


def other_classes(text: str, than: str) -> str:
    """Say how the classes of a data set differ from those of another one; nothing if they are the same.

    Raises:
        DataUnavailable: if either is a folder that is not there.
    """
    return unlike(sources.classes_of(text), sources.classes_of(than), than)


def unlike(own: Sequence[str], wanted: Sequence[str], than: str) -> str:
    """Say how some classes differ from those of a data set, by the first that does; nothing if they are the same."""
    if tuple(own) == tuple(wanted):
        return ""
    first = next((pair for pair in zip(wanted, own, strict=False) if pair[0] != pair[1]), (wanted[0], own[0]))
    there, here = apart(first)
    return f"must have the {len(wanted)} classes of {than}, {there} …, not {len(own)}, {here} …"


@dataclass(frozen=True)
class ImagesReference(Reference):
    """Images: files, folders, archives, samples, images of a data set; several separated by commas.

    Attributes:
        optional: whether none need be named.
    """

    decides_work = True
    several: bool = field(default=True, init=False)
    optional: bool = False

    def check(self, text: str) -> str:
        """Return names of images without the spaces around them."""
        name = text_of(text.strip())
        if not (self.optional or trees.names_of(name)):
            raise ValueError(f"names no image: {WRITE_IMAGES}")
        for one in trees.names_of(name):
            if found := trees.IN_DATASET.fullmatch(one):
                names.check(found[1])
        return name

    def resolve(self, text: str, scope: Scope) -> Resolved:  # noqa: ARG002
        """Return the names with all paths written out; what is named must be there."""
        found = trees.names_of(text)
        return Resolved(",".join(_absolute(name, alone=len(found) == 1) for name in found))

    def suggestions(self, values: Mapping[str, Any], cache: Path) -> tuple[str, ...]:  # noqa: ARG002
        """Return some images of each data set, and the samples."""
        of_datasets = tuple(f"{name}:test/0-15" for name in datasets())
        return (*([""] if self.optional else []), *of_datasets, *(f"{trees.SAMPLE}{name}" for name in trees.SAMPLES))


def _absolute(name: str, *, alone: bool) -> str:
    """Return the name of one image, or of a folder of them, with its path written out.

    Raises:
        DataUnavailable: if it is not there.
    """
    if name.startswith(trees.SAMPLE):
        if name.removeprefix(trees.SAMPLE) not in trees.SAMPLES:
            there = ", ".join(f"{trees.SAMPLE}{sample}" for sample in trees.SAMPLES)
            raise DataUnavailable(f"there is no {name}; there are: {there}")
        return name
    if found := trees.IN_DATASET.fullmatch(name):
        sources.require_present(found[1], fewest=1)
        first, last = int(found[3]), int(found[4] or found[3])
        if last < first:
            raise DataUnavailable(f"{name} holds no image: write {found[1]}:{found[2]}/{last}-{first}")
        _require_images(found[1], found[2], last)
        dataset = names.absolute(found[1])
        return f"{dataset}{name.removeprefix(found[1])}"
    path = path_of(name).absolute()
    if not exists(path):
        raise DataUnavailable(f"there is no image {name}: {WRITE_IMAGES}")
    if path.is_dir():
        require_images(listing(path))
    if not alone and "," in str(path):
        raise DataUnavailable(f"{text_of(path)} has a comma, which separates images: name it alone, or its folder")
    return text_of(path)


def _require_images(dataset: str, part: str, last: int) -> None:
    """Check that a data set has an image of that number, as far as its declaration or its folder tells.

    Raises:
        DataUnavailable: saying how many there are.
    """
    named = names.parse(dataset)
    if named.folder is not None:
        tree = sources.tree_of(named, fewest=1)
        count = len(tree.train if part == "train" else tree.test)
    elif named.source is not None and not named.classes:
        count = named.source.images[part == "test"]
    else:
        count = 0
    if 0 < count <= last:
        raise DataUnavailable(f"{dataset} has the {part} images 0 to {count - 1}, not {last}")


Dataset = Annotated[str, DatasetReference()]
"""The type of a hyperparameter that names a data set."""
Pictures = Annotated[str, DatasetReference(fewest_classes=1, unfit=too_few_to_validate)]
"""The same where classes do not matter."""
Images = Annotated[str, ImagesReference()]
"""The type of a hyperparameter that names images, several separated by commas."""
OptionalImages = Annotated[str, ImagesReference(optional=True)]
"""The same, where none need be named."""
