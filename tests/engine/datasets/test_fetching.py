"""Downloads that break go on where they broke; archives are checked before they take a place."""

from __future__ import annotations

import hashlib
import http.server
import pickle
import threading
import zipfile

import numpy as np
import pytest

from engine import DataUnavailable
from engine.datasets import cifar10, scenes15
from engine.datasets.download import download
from engine.datasets.table import SCENES

CONTENT = bytes(range(256)) * 4_000


@pytest.fixture
def server():
    """A server that breaks off after half of what is asked for, as often as it is told to, and knows ranges."""

    asked: list[str | None] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        breaks = 0

        def do_GET(self):
            wanted = self.headers.get("Range")
            asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            if start >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            end = len(CONTENT)
            if Handler.breaks:
                Handler.breaks -= 1
                end = start + (len(CONTENT) - start) // 2
            self.wfile.write(CONTENT[start:end])
            self.close_connection = True

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Handler, asked, f"http://127.0.0.1:{server.server_port}/archive.zip"
    server.shutdown()
    server.server_close()


def test_a_broken_download_goes_on_where_it_broke(server, tmp_path):
    handler, asked, url = server
    handler.breaks = 2
    md5 = hashlib.md5(CONTENT).hexdigest()
    for _ in range(2):
        with pytest.raises(OSError, match="goes on from there"):
            download(url, tmp_path / "a/archive.zip", md5)
    path = download(url, tmp_path / "a/archive.zip", md5)
    assert path.read_bytes() == CONTENT
    assert asked == [None, f"bytes={len(CONTENT) // 2}-", f"bytes={len(CONTENT) * 3 // 4}-"]
    assert [file.name for file in path.parent.iterdir()] == ["archive.zip"]


def test_a_download_that_was_whole_when_it_was_interrupted_is_taken(server, tmp_path):
    (tmp_path / "archive.zip.part").write_bytes(CONTENT)
    assert download(server[2], tmp_path / "archive.zip").read_bytes() == CONTENT


def test_another_checksum_is_refused_and_what_came_is_removed(server, tmp_path):
    with pytest.raises(RuntimeError, match="checksum"):
        download(server[2], tmp_path / "archive.zip", "0" * 32)
    assert list(tmp_path.iterdir()) == []


def archive(path, images=2, prefix="15SceneData"):
    with zipfile.ZipFile(path, "w") as content:
        for part in ("train", "test"):
            for name in SCENES:
                for number in range(images):
                    content.writestr(f"{prefix}/{part}/{name}/image_{number}.jpg", f"{part}{name}{number}" * 50)
        content.writestr("__MACOSX/train/Bedroom/._image_0.jpg", b"")
        content.writestr("../../evil/train/x.jpg", b"")
    return path


def test_the_scenes_archive_is_unpacked_whatever_its_top_folder_and_nothing_beside(tmp_path):
    target = tmp_path / "15-Scene"
    scenes15.unpack(archive(tmp_path / "a.zip"), target, {"train": 30, "test": 30})
    assert sorted(path.name for path in (target / "train").iterdir()) == sorted(SCENES)
    assert len(list(target.rglob("*.jpg"))) == 60
    assert sorted(path.name for path in tmp_path.iterdir()) == ["15-Scene", "a.zip"]


def test_a_scenes_archive_with_too_few_images_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="1,500"):
        scenes15.unpack(archive(tmp_path / "a.zip"), tmp_path / "15-Scene")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_damaged_scenes_archive_is_removed(tmp_path):
    path = archive(tmp_path / "a.zip")
    content = bytearray(path.read_bytes())
    content[content.index(b"trainBedroom0")] ^= 1
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match="damaged"):
        scenes15.unpack(path, tmp_path / "15-Scene", {"train": 30, "test": 30})
    assert list(tmp_path.iterdir()) == []


class Hostile:
    def __reduce__(self):
        return (print, ("code in a data file",))


def test_a_cifar_batch_is_read_and_code_in_it_is_refused(tmp_path, capsys):
    images = np.random.default_rng(0).integers(0, 256, (3, 3_072), dtype=np.uint8)
    (tmp_path / "good").write_bytes(pickle.dumps({"data": images, "labels": [3, 1, 9]}, protocol=2))
    read, labels = cifar10.read_batch(tmp_path / "good")
    assert (read.numpy().reshape(3, -1) == images).all()
    assert labels.tolist() == [3, 1, 9]
    for content in (pickle.dumps({"data": Hostile(), "labels": []}), b"nothing", pickle.dumps([1]), b""):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(DataUnavailable, match="is not a batch of CIFAR-10"):
            cifar10.read_batch(tmp_path / "bad")
    assert capsys.readouterr().out == ""
