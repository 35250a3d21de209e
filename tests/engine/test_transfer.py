"""The transfer experiments and their kin: what they reach, what they leave, and that they resume bit for bit."""

from __future__ import annotations

import asyncio
import pickle
import re
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engine import DataUnavailable, Engine, InvalidHyperparameters, Metrics, PhospheneError, UnknownRun
from engine.datasets.photographs import load as load_photographs
from engine.networks import backbones
from engine.networks.backbones import build, read_weights
from engine.networks.heads import auxiliary_heads, head_name, replace_heads
from engine.networks.names import ModelName, parse, weights_folder
from engine.networks.split import Split


def curve(run, name):
    """Return the logged points of one metric, those of repeated steps once."""
    events = [event for event in run.reader().poll() if isinstance(event, Metrics) and name in event.values]
    return sorted({event.step: event.values[name] for event in events}.items())


# -- probe and cuts -----------------------------------------------------------------------------------------------


def test_a_probe_of_digits_by_a_network_that_saw_other_digits(play):
    played = play("probe", {"C": "0.01,0.1,1"})
    assert played.results["test/accuracy"] >= 0.95
    assert played.results["features/dimensions"] == 144
    assert played.results["train/images"] + played.results["test/images"] == 896
    assert played.pictures() == {"C", "confusion", "mistakes"}
    assert [row["C"] for row in played.table("C")] == ["0.01", "0.1", "1"]
    accuracy = sum(float(row["accuracy"]) * int(row["images"]) for row in played.table("classes")) / 88
    assert accuracy == pytest.approx(played.results["test/accuracy"], abs=1e-3)
    assert (played.run.path / "images/C").glob("*.svg")


@pytest.mark.parametrize("classifier", ["svc-linear", "svc-rbf", "svc-sigmoid", "logistic"])
def test_every_classifier_probes_with_and_without_pca(play, classifier):
    for pca in (0, 20, 0.9):
        played = play("probe", {"classifier": classifier, "C": "10", "pca": pca})
        assert played.results["test/accuracy"] >= 0.85
        assert ("pca/components" in played.results) == bool(pca)


def test_c_is_chosen_without_a_look_at_the_test(play, monkeypatch):
    """Other test images change nothing that is chosen."""
    whole = play("probe", {"C": "1e-4..10"})
    parts = load_photographs("digits:5-9")
    few = parts._replace(test=parts.test[torch.arange(10)])
    monkeypatch.setattr("engine.datasets.photographs.load", lambda name: few)
    other = play("probe", {"C": "1e-4..10"})
    assert other.results["classifier/C"] == whole.results["classifier/C"]
    assert other.table("C")[0]["cross-validated accuracy"] == whole.table("C")[0]["cross-validated accuracy"]


def test_the_photographs_of_15_scenes_are_told_apart_as_well_as_by_plain_torch_and_scikit_learn(
    play, real_scenes, squeezenet
):
    common = {"dataset": "scenes15", "model": squeezenet, "cut": "fire9"}
    assert play("probe", common).results["test/accuracy"] == pytest.approx(0.8725, abs=0.006)
    rbf = play("probe", common | {"classifier": "svc-rbf", "C": "10"})
    assert rbf.results["test/accuracy"] == pytest.approx(0.885, abs=0.006)
    assert rbf.results["features/seconds"] == 0


@pytest.mark.parametrize("mode", ["curve", "pairs"])
def test_all_cuts_come_from_one_pass_and_the_best_is_chosen_by_cross_validation(play, mode):
    played = play("cuts", {"mode": mode})
    rows = played.table("cuts")
    assert len(rows) == played.results["cuts/number"] == (13 if mode == "curve" else 21)
    fewer = play("cuts", {"mode": mode, "cuts": "conv3,pool3"})
    assert {row["cut"] for row in fewer.table("cuts")} == {"conv3", "pool3"}
    best = max(rows, key=lambda row: float(row["cross-validated accuracy"]))
    assert float(best["test accuracy"]) == pytest.approx(played.results["test/accuracy"], abs=1e-4)
    assert "cuts" in played.pictures()
    assert any((played.run.path / "images/cuts").glob("*.svg"))


def test_cuts_that_need_more_memory_than_there_should_be_are_refused_at_once(play):
    with pytest.raises(PhospheneError, match="GiB"):
        play("cuts", {"dataset": "digits", "model": "vgg16:random", "pool": 0})


