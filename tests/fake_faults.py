"""How the fake provider's answers go wrong: one name a fault, with an optional `:ARG`.

Before the answer
    refuse           the connection is reset without an answer (a closed port: `closed_port()`)
    reset            the same after half a second
    stall            silence before the first byte (ARG seconds, 60)
    endless-1xx      103 Early Hints for ever
    429, 500, 503, 529   that error, ARG times (default always), then the answer; 429 with
                     `retry-after: 0.05`; ARG may be N,SECONDS
    401              the maker's 401, which echoes the key in full
    portal           200 with a sign-in page in HTML
    redirect         307 to another origin (`fake.sink`)
    redirect-loop    307 to the same address, for ever
    big-error        500 with a JSON body of ARG MB (100)
    cut-error        503 whose body breaks off
    bomb             200 whose gzip body inflates 1000:1 to 200 MB
In the answer
    cut-at           the connection ends after ARG bytes of all that is sent, head included
    cut              the connection ends after 60 % of the events, the body unfinished
    cut-clean        the same, but the body ends properly
    reset-mid        the same, by a reset
    stall-mid        60 % of the events, then silence (ARG seconds, 60)
    trickle          ARG bytes a second (1)
    wrong-length     content-length says more than comes
    short-length     content-length says less than comes
    two-bodies       a second answer right behind the first
    http10           HTTP/1.0, ended by closing
    long-line        the text is one event of ARG MB (10)
    huge             the text is ARG MB (100) of events
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import time
import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from tests.fake_http import Seen, key_of, wire_of
from tests.fake_reply import Reply, Weighted, pieces_of
from tests.fake_wires import body_of, error_of, stream_of

if TYPE_CHECKING:
    from tests.fake_provider import Ask, FakeProvider

PORTAL = (
    b"<html><head><title>Hotel Wi-Fi: please sign in</title></head><body>Welcome!</body></html>"
)
_BLOCK_BYTES = 64 * 1024
_BOMB_MB = 200


def closed_port() -> int:
    """A loopback port on which nobody listens: connections are refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class CutOff(ConnectionError):
    """As much was sent as may be."""


class CutWriter:
    """A writer that sends so many bytes and no more."""

    def __init__(self, writer: asyncio.StreamWriter, left: int) -> None:
        self._writer = writer
        self._left = left

    def write(self, data: bytes) -> None:
        self._writer.write(data[: self._left])
        self._left -= len(data)
        if self._left <= 0:
            raise CutOff

    async def drain(self) -> None:
        await self._writer.drain()


async def deliver(
    fake: FakeProvider,
    writer: asyncio.StreamWriter | CutWriter,
    seen: Seen,
    fault: str | None,
    reply: dict[str, Any] | Ask,
    status: int,
    step: dict[str, Any],
) -> bool:
    """Send the answer, wrong in the way that was asked; whether the connection goes on."""
    name, _, arg = (fault or "").partition(":")
    if name == "cut-at":
        cut = CutWriter(writer, int(arg))
        with contextlib.suppress(CutOff):
            await deliver(fake, cut, seen, None, reply, status, step)
        await writer.drain()
        return False
    if (ahead := await _before(fake, writer, seen, name, arg, fault or "")) is not None:
        return ahead
    if step.get("wait"):
        await asyncio.sleep(step["wait"])
    if isinstance(reply, dict):
        fake.answers[str(status)] += 1
        wait = (step.get("error") or {}).get("retry_after")
        heads = step.get("headers", {}) | ({} if wait is None else {"retry-after": str(wait)})
        await _send_whole(writer, status, json.dumps(reply).encode(), heads)
        return True
    fake.answers["reply"] += 1
    made = fake.reply_to(reply, step)
    return await _reply(fake, writer, reply, made, name, arg, step)


