"""Data that fits the device, the host, or neither: the same images in every place, whatever happens on the way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from engine import feature_cache
from engine.datasets import decoded_file, feeding, photographs, placement
from engine.datasets.decoded import Part, decode
from engine.datasets.decoded_file import PIXELS, THERE, DecodedFile
from engine.datasets.feeding import Feed, Fetcher, in_order
from engine.datasets.images import ImageSet
from engine.datasets.photographs import Preprocessing, UnreadableImage
from engine.datasets.placement import Room
from engine.errors import DiskFull
from engine.tensors import memory
from engine.tensors.devices import prepare_torch

CPU = torch.device("cpu")
SQUARE = Preprocessing(16, resize=16)
GIB = 1 << 30


@pytest.fixture
def folder(tmp_path):
    """Two classes of noise, two of whose files are broken."""
    for index in range(40):
        path = tmp_path / "photos" / ("cats" if index % 2 else "dogs") / f"{index:02d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(index).integers(0, 255, (20, 24, 3), np.uint8)
        Image.fromarray(noise).save(path)
    for broken in ("cats/05.jpg", "dogs/12.jpg"):
        (tmp_path / "photos" / broken).write_text("no image")
    return tmp_path / "photos"


@pytest.fixture
def roomy(monkeypatch):
    """Set how many bytes are free: ``roomy(device=10, host=0)``."""
    return lambda device=None, host=0: monkeypatch.setattr(placement, "room", lambda _: Room(device, host))


class Late:
    """A stream that copies as late as it may: what its memory holds when the host waits for it, or the device does."""

    def __init__(self, device: torch.device = CPU, *, behind: bool = False) -> None:
        self.waiting: list[Late.Copy] = []
        # Whether the device is far behind the host: what the host has got from it is not computed yet.
        self.behind = behind

    class Copy:
        def __init__(self, lane: Late, buffer: torch.Tensor) -> None:
            self._lane, self._buffer = lane, buffer
            self.copy = torch.zeros_like(buffer)

        def run(self) -> None:
            """Copy; what was begun earlier on the stream comes first."""
            if self in self._lane.waiting:
                done = self._lane.waiting[: self._lane.waiting.index(self) + 1]
                del self._lane.waiting[: len(done)]
                for one in done:
                    one.copy.copy_(one._buffer)

        def left(self) -> None:
            self.run()

        def arrived(self) -> torch.Tensor:
            if not self._lane.behind:
                self.run()
            return self.copy

    def buffer(self, shape: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        return torch.zeros(shape, dtype=dtype)

    def send(self, buffer: torch.Tensor) -> Late.Copy:
        self.waiting.append(copy := self.Copy(self, buffer))
        return copy


# -- the rule -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "count", "place"),
    [
        (Room(16 * GIB, 64 * GIB), 8 * GIB, "device"),
        (Room(16 * GIB, 64 * GIB), 8 * GIB + 1, "host"),
        (Room(16 * GIB, 10 * GIB), 8 * GIB + 1, "disk"),
        (Room(16 * GIB, 0), 8 * GIB, "device"),
        (Room(None, 10 * GIB), 4 * GIB, "host"),
        (Room(None, 10 * GIB), 4 * GIB + 1, "disk"),
    ],
)
def test_images_are_held_where_there_is_room_for_them(free, count, place):
    assert free.place(count) == place


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_limits_of_all_groups_around_a_process_count(tmp_path, monkeypatch, version):
    root = tmp_path / ("memory" if version == "1" else "")
    limit, used, idle = memory.FILES[version]
    for place, bound, taken in (("job", 3 * GIB, 2 * GIB), ("job/step", 9 * GIB, GIB)):
        (root / place).mkdir(parents=True)
        (root / place / limit).write_text(f"{bound}\n")
        (root / place / used).write_text(f"{taken}\n")
        (root / place / "memory.stat").write_text(f"anon 5\n{idle} {GIB // 2}\n")
    (root / limit).parent.mkdir(exist_ok=True)
    (root / limit).write_text("max\n")
    (tmp_path / "cgroup").write_text("1:cpu:/\n4:memory:/job/step\n" if version == "1" else "0::/job/step\n")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "MEMBERSHIP", tmp_path / "cgroup")
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=99 * GIB))
    assert memory.host_free() == 3 * GIB - 2 * GIB + GIB // 2
    assert memory.device_free(CPU) is None


def test_a_machine_without_groups_has_what_is_free(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "MEMBERSHIP", tmp_path / "none")
    assert 0 < memory.host_free() <= memory.psutil.virtual_memory().total


# -- batches ------------------------------------------------------------------------------------------------------


def images(count: int = 23, *, rows: bool = False) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count * 2, 3, 4, 4), dtype=torch.uint8, generator=generator)
    labels = torch.arange(count) % 5
    places = torch.randperm(count * 2, generator=generator)[:count]
    if rows:
        return ImageSet(pixels, labels, tuple("abcde"), places)
    return ImageSet(pixels[places], labels, tuple("abcde"))


def same(one: ImageSet, other: ImageSet) -> bool:
    return torch.equal(one.images, other.images) and torch.equal(one.labels, other.labels)


def test_batches_are_whole_however_late_their_copies_are_made(monkeypatch):
    monkeypatch.setattr(feeding, "lies_on", lambda *_: False)
    order = [torch.randperm(23)[: 7 if number % 3 else 5] for number in range(12)]
    for data in (images(), images(rows=True)):
        lane = Late(behind=True)
        monkeypatch.setattr(feeding, "lane_to", lambda _, lane=lane: lane)
        feed = Feed(data, order.__getitem__, len(order) - 1, CPU)
        batches = [feed.batch(number) for number in range(len(order))]
        assert lane.waiting
        lane.waiting[-1].run()
        for batch, indices in zip(batches, order, strict=True):
            assert same(batch, images()[indices])
            assert not batch.mapped
        lane.behind = False
        assert torch.equal(torch.cat([part.images for part in in_order(data, 5, CPU)]), images().images)


def test_a_batch_that_was_not_announced_is_fetched_all_the_same():
    fetcher = Fetcher(images(rows=True), CPU)
    fetcher.fetch(torch.tensor([1, 2, 3]))
    taken = fetcher.take(torch.tensor([4, 2]))
    fetcher.fetch(torch.tensor([7, 8]))
    again = fetcher.take(torch.tensor([7, 8]))
    assert same(taken, images()[torch.tensor([4, 2])])
    assert same(again, images()[torch.tensor([7, 8])])


def test_a_batch_is_fetched_while_the_one_before_it_is_in_use():
    """The fetch is seen to be over before anybody takes the batch."""
    fetcher = Fetcher(images(rows=True), CPU)
    fetcher.fetch(torch.arange(4))
    assert fetcher._ahead.copies.exception(timeout=30) is None


def test_a_mapped_set_is_taken_like_one_in_memory():
    mapped, whole = images(rows=True), images()
    assert len(mapped) == len(whole)
    for indices in (torch.tensor([3, 0, 3]), slice(5, 9), slice(None)):
        assert same(mapped[indices], whole[indices])
    assert same(mapped.to(CPU), whole)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_batches_arrive_on_a_gpu_beside_its_work():
    device = torch.device("cuda")
    order = [torch.randperm(23)[:7] for _ in range(50)]
    feed = Feed(images(rows=True), order.__getitem__, len(order) - 1, device)
    work = torch.randn(2_000, 2_000, device=device)
    for number, indices in enumerate(order):
        batch = feed.batch(number)
        assert batch.images.device.type == "cuda"
        work = work @ work / 2_000
        assert torch.equal(batch.images.cpu(), images()[indices].images)
        assert torch.equal(batch.labels.cpu(), images()[indices].labels)


# -- programs -----------------------------------------------------------------------------------------------------

PROGRAMS = {
    "dcgan": {"size": "32", "channels": "3", "steps": 3, "quality": 10, "ngf": 4, "ndf": 4, "batch": 8},
    "finetune": {"model": "cnn:random", "validation": 0.2, "epochs": 2, "batch": 8, "augmentation": True},
    "dann": {"epochs": 1, "batch": 8, "map_images": 0},
    "pseudo-label": {"epochs": 1, "rounds": 1, "round_epochs": 1, "batch": 8, "map_images": 0, "threshold": 0.1},
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_computes_the_same_wherever_its_images_are_held(name, folder, play, roomy, monkeypatch, home):
    text = f"folder:{folder}"
    data = {"source": text, "target": text} if name in {"dann", "pseudo-label"} else {"dataset": text}
    found = []
    for way in ("memory", "late", "disk", "disk again"):
        roomy(host=0 if "disk" in way else GIB)
        with monkeypatch.context() as patch:
            if way == "late":
                patch.setattr(feeding, "lies_on", lambda *_: False)
                patch.setattr(feeding, "lane_to", Late)
            prepare_torch(0, 1)
            played = play(name, data | PROGRAMS[name])
        told = [text for text in played.messages if re.search(r"of images are (held in memory|too many)", text)]
        assert len(told) == (2 if "source" in data else 1)
        assert ("too many" in told[0]) == ("disk" in way)
        figures = {key: value for key, value in played.results.items() if "seconds" not in key}
        metrics = [event.values for event in played.run.reader().poll() if getattr(event, "values", None) is not None]
        found.append((figures, repr(metrics), [text for text in played.messages if "left out: " in text]))
    assert len(found[0][2]) >= 2
    for one in found[1:]:
        assert [*map(repr, one)] == [*map(repr, found[0])]
    assert feature_cache.entries(home / "cache", feature_cache.DECODED)


# -- files --------------------------------------------------------------------------------------------------------


def parts_of(folder: Path, size: Preprocessing = SQUARE, **wanted) -> list[Part]:
    train = photographs.load(f"folder:{folder}").train
    return [Part(train, wanted.get("indices", torch.arange(len(train))), size)]


def test_runs_that_split_a_data_set_differently_share_its_file(folder, context_of, roomy, monkeypatch):
    context, _ = context_of("finetune")
    roomy(host=0)
    asked: list[int] = []
    real = decoded_file.decoded_at

    def decoded_at(some, preprocessing, batches):
        asked.extend(number for batch in batches for number in batch.tolist())
        return real(some, preprocessing, batches)

    monkeypatch.setattr(decoded_file, "decoded_at", decoded_at)
    first, second = torch.arange(0, 20), torch.arange(10, 30)
    one, other = (decode(parts_of(folder, indices=own), context, refuse_broken=False)[0] for own in (first, second))
    names = parts_of(folder)[0].photographs.names
    assert {names[number] for number in asked if asked.count(number) > 1} <= {"cats/05.jpg", "dogs/12.jpg"}
    assert set(asked) == set(range(30))
    for decoded in (one, other):
        expected = [SQUARE.pixels(decoded.photographs.open(index)) for index in range(len(decoded))]
        assert torch.equal(decoded.images[:].images, torch.stack(expected))
    (entry,) = feature_cache.entries(context.cache, feature_cache.DECODED)
    assert entry.bytes > 0


def test_a_broken_image_is_left_out_or_refused_in_every_place(folder, context_of, roomy):
    context, _ = context_of("finetune")
    for host in (GIB, 0):
        roomy(host=host)
        (decoded,) = decode(parts_of(folder), context, refuse_broken=False)
        names = {"cats/05.jpg", "dogs/12.jpg"} & set(parts_of(folder)[0].photographs.names)
        assert len(decoded) == len(decoded.photographs) == len(parts_of(folder)[0].photographs) - len(names)
        with pytest.raises(UnreadableImage, match=r"cannot be read"):
            decode(parts_of(folder), context, refuse_broken=True)
        nothing = torch.tensor([i for i, name in enumerate(parts_of(folder)[0].photographs.names) if name in names])
        with pytest.raises(UnreadableImage, match="none of"):
            decode(parts_of(folder, indices=nothing), context, refuse_broken=False)


KILLED = """
import os, signal, sys
from types import SimpleNamespace
from pathlib import Path
import torch
from engine.datasets import decoded_file, photographs
from engine.datasets.photographs import Preprocessing
folder, cache, calls = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
decoded_file.BATCH = 4
write = os.pwrite
def pwrite(*arguments):
    global calls
    calls -= 1
    if calls < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return write(*arguments)
