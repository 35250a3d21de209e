"""Computes the table of cuts of an architecture: ``python -m engine.networks.tabulate ARCHITECTURE [CLASSES]``."""

from __future__ import annotations

import json
import sys

from engine.networks.architectures import bare
from engine.networks.cuts import Sectioned
from engine.networks.places import CutTable
from engine.networks.tables import to_json


def table(architecture: str, classes: int = 0) -> CutTable:
    """Return the cuts of a network from its shapes alone; ``classes`` is 0 for as many as its paper has."""
    sectioned = Sectioned(*bare(architecture, classes))
    return CutTable(sectioned.places, sectioned.penultimate().name, sectioned.fitting())


def main(architecture: str, classes: str = "0") -> None:
    """Write the table as JSON to stdout."""
    sys.stdout.write(json.dumps(to_json(table(architecture, int(classes)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
