"""A real engine process over the fake provider, in a home of its own, spoken to by its client."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.canary import made_up_key
from tests.fake_provider import FakeProvider
from tui import process
from tui.engine import frames
from tui.engine.client import EngineClient
from tui.events.codec import Recorded
from tui.session.bus import Batch
from tui.session.commands import OpenSession, StartTurn
from tui.session.replies import AnyNotice, Done, SessionOpened

MODELS = ("anthropic/claude-opus-4-7", "openai/gpt-5.5", "google/gemini-3.1-pro-preview")
"""One of each maker, as the catalogue has them."""

QUICK = MODELS[1]
"""The one whose SDK is imported first."""


def environ_of(fake: FakeProvider, home: Path) -> dict[str, str]:
    """What gives a process every maker's key, all served by the fake provider."""
    return {
        "OWNKEY_HOME": str(home),
        "OWNKEY_KEYRING": "env",
        "ANTHROPIC_API_KEY": made_up_key(),
        "OPENAI_API_KEY": made_up_key("sk-proj-"),
        "GEMINI_API_KEY": made_up_key("AIzaSy"),
        "ANTHROPIC_BASE_URL": fake.url("anthropic"),
        "OPENAI_BASE_URL": fake.url("openai-responses"),
        "GOOGLE_GEMINI_BASE_URL": fake.url("google"),
    }


def kind(record: Recorded) -> str:
    """The event's tag."""
    return str(record.event.__struct_config__.tag)


def kinds(records: list[Recorded]) -> list[str]:
    return [kind(record) for record in records]


def text_of(records: list[Recorded]) -> str:
    """All text that was shown."""
    return "".join(r.event.delta for r in records if kind(r) == "text")


def is_done(records: list[Recorded]) -> bool:
    return bool(records) and kind(records[-1]) == "done"


class RunningEngine:
    """An engine and one who follows: all that was told, in the order it came."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self.records: list[Recorded] = []
        self.notices: list[AnyNotice] = []
        self.died = asyncio.Event()
        self._environ = {**os.environ, **environ}
        self._folder = folder
        self._news = asyncio.Event()
        self.client = EngineClient(told=self._told, noticed=self.notices.append, died=self.died.set)

    async def __aenter__(self) -> Self:
        await self.client.start(self._environ, self._folder)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.stop()

    def _told(self, batch: Batch) -> None:
        self.records += batch
        self._news.set()

    async def open(
        self, session: str | None = None, model: str | None = QUICK, *, after: int = 0
    ) -> SessionOpened:
        """Open a session and follow it."""
        order = OpenSession(session=session, cwd=str(self._folder), model=model)
        opened = await self.client.call(order)
        assert isinstance(opened, SessionOpened)
        self.client.watch(opened.session, after)
        return opened

    async def say(self, opened: SessionOpened, prompt: str) -> None:
        """Send a prompt; returns when the engine has it."""
        reply = await self.client.call(StartTurn(session=opened.session, prompt=prompt))
        assert isinstance(reply, Done)

    async def until(
        self, ready: Callable[[list[Recorded]], bool], seconds: float = 30
    ) -> list[Recorded]:
        """Everything told, once it is so."""
        async with asyncio.timeout(seconds):
            while not ready(self.records):
                self._news.clear()
                await self._news.wait()
        return self.records


class BareConsole:
    """The console's end of an engine's socket, which reads only when it is told to."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self.socket, theirs = socket.socketpair()
        with theirs:
            words = process.python_command("tui.engine.host", str(theirs.fileno()))
            self.child = process.start(
                words, environ=os.environ, pass_fds=(theirs.fileno(),), cwd=folder
            )
        self.socket.settimeout(30)
        hello = frames.environment_for_engine(environ)
        self.send(frames.Hello(environ=hello, folder=str(folder)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        process.end(self.child, 10)

    def send(self, frame: frames.DownFrame) -> None:
        self.socket.sendall(frames.encode(frame))

    def read(self) -> frames.UpFrame:
        """The next frame."""
        length = int.from_bytes(self._exactly(4), "big")
        return frames.decode_up(self._exactly(length))

    def read_reply(self) -> frames.Replied:
        """The next reply; what is told before it is let go."""
        while not isinstance(frame := self.read(), frames.Replied):
            assert not isinstance(frame, frames.Failed), frame
        return frame

    def _exactly(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count:
            piece = self.socket.recv(count - len(got))
            assert piece, "the engine hung up"
            got += piece
        return bytes(got)


def child_program(code: str, *words: str) -> list[str]:
    """The command that runs a test's own Python program, with our tests to import from."""
    root = str(Path(__file__).parents[1])
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{code}", *words]
