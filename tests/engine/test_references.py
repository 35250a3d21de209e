"""References: names are checked as they are typed, and what does not fit is refused before a launch."""

from __future__ import annotations

import http.server
import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine import DataUnavailable, InvalidHyperparameters, catalogue, suggestions_for
from engine.control.resolving import resolved
from engine.datasets import download, names
from engine.datasets.catalogue import datasets
from engine.datasets.references import DatasetReference, ImagesReference
from engine.networks import names as network_names
from engine.networks import tables, tabulate
from engine.networks.names import ARCHITECTURES
from engine.networks.places import Cut, Places, UnknownCut, spread
from engine.networks.references import ClassReference, CutReference, NetworkReference
from engine.record.workspace import Workspace
from engine.references import RunReference, references

TEXT = st.text(max_size=30) | st.text("abcdigtsmn0123456789:-,/ ", max_size=30)


def resolve(home, experiment: str, **values):
    """Resolve the hyperparameters of an experiment as a launch does."""
    return resolved(Workspace(home), catalogue.experiment(experiment).validate(values))


@pytest.fixture
def folder(tmp_path):
    """Write folders of images: ``folder({"cats": 5, "dogs": 1})``."""

    def write(classes):
        for name, count in classes.items():
            (tmp_path / "images" / name).mkdir(parents=True)
            for index in range(count):
                Image.new("L", (9, 9), index).save(tmp_path / "images" / name / f"{index}.png")
        return f"folder:{tmp_path / 'images'}"

    return write


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference",
    [
        *(DatasetReference(), DatasetReference(1), DatasetReference(photographs=False), DatasetReference(channels=1)),
        *(ImagesReference(), ImagesReference(optional=True)),
        *(NetworkReference(), NetworkReference(several=True), NetworkReference(several=True, optional=True)),
        *(ClassReference(1, ("",)), ClassReference(64), CutReference(), CutReference(("", "all"), several=True)),
        RunReference(("dcgan",), ("embedded",)),
    ],
)
@given(TEXT)
def test_a_name_is_stored_once_and_for_all_or_refused_in_one_sentence(reference, text):
    try:
        stored = reference.check(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            reference.check(text.strip())
        return
    assert reference.check(stored) == stored
    assert stored == stored.strip()


@given(st.sampled_from(sorted(datasets())), st.integers(0, 20), st.integers(0, 20))
def test_some_classes_of_a_data_set_are_those_counted_from_the_first_to_the_last(name, first, last):
    every = names.parse(name).class_names
    source = datasets()[name]
    try:
        chosen = names.parse(f"{name}:{first}-{last}")
    except DataUnavailable:
        assert source.attributes or first >= last or last >= len(every)
    else:
        assert chosen.class_names == every[first : last + 1]


@given(st.sampled_from(sorted(ARCHITECTURES)), st.from_regex(r"[^\s,]+\.pth", fullmatch=True))
def test_a_weights_file_is_named_after_the_architecture_and_written_out(architecture, path):
    named = network_names.parse(f"{architecture}:{path}")
    assert (named.architecture, named.weights) == (architecture, "file")
    full = network_names.absolute(f"{architecture}:{path}")
    assert network_names.absolute(full) == full


@given(st.lists(st.sampled_from(sorted(ARCHITECTURES)), min_size=1, max_size=6))
def test_several_networks_are_kept_in_order_each_once(architectures):
    assert NetworkReference(several=True).check(" , ".join(architectures)) == ",".join(dict.fromkeys(architectures))


@given(st.lists(st.from_regex(r"[a-z]{1,5}\[:-?[0-9]\]|[a-z]{1,5}[0-9]", fullmatch=True), min_size=1, max_size=5))
def test_cuts_are_separated_by_commas_also_beside_slices(cuts):
    assert CutReference(several=True)._cuts(", ".join(cuts)) == cuts


CHAIN = Places(
    tuple(Cut(f"relu{n}", f"features.{n}", (n + 1, 8, 8) if n < 6 else (64,), n > 5) for n in range(8)),
    ("image", *(f"features.{n}" for n in range(8))),
    frozenset(f"features.{n}" for n in range(8)),
    {"features": tuple(str(n) for n in range(8))},
)


@given(st.integers(-10, 10))
def test_a_slice_of_a_network_ends_where_pythons_does(index):
    layers = [f"features.{n}" for n in range(8)]
    expected = layers[:index] if abs(index) <= 8 else []
    if abs(index) > 8:
        with pytest.raises(UnknownCut):
            CHAIN.find(f"features[:{index}]")
    elif expected:
        assert CHAIN.find(f"features[:{index}]").node == expected[-1]


@given(st.text(max_size=20))
def test_any_text_is_a_cut_or_refused_with_cuts_that_are_there(text):
    try:
        found = CHAIN.find(text)
    except UnknownCut as refused:
        suggested = str(refused).rpartition("; try ")[2].split(", ")
    else:
        suggested = [found.name]
    assert {CHAIN.find(name) for name in suggested} <= set(CHAIN.every)


def test_cuts_that_are_suggested_lie_apart_and_the_last_is_among_them():
    assert [cut.name for cut in spread(CHAIN.every)] == ["relu1", "relu3", "relu5", "relu7"]
    assert spread(CHAIN.every[:2]) == list(CHAIN.every[:2])


# -- what a field takes -----------------------------------------------------------------------------------------------


def test_a_field_takes_and_suggests_only_what_fits_it():
    grey, colour = DatasetReference(channels=1), DatasetReference(channels=3, photographs=False)
    assert "cifar10" not in grey.suggestions({}, Path())
    assert {"digits", "mnist"} <= set(grey.suggestions({}, Path()))
    assert set(colour.suggestions({}, Path())) == {"digits-m", "mnist-m", "cifar10"}
    with pytest.raises(ValueError, match="cifar10 holds colour images, and grey images are needed; take digits"):
        grey.check("cifar10")
    with pytest.raises(ValueError, match="2 classes, and at least 3 are needed"):
        DatasetReference(fewest_classes=3).check("digits:0-1")
    fields = [references(declared.hyperparameters) for declared in catalogue.experiments().values()]
    for reference in (own for by_name in fields for own in by_name.values() if isinstance(own, DatasetReference)):
        offered = [text for text in reference.suggestions({}, Path()) if text != "folder:"]
        assert [reference.check(text) for text in offered] == offered


@pytest.mark.parametrize("dataset", ["folder:/photographs", "scenes15", "celeba"])
def test_the_small_cnn_takes_no_photographs_as_data_or_in_its_name(dataset):
    with pytest.raises(InvalidHyperparameters, match=r"dataset: .* may differ, .*; take digits, digits-m, mnist"):
        catalogue.experiment("cnn").validate({"dataset": dataset})
    with pytest.raises(InvalidHyperparameters, match=r"model: .* may differ: "):
        catalogue.experiment("predict").validate({"model": f"cnn:{dataset}"})


def test_who_has_a_folder_of_photographs_is_told_what_takes_it():
    with pytest.raises(InvalidHyperparameters, match="; finetune and probe take photographs of your own"):
        catalogue.experiment("cnn").validate({"dataset": "folder:/photographs"})
    for name in ("finetune", "probe"):
        catalogue.experiment(name).validate({"dataset": "folder:/photographs"})


@pytest.mark.parametrize(
    ("experiment", "values", "says"),
    [
        ("probe", {"C": "0.1,1"}, "class dogs has 1 training image, and 5 folds need 5 of each: add images to it, or"),
        ("probe", {}, ""),
        ("cuts", {}, "class dogs has 1 training image, and 5 folds need 5 of each: add images to it"),
        ("finetune", {"validation": 0.5}, ""),
        ("finetune", {"validation": 0.9}, "has 1 training image of class dogs: a share of 0.9 leaves none"),
        ("finetune", {"validation": 0.01}, "has 6 training images: a share of 0.01 of each class holds none out"),
        ("filter-statistics", {}, "has 1 images of 2 classes in its part test"),
        ("filter-statistics", {"part": "train"}, ""),
        ("dann", {"source": "digits"}, "must have the 10 classes of digits, 0 …, not 2, cats …"),
    ],
)
def test_a_folder_with_too_little_in_it_is_refused_before_the_launch(home, folder, experiment, values, says):
    field = "target" if experiment == "dann" else "dataset"
    values = values | {field: folder({"cats": 6, "dogs": 1})}
    if not says:
        assert resolve(home, experiment, **values)
        return
    with pytest.raises(InvalidHyperparameters, match=f"^{field}: ") as caught:
        resolve(home, experiment, **values)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ("digits:test/170-176", "images: digits has the test images 0 to 175, not 176"),
        ("digits:train/1621", "images: digits has the train images 0 to 1620, not 1621"),
        ("digits:test/5-3", "images: digits:test/5-3 holds no image: write digits:test/3-5"),
        ("nothing.png", "images: there is no image nothing.png"),
        ("sample:moon", "images: there is no sample:moon; there are: sample:china"),
    ],
)
def test_images_that_are_not_there_are_refused_with_those_there_are(home, images, says):
    with pytest.raises(DataUnavailable, match=says):
        resolve(home, "predict", images=images)


