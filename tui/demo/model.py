"""The demo's model: plays its scenes at the pace of a real one, in the parts that adapters give.

Each prompt gets the next scene, whatever it says; after the last one it goes round. Where a scene
stands is told by its tool calls' ids, so that sessions side by side do not mix.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterator

import msgspec

from tui.demo.scenes import Play, Step, read_play
from tui.demo.usage import UsageMeter
from tui.errors import RateLimited
from tui.providers.base import (
    Access,
    Api,
    BlockEnded,
    Limit,
    Message,
    ModelRequest,
    Opened,
    Stopped,
    StreamPart,
    TextBlock,
    TextDelta,
    ThinkingDelta,
    ToolCallBlock,
    ToolCalled,
    ToolCallProgress,
    ToolResultBlock,
    UsageReported,
)
from tui.session.summing import ASK

FIRST_S = 0.5
"""Until the first token."""
TOKEN_S, THOUGHT_S = 1 / 48, 1 / 30
LIMIT = 80_000
"""Output tokens a minute, as the demo's account has them."""
_TOKEN = re.compile(r"\s*\S{1,5}|\s+")
_CALL = re.compile(r"demo_(\d+)_(\d+)_\d+_\d+")


class DemoModel:
    """Answers requests; `stream` is what `Ports.stream` takes.

    Args:
        begins: Called before the first scene: the files are as they were then.
        pace: How much slower than usual; 0 waits for nothing.
    """

    def __init__(self, begins: Callable[[], None], pace: float = 1.0) -> None:
        self._play: Play = read_play()
        self._begins = begins
        self._pace = pace
        self._next = 0
        self._made = 0
        self._begun: dict[tuple[int, str], int] = {}  # scenes whose first step is not through
        self._meter = UsageMeter()

    async def stream(
        self, api: Api, request: ModelRequest, access: Access
    ) -> AsyncGenerator[StreamPart]:
        """Play the step that this request is for; see `tui.providers.base.Provider`."""
        step, scene, number = await self._step(request)
        await self._wait(FIRST_S)
        left = max(LIMIT - self._meter.output, LIMIT // 3)
        limit = Limit(what="output_tokens", limit=LIMIT, remaining=left, reset_s=60.0)
        self._made += 1
        yield Opened(provider_request_id=f"req_demo_{self._made:04}", limits=(limit,))
        for part, seconds in _parts(step):
            yield part
            await self._wait(seconds)
        for place, call in enumerate(step.calls):
            id = f"demo_{scene}_{number}_{place}_{self._made}"
            size = len(msgspec.json.encode(call.args))
            yield ToolCallProgress(name=call.name, chars=size)
            await self._wait(min(size / 5 * TOKEN_S, 1.5))
            yield ToolCalled(call=ToolCallBlock(id=id, name=call.name, args=call.args))
        yield UsageReported(raw=self._meter.usage(api, request, step), context={})
        stop = "tool" if step.calls else "end"
        yield Stopped(stop=stop, said="tool_use" if step.calls else "end_turn", model=request.model)

    async def _step(self, request: ModelRequest) -> tuple[Step, int, int]:
        """What is played now, and its place. Raises RateLimited where the scene has it so."""
        last = request.messages[-1]
        if _is_summary(last):
            return self._play.summary, 0, 0
        if not request.tools:
            return self._play.talk, 0, 0
        if (place := _place(last)) is not None:
            scene, number, well = place
            steps = self._play.scene[scene % len(self._play.scene)].step
            step = steps[min(number + 1, len(steps) - 1)]
            if not well and step.refused:
                return Step(text=step.refused), scene, number + 1
            return step, scene, number + 1
        return await self._first(request)

    async def _first(self, request: ModelRequest) -> tuple[Step, int, int]:
        key = len(request.messages), repr(request.messages[-1])
        scene = self._begun.get(key)
        if scene is None:
            scene, self._next = self._next, (self._next + 1) % len(self._play.scene)
            step = self._play.scene[scene].step[0]
            if scene == 0:
                await asyncio.to_thread(self._begins)
            if step.limited:
                self._begun[key] = scene
                await self._wait(FIRST_S)
                raise RateLimited(
                    f"your key's limit of {LIMIT:,} output tokens a minute is reached (demo)",
                    retry_after=step.limited, status=429,
                )  # fmt: skip
        self._begun.pop(key, None)
        return self._play.scene[scene].step[0], scene, 0

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._pace)


def _parts(step: Step) -> Iterator[tuple[StreamPart, float]]:
    """Thinking and text as they stream, each with the seconds after it."""
    for token in _TOKEN.findall(step.thinking.strip()):
        yield ThinkingDelta(text=token), THOUGHT_S
    if step.thinking:
        yield BlockEnded(kind="thinking"), 0.0
    for token in _TOKEN.findall(step.text.strip()):
        yield TextDelta(text=token), TOKEN_S
    if step.text:
        yield BlockEnded(kind="text"), 0.0


def _is_summary(last: Message) -> bool:
    return any(isinstance(one, TextBlock) and one.text == ASK for one in last.blocks)


def _place(last: Message) -> tuple[int, int, bool] | None:
    """The scene and step whose calls were just answered, and whether all went well.

    None: a prompt is to be answered, also where it stands behind calls that were broken off.
    """
    results = [one for one in last.blocks if isinstance(one, ToolResultBlock)]
    found = [match for one in results if (match := _CALL.fullmatch(one.call))]
    well = all(one.ok for one in results)
    prompted = any(isinstance(one, TextBlock) for one in last.blocks)
    if not found or (prompted and not well):
        return None
    return int(found[-1][1]), int(found[-1][2]), well
