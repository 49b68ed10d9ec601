"""The console in a test: hand-fed, or on an engine of the test's own.

async with hand_fed(tmp_path) as seen:      # no engine: the test says what it tells
    seen.bridge.tell(script.take())
    ...
    assert seen.bridge.sent == [...]

async with on_engine(home, fake) as seen:   # the real engine in a child, on a fake provider
    await seen.type("hello", "enter")
    await seen.until(lambda: "You said: hello" in seen.text())
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import textual._wait
from textual.events import Key, Paste
from textual.geometry import Region
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widget import Widget

from tests.fake_provider import FakeProvider
from tests.transcript_world import OPUS, START, Script
from tui.console.app import ConsoleApp
from tui.errors import OwnkeyError
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.paths import find_paths
from tui.session.commands import (
    AddKey,
    AnyCommand,
    ListBudgets,
    ListEndpoints,
    ListKeys,
    ListMarks,
    ListModels,
    ListSessions,
    UseFoundKey,
)
from tui.session.credit_talk import ListCredits
from tui.session.replies import (
    AnyReply,
    Done,
    KeyAnswer,
    KeyRow,
    Keys,
    Marks,
    ModelRow,
    Models,
    SessionOpened,
    Sessions,
)

ANTHROPIC_KEY = "sk-ant-api03-TESTkeyTESTkeyTESTkey01"
OPENAI_KEY = "sk-proj-TESTkeyTESTkeyTESTkey0001"
SHORT_LOOK_S = 0.004
GOOGLE_KEY = "AIzaTESTkeyTESTkeyTESTkey0123456789abcdef"


class FakeBridge:
    """Keeps what a console sends and answers out of a table; tells only what the test says."""

    def __init__(self, app: ConsoleApp) -> None:
        self.session: SessionId | None = SessionId("s")
        self.sent: list[AnyCommand] = []
        self.answers: dict[type[AnyCommand], AnyReply | OwnkeyError] = {}
        self.app = app
        self.engine_pid = None
        self.closed: list[SessionId] = []
        self._queued: list[Recorded] = []

    async def start(self) -> None:
        self.app.on_session(SessionOpened(session=SessionId("s"), driving=True, seq=0, model=None))

    async def stop(self) -> None:
        pass

    async def open_again(self) -> bool:
        return False

    async def open(self, session: str | None) -> SessionOpened:
        opened = SessionOpened(session=SessionId(session or "new"), driving=True, seq=0, model=None)
        self.app.on_session(opened)
        return opened

    def choose(self, session: SessionId) -> None:
        self.session = session

    def close(self, session: SessionId) -> None:
        self.closed.append(session)

    def send(self, command: AnyCommand) -> asyncio.Future[AnyReply]:
        self.sent.append(command)
        done: asyncio.Future[AnyReply] = asyncio.get_running_loop().create_future()
        answer = self.answers.get(type(command), Done(said=getattr(command, "prompt", None)))
        if isinstance(answer, OwnkeyError):
            done.set_exception(answer)
        else:
            done.set_result(answer)
        return done

    def in_session(self, make: Callable[[SessionId], AnyCommand]) -> asyncio.Future[AnyReply]:
        assert self.session is not None
        return self.send(make(self.session))

    def take(self) -> list[Recorded]:
        taken, self._queued = self._queued, []
        return taken

    def tell(self, records: list[Recorded]) -> None:
        """Let these records come up."""
        self._queued += records
        self.app.on_records_waiting()

    def commands(self) -> list[AnyCommand]:
        """What was sent beside the questions for lists."""
        return [
            one
            for one in self.sent
            if not isinstance(
                one,
                ListBudgets
                | ListKeys
                | ListModels
                | ListMarks
                | ListSessions
                | ListEndpoints
                | ListCredits,
            )
        ]


@contextmanager
def short_looks() -> Iterator[None]:
    """Look more often whether the console rests: Textual's 20 ms a look are most of a test."""
    usual = textual._wait.SLEEP_GRANULARITY, textual._wait.SLEEP_IDLE
    textual._wait.SLEEP_GRANULARITY, textual._wait.SLEEP_IDLE = SHORT_LOOK_S, SHORT_LOOK_S / 20
    try:
        yield
    finally:
        textual._wait.SLEEP_GRANULARITY, textual._wait.SLEEP_IDLE = usual