os.pwrite = pwrite
train = photographs.load(f"folder:{folder}").train
context = SimpleNamespace(message=lambda *_, **__: None, serve=lambda: None)
file = decoded_file.DecodedFile(train, Preprocessing(16, resize=16), cache)
file.fill(torch.arange(len(train)), context, refuse_broken=False)
"""


@pytest.mark.parametrize("calls", [30, *(pytest.param(calls, marks=pytest.mark.slow) for calls in (0, 3, 10, 47))])
def test_a_file_whose_writer_was_killed_is_gone_on_with(folder, tmp_path, calls, context_of):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, folder, tmp_path / "cache", str(calls)], check=False, timeout=120
    )
    assert done.returncode == -9
    train = photographs.load(f"folder:{folder}").train
    file = DecodedFile(train, SQUARE, tmp_path / "cache")
    missing = len(file.missing(torch.arange(len(train))))
    # What is not marked counts as missing: four images are written before the first mark.
    assert missing == len(train) if calls <= 3 else 0 < missing < len(train)
    rows = file.fill(torch.arange(len(train)), context_of("finetune")[0], refuse_broken=False)
    expected = torch.stack([SQUARE.pixels(train.open(row)) for row in rows.tolist()])
    assert torch.equal(file.pixels()[rows], expected)


def test_a_file_that_was_cut_short_is_decoded_again(folder, tmp_path, context_of):
    train = photographs.load(f"folder:{folder}").train
    rows = torch.arange(len(train))
    file = DecodedFile(train, SQUARE, tmp_path / "cache")
    kept = file.fill(rows, context_of("finetune")[0], refuse_broken=False)
    assert len(DecodedFile(train, SQUARE, tmp_path / "cache").missing(rows)) == len(rows) - len(kept)
    os.truncate(file.folder / PIXELS, 1000)
    again = DecodedFile(train, SQUARE, tmp_path / "cache")
    assert torch.equal(again.missing(rows), rows)
    assert (again.folder / THERE).stat().st_size == len(rows)
    photo = folder / "cats/01.jpg"
    Image.new("RGB", (30, 30)).save(photo)
    assert DecodedFile(photographs.load(f"folder:{folder}").train, SQUARE, tmp_path / "cache").folder != file.folder


def test_a_disk_without_room_is_named_before_anything_is_decoded(folder, context_of, roomy, monkeypatch):
    context, _ = context_of("finetune")
    roomy(host=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=20_000))
    monkeypatch.setattr(decoded_file, "decoded_at", lambda *_: pytest.fail("decoded"))
    with pytest.raises(DiskFull, match=r"KiB of decoded images do not fit the disk .*19 KiB free.*data clear"):
        decode(parts_of(folder), context, refuse_broken=False)


def test_decoded_images_are_listed_and_cleared(folder, context_of, roomy, phosphene, home):
    context, _ = context_of("finetune")
    roomy(host=0)
    decode(parts_of(folder, Preprocessing(256, resize=256)), context, refuse_broken=False)
    assert re.search(r"decoded images: [1-9]\d* MiB", phosphene("data", "list").stderr)
    assert re.search(r"and [1-9]\d* MiB of decoded images removed", phosphene("data", "clear").stderr)
    assert feature_cache.entries(home / "cache", feature_cache.DECODED) == []
