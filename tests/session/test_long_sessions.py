from __future__ import annotations

import asyncio
import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine_world import RunningEngine
from tests.transcript_world import Script
from tui.console.transcript.blocks import Block
from tui.console.transcript.model import TranscriptModel
from tui.engine import frames
from tui.events import codec
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.events.session import SessionCreated
from tui.events.stream import TextStreamed, ThinkingStreamed
from tui.events.tool import ToolStreamed
from tui.paths import find_paths
from tui.session.context import Conversation
from tui.session.projection import SessionState
from tui.store.log import Store
from tui.store.merged import LONGEST, merged
from tui.store.rows import to_record

ONE = SessionId("s_one")
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)

texts = st.text(max_size=6) | st.sampled_from(['"}', "\\", '","delta":"', "\n", "é", "\ud83d"])
steps = st.lists(
    st.tuples(st.sampled_from(["say", "think", "stream", "route", "close"]), texts), max_size=40
)


def script_of(steps: list[tuple[str, str]]) -> Script:
    script = Script().add(SessionCreated(cwd="/w", version="1"))
    script.prompt("go").route().call("shell", {"command": "ls"}).allow()
    for what, text in steps:
        match what:
            case "say":
                script.say(text)
            case "think":
                script.think(text)
            case "stream":
                script.stream("c1", text)
            case "route":
                script.route()
            case _:
                script.close("text")
        script.wait(0.25)
    return script


def rows_of(records: list[Recorded]):
    return [(r.seq, r.seq * 1000, r.turn, codec.VERSION, codec.encode(r.event)) for r in records]


def joined(records: list[Recorded]) -> list[Recorded]:
    return [to_record(ONE, row) for row in merged(rows_of(records))]


def plain(records: list[Recorded]) -> list[Recorded]:
    return [to_record(ONE, row) for row in rows_of(records)]


def blocks_of(records: list[Recorded]) -> list[Block]:
    model = TranscriptModel()
    for record in records:
        model.apply(record)
    for block in model.blocks:
        block.version = block.seq = 0
        if hasattr(block, "parts"):
            assert block.text is not None  # one part, however it came
    return model.blocks


@given(steps)
def test_a_session_whose_streams_are_joined_shows_the_same_blocks(steps):
    records = script_of(steps).records
    assert blocks_of(joined(records)) == blocks_of(plain(records))


@given(steps)
def test_a_session_whose_streams_are_joined_says_the_same_to_a_model(steps):
    records = script_of(steps).records
    ways = [Conversation(), Conversation()]
    for way, each in zip(ways, (joined(records), plain(records)), strict=True):
        for record in each:
            way.apply(record)
    assert ways[0].messages() == ways[1].messages()


@given(steps)
def test_a_session_whose_streams_are_joined_has_the_same_sums(steps):
    records = script_of(steps).records
    ways = [SessionState(), SessionState()]
    for way, each in zip(ways, (joined(records), plain(records)), strict=True):
        for record in each:
            way.apply(record)
    assert vars(ways[0]) == vars(ways[1])


def test_hundreds_of_pieces_are_two_records():
    script = Script().prompt("go").route().say(*["word "] * 500).close()
    kinds = [type(one.event) for one in joined(script.records)]
    assert kinds.count(TextStreamed) == 2
    assert len(kinds) == 5


def test_a_joined_record_stays_small():
    script = Script().say(*["x" * 1000] * 1000)
    sizes = [len(one.event.delta) for one in joined(script.records)]
    assert sum(sizes) == 1_000_000
    assert max(sizes) < LONGEST + 2000


@pytest.mark.parametrize("kind", [TextStreamed, ThinkingStreamed, ToolStreamed])
def test_the_text_of_a_stream_is_written_last(kind):
    assert kind.__struct_fields__[-1] == "delta"


def long_log(store: Store, turns: int) -> list[Recorded]:
    script = Script().add(SessionCreated(cwd="/w", version="1"))
    for number in range(turns):
        script.turn(f"question {number}", ["an ", "answer ", f"{number}\n\n", "more of it"])
    written = [(one.event, one.turn) for one in script.records]
    return list(store.append(ONE, written, NOW))


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "home" / "sessions.db")
    yield made
    made.close()


