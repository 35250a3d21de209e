"""What layers cost: every parameter and multiply-add once, as torchvision counts them, auxiliary heads apart."""

from __future__ import annotations

import pytest
from torch import nn

from engine.networks.architectures import bare, default_weights
from engine.networks.dann import DannNetwork
from engine.networks.layers import count_layers
from engine.networks.names import ARCHITECTURES

QUICK = ("squeezenet1_1", "vit_b_16", "swin_t")
"""A plain network, and both ways of attention."""
each_classifier = pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in ARCHITECTURES]
)


@each_classifier
def test_the_rows_add_up_to_what_torchvision_says(name):
    network, shape = bare(name)
    layers, auxiliary = count_layers(network, shape)
    stated = default_weights(name).meta
    # In thousands of millions, rounded to three places.
    assert sum(layer.multiply_adds for layer in layers) / 1e9 == pytest.approx(stated["_ops"], abs=0.00051)
    own, apart = (sum(layer.parameters for layer in rows) for rows in (layers, auxiliary))
    assert own + apart == sum(parameter.numel() for parameter in network.parameters())
    # Inception's own figure holds its auxiliary head; GoogLeNet's does not.
    assert own + apart * (name == "inception_v3") == stated["num_params"]
    assert bool(auxiliary) == (name in {"googlenet", "inception_v3"})
    assert all(layer.shape for layer in layers)


def test_what_computes_with_parameters_of_others_has_them_in_its_row():
    layers, _ = count_layers(*bare("vit_b_16"))
    rows = {layer.name: layer for layer in layers}
    attention = rows["encoder.layers.encoder_layer_0.self_attention"]
    width, tokens = 768, 197
    assert attention.parameters == 4 * width * (width + 1)
    # Four projections, and the products of queries with keys and of weights with values.
    assert attention.multiply_adds == 4 * tokens * width**2 + 2 * tokens**2 * width
    assert not [name for name in rows if "out_proj" in name]
    assert (rows[""].kind, rows[""].parameters) == ("VisionTransformer itself", width)
    assert (rows["encoder"].kind, rows["encoder"].parameters) == ("Encoder itself", tokens * width)


def test_a_head_that_the_forward_pass_never_calls_serves_training_alone():
    layers, auxiliary = count_layers(DannNetwork(), (3, 28, 28))
    assert {layer.name: layer.parameters for layer in auxiliary} == {"domain_head.0": 76_900, "domain_head.3": 101}
    assert not [layer for layer in layers if layer.name.startswith("domain_head")]


def test_a_layer_that_is_met_twice_has_one_row():
    shared = nn.Linear(4, 4)
    layers, auxiliary = count_layers(nn.Sequential(nn.Flatten(), shared, nn.ReLU(), shared), (1, 2, 2))
    assert [layer.kind for layer in layers] == ["Flatten", "Linear", "ReLU"]
    assert (layers[1].parameters, layers[1].multiply_adds) == (20, 32)
    assert not auxiliary