async def _before(
    fake: FakeProvider, writer: asyncio.StreamWriter, seen: Seen, name: str, arg: str, fault: str
) -> bool | None:
    """Faults in place of the answer; None where it is still to come."""
    match name:
        case "refuse" | "reset":
            await asyncio.sleep(0.5 if name == "reset" else 0)
            return _reset(writer)
        case "stall":
            await asyncio.sleep(float(arg or 60))
            return _reset(writer)
        case "endless-1xx":
            while True:
                writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)
        case "429" | "500" | "503" | "529":
            return await _so_many_times(fake, writer, seen, name, arg, fault)
        case "401":
            return await _echo_key(writer, seen)
        case "portal":
            await _send_whole(writer, 200, PORTAL, {"content-type": "text/html"})
            return True
        case "redirect" | "redirect-loop":
            place = f"http://127.0.0.1:{fake.sink.port}/elsewhere"
            place = seen.path if name == "redirect-loop" else place
            await _send_whole(writer, 307, b"", {"location": place})
            return True
        case "big-error":
            await _big_error(writer, int(arg or 100))
            return True
        case "cut-error":
            writer.write(_head(503, {"content-length": "999"}) + b'{"error": {"message": "Overl')
            await writer.drain()
            return False
        case "bomb":
            return await _bomb(writer)
        case _:
            return None


async def _so_many_times(
    fake: FakeProvider, writer: asyncio.StreamWriter, seen: Seen, name: str, arg: str, fault: str
) -> bool | None:
    times, _, wait = arg.partition(",")
    fake.fault_uses[fault] += 1
    if times and fake.fault_uses[fault] > int(times):
        return None
    kind = {"429": "rate_limit", "500": "server"}.get(name, "overloaded")
    status, body = error_of(wire_of(seen, seen.path), kind, status=int(name))
    fake.answers[str(status)] += 1
    heads = {"retry-after": wait or "0.05"} if name == "429" else {}
    await _send_whole(writer, status, json.dumps(body).encode(), heads)
    return True


async def _echo_key(writer: asyncio.StreamWriter, seen: Seen) -> bool:
    words = f"Incorrect API key provided: {key_of(seen)}."
    status, body = error_of(wire_of(seen, seen.path), "invalid_key", words)
    await _send_whole(writer, status, json.dumps(body).encode(), {})
    return True


async def _big_error(writer: asyncio.StreamWriter, megabytes: int) -> None:
    first = b'{"error": {"message": "It broke.", "trace": "'
    length = str(len(first) + megabytes * 2**20 + 3)
    writer.write(_head(500, {"content-type": "application/json", "content-length": length}) + first)
    for _ in range(megabytes):
        writer.write(b"x" * 2**20)
        await writer.drain()
    writer.write(b'"}}')
    await writer.drain()


async def _bomb(writer: asyncio.StreamWriter) -> bool:
    press, block = zlib.compressobj(9, zlib.DEFLATED, 31), b"x" * 2**20
    packed = b"".join(press.compress(block) for _ in range(_BOMB_MB)) + press.flush()
    heads = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    await _send_whole(writer, 200, packed, heads)
    return True


async def _reply(
    fake: FakeProvider,
    writer: asyncio.StreamWriter,
    ask: Ask,
    made: Reply,
    name: str,
    arg: str,
    step: dict[str, Any],
) -> bool:
    heads = _heads(ask) | step.get("headers", {})
    if not ask.stream:
        whole = json.dumps(body_of(ask.wire, made), ensure_ascii=False).encode()
        if name in {"wrong-length", "short-length", "http10", "two-bodies", "cut"}:
            return await _odd_framing(writer, name, heads, whole)
        await _send_whole(writer, 200, whole, heads)
        return True
    kind = "text/event-stream" if ask.sse else "application/json"
    heads = {**heads, "content-type": kind}
    events = _events(ask, made, name, arg)
    if name in {"wrong-length", "short-length", "http10", "two-bodies"}:
        whole = "".join([event async for event, _ in events]).encode()
        return await _odd_framing(writer, name, heads, whole)
    return await _stream(fake, writer, heads, events, name, arg, step.get("rate", fake.rate))


def _heads(ask: Ask) -> dict[str, str]:
    if ask.wire == "anthropic":
        return {
            "request-id": "req_fake",
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
        }
    if ask.wire == "google":
        return {"x-gemini-service-tier": "standard"}
    return {
        "x-request-id": "req_fake",
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
    }


