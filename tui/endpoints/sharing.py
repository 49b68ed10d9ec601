"""Endpoints as others may have them: a file without secrets, taken in whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec

from tui.address import AddressVerdict, check_address
from tui.endpoints import fit
from tui.endpoints.known import find_known
from tui.endpoints.records import Endpoint, EndpointModel, PriceSource
from tui.errors import UsageError

VERSION = 1
MOST_BYTES = 4 * 1024 * 1024
MOST_ENDPOINTS = 200


class SharedModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
                  omit_defaults=True):  # fmt: skip
    """A model as it is shared."""

    id: str
    alias: str = ""
    name: str = ""
    context: int | None = None
    max_output: int | None = None
    efforts: tuple[str, ...] = ()
    extra_body: dict[str, Any] = {}


class SharedEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endpoint as it is shared. `needs_key`: whoever takes it in has to bring a key."""

    name: str
    url: str
    known: str = ""
    needs_key: bool = False
    headers: dict[str, str] = {}
    price_source: PriceSource = "stated"
    models: tuple[SharedModel, ...] = ()


class Shared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    ownkey_endpoints: int
    endpoints: tuple[SharedEndpoint, ...]


def exported(endpoints: tuple[Endpoint, ...]) -> Shared:
    """All that is no secret and no one's own: no key, no fingerprint, no result of a test."""
    return Shared(
        ownkey_endpoints=VERSION,
        endpoints=tuple(
            SharedEndpoint(
                name=one.name, url=one.base_url, known=one.known,
                needs_key=one.wants_key or one.key is not None, headers=one.headers,
                price_source=one.price_source,
                models=tuple(_shared(model) for model in one.models),
            )
            for one in endpoints
        ),
    )  # fmt: skip


def _shared(model: EndpointModel) -> SharedModel:
    return SharedModel(
        id=model.id, alias=model.alias, name=model.name, context=model.context,
        max_output=model.max_output, efforts=model.efforts, extra_body=model.extra_body,
    )  # fmt: skip


def imported(
    data: bytes, now: dt.datetime, agree: Callable[[str, AddressVerdict], bool]
) -> tuple[Endpoint, ...]:
    """The endpoints of a file, each checked as if it were typed.

    Args:
        data: The file.
        now: When.
        agree: A person's yes to an address that wants one.

    Raises:
        UsageError: something in it cannot be; then none of it is to be kept.
    """
    if len(data) > MOST_BYTES:
        raise UsageError(f"the file is larger than {MOST_BYTES // 2**20} MB")
    try:
        shared = msgspec.json.decode(data, type=Shared)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            "that is no file of endpoints", hint="`ownkey endpoints export` writes one."
        ) from error
    if shared.ownkey_endpoints > VERSION or len(shared.endpoints) > MOST_ENDPOINTS:
        raise UsageError("that file of endpoints is of a newer ownkey, or holds too many")
    found: list[Endpoint] = []
    for at, one in enumerate(shared.endpoints, start=1):
        try:
            found.append(_endpoint(one, now, agree))
        except UsageError as error:
            raise UsageError(
                f"endpoint {at} of the file: {error.message}; nothing was taken in",
                hint=error.hint,
            ) from error
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        raise UsageError("two endpoints of the file have one name; nothing was taken in")
    return tuple(found)


def _endpoint(
    one: SharedEndpoint, now: dt.datetime, agree: Callable[[str, AddressVerdict], bool]
) -> Endpoint:
    name, verdict = fit.fit_name(one.name), check_address(one.url)
    if verdict.normalised is None:
        raise UsageError(f"the address is refused: {verdict.why}")
    if verdict.verdict == "confirm" and not agree(name, verdict):
        raise UsageError(
            f"the address was not agreed to: {verdict.why}", hint="--yes is the yes to it."
        )
    if one.known and find_known(one.known) is None:
        raise UsageError("it is of a kind that is not known")
    if len(one.models) > fit.MOST_MODELS:
        raise UsageError("it has too many models")
    return Endpoint(
        name=name, base_url=verdict.normalised, known=one.known,
        headers=fit.fit_headers(one.headers), wants_key=one.needs_key,
        price_source=one.price_source, models=tuple(map(_model, one.models)), added_at=now,
    )  # fmt: skip


def _model(one: SharedModel) -> EndpointModel:
    context, most = one.context, one.max_output
    return EndpointModel(
        id=fit.fit_model(one.id),
        alias=fit.fit_model(one.alias) if one.alias else "",
        name=one.name[:200],
        context=None if context is None else fit.fit_count(context, "the context"),
        max_output=None if most is None else fit.fit_count(most, "the longest answer"),
        efforts=tuple(map(fit.fit_effort, one.efforts)),
        extra_body=fit.fit_body(one.extra_body),
    )
