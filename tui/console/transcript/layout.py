"""One block as lines, for a width: everything but replies, which grow (markdown.py)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

import msgspec

from tui.console.sidebar.marker import glyph, signs
from tui.console.transcript.blocks import (
    Block,
    Failure,
    Footer,
    Notice,
    Paid,
    Prompt,
    Reply,
    ServerTool,
    Thinking,
    ToolCard,
)
from tui.console.transcript.highlight import Colours
from tui.console.transcript.lines import (
    BLANK,
    PROSE_COLUMNS,
    Line,
    Span,
    styled,
    width_of,
    wrap,
)
from tui.events.route import Payer
from tui.money import show_credits, show_sum, show_usd
from tui.session.turn_sums import WAITS_FOR_YOU, Working, read_receipts
from tui.session.words import (
    Names,
    PlainNames,
    clock,
    counted,
    ticking,
)
from tui.text import cell_width, neutralise, truncate

PAYER_STYLES: Mapping[Payer, str] = {
    "own_key": "own-key",
    "endpoint": "endpoint",
    "cloud_account": "cloud-account",
    "credits": "credits",
    "nobody": "nobody",
}
LONGEST_LABEL = 32
_LONGEST_PROMPT = 20_000
_LONGEST_THOUGHT = 40_000


class Setting(msgspec.Struct, frozen=True):
    """What laying out depends on besides the block."""

    width: int
    names: Names = msgspec.field(default_factory=PlainNames)
    letters: bool = False  # markers are plain letters
    tz: dt.tzinfo | None = None  # None: the machine's own zone
    colours: Colours | None = None

    @property
    def prose(self) -> int:
        """Cells of running text and of everything that is aligned with it."""
        return min(self.width, PROSE_COLUMNS)


def lay_out(block: Block, setting: Setting, *, opened: bool, now: dt.datetime) -> list[Line]:
    """The lines of a block. Replies are laid out by `markdown.MarkdownLines`."""
    match block:
        case Reply():
            return []
        case Prompt():
            return _prompt(block, setting)
        case Thinking():
            return _thinking(block, setting, opened, now)
        case ToolCard():
            from tui.console.transcript.cards import card_lines

            return card_lines(block, setting.width, setting.prose, setting.colours, opened, now)
        case ServerTool():
            return [_step("▪ ", f"{neutralise(block.name, strict=True)}", "by the provider")]
        case Failure():
            from tui.console.transcript.failed import failure_lines

            return failure_lines(block, setting, opened, now)
        case Notice():
            lines = wrap(sentence(block.text, block.tone), setting.prose)
            return [*lines, *_receipts(block, setting, opened)]
        case Footer():
            return [*_footer(block, setting), *_receipts(block, setting, opened)]
        case _:
            assert_never(block)


def _step(mark: str, what: str, more: str) -> Line:
    return Line((Span(mark, "faint", None, True), Span(what, "soft"), Span(f"  {more}", "mute")))


def sentence(text: str, style: str) -> list[Span]:
    """Our own words; what stands in backticks is for typing and brighter."""
    pieces = neutralise(text).replace("\n", " ").split("`")
    return [
        Span(piece, "soft" if index % 2 else style) for index, piece in enumerate(pieces) if piece
    ]


def outside_text(text: str, width: int, style: str, limit: int) -> Iterator[Line]:
    """Text from outside, wrapped; what is beyond the limit is said by its size."""
    for line in neutralise(text[:limit]).expandtabs(4).split("\n"):
        yield from wrap((Span(line, style),), width) if line else [BLANK]
    if len(text) > limit:
        more = f"… {len(text) - limit:,} more characters"
        yield Line((Span(more, "mute", None, True),))


def _prompt(block: Prompt, setting: Setting) -> list[Line]:
    at = clock(block.at, setting.tz)
    room = setting.prose - len(at) - 3
    if block.text.strip():
        lines = list(outside_text(block.text.strip("\n"), room, "text", _LONGEST_PROMPT))
    else:
        lines = [Line((Span("go on", "thought"),))]
    for file in block.files:
        about = neutralise(f"  {file.about}", strict=True)
        name = truncate(neutralise(file.name, strict=True), max(room - len(about) - 5, 8))
        named = (Span("with ", "mute"), Span(name, "soft"), Span(about, "mute"))
        lines.append(Line(named))
    lines[0] = lines[0]._replace(right=(Span(at, "faint", None, True),))
    return [line._replace(bar="person") for line in lines]


def _thinking(block: Thinking, setting: Setting, opened: bool, now: dt.datetime) -> list[Line]:
    if block.ended is None:
        words = f"thinking for {ticking((now - block.began).total_seconds())}"
    else:
        words = f"thought for {ticking((block.ended - block.began).total_seconds() + 0.5)}"
    head = Line((Span("▾ " if opened else "▸ ", "faint", None, True), Span(words, "thought")))
    if not opened:
        return [head]
    text = block.text.strip()
    body = outside_text(text, setting.prose - 4, "thought", _LONGEST_THOUGHT)
    gutter = (Span("  ", "", None, True), Span("│ ", "quote-bar", None, True))
    return [head, *(line._replace(spans=gutter + line.spans) for line in body)]


def _footer(block: Footer, setting: Setting) -> Iterator[Line]:
    for paid in block.paid:
        yield _paid(paid, setting)
    if block.platform is not None:
        fee = block.platform
        cost = show_sum(fee.nano, fee.unknown)
        if fee.credits is not None:
            cost = signs(f"{show_credits(fee.credits)}  {cost}", letters=setting.letters)
        right = (Span(cost, "text", None, True),)
        yield Line((Span("   platform credits for running the agent", "mute"),), right=right)


def _receipts(block: Footer | Notice, setting: Setting, opened: bool) -> list[Line]:
    if not opened or not block.receipts:
        return []
    from tui.console.transcript.receipts import receipt_lines

    receipts = read_receipts(block.receipts)
    return receipt_lines(receipts, setting.prose, setting.names, letters=setting.letters)


def _paid(paid: Paid, setting: Setting) -> Line:
    colour = PAYER_STYLES[paid.payer]
    where, short, label = _payer_words(paid, setting.names)
    model = neutralise(setting.names.model(paid.model), strict=True)
    cost = signs(_cost(paid), letters=setting.letters)
    room = setting.prose - 3 - cell_width(cost) - 2
    if cell_width(f"{model} {where} {label}") > room:
        where = short
    behind = [Span(f" {where}", "mute"), *styled(f" {label}" if label else "", colour)]
    model = truncate(model, max(room - width_of(behind), 4))
    head = [Span(model, "mute"), *behind]
    details = _details(paid, room - width_of(head))
    mark = f"{glyph(paid.payer, letters=setting.letters)} "
    spans = [Span(mark, colour, None, True), *head, *details]
    right = (Span(cost, "text", None, True),)
    return Line(tuple(span for span in spans if span.text), right=right)


def _payer_words(paid: Paid, names: Names) -> tuple[str, str, str]:
    """Whose money it was, in full and in short, and the label in that payer's colour."""
    label = truncate(neutralise(paid.label or paid.connection, strict=True), LONGEST_LABEL)
    match paid.payer:
        case "own_key":
            who = neutralise(names.provider(paid.model, paid.connection), strict=True)
            return f"on your {who} key", "on key", label
        case "endpoint":
            return "on your endpoint", "on", label
        case "cloud_account":
            return "on your cloud account", "on", label
        case "credits":
            return "on", "on", f"{label} credits" if paid.label else "credits"
        case "nobody":
            return "on", "on", "this machine"


