"""The places that serve models, as values: what routes are decided on."""

from __future__ import annotations

from typing import Literal

import msgspec

ConnectionKind = Literal["own_key", "endpoint", "local"]


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One place that serves models and one account that pays there.

    Args:
        id: Key id, endpoint id, or `local`.
        kind: Decides who pays (design.md §1).
        provider: The maker whose models an own key serves; else the connection's own name.
        label: The person's word for it.
        models: What it serves; None means every model of its provider (own keys).
        default: First among own keys of one provider.
        base_url: Where requests go.
    """

    id: str
    kind: ConnectionKind
    provider: str
    label: str
    base_url: str
    models: frozenset[str] | None = None
    default: bool = False

    def serves(self, model: str) -> bool:
        """Whether a request to the picked `model` (`provider/id`) can go here."""
        if self.models is not None:
            return model in self.models
        return model.split("/", 1)[0] == self.provider
