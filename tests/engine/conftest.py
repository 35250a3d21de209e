"""The real data that some tests need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def real_mnist() -> Path:
    """Return the data folder named by PHOSPHENE_DATA if MNIST is in it, or skip."""
    folder = os.environ.get("PHOSPHENE_DATA", "")
    if not folder or not (Path(folder) / "MNIST" / "raw").is_dir():
        pytest.skip("MNIST is needed: set PHOSPHENE_DATA to a folder with MNIST/raw")
    return Path(folder)
