"""Quality of samples, measured by a small CNN that was trained on the same images at the same size."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from engine.datasets.images import drawn, unit_range
from engine.drawing.grids import image_grid
from engine.experiments.generate.latent import fixed_labels, fixed_noise, one_hot
from engine.experiments.generate.neighbours import NEIGHBOUR, nearest, precision_and_recall
from engine.experiments.generate.players import is_conditional
from engine.experiments.metrics import class_accuracies
from engine.networks.embedded import trained_cnn
from engine.plots import Bars
from engine.tensors.batches import in_batches

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.authoring import Context
    from engine.datasets.images import ImageSet, Splits
    from engine.experiments.generate.declarations import GanHyperparameters
    from engine.experiments.speed import Speed
    from engine.networks.small_cnn import SmallCnn

BATCH = 500
MOST = 50_000
"""Real images that samples are compared with, at most."""
MOST_COMPARED = 10_000
"""Samples, and as many real images, whose precision and recall are measured, at most."""
MOST_NEAREST = 500
"""Samples, and as many test images, whose nearest training image is looked for, at most."""
SHOWN, COLUMNS = 16, 8
"""Of them in the picture, and in one of its rows."""
RESAMPLES = 10
CONFIDENT = 0.9
"""Probability from which on the CNN counts as confident of a sample's class."""
QUALITY_NOISE = 1
"""Added to the seed, so that the samples differ from those of the previews."""


@torch.no_grad()
def samples_of(generator: nn.Module, latent: Tensor, *labels: Tensor, speed: Speed) -> Tensor:
    """Return samples ``[N, C, H, W]`` in [0, 1], float32, drawn in evaluation mode.

    Args:
        generator: conditional if labels are given; afterwards it is in training mode.
        latent: ``[N, nz]``.
        *labels: one-hot, ``[N, classes]``.
        speed: how it computes.
    """
    generator.eval()
    with speed.autocast():
        parts = in_batches(lambda *part: generator(*part).float(), latent, *labels, batch=BATCH, what="samples")
        drawn = torch.cat([*parts])
    generator.train()
    return (drawn + 1) / 2


class Samples(NamedTuple):
    """Images ``[N, C, H, W]`` in [0, 1] and the class that each was drawn for, ``[N]``."""

    images: Tensor
    labels: Tensor


def new_samples(
    hyperparameters: GanHyperparameters, generator: nn.Module, classes: int, context: Context, speed: Speed
) -> Samples | None:
    """Draw the samples whose quality is measured; None if it is not wanted, or if some values are not finite."""
    count = hyperparameters.quality
    if not count:
        return None
    noise = fixed_noise(count, hyperparameters.nz, context.seed + QUALITY_NOISE).to(context.device)
    labels = fixed_labels(count, classes).to(context.device)
    one_hot_labels = (one_hot(labels, classes),) if is_conditional(hyperparameters) else ()
    images = samples_of(generator, noise, *one_hot_labels, speed=speed)
    if images.isfinite().all():
        return Samples(images, labels)
    context.message("no figures of quality: the generator's samples are not finite", level="alarm")
    return None


def log_quality(hyperparameters: GanHyperparameters, samples: Samples, data: Splits, context: Context) -> None:
    """Log figures of quality of samples, how they spread over the classes, and the training images nearest to them.

    - ``quality/samples``: how many samples these figures are of.
    - ``quality/frechet``: Frechet distance between the CNN's 25 features of samples and of training images (after
      Heusel et al. 2017, arXiv:1706.08500).
    - ``quality/frechet-real``: the same distance for as many training images, drawn with replacement: what a generator
      would reach that draws training images. The distance falls with the number of images, so both have the same.
    - ``quality/precision`` and ``quality/recall``, in the same features; see :func:`precision_and_recall`.
    - ``quality/nearest``: the mean distance of samples to the nearest training image, that of test images being 1.
    - ``quality/classifier``: the CNN's accuracy on the test images.
    - ``quality/sure``: the share of samples for which the CNN gives a class at least 90 %.
    - ``quality/classes``: how many classes have at least a tenth of an even share of the samples.
    - ``quality/as-asked``: the share of conditional samples that the CNN assigns to the class they were drawn for.
    """
    classes = len(data.train.classes)
    real, unseen = (real_images(part, context) for part in (data.train, data.test))
    log_nearest(samples.images, real, unseen, context)
    if classes < 2:
        context.message("no further figures of quality: they need a data set with at least two classes")
        return
    cnn = trained_cnn(hyperparameters.dataset, data, context).eval()
    hidden, logits = features_of(cnn, samples.images)
    log_distances(hidden, features_of(cnn, real)[0], context)
    predicted, recognised = logits.argmax(1), features_of(cnn, unseen)[1].argmax(1)
    shares = predicted.bincount(minlength=classes) / len(predicted)
    labels = drawn(data.test, MOST).labels.to(context.device)
    results = {
        "quality/classifier": float((recognised == labels).float().mean()),
        "quality/sure": float((logits.softmax(1).max(1).values >= CONFIDENT).float().mean()),
        "quality/classes": float((shares >= 0.1 / classes).sum()),
    }
    columns = ["class", "samples", "training", "classifier"]
    in_training = data.train.labels.bincount(minlength=classes) / len(data.train)
    right = class_accuracies(labels, recognised, classes)
    parts = [shares, in_training, right]
    if is_conditional(hyperparameters):
        results["quality/as-asked"] = float((predicted == samples.labels).float().mean())
        columns.append("as-asked")
        parts.append(class_accuracies(samples.labels, predicted, classes))
    table = [data.train.classes, *([f"{value:.4f}" for value in part.tolist()] for part in parts)]
    context.table("classes", columns, list(zip(*table, strict=True)))
    context.plot(
        "classes", Bars(data.train.classes, tuple(shares.tolist()), label="share of the samples"), context.total
    )
    context.result(results)


