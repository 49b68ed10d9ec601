"""What happens before a credit service is kept: its account, live test, models and Auto map."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from tui.address import AddressVerdict, check_address, origin
from tui.catalog.models import Catalogue
from tui.credits.amounts import rate_of
from tui.credits.asking import Asked, checked_by, told_by, try_service
from tui.credits.known import ADAPTERS, Adapter, find_adapter
from tui.credits.offers import auto_map, offered
from tui.credits.records import CreditService
from tui.endpoints.fit import fit_name
from tui.errors import UsageError
from tui.money import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.endpoints.records import Endpoint
    from tui.endpoints.testing import Trial
    from tui.secret import Secret


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A service after its test, and what the test and the question for its balance said."""

    service: CreditService
    trial: Trial
    asked: Asked


def adapter_named(id: str) -> Adapter:
    """The adapter of this id. Raises UsageError where there is none."""
    found = find_adapter(id.strip().lower())
    if found is None:
        names = ", ".join(one.id for one in ADAPTERS)
        raise UsageError("there is no credit service of that kind", hint=f"One of: {names}.")
    return found


def service_name(text: str, adapter: Adapter) -> str:
    """A service's name; the adapter's own where none is given. Raises UsageError."""
    name = text.strip().lower()
    # An adapter's word is its own: `fit_name` keeps some of them from endpoints.
    return adapter.id if name in ("", adapter.id) else fit_name(name)


def address_of(url: str, adapter: Adapter, agree: Callable[[AddressVerdict], bool]) -> str:
    """The address as it is used; the adapter's own where none is given.

    Raises:
        UsageError: there is none, it is refused, or wants a yes that `agree` does not give.
    """
    if not url.strip():
        if not adapter.base_url:
            raise UsageError(
                f"{adapter.name} has an address of its own", hint="--base-url https://host/v1."
            )
        return adapter.base_url
    verdict = check_address(url)
    if verdict.normalised is None:
        raise UsageError(f"the address is refused: {verdict.why}")
    if verdict.verdict == "confirm" and not agree(verdict):
        raise UsageError(
            f"the address was not agreed to: {verdict.why}", hint="--yes is the yes to it."
        )
    return verdict.normalised


def fit_rate(text: str) -> str | None:
    """Dollars per credit as it is typed; None for nothing. Raises UsageError."""
    if not text.strip():
        return None
    rate = rate_of(text.strip().removeprefix("$"))
    if rate is None:
        raise UsageError("that is no rate", hint="Dollars per credit, such as 0.01.")
    return plain(rate)


def refuse_twice(base_url: str, secret: Secret, endpoints: Iterable[Endpoint]) -> None:
    """One account is an endpoint or a credit service, never both (design.md §1).

    Raises:
        UsageError: an endpoint has this key for this host.
    """
    for one in endpoints:
        if one.key is not None and _same(one.key.origin, one.key.fingerprint, base_url, secret):
            raise UsageError(
                f"this account is your endpoint {one.name} already, and pays as that: one account "
                "cannot be both",
                hint=f"`ownkey endpoints remove {one.name}` frees it, or give another key.",
            )


def refuse_as_endpoint(base_url: str, secret: Secret, services: Iterable[CreditService]) -> None:
    """The same, of an endpoint that is to be added."""
    for one in services:
        if one.key is not None and _same(one.key.origin, one.key.fingerprint, base_url, secret):
            raise UsageError(
                f"this account is your credit service {one.name} already, and pays as that: one "
                "account cannot be both",
                hint=f"`ownkey credits remove {one.name}` frees it, or give another key.",
            )


def _same(there: str, fingerprint: str, base_url: str, secret: Secret) -> bool:
    return there == origin(base_url) and fingerprint == secret.fingerprint


async def look_at(
    service: CreditService, secret: Secret, environ: Mapping[str, str], now: dt.datetime
) -> Looked:
    """Test it live and take in what it lists and tells; what it does not tell stays."""
    trial, asked = await try_service(service, secret, environ)
    looked = told_by(checked_by(service, trial, now), asked, now)
    if trial.listed:
        looked = with_models(looked, trial)
    return Looked(service=looked, trial=trial, asked=asked)


def with_models(service: CreditService, trial: Trial) -> CreditService:
    """The service with the models that its list has now, and its Auto map made of them anew."""
    catalogue = Catalogue.load()
    adapter = adapter_named(service.adapter)
    models = offered(trial.models, catalogue, without=adapter.routers.values())
    auto = service.auto if service.own_auto else auto_map(service.adapter, models, catalogue)
    return replace(service, models=models, auto=auto)
