"""A terminal of 10x3, one without colours, one that is not UTF-8, and bytes that are no keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.canary import made_up_key
from tests.emulator import Emulated
from tests.fake_provider import FakeProvider
from tests.live_console import OPUS, READY, LiveConsole, command, environ_for

pytestmark = [pytest.mark.timed, pytest.mark.soak, pytest.mark.timeout(90)]

TINY = (10, 3)
SMALL = (59, 17)
USUAL = (132, 42)

REPLY = "Grüße — “quoted” 🔑 日本 ✓\n\n| a | b |\n|-|-|\n| ü | `1` |\n\n```py\nx = 'y'\n```"

PLAIN_TEXTUAL = """
from textual.drivers.linux_driver import LinuxDriver
from tui.console.driver import TerminalDriver
TerminalDriver.run_input_thread = LinuxDriver.run_input_thread
"""
"""A mutant: keys are read as Textual reads them."""

COLOURFUL = """
from tui.console import driver
driver.has_colours = lambda term: True
"""
"""A mutant: every terminal has colours."""

NEVER_COVERED = """
from tui.console.panels.choices import ChoicePanel
ChoicePanel.cover = lambda self, *, covered: None
"""
"""A mutant: a panel that lies under something else answers all the same."""

LATIN = {
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "latin-1",
}
"""As where the locale is ISO-8859-1, on a machine that need not have that locale."""


@contextmanager
def tiny(folder: Path, size: tuple[int, int]) -> Iterator[tuple[Emulated, FakeProvider]]:
    """The console in a window that is too small for it."""
    work = folder / "work"
    work.mkdir()
    columns, rows = size
    with (
        FakeProvider() as fake,
        Emulated(
            command("--model", OPUS), environ=environ_for(fake, folder / "home", made_up_key()),
            cwd=work, columns=columns, rows=rows,
        ) as seen,
    ):  # fmt: skip
        yield seen, fake


def test_a_window_of_10_by_3_says_what_it_needs_and_keeps_what_is_typed(tmp_path: Path):
    with tiny(tmp_path, TINY) as (seen, _):
        seen.wait_until(lambda: seen.lines == ["ownkey", "needs", "60x18"], "what it needs")
        seen.rest(1)
        seen.type("typed in the dark")
        seen.rest(0.5)
        seen.resize(*USUAL)
        seen.wait_for("typed in the dark")
        seen.wait_for("Claude Opus 4.7   turn")
        seen.resize(*TINY)
        seen.wait_until(lambda: "60x18" in seen.text, "what it needs")
        seen.type("\x15")
        seen.rest(0.3)
        seen.type("\x04")
        seen.read_to_end()
        assert seen.child.wait(5) == 0


@pytest.mark.parametrize("size", [(1, 1), (2, 200), (200, 2), (1, 42), (132, 1)])
def test_no_window_is_so_small_that_the_console_ends(size: tuple[int, int], tmp_path: Path):
    with tiny(tmp_path, size) as (seen, _):
        seen.rest(1.5)
        assert seen.child.poll() is None
        seen.resize(*USUAL)
        seen.wait_for(READY)


@pytest.mark.parametrize(("mutant", "runs_unseen"), [("", False), (NEVER_COVERED, True)])
def test_a_command_that_nobody_can_see_is_not_run_by_a_key(
    mutant: str, runs_unseen: bool, tmp_path: Path
):
    call = {"name": "shell", "args": {"command": "touch PWNED"}}
    with FakeProvider() as fake, LiveConsole(fake, tmp_path, mutant=mutant) as seen:
        fake.script([{"tool_calls": [call]}, {"text": "done."}])
        seen.type("go")
        seen.resize(*SMALL)
        seen.wait_for("needs 60 x 18")
        seen.type("\r")
        seen.wait_until(lambda: len(fake.requests) > 0, "the request")
        seen.rest(2.0)
        seen.type("1")
        seen.rest(1.5)
        assert (seen.work / "PWNED").exists() is runs_unseen
        if not runs_unseen:
            seen.resize(*USUAL)
            seen.wait_for("Run this command?")
            seen.rest(0.6)
            seen.type("1")
            seen.wait_until(lambda: (seen.work / "PWNED").exists(), "the command")


def hues(raw: bytes) -> set[bytes]:
    """The colours that were asked for, but greys."""
    found: set[bytes] = set()
    for words in re.findall(rb"\x1b\[([0-9;:]*)m", raw):
        for whole, red, green, blue in re.findall(rb"([34]8;2;(\d+);(\d+);(\d+))", words):
            if not red == green == blue:
                found.add(whole)
        rest = re.sub(rb"[34]8;(?:2;\d+;\d+;\d+|5;\d+)", b"", words)
        found |= set(re.findall(rb"(?:^|;)((?:3|4|9|10)[0-7])(?=;|$)", rest))
    return found


def colours(raw: bytes) -> set[bytes]:
    """Everything that names a colour, greys too."""
    return hues(raw) | set(re.findall(rb"\x1b\[[0-9;]*([34]8;[25];[0-9;]*)m", raw))


def shown_in(folder: Path, environ: dict[str, str], mutant: str = "") -> bytes:
    """What the console writes while it shows a reply, a picker and a dialog."""
    with FakeProvider() as fake, LiveConsole(fake, folder, environ=environ, mutant=mutant) as seen:
        fake.script([{"text": REPLY}])
        seen.ask()
        assert "Grüße — “quoted”" in seen.text
        seen.type("\x1bOR")
        seen.wait_for("API keys")
        seen.close()
        seen.wait_for(READY)
        assert seen.leave() == 0
        return bytes(seen.raw)


def test_no_color_leaves_greys_alone(tmp_path: Path):
    assert hues(shown_in(tmp_path, {"NO_COLOR": "1"})) == set()


@pytest.mark.parametrize("term", ["dumb", "vt100"])
def test_a_terminal_without_colours_gets_none(term: str, tmp_path: Path):
    assert colours(shown_in(tmp_path, {"TERM": term, "COLORTERM": ""})) == set()


def test_colours_would_be_found_where_there_are_any(tmp_path: Path):
    environ = {"TERM": "vt100", "COLORTERM": ""}
    assert colours(shown_in(tmp_path, environ, COLOURFUL))
    assert hues(b"\x1b[1;38;2;1;2;3m") and hues(b"\x1b[0;31m") and not hues(b"\x1b[38;2;7;7;7m")


def asked(fake: FakeProvider) -> str:
    """The prompt of the last request."""
    return str(fake.requests[-1].body)


def test_a_terminal_that_is_latin_1_shows_and_takes_what_it_can(tmp_path: Path):
    with FakeProvider() as fake, LiveConsole(fake, tmp_path, environ=LATIN) as seen:
        fake.script([{"text": REPLY}])
        mark = len(seen.raw)
        seen.ask("go")
        raw = bytes(seen.raw[mark:])
        assert b"Gr\xfc\xdfe ? ?quoted? ?? ???? ?" in raw
        seen.type("straße\r".encode("latin-1"))
        seen.wait_until(lambda: "straße" in asked(fake), "the prompt in the request", 10)
        assert seen.leave() == 0


def test_the_c_locale_shows_and_takes_every_letter(tmp_path: Path):
    with FakeProvider() as fake, LiveConsole(fake, tmp_path, environ={"LC_ALL": "C"}) as seen:
        fake.script([{"text": REPLY}])
        seen.ask("grüße 日本")
        assert "grüße 日本" in asked(fake)
        assert "Grüße — “quoted” 🔑 日本 ✓" in seen.text
        assert seen.leave() == 0


STRANGE = [b"a\xffb", b"gr\xfc\xdfe", b"\xf0\x9f", b"\x1b[:5u", b"\x1b[;;m", b"\x80\x9b2J"]


def deaf_after(folder: Path, mutant: str) -> list[bytes]:
    """After which of the strange bytes no key is heard any more."""
    found = []
    for number, strange in enumerate(STRANGE):
        place = folder / str(number)
        place.mkdir()
        with FakeProvider() as fake, LiveConsole(fake, place, mutant=mutant) as seen:
            seen.type(strange)
            seen.rest(0.4)
            seen.type("still here")
            try:
                seen.wait_for("still here", 3)
                seen.type("\x15\x04")
                seen.read_to_end()
                assert seen.child.wait(5) == 0
            except AssertionError:
                found.append(strange)
    return found


def test_bytes_that_are_no_keys_do_not_make_the_console_deaf(tmp_path: Path):
    assert deaf_after(tmp_path, "") == []


def test_a_console_that_reads_keys_as_textual_does_would_be_found_out(tmp_path: Path):
    assert deaf_after(tmp_path, PLAIN_TEXTUAL)
