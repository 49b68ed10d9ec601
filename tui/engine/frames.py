"""What crosses the socket between console and engine: length-prefixed msgpack frames.

Down: `Hello` first (what the environment gave, secrets among it, once), then calls and follows.
Up: `Ready`, replies, batches of records, notices. Events travel in the log's own written form.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from tui.errors import KINDS, EndedEarly, KeyStoreError, OwnkeyError, StoreError, UsageError
from tui.events import codec
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.secret import Secret
from tui.session.commands import AnyCommand
from tui.session.replies import AnyNotice, AnyReply
from tui.store.merged import Row
from tui.store.rows import from_micros

MAX_FRAME = 256 * 1024 * 1024
SLICE = 200
SLICE_BYTES = 65_536
"""So much of a log crosses at once."""
_LENGTH = struct.Struct(">I")


class Down(msgspec.Struct, frozen=True, kw_only=True, tag_field="frame"):
    """Base of what the console sends."""


class Hello(Down, tag="hello", frozen=True, kw_only=True):
    """The part of the environment that bears on the engine; its child's own has none of it."""

    environ: dict[str, Secret]
    folder: str


class Call(Down, tag="call", frozen=True, kw_only=True):
    id: int
    command: AnyCommand


class Follow(Down, tag="follow", frozen=True, kw_only=True):
    """`merged`: what is past already comes with its streams joined (`tui.store.merged`)."""

    session: SessionId
    after: int
    merged: bool = False


class Peek(Down, tag="peek", frozen=True, kw_only=True):
    """Wants the end of a session, `last` or by the beginning of its id, before it is opened."""

    session: str
    cwd: str


class Unfollow(Down, tag="unfollow", frozen=True, kw_only=True):
    session: SessionId


class Up(msgspec.Struct, frozen=True, kw_only=True, tag_field="frame"):
    """Base of what the engine sends."""


class Ready(Up, tag="ready", frozen=True, kw_only=True):
    version: str


class Replied(Up, tag="replied", frozen=True, kw_only=True):
    id: int
    reply: AnyReply


class Failed(Up, tag="failed", frozen=True, kw_only=True):
    id: int
    error: str  # class name out of `tui.errors`
    message: str
    hint: str


class WireRecord(msgspec.Struct, frozen=True, array_like=True):
    seq: int
    at: dt.datetime
    turn: int
    body: bytes


class Told(Up, tag="told", frozen=True, kw_only=True):
    session: SessionId
    records: tuple[WireRecord, ...]


class Peeked(Up, tag="peeked", frozen=True, kw_only=True):
    """The end of a session, and the sums of all of it; not sent where there is none."""

    session: SessionId
    records: tuple[WireRecord, ...]
    cwd: str
    title: str | None
    branch: str | None
    model: str | None
    nano: int
    unknown: int


class Noticed(Up, tag="noticed", frozen=True, kw_only=True):
    notice: AnyNotice


DownFrame = Hello | Call | Follow | Unfollow | Peek
UpFrame = Ready | Replied | Failed | Told | Peeked | Noticed


def _encode_secret(value: Any) -> Any:  # noqa: ANN401 - msgspec's hook
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(repr(value))


def _decode_secret(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hook
    if kind is Secret:
        return Secret(value)
    raise NotImplementedError(kind)


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_secret)


# Each end reads one direction: its decoder is made there, 2 ms, and not the other.


@cache
def _down() -> msgspec.msgpack.Decoder[DownFrame]:
    return msgspec.msgpack.Decoder(DownFrame, dec_hook=_decode_secret)


@cache
def _up() -> msgspec.msgpack.Decoder[UpFrame]:
    return msgspec.msgpack.Decoder(UpFrame, dec_hook=_decode_secret)


def encode(frame: DownFrame | UpFrame) -> bytes:
    """A frame with its length in front."""
    try:
        body = _encoder.encode(frame)
    except UnicodeEncodeError:  # a lone surrogate that a terminal gave: shown as unknown
        builtins = msgspec.to_builtins(frame, enc_hook=_encode_secret, builtin_types=(bytes,))
        body = _encoder.encode(_printable(builtins))
    return _LENGTH.pack(len(body)) + body


def _printable(value: Any) -> Any:  # noqa: ANN401 - any builtin
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {_printable(k): _printable(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case list() | tuple():
            return [_printable(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next frame's body, or None when the other side is gone."""
    try:
        head = await reader.readexactly(_LENGTH.size)
        (length,) = _LENGTH.unpack(head)
        if length > MAX_FRAME:
            return None
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def decode_down(body: bytes) -> DownFrame:
    return _down().decode(body)


def decode_up(body: bytes) -> UpFrame:
    return _up().decode(body)


def pack_records(session: SessionId, records: Sequence[Recorded]) -> Told:
    """Records as they cross."""
    rows = tuple(WireRecord(r.seq, r.at, r.turn, codec.encode(r.event)) for r in records)
    return Told(session=session, records=rows)


def pack_rows(session: SessionId, rows: Sequence[Row]) -> Iterator[Told]:
    """Rows of the log as they cross, in slices that hold the console up for a moment each."""
    piece: list[WireRecord] = []
    size = 0
    for row in rows:
        piece.append(wire_record(row))
        size += len(row[4])
        if len(piece) >= SLICE or size >= SLICE_BYTES:
            yield Told(session=session, records=tuple(piece))
            piece, size = [], 0
    if piece:
        yield Told(session=session, records=tuple(piece))


def wire_record(row: Row) -> WireRecord:
    """A row of the log as it crosses, of an older version in the form of now."""
    seq, at, turn, version, body = row
    if version != codec.VERSION:
        body = codec.encode(codec.decode(body, version))
    return WireRecord(seq, from_micros(at), turn, body)


def unpack_records(told: Told | Peeked) -> tuple[Recorded, ...]:
    """Records as they were."""
    return tuple(
        Recorded(session=told.session, seq=r.seq, at=r.at, turn=r.turn, event=codec.decode(r.body))
        for r in told.records
    )


def pack_error(id: int, error: OwnkeyError) -> Failed:
    """An error as it crosses."""
    name = type(error).__name__
    return Failed(id=id, error=name, message=error.message, hint=error.hint)


_ERRORS: dict[str, type[OwnkeyError]] = {
    cls.__name__: cls
    for cls in (UsageError, StoreError, KeyStoreError, EndedEarly, *KINDS.values())
}


def unpack_error(failed: Failed) -> OwnkeyError:
    """The error as it was raised on the other side."""
    return _ERRORS.get(failed.error, OwnkeyError)(failed.message, hint=failed.hint)


_FIRST = ("OWNKEY_", "SSL_CERT_", "PIP_")
_LAST = ("_API_KEY", "_BASE_URL", "_PROXY", "_proxy", "_CA_BUNDLE", "NETRC")


def environment_for_engine(
    environ: Mapping[str, str], named: Collection[str] = ()
) -> dict[str, Secret]:
    """What of the console's environment the engine is told.

    Our own variables, keys, addresses, proxies, where the person's packages come from, and what
    is `named` to be given to MCP servers.
    """
    return {
        name: Secret(value)
        for name, value in environ.items()
        if name.startswith(_FIRST) or name.endswith(_LAST) or name in named
    }
