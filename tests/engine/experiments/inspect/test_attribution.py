"""Attribution against captum, against its definitions, and one by one; guided backpropagation where hooks fail."""

from __future__ import annotations

import captum.attr
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.experiments.inspect import attribution
from engine.experiments.inspect.guided import NoGuidedBackpropagation
from engine.networks.architectures import build

pytestmark = [
    pytest.mark.filterwarnings("ignore:(Input Tensor|Setting backward hooks):UserWarning"),
]


@pytest.fixture
def network():
    """Return a small network of ReLU modules."""
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten())
    return nn.Sequential(*layers, nn.Linear(8 * 25, 5)).eval().requires_grad_(False)


@pytest.fixture
def images():
    torch.manual_seed(1)
    return torch.randn(4, 3, 16, 16)


TARGETS = torch.tensor([0, 3, 1, 4])


def test_the_gradients_are_captums(network, images):
    gradients = attribution.gradient(network, images, TARGETS)
    torch.testing.assert_close(gradients, captum.attr.Saliency(network).attribute(images, TARGETS, abs=False))
    product = attribution.input_x_gradient(network, images, TARGETS)
    torch.testing.assert_close(product, captum.attr.InputXGradient(network).attribute(images, TARGETS))


def test_saliency_is_the_practicals_the_largest_magnitude_over_the_channels(network, images):
    inputs = images.clone().requires_grad_()
    network(inputs).gather(1, TARGETS.view(-1, 1)).squeeze().sum().backward()
    torch.testing.assert_close(attribution.saliency(network, images, TARGETS), inputs.grad.abs().max(dim=1)[0])


def test_integrated_gradients_are_captums_and_add_up(network, images):
    baseline = torch.full_like(images[:1], -1.0)
    ours = attribution.integrated_gradients(network, images, TARGETS, baseline=baseline, steps=50)
    theirs, delta = captum.attr.IntegratedGradients(network).attribute(
        images, baseline.expand_as(images), TARGETS, n_steps=50, method="gausslegendre", return_convergence_delta=True
    )
    torch.testing.assert_close(ours, theirs.float(), atol=1e-4, rtol=1e-3)
    error = attribution.completeness_error(network, images, TARGETS, baseline=baseline, attributions=ours)
    rise = network(images).gather(1, TARGETS[:, None]) - network(baseline.expand_as(images)).gather(1, TARGETS[:, None])
    torch.testing.assert_close(error, (delta / rise.squeeze(1)).abs().float(), atol=1e-4, rtol=1e-2)
    assert error.max() < 0.05
    one = attribution.integrated_gradients(network, images, TARGETS, baseline=baseline, steps=1)
    rough = attribution.completeness_error(network, images, TARGETS, baseline=baseline, attributions=one)
    assert rough.mean() > 2 * error.mean()


def test_smoothgrad_is_the_mean_gradient_of_noisy_copies(network, images):
    options = {"samples": 200, "sigma": 0.2, "seeds": [5, 6, 7, 8]}
    ours = attribution.smoothgrad(network, images, TARGETS, **options)
    for row in range(4):
        generator = torch.Generator().manual_seed(options["seeds"][row])
        spread = 0.2 * (images[row].max() - images[row].min())
        noisy = torch.stack([images[row] + spread * torch.randn(3, 16, 16, generator=generator) for _ in range(200)])
        mean = attribution.gradient(network, noisy, TARGETS[row].expand(200)).mean(0)
        torch.testing.assert_close(ours[row], mean, atol=1e-5, rtol=1e-3)
    still = attribution.smoothgrad(network, images, TARGETS, samples=3, sigma=0.0, seeds=[1, 2, 3, 4])
    torch.testing.assert_close(still, attribution.gradient(network, images, TARGETS))


METHODS = {
    "gradient": attribution.gradient,
    "input-x-gradient": attribution.input_x_gradient,
    "guided": attribution.guided_backpropagation,
    "smoothgrad": lambda n, x, t: attribution.smoothgrad(n, x, t, samples=4, sigma=0.1, seeds=[int(i) for i in t]),
    "integrated": lambda n, x, t: attribution.integrated_gradients(n, x, t, baseline=torch.zeros_like(x[:1]), steps=5),
}


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_one_by_one(network, images, method):
    together = METHODS[method](network, images, TARGETS)
    alone = [METHODS[method](network, images[i : i + 1], TARGETS[i : i + 1]) for i in range(4)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)


