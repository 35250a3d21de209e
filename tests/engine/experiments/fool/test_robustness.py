"""Robust accuracy against torchattacks: PGD, auto-PGD, rounds of both; the smallest change; checks and doubts."""

from __future__ import annotations

import warnings

import pytest
import torch

from engine.experiments.fool.attacks import Apgd, CarliniWagner, Goal, Pgd, RadiusSearch, norms
from engine.experiments.fool.attacks.apgd import checkpoints
from engine.experiments.fool.attacks.losses import LOSSES, cross_entropy, losses_for
from engine.experiments.fool.declarations import AttackHyperparameters
from engine.experiments.fool.stepping import Round, Rounds
from engine.tensors.pixels import eight_bit

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torchattacks

NAMES = {"linf": "Linf", "l2": "L2"}


def misclassified(network, images, labels):
    return network(images).argmax(1) != labels


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.045), ("l2", 0.3)])
def test_pgd_takes_all_the_steps_of_torchattacks_and_keeps_the_best_of_them(network, samples, played, norm, eps):
    images, labels = samples(24, seed=8)
    goal = Goal(labels, targeted=False)
    ours = played(Pgd(network, images, goal, 7, norm=norm, eps=eps, alpha=eps / 4), 10)
    theirs = {"linf": torchattacks.PGD, "l2": torchattacks.PGDL2}[norm]
    last = theirs(network, eps=eps, alpha=eps / 4, steps=10, random_start=False)(images, labels)
    torch.testing.assert_close(ours.state["x"], last, atol=1e-5, rtol=0)
    fooled = misclassified(network, last, labels)
    assert 0 < int(fooled.sum()) < 24
    assert (ours.reached | ~fooled).all()
    assert torch.equal(ours.reached, misclassified(network, ours.adversarial, labels))
    rows = torch.arange(24)
    kept, final = (cross_entropy(network(seen), goal, rows) for seen in (ours.adversarial, last))
    assert (kept[fooled] >= final[fooled] - 1e-5).all()


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.045), ("l2", 0.3)])
@pytest.mark.parametrize("loss", ["ce", "dlr"])
def test_apgd_is_torchattacks(network, samples, played, monkeypatch, norm, eps, loss):
    images, labels = samples(24, seed=9)
    seeds = list(range(24))
    goal = Goal(labels, targeted=False)
    ours = played(Apgd(network, images, goal, 24, norm=norm, eps=eps, loss=loss, steps=30, seeds=seeds), 30)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    draw = {"linf": torch.rand, "l2": torch.randn}[norm]
    drawn = torch.stack([draw(images.shape[1:], generator=own) for own in generators])
    theirs = torchattacks.APGD(network, norm=NAMES[norm], eps=eps, steps=30, loss=loss)
    with monkeypatch.context() as patch:
        patch.setattr(torch, draw.__name__, lambda *_: drawn)  # the same random starts
        _, right, best_loss, _ = theirs.attack_single_run(images, labels)
    assert 0 < int(right.sum()) < 24
    assert torch.equal(ours.reached, ~right)
    best = torch.maximum(ours.state["best_loss"], ours.state["loss"])
    # It compares the loss of the first step with an empty place, not with that of the start: single steps may differ.
    torch.testing.assert_close(best, best_loss, atol=0.01, rtol=0.01)
    assert (norms(ours.adversarial, images)[NAMES[norm]] <= eps + 1e-5).all()


def test_apgd_looks_at_its_steps_as_the_paper_says():
    assert checkpoints(100) == {22: 22, 41: 19, 57: 16, 70: 13, 80: 10, 87: 7, 93: 6, 99: 6}


def plan_of(sizes, main, steps=20, restarts=1, losses=("ce", "dlr")):
    purposes = {size: "main" if size == main else "curve" for size in sizes}
    return [
        Round(size, steps, loss, start, purposes[size])
        for size in sizes
        for start in range(restarts)
        for loss in losses
    ]


def rounds_of(network, images, labels, plan, method=Apgd):
    goal = Goal(labels, targeted=False)

    def make(part, done):
        own = {"steps": part.steps} if method is Apgd else {"alpha": 2.5 * part.size / part.steps}
        options = {"norm": "l2", "eps": part.size, "loss": part.loss, "restart": part.restart, "done": done}
        return method(network, images, goal, 9, seeds=range(len(images)), **own, **options)

    return Rounds(make, plan, misclassified(network, images, labels))


