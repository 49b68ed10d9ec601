"""What keys and endpoints have left: asked where it is told, said where it is not."""

from __future__ import annotations

import asyncio

from tui.credits.asking import ask_left
from tui.credits.others import Teller, teller_of
from tui.endpoints.book import serves
from tui.endpoints.known import find_known
from tui.endpoints.records import Endpoint
from tui.errors import OwnkeyError
from tui.events.base import utc_now
from tui.keys.makers import find_maker
from tui.keys.store import with_limit
from tui.money import plain
from tui.runtime.endpoint_routes import all_endpoints
from tui.runtime.keyring import Keyring
from tui.session.credit_talk import LeftRow


async def left_of_others(keyring: Keyring) -> tuple[LeftRow, ...]:
    """A row for each used key, none of whose makers tells it, and for each endpoint."""
    keys = [
        LeftRow(
            connection=key.id, label=key.label, kind="own_key",
            why_not=f"not told by {_maker(key.provider)}",
        )
        for key in keyring.records()
        if key.used
    ]  # fmt: skip
    asked = [one for one in all_endpoints(keyring.endpoints) if serves(one) == "endpoint"]
    return (*keys, *await asyncio.gather(*(_endpoint(keyring, one) for one in asked)))


async def _endpoint(keyring: Keyring, one: Endpoint) -> LeftRow:
    row = LeftRow(connection=one.name, label=one.name, kind="endpoint")
    teller = teller_of(one.known, one.base_url)
    if teller is None:
        kind = find_known(one.known)
        return _why(row, f"not told by {kind.name if kind else one.name}")
    if why := keyring.endpoints.why_not(one):
        return _why(row, f"not asked: {why}", teller)
    try:
        secret = await with_limit(lambda: keyring.endpoints.secret_of(one))
    except OwnkeyError as error:
        return _why(row, f"not asked: {error.message}", teller)
    if secret is None:
        return _why(row, f"not told by {teller.name} without a key", teller)
    keyring.mask(secret)
    asked = await ask_left(teller.kind, one.base_url, secret, teller.paths, keyring.environ)
    if asked.trouble:
        return _why(row, f"not told by {teller.name}: {asked.trouble}", teller)
    left = asked.left
    return LeftRow(
        connection=one.name, label=one.name, kind="endpoint", endless=left.endless,
        amount=None if left.amount is None else plain(left.amount),
        currency=teller.currency if teller.kind == "moonshot" else left.currency or "USD",
        limit=None if left.limit is None else plain(left.limit), resets=left.resets,
        as_of=utc_now(), top_up=teller.top_up_url,
    )  # fmt: skip


def _why(row: LeftRow, why: str, teller: Teller | None = None) -> LeftRow:
    return LeftRow(
        connection=row.connection, label=row.label, kind=row.kind, why_not=why,
        top_up="" if teller is None else teller.top_up_url,
    )  # fmt: skip


def _maker(provider: str) -> str:
    maker = find_maker(provider)
    return provider if maker is None else maker.name
