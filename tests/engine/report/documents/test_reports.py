"""What a report holds: of runs in every state, of a sweep, of an outline; and what is wrong with an outline."""

from __future__ import annotations

import math
import shutil

import pytest

from engine import PhospheneError, Reports, UnknownRun, Workspace, report_outlines
from engine.record.events import StateChanged
from engine.report import notes
from engine.report.document import Bullets, Commands, Figure, Heading, Paragraph, Pictures, TableBlock
from tests.tui.conftest import write_picture, write_run

PLAIN = 'title = "Rates"\nruns = "experiment=count"\n\n[[part]]\nheading = "A"\n'


def said(document):
    """Return all that a document says in words, a line for each block or row."""
    lines = []
    for block in document.blocks:
        match block:
            case Heading(text=text):
                lines.append(f"# {text}")
            case Paragraph(spans=spans):
                lines.append("".join(span.text for span in spans))
            case Bullets(items=items):
                lines += ["".join(span.text for span in item) for item in items]
            case TableBlock():
                lines += [block.caption, " | ".join(block.columns), *map(" | ".join, block.rows), *block.remarks]
            case Commands(lines=own):
                lines += own
            case Figure(caption=caption):
                lines.append(caption)
    return lines


def test_a_report_says_what_was_asked_what_came_out_and_how_to_repeat_it(six, report):
    lines = said(report("experiment=count"))
    headings = ["What was asked", "Configuration", "Curves", "Pictures and plots", "Tables", "Results", "Commands"]
    assert [line[2:] for line in lines if line.startswith("# ")] == [*headings, "Versions and times"]
    assert "The runs differ in lr (0.01, 0.1), seed (2, 1, 0)." in lines
    assert "lr | 0.01 | 0.1" in lines
    assert any(line.startswith("All of them: experiment count, steps 10, device cpu. Strong") for line in lines)
    assert "train/loss by step; means over seeds, with bands of their 95 % interval (the range of two)." in lines
    assert "2 | 1.333" in lines
    assert "lr 0.1 | 0.910 ± 0.025 (3) *" in lines
    assert "for seed in 0 1 2; do phosphene run count --steps 10 --lr 0.01 --device cpu; done" not in lines
    assert "for seed in 0 1 2; do phosphene run count --steps 10 --lr 0.01 --device cpu --seed $seed; done" in lines
    assert "torch | 2.9" in lines


def test_pictures_stand_in_grids_and_plots_after_each_other(six, report):
    figures = {block.name: block for block in report("experiment=count").blocks if isinstance(block, Figure)}
    samples = figures["samples"].content
    assert isinstance(samples, Pictures)
    assert [one.caption for one in samples.items] == [
        ("lr 0.01", "seed 2, one of 3 runs", "step 10 · what is drawn"),
        ("lr 0.1", "seed 2, one of 3 runs", "step 10 · what is drawn"),
    ]
    assert all(one.png.startswith(b"\x89PNG") and one.width == 160 for one in samples.items)
    assert [one.caption for one in figures["mistakes"].content.items] == [("a <b>",), ("c",)]
    assert figures["confusion"].content.kind == "heatmap"
    assert figures["confusion"].caption.startswith("confusion of lr 0.1 (")
    assert figures["confusion"].caption.endswith(", seed 2, one of 3 runs) at step 10.")


