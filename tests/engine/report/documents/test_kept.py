"""Outlines in a workspace: added to, reordered, changed by several at once, with what others wrote by hand kept."""

from __future__ import annotations

import threading
import tomllib
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import (
    KeptReports,
    PhospheneError,
    ReadOnly,
    ReportItem,
    ReportOutline,
    ReportPart,
    Reports,
    ReportSource,
    Workspace,
    report_edits,
    report_outlines,
    report_wording,
)
from engine.report.items import ARGUMENTS, STUDY_ITEMS, SWEEP_ITEMS

from .conftest import HOSTILE


def part(*items, runs=("k0k",), **more):
    return ReportPart(show=tuple(map(ReportItem.of, items)), source=ReportSource(tuple(runs)), **more)


@pytest.fixture
def kept(home):
    return KeptReports(home)


def add(kept, name, *items, **more):
    return kept.change(name, partial(report_edits.added, part=part(*items, **more)))


def shown(kept, name):
    return [(one.heading, [*map(str, one.show)]) for one in kept.read(name).outline.parts]


# -- what is added, and where ----------------------------------------------------------------------------------------


def test_a_thing_goes_to_those_of_its_kind_runs_and_way_and_is_there_once(kept):
    name = kept.begin("Rates")
    for items, more in (
        (["curves train/loss"], {}),
        (["pictures samples"], {}),
        (["curves train/accuracy"], {}),
        (["curves train/loss"], {"smooth": 0.6}),
        (["curves train/loss"], {"runs": ("k1k",)}),
        (["curves train/loss"], {}),
        (["results", "pictures confusion"], {"smooth": 0.3, "baseline": "k0k"}),
    ):
        add(kept, name, *items, **more)
    assert shown(kept, name) == [
        ("Curves", ["curves train/loss", "curves train/accuracy"]),
        ("Pictures and plots", ["pictures samples", "pictures confusion"]),
        ("Curves", ["curves train/loss"]),
        ("Curves", ["curves train/loss"]),
        ("Results", ["results"]),
    ]
    parts = kept.read(name).outline.parts
    assert [(one.smooth, one.baseline) for one in parts] == [(0, ""), (0, ""), (0.6, ""), (0, ""), (0, "k0k")]
    assert report_wording.where(kept.read(name), 2) == "part 3 (Curves) of Rates"


def test_parts_and_items_move_change_and_go(kept):
    name = kept.begin("Rates")
    add(kept, name, "curves a", "curves b", "results")
    kept.change(name, lambda outline: report_edits.moved(outline, 1, 0))
    kept.change(name, lambda outline: report_edits.moved(outline, 0, 99))
    kept.change(name, lambda outline: report_edits.moved(outline, 1, -1))
    assert [heading for heading, _ in shown(kept, name)] == ["Results", "Curves"]
    (results, curves) = kept.read(name).outline.parts
    assert report_edits.with_item_moved(curves, 0, 9).show == curves.show[::-1]
    assert report_edits.without_item(curves, 0).show == curves.show[1:]
    noted = replace(curves, note=HOSTILE)
    kept.change(name, lambda outline: report_edits.replaced(outline, 1, noted, results))
    assert [one.note for one in kept.read(name).outline.parts] == ["", HOSTILE, ""]
    with pytest.raises(PhospheneError, match="no part 4; there are 3"):
        report_edits.part_at(kept.read(name).outline, 3)
    with pytest.raises(PhospheneError, match="no thing 3; it shows 2"):
        report_edits.without_item(curves, 2)
    with pytest.raises(PhospheneError, match="changed this part or taken it away"):
        report_edits.found(kept.read(name).outline, 1, curves)
    assert report_edits.found(kept.read(name).outline, 2, results) == 2


# -- what somebody wrote by hand -------------------------------------------------------------------------------------

BY_HAND = """title = 'Rates'   # of learning

# first of all
[[part]]  # the words
heading = 'A'
note = '''
[[part]]
# no comment'''

[[ part ]]
runs = "k0k"
show = "curves a"   # the loss
# behind it

# the last one
[[part]]
heading = "C"
"""


