"""HTML, Markdown, LaTeX and PDF: whole, valid, the same bytes each time, and a user's text is text everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from html.parser import HTMLParser

import pytest

from engine import MachineFailure, PhospheneError
from engine.provenance import Origin
from engine.report import html, latex, markdown, writing
from engine.report.document import Commands, Document, Heading, Paragraph, Span, TableBlock, plain
from tests.disks import limited
from tests.engine.report.documents.conftest import HOSTILE

ORIGIN = Origin(("1127-0800-count-abc",), "phosphene report abc")
VOID = {"meta", "img", "br", "use", "path", "stop"}


class Checked(HTMLParser):
    """Follows the tags of a page: what is open, ids, addresses, and the text that a reader sees."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.addresses, self.tags, self.texts = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in {"src", "href", "xlink:href"}:
                self.addresses.append((tag, value))
            assert not name.startswith("on")
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


@pytest.fixture
def hostile(write, report):
    write("aaa", {"lr": 0.1}, name=HOSTILE, note=f"# {HOSTILE}\n\n- {HOSTILE}", result={"test/accuracy": float("nan")})
    write("bbb", {"lr": 0.2, "say": HOSTILE}, state="failed", reason=HOSTILE, kept=False)
    document = report("experiment=count", title=HOSTILE, author=HOSTILE)
    texts = (Heading(HOSTILE, 2), Paragraph((Span(HOSTILE, "strong"), Span(HOSTILE, "code"))), Commands((HOSTILE,)))
    table = TableBlock(HOSTILE, (HOSTILE, "n"), ((HOSTILE, "1"),), (HOSTILE,))
    return Document(document.title, document.author, document.date, (*document.blocks, *texts, table))


def test_a_page_is_valid_whole_and_asks_nobody_for_anything(six, report):
    text = html.written(report("experiment=count"))
    page = Checked(text)
    assert len(page.ids) == len(set(page.ids)) > 20
    assert "script" not in page.tags
    for tag, address in page.addresses:
        if tag in {"img", "image"}:
            assert address.startswith("data:image/png;base64,")
        else:
            assert address[0] == "#"
            assert address[1:] in page.ids
    assert set(re.findall(r"url\((#[^)]*)\)", text)) <= {f"#{one}" for one in page.ids}
    assert not re.search(r"https?://|@import|<link", text)
    assert page.tags.count("svg") == 3  # one chart, two confusion matrices
    seen = " ".join(" ".join(page.texts).split())
    for said in ("0.910 ± 0.025 (3) *", "lr 0.1 lies 0.200 above lr 0.01", "for seed in 0 1 2; do phosphene run count"):
        assert said in seen
    assert "mean" in seen
    assert "torch 2.9" in seen


def test_a_users_text_is_text_on_a_page(hostile):
    text = html.written(hostile)
    page = Checked(text)
    assert "script" not in page.tags
    assert all(address.startswith(("#", "data:", "http://x.y")) for _, address in page.addresses)
    assert "\x1b" not in text
    seen = " ".join(page.texts)
    assert seen.count("<script>alert(1)</script> _x_ 50 % & $a$ # |") >= 8
    assert "😀" in seen
    assert "nan (0 of 1)" in seen


