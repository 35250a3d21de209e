"""A step of `dcgan` and of `dann` against the loops of the textbooks, with the same networks, batches and data."""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from engine import catalogue
from engine.datasets.images import ImageSet, load
from engine.experiments.adapt import dann
from engine.experiments.generate import gan
from engine.networks.dcgan import initialise

BATCH, NZ = 128, 100


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


class Clock:
    """A context that only counts: the program's own loop, without an engine around it."""

    def __init__(self, seed: int = 0) -> None:
        self.device = torch.device("cpu")
        self.seed = seed
        self.done = 0
        self.total = 0
        self.generator = torch.Generator().manual_seed(seed)
        self.spent = 0.0

    def steps(self, total: int, unit: str = "step"):
        """Yield the steps; the first two are for warming up, and the last one evaluates or previews: neither counts."""
        self.total = total
        for step in range(1, total + 1):
            if step == 3:
                began = time.perf_counter()
            if step == total:
                self.spent = (time.perf_counter() - began) / (total - 3)
            yield step

    def ignore(self, *arguments, **named) -> None:
        """Do nothing."""

    restore = log = image = message = result = checkpoint = table = figure = ignore


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


def textbook_gan(steps: int) -> float:
    """Return the seconds per step of the loop that tutorials teach."""
    data = Digits(load("digits", size=28).train, 32, "L")
    loader = DataLoader(data, batch_size=BATCH, shuffle=True, drop_last=True)
    generator, discriminator = textbook_generator(), textbook_discriminator()
    initialise(generator, "dcgan")
    initialise(discriminator, "dcgan")
    optimiser_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimiser_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    losses: list[tuple[float, float]] = []
    done, began = 0, 0.0
    while True:
        for real, _ in loader:
            if done == 2:
                began = time.perf_counter()
            discriminator.zero_grad()
            logits = discriminator(real)
            loss_real = F.binary_cross_entropy_with_logits(logits, torch.ones(len(real)))
            loss_real.backward()
            fake = generator(torch.randn(len(real), NZ, 1, 1))
            logits = discriminator(fake.detach())
            loss_fake = F.binary_cross_entropy_with_logits(logits, torch.zeros(len(real)))
            loss_fake.backward()
            optimiser_d.step()
            generator.zero_grad()
            loss = F.binary_cross_entropy_with_logits(discriminator(fake), torch.ones(len(real)))
            loss.backward()
            optimiser_g.step()
            losses.append((loss.item(), (loss_real + loss_fake).item()))
            done += 1
            if done == steps + 2:
                return (time.perf_counter() - began) / steps


def our_gan(steps: int) -> float:
    """Return the seconds per step of the program, previews left out."""
    values = {"steps": steps + 3, "preview_every": 10_000_000, "batch": BATCH, "quality": 0}
    context = Clock()
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


def textbook_dann(steps: int) -> float:
    """Return the seconds per step of the notebooks' loop: two loaders, an `.item()` for every figure."""
    source, target = (
        DataLoader(Digits(load(name, size=32, channels=None).train, 28, "RGB"), 64, shuffle=True, drop_last=True)
        for name in ("digits", "digits-m")
    )
    features = nn.Sequential(
        *(nn.Conv2d(3, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 48, 5), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
    )
    label_head = nn.Sequential(nn.Linear(768, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 10))
    domain_head = nn.Sequential(nn.Linear(768, 100), nn.ReLU(), nn.Linear(100, 1))
    weights = [*features.parameters(), *label_head.parameters(), *domain_head.parameters()]
    optimiser = torch.optim.SGD(weights, lr=0.01, momentum=0.9)
    figures: list[tuple[float, ...]] = []
    done, began = 0, 0.0
    while True:
        for (images, labels), (others, _) in zip(source, target, strict=False):
            if done == 2:
                began = time.perf_counter()
            own, other = features(images), features(others)
            logits = label_head(own)
            loss = F.cross_entropy(logits, labels)
            told = domain_head(Reversal.apply(torch.cat((own, other)), 0.5)).squeeze(1)
            is_target = torch.cat((torch.zeros(len(own)), torch.ones(len(other))))
            domain_loss = F.binary_cross_entropy_with_logits(told, is_target)
            optimiser.zero_grad()
            (loss + domain_loss).backward()
            optimiser.step()
            right = (logits.argmax(1) == labels).float().mean().item()
            figures.append((loss.item(), domain_loss.item(), right))
            done += 1
            if done == steps + 2:
                return (time.perf_counter() - began) / steps


def our_dann(steps: int, batches: int = 135) -> float:
    """Return the seconds per step of the program."""
    context = Clock()
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
