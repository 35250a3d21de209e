"""Gradient ascent on the input: its step, its penalties, its replicates, when it switches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from engine import Metrics, catalogue
from engine.datasets.photographs import Preprocessing
from engine.errors import InvalidHyperparameters
from engine.experiments.inspect.activation_max import units_of
from engine.experiments.inspect.ascent import Ascent, Switches, total_variation

PREPROCESSING = Preprocessing(28, channels=3)
PLAIN = {"jitter": 0, "blur_every": 0, "l2": 0.0}


def chosen(**values):
    return catalogue.experiment("class-image").validate(values)


@pytest.fixture
def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 4, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 5)
    return nn.Sequential(*layers).eval().requires_grad_(False)


def ascent(network, inputs, targets, **values) -> Ascent:
    def scores(images, part):
        logits = network(images)
        return logits.gather(1, targets[part, None]).squeeze(1), logits

    return Ascent(inputs, scores, PREPROCESSING, chosen(**values), [f"0/{int(target)}" for target in targets])


TARGETS = torch.tensor([0, 3, 4])


@pytest.mark.parametrize("step", ["plain", "normalised"])
def test_a_step_goes_along_the_gradient_of_score_less_penalty(network, step):
    torch.manual_seed(1)
    inputs = 0.1 * torch.randn(3, 3, 28, 28)
    values = {**PLAIN, "l2": 0.002, "tv": 0.5, "lr": 0.3, "step": step}
    climbing = ascent(network, inputs, TARGETS, **values)
    climbing.step(1)
    for row, target in enumerate(TARGETS):
        image = inputs[row : row + 1].clone().requires_grad_()
        variation = (image.diff(dim=2) ** 2).sum() + (image.diff(dim=3) ** 2).sum()
        # What the practical subtracts for inputs of 224 pixels, the same for each part of a smaller image's area.
        penalty = 0.002 * 64 * (image**2).sum() + 0.5 * variation / image.numel()
        (network(image)[0, target] - penalty).backward()
        move = 0.3 * image.grad / 64 if step == "plain" else 0.3 * image.grad / image.grad.norm() / 8
        torch.testing.assert_close(climbing.inputs[row], (image.detach() + move)[0])


def test_every_image_stays_valid_whatever_the_step(network):
    climbing = ascent(network, torch.randn(3, 3, 28, 28) * 9, TARGETS, lr=1e6)
    climbing.step(1)
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (PREPROCESSING.mean, PREPROCESSING.std))
    pixels = climbing.inputs * std + mean
    assert pixels.min() >= -1e-6
    assert pixels.max() <= 1 + 1e-6
    torch.testing.assert_close(climbing.pictures(), pixels.clamp(0, 1))


def test_a_step_of_a_batch_is_that_of_each_image_jitter_and_blur_included(network):
    torch.manual_seed(1)
    inputs = torch.randn(3, 3, 28, 28)
    together = ascent(network, inputs, TARGETS, jitter=64)
    alone = [ascent(network, inputs[i : i + 1], TARGETS[i : i + 1], jitter=64) for i in range(3)]
    for step in range(1, 26):
        together.step(step)
        for one in alone:
            one.step(step)
    torch.testing.assert_close(together.inputs, torch.cat([one.inputs for one in alone]), atol=1e-4, rtol=1e-3)


def test_jitter_is_undone_and_differs_from_step_to_step(network):
    still = ascent(network, torch.zeros(1, 3, 28, 28), TARGETS[:1])
    shifts = {still._shift("0/tarantula", step) for step in range(50)}
    assert len(shifts) > 10
    assert all(max(map(abs, shift)) <= 2 for shift in shifts)  # 16 of 224 pixels are 2 of 28
    marked = torch.zeros(1, 3, 28, 28)
    marked[0, :, 7, 9] = 1.0
    climbing = ascent(network, marked, TARGETS[:1], lr=1e-9, blur_every=0)
    climbing.step(3)
    assert torch.equal(climbing.inputs.round(), marked)


def test_total_variation_counts_each_pair_of_neighbours_once():
    image = torch.zeros(1, 1, 4, 4)
    image[0, 0, 1, 1] = 3.0
    assert float(total_variation(image)) == pytest.approx(4 * 9 / 16)


def curve(run, name: str) -> list[tuple[int, float]]:
    found = {e.step: e.values[name] for e in run.reader().poll() if isinstance(e, Metrics) and name in e.values}
    return sorted(found.items())


def test_the_digits_can_be_read_in_the_images_of_their_classes(play):
    played = play("class-image", {"steps": 120, "show_every": 60, "target": "0,3,8"})
    rows = played.table("classes")
    assert [row["class"] for row in rows] == list("038")
    assert all(float(row["probability"]) > 0.8 and row["rank"] == "1" for row in rows)
    assert played.results["switched/share"] >= 0.9
    assert played.pictures() == {*"038"}
    overview = played.plot("overview", 120)
    images = played.table("replicates")
    sure = [f"{float(row['probability']):.2f}, step 120" for row in images]
    assert overview.captions == tuple(zip((row["class"] for row in images), sure, strict=True))
    assert len(played.plot("overview", 1).pictures) == 15
    for row in rows:
        sure = curve(played.run, f"{row['class']}/score")
        assert sure[-1][1] > sure[0][1]


def test_the_switching_step_is_the_first_at_which_the_class_is_predicted(play):
    played = play("class-image", {"steps": 50, "target": "0,5", "replicates": 1})
    for row in played.table("classes"):
        # At the switching step the class leads; before it, another does.
        sure = dict(curve(played.run, f"{row['class']}/probability"))
        at = int(row["switching step"])
        assert at > 1
        assert sure[at] > 0.2
        assert max(sure[step] for step in range(1, at)) < 0.5
        assert all(share > 0.1 for step, share in sure.items() if step >= int(row["stays from"]))


def test_each_class_is_drawn_several_times_and_medians_and_ranges_say_how_far_draws_differ(play):
    played = play("class-image", {"steps": 30, "show_every": 30, "target": "6,1", "replicates": 3})
    images = played.table("replicates")
    assert [(row["class"], row["replicate"]) for row in images] == [(name, n) for name in "61" for n in "123"]
    everything = []
    for row in played.table("classes"):
        own = [one for one in images if one["class"] == row["class"]]
        for value, spread in (("switching step", "switching range"), ("stays from", "staying range")):
            steps = sorted(float("inf") if one[value] == "never" else float(one[value]) for one in own)
            written = [f"{step:g}".replace("inf", "never") for step in steps]
            assert row[value] == written[1]
            assert row[spread] == f"{written[0]} to {written[2]}"
            everything += steps if value == "switching step" else []
        assert row["switched"] == f"{sum(one['switching step'] != 'never' for one in own)} of 3"
        assert float(row["score"]) == sorted(float(one["score"]) for one in own)[1]
    assert len({row["score"] for row in images}) == 6, "every image has noise of its own"
    reached = sorted(everything)
    assert played.results["switching/earliest"] == reached[0]
    assert played.results["switching/step"] == pytest.approx((reached[2] + reached[3]) / 2)
    overview = played.plot("overview", 30)
    assert (len(overview.pictures), overview.columns) == (6, 3)
    assert [caption[0] for caption in overview.captions] == list("666111")
    assert played.pictures() == {"6", "1"}


def test_an_image_that_never_switches_is_later_than_all_that_do(play):
    played = play("class-image", {"steps": 2, "target": "0", "replicates": 3, "lr": 1e-6})
    (row,) = played.table("classes")
    assert (row["switched"], row["switching step"], row["staying range"]) == ("0 of 3", "never", "never to never")
    assert played.results["switched/share"] == 0
    assert not [name for name in played.results if name.startswith(("switching/", "staying/"))]


def test_a_class_stays_from_the_step_after_which_it_is_never_left_again():
    seen = torch.tensor([[0, 1, 0, 1, 1], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=torch.bool)
    switches = Switches(torch.zeros(4), torch.zeros(4))
    for step, there in enumerate(seen.T, start=1):
        switches = switches.after(step, there)
    assert switches.first.tolist() == [2, 1, 0, 1]
    assert switches.stays.tolist() == [4, 0, 0, 1]


def test_images_to_begin_with_are_shared_by_the_replicates_of_their_class(play):
    values = {"target": "3,4", "start": "digits:test/0,digits:test/1", "steps": 1, "lr": 1e-6, "l2": 0.0}
    played = play("class-image", values | {"replicates": 2})
    drawn = [np.asarray(Image.open(picture)).astype(int) for picture in played.plot("overview").pictures]
    assert np.abs(drawn[0] - drawn[1]).max() <= 1
    assert np.abs(drawn[2] - drawn[3]).max() <= 1
    assert np.abs(drawn[0] - drawn[2]).max() > 100


def test_it_begins_from_an_image_if_one_is_named(play):
    played = play("class-image", {"target": "3", "start": "digits:test/0", "steps": 1, "lr": 1e-6, "l2": 0.0})
    from engine.datasets import named_images

    (file,) = (played.run.path / "images/3").glob("*1.png")
    (original,) = named_images.find("digits:test/0")
    drawn, wanted = (torch.tensor(list(image.convert("L").tobytes())) for image in (Image.open(file), original.open()))
    assert (drawn - wanted).abs().max() <= 1


def test_units_anywhere_can_be_maximised_alone_and_together(play):
    values = {"layer": "relu2", "units": "0,3+5", "steps": 100, "step": "normalised", "noise": 0.1, "l2": 1e-4}
    played = play("activation-max", values)
    assert [row["units"] for row in played.table("units")] == ["0", "3 + 5"]
    for row in played.table("units"):
        climbed = curve(played.run, f"{row['units']}/score")
        assert climbed[-1][1] > 1.3 * max(climbed[0][1], 0.1)


@pytest.mark.parametrize(
    ("text", "classes", "units"),
    [
        ("0,3", (), [[0], [3]]),
        ("2-4", (), [[2], [3], [4]]),
        ("4+9,1 + 7", (), [[4, 9], [1, 7]]),
        ("all", (), [[n] for n in range(10)]),
        ("cats+dogs", ("cats", "dogs"), [[0, 1]]),
        ("7", tuple("56789"), [[2]]),
    ],
)
def test_units_are_read_as_they_are_meant(text, classes, units):
    assert units_of(text, 10, classes) == units


@pytest.mark.parametrize("text", ["10", "8-12", "x", "3+x", ",", "0-99999", "5-2", "-1"])
def test_units_that_are_not_there_are_refused(text):
    with pytest.raises(InvalidHyperparameters, match="units"):
        units_of(text, 10, ())
