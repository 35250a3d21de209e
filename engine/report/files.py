"""The figures of a report that are files of their own, numbered in the order in which they appear."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Files:
    """Figures by their paths.

    Attributes:
        folder: where they will lie.
        found: the bytes of each.
    """

    folder: str
    found: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, ending: str, content: bytes) -> str:
        """Take in a figure; return its path, in which there is nothing that any format would have to escape."""
        words = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name).strip("-")
        path = f"{self.folder}/{len(self.found) + 1:03d}-{words[:60] or 'figure'}{ending}"
        self.found[path] = content
        return path
