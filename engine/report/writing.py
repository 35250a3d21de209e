"""Reports as files: which formats there are, and how one is written with the figures beside it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine import provenance
from engine.errors import DiskFull, MachineFailure, PhospheneError
from engine.report import html, latex, markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.provenance import Origin
    from engine.report.document import Document

FORMATS = {"html": ".html", "md": ".md", "latex": ".tex", "pdf": ".pdf"}
"""How the files of each format end."""
PATIENCE = 300.0
"""Seconds that LaTeX may take."""
_OFFLINE = ["-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]


def form_of(path: Path | None, named: str) -> str:
    """Return the format that is named, or the one that a path's ending says; HTML if neither.

    Raises:
        PhospheneError: if there is no such format.
    """
    if named and named not in FORMATS:
        raise PhospheneError(f"there is no format {named!r} of reports; there are: {', '.join(FORMATS)}")
    if named or path is None:
        return named or "html"
    form = next((form for form, ending in FORMATS.items() if path.suffix.lower() == ending), "")
    if not form:
        raise PhospheneError(f"{path.name} must end in {', '.join(FORMATS.values())}, or name a format with --to")
    return form


def write(document: Document, path: Path, form: str, origin: Origin) -> list[Path]:
    """Write a report, and beside it where it came from; return its files, the one to open first.

    The figures of Markdown and LaTeX lie in a folder beside it. A file that is there is replaced.

    Raises:
        PhospheneError: if there is no such format, or the file cannot be written.
        DiskFull: if there is no room for it.
        MachineFailure: if a PDF is asked for and LaTeX is not there, or fails.
    """
    form_of(path, form)
    try:
        if form == "html":
            _put(path, html.written(document), origin)
            return [path]
        if form == "pdf":
            _compiled(document, path, origin)
            return [path]
        folder = figures_folder(path)
        write_text = {"md": markdown.written, "latex": latex.written}[form]
        text, figures = write_text(document, folder.name)
        return _with_figures(path, text, figures, origin)
    except DiskFull:
        raise
    except OSError as error:
        raise PhospheneError(f"{path} cannot be written: {error.strerror or error}") from error


def figures_folder(path: Path) -> Path:
    """Return where the figures of a report lie: beside it, in letters that need no escape in any format."""
    words = re.sub(r"[^A-Za-z0-9.-]+", "-", path.stem).strip("-.")
    return path.with_name(f"{words or 'report'}-figures")


def _put(path: Path, text: str, origin: Origin) -> None:
    provenance.write_whole(path, provenance.text(text), origin)


def _with_figures(path: Path, text: str, figures: Mapping[str, bytes], origin: Origin) -> list[Path]:
    """Write a report with its figures, all of them or, where one cannot be written, none."""

    def fill(file: Path, origin: Origin) -> None:
        folder = file.parent / figures_folder(path).name
        for name, content in figures.items():
            folder.mkdir(exist_ok=True)
            (file.parent / name).write_bytes(content)
        if figures:
            origin.write_beside(folder)
        provenance.text(text)(file, origin)

    provenance.write_whole(path, fill, origin)
    beside = path.resolve().parent if path.is_symlink() else path.parent  # as write_whole has it
    return [path, *(beside / name for name in figures)]


def _fill(content: bytes, file: Path, _: Origin | None = None) -> int:
    return file.write_bytes(content)


def _compiled(document: Document, path: Path, origin: Origin) -> None:
    """Let LaTeX make a PDF in a folder of its own."""
    commands = _commands()
    with tempfile.TemporaryDirectory(prefix="phosphene-report-") as name:
        source = Path(name) / "report.tex"
        _with_figures(source, *latex.written(document, figures_folder(source).name), origin)
        for command in commands:
            try:
                done = subprocess.run(
                    [*command, source.name],
                    cwd=name,
                    capture_output=True,
                    timeout=PATIENCE,
                    check=False,
                    stdin=subprocess.DEVNULL,
                )
            except subprocess.TimeoutExpired:
                raise MachineFailure(f"{command[0]} took longer than {PATIENCE:.0f} s; take --to latex") from None
            if done.returncode:
                said = _complaint(done.stdout.decode("utf-8", "replace"))
                raise MachineFailure(f"{command[0]} could not make the PDF ({said}); take --to latex to see the source")
        content = source.with_suffix(".pdf").read_bytes()
    provenance.write_whole(path, partial(_fill, content), origin)


def _commands() -> list[list[str]]:
    if shutil.which("latexmk") and shutil.which("pdflatex"):
        return [["latexmk", "-pdf", "-norc", "-quiet", *_OFFLINE]]
    if shutil.which("pdflatex"):
        # Twice, so that references are known.
        return [["pdflatex", *_OFFLINE]] * 2
    raise MachineFailure(
        "a PDF needs LaTeX: install pdflatex and latexmk (TeX Live), or write --to html and print it from a browser"
    )


def _complaint(output: str) -> str:
    """Return the first error in what LaTeX printed, and if there is none its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("! ")), lines[-1] if lines else "without a word")[:200]