def test_runs_that_failed_go_on_or_came_to_nothing_are_told(write, report, home):
    write("aaa", {"lr": 0.1}, state="failed", reason="no more memory", curve=[1.0, math.nan, math.inf])
    write("bbb", {"lr": 0.2}, state="running", curve=[])
    write("ccc", {"lr": 0.3}, result={"test/accuracy": math.nan}, kept=False)
    gone = write("ddd", {"lr": 0.4})
    for path in (gone.path / "images/samples.png", gone.path / "plots/mistakes/10/0000.png"):
        path.unlink()
    (gone.path / "plots/confusion/10.json").write_text("{")
    (gone.path / "tables/squares.csv").write_text("")
    (home / "runs/1122-0831-count-ddd/run.json").read_text()
    broken = write("eee", {"lr": 0.5})
    (broken.path / "run.json").write_text("{")
    lines = said(report("count"))
    assert "1122-0831-count-aaa failed after 30 %: no more memory." in lines
    assert any(line.startswith("1122-0831-count-eee cannot be read") for line in lines)
    assert any("bbb" in line and ("crashed" in line or "figures are those up to now" in line) for line in lines)
    assert any(line.startswith("lr 0.3") and "nan (0 of 1)" in line for line in lines)
    assert any("cannot be read" in line and "confusion" in line for line in lines)
    assert any("is empty" in line and "squares" in line for line in lines)


def test_of_many_groups_the_best_are_drawn(write, report):
    for number in range(15):
        write(f"k{number}", {"lr": (number + 1) / 100}, result={"test/accuracy": number / 100}, kept=number > 12)
    document = report("experiment=count")
    (curves,) = (block for block in document.blocks if isinstance(block, Figure) and block.name == "train/loss")
    assert curves.caption == "train/loss by step; the best 12 of 15 groups by test/accuracy."
    assert {line.label for line in curves.content.lines} == {f"lr {number / 100:g}" for number in range(4, 16)}


def test_a_note_is_a_small_markdown():
    found = notes.blocks(
        "# A **b**\n\nOne *two*\n`*three*` [four](https://a.b) \\*five\\*\n\n- a\n- b\n  c\n1. d\n```\n* x\n```\n<b>"
    )
    assert found[0] == Heading("A **b**", 2)
    styles = [(span.text, span.style) for span in found[1].spans if span.style != "plain"]
    assert styles == [("two", "emphasis"), ("*three*", "code"), ("four", "link")]
    assert "".join(span.text for span in found[1].spans).endswith("*five*")
    assert [len(block.items) for block in found if isinstance(block, Bullets)] == [2, 1]
    assert found[-2:] == (Commands(("* x",)), Paragraph(notes.spans("<b>")))
    assert notes.spans("[x](javascript:alert) batch_size_2 2 * 3 * 4")[0].style == "plain"


def test_an_outline_that_is_written_says_the_same_when_it_is_read(six, home, tmp_path):
    reports = Reports(Workspace(home))
    outline = reports.outline(reports.meant(["experiment=count"]), 'A "title"\\', "é 😀\x7f", baseline="k3k")
    path = tmp_path / "outline.toml"
    path.write_text(report_outlines.written(outline))
    read = report_outlines.read(path)
    assert (read.title, read.author.rstrip("\x7f"), read.source) == (outline.title, "é 😀", outline.source)
    assert [(part.heading, part.show, part.baseline) for part in read.parts] == [
        (part.heading, part.show, part.baseline) for part in outline.parts
    ]
    assert said(reports.document(read)) == said(reports.document(outline))


def test_an_outline_chooses_what_is_shown_in_which_order(six, home, tmp_path):
    path = tmp_path / "outline.toml"
    path.write_text(
        'title = "Rates"\nruns = ["k0k", "k3k"]\n[[part]]\nheading = "First"\nnote = """\nText.\n\n- item"""\n'
        '[[part]]\nshow = ["curves train/loss", "results"]\nsmooth = 0.5\nx = "epoch"\nlog_y = true\ngroup = "none"\n'
        '[[part]]\nruns = "lr=0.1"\nshow = "table squares"\n'
    )
    reports = Reports(Workspace(home))
    document = reports.document(report_outlines.read(path))
    assert [type(block).__name__ for block in document.blocks] == [
        *("Heading", "Paragraph", "Bullets", "Figure", "TableBlock", "TableBlock")
    ]
    assert document.blocks[3].caption == "train/loss by epoch, smoothed 0.5."
    assert document.blocks[3].content.log_y
    assert document.blocks[4].rows[0][0] == "lr 0.1"


