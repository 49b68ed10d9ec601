from __future__ import annotations

import os

import pytest

from tests.console_world import Seen, hand_fed
from tests.transcript_pane import talk
from tests.transcript_world import REPLY_OF_TWELVE_LINES, Script
from tui.session.commands import Interrupt

pytestmark = pytest.mark.long

CODE = "def refresh(session):\n"


def session() -> Script:
    return talk(20).turn("the last one", REPLY_OF_TWELVE_LINES)


def a_desktop(seen: Seen, tmp_path) -> None:
    """A machine with a clipboard that is a file."""
    program = tmp_path / "bin" / "wl-copy"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncat > "{tmp_path}/clipboard"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.defpath}"
    seen.app.environ = {"PATH": path, "WAYLAND_DISPLAY": "w", "TERM": "xterm-256color"}


async def copied(seen: Seen, tmp_path) -> str:
    await seen.until(lambda: "wl-copy" in seen.text())
    return (tmp_path / "clipboard").read_text("utf-8")


async def test_f8_finds_and_escape_goes_back_to_where_one_was(tmp_path):
    async with hand_fed(tmp_path, script=session()) as seen:
        before = seen.text(seen.app.transcript)
        await seen.press("f8")
        await seen.type("question 1")
        await seen.until(lambda: "11 of 11" in seen.text())
        await seen.press("enter")
        assert "10 of 11" in seen.text()
        await seen.press("down", "down")
        assert "1 of 11" in seen.text()
        assert "question 1 " in seen.text()
        await seen.press("escape")
        assert seen.text(seen.app.transcript) == before
        assert seen.app.focused is seen.app.composer.editor
        assert seen.app.transcript.following


async def test_find_with_words_looks_for_them(tmp_path):
    async with hand_fed(tmp_path, script=session()) as seen:
        await seen.type("/find answer 7", "enter")
        await seen.until(lambda: "1 of 1 " in seen.text())
        assert "answer 7" in seen.text()
        await seen.press("tab")
        assert seen.app.focused is seen.app.transcript
        assert "▎ answer 7" in seen.text()
        await seen.type("/find nowhere")
        assert seen.app.composer.editor.text == "/find nowhere"
        await seen.press("enter")
        await seen.until(lambda: "nothing found" in seen.text())


async def test_f8_again_looks_for_the_same_words(tmp_path):
    async with hand_fed(tmp_path, script=session()) as seen:
        await seen.press("f8")
        await seen.type("answer 1")
        await seen.press("escape", "f8")
        await seen.until(lambda: "11 of 11" in seen.text())
        await seen.type("7")
        assert "answer 7" not in seen.app.find_line.words.value  # pyright: ignore
        assert seen.app.find_line.words.value == "7"  # pyright: ignore


async def test_escape_leaves_the_search_before_it_stops_a_turn(tmp_path):
    script = session().prompt("more").route().say("going on")
    async with hand_fed(tmp_path, script=script) as seen:
        await seen.press("f8")
        await seen.type("answer")
        await seen.press("escape")
        assert not any(isinstance(one, Interrupt) for one in seen.bridge.sent)
        await seen.press("escape")
        assert any(isinstance(one, Interrupt) for one in seen.bridge.sent)


async def test_nothing_is_looked_for_where_nothing_stands(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f8")
        assert "Nothing stands here yet" in seen.text()
        await seen.press("f9")
        assert seen.app.focused is seen.app.composer.editor


async def test_a_pasted_line_of_many_is_one_line_of_what_is_looked_for(tmp_path):
    async with hand_fed(tmp_path, script=session()) as seen:
        await seen.press("f8")
        await seen.paste("answer\x1b[2J\nmore")
        assert seen.app.find_line.words.value == "answer␛[2J"  # pyright: ignore


@pytest.mark.parametrize("words", ["/copy", "/copy reply"])
async def test_copy_takes_the_last_reply(tmp_path, words: str):
    async with hand_fed(tmp_path, script=session()) as seen:
        a_desktop(seen, tmp_path)
        await seen.type(words, "enter")
        assert await copied(seen, tmp_path) == REPLY_OF_TWELVE_LINES.strip("\n")
        assert "Copied the reply: 12 lines (wl-copy)." in seen.text()


async def test_copy_takes_code(tmp_path):
    async with hand_fed(tmp_path, script=session()) as seen:
        a_desktop(seen, tmp_path)
        await seen.type("/copy code", "enter")
        assert (await copied(seen, tmp_path)).startswith(CODE)
        await seen.type("/copy code 4", "enter")
        assert "there is no 4" in seen.text()


async def test_where_no_clipboard_is_known_it_is_said(tmp_path):
    async with hand_fed(tmp_path, script=session()) as seen:
        seen.app.environ = {"PATH": str(tmp_path), "TERM": "linux"}
        await seen.type("/copy", "enter")
        await seen.until(lambda: "Not copied" in seen.text())


async def test_ctrl_c_copies_what_is_selected_across_blocks(tmp_path):
    async with hand_fed(tmp_path, script=talk(2)) as seen:
        a_desktop(seen, tmp_path)
        rows = seen.rows(seen.app.transcript)
        first = next(y for y, row in enumerate(rows) if "question 1" in row)
        last = next(y for y, row in enumerate(rows) if "answer 1" in row)
        await seen.pilot.mouse_down(seen.app.transcript, offset=(4, first))
        await seen.pilot.hover(seen.app.transcript, offset=(12, last))
        await seen.pilot.mouse_up(seen.app.transcript, offset=(12, last))
        await seen.press("ctrl+c")
        assert await copied(seen, tmp_path) == "question 1\n\nanswer 1"
        assert "Copied the selection: 3 lines (wl-copy)." in seen.text()


async def test_the_cursor_walks_over_messages_and_their_code_and_copies(tmp_path):
    async with hand_fed(tmp_path, script=session()) as seen:
        a_desktop(seen, tmp_path)
        await seen.press("f9")
        assert seen.app.focused is seen.app.transcript
        assert "y copy" in seen.text()
        await seen.press("right")
        marked = [row for row in seen.rows(seen.app.transcript) if row.startswith("  ▎")]
        code = [row for row in marked if row.startswith("  ▎   ")]
        assert len(code) == 5
        assert code[0].split() == ["▎", "def", "refresh(session):", "python"]
        assert not any("The fixture clears" in row or "read it again" in row for row in marked)
        await seen.press("y")
        assert (await copied(seen, tmp_path)).startswith(CODE)
        await seen.press("up", "y")
        await seen.until(lambda: "the prompt" in seen.text())
        assert await copied(seen, tmp_path) == "the last one"
        await seen.press("f9")
        assert seen.app.focused is seen.app.composer.editor