def taken(rounds):
    for number in range(1, rounds.total + 1):
        rounds.step(number)
    return rounds


def test_robust_accuracy_is_at_most_torchattacks_at_every_size_and_falls(network, samples):
    images, labels = samples(24, seed=10)
    images = eight_bit(images)
    sizes = [0.1, 0.2, 0.3, 0.5]
    rounds = taken(rounds_of(network, images, labels, plan_of(sizes, 0.3)))
    before = misclassified(network, images, labels)
    left = []
    for size in sizes:
        lost = rounds.lost(size) | before
        left.append([float((~kind).float().mean()) for kind in lost])
        for loss in ("ce", "dlr"):
            theirs = torchattacks.APGD(network, norm="L2", eps=size, steps=20, loss=loss)(images, labels)
            assert left[-1][0] <= float((~misclassified(network, theirs, labels)).float().mean())
            stored = float((~misclassified(network, eight_bit(theirs), labels)).float().mean())
            assert left[-1][1] <= stored + 1 / 24
    assert left[0][0] > left[-1][0]
    for kind in zip(*left, strict=True):
        assert list(kind) == sorted(kind, reverse=True)
    kept = rounds.main
    assert torch.equal(kept.reached | before, rounds.lost(0.3)[0] | before)
    assert (norms(kept.images, images)["L2"] <= 0.3 + 1e-5).all()
    tried = ~before
    assert (kept.steps[tried] == 20).all(), "the first main round attacks every image, however small a change fools it"


def test_what_a_small_ball_holds_is_not_lost_in_a_larger_one():
    """The second class is a ring around the images: a step of 0.1 lands in it, one of 0.3 beyond."""
    images, labels = torch.full((4, 1, 12, 12), 0.5), torch.zeros(4, dtype=torch.long)

    def ring(seen):
        other = torch.sin(1.5 * (seen - 0.5).sum((1, 2, 3)) - 0.5)
        return torch.stack([torch.zeros_like(other), other], 1)

    beyond = taken(rounds_of(ring, images, labels, plan_of([0.3], 0.3, 1, losses=("ce",)), Pgd))
    assert not beyond.lost(0.3).any()
    rounds = taken(rounds_of(ring, images, labels, plan_of([0.1, 0.3], 0.3, 1, losses=("ce",)), Pgd))
    assert rounds.lost(0.1).all()
    assert rounds.lost(0.3).all()
    assert misclassified(ring, eight_bit(rounds.main.images), labels).all(), "the image that fools is the one saved"


def test_restarts_start_elsewhere_and_never_find_less(network, samples, played):
    images, labels = samples(24, seed=11)
    goal = Goal(labels, targeted=False)
    first, second = (
        Pgd(network, images, goal, 9, norm="l2", eps=0.3, alpha=0.1, seeds=range(24), restart=r) for r in (0, 1)
    )
    assert not torch.equal(first.state["x"], second.state["x"])
    alone = Pgd(network, images[5:6], goal, 9, norm="l2", eps=0.3, alpha=0.1, seeds=[5], restart=1)
    assert torch.equal(alone.state["x"], second.state["x"][5:6])
    one, three = (
        taken(rounds_of(network, images, labels, plan_of([0.25], 0.25, 3, restarts, ("ce",)), Pgd))
        for restarts in (1, 3)
    )
    assert (three.lost(0.25) | ~one.lost(0.25)).all()
    assert three.lost(0.25).sum() > one.lost(0.25).sum()


@pytest.mark.parametrize("method", [Apgd, Pgd])
def test_rounds_go_on_from_their_state_bit_for_bit(network, samples, method):
    images, labels = samples(9, seed=12)
    plan = plan_of([0.2, 0.3], 0.3, 4, restarts=2)
    whole = taken(rounds_of(network, images, labels, plan, method))
    for cut in (3, 18):
        first, second = (rounds_of(network, images, labels, plan, method) for _ in range(2))
        for number in range(1, cut + 1):
            first.step(number)
        for name, value in second.state.items():
            value.copy_(first.state[name])
        for number in range(cut + 1, second.total + 1):
            second.step(number)
        assert all(torch.equal(second.state[name], value) for name, value in whole.state.items())