def test_images_of_a_folder_are_counted(home, folder):
    named = folder({"cats": 10, "dogs": 5})
    assert resolve(home, "predict", images=f"{named}:test/2")[0].images == f"{named}:test/2"
    with pytest.raises(DataUnavailable, match="has the test images 0 to 2, not 3"):
        resolve(home, "predict", images=f"{named}:test/3")


def test_the_declared_numbers_of_images_are_those_that_are_loaded():
    from engine.datasets import photographs

    for name in ("digits", "digits-m"):
        train, test = photographs.load(name)
        assert datasets()[name].images == (len(train), len(test))


def test_a_class_that_the_named_network_does_not_know_is_refused(home):
    with pytest.raises(InvalidHyperparameters, match="target: the network has no class '12'"):
        resolve(home, "fool", target="12")
    assert resolve(home, "fool", target="12", model="vgg16:random")
    own = suggestions_for(catalogue.experiment("fool").hyperparameters, "target", {"model": "cnn:digits:5-9"}, home)
    assert own == ("least-likely", *"56789")


# -- weights ----------------------------------------------------------------------------------------------------------


def test_the_files_of_torchvisions_weights_are_known_without_torch():
    from torchvision.models import get_model_weights

    for architecture, file in ARCHITECTURES.items():
        assert get_model_weights(architecture).DEFAULT.url == f"{network_names.WEIGHTS_ADDRESS}{file}"


