"""A report as one HTML file that needs nothing else: drawings inline, pictures as data, no script."""

from __future__ import annotations

import base64
import html
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

from engine import tables, wording
from engine.comparison.sheets import BEST
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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.report.document import Block, Document, Picture, Spans

_TAGS = {"strong": "strong", "emphasis": "em", "code": "code"}
_LONG = 60
"""Characters of a cell beyond which its line is broken."""
_NARROWEST, _WIDEST = 80, 176
"""Pixels of a column of pictures, at least and at most."""
_POINTS_A_REM = 8.6
"""By which figures of 8 points are drawn with letters of the size of the text around them."""


def written(document: Document) -> str:
    """Return a report as HTML; the same report gives the same text."""
    return "".join(f"{line}\n" for line in _Writer().lines(document))


def escaped(text: str) -> str:
    """Return a text of the user as HTML shows it, whatever it holds."""
    whole = wording.printable(text).encode("utf-8", "backslashreplace").decode()
    return html.escape(whole)


class _Writer:
    def __init__(self) -> None:
        self._figures = itertools.count(1)
        self._tables = itertools.count(1)

    def lines(self, document: Document) -> Iterator[str]:
        title = escaped(document.title)
        yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield '<meta name="color-scheme" content="light dark">'
        policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
        yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        yield '<meta name="generator" content="Phosphene">'
        yield f"<title>{title}</title>"
        yield f"<style>\n{Path(__file__).with_name('style.css').read_text(encoding='utf-8')}</style>\n</head>\n<body>"
        yield f"<header>\n<h1>{title}</h1>"
        if about := " · ".join(escaped(part) for part in (document.author, document.date) if part):
            yield f'<p class="about">{about}</p>'
        sections = [block for block in document.blocks if isinstance(block, Heading) and block.level == 1]
        if len(sections) > 2:
            links = (f'<a href="#s{number}">{escaped(one.text)}</a>' for number, one in enumerate(sections, 1))
            yield f'<nav aria-label="Contents">{" ".join(links)}</nav>'
        yield "</header>\n<main>"
        yield from self._body(document.blocks)
        yield "</main>\n</body>\n</html>"

    def _body(self, blocks: Sequence[Block]) -> Iterator[str]:
        section = itertools.count(1)
        for narrow, own in itertools.groupby(blocks, drawings.narrow):
            if narrow:
                yield '<div class="charts">'
            for block in own:
                if isinstance(block, Heading) and block.level == 1:
                    yield f'<h2 id="s{next(section)}">{escaped(block.text)}</h2>'
                else:
                    yield from self._block(block)
            if narrow:
                yield "</div>"

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Heading(text=text, level=level):
                yield f"<h{level + 1}>{escaped(text)}</h{level + 1}>"
            case Paragraph(spans=spans, faint=faint):
                yield f"<p{_class('faint' * faint)}>{_inline(spans)}</p>"
            case Bullets(items=items, numbered=numbered):
                tag = "ol" if numbered else "ul"
                yield f"<{tag}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{tag}>"
            case Commands(lines=lines):
                yield f'<pre tabindex="0"><code>{escaped(chr(10).join(lines))}</code></pre>'
            case Bibliography(entries=entries):
                yield f'<ol class="sources">{"".join(f"<li>{escaped(entry)}</li>" for entry in entries)}</ol>'
            case TableBlock():
                yield from self._table(block)
            case Figure():
                yield from self._figure(block)

    def _table(self, block: TableBlock) -> Iterator[str]:
        number, right = next(self._tables), tables.flush_right(block.columns, block.rows)
        yield '<div class="table">'
        yield f'<p class="title" id="t{number}"><b>Table {number}.</b> {escaped(block.caption)}</p>'
        yield f'<div class="scroll" tabindex="0" role="region" aria-labelledby="t{number}">\n<table>\n<thead><tr>'
        yield "".join(
            f'<th scope="col"{_class("right" * flush)}>{escaped(name)}</th>'
            for name, flush in zip(block.columns, right, strict=True)
        )
        yield "</tr></thead>\n<tbody>"
        for row in block.rows:
            yield f"<tr>{''.join(map(_cell, row, right))}</tr>"
        yield "</tbody>\n</table>\n</div>"
        if block.remarks:
            yield f'<ul class="remarks">{"".join(f"<li>{escaped(remark)}</li>" for remark in block.remarks)}</ul>'
        yield "</div>"

    def _figure(self, block: Figure) -> Iterator[str]:
        number = next(self._figures)
        caption = f"<figcaption><b>Figure {number}.</b> {escaped(block.caption)}</figcaption>"
        if isinstance(block.content, Pictures):
            yield f"<figure>\n{_pictures(block.content)}\n{caption}\n</figure>"
            return
        svg = drawings.vector(block.content, ".svg").decode("utf-8")
        inked = drawings.inked(block.content)
        drawn = inline_svg(svg, f"f{number}-", block.caption, inked=inked)
        yield f"<figure{_class('' if inked else 'paper')}>\n{drawn}\n{caption}\n</figure>"


