"""What requests cost, out of usage and the price list of their time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from tui.billing.budget import Worst
from tui.catalog.prices import PriceBook
from tui.catalog.sheets import NoPrice, Rate
from tui.events.base import RequestId
from tui.events.money import ChargeRecorded, UsageReported
from tui.money import product
from tui.session.ports import Decision

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
            decision.wire_model, tokens, 0, at, provider=decision.provider, book=self._book
        )

    def token_price(self, decision: Decision, at: dt.datetime) -> Decimal | None:
        """See `tui.session.ports.Pricer`."""
        if decision.payer == "nobody":
            return Decimal(0)
        return self._book.output_token(decision.provider, decision.wire_model, at)

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
        sheet = self._book.find(decision.provider, decision.wire_model, at, terms)
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
        from tui.billing.receipt import PriceRequest, price
        from tui.billing.usage import normalise_usage

        priced = price(
            PriceRequest(
                provider=decision.provider,
                model=decision.wire_model,
                at=at,
                usage=raw,
                context={**context, "base_url": decision.base_url},
            ),
            self._book,
        )
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
