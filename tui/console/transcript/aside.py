"""Work that the screen must not wait for: the parser's and lexers' import, colours of long code."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Mapping
from weakref import WeakSet

from tui.console.transcript.blocks import BlockId
from tui.console.transcript.flow import Flow
from tui.console.transcript.highlight import Highlighter
from tui.console.transcript.layout import Setting
from tui.console.transcript.model import TranscriptModel

_SLICE_S = 0.003


class Aside:
    """Prepares and colours for one flow after another.

    Args:
        anew: Called when everything has to be laid out anew, with what does it.
        show: Called with the first changed line of each block that has its colours now.
    """

    def __init__(
        self,
        anew: Callable[[Callable[[], None]], None],
        show: Callable[[Mapping[BlockId, int]], None],
    ) -> None:
        self._anew = anew
        self._show = show
        self._highlighter = Highlighter()
        self._parser_of: Callable[[Flow], None] | None = None
        self._flow: Flow | None = None
        self._parsed = WeakSet[Flow]()
        self._colouring = False

    def flow(
        self, model: TranscriptModel, setting: Setting, clock: Callable[[], dt.datetime]
    ) -> Flow:
        """A flow for another session; what is loaded is kept."""
        flow = Flow(model, setting, clock=clock, highlighter=self._highlighter)
        self.take_up(flow)
        return flow

    def behind(self, flow: Flow) -> Flow:
        """A flow of another model beside one, until `take_up`."""
        return Flow(
            TranscriptModel(), flow.setting, clock=flow.clock, highlighter=self._highlighter
        )

    def take_up(self, flow: Flow) -> None:
        """Work for this flow from now on; it may have been made here before."""
        self._flow = flow
        if self._parser_of is not None and flow not in self._parsed:
            self._parser_of(flow)
            self._parsed.add(flow)

    @property
    def wanted(self) -> bool:
        """Whether code waits for colours that nobody makes yet."""
        return bool(self._highlighter.wanted) and not self._colouring

    async def load_parser(self) -> None:
        """Import the Markdown parser, and lay the replies out that were shown as text."""
        from tui.console.transcript.prose import make_parser

        parser = await asyncio.to_thread(make_parser)
        self._parser_of = lambda flow: flow.use_parser(parser)
        if (flow := self._flow) is not None:
            self._anew(lambda: self.take_up(flow))

    async def colour(self) -> None:
        """Colour what waits, never longer at a time than a key press may wait."""
        if self._colouring or self._flow is None:
            return
        self._colouring = True
        try:
            while wanted := self._flow.take_wanted():
                for code, language in wanted:
                    await self._colour(code, language)
                    self._show(self._flow.coloured((code, language)))
        finally:
            self._colouring = False

    async def _colour(self, code: str, language: str) -> None:
        if not self._highlighter.ready(language):
            await asyncio.to_thread(self._highlighter.load, language)
        if not code:
            return
        begun = time.perf_counter()
        for _ in self._highlighter.colouring(code, language):
            if time.perf_counter() - begun > _SLICE_S:
                await asyncio.sleep(0)
                begun = time.perf_counter()
