"""What a request cost: usage and price to lines and a total (billing/README, rules 1 to 21).

Pure: the price book is an argument, the time is the request's. Lines are exact; a request's total
is rounded once, half-even, to nano-dollars; a turn adds rounded totals.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from tui.billing.context import NotStated, free_searches, server_tools, stated_cost, terms_of
from tui.billing.counts import Malformed, Raw
from tui.billing.tokens import FOLDS, Step, shape_of, steps_of
from tui.catalog.models import split_id
from tui.catalog.prices import ON_THIS_MACHINE, Book, shipped_book
from tui.catalog.sheets import NoPrice, Sheet, Terms
from tui.events.money import ChargeLine as Line
from tui.money import NanoUsd, product, to_nano, total

Sureness = Literal["exact", "priced", "estimated", "unknown"]

_GATEWAYS = frozenset({"openrouter", "litellm", "vercel", "house"})


class PriceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be priced.

    Args:
        provider: Who serves it; `custom` for any other endpoint.
        model: The id as it is called there.
        at: When the request was made; aware.
        usage: The provider's own usage object; None where none arrived.
        context: What bears on the price and is not in usage (contract.md).
    """

    provider: str
    model: str
    at: datetime
    usage: dict[str, Any] | None
    context: dict[str, Any] = {}


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What one request cost.

    Args:
        total: Nano-dollars, None where unknown: never 0 for that.
        lines: What is known of it, exact; they add up to the total where there is one.
        unpriced: Why there is no total; empty where there is one.
        priced_by: Who says so.
        sureness: `exact` if the provider said it, `priced` from usage and price list.
    """

    total: NanoUsd | None
    lines: tuple[Line, ...] = ()
    unpriced: tuple[str, ...] = ()
    priced_by: str = ""
    sureness: Sureness = "unknown"


class TurnTotal(msgspec.Struct, frozen=True, kw_only=True):
    """A turn's sum (rule 20): None if one request is unknown; the known part all the same."""

    total: NanoUsd | None
    known: NanoUsd
    unknown: int  # requests without a price


def price(request: PriceRequest, book: Book, *, stated: bool = True) -> Receipt:
    """Price one request. Never raises for what is in it: what cannot be priced is unknown.

    `stated`: a cost that the response states wins over the book (rule 17).
    """
    if request.provider in ON_THIS_MACHINE:
        return Receipt(total=NanoUsd(0), priced_by="nobody is billed", sureness="exact")
    usage = request.usage
    try:
        told = stated_cost(usage, request.context) if stated else None
        if told is not None:
            return _stated(told)
        if request.provider in _GATEWAYS:
            return _unknown("no cost given")
        shape = None if usage is None else shape_of(usage, request.provider)
        if usage is None or shape is None:
            return _unknown("no usage arrived")
        terms = terms_of(request.provider, usage, request.context, book)
        return _priced(request, usage, steps_of(usage, shape), terms, book)
    except NotStated as missing:
        return _unknown(str(missing))
    except Malformed as reason:
        return _unknown(f"malformed usage: {reason}")


def turn_total(receipts: Iterable[Receipt]) -> TurnTotal:
    """Add the rounded totals of a turn's requests."""
    totals = [receipt.total for receipt in receipts]
    known = NanoUsd(sum(one for one in totals if one is not None))
    unknown = totals.count(None)
    return TurnTotal(total=None if unknown else known, known=known, unknown=unknown)


def estimate_nano(
    model: str,
    input_tokens: int,
    output_tokens: int,
    at: datetime,
    *,
    provider: str | None = None,
    book: Book | None = None,
) -> NanoUsd | None:
    """What a request would cost uncached at the standard rate; None where there is no price.

    `model` is `<provider>/<id>`, or the provider's own id where `provider` is given; `book` the
    shipped price list unless given.
    """
    serving, bare = (provider, model) if provider is not None else split_id(model)
    if serving in ON_THIS_MACHINE:
        return NanoUsd(0)
    sheet = (book or shipped_book()).find(serving, bare, at)
    if isinstance(sheet, NoPrice):
        return None
    given, made = sheet.unit("input", input_tokens), sheet.unit("output", input_tokens)
    if given is None or made is None:
        return None
    return to_nano(total((product(given, input_tokens), product(made, output_tokens))))


def _priced(
    request: PriceRequest, usage: Raw, steps: list[Step], terms: Terms, book: Book
) -> Receipt:
    lines: list[Line] = []
    unpriced: list[str] = []
    source = ""
    for step in steps:
        # an advisor is another model: the request's speed is not its own
        own = terms if step.model is None else msgspec.structs.replace(terms, speed=None)
        sheet = book.find(request.provider, step.model or request.model, request.at, own)
        if isinstance(sheet, NoPrice):
            if step.counts or step is steps[0]:
                unpriced.append(step.prefix + sheet.why if step.prefix else sheet.why)
            continue
        if step is steps[0]:
            source = sheet.priced_by
        lines += _token_lines(step, sheet)
        if step is steps[0]:
            lines += _fee_lines(usage, request.context, sheet)
    unpriced += [f"{line.what} has no price" for line in lines if line.usd is None]
    if unpriced:
        return Receipt(total=None, lines=tuple(lines), unpriced=tuple(unpriced), priced_by=source)
    amount = to_nano(total(line.usd for line in lines if line.usd is not None))
    return Receipt(total=amount, lines=tuple(lines), priced_by=source, sureness="priced")


def _token_lines(step: Step, sheet: Sheet) -> list[Line]:
    counts: dict[str, int] = {}
    for what, tokens in step.counts.items():
        target = sheet.folds.get(what, what)
        if target not in sheet.rates:
            target = FOLDS.get(target, target)
        counts[target] = counts.get(target, 0) + tokens
    return [
        _line(step.prefix + what, tokens, sheet.unit(what, step.prompt))
        for what, tokens in counts.items()
    ]


def _fee_lines(usage: Raw, context: Raw, sheet: Sheet) -> list[Line]:
    lines: list[Line] = []
    for tool, uses in server_tools(usage, context).items():
        if not uses:
            continue
        fee = sheet.fees.get(tool)
        billed = 1 if fee is not None and fee.per == "prompt" else uses
        if fee is not None and fee.per != "call":
            billed = max(0, billed - free_searches(context))
        if billed and not (fee is not None and fee.usd == 0):
            lines.append(_line(tool, billed, None if fee is None else fee.usd))
    return lines


def _line(what: str, quantity: int, unit: Decimal | None) -> Line:
    usd = None if unit is None else product(unit, quantity)
    return Line(what=what, quantity=Decimal(quantity), unit_usd=unit, usd=usd)


def _stated(lines: list[tuple[str, Decimal]]) -> Receipt:
    return Receipt(
        total=to_nano(total(amount for _, amount in lines)),
        lines=tuple(_line(what, 1, amount) for what, amount in lines),
        priced_by="the provider's own word",
        sureness="exact",
    )


def _unknown(why: str) -> Receipt:
    return Receipt(total=None, unpriced=(why,))