def test_guided_backpropagation_is_captums_on_relu_modules(network, images):
    theirs = captum.attr.GuidedBackprop(network).attribute(images, TARGETS)
    ours = attribution.guided_backpropagation(network, images, TARGETS)
    torch.testing.assert_close(ours, theirs)
    assert not torch.allclose(ours, attribution.gradient(network, images, TARGETS))


class Functional(nn.Module):
    """The same network as ``network`` with the ReLUs written as people write them."""

    def __init__(self, layers: nn.Sequential, relu) -> None:
        super().__init__()
        self.first, self.second, self.last, self.relu = layers[0], layers[3], layers[6], relu

    def forward(self, images):
        maps = F.max_pool2d(self.relu(self.first(images)), 2)
        return self.last(self.relu(self.second(maps)).flatten(1))


def _in_place_by_position(values):
    F.relu(values, True)
    return values


def _clamped(values):
    return values.clamp(min=0)


def _in_place(values):
    values.relu_()
    return values


def _in_place_by_argument(values):
    F.relu(values, inplace=True)
    return values


RELUS = {
    "function": F.relu,
    "torch": torch.relu,
    "method": torch.Tensor.relu,
    "torch in place": torch.relu_,
    "method in place": _in_place,
    "argument": _in_place_by_argument,
    "position": _in_place_by_position,
    "clamp": _clamped,
    "module in place": nn.ReLU(inplace=True),
}


@pytest.mark.parametrize("relu", RELUS.values(), ids=RELUS)
def test_guided_backpropagation_misses_no_relu_however_it_is_written(network, images, relu):
    wanted = attribution.guided_backpropagation(network, images, TARGETS)
    functional = Functional(network, relu)
    torch.testing.assert_close(attribution.guided_backpropagation(functional, images, TARGETS), wanted)


def test_guided_backpropagation_is_captums_on_squeezenet():
    torch.manual_seed(0)
    network = build("squeezenet1_1").eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False  # captum's hooks cannot do with in-place ones
    images, targets = torch.randn(2, 3, 64, 64), torch.tensor([3, 900])
    theirs = captum.attr.GuidedBackprop(network).attribute(images, targets)
    torch.testing.assert_close(attribution.guided_backpropagation(network, images, targets), theirs)


class Between(nn.Module):
    def forward(self, values):
        return F.relu6(values)


@pytest.mark.parametrize(
    "relu6", [nn.ReLU6(), nn.ReLU6(inplace=True), Between()], ids=["module", "in place", "function"]
)
def test_a_relu6_lets_gradients_through_between_its_bounds(images, relu6):
    torch.manual_seed(0)
    weights = nn.Linear(768, 5).requires_grad_(False)
    network = nn.Sequential(nn.Flatten(), relu6, weights)
    spread = images * 4
    guided = attribution.guided_backpropagation(network, spread, TARGETS)
    passing = (spread > 0) & (spread < 6)
    torch.testing.assert_close(guided, weights.weight[TARGETS].clamp(min=0).view_as(spread) * passing)


class Unguided(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values):
        ctx.save_for_backward(values > 0)
        return values.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.clamp(min=0) * ctx.saved_tensors[0]


@pytest.mark.parametrize("name", ["densenet121", "inception_v3"])
def test_guided_backpropagation_works_where_functional_relus_hide_from_hooks(name, monkeypatch):
    torch.manual_seed(0)
    network = build(name).eval().requires_grad_(False)
    size = 96 if name == "inception_v3" else 64
    images = torch.randn(1, 3, size, size)
    ours = attribution.guided_backpropagation(network, images, TARGETS[:1])
    # The reference replaces the function itself, which both modules and functional calls end in.
    monkeypatch.setattr(F, "relu", lambda values, inplace=False: Unguided.apply(values))
    wanted = attribution.gradient(network, images, TARGETS[:1])
    monkeypatch.undo()
    torch.testing.assert_close(ours, wanted, atol=1e-6, rtol=1e-3)
    plain = attribution.gradient(network, images, TARGETS[:1])
    assert (ours - plain).norm() > 0.1 * plain.norm()


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (nn.SiLU(), "uses SiLU"),
        (nn.GELU(), "uses GELU"),
        (nn.Hardswish(), "uses Hardswish"),
        (nn.Identity(), "has none"),
    ],
)
def test_guided_backpropagation_says_where_it_is_not_defined(images, layer, says):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), layer, nn.Flatten(), nn.Linear(4 * 196, 5))
    with pytest.raises(NoGuidedBackpropagation, match=says):
        attribution.guided_backpropagation(network, images, TARGETS)
