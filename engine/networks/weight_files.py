"""What a file is that somebody names as weights, told by its first bytes and never by its ending. No torch."""

from __future__ import annotations

import zipfile
from pathlib import Path

from engine.errors import DataUnavailable

LOOKED_AT = 1024
"""Bytes from the beginning of a file."""
SAFETENSORS, TORCH = "safetensors", "torch"
PICKLE = b"\x80"
"""How the files of torch before version 1.6 begin: pickles of protocol 2 and later."""
OTHERS = {
    b"\x1f\x8b": "a gzip archive: unpack it first",
    b"\x1f\x9d": "a compressed file: unpack it first",
    b"BZh": "a bzip2 archive: unpack it first",
    b"\xfd7zXZ": "an xz archive: unpack it first",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd archive: unpack it first",
    b"\x89HDF": "an HDF5 file, as Keras writes: convert it to a state_dict of PyTorch",
    b"\x93NUMPY": "a NumPy array: save a state_dict with torch.save",
    b"GGUF": "a GGUF file: convert it to a state_dict of PyTorch",
    b"version https://git-lfs": "a Git-LFS pointer and not the weights themselves: fetch them with git lfs pull",
}


def kind_of(path: Path) -> str:
    """Return ``safetensors`` or ``torch``, the two kinds of weights files.

    Raises:
        DataUnavailable: saying what the file is instead, and what to do.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise DataUnavailable(f"{path} is a pipe or a device: name a file")
        with path.open("rb") as file:
            start = file.read(LOOKED_AT)
        if not start:
            raise DataUnavailable(f"{path} is empty: download it again")
        if found := next((what for magic, what in OTHERS.items() if start.startswith(magic)), ""):
            raise DataUnavailable(f"{path} is {found}")
        if start.startswith(b"PK"):
            _refuse_other_archives(path)
            return TORCH
    except FileNotFoundError:
        raise DataUnavailable(f"there is no weights file {path}") from None
    except OSError as error:
        raise DataUnavailable(f"{path} cannot be read: {error.strerror or error}") from error
    if start.startswith(PICKLE):
        return TORCH
    # A safetensors file begins with the length of its header, eight bytes, and the header, which is JSON.
    if start[8:9] == b"{":
        return SAFETENSORS
    raise DataUnavailable(f"{path} is {_described(start)}")


def _refuse_other_archives(path: Path) -> None:
    """Refuse zip archives that ``torch.save`` did not write.

    Raises:
        DataUnavailable: saying what the archive is.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.rpartition("/")[2] if name.count("/") == 1 else name for name in archive.namelist()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DataUnavailable(f"{path} is damaged or not whole: download it again ({error})") from error
    if "constants.pkl" in names:
        raise DataUnavailable(
            f"{path} is a TorchScript archive, which holds code: load it with torch.jit.load and save its state_dict()"
        )
    if "data.pkl" not in names:
        arrays = any(name.endswith(".npy") for name in names)
        what = "an archive of NumPy arrays" if arrays else "a zip archive that torch.save did not write"
        raise DataUnavailable(f"{path} is {what}: save a state_dict with torch.save")


def _described(start: bytes) -> str:
    """Return what a file seems to be that is none of the kinds known."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")) or b"<html" in text:
        return "a web page (HTML), not weights: download the file itself"
    if all(byte >= 32 or byte in b"\t\r\n\f" for byte in start):
        return "a text file, not weights"
    return "neither a file of torch.save nor safetensors"
