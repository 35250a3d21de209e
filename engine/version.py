"""Which code runs here: metadata of an installed package may belong to another copy of it."""

from pathlib import Path

VERSION = "0.1.0"
CODE_FOLDER = str(Path(__file__).resolve().parents[1])
CODE = f"{VERSION} in {CODE_FOLDER}"
"""Both in words."""