# -- finetuning ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"freeze": "none"},
        {"freeze": "features", "optimiser": "sgd", "lr": 0.01},
        {"freeze": "backbone", "lr": 0.05, "epochs": 15},
        {"freeze": "none", "augmentation": True, "lr": 0.003, "epochs": 15},
    ],
    ids=lambda values: " ".join(map(str, values.values())),
)
def test_finetuning_learns_the_other_digits(play, values):
    played = play("finetune", values)
    assert played.results["test/accuracy"] >= 0.7
    assert {"batch", "confusion"} <= played.pictures()
    trained = {"backbone": 130, "features": 3_625 + 130, "none": 7_335}[values["freeze"]]
    assert played.results["parameters/trained"] == trained


def test_what_is_frozen_stays_and_the_best_epoch_is_kept(play, context_of):
    played = play("finetune", {"freeze": "features", "epochs": 6, "lr": 0.01})
    context, _ = context_of("probe")
    before = backbones.load("cnn:digits:0-4", context).network.state_dict()
    after = backbones.load(f"run:{played.run.id}", context)
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


@pytest.mark.parametrize("values", [{"freeze": "backbone"}, {"augmentation": True}])
def test_finetuning_goes_on_bit_for_bit_after_it_was_stopped(home, launch, finish, until, values):
    values = {**values, "epochs": 40, "batch": 16}
    whole, cut = launch("finetune", values), launch("finetune", values, slots=2)
    until(lambda: len(curve(cut, "train/loss")) >= 60)
    asyncio.run(Engine(home).stop(cut))
    assert finish(cut, 60).state == "stopped"
    asyncio.run(Engine(home).resume(cut))
    assert finish(cut, 120).state == "finished"
    assert finish(whole, 120).state == "finished"
    assert cut.status().result == whole.status().result
    for name in ("train/loss", "validation/loss"):
        assert curve(cut, name) == curve(whole, name)


@pytest.mark.parametrize("architecture", ["squeezenet1_1", "resnet18", "mobilenet_v3_small", "densenet121"])
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
    names = {
        name: head_name(backbones.bare(name)[0]) for name in ("squeezenet1_1", "vgg16", "resnet18", "vit_b_16", "cnn")
    }
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


# -- networks by name ---------------------------------------------------------------------------------------------


def test_networks_are_named_in_five_ways():
    assert parse("vgg16") == ModelName("vgg16", "pretrained")
    assert parse("vgg16:random") == ModelName("vgg16", "random")
    assert parse("vgg16:~/w.pth") == ModelName("vgg16", "file", "~/w.pth")
    assert parse("cnn") == ModelName("cnn", "trained", "digits")
    assert parse("cnn:digits:0-4") == ModelName("cnn", "trained", "digits:0-4")
    assert parse("run:last") == ModelName("", "run", "last")


@pytest.mark.parametrize("name", ["vgg17", "", "run:", "vgg16:", "cnn:faces", "resnet", "cnn:digits:9-1"])
def test_a_name_of_no_network_is_refused(name, launch, home):
    with pytest.raises(InvalidHyperparameters) as caught:
        launch("probe", {"model": name})
    assert "\n" not in str(caught.value)
    assert not (home / "runs").exists()


def test_weights_that_are_not_there_are_refused_before_anything_is_written(launch, home, tmp_path):
    with pytest.raises(DataUnavailable, match="no weights file"):
        launch("probe", {"model": f"vgg16:{tmp_path / 'nothing.pth'}"})
    (tmp_path / "weights.txt").write_text("")
    with pytest.raises(DataUnavailable, match="by its name"):
        launch("probe", {"model": f"vgg16:{tmp_path / 'weights.txt'}"})
    with pytest.raises(UnknownRun):
        launch("probe", {"model": "run:nothing"})
    assert not list(home.glob("runs/*"))


def test_torchs_folder_of_weights_is_known_without_torch(monkeypatch, tmp_path):
    assert weights_folder() == Path(torch.hub.get_dir()) / "checkpoints"
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert weights_folder() == Path(torch.hub.get_dir()) / "checkpoints"


