"""Credit services as routes: what they serve, and the way to one of their models."""

from __future__ import annotations

from contextlib import suppress

from msgspec.structs import replace

from tui.address import origin
from tui.catalog.models import Catalogue
from tui.credits.balance import Ledger, balance_of
from tui.credits.book import CreditBook
from tui.credits.known import adapter_of
from tui.credits.offers import autos_of, choose
from tui.credits.records import CreditService
from tui.endpoints.records import EndpointModel
from tui.errors import InvalidKey, KeyStoreError, NoRoute, OwnkeyError, PermissionRefused
from tui.keys.store import with_limit
from tui.money import plain
from tui.net import Network
from tui.providers.base import Access
from tui.routing.connections import Connection
from tui.routing.policy import Route
from tui.routing.table import AUTO_MODELS
from tui.runtime.keyring import Keyring
from tui.session.ports import Decision

_MOST_OUTPUT = 16_000
AUTO_CONTEXT = 128_000
"""Tokens that an Auto model's choice has room for where it can: a day's conversation."""

_OFF = "the credit service {} is switched off"
_SWITCH_ON = "`ownkey credits enable {}` switches it on."


def all_services(book: CreditBook) -> tuple[CreditService, ...]:
    """Every service; none where the list cannot be read, which `ownkey doctor` says."""
    with suppress(OwnkeyError):
        return book.all()
    return ()


def credit_connections(book: CreditBook, ledger: Ledger | None = None) -> list[Connection]:
    """Those that can serve now, with what is left as the route rules count it."""
    return [
        Connection(
            id=one.name, kind="credits", provider=one.name, label=one.name,
            base_url=one.base_url, models=models_of(one),
            balance=balance_of(one, ledger).for_routes, top_up=_top_up(one),
        )
        for one in all_services(book)
        if one.enabled and not book.why_not(one)
    ]  # fmt: skip


def _top_up(service: CreditService) -> str:
    """Where it is paid into, or the command that does; empty: not known."""
    if service.adapter == "house":
        return f"`ownkey credits grant N --service {service.name}`"
    return adapter_of(service.adapter).top_up_url


def models_of(service: CreditService) -> tuple[str, ...]:
    """What is picked there: the Auto models that it can serve, then those of its list."""
    return (*autos_of(service), *(service.picked(one) for one in service.models))


def credit_decision(book: CreditBook, route: Route) -> Decision:
    """The decision of a route to a credit service. Raises NoRoute where it is gone meanwhile.

    An Auto model is chosen by the service's own router, or by its map: the decision names what
    was chosen, and the route's reason says how.
    """
    assert route.connection is not None
    service = next((one for one in all_services(book) if one.name == route.connection.id), None)
    if service is None:
        raise NoRoute(f"{route.connection.label} is no credit service any more")
    if route.model in AUTO_MODELS:
        return _auto(service, route)
    model = service.find(route.model)
    if model is None:
        raise NoRoute(f"{route.model} is not offered by {service.name} any more")
    return decided(service, model, route.model, route)


def _auto(service: CreditService, route: Route) -> Decision:
    chosen = choose(service, route.model, context=AUTO_CONTEXT)
    if chosen is None:
        raise NoRoute(f"{route.model} has no model at {service.name} any more")
    model, among = chosen
    if model.id in adapter_of(service.adapter).routers.values():
        why = f"{route.why}; its own router chooses, and the receipt names what answered"
        return decided(service, model, route.model, replace(route, why=why))
    picked = service.picked(model)
    how = "the only one" if among == 1 else f"one of {among}"
    why = f"{route.why}; it means {picked}, {how} in its map, by context and tools"
    return decided(service, model, picked, replace(route, why=why))


def decided(service: CreditService, model: EndpointModel, picked: str, route: Route) -> Decision:
    """A decision for this model of a service."""
    adapter = adapter_of(service.adapter)
    known = Catalogue.load().find(model.alias) if model.alias else None
    context = model.context
    most = model.max_output
    if most is None and context is not None:
        most = min(_MOST_OUTPUT, max(256, context // 4))
    return Decision(
        route=route,
        model=picked,
        wire_model=model.id,
        api="openai-chat",
        provider=adapter.id,
        connection=service.name,
        label=service.name,
        host=origin(service.base_url),
        base_url=service.base_url,
        vendor=adapter.vendor,
        efforts=model.efforts or (() if known is None else known.efforts),
        tools=model.tools is not False,
        context=context,
        max_output=most,
        listed=model.prices,
        top_up=adapter.top_up_url,
        ledger=service.name if service.adapter == "house" else "",
        usd_per_credit="" if service.rate is None else plain(service.rate),
        key_hint=f"Give it another key: F3, Credits & plan; or `ownkey credits add "
        f"{service.adapter} --name {service.name} --replace`.",
    )


async def open_service(keyring: Keyring, decision: Decision, network: Network) -> Access:
    """The way in, for the host that was decided on and no other.

    Raises:
        RequestError: it is gone, or its key is not to be had.
    """
    book = keyring.credits
    service = next((one for one in all_services(book) if one.name == decision.connection), None)
    if service is None:
        raise NoRoute(f"{decision.label} is no credit service any more")
    if service.base_url != decision.base_url:
        raise NoRoute(f"the address of {service.name} has changed: send it again")
    if not service.enabled:
        raise NoRoute(_OFF.format(service.name), hint=_SWITCH_ON.format(service.name))
    if why := book.why_not(service):
        raise InvalidKey(f"{service.name} cannot serve: {why}", hint=decision.key_hint)
    try:
        secret = await with_limit(lambda: book.secret_of(service))
    except KeyStoreError as error:
        raise PermissionRefused(error.message, hint=error.hint) from error
    keyring.mask(secret)
    return Access(base_url=service.base_url, secret=secret, network=network, vendor=decision.vendor)


def why_no_service(book: CreditBook, model: str) -> NoRoute | None:
    """Why a credit service that offers this model cannot serve it now, where one does."""
    for one in all_services(book):
        if model not in models_of(one):
            continue
        if not one.enabled:
            return NoRoute(_OFF.format(one.name), hint=_SWITCH_ON.format(one.name))
        if why := book.why_not(one):
            hint = f"`ownkey credits add {one.adapter} --name {one.name} --replace` gives it a key."
            return NoRoute(f"the credit service {one.name} cannot serve: {why}", hint=hint)
    return None
