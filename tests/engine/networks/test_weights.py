"""Files of weights are read by what they hold, whatever their name, and what is none is called what it is."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file
from torch import nn

from engine import DataUnavailable
from engine.networks.state_dicts import read_weights
from engine.networks.weights import fit_weights


def network() -> nn.Module:
    """Return a small network with names of more than one part, and weights of its own."""
    features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    return nn.Sequential(features, nn.Sequential(nn.Flatten(), nn.Linear(2, 3)))


def loaded(path: Path) -> nn.Module:
    taken = network()
    fit_weights(taken, read_weights(path), str(path))
    return taken


def same(one: nn.Module, other: nn.Module) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


KEYS = ["state_dict", "model", "model_state_dict", "net", "ema", "my network", "a/b", "module"]
BESIDE = {"epoch": 3, "best": torch.ones(1), "optimizer": {"state": {0: {"exp_avg": torch.ones(9)}}, "lr": [0.1]}}


@settings(max_examples=40)
@given(
    keys=st.lists(st.sampled_from(KEYS), max_size=3),
    prefix=st.lists(st.sampled_from(["module.", "_orig_mod.", "model.", "net.", "backbone.0."]), max_size=3),
    inside=st.sampled_from(["", "_orig_mod.", "_fsdp_wrapped_module."]),
    ending=st.sampled_from([".pth", ".PTH", ".pth.tar", ".ckpt", ".Pt", ".bin", ""]),
    old=st.booleans(),
)
def test_a_state_dict_is_found_under_any_keys_prefixes_and_endings(folder, keys, prefix, inside, ending, old):
    wanted = network()
    saved = {f"{''.join(prefix)}{name[:2]}{inside}{name[2:]}": value for name, value in wanted.state_dict().items()}
    for key in reversed(keys):
        saved = {**BESIDE, key: saved}
    path = folder / f"weights{ending}"
    torch.save(saved, path, _use_new_zipfile_serialization=not old)
    assert same(loaded(path), wanted)


def test_safetensors_are_known_by_content_and_averages_without_their_count(folder):
    wanted = network()
    save_file(wanted.state_dict(), folder / "weights.SAFETENSORS.bak")
    assert same(loaded(folder / "weights.SAFETENSORS.bak"), wanted)
    torch.save(torch.optim.swa_utils.AveragedModel(wanted).state_dict(), folder / "averaged.pth")
    assert same(loaded(folder / "averaged.pth"), wanted)


def test_one_of_several_state_dicts_is_never_chosen_silently(folder):
    one, other = network(), network()
    torch.save({"teacher": one.state_dict(), "student": other.state_dict()}, folder / "two.pth")
    with pytest.raises(DataUnavailable, match=r"several state_dicts \(teacher, student\)"):
        loaded(folder / "two.pth")
    torch.save({"ema": one.state_dict(), "state_dict": other.state_dict()}, folder / "two.pth")
    assert same(loaded(folder / "two.pth"), other), "state_dict is what everybody calls the network"
    torch.save(one.state_dict() | {f"teacher.{key}": value for key, value in other.state_dict().items()}, folder / "x")
    with pytest.raises(DataUnavailable, match=r"does not know, teacher\.0\.0\.weight"):
        loaded(folder / "x")


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html><head>", "a web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><html xmlns=", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
        (b'{"weight_map": {}}\n', "a text file"),
        (b"\x1f\x8b\x08\x00rest", "gzip"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (bytes(range(1, 200)), "neither"),
        (zipped(readme=b"hello"), "torch.save did not write"),
        (zipped(**{"x.npy": b"..."}), "NumPy"),
        (b"PK\x03\x04" + b"\0" * 99, "damaged or not whole"),
    ],
    ids=["empty", "html", "xhtml", "lfs", "json", "gzip", "hdf5", "bytes", "zip", "npz", "cut"],
)
def test_what_is_no_weights_is_called_what_it_is_before_the_launch(launch, home, tmp_path, content, says):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    for refuse in (lambda: read_weights(path), lambda: launch("predict", {"model": f"vgg16:{path}"})):
        with pytest.raises(DataUnavailable, match=says) as caught:
            refuse()
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not (home / "runs").exists()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["scripted", "quantised", "quantised tensor", "sparse", "meta", "integers", "object"])
def test_what_torch_saves_besides_weights_is_called_what_it_is(tmp_path, kind):
    path, plain = tmp_path / "weights.pth", network()
    changed = plain.state_dict()
    weight = changed["1.1.weight"]
    match kind:
        case "scripted":
            torch.jit.script(plain).save(path)
            says = "TorchScript archive"
        case "quantised":
            changed = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear}).state_dict()
            says = "quantised network"
        case "quantised tensor":
            changed["1.1.weight"] = torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8)
            says = r"quantised weights \(1.1.weight"
        case "sparse":
            changed["1.1.weight"] = weight.to_sparse_csr()
            says = r"sparse or nested tensors \(1.1.weight"
        case "meta":
            changed["1.1.weight"] = weight.to("meta")
            says = "shapes without values"
        case "integers":
            changed["1.1.weight"] = weight.to(torch.int8)
            says = "integers, as quantised ones do, in 1.1.weight"
        case "object":
            changed = {"state_dict": changed, "best": np.float64(0.5)}
            says = r"more than weights, numpy\S*scalar"
    if kind != "scripted":
        torch.save(changed, path)
    with pytest.raises(DataUnavailable, match=says):
        loaded(path)


def _files() -> list[bytes]:
    state = {"weight": torch.ones(2, 2), "bias": torch.zeros(2)}
    buffers = [io.BytesIO(), io.BytesIO()]
    torch.save({"state_dict": state}, buffers[0])
    torch.save(state, buffers[1], _use_new_zipfile_serialization=False)
    return [*(buffer.getvalue() for buffer in buffers), save(state)]


FILES = _files()


@settings(max_examples=150)
@given(
    which=st.integers(0, 2),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    kept=st.floats(0, 1),
)
def test_a_damaged_file_is_read_or_refused_in_one_sentence(folder, which, changes, kept):
    content = bytearray(FILES[which])
    for place, byte in changes:
        content[int(place * len(content))] = byte
    path = folder / "damaged.pth"
    path.write_bytes(content[: max(1, round(kept * len(content)))] if kept < 0.5 else content)
    try:
        state, refusal = read_weights(path), ""
    except DataUnavailable as error:
        state, refusal = {}, str(error)
    assert bool(state) != bool(refusal)
    assert "\n" not in refusal


def test_an_old_file_whose_parts_do_not_name_each_other_is_refused(folder):
    (key, *_) = re.findall(rb"\d{10,}", FILES[1])
    (folder / "old.pth").write_bytes(FILES[1].replace(key, b"1" * len(key), 1))
    with pytest.raises(DataUnavailable, match="not a readable weights file"):
        read_weights(folder / "old.pth")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_sentence(folder, content):
    path = folder / "any.pth"
    path.write_bytes(content)
    with pytest.raises(DataUnavailable) as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)