def test_missing_weights_name_the_file_and_where_to_put_it(context_of, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def offline(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    monkeypatch.setattr("torch.hub.urlopen", offline)
    with pytest.raises(DataUnavailable) as caught:
        backbones.load("squeezenet1_1", context_of("probe")[0])
    assert "squeezenet1_1-b8a52dc0.pth" in str(caught.value)
    assert str(tmp_path / "hub/checkpoints") in str(caught.value)
    assert "\n" not in str(caught.value)


class Hostile:
    def __reduce__(self):
        return (exec, ("open('/tmp/phosphene-was-here', 'w')",))


@pytest.mark.parametrize(
    "kind", ["code", "module", "list", "text", "cut", "empty", "other network", "one more", "keys", "nan"]
)
def test_a_file_that_holds_no_weights_is_refused_and_no_code_in_it_runs(tmp_path, context_of, kind):
    path = tmp_path / "weights.pth"
    network = build("squeezenet1_1")
    match kind:
        case "code":
            path.write_bytes(pickle.dumps(Hostile()))
        case "module":
            torch.save(network, path)
        case "list":
            torch.save([1, 2], path)
        case "text":
            path.write_text("no weights")
        case "cut":
            torch.save(network.state_dict(), path)
            path.write_bytes(path.read_bytes()[:100_000])
        case "empty":
            path.write_bytes(b"")
        case "other network":
            torch.save(build("squeezenet1_0").state_dict(), path)
        case "one more":
            torch.save(network.state_dict() | {"head.bias": torch.zeros(1)}, path)
        case "keys":
            torch.save({1: torch.zeros(1)}, path)
        case "nan":
            torch.save(network.state_dict() | {"classifier.1.bias": torch.full((1000,), torch.nan)}, path)
    with pytest.raises(DataUnavailable) as caught:
        backbones.load(f"squeezenet1_1:{path}", context_of("probe")[0])
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not re.search(r"was-here", str(caught.value))


@pytest.mark.parametrize(
    ("architecture", "pattern", "old"),
    [
        ("densenet121", r"(denselayer\d+\.(?:norm|relu|conv))([12])\.", r"\1.\2."),
        ("vit_b_16", r"\.mlp\.0\.", ".mlp.linear_1."),
        ("mnasnet0_5", "x^", ""),
    ],
)
def test_weights_in_the_names_of_old_files_are_taken(tmp_path, context_of, architecture, pattern, old):
    state = build(architecture).state_dict()
    torch.save({re.sub(pattern, old, name): value for name, value in state.items()}, tmp_path / "w.pth")
    loaded = backbones.load(f"{architecture}:{tmp_path / 'w.pth'}", context_of("probe")[0])
    assert all(torch.equal(value, state[name]) for name, value in loaded.network.state_dict().items())


def test_inception_scales_its_input_as_its_weights_want_it():
    assert build("inception_v3").transform_input
    assert build("googlenet").transform_input
    assert not [
        cut.name for cut in backbones.skeleton("inception_v3").cuts if cut.name.startswith(("mul", "unsqueeze"))
    ]


def test_paths_are_written_out_so_that_a_run_means_the_same_from_anywhere(launch, finish, tmp_path, monkeypatch):
    for part in ("train", "test"):
        for name in "ab":
            (tmp_path / "photos" / part / name).mkdir(parents=True)
            Image.new("L", (9, 9), 99).save(tmp_path / "photos" / part / name / "1.png")
    monkeypatch.chdir(tmp_path)
    run = launch("probe", {"dataset": "folder:photos", "model": "cnn:random"})
    assert run.record().hyperparameters["dataset"] == f"folder:{tmp_path / 'photos'}"
    finish(run, 60)
    run = launch("predict", {"images": "photos/train/a/1.png,sample:china", "model": "cnn:random"})
    assert run.record().hyperparameters["images"] == f"{tmp_path / 'photos/train/a/1.png'},sample:china"
    assert finish(run, 60).state == "finished"
    with pytest.raises(DataUnavailable, match="no image"):
        launch("predict", {"images": "nothing.png"})


def test_a_network_of_other_classes_is_not_asked_for_those_it_does_not_know(play):
    played = play("predict", {"images": "digits:test/0-15", "model": "cnn:digits:5-9"})
    assert {row["true class"] for row in played.table("predictions")} <= {"", *"56789"}
    right = [row for row in played.table("predictions") if row["rank"] == "1" and row["true class"]]
    accuracy = sum(row["class"] == row["true class"] for row in right) / len(right)
    assert played.results["top1/accuracy"] == pytest.approx(accuracy)


def test_a_probe_that_needs_more_memory_than_there_should_be_is_refused_at_once(play):
    with pytest.raises(PhospheneError, match="a later cut"):
        play("probe", {"dataset": "digits", "model": "vgg16:random", "pool": 0, "cut": "relu1_1"})


def test_weights_come_from_either_format_also_saved_from_several_gpus(tmp_path, context_of):
    state = build("squeezenet1_1").state_dict()
    torch.save({"state_dict": {f"module.{name}": value for name, value in state.items()}}, tmp_path / "a.pth")
    save_file(state, tmp_path / "b.safetensors")
    for file in ("a.pth", "b.safetensors"):
        loaded = backbones.load(f"squeezenet1_1:{tmp_path / file}", context_of("probe")[0])
        assert all(torch.equal(value, state[name]) for name, value in loaded.network.state_dict().items())
        assert read_weights(tmp_path / file).keys() == state.keys()


def test_the_network_of_a_run_can_be_named_and_becomes_its_parent(home, launch, finish):
    first = launch("cnn", {"epochs": 2})
    assert finish(first, 60).state == "finished"
    second = launch("predict", {"model": "run:last", "images": "digits:test/0-19"})
    assert finish(second, 60).state == "finished"
    record = second.record()
    assert record.parents == (first.id,)
    assert record.hyperparameters["model"] == f"run:{first.id}"
    assert second.status().result["top1/accuracy"] > 0.7
    with pytest.raises(DataUnavailable, match="has trained no network"):
        launch("predict", {"model": f"run:{second.id}"})


# -- anatomy and prediction -----------------------------------------------------------------------------------------


def test_vgg16_has_the_parameters_of_its_paper_and_most_of_them_fully_connected(play):
    played = play("anatomy")
    assert played.results["parameters/total"] == 138_357_544
    assert played.results["parameters/fully_connected"] == 123_642_856
    assert played.results["parameters/fully_connected_share"] == pytest.approx(0.8936, abs=1e-4)
    # 15.47 G multiply-adds: torchvision's metadata says 15.47 GFLOPS.
    assert played.results["multiply_adds/total"] == pytest.approx(15.47e9, rel=1e-3)
    rows = played.table("layers")
    assert sum(int(row["parameters"]) for row in rows) == 138_357_544
    assert next(row for row in rows if row["known as"] == "fc6")["parameters"] == "102764544"


@pytest.mark.parametrize(
    ("model", "parameters"),
    [("cnn", 7_465), ("cnn:digits:0-4", 7_335), ("squeezenet1_1", 1_235_496), ("vit_b_16", 86_567_656)],
)
def test_no_parameter_is_counted_twice_or_forgotten(play, model, parameters):
    played = play("anatomy", {"model": model})
    assert played.results["parameters/total"] == parameters
    assert sum(int(row["parameters"]) for row in played.table("layers")) == parameters


def test_the_practicals_images_are_named_by_squeezenet(play, squeezenet):
    archive = squeezenet.partition(":")[2].replace(
        "weights/squeezenet1_1-deepscale-fp16.pth", "imagenet-samples/imagenet_val_25.npz"
    )
    played = play("predict", {"images": archive, "model": squeezenet})
    # Measured with plain torch: 13 and 20 of 25.
    assert played.results["top1/accuracy"] == pytest.approx(13 / 25)
    assert played.results["top5/accuracy"] == pytest.approx(20 / 25)
    rows = played.table("predictions")
    assert len(rows) == 125
    assert (rows[0]["true class"], rows[0]["class"]) == ("hay", "hay")


def test_broken_images_are_named_and_the_others_predicted(play, tmp_path):
    Image.new("RGBA", (30, 20), (255, 0, 0, 9)).save(tmp_path / "a [x].png")
    (tmp_path / "b.png").write_bytes(b"no image")
    played = play("predict", {"images": str(tmp_path), "top_k": 3})
    assert played.results["images/number"] == 1
    assert any("b.png" in text for text in played.messages)
    (tmp_path / "a [x].png").unlink()
    with pytest.raises(DataUnavailable, match="none of the images"):
        play("predict", {"images": str(tmp_path)})
