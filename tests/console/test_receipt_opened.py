from __future__ import annotations

from tests.console_world import hand_fed
from tests.scenes import answered


async def test_a_receipt_that_opens_at_the_end_is_scrolled_into_sight(tmp_path):
    async with hand_fed(tmp_path, script=answered(), size=(132, 24)) as seen:
        await seen.rest()
        pane = seen.app.transcript
        await seen.press("f9", "down", "enter")
        opened = seen.rows(pane)
        head = next(at for at, row in enumerate(opened) if "on your Anthropic key" in row)
        assert sum("usage × price list" in row for row in opened[head:]) == 2
        await seen.press("enter", "enter")
        assert seen.rows(pane) == opened
