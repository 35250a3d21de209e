"""The experiments `dann` and `pseudo-label`: the reversal, the schedules, what is reported, and that they resume."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import norm

from engine import InvalidHyperparameters, Message, Metrics, catalogue
from engine.datasets.images import load, signed_range
from engine.experiments.adapt.dann import features_without_trace, reversal
from engine.experiments.adapt.distance import proxy_a_distance
from engine.experiments.adapt.domains import learning_rate
from engine.experiments.adapt.pseudo_label import NOT_TAKEN, Plan, confident_labels
from engine.networks.dann import DannNetwork, scale_gradient

SHORT = {"source": "digits:0-1", "target": "digits-m:0-1", "epochs": 1, "batch": 256, "map_images": 0}
FIGURES = [
    f"{domain}{{}}/{figure}"
    for domain in ("source", "target")
    for figure in ("accuracy", "loss", "domain-accuracy", "domain-loss")
]


def points(run) -> dict[int, dict[str, float]]:
    """Return all metrics by step, those of repeated steps once."""
    return {event.step: event.values for event in run.reader().poll() if isinstance(event, Metrics)}


def test_the_network_is_that_of_the_papers_figure():
    network = DannNetwork()
    count = sum(weight.numel() for weight in network.parameters())
    assert count == (3 * 25 + 1) * 32 + (32 * 25 + 1) * 48 + 2 * 769 * 100 + 101 * 100 + 101 * 10 + 101
    images = torch.zeros(2, 3, 28, 28)
    assert network.features(images).shape == (2, 768)
    assert network(images).shape == (2, 10)
    assert network.domain(network.features(images)).shape == (2,)
    both = DannNetwork(batch_norm=True, dropout=0.5)
    kinds = [type(layer).__name__ for layer in both.modules()]
    assert (kinds.count("BatchNorm2d"), kinds.count("Dropout2d"), kinds.count("Dropout")) == (2, 1, 3)


@pytest.mark.parametrize("factor", [-0.7, 0.0, 1.0])
def test_a_gradient_is_scaled_and_values_are_not(factor):
    values = torch.randn(4, 3, requires_grad=True)
    scaled = scale_gradient(values, torch.tensor(factor))
    assert torch.equal(scaled, values)
    weights = torch.randn(4, 3)
    (scaled * weights).sum().backward()
    assert torch.allclose(values.grad, factor * weights)


def test_schedules_are_those_of_the_paper():
    chosen = catalogue.experiment("dann").hyperparameters()
    assert reversal(chosen, 0) == 0
    assert reversal(chosen, 0.5) == pytest.approx(2 / (1 + math.exp(-5)) - 1)
    assert reversal(chosen, 1) == pytest.approx(1, abs=1e-4)
    constant = catalogue.experiment("dann").validate({"schedule": "constant", "strength": 0.3})
    assert reversal(constant, 0) == reversal(constant, 1) == 0.3
    assert learning_rate(0.01, 0) == 0.01
    assert learning_rate(0.01, 1) == pytest.approx(0.01 / 11**0.75)


@pytest.mark.parametrize(
    "mode",
    [
        "dann",
        pytest.param("source-only", marks=pytest.mark.slow),
        pytest.param("no-reversal", marks=pytest.mark.slow),
        pytest.param("target-only", marks=pytest.mark.slow),
    ],
)
def test_every_mode_reports_both_domains_each_epoch_and_at_the_end(play, mode):
    played = play("dann", SHORT | {"mode": mode, "epochs": 2})
    logged = points(played.run)
    total = played.context.total
    assert [step for step, values in logged.items() if "target/accuracy" in values] == [total // 2, total]
    assert {name.format("") for name in FIGURES} <= logged[total].keys()
    assert {name.format("-test") for name in FIGURES} | {"domains/proxy-a-distance"} == played.results.keys()
    assert -0.5 <= played.results["domains/proxy-a-distance"] <= 2
    assert played.pictures() == {"source-images", "target-images"}
    for domain in ("source", "target"):
        counts = played.plot(f"{domain}-confusion").values
        accuracy = sum(row[index] for index, row in enumerate(counts)) / sum(map(sum, counts))
        assert accuracy == pytest.approx(played.results[f"{domain}-test/accuracy"])
    strengths = [values["schedule/lambda"] for values in logged.values() if "schedule/lambda" in values]
    chosen = catalogue.experiment("dann").hyperparameters()
    expected = [reversal(chosen, step / total) for step in range(total)] if mode == "dann" else []
    assert strengths == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["source-only", "dann"])
def test_without_adaptation_features_do_not_depend_on_the_target(context_of, monkeypatch, mode):
    from engine.experiments.adapt import domains

    def learned(other: bool) -> torch.Tensor:
        """Return what the convolutions learn, with the target's images as they are or inverted."""
        context, _ = context_of("dann")
        kept = {}
        context.checkpoint = lambda step, modules, **_: kept.update(modules["network"].state_dict())
        with pytest.MonkeyPatch.context() as patch:
            if other:
                whole = domains.load_splits

                def inverted(name, *arguments):
                    splits = whole(name, *arguments)
                    return splits if name == "digits:0-1" else splits._replace(train=invert(splits.train))

                patch.setattr(domains, "load_splits", inverted)
            dann = catalogue.experiment("dann")
            dann.load()(dann.validate(SHORT | {"mode": mode, "batch_norm": True}), context)
        return torch.cat([value.flatten().clone() for name, value in kept.items() if name.startswith("features")])

    assert torch.equal(learned(other=False), learned(other=True)) == (mode == "source-only")


