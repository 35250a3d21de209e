"""Where the images of a data set are held: on the device, in the host's memory, or in a file that is mapped. One rule.

Whatever the place, the images are the same bytes, and programs take them through :mod:`engine.datasets.feeding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.tensors.memory import device_free, host_free
from engine.wording import size

if TYPE_CHECKING:
    from pathlib import Path

    import torch

Place = Literal["device", "host", "disk"]

OF_DEVICE = 0.5
"""The share of a GPU's free memory that images may take; the network and what it computes need the rest."""
OF_HOST = 0.4
"""The share of the host's free memory: two runs that start at the same time both fit."""


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes of memory that are free: the device's, None where that is the host's; and the host's."""

    device: int | None
    host: int

    def place(self, count: int) -> Place:
        """Return where so many bytes of images are held."""
        if self.device is not None and count <= self.device * OF_DEVICE:
            return "device"
        return "host" if count <= self.host * OF_HOST else "disk"


def room(device: torch.device) -> Room:
    """Return what is free now."""
    return Room(device_free(device), host_free())


def described(place: Place, count: int, room: Room, device: torch.device, folder: Path) -> str:
    """Say where images are held and why; this is what the record of a run has of it.

    Args:
        place: see above.
        count: bytes of images.
        room: what was free when the place was chosen.
        device: of the run.
        folder: of the files that are mapped.
    """
    images = f"{size(count)} of images"
    if place == "device" or (place == "host" and room.device is None):
        return f"{images} are held {'in memory' if room.device is None else f'on {device}'}"
    ahead = "batches are fetched one ahead"
    if place == "host":
        return f"{images} are too many for {device} ({size(room.device or 0)} free): held in memory, {ahead}"
    return (
        f"{images} are too many for the memory ({size(room.host)} free): read from decoded files in {folder}, {ahead}; "
        "other runs find them there until phosphene data clear"
    )
