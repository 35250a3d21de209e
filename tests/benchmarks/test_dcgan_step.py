"""A step of `dcgan` against the loop of the textbooks, with the same networks, batch and data."""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from engine import experiment
from engine.datasets.images import load
from engine.experiments.generate import dcgan
from engine.networks.dcgan import Discriminator, Generator, initialise

BATCH, NZ = 128, 100


class Digits(Dataset):
    """The digits as PIL images, transformed one by one."""

    def __init__(self) -> None:
        images = load("digits", size=32).train.images[:, 0].numpy()
        self.images = [Image.fromarray(image).resize((28, 28)) for image in images]
        self.transform = transforms.Compose(
            [transforms.Resize(32), transforms.ToTensor(), transforms.Normalize(0.5, 0.5)]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(self.images[index])


def textbook(steps: int) -> float:
    """Return the seconds per step of the loop that tutorials teach."""
    loader = DataLoader(Digits(), batch_size=BATCH, shuffle=True, drop_last=True)
    generator, discriminator = Generator(NZ, 32), Discriminator(32)
    initialise(generator, "dcgan")
    initialise(discriminator, "dcgan")
    optimiser_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimiser_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    losses: list[tuple[float, float]] = []
    done, began = 0, 0.0
    while True:
        for real in loader:
            if done == 2:
                began = time.perf_counter()
            discriminator.zero_grad()
            logits = discriminator(real)
            loss_real = F.binary_cross_entropy_with_logits(logits, torch.ones(len(real)))
            loss_real.backward()
            fake = generator(torch.randn(len(real), NZ))
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


class Clock:
    """A context that only counts: the program's own loop, without an engine around it."""

    def __init__(self, seed: int = 0) -> None:
        self.device = torch.device("cpu")
        self.seed = seed
        self.generator = torch.Generator().manual_seed(seed)
        self.spent = 0.0

    def steps(self, total: int, unit: str = "step"):
        """Yield the steps; the first two are for warming up."""
        for step in range(1, total + 1):
            if step == 3:
                began = time.perf_counter()
            yield step
        self.spent = (time.perf_counter() - began) / (total - 2)

    def ignore(self, *arguments, **named) -> None:
        """Do nothing."""

    restore = log = image = message = result = checkpoint = ignore


def ours(steps: int) -> float:
    """Return the seconds per step of the program, previews left out."""
    values = {"steps": steps + 2, "preview_every": 10_000_000, "batch": BATCH}
    context = Clock()
    dcgan.train(experiment("dcgan").validate(values), context)
    return context.spent


def test_dcgan_step_against_the_textbook_loop(full, in_turn, report):
    steps = 25 if full else 2
    fast, slow = in_turn(lambda: ours(steps), lambda: textbook(steps), 5)
    report(f"{1000 * fast:.0f} ms a step, textbook {1000 * slow:.0f} ms: {slow / fast:.2f}x; goal 2x")