def test_stopping_early_leaves_images_that_8_bits_do_not_undo(network, samples, played):
    images, labels = samples(16, seed=13)
    options = {"norm": "l2", "eps": 0.6, "alpha": 0.1, "stop_early": True}
    attack = played(Pgd(network, images, Goal(labels, targeted=False), 5, **options), 20)
    stopped = attack.state["done"]
    assert 0 < int(attack.state["steps"][stopped].max()) < 20
    assert misclassified(network, attack.adversarial, labels)[stopped].all()
    assert misclassified(network, eight_bit(attack.adversarial), labels)[stopped].all()


def test_saturated_logits_blind_cross_entropy_and_not_dlr(network, samples, played):
    """Croce & Hein 2020, section 4: DLR does not see the scale of the logits; cross-entropy has no gradient left."""
    images, labels = samples(16, seed=14)
    goal = Goal(labels, targeted=False)

    def steep(seen):
        return 1e5 * network(seen)

    blind, plain, scaled = (
        played(Apgd(logits, images, goal, 8, norm="linf", eps=0.05, loss=loss, steps=20), 20)
        for logits, loss in ((steep, "ce"), (network, "dlr"), (steep, "dlr"))
    )
    assert int(blind.reached.sum()) < int(plain.reached.sum())
    assert torch.equal(plain.reached, scaled.reached)


def test_dlr_towards_a_target_rises_as_the_target_comes_nearer():
    logits = torch.tensor([[4.0, 1.0, 2.0, 0.0, -1.0], [4.0, 3.9, 2.0, 0.0, -1.0], [4.0, 4.5, 2.0, 0.0, -1.0]])
    far, near, there = LOSSES["dlr"](logits, Goal(torch.ones(3, dtype=torch.long), targeted=True), torch.arange(3))
    assert far < near < 0 < there
    # First row by hand: -(4 - 1) / (4 - (1 + 0) / 2).
    assert float(far) == pytest.approx(-3 / 3.5)
    assert losses_for(2, targeted=False) == ("ce",)
    assert losses_for(3, targeted=True) == ("ce",)
    assert losses_for(4, targeted=True) == ("ce", "dlr")


@pytest.mark.parametrize("stored", [True, False])
def test_carlini_wagner_never_does_worse_than_pgd_over_radii(network, samples, played, stored):
    images, labels = samples(12, seed=15)
    images = eight_bit(images)
    goal = Goal(labels, targeted=False)
    radii = played(RadiusSearch(network, images, goal, 6, radii=8, stored=stored), 80)
    attack = CarliniWagner(network, images, goal, 6, lr=0.01, iterations=20, radii=8, stored=stored)
    played(attack, 80 + 2 * 20)
    assert radii.reached.all()
    assert (attack.state["distance"] <= radii.state["distance"]).all()
    assert (attack.state["float_distance"] <= radii.state["float_distance"]).all()
    for found in (radii, attack):
        torch.testing.assert_close(found.state["distance"], norms(found.adversarial, images)["L2"])
        assert misclassified(network, found.adversarial, labels).all()
        assert misclassified(network, found.state["floats"], labels).all()
    # Against a grid of radii: the bisection ends close to the smallest that succeeds.
    grid = torch.full((12,), torch.inf)
    for radius in torch.arange(0.05, 1.0, 0.05):
        attack = played(Pgd(network, images, goal, 12, norm="l2", eps=float(radius), alpha=float(radius) / 4), 10)
        ours = eight_bit(attack.adversarial) if stored else attack.adversarial
        distance = norms(ours, images)["L2"]
        grid = torch.where(misclassified(network, ours, labels) & (distance < grid), distance, grid)
    assert (radii.state["distance"] <= grid + 0.03).all()


