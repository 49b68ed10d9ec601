"""What the running turn has used and cost, request by request, and what it is doing."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import msgspec

from tui.billing.counting import family_of, live_tokens, streamed
from tui.events.base import RequestId
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import Payer, ResponseOpened, RouteDecided
from tui.money import nano_credits, to_nano
from tui.store.charging import answering
from tui.store.spent import Receipt

_LONG_SILENCE_S = 15.0
WAITS_FOR_YOU = "waiting for you"
"""What a turn does while a question is open."""


class Working(NamedTuple):
    """The line of a turn that runs. `nano` None: no price is known of what it has used so far."""

    doing: str
    seconds: float
    silent_s: float | None  # since the last byte, where that is long
    tokens_per_s: float | None
    nano: int | None
    sure: bool
    payer: Payer | None


class Paid(msgspec.Struct, kw_only=True):
    """What one route of a turn did and cost. Sums are of what is known."""

    model: str  # the id to look up a name for
    payer: Payer
    label: str
    connection: str
    requests: int = 0
    input: int | None = None
    cached: int | None = None
    output: int | None = None
    partly: bool = False  # a request did not say its tokens
    nano: int | None = None
    unknown: int = 0  # requests whose price nobody knows
    sure: bool = True
    credits: int | None = None


class _Request(msgspec.Struct):
    route: RouteDecided
    at: dt.datetime
    theirs: str = ""
    side: str = ""
    fee: ChargeRecorded | None = None
    answered: str | None = None
    usage: UsageReported | None = None
    charge: ChargeRecorded | None = None
    streamed: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    failed: bool = False

    @property
    def sent(self) -> bool:
        """Whether anything came back or was charged."""
        return self.charge is not None or self.usage is not None or self.last is not None

    @property
    def tokens(self) -> int:
        """About how many have been written so far."""
        return live_tokens(self.streamed, family_of(self.route.model))

    @property
    def running_nano(self) -> int | None:
        """Estimated cost so far; None where no price is known."""
        price = self.route.token_usd
        if price is None or self.route.estimate_nano is None:
            return None
        return self.route.estimate_nano + to_nano(price * self.tokens)


class PlatformSum(msgspec.Struct, frozen=True, kw_only=True):
    """What running the agent cost: nano-dollars of what is known, how many charges are not, and
    nano-credits; None: not all of them are known.
    """

    nano: int = 0
    unknown: int = 0
    credits: int | None = 0

    def plus(self, charge: ChargeRecorded) -> PlatformSum:
        """With one more charge."""
        more = nano_credits(charge.credits)
        return PlatformSum(
            nano=self.nano + (charge.nano or 0),
            unknown=self.unknown + (charge.nano is None),
            credits=None if self.credits is None or more is None else self.credits + more,
        )


class TurnSum(msgspec.Struct):
    """A fold of one turn's requests."""

    began: dt.datetime
    doing: str = "waiting for the model"
    heard: dt.datetime | None = None  # None while nothing is expected from outside
    failed: bool = False
    engine_died: bool = False
    requests: dict[RequestId, _Request] = msgspec.field(default_factory=dict[RequestId, _Request])
    platform: PlatformSum | None = None
    _latest: _Request | None = None

    @property
    def payer(self) -> Payer | None:
        """Who pays for the request that runs."""
        return self._latest.route.payer if self._latest else None

    @property
    def route(self) -> RouteDecided | None:
        """The latest route."""
        return self._latest.route if self._latest else None

    def routed(self, event: RouteDecided, at: dt.datetime) -> None:
        """A request begins."""
        self._latest = self.requests[event.request] = _Request(event, at)
        self.doing, self.heard = "waiting for the model", at

    def opened(self, event: ResponseOpened, at: dt.datetime) -> None:
        """The answer's head came."""
        self.heard = at
        if (running := self.requests.get(event.request)) is not None:
            running.theirs = event.provider_request_id or ""

    def sums_up(self, request: RequestId) -> None:
        """Take it that the request wrote a summary."""
        if (known := self.requests.get(request)) is not None:
            known.side = "summary"

    def streamed(self, request: RequestId, doing: str, delta: str, at: dt.datetime) -> None:
        """Text or thinking came."""
        self.doing, self.heard = doing, at
        if (running := self.requests.get(request)) is not None:
            running.streamed += streamed(delta)
            running.first = running.first or at
            running.last = at

    def answered(self, request: RequestId, model: str | None) -> None:
        """The request ended; `model` answered, where the wire names it."""
        if (ended := self.requests.get(request)) is not None:
            ended.answered = model or ended.answered
            ended.last = ended.last or self.heard
        self.heard = None

    def broke_off(self, request: RequestId | None) -> None:
        """A request failed: what it may have cost was charged before, or it cost nothing."""
        if request is not None and (ended := self.requests.get(request)) is not None:
            ended.failed = True

    def accounts(self, event: UsageReported | ChargeRecorded) -> bool:
        """Take in what a request used or cost; false where it is none of this turn's.

        Of several receipts for one request the latest counts.
        """
        request = self.requests.get(event.request)
        match event:
            case _ if request is None:
                return False
            case UsageReported():
                request.usage = event
            case ChargeRecorded(payer="platform_credits"):
                self.platform = (self.platform or PlatformSum()).plus(event)
                request.fee = event
            case ChargeRecorded():
                request.charge = event
        return True

    def used(self, request: RequestId) -> tuple[UsageReported | None, ChargeRecorded | None] | None:
        """What one request used and cost so far; None where it is none of these."""
        known = self.requests.get(request)
        return (known.usage, known.charge) if known is not None else None

    def working(self, now: dt.datetime) -> Working:
        """The line to show now."""
        latest = self._latest
        silent = (now - self.heard).total_seconds() if self.heard else 0.0
        rate = None
        if latest and latest.first and latest.last and self.heard:
            span = (latest.last - latest.first).total_seconds()
            if span >= 1.0:
                rate = latest.tokens / span
        known = [r.charge.nano for r in self.requests.values() if r.charge]
        running = [r.running_nano for r in self.requests.values() if not (r.charge or r.failed)]
        amounts = [nano for nano in (*known, *running) if nano is not None]
        estimated = any(
            r.charge.sureness == "estimated" for r in self.requests.values() if r.charge
        )
        return Working(
            self.doing,
            (now - self.began).total_seconds(),
            silent if silent >= _LONG_SILENCE_S else None,
            rate,
            sum(amounts) if amounts else None,
            not (running or estimated or None in known),
            self.payer,
        )

    def paid(self) -> list[Paid]:
        """One entry for each route that served, in order."""
        entries: dict[tuple[str, str, str, str], Paid] = {}
        for request in self.requests.values():
            if request.sent:
                _add(entries, request)
        return list(entries.values())

    def receipts(self, of: RequestId | None = None) -> bytes:
        """The receipts of its requests, or of one, written small; `read_receipts` reads them."""
        found: list[Receipt] = []
        for id, request in self.requests.items():
            if request.sent and of in (None, id):
                found += [_receipt(request, one) for one in (request.charge, request.fee) if one]
                if request.charge is None:
                    found.append(_receipt(request, None))
        return msgspec.msgpack.encode(found)


