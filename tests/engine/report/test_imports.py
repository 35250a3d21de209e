"""Logs of other programs become runs; what is exported and imported again is the same."""

from __future__ import annotations

import io
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine import Histories, PhospheneError, Workspace, exports, imports
from engine.record.events import Metrics, StateChanged, encode
from engine.record.files import write_json
from engine.record.run_directory import RunRecord
from engine.report.imports import event_files
from engine.report.tfrecord import framed
from engine.report.wire import chunk, double, integer, single
from tests.engine.report.conftest import NASTY, png


def curves(run):
    """Return the points of every curve as text, so that nan equals nan."""
    found = run.history().curves.series
    return {name: [repr(column.tolist()) for column in (s.step, s.epoch, s.t, s.value)] for name, s in found.items()}


POINTS = st.lists(
    st.tuples(
        st.integers(0, 1 << 40),
        st.dictionaries(st.text(min_size=1, max_size=8), st.floats()),
        st.none() | st.floats(0, 1e6),
        st.floats(0, 4e9),
    ),
    max_size=8,
)


def written(home: Path, points):
    record = RunRecord("1122-0831-count-k3f", "count", {}, 0, "cpu", 1e9)
    attempt = home / f"runs/{record.id}/attempts/0001"
    attempt.mkdir(parents=True)
    write_json(attempt.parents[1] / "run.json", record.to_json())
    events = [Metrics(t, step, values, epoch) for step, values, epoch, t in sorted(points, key=lambda one: one[0])]
    (attempt / "events.jsonl").write_bytes(b"".join(map(encode, [*events, StateChanged(2e9, "finished")])))
    workspace = Workspace(home)
    return workspace, workspace.find("k3f")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(POINTS.filter(lambda points: any(values for _, values, *_ in points)))
def test_csv_gives_the_same_curves_again(points):
    with tempfile.TemporaryDirectory() as folder:
        workspace, run = written(Path(folder), points)
        exports.write(Path(folder, "csv"), exports.exported(workspace.list(), Histories())[0], "csv")
        (again,), troubles = imports.take(workspace, "csv", Path(folder, "csv"))
        assert troubles == []
        assert curves(again) == curves(run)


def test_event_files_give_the_same_runs_again(resumed, write, gathered, tmp_path, home):
    write("two", [[Metrics(1e9, 1, {"train/loss": 0.5}), StateChanged(1e9, "finished")]], seed=1, lr=0.1)
    write("one", [[Metrics(1e9, 1, {"train/loss": 0.5}), StateChanged(1e9, "finished")]], seed=0, lr=0.1)
    exports.write(tmp_path / "tb", gathered(), "tensorboard")
    runs, troubles = imports.take(Workspace(home), "tensorboard", tmp_path / "tb", "back")
    assert troubles == []
    assert {run.record().name for run in runs} == {f"back/1122-0831-count-{part}" for part in ("k3f", "one", "two")}
    by_name = {run.record().name[-3:]: run for run in runs}
    again = by_name["k3f"]
    status, record = again.status(), again.record()
    assert (status.state, status.reason, status.step) == ("finished", f"imported from {tmp_path / 'tb'}", 3)
    assert (record.experiment, record.hyperparameters["lr"], record.hyperparameters["note"]) == ("imported", 0.1, NASTY)
    series = again.history().curves.series
    assert series["train/loss"].t.tolist() == [1e9 + 1, 1e9 + 2, 1e9 + 13]
    assert repr(series["train/loss"].value.tolist()) == "[10.0, 11.0, nan]"
    assert (record.hyperparameters["their experiment"], "experiment" in record.hyperparameters) == ("count", False)
    picture = again.history().images[NASTY][3]
    assert (again.path / picture.file).read_bytes() == png("red")
    # Seeds are replicates of each other again.
    one, two = (by_name[part].record() for part in ("one", "two"))
    assert one.hyperparameters == two.hyperparameters
    assert one.seed != two.seed


