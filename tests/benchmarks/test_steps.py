"""A step of `dcgan` and of `dann` against the loops of the textbooks, with the same networks, batches and data."""

from __future__ import annotations

import time

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from engine import catalogue
from engine.datasets.images import ImageSet, load
from engine.errors import DataUnavailable
from engine.experiments.adapt import dann
from engine.experiments.classify import cnn
from engine.experiments.generate import gan
from engine.networks.dcgan import initialise

BATCH, NZ = 128, 100
CPU = torch.device("cpu")
on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="a GPU is needed, and torch finds none")


class Digits(Dataset):
    """Digits as PIL images, resized, transformed and, for two domains, made RGB one by one."""

    def __init__(self, images: ImageSet, size: int, colour: str) -> None:
        arrays = images.images.permute(0, 2, 3, 1).squeeze(3).numpy()
        self.images = [Image.fromarray(array) for array in arrays]
        self.labels = images.labels.tolist()
        self.colour = colour
        channels = len(colour)
        self.transform = transforms.Compose(
            [transforms.Resize(size), transforms.ToTensor(), transforms.Normalize((0.5,) * channels, (0.5,) * channels)]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[index].convert(self.colour)), self.labels[index]


def now(device: torch.device) -> float:
    """Return the time when all that was started on the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


class Clock:
    """A context that only counts: the program's own loop, without an engine around it."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.seed = self.done = self.total = 0
        self.generator = torch.Generator(self.device).manual_seed(0)
        self.spent = 0.0
        # On a GPU the first steps are taken as they are, and then one is captured.
        self.first = 3 if device == "cpu" else 10

    def steps(self, total: int, unit: str = "step"):
        """Yield the steps; the first ones warm up, and the last one evaluates or previews: neither counts."""
        self.total = total
        for step in range(1, total + 1):
            if step == self.first:
                began = now(self.device)
            if step == total:
                self.spent = (now(self.device) - began) / (total - self.first)
            yield step

    def ignore(self, *arguments, **named) -> None:
        """Do nothing."""

    restore = log = image = message = result = checkpoint = table = plot = ignore