def read_receipts(written: bytes) -> list[Receipt]:
    """Read what `TurnSum.receipts` has written."""
    return msgspec.msgpack.decode(written, type=list[Receipt])


def _receipt(request: _Request, charge: ChargeRecorded | None) -> Receipt:
    route, usage = request.route, request.usage
    fee = charge is not None and charge is request.fee
    told = None if fee else usage
    return Receipt(
        at=request.at, session="", title="", seq=0, request=route.request,
        theirs=request.theirs, side=request.side,
        model=answering(route.model, request.answered), key=route.connection, label=route.label,
        folder="", payer=route.payer if charge is None else charge.payer, requests=int(not fee),
        input=None if told is None else told.input,
        output=None if told is None else told.output,
        cache_read=None if told is None else told.cache_read,
        nano=None if charge is None else charge.nano,
        lines=() if charge is None else charge.lines,
        priced_by="nothing was told of its price" if charge is None else charge.priced_by,
        sureness="unknown" if charge is None else charge.sureness,
        credits=None if charge is None else nano_credits(charge.credits),
    )  # fmt: skip


def _add(entries: dict[tuple[str, str, str, str], Paid], request: _Request) -> None:
    route = request.route
    model = answering(route.model, request.answered)
    key = (model, route.payer, route.label, route.connection)
    entry = entries.get(key)
    if entry is None:
        entry = entries[key] = Paid(
            model=model, payer=route.payer, label=route.label, connection=route.connection
        )
    entry.requests += 1
    usage, charge = request.usage, request.charge
    entry.input = _sum(entry.input, usage.input if usage else None)
    entry.cached = _sum(entry.cached, usage.cache_read if usage else None)
    entry.output = _sum(entry.output, usage.output if usage else None)
    entry.partly = entry.partly or usage is None or usage.input is None
    if charge is None or charge.nano is None:
        entry.unknown += 1
    else:
        entry.nano = (entry.nano or 0) + charge.nano
        entry.credits = _sum(entry.credits, nano_credits(charge.credits))
        entry.sure = entry.sure and charge.sureness in ("exact", "priced")


def _sum(total: int | None, more: int | None) -> int | None:
    return total if more is None else (total or 0) + more
