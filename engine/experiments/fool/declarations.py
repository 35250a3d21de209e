"""The experiments that fool networks: their names and hyperparameters. No torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from engine.datasets.references import Images
from engine.declaration import Experiment, Headline, Hyperparameters, hyperparameter
from engine.experiments.hyperparameters import Resize, images, network, resize
from engine.networks.references import NetworkName, OptionalNetworkNames, OptionalTarget, TargetClass


def _transfer() -> Any:
    return hyperparameter("", "other networks that the saved images are shown to, by name, separated by commas")


class FoolHyperparameters(Hyperparameters):
    """Hyperparameters of ``fool``."""

    images: Images = images("digits:test/0-7")
    model: NetworkName = network()
    target: TargetClass = hyperparameter(
        "3",
        "class by number or name that the network should predict, or least-likely",
    )
    lr: float = hyperparameter(
        1.0, "length of a step in the normalised input, for one of 224 pixels", gt=0, le=1e3, live=True, log=True
    )
    steps: int = hyperparameter(100, "steps, at most", ge=1, le=100_000)
    valid: bool = hyperparameter(
        default=True, description="keep pixels in [0, 1] and classify images as 8 bits store them; off follows CS231n"
    )
    transfer: OptionalNetworkNames = _transfer()
    resize: Resize = resize()


AUTO = "auto"
SIZES = {True: "1,2,4,8,16,32,64", False: "0.25,0.5,1,2,4,8"}
"""Of changes: in 255ths for the L-inf norm, or else in the L2 norm."""


def _sizes(text: str) -> str:
    """Return sizes separated by commas, or ``auto``.

    Raises:
        ValueError: if one is none.
    """
    if text.strip() == AUTO:
        return AUTO
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        try:
            number = float(part)
        except ValueError:
            number = 0.0
        if not 1e-3 <= number <= 1e4:
            raise ValueError(f"{part!r} is no size from 0.001 to 10000: write numbers separated by commas")
    return ",".join(parts)


class AttackHyperparameters(Hyperparameters):
    """Hyperparameters of ``attack``."""

    images: Images = images("digits:test/0-63")
    model: NetworkName = network()
    method: Literal["fgsm", "pgd", "cw"] = hyperparameter(
        "pgd", "fast gradient sign, projected gradient descent, or Carlini & Wagner"
    )
    target: OptionalTarget = hyperparameter(
        "",
        "class by number or name that the network should predict, or least-likely; empty for any wrong one",
    )
    transfer: OptionalNetworkNames = _transfer()
    resize: Resize = resize()
    norm: Literal["linf", "l2"] = hyperparameter("linf", "norm that is bounded, for pgd", group="fgsm and pgd")
    eps: float = hyperparameter(
        8.0, "largest change of a pixel, for linf", ge=0.01, le=255, log=True, unit="255ths", group="fgsm and pgd"
    )
    eps_l2: float = hyperparameter(
        2.0, "largest L2 norm of the change, pixels in [0, 1], for l2", ge=1e-3, le=1e3, log=True, group="fgsm and pgd"
    )
    alpha: float = hyperparameter(
        2.0,
        "step of pgd, for linf; for l2 it is 2.5 eps / steps",
        ge=1e-3,
        le=255,
        log=True,
        unit="255ths",
        group="fgsm and pgd",
    )
    steps: int = hyperparameter(10, "steps of pgd, at most", ge=1, le=100_000, group="fgsm and pgd")
    random_start: bool = hyperparameter(
        default=True, description="begin pgd at a random place inside the bound", group="fgsm and pgd"
    )
    searches: int = hyperparameter(9, "rounds of the binary search on c", ge=1, le=50, group="carlini & wagner")
    iterations: int = hyperparameter(1_000, "steps in each round, at most", ge=1, le=100_000, group="carlini & wagner")
    lr: float = hyperparameter(0.01, "learning rate of its Adam", gt=0, le=10, log=True, group="carlini & wagner")
    confidence: float = hyperparameter(
        0.0, "by how much the wrong logit must lead", ge=0, le=1e3, group="carlini & wagner"
    )
    stored: bool = hyperparameter(
        default=True,
        description="count an image only if it still succeeds in 8 bits",
        group="carlini & wagner",
    )
    curve: Annotated[str, AfterValidator(_sizes)] = hyperparameter(
        AUTO,
        "sizes of change for the curve of robust accuracy, 255ths for linf; auto, or empty for none",
        suggestions=(AUTO, "1,2,4,8,16", "0.25,0.5,1,2,4"),
        group="robust accuracy",
    )

    @property
    def limits_linf(self) -> bool:
        """Whether the change is measured by its largest value."""
        return self.method == "fgsm" or (self.method == "pgd" and self.norm == "linf")

    @property
    def eps_in_pixels(self) -> float:
        """The largest change in the norm that is chosen, for pixels in [0, 1]."""
        return self.eps / 255 if self.limits_linf else self.eps_l2

    @property
    def total_steps(self) -> int:
        """How many steps the attack takes, at most."""
        return {"fgsm": 1, "pgd": self.steps, "cw": self.searches * self.iterations}[self.method]

    @property
    def curve_sizes(self) -> list[float]:
        """The sizes of the curve, smallest first."""
        sizes = SIZES[self.limits_linf] if self.curve == AUTO else self.curve
        return sorted({float(size) for size in sizes.split(",") if size})


EXPERIMENTS = (
    Experiment(
        name="fool",
        title="Fooling images",
        family="fool",
        summary="Change images, almost invisibly, until a network predicts a class of your choice.",
        hyperparameters=FoolHyperparameters,
        program="engine.experiments.fool.fool:run",
        charts=(("reached/share",),),
        headline=Headline("success/saved", better="higher"),
        tables=("images", "transfer"),
    ),
    Experiment(
        name="attack",
        title="Attack",
        family="fool",
        summary="Attack a network on a set of images: FGSM, PGD, Carlini & Wagner; success, norms, transfer.",
        hyperparameters=AttackHyperparameters,
        program="engine.experiments.fool.attack:run",
        charts=(("reached/share",),),
        headline=Headline("success/saved", better="higher"),
        tables=("images", "transfer", "curve"),
    ),
)
