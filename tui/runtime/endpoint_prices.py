"""What an endpoint's requests cost (billing/README.md, rules 17 to 19)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

from tui.billing.receipt import PriceRequest, Receipt, price
from tui.catalog.prices import PriceBook
from tui.catalog.sheets import MILLION, NoPrice, Rate, Sheet, Terms
from tui.catalog.shown import ShownPrices, shown_prices
from tui.endpoints.book import serves
from tui.endpoints.records import Endpoint, EndpointModel
from tui.money import product
from tui.routing.policy import Route
from tui.runtime.endpoint_routes import decided
from tui.session.ports import Decision

_NO_PRICE = NoPrice("no price for a model of this endpoint")


class EndpointPrices:
    """The price list as it holds for one decision; see `tui.catalog.prices.Book`.

    The person's own file by the endpoint's name, then the maker's list where the endpoint is that
    maker's own (`tui.endpoints.known.bills_as`).

    Args:
        book: All prices.
        decision: To an endpoint.
        listed: What the endpoint's own list of models says counts too: for forecasts, never for
            a receipt, which only what it states of the request itself makes known.
    """

    def __init__(self, book: PriceBook, decision: Decision, *, listed: bool) -> None:
        self._book, self._listed = book, decision.listed if listed else {}
        self._name, self._provider = decision.connection, decision.provider
        self._source = decision.price_source

    def find(
        self, provider: str, model: str, at: dt.datetime, terms: Terms | None = None
    ) -> Sheet | NoPrice:
        """The price sheet of a model there at a moment."""
        if self._source == "none":
            return NoPrice("its price source is none")
        own = self._book.own(self._name, model, at)
        if own is not None:
            return own
        sheet = self._book.find(self._provider, model, at, terms)
        if isinstance(sheet, Sheet) or "input" not in self._listed:
            return sheet if isinstance(sheet, Sheet) else _NO_PRICE
        amounts = {what: _amount(usd) for what, usd in self._listed.items()}
        rates = {what: Rate(usd) for what, usd in amounts.items() if usd is not None}
        return Sheet(model=model, rates=rates, fees={}, priced_by="the endpoint's own list")

    def tier(self, provider: str, said: str | None) -> str:
        """See `PriceBook.tier`."""
        return self._book.tier(provider, said)


def _amount(per_million: str) -> Decimal | None:
    """Dollars a token; None for what somebody wrote into the file that is no price."""
    try:
        amount = Decimal(per_million)
    except InvalidOperation:
        return None
    return product(amount, MILLION) if amount.is_finite() and amount >= 0 else None


def endpoint_prices(
    book: PriceBook, endpoint: Endpoint, model: EndpointModel, at: dt.datetime
) -> ShownPrices:
    """Prices of a model for people to choose by; nobody is billed for a local server's."""
    if serves(endpoint) == "local":
        return ShownPrices(input="0", output="0", cache_read="0")
    route = Route(connection=None, payer="endpoint", model=model.id, why="")
    decision = decided(endpoint, model, route)
    found = EndpointPrices(book, decision, listed=True).find(decision.provider, model.id, at)
    return shown_prices(found)


def endpoint_receipt(
    book: PriceBook,
    decision: Decision,
    raw: dict[str, Any] | None,
    context: dict[str, Any],
    at: dt.datetime,
) -> Receipt:
    """What one request cost: as its price source says, unknown where that says nothing."""
    if decision.payer != "nobody" and decision.price_source == "none":
        return Receipt(total=None, unpriced=("its price source is none",))
    own = book.own(decision.connection, decision.wire_model, at)
    first = own is not None and decision.price_source == "own"
    stated = _priced(book, decision, raw, context, at, own=False)
    if not first and (own is None or stated.sureness == "exact"):
        return stated
    return _priced(book, decision, raw, context, at, own=True)


def house_receipt(
    book: PriceBook,
    decision: Decision,
    raw: dict[str, Any] | None,
    context: dict[str, Any],
    at: dt.datetime,
) -> Receipt:
    """What a request cost whose books we keep, where the answer states nothing.

    By the person's own file, a maker's list, or else by the house's own list of models.
    """
    request = PriceRequest(
        provider="custom" if decision.provider == "house" else decision.provider,
        model=decision.wire_model,
        at=at,
        usage=raw,
        context={**context, "base_url": decision.base_url},
    )
    return price(request, EndpointPrices(book, decision, listed=True), stated=False)


def _priced(
    book: PriceBook,
    decision: Decision,
    raw: dict[str, Any] | None,
    context: dict[str, Any],
    at: dt.datetime,
    *,
    own: bool,
) -> Receipt:
    """By the own file alone, or by all else: of a gateway that is the cost that it states."""
    request = PriceRequest(
        provider="custom" if own else decision.provider,
        model=decision.wire_model,
        at=at,
        usage=raw,
        context={**context, "base_url": decision.base_url},
    )
    return price(request, EndpointPrices(book, decision, listed=False), stated=not own)
