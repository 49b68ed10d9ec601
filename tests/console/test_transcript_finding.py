from __future__ import annotations

import asyncio
import time

import pytest
from textual.geometry import Region
from textual.widgets import Input

from tests.transcript_pane import Screen, screen, talk
from tests.transcript_world import Script, long_session

pytestmark = pytest.mark.long


def styled(seen: Screen, style: str) -> list[str]:
    """The pieces on the screen that have a style's ground."""
    ground = seen.view.painter.style(style).bgcolor
    strips = seen.view.render_lines(Region(0, 0, *seen.view.size))
    return [
        segment.text
        for strip in strips
        for segment in strip
        if segment.style and segment.style.bgcolor == ground
    ]


async def look_for(seen: Screen, words: str) -> tuple[int | None, int]:
    seen.view.find(words)
    await seen.settle()
    report = seen.app.reports[-1]
    assert not report.counting
    return report.number, report.total


def folded() -> Script:
    script = Script().prompt("x").route().think("a thought about the needle")
    script.tool("read", {"path": "a.py"}, "first\nthe needle\nlast")
    return script.say("a reply").close().finished().done()


async def test_the_nearest_hit_above_is_in_sight_and_all_are_marked():
    async with screen(talk(30)) as seen:
        assert await look_for(seen, "QUESTION 1") == (11, 11)
        assert "question 19" in seen.text()
        assert styled(seen, "found-here") == ["question 1"]
        seen.view.find_beside(-1)
        assert styled(seen, "found-here") == ["question 1"]
        assert "question 1" in styled(seen, "found")


async def test_from_hit_to_hit_and_round():
    async with screen(talk(30)) as seen:
        await look_for(seen, "question 1")
        numbers: list[int | None] = []
        for step in (-1, -1, 1, 1, 1):
            seen.view.find_beside(step)
            await seen.settle()
            numbers.append(seen.app.reports[-1].number)
        assert numbers == [10, 9, 10, 11, 1]
        assert "question 1 " in f"{seen.text()} "


async def test_what_stands_nowhere_is_said_and_moves_nothing():
    async with screen(talk(30)) as seen:
        before = seen.rows()
        assert await look_for(seen, "nowhere") == (None, 0)
        assert seen.rows() == before


async def test_back_is_where_one_was():
    async with screen(talk(30)) as seen:
        seen.view.action_page(-1)
        before = seen.rows()
        await look_for(seen, "question 3")
        assert seen.rows() != before
        seen.view.end_find(stay=False)
        assert seen.rows() == before


async def test_back_at_the_end_follows_it_again():
    async with screen(talk(30)) as seen:
        await look_for(seen, "question 3")
        assert not seen.view.following
        seen.view.end_find(stay=False)
        assert seen.view.following
        assert "answer 29" in seen.text()


async def test_words_that_are_taken_back_lead_back():
    async with screen(talk(30)) as seen:
        before = seen.rows()
        await look_for(seen, "question 3")
        await look_for(seen, "")
        assert seen.rows() == before


async def test_staying_keeps_the_place_without_the_marks():
    async with screen(talk(30)) as seen:
        await look_for(seen, "question 3")
        before = seen.rows()
        seen.view.end_find(stay=True)
        assert [row[4:] for row in seen.rows()] == [row[4:] for row in before]
        assert styled(seen, "found-here") == []


async def test_a_folded_thought_and_a_closed_card_are_opened_while_one_is_there():
    async with screen(folded()) as seen:
        assert await look_for(seen, "needle") == (2, 2)
        assert "│ the needle" in seen.text()
        seen.view.find_beside(-1)
        assert "a thought about the needle" in seen.text()
        assert "│ the needle" not in seen.text()
        seen.view.end_find(stay=False)
        assert "needle" not in seen.text()


async def test_what_was_opened_stays_open_where_one_stays():
    async with screen(folded()) as seen:
        await look_for(seen, "the needle last")
        await look_for(seen, "needle")
        seen.view.end_find(stay=True)
        assert "│ the needle" in seen.text()


async def test_a_hit_beyond_what_a_card_shows_is_said_to_be_hidden():
    script = Script().prompt("x").route()
    script.tool("read", {"path": "a.py"}, "line\n" * 5_000 + "needle").done()
    async with screen(script) as seen:
        assert await look_for(seen, "needle") == (1, 1)
        assert seen.app.reports[-1].hidden


async def test_a_hit_in_long_code_is_brought_into_sight():
    code = "\n".join(f"line {n}" for n in range(300))
    async with screen(Script().turn("x", f"```\n{code}\n```")) as seen:
        await look_for(seen, "line 151")
        assert "line 151" in seen.text()


async def test_what_comes_meanwhile_is_counted():
    async with screen(talk(5)) as seen:
        assert (await look_for(seen, "newest"))[1] == 0
        seen.script.turn("one more", "the newest, the newest")
        await seen.feed()
        await asyncio.sleep(0.5)
        await seen.settle()
        assert seen.app.reports[-1].total == 2


async def test_the_start_of_a_long_session_is_found_once_it_is_there():
    script = talk(60)
    end = [record for record in script.records if record.turn > 50]
    async with screen(Script()) as seen:
        seen.view.preview(end)
        seen.view.find("question 1")
        await seen.settle()
        assert seen.app.reports[-1].counting
        assert seen.app.reports[-1].total == 0
        seen.view.feed(script.records)
        await seen.settle()
        assert (seen.app.reports[-1].number, seen.app.reports[-1].total) == (11, 11)
        assert "question 19" in seen.text()


async def test_a_hit_stays_the_same_when_the_rest_is_read():
    script = talk(60)
    end = [record for record in script.records if record.turn > 50]
    async with screen(Script()) as seen:
        seen.view.preview(end)
        seen.view.find("question 5")
        seen.view.find_beside(-1)
        await seen.settle()
        before = seen.rows()
        seen.view.feed(script.records)
        await seen.settle()
        assert (seen.app.reports[-1].number, seen.app.reports[-1].total) == (10, 11)
        assert seen.rows() == before
        seen.view.end_find(stay=False)
        assert seen.view.following


async def test_another_session_is_not_searched_through():
    async with screen(talk(5)) as seen:
        await look_for(seen, "answer")
        kept = seen.view.put_aside()
        seen.view.clear()
        assert not seen.view.finding
        seen.view.take_up(kept)
        await seen.settle()
        assert seen.view.following
        assert styled(seen, "found") == []


async def test_looking_through_ten_thousand_messages_holds_no_key_up():
    script = Script()
    script.records = long_session(10_000)
    async with screen(Script(), (132, 42)) as seen:
        seen.view.feed(script.take())
        seen.app.query_one(Input).focus()
        await seen.settle()
        seen.view.find("no such words")
        waits: list[float] = []
        while seen.app.reports[-1].counting if seen.app.reports else True:
            begun = time.perf_counter()
            await asyncio.sleep(0)
            waits.append(time.perf_counter() - begun)
        assert len(waits) > 5
        assert sorted(waits)[-3] < 0.05
