"""Attacks against foolbox and against their definitions; that norms hold, batches are one by one, and states resume."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from engine.experiments.fool.attacks import Apgd, CarliniWagner, Goal, Pgd, TargetedAscent, norms
from engine.tensors.pixels import eight_bit

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import foolbox


class Tireless(Goal):
    """A goal that is never thought reached, so that every image takes every step, as in foolbox."""

    def reached(self, logits, rows):
        return torch.zeros(len(rows), dtype=torch.bool)


def oracle(network):
    return foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")


@pytest.mark.parametrize("eps", [0.01, 0.06, 0.2])
def test_one_step_from_the_image_is_foolboxs_fgsm(network, eps, samples, played):
    images, labels = samples(16, seed=1)
    attack = Pgd(network, images, Tireless(labels, targeted=False), 5, norm="linf", eps=eps, alpha=eps)
    played(attack, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, theirs, fooled = foolbox.attacks.FGSM()(oracle(network), images, labels, epsilons=eps)
    torch.testing.assert_close(attack.adversarial, theirs)
    assert torch.equal(Goal(labels, targeted=False).reached(network(theirs), torch.arange(16)), fooled)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("targeted", [False, True])
def test_pgd_is_foolboxs(network, norm, targeted, samples, played):
    images, labels = samples(16, seed=2)
    classes = (labels + 1) % 4 if targeted else labels
    eps, alpha = (0.05, 0.012) if norm == "linf" else (0.6, 0.15)
    attack = Pgd(network, images, Tireless(classes, targeted), 7, norm=norm, eps=eps, alpha=alpha)
    played(attack, 8)
    kinds = {"linf": foolbox.attacks.LinfPGD, "l2": foolbox.attacks.L2PGD}
    criterion = foolbox.criteria.TargetedMisclassification(classes) if targeted else classes
    theirs = kinds[norm](abs_stepsize=alpha, steps=8, random_start=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, wanted, fooled = theirs(oracle(network), images, criterion, epsilons=eps)
    torch.testing.assert_close(attack.state["x"], wanted, atol=1e-5, rtol=1e-4)
    # What foolbox's last iterate fools, the kept one fools.
    ours = played(Pgd(network, images, Goal(classes, targeted), 7, norm=norm, eps=eps, alpha=alpha), 8)
    assert (ours.reached | ~fooled).all()
    assert int(fooled.sum()) > 0


@pytest.mark.parametrize("targeted", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_carlini_wagner_finds_changes_as_small_as_foolboxs(network, targeted, samples, played):
    images, labels = samples(12, seed=3)
    classes = (labels + 1) % 4 if targeted else labels
    attack = CarliniWagner(network, images, Goal(classes, targeted), 5, lr=0.01, iterations=60, stored=False)
    played(attack, 9 * 60)
    theirs = foolbox.attacks.L2CarliniWagnerAttack(binary_search_steps=9, steps=60, stepsize=0.01)
    criterion = foolbox.criteria.TargetedMisclassification(classes) if targeted else classes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, wanted, fooled = theirs(oracle(network), images, criterion, epsilons=None)
    assert torch.equal(attack.reached, fooled)
    assert attack.reached.all()
    ours = norms(attack.adversarial, images)["L2"]
    other = norms(wanted, images)["L2"]
    assert float((ours / other).mean()) == pytest.approx(1.0, abs=0.03)
    assert float((ours / other).max()) < 1.1
    found = Goal(classes, targeted).reached(network(attack.adversarial), torch.arange(12))
    assert found.all()


def test_what_is_stored_in_8_bits_is_still_misjudged_if_that_is_asked_for(network, samples, played):
    images, labels = samples(12, seed=4)
    goal = Goal(labels, targeted=False)
    kept = played(CarliniWagner(network, images, goal, 5, lr=0.01, iterations=30), 4 * 30)
    assert kept.reached.all()
    assert goal.reached(network(eight_bit(kept.adversarial)), torch.arange(12)).all()
    loose = played(CarliniWagner(network, images, goal, 5, lr=0.01, iterations=30, stored=False), 4 * 30)
    assert torch.equal(kept.adversarial, eight_bit(kept.adversarial)), "what counts is the file"
    torch.testing.assert_close(kept.state["distance"], norms(kept.adversarial, images)["L2"])
    assert norms(loose.adversarial, images)["L2"].mean() <= norms(kept.state["floats"], images)["L2"].mean() + 1e-4


@settings(max_examples=25)
@given(st.sampled_from(["linf", "l2"]), st.floats(1e-3, 2.0), st.floats(1e-3, 3.0), st.integers(0, 5), st.booleans())
def test_pgd_never_leaves_its_ball_nor_the_range_of_pixels(samples, played, norm, eps, alpha, steps, random_start):
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 4)).requires_grad_(False)
    images, labels = samples(6)
    seeds = list(range(6)) if random_start else None
    goal = Goal(labels, targeted=False)
    attack = played(Pgd(network, images, goal, 4, norm=norm, eps=eps, alpha=alpha, seeds=seeds), steps)
    change = norms(attack.adversarial, images)["Linf" if norm == "linf" else "L2"]
    assert (change <= eps * 1.0001 + 1e-6).all()
    assert attack.adversarial.min() >= 0
    assert attack.adversarial.max() <= 1
    judged = goal.reached(network(attack.adversarial), torch.arange(6))
    assert torch.equal(attack.reached, judged)


@pytest.mark.slow
def test_an_image_alone_is_attacked_as_in_company_and_is_left_alone_when_done(network, samples, played):
    images, labels = samples(9, seed=5)
    makers = {
        "pgd": lambda part: Pgd(
            network,
            images[part],
            Goal(labels[part], False),
            4,
            norm="linf",
            eps=0.08,
            alpha=0.01,
            seeds=list(range(9))[part],
        ),
        "apgd": lambda part: Apgd(
            network,
            images[part],
            Goal(labels[part], False),
            4,
            norm="l2",
            eps=0.4,
            loss="dlr",
            steps=60,
            seeds=list(range(9))[part],
        ),
        "cw": lambda part: CarliniWagner(
            network, images[part], Goal(labels[part], False), 4, lr=0.01, iterations=20, radii=2
        ),
        "ascent": lambda part: TargetedAscent(
            network,
            images[part],
            Goal((labels[part] + 1) % 4, True),
            4,
            lr=0.5,
            spread=torch.ones(1, 1, 1, 1),
            valid=True,
        ),
    }
    for make in makers.values():
        together = played(make(slice(0, 9)), 60)
        alone = [played(make(slice(i, i + 1)), 60) for i in range(9)]
        torch.testing.assert_close(
            together.adversarial, torch.cat([one.adversarial for one in alone]), atol=1e-4, rtol=0
        )
        assert torch.equal(together.state["steps"], torch.cat([one.state["steps"] for one in alone]))
    done = torch.ones(9, dtype=torch.bool)
    idle = played(CarliniWagner(network, images, Goal(labels, False), 4, lr=0.01, iterations=5, done=done), 10)
    assert int(idle.state["steps"].sum()) == 0
    assert torch.equal(idle.adversarial, images)


def test_the_ascent_is_the_practicals(network, samples, played):
    """``dX = lr * g / ||g||`` on the normalised input, until the target is predicted."""
    images, labels = samples(1, seed=6)
    target, std = (labels + 2) % 4, 0.5
    image = images.clone()
    taken = 0
    for _ in range(100):
        normalised = (image / std).requires_grad_()
        scores = network(normalised * std)
        if scores.argmax(1) == target:
            break
        scores[0, target].sum().backward()
        gradient = normalised.grad
        image = (normalised + 0.4 * gradient / gradient.norm()).detach() * std
        taken += 1
    # The length is meant for inputs of 224 pixels a side, these have 12.
    spread = torch.full((1, 1, 1, 1), std)
    attack = TargetedAscent(network, images, Goal(target, True), 4, lr=0.4 * 224 / 12, spread=spread, valid=False)
    played(attack, 100)
    assert attack.reached.all()
    assert 0 < taken == int(attack.state["steps"])
    torch.testing.assert_close(attack.adversarial, image)


def test_norms_are_those_of_pixels():
    first, second = torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    second[0, 0, 1, 1], second[0, 2, 1, 1], second[0, 1, 3, 0] = 0.3, -0.4, 0.5
    found = norms(first, second)
    assert int(found["L0"]) == 2
    assert float(found["L2"]) == pytest.approx(0.5**0.5)
    assert float(found["Linf"]) == pytest.approx(0.5)


def test_the_saved_files_of_a_fooling_are_what_is_judged(play):
    played = play("fool", {"target": "3", "images": "digits:test/0-7"})
    assert played.results["images/attacked"] == 7  # one is a three already
    assert played.results["success/saved"] == 1.0
    rows = played.table("images")
    assert [row["fooled"] for row in rows].count("yes") == 7
    assert rows[3]["fooled"] == "from the start"
    assert rows[3]["steps"] == "0"
    from PIL import Image

    from engine.datasets import named_images

    originals = named_images.find("digits:test/0-7")
    for index, row in enumerate(rows):
        file = played.run.path / f"images/adversarial/{index + 1:09d}.png"
        pair = [
            torch.tensor(list(image.convert("L").tobytes())) for image in (Image.open(file), originals[index].open())
        ]
        change = (pair[0] - pair[1]).abs()
        assert int((change > 0).sum()) == int(row["L0"])
        assert int(change.max()) == round(float(row["Linf/255"]))
        assert float((change.float() / 255).square().sum().sqrt()) == pytest.approx(float(row["L2"]), abs=1e-3)
        panel = played.plot("fooled", index + 1)
        assert panel.captions[0][1] == row["image"]
        assert panel.captions[1] == (f"{row['after']} {float(row['probability']):.2f}", f"{row['steps']} steps")
        assert panel.captions[2] == ("difference", f"L2 {float(row['L2']):.2f}, {row['L0']} pixels")
        assert panel.captions[3] == ("difference x10", f"Linf {float(row['Linf/255']):.0f}/255")
        shown = torch.tensor(list(Image.open(panel.pictures[1]).convert("L").tobytes()))
        assert torch.equal(shown, pair[0]), "the plot holds the saved image bit for bit"
    assert played.plot("overview").captions[:4] == played.plot("fooled", 1).captions


@pytest.mark.slow
def test_the_accuracy_that_is_left_falls_with_the_size_of_the_change(play):
    played = play(
        "attack", {"images": "digits:test/0-31", "transfer": "cnn:digits:0-9", "curve": "4,16,64", "steps": 8}
    )
    left = [float(row["robust accuracy"]) for row in played.table("curve")]
    assert left == sorted(left, reverse=True)
    assert left[0] == played.results["clean/accuracy"] == 1.0
    assert left[-1] < 0.2
    assert played.pictures() == {"adversarial", "original"}
    assert played.plots() == {"fooled", "overview", "curve"}
    plot = played.plot("curve")
    assert plot.x == (0, 4, 16, 64)
    assert plot.series["robust accuracy"] == pytest.approx(left, abs=1e-4)
    # The very same network is fooled by whatever fooled it.
    assert played.results["success/saved"] > 0
    assert played.results["cnn/transfer"] == 1.0


def test_accuracy_is_of_images_whose_class_is_known_and_transfer_of_those_the_other_knew(play):
    values = {"model": "cnn:digits:5-9", "images": "digits:test/0-20", "method": "fgsm", "eps": 60.0, "curve": "60"}
    played = play("attack", {**values, "transfer": "cnn:digits,cnn:random"})
    rows = played.table("images")
    foreign = [row for row in rows if row["fooled"] == "shows none of the classes"]
    assert all(row["true class"] == "" and row["steps"] == "0" for row in foreign)
    assert 5 < len(foreign) < 16
    assert played.results["images/attacked"] + len(foreign) == 21
    transfer = {row["network"]: row for row in played.table("transfer")}
    assert int(transfer["cnn:digits"]["into the same class"]) <= int(transfer["cnn:digits"]["fooled as well"])
    assert {"cnn:digits/transfer"} <= set(played.results)
    unknown = play("attack", {"images": "sample:china", "method": "fgsm", "curve": "4"})
    assert "clean/accuracy" not in unknown.results
    assert "unchanged answers" in unknown.table("curve")[0]


@pytest.mark.parametrize(
    "values",
    [
        *({"method": "fgsm"}, {"norm": "l2"}),
        pytest.param({"method": "cw", "searches": 5, "iterations": 30}, marks=pytest.mark.slow),
    ],
)
def test_every_method_leaves_less_the_more_it_may_change(play, values):
    played = play("attack", {**values, "images": "digits:test/0-11", "curve": "0.25,2,40"})
    left = [float(row["robust accuracy"]) for row in played.table("curve")]
    assert left == sorted(left, reverse=True)
    assert left[0] == 1.0 > left[-1]


def test_the_practicals_way_judges_floats_and_says_what_the_files_do(play):
    played = play("fool", {"target": "3", "images": "digits:test/0-3", "valid": False})
    assert played.results["success/rate"] == 1.0
    assert {row["fooled"] for row in played.table("images")} <= {"yes", "not once saved", "from the start"}


def test_real_photographs_turn_into_stingrays(play, squeezenet):
    folder = squeezenet.partition(":")[2].replace("weights/squeezenet1_1-deepscale-fp16.pth", "imagenet-samples")
    images = f"{folder}/n01806567_quail.JPEG,{folder}/n02093754_Border_terrier.JPEG"
    played = play("fool", {"model": squeezenet, "images": images, "target": "stingray"})
    rows = played.table("images")
    assert [row["true class"] for row in rows] == ["quail", "Border terrier"]
    assert [row["after"] for row in rows] == ["stingray", "stingray"]
    # Seen: 10 and 9 steps, L2 1.53 and 1.37.
    assert all(5 <= int(row["steps"]) <= 20 and float(row["L2"]) < 3 for row in rows)


@pytest.mark.parametrize("cut", [7, 33])  # among the radii, and in the middle of a round
def test_a_search_goes_on_from_its_state_bit_for_bit(network, samples, played, cut):
    images, labels = samples(6, seed=7)

    def attack() -> CarliniWagner:
        return CarliniWagner(network, images, Goal(labels, targeted=False), 4, lr=0.01, iterations=20, radii=2)

    whole = played(attack(), 60)
    first = attack()
    for number in range(1, cut + 1):
        first.step(number)
    second = attack()
    for name, value in first.state.items():
        second.state[name].copy_(value)
    for number in range(cut + 1, 61):
        second.step(number)
    assert all(torch.equal(second.state[name], value) for name, value in whole.state.items())
