"""The real console in a pseudo-terminal, on a fake provider, asked like a person asks.

with LiveConsole(fake, tmp_path) as seen:
    fake.script([{"text": "hello"}])
    seen.ask("hi")            # types it, and waits for the turn's end
    seen.open_last("▸")       # clicks the last row that holds this
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from tests.canary import made_up_key
from tests.emulator import Emulated
from tests.fake_provider import FakeProvider

OPUS = "anthropic/claude-opus-4-7"
READY = "Type a message"
WORKING = "Esc stop"
SIDEBAR = 32
"""Columns that the picker and its margin take at 132 columns."""

ESCAPE_S = 0.15
"""So long a terminal program waits for what may follow an Esc."""

_MUTANT = """
import sys
{mutant}
from tui.cli.main import main
sys.exit(main())
"""
NOT_NEUTRALISED = (
    "from tui.text import neutral\n"
    "def same(text, *, strict=False): return text\n"
    "neutral.neutralise.__code__, neutral.neutralise.__kwdefaults__"
    " = same.__code__, same.__kwdefaults__\n"
)
"""A mutant: text from outside is shown as it came."""


def command(*words: str, mutant: str = "") -> list[str]:
    """The command line of `ownkey WORDS…`, with Python in front that changes the program."""
    return [sys.executable, "-c", _MUTANT.format(mutant=mutant), *words]


def environ_for(
    fake: FakeProvider, home: Path, key: str, *, fault: str | None = None
) -> dict[str, str]:
    """What gives a process this key for Anthropic, served by the fake provider."""
    return {
        "OWNKEY_HOME": str(home),
        "OWNKEY_KEYRING": "env",
        "ANTHROPIC_API_KEY": key,
        "ANTHROPIC_BASE_URL": fake.url("anthropic", fault=fault),
    }


def turns_in(home: Path) -> int:
    """How many turns the log in this home has the end of."""
    store = next(home.rglob("sessions.db"), None)
    if store is None:
        return 0
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as log:
        (count,) = log.execute(
            """SELECT count(*) FROM events WHERE CAST(body AS TEXT) LIKE '{"type":"done"%'"""
        ).fetchone()
    return count


class LiveConsole(Emulated):
    """The console, opened and ready for a prompt.

    Args:
        fake: Serves the model.
        folder: Gets `home` and `work`, the working folder.
        work: Another working folder.
        words: More of the command line.
        mutant: Python that changes the program before it starts.
        key: The key in the environment.
        fault: How the provider answers.
        environ: More of the environment.
    """

    def __init__(
        self,
        fake: FakeProvider,
        folder: Path,
        *,
        work: Path | None = None,
        words: Sequence[str] = (),
        mutant: str = "",
        key: str = "",
        fault: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.home, self.work = folder / "home", work or folder / "work"
        self.work.mkdir(exist_ok=True)
        own = environ_for(fake, self.home, key or made_up_key(), fault=fault)
        argv = command("--model", OPUS, *words, mutant=mutant)
        super().__init__(argv, environ=own | dict(environ or {}), cwd=self.work)
        self.wait_for(READY)
        self.wait_for("Claude Opus 4.7   turn")  # the engine has told who pays
        self.rest_until_quiet()

    def ask(self, prompt: str = "go", seconds: float = 30.0) -> None:
        """Send a prompt, and wait until its turn has ended and is shown."""
        before = self.turns
        self.type(f"{prompt}\r")
        self.wait_until(lambda: self.turns > before, "the turn's end", seconds)
        self.rest_until_quiet()
        self.wait_until(lambda: WORKING not in self.text, "rest")

    @property
    def turns(self) -> int:
        """How many turns the log has the end of."""
        return turns_in(self.home)

    @property
    def transcript(self) -> str:
        """What stands right of the picker."""
        return "\n".join(line[SIDEBAR:] for line in self.lines)

    def open_last(self, mark: str) -> None:
        """Click the last row of the transcript that holds this; the prompt has the focus again."""
        rows = [y for y, line in enumerate(self.lines) if mark in line[SIDEBAR:]]
        assert rows, f"nothing to open with {mark!r}:\n{self.text}"
        y = rows[-1] + 1
        x = self.lines[y - 1].index(mark, SIDEBAR) + 1
        self._click(x, y)
        self.rest_until_quiet()
        self._click(SIDEBAR + 20, len(self.lines) - 4)
        self.rest_until_quiet()

    def _click(self, column: int, row: int) -> None:
        self.type(f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")

    def close(self) -> None:
        """Esc: what lies over the prompt is closed, and the prompt has the focus again."""
        self.type("\x1b")
        self.rest(ESCAPE_S)  # or it would be the first byte of what is typed next
        self.rest_until_quiet()

    def leave(self) -> int:
        """Ctrl+D in the empty prompt; the exit status."""
        self.type("\x04")
        self.read_to_end()
        return self.child.wait(5)
