"""Events out of a response's bytes, however these were cut on the way.

Read by hand, not by the SDKs: one of them drops an event without a name, one breaks off at the
first piece that is no JSON, and both make typed objects that lose what their version does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass

from tui.errors import ProtocolBroken

_LINE_END = re.compile(rb"\r\n|\n|\r")
_SEVERAL = re.compile(rb"\}\s*[\r\n](?:\{|data:|event:)")
_INSIDE = {b" ", b"\t", b"}", b"]"}
"""How a line goes on that belongs to JSON which began without `data:`."""
_BLANK = b"\xef\xbb\xbf \t\r\n"  # the byte order mark counts as blank: it may stand at the start


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Args:
        name: Its `event:` field; empty where it has none, and for a plain JSON body.
        data: Its `data:` lines, or the whole of a plain JSON body.
        whole: False where the stream ended before the event did.
    """

    name: str
    data: str
    whole: bool = True


class Decoder:
    """Server-sent events by the WHATWG's rules, save for what servers are known to leave out.

    That is the last blank line, `data:` before JSON (proxies put an error into a stream as it is),
    and the blank line between events whose data is JSON.
    """

    def __init__(self) -> None:
        self._tail = bytearray()
        self._searched = 0
        self._name = ""
        self._data: list[str] = []
        self._bare = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that `chunk` completes."""
        self._tail += chunk
        start, at = 0, self._searched
        while (end := _LINE_END.search(self._tail, at)) is not None:
            if end.group() == b"\r" and end.end() == len(self._tail):
                break  # the other half of a line's end may come with the next chunk
            event = self._line(bytes(self._tail[start : end.start()]))
            start = at = end.end()
            if event is not None:
                yield event
        del self._tail[:start]
        self._searched = max(0, len(self._tail) - 1)

    def flush(self) -> Iterator[Event]:
        """What the stream broke off in, if anything."""
        line = bytes(self._tail).rstrip(b"\r")
        self._tail.clear()
        if line and (event := self._line(line)) is not None:
            yield event
        if self._data:
            yield Event(self._name, "\n".join(self._data), whole=False)
        self._name, self._data, self._bare = "", [], False

    def _line(self, line: bytes) -> Event | None:
        if not line:
            return self._end()
        bare = line[:1] == b"{" or (self._bare and line[:1] in _INSIDE)
        event = self._end() if self._bare and not bare else None
        self._bare = bare
        if bare:
            return self._take(line.decode("utf-8", "replace"))
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if field == b"data":
            return self._take(text) or event
        if field == b"event":
            self._name = text
        return event

    def _end(self) -> Event | None:
        event = Event(self._name, "\n".join(self._data)) if self._data else None
        self._name, self._data, self._bare = "", [], False
        return event

    def _take(self, text: str) -> Event | None:
        """Add a line of data; the event before it, where that was whole already."""
        before = self._data[0] if len(self._data) == 1 and text[:1] in {"{", "["} else ""
        event = Event(self._name, before)
        if before and parsed(event) is not None:
            self._data = [text]
            return event
        self._data.append(text)
        return None


async def events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[Event]:
    """The events of a streamed body; a body that is one JSON document is one event without a name.

    Raises:
        ProtocolBroken: the body is a web page.
        Whatever `chunks` raises.
    """
    head = b""
    async for chunk in chunks:
        head += chunk
        if head.strip(_BLANK):
            break
    first = head.lstrip(_BLANK)
    if first[:1] == b"<":
        raise ProtocolBroken(
            "a web page came instead of an answer",
            hint="Is there a sign-in page between here and the provider, or a wrong address?",
        )
    if first[:1] in {b"{", b"["}:
        document = bytearray(first)
        async for chunk in chunks:
            document += chunk
        whole = Event("", document.decode("utf-8", "replace"), whole=False)
        if parsed(whole) is not None or not _SEVERAL.search(document):
            yield whole
            return
        first = bytes(document)  # an error before a stream's first event, or JSON a line
    decoder = Decoder()
    for event in decoder.feed(first):
        yield event
    async for chunk in chunks:
        for event in decoder.feed(chunk):
            yield event
    for event in decoder.flush():
        yield event


def parsed(event: Event) -> object:
    """The event's data as JSON; None where it is none."""
    try:
        return json.loads(event.data)
    except (ValueError, RecursionError):
        return None
