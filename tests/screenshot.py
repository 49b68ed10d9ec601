"""A screen of a Textual app as an SVG, cell by cell: no window around it, no font from elsewhere.

svg_of(app)          # an SVG
svg_of(app, 16)      # with so many pixels of page around it
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.color import blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.app import App
from textual.color import Color

WIDTH, HEIGHT, SIZE, BASE = 12, 24, 20, 18
"""Pixels: of a cell, of the letters, and from a cell's top to their base line."""

FONTS = "'JetBrains Mono','Cascadia Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace"
QUARTER_BAR, KEY = "▎", "🔑"
KEY_PATH = "M15 7.5a4 4 0 1 1 0 .01ZM12.2 10.3 4 18.5M6.4 16.1l2.6 2.6M9.2 13.3l1.8 1.8"
"""A key in the box of two cells: an emoji is another picture, or none, on every machine."""


class Run(NamedTuple):
    """Cells of one look in a row."""

    x: int
    text: str
    ink: str
    ground: str
    look: str


def svg_of(app: App[Any], margin: int = 0) -> str:
    """What the app shows now."""
    page, ink = (
        Color.parse(app.get_css_variables()[name]).hex6.lower() for name in ("page", "text")
    )
    grounds: list[str] = []
    letters: list[str] = []
    classes: dict[str, str] = {}
    for y, row in enumerate(_rows(app, page, ink)):
        for (ground,), runs in groupby(row, key=lambda run: (run.ground,)):
            grounds += _ground(y, ground, list(runs)) if ground != page else []
        for run in row:
            letters += _letters(y, run, classes)
    width, height = (size * cell for size, cell in zip(app.size, (WIDTH, HEIGHT), strict=True))
    styles = "\n".join(f".{name}{{{rules}}}" for rules, name in classes.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-margin} {-margin} '
        f'{width + 2 * margin} {height + 2 * margin}">\n'
        f"<style>\ntext{{font:{SIZE}px {FONTS}}}\n{styles}\n</style>\n"
        f'<rect x="{-margin}" y="{-margin}" width="{width + 2 * margin}" '
        f'height="{height + 2 * margin}" rx="{margin}" fill="{page}"/>\n'
        '<g shape-rendering="crispEdges">\n' + "\n".join(grounds) + "\n</g>\n"
        + "\n".join(letters) + "\n</svg>\n"
    )  # fmt: skip


def _rows(app: App[Any], page: str, ink: str) -> Iterator[list[Run]]:
    update = app.screen._compositor.render_update(
        full=True, screen_stack=app._background_screens, simplify=True
    )
    for strip in update.strips:
        x, row = 0, []
        for text, style, control in (segment for one in strip for segment in one):
            if control:
                continue
            for piece in _pieces(text):
                row.append(_run(x, piece, style or Style(), page, ink))
                x += cell_len(piece)
        yield row


def _pieces(text: str) -> Iterator[str]:
    """Wide letters and bars stand alone: their places are exact whatever the font."""
    alone = [(char, cell_len(char) != 1 or char == QUARTER_BAR) for char in text]
    for single, chars in groupby(alone, key=lambda one: one[1]):
        joined = "".join(char for char, _ in chars)
        yield from _clusters(joined) if single else [joined]


def _clusters(text: str) -> Iterator[str]:
    cluster = ""
    for char in text:
        if cluster and cell_len(char):
            yield cluster
            cluster = ""
        cluster += char
    yield cluster


def _run(x: int, text: str, style: Style, page: str, ink: str) -> Run:
    front = _triplet(style.color, ink)
    back = _triplet(style.bgcolor, page)
    if style.reverse:
        front, back = back, front
    if style.dim:
        front = blend_rgb(front, back, 0.4)
    looks = [
        ("font-weight:bold", style.bold),
        ("font-style:italic", style.italic),
        ("text-decoration:underline", style.underline),
        ("text-decoration:line-through", style.strike),
    ]
    return Run(x, text, front.hex, back.hex, ";".join(rule for rule, on in looks if on))


def _triplet(colour: Any, default: str) -> ColorTriplet:
    if colour is None or colour.is_default:
        return ColorTriplet(*Color.parse(default).rgb)
    return colour.get_truecolor()


def _ground(y: int, ground: str, runs: list[Run]) -> list[str]:
    width = sum(cell_len(run.text) for run in runs) * WIDTH
    place = f'x="{runs[0].x * WIDTH}" y="{y * HEIGHT}"'
    return [f'<rect {place} width="{width}" height="{HEIGHT}" fill="{ground}"/>']


def _letters(y: int, run: Run, classes: dict[str, str]) -> list[str]:
    text = run.text.rstrip(" ") if "underline" not in run.look else run.text
    lead = len(text) - len(text.lstrip(" "))
    x = run.x * WIDTH
    if not text.strip(" "):
        return []
    if text == QUARTER_BAR:
        place = f'x="{x}" y="{y * HEIGHT}" width="{WIDTH // 4}" height="{HEIGHT}"'
        return [f'<rect {place} fill="{run.ink}"/>']
    if text == KEY:
        look = f'fill="none" stroke="{run.ink}" stroke-width="1.8" stroke-linecap="round"'
        return [f'<path d="{KEY_PATH}" transform="translate({x} {y * HEIGHT})" {look}/>']
    rules = ";".join(rule for rule in (f"fill:{run.ink}", run.look) if rule)
    name = classes.setdefault(rules, f"s{len(classes)}")
    x, text = x + lead * WIDTH, text[lead:]
    shown = escape(text).replace(" ", "\N{NO-BREAK SPACE}")
    length = f'textLength="{cell_len(text) * WIDTH}"'
    return [f'<text class="{name}" x="{x}" y="{y * HEIGHT + BASE}" {length}>{shown}</text>']
