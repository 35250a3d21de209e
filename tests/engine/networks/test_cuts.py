"""Cuts: what is captured is what the layer gave, names are those people use, and pairs fit where they should."""

from __future__ import annotations

import weakref

import pytest
import torch
from torch import nn
from torchvision.models import get_model, list_models

from engine.networks.architectures import bare, build
from engine.networks.cuts import Sectioned, known_as
from engine.networks.names import ARCHITECTURES
from engine.networks.places import UnknownCut
from engine.networks.tabulate import table as cut_table


def own_outputs(network: nn.Module, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what each module gives at its first call, copied before anything can overwrite it."""
    outputs: dict[str, torch.Tensor] = {}

    def note(name, value) -> None:
        if isinstance(value, torch.Tensor):
            outputs.setdefault(name, value.clone())

    for name, module in network.named_modules():
        module.register_forward_hook(lambda _, __, value, name=name: note(name, value))
    with torch.inference_mode():
        network.eval()(images)
    return outputs


# In-place ReLU modules, in-place additions, functional in-place ReLU, hard swish, branches that are joined.
@pytest.mark.parametrize(
    "architecture",
    [
        *("resnet18", "mobilenet_v3_small", "squeezenet1_1", "googlenet"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("vgg11", "densenet121")),
    ],
)
def test_every_captured_value_equals_the_layers_own_output(architecture):
    torch.manual_seed(0)
    network = build(architecture).eval()
    plain = build(architecture)
    plain.load_state_dict(network.state_dict())
    images = torch.randn(2, 3, 64, 64)
    expected = own_outputs(plain, images)
    sectioned = Sectioned(network, (3, 64, 64))
    ends = [cut for cut in sectioned.every if cut.node in expected]
    assert len(ends) > 20
    captured = {}
    with torch.inference_mode():
        sectioned.run(ends, images, lambda cut, value: captured.setdefault(cut.node, value))
    for node, value in captured.items():
        assert torch.equal(value, expected[node]), node


def test_maps_are_let_go_of_as_soon_as_nothing_needs_them():
    network = build("squeezenet1_1").eval()
    sectioned = Sectioned(network, (3, 64, 64))
    alive: list[weakref.ref] = []
    most = 0

    def take(_, value) -> None:
        nonlocal most
        alive.append(weakref.ref(value))
        most = max(most, sum(reference() is not None for reference in alive))

    with torch.inference_mode():
        sectioned.run(sectioned.cuts, torch.randn(1, 3, 64, 64), take)
    assert len(alive) == 17
    assert most <= 2


def test_a_functional_relu_does_not_overwrite_what_it_is_given():
    torch.manual_seed(0)
    network = build("densenet121").eval()
    sectioned = Sectioned(network, (3, 64, 64))
    taken = {}
    with torch.inference_mode():
        ends = [sectioned.find("norm5"), sectioned.find("relu")]
        sectioned.run(ends, torch.randn(1, 3, 64, 64), lambda cut, value: taken.setdefault(cut.name, value))
    assert (taken["norm5"] < 0).any()
    assert torch.equal(taken["relu"], taken["norm5"].relu())


@pytest.mark.parametrize(
    ("model", "name", "node"),
    [
        ("vgg16", "relu7", "classifier.4"),
        ("vgg16", "fc6", "classifier.0"),
        ("vgg16", "conv5_3", "features.28"),
        ("vgg16", "pool5", "features.30"),
        ("vgg16", "classifier[:-2]", "classifier.4"),
        ("vgg16", "classifier[:0]", "flatten"),
        ("vgg16", "features[:28]", "features.27"),
        ("vgg16", "features[12]", "features.12"),
        ("vgg16_bn", "relu1_2", "features.5"),
        ("vgg19", "conv5_4", "features.34"),
        ("alexnet", "conv3", "features.6"),
        ("alexnet", "relu7", "classifier.5"),
        ("squeezenet1_1", "fire9", "features.12.cat"),
        ("squeezenet1_1", "features.12", "features.12.cat"),
        ("squeezenet1_0", "conv10", "classifier.1"),
        ("resnet18", "layer4", "layer4.1.relu_1"),
        ("resnet18", "layer1.0.conv1", "layer1.0.conv1"),
        ("densenet121", "norm5", "features.norm5"),
        ("cnn", "relu4", "classifier.relu4"),
        ("cnn", "dense1", "classifier.dense1"),
    ],
)
def test_a_cut_is_found_by_the_names_people_use(model, name, node):
    assert Sectioned(*bare(model)).find(name).node == node


@pytest.mark.parametrize(
    ("name", "hint"),
    [("rellu7", "relu7"), ("classifier[:-99]", "classifier"), ("conv9_9", "conv"), ("", "try conv3_1")],
)
def test_a_cut_that_is_not_there_is_refused_with_the_nearest(name, hint):
    with pytest.raises(UnknownCut, match="is not a layer of the network") as caught:
        Sectioned(*bare("vgg16")).find(name)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_vgg16s_classifier_fits_only_behind_maps_of_512_channels():
    table = cut_table("vgg16")
    shapes = {cut.name: cut.shape for cut in table.cuts}
    assert shapes["relu7"] == (4096,)
    assert shapes["pool5"] == (512, 7, 7)
    assert {shapes[name][0] for name in table.fits["fc6"]} == {512}
    assert {"relu4_1", "conv5_1", "pool5"} <= set(table.fits["fc6"])
    assert "pool3" not in table.fits["fc6"]
    assert "pool3" in table.fits["flatten"]


def test_a_classifier_fed_by_an_earlier_map_computes_what_its_layers_do():
    torch.manual_seed(0)
    network = build("vgg11").eval()
    sectioned = Sectioned(network, (3, 64, 64))
    images, taken = torch.randn(2, 3, 64, 64), {}

    def feed(cut, maps):
        ends = [sectioned.find("fc6"), sectioned.find("relu7")]
        sectioned.run(ends, maps, lambda end, value: taken.setdefault(end.name, value), start=sectioned.boundary)

    with torch.inference_mode():
        start = sectioned.find("relu5_1")
        sectioned.run([start], images, feed)
        maps = network.features[: int(start.node.rpartition(".")[2]) + 1](images)
        flat = network.avgpool(maps).flatten(1)
        assert torch.allclose(taken["fc6"], network.classifier[:1](flat), atol=1e-6)
        assert torch.allclose(taken["relu7"], network.classifier[:5](flat), atol=1e-6)


def test_the_names_of_the_networks_are_torchvisions():
    import torchvision

    assert set(ARCHITECTURES) == set(list_models(module=torchvision.models))


@pytest.mark.parametrize(
    "model",
    [
        *("efficientnet_b0", "swin_t", "vit_b_16"),
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ("convnext_tiny", "inception_v3", "regnet_y_400mf", "vit_h_14")
        ),
    ],
)
def test_any_classifier_can_be_listed_without_weights(model):
    cuts = cut_table(model).cuts
    assert len(cuts) > 5
    assert cuts[-1].shape == (1000,)
    assert len({cut.name for cut in cuts}) == len(cuts)


def test_names_do_not_meet():
    for architecture in ("vgg16", "alexnet", "squeezenet1_0", "vgg19_bn"):
        with torch.device("meta"):
            names = list(known_as(get_model(architecture, weights=None)).values())
        assert len(set(names)) == len(names)
