"""Commands that the person runs themselves, beside the turns (`!command`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

from tui.events.base import CallId
from tui.events.codec import AnyEvent
from tui.events.tool import ShellRun, ToolReturned, ToolStreamed
from tui.session.context import INTERRUPTED
from tui.session.ports import Live, Scrub, Toolbox


class OwnShell:
    """The ones of one session that run.

    Args:
        scrub: Takes stored keys out of what is told.
        record: Takes the events.
    """

    def __init__(self, scrub: Scrub, record: Callable[[AnyEvent], None]) -> None:
        self._scrub = scrub
        self._record = record
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> bool:
        """Whether one runs."""
        return bool(self._tasks)

    def event(self, command: str) -> ShellRun:
        """Its beginning, to be written before it runs."""
        call = CallId(f"own_{uuid4().hex[:12]}")
        return ShellRun(call=call, command=self._scrub.text(command))

    def start(self, event: ShellRun, command: str, toolbox: Toolbox) -> None:
        """Run it; its output and end are recorded."""
        task = asyncio.create_task(self._run(event.call, command, toolbox))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End what runs."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, call: CallId, command: str, toolbox: Toolbox) -> None:
        feed, ok, output, truncated = self._scrub.stream(), False, INTERRUPTED, False
        loop = asyncio.get_running_loop()
        began = loop.time()

        def emit(delta: str) -> None:
            if clean := feed.feed(delta):
                self._record(ToolStreamed(call=call, delta=clean))

        try:
            result = await toolbox.run_own(command, Live(emit=emit))
            ok, truncated = result.ok, result.truncated
            output = self._scrub.text(result.output)
        finally:
            seconds = round(loop.time() - began, 3)
            self._record(
                ToolReturned(
                    call=call, name="shell", ok=ok, output=output, truncated=truncated,
                    seconds=seconds,
                )
            )  # fmt: skip