def log_distances(fake: Tensor, real: Tensor, context: Context) -> None:
    """Log the Frechet distance between features ``[N, D]`` and ``[M, D]`` beside its baseline, precision and recall."""
    count = len(fake)
    results = {"quality/samples": float(count)}
    if min(count, len(real)) > 1:
        generator = torch.Generator().manual_seed(context.seed)
        redrawn = [
            frechet_distance(real[torch.randint(len(real), (count,), generator=generator).to(real.device)], real)
            for _ in range(RESAMPLES)
        ]
        own, least = frechet_distance(fake, real), float(np.mean(redrawn))
        context.message(
            f"the Frechet distance of {count:,} samples from the training images is {own:.3g}; that of {count:,} "
            f"training images drawn with replacement is {least:.3g} (standard deviation {np.std(redrawn, ddof=1):.2g})"
        )
        results |= {"quality/frechet": own, "quality/frechet-real": least}
    # As many of both: the balls of a larger set would cover more.
    compared = min(count, len(real), MOST_COMPARED)
    if compared > NEIGHBOUR:
        order = torch.randperm(len(real), generator=torch.Generator().manual_seed(context.seed))
        precision, recall = precision_and_recall(real[order[:compared].to(real.device)], fake[:compared])
        results |= {"quality/precision": precision, "quality/recall": recall}
    context.result(results)


def log_nearest(samples: Tensor, real: Tensor, unseen: Tensor, context: Context) -> None:
    """Show samples with the nearest training image under each, and log how near they are beside test images.

    Args:
        samples: ``[N, C, H, W]`` in [0, 1], like the others.
        real: training images.
        unseen: test images.
        context: of the run.
    """
    own, others = nearest(samples[:MOST_NEAREST], real), nearest(unseen[:MOST_NEAREST], real)
    shown, columns = samples[:SHOWN], min(len(samples), COLUMNS)
    rows = zip(shown.split(columns), real[own.indices[:SHOWN]].split(columns), strict=True)
    # A last row that is not full would take the images of the next one.
    pairs = [image for row in rows if len(row[0]) == columns for image in row]
    caption = "samples, and under each the training image nearest to it"
    context.image("nearest", image_grid(torch.cat(pairs), columns=columns), context.total, caption)
    context.result({"quality/nearest": float(own.distances.mean() / others.distances.mean().clamp(min=1e-9))})


def real_images(images: ImageSet, context: Context) -> Tensor:
    """Return images ``[N, C, H, W]`` in [0, 1] on the device: all, or 50,000 of them at random, as is usual for FID."""
    return unit_range(drawn(images, MOST).images.to(context.device))


@torch.no_grad()
def features_of(cnn: SmallCnn, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values of the last hidden layer ``[N, 25]`` and the logits ``[N, classes]`` for images in [0, 1]."""
    parts = in_batches(lambda part: cnn.classifier[:-1](cnn.features(part)), images, batch=BATCH, what="their judge")
    hidden = torch.cat([*parts])
    return hidden, cnn.classifier[-1](hidden)


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Return the squared 2-Wasserstein distance of Gaussians with the moments of features ``[N, D]`` and ``[M, D]``.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)); the trace of the root is the sum of the roots of the eigenvalues of the
    symmetric R S2 R with R R = S1 (Heusel et al. 2017, equation 6).
    """
    first, second = (features.double().cpu().numpy() for features in (one, other))
    s1, s2 = (np.cov(features, rowvar=False) for features in (first, second))
    values, vectors = np.linalg.eigh(s1)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    overlap = np.sqrt(np.linalg.eigvalsh(root @ s2 @ root).clip(0)).sum()
    apart = ((first.mean(0) - second.mean(0)) ** 2).sum()
    return float(max(0.0, apart + np.trace(s1) + np.trace(s2) - 2 * overlap))
