"""Class activation maps against captum and against their definition; where they do not exist; what maps are worth."""

from __future__ import annotations

import captum.attr
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import nn

from engine.experiments.inspect import activation, evaluation
from engine.experiments.inspect.activation import NoClassActivation
from engine.networks.architectures import build
from engine.networks.cuts import Sectioned
from engine.networks.places import UnknownCut
from engine.networks.small_cnn import SmallCnn

TARGETS = torch.tensor([3, 900])


def sectioned(name: str, size: int = 64) -> Sectioned:
    torch.manual_seed(0)
    network = SmallCnn() if name == "cnn" else build(name)
    shape = (1, 28, 28) if name == "cnn" else (3, size, size)
    return Sectioned(network.requires_grad_(False), shape)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("cnn", "relu3"),
        pytest.param("vgg11", "relu5_2", marks=pytest.mark.slow),
        ("squeezenet1_1", "relu10"),
        ("resnet18", "layer4.1.relu_1"),
        pytest.param("densenet121", "relu", marks=pytest.mark.slow),
        pytest.param("shufflenet_v2_x0_5", "conv5.2", marks=pytest.mark.slow),
    ],
)
def test_the_layer_is_the_last_with_maps_that_the_classifier_sees(name, layer):
    size = 224 if name == "densenet121" else 128
    assert activation.default_layer(sectioned(name, size)).name == layer


def test_grad_cam_is_captums_at_any_layer():
    network = sectioned("squeezenet1_1")
    images = torch.randn(2, 3, 64, 64)
    for name in ("relu10", "fire5", "pool1"):
        cut = network.find(name)
        ours = activation.grad_cam(network, cut, images, TARGETS)
        module = dict(network.network.named_modules())[cut.node.removesuffix(".cat")]
        theirs = captum.attr.LayerGradCam(network.network, module).attribute(images, TARGETS, relu_attributions=True)
        wanted = F.interpolate(theirs, (64, 64), mode="bilinear", align_corners=False)[:, 0]
        torch.testing.assert_close(ours, wanted, atol=1e-7, rtol=1e-4)