class Seen:
    """What a person sees of it, and does."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[Any], bridge: Any) -> None:
        self.app = app
        self.pilot = pilot
        self.bridge = bridge

    async def settle(self) -> None:
        """Until nothing is left to do that does not wait for somebody else."""
        await self.pilot.pause()
        with short_looks():
            await self.pilot.pause()

    async def rest(self) -> None:
        """Until the transcript has nothing more to do ahead: its heights are right then."""
        await self.settle()
        await self.until(lambda: self.app.transcript.resting)
        await self.settle()

    async def press(self, *keys: str) -> None:
        """Press keys, each handled before the next."""
        with short_looks():
            await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str, *keys: str) -> None:
        """Type a text as fast as a terminal sends it, then press keys."""
        driver = self.app._driver
        assert driver is not None
        for character in text:
            key = character if character.isalnum() else _character_to_key(character)
            driver.send_message(Key(key, character))
        await self.settle()
        if keys:
            await self.press(*keys)

    async def paste(self, text: str) -> None:
        """What a terminal with bracketed paste gives to whatever has the focus."""
        self.app.post_message(Paste(text))
        await self.settle()

    async def until(self, there: Callable[[], bool], seconds: float = 15.0) -> None:
        """Wait until something is so, as a person would."""
        ends = time.monotonic() + seconds
        while not there():
            if time.monotonic() > ends:
                raise AssertionError(f"not so within {seconds:g} s:\n{self.text()}")
            await asyncio.sleep(0.02)

    async def until_said(self, piece: str, seconds: float = 15.0) -> None:
        """Wait until a text stands on the screen."""
        await self.until(lambda: piece in self.text(), seconds)

    def rows(self, of: Widget | None = None) -> list[str]:
        """The lines of the screen, or of one widget."""
        update = self.app.screen._compositor.render_update(
            full=True, screen_stack=self.app._background_screens
        )
        rows = ["".join(strip.text for strip in line) for line in update.strips]
        if of is not None:
            x, y, width, height = of.region
            rows = [row[x : x + width] for row in rows[y : y + height]]
        return [row.rstrip() for row in rows]

    def text(self, of: Widget | None = None) -> str:
        """The same as one text."""
        return "\n".join(self.rows(of))

    @property
    def prompt(self) -> str:
        """What stands in the prompt."""
        return self.app.composer.editor.text

    @property
    def status(self) -> str:
        return self.rows()[-1]

    def row_of(self, piece: str) -> str:
        """The first line of the screen that holds a text."""
        return next(row for row in self.rows() if piece in row)


def model_row(
    id: str, name: str, price: tuple[str, str, str] | None = None, **fields: Any
) -> ModelRow:
    """A model as the engine lists it; served by no one unless a payer is named."""
    facts: dict[str, Any] = {
        "id": id, "name": name, "provider": id.split("/")[0], "connection": None, "payer": None,
        "key": False, "label": "", "context": 1_000_000,
    }  # fmt: skip
    if "payer" in fields:
        facts["connection"] = facts["provider"]
    if price is not None:
        facts |= dict(zip(("input_usd", "output_usd", "cache_read_usd"), price, strict=True))
    return ModelRow(**(facts | fields))


MINE: dict[str, Any] = {"payer": "own_key", "key": True}
EFFORTS = ("low", "medium", "high")


def some_models(
    *, anthropic: str | None = "work", google: str | None = "personal"
) -> tuple[ModelRow, ...]:
    """Three makers and this machine; a maker without a label has no key."""
    mine = {} if anthropic is None else {**MINE, "label": anthropic}
    theirs = {} if google is None else {**MINE, "label": google}
    here = {"connection": "local", "payer": "nobody", "label": "this machine", "context": 8192}
    return (
        model_row(OPUS, "Claude Opus 4.7", ("5", "25", "0.5"), efforts=EFFORTS, **mine),
        model_row("anthropic/claude-sonnet-4-6", "Claude Sonnet 4.6", ("3", "15", "0.3"), **mine),
        model_row("anthropic/claude-haiku-4-5", "Claude Haiku 4.5", ("1", "5", "0.1"),
                  **mine, **({"context": 200_000})),
        *(model_row(f"openai/{id}", name, price, efforts=EFFORTS, context=400_000)
          for id, name, price in (
              ("gpt-5.5", "GPT-5.5", ("5", "30", "0.5")),
              ("gpt-5.5-pro", "GPT-5.5 Pro", ("30", "180", "30")),
              ("gpt-5.4", "GPT-5.4", ("2.5", "15", "0.25")),
              ("gpt-5.4-mini", "GPT-5.4 mini", ("0.75", "4.5", "0.075")),
              ("gpt-5.4-nano", "GPT-5.4 nano", ("0.2", "1.25", "0.02")),
              ("gpt-5.3-codex", "GPT-5.3-Codex", ("1.75", "14", "0.175")))),
        model_row("google/gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview",
                  ("2", "12", "0.2"), **theirs),
        model_row("google/gemini-3.7-flash", "Gemini 3.7 Flash", ("0.5", "3", "0.05"), **theirs),
        model_row("local/smollm2-135m", "SmolLM2 135M", ("0", "0", "0"), **here),
    )  # fmt: skip


def no_models() -> tuple[ModelRow, ...]:
    """The same, served by no one."""
    rows = some_models(anthropic=None, google=None)
    missing = {"refused": "not here yet: 93 MB, Apache-2.0; Enter fetches it", "context": 8192}
    return (*rows[:-1], model_row("local/smollm2-135m", "SmolLM2 135M", **missing))


def key_row(provider: str, label: str, fingerprint: str, **fields: Any) -> KeyRow:
    """A stored key as the engine lists it."""
    facts: dict[str, Any] = {
        "id": f"{provider}-{label}", "provider": provider, "label": label,
        "fingerprint": fingerprint, "source": "stored", "used": True, "default": False,
        "base_url": "https://api.example", "backend": "Secret Service: login",
        "checked_at": START, "state": "verified",
    }  # fmt: skip
    return KeyRow(**(facts | fields))


def found_key(variable: str, provider: str, fingerprint: str) -> KeyRow:
    """A key found in the environment, not used."""
    return key_row(
        provider, variable, fingerprint, id=f"env:{variable}", source="environment", used=False,
        backend="environment", checked_at=None, state="unchecked",
    )  # fmt: skip


def some_keys(*rows: KeyRow, store: str = "Secret Service: login", **fields: Any) -> Keys:
    return Keys(keys=rows, store=store, **fields)


def kept(row: KeyRow, **fields: Any) -> KeyAnswer:
    """The engine's yes to a key."""
    facts: dict[str, Any] = {"state": "verified", "models": 9, "backend": row.backend, "row": row}
    return KeyAnswer(**(facts | fields))


