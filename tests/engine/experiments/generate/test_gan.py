"""The adversarial experiments: losses, variations, alarms, judging, and that they resume bit for bit."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch_fidelity.metric_prc import prc_features_to_metric

from engine import DataUnavailable, InvalidHyperparameters, Message, Metrics, catalogue
from engine.control.context import StopRequested
from engine.datasets.images import load
from engine.experiments.generate.collapse import CollapseWatch, spread
from engine.experiments.generate.gan import FIGURES, discriminator_loss, generator_loss
from engine.experiments.generate.latent import fixed_labels, fixed_noise
from engine.experiments.generate.neighbours import nearest, precision_and_recall
from engine.experiments.generate.players import channels_of, discriminator_of, generator_of
from engine.experiments.generate.quality import frechet_distance, log_nearest, log_quality, new_samples
from engine.experiments.speed import chosen_speed
from engine.networks.dcgan import LogitConvolution, Projection

SMALL = {"steps": 12, "batch": 16, "nz": 8, "preview_every": 4, "quality": 0}
WIDTHS = {"dcgan": {"ngf": 4, "ndf": 4}, "cdcgan": {"ngf": 4, "ndf": 4}, "cgan": {"hidden": 8}}


def points(run) -> dict[int, dict[str, float]]:
    """Return all metrics by step, those of repeated steps once."""
    return {event.step: event.values for event in run.reader().poll() if isinstance(event, Metrics)}


def alarms(run) -> list[str]:
    """Return what was said that should worry."""
    return [event.text for event in run.reader().poll() if isinstance(event, Message) and event.level == "alarm"]


def test_losses_are_those_of_the_paper():
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])
    one, zero = torch.ones(2), torch.zeros(2)
    bce = F.binary_cross_entropy_with_logits
    assert discriminator_loss(real, fake).item() == pytest.approx((bce(real, one) + bce(fake, zero)).item())
    assert generator_loss(fake, "non-saturating").item() == pytest.approx(bce(fake, one).item())
    assert generator_loss(fake, "minimax").item() == pytest.approx((1 - fake.sigmoid()).log().mean().item())


def test_products_are_the_convolutions_they_stand_for():
    projection, verdict = Projection(7, 5), LogitConvolution(5)
    vector, maps = torch.randn(3, 7), torch.randn(3, 5, 4, 4)
    plain = F.conv_transpose2d(vector[:, :, None, None], projection.weight)
    assert torch.allclose(projection(vector), plain, atol=1e-5)
    assert torch.allclose(verdict(maps), F.conv2d(maps, verdict.weight).flatten(1), atol=1e-5)
    assert projection(vector).is_contiguous(memory_format=torch.channels_last)


def test_fixed_noise_depends_on_the_seed_alone_and_a_row_has_every_class_from_the_same_noise():
    assert torch.equal(fixed_noise(3, 5, 1), fixed_noise(3, 5, 1))
    assert not torch.equal(fixed_noise(3, 5, 1), fixed_noise(3, 5, 2))
    rows = fixed_noise(7, 5, 1, repeated=3)
    assert torch.equal(rows[0], rows[2])
    assert not torch.equal(rows[2], rows[3])
    assert fixed_labels(7, 3).tolist() == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        pytest.param("dcgan", "float32", marks=pytest.mark.slow),
        ("cgan", "auto"),
        pytest.param("dcgan", "auto", marks=pytest.mark.slow),
        pytest.param("cdcgan", "auto", marks=pytest.mark.slow),
    ],
)
def test_goes_on_bit_for_bit_after_it_was_stopped(stopped_and_resumed, name, precision):
    values = SMALL | WIDTHS[name] | {"precision": precision, "lr_d": 0.02, "lr_g": 1e-6, "steps": 90}
    cut, whole = stopped_and_resumed(name, values, 65)
    assert points(cut.run) == points(whole.run)
    last = f"images/samples/{90:09d}.png"
    assert (cut.run.path / last).read_bytes() == (whole.run.path / last).read_bytes()
    # What was said of collapse is not said again, and what was not is said at the same step.
    assert alarms(cut.run) == alarms(whole.run)
    assert alarms(whole.run) or name == "cgan"


@pytest.mark.slow
def test_quality_is_measured_again_if_the_run_stopped_while_it_was_measured(stopped_and_resumed, monkeypatch):
    values = SMALL | WIDTHS["cdcgan"] | {"quality": 30}
    calls = []

    def stopped_once(*arguments):
        calls.append(True)
        if len(calls) == 2:  # the first is that of the whole run
            raise StopRequested
        return log_quality(*arguments)

    monkeypatch.setattr("engine.experiments.generate.quality.log_quality", stopped_once)
    cut, whole = stopped_and_resumed("cdcgan", values, 13)
    assert cut.results == whole.results
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("dcgan", {"loss": "minimax", "init": "default", "beta1": 0.9}),
        ("dcgan", {"size": "64", "channels": "3", "channels_last": "off"}),
        ("dcgan", {"d_updates": 3, "g_updates": 2, "epochs": 1, "batch": 256}),
        ("dcgan", {"lr_g": 0.02, "lr_d": 0.02, "precision": "bf16", "nz": 1}),
        ("cdcgan", {"tell_d": False, "size": "64", "channels": "3", "d_updates": 2}),
        ("cdcgan", {"ngf": 1, "ndf": 1, "loss": "minimax", "dataset": "digits:3-5"}),
        ("cgan", {"tell_d": False, "g_updates": 2, "init": "dcgan"}),
    ],
)
def test_every_variation_runs_and_keeps_its_previews(play, name, values):
    played = play(name, SMALL | WIDTHS[name] | values)
    steps = [int(path.stem) for path in (played.run.path / "images/samples").iterdir()]
    assert min(steps) == 1
    assert max(steps) == played.context.total
    assert set(played.results) == set(FIGURES)
    logged = points(played.run)
    assert all(set(FIGURES) <= values.keys() for values in logged.values())
    assert sorted(step for step, values in logged.items() if "samples/diversity" in values) == sorted(steps)


@pytest.mark.parametrize("name", ["cdcgan", "cgan"])
def test_the_discriminator_takes_the_class_or_not(name):
    with_class, without = (catalogue.experiment(name).validate({"tell_d": tell}) for tell in (True, False))
    images, one, other = torch.randn(2, 1, 32, 32), torch.eye(10)[:2], torch.eye(10)[2:4]
    discriminator = discriminator_of(with_class, 10).eval()
    assert not torch.allclose(discriminator(images, one), discriminator(images, other))
    assert discriminator_of(without, 10).eval()(images).shape == (2,)


def test_the_logged_length_is_that_of_the_whole_gradient(play):
    played = play("dcgan", SMALL | WIDTHS["dcgan"] | {"steps": 1, "precision": "float32", "channels_last": "off"})
    chosen = catalogue.experiment("dcgan").validate(SMALL | WIDTHS["dcgan"])
    torch.manual_seed(0)
    generator, discriminator = generator_of(chosen, 10), discriminator_of(chosen, 10)
    assert isinstance(generator, nn.Module)
    from engine.datasets.images import load, signed_range
    from engine.datasets.sampling import EpochSampler

    real = load("digits", size=32).train
    batch = real[EpochSampler(len(real), 16, 0, drop_last=True).batch(1)]
    noise = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))
    fakes = generator(noise)
    loss = discriminator_loss(discriminator(signed_range(batch.images)), discriminator(fakes.detach()))
    loss.backward()
    length = torch.cat([weight.grad.flatten() for weight in discriminator.parameters()]).norm()
    first = points(played.run)[1]
    assert first["discriminator/loss"] == pytest.approx(loss.item(), rel=1e-4)
    assert first["discriminator/gradient"] == pytest.approx(length.item(), rel=1e-4)


def test_a_discriminator_that_has_won_and_samples_that_become_alike_raise_alarms_once():
    torch.manual_seed(0)
    real = torch.rand(16, 1, 8, 8)
    watch = CollapseWatch(real, None, torch.device("cpu"))
    for _ in range(100):
        watch.discriminator(torch.tensor(0.7))
    assert watch.samples(real) == pytest.approx(1)
    assert watch.alarms() == []
    for _ in range(400):
        watch.discriminator(torch.tensor(0.001))
    assert watch.samples(real[:1] + 0.1 * real) == pytest.approx(0.1, rel=0.01)
    first, second = watch.alarms()
    assert "has won" in first
    assert "is 0.10 of real images', and was 1.00" in second
    assert watch.alarms() == []
    # Its state alone says what was said.
    again = CollapseWatch(real, None, torch.device("cpu"))
    again.state.copy_(watch.state)
    assert again.alarms() == []
    watch.samples(real)
    assert watch.alarms() == []
    watch.samples(0.1 * real)
    assert ["are alike" in alarm for alarm in watch.alarms()] == [True]


def test_noise_that_becomes_digits_is_no_collapse_and_samples_alike_from_the_start_are_one():
    torch.manual_seed(0)
    real = torch.rand(16, 1, 8, 8)
    calm, dull = (CollapseWatch(real, None, torch.device("cpu")) for _ in range(2))
    calm.samples(2 * real)
    calm.samples(0.75 * real)
    assert calm.alarms() == []
    for step in range(1, 301):
        dull.discriminator(torch.tensor(0.7))
        if step % 100 == 0:
            dull.samples(0.01 * real)
            assert len(dull.alarms()) == (1 if step == 200 else 0)


def test_classes_told_apart_do_not_hide_that_each_has_one_image():
    labels = torch.arange(20) % 2
    images = labels.float().view(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    assert spread(images) > 0.5
    assert spread(images, labels) == 0
    assert spread(images + torch.rand(20, 1, 4, 4), labels) > 0.1


def test_spread_is_the_mean_squared_distance_of_two():
    images = torch.rand(5, 1, 3, 3)
    pairs = (images[:, None] - images[None]).square().mean((2, 3, 4))
    assert spread(images) == pytest.approx(pairs.mean().sqrt().item(), rel=1e-5)


@pytest.mark.slow
def test_a_collapse_can_be_brought_about_and_is_said_on_the_console(play):
    played = play("dcgan", SMALL | WIDTHS["dcgan"] | {"steps": 150, "lr_d": 0.02, "lr_g": 1e-6, "preview_every": 50})
    alarms = [event for event in played.run.reader().poll() if isinstance(event, Message) and event.level == "alarm"]
    assert any("the discriminator has won" in alarm.text for alarm in alarms)


def test_frechet_distance_is_that_of_scipys_matrix_root():
    import numpy as np
    from scipy.linalg import sqrtm

    torch.manual_seed(0)
    one, other = torch.randn(200, 6) @ torch.randn(6, 6), torch.randn(300, 6) @ torch.randn(6, 6) + 1
    m1, m2 = (x.double().numpy().mean(0) for x in (one, other))
    s1, s2 = (np.cov(x.double().numpy(), rowvar=False) for x in (one, other))
    expected = ((m1 - m2) ** 2).sum() + np.trace(s1 + s2 - 2 * sqrtm(s1 @ s2).real)
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("away", [0.0, 1.5])
def test_precision_and_recall_are_those_of_torch_fidelity(away):
    torch.manual_seed(0)
    real, fake = torch.randn(1_300, 4), 0.5 * torch.randn(1_200, 4) + away
    expected = prc_features_to_metric(
        fake, real, prc_neighborhood=3, prc_batch_size=500, save_cpu_ram=True, verbose=False
    )
    precision, recall = precision_and_recall(real, fake)
    assert precision == pytest.approx(expected["precision"], abs=2e-3)
    assert recall == pytest.approx(expected["recall"], abs=2e-3)
    assert recall < precision, "narrow samples miss much of what is real"


def test_what_was_learnt_by_heart_is_near_and_shown_under_its_sample(context_of):
    torch.manual_seed(0)
    real, unseen = torch.rand(1_200, 1, 8, 8), torch.rand(50, 1, 8, 8)
    context, _ = context_of("dcgan")
    log_nearest(real[[3, 1_100, 7]] + 0.001, real, unseen, context)
    assert context.results["quality/nearest"] < 0.01
    log_nearest(torch.rand(50, 1, 8, 8), real, unseen, context)
    assert context.results["quality/nearest"] == pytest.approx(1, abs=0.05)
    found = nearest(unseen, real)
    brute = (unseen[:, None] - real[None]).square().mean((2, 3, 4)).sqrt()
    assert torch.equal(found.indices, brute.argmin(1))
    assert torch.allclose(found.distances, brute.min(1).values, atol=1e-6)


@pytest.mark.slow
def test_samples_are_judged_by_a_network_of_the_same_images(play):
    played = play("cdcgan", {"steps": 60, "ngf": 16, "ndf": 16, "quality": 400, "previews": 10})
    results = played.results
    assert results["quality/classifier"] > 0.9
    assert results["quality/frechet"] > results["quality/frechet-real"] > 0
    assert results["quality/samples"] == 400
    assert any("of 400 samples" in text and "of 400 training images" in text for text in played.messages)
    assert 0 <= results["quality/precision"] <= 1
    assert 0 <= results["quality/recall"] <= 1
    assert "nearest" in played.pictures()
    rows = played.table("classes")
    assert [row["class"] for row in rows] == list("0123456789")
    data = load("digits", size=32)
    images = data.test.labels.bincount()
    mean = sum(float(row["classifier"]) * count for row, count in zip(rows, images.tolist(), strict=True)) / 176
    assert results["quality/classifier"] == pytest.approx(mean, abs=1e-3), "an accuracy, no mean over the classes"
    assert sum(float(row["samples"]) for row in rows) == pytest.approx(1, abs=1e-3)
    mean = sum(float(row["as-asked"]) for row in rows) / 10
    assert results["quality/as-asked"] == pytest.approx(mean, abs=1e-3)
    bars = played.plot("classes")
    assert bars.names == tuple("0123456789")
    assert bars.values == pytest.approx([float(row["samples"]) for row in rows], abs=1e-4)


@pytest.mark.slow
def test_fid_and_kid_come_from_torch_fidelity(play, monkeypatch, tmp_path):
    options = {}

    def measured(**given):
        options.update(given)
        return {"frechet_inception_distance": 3.0, "kernel_inception_distance_mean": 0.5}

    monkeypatch.setattr("torch_fidelity.calculate_metrics", measured)
    monkeypatch.setattr("engine.experiments.generate.fidelity.require_weights", lambda: None)
    played = play("dcgan", SMALL | WIDTHS["dcgan"] | {"steps": 1, "fidelity": True, "quality": 20})
    assert played.results["quality/fid"] == 3.0
    assert options["input1"][0].shape == (3, 32, 32)
    assert options["input1"][0].dtype == torch.uint8
    assert (len(options["input1"]), len(options["input2"])) == (20, 1_444)


def test_what_fid_needs_is_asked_for_before_the_training(play, monkeypatch, tmp_path):
    def unreachable(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    with pytest.raises(DataUnavailable, match=r"put weights-inception-2015-12-05-6726825d\.pth into"):
        play("dcgan", {"fidelity": True, "steps": 10_000_000})
    with pytest.raises(InvalidHyperparameters, match="needs samples"):
        catalogue.experiment("dcgan").validate({"fidelity": True, "quality": 0})
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InvalidHyperparameters, match="needs torch-fidelity"):
        catalogue.experiment("dcgan").validate({"fidelity": True})


@pytest.mark.parametrize("quality", [1, 3])
def test_few_samples_are_judged_as_far_as_that_goes(play, quality):
    played = play("cgan", SMALL | WIDTHS["cgan"] | {"quality": quality, "steps": 1})
    assert ("quality/frechet" in played.results) == (quality > 1)
    assert 0 <= played.results["quality/as-asked"] <= 1


def test_what_are_no_numbers_is_not_judged(context_of):
    context, run = context_of("dcgan")
    broken = torch.nn.Linear(8, 1)
    broken.weight.data.fill_(float("nan"))
    chosen = catalogue.experiment("dcgan").validate({"nz": 8, "quality": 10})
    assert new_samples(chosen, broken, 10, context, chosen_speed(torch.device("cpu"), "float32", "off")) is None
    assert "are not finite" in alarms(run)[-1]


@pytest.mark.parametrize(("dataset", "channels"), [("digits", 1), ("digits-m", 3), ("cifar10", 3), ("celeba:4", 3)])
def test_images_are_drawn_in_the_colours_they_have(dataset, channels):
    assert channels_of(catalogue.experiment("dcgan").validate({"dataset": dataset})) == channels
    assert channels_of(catalogue.experiment("dcgan").validate({"dataset": dataset, "channels": "1"})) == 1


def test_says_how_it_computes_and_chooses_for_the_device():
    on_cpu = chosen_speed(torch.device("cpu"), "auto", "auto", "auto", 1_000_000)
    assert on_cpu.channels_last
    assert not on_cpu.compile
    assert on_cpu.bf16 == torch.cpu._is_avx512_bf16_supported()
    assert str(chosen_speed(torch.device("cpu"), "float32", "off")) == "float32, channels first"


@pytest.mark.slow
def test_a_conditional_dcgan_draws_the_digits_it_is_asked_for(play, real_mnist):
    played = play("cdcgan", {"dataset": "mnist", "steps": 4_000, "preview_every": 1_000})
    assert played.results["quality/as-asked"] >= 0.95
    assert points(played.run)[4_000]["samples/diversity"] > 0.7, "the noise is not ignored"
