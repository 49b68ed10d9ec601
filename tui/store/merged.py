"""A log read with its streams joined: what came in hundreds of pieces is one record.

The log stays as it is. Two rows are joined where they differ in nothing but the text they add, so
that a fold of what is read here is the fold of the log: only the pieces are larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui.events.codec import VERSION
from tui.events.stream import TextStreamed, ThinkingStreamed
from tui.events.tool import ToolStreamed

Row = tuple[int, int, int, int, bytes]
"""An event as it is kept: seq, at (microseconds), turn, version, body."""

LONGEST = 65_536
"""Bytes beyond which a piece is not added to: what is decoded and shown at once stays small."""

_JOINED = tuple(
    f'{{"type":"{kind.__struct_config__.tag}","'.encode()
    for kind in (TextStreamed, ThinkingStreamed, ToolStreamed)
    if kind.__struct_fields__[-1] == "delta"
)
_DELTA = b'","delta":"'


def merged(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows with runs of one stream joined.

    The first piece of a run stays alone and the others are one, with the time and number of the
    last: when a stream began and when it was last heard of is as it was. Nothing is decoded: the
    written form of two texts, one behind the other, is that of both.
    """
    pieces: list[bytes] = []
    head, size = b"", 0
    alike: Row | None = None  # the last piece of the stream that runs
    for row in rows:
        body = row[4]
        if alike is not None:
            same = row[2] == alike[2] and row[3] == alike[3]
            if same and size < LONGEST and _goes_on(body, head):
                pieces.append(body[len(head) : -2])
                size += len(body)
                alike = row
                continue
            if pieces:
                yield _joined(alike, head, pieces)
        head, pieces, size = _head(row), [], 0
        alike = row if head else None
        yield row
    if alike is not None and pieces:
        yield _joined(alike, head, pieces)


def _goes_on(body: bytes, head: bytes) -> bool:
    # A damaged store may give a text where bytes were written.
    return isinstance(body, bytes) and body.startswith(head) and body.endswith(b'"}')  # pyright: ignore[reportUnnecessaryIsInstance]


def _head(row: Row) -> bytes:
    """What a row begins with up to its text, where it is a piece of a stream; else nothing."""
    body = row[4]
    kind = next((one for one in _JOINED if _goes_on(body, one)), None)
    at = body.find(_DELTA) if kind and row[3] == VERSION else -1
    return body[: at + len(_DELTA)] if at > 0 else b""


def _joined(last: Row, head: bytes, pieces: list[bytes]) -> Row:
    return (*last[:4], head + b"".join(pieces) + b'"}')
