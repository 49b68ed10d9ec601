"""What the blocks of a transcript cost: routes, usage and charges, summed by turn."""

from __future__ import annotations

import datetime as dt

from tui.console.transcript.blocklist import BlockList
from tui.console.transcript.blocks import Footer, Notice
from tui.events.base import RequestId
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import FallbackTaken, RouteDecided
from tui.session.life import compacted
from tui.session.turn_sums import TurnSum
from tui.session.way_words import fallback_words
from tui.session.words import Names, PlainNames


class Paying(BlockList):
    """The part of a transcript's fold that takes in money."""

    def __init__(self) -> None:
        super().__init__()
        self.names: Names = PlainNames()  # of models, in the sentences that name one
        self._turn: TurnSum | None = None
        self._ended: tuple[TurnSum, Footer] | None = None
        self._beside: TurnSum | None = None  # requests outside of any turn
        self._sums: dict[RequestId, Notice] = {}

    def _tell_sum(self, request: RequestId, notice: Notice) -> None:
        """Say what a summary took, as far as that is known."""
        for one in (self._turn, self._beside):
            if one is not None and (used := one.used(request)) is not None:
                one.sums_up(request)
                notice.text, notice.receipts = compacted(used), one.receipts(request)
                self._touch(notice)

    def _paid(
        self,
        event: RouteDecided | UsageReported | ChargeRecorded | FallbackTaken,
        at: dt.datetime,
    ) -> None:
        match event:
            case RouteDecided():
                if self._turn is None and self._beside is None:
                    self._beside = TurnSum(at)
                if (served := self._turn or self._beside) is not None:
                    served.routed(event, at)
            case FallbackTaken():
                self._say(fallback_words(event, self.names), "warn")
            case UsageReported() | ChargeRecorded():
                self._account(event)
                if (notice := self._sums.get(event.request)) is not None:
                    self._tell_sum(event.request, notice)

    def _account(self, event: UsageReported | ChargeRecorded) -> None:
        if self._turn and self._turn.accounts(event):
            return
        if self._beside and self._beside.accounts(event):
            return
        if self._ended is None:
            return
        # Some services tell the price of a request after its turn has ended.
        turn, footer = self._ended
        if turn.accounts(event):
            footer.paid, footer.receipts = turn.paid(), turn.receipts()
            footer.platform = turn.platform
            self._touch(footer)
