"""A provider on loopback that speaks all four wires; a stand-in for the makers in every test.

In a test, in a thread of its own:

    with FakeProvider(keys={"sk-good"}) as fake:
        fake.script([{"text": "hello"}, {"tool_calls": [{"name": "read", "args": {}}]}])
        ... fake.url("openai-chat") ...            # as the maker's SDK takes it
        ... fake.url("anthropic", fault="cut") ... # the same, with a fault
        fake.served[-1].count("output")            # every reply that it began: what it would bill
        fake.seen[-1].body                         # every request: method, path, headers, body
        fake.sink.seen                             # what reached the other origin (redirects)

As a process: `python -m tests.fake_provider --port 0 [--script FILE] [--key K]… [--rate T]` prints
one JSON line, {"port", "sink_port", "pid"}, and runs until it is ended or its standard input
closes.

Served: POST /v1/messages, /v1/chat/completions, /v1/responses, /v1[beta]/models/X:generateContent
and :streamGenerateContent, GET /v1[beta]/models (Anthropic's shape where `anthropic-version` is
sent, Google's below /v1beta or where an x-goog-api-key or ?key= is sent), also without the /v1. A
key that is not among `keys` gets its maker's own 401 (Google: 400); with `keys=None` any key is
right, and none is wrong. A model that is not among `models` gets the maker's 404; with
`models=None` every model is there. `strict=True` refuses what the makers refuse: empty parts,
calls without results, names and ids of a wrong pattern.

A script is a list of steps, one for each model request, in order; when none is left the last user
text comes back behind "You said: ". A step is an object; every field may be absent:
    text, thinking, tool_calls [{name, args, id}], stop, model (U+E000 in a text: a delta ends)
    headers: more of them, or others, in the answer
    usage {input, output, cache_read, cache_write, reasoning}: whole sums, as contract.md counts
    rate: tokens a second (default: the provider's `rate`; 0: at once)
    wait: seconds before the first byte
    error: {kind (contract.md), message, status, retry_after}: that maker's error instead of a reply
    fault: a fault's name, for this answer only
    times: the step answers so many requests (1)
`POST /__script` takes {"steps": […]}, or the bare list, and replaces what is left; `POST /__reset`
empties script and log; `GET /__log` gives the requests, `GET /__counts` their number by path and
by answer, and when the last token left (`last_token_at`, CLOCK_MONOTONIC).

Faults, as `/fault/<name>[:ARG]/…` in front of the path, or in a step; see `tests.fake_faults`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import os
import re
import ssl
import sys
import threading
from collections import Counter
from typing import Any, Self

from tests import fake_faults
from tests.fake_checks import complaint
from tests.fake_http import Seen, key_of, plain, read_request, wire_of
from tests.fake_reply import Reply, Wire
from tests.fake_wires import error_of, models_of

MODELS = ["fake-1", "fake-2-thinking"]


@dataclasses.dataclass(frozen=True)
class Ask:
    """A model request, by what its answer depends on."""

    wire: Wire
    stream: bool
    model: str
    said: str
    with_usage: bool
    sse: bool


class Sink:
    """Another origin: notes what reaches it and answers 200 with an empty object."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            seen = await read_request(reader)
            if seen is not None:
                self.seen.append(seen)
                writer.write(plain(200, b"{}"))
                await writer.drain()
        writer.close()


