"""The transfer experiments and their kin: what they reach, what they leave, and that they resume bit for bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.svm import LinearSVC

from engine import DataUnavailable, InvalidHyperparameters, Metrics, PhospheneError, catalogue
from engine.control.resolving import resolved
from engine.datasets.photographs import load as load_photographs
from engine.experiments.earlier import load_network
from engine.experiments.transfer.mcnemar import mcnemar
from engine.networks import backbones
from engine.networks.architectures import bare, build
from engine.networks.heads import auxiliary_heads, head_name, replace_heads
from engine.networks.split import Split
from engine.record.workspace import Workspace


def curve(run, name):
    """Return the logged points of one metric, those of repeated steps once."""
    events = [event for event in run.reader().poll() if isinstance(event, Metrics) and name in event.values]
    return sorted({event.step: event.values[name] for event in events}.items())


# -- probe and cuts -----------------------------------------------------------------------------------------------


def test_a_probe_of_digits_by_a_network_that_saw_other_digits(play):
    played = play("probe", {"C": "0.01,0.1,1", "cut": "flatten"})
    assert played.results["test/accuracy"] >= 0.95
    assert played.results["features/dimensions"] == 144
    assert played.results["train/images"] + played.results["test/images"] == 896
    assert played.pictures() == set()
    assert played.plots() == {"C", "confusion", "mistakes"}
    assert [row["C"] for row in played.table("C")] == ["0.01", "0.1", "1"]
    accuracy = sum(float(row["accuracy"]) * int(row["images"]) for row in played.table("classes")) / 88
    assert accuracy == pytest.approx(played.results["test/accuracy"], abs=1e-3)
    mean = sum(float(row["accuracy"]) for row in played.table("classes")) / 5
    assert mean == pytest.approx(played.results["test/mean-class-accuracy"], abs=1e-3)
    plot = played.plot("C")
    assert (plot.x, plot.x_scale, plot.marked) == ((0.01, 0.1, 1.0), "log", played.results["classifier/C"])
    scores = [float(row["cross-validated accuracy"]) for row in played.table("C")]
    assert plot.series["cross-validated"] == pytest.approx(scores, abs=1e-4)
    deviations = [float(row["standard deviation"]) for row in played.table("C")]
    assert plot.errors["cross-validated"] == pytest.approx(deviations, abs=1e-4)
    assert deviations[scores.index(max(scores))] == pytest.approx(played.results["validation/deviation"], abs=1e-4)
    own, random, pixels = played.table("baselines")
    assert own["features"] == "cnn:digits:0-4 at flatten"
    assert float(own["test accuracy"]) == pytest.approx(played.results["test/accuracy"], abs=1e-4)
    assert float(random["test accuracy"]) < float(own["test accuracy"])
    assert random["dimensions"] == own["dimensions"]
    assert (pixels["features"], pixels["dimensions"]) == ("pixels", "784")
    assert float(pixels["test accuracy"]) == pytest.approx(played.results["pixels/accuracy"], abs=1e-4)
    wrong = played.table("mistakes")
    captions = tuple((f"{row['true']} > {row['predicted']}", row["image"].rpartition("/")[2]) for row in wrong)
    assert played.plot("mistakes").captions == captions


@pytest.mark.parametrize("classifier", ["svc-linear", "svc-rbf", "svc-sigmoid", "logistic"])
def test_every_classifier_probes_with_and_without_pca(play, classifier):
    for pca in (0, 20, 0.9):
        values = {"cut": "flatten", "baselines": False}
        played = play("probe", values | {"classifier": classifier, "C": "10", "pca": pca})
        assert len(played.table("baselines")) == 1
        assert played.results["test/accuracy"] >= 0.85
        assert ("pca/components" in played.results) == bool(pca)


def test_c_is_chosen_without_a_look_at_the_test(play, monkeypatch):
    """Other test images change nothing that is chosen."""
    values = {"C": "1e-4..10", "baselines": False}
    whole = play("probe", values)
    parts = load_photographs("digits:5-9")
    few = parts._replace(test=parts.test[torch.arange(10)])
    monkeypatch.setattr("engine.datasets.photographs.load", lambda name, **_: few)
    other = play("probe", values)
    assert other.results["classifier/C"] == whole.results["classifier/C"]
    assert other.table("C")[0]["cross-validated accuracy"] == whole.table("C")[0]["cross-validated accuracy"]


@pytest.mark.slow
def test_the_photographs_of_15_scenes_are_told_apart_as_well_as_by_plain_torch_and_scikit_learn(
    play, real_scenes, squeezenet
):
    common = {"dataset": "scenes15", "model": squeezenet, "baselines": False}
    assert play("probe", common).results["test/accuracy"] == pytest.approx(0.8725, abs=0.006)
    rbf = play("probe", common | {"classifier": "svc-rbf", "C": "10"})
    assert rbf.results["test/accuracy"] == pytest.approx(0.885, abs=0.006)
    assert rbf.results["features/seconds"] == 0


def test_the_pixels_and_their_classifier_are_those_of_scikit_learn(play):
    played = play("probe", {"scaling": "none"})
    parts = load_photographs("digits:5-9")
    seen = []
    for part in parts:
        images = [part.open(index).resize((28, 28), Image.Resampling.BILINEAR) for index in range(len(part))]
        seen.append(np.stack([np.asarray(image) for image in images]).reshape(len(part), -1) / 255)
    svc = LinearSVC(C=1, random_state=0, max_iter=20_000).fit(seen[0], parts.train.labels.numpy())
    accuracy = svc.score(seen[1], parts.test.labels.numpy())
    assert played.results["pixels/accuracy"] == pytest.approx(accuracy)


@pytest.mark.slow
def test_two_runs_on_the_same_images_are_compared_by_mcnemars_exact_test(play, home):
    def resolved_of(name, **values):
        return resolved(Workspace(home), catalogue.experiment(name).validate(values))

    assert resolved_of("probe")[0].against == ""
    with pytest.raises(DataUnavailable, match="against: there is no run of probe or cuts or finetune yet"):
        resolved_of("probe", against="last")
    one = play("probe", {"cut": "relu1", "baselines": False})
    values, parents = resolved_of("probe", against="last", cut="flatten", baselines=False)
    assert parents == (one.run.id,)
    with pytest.raises(InvalidHyperparameters, match=r"against: .* was tested on digits:5-9: take one on digits:0-4"):
        resolved_of("probe", against="last", dataset="digits:0-4")
    other = play("probe", values.model_dump())
    own, theirs = (
        [row["true class"] == row["predicted class"] for row in run.table("predictions")] for run in (other, one)
    )
    b, c = (sum(x and not y for x, y in zip(*pair, strict=True)) for pair in ((own, theirs), (theirs, own)))
    assert (b, c) == (other.results["mcnemar/only-this"], other.results["mcnemar/only-other"])
    assert b > c
    tail = sum(math.comb(b + c, k) for k in range(c + 1)) / 2 ** (b + c)
    assert other.results["mcnemar/p"] == pytest.approx(2 * tail)
    assert any("by McNemar's exact test" in text for text in other.messages)


def test_classifiers_that_never_differ_are_as_good_as_each_other():
    assert mcnemar([True, False], [True, False]) == (0, 0, 1.0)
    # 10 against 2 of 12: 2 * (1 + 12 + 66) / 4096.
    assert mcnemar([True] * 10 + [False] * 2, [False] * 10 + [True] * 2) == (10, 2, pytest.approx(158 / 4096))


@pytest.mark.parametrize("mode", ["curve", "pairs"])
def test_all_cuts_come_from_one_pass_and_the_best_is_chosen_by_cross_validation(play, mode):
    played = play("cuts", {"mode": mode, "dataset": "digits:5-7"})
    rows = played.table("cuts")
    assert len(rows) == played.results["cuts/number"] == (13 if mode == "curve" else 21)
    fewer = play("cuts", {"mode": mode, "dataset": "digits:5-7", "cuts": "conv3,pool3"})
    assert {row["cut"] for row in fewer.table("cuts")} == {"conv3", "pool3"}
    best = max(rows, key=lambda row: float(row["cross-validated accuracy"]))
    assert float(best["test accuracy"]) == pytest.approx(played.results["test/accuracy"], abs=1e-4)
    plot = played.plot("cuts")
    if mode == "curve":
        assert plot.x == tuple(row["cut"] for row in rows)
        assert plot.marked == best["cut"]
        assert plot.series["test"] == pytest.approx([float(row["test accuracy"]) for row in rows], abs=1e-4)
    else:
        shown = dict(zip(plot.rows, plot.values, strict=True))
        for row in rows:
            value = shown[row["cut"]][plot.columns.index(row["fed into"] or "none")]
            assert value == pytest.approx(float(row["test accuracy"]), abs=1e-4)
        assert sum(value == value for values in plot.values for value in values) == len(rows)


@pytest.mark.slow
def test_cuts_that_need_more_memory_than_there_should_be_are_refused_at_once(play):
    with pytest.raises(PhospheneError, match="GiB"):
        play("cuts", {"dataset": "digits", "model": "vgg16:random", "pool": 0})


# -- finetuning ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"freeze": "none"},
        {"freeze": "features", "optimiser": "sgd", "lr": 0.003},
        {"freeze": "backbone", "lr": 0.05, "epochs": 15},
        pytest.param({"freeze": "none", "augmentation": True, "lr": 0.003, "epochs": 15}, marks=pytest.mark.slow),
    ],
    ids=lambda values: " ".join(map(str, values.values())),
)
def test_finetuning_learns_the_other_digits(play, values):
    played = play("finetune", values)
    assert played.results["test/accuracy"] >= 0.7
    assert played.pictures() == {"batch"}
    counts = played.plot("confusion").values
    right = sum(row[index] for index, row in enumerate(counts))
    assert right / sum(map(sum, counts)) == pytest.approx(played.results["test/accuracy"])
    trained = {"backbone": 130, "features": 3_625 + 130, "none": 7_335}[values["freeze"]]
    assert played.results["parameters/trained"] == trained


def test_what_is_frozen_stays_and_the_best_epoch_is_kept(play, context_of):
    played = play("finetune", {"freeze": "features", "epochs": 6, "lr": 0.01})
    context, _ = context_of("probe")
    before = backbones.load("cnn:digits:0-4", context).network.state_dict()
    after = load_network(f"run:{played.run.id}", context)
    assert after.classes == tuple("56789")
    for name, value in after.network.state_dict().items():
        assert torch.equal(value, before[name]) == name.startswith("features."), name
    losses = dict(curve(played.run, "validation/loss"))
    steps = len(losses) and max(losses) // 6
    assert losses[round(played.results["best/epoch"]) * steps] == min(losses.values())
    assert played.results["validation/loss"] == pytest.approx(min(losses.values()), abs=1e-5)


def test_it_ends_when_nothing_gets_better_for_as_long_as_one_has_patience(play):
    played = play("finetune", {"lr": 0.2, "epochs": 60, "patience": 3, "optimiser": "sgd"})
    assert any("no better validation loss for 3 epochs" in text for text in played.messages)
    epochs = len(curve(played.run, "validation/loss"))
    assert epochs == played.results["best/epoch"] + 3 < 60


@pytest.mark.parametrize(
    "architecture",
    [
        *("squeezenet1_1", "resnet18"),
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("mobilenet_v3_small", "densenet121")),
    ],
)
@pytest.mark.parametrize("freeze", ["backbone", "features", "none"])
def test_any_architecture_gets_a_new_head_and_trains_only_what_it_should(architecture, freeze):
    torch.manual_seed(0)
    network = build(architecture)
    head = replace_heads(network, 4)
    split = Split(network, (3, 64, 64), head, freeze)
    images, labels = torch.randn(4, 3, 64, 64), torch.arange(4)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    loss, logits = split.loss(split.frozen(images), labels)
    loss.backward()
    assert logits.shape == (4, 4)
    torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1).step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    if freeze == "backbone":
        assert changed == {f"{head}.weight", f"{head}.bias"} & before.keys()
    elif freeze == "features":
        assert changed
        assert not any(name.startswith(("features.", "layer4.", "bn1")) for name in changed)
    else:
        assert any(name.startswith(("features.0", "features.conv0", "conv1")) for name in changed)
    plain = network.eval()(images)
    assert torch.allclose(split.predict(split.frozen(images)), plain, atol=1e-5)


def test_dropout_before_a_new_head_drops_in_training_whatever_is_frozen():
    """As in a network in training mode whose weights alone are frozen."""
    network = build("alexnet")
    split = Split(network, (3, 64, 64), replace_heads(network, 4), "backbone")
    assert split.start.name == "flatten", "what the first of AlexNet's two dropouts is fed"
    values, labels = split.frozen(torch.randn(4, 3, 64, 64)), torch.arange(4)
    network.train()
    for seed in range(2):
        torch.manual_seed(seed)
        loss, logits = split.loss(values, labels)
        torch.manual_seed(seed)
        assert torch.allclose(logits, network.classifier(values), atol=1e-6)
    loss.backward()
    assert {name for name, value in network.named_parameters() if value.requires_grad} == {
        "classifier.6.weight",
        "classifier.6.bias",
    }
    assert torch.equal(split.predict(values), split.predict(values))


@pytest.mark.slow
def test_inceptions_and_googlenets_auxiliary_heads_are_replaced_and_trained():
    torch.manual_seed(0)
    for architecture, heads, size in (("inception_v3", 1, 299), ("googlenet", 2, 64)):
        network = build(architecture)
        assert replace_heads(network, 3) == "fc"
        assert len(auxiliary_heads(network)) == heads
        split = Split(network, (3, size, size), "fc", "none")
        loss, logits = split.loss(torch.randn(2, 3, size, size), torch.tensor([0, 2]))
        loss.backward()
        assert logits.shape == (2, 3)
        for name in auxiliary_heads(network):
            assert network.get_submodule(name).weight.grad.abs().sum() > 0


def test_the_head_is_squeezenets_convolution_or_the_last_dense_layer():
    names = {name: head_name(bare(name)[0]) for name in ("squeezenet1_1", "vgg16", "resnet18", "vit_b_16", "cnn")}
    assert names == {
        "squeezenet1_1": "classifier.1",
        "vgg16": "classifier.6",
        "resnet18": "fc",
        "vit_b_16": "heads.head",
        "cnn": "classifier.dense2",
    }


def test_freezing_features_where_there_are_none_is_refused():
    network = build("vit_b_16")
    with pytest.raises(PhospheneError, match="--freeze backbone"):
        Split(network, (3, 224, 224), "heads.head", "features")
