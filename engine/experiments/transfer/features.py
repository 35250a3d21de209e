"""Features of photographs at cuts of a frozen network: one forward pass for all cuts, kept on disk piece by piece."""

from __future__ import annotations

import contextlib
import json
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.datasets import feature_cache
from engine.datasets.decoding import Batch, decoded_at, leave_out, tell_scaled
from engine.datasets.photographs import Photographs, Preprocessing, UnreadableImage
from engine.experiments.speed import autocast, uses_bf16
from engine.networks.cuts import Sectioned
from engine.record.files import write_atomically
from engine.tensors.batches import in_batches
from engine.tensors.devices import allow_tf32
from engine.tensors.files import save_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from engine.authoring import Context
    from engine.experiments.hyperparameters import Precision
    from engine.networks.backbones import Backbone
    from engine.networks.places import Cut

CHUNK = 256
"""Images whose features are kept as one file: what an interrupted run need not compute again."""
TRIED = 16
LARGEST_ERROR = 0.02
"""Relative error of the features up to which bf16 is taken by itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where features are taken: at a cut, or in a part of the classifier that the maps of a cut are fed into.

    Attributes:
        cut: a place in the network.
        tail: where the classifier is cut, if ``cut`` feeds it in place of the last convolutional map.
    """

    cut: Cut
    tail: Cut | None = None

    @property
    def name(self) -> str:
        """The names of both: ``relu5_1`` or ``relu5_1+fc6``."""
        return f"{self.cut.name}+{self.tail.name}" if self.tail else self.cut.name

    @property
    def end(self) -> Cut:
        """The cut whose values are taken."""
        return self.tail or self.cut


@dataclass(frozen=True, slots=True)
class Features:
    """Features of the images that could be read.

    Attributes:
        values: by the name of each place, float32 ``[N, D]`` on the CPU.
        labels: int64 ``[N]``.
        indices: int64 ``[N]``, where the images stand among the photographs.
    """

    values: dict[str, Tensor]
    labels: Tensor
    indices: Tensor


