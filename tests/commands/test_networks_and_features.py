"""``phosphene cuts``, kept features, tables of a run: data on stdout, one sentence for what is wrong."""

from __future__ import annotations

import csv
import io
import json

import pytest


def test_cuts_are_listed_with_shapes_and_what_fits(phosphene):
    listed = phosphene("cuts", "vgg16", "--json")
    assert listed.returncode == 0, listed.stderr
    cuts = {cut["name"]: cut for cut in json.loads(listed.stdout)}
    assert cuts["relu7"] == {
        "name": "relu7",
        "node": "classifier.4",
        "shape": [4096],
        "size": 4096,
        "behind": True,
        "fits": [],
    }
    assert cuts["pool5"]["size"] == 25_088
    assert "fc6" in cuts["conv5_1"]["fits"]
    assert "fc6" not in cuts["conv3_3"]["fits"]
    assert "512x13x13" in phosphene("cuts", "squeezenet1_1").stdout


@pytest.mark.parametrize(("model", "hint"), [("vgg17", "vgg16"), ("run:last", "name the architecture"), ("", "wanted")])
def test_a_network_that_cannot_be_listed_is_refused_in_one_sentence(phosphene, model, hint):
    done = phosphene("cuts", model)
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_tables_are_printed_with_the_results_and_on_demand_and_features_are_listed_and_cleared(phosphene):
    ran = phosphene("run", "probe", "--C", "0.1,1", "--cut", "flatten", "--no-baselines")
    assert ran.returncode == 0, ran.stderr
    assert "test/accuracy  0.9" in ran.stdout
    assert "class,images,accuracy,most often taken for" in ran.stdout
    shown = phosphene("show", "last", "--table", "classes").stdout
    assert [row["class"] for row in csv.DictReader(io.StringIO(shown))] == list("56789")
    assert [row["C"] for row in json.loads(phosphene("show", "last", "--table", "C", "--json").stdout)] == ["0.1", "1"]
    refused = phosphene("show", "last", "--table", "nothing")
    assert refused.returncode == 2
    assert "classes" in refused.stderr
    kept = json.loads(phosphene("data", "features", "--json").stdout)
    assert {entry["part"] for entry in kept} == {"train", "test"}
    assert "digits:5-9" in phosphene("data", "features").stdout
    assert "cached features" in phosphene("data", "list").stderr
    assert "removed" in phosphene("data", "clear").stderr
    assert json.loads(phosphene("data", "features", "--json").stdout) == []


def test_a_folder_with_one_class_is_refused_before_anything_is_written(phosphene, tmp_path, home):
    (tmp_path / "one/a").mkdir(parents=True)
    (tmp_path / "one/a/x.jpg").write_bytes(b"")
    done = phosphene("run", "probe", "--dataset", f"folder:{tmp_path / 'one'}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "only one class" in done.stderr
    assert not list(home.glob("runs/*"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["probe", "--C", "abc"], "1e-4..1"),
        (["probe", "--C", "1..0.1"], "smaller"),
        (["probe", "--model", "vgg61"], "did you mean"),
        (["finetune", "--dataset", "digits:5"], "first-last"),
        (["predict", "--top-k", "0"], "greater than or equal to 1"),
    ],
)
def test_what_is_mistyped_is_refused_with_what_can_be_written(phosphene, arguments, words):
    done = phosphene("run", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
