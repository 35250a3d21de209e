"""The outcome of an attack: plots, norms, the saved files classified again, by this network and by others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.datasets.images import unit_range
from engine.datasets.photographs import image_of, open_image
from engine.drawing.tiles import overview, tile
from engine.experiments.earlier import load_network
from engine.experiments.fool.attacks import Goal, norms
from engine.experiments.subjects import Subjects, labels_to_keep, logits_of
from engine.networks.names import parse, several
from engine.plots import Tiles
from engine.tensors.pixels import eight_bit, to_uint8

if TYPE_CHECKING:
    from pathlib import Path

    from engine.authoring import Context
    from engine.experiments.fool.attacks import Attacked
    from engine.networks.backbones import Backbone

LOUDER = 10
"""By how much a difference is multiplied, so that it can be seen."""


@dataclass
class Outcome:
    """Attacked images as they lie on the disk.

    Attributes:
        subjects: the images before.
        backbone: the network that was attacked.
        before: logits of the images before, ``[N, classes]``.
        after: logits of the saved files, ``[N, classes]``.
        files: the saved files.
        reached: images that reached the goal as floats, bool ``[N]``.
        saved: images that still reach it when read from their files.
        counted: images whose prediction can be right, see :func:`labels_to_keep`, bool ``[N]``.
        eligible: images of the success rate: counted, and not at the goal from the start.
        norms: of the saved images' differences, see :func:`engine.experiments.fool.attacks.norms`.
        float_norms: of the floats' differences.
        steps: how many each took.
    """

    subjects: Subjects
    backbone: Backbone
    before: Tensor
    after: Tensor
    files: list[Path]
    reached: Tensor
    saved: Tensor
    counted: Tensor
    eligible: Tensor
    norms: dict[str, Tensor]
    float_norms: dict[str, Tensor]
    steps: Tensor

    def log(self, context: Context, *, floats: bool = False) -> None:
        """Log the plots, the table of all images, and the results.

        Args:
            context: of the run.
            floats: whether images count as floats, so that means are of these, or else as their files.
        """
        classes, names = self.backbone.classes, self.subjects.names
        labels = self.subjects.labels(classes)
        images = unit_range(self.subjects.pixels)
        rows: list[list[object]] = []
        panels: list[Tiles] = []
        for index, name in enumerate(names):
            was, now = self.before[index].argmax(), self.after[index].argmax()
            taken = _prediction(self.before[index], classes), _prediction(self.after[index], classes)
            result = unit_range(_read(self.files[index], self.backbone))
            change = result - images[index]
            far = {kind: float(own[index]) for kind, own in self.norms.items()}
            panel = Tiles(
                tuple(map(tile, (images[index], result, 0.5 + change, 0.5 + LOUDER * change))),
                (
                    (taken[0], name),
                    (taken[1], f"{int(self.steps[index]):,} steps"),
                    ("difference", f"L2 {far['L2']:.2f}, {far['L0']:,.0f} pixels"),
                    (f"difference x{LOUDER}", f"Linf {far['Linf'] * 255:.0f}/255"),
                ),
                columns=4,
            )
            context.plot("fooled", panel, index + 1)
            panels.append(panel)
            rows.append(
                [
                    name,
                    classes[labels[index]] if labels[index] >= 0 else "",
                    classes[was],
                    classes[now],
                    round(float(self.after[index].softmax(0)[now]), 4),
                    self._verdict(index),
                    int(self.steps[index]),
                    int(far["L0"]),
                    round(far["L2"], 4),
                    round(far["Linf"] * 255, 2),
                    round(float(self.float_norms["L2"][index]), 4),
                ]
            )
        context.plot("overview", overview(panels), 1)
        columns = ["image", "true class", "before", "after", "probability", "fooled", "steps"]
        context.table("images", [*columns, "L0", "L2", "Linf/255", "L2 of floats"], rows)
        context.result(self.figures(floats=floats))

    def figures(self, *, floats: bool) -> dict[str, float]:
        """Return success rates, and the mean norms of all successes: of the files, or of the floats if these count.

        The L2 norm of all floats that are successes stands beside them.
        """
        as_floats, as_files = self.reached & self.eligible, self.saved & self.eligible
        won, sizes = (as_floats, self.float_norms) if floats else (as_files, self.norms)
        count = int(self.eligible.sum())
        found: dict[str, float] = {"images/attacked": count}
        if count:
            found["success/rate"] = int(as_floats.sum()) / count
            found["success/saved"] = int(as_files.sum()) / count
        if as_floats.any():
            found["mean/L2-float"] = float(self.float_norms["L2"][as_floats].mean())
        if won.any():
            found |= {f"mean/{kind}": float(own[won].float().mean()) for kind, own in sizes.items()}
            found["mean/steps"] = float(self.steps[won].float().mean())
        return found

    def _verdict(self, index: int) -> str:
        if not self.counted[index]:
            return "shows none of the classes"
        if not self.eligible[index]:
            return "from the start"
        if self.saved[index]:
            return "yes"
        return "not once saved" if self.reached[index] else "no"

    def log_transfer(self, networks: str, context: Context) -> None:
        """Log how often other networks misclassify the saved files of images that they classified correctly before."""
        won = (self.saved & self.eligible).nonzero().flatten().tolist()
        classes = [self.backbone.classes[number] for number in self.after.argmax(1).tolist()]
        rows: list[list[object]] = []
        results: dict[str, float] = {}
        for name in several(networks):
            other = load_network(name, context).fixed()
            squash = other.preprocessing.resized("squash").pixels
            clean, fooled = (
                logits_of(torch.stack([squash(image) for image in images]), other, context.device).argmax(1)
                for images in (map(image_of, self.subjects.pixels), map(open_image, self.files))
            )
            labels, counted = labels_to_keep(self.subjects, other.classes, clean)
            knew = [index for index in won if counted[index] and clean[index] == labels[index]]
            wrong = [index for index in knew if fooled[index] != labels[index]]
            same = [index for index in wrong if other.classes[int(fooled[index])] == classes[index]]
            rate = len(wrong) / len(knew) if knew else math.nan
            rows.append([name, len(knew), len(wrong), round(rate, 4) if knew else "", len(same)])
            architectures = [parse(each).architecture for each in several(networks)]
            alone = other.architecture and architectures.count(other.architecture) == 1
            results |= {f"{other.architecture if alone else name}/transfer": rate} if knew else {}
        columns = ["network", "images it knew", "fooled as well", "share", "into the same class"]
        context.table("transfer", columns, rows)
        context.result(results)


def save_and_classify(
    attacked: Attacked,
    goal: Goal,
    subjects: Subjects,
    backbone: Backbone,
    before: Tensor,
    counted: Tensor,
    context: Context,
) -> Outcome:
    """Save the attacked images, and classify them again as read from their files."""
    images = eight_bit(attacked.images).cpu()
    logits_of_all = logits_of(to_uint8(images), backbone, context.device)
    files = [
        context.image("adversarial", image, index, _prediction(logits, backbone.classes))
        for index, (image, logits) in enumerate(zip(images, logits_of_all, strict=True), start=1)
    ]
    for index, image in enumerate(unit_range(subjects.pixels), start=1):  # what the changed ones are compared with
        context.image("original", image, index, _prediction(before[index - 1], backbone.classes))
    saved = torch.stack([_read(file, backbone) for file in files])
    after = logits_of(saved, backbone, context.device)
    goal = Goal(goal.classes.cpu(), goal.targeted)
    every = torch.arange(len(files))
    return Outcome(
        subjects,
        backbone,
        before,
        after,
        files,
        attacked.reached.cpu(),
        goal.reached(after, every),
        counted,
        counted & ~goal.reached(before, every),
        norms(unit_range(saved), unit_range(subjects.pixels)),
        norms(attacked.floats.cpu(), unit_range(subjects.pixels)),
        attacked.steps.cpu(),
    )


def _prediction(logits: Tensor, classes: tuple[str, ...]) -> str:
    """Return the predicted class and its probability."""
    best = int(logits.argmax())
    return f"{classes[best]} {float(logits.softmax(0)[best]):.2f}"


def _read(file: Path, backbone: Backbone) -> Tensor:
    """Read a saved image at the input size of the network it was made for, uint8 ``[C, S, S]``."""
    return backbone.preprocessing.resized("squash").pixels(open_image(file))