def test_a_users_text_is_text_in_markdown(hostile):
    text, figures = markdown.written(hostile, "figures")
    outside = re.sub(r"^(`{3,})sh\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    outside = re.sub(r"(`+)[^`].*?(?<!`)\1(?!`)", "", outside)
    assert not re.search(r"<(?!br>)[a-z/]", outside)
    assert "\x1b" not in text
    assert "$" not in outside
    assert not re.search(r"(?<!\w)_|_(?!\w)", outside)
    assert [name for name in re.findall(r"\]\((.+?)\)", outside) if name != "http://x.y"] == [*figures]
    # Rows of a table have as many cells as its head.
    for table in re.findall(r"(?:^\|.*\|$\n?)+", outside, flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table


def test_a_users_text_is_text_in_latex(hostile):
    text, _ = latex.written(hostile, "figures")
    body = text.partition("\\begin{document}")[2]
    assert "\x1b" not in body
    assert "😀" not in body
    assert "[}U+1F600]" in body
    assert body.count("$<$script$>$") > 8
    assert not re.search(r"(?<!\\)[%#&](?![^\n]*\\\\$)(?!\n)", re.sub(r" & ", " ", body))
    bare = re.sub(r"\\[{}]", "", body)
    assert bare.count("{") == bare.count("}")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is needed")
def test_latex_compiles_whatever_the_names_hold_and_gives_the_same_bytes(hostile, tmp_path):
    for name in ("a.pdf", "b.pdf"):
        writing.write(hostile, tmp_path / name, "pdf", ORIGIN)
    content = (tmp_path / "a.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert content == (tmp_path / "b.pdf").read_bytes()


def test_without_latex_a_pdf_is_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(writing.shutil, "which", lambda name: None)
    with pytest.raises(MachineFailure, match="install pdflatex"):
        writing.write(Document("t", "", "", ()), tmp_path / "a.pdf", "pdf", ORIGIN)
    assert not (tmp_path / "a.pdf").exists()


def test_what_latex_complains_of_is_said(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    compiler = tmp_path / "bin/pdflatex"
    compiler.write_text("#!/bin/sh\necho 'This is TeX'\necho '! Missing { inserted.'\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{compiler.parent}:/bin")
    monkeypatch.setattr(writing.shutil, "which", lambda name: name == "pdflatex" or None)
    with pytest.raises(MachineFailure, match=r"Missing \{ inserted"):
        writing.write(Document("t", "", "", ()), tmp_path / "a.pdf", "pdf", ORIGIN)


@pytest.mark.parametrize(("form", "ending"), [("html", ".html"), ("md", ".md"), ("latex", ".tex")])
def test_the_same_runs_give_the_same_bytes_and_stay_readable_without_them(six, report, home, tmp_path, form, ending):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written = writing.write(report("experiment=count"), tmp_path / name / f"my report{ending}", form, ORIGIN)
    if name == "two":
        shutil.rmtree(home)
    pairs = [(path, tmp_path / "one" / path.relative_to(tmp_path / "two")) for path in written]
    assert all(path.read_bytes() == other.read_bytes() for path, other in pairs)
    assert len(written) == (1 if form == "html" else 10)
    text = written[0].read_text()
    assert all(f"my-report-figures/{path.name}" in text for path in written[1:])
    assert str(home) not in text


def test_the_date_is_that_of_the_newest_run_or_what_the_environment_says(six, report, monkeypatch):
    assert report("experiment=count").date == "2023-11-14 22:23 UTC"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert report("experiment=count").date == "1970-01-02 00:00 UTC"


def test_markdown_cannot_begin_a_list_or_a_heading_by_accident():
    document = Document("t", "", "", tuple(Paragraph(plain(text)) for text in ("# a", "- b", "1. c", "> d", "+1")))
    text, _ = markdown.written(document, "f")
    assert text.split("\n\n")[1:] == ["\\# a", "\\- b", "1\\. c", "\\> d", "\\+1\n"]


def test_a_table_of_many_columns_stands_in_pieces_of_the_width_of_a_page():
    columns = tuple(f"column {number}" for number in range(40))
    table = TableBlock("Many.", columns, (tuple(map(str, range(40))),) * 60)
    text, _ = latex.written(Document("t", "", "", (table,)), "f")
    assert text.count("\\toprule") > 4
    assert text.count("column 0 ") == text.count("\\toprule")
    assert text.count("\\captionof{table}") == 1


def test_styles_and_package_data_are_declared():
    project = tomllib.loads((html.Path(html.__file__).parents[2] / "pyproject.toml").read_text())
    assert "engine" in project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert html.Path(html.__file__).with_name("style.css").exists()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is needed")
def test_a_browser_shows_no_side_scrolling_on_a_phone(hostile, tmp_path):
    writing.write(hostile, tmp_path / "a.html", "html", ORIGIN)
    probe = (
        (tmp_path / "a.html")
        .read_text()
        .replace("script-src", "")
        .replace("default-src 'none'; ", "default-src 'unsafe-inline'; ")
    )
    probe = probe.replace(
        "</body>", "<script>document.title = document.documentElement.scrollWidth + 'px'</script></body>"
    )
    (tmp_path / "probe.html").write_text(probe)
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=500,900", "--dump-dom"]
    done = subprocess.run([*command, f"file://{tmp_path}/probe.html"], capture_output=True, text=True, check=True)
    assert int(re.search(r"<title>(\d+)px", done.stdout)[1]) <= 500


@pytest.mark.parametrize("form", ["md", "latex"])
@pytest.mark.parametrize("there", [False, True])
def test_where_a_file_cannot_be_written_whole_report_and_figures_stay_as_they_were(hostile, tmp_path, form, there):
    def files():
        return {file: file.read_bytes() for file in (tmp_path / "r").rglob("*") if file.is_file()}

    path = tmp_path / "r" / f"r{writing.FORMATS[form]}"
    path.parent.mkdir()
    largest = max(file.stat().st_size for file in writing.write(hostile, tmp_path / path.name, form, ORIGIN))
    if there:
        writing.write(Document("before", "", "", ()), path, form, ORIGIN)
    before = files()
    for room in range(0, largest, 4096):
        with pytest.raises(PhospheneError, match="cannot be written"), limited(room):
            writing.write(hostile, path, form, ORIGIN)
        assert files() == before, room
        assert [one.name for one in path.parent.iterdir() if one.is_dir()] == [], room
    assert len(writing.write(hostile, path, form, ORIGIN)) > 2
    assert (path.parent / "r-figures").is_dir()


def test_the_figures_of_a_report_behind_a_link_lie_where_it_is_said(hostile, tmp_path):
    (tmp_path / "there").mkdir()
    path = tmp_path / "r.md"
    path.symlink_to(tmp_path / "there" / "report.md")
    _, *figures = writing.write(hostile, path, "md", ORIGIN)
    assert figures
    assert all(file.is_file() and file.parents[1] == tmp_path / "there" for file in figures)