def _class(*names: str) -> str:
    """Return the attribute of these classes, but for the empty ones; nothing without any."""
    own = " ".join(name for name in names if name)
    return f' class="{own}"' if own else ""


def _inline(spans: Spans) -> str:
    found = []
    for span in spans:
        text = escaped(span.text)
        if span.style == "link":
            found.append(f'<a href="{escaped(span.target)}">{text}</a>')
        else:
            tag = _TAGS.get(span.style, "")
            found.append(f"<{tag}>{text}</{tag}>" if tag else text)
    return "".join(found)


def _cell(text: str, right: bool) -> str:
    marks = _class("right" * right, "best" * text.endswith(BEST), "long" * (len(text) > _LONG))
    return f"<td{marks}>{escaped(text)}</td>"


def _pictures(grid: Pictures) -> str:
    widest = max((one.width for one in grid.items if one is not None), default=0)
    least = f"--least: {min(max(widest, _NARROWEST), _WIDEST)}px"
    layout = f"--columns: {grid.columns}" if grid.columns else least
    fixed = f' style="{layout}"'
    cells = "\n".join(f'<div class="picture">{_picture(one) if one else ""}</div>' for one in grid.items)
    return f"<div{_class('pictures', 'set' * bool(grid.columns))}{fixed}>\n{cells}\n</div>"


def _picture(picture: Picture) -> str:
    lines = "".join(f"<span>{escaped(line)}</span>" for line in picture.caption)
    if not picture.png:
        return lines
    data = base64.b64encode(picture.png).decode("ascii")
    alt = escaped(", ".join(picture.caption))
    return (
        f'<img src="data:image/png;base64,{data}" width="{picture.width}" height="{picture.height}" alt="{alt}">{lines}'
    )


def inline_svg(svg: str, prefix: str, label: str, *, inked: bool) -> str:
    """Return a drawing of matplotlib as an element of a page.

    Args:
        svg: the file.
        prefix: of its ids, which no other drawing of the page may share.
        label: what it shows, for readers who do not see it.
        inked: whether black becomes the colour of the page's text, and its paper is left out.
    """
    found = svg[svg.index("<svg") :]
    found = re.sub(r"\s*<metadata>.*?</metadata>", "", found, flags=re.DOTALL)
    found = re.sub(r"<!--.*?-->\s*|<style.*?</style>\s*", "", found, flags=re.DOTALL)
    found = re.sub(r'\bid="', f'id="{prefix}', found)
    found = found.replace("url(#", f"url(#{prefix}").replace('xlink:href="#', f'xlink:href="#{prefix}')
    found = re.sub(r'xlink:href="[^"]*"', lambda link: "".join(link[0].split()), found)
    found = found.replace("xlink:href", "href")
    found = re.sub(r' xmlns:xlink="[^"]*"| xmlns="[^"]*"| version="[^"]*"', "", found)
    if inked:
        found = found.replace("#000000", "currentColor").replace("fill: #ffffff", "fill: none")
    width = float(found.partition(' width="')[2].partition("pt")[0])
    found = re.sub(r' (?:width|height)="[\d.]+pt"', "", found, count=2)
    fill = "; fill: currentColor" * inked
    size = f'style="width: {width / _POINTS_A_REM:.1f}rem{fill}" role="img" aria-label="{escaped(label)}"'
    return found.replace("<svg", f"<svg {size}", 1).strip()
