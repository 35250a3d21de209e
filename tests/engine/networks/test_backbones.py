"""Networks by name: torchvision's, from files, from runs; what is no network, or no weights, is refused."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engine import DataUnavailable, InvalidHyperparameters, PhospheneError, UnknownRun, catalogue
from engine.control.resolving import resolved
from engine.networks import backbones
from engine.networks.architectures import bare, build
from engine.networks.cuts import Sectioned
from engine.networks.names import ModelName, parse, weights_folder
from engine.record.workspace import Workspace


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
    with pytest.raises(DataUnavailable, match="is empty"):
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
    """Leaves a file behind when it is unpickled by somebody careless."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return (exec, (f"open({str(self.trace)!r}, 'w')",))


@pytest.mark.parametrize(
    "kind", ["code", "module", "list", "text", "cut", "empty", "other network", "one more", "keys", "nan"]
)
def test_a_file_that_holds_no_weights_is_refused_and_no_code_in_it_runs(tmp_path, context_of, kind):
    path = tmp_path / "weights.pth"
    network = build("squeezenet1_1")
    match kind:
        case "code":
            path.write_bytes(pickle.dumps(Hostile(tmp_path / "trace")))
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
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("architecture", "pattern", "old"),
    [
        ("densenet121", r"(denselayer\d+\.(?:norm|relu|conv))([12])\.", r"\1.\2."),
        pytest.param("vit_b_16", r"\.mlp\.0\.", ".mlp.linear_1.", marks=pytest.mark.slow),
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
    assert not [cut.name for cut in Sectioned(*bare("inception_v3")).cuts if cut.name.startswith(("mul", "unsqueeze"))]


def test_paths_are_written_out_so_that_a_run_means_the_same_from_anywhere(home, launch, finish, tmp_path, monkeypatch):
    for part in ("train", "test"):
        for name in "ab":
            (tmp_path / "photos" / part / name).mkdir(parents=True)
            Image.new("L", (9, 9), 99).save(tmp_path / "photos" / part / name / "1.png")
    monkeypatch.chdir(tmp_path)
    probe = catalogue.experiment("probe").validate({"dataset": "folder:photos", "model": "cnn:random"})
    assert resolved(Workspace(home), probe)[0].dataset == f"folder:{tmp_path / 'photos'}"
    run = launch("predict", {"images": "photos/train/a/1.png,sample:china", "model": "cnn:random"})
    assert run.record().hyperparameters["images"] == f"{tmp_path / 'photos/train/a/1.png'},sample:china"
    assert finish(run, 60).state == "finished"
    with pytest.raises(DataUnavailable, match="no image"):
        launch("predict", {"images": "nothing.png"})


@pytest.mark.slow
def test_a_network_of_other_classes_is_not_asked_for_those_it_does_not_know(play):
    played = play("predict", {"images": "digits:test/0-15", "model": "cnn:digits:5-9"})
    assert {row["true class"] for row in played.table("predictions")} <= {"", *"56789"}
    right = [row for row in played.table("predictions") if row["rank"] == "1" and row["true class"]]
    accuracy = sum(row["class"] == row["true class"] for row in right) / len(right)
    assert played.results["top1/accuracy"] == pytest.approx(accuracy)


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_network_of_a_run_can_be_named_and_becomes_its_parent(play, launch, finish):
    first = play("cnn", {"epochs": 2}).run
    second = launch("predict", {"model": "run:last", "images": "digits:test/0-19"})
    assert finish(second, 60).state == "finished"
    record = second.record()
    assert record.parents == (first.id,)
    assert record.hyperparameters["model"] == f"run:{first.id}"
    assert second.status().result["top1/accuracy"] > 0.7
    with pytest.raises(DataUnavailable, match="has trained no network"):
        launch("predict", {"model": f"run:{second.id}"})
