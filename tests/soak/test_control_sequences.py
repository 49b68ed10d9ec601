"""Promise 7: generated control sequences are harmless, cut wherever they may be cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.control_sequences import generated
from tests.emulator import controls_in
from tests.fake_provider import FakeProvider
from tests.live_console import NOT_NEUTRALISED, LiveConsole
from tests.neutral_checks import raw_controls
from tests.seeds import kept_and_new, seeded
from tests.terminal_watch import Watch, harmless_controls
from tests.transcript_text import parser
from tests.transcript_world import Script
from tui.console.transcript.layout import Setting, lay_out
from tui.console.transcript.lines import Line
from tui.console.transcript.markdown import MarkdownLines
from tui.console.transcript.model import TranscriptModel
from tui.text import decode, neutral, neutralise

pytestmark = [pytest.mark.soak, pytest.mark.timeout(240)]

STRINGS = 1_000
IN_THE_TERMINAL = 24
ONE_BYTE_AT_A_TIME = "trickle:100000"

Shown = Callable[[str], Iterator[str]]


def by_bytes(text: str) -> Iterator[str]:
    """Every two pieces of its bytes, neutralised apart."""
    data = text.encode("utf-8", "surrogateescape")
    for at in range(len(data) + 1):
        yield neutralise(decode(data[:at])) + neutralise(decode(data[at:]))


def by_deltas(text: str) -> Iterator[str]:
    """What a reply shows after each of two deltas, for every place between them."""
    for at in range(len(text) + 1):
        reply = MarkdownLines(parser(), 60, None)
        reply.feed(text[:at])
        yield from rows(reply.lines)
        reply.feed(text[at:], complete=True)
        yield from rows(reply.lines)


def by_blocks(text: str) -> Iterator[str]:
    """What every other kind of block shows of it."""
    script = Script().prompt(text).route().think(text).tool(text, {text: text}, text, ok=False)
    script.call("shell", {"command": text}, "c2").allow("c2").stream("c2", text, text)
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    for block in model.blocks:
        yield from rows(lay_out(block, Setting(60), opened=True, now=script.now))


def rows(lines: list[Line]) -> Iterator[str]:
    for line in lines:
        yield "".join(span.text for span in (*line.spans, *line.right))


WAYS: list[Shown] = [by_bytes, by_deltas, by_blocks]


def unsafe(shown: Shown, texts: list[str]) -> list[str]:
    """The texts of which a raw control, or a surrogate, would reach the terminal."""
    return [text for text in texts if any(raw_controls(row) for row in shown(text))]


@contextmanager
def not_neutralised() -> Iterator[None]:
    """The mutant: text from outside is shown as it came."""
    kept = neutral.neutralise.__code__, neutral.neutralise.__kwdefaults__
    exec(NOT_NEUTRALISED, {})
    try:
        yield
    finally:
        neutral.neutralise.__code__, neutral.neutralise.__kwdefaults__ = kept


@pytest.mark.parametrize("seed", kept_and_new("control-sequences"))
def test_no_raw_control_is_shown_however_the_stream_is_cut(seed: int):
    with seeded("control-sequences", seed):
        texts = generated(seed, STRINGS)
        for shown in WAYS:
            assert unsafe(shown, texts) == [], shown.__name__


@pytest.mark.parametrize("shown", WAYS)
def test_showing_text_as_it_comes_would_be_found_out(shown: Shown):
    texts = generated(1, 60)
    with not_neutralised():
        assert len(unsafe(shown, texts)) > 30
    assert unsafe(shown, texts) == []


def steps(text: str, work: Path) -> list[list[dict[str, Any]]]:
    """The turns in which a text comes as a reply, and as a file that a tool reads."""
    (work / "file.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
    sendable = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return [
        [{"text": sendable, "thinking": sendable}],
        [{"tool_calls": [{"name": "read", "args": {"path": "file.txt"}}]}, {"text": "done."}],
    ]


def broken_by(texts: list[str], folder: Path, *, fault: str | None, mutant: str = "") -> list[str]:
    """The texts that changed the terminal or the frame, or put a control of their own into it."""
    found = []
    with FakeProvider() as fake, LiveConsole(fake, folder, fault=fault, mutant=mutant) as seen:
        allowed = harmless_controls(seen, fake)
        for text in texts:
            for turn in steps(text, seen.work):
                watch, mark = Watch(seen), len(seen.raw)
                fake.script(turn)
                seen.ask()
                strange = [c for c in controls_in(bytes(seen.raw[mark:])) if c.kind == "c1"]
                if (problems := watch.broken(allowed)) or strange:
                    found.append(f"{text!a}: {problems} {strange}")
        assert found or seen.leave() == 0
    return found


@pytest.mark.parametrize("fault", [None, ONE_BYTE_AT_A_TIME], ids=["whole", "each byte alone"])
@pytest.mark.parametrize("seed", kept_and_new("control-sequences-terminal"))
def test_the_terminal_stays_as_it_was(seed: int, fault: str | None, tmp_path: Path):
    with seeded("control-sequences-terminal", seed):
        texts = generated(seed, IN_THE_TERMINAL)
        if fault is not None:
            texts = texts[: IN_THE_TERMINAL // 6]
        assert broken_by(texts, tmp_path, fault=fault) == []


def test_a_console_that_shows_text_as_it_comes_would_be_found_out(tmp_path: Path):
    texts = ["a\x1b]0;owned\x07b", "a\x1b[5nb", "a\x9b2Jb"]
    assert len(broken_by(texts, tmp_path, fault=None, mutant=NOT_NEUTRALISED)) >= 3
