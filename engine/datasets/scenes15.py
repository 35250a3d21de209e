"""Fetching the 15-Scene photographs, as the archive of the course RDFIA holds them."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from engine.datasets.download import download
from engine.datasets.listing import listing
from engine.datasets.table import SCENES
from engine.datasets.trees import PARTS

ADDRESS = "https://github.com/rdfia/rdfia.github.io/raw/master/data/3-a/15ScenesData.zip"
IMAGES = {"train": 1_500, "test": 2_985}


def fetch(folder: Path) -> None:
    """Download and unpack the archive; going on where an earlier attempt broke off.

    Raises:
        OSError: if it cannot be downloaded.
        RuntimeError: if it is damaged or not what it should be.
    """
    archive = download(ADDRESS, folder / "15ScenesData.zip")
    unpack(archive, folder / "15-Scene")
    archive.unlink()


def unpack(archive: Path, target: Path, images: dict[str, int] | None = None) -> None:
    """Unpack the archive into ``{train,test}/<class>/*``, every image checked by the archive's CRC-32 and counted.

    Raises:
        RuntimeError: if an image is damaged, or there are not as many as there should be.
    """
    images = images or IMAGES
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpacking-") as temporary:
        staged = Path(temporary) / target.name
        try:
            with zipfile.ZipFile(archive) as content:
                for member in content.infolist():
                    place = _place(Path(member.filename))
                    if place is not None and not member.is_dir():
                        (staged / place).parent.mkdir(parents=True, exist_ok=True)
                        with content.open(member) as source, (staged / place).open("wb") as file:
                            shutil.copyfileobj(source, file)
        except zipfile.BadZipFile as error:
            archive.unlink()
            raise RuntimeError(f"the archive is damaged ({error}) and was removed: fetch it again") from error
        for part in PARTS:
            count = sum(len(listing(staged / part / name).images) for name in SCENES)
            if count != images[part]:
                raise RuntimeError(f"{archive} holds {count:,} images for {part}, not {images[part]:,}")
        shutil.rmtree(target, ignore_errors=True)
        staged.rename(target)


def _place(member: Path) -> Path | None:
    """Return ``part/class/file`` for a member of the archive at whatever depth, or None for anything else."""
    parts = member.parts[-3:]
    if len(parts) == 3 and parts[0].lower() in PARTS and parts[1] in SCENES and parts[2][0] != ".":
        return Path(parts[0].lower(), *parts[1:])
    return None
