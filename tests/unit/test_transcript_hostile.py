from __future__ import annotations

import datetime as dt
import re
import time
import unicodedata

import pytest

from tests.hostile_cases import HostileCase, expecting, load
from tests.transcript_text import drawn, markdown, parser, with_lexers
from tests.transcript_world import Script
from tui.console.transcript.flow import Flow
from tui.console.transcript.highlight import Highlighter
from tui.console.transcript.layout import Setting
from tui.console.transcript.lines import Line, width_of
from tui.console.transcript.model import TranscriptModel
from tui.events.turn import ErrorRaised

CASES = load("text")
RAW = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
CHANNELS = ("model_text", "model_thinking", "tool_output", "tool_args", "provider_error", "prompt")


def shown(channel: str, text: str, width: int = 93) -> list[Line]:
    """Every line of a session in which the text came in by this channel, all blocks open."""
    script = Script().prompt(text if channel == "prompt" else "x").route()
    match channel:
        case "model_text":
            script.say(text)
        case "model_thinking":
            script.think(text)
        case "tool_output":
            script.tool("shell", {"command": "ls"}, text, ok=False)
        case "tool_args":
            script.tool(text, {"command": text, text: text, "old": text, "new": text}, "x")
        case _:
            script.add(ErrorRaised(kind="server", message=text, hint=text, request=script.request))
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    flow = Flow(
        model,
        Setting(width, tz=dt.UTC),
        clock=script.clock,
        highlighter=Highlighter(),
    )
    flow.use_parser(parser())
    for block in model.blocks:
        if flow.can_open(block.id) and not flow.opened(block.id):
            flow.toggle(block.id)
    return [line for block in model.blocks for line in flow.laid(block.id).lines]


def text_of(lines: list[Line]) -> str:
    return "".join(line.join + "".join(span.text for span in line.spans) for line in lines)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_no_raw_control_reaches_a_line(case: HostileCase, channel: str):
    for line in shown(channel, case.filled()):
        for span in (*line.spans, *line.right):
            assert not RAW.search(span.text), (line, span)


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_no_row_is_wider_than_the_screen(case: HostileCase):
    assert all(width_of(line.spans) <= 93 for line in shown("model_text", case.filled()))


@pytest.mark.parametrize("case", expecting("text", "keeps_text"), ids=repr)
def test_what_has_to_be_kept_can_be_read(case: HostileCase):
    channel = case.channel if case.channel in CHANNELS else "model_text"
    text = text_of(shown(channel, case.filled()))
    assert all(piece in text for piece in case.expect["keeps_text"])


@pytest.mark.parametrize("case", expecting("text", "literal"), ids=repr)
def test_markup_is_shown_character_by_character(case: HostileCase):
    text = "".join(text_of(shown("model_text", case.filled())).split())
    assert "".join(case.filled().split()) in text


@pytest.mark.parametrize("case", expecting("text", "renders_as"), ids=repr)
def test_ordinary_text_is_shown_as_it_is(case: HostileCase):
    assert case.expect["renders_as"] in text_of(shown("model_text", case.filled()))


@pytest.mark.parametrize("case", expecting("text", "invisible"), ids=repr)
def test_something_visible_stands_where_something_was_invisible(case: HostileCase):
    text = text_of(shown("model_text", case.filled()))
    assert not any(chr(int(code, 16)) in text for code in case.expect["invisible"])
    assert "⟨U+" in text


@pytest.mark.parametrize("case", expecting("text", "link_shows_target"), ids=repr)
def test_the_real_host_can_be_read(case: HostileCase):
    assert case.expect["link_shows_target"] in text_of(shown("model_text", case.filled()))


@pytest.mark.parametrize("case", expecting("text", "not_clickable"), ids=repr)
def test_an_unsafe_address_cannot_be_clicked(case: HostileCase):
    lines = shown("model_text", case.filled())
    assert all(span.href is None for line in lines for span in line.spans)


@pytest.mark.soak
@pytest.mark.parametrize("case", expecting("text", "max_ms"), ids=repr)
@pytest.mark.parametrize("channel", CHANNELS)
def test_size_is_laid_out_in_time(case: HostileCase, channel: str):
    text = case.filled()
    begun = time.process_time()
    shown(channel, text)
    assert (time.process_time() - begun) * 1000 < case.expect["max_ms"] * 3


@pytest.mark.parametrize("case", expecting("text", "max_chars_shown"), ids=repr)
def test_an_error_is_no_longer_than_it_may_be(case: HostileCase):
    lines = shown("provider_error", case.filled())
    message = [line for line in lines if line.spans and line.spans[0].style == "soft"]
    assert sum(len(line.text) for line in message) <= case.expect["max_chars_shown"]


BOMBS = {
    "items": "- x\n" * 40_000,
    "marked items": "- *x*\n" * 40_000,
    "headings": "# a\n" * 40_000,
    "paragraphs": "a\n\n" * 40_000,
    "quotes": "> a\n" * 40_000,
    "table rows": "|a|b|\n|-|-|\n" + "|x|y|\n" * 20_000,
    "table columns": "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n" + "|b" * 2_000 + "|\n",
    "links": "[a](b)" * 30_000,
    "open links": "[a](" * 30_000,
    "pictures": "![a](<b " * 30_000,
    "emphasis": "*a _b " * 30_000,
    "code spans": "`a" * 60_000,
    "alternating ticks": "` `` ``` " * 10_000,
    "entities": "&#x202e;" * 10_000,
    "indents": "".join(" " * (2 * i) + "- a\n" for i in range(300)),
    "one list line": "- " * 20_000 + "x",
    "numbers": "1. " * 10_000 + "x",
    "definitions": "[a]: b\n" * 20_000,
    "fences": "```\n" * 20_000,
    "fence of one line": "```py\n" + "x" * 500_000,
    "combining": "a" + "\u0301" * 100_000,
    "flags": "🇩🇪" * 30_000,
    "tabs": "\t" * 100_000,
    "carriage returns": "a\r" * 60_000,
    "surrogates": "\udcff" * 50_000,
}


@pytest.mark.soak
@pytest.mark.parametrize("name", BOMBS)
def test_text_made_to_break_the_parser_is_shown_in_time(name: str):
    begun = time.process_time()
    lines = markdown(BOMBS[name], 93, with_lexers("py"))
    took = time.process_time() - begun
    print(f"{name}: {took * 1000:.0f} ms, {len(lines)} lines")
    assert took < 4


@pytest.mark.long
@pytest.mark.parametrize("name", BOMBS)
def test_text_made_to_break_the_parser_is_not_lost(name: str):
    text = BOMBS[name]
    letters = [char for char in set(text) if char.isalpha() and char.isascii()]
    rows = "".join(drawn(markdown(text, 93)))
    for char in letters:
        if name not in ("fences", "entities", "table columns", "fence of one line"):
            assert rows.count(char) >= text.count(char) * 0.99


def test_invisible_characters_behind_an_entity_are_marked_too():
    (row,) = drawn(markdown("a &#x202e;b"))
    assert "⟨U+202E⟩" in row
    assert all(unicodedata.category(char) != "Cf" for char in row)
