"""What happens before an endpoint is kept: address, kind, live test, models. Stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from tui.address import AddressVerdict, check_address
from tui.catalog.models import Catalogue
from tui.endpoints.fit import fit_model
from tui.endpoints.found import ask_server, known_server
from tui.endpoints.known import KNOWN, find_known, known_at, on_this_machine
from tui.endpoints.model_list import known_in
from tui.endpoints.records import EndpointModel
from tui.endpoints.testing import Target, Trial, try_endpoint
from tui.errors import UsageError

MOST_UNASKED = 60
"""A list of at most so many models is offered whole where nobody chose among them."""


def address_of(url: str, known: str, agree: Callable[[AddressVerdict], bool]) -> str:
    """The address as it is used; that of the known kind where none is given.

    Raises:
        UsageError: there is none, it is refused, or wants a yes that `agree` does not give.
    """
    kind = find_known(known)
    if known and kind is None:
        names = ", ".join(one.id for one in KNOWN)
        raise UsageError("there is no known endpoint of that name", hint=f"One of: {names}.")
    if not url.strip():
        if kind is None or not kind.base_url:
            raise UsageError("an endpoint has an address", hint="Such as https://host/v1.")
        return kind.base_url
    verdict = check_address(url)
    if verdict.normalised is None:
        raise UsageError(f"the address is refused: {verdict.why}")
    if verdict.verdict == "confirm" and not agree(verdict):
        raise UsageError(
            f"the address was not agreed to: {verdict.why}", hint="--yes is the yes to it."
        )
    return verdict.normalised


async def kind_at(known: str, base_url: str, environ: Mapping[str, str], *, keyed: bool) -> str:
    """The known kind that it is of: as said, by its own address, or a local server that answers."""
    if known:
        return known
    if (found := known_at(base_url)) is not None:
        return found.id
    if keyed or not on_this_machine(base_url):
        return ""
    server = await known_server(base_url, environ)
    return "" if server is None else server.known


async def look_at(target: Target, environ: Mapping[str, str]) -> Trial:
    """The live test, with what a local server really holds and what the catalogue knows."""
    tested = await try_endpoint(target, environ=environ)
    kind = find_known(target.known)
    models = tested.models
    if kind is not None and kind.serves == "local" and tested.state == "verified":
        server = await ask_server(kind, target.base_url, environ, limit_s=3.0)
        if server is not None:
            models = server.models
    catalogue = Catalogue.load()
    return replace(tested, models=tuple(known_in(catalogue, one) for one in models))


def chosen(
    listed: tuple[EndpointModel, ...],
    asked: Iterable[tuple[str, str]],
    *,
    every: bool = False,
    context: int | None = None,
) -> tuple[EndpointModel, ...]:
    """The models to offer.

    Args:
        listed: What the endpoint lists.
        asked: `(id, alias)` by hand, in that order; an id that is not listed is taken as it is.
        every: All that are listed, too.
        context: Tokens, for those of which no source tells it.
    """
    by_id = {one.id: one for one in listed}
    made = {id: by_id.get(id) or EndpointModel(id=fit_model(id)) for id, _ in asked}
    for id, alias in asked:
        if alias:
            made[id] = replace(made[id], alias=fit_model(alias))
    if every:
        made |= {one.id: one for one in listed if one.id not in made}
    return tuple(
        one if one.context is not None or context is None else replace(one, context=context)
        for one in made.values()
    )