async def _events(ask: Ask, made: Reply, name: str, arg: str) -> AsyncIterator[Weighted]:
    """The events, with the text of `long-line` and `huge` put in the middle of an empty reply's."""
    if name not in {"long-line", "huge"}:
        for event in stream_of(ask.wire, made, with_usage=ask.with_usage, sse=ask.sse):
            yield event
        return
    mark = "@@"
    count = int(float(arg or (10 if name == "long-line" else 100)) * 2**20)
    size = count if name == "long-line" else _BLOCK_BYTES
    short = Reply(text=mark, model=made.model, id=made.id)
    assert pieces_of(mark) == [mark]
    for event, weight in stream_of(ask.wire, short, with_usage=ask.with_usage, sse=ask.sse):
        if mark not in event or weight == 0:
            yield event.replace(mark, "x"), weight
            continue
        block = event.replace(mark, "x" * (size - 1) + "\\n")
        for _ in range(count // size):
            yield block, weight
            await asyncio.sleep(0)


async def _stream(
    fake: FakeProvider,
    writer: asyncio.StreamWriter,
    heads: dict[str, str],
    events: AsyncIterator[Weighted],
    name: str,
    arg: str,
    rate: float,
) -> bool:
    writer.write(_head(200, {**heads, "transfer-encoding": "chunked"}))
    loop = asyncio.get_running_loop()
    begun, tokens = loop.time(), 0
    stop_after: int | None = None
    if name in {"cut", "cut-clean", "reset-mid", "stall-mid"}:
        listed = [event async for event in events]
        stop_after = max(1, int(len(listed) * 0.6))
        events = _listed(listed[:stop_after])
    async for event, weight in events:
        data = event.encode()
        if name == "trickle":
            await _trickle(writer, data, float(arg or 1))
            continue
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await writer.drain()
        if weight:
            fake.last_token_at = time.monotonic()
        tokens += weight
        if rate and (ahead := tokens / rate - (loop.time() - begun)) > 0.001:
            await asyncio.sleep(ahead)
    return await _end(writer, name, arg)


async def _listed(events: list[Weighted]) -> AsyncIterator[Weighted]:
    for event in events:
        yield event


async def _end(writer: asyncio.StreamWriter, name: str, arg: str) -> bool:
    match name:
        case "cut":
            await writer.drain()
            return False
        case "reset-mid":
            await asyncio.sleep(0.05)  # what was sent must have been read, or the reset eats it
            return _reset(writer)
        case "stall-mid":
            await asyncio.sleep(float(arg or 60))
            return _reset(writer)
        case _:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            return True


async def _trickle(writer: asyncio.StreamWriter, data: bytes, rate: float) -> None:
    for byte in data:
        writer.write(b"1\r\n%c\r\n" % byte)
        await writer.drain()
        await asyncio.sleep(1 / rate)


async def _odd_framing(
    writer: asyncio.StreamWriter, name: str, heads: dict[str, str], body: bytes
) -> bool:
    heads = {"content-type": "application/json", **heads}
    match name:
        case "http10":
            writer.write(_head(200, heads, version="1.0") + body)
        case "two-bodies":
            whole = _head(200, {**heads, "content-length": str(len(body))}) + body
            writer.write(whole + whole)
        case "short-length":
            writer.write(_head(200, {**heads, "content-length": str(len(body) * 2 // 3)}) + body)
        case _:
            writer.write(_head(200, {**heads, "content-length": str(len(body) + 999)}) + body)
    await writer.drain()
    return False


async def _send_whole(
    writer: asyncio.StreamWriter, status: int, body: bytes, heads: dict[str, str]
) -> None:
    given = {"content-type": "application/json", **heads, "content-length": str(len(body))}
    writer.write(_head(status, given) + body)
    await writer.drain()


def _head(status: int, heads: dict[str, str], version: str = "1.1") -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in heads.items())
    return f"HTTP/{version} {status} X\r\n{lines}\r\n".encode()


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Close by a reset instead of an end."""
    with contextlib.suppress(OSError):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False