class FakeProvider:
    """One provider; a context manager for tests, `serve()` for a process of its own."""

    def __init__(
        self,
        *,
        keys: set[str] | None = None,
        models: list[str] | None = None,
        rate: float = 0,
        strict: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tls = tls
        self.keys, self.models, self.rate, self.strict = keys, models, rate, strict
        self.seen: list[Seen] = []
        self.served: list[Reply] = []
        self.answers: Counter[str] = Counter()
        self.sink = Sink()
        self.port = 0
        self.steps: list[dict[str, Any]] = []
        self.fault_uses: Counter[str] = Counter()
        self.last_token_at: float | None = None
        self._number = 0
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def url(self, wire: Wire, *, fault: str | None = None) -> str:
        """The base URL as the maker's SDK takes it."""
        path = f"/fault/{fault}" if fault else ""
        tail = "/v1" if wire.startswith("openai") else ""
        place = "http://127.0.0.1" if self.tls is None else "https://localhost"
        return f"{place}:{self.port}{path}{tail}"

    def script(self, steps: list[dict[str, Any]]) -> None:
        """Replace what is left of the script."""
        with self._lock:
            self.steps = [dict(step) for step in steps]

    def reset(self) -> None:
        """Forget script, log and counts."""
        with self._lock:
            self.steps.clear()
            self.seen.clear()
            self.served.clear()
            self.sink.seen.clear()
            self.answers.clear()
            self.fault_uses.clear()

    @property
    def requests(self) -> list[Seen]:
        """The model requests among what was seen."""
        return [seen for seen in self.seen if seen.method == "POST"]

    def __enter__(self) -> Self:
        ready = threading.Event()

        def run() -> None:
            asyncio.run(self.serve(0, ready.set))

        self._thread = threading.Thread(target=run, daemon=True, name="fake-provider")
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the fake provider did not start")
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._loop is not None and self._done is not None and self._thread is not None
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)

    async def serve(self, port: int, ready: Any) -> None:
        """Serve until `__exit__`; calls `ready()` when the ports are known."""
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await self._connection(reader, writer)
            except asyncio.CancelledError:
                pass  # only by the end of `serve`
            finally:
                tasks.discard(task)

        server = await asyncio.start_server(held, "127.0.0.1", port, limit=1 << 20, ssl=self.tls)
        sink = await asyncio.start_server(self.sink.handle, "127.0.0.1", 0, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        self.sink.port = sink.sockets[0].getsockname()[1]
        ready()
        try:
            await self._done.wait()
        finally:
            server.close()
            sink.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (seen := await read_request(reader)) is not None:
                if not await self._answer(seen, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass  # a client that hangs up is not news
        finally:
            writer.close()

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection goes on."""
        if seen.path.startswith("/__"):
            writer.write(self._admin(seen))
            await writer.drain()
            return True
        with self._lock:
            self.seen.append(seen)
            del self.seen[:-5000]
        path, fault = seen.path, None
        if found := re.match(r"/fault/([^/]+)(/.*)", path):
            fault, path = found.groups()
        status, reply, step = self._decide(seen, path)
        return await fake_faults.deliver(
            self, writer, seen, fault or step.get("fault"), reply, status, step
        )

    def _decide(self, seen: Seen, path: str) -> tuple[int, dict[str, Any] | Ask, dict[str, Any]]:
        """What to answer: a status and JSON, or the model's turn to speak; and its step."""
        wire = wire_of(seen, path)
        if (refused := self._refused(wire, seen)) is not None:
            return (*refused, {})
        if seen.method == "GET":
            listed = models_of(wire, self.models if self.models is not None else MODELS)
            return 200, listed, {}
        if not isinstance(seen.body, dict):
            return (*error_of(wire, "bad_request", "We could not parse the JSON body."), {})
        ask = ask_of(wire, path, seen.body)
        if self.models is not None and ask.model not in self.models:
            words = f"The model `{ask.model}` does not exist or you do not have access to it."
            return (*error_of(wire, "not_found", words), {})
        if self.strict and (words := complaint(wire, seen.body)) is not None:
            return (*error_of(wire, "bad_request", words), {})
        step = self._next_step()
        if (error := step.get("error")) is not None:
            made = error_of(wire, error["kind"], error.get("message"), error.get("status"))
            return (*made, step)
        return 200, ask, step

    def _refused(self, wire: Wire, seen: Seen) -> tuple[int, dict[str, Any]] | None:
        key = key_of(seen)
        if key and (self.keys is None or key in self.keys):
            return None
        if key:
            shown = f"{key[:3]}***{key[-4:]}" if len(key) > 12 else "***"
            words = {
                "anthropic": "invalid x-api-key",
                "google": "API key not valid. Please pass a valid API key.",
            }.get(
                wire, f"Incorrect API key provided: {shown}. You can find your API key at the site."
            )
            return error_of(wire, "invalid_key", words)
        if wire == "google":
            words = "Method doesn't allow unregistered callers. Please use API Key."
            return error_of(wire, "permission", words)
        return error_of(wire, "invalid_key", "You didn't provide an API key.")

    def _next_step(self) -> dict[str, Any]:
        with self._lock:
            if not self.steps:
                return {}
            step = self.steps[0]
            step["times"] = step.get("times", 1) - 1
            if step["times"] <= 0:
                self.steps.pop(0)
            return step

    def reply_to(self, ask: Ask, step: dict[str, Any]) -> Reply:
        """The step's reply, or the last user text behind "You said: "."""
        with self._lock:
            self._number += 1
            number = f"{self._number:04d}"
        silent = not any(step.get(name) for name in ("text", "thinking", "tool_calls"))
        reply = Reply(
            text=f"You said: {ask.said}" if silent and "text" not in step else step.get("text", ""),
            thinking=step.get("thinking", ""),
            tool_calls=tuple(step.get("tool_calls", ())),
            usage=step.get("usage", {}),
            stop=step.get("stop", "end"),
            model=step.get("model", ask.model),
            id=number,
        )
        self.served.append(reply)
        return reply

    def _admin(self, seen: Seen) -> bytes:
        if seen.path.startswith("/__log"):
            return plain(
                200, json.dumps([dataclasses.asdict(entry) for entry in self.seen]).encode()
            )
        if seen.path.startswith("/__counts"):
            paths = Counter(f"{entry.method} {entry.path}" for entry in self.seen)
            told = {
                "paths": paths, "answers": self.answers, "last_token_at": self.last_token_at,
            }  # fmt: skip
            return plain(200, json.dumps(told).encode())
        if seen.path.startswith("/__script"):
            steps = seen.body["steps"] if isinstance(seen.body, dict) else seen.body
            self.script(steps)
        elif seen.path.startswith("/__reset"):
            self.reset()
        else:
            return plain(404, b"{}")
        return plain(200, b'{"ok": true}')


def ask_of(wire: Wire, path: str, body: dict[str, Any]) -> Ask:
    """What a request asks for."""
    if wire == "google":
        found = re.search(r"models/([^:?]+):", path)
        streaming = "streamGenerateContent" in path
        return Ask(
            wire, streaming, found[1] if found else "?", said_in(body), True, "alt=sse" in path
        )
    usage = bool((body.get("stream_options") or {}).get("include_usage"))
    return Ask(wire, bool(body.get("stream")), str(body.get("model")), said_in(body), usage, True)


def said_in(body: dict[str, Any]) -> str:
    """The last text of the last user message, on any wire."""
    messages = body.get("messages") or body.get("contents") or body.get("input") or []
    if isinstance(messages, str):
        return messages
    for message in reversed(messages):
        if message.get("role") != "user":
            continue
        content = message.get("content") or message.get("parts") or ""
        if isinstance(content, str):
            return content
        texts = [part["text"] for part in content if isinstance(part.get("text"), str)]
        if texts:
            return texts[-1]
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=argparse.FileType("r", encoding="utf-8"))
    parser.add_argument("--key", action="append", help="accepted key; any where none is named")
    parser.add_argument("--model", action="append", help="a model that is there; all where none")
    parser.add_argument("--rate", type=float, default=0, help="tokens a second; 0: at once")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"), help="speak TLS")
    parser.add_argument("--strict", action="store_true", help="refuse what the makers refuse")
    opts = parser.parse_args()
    keys = set(opts.key) if opts.key else None
    tls = None
    if opts.tls:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*opts.tls)
    fake = FakeProvider(keys=keys, models=opts.model, rate=opts.rate, strict=opts.strict, tls=tls)
    if opts.script:
        steps = json.load(opts.script)
        fake.script(steps["steps"] if isinstance(steps, dict) else steps)

    def ready() -> None:
        told = {"port": fake.port, "sink_port": fake.sink.port, "pid": os.getpid()}
        print(json.dumps(told), flush=True)

    def until_input_closes() -> None:
        sys.stdin.read()
        os._exit(0)

    if not sys.stdin.isatty():
        threading.Thread(target=until_input_closes, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(fake.serve(opts.port, ready))


if __name__ == "__main__":
    main()