def event(step, *values, t=1e9):
    summary = b"".join(chunk(1, chunk(1, "tag") + value) for value in values)
    return framed(double(1, t) + integer(2, step) + chunk(5, summary))


def tensor(kind, rest):
    return chunk(8, integer(1, kind) + rest)


def test_scalars_and_pictures_are_taken_in_every_form_there_is(tmp_path):
    jpeg = io.BytesIO()
    Image.new("RGB", (8, 8), "blue").save(jpeg, format="JPEG")
    picture = chunk(8, b"8") + chunk(8, b"8") + chunk(8, jpeg.getvalue())
    values = [
        single(2, 1.0),  # of PyTorch
        tensor(1, chunk(4, b"\0\0\0\x40")),  # of TensorFlow 2
        tensor(1, single(5, 3.0)),
        tensor(2, chunk(6, b"\0\0\0\0\0\0\x10\x40")),
        tensor(9, chunk(10, b"\x05")),
        tensor(3, integer(7, 6)),
    ]
    stream = b"".join(event(step, value) for step, value in enumerate(values, 1)) + event(9, tensor(7, picture))
    (tmp_path / "events.out.tfevents.1").write_bytes(stream + event(10, tensor(1, chunk(4, bytes(8)))))
    (log,), troubles = event_files.read(tmp_path)
    assert [(one.step, one.value) for one in log.points] == [(step, float(step)) for step in range(1, 7)]
    assert [(one.step, one.data) for one in log.pictures] == [(9, jpeg.getvalue())]
    assert troubles == [f"{tmp_path.name}: neither scalars nor pictures, left out: tag"]
    (run,), _ = imports.take(Workspace(tmp_path / "home"), "tensorboard", tmp_path)
    with Image.open(run.path / run.history().images["tag"][9].file) as image:
        assert (image.format, image.size) == ("PNG", (8, 8))


def test_after_a_restart_what_was_logged_again_counts(tmp_path):
    for number, steps in ((1, (1, 2, 3, 4)), (2, (3, 4, 4, 5))):
        stream = b"".join(event(step, single(2, 10 * number + step)) for step in steps)
        (tmp_path / f"events.out.tfevents.{number}").write_bytes(stream)
    ((log,), _) = event_files.read(tmp_path)
    assert [one.value for one in log.points] == [11, 12, 23, 24, 24, 25]


def test_of_damaged_and_half_written_files_the_whole_is_taken(tmp_path, home):
    pieces = [event(step, single(2, float(step))) for step in (1, 2, 3)]
    damaged = bytearray(pieces[1])
    damaged[20] ^= 1
    (tmp_path / "events.tfevents").write_bytes(pieces[0] + damaged + pieces[2] + event(4, single(2, 4.0))[:-3])
    (run,), (trouble,) = imports.take(Workspace(home), "tensorboard", tmp_path / "events.tfevents")
    assert run.history().curves.series["tag"].step.tolist() == [1, 3]
    assert "2 of its records are damaged or half-written, 2 were taken" in trouble
    (tmp_path / "events.tfevents").write_bytes(event(1, chunk(4, chunk(4, b"\x89PNG half"))))
    (run,), (trouble,) = imports.take(Workspace(home), "tensorboard", tmp_path / "events.tfevents")
    assert "picture tag of step 1 is left out" in trouble
    assert run.history().images == {}


@settings(max_examples=100)
@given(st.binary(max_size=120))
def test_no_bytes_break_the_reader(data):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tfevents").write_bytes(event(1, single(2, 1.0)) + framed(data) + framed(chunk(5, chunk(1, data))))
        (log,), _ = event_files.read(Path(folder))
        assert log.points[0].value == 1.0


def test_a_wide_table_is_a_curve_a_column(tmp_path, home):
    table = tmp_path / "theirs.csv"
    table.write_text("\ufeffEpoch,loss,note,Accuracy,Wall time\n1,0.5,good,,100\n2,nan,better,0.75,200\n3,x,,0.8,300\n")
    (run,), troubles = imports.take(Workspace(home), "csv", table)
    assert (troubles, run.record().name) == (
        [f"{table}: a cell was left out, row 4: loss 'x' is no number"],
        "theirs",
    )
    series = run.history().curves.series
    assert (series["loss"].step.tolist(), series["loss"].t.tolist()) == ([1, 2], [100, 200])
    assert math.isnan(series["loss"].value[1])
    assert (series["Accuracy"].step.tolist(), series["Accuracy"].epoch.tolist()) == ([2, 3], [2, 3])


