"""The programs that look inside: what they log, that it is what the images and networks named ask for."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.feature_selection import f_classif

from engine import ImageLogged, InvalidHyperparameters
from engine.datasets import named_images, photographs
from engine.drawing.heat import heat, signed_heat
from engine.drawing.tiles import photograph_tile, tile
from engine.experiments.inspect.activation import NoClassActivation, cam, default_layer
from engine.experiments.inspect.feature_maps import channels_of
from engine.experiments.inspect.filter_statistics import Statistics
from engine.experiments.inspect.guided import Guided, NoGuidedBackpropagation
from engine.networks import backbones
from engine.networks.architectures import bare, build, preprocessing_of
from engine.networks.cuts import Sectioned
from engine.networks.names import ACTIVATIONS, ARCHITECTURES, LAST_MAPS

EVERY = "gradient,smoothgrad,input-x-gradient,integrated-gradients,guided,gradcam,gradient-gradcam,guided-gradcam"


def test_every_method_gives_a_map_of_every_image(play):
    played = play("saliency", {"images": "digits:test/0-2", "methods": EVERY, "samples": 2, "path_steps": 24})
    assert played.pictures() == set(EVERY.split(","))
    assert played.plots() == {"side-by-side", "overview"}
    rows = played.table("maps")
    beside = played.plot("side-by-side", 2)
    assert beside.captions[0] == (rows[1]["image"], "2")
    says = f"2 {float(rows[1]['probability']):.2f}"
    assert beside.captions[1:] == tuple((method, says) for method in EVERY.split(","))
    with Image.open(beside.pictures[1]) as inside, Image.open(played.run.path / "images/gradient/000000002.png") as own:
        assert np.array_equal(np.asarray(inside), np.asarray(own))
    overview = played.plot("overview")
    assert (len(overview.pictures), overview.columns) == (3 * 9, 9)
    assert overview.captions[9:18] == beside.captions
    assert len(rows) == 3 * 8
    assert {row["method"] for row in rows} == set(EVERY.split(","))
    # The true class is explained: these are a 0, a 2 and a 6.
    assert [row["class"] for row in rows[:3]] == [row["true class"] for row in rows[:3]] == ["0", "2", "6"]
    assert 0 < played.results["integrated-gradients/completeness_error"] < 0.1


def test_what_is_explained_is_what_was_asked_for(play, context_of):
    played = play("saliency", {"images": "digits:test/0-3", "target": "7"})
    context, _ = context_of("saliency")
    backbone = backbones.load("cnn:digits", context)
    images = [backbone.preprocessing.pixels(image.open()) for image in named_images.find("digits:test/0-3")]
    sure = backbone.fixed().logits(torch.stack(images).float() / 255).softmax(1)
    for row, own in zip(played.table("maps"), sure, strict=True):
        assert row["class"] == "7"
        assert float(row["probability"]) == pytest.approx(float(own[7]), abs=1e-4)


def test_the_picture_of_a_map_is_the_map(play, context_of):
    played = play("saliency", {"images": "digits:test/5", "methods": "gradient"})
    context, _ = context_of("saliency")
    backbone = backbones.load("cnn:digits", context)
    (image,) = named_images.find("digits:test/5")
    inputs = (backbone.preprocessing.pixels(image.open())[None].float() / 255).requires_grad_()
    backbone.network(inputs)[0, 7].backward()
    gradient = inputs.grad.abs().amax(1)[0].numpy()
    picture = np.asarray(Image.open(played.run.path / "images/gradient/000000001.png")).sum(2).astype(float)
    assert np.corrcoef(gradient.flatten(), picture.flatten())[0, 1] > 0.95
    assert picture.argmax() in gradient.flatten().argsort()[-8:]


def test_several_networks_stand_beside_each_other(play):
    played = play("gradcam", {"images": "digits:test/0-1", "model": "cnn,cnn:random", "methods": "gradcam"})
    assert [row["network"] for row in played.table("maps")] == ["cnn", "cnn", "cnn:random", "cnn:random"]
    logged = {event.name: event.file for event in played.run.reader().poll() if isinstance(event, ImageLogged)}
    assert {"gradcam cnn", "gradcam cnn:random"} == set(logged)
    assert [caption[0] for caption in played.plot("overview").captions[1:3]] == ["gradcam cnn", "gradcam cnn:random"]
    first, second = ((played.run.path / logged[name]).read_bytes() for name in list(logged)[:2])
    assert first != second


@pytest.mark.slow
def test_networks_of_earlier_runs_never_share_a_picture(play, context_of, home, launch, finish):
    run = launch("cnn", {"epochs": 1, "dataset": "digits"})
    assert finish(run, 100).state == "finished"
    values = {"images": "digits:test/0-1", "model": f"run:{run.id},cnn", "evaluate": True}
    played = play("saliency", values)
    assert {row["network"] for row in played.table("maps")} == {f"run:{run.id}", "cnn"}
    assert len([name for name in played.results if name.endswith("gradient/deletion")]) == 2


def test_a_trained_networks_maps_are_worth_more_than_none_and_depend_on_its_weights(play):
    values = {"images": "digits:test/0-7", "methods": "integrated-gradients,gradient", "evaluate": True, "sanity": True}
    played = play("saliency", values)
    assert played.results["integrated-gradients/deletion"] < played.results["gradient/deletion"]
    assert played.results["integrated-gradients/deletion"] < played.results["integrated-gradients/insertion"]
    rows = played.table("sanity")
    assert rows[-1]["randomised down to"] == "features.conv1"
    assert float(rows[-1]["gradient"]) < 0.5
    plot = played.plot("sanity")
    assert plot.x == tuple(row["randomised down to"] for row in rows)
    assert plot.series["gradient"] == pytest.approx([float(row["gradient"]) for row in rows], abs=1e-4)


def test_a_random_map_and_an_edge_detector_stand_beside_what_is_evaluated(play, context_of):
    played = play("saliency", {"images": "digits:test/0-7", "methods": "guided", "evaluate": True})
    assert {row["method"] for row in played.table("maps")} == {"guided", "random", "edges"}
    assert played.results["guided/deletion"] < played.results["random/deletion"]
    assert played.results["guided/insertion"] > played.results["random/insertion"]
    # Sobel's filters, written out.
    context, _ = context_of("saliency")
    backbone = backbones.load("cnn:digits", context)
    (image,) = named_images.find("digits:test/5")
    pixels = np.pad(np.asarray(backbone.preprocessing.pixels(image.open())[0], dtype=float), 1, "symmetric")
    down = pixels[2:] - pixels[:-2]
    right = pixels[:, 2:] - pixels[:, :-2]
    down = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    right = right[:-2] + 2 * right[1:-1] + right[2:]
    wanted = heat(torch.from_numpy(np.hypot(down, right))[None].float())[0]
    with Image.open(played.run.path / "images/edges/000000006.png") as picture:
        drawn = np.asarray(picture).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(drawn, wanted.numpy(), atol=0.02)


def test_integrated_gradients_warn_where_they_miss_their_sum(play):
    values = {"images": "digits:test/0-3", "methods": "integrated-gradients"}
    rough = play("saliency", values | {"path_steps": 1})
    errors = [float(row["completeness error"]) for row in rough.table("maps")]
    beyond = sum(error > 0.05 for error in errors)
    assert beyond
    (warning,) = [text for text in rough.messages if "completeness error" in text]
    assert f"above 5% for {beyond} of 4 images, {max(errors):.0%} at most" in warning
    fine = play("saliency", values | {"path_steps": 200})
    assert max(float(row["completeness error"]) for row in fine.table("maps")) < 0.05
    assert not [text for text in fine.messages if "completeness error" in text]


@pytest.mark.parametrize(("model", "activation"), [("mobilenet_v3_small", "Hardswish"), ("efficientnet_b0", "SiLU")])
def test_what_a_network_can_do_is_done_by_default_and_the_rest_named(play, model, activation):
    played = play("gradcam", {"model": f"{model}:random", "images": "sample:china"})
    assert played.pictures() == {"gradcam", "gradient-gradcam"}
    (left_out,) = [text for text in played.messages if "without" in text]
    assert left_out.startswith(
        f"{model}:random is shown without guided-gradcam: guided backpropagation is defined for R"
    )
    assert left_out.endswith(f"uses {activation}")


def test_networks_that_can_do_different_methods_stand_beside_each_other(play):
    values = {"model": "mobilenet_v3_small:random,cnn", "images": "digits:test/0", "methods": "guided,gradient"}
    played = play("saliency", values | {"sanity": True})
    assert [(row["network"], row["method"]) for row in played.table("maps")] == [
        ("mobilenet_v3_small", "gradient"),
        ("cnn", "guided"),
        ("cnn", "gradient"),
    ]
    assert {row["guided"] for row in played.table("sanity") if row["network"] == "mobilenet_v3_small"} == {""}


@pytest.mark.parametrize(
    ("model", "methods", "says"),
    [
        ("efficientnet_b0", "guided,guided-gradcam", r"it uses SiLU; it can do gradient, .*cam, gradcam"),
        ("squeezenet1_1:random,vit_b_16", "gradcam,cam", "vit_b_16 cannot do gradcam or cam: it has no maps"),
        ("vgg16", "cam", "its logits are not averages of maps"),
        ("cnn", "cam,random", "cnn cannot do cam: its logits are not averages of maps"),
    ],
)
def test_what_a_network_cannot_do_is_refused_before_the_launch(launch, home, model, methods, says):
    model = ",".join(name if ":" in name or name == "cnn" else f"{name}:random" for name in model.split(","))
    with pytest.raises(InvalidHyperparameters, match=rf"^methods: .*{says}"):
        launch("saliency", {"model": model, "methods": methods})
    assert not (home / "runs").exists()


QUICK = ("squeezenet1_1", "mobilenet_v3_small", "vit_b_32")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in ARCHITECTURES]
)
def test_what_is_said_of_a_network_before_the_launch_is_so(name):
    network, shape = bare(name)
    guided = (
        nullcontext()
        if ACTIVATIONS[name] == "ReLU"
        else pytest.raises(NoGuidedBackpropagation, match=f"uses {ACTIVATIONS[name]}")
    )
    with guided, Guided():
        network.eval()(torch.zeros(1, *shape, device="meta"))
    localised = pytest.raises(NoClassActivation) if LAST_MAPS[name] == "none" else nullcontext()
    with localised:
        default_layer(Sectioned(network, shape))


FAMILIES = (
    *("alexnet", "vgg11", "googlenet", "inception_v3", "mobilenet_v2", "convnext_tiny", "densenet121", "resnet18"),
    *("efficientnet_b0", "mnasnet0_5", "maxvit_t", "regnet_y_400mf", "shufflenet_v2_x0_5", "swin_t", "swin_v2_t"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_cam_is_what_the_table_says(name):
    torch.manual_seed(0)
    preprocessing = preprocessing_of(name)
    images = torch.randn(1, 3, preprocessing.size, preprocessing.size)
    sectioned = Sectioned(build(name).eval(), images.shape[1:])
    averaged = nullcontext() if LAST_MAPS[name] == "averaged" else pytest.raises(NoClassActivation)
    with averaged:
        cam(sectioned, default_layer(sectioned), images, torch.tensor([3]))


def test_real_photographs_are_explained_where_the_animal_is(play, squeezenet):
    folder = squeezenet.partition(":")[2].replace("weights/squeezenet1_1-deepscale-fp16.pth", "imagenet-samples")
    played = play("gradcam", {"model": squeezenet, "images": f"{folder}/imagenet_val_25.npz", "methods": "cam,gradcam"})
    rows = played.table("maps")
    assert [row["true class"] for row in rows[:4]] == ["hay", "quail", "Tibetan mastiff", "Border terrier"]
    assert float(rows[2]["probability"]) > 0.99
    # For SqueezeNet, whose logits are means of maps, both are the same picture.
    for index in range(1, 26):
        files = [played.run.path / f"images/{name}/{index:09d}.png" for name in ("cam", "gradcam")]
        pictures = [np.asarray(Image.open(file)).astype(int) for file in files]
        assert np.abs(pictures[0] - pictures[1]).max() <= 2
    # The mastiff's head is at the upper right.
    heated = np.asarray(Image.open(played.run.path / "images/gradcam/000000003.png")).astype(int)
    hot = (heated[:, :, 0] - heated[:, :, 2]).clip(0)
    top, left = np.unravel_index(hot.argmax(), hot.shape)
    assert top < 112 < left


def test_an_images_true_class_is_read_off_its_name(tmp_path):
    (tmp_path / "n01828970").mkdir()
    for name in ("n01440764_tench.JPEG", "n01828970/1.png", "holiday.png", "n99999999_x.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    found = [named_images.find(str(tmp_path / name))[0].label for name in ("n01440764_tench.JPEG", "holiday.png")]
    assert found == ["tench", ""]
    assert [image.label for image in named_images.find(str(tmp_path / "n01828970"))] == ["bee eater"]
    assert named_images.find(str(tmp_path / "n99999999_x.png"))[0].label == ""


def test_maps_are_shown_before_and_after_the_relu(play):
    played = play("feature-maps", {"images": "digits:test/0", "layers": "conv1,relu2", "channels": "0-3"})
    assert played.plots() == {"conv1", "relu2"}
    plot = played.plot("conv1", 1)
    assert plot.captions[0][1:] == ("conv1 9 x 28 x 28", "relu1 9 x 28 x 28")
    maps = tuple((f"{place} {number}",) for place in ("conv1", "relu1") for number in range(4))
    assert plot.captions[1:] == maps
    with Image.open(plot.pictures[1]) as before, Image.open(plot.pictures[5]) as after:
        positive = np.asarray(after)[:, :, 0] > 40  # the colour of 0 has no red
        assert np.array_equal(np.asarray(before)[positive], np.asarray(after)[positive]), "both have one scale"
    rows = played.table("channels")
    by_layer = {layer: [row for row in rows if row["layer"] == layer] for layer in ("conv1", "relu1", "conv2", "relu2")}
    assert all(len(own) == 9 for own in by_layer.values())
    for before, after in (("conv1", "relu1"), ("conv2", "relu2")):
        for first, second in zip(by_layer[before], by_layer[after], strict=True):
            assert float(second["largest"]) == pytest.approx(max(float(first["largest"]), 0), abs=1e-4)
            assert first["share active"] == second["share active"]


@pytest.mark.parametrize(
    ("name", "layer", "around"),
    [
        ("resnet18", "conv1", ["bn1", "relu"]),
        pytest.param("densenet121", "conv0", ["norm0", "relu0"], marks=pytest.mark.slow),
        ("squeezenet1_1", "features.3.squeeze", ["features.3.squeeze", "features.3.squeeze_activation"]),
        ("squeezenet1_1", "pool1", ["pool1", "pool1"]),
    ],
)
def test_the_relu_of_a_layer_is_found_behind_its_normalisation(name, layer, around):
    sectioned = Sectioned(*bare(name))
    assert [cut.name for cut in sectioned.around_relu(sectioned.find(layer))] == around


@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(1, 64))
def test_channels_are_those_named_or_an_error_says_which_there_are(numbers, count):
    text = ",".join(map(str, numbers))
    if max(numbers) < count:
        assert channels_of(text, count, torch.Generator()) == sorted(set(numbers))
    else:
        with pytest.raises(InvalidHyperparameters, match=f"they are 0 to {count - 1}"):
            channels_of(text, count, torch.Generator())


def test_channels_are_drawn_without_repetition_the_same_for_a_seed():
    drawn = [channels_of("random:16", 64, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 16
    assert channels_of("0-15", 9, torch.Generator()) == list(range(9))
    assert channels_of("all", 3, torch.Generator()) == [0, 1, 2]


def test_statistics_are_those_of_scikit_learn_however_they_are_batched():
    torch.manual_seed(0)
    labels = torch.randint(0, 3, (60,))
    maps = torch.randn(60, 4, 6, 6).clamp(min=0) + labels.view(-1, 1, 1, 1) * torch.tensor([0.0, 0.1, 0.5, 0.0]).view(
        1, 4, 1, 1
    )
    maps[:, 3] = 0
    statistics = Statistics((4, 6, 6), 3)
    for part in torch.arange(60).split(7):
        statistics.add(maps[part], labels[part])
    wanted, _ = f_classif(maps[:, :3].mean((2, 3)).numpy(), labels.numpy())
    np.testing.assert_allclose(statistics.separation[:3].numpy(), wanted, rtol=1e-3)
    assert float(statistics.separation[3]) == 0.0
    places, _ = f_classif(maps[:, :3].flatten(1).numpy(), labels.numpy())
    np.testing.assert_allclose(statistics.regions.numpy(), places.reshape(3, 6, 6).max(0), rtol=1e-2)
    for label in range(3):
        own = maps[labels == label]
        torch.testing.assert_close(statistics.strength[label].float(), own.mean((0, 2, 3)))
        torch.testing.assert_close(statistics.places[label].float(), (own > 0).float().mean((0, 2, 3)))
        torch.testing.assert_close(statistics.fires[label].float(), (own.amax((2, 3)) > 0).float().mean(0))
        torch.testing.assert_close(statistics.maps[label].float(), own.mean(0))


def test_the_filters_of_a_trained_network_tell_the_digits_apart(play, context_of):
    played = play("filter-statistics")
    kinds = ("fires", "strength", "mean-maps", "patterns")
    assert played.plots() == {f"{kind}-{layer}" for kind in kinds for layer in ("relu1", "relu2", "relu3")}
    strength = played.plot("strength-relu2")
    assert strength.rows == tuple("0123456789")
    filters = {(row["class"], row["filter"]): row for row in played.table("filters") if row["layer"] == "relu2"}
    for name, values in zip(strength.rows, strength.values, strict=True):
        wanted = [float(filters[name, number]["strength"]) for number in strength.columns]
        assert values == pytest.approx(wanted, abs=1e-4)
    mean_maps = played.plot("mean-maps-relu2")
    assert mean_maps.columns == 1 + len(strength.columns)
    assert mean_maps.captions[: mean_maps.columns] == (("0",), *((number,) for number in strength.columns))
    rows = played.table("separation")
    assert len(rows) == 9 + 9 + 16
    assert float(rows[0]["F"]) > 30
    context, _ = context_of("filter-statistics")
    backbone = backbones.load("cnn:digits", context)
    data = photographs.load("digits").test
    pixels = torch.stack([backbone.preprocessing.pixels(data.open(index)) for index in range(len(data))])
    taken = {}
    sectioned = Sectioned(backbone.network, backbone.shape)
    with torch.inference_mode():
        inputs = backbone.preprocessing.normalised(pixels)
        sectioned.run([sectioned.find("relu3")], inputs, lambda cut, values: taken.update({cut.name: values}))
    answers = taken["relu3"].mean((2, 3))
    loud = (answers.amax(0) > 0).nonzero().flatten()
    wanted, _ = f_classif(answers[:, loud].numpy(), data.labels.numpy())
    reported = {int(row["filter"]): float(row["F"]) for row in rows if row["layer"] == "relu3"}
    assert len(loud) > 8
    for number, own in zip(loud.tolist(), wanted, strict=True):
        assert reported.pop(number) == pytest.approx(float(own), rel=1e-2, abs=0.02)
    assert set(reported.values()) <= {0.0}


def test_heat_goes_from_black_to_yellow_and_lets_the_image_through_where_it_is_low():
    maps = torch.zeros(1, 4, 4)
    maps[0, 1, 2] = 5.0
    coloured = heat(maps)
    assert float(coloured[0, :, 0, 0].sum()) < 0.1
    assert float(coloured[0, :2, 1, 2].min()) > 0.9
    image = torch.rand(1, 3, 4, 4)
    over = heat(maps, over=image)
    grey = image.mean(1)
    assert float(torch.corrcoef(torch.stack((over[0].mean(0).flatten()[:6], grey[0].flatten()[:6])))[0, 1]) > 0.9
    below = signed_heat(torch.tensor([[[-1.0, 0.0, 1.0]]]), torch.ones(1))[0]
    assert below[2, 0, 0] > below[0, 0, 0]
    assert below[0, 0, 2] > below[2, 0, 2]


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.integers(0, 60))
def test_a_tile_has_the_proportions_of_its_picture_and_is_only_reduced(height, width, channels, most):
    picture = torch.rand(channels, height, width)
    array = tile(picture, most)
    assert array.dtype == np.uint8
    assert array.shape[2] == 3
    if not most or max(height, width) <= most:
        assert np.array_equal(array, (picture.expand(3, -1, -1) * 255).round().byte().permute(1, 2, 0).numpy())
    else:
        assert max(array.shape[:2]) == most
        assert min(array.shape[:2]) == max(1, round(min(height, width) * most / max(height, width)))


def test_a_photograph_becomes_a_tile_of_its_own_proportions():
    assert photograph_tile(Image.new("RGBA", (400, 200), (255, 0, 0, 255)), 100).shape == (50, 100, 3)
    assert photograph_tile(Image.new("L", (8, 9), 7), 100).tolist() == [[[7, 7, 7]] * 8] * 9