def test_comments_and_spelling_stay_where_nothing_is_changed(kept):
    name = kept.begin("Rates")
    kept.path(name).write_text(BY_HAND)
    kept.change(name, lambda outline: report_edits.moved(outline, 2, 0))
    text = kept.read(name).text
    assert text.startswith(
        "title = 'Rates'   # of learning\n\n# the last one\n[[part]]\nheading = \"C\"\n\n# first of all"
    )
    assert all(line in text for line in BY_HAND.splitlines())
    add(kept, name, "curves b")
    text = kept.read(name).text
    assert "# the words" in text
    assert "# the loss" not in text
    assert shown(kept, name) == [("C", []), ("A", []), ("", ["curves a", "curves b"])]
    assert kept.read(name).outline.parts[1].note == "[[part]]\n# no comment"


def test_lines_of_a_note_that_look_like_comments_of_the_next_part_are_no_harm(kept):
    name = kept.begin("Rates")
    kept.path(name).write_text('[[part]]\nnote = """\n# a\n# b"""\n[[part]]\nheading = "B"\n')
    kept.change(name, lambda outline: report_edits.moved(outline, 0, 1))
    assert [(one.heading, one.note) for one in kept.read(name).outline.parts] == [("B", ""), ("", "# a\n# b")]


def test_a_file_with_a_mistake_is_told_with_its_line_and_never_written_to(kept):
    name = kept.begin("Rates")
    wrong = 'title = "Rates"\n[[part]]\nheadnig = "A"\n'
    kept.path(name).write_text(wrong)
    with pytest.raises(PhospheneError, match="line 3: there is no 'headnig'; did you mean heading"):
        add(kept, name, "curves a")
    assert kept.path(name).read_text() == wrong
    seen = kept.look(name)
    assert (seen.outline, seen.title) == (None, name)
    assert "line 3" in seen.problem
    assert kept.begin("Rates") == name
    assert kept.path(name).read_text() == wrong


# -- several at once -------------------------------------------------------------------------------------------------


def test_writers_at_the_same_time_lose_nothing(home, kept):
    name = kept.begin("Rates")

    def write(number):
        own = KeptReports(home)
        for at in range(8):
            add(own, name, f"curves {number}-{at}")

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [(_, items)] = shown(kept, name)
    assert sorted(items) == sorted(f"curves {number}-{at}" for number in range(4) for at in range(8))
    assert [path.name for path in kept.folder.iterdir() if path.suffix not in {".toml", ".lock"}] == [".lock"]


def test_what_an_editor_writes_meanwhile_is_kept_and_the_change_made_anew(kept):
    name = kept.begin("Rates")
    add(kept, name, "curves a")
    written = []

    def edit(outline):
        if not written:
            written.append(
                kept.path(name).write_text(kept.path(name).read_text() + "# by hand\n[[part]]\nheading='B'\n")
            )
        return report_edits.added(outline, part("curves b"))

    kept.change(name, edit)
    assert shown(kept, name) == [("Curves", ["curves a", "curves b"]), ("B", [])]
    assert "# by hand" in kept.read(name).text


def test_a_change_is_undone_to_the_byte_unless_somebody_has_changed_the_report_since(kept):
    name = kept.begin("Rates")
    kept.path(name).write_text(BY_HAND)
    change = add(kept, name, "curves b")
    back = kept.put_back(change)
    assert kept.path(name).read_text() == BY_HAND
    assert kept.put_back(back).after.text == change.after.text
    add(kept, name, "results")
    with pytest.raises(PhospheneError, match="cannot be undone any more"):
        kept.put_back(change)
    assert "results" in kept.path(name).read_text()


def test_what_changes_nothing_writes_nothing(kept):
    name = kept.begin("Rates")
    add(kept, name, "curves a")
    before = kept.path(name).stat()
    change = add(kept, name, "curves a")
    assert change.before is change.after
    assert kept.path(name).stat().st_ino == before.st_ino


def test_where_one_only_looks_nothing_is_written(home):
    kept = KeptReports(home, read_only=True)
    with pytest.raises(ReadOnly):
        kept.begin("Rates")
    assert not kept.folder.exists()
    assert kept.names() == []


# -- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["Two rates", "<script>_x_ 50 % 😀", "../../etc", "-x", ".hidden", "a/b", "é" * 300])
def test_any_title_becomes_a_file_in_the_folder_and_is_found_by_it(kept, title):
    name = kept.begin(title)
    assert kept.path(name).parent == kept.folder
    assert kept.names() == [name]
    assert name[0] not in "-."
    assert kept.find(name) == kept.find(title) == name
    assert kept.read(name).outline.title == title
    assert kept.begin(title) == name