class Extractor:
    """Takes features of photographs at some places of a network.

    Args:
        backbone: the frozen network.
        places: where; all in one forward pass.
        preprocessing: what the images go through.
        pool: maps are averaged to at most ``pool`` x ``pool`` cells; 0 keeps them whole.
        precision: number format of the forward pass; ``auto`` takes bf16 where the device has instructions for it and
            the features stay within 2 % of those in float32.
        context: of the run; its cache keeps the features, its console hears of broken images.
        refuse_broken: raise for an image that cannot be read instead of leaving it out.
    """

    def __init__(
        self,
        backbone: Backbone,
        places: Sequence[Place],
        preprocessing: Preprocessing,
        pool: int,
        precision: Precision,
        context: Context,
        *,
        refuse_broken: bool = False,
    ) -> None:
        self.places = tuple(places)
        self._backbone = backbone
        self._sectioned = Sectioned(backbone.network, backbone.shape)
        self._preprocessing = preprocessing
        self._pool = pool
        self._context = context
        self._refuse_broken = refuse_broken
        self._device = context.device
        # On a CPU small batches stay within its caches: four times as fast as 128 at a time.
        self._batch = 16 if self._device.type == "cpu" else 64
        self._precision: Precision = precision
        self._untold = precision == "auto"
        allow_tf32(self._device, on=precision == "tf32")
        self._digest = backbone.digest()
        self._kept_bytes = 0
        self._scaled = 0
        self.computed = 0
        self.seconds = 0.0

    @property
    def rate(self) -> float:
        """Images per second, decoding included, of those whose features were not kept from before."""
        return self.computed / max(self.seconds, 1e-9)

    def extract(self, photographs: Photographs, name: str, part: str, steps: Iterator[int]) -> Features:
        """Return the features of all photographs, taking a step for each chunk of them.

        Raises:
            UnreadableImage: if a file is broken and ``refuse_broken`` is set, or if all are.
        """
        if self._precision == "auto":
            self._precision = self._chosen_precision(photographs)
        self._scaled = 0
        folder = self._folder(photographs, name, part)
        starts = torch.arange(len(photographs)).split(CHUNK)
        kept = {n: found for n in range(len(starts)) if (found := self._read(folder, n, len(starts[n])))}
        if kept:
            self._context.message(f"{len(kept)} of {len(starts)} pieces of the {part} features were kept from before")
        missing = [number for number in range(len(starts)) if number not in kept]
        if missing and self._untold:
            self._context.message(f"features are computed in {self._precision}")
            self._untold = False
        batches = [batch for number in missing for batch in starts[number].split(self._batch)]
        coming = decoded_at(photographs, self._preprocessing, batches)
        stored: list[dict[str, Tensor]] = []
        for number, indices in enumerate(starts):
            if number not in kept:
                began = time.monotonic()
                kept[number], broken, scaled = self._compute(coming, len(indices.split(self._batch)))
                self.seconds += time.monotonic() - began
                self.computed += len(kept[number]["indices"])
                self._write(folder, number, kept[number], broken, scaled)
                self._scaled += scaled
            stored.append(kept.pop(number))
            step = next(steps)
            if self.computed:
                self._context.log(step, {"features/images_per_second": self.rate})
        feature_cache.make_room(self._context.cache, keep=folder)
        tell_scaled(self._scaled, len(photographs), self._context)
        # Key by key, so that nothing is there twice for long.
        keys = ("indices", *(place.name for place in self.places))
        whole = {key: torch.cat([piece.pop(key) for piece in stored]) for key in keys}
        indices = whole.pop("indices")
        if not len(indices):
            raise UnreadableImage(f"none of the {len(photographs):,} images for {part} can be read")
        return Features(whole, photographs.labels[indices], indices)

    def _compute(self, coming: Iterator[Batch], batches: int) -> tuple[dict[str, Tensor], list[str], int]:
        """Return a piece, what is wrong with the images left out of it, and how many were scaled."""
        rows: dict[str, list[Tensor]] = {place.name: [] for place in self.places}
        positions: list[Tensor] = []
        left_out: list[str] = []
        all_scaled = 0
        for _ in range(batches):
            indices, pixels, broken, scaled = next(coming)
            all_scaled += scaled
            leave_out(broken, self._context, refuse=self._refuse_broken)
            left_out += broken
            positions.append(indices)
            if len(indices):
                for taken in in_batches(self._taken, pixels, batch=self._batch, what="features"):
                    for name, values in taken.items():
                        rows[name].append(values)
        empty = torch.empty(0)
        features = {name: torch.cat(values) if values else empty for name, values in rows.items()}
        return {"indices": torch.cat(positions)} | features, left_out, all_scaled

    def _taken(self, pixels: Tensor) -> dict[str, Tensor]:
        return self._forward(pixels.to(self._device), self._precision)

    @torch.inference_mode()
    def _forward(self, pixels: Tensor, precision: Precision) -> dict[str, Tensor]:
        """Return the features of one batch, by the names of the places."""
        taken: dict[str, Tensor] = {}
        by_cut: dict[Cut, list[Place]] = {}
        for place in self.places:
            by_cut.setdefault(place.cut, []).append(place)

        def take(cut: Cut, values: Tensor) -> None:
            for place in by_cut[cut]:
                if place.tail is None:
                    taken[place.name] = self._reduced(values)
            ends = {place.tail: place.name for place in by_cut[cut] if place.tail is not None}
            if ends:
                self._sectioned.run(
                    list(ends),
                    values,
                    lambda end, inner: taken.update({ends[end]: self._reduced(inner)}),
                    start=self._sectioned.boundary,
                )

        with autocast(self._device, bf16=precision == "bf16"):
            self._sectioned.run(list(by_cut), self._preprocessing.normalised(pixels), take)
        return taken

    def _reduced(self, values: Tensor) -> Tensor:
        """Average maps to few cells, or tokens to one, and flatten: float32 ``[N, D]`` on the CPU."""
        values = values.float()
        if values.ndim == 4 and self._pool:
            cells = (min(self._pool, values.shape[2]), min(self._pool, values.shape[3]))
            values = F.adaptive_avg_pool2d(values, cells)
        elif values.ndim == 3 and self._pool:
            values = values.mean(1)
        return values.contiguous().flatten(1).cpu()

    def _chosen_precision(self, photographs: Photographs) -> Precision:
        """Return bf16 if the device is fast at it and the error on some images is small."""
        if not uses_bf16("auto", self._device):
            return "float32"
        pixels = next(decoded_at(photographs, self._preprocessing, [torch.arange(len(photographs))[:TRIED]])).pixels
        if not len(pixels):
            return "float32"
        pixels = pixels.to(self._device)
        exact, rough = (self._forward(pixels, precision) for precision in ("float32", "bf16"))
        error = max(float((exact[n] - rough[n]).norm() / exact[n].norm().clamp_min(1e-12)) for n in exact)
        verdict = "taken" if error <= LARGEST_ERROR else "not taken"
        self._context.message(f"bf16 changes the features by {error:.2%}: {verdict}")
        return "bf16" if error <= LARGEST_ERROR else "float32"

    # -- what is kept ---------------------------------------------------------------------------------------------

    def _folder(self, photographs: Photographs, name: str, part: str) -> Path:
        about = {
            "dataset": name,
            "part": part,
            "model": self._backbone.name,
            "images": photographs.digest(),
            "weights": self._digest,
            "preprocessing": str(self._preprocessing),
            "pool": str(self._pool),
            "precision": self._precision,
        }
        return feature_cache.entry_folder(self._context.cache, about)

    def _read(self, folder: Path, number: int, images: int) -> dict[str, Tensor] | None:
        """Return a piece if it was kept for every place and is whole; a damaged one counts as missing.

        So does one that leaves images out where that is refused: they are looked at again.
        """
        piece: dict[str, Tensor] = {}
        left_out: list[str] = []
        scaled = 0
        for key in ("indices", *(place.name for place in self.places)):
            path = folder / f"{key}-{number:06d}.safetensors"
            try:
                with safe_open(path, "pt") as file:
                    values = file.get_tensor("values")
                    metadata = file.metadata() or {}
                checksum, broken = json.loads(metadata["crc32"]), json.loads(metadata["broken"])
                scaled += json.loads(metadata["scaled"])
            except FileNotFoundError:
                return None
            except (OSError, SafetensorError, KeyError, ValueError):
                checksum, values, broken = None, torch.empty(0), []
            if checksum != _crc(values):
                self._context.message(f"{path.name} of the feature cache is damaged and is computed again")
                return None
            piece[key] = values
            left_out += broken
        if self._refuse_broken and len(piece["indices"]) < images:
            return None
        if len({len(values) for values in piece.values()}) > 1:
            return None
        leave_out(left_out, self._context, refuse=self._refuse_broken)
        self._scaled += scaled
        return piece

    def _write(self, folder: Path, number: int, piece: Mapping[str, Tensor], broken: list[str], scaled: int) -> None:
        if self._kept_bytes > feature_cache.limit():
            return
        for key, values in piece.items():
            self._kept_bytes += values.nbytes
            path = folder / f"{key}-{number:06d}.safetensors"
            first = key == "indices"
            metadata = {
                "crc32": json.dumps(_crc(values)),
                "broken": json.dumps(broken if first else []),
                "scaled": json.dumps(scaled if first else 0),
            }
            # A full disk costs the cache, not the run.
            with contextlib.suppress(OSError):
                write_atomically(path, lambda file: save_tensors(file, {"values": values}, metadata))  # noqa: B023


def chunks(photographs: Photographs) -> int:
    """Return how many steps the extraction of their features takes."""
    return -(-len(photographs) // CHUNK)


def _crc(values: Tensor) -> int:
    return zlib.crc32(values.contiguous().view(-1).view(torch.uint8).numpy().data)
