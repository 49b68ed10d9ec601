from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.errors import ProtocolBroken
from tui.providers.sse import Decoder, Event, events, parsed

STREAM = (
    'event: a\r\ndata: {"x": "é😀"}\r\n\r\n: hello\n\ndata: one\ndata:two\n\rid: 7\revent: c\n\n'
).encode()
READ = [Event("a", '{"x": "é😀"}'), Event("", "one\ntwo")]


async def chunked(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(*chunks: bytes) -> list[Event]:
    return [event async for event in events(chunked(*chunks))]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_do_not_depend_on_where_the_bytes_are_cut(cuts: list[int]) -> None:
    decoder = Decoder()
    at = sorted({0, *cuts, len(STREAM)})
    pieces = [STREAM[a:b] for a, b in itertools.pairwise(at)]
    found = [event for piece in pieces for event in decoder.feed(piece)]
    assert [*found, *decoder.flush()] == READ


async def test_an_event_that_lacks_only_its_blank_line_is_given_as_not_whole() -> None:
    assert await read(b"data: {}\n\nevent: end\ndata: {}") == [
        Event("", "{}"),
        Event("end", "{}", whole=False),
    ]


async def test_a_body_that_is_one_document_is_one_event() -> None:
    assert await read(b"\xef\xbb\xbf \n", b'[{"a":', b" 1}]") == [
        Event("", '[{"a": 1}]', whole=False)
    ]


async def test_a_web_page_is_no_answer() -> None:
    with pytest.raises(ProtocolBroken, match="web page"):
        await read(b"\n<!doctype html><title>Sign in</title>")


async def test_an_empty_body_has_no_events() -> None:
    assert await read() == []


async def test_bytes_that_are_no_utf8_do_not_end_the_stream() -> None:
    assert await read(b"data: a\xff\n\n") == [Event("", "a\ufffd")]


@pytest.mark.parametrize("data", ["{", "", "[" * 100_000, "1" * 5000])
def test_what_is_no_json_reads_as_none(data: str) -> None:
    assert parsed(Event("", data)) is None


async def test_a_long_line_in_small_pieces_is_read_in_linear_time() -> None:
    line = b"data: " + b"x" * 1_000_000 + b"\n\n"
    pieces = [line[at : at + 64] for at in range(0, len(line), 64)]
    (event,) = await read(*pieces)
    assert len(event.data) == 1_000_000
