"""McNemar's exact test: whether one of two classifiers is right more often, on the same images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.experiments.transfer.declarations import PREDICTIONS
from engine.record.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from engine.authoring import Context

COLUMNS = ("image", "true class", "predicted class")


class McNemar(NamedTuple):
    """How often each of two classifiers alone is right, and how probable it is by chance that they differ so much."""

    only_first: int
    only_second: int
    p: float


def mcnemar(first: ArrayLike, second: ArrayLike) -> McNemar:
    """Compare two classifiers by where each is right, bool ``[N]`` each (McNemar 1947).

    Were both equally good, each image on which one alone is right would be a toss of a coin: ``p`` is the two-sided
    binomial probability of a split as uneven as this one.
    """
    from scipy.stats import binomtest

    one, other = np.asarray(first, bool), np.asarray(second, bool)
    only_first, only_second = int((one & ~other).sum()), int((other & ~one).sum())
    apart = only_first + only_second
    return McNemar(only_first, only_second, float(binomtest(only_first, apart).pvalue) if apart else 1.0)


def compare(run: str, images: Sequence[str], right: ArrayLike, context: Context) -> None:
    """Log McNemar's test of this run against an earlier one, on the test images that both have classified.

    Args:
        run: the earlier run, ``run:ID``.
        images: the names of this run's test images.
        right: bool ``[N]``, which of them it classified rightly.
        context: of this run.
    """
    earlier = context.earlier(run.removeprefix("run:"))
    rows = read_table(earlier.path / earlier.history().tables[PREDICTIONS].file).rows
    theirs = {image: true == predicted for image, true, predicted in rows}
    pairs = [
        (own, theirs[image]) for image, own in zip(images, np.asarray(right, bool), strict=True) if image in theirs
    ]
    if not pairs:
        context.message(f"no comparison with {run}: it has classified none of these images", level="alarm")
        return
    found = mcnemar(*zip(*pairs, strict=True))
    context.message(
        f"of {len(pairs):,} images {found.only_first} are classified rightly by this run alone, {found.only_second} by "
        f"{run} alone: p = {found.p:.3g} by McNemar's exact test"
    )
    context.result(
        {"mcnemar/only-this": found.only_first, "mcnemar/only-other": found.only_second, "mcnemar/p": found.p}
    )
