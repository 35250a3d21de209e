"""Cutting a network: its places by the names people use, and the pieces before, between and after them."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from engine.errors import first_line
from engine.networks.places import Cut, Places, UnknownCut

STAGED = ("VGG",)
"""Networks whose convolutions are counted within stages that pools end: conv5_3."""
FLAT = ("AlexNet", "SqueezeNet")
"""Networks whose layers are counted through: conv1, fire2, fc6."""
KINDS = {
    "Conv2d": "conv",
    "Linear": "fc",
    "Fire": "fire",
    "ReLU": "relu",
    "MaxPool2d": "pool",
    "AdaptiveAvgPool2d": "pool",
    "BatchNorm2d": "norm",
    "Dropout": "drop",
}
COUNTED = ("conv", "fc", "fire")
PLAIN = {operator.iadd: operator.add, operator.imul: operator.mul, operator.isub: operator.sub}
"""Operations that overwrite their operand, and those that do not."""


Take = Callable[[Cut, Tensor], None]


class Sectioned:
    """A network seen as a chain of places, in evaluation mode.

    Nothing in it overwrites what an earlier place gave: in-place ReLUs, in-place additions and the like are replaced
    by their plain forms, so that a captured map equals the layer's own output.

    Args:
        network: a torchvision classifier, or any network that ``torch.fx`` can trace.
        shape: of one input image, ``(C, H, W)``.

    Raises:
        UnknownCut: if it cannot be traced.
    """

    def __init__(self, network: nn.Module, shape: tuple[int, int, int]) -> None:
        for module in network.modules():
            if getattr(module, "inplace", False):
                module.inplace = False  # type: ignore[assignment]
        self.network = network.eval()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                names = get_graph_node_names(network)[1]
                self._whole = create_feature_extractor(network, return_nodes=names[1:], suppress_diff_warning=True)
        except Exception as error:
            raise UnknownCut(f"the network cannot be taken apart: {first_line(error)}") from error
        self._whole.eval()
        (output,) = (node for node in self._whole.graph.nodes if node.op == "output")
        self._nodes: dict[str, fx.Node] = dict(output.args[0])
        self._input = next(iter(self._whole.graph.nodes))
        self._pieces: dict[tuple[str, ...], tuple[fx.GraphModule, dict[fx.Node, Cut]]] = {}
        shapes = self._shapes(shape)
        boundary = self._boundary()
        aliases = known_as(network)
        cuts, behind = [], False
        for name in self._nodes:
            if name in shapes:
                cuts.append(Cut(aliases.get(name, name), name, shapes[name], behind))
            behind = behind or name == boundary
        chains = {
            path: tuple(name for name, _ in module.named_children())
            for path, module in network.named_modules()
            if isinstance(module, nn.Sequential)
        }
        nodes = tuple(self._nodes)
        self.places = Places(tuple(cuts), nodes, frozenset(_landmarks(network, list(nodes))), chains)
        self.every = self.places.every
        self.boundary = next((cut for cut in cuts if cut.node == boundary), None)
        self.cuts = self.places.listed

    def _shapes(self, shape: tuple[int, int, int]) -> dict[str, tuple[int, ...]]:
        """Find the shape of each place's values for one image; places that give no batch of numbers are left out."""
        found: dict[str, tuple[int, ...]] = {}
        names = {node: name for name, node in self._nodes.items()}
        parameter = next(self.network.parameters(), None)
        like = parameter if parameter is not None else torch.empty(0)

        def note(node: fx.Node, value: Any) -> None:
            if isinstance(value, Tensor) and value.ndim > 1 and value.shape[0] == 1 and value.is_floating_point():
                found[names[node]] = tuple(value.shape[1:])

        images = torch.zeros(1, *shape, dtype=like.dtype, device=like.device)
        with torch.inference_mode():
            Tapped(self._whole, dict.fromkeys(self._nodes.values(), note)).run(images)
        return found

    def _boundary(self) -> str:
        """Return the last place of the convolutional part, or the empty string where there is no such part."""
        names = list(self._nodes)
        if isinstance(getattr(self.network, "features", None), nn.Module):
            below = [name for name in names if name.startswith("features.")]
            return below[-1] if below else ""
        if "avgpool" in names[1:]:
            before = self._nodes["avgpool"].args[0]
            return next((name for name, node in self._nodes.items() if node is before), "")
        return ""

    def find(self, name: str) -> Cut:
        """Return a cut by any of its names; see :meth:`engine.networks.places.Places.find`.

        Raises:
            UnknownCut: with the nearest names there are.
        """
        return self.places.find(name)

    def before(self, module: str) -> Cut:
        """Return the place that feeds a layer, dropouts in front of it left out.

        Raises:
            UnknownCut: if the network has no such layer.
        """
        by_node = {self._nodes[cut.node]: cut for cut in self.every}
        if module not in self._nodes:
            raise UnknownCut(f"the network has no layer {module!r}")
        source = self._nodes[module].all_input_nodes[0]
        while source in by_node and isinstance(self._module(source), nn.Dropout):
            source = source.all_input_nodes[0]
        if source not in by_node:
            raise UnknownCut(f"nothing comes before {module}")
        return by_node[source]

    def before_dropouts(self, module: str) -> Cut:
        """Return the place that feeds the first dropout behind the convolutional part, or a layer if there is none.

        Raises:
            UnknownCut: if the network has no such layer.
        """
        by_node = {self._nodes[cut.node]: cut for cut in self.every}
        for cut in self.every:
            node = self._nodes[cut.node]
            if cut.behind and isinstance(self._module(node), nn.Dropout) and node.all_input_nodes[0] in by_node:
                return by_node[node.all_input_nodes[0]]
        return self.before(module)

    def penultimate(self) -> Cut:
        """Return what the last layer is fed: relu7 of VGG16, the pooled maps of ResNet50, fire9 of SqueezeNet.

        The last layer is the last dense one in the order of computation, or the last convolution where there is none.

        Raises:
            UnknownCut: if the network has neither.
        """
        kinds = {name: type(self._module(node)) for name, node in self._nodes.items()}
        for wanted in (nn.Linear, nn.Conv2d):
            if layers := [name for name, kind in kinds.items() if kind is wanted]:
                return self.before(layers[-1])
        raise UnknownCut("the network has no dense layer and no convolution")

    def pools(self, cut: Cut) -> bool:
        """Tell whether a cut is the output of a pooling layer, or of a dropout after one."""
        node = self._nodes[cut.node]
        while node.op == "call_module" and isinstance(self._module(node), nn.Dropout | nn.Identity):
            node = node.all_input_nodes[0]
        name = type(self._module(node)).__name__ if node.op == "call_module" else getattr(node.target, "__name__", "")
        return "pool" in name.lower()

    def around_relu(self, cut: Cut) -> tuple[Cut, Cut]:
        """Return the places right before and right after the ReLU that belongs to a cut.

        A convolution's ReLU is the one after it, with or without a normalisation between; a ReLU's place before is what
        feeds it. Without a ReLU both are the place after the normalisation, or the cut itself.
        """
        by_node = {self._nodes[place.node]: place for place in self.every}
        node = self._nodes[cut.node]
        if self._rectifies(node):
            return by_node.get(node.all_input_nodes[0], cut), cut
        while following := [user for user in node.users if self._rectifies(user) or self._normalises(user)]:
            if self._rectifies(following[0]):
                return by_node[node], by_node[following[0]]
            node = following[0]
        return by_node.get(node, cut), by_node.get(node, cut)

    def convolutions(self) -> tuple[Cut, ...]:
        """Return the place after each convolution and its ReLU, or else its normalisation, in order, each once."""
        convolved = [cut for cut in self.every if isinstance(self._module(self._nodes[cut.node]), nn.Conv2d)]
        return tuple(dict.fromkeys(self.around_relu(cut)[1] for cut in convolved if cut.spatial))

    def _normalises(self, node: fx.Node) -> bool:
        return isinstance(self._module(node), nn.modules.batchnorm._BatchNorm)

    def _rectifies(self, node: fx.Node) -> bool:
        name = type(self._module(node)).__name__ if node.op == "call_module" else getattr(node.target, "__name__", "")
        return name.lower().startswith("relu")

    def _module(self, node: fx.Node) -> nn.Module | None:
        return self._whole.get_submodule(str(node.target)) if node.op == "call_module" else None

    def piece(self, ends: Sequence[Cut], start: Cut | None = None) -> fx.GraphModule:
        """Return the part of the network from the input, or from ``start``, to the last of ``ends``.

        It returns the values at ``ends`` as a dictionary by their nodes' names.
        """
        graph, copied = fx.Graph(), {}
        wanted = [self._nodes[end.node] for end in ends]
        needed = _ancestors(wanted, self._nodes[start.node] if start else self._input)
        copied[self._nodes[start.node] if start else self._input] = graph.placeholder("values")
        for node in self._whole.graph.nodes:
            if node not in needed or node in copied:
                continue
            if node.op == "placeholder":
                raise UnknownCut(f"what comes after {start.name if start else 'the input'} needs the image itself")
            copied[node] = graph.node_copy(node, copied.__getitem__)
            copied[node].target = PLAIN.get(node.target, node.target)
            if copied[node].kwargs.get("inplace"):
                copied[node].kwargs = {**copied[node].kwargs, "inplace": False}
        graph.output({end.node: copied[node] for end, node in zip(ends, wanted, strict=True)})
        return fx.GraphModule(self._whole, graph)

    def run(self, ends: Sequence[Cut], values: Tensor, take: Take, start: Cut | None = None) -> None:
        """Hand the values at each of ``ends`` to ``take(cut, values)``, from one forward pass.

        Each is passed on as soon as it is computed and freed when nothing needs it any more.

        Args:
            ends: places to look at.
            values: images ``[N, C, H, W]``, or the values at ``start``.
            take: must not overwrite what it is given.
            start: where to begin; the input if None.
        """
        key = (start.node if start else "", *(end.node for end in ends))
        if key not in self._pieces:
            piece = self.piece(ends, start)
            (output,) = (node for node in piece.graph.nodes if node.op == "output")
            at = {node: end for end, node in zip(ends, output.args[0].values(), strict=True)}
            # What a piece returns would stay in memory until its end.
            output.args = (None,)
            self._pieces[key] = (piece, at)
        piece, at = self._pieces[key]
        Tapped(piece, dict.fromkeys(at, lambda node, value: take(at[node], value))).run(values)

    def fitting(self) -> dict[str, tuple[str, ...]]:
        """Return for each classifier cut the convolutional cuts whose maps it can take, by trying."""
        if self.boundary is None:
            return {}
        behind = [cut for cut in self.cuts if cut.behind]
        fits: dict[str, list[str]] = {cut.name: [] for cut in behind}
        parameter = next(self.network.parameters())
        for cut in (cut for cut in self.cuts if not cut.behind and cut.spatial):
            for end in behind:
                values = torch.zeros(1, *cut.shape, dtype=parameter.dtype, device=parameter.device)
                try:
                    with torch.inference_mode():
                        self.piece([end], self.boundary)(values)
                except RuntimeError:
                    break
                fits[end.name].append(cut.name)
        return {name: tuple(fitting) for name, fitting in fits.items()}


