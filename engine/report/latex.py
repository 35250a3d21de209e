"""A report as LaTeX for pdflatex: booktabs tables, figures as PDF in a folder beside it."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from engine import tables
from engine.report import drawings
from engine.report.document import (
    Bibliography,
    Bullets,
    Commands,
    Figure,
    Heading,
    Paragraph,
    Pictures,
    TableBlock,
)
from engine.report.files import Files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.report.document import Block, Document, Picture, Spans

PREAMBLE = r"""\documentclass[10pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage{textcomp}
\usepackage[margin=22mm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{booktabs}
\usepackage{graphicx}
\usepackage{caption}
\usepackage[hidelinks]{hyperref}
\captionsetup{font=small,labelfont=bf}
\setlength{\parindent}{0pt}
\setlength{\parskip}{5pt plus 1pt}
\raggedbottom
\emergencystretch=2em
% Figures keep their size, so that their letters are of 8 points, unless they are wider than the text.
\makeatletter
\newcommand{\figurewidth}{\ifdim\Gin@nat@width>\linewidth\linewidth\else\Gin@nat@width\fi}
\makeatother
\setkeys{Gin}{width=\figurewidth,keepaspectratio}
% The same source gives the same bytes.
\ifdefined\pdfinfoomitdate\pdfinfoomitdate=1\pdftrailerid{}\pdfsuppressptexinfo=-1\fi
"""
_SECTIONS = ("section", "subsection", "subsubsection")
_LINE = 105
"""Letters of a table's row that fit into the width of the text."""
_LONGEST = 42
"""Rows of a table that fit on a page."""
SMALLEST = 1.4
"""By how much a table may be shrunk before its columns stand below each other."""
TEXT_WIDTH, GAP = 6.5, 0.08
"""Inches: the width of the text, and what lies between two pictures."""
PIXELS_AN_INCH = 110
"""Of a picture in a grid, if there is room for it."""
_TYPED = (0x2018, 0x2019, 0x201C, 0x201D, 0x2013, 0x2014, 0x201E, 0x2020, 0x2021, 0x2022, 0x2026, 0x2030)
_KNOWN = frozenset(map(chr, (*_TYPED, 0x20AC, 0x2122, 0x2190, 0x2191, 0x2192, 0x2193, 0x2212)))
"""Letters beyond Latin that the fonts have."""
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "o", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "varphi", "chi", "psi", "omega"),
)
_FORMULAS = {
    **{chr(0x3B1 + place): name if len(name) == 1 else rf"\{name}" for place, name in enumerate(_GREEK)},
    "≤": r"\le",
    "≥": r"\ge",
    "≈": r"\approx",
    "≠": r"\ne",
    "∞": r"\infty",
    "Δ": r"\Delta",
    "Σ": r"\Sigma",
    "✓": r"\checkmark",
    "■": r"\blacksquare",
    "●": r"\bullet",
    "○": r"\circ",
}


def written(document: Document, folder: str) -> tuple[str, dict[str, bytes]]:
    """Return a report as LaTeX, and its figures by their paths.

    Args:
        document: the report.
        folder: where the figures will lie, as the text names it; in letters that LaTeX takes as they are.
    """
    files = Files(folder)
    about = "\\\\\n".join(escaped(part) for part in (document.author, document.date) if part)
    head = f"\\begin{{document}}\n\\begin{{center}}\n{{\\LARGE {escaped(document.title)}\\par}}\n"
    head += f"\\smallskip\n{about}\n\\end{{center}}\n"
    body = "\n\n".join(_Writer(files).lines(document.blocks))
    return f"{PREAMBLE}{head}\n{body}\n\n\\end{{document}}\n", files.found


def escaped(text: str) -> str:
    """Return a text of the user as LaTeX prints it; letters that its fonts lack are named by their code points."""
    return "".join(map(_letter, tables.latex(text)))


def _letter(letter: str) -> str:
    if letter in _FORMULAS:
        return f"${_FORMULAS[letter]}$"
    if ord(letter) < 0x80 or 0xA0 <= ord(letter) < 0x180 or letter in _KNOWN:
        return letter
    return f"{{[}}U+{ord(letter):04X}]"


def _code(text: str) -> str:
    """Return a text as it is typed: hyphens and quotes stay what they are."""
    named = {"-": "{-}", "'": r"\textquotesingle{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}"}
    parts = (named.get(letter) or escaped(letter) for letter in text)
    return "".join(part or " " for part in parts)


