"""The places that serve models, as values: what routes are decided on."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

ConnectionKind = Literal["own_key", "endpoint", "cloud_account", "local", "credits"]


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One place that serves models and one account that pays there.

    Args:
        id: Key id, the id of an endpoint, cloud account or credit service, or `local`.
        kind: Decides who pays (design.md §1).
        label: The person's word for it.
        provider: The maker whose models an own key serves; else the connection's own name.
        base_url: Where requests go; empty in a case that nothing is sent for.
        models: What it serves, the best first. An own key serves every model of its provider, and
            these are what is known of them.
        default: Of own keys: taken before the others of its provider.
        pinned: Of own keys: the folder names it, and it is taken before the default.
        balance: Of a credit service: what is left; None where that is not known.
        top_up: Of a credit service: where it is paid into, or the command that does;
            empty where neither is known.
    """

    id: str
    kind: ConnectionKind
    label: str
    provider: str = ""
    base_url: str = ""
    models: tuple[str, ...] = ()
    default: bool = False
    pinned: bool = False
    balance: Decimal | None = None
    top_up: str = ""

    def serves(self, model: str) -> bool:
        """Whether a request to the picked `model` (`provider/id`) can go here."""
        if self.kind != "own_key":
            return model in self.models
        provider, _, id = model.partition("/")
        return provider == self.provider and id != ""

    @property
    def has_credits(self) -> bool:
        """Whether its balance is above 0; one that nobody told is not."""
        return self.balance is not None and self.balance > 0