@pytest.mark.parametrize("step", ["1.5", "-1", "1e300", "nan", "inf"])
def test_what_is_no_step_is_no_point(tmp_path, home, step):
    table = tmp_path / "t.csv"
    table.write_text(f"step,loss\n{step},1\n2,1\n")
    (run,), (trouble,) = imports.take(Workspace(home), "csv", table)
    assert f"row 2: step '{step}' is no whole number from 0 on" in trouble
    assert run.history().curves.series["loss"].step.tolist() == [2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('step,loss\n1,2\n2,"3\n3,4\n', "is no CSV: unexpected end of data"),
        ("step;loss\n1;2\n", "a column a metric, in UTF-8 with commas"),
        ("run,step,loss\nlast,1,2\n", "'last' cannot be a name"),
    ],
)
def test_a_table_that_cannot_be_meant_makes_no_run(tmp_path, home, text, says):
    table = tmp_path / "t.csv"
    table.write_text(text)
    with pytest.raises(PhospheneError, match=says):
        imports.take(Workspace(home), "csv", table)
    assert Workspace(home).list() == []


@pytest.mark.parametrize(
    ("text", "steps", "told"),
    [
        ("step,loss\n1,2\n2,3.O\n3,1_0\n4,5\n", [1, 4], "2 cells were left out, the first is row 3: loss '3.O'"),
        ("step,loss\n1,2\n2,3,4\n3,5\n", [1, 3], "row 3: it has 3 cells, and there are 2 columns"),
        ("step,loss,wall time\n1,2,abc\n2,3,4\n", [2], "row 2: wall time 'abc' is no number"),
        ("epoch,loss\n0.5,10\n1,20\n1.5,30\n2,40\n", [1, 2, 3, 4], ""),
        ("epoch,loss\n0,10\n,11\n1,20\n", [1, 2, 3], ""),
        ("epoch,loss\n0,10\n2,20\n", [0, 2], ""),
    ],
)
def test_steps_are_in_the_order_of_the_rows_and_what_is_left_out_is_said(tmp_path, home, text, steps, told):
    table = tmp_path / "t.csv"
    table.write_text(text)
    (run,), troubles = imports.take(Workspace(home), "csv", table)
    assert run.history().curves.series["loss"].step.tolist() == steps
    assert told in "".join(troubles)
    assert bool(told) == bool(troubles)


def test_rows_that_are_wrong_are_said_and_nothing_at_all_is_refused(tmp_path, home):
    table, workspace = tmp_path / "t.csv", Workspace(home)
    table.write_text("run,step,metric,value\na,1,loss,0.5\nb,1,loss,\na,zwei,loss,1\n")
    (run,), (trouble,) = imports.take(workspace, "csv", table, "n")
    assert (run.record().name, "2 rows were left out, the first is row 3: value is empty" in trouble) == ("n", True)
    table.write_text("a,b\nc,d\n")
    twice = tmp_path / "twice.csv"
    twice.write_text("step,loss,loss\n1,2,3\n")
    for form, path, says in (
        ("csv", table, "give it the columns metric and value"),
        ("csv", twice, "two columns are called loss"),
        ("csv", tmp_path / "nosuch", "there is nothing at"),
        ("csv", tmp_path, "there is no file"),
        ("wandb", table, "there are: tensorboard, csv"),
        ("tensorboard", tmp_path, "their names hold tfevents"),
        ("tensorboard", table, "neither curves nor pictures"),
    ):
        with pytest.raises(PhospheneError, match=says):
            imports.take(workspace, form, path)
    assert [one.name for one in workspace.list()] == ["n"]
