"""The experiment `dcgan`: its losses, its choices, and that it resumes bit for bit."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from engine import Metrics, experiment
from engine.experiments.generate.dcgan import discriminator_loss, fixed_noise, generator_loss
from engine.experiments.generate.speed import chosen_speed

SMALL = {"steps": 12, "batch": 16, "ngf": 4, "ndf": 4, "nz": 8, "preview_every": 4}


def points(run) -> dict[int, dict[str, float]]:
    """Return all metrics by step, those of repeated steps once."""
    return {event.step: event.values for event in run.reader().poll() if isinstance(event, Metrics)}


def test_losses_are_those_of_the_paper():
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])
    one, zero = torch.ones(2), torch.zeros(2)
    bce = F.binary_cross_entropy_with_logits
    assert discriminator_loss(real, fake).item() == pytest.approx((bce(real, one) + bce(fake, zero)).item())
    assert generator_loss(fake, "non-saturating").item() == pytest.approx(bce(fake, one).item())
    assert generator_loss(fake, "minimax").item() == pytest.approx((1 - fake.sigmoid()).log().mean().item())


def test_fixed_noise_depends_on_the_seed_alone():
    assert torch.equal(fixed_noise(3, 5, 1), fixed_noise(3, 5, 1))
    assert not torch.equal(fixed_noise(3, 5, 1), fixed_noise(3, 5, 2))


@pytest.mark.parametrize("precision", ["float32", "auto"])
def test_goes_on_bit_for_bit_after_it_was_stopped(stopped_and_resumed, precision):
    cut, whole = stopped_and_resumed("dcgan", SMALL | {"precision": precision}, 5)
    assert points(cut.run) == points(whole.run)
    last = f"images/samples/{12:09d}.png"
    assert (cut.run.path / last).read_bytes() == (whole.run.path / last).read_bytes()


@pytest.mark.parametrize(
    "values",
    [
        {"loss": "minimax", "init": "default", "beta1": 0.9},
        {"size": "64", "channels": "3", "channels_last": "off"},
        {"d_updates": 3, "g_updates": 2, "epochs": 1, "batch": 256},
        {"lr_g": 0.02, "lr_d": 0.02, "precision": "bf16", "nz": 1},
    ],
)
def test_every_variation_runs_and_keeps_its_previews(play, values):
    played = play("dcgan", SMALL | values)
    steps = [int(path.stem) for path in (played.run.path / "images/samples").iterdir()]
    assert min(steps) == 1
    assert max(steps) == played.context.total
    assert set(played.results) == {"generator/loss", "discriminator/loss", "discriminator/real", "discriminator/fake"}


def test_says_how_it_computes_and_chooses_for_the_device():
    defaults = experiment("dcgan").hyperparameters()
    on_cpu = chosen_speed(defaults, torch.device("cpu"))
    assert on_cpu.channels_last
    assert not on_cpu.compile
    assert on_cpu.bf16 == torch.cpu._is_avx512_bf16_supported()
    forced = chosen_speed(
        defaults.model_copy(update={"precision": "float32", "channels_last": "off"}), torch.device("cpu")
    )
    assert str(forced) == "float32, channels first"
