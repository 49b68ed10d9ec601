"""Code as lines on its own ground: coloured, wrapped softly, its language at the right."""

from __future__ import annotations

from collections.abc import Sequence

from tui.console.transcript.highlight import Coloured, Colours, language_name
from tui.console.transcript.lines import Line, Span, width_of, wrap
from tui.text import neutralise

_INDENT = Span("  ", "code-plain", None, True)
_GOES_ON = Span("↪ ", "mark", None, True)
_DIFF = {"+": ("added", "added-ground"), "-": ("removed", "removed-ground")}


def code_lines(
    code: Sequence[str], info: str, width: int, colours: Colours | None, *, growing: bool = False
) -> list[Line]:
    """The lines of one block of code.

    Args:
        code: Its lines, raw.
        info: The fence's info string: the language comes first in it.
        width: Cells of the widest line, its margin included.
        colours: Who colours it, or None.
        growing: More of it comes, so that its colours are not kept.
    """
    texts = shown_code(code)
    coloured: Coloured | None = None
    if colours is not None and language_name(info) not in ("", "diff", "patch"):
        ask = colours.glance if growing else colours.lines
        coloured = ask("\n".join(texts), info)
    lines = lines_of_code(texts, coloured, info, width)
    return labelled(lines, info, width)


def shown_code(code: Sequence[str]) -> list[str]:
    """Lines of code as they may be shown."""
    return [neutralise(line).expandtabs(4) for line in code]


def lines_of_code(
    texts: Sequence[str], coloured: Coloured | None, info: str, width: int
) -> list[Line]:
    """Neutralised lines of code, wrapped; `coloured` has spans for as many lines."""
    is_diff = language_name(info) in ("diff", "patch")
    lines: list[Line] = []
    for index, text in enumerate(texts):
        style, ground = _DIFF.get(text[:1], ("", "")) if is_diff else ("", "")
        spans: Sequence[Span] = (Span(text, style or "code-plain"),)
        if coloured is not None and index < len(coloured):
            spans = coloured[index]
        rows = wrap(spans, max(width - 4, 8), ground or "code-ground")
        for number, row in enumerate(rows):
            mark = (_INDENT,) if number == 0 else (_INDENT, _GOES_ON)
            lines.append(row._replace(spans=(*mark, *row.spans)))
    return lines


def labelled(lines: list[Line], info: str, width: int) -> list[Line]:
    """The lines with the language's name at the right of the first, where there is room."""
    name = language_name(info)
    if lines and name and width_of(lines[0].spans) + len(name) + 4 <= width:
        lines[0] = lines[0]._replace(right=(Span(f"{name}  ", "mark", None, True),))
    return lines
