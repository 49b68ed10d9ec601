"""What is measured, and what it needs: homes, a provider, sessions of any length, the programs."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from tests.bench.terminal import Program
from tui.events.base import RequestId, SessionId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeLine, ChargeRecorded, UsageReported
from tui.events.route import RequestFinished, ResponseOpened, RouteDecided
from tui.events.session import ModelChosen, SessionCreated
from tui.events.stream import BlockClosed, TextStreamed
from tui.events.turn import TurnFinished, TurnStarted
from tui.paths import find_paths
from tui.store.log import Store

ROOT = Path(__file__).parents[2]
READY = "Type a message"
MODEL = "openai/gpt-5.5"
LONG = SessionId("s_20261124120000_10000000")
SHORT = SessionId("s_20261124120000_00000010")

_PARAGRAPH = (
    "The loader reads the file once, keeps what it found by its path, and gives the same\n"
    "answer until the file has changed; a path that is gone is forgotten with the next look.\n\n"
)
_CODE = (
    "```python\ndef load(path: str, known: dict[str, bytes]) -> bytes:\n"
    "    if path not in known:\n        known[path] = read(path)\n    return known[path]\n```\n\n"
)
_LIST = "- the first is *cheap*\n- the second needs `one` more look\n\n"
_EVERY = _PARAGRAPH + _CODE + _LIST
_DELTA_WORDS = 2  # what a model of 100 tokens a second says in one group of 16 ms


class Provider:
    """The fake provider in a process of its own."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.fake_provider"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
        )  # fmt: skip
        assert self._child.stdout is not None
        self.port: int = json.loads(self._child.stdout.readline())["port"]

    @property
    def address(self) -> str:
        """As the SDKs take it."""
        return f"http://127.0.0.1:{self.port}/v1"

    def next_reply(self, text: str, rate: float, wait: float = 0.0) -> None:
        """What the next request is answered with, at so many tokens a second."""
        step = {"text": text, "rate": rate, "wait": wait}
        self._ask("POST", "/__script", json.dumps([step]))

    def last_token_at(self) -> float:
        """When the last token of the latest reply was sent, by the clock of `time.monotonic`."""
        return json.loads(self._ask("GET", "/__counts"))["last_token_at"]

    def close(self) -> None:
        """End it."""
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(10)
        self._child.stdout.close()

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, {"content-type": "application/json"})
            return connection.getresponse().read()
        finally:
            connection.close()


class World:
    """Homes below one folder, one provider, and the programs that are measured in them."""

    def __init__(self, folder: Path, provider: Provider) -> None:
        self.folder = folder
        self.provider = provider
        (folder / "work").mkdir()

    @contextmanager
    def ours(self, *words: str, home: str = "served", keys: bool = True) -> Iterator[Program]:
        """The console, in a home of that name; `keys`: a made-up key serves its model."""
        environ = self._environ() | {"OWNKEY_HOME": str(self.folder / home)}
        environ |= {"OWNKEY_KEYRING": "env"}
        if keys:
            environ |= {
                "OPENAI_API_KEY": "sk-made-up-" + "0" * 32,
                "OPENAI_BASE_URL": self.provider.address,
            }
            words = ("--model", MODEL, *words)
        command = [str(Path(sys.executable).with_name("ownkey")), *words]
        with Program(command, environ=environ, cwd=self.folder / "work") as program:
            yield program

    @contextmanager
    def floor(self, *words: str) -> Iterator[Program]:
        """A floor program."""
        code = "from tests.bench.floors import main; main()"
        environ = self._environ() | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-P", "-c", code, *words]
        with Program(command, environ=environ, cwd=self.folder / "work") as program:
            yield program

    def _environ(self) -> dict[str, str]:
        # Nothing of the runner's own: above all nothing that forbids compiled files.
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }


def text_of(tokens: int, end: str = "") -> str:
    """Markdown of so many tokens as the provider counts them, and one more that is `end`."""
    words = _words(_EVERY)
    whole = "".join(words[index % len(words)] for index in range(tokens))
    return f"{whole.rstrip()}\n\n{end}" if end else whole


def _words(text: str) -> list[str]:
    from tests.fake_reply import pieces_of

    return pieces_of(text)


def write_session(home: Path, session: SessionId, messages: int, cwd: Path) -> None:
    """A session as the engine writes it: half prompts, half replies of a dozen lines with code."""
    at = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
    store = Store(find_paths({"OWNKEY_HOME": str(home)}).store_file)
    first: list[tuple[AnyEvent, int]] = [
        (SessionCreated(cwd=str(cwd), version="1", branch="main"), 0),
        (ModelChosen(model=MODEL), 0),
    ]
    store.append(session, first, at)
    turns, batch = messages // 2, 50
    for begun in range(1, turns + 1, batch):
        at += dt.timedelta(minutes=1)
        numbers = range(begun, min(begun + batch, turns + 1))
        store.append(session, [(event, turn) for turn in numbers for event in _turn(turn)], at)
    store.close()


def write_models(home: Path, count: int) -> None:
    """So many models that the maker's own list named when its key was checked."""
    names = ("pilot", "scout", "atlas", "ember", "delta")
    models = [
        {"provider": "openai", "id": f"gpt-{number}-{names[number % 5]}-preview",
         "name": f"GPT {number} {names[number % 5].title()}", "context": 400_000,
         "max_output": None}
        for number in range(count)
    ]  # fmt: skip
    file = find_paths({"OWNKEY_HOME": str(home)}).models_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"openai": models}), encoding="utf-8")


def _turn(turn: int) -> Iterator[AnyEvent]:
    request = RequestId(f"r_{turn:012d}")
    yield TurnStarted(prompt=f"What does message p{turn:05d} say about the loader?")
    yield RouteDecided(
        request=request, model=MODEL, connection="openai", payer="own_key",
        why="your key serves it", host="https://api.example", label="main",
        estimate_nano=1_250_000, token_usd=Decimal("0.00001"),
    )  # fmt: skip
    yield ResponseOpened(request=request, provider_request_id=f"req_{turn}")
    words = _words(f"Reply r{turn:05d} in short:\n\n{_EVERY}That is all of r{turn:05d}.")
    for first in range(0, len(words), _DELTA_WORDS):
        yield TextStreamed(request=request, delta="".join(words[first : first + _DELTA_WORDS]))
    yield BlockClosed(request=request, kind="text")
    yield RequestFinished(request=request, stop="end", said="completed", seconds=1.5)
    yield UsageReported(
        request=request, input=900, output=len(words), cache_read=0, cache_write=None,
        reasoning=0, raw={"input_tokens": 900, "output_tokens": len(words)},
    )  # fmt: skip
    nano = len(words) * 10_000
    line = ChargeLine(
        what="output", quantity=Decimal(len(words)), unit_usd=Decimal("0.00001"),
        usd=Decimal(nano) / 10**9,
    )  # fmt: skip
    yield ChargeRecorded(
        request=request, payer="own_key", nano=nano, lines=(line,), priced_by="catalogue",
        sureness="priced",
    )  # fmt: skip
    yield TurnFinished(stop="end", nano=nano, requests=1)
