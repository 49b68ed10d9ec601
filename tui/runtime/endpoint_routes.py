"""Endpoints as routes: what they serve, and the way to one of their models."""

from __future__ import annotations

from contextlib import suppress

from tui.address import origin
from tui.catalog.models import split_id
from tui.endpoints.book import EndpointBook, serves
from tui.endpoints.known import bills_as, find_known, known_at
from tui.endpoints.records import Endpoint, EndpointModel
from tui.errors import InvalidKey, KeyStoreError, NoRoute, OwnkeyError, PermissionRefused
from tui.keys.store import with_limit
from tui.net import Network
from tui.providers.base import Access
from tui.routing.connections import Connection
from tui.routing.policy import Route
from tui.runtime.keyring import Keyring
from tui.session.ports import Decision

_MOST_OUTPUT = 16_000
_LEAST_FOR_TOOLS = 12_000
"""A local server's context in tokens, under which the tools' descriptions leave no room."""


def all_endpoints(book: EndpointBook) -> tuple[Endpoint, ...]:
    """Every endpoint; none where the list cannot be read, which `ownkey doctor` says."""
    with suppress(OwnkeyError):
        return book.all()
    return ()


def connections_of(book: EndpointBook) -> list[Connection]:
    """Those that can serve now."""
    return [
        Connection(
            id=one.name, kind=serves(one), provider=one.name, label=one.name,
            base_url=one.base_url, models=tuple(id_of(one, model) for model in one.models),
        )
        for one in all_endpoints(book)
        if not book.why_not(one)
    ]  # fmt: skip


def id_of(endpoint: Endpoint, model: EndpointModel) -> str:
    """What a model is picked by."""
    return f"{endpoint.name}/{model.picked_by}"


def decision_of(book: EndpointBook, route: Route) -> Decision:
    """The decision of a route to an endpoint. Raises NoRoute where it is gone meanwhile."""
    assert route.connection is not None
    endpoint, model = _named(book, route.connection.id, route.model)
    return decided(endpoint, model, route)


def decided(endpoint: Endpoint, model: EndpointModel, route: Route) -> Decision:
    """A decision for this model of an endpoint."""
    known = find_known(endpoint.known) or known_at(endpoint.base_url)
    local = serves(endpoint) == "local"
    context = model.context
    most = model.max_output
    if most is None and context is not None:  # some refuse more than they have room for
        most = min(_MOST_OUTPUT, max(256, context // 4))
    return Decision(
        route=route,
        model=route.model,
        wire_model=model.id,
        api="openai-chat",
        provider=bills_as(known.id if known else "", endpoint.base_url),
        connection=endpoint.name,
        label=endpoint.name,
        host=origin(endpoint.base_url),
        base_url=endpoint.base_url,
        vendor=None if known is None else known.vendor,
        efforts=model.efforts,
        tools=not local or context is None or context >= _LEAST_FOR_TOOLS,
        context=context,
        max_output=most,
        extra_body=model.extra_body,
        price_source=endpoint.price_source,
        top_up="" if known is None or local else known.billing_url or known.console_url,
        listed=model.prices,
        key_hint=f"Replace its key: F3, Endpoints; or `ownkey endpoints key {endpoint.name}`.",
    )


async def open_endpoint(keyring: Keyring, decision: Decision, network: Network) -> Access:
    """The way in, for the host that was decided on and no other.

    Raises:
        RequestError: it is gone, or its key is not to be had.
    """
    book = keyring.endpoints
    endpoint, _ = _named(book, decision.connection, decision.model)
    if endpoint.base_url != decision.base_url:
        raise NoRoute(f"the address of {endpoint.name} has changed: send it again")
    if why := book.why_not(endpoint):
        raise InvalidKey(f"{endpoint.name} cannot serve: {why}", hint=decision.key_hint)
    try:
        secret = await with_limit(lambda: book.secret_of(endpoint))
    except KeyStoreError as error:
        raise PermissionRefused(error.message, hint=error.hint) from error
    if secret is not None:
        keyring.mask(secret)
    return Access(
        base_url=endpoint.base_url,
        secret=secret,
        network=network,
        vendor=decision.vendor,
        local=serves(endpoint) == "local",
        headers=endpoint.headers,
    )


def why_unserved(book: EndpointBook, model: str) -> NoRoute | None:
    """Why an endpoint that has this model cannot serve it now, where one does."""
    name, rest = split_id(model)
    endpoint = next((one for one in all_endpoints(book) if one.name == name), None)
    if endpoint is None:
        return None
    if endpoint.find(rest) is None:
        return NoRoute(
            f"the endpoint {name} does not offer {rest or 'a model without a name'}",
            hint=f"`ownkey endpoints models {name} --add ID` offers it.",
        )
    if why := book.why_not(endpoint):
        hint = f"`ownkey endpoints key {name}` gives it one."
        if not endpoint.enabled:
            hint = f"`ownkey endpoints enable {name}` switches it on."
        return NoRoute(f"the endpoint {name} cannot serve: {why}", hint=hint)
    return None


def _named(book: EndpointBook, name: str, model: str) -> tuple[Endpoint, EndpointModel]:
    endpoint = next((one for one in all_endpoints(book) if one.name == name), None)
    found = None if endpoint is None else endpoint.find(split_id(model)[1])
    if endpoint is None or found is None:
        raise NoRoute(f"{model} is not offered by an endpoint any more")
    return endpoint, found
