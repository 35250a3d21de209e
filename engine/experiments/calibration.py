"""Whether a classifier's probabilities can be believed, and how they are mended (Guo et al. 2017, arXiv:1706.04599)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import torch

from engine.plots import Lines

if TYPE_CHECKING:
    from torch import Tensor

    from engine.authoring import Context

BINS = 15
"""Of equal width, as in the paper."""
LARGEST_TEMPERATURE = 20.0


class Reliability(NamedTuple):
    """Bins of confidence: how many images each holds, their mean confidence and accuracy, ``[BINS]`` each.

    Both means are NaN in an empty bin.
    """

    images: Tensor
    confidence: Tensor
    accuracy: Tensor

    def error(self) -> float:
        """Return the expected calibration error: the gap of accuracy and confidence, the mean over the images."""
        gaps = (self.accuracy - self.confidence).abs().nan_to_num()
        return float((gaps * self.images).sum() / self.images.sum())


def reliability(confidence: Tensor, right: Tensor) -> Reliability:
    """Sort predictions into bins ``(m / 15, (m + 1) / 15]``.

    Args:
        confidence: the probability of each predicted class, ``[N]`` in [0, 1].
        right: whether it is the true one, bool ``[N]``.
    """
    confidence = confidence.double().cpu()
    bins = (confidence * BINS).ceil().long().sub(1).clamp(0, BINS - 1)
    images = bins.bincount(minlength=BINS).double()
    sums = (bins.bincount(values.cpu().double(), minlength=BINS) for values in (confidence, right))
    return Reliability(images, *(values / torch.where(images > 0, images, torch.nan) for values in sums))


def log_reliability(confidence: Tensor, right: Tensor, part: str, context: Context, step: int) -> None:
    """Log ``part/calibration-error``, the reliability diagram and its table; see :func:`reliability`."""
    found = reliability(confidence, right)
    edges = torch.linspace(0, 1, BINS + 1).tolist()
    centres = tuple((low + high) / 2 for low, high in itertools.pairwise(edges))
    series = {"accuracy": tuple(found.accuracy.tolist()), "calibrated": centres}
    context.plot("reliability", Lines(centres, series, x_label="confidence", y_label="accuracy"), step)
    rows = [
        [f"{low:.3f}", f"{high:.3f}", int(count), f"{sure:.4f}", f"{accuracy:.4f}"]
        for low, high, count, sure, accuracy in zip(edges[:-1], edges[1:], *(v.tolist() for v in found), strict=True)
        if count
    ]
    context.table("calibration", ["above", "up to", "images", "confidence", "accuracy"], rows)
    context.result({f"{part}/calibration-error": found.error()})


def log_calibration(logits: Tensor, labels: Tensor, part: str, context: Context, step: int) -> None:
    """Log how well the softmax of logits ``[N, classes]`` is calibrated; see :func:`log_reliability`."""
    confidence, predicted = logits.double().softmax(1).max(1)
    log_reliability(confidence, predicted == labels, part, context, step)


def fitted_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature by which logits are divided so that the labels are most probable (section 4.2).

    Where every image is classified rightly, ever smaller temperatures are ever better: then it is 1.

    Args:
        logits: ``[N, classes]``, of images that were not trained on.
        labels: int64 ``[N]``.
    """
    # Imported here: scipy takes a quarter of a second.
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    values, true = logits.double().cpu().numpy(), labels.cpu().numpy()
    if (values.argmax(1) == true).all():
        return 1.0

    def loss(inverse: float) -> float:
        return float(-log_softmax(inverse * values, axis=1)[range(len(true)), true].mean())

    # Convex in 1 / T, so that a bounded search finds the minimum.
    found = minimize_scalar(
        loss, bounds=(1 / LARGEST_TEMPERATURE, LARGEST_TEMPERATURE), method="bounded", options={"xatol": 1e-6}
    )
    return float(1 / found.x)
