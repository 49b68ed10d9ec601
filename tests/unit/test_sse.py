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


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b""])
async def test_an_event_that_ends_with_its_line_is_not_lost(end: bytes) -> None:
    assert await read(b"data: {}" + end) == [Event("", "{}", whole=False)]


async def test_json_without_its_field_is_an_event() -> None:
    error = '{"error": {"code": 503}}'
    pretty = '{\n  "error": {\n    "code": 503\n  }\n}'
    found = await read(f"data: 1\n\n{error}\n\n{pretty}\nevent: end\ndata: 2\n\n".encode())
    assert [parsed(event) for event in found] == [1, *[{"error": {"code": 503}}] * 2, 2]


async def test_json_on_lines_of_data_without_a_blank_line_is_an_event_each() -> None:
    found = await read(b'data: {"a": 1}\ndata: {"a": 2}\n', b'{"a": 3}\ndata: [DONE]\n')
    assert [event.data for event in found] == ['{"a": 1}', '{"a": 2}', '{"a": 3}', "[DONE]"]


async def test_json_over_several_lines_of_data_is_one_event() -> None:
    (event,) = await read(b'data: {"a":\ndata: [1,\ndata: {"b": 2}\ndata: ]}\n\n')
    assert parsed(event) == {"a": [1, {"b": 2}]}


async def test_a_body_that_is_one_document_is_one_event() -> None:
    assert await read(b"\xef\xbb\xbf \n", b'[{"a":', b" 1}]") == [
        Event("", '[{"a": 1}]', whole=False)
    ]


@pytest.mark.parametrize("rest", [b"data: [DONE]\n\n", b'{"b": 2}\n', b"\nevent: end\ndata: 2"])
async def test_json_before_a_streams_first_event_is_an_event(rest: bytes) -> None:
    found = await read(b'{"a": 1}\n', rest)
    assert (found[0].data, len(found)) == ('{"a": 1}', 2)


async def test_a_document_that_broke_off_is_one_event() -> None:
    assert await read(b'{\n  "a": [{},\n  {"b"') == [
        Event("", '{\n  "a": [{},\n  {"b"', whole=False)
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
