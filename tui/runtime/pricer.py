"""What requests cost, out of usage and the price list of their time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tui.billing.budget import Worst
from tui.catalog.prices import Book, PriceBook
from tui.catalog.sheets import NoPrice, Rate
from tui.events.base import RequestId
from tui.events.money import ChargeRecorded, UsageReported
from tui.money import product, to_nano, total
from tui.session.ports import Decision

if TYPE_CHECKING:
    from tui.billing.receipt import Receipt
_GIVEN = ("input", "input_image", "cache_write", "cache_write_5m", "cache_read")
"""What a prompt's token can be; caches for an hour and sound are not asked for."""
_MADE = ("output", "reasoning")


class ListPricer:
    """Prices by the shipped list and the person's own file on top."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book

    def prompt_estimate(self, decision: Decision, tokens: int, at: dt.datetime) -> int | None:
        """See `tui.session.ports.Pricer`."""
        from tui.billing.receipt import estimate_nano

        return estimate_nano(
            decision.wire_model, tokens, 0, at, provider=decision.provider,
            book=self._book_of(decision),
        )  # fmt: skip

    def token_price(self, decision: Decision, at: dt.datetime) -> Decimal | None:
        """See `tui.session.ports.Pricer`."""
        if decision.payer == "nobody":
            return Decimal(0)
        sheet = self._book_of(decision).find(decision.provider, decision.wire_model, at)
        return None if isinstance(sheet, NoPrice) else sheet.unit("output", 0)

    def next_request(
        self, decision: Decision, prompt: int, output: int, at: dt.datetime, *, cached: int = 0
    ) -> int | None:
        """See `tui.session.ports.Pricer`."""
        if decision.payer == "nobody":
            return 0
        sheet = self._book_of(decision).find(decision.provider, decision.wire_model, at)
        if isinstance(sheet, NoPrice):
            return None
        given, made = sheet.unit("input", prompt), sheet.unit("output", prompt)
        read = sheet.unit("cache_read", prompt)
        if given is None or made is None:
            return None
        held = min(cached, prompt) if read is not None else 0
        new = sheet.unit("cache_write_5m", prompt) or sheet.unit("cache_write", prompt) or given
        parts = (product(read or given, held), product(new, prompt - held), product(made, output))
        return to_nano(total(parts))

    def _book_of(self, decision: Decision) -> Book:
        if not decision.price_source and decision.payer != "credits":
            return self._book
        from tui.runtime.endpoint_prices import EndpointPrices

        return EndpointPrices(self._book, decision, listed=True)

    def worst_case(self, decision: Decision, tokens: int, at: dt.datetime) -> Worst | None:
        """See `tui.session.ports.Pricer`."""
        from tui.billing.context import NotStated, terms_of

        if decision.payer == "nobody":
            return Worst(prompt_usd=Decimal(0), token_usd=Decimal(0), prompt_tokens=tokens)
        try:
            context = {"base_url": decision.base_url}
            terms = terms_of(decision.provider, {}, context, self._book)
        except NotStated:
            return None
        # A credit service and an endpoint bill by their own list: its word bounds what they take.
        sheet = self._book_of(decision).find(decision.provider, decision.wire_model, at, terms)
        if isinstance(sheet, NoPrice):
            return None
        given = _dearest([sheet.rates.get(what) for what in _GIVEN], tokens)
        made = _dearest([sheet.rates.get(what) for what in _MADE], tokens)
        if given is None or made is None:
            return None
        return Worst(prompt_usd=product(given, tokens), token_usd=made, prompt_tokens=tokens)

    def receipt(
        self,
        request: RequestId,
        decision: Decision,
        raw: dict[str, Any] | None,
        context: dict[str, Any],
        at: dt.datetime,
    ) -> tuple[UsageReported | None, ChargeRecorded]:
        """See `tui.session.ports.Pricer`."""
        from tui.billing.usage import normalise_usage

        priced = self._priced(decision, raw, context, at)
        charge = ChargeRecorded(
            request=request,
            payer=decision.payer,
            nano=priced.total,
            lines=priced.lines,
            priced_by=priced.priced_by or "; ".join(priced.unpriced),
            sureness=priced.sureness,
        )
        if raw is None:
            return None, charge
        usage = normalise_usage(raw, wire=decision.api, vendor=decision.vendor)
        reported = UsageReported(
            request=request,
            input=usage.input,
            output=usage.output,
            cache_read=usage.cache_read,
            cache_write=usage.cache_write,
            reasoning=usage.reasoning,
            raw=raw,
        )
        return reported, charge

    def _priced(
        self,
        decision: Decision,
        raw: dict[str, Any] | None,
        context: dict[str, Any],
        at: dt.datetime,
    ) -> Receipt:
        from tui.billing.receipt import PriceRequest, price

        if decision.price_source or decision.payer == "credits":
            from tui.runtime.endpoint_prices import endpoint_receipt, house_receipt

            stated = endpoint_receipt(self._book, decision, raw, context, at)
            if not decision.ledger or stated.total is not None:
                return stated
            return house_receipt(self._book, decision, raw, context, at)
        request = PriceRequest(
            provider=decision.provider,
            model=decision.wire_model,
            at=at,
            usage=raw,
            context={**context, "base_url": decision.base_url},
        )
        return price(request, self._book)


def _dearest(rates: list[Rate | None], tokens: int) -> Decimal | None:
    """The highest price up to a prompt of so many tokens; None where one is not known."""
    prices: list[Decimal] = []
    for rate in rates:
        if rate is None:
            continue
        for price in (rate.base, *(higher for above, higher in rate.steps if tokens > above)):
            if price is None:
                return None
            prices.append(price)
    return max(prices, default=None)