def invert(images):
    """Return images with every pixel the other way round."""
    return replace(images, images=255 - images.images)


def test_images_that_are_not_learnt_from_leave_no_trace():
    network = DannNetwork(batch_norm=True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    features = features_without_trace(network, torch.randn(8, 3, 28, 28))
    assert not features.requires_grad
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_features_that_are_all_the_same_are_not_mapped(context_of):
    from engine.experiments.adapt import domains

    context, run = context_of("dann")
    both = domains.load_domains(catalogue.experiment("dann").validate(SHORT), context)
    network = DannNetwork(2)
    domains.log_map(network, both, 20, context, 0)
    torch.nn.init.zeros_(network.features[3].weight)
    torch.nn.init.zeros_(network.features[3].bias)
    domains.log_map(network, both, 20, context, 2)
    assert {path.name for path in (run.path / "plots").glob("*/*.json")} == {"000000000.json"}
    said = [event.text for event in run.reader().poll() if isinstance(event, Message)]
    assert "step 2: no map of the features" in said[-1]


@pytest.mark.slow
def test_maps_show_the_features_before_and_after(play):
    played = play("dann", SHORT | {"map_images": 20})
    for name in ("features-pca", "features-t-sne"):
        before, after = played.plot(name, 0), played.plot(name, played.context.total)
        assert before.points != after.points
        assert before.groups == after.groups
        assert set(after.groups) == {"0", "1"}
        assert after.shapes == ("source",) * 20 + ("target",) * 20


def test_the_proxy_a_distance_is_0_for_one_domain_and_2_for_two_that_lie_apart():
    generator = np.random.default_rng(0)
    one, other = generator.normal(size=(2, 400, 5))
    assert proxy_a_distance(one, other, 0) == pytest.approx(0, abs=0.25)
    assert proxy_a_distance(one, other + 10, 0) == 2
    # Two Gaussians a distance d apart: the best error is that of the standard normal at -d / 2.
    other[:, 0] += 2
    assert proxy_a_distance(one, other, 0) == pytest.approx(2 * (1 - 2 * norm.cdf(-1)), abs=0.15)


@pytest.mark.slow
def test_adaptation_gains_ten_points_on_the_embedded_domains_in_the_mean_of_three_seeds(play):
    def mean(mode: str) -> float:
        runs = [play("dann", {"mode": mode, "map_images": 0}, seed) for seed in range(3)]
        return sum(run.results["target-test/accuracy"] for run in runs) / 3

    assert mean("dann") >= mean("source-only") + 0.1
    assert mean("target-only") >= 0.9


@pytest.mark.parametrize(("source", "target"), [("digits", "cifar10"), ("digits:0-4", "digits-m")])
def test_domains_must_tell_the_same_apart(source, target):
    with pytest.raises(InvalidHyperparameters, match=r"target: must have the (10|5) classes of digits"):
        catalogue.experiment("dann").validate({"source": source, "target": target})


@pytest.mark.slow
def test_some_classes_of_both_domains_will_do(play):
    played = play("dann", SHORT | {"batch": 64, "epochs": 3})
    assert played.results["source-test/accuracy"] > 0.9
    assert [row["true"] for row in played.table("target confusion".replace(" ", "-"))] == ["0", "1"]


def test_labels_are_taken_from_the_threshold_on_and_evenly_on_demand():
    torch.manual_seed(0)
    network, target = DannNetwork(2), load("digits-m:0-1", size=28, channels=3).validation
    with torch.no_grad():  # so that both classes come up
        first, second = network.eval()(signed_range(target.images)).T
        network.label_head[-1].bias[0] += (second - first).median()
    with torch.no_grad():
        network.eval()
        probability, labels = network(signed_range(target.images)).softmax(1).max(1)
    threshold = float(probability.median())
    chosen = catalogue.experiment("pseudo-label").validate({"threshold": threshold})
    pseudo = confident_labels(network, target, chosen, torch.device("cpu"))
    assert torch.equal(pseudo != NOT_TAKEN, probability >= threshold)
    assert torch.equal(pseudo[pseudo != NOT_TAKEN], labels[pseudo != NOT_TAKEN])
    # A higher temperature makes all predictions less sure, but none another class.
    warm = confident_labels(network, target, chosen, torch.device("cpu"), temperature=2.0)
    assert (warm != NOT_TAKEN).sum() < (pseudo != NOT_TAKEN).sum()
    assert torch.equal(warm[warm != NOT_TAKEN], labels[warm != NOT_TAKEN])
    balanced = confident_labels(
        network, target, chosen.model_copy(update={"threshold": 0.0, "balance": True}), torch.device("cpu")
    )
    fewest = int(labels.bincount(minlength=2).min())
    assert balanced[balanced != NOT_TAKEN].bincount(minlength=2).tolist() == [fewest] * 2
    for label in range(2):
        own = probability[labels == label].sort(descending=True).values
        assert probability[balanced == label].min() == own[fewest - 1]


def test_a_plan_names_the_round_of_every_step():
    plan = Plan(first=4, each=3)
    assert [plan.place(step)[:2] for step in range(1, 9)] == [
        *((0, 0), (0, 1), (0, 2), (0, 3)),
        *((1, 0), (1, 1), (1, 2), (2, 0)),
    ]
    assert Plan(first=0, each=3).place(1) == (1, 0, 3)


@pytest.mark.slow
def test_rounds_say_how_many_labels_were_taken_and_how_many_were_right(play):
    played = play("pseudo-label", SHORT | {"epochs": 3, "rounds": 2, "round_epochs": 1, "threshold": 0.6, "batch": 64})
    rows, images = played.table("rounds"), len(load("digits-m:0-1", size=28).train)
    assert [row["round"] for row in rows] == ["1", "2"]
    for row in rows:
        assert sum(int(row[str(digit)]) for digit in range(2)) == int(row["taken"])
        assert float(row["share"]) == pytest.approx(int(row["taken"]) / images, abs=1e-4)
    logged = [values for values in points(played.run).values() if "labels/share" in values]
    assert [f"{values['labels/right']:.4f}" for values in logged] == [row["right"] for row in rows]
    accuracies = [values["target/accuracy"] for values in points(played.run).values() if "target/accuracy" in values]
    assert [f"{value:.4f}" for value in accuracies[-2:]] == [row["target/accuracy"] for row in rows]


@pytest.mark.slow
def test_the_threshold_takes_probabilities_calibrated_on_the_source(play):
    values = SHORT | {"epochs": 3, "rounds": 1, "round_epochs": 1, "threshold": 0.6, "batch": 64}
    (plain,), (calibrated,) = (play("pseudo-label", values | {"calibrate": on}).table("rounds") for on in (False, True))
    assert plain["temperature"] == "1.0000"
    assert 0.05 <= float(calibrated["temperature"]) <= 20


@pytest.mark.slow
def test_without_a_confident_prediction_training_goes_on_with_the_source_alone(play):
    played = play("pseudo-label", SHORT | {"rounds": 1, "round_epochs": 1, "threshold": 1.0})
    row = played.table("rounds")[0]
    assert (row["taken"], row["right"]) == ("0", "")
    assert any("no prediction reaches the threshold" in text for text in played.messages)
    assert not any("nan" in text for text in played.messages)


@pytest.mark.slow
def test_the_reversal_gains_on_mnist_m_what_its_absence_loses(play, real_mnist):
    def accuracy(mode: str) -> dict[str, float]:
        values = {"source": "mnist", "target": "mnist-m", "dropout": 0.0, "mode": mode, "map_images": 0}
        return play("dann", values).results

    adapted, alone, unreversed = accuracy("dann"), accuracy("source-only"), accuracy("no-reversal")
    assert adapted["target-test/accuracy"] > alone["target-test/accuracy"] + 0.08
    assert unreversed["target-test/accuracy"] < alone["target-test/accuracy"] - 0.1
    assert unreversed["source-test/domain-accuracy"] > 0.99 > adapted["source-test/domain-accuracy"]
