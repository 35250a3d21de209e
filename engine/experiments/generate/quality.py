"""How good samples are, in the eyes of a small CNN that was trained on the same images at the same size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.datasets.images import unit_range
from engine.experiments.generate.latent import fixed_labels, fixed_noise, one_hot
from engine.experiments.generate.players import is_conditional
from engine.networks.embedded import trained_cnn
from engine.report import figures

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.control.context import Context
    from engine.datasets.images import ImageSet, Splits
    from engine.experiments.generate.declarations import GanHyperparameters
    from engine.experiments.speed import Speed
    from engine.networks.small_cnn import SmallCnn

BATCH = 500
SURE = 0.9
"""Probability from which the CNN is said to be sure of a sample's class."""
JUDGING_NOISE = 1
"""Added to the seed: samples are judged that no preview has shown."""


@torch.no_grad()
def samples_of(generator: nn.Module, latent: Tensor, *labels: Tensor, speed: Speed) -> Tensor:
    """Return what a generator draws, ``[N, C, H, W]`` in [0, 1], float32, in evaluation mode; it is left in training.

    Args:
        generator: conditional if labels are given.
        latent: ``[N, nz]``.
        *labels: class vectors ``[N, classes]``.
        speed: how it computes.
    """
    generator.eval()
    parts = zip(*(values.split(BATCH) for values in (latent, *labels)), strict=True)
    with speed.autocast():
        drawn = torch.cat([generator(*part).float() for part in parts])
    generator.train()
    return (drawn + 1) / 2


def judge(
    hyperparameters: GanHyperparameters, generator: nn.Module, data: Splits, context: Context, speed: Speed
) -> None:
    """Log figures of quality of fresh samples, if any are to be judged, and how they spread over the classes.

    ``quality/frechet``: Frechet distance of the CNN's 25 features to those of the training images (after Heusel et al.
    2017, arXiv:1706.08500); ``quality/frechet-test``: the same of the test images, the least that can be expected.
    ``quality/classifier``: the CNN's accuracy on the test images. ``quality/sure``: the share of samples it is at least
    90 % sure of. ``quality/classes``: how many classes have at least a tenth of their even share of the samples.
    ``quality/as-asked``: of conditional ones the share that the CNN takes for what was asked for.
    """
    classes = len(data.train.classes)
    if not hyperparameters.quality:
        return
    if classes < 2:
        context.message("no figures of quality: they need a CNN that tells at least two classes apart")
        return
    cnn = trained_cnn(hyperparameters.dataset, data, context).to(context.device).eval()
    count = hyperparameters.quality
    noise = fixed_noise(count, hyperparameters.nz, context.seed + JUDGING_NOISE).to(context.device)
    asked = fixed_labels(count, classes).to(context.device)
    told = (one_hot(asked, classes),) if is_conditional(hyperparameters) else ()
    drawn = samples_of(generator, noise, *told, speed=speed)
    if not drawn.isfinite().all():
        context.message("no figures of quality: what the generator draws are no numbers any more", level="alarm")
        return
    samples, logits = features_of(cnn, drawn)
    train, _ = features_of(cnn, real_images(data.train, context))
    test, test_logits = features_of(cnn, real_images(data.test, context))
    predicted = logits.argmax(1)
    shares = predicted.bincount(minlength=classes) / count
    labels = data.test.labels.to(context.device)
    results = {
        "quality/frechet": frechet_distance(samples, train),
        "quality/frechet-test": frechet_distance(test, train),
        "quality/classifier": float((test_logits.argmax(1) == labels).float().mean()),
        "quality/sure": float((logits.softmax(1).max(1).values >= SURE).float().mean()),
        "quality/classes": float((shares >= 0.1 / classes).sum()),
    }
    columns = ["class", "samples", "training"]
    real = data.train.labels.bincount(minlength=classes) / len(data.train)
    table = [data.train.classes, [f"{s:.4f}" for s in shares.tolist()], [f"{s:.4f}" for s in real.tolist()]]
    if told:
        right = predicted == asked
        results["quality/as-asked"] = float(right.float().mean())
        columns.append("as-asked")
        table.append([f"{float(right[asked == label].float().mean()):.4f}" for label in range(classes)])
    context.table("classes", columns, list(zip(*table, strict=True)))
    context.figure(
        "classes", figures.bars(data.train.classes, shares.tolist(), label="share of the samples"), context.total
    )
    context.result(results)


def real_images(images: ImageSet, context: Context) -> Tensor:
    """Return images ``[N, C, H, W]`` in [0, 1] on the device, at most 50,000 of them, as is the custom."""
    return unit_range(images.images[:50_000].to(context.device))


@torch.no_grad()
def features_of(cnn: SmallCnn, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values of the last hidden layer ``[N, 25]`` and the logits ``[N, classes]`` for images in [0, 1]."""
    hidden = torch.cat([cnn.classifier[:-1](cnn.features(part)) for part in images.split(BATCH)])
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