def textbook_generator() -> nn.Module:
    """Return the generator of PyTorch's DCGAN tutorial at 32 pixels and a width of 32."""

    def stage(width_in: int, width: int, *place: int) -> list[nn.Module]:
        return [
            nn.ConvTranspose2d(width_in, width, 4, *place, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]

    return nn.Sequential(
        *stage(NZ, 128, 1, 0),
        *stage(128, 64, 2, 1),
        *stage(64, 32, 2, 1),
        *(nn.ConvTranspose2d(32, 1, 4, 2, 1, bias=False), nn.Tanh()),
    )


def textbook_discriminator() -> nn.Module:
    """Return its discriminator."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)),
        *(nn.Conv2d(32, 64, 4, 2, 1, bias=False), nn.BatchNorm2d(64), nn.LeakyReLU(0.2, inplace=True)),
        *(nn.Conv2d(64, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.LeakyReLU(0.2, inplace=True)),
        *(nn.Conv2d(128, 1, 4, 1, 0, bias=False), nn.Flatten(0)),
    )


def textbook_gan(steps: int, device: torch.device = CPU) -> float:
    """Return the seconds per step of the loop that tutorials teach."""
    data = Digits(load("digits", size=28).train, 32, "L")
    loader = DataLoader(data, batch_size=BATCH, shuffle=True, drop_last=True)
    generator, discriminator = textbook_generator().to(device), textbook_discriminator().to(device)
    initialise(generator, "dcgan")
    initialise(discriminator, "dcgan")
    optimiser_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimiser_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    losses: list[tuple[float, float]] = []
    done, began = 0, 0.0
    while True:
        for images, _ in loader:
            if done == 2:
                began = now(device)
            real = images.to(device)
            discriminator.zero_grad()
            logits = discriminator(real)
            loss_real = F.binary_cross_entropy_with_logits(logits, torch.ones(len(real), device=device))
            loss_real.backward()
            fake = generator(torch.randn(len(real), NZ, 1, 1, device=device))
            logits = discriminator(fake.detach())
            loss_fake = F.binary_cross_entropy_with_logits(logits, torch.zeros(len(real), device=device))
            loss_fake.backward()
            optimiser_d.step()
            generator.zero_grad()
            loss = F.binary_cross_entropy_with_logits(discriminator(fake), torch.ones(len(real), device=device))
            loss.backward()
            optimiser_g.step()
            losses.append((loss.item(), (loss_real + loss_fake).item()))
            done += 1
            if done == steps + 2:
                return (now(device) - began) / steps


def our_gan(steps: int, device: str = "cpu") -> float:
    """Return the seconds per step of the program, previews left out."""
    context = Clock(device)
    values = {"steps": steps + context.first, "preview_every": 10_000_000, "batch": BATCH, "quality": 0}
    gan.train(catalogue.experiment("dcgan").validate(values), context)
    return context.spent


class Reversal(torch.autograd.Function):
    """The gradient reversal layer as notebooks write it."""

    @staticmethod
    def forward(ctx, values, strength):
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.strength * gradient, None


def textbook_dann(steps: int, device: torch.device = CPU) -> float:
    """Return the seconds per step of the notebooks' loop: two loaders, an `.item()` for every figure."""
    source, target = (
        DataLoader(Digits(load(name, size=32, channels=None).train, 28, "RGB"), 64, shuffle=True, drop_last=True)
        for name in ("digits", "digits-m")
    )
    features = nn.Sequential(
        *(nn.Conv2d(3, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 48, 5), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
    ).to(device)
    label_head = nn.Sequential(nn.Linear(768, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 10))
    domain_head = nn.Sequential(nn.Linear(768, 100), nn.ReLU(), nn.Linear(100, 1))
    label_head, domain_head = label_head.to(device), domain_head.to(device)
    weights = [*features.parameters(), *label_head.parameters(), *domain_head.parameters()]
    optimiser = torch.optim.SGD(weights, lr=0.01, momentum=0.9)
    figures: list[tuple[float, ...]] = []
    done, began = 0, 0.0
    while True:
        for (images, classes), (others, _) in zip(source, target, strict=False):
            if done == 2:
                began = now(device)
            own, other, labels = features(images.to(device)), features(others.to(device)), classes.to(device)
            logits = label_head(own)
            loss = F.cross_entropy(logits, labels)
            told = domain_head(Reversal.apply(torch.cat((own, other)), 0.5)).squeeze(1)
            is_target = torch.cat((torch.zeros(len(own)), torch.ones(len(other)))).to(device)
            domain_loss = F.binary_cross_entropy_with_logits(told, is_target)
            optimiser.zero_grad()
            (loss + domain_loss).backward()
            optimiser.step()
            right = (logits.argmax(1) == labels).float().mean().item()
            figures.append((loss.item(), domain_loss.item(), right))
            done += 1
            if done == steps + 2:
                return (now(device) - began) / steps


def our_dann(steps: int, batches: int = 135, device: str = "cpu") -> float:
    """Return the seconds per step of the program."""
    context = Clock(device)
    epochs = max(1, round(steps / batches))
    dann.train(catalogue.experiment("dann").validate({"epochs": epochs, "map_images": 0, "dropout": 0.0}), context)
    return context.spent


def test_dcgan_step_against_the_textbook_loop(full, in_turn, report):
    steps = 25 if full else 2
    fast, slow = in_turn(lambda: our_gan(steps), lambda: textbook_gan(steps), 5)
    report(f"{1000 * fast:.0f} ms a step, textbook {1000 * slow:.0f} ms: {slow / fast:.2f}x; goal 2x")


def test_dann_step_against_the_textbook_loop(full, in_turn, report):
    if not full:
        textbook_dann(2)
        return
    fast, slow = in_turn(lambda: our_dann(135), lambda: textbook_dann(50), 5)
    report(f"{1000 * fast:.0f} ms a step, textbook {1000 * slow:.0f} ms: {slow / fast:.2f}x; goal 3x")


@on_a_gpu
def test_dcgan_step_on_a_gpu_against_the_textbook_loop(full, in_turn, report):
    steps, gpu = 1_000 if full else 5, torch.device("cuda")
    fast, slow = in_turn(lambda: our_gan(steps, "cuda"), lambda: textbook_gan(steps // 10 or 2, gpu), 5)
    report(f"{1e3 * fast:.2f} ms a step, textbook {1e3 * slow:.2f} ms: {slow / fast:.1f}x; goal 10x; {name_of_gpu()}")


@on_a_gpu
def test_dann_step_on_a_gpu_against_the_textbook_loop(full, in_turn, report):
    steps, gpu = 1_350 if full else 135, torch.device("cuda")
    fast, slow = in_turn(lambda: our_dann(steps, device="cuda"), lambda: textbook_dann(steps // 10 or 2, gpu), 5)
    report(f"{1e3 * fast:.2f} ms a step, textbook {1e3 * slow:.2f} ms: {slow / fast:.1f}x; goal 10x; {name_of_gpu()}")


@on_a_gpu
def test_ten_epochs_of_mnist_on_a_gpu(full, report):
    context = Clock("cuda")
    values = {"dataset": "mnist" if full else "digits", "batch": 256, "lr": 1e-3, "epochs": 10 if full else 1}
    chosen = catalogue.experiment("cnn").validate(values)
    try:
        began = now(context.device)
        cnn.train(chosen, context)
    except DataUnavailable as reason:
        pytest.skip(str(reason))
    spent = now(context.device) - began
    report(f"{spent:.1f} s with loading and the report, {1e3 * context.spent:.2f} ms a step; goal 5 s; {name_of_gpu()}")


def name_of_gpu() -> str:
    """Return what a figure was measured on."""
    return torch.cuda.get_device_name()
