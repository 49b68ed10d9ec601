"""Loopback replay server for recorded provider traffic (standard library only).

    python -m tests.replay --dir D [--dir D2 ...] --port P [--fault NAME] [--seed N] [--delay S]

D holds *.json files; a file holds one case or a list of cases (tests/data/wire/README.md).
A client picks its case in any of these ways:
    base_url = http://127.0.0.1:P/case/<id>[/v1...]         (works with every SDK)
    base_url = http://127.0.0.1:P/fault/<name>/case/<id>    (fault for this client only)
    header   x-case: <id>   and optionally   x-fault: <name>
The rest of the path is not checked, only logged: an adapter may add what it likes.

Faults (they apply to event-stream and binary-stream delivery; `slow` also to plain bodies):
    none            events as recorded, one write each
    cut             connection closed after about 60 % of the bytes, no terminating chunk
    cut-clean       same place, but the HTTP body ends properly (looks complete to HTTP)
    slow            --delay seconds between events (default 0.05)
    split-utf8      every multi-byte character is torn over two writes
    split-anywhere  writes of 1..7 bytes at random places (--seed)
    dup             the first event and the last event are each sent twice (for anthropic and
                    openai-responses the text must not change; elsewhere either may hold text)
    garbage         a comment, an unknown event type, and one event of broken JSON mid-stream
    stall           half of the events, then silence for 60 s (timeout and cancel tests)

Other paths: GET /__cases (ids and providers), GET /__log (requests seen, newest last),
POST /__reset (empties the log). Only 127.0.0.1 is bound.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import pathlib
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAULTS = (
    "none",
    "cut",
    "cut-clean",
    "slow",
    "split-utf8",
    "split-anywhere",
    "dup",
    "garbage",
    "stall",
)
GARBAGE = (
    b": keep-alive\n\n",
    b'event: ownkey.unknown\ndata: {"type":"ownkey.unknown","x":1}\n\n',
    b'data: {"type": "broken", "choices": [{"del\n\n',
)
_NOT_SENT = ("content-length", "transfer-encoding", "content-encoding", "connection")


def load(dirs: list[str]) -> dict[str, dict[str, Any]]:
    cases: dict[str, dict[str, Any]] = {}
    for folder in dirs:
        for file in sorted(pathlib.Path(folder).glob("*.json")):
            data = json.loads(file.read_text("utf-8"))
            for case in data if isinstance(data, list) else [data]:
                if "id" in case and "response" in case:
                    cases[case["id"]] = case
    return cases


def events_of(response: dict[str, Any]) -> tuple[list[bytes], bool]:
    """The body as a list of byte strings, one a delivery unit; and whether it is a stream."""
    if "sse" in response:
        return [event.encode("utf-8", "surrogatepass") for event in response["sse"]], True
    if "b64" in response:
        raw = base64.b64decode(response["b64"])
        if "eventstream" not in response.get("headers", {}).get("content-type", ""):
            return [raw], False
        out, at = [], 0
        while at + 12 <= len(raw):
            length = int.from_bytes(raw[at : at + 4], "big")
            if length < 16:
                break
            out.append(raw[at : at + length])
            at += length
        return out, True
    body = response.get("body", "")
    if not isinstance(body, str):
        body = json.dumps(body, ensure_ascii=False)
    return [body.encode("utf-8", "surrogatepass")], False


def torn_utf8(data: bytes) -> list[bytes]:
    """Cut inside each multi-byte character."""
    cuts = [i for i in range(1, len(data)) if data[i] & 0xC0 == 0x80 and data[i - 1] >= 0xC0]
    out, last = [], 0
    for cut in cuts:
        out.append(data[last:cut])
        last = cut
    return [*out, data[last:]]


Piece = tuple[bytes | None, float]
"""Bytes and the pause after them; None closes the connection without ending the body."""


def plan(
    events: list[bytes], fault: str, *, seed: int = 0, delay: float = 0.05, is_text: bool = True
) -> Iterator[Piece]:
    """What is written, piece by piece, under a fault."""
    match fault:
        case "cut" | "cut-clean":
            yield from _cut(events, clean=fault == "cut-clean")
        case "slow":
            yield from ((event, delay) for event in events)
        case "split-utf8":
            yield from ((piece, 0.002) for piece in torn_utf8(b"".join(events)))
        case "split-anywhere":
            yield from _split_anywhere(b"".join(events), seed)
        case "dup" if len(events) > 1:
            for at, event in enumerate(events):
                yield event, 0
                if at in {0, len(events) - 1}:
                    yield event, 0
        case "garbage" if is_text:
            middle = max(1, len(events) // 2)
            for at, event in enumerate(events):
                if at == middle:
                    yield from ((piece, 0) for piece in GARBAGE)
                yield event, 0
        case "stall":
            yield from ((event, 0) for event in events[: max(1, len(events) // 2)])
            yield b"", 60
            yield None, 0
        case _:
            yield from ((event, 0) for event in events)


def _cut(events: list[bytes], *, clean: bool) -> Iterator[Piece]:
    stop, sent = int(sum(map(len, events)) * 0.6), 0
    for event in events:
        if sent + len(event) > stop:
            yield event[: max(1, stop - sent)], 0
            break
        sent += len(event)
        yield event, 0
    if not clean:
        yield None, 0


def _split_anywhere(whole: bytes, seed: int) -> Iterator[Piece]:
    dice, at = random.Random(seed), 0
    while at < len(whole):
        length = dice.randint(1, 7)
        yield whole[at : at + length], 0
        at += length


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "replay"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def send_json(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", "").lower():
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        out = b""
        while True:
            length = int(self.rfile.readline().split(b";")[0], 16)
            out += self.rfile.read(length)
            self.rfile.readline()
            if not length:
                return out

    def handle_any(self) -> None:
        raw = self.read_body()
        path, wanted = self.path, self.headers.get("x-case")
        fault = self.headers.get("x-fault") or self.server.opts.fault
        if path.startswith("/__"):
            return self.answer_admin(path)
        if found := re.match(r"/fault/([\w-]+)(/.*)", path):
            fault, path = found.groups()
        if found := re.match(r"/case/([^/?]+)(.*)", path):
            wanted, path = found.group(1), found.group(2) or "/"
        self.note(wanted, fault, path, raw)
        case = self.server.cases.get(wanted or "")
        if case is None or fault not in FAULTS:
            error = {"type": "replay", "message": f"no case {wanted!r} / fault {fault!r}"}
            return self.send_json({"error": error}, 599)
        return self.answer(case["response"], fault)

    def answer_admin(self, path: str) -> None:
        server = self.server
        if path.startswith("/__cases"):
            listed = [
                {"id": c["id"], "provider": c["provider"], "stream": c.get("stream")}
                for c in server.cases.values()
            ]
            return self.send_json(listed)
        if path.startswith("/__log"):
            return self.send_json(list(server.seen))
        server.seen.clear()
        return self.send_json({"ok": True})

    def note(self, wanted: str | None, fault: str, path: str, raw: bytes) -> None:
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = {"_not_json": len(raw)}
        entry = {
            "case": wanted,
            "fault": fault,
            "method": self.command,
            "path": path,
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "body": body,
            "t": time.time(),
        }
        with self.server.lock:
            self.server.seen.append(entry)
            del self.server.seen[:-2000]

    def answer(self, response: dict[str, Any], fault: str) -> None:
        events, streamed = events_of(response)
        self.send_response(response["status"])
        for name, value in response.get("headers", {}).items():
            if name not in _NOT_SENT:
                self.send_header(name, value)
        opts = self.server.opts
        if not streamed:
            if fault == "slow":
                time.sleep(opts.delay * 5)
            self.send_header("content-length", str(len(events[0])))
            self.end_headers()
            self.wfile.write(events[0])
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        pieces = plan(events, fault, seed=opts.seed, delay=opts.delay, is_text="sse" in response)
        try:
            self.write_pieces(pieces)
        except OSError:
            self.close_connection = True

    def write_pieces(self, pieces: Iterator[Piece]) -> None:
        for piece, pause in pieces:
            if piece is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if piece:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            if pause and self.server.stopping.wait(pause):
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    opts: argparse.Namespace
    cases: dict[str, dict[str, Any]]
    seen: list[dict[str, Any]]
    lock: threading.Lock
    stopping: threading.Event

    @property
    def port(self) -> int:
        return self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hangs up is not news

    def stop(self) -> None:
        """Wake what stalls, stop listening and close the socket."""
        self.stopping.set()
        self.shutdown()
        self.server_close()


def serve(
    dirs: list[str], port: int = 0, fault: str = "none", seed: int = 0, delay: float = 0.05
) -> Server:
    """Start in a thread; returns the server, to be stopped by `stop()`."""
    server = Server(("127.0.0.1", port), Handler)
    server.opts = argparse.Namespace(fault=fault, seed=seed, delay=delay)
    server.cases, server.seen = load(dirs), []
    server.lock, server.stopping = threading.Lock(), threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", action="append", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.05)
    opts = parser.parse_args()
    server = serve(opts.dir, opts.port, opts.fault, opts.seed, opts.delay)
    print(json.dumps({"port": server.port, "cases": len(server.cases)}), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