def test_grad_cam_reaches_layers_inside_residual_blocks_and_batches():
    network = sectioned("resnet18")
    images = torch.randn(2, 3, 64, 64)
    cut = network.find("layer4.0.conv1")
    together = activation.grad_cam(network, cut, images, TARGETS)
    theirs = captum.attr.LayerGradCam(network.network, network.network.layer4[0].conv1)
    wanted = F.interpolate(theirs.attribute(images, TARGETS, relu_attributions=True), (64, 64), mode="bilinear")
    torch.testing.assert_close(together, wanted[:, 0], atol=1e-7, rtol=1e-4)
    alone = [activation.grad_cam(network, cut, images[i : i + 1], TARGETS[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-7, rtol=1e-4)


@pytest.mark.parametrize("name", ["resnet18", pytest.param("densenet121", marks=pytest.mark.slow), "squeezenet1_1"])
def test_cam_is_the_sum_of_the_maps_by_the_weights_of_the_class(name):
    network = sectioned(name, 96)
    images = torch.randn(2, 3, 96, 96)
    ours = activation.cam(network, activation.default_layer(network), images, TARGETS)
    maps = {}
    network.run([activation.default_layer(network)], images, lambda cut, values: maps.update({cut.node: values}))
    (features,) = maps.values()
    linear = {"resnet18": "fc", "densenet121": "classifier"}.get(name)
    if linear:
        weights = getattr(network.network, linear).weight[TARGETS]
        wanted = torch.einsum("nk,nkhw->nhw", weights, features)
    else:
        wanted = features[torch.arange(2), TARGETS]
    wanted = F.interpolate(wanted.clamp(min=0)[:, None], (96, 96), mode="bilinear")[:, 0]
    torch.testing.assert_close(ours, wanted)
    # There it is Grad-CAM but for a factor (Selvaraju et al., section 3.1).
    grad_cam = activation.grad_cam(network, activation.default_layer(network), images, TARGETS)
    places = features.shape[2] * features.shape[3]
    torch.testing.assert_close(grad_cam * places, ours, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", ["cnn", pytest.param("vgg11", marks=pytest.mark.slow)])
def test_cam_is_refused_where_it_does_not_exist(name):
    network = sectioned(name)
    images = torch.randn(1, *((1, 28, 28) if name == "cnn" else (3, 64, 64)))
    with pytest.raises(NoClassActivation, match="CAM needs logits that are means"):
        activation.cam(network, activation.default_layer(network), images, TARGETS[:1])


def test_a_network_without_maps_says_so():
    network = Sectioned(nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.ReLU(), nn.Linear(20, 5)), (1, 28, 28))
    with pytest.raises(NoClassActivation, match="no maps in front of its classifier"):
        activation.layer(network, "")
    network = sectioned("cnn")
    with pytest.raises(NoClassActivation, match=r"dense1 gives \[25\] and no maps"):
        activation.layer(network, "dense1")
    with pytest.raises(UnknownCut, match="try conv3"):
        activation.layer(network, "conv33")


def test_deletion_and_insertion_find_the_pixels_that_count():
    """Half of the evidence lies at each of two pixels, and nothing else matters."""

    def network(inputs):
        score = 10 * (inputs[:, 0, 2, 3] + inputs[:, 0, 12, 9]) - 10
        return torch.stack((score, torch.zeros_like(score)), 1)

    image, target = torch.ones(1, 1, 16, 16), torch.tensor([0])
    image = image - 0.999 * (torch.rand(1, 1, 16, 16) > 2)
    right, wrong = torch.zeros(1, 16, 16), torch.ones(1, 16, 16)
    right[0, 2, 3] = right[0, 12, 9] = 1.0
    wrong[0, 2, 3] = wrong[0, 12, 9] = 0.0
    good = evaluation.deletion_and_insertion(network, image, target, right, steps=16)
    bad = evaluation.deletion_and_insertion(network, image, target, wrong, steps=16)
    # The first sixteenth takes both away: the curve is 1, then 0; the trapezium below it is a thirty-second wide.
    assert float(good[0]) == pytest.approx(1 / 32, abs=1e-3)
    assert float(bad[0]) == pytest.approx(1 - 1 / 32, abs=1e-3)


def test_insertion_rises_with_the_pixels_that_count():
    def network(inputs):
        score = 20 * inputs[:, 0, 8, 8] - 10
        return torch.stack((score, torch.zeros_like(score)), 1)

    image = torch.zeros(1, 1, 16, 16)
    image[0, 0, 8, 8] = 1.0
    good, bad = image[:, 0].clone(), 1 - image[:, 0]
    areas = [evaluation.deletion_and_insertion(network, image, torch.tensor([0]), each, 16)[1] for each in (good, bad)]
    assert float(areas[0]) > 0.95
    assert float(areas[1]) < 0.1


def test_the_rank_correlation_is_scipys_and_nothing_agrees_with_a_blank_map():
    torch.manual_seed(0)
    first, second = torch.rand(3, 5, 5), torch.rand(3, 5, 5)
    ours = evaluation.rank_correlation(first, second)
    wanted = [spearmanr(a.flatten(), b.flatten()).statistic for a, b in zip(first.numpy(), second.numpy(), strict=True)]
    np.testing.assert_allclose(ours.numpy(), wanted, atol=1e-6)
    assert float(evaluation.rank_correlation(first[:1], torch.zeros(1, 5, 5))) == 0.0


def test_layers_lose_their_weights_from_the_last_to_the_first_and_the_network_itself_none():
    torch.manual_seed(3)
    network = SmallCnn()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    seen = []
    for name, other in evaluation.randomised(network, seed=0):
        changed = {key.rpartition(".")[0] for key, value in other.state_dict().items() if not value.equal(before[key])}
        seen.append((name, len(changed)))
        assert name in changed
    assert seen == [
        ("classifier.dense2", 1),
        ("classifier.dense1", 2),
        ("features.conv3", 3),
        ("features.conv2", 4),
        ("features.conv1", 5),
    ]
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
