"""Pictures and plots of runs: single ones, contact sheets, differences, animations. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.captions import shortened
from engine.errors import PhospheneError
from engine.provenance import Origin
from engine.record.plots import read_plot
from engine.wording import meant, short_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from PIL.Image import Image

    from engine.plots import Plot, Tiles
    from engine.record.history import History
    from engine.record.run_directory import RunDirectory

PAPER, INK = (250, 250, 248), (40, 42, 54)
THUMBNAIL = 224
"""Pixels: the longer side of a picture on a sheet, at most; small ones are enlarged without smoothing to half of it."""
CAPTION = 20
"""Pixels: the line of text under a picture on a sheet."""
MOST = 100
"""Pictures on a sheet, at most: the newest."""
ANIMATED = 640
"""Pixels: the longer side of an animation, or of a picture beside those of other runs, at most."""
ANIMATIONS = (".gif", ".mp4")
MOST_FRAMES = 300
"""Pictures in an animation, at most: of more, every second, third ... and the last."""
LAST_SECONDS = 2.0
"""For which the last picture of an animation is shown."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run keeps under a name and a step.

    Attributes:
        run: the run's id.
        name: of the picture or plot.
        step: of the run.
        file: the PNG of a picture, the JSON of a plot.
        caption: what it shows, or whose it is.
    """

    run: str
    name: str
    step: int
    file: Path
    caption: str = ""

    @property
    def title(self) -> str:
        """What it is, in words."""
        return f"{self.name}, step {self.step:,}{f' · {self.caption}' if self.caption else ''}"

    def image(self) -> Image:
        """Return it in RGB.

        Raises:
            OSError: if the file is gone or damaged.
        """
        raise NotImplementedError


class Still(Kept):
    """One picture of a run."""

    __slots__ = ()

    def image(self) -> Image:
        """Return it in RGB."""
        from PIL import Image as Pillow

        try:
            with Pillow.open(self.file) as file:
                return file.convert("RGB")
        except (
            SyntaxError,
            ValueError,
            EOFError,
            Pillow.DecompressionBombError,
        ) as error:  # as Pillow says that a PNG is damaged
            raise OSError(f"{self.file} is damaged") from error


class Plotted(Kept):
    """One plot of a run; where text is wanted it is drawn from its data, where pixels are by matplotlib."""

    __slots__ = ()

    def plot(self) -> Plot:
        """Return it as data.

        Raises:
            WorkspaceError: if the file is gone or damaged.
        """
        return read_plot(self.file)

    def image(self) -> Image:
        """Return it in RGB."""
        from engine.drawing import paper

        try:
            return paper.image(self.plot())
        except PhospheneError as error:
            raise OSError(str(error)) from error


def album(run: RunDirectory, history: History) -> dict[str, dict[int, Kept]]:
    """Return the pictures and plots of a run by name and step."""
    found: dict[str, dict[int, Kept]] = {}
    for name, images in history.images.items():
        found[name] = {
            step: Still(run.id, name, step, run.path / one.file, one.caption) for step, one in images.items()
        }
    for name, plots in history.plots.items():
        shelf = found.setdefault(name, {})
        shelf |= {step: Plotted(run.id, name, step, run.path / one.file) for step, one in plots.items()}
    return {name: steps for name, steps in found.items() if steps}


def kind(album: Mapping[str, Mapping[int, Kept]], name: str) -> Mapping[int, Kept]:
    """Return what a run keeps under a name, by step.

    Raises:
        PhospheneError: if there is nothing, with the nearest name.
    """
    if name not in album:
        hint = meant(name, album, f"there are: {', '.join(album) or 'none yet'}")
        raise PhospheneError(f"the run has no picture or plot {name!r}; {hint}")
    return album[name]


def find(album: Mapping[str, Mapping[int, Kept]], name: str, step: int = 0) -> Kept:
    """Return one picture or plot of a run; the newest for step 0.

    Raises:
        PhospheneError: if there is none of that name and step, with the nearest.
    """
    own = kind(album, name)
    chosen = step or max(own)
    if chosen not in own:
        near = min(own, key=lambda one: abs(one - chosen))
        raise PhospheneError(f"the run has no {name} of step {chosen}; the nearest is of step {near}")
    return own[chosen]


BEFORE = {"adversarial": "original"}
"""Names of pictures that show what another one, of the same step, became."""


def at_step(kept: Mapping[int, Kept], step: int) -> Kept:
    """Return what is kept of a step or, of those before it, the last; the first one if there is none so early."""
    return kept[max((own for own in kept if own <= step), default=min(kept))]


def counterpart(album: Mapping[str, Mapping[int, Kept]], kept: Kept) -> Kept | None:
    """Return what a picture is meant to be compared with: what it was made from, or else that of the step before."""
    own = album.get(kept.name, {})
    if kept.name in BEFORE:
        return album.get(BEFORE[kept.name], {}).get(kept.step)
    if kept.name in BEFORE.values():
        return None
    earlier = max((step for step in own if step < kept.step), default=None)
    return None if earlier is None else own[earlier]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pictures beside each other, each over its step and caption.

    Attributes:
        stills: all of one name, or those of several runs.
        side: pixels of the longer side of each, at most; small ones are enlarged without smoothing to half of it.
    """

    stills: tuple[Kept, ...]
    side: int = THUMBNAIL

    @property
    def title(self) -> str:
        """What it is, in words."""
        count = len(self.stills)
        shown = f"all {count}" if count <= MOST else f"the newest {MOST} of {count}"
        return f"{self.stills[0].name}, {shown}" if self.stills else "nothing"

    def plot(self) -> Tiles:
        """Return it as data: where text is wanted, captions are text."""
        import numpy as np

        from engine.plots import Tiles

        stills = self.stills[-MOST:]
        thumbnails = [thumbnail(still, self.side) for still in stills]
        pictures = [
            still.file if image is None else np.asarray(image) for still, image in zip(stills, thumbnails, strict=True)
        ]
        captions = [(f"{still.step:,}", *([still.caption] if still.caption else ())) for still in stills]
        return Tiles(tuple(pictures), tuple(captions))

    def image(self) -> Image:
        """Return it in RGB; pictures that cannot be read stay blank.

        Raises:
            OSError: if there is none.
        """
        from PIL import Image as Pillow
        from PIL import ImageDraw, ImageFont

        thumbnails = [(still, thumbnail(still, self.side)) for still in self.stills[-MOST:]]
        read = [image for _, image in thumbnails if image is not None]
        if not read:
            raise OSError("there is no picture to show")
        width, height = max(image.width for image in read) + 4, max(image.height for image in read) + CAPTION
        columns = max(1, min(len(thumbnails), round(math.sqrt(len(thumbnails) * 1.6 * height / width))))
        rows = -(-len(thumbnails) // columns)
        sheet = Pillow.new("RGB", (columns * width, rows * height), PAPER)
        draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
        said = [" ".join((f"{still.step:,}", still.caption)).strip() for still, _ in thumbnails]
        short = shortened(said, width, font.getlength)
        for place, ((_, image), says) in enumerate(zip(thumbnails, short, strict=True)):
            left, top = place % columns * width, place // columns * height
            under = top + height - CAPTION
            draw.text((left + width / 2, under + CAPTION / 2), says, INK, font, "mm")
            if image is not None:
                sheet.paste(image, (left + (width - image.width) // 2, under - image.height))
        return sheet


@dataclass(frozen=True, slots=True)
class Difference:
    """What a second picture has more or less than a first one, around grey: ``0.5 + times * (second - first)``."""

    first: Kept
    second: Kept
    times: int = 1

    @property
    def title(self) -> str:
        """What it is, in words: no more than tells the two apart."""
        first, second = self.first, self.second
        if first.run != second.run:
            ours, theirs = (f"{one.name}, step {one.step:,} of {short_id(one.run)}" for one in (second, first))
            return f"{ours} - {theirs}, x{self.times}"
        if first.name == second.name:
            return f"{second.name}, step {second.step:,} - step {first.step:,}, x{self.times}"
        if first.step == second.step:
            return f"{second.name} - {first.name}, step {second.step:,}, x{self.times}"
        return f"{second.name}, step {second.step:,} - {first.name}, step {first.step:,}, x{self.times}"

    def image(self) -> Image:
        """Return it in RGB, at the first one's size.

        Raises:
            OSError: if a file is gone or damaged.
        """
        import numpy as np
        from PIL import Image as Pillow

        first, second = self.first.image(), self.second.image()
        if second.size != first.size:
            second = second.resize(first.size, Pillow.Resampling.BILINEAR)
        change = np.asarray(second, np.float32) - np.asarray(first, np.float32)
        return Pillow.fromarray((127.5 + self.times * change).clip(0, 255).round().astype(np.uint8))


Shot = Kept | Sheet | Difference
"""What can be shown and exported."""


def animate(stills: Sequence[Kept], path: Path, seconds: float = 0.2) -> None:
    """Write pictures one after the other as an animation, the last one for longer: GIF, or MP4 by the path's ending.

    Pictures that cannot be read are left out, others take the size of the last; small ones are enlarged without
    smoothing.

    Args:
        stills: in their order.
        path: of the file; one that is there is replaced.
        seconds: for which each is shown.

    Raises:
        OSError: if the file cannot be written.
        PhospheneError: if there is no picture, the path ends otherwise, or MP4 is asked for and imageio is not there.
    """
    from PIL import Image as Pillow

    if path.suffix.lower() not in ANIMATIONS:
        raise PhospheneError(f"an animation ends in {' or '.join(ANIMATIONS)}, and {path.name} does not")
    every = -(-len(stills) // MOST_FRAMES)
    shown = [*stills[:-1:every], *stills[-1:]]
    frames = [frame for still in shown if (frame := thumbnail(still, ANIMATED)) is not None]
    if not frames:
        raise PhospheneError("there is no picture to show: their files are gone or damaged")
    width, height = frames[-1].size
    size = width + width % 2, height + height % 2  # video wants even sides
    frames = [frame.resize(size, Pillow.Resampling.NEAREST) for frame in frames]
    if path.suffix.lower() != ".mp4":
        durations = [round(1000 * seconds)] * (len(frames) - 1) + [round(1000 * LAST_SECONDS)]
        frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
        return
    try:
        import imageio.v2 as imageio
        import imageio_ffmpeg  # noqa: F401
    except ImportError as error:
        raise PhospheneError("MP4 needs the extra phosphene[video]; GIF does not: let the file end in .gif") from error
    import numpy as np

    path.write_bytes(b"")  # says in its own words if that cannot be
    with imageio.get_writer(path, fps=1 / seconds, macro_block_size=1, ffmpeg_log_level="quiet") as video:
        for frame in [*frames, *frames[-1:] * round(LAST_SECONDS / seconds)]:
            video.append_data(np.asarray(frame))  # type: ignore[attr-defined]  # imageio declares the base class


def file_name(shot: Shot) -> str:
    """Return a name for the file a shot is exported to, as ``k3f-gradient-7.png``."""
    still = shot.stills[0] if isinstance(shot, Sheet) else shot.second if isinstance(shot, Difference) else shot
    several = isinstance(shot, Sheet) and len({one.run for one in shot.stills}) > 1
    every = "beside" if several else "all"
    what = {Sheet: every, Difference: f"{still.step}-difference"}.get(type(shot), str(still.step))
    words = "".join(character if character.isalnum() else "-" for character in still.name)
    return f"{short_id(still.run)}-{words[:80]}-{what}.png"


def save(shot: Shot, path: Path, origin: Origin) -> None:
    """Write a picture as PNG, a plot by the ending of its file.

    Raises:
        PhospheneError: if the picture cannot be read, or is to be written as SVG or PDF, which only plots can be.
    """
    from engine.drawing import paper

    if isinstance(shot, Plotted):
        paper.write(shot.plot(), path, origin)
        return
    if path.suffix.lower() not in {"", ".png"}:
        raise PhospheneError(f"{shot.title} is a picture and no plot: let the file end in .png")
    try:
        image = shot.image()
    except OSError as error:
        raise PhospheneError(f"the picture cannot be read: {error.strerror or error}") from error
    origin.save(image, path)


def origin_of(shot: Shot, *, animated: bool = False) -> Origin:
    """Return where the file of a shot comes from, with the command that writes it again if there is one.

    Args:
        shot: what is written.
        animated: whether the pictures of a sheet follow each other.
    """
    match shot:
        case Sheet(stills=(first, *others)):
            runs = dict.fromkeys(still.run for still in shot.stills)
            # No command writes differences beside each other.
            alike = all((type(one), one.name, one.step) == (type(first), first.name, first.step) for one in others)
            beside = [word for other in others for word in ("--beside", other.run)]
            if len(runs) == 1:
                return Origin.of(runs, "picture", first.run, first.name, "--animation" if animated else "--grid")
            return Origin.of(
                runs, *(("picture", first.run, first.name, "--step", first.step, *beside) if alike else ())
            )
        case Difference(first=first, second=second):
            runs = dict.fromkeys((second.run, first.run))
            other = first.name if first.run == second.run else f"{first.run}/{first.name}"
            words = ("picture", second.run, second.name, "--step", second.step, "--against", other)
            return Origin.of(runs, *((*words, "--times", shot.times) if first.step == second.step else ()))
        case Kept():
            return Origin.of([shot.run], "picture", shot.run, shot.name, "--step", shot.step)
    return Origin(())


def thumbnail(still: Kept, side: int = THUMBNAIL) -> Image | None:
    """Return a picture whose longer side has at most so many pixels; None if it cannot be read.

    Small ones are enlarged without smoothing to half of that.
    """
    from PIL import Image as Pillow

    try:
        image = still.image()
    except OSError:
        return None
    longest = max(image.size)
    if longest > side:
        scale = side / longest
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        return image.resize(size, Pillow.Resampling.LANCZOS)
    times = max(1, side // 2 // longest)
    return image.resize((image.width * times, image.height * times), Pillow.Resampling.NEAREST)