NO_MARKS = Marks()
REFUSED = KeyAnswer(state="refused", error="invalid_key", message="the key is not valid")


@asynccontextmanager
async def hand_fed(
    folder: Path,
    *,
    script: Script | None = None,
    models: tuple[ModelRow, ...] | None = None,
    keys: Keys | None = None,
    size: tuple[int, int] = (132, 42),
    settings: dict[str, Any] | None = None,
    marks: Marks = NO_MARKS,
) -> AsyncIterator[Seen]:
    """A console without an engine, in an empty home below `folder`, at the script's time."""
    paths = find_paths({"OWNKEY_HOME": str(folder / "home")})
    clock = script.clock if script is not None else lambda: START
    app = ConsoleApp(environ={}, folder=Path("~/src/shop"), paths=paths, clock=clock, tz=dt.UTC)
    for name, value in ({"appearance.glyphs": "emoji"} | (settings or {})).items():
        app.settings.set(name, value)
    app = ConsoleApp(environ={}, folder=Path("~/src/shop"), paths=paths, clock=clock, tz=dt.UTC)
    bridge = FakeBridge(app)
    bridge.answers |= {
        ListModels: Models(models=some_models() if models is None else models),
        ListKeys: some_keys() if keys is None else keys,
        ListMarks: marks,
        ListSessions: Sessions(sessions=()),
        AddKey: REFUSED,
        UseFoundKey: REFUSED,
    }
    app.bridge = bridge  # pyright: ignore[reportAttributeAccessIssue]
    async with app.run_test(size=size) as pilot:
        app.composer.editor.cursor_blink = False
        seen = Seen(app, pilot, bridge)
        await seen.settle()
        if script is not None:
            bridge.tell(script.take())
        await app.workers.wait_for_complete()
        await seen.settle()
        yield seen


def engine_environ(home: Path, fake: FakeProvider, **more: str) -> dict[str, str]:
    """What an engine is told so that every maker is the fake one."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return (
        kept
        | {
            "OWNKEY_HOME": str(home),
            "ANTHROPIC_BASE_URL": fake.url("anthropic"),
            "OPENAI_BASE_URL": fake.url("openai-chat"),
            "GOOGLE_GEMINI_BASE_URL": fake.url("google"),
        }
        | more
    )


@asynccontextmanager
async def on_engine(
    environ: dict[str, str],
    folder: Path,
    *,
    size: tuple[int, int] = (132, 42),
    session: str | None = None,
    model: str | None = None,
    ready: bool = True,
) -> AsyncIterator[Seen]:
    """A console on the real engine, in a child of its own; `ready`: its models are there."""
    app = ConsoleApp(
        environ=environ, folder=folder, paths=find_paths(environ), session=session, model=model
    )
    async with app.run_test(size=size) as pilot:
        seen = Seen(app, pilot, app.bridge)
        await seen.until(lambda: bool(app.models) or not ready)
        yield seen


def painted(widget: Widget) -> list[str]:
    """The lines of a widget that may not be on the screen."""
    strips = widget.render_lines(Region(0, 0, *widget.size))
    return [strip.text.rstrip() for strip in strips]
