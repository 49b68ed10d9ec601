"""What a charge was for: a fold of one session's events that makes the rows of `charges`."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from typing import NamedTuple

from tui.events.base import RequestId, SessionId
from tui.events.codec import Recorded
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import RequestFinished, ResponseOpened, RouteDecided
from tui.events.session import HistoryCompacted, SessionCreated, SessionForked
from tui.money import nano_credits

_REMEMBERED = 64
"""Requests of a session that may still be told of; they come one after the other."""


class ChargeRow(NamedTuple):
    """One charge with what it was for, in the order of the table's columns.

    Args:
        at: When it was recorded.
        payer: Whose money it was.
        nano: Nano-dollars; None where the price is unknown.
        requests: 1, or 0 of a further charge for the same request and of the platform's fee.
        input, output, cache_read: Tokens; None where nobody said.
        model: That answered; empty where no route is known, as `connection` and `label` are.
        theirs: The provider's id of the request.
        side: What a request of our own was for: `summary`; empty: the conversation's.
        credits: Nano-credits; None where no credits paid or the rate is not known.
    """

    session: SessionId
    seq: int
    at: dt.datetime
    payer: str
    nano: int | None
    requests: int
    input: int | None
    output: int | None
    cache_read: int | None
    model: str
    connection: str
    label: str
    folder: str
    request: str
    theirs: str
    side: str
    credits: int | None = None


class _Request:
    def __init__(self) -> None:
        self.route: RouteDecided | None = None
        self.usage: UsageReported | None = None
        self.theirs = ""
        self.answered = ""
        self.side = ""
        self.counted: int | None = None  # the event of the charge that counts as the request
        self.charges: list[tuple[int, dt.datetime, ChargeRecorded]] = []


class Charging:
    """Takes in a session's events and says which rows are new or told better."""

    def __init__(self) -> None:
        self._folder = ""
        self._requests: OrderedDict[RequestId, _Request] = OrderedDict()

    def apply(self, record: Recorded) -> list[ChargeRow]:
        """Rows to write for the next event; of a charge that was written before, its new form."""
        event = record.event
        match event:
            case SessionCreated():
                self._folder = event.cwd
                return []
            case SessionForked():
                self._requests.clear()  # they are the other session's
                return []
            case RouteDecided():
                self._requests.pop(event.request, None)
                self._of(event.request).route = event
                return []
            case UsageReported():
                request = self._of(event.request)
                request.usage = event
                return self._rows(record.session, request)
            case ResponseOpened():
                request = self._of(event.request)
                request.theirs = event.provider_request_id or ""
                return self._rows(record.session, request)
            case RequestFinished() if event.model:
                request = self._of(event.request)
                request.answered = event.model
                return self._rows(record.session, request)
            case HistoryCompacted() if event.request is not None:
                request = self._of(event.request)
                request.side = "summary"
                return self._rows(record.session, request)
            case ChargeRecorded():
                request = self._of(event.request)
                if request.counted is None and event.payer != "platform_credits":
                    request.counted = record.seq
                request.charges.append((record.seq, record.at, event))
                return self._rows(record.session, request)[-1:]
            case _:
                return []

    def _of(self, request: RequestId) -> _Request:
        found = self._requests.get(request)
        if found is None:
            found = self._requests[request] = _Request()
            if len(self._requests) > _REMEMBERED:
                self._requests.popitem(last=False)
        return found

    def _rows(self, session: SessionId, request: _Request) -> list[ChargeRow]:
        route, usage = request.route, request.usage
        rows: list[ChargeRow] = []
        for seq, at, charge in request.charges:
            counts = seq == request.counted
            told = usage if counts else None
            rows.append(
                ChargeRow(
                    session=session,
                    seq=seq,
                    at=at,
                    payer=charge.payer,
                    nano=charge.nano,
                    requests=int(counts),
                    input=None if told is None else told.input,
                    output=None if told is None else told.output,
                    cache_read=None if told is None else told.cache_read,
                    model="" if route is None else answering(route.model, request.answered),
                    connection="" if route is None else route.connection,
                    label="" if route is None else route.label,
                    folder=self._folder,
                    request=charge.request,
                    theirs=request.theirs,
                    side=request.side,
                    credits=nano_credits(charge.credits),
                )
            )
        return rows


def answering(routed: str, answered: str | None) -> str:
    """The full id of the model that answered, under the same provider or connection.

    Args:
        routed: The model that was asked, in full.
        answered: The name that the wire gave; None or empty where it gave none.
    """
    if not answered:
        return routed
    first, slash, own = routed.partition("/")
    # A dated or prefixed spelling of the very same model keeps the name that the person chose.
    if own and (answered.startswith(own) or answered.endswith(own)):
        return routed
    return f"{first}/{answered}" if slash else answered