class _Writer:
    def __init__(self, files: Files) -> None:
        self._files = files

    def lines(self, blocks: Sequence[Block]) -> Iterator[str]:
        for narrow, own in itertools.groupby(blocks, drawings.narrow):
            if not narrow:
                for block in own:
                    yield from self._block(block)
                continue
            charts = [block for block in own if isinstance(block, Figure)]
            for start in range(0, len(charts), 2):
                yield "\\hfill\n".join(self._column(chart) for chart in charts[start : start + 2])

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Heading(text=text, level=level):
                yield f"\\{_SECTIONS[min(level, 3) - 1]}{{{escaped(text)}}}"
            case Paragraph(spans=spans, faint=faint):
                yield f"{{\\small {_inline(spans)}\\par}}" if faint else _inline(spans)
            case Bullets(items=items, numbered=numbered):
                yield _listed("enumerate" if numbered else "itemize", map(_inline, items))
            case Commands(lines=lines):
                body = "\\par\n".join(
                    f"\\hangindent=2em\\hangafter=1 \\texttt{{{_code(line)}}}" for line in lines if line
                )
                yield f"{{\\small\\raggedright\n{body}\\par}}"
            case Bibliography(entries=entries):
                yield f"{{\\small\n{_listed('enumerate', map(escaped, entries))}}}"
            case TableBlock():
                yield from _table(block)
            case Figure():
                yield self._figure(block)

    def _column(self, block: Figure) -> str:
        return f"\\begin{{minipage}}[t]{{0.485\\linewidth}}\n{self._drawn(block)}\n\\end{{minipage}}"

    def _figure(self, block: Figure) -> str:
        if isinstance(block.content, Pictures):
            rows = "\\par\\vspace{3pt}\n".join(self._rows(block.content, block.name))
            caption = f"\\captionof{{figure}}{{{escaped(block.caption)}}}"
            return f"{{\\centering\n{rows}\\par\\nopagebreak\n{caption}\\par}}"
        drawn = f"\\begin{{minipage}}{{\\linewidth}}\n{self._drawn(block)}\n\\end{{minipage}}"
        return f"\\begin{{center}}\n{drawn}\n\\end{{center}}"

    def _drawn(self, block: Figure) -> str:
        assert not isinstance(block.content, Pictures), "pictures are laid out in rows"
        path = self._files.add(block.name, ".pdf", drawings.vector(block.content, ".pdf"))
        return f"\\centering\n\\includegraphics{{{path}}}\n\\captionof{{figure}}{{{escaped(block.caption)}}}"

    def _rows(self, grid: Pictures, name: str) -> Iterator[str]:
        widest = max((one.width for one in grid.items if one is not None), default=0) or PIXELS_AN_INCH
        inches = min(widest / PIXELS_AN_INCH, TEXT_WIDTH)
        columns = grid.columns or max(1, min(len(grid.items), math.floor(TEXT_WIDTH / (inches + GAP))))
        share = math.floor(1000 * min(inches / TEXT_WIDTH, 1 / columns - GAP / TEXT_WIDTH)) / 1000
        for start in range(0, len(grid.items), columns):
            own = (self._picture(one, name, share) for one in grid.items[start : start + columns])
            yield f"%\n\\hspace{{{GAP}in}}".join(own)

    def _picture(self, picture: Picture | None, name: str, share: float) -> str:
        parts = []
        if picture is not None and picture.png:
            path = self._files.add(name, ".png", picture.png)
            parts.append(f"\\includegraphics[width=\\linewidth]{{{path}}}")
        parts += [f"{{\\scriptsize {escaped(line)}}}" for line in (picture.caption if picture is not None else ())]
        body = "\\\\\n".join(parts)
        return f"\\begin{{minipage}}[t]{{{share}\\linewidth}}\\centering\n{body}\n\\end{{minipage}}"


def _listed(kind: str, items: Iterator[str] | map[str]) -> str:
    body = "\n".join(f"\\item {{}}{item}" for item in items)
    return f"\\begin{{{kind}}}\\setlength{{\\itemsep}}{{0pt}}\n{body}\n\\end{{{kind}}}"


def _inline(spans: Spans) -> str:
    found = []
    for span in spans:
        # The spaces at the ends of a span, which LaTeX's own form of a text leaves out.
        before, after = (" " * (span.text != cut) for cut in (span.text.lstrip(), span.text.rstrip()))
        text = escaped(span.text)
        match span.style:
            case "strong":
                text = f"\\textbf{{{text}}}"
            case "emphasis":
                text = f"\\emph{{{text}}}"
            case "code":
                text = f"\\texttt{{{_code(span.text.strip())}}}"
            case "link":
                text = f"\\href{{{_target(span.target)}}}{{{text}}}"
        found.append(f"{before}{text}{after}" if span.text.strip() else " ")
    return "".join(found)


def _target(address: str) -> str:
    """Return an address as a link of LaTeX takes it."""
    coded = "".join(f"%{ord(letter):02x}" if letter in "\\^~${}" else letter for letter in address)
    return "".join(f"\\{letter}" if letter in "%#&_" else letter for letter in coded)


def _table(block: TableBlock) -> Iterator[str]:
    caption = f"\\captionof{{table}}{{{escaped(block.caption)}}}\n"
    for columns in _fitting(block):
        head = [block.columns[place] for place in columns]
        rows = [[row[place] for place in columns] for row in block.rows]
        for start in range(0, max(1, len(rows)), _LONGEST):
            part = rows[start : start + _LONGEST]
            text = "".join(map(_letter, tables.written(head, part, "latex"))).rstrip("\n")
            if _width(head, part) > _LINE:
                text = f"\\resizebox{{\\linewidth}}{{!}}{{%\n{text}}}"
            body = f"\\centering\n{caption}\\footnotesize\n{text}"
            yield f"\\begin{{minipage}}{{\\linewidth}}{body}\n\\end{{minipage}}\\par"
            caption = ""
    if block.remarks:
        yield "{\\small " + "\\par\n".join(map(escaped, block.remarks)) + "\\par}"
    yield "\\medskip"


def _fitting(block: TableBlock) -> list[list[int]]:
    """Return which columns stand in one piece of a table; the first one stands in each."""
    widths = [max(len(row[place]) for row in (block.columns, *block.rows)) + 2 for place in range(len(block.columns))]
    pieces: list[list[int]] = [[0]]
    for place in range(1, len(widths)):
        if len(pieces[-1]) > 1 and sum(widths[own] for own in pieces[-1]) + widths[place] > SMALLEST * _LINE:
            pieces.append([0])
        pieces[-1].append(place)
    return pieces


def _width(head: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    return sum(max(len(row[place]) for row in (head, *rows)) + 2 for place in range(len(head)))