class Tapped(fx.Interpreter):
    """Runs a piece of a network and passes the values at some nodes on as soon as they are computed."""

    def __init__(self, piece: fx.GraphModule, taps: Mapping[fx.Node, Any]) -> None:
        super().__init__(piece)
        self._taps = taps

    def run_node(self, n: fx.Node) -> Any:
        """Run one node; its value is passed on before anything else can touch it."""
        value = super().run_node(n)
        if n in self._taps:
            self._taps[n](n, value)
        return value


def _ancestors(nodes: Sequence[fx.Node], start: fx.Node) -> set[fx.Node]:
    """Return what must be computed for some nodes from the values at ``start``."""
    needed: set[fx.Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in needed:
            needed.add(node)
            if node is not start:
                waiting += node.all_input_nodes
    return needed


def _landmarks(network: nn.Module, names: list[str]) -> set[str]:
    """Return the places worth listing: the ends of layers and blocks, found by going down through ``Sequential``."""
    ends: set[str] = set()

    def descend(module: nn.Module, path: str) -> None:
        for child_name, child in module.named_children():
            child_path = f"{path}.{child_name}" if path else child_name
            if isinstance(child, nn.Sequential):
                descend(child, child_path)
            elif not isinstance(child, nn.Dropout):  # which lets everything through
                inside = [name for name in names if name == child_path or name.startswith(f"{child_path}.")]
                ends.update(inside[-1:])

    descend(network, "")
    # What the network itself computes after its first child, e.g. a functional ReLU and flatten.
    first = next((position for position, name in enumerate(names) if name in ends), 0)
    return ends | {name for name in names[first:] if "." not in name}


def known_as(network: nn.Module) -> dict[str, str]:
    """Return the names people use for the places of a network, by torchvision's names."""
    kind = type(network).__name__
    if kind not in STAGED + FLAT:
        last = [name.rpartition(".")[2] for name, _ in network.named_modules()]
        return {
            name: short
            for name, _ in network.named_modules()
            if (short := name.rpartition(".")[2]) and last.count(short) == 1 and not short.isdecimal()
        }
    aliases: dict[str, str] = {}
    stage, within = (1, 0) if kind in STAGED else (0, 0)
    for part in ("features", "classifier"):
        for number, module in network.get_submodule(part).named_children():
            what = KINDS.get(type(module).__name__, "")
            node = f"{part}.{number}.cat" if what == "fire" else f"{part}.{number}"
            staged = kind in STAGED and part == "features"
            if staged and what == "conv":
                within += 1
            elif not staged and what in COUNTED:
                stage += 1
            aliases[node] = f"{what}{stage}" + (f"_{within}" if staged and what != "pool" else "")
            if staged and what == "pool":
                stage, within = stage + 1, 0
        if kind in STAGED and part == "features":
            stage -= 1
    return aliases
