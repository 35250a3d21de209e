"""Which methods of explaining a network can do, as far as its name tells: known before a launch. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.declaration import one_or_several
from engine.experiments.inspect import methods
from engine.networks import names
from engine.networks.references import architecture_of
from engine.references import Reference, Resolved, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GRADIENTS, ACTIVATION_MAPS, BASELINES = (methods.names(folder) for folder in methods.FOLDERS)
METHODS = (*GRADIENTS, *ACTIVATION_MAPS, *BASELINES)
GUIDED = ("guided", "guided-gradcam")


def refusal(method: str, architecture: str, layer: str) -> str:
    """Return why an architecture cannot do a method, or "" if it can.

    Args:
        method: its name.
        architecture: one of torchvision's, or ``cnn``.
        layer: of class activation maps; empty for the last with maps, otherwise only a trial tells.
    """
    activation = names.ACTIVATIONS.get(architecture, "ReLU")
    last_maps = names.LAST_MAPS.get(architecture, "mixed")
    if method in GUIDED and activation != "ReLU":
        return f"guided backpropagation is defined for ReLU, and it uses {activation}"
    if method in ACTIVATION_MAPS and not layer and last_maps == "none":
        return "it has no maps in front of its classifier"
    if method == "cam" and not layer and last_maps != "averaged":
        return "its logits are not averages of maps"
    return ""


@dataclass(frozen=True)
class MethodsReference(Reference):
    """One or several methods; each network that the field ``model`` names must be able to do one of them.

    Attributes:
        offered: what forms and completion suggest.
    """

    several: bool = field(default=True, init=False)
    offered: tuple[str, ...] = ()

    def check(self, text: str) -> str:
        """Return the names without spaces around them, each once."""
        return one_or_several(METHODS)(text)

    def resolve(self, text: str, scope: Scope) -> Resolved:
        """Return the text; a network that can do none of the methods is refused."""
        layer = scope.values["layer"]
        for network in names.several(scope.values["model"]):
            if not (name := architecture_of(network, scope)):
                continue
            refused = {method: refusal(method, name.architecture, layer) for method in METHODS}
            chosen = [method for method in text.split(",") if method not in BASELINES]
            if chosen and all(refused[method] for method in chosen):
                reasons = "; ".join(dict.fromkeys(refused[method] for method in chosen))
                able = ", ".join(method for method in METHODS if not refused[method] and method not in BASELINES)
                raise ValueError(f"{name.architecture} cannot do {' or '.join(chosen)}: {reasons}; it can do {able}")
        return Resolved(text)

    def suggestions(self, values: Mapping[str, Any], cache: Path) -> tuple[str, ...]:  # noqa: ARG002
        """Return what is offered."""
        return self.offered
