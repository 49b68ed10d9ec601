from __future__ import annotations

import asyncio
import time

import pytest
from textual.geometry import Region

from tests.console_world import hand_fed
from tests.transcript_pane import Screen, screen, talk
from tests.transcript_world import Script, long_session
from tui.console.transcript.blocks import BlockId
from tui.console.transcript.flow import Place

pytestmark = pytest.mark.long


async def rested(seen: Screen) -> None:
    while not seen.view.resting:
        await asyncio.sleep(0.01)
    await seen.settle()


async def test_the_next_pages_are_laid_out_and_painted_while_nobody_waits():
    async with screen(talk(60)) as seen:
        seen.view.action_page(-1)
        seen.view.action_page(-1)
        await rested(seen)
        before = seen.rows()
        painted: list[Place] = []
        own = seen.view.painter.strip
        seen.view.painter.strip = lambda *words, **more: (
            painted.append(words[0])
            or own(  # pyright: ignore
                *words, **more
            )
        )
        for page in (-1, 1, 1, -1):
            seen.view.action_page(page)
            seen.rows()
        assert seen.rows() == before
        assert len(painted) <= 4  # the row with the label of what is new is made of three


async def test_working_ahead_ends_and_moves_nothing_that_is_seen():
    async with screen(talk(60)) as seen:
        seen.view.action_start()
        before = seen.rows()
        await rested(seen)
        assert seen.rows() == before
        began: list[float] = []
        seen.view.set_timer = lambda *_, **__: began.append(0.0)  # pyright: ignore
        await asyncio.sleep(0.2)
        assert began == []


async def test_nothing_is_done_ahead_while_an_answer_streams_at_the_end():
    script = talk(60).prompt("more").route().say("begun")
    async with screen(script) as seen:
        await rested(seen)
        seen.view.feed(script.say(" and on").take())
        assert seen.view.resting


async def test_a_page_key_is_painted_before_the_next_frame(tmp_path):
    async with hand_fed(tmp_path, script=talk(40)) as seen:
        await seen.rest()
        shown: list[float] = []
        seen.app._display = lambda *_: shown.append(time.perf_counter())  # pyright: ignore
        ended: list[object] = []
        own = seen.app.screen.end  # pyright: ignore[reportAttributeAccessIssue]
        seen.app.screen.end = lambda one: (ended.append(one), own(one))  # pyright: ignore
        await seen.press("pageup")
        assert ended == [seen.app.transcript]
        assert shown


async def test_a_row_that_is_pointed_at_knows_its_characters_and_a_painted_one_need_not():
    async with screen(talk(3)) as seen:
        y = seen.row("answer 2")
        asked = seen.view.render_line(y)
        (painted,) = seen.view.render_lines(Region(0, y, seen.view.size.width, 1))
        assert asked.text == painted.text
        assert all("offset" in one.style.meta for one in asked if one.style)
        assert not any("offset" in one.style.meta for one in painted if one.style)


async def test_a_resize_of_a_long_session_holds_nobody_up_and_ends_in_the_same_heights():
    script = Script()
    script.records = long_session(4_000)
    async with screen(Script(), (132, 42)) as seen:
        seen.view.feed(script.take())
        await rested(seen)
        flow = seen.view._flow  # pyright: ignore[reportPrivateUsage]
        flow.resize(50)
        assert flow.stale == len(flow.heights)
        laid = flow.laid(BlockId(3)).height
        steps = 0
        while flow.estimate_on(time.monotonic() + 0.002):
            steps += 1
        assert steps > 2
        assert flow.heights[3] == laid
        wanted = [flow._estimate(one) for one in flow.model.blocks]  # pyright: ignore
        assert [flow.heights[n] for n in range(4, 1_000)] == wanted[4:1_000]


@pytest.mark.parametrize(("keys", "waits"), [(True, True), (False, False)])
async def test_the_start_of_a_session_is_read_slowly_while_keys_come(tmp_path, keys, waits):
    async with hand_fed(tmp_path, script=talk(3)) as seen:
        seen.app.transcript.preview(talk(60).records[-40:])
        seen.app.garbage._pressed_at = time.monotonic() if keys else 0.0
        later: list[float] = []
        seen.app.set_timer = lambda delay, *_, **__: later.append(delay)  # pyright: ignore
        seen.app.on_records_waiting()
        assert bool(later) == waits
