"""What is exported holds what is known of runs: read by csv, json and by TensorBoard's own package."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from engine import PhospheneError, exports
from engine.record.events import Metrics, Results, StateChanged
from tests.engine.report.conftest import NASTY, png


def records(path):
    with path.open(newline="", encoding="utf-8") as file:
        return [*csv.DictReader(file)]


def test_the_long_file_holds_every_point_once_with_its_attempt(resumed, gathered, tmp_path):
    exports.write(tmp_path / "csv", gathered(), "csv")
    rows = records(tmp_path / "csv/curves.csv")
    assert {row["run"] for row in rows} == {resumed.id}
    loss = [(row["attempt"], row["step"], row["epoch"], row["value"]) for row in rows if row["metric"] == "train/loss"]
    assert loss == [("1", "1", "0.5", "10.0"), ("1", "2", "1.0", "11.0"), ("2", "3", "1.5", "nan")]
    assert [row["step"] for row in rows if row["metric"] == NASTY] == ["1", "2"]
    (infinite,) = [row for row in rows if row["metric"] == "odd/infinite"]
    assert (infinite["value"], infinite["epoch"], float(infinite["time"])) == ("-inf", "", 1e9 + 13.5)


def test_the_wide_file_has_a_row_a_run_and_no_none(resumed, write, gathered, tmp_path):
    write("abc", [[StateChanged(1e9, "finished"), Results(1e9, {"state": 3.0})]], seed=2, lr=0.2, other=1)
    exports.write(tmp_path / "csv", gathered(), "csv")
    rows = {row["run"]: row for row in records(tmp_path / "csv/runs.csv")}
    first, second = rows[resumed.id], rows["1122-0831-count-abc"]
    assert (first["name"], first["hyperparameter note"], first["sizes"]) == (NASTY, NASTY, "1,2")
    assert (first["lr"], first["depth"], first["on"], first["other"]) == ("0.1", "", "on", "")
    assert (first["test/accuracy"], first["test/nothing"], second["test/accuracy"]) == ("0.5", "nan", "")
    assert (second["state"], second["result state"], second["seed"]) == ("finished", "3.0", "2")


def test_the_document_holds_everything_as_plain_values(resumed, gathered, tmp_path):
    exports.write(tmp_path / "all.json", gathered(), "json")
    (run,) = json.loads((tmp_path / "all.json").read_text())["runs"]
    assert (run["id"], run["name"], run["state"]) == (resumed.id, NASTY, "finished")
    assert run["results"] == {"test/accuracy": 0.5, "test/nothing": "nan"}
    assert "depth" not in run["hyperparameters"]
    assert run["metrics"]["train/loss"]["value"] == [10.0, 11.0, "nan"]
    assert run["metrics"]["train/loss"]["attempt"] == [1, 1, 2]
    assert "epoch" not in run["metrics"]["odd/infinite"]
    assert run["images"] == {NASTY: {"3": {"file": "images/x.png", "caption": ""}}}


def test_the_same_runs_give_the_same_bytes(resumed, gathered, tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    for folder in (first, again):
        folder.mkdir()
        for form in exports.FORMATS:
            exports.write(folder / form, gathered(), form)
    files = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert len(files) == 8
    assert all((first / file).read_bytes() == (again / file).read_bytes() for file in files)


def test_a_picture_that_is_gone_is_said_and_a_run_that_cannot_be_read_too(resumed, write, gathered, tmp_path, home):
    (resumed.path / "images/x.png").write_bytes(b"half")
    (left_out,) = exports.write(tmp_path / "tb", gathered(), "tensorboard")
    assert "gone or damaged" in left_out
    with pytest.raises(PhospheneError, match="there are: csv, json, tensorboard"):
        exports.write(tmp_path / "tb", gathered(), "pickle")


@pytest.fixture
def event_accumulator():
    module = "tensorboard.backend.event_processing.event_accumulator"
    return pytest.importorskip(module, reason="needs tensorboard (extra test)")


@pytest.fixture
def read(event_accumulator, resumed, write, gathered, tmp_path):
    """Return what TensorBoard reads of the resumed run, of one that differs in the seed, and of another."""
    end = [Metrics(1e9, 1, {"train/loss": 0.1}), StateChanged(1e9, "finished", "", 1, 1)]
    write("two", [end], seed=1, lr=0.1)
    write("one", [end], seed=2, lr=0.1)
    assert exports.write(tmp_path / "tb", gathered(), "tensorboard") == []
    found = {}
    for folder in (tmp_path / "tb").iterdir():
        found[folder.name] = event_accumulator.EventAccumulator(str(folder)).Reload()
    return found


def test_tensorboard_reads_scalars_and_pictures(read, resumed):
    run = read[resumed.id]
    loss = run.Scalars("train/loss")
    assert [(one.step, one.wall_time) for one in loss] == [(1, 1e9 + 1), (2, 1e9 + 2), (3, 1e9 + 13)]
    assert loss[0].value == 10.0
    assert math.isnan(loss[2].value)
    assert run.Scalars("odd/infinite")[0].value == -math.inf
    assert [one.step for one in run.Scalars(NASTY)] == [1, 2]
    assert [(one.step, one.value) for one in run.Scalars("test/accuracy")] == [(3, 0.5)]
    (picture,) = run.Images(NASTY)
    assert (picture.step, picture.width, picture.height, picture.encoded_image_string) == (3, 3, 2, png("red"))
    assert read["1122-0831-count-two"].Scalars("train/loss")[0].value == np.float32(0.1)


def test_tensorboards_texts_tell_the_seed_which_its_table_has_no_place_for(read):
    for letters, seed in (("two", 1), ("one", 2)):
        (text,) = read[f"1122-0831-count-{letters}"].Tensors("phosphene")
        assert text.tensor_proto.string_val[0].decode().startswith(f"seed {seed}, on cpu")
        assert read[f"1122-0831-count-{letters}"].SummaryMetadata("phosphene").plugin_data.plugin_name == "text"


def test_tensorboards_table_of_hyperparameters_groups_seeds(read, resumed):
    from tensorboard.plugins.hparams import metadata

    started, experiments = {}, []
    for run, events in read.items():
        tensors = events.SummaryMetadata
        content = {tag: tensors(tag).plugin_data.content for tag in events.Tags()["tensors"]}
        started[run] = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG])
        assert metadata.parse_session_end_info_plugin_data(content[metadata.SESSION_END_INFO_TAG]).status == 1
        experiments.append(metadata.parse_experiment_plugin_data(content[metadata.EXPERIMENT_TAG]))
    values = started[resumed.id].hparams
    assert (values["lr"].number_value, values["on"].bool_value, values["note"].string_value) == (0.1, True, NASTY)
    assert (values["sizes"].string_value, "depth" in values, "seed" in values) == ("1,2", False, False)
    groups = {run: one.group_name for run, one in started.items()}
    assert groups["1122-0831-count-two"] == groups["1122-0831-count-one"] != groups[resumed.id]
    assert experiments[0] == experiments[1] == experiments[2]
    assert {one.name: one.type for one in experiments[0].hparam_infos}["lr"] == 3
    assert [one.name.tag for one in experiments[0].metric_infos] == ["test/accuracy", "test/nothing"]