@pytest.fixture
def server():
    """A server that has one file, and nothing else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200 if self.path.endswith(ARCHITECTURES["vgg16"]) else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/models/"
    server.shutdown()
    server.server_close()


def test_own_weights_must_be_there_or_to_be_had(home, monkeypatch, tmp_path, server):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(network_names, "WEIGHTS_ADDRESS", server)
    assert resolve(home, "predict", model="vgg16")[0].model == "vgg16"
    with pytest.raises(
        DataUnavailable, match=r"^model: the weights of alexnet are not there and cannot be downlo"
    ) as no:
        resolve(home, "predict", model="alexnet")
    assert f"put {ARCHITECTURES['alexnet']} into {tmp_path / 'hub/checkpoints'}" in str(no.value)
    assert resolve(home, "anatomy", model="alexnet"), "layers can be counted without weights"
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    (tmp_path / "hub/checkpoints" / ARCHITECTURES["alexnet"]).touch()
    assert resolve(home, "predict", model="alexnet")


def test_a_server_that_refuses_or_does_not_exist_is_not_reachable(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    assert not download.reachable("http://127.0.0.1:9/file")
    assert not download.reachable("http://nowhere.invalid/file")


def test_a_silent_server_is_asked_once_in_a_while_and_one_that_refuses_a_file_for_every_file(monkeypatch, server):
    monkeypatch.setenv("no_proxy", "*")
    asked = []
    urlopen = download.urllib.request.urlopen
    monkeypatch.setattr(
        download.urllib.request,
        "urlopen",
        lambda request, **more: asked.append(request.full_url) or urlopen(request, **more),
    )
    now = [1000.0]
    monkeypatch.setattr(download.time, "monotonic", lambda: now[0])
    silent = [f"http://127.0.0.1:7/{name}" for name in "ab"]
    assert not any(map(download.reachable, silent))
    assert asked == silent[:1]
    now[0] += download.SILENCE
    assert not any(map(download.reachable, silent))
    assert asked == [silent[0]] * 2
    refused = [f"{server}{name}" for name in "ab"]
    assert not any(map(download.reachable, refused))
    assert asked[2:] == refused


# -- cuts -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_table_of_cuts_is_computed_once_by_a_process_of_its_own(home, monkeypatch):
    started = []
    start = tables.start
    monkeypatch.setattr(tables, "start", lambda *arguments: started.append(arguments) or start(*arguments))
    cache = Workspace(home).cache
    assert tables.cached(network_names.parse("squeezenet1_1"), cache) is None
    first = tables.cut_table("squeezenet1_1:random", cache)
    assert first == tables.cut_table("squeezenet1_1", cache) == tabulate.table("squeezenet1_1")
    assert started == [("engine.networks.tabulate", "squeezenet1_1")]
    (file,) = (cache / "cuts").iterdir()
    assert file.name.startswith("squeezenet1_1-torchvision-")
    whole = file.read_text()
    said = tables.subprocess.CompletedProcess([], 0, whole, "")
    monkeypatch.setattr(tables, "start", lambda *arguments: started.append(arguments) or said)
    for damaged in ("", "[]", '{"format": 0}', json.dumps(tables.to_json(first) | {"cuts": [[1]]})):
        file.write_text(damaged)
        assert tables.cut_table("squeezenet1_1", cache) == first
        assert file.read_text() == whole
    assert len(started) == 5


def test_an_interpreter_that_cannot_list_cuts_is_one_sentence(home, monkeypatch):
    monkeypatch.setattr(tables.sys, "executable", "/nothing/python")
    with pytest.raises(DataUnavailable, match="cuts of alexnet cannot be listed"):
        tables.cut_table("alexnet", Workspace(home).cache)


@pytest.fixture
def tabulated(home, monkeypatch):
    """Compute tables of cuts in this process."""

    def start(_module, architecture, classes="0"):
        text = json.dumps(tables.to_json(tabulate.table(architecture, int(classes))))
        return tables.subprocess.CompletedProcess([], 0, text, "")

    monkeypatch.setattr(tables, "start", start)
    return home


@pytest.mark.parametrize(
    ("experiment", "values", "says"),
    [
        ("probe", {"cut": "last"}, "cut: 'last' is not a layer of cnn; try conv2, conv3, flatten, dense2 or: "),
        ("probe", {"cut": "rellu4"}, "cut: 'rellu4' is not a layer of cnn; try relu4,"),
        ("probe", {"cut": "relu7", "model": "squeezenet1_1:random"}, "or: phosphene cuts squeezenet1_1"),
        ("cuts", {"cuts": "relu4,x"}, "cuts: 'x' is not a layer of cnn"),
        ("feature-maps", {"layers": "dense1"}, "layers: 'dense1' of cnn gives [25] and no maps; try pool1, relu2,"),
        ("filter-statistics", {"layers": "conv1,conv9"}, "layers: 'conv9' is not a layer of cnn; try conv3"),
        ("gradcam", {"layer": "nope"}, "layer: 'nope' is not a layer of cnn"),
        ("gradcam", {"layer": "relu2", "model": "cnn:digits,alexnet:random"}, ""),
        ("gradcam", {"layer": "conv1", "model": "cnn:digits,resnet18:random"}, ""),
        ("gradcam", {"layer": "fire9", "model": "squeezenet1_1:random,cnn:digits"}, "'fire9' is not a layer of cnn"),
        ("activation-max", {"layer": "nope"}, "layer: 'nope' is not a layer of cnn"),
        ("activation-max", {"layer": "dense1"}, ""),
        ("probe", {"cut": "classifier[:-1]"}, ""),
    ],
)
def test_a_cut_that_a_network_does_not_have_is_refused_before_the_launch(tabulated, experiment, values, says):
    if not says:
        assert resolve(tabulated, experiment, **values)
        return
    with pytest.raises(InvalidHyperparameters) as caught:
        resolve(tabulated, experiment, **values)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_cuts_are_suggested_once_their_table_is_there(tabulated):
    probe = catalogue.experiment("probe").hyperparameters
    assert suggestions_for(probe, "cut", {"model": "alexnet"}, tabulated) == ("penultimate",)
    tables.cut_table("alexnet", Workspace(tabulated).cache)
    assert {"conv3", "relu7"} <= set(suggestions_for(probe, "cut", {"model": "alexnet"}, tabulated))
    maps = catalogue.experiment("feature-maps").hyperparameters
    assert "relu7" not in suggestions_for(maps, "layers", {"model": "alexnet:random"}, tabulated)
    assert suggestions_for(probe, "cut", {"model": "alexn"}, tabulated) == ("penultimate",)


@pytest.mark.parametrize(
    ("model", "cut"),
    [
        *(("vgg16:random", "relu7"), ("squeezenet1_1:random", "fire9"), ("resnet18:random", "flatten")),
        *(("mobilenet_v3_small:random", "classifier.1"), ("cnn:digits:0-4", "relu4")),
    ],
)
def test_the_penultimate_cut_is_what_the_last_layer_is_fed_and_is_recorded_by_its_name(tabulated, model, cut):
    assert resolve(tabulated, "probe", model=model)[0].cut == cut
    assert tables.cut_table(model, Workspace(tabulated).cache).penultimate == cut


def test_the_default_cuts_are_valid_so_that_no_table_is_needed_for_them(tabulated, monkeypatch):
    for experiment in catalogue.experiments().values():
        for name, reference in references(experiment.hyperparameters).items():
            if isinstance(reference, CutReference):
                fields = experiment.hyperparameters.model_fields
                text, network = fields[name].default, fields[reference.network].default
                table = tables.cut_table(network, Workspace(tabulated).cache)
                if text not in reference.words:
                    reference._require(text, network_names.parse(network), table)
    monkeypatch.setattr(tables, "cut_table", lambda *_: pytest.fail("a table was computed"))
    for name in ("probe", "cuts", "feature-maps", "gradcam", "activation-max", "filter-statistics"):
        resolve(tabulated, name)


def test_the_cuts_of_an_earlier_runs_network_are_those_it_was_built_with(tabulated, play):
    trained = play("cnn", {"epochs": 1})
    assert resolve(tabulated, "probe", model="run:last", cut="relu4")[1] == (trained.run.id,)
    with pytest.raises(InvalidHyperparameters, match="cut: 'last' is not a layer of cnn"):
        resolve(tabulated, "probe", model="run:last", cut="last")


# -- runs -------------------------------------------------------------------------------------------------------------


def test_last_is_the_newest_run_that_can_be_taken_for_networks_and_generators_alike(home, play):
    with pytest.raises(DataUnavailable, match="model: no run has trained a network yet"):
        resolve(home, "predict", model="run:last")
    trained = play("cnn", {"epochs": 1})
    play("anatomy", {"model": "cnn"})
    values, parents = resolve(home, "predict", model="run:last")
    assert (values.model, parents) == (f"run:{trained.run.id}", (trained.run.id,))
    assert resolve(home, "interpolate")[0].model == "embedded"


def test_a_field_is_named_in_front_of_what_is_wrong_with_it(home):
    with pytest.raises(InvalidHyperparameters, match=r"^model: there is no network 'vgg61'; did you mean vgg19"):
        catalogue.experiment("probe").validate({"model": "vgg61"})
    with pytest.raises(DataUnavailable, match=r"^dataset: there is no folder /nothing"):
        resolve(home, "probe", dataset="folder:/nothing")


def test_earlier_runs_are_suggested_by_their_ids_where_their_experiment_is_taken(home):
    for run in ("1121-1200-cnn-k3f", "1122-0900-feature-maps-abc", "1123-0900-cnn-9qd", "1124-0900-dcgan-xyz"):
        (home / "runs" / run).mkdir(parents=True)
    probe = catalogue.experiment("probe").hyperparameters
    offered = [text for text in suggestions_for(probe, "model", {}, home) if text.startswith("run:1")]
    assert offered == ["run:1123-0900-cnn-9qd", "run:1121-1200-cnn-k3f"]
    assert not [text for text in suggestions_for(probe, "dataset", {}, home) if text.startswith("run:")]
    assert not [text for text in suggestions_for(probe, "model", {}, home / "none") if text.startswith("run:1")]