def test_the_end_of_a_session_is_read_in_whole_turns(store):
    long_log(store, 200)
    records = [to_record(ONE, row) for row in store.tail(ONE, 100, 1_000_000)]
    assert records[0].event.prompt == "question 191"
    assert records[-1].seq == store.newest(ONE)


def test_the_end_of_a_session_is_bound_by_its_size_too(store):
    long_log(store, 200)
    assert len(store.tail(ONE, 10_000, 5_000)) < 60


def test_a_last_turn_beyond_the_bound_is_read_from_its_middle(store):
    script = Script().add(SessionCreated(cwd="/w", version="1")).prompt("go").route()
    for number in range(500):
        script.say(f"piece {number} ").close()
    store.append(ONE, [(one.event, one.turn) for one in script.records], NOW)
    records = [to_record(ONE, row) for row in store.tail(ONE, 100, 1_000_000)]
    assert records[-2].event.delta == "piece 499 "


def test_a_short_session_is_its_own_end(store):
    records = long_log(store, 2)
    assert store.tail(ONE, 4_000, 1_000_000)[0][0] == records[0].seq


def test_what_was_read_in_pages_can_be_written_on(store, tmp_path):
    records = long_log(store, 3)
    again = Store(tmp_path / "home" / "sessions.db")
    for _ in again.load(ONE):
        pass
    added = again.append(ONE, [(SessionCreated(cwd="/w", version="1"), 4)], NOW)
    assert added[0].seq == records[-1].seq + 1
    assert again.summary(ONE).messages == 6
    again.close()


def test_rows_cross_the_wire_in_slices_and_come_back_as_they_were(store):
    records = long_log(store, 300)
    rows = [row for page in store.pages(ONE) for row in page]
    slices = list(frames.pack_rows(ONE, rows))
    crossed = [frames.decode_up(frames.encode(one)[4:]) for one in slices]
    back = [record for one in crossed for record in frames.unpack_records(one)]
    assert len(slices) > 5
    assert max(len(one.records) for one in slices) <= frames.SLICE
    assert blocks_of(back) == blocks_of(records)


async def test_the_engine_tells_the_end_of_a_session_before_it_is_opened(tmp_path):
    home = tmp_path / "home"
    store = Store(find_paths({"OWNKEY_HOME": str(home)}).store_file)
    records = long_log(store, 400)
    store.close()
    came: asyncio.Queue[frames.Peeked] = asyncio.Queue()
    async with RunningEngine({"OWNKEY_HOME": str(home)}, tmp_path) as engine:
        engine.client._peeked = came.put_nowait
        engine.client.peek("last", "/w")
        opened = await engine.open(str(ONE), None)
        peeked = came.get_nowait()
    assert peeked.session == opened.session == ONE
    assert peeked.nano == 400 * 13_200_000
    assert frames.unpack_records(peeked)[-1].event == records[-1].event


async def test_a_session_that_is_followed_joined_misses_nothing(tmp_path):
    home = tmp_path / "home"
    store = Store(find_paths({"OWNKEY_HOME": str(home)}).store_file)
    records = long_log(store, 300)
    store.close()
    async with RunningEngine({"OWNKEY_HOME": str(home)}, tmp_path) as engine:
        opened = await engine.open(str(ONE), None, after=10**9)
        engine.client.watch(opened.session, 0, merged=True)
        told = await engine.until(lambda told: bool(told) and told[-1].seq >= records[-1].seq)
    told = [one for one in told if one.seq <= records[-1].seq]
    assert len(told) < len(records)
    assert blocks_of(told) == blocks_of(records)


async def test_a_session_that_does_not_exist_has_no_end(tmp_path):
    came: list[frames.Peeked] = []
    async with RunningEngine({"OWNKEY_HOME": str(tmp_path / "home")}, tmp_path) as engine:
        engine.client._peeked = came.append
        engine.client.peek("s_nowhere", "/w")
        await engine.open()
    assert came == []


def test_a_row_of_an_older_version_is_sent_in_the_form_of_now(monkeypatch):
    event = TextStreamed(request="r", delta="x")  # pyright: ignore[reportArgumentType]
    row = (1, 0, 1, 0, msgspec.json.encode(event))
    assert codec.decode(frames.wire_record(row).body) == event
