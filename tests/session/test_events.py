from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.event_makers import EVENT_TYPES, values
from tui.cli.jsonl import contract_object
from tui.engine import frames
from tui.errors import StoreError
from tui.events import codec
from tui.events.base import CallId, RequestId, SessionId
from tui.events.codec import Recorded
from tui.events.stream import TextStreamed
from tui.events.tool import ToolCalled
from tui.events.turn import Attachment, TurnStarted
from tui.session.context import Conversation
from tui.session.projection import SessionState
from tui.store.summary import Summary

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
NAMES = [event.__name__ for event in EVENT_TYPES]


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=NAMES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_event_is_read_as_it_was_written(event_type, data):
    event = data.draw(values(event_type))
    assert codec.decode(codec.encode(event)) == event


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=NAMES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_every_event_crosses_to_the_console_as_it_was(event_type, data):
    event = data.draw(values(event_type))
    record = Recorded(session=SessionId("s"), seq=7, at=NOW, turn=2, event=event)
    body = frames.encode(frames.pack_records(SessionId("s"), [record]))[4:]
    told = frames.decode_up(body)
    assert isinstance(told, frames.Told)
    assert frames.unpack_records(told) == (record,)


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=NAMES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_no_event_breaks_a_fold(event_type, data):
    event = data.draw(values(event_type))
    record = Recorded(session=SessionId("s"), seq=1, at=NOW, turn=1, event=event)
    for fold in (
        SessionState(),
        Conversation(),
        Summary(id="s", created=NOW, updated=NOW),
    ):
        fold.apply(record)
    contract_object(event)


def test_events_differ_in_their_tags():
    tags = [event.__struct_config__.tag for event in EVENT_TYPES]
    assert len(set(tags)) == len(tags)


def test_an_event_of_a_newer_ownkey_is_refused_with_the_next_step():
    event = codec.encode(TextStreamed(request=RequestId("r"), delta="x"))
    with pytest.raises(StoreError, match="newer ownkey") as refused:
        codec.decode(event, codec.VERSION + 1)
    assert "Update ownkey" in refused.value.hint


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff\xfe", b"null", b"[]", b'"text"', b'{"type": "nothing"}', b'{"type": "text"}',
        b'{"type": "text", "request": 7, "delta": "x"}', b'{"type": "text", "request"',
        b'{"type":"tool_call","request":"r","id":"i","name":"n","args":' + b'{"a":' * 100_000,
    ],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_event_is_said_to_be_damaged(body):
    with pytest.raises(StoreError, match="damaged event"):
        codec.decode(body)


def test_fields_of_a_later_version_of_an_event_are_let_go():
    event = TextStreamed(request=RequestId("r"), delta="x")
    more = msgspec.json.encode(msgspec.to_builtins(event) | {"later": [1, 2]})
    assert codec.decode(more) == event


@pytest.mark.parametrize(
    "event",
    [
        ToolCalled(
            request=RequestId("r"), id=CallId("c"), name="n",
            args={"big": 10**40, "half": "\ud800", "null": "null", "one": "1"},
        ),
        ToolCalled(request=RequestId("r"), id=CallId("c"), name="\udcff", args=None, raw="1"),
        TurnStarted(
            prompt="\ud83d half", attachments=(Attachment(name="f", media_type="x", data=b"\xff"),)
        ),
    ],
    ids=["numbers", "raw", "bytes"],
)  # fmt: skip
def test_half_a_character_changes_nothing_else_of_its_event(event):
    assert codec.decode(codec.encode(event)) == event
