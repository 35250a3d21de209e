"""The experiments that fool networks: their names and hyperparameters. No torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from engine.datasets.references import Images
from engine.declaration import Experiment, Headline, Hyperparameters, hyperparameter
from engine.experiments.fool import pages
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
LEVELS = 255
"""Sizes for the L-inf norm are numbers of 8-bit levels, of which there are so many between 0 and 1."""
SIZES = {True: "1,2,4,8,16,32,64", False: "0.25,0.5,1,2,4,8"}
"""Of changes: in 255ths for the L-inf norm, or else in the L2 norm."""
BOUNDED = "fgsm, pgd and apgd"
SMALLEST = "carlini & wagner"


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
    method: Literal["apgd", "pgd", "fgsm", "cw"] = hyperparameter(
        "apgd",
        "auto-PGD on cross-entropy and on DLR, projected gradient descent, fast gradient sign, or Carlini & Wagner",
    )
    target: OptionalTarget = hyperparameter(
        "",
        "class by number or name that the network should predict, or least-likely; empty for any wrong one",
    )
    transfer: OptionalNetworkNames = _transfer()
    resize: Resize = resize()
    norm: Literal["linf", "l2"] = hyperparameter("linf", "norm that is bounded, for pgd and apgd", group=BOUNDED)
    eps: float = hyperparameter(
        8.0,
        "largest change of a pixel in levels of 8 bits, for linf: 8 means 8/255",
        ge=0.01,
        le=255,
        log=True,
        unit="255ths",
        group=BOUNDED,
    )
    eps_l2: float = hyperparameter(
        2.0, "largest L2 norm of the change, pixels in [0, 1], for l2", ge=1e-3, le=1e3, log=True, group=BOUNDED
    )
    alpha: float = hyperparameter(
        2.0,
        "step of pgd in levels of 8 bits, for linf: 2 means 2/255; for l2 it is 2.5 eps / steps",
        ge=1e-3,
        le=255,
        log=True,
        unit="255ths",
        group=BOUNDED,
    )
    steps: int = hyperparameter(
        20, "steps of pgd, and of apgd with each loss; AutoAttack takes 100", ge=1, le=100_000, group=BOUNDED
    )
    restarts: int = hyperparameter(
        1, "random starts of pgd and apgd; an image is robust if it withstands all", ge=1, le=100, group=BOUNDED
    )
    random_start: bool = hyperparameter(
        default=True, description="begin at a random place inside the bound; off begins at the image", group=BOUNDED
    )
    stop_early: bool = hyperparameter(
        default=False,
        description="leave an image alone once it is misclassified in 8 bits: quicker, but it transfers less",
        group=BOUNDED,
    )
    searches: int = hyperparameter(9, "rounds of the binary search on c", ge=1, le=50, group=SMALLEST)
    iterations: int = hyperparameter(1_000, "steps in each round, at most", ge=1, le=100_000, group=SMALLEST)
    lr: float = hyperparameter(0.01, "learning rate of its Adam", gt=0, le=10, log=True, group=SMALLEST)
    confidence: float = hyperparameter(0.0, "by how much the wrong logit must lead", ge=0, le=1e3, group=SMALLEST)
    radii: int = hyperparameter(
        10,
        "radii of PGD in L2 whose closest success it starts from; 0 starts at the image",
        ge=0,
        le=50,
        group=SMALLEST,
    )
    stored: bool = hyperparameter(
        default=True,
        description="count and measure images as 8 bits store them; off counts floats",
        group=SMALLEST,
    )
    curve: Annotated[str, AfterValidator(_sizes)] = hyperparameter(
        AUTO,
        "sizes of change for the curve of robust accuracy, 255ths for linf; auto, or empty for none",
        suggestions=(AUTO, "1,2,4,8,16", "0.25,0.5,1,2,4"),
        several=True,
        group="robust accuracy",
    )
    check: bool = hyperparameter(
        default=True,
        description="check pgd and apgd for masked gradients: with twice the steps, and with half the range of pixels",
        group="robust accuracy",
    )

    @property
    def limits_linf(self) -> bool:
        """Whether the change is measured by its largest value."""
        return self.method == "fgsm" or (self.method != "cw" and self.norm == "linf")

    @property
    def size(self) -> float:
        """The largest change in the norm that is chosen, as the user writes it."""
        return self.eps if self.limits_linf else self.eps_l2

    @property
    def scale(self) -> float:
        """What a size is divided by to be one of pixels in [0, 1]."""
        return LEVELS if self.limits_linf else 1.0

    @property
    def curve_sizes(self) -> list[float]:
        """The sizes of the curve, smallest first."""
        sizes = SIZES[self.limits_linf] if self.curve == AUTO else self.curve
        return sorted({float(size) for size in sizes.split(",") if size})

    @property
    def doubts(self) -> dict[str, str]:
        """Sizes that were probably meant on the scale of [0, 1], and restarts that all begin at the same place."""
        found: dict[str, str] = {}
        if self.limits_linf:
            # Steps of pgd may well be shorter than a level of 8 bits, but hardly as short as on the scale of [0, 1].
            least = [("eps", self.eps, 1.0), *(("curve", size, 1.0) for size in self.curve_sizes)]
            least += [("alpha", self.alpha, 0.1)] if self.method == "pgd" else []
            for name, size, smallest in least:
                if size < smallest:
                    found.setdefault(
                        name,
                        f"{name} {size:g} means {size:g}/{LEVELS}, less than 8 bits can hold: "
                        f"if you meant {size:g} on the scale of [0, 1], write {size * LEVELS:g}",
                    )
        if self.restarts > 1 and not self.random_start:
            found["restarts"] = "restarts need a random start: without one there is a single start, at the image"
        return found


EXPERIMENTS = (
    Experiment(
        name="fool",
        title="Fooling images",
        family="fool",
        summary="Change images, almost invisibly, until a network predicts a class of your choice.",
        hyperparameters=FoolHyperparameters,
        program="engine.experiments.fool.fool:run",
        page=pages.FOOL,
        shows=("pictures", "tables"),
        charts=(("reached/share",),),
        headline=Headline("success/saved", better="higher"),
        tables=("images", "transfer"),
    ),
    Experiment(
        name="attack",
        title="Attack",
        family="fool",
        summary="Attack a network on images: auto-PGD, PGD, FGSM, Carlini & Wagner; robust accuracy, transfer.",
        hyperparameters=AttackHyperparameters,
        program="engine.experiments.fool.attack:run",
        page=pages.ATTACK,
        shows=("pictures", "tables"),
        charts=(("reached/share",),),
        headline=Headline("robust/accuracy", better="higher"),
        tables=("images", "transfer", "curve"),
    ),
)
