"""Models that credit services offer, as the picker lists them."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from tui.catalog.prices import PriceBook
from tui.catalog.shown import ShownPrices, shown_prices
from tui.credits.balance import Ledger, balance_of
from tui.credits.known import adapter_of
from tui.credits.offers import AUTO, choose
from tui.credits.records import CreditService
from tui.credits.words import short_words
from tui.endpoints.records import EndpointModel
from tui.routing.policy import Refused, Route
from tui.runtime.credit_routes import all_services, decided
from tui.runtime.endpoint_prices import EndpointPrices
from tui.runtime.keyring import Keyring
from tui.session.replies import ModelRow

Prices = dict[tuple[str, str], ShownPrices]
"""By service and id there."""

_NAMES = {
    "auto": "Auto", "auto-efficient": "Auto efficient", "auto-genius": "Auto genius",
    "auto-open": "Auto open",
}  # fmt: skip


def credit_prices(keyring: Keyring, book: PriceBook, now: dt.datetime) -> Prices:
    """What all models of all services cost there; reading the price list takes half a second."""
    return {
        (one.name, model.id): _prices(book, one, model, now)
        for one in all_services(keyring.credits)
        for model in one.models
    }


def _prices(
    book: PriceBook, service: CreditService, model: EndpointModel, now: dt.datetime
) -> ShownPrices:
    route = Route(connection=None, payer="credits", model=model.id, why="")
    decision = decided(service, model, service.picked(model), route)
    prices = EndpointPrices(book, decision, listed=True)
    return shown_prices(prices.find(decision.provider, model.id, now))


def on_credits(
    row: ModelRow,
    service: CreditService,
    model: EndpointModel,
    prices: Prices,
    ledger: Ledger | None,
) -> ModelRow:
    """A row of the catalogue as a credit service serves it: its prices, its context."""
    cost = prices.get((service.name, model.id), ShownPrices())
    return replace(
        row, left=short_words(balance_of(service, ledger)),
        context=model.context or row.context, max_output=model.max_output or row.max_output,
        efforts=model.efforts or row.efforts, input_usd=cost.input, output_usd=cost.output,
        cache_read_usd=cost.cache_read, cache_write_usd=cost.cache_write, steps=(),
    )  # fmt: skip


def own_row(
    service: CreditService,
    model: EndpointModel,
    route: Route | Refused,
    prices: Prices,
    ledger: Ledger | None,
    why: str,
) -> ModelRow:
    """A model that only the service knows."""
    id = service.picked(model)
    bare = ModelRow(
        id=id, name=model.name or model.id, provider=service.name, connection=service.name,
        key=False, label=service.name, payer=None if isinstance(route, Refused) else route.payer,
        refused=(why or route.why) if isinstance(route, Refused) else None,
    )  # fmt: skip
    return on_credits(bare, service, model, prices, ledger)


def auto_row(
    service: CreditService, auto: str, route: Route | Refused, ledger: Ledger | None, why: str
) -> ModelRow:
    """An Auto model where it is served, or would be."""
    chosen = choose(service, auto)
    model = None if chosen is None else chosen[0]
    return ModelRow(
        id=auto, name=_NAMES[auto], provider=service.name, connection=service.name, key=False,
        label=service.name, auto=True, left=short_words(balance_of(service, ledger)),
        payer=None if isinstance(route, Refused) else route.payer,
        refused=(why or route.why) if isinstance(route, Refused) else None,
        context=None if model is None else model.context,
        means="" if model is None else _means(service, model),
    )  # fmt: skip


def _means(service: CreditService, model: EndpointModel) -> str:
    """What an Auto model is, in a few words."""
    if model.id in adapter_of(service.adapter).routers.values():
        return f"{service.name} chooses"
    return service.picked(model)


def autos(services: tuple[CreditService, ...]) -> list[tuple[str, CreditService]]:
    """Every Auto model that somebody serves, by the first service that does."""
    found: list[tuple[str, CreditService]] = []
    for auto in AUTO:
        service = next((one for one in services if one.auto.get(auto)), None)
        if service is not None:
            found.append((auto, service))
    return found