def test_a_report_that_is_not_there_is_told_with_the_nearest_name(kept):
    kept.begin("Rates")
    with pytest.raises(PhospheneError, match="did you mean Rates"):
        kept.find("Rats")
    (kept.folder / "second.toml").write_text('title = "Twice"')
    (kept.folder / "third.toml").write_text('title = "Twice"')
    with pytest.raises(PhospheneError, match="take one of the names second, third"):
        kept.find("Twice")
    with pytest.raises(PhospheneError, match="a report needs a name"):
        kept.begin("  ")


# -- what it shows ---------------------------------------------------------------------------------------------------


def test_a_sketch_tells_what_is_wrong_and_shows_the_rest(six, kept, home):
    name = kept.begin("Rates")
    add(kept, name, "curves train/loss", "curves nothing", runs=("k0k", "k3k"))
    add(kept, name, "results", runs=("gone",))
    outline = kept.read(name).outline
    texts, broken = Reports(Workspace(home)).sketch(outline)
    assert [*broken] == [(0, 1), (1, 0)]
    assert broken[0, 1].startswith("no run has points of 'nothing'")
    assert "no run is named 'gone'" in broken[1, 0]
    assert "**Figure 1.** train/loss by step." in texts[0]
    assert "curves nothing: no run has points" in texts[0]
    with pytest.raises(PhospheneError, match="curves nothing: no run has points"):
        Reports(Workspace(home)).document(outline)


def test_a_report_says_how_far_its_reading_is(six, kept, home):
    name = kept.begin("Rates")
    add(kept, name, "curves train/loss", "results", runs=("k0k", "k3k"))
    told = []
    Reports(Workspace(home)).document(kept.read(name).outline, lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2)]


# -- round trips -----------------------------------------------------------------------------------------------------

LINES = st.text(st.characters(blacklist_categories=["Cs"]), max_size=30)
NAMES = LINES.map(str.strip).filter(bool)
WORDS = st.one_of(LINES, st.just(HOSTILE), st.just('a\\nb\n"""\n[[part]]\n# x\r\n'), st.lists(LINES).map("\n".join))
OF_RUNS = [kind for kind in ARGUMENTS if kind not in (*SWEEP_ITEMS, *STUDY_ITEMS)]
ITEMS = st.builds(lambda kind, name: ReportItem(kind, name if ARGUMENTS[kind] else ""), st.sampled_from(OF_RUNS), NAMES)
SOURCES = st.one_of(
    st.builds(ReportSource, st.lists(NAMES, min_size=1, max_size=4).map(tuple)),
    st.builds(ReportSource, sweep=NAMES),
    st.builds(ReportSource, study=NAMES),
)
PARTS = st.builds(
    ReportPart,
    heading=LINES,
    note=WORDS,
    show=st.lists(ITEMS, max_size=3).map(tuple),
    source=SOURCES,
    group=LINES,
    baseline=LINES,
    smooth=st.floats(0, 1, exclude_max=True),
    x=st.sampled_from(["", "step", "epoch"]),
    log_y=st.booleans(),
    step=st.integers(0, 10_000),
)
OUTLINES = st.builds(ReportOutline, LINES, LINES, st.none() | SOURCES, st.lists(PARTS, max_size=4).map(tuple))


def same(one, other):
    return report_edits.same(one, other)


@settings(max_examples=60)
@given(OUTLINES)
def test_an_outline_that_is_written_is_read_as_the_same(outline):
    text = report_outlines.written(outline)
    tomllib.loads(text)
    assert same(report_outlines.parsed(text), outline)


@settings(max_examples=60)
@given(OUTLINES, OUTLINES, st.randoms())
def test_a_file_that_is_rewritten_holds_what_it_was_changed_to(before, other, random):
    text = report_outlines.written(before).replace("[[part]]", "# c\n[[part]]")
    before = report_outlines.parsed(text) if same_text(text) else before
    parts = [*before.parts, *other.parts]
    random.shuffle(parts)
    after = replace(before, parts=tuple(parts[:4]))
    text = text if same_text(text) else report_outlines.written(before)
    assert same(report_outlines.parsed(report_edits.rewritten(text, after)), after)


def same_text(text):
    """Tell whether comments could be put above the parts: not where a note holds such a line."""
    try:
        report_outlines.parsed(text)
    except PhospheneError:
        return False
    return True