def test_pictures_are_those_of_the_step_that_is_named_or_the_last_before_it(home, tmp_path):
    images = [write_picture(tmp_path, "samples", step) for step in (10, 20, 30)]
    events = [StateChanged(1e9, "running"), *images, StateChanged(1e9 + 40, "finished", "", 30, 30)]
    run = write_run(home, "1122-0831-count-k0k", "count", events)
    shutil.copytree(tmp_path / "images", run / "images", dirs_exist_ok=True)

    def captions(more):
        path = tmp_path / "outline.toml"
        path.write_text(f'runs = "k0k"\n[[part]]\nshow = "pictures samples"\n{more}\n')
        reports = Reports(Workspace(home))
        (figure,) = reports.document(report_outlines.read(path)).blocks
        return figure.caption, figure.content.items[0].caption

    assert captions("") == ("samples at the last step.", ("step 30",))
    assert captions("step = 20") == ("samples at step 20.", ("step 20",))
    assert captions("step = 29") == ("samples at step 29.", ("step 20",))
    assert captions("step = 1")[1] == ("step 10",)
    with pytest.raises(PhospheneError, match="step -1 must be at least 0"):
        captions("step = -1")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("title = x\n", 1, "Invalid value"),
        ("title = 3\n", 1, "title must be text"),
        (PLAIN + "colour = 'red'\n", 6, "there is no 'colour'"),
        (PLAIN + "headnig = 'red'\n", 6, "did you mean heading"),
        (PLAIN + "smooth = true\n", 6, "smooth must be a number"),
        (PLAIN + "step = 1.5\n", 6, "step must be a whole number"),
        (PLAIN + 'show = [\n  "results",\n  "curve train/loss",\n]\n', 8, "did you mean curves"),
        (PLAIN + 'show = "curves"\n', 6, 'curves needs a name, as in "curves METRIC"'),
        (PLAIN + 'show = "results x"\n', 6, "results takes no name"),
        (PLAIN + 'show = "axes"\n', 6, "axes is of a sweep"),
        (PLAIN + '[[part]]\nruns = "a"\nsweep = "b"\n', 8, "exclude each other"),
        (PLAIN + "[[part]]\nruns = []\n", 7, "runs is empty"),
        ('[[part]]\nshow = "results"\n', 2, "of which runs"),
        ("part = 3\n", 1, "must begin with"),
    ],
)
def test_a_mistake_in_an_outline_is_one_sentence_with_its_line(tmp_path, text, line, problem):
    path = tmp_path / "outline.toml"
    path.write_text(text)
    with pytest.raises(PhospheneError, match=problem) as refused:
        report_outlines.read(path)
    assert f"line {line}" in str(refused.value)


def test_what_an_outline_names_and_is_not_there_is_said_with_its_part(six, home, tmp_path):
    path = tmp_path / "outline.toml"
    reports = Reports(Workspace(home))
    for shown, problem in (
        ("curves nothing", "no run has points of 'nothing'"),
        ("pictures nothing", "no run has a picture or plot 'nothing'; there are: samples, confusion, mistakes"),
        ("table nothing", "no run has a table 'nothing'; there are: squares"),
    ):
        path.write_text(f'{PLAIN}show = "{shown}"\n')
        with pytest.raises(PhospheneError, match=problem) as refused:
            reports.document(report_outlines.read(path))
        assert f"{path}, part in line 4: {shown}" in str(refused.value)
    path.write_text('runs = "nosuch"\n[[part]]\nshow = "results"\n')
    with pytest.raises(UnknownRun, match="part in line 2"):
        reports.document(report_outlines.read(path))
    path.write_bytes(b"\xff")
    with pytest.raises(PhospheneError, match="not UTF-8"):
        report_outlines.read(path)
    path.write_text("title = 'x'\n")
    with pytest.raises(PhospheneError, match="has no part"):
        reports.document(report_outlines.read(path))
