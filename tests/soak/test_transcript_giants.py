"""What is far too large, in the chat pane: no step holds the loop."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.machine_speed import slowness
from tests.transcript_pane import Screen, screen
from tests.transcript_world import Script
from tui.console.garbage import begin_collecting

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

MOST_S = 0.05
"""Of CPU in one step, on a machine as fast as the reference.

A look for garbage in the midst of it may take a few of them longer.
"""
FEW = 3
PARAGRAPH = "A paragraph of text that is about as long as such lines are in replies.\n" * 8
CODE = "\n```python\n" + "x = 1\n" * 20 + "```\n\n"
TABLE = "| a | b | c |\n|---|---|---|\n" + "".join(
    f"| row {n} | value {n * 7} | some more words here |\n" for n in range(5_000)
)


@pytest.fixture(autouse=True)
def collecting():
    """Garbage is looked for as the real program does."""
    before = gc.get_threshold()
    begin_collecting()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Steps(list[float]):
    """How long each step took."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = slowness()

    @contextmanager
    def step(self) -> Iterator[None]:
        begun = time.process_time()
        yield
        self.append(time.process_time() - begun)

    def check(self) -> None:
        worst = sorted(self)[-FEW - 1 :]
        slow = max(self.slow, slowness())
        assert worst[0] < MOST_S * slow, (slow, [round(one * 1000) for one in worst])


async def say(seen: Screen, text: str, piece: int, steps: Steps) -> None:
    seen.view.feed(seen.script.prompt("x").route().take())
    for at in range(0, len(text), piece):
        records = seen.script.say(text[at : at + piece]).take()
        seen.script.records.clear()
        seen.script._taken = 0  # pyright: ignore[reportPrivateUsage]
        with steps.step():
            seen.view.feed(records)
            seen.rows()
    with steps.step():
        seen.view.feed(seen.script.close().finished().usage().charge().done().take())
        seen.rows()
    await seen.settle()


def look_around(seen: Screen, steps: Steps) -> None:
    acts: list[Callable[[], object]] = [
        *[lambda: seen.view.action_page(-1)] * 20,
        seen.view.action_start,
        *[lambda: seen.view.action_page(1)] * 20,
        seen.view.action_end,
    ]
    for act in acts:
        with steps.step():
            act()
            seen.rows()


async def narrower(seen: Screen, steps: Steps) -> None:
    with steps.step():
        seen.view._lay_out_anew(lambda: seen.view._flow.resize(70))  # pyright: ignore
        seen.rows()
    await seen.pilot.pause(0.2)


async def test_a_reply_of_a_hundred_megabytes():
    text = (PARAGRAPH + CODE) * (100_000_000 // len(PARAGRAPH + CODE))
    async with screen(Script(), (132, 42)) as seen:
        steps = Steps()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await say(seen, "the needle\n\n" + text, 65_536, steps)
        look_around(seen, steps)
        await narrower(seen, steps)
        steps.check()
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        assert grown < 3 * len(text)
        seen.view.find("the needle")
        await seen.settle()
        assert seen.app.reports[-1].total == 1
        assert "the needle" in seen.text()


@pytest.mark.parametrize("piece", [200, 65_536])
@pytest.mark.parametrize(
    "text", [TABLE, "word " * 200_000, "x" * 1_000_000, "漢" * 300_000, "```\n" + "y" * 1_000_000],
    ids=["table", "words", "letters", "wide", "code"],
)  # fmt: skip
async def test_a_long_table_or_line(text: str, piece: int):
    async with screen(Script(), (132, 42)) as seen:
        steps = Steps()
        await say(seen, text[: 400_000 if piece == 200 else None], piece, steps)
        look_around(seen, steps)
        await narrower(seen, steps)
        steps.check()


async def test_a_tool_that_prints_for_ever():
    script = Script().prompt("x").route().call("shell", {"command": "yes"}).allow()
    async with screen(script, (132, 42)) as seen:
        steps = Steps()
        for _ in range(2_000):
            records = seen.script.stream("c1", "y\n" * 16_000).take()
            with steps.step():
                seen.view.feed(records)
                seen.rows()
        steps.check()
        assert "lines above" in seen.text()
        assert "32.0M" in seen.text()
