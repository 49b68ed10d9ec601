"""Sessions that stand in the demo's store before it begins, with receipts over three weeks."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import msgspec

from tui import __version__
from tui.billing.credit_units import in_credits
from tui.demo.router import USD_PER_CREDIT
from tui.events.base import RequestId, SessionId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeLine, ChargePayer, ChargeRecorded, UsageReported
from tui.events.route import Payer, RequestFinished, ResponseOpened, RouteDecided
from tui.events.session import ModelChosen, SessionCreated, SessionTitled
from tui.events.stream import BlockClosed, TextStreamed
from tui.events.turn import DoneStop, TurnFinished, TurnStarted
from tui.money import product
from tui.store.log import Store

_NANO = 10**9
_SECONDS_A_REQUEST = 7


class Served(msgspec.Struct, frozen=True):
    """Who served and what it took, in dollars per million tokens by class.

    `usd`: by the price list; `stated`: the other side says the cost of each request. Neither: it
    costs nothing. `answered`: the model that was picked there.
    """

    model: str
    connection: str
    label: str
    payer: Payer
    host: str
    usd: dict[str, str] = {}
    stated: dict[str, str] = {}
    answered: str = ""


class PastTurn(msgspec.Struct, frozen=True):
    back: float
    served: str
    prompt: str
    reply: str
    requests: tuple[tuple[int, int, int, int], ...]
    stop: DoneStop = "end"


class PastSession(msgspec.Struct, frozen=True):
    title: str
    branch: str
    turn: tuple[PastTurn, ...]
    folder: str = "shop"


class Past(msgspec.Struct, frozen=True):
    served: dict[str, Served]
    session: tuple[PastSession, ...]


def read_past() -> Past:
    """What the data says."""
    text = (files("tui.demo") / "data" / "past.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Past)


def write_past(store: Store, source: Path, now: dt.datetime) -> None:
    """Write it all into an empty store.

    Args:
        store: Of the demo.
        source: The folder that the sessions' own folders lie in.
        now: What the days are counted back from.
    """
    past = read_past()
    for session in past.session:
        begun = now - dt.timedelta(days=session.turn[0].back)
        digest = hashlib.sha1(session.title.encode(), usedforsecurity=False).hexdigest()[:8]
        id = SessionId(f"s_{begun:%Y%m%d%H%M%S}_{digest}")
        made = SessionCreated(
            cwd=str(source / session.folder), version=__version__, branch=session.branch or None
        )
        chosen = ModelChosen(model=past.served[session.turn[0].served].model)
        store.append(id, [(made, 0), (chosen, 0), (SessionTitled(title=session.title), 0)], begun)
        for number, turn in enumerate(session.turn, start=1):
            at = now - dt.timedelta(days=turn.back)
            for events in _turn(f"r_{digest}{number:02}", past.served[turn.served], turn):
                store.append(id, [(one, number) for one in events], at)
                at += dt.timedelta(seconds=_SECONDS_A_REQUEST)


def _turn(prefix: str, served: Served, turn: PastTurn) -> Iterator[list[AnyEvent]]:
    """A turn's events, in groups some seconds apart."""
    yield [TurnStarted(prompt=turn.prompt)]
    nano = 0
    for step, tokens in enumerate(turn.requests, start=1):
        last = step == len(turn.requests)
        events = list(
            _request(
                RequestId(f"{prefix}{step:02}"), served, tokens, turn.reply if last else "",
                ended=turn.stop == "end" or not last,
            )
        )  # fmt: skip
        nano += sum(one.nano or 0 for one in events if isinstance(one, ChargeRecorded))
        yield events
    yield [TurnFinished(stop=turn.stop, nano=nano, requests=len(turn.requests))]


def _request(
    id: RequestId, served: Served, tokens: tuple[int, int, int, int], reply: str, *, ended: bool
) -> Iterator[AnyEvent]:
    fresh, cached, written, output = tokens
    yield RouteDecided(
        request=id, model=served.model, connection=served.connection, payer=served.payer,
        why=f"served by {served.label}", host=served.host, label=served.label,
    )  # fmt: skip
    yield ResponseOpened(request=id, provider_request_id=f"req_demo_{id[2:]}")
    if reply:
        yield TextStreamed(request=id, delta=reply)
        yield BlockClosed(request=id, kind="text")
    whole = fresh + cached + written
    yield UsageReported(
        request=id, input=whole, output=output, cache_read=cached or None,
        cache_write=written or None, reasoning=None, raw={},
    )  # fmt: skip
    yield charge_of(id, served, tokens)
    if ended:
        yield RequestFinished(
            request=id, stop="end", said="end_turn", model=served.answered or None,
            seconds=float(_SECONDS_A_REQUEST),
        )  # fmt: skip


def charge_of(id: RequestId, served: Served, tokens: tuple[int, int, int, int]) -> ChargeRecorded:
    """The receipt of a request; `tokens` as in the data: fresh, cached, written, output."""
    rates = served.usd or served.stated
    quantities: dict[str, int] = dict(
        zip(("input", "cache_read", "cache_write_5m", "output"), tokens, strict=True)
    )
    lines = tuple(
        _line(what, quantities[what], Decimal(rates[what]) / 1_000_000)
        for what in rates
        if quantities[what]
    )
    usd = sum((line.usd or Decimal(0) for line in lines), Decimal(0))
    if served.stated:
        lines = (_line("reported_cost", 1, usd),)
    payer: ChargePayer = served.payer
    charge = ChargeRecorded(
        request=id,
        payer=payer,
        nano=int((usd * _NANO).to_integral_value()),
        lines=lines,
        priced_by="the provider's own word" if served.stated else "the price list of that day",
        sureness="exact" if served.stated or payer == "nobody" else "priced",
    )
    return in_credits(charge, Decimal(USD_PER_CREDIT))


def _line(what: str, quantity: int, unit: Decimal) -> ChargeLine:
    return ChargeLine(
        what=what, quantity=Decimal(quantity), unit_usd=unit, usd=product(unit, quantity)
    )


def fill(path: Path, source: Path, now: dt.datetime) -> None:
    """Make the store of a demo that begins; one that is there already is left as it is."""
    if path.exists():
        return
    store = Store(path)
    try:
        write_past(store, source, now)
    finally:
        store.close()