def test_floats_that_count_are_averaged_whether_their_files_succeed_or_not(play):
    values = {"images": "digits:test/0-3", "method": "cw", "searches": 1, "iterations": 10, "radii": 4}
    floats = play("attack", {**values, "stored": False})
    won = [row for row in floats.table("images") if row["fooled"] in {"yes", "not once saved"}]
    mean = sum(float(row["L2 of floats"]) for row in won) / len(won)
    assert floats.results["mean/L2"] == floats.results["mean/L2-float"] == pytest.approx(mean, abs=1e-3)
    assert floats.results["success/rate"] == len(won) / floats.results["images/attacked"]
    files = play("attack", values)
    saved = [float(row["L2"]) for row in files.table("images") if row["fooled"] == "yes"]
    assert files.results["mean/L2"] == pytest.approx(sum(saved) / len(saved), abs=1e-3)
    assert files.results["success/saved"] >= floats.results["success/saved"]


def test_masked_gradients_raise_an_alarm(play, monkeypatch):
    """Rounded logits have no gradients: the attack finds nothing, and the check says that this is no robustness."""
    from engine.networks.backbones import Backbone

    values = {"images": "digits:test/0-5", "method": "pgd", "steps": 2, "curve": ""}
    honest = play("attack", values)
    assert honest.results["check/half-range"] == 0
    assert not [text for text in honest.messages if "masked" in text]
    seeing = Backbone.logits
    monkeypatch.setattr(Backbone, "logits", lambda self, images: seeing(self, images).round())
    masked = play("attack", {**values, "random_start": False})
    assert masked.results["robust/accuracy"] == masked.results["check/half-range"] == 1.0
    assert [text for text in masked.messages if "gradients may be masked" in text and "1.000 and not 0" in text]


def test_sizes_on_the_scale_of_0_to_1_are_pointed_out_before_anything_else(play):
    values = {"images": "digits:test/0-1", "method": "pgd", "steps": 1, "check": False, "eps": 0.03, "alpha": 0.0078}
    said = play("attack", {**values, "curve": "0.1,8"}).messages
    assert said[0] == (
        "eps 0.03 means 0.03/255, less than 8 bits can hold: if you meant 0.03 on the scale of [0, 1], write 7.65"
    )
    assert said[1].startswith("curve 0.1 means 0.1/255")
    assert said[2].endswith("write 1.989")
    for fine in ({}, {"method": "cw", "eps": 0.03}, {"norm": "l2", "eps_l2": 0.5, "eps": 0.03}, {"alpha": 0.5}):
        assert AttackHyperparameters(**fine).doubts == {}
    assert "255ths" in AttackHyperparameters.model_json_schema()["properties"]["eps"]["unit"]
    assert "8 means 8/255" in AttackHyperparameters.model_fields["eps"].description


def test_the_results_hold_robust_accuracy_as_floats_and_in_8_bits(play):
    found = play("attack", {"images": "digits:test/0-7", "steps": 5, "norm": "l2", "eps_l2": 1.5, "curve": "0.5,1.5,3"})
    rows = found.table("curve")
    at = next(row for row in rows if row["eps (L2)"] == "1.5")
    assert float(at["robust accuracy"]) == pytest.approx(found.results["robust/accuracy"], abs=1e-4)
    assert float(at["robust accuracy in 8 bits"]) == pytest.approx(found.results["robust/accuracy-saved"], abs=1e-4)
    assert set(found.plot("curve").series) == {"robust accuracy", "robust accuracy in 8 bits"}
    assert found.results["check/more-steps"] <= found.results["robust/accuracy"]


@pytest.mark.slow
def test_on_photographs_robust_accuracy_and_transfer_are_those_of_all_steps(play, squeezenet):
    """The values of torchattacks' PGDL2: 10 steps of a quarter of eps from the image."""
    data = squeezenet.partition(":")[2].partition("weights/")[0]
    values = {"model": squeezenet, "images": f"{data}imagenet-samples", "method": "pgd", "steps": 10, "check": False}
    l2 = play("attack", {**values, "norm": "l2", "random_start": False, "eps_l2": 0.5, "curve": "0.1,0.25,0.5,1"})
    left = [(float(row["robust accuracy"]), float(row["robust accuracy in 8 bits"])) for row in l2.table("curve")]
    assert left[1:] == [(0.35, 0.65), (0.1667, 0.2667), (0.0333, 0.0833), (0.0, 0.0)]
    other = f"squeezenet1_0:{data}weights/squeezenet1_0-deepcompression.pth"
    linf = play("attack", {**values, "curve": "", "transfer": other})
    assert linf.results["squeezenet1_0/transfer"] > 0.2813, "more than FGSM"
