"""Calibration: against scikit-learn's curve, a plain loop, and logits of a known temperature."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve

from engine.experiments.calibration import BINS, fitted_temperature, reliability


def drawn(count: int, temperature: float, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits, and labels drawn by the probabilities that they have after a division by a temperature."""
    generator = torch.Generator().manual_seed(seed)
    logits = 4 * torch.randn(count, 5, generator=generator)
    return logits, (logits / temperature).softmax(1).multinomial(1, generator=generator).squeeze(1)


def test_the_reliability_diagram_is_that_of_scikit_learn_and_the_error_that_of_the_paper():
    logits, labels = drawn(3_000, temperature=2.0)
    confidence, predicted = logits.softmax(1).max(1)
    right = predicted == labels
    found = reliability(confidence, right)
    accuracy, mean = calibration_curve(right.numpy(), confidence.double().numpy(), n_bins=BINS)
    filled = found.images > 0
    assert found.images.sum() == 3_000
    assert found.accuracy[filled].numpy() == pytest.approx(accuracy)
    assert found.confidence[filled].numpy() == pytest.approx(mean)
    error = 0.0
    for low in range(BINS):
        inside = (confidence > low / BINS) & (confidence <= (low + 1) / BINS)
        if inside.any():
            gap = right[inside].double().mean() - confidence[inside].double().mean()
            error += float(gap.abs() * inside.double().mean())
    assert found.error() == pytest.approx(error)
    assert found.error() > 0.1
    assert reliability((logits / 2).softmax(1).max(1).values, right).error() < 0.03


def test_a_confidence_of_one_is_in_the_last_bin_and_one_on_an_edge_in_the_lower():
    found = reliability(torch.tensor([1.0, 0.2, 0.0], dtype=torch.float64), torch.tensor([True, False, False]))
    assert np.flatnonzero(found.images).tolist() == [0, 2, BINS - 1]
    assert found.error() == pytest.approx(0.2 / 3)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_of_logits_is_found(temperature):
    assert fitted_temperature(*drawn(20_000, temperature)) == pytest.approx(temperature, rel=0.05)


def test_labels_without_a_mistake_have_no_best_temperature():
    logits, _ = drawn(50, 1.0)
    assert fitted_temperature(logits, logits.argmax(1)) == 1.0