def _details(paid: Paid, room: int) -> list[Span]:
    """Requests and tokens, as much of it as there is room for."""
    requests = f"   {paid.requests} request{'s' * (paid.requests != 1)}"
    mark = "+" if paid.partly else ""
    tokens = "" if paid.input is None else f"   {counted(paid.input)}{mark} in"
    cached = f", {counted(paid.cached)}{mark} cached" if tokens and paid.cached else ""
    for shown in (requests + tokens + cached, requests + tokens, requests):
        if len(shown) <= room:
            return [Span(shown, "faint")]
    return []


def _cost(paid: Paid) -> str:
    if paid.payer == "nobody" and not paid.nano and not paid.unknown:
        return "free"
    cost = show_sum(paid.nano, paid.unknown, sure=paid.sure)
    return cost if paid.credits is None else f"{show_credits(paid.credits)}  {cost}"


def working_line(working: Working, setting: Setting) -> Line:
    """The one line of a turn that runs: what it does, for how long, how fast, for how much."""
    parts: Sequence[str] = [
        ticking(working.seconds),
        *([f"{working.tokens_per_s:.0f} tokens/s"] if working.tokens_per_s else []),
        *([show_usd(working.nano, sure=working.sure)] if working.nano is not None else []),
    ]
    if working.silent_s is not None:
        parts = [f"nothing heard for {ticking(working.silent_s)}", *parts]
    doing = neutralise(working.doing, strict=True)
    fixed = sum(3 + len(part) for part in parts) + len(" · Esc stops")
    style = "warn" if working.doing == WAITS_FOR_YOU else "soft"
    spans = [Span(truncate(doing, max(setting.prose - fixed, 12)), style)]
    for index, part in enumerate(parts):
        loud = index == 0 and working.silent_s is not None
        spans += [Span(" · ", "faint"), Span(part, "warn" if loud else "mute")]
    spans += [Span(" · ", "faint"), Span("Esc", "soft"), Span(" stops", "mute")]
    return Line(tuple(spans))


def queue_line(queued: Mapping[str, str]) -> Line:
    """How many messages wait."""
    count = len(queued)
    words = "1 message is queued and goes" if count == 1 else f"{count} messages are queued and go"
    return Line(styled(f"{words} on after this.", "queued"))
