"""The rules of the shared routes/README.md a second time, as plain code, one rule after another.

It knows nothing of the table or of the function that is tested against it; it reads situations, and
says of each who pays, over what, and what follows a failure.
"""

from __future__ import annotations

from typing import NamedTuple

from tui.routing.policy import Failure, Situation

FOUR_AUTO = {"auto", "auto-efficient", "auto-genius", "auto-open"}
HALT_ALWAYS = {
    "invalid_key", "permission", "bad_request", "context_length", "content_filter", "not_found",
    "cancelled",
}  # fmt: skip
MAY_WAIT = {"rate_limit", "overloaded", "server", "timeout", "network", "protocol"}


class Said(NamedTuple):
    """What the rules say of a request."""

    payer: str | None
    connection: str | None = None
    platform_credits: bool = False
    refused: str | None = None


def who_pays(it: Situation) -> Said:
    """Rules 1 to 9."""
    # Rule 9: suggestions are paid by nobody.
    if it.run == "active_ai":
        return Said("nobody")
    # Rule 6, the second half: own-best takes no credits; rules 7 and 9: nothing else is there.
    if it.model == "own-best" and it.run != "local":
        return Said(None, refused="no_route")
    # Rule 7: cloud runs take credits and platform credits, and use nothing of this device.
    if it.run == "cloud":
        said = rule_3(it, "no_route")
        return said._replace(platform_credits=said.payer == "credits")
    # Rule 9: so does hosted codebase context, without the fee.
    if it.run == "codebase_context":
        return rule_3(it, "no_route")
    # Rule 6: the four Auto models always take credits.
    if it.model in FOUR_AUTO:
        return rule_3(it, "no_route")
    return local_run(it)


def local_run(it: Situation) -> Said:
    """Rules 2, 4, 5 and 8, of a named model or own-best."""
    # Rule 5: on Free, Build and Max own keys and endpoints are for up to 10 people.
    too_large = it.plan in ("free", "build", "max") and it.org_size > 10
    # Rule 4: cloud accounts on personal and enterprise only, and not for own-best.
    cloud_allowed = it.plan in ("personal", "enterprise")
    # Rule 8: the fee on Business and Enterprise, where an own connection serves it.
    fee = it.plan in ("business", "enterprise")

    keys = own_keys(it)
    endpoints = those(it, "endpoint")
    accounts = [] if it.model == "own-best" else those(it, "cloud_account")
    local = those(it, "local")
    if keys and not too_large:
        return Said("own_key", keys[0], fee)
    if endpoints and not too_large:
        return Said("endpoint", endpoints[0], fee)
    if accounts and cloud_allowed:
        return Said("cloud_account", accounts[0], fee)
    if local:
        return Said("nobody", local[0])
    if keys and it.model != "own-best":
        return rule_3(it, "plan")
    if keys or endpoints or accounts:
        return Said(None, refused="plan")
    return Said(None, refused="no_route") if it.model == "own-best" else rule_3(it, "no_route")


def rule_3(it: Situation, where_none_offers_it: str) -> Said:
    """Credits, if a credit service offers the model and the balance is above 0; else refused."""
    offering = [c for c in it.connections if c.kind == "credits" and it.model in c.models]
    for service in offering:
        if service.balance is not None and service.balance > 0:
            return Said("credits", service.id)
    return Said(None, refused="out_of_credits" if offering else where_none_offers_it)


def own_keys(it: Situation) -> list[str]:
    """Folder pin, then default, then the list's order (design.md §6)."""
    provider = it.model.split("/")[0]
    keys = [c for c in it.connections if c.kind == "own_key"]
    if it.model != "own-best":
        keys = [c for c in keys if c.provider == provider and "/" in it.model]
    pinned = [c.id for c in keys if c.pinned]
    default = [c.id for c in keys if c.default and not c.pinned]
    return pinned + default + [c.id for c in keys if not c.pinned and not c.default]


def those(it: Situation, kind: str) -> list[str]:
    """The connections of a kind that serve the model, in the list's order."""
    return [
        c.id
        for c in it.connections
        if c.kind == kind and (it.model in c.models or (it.model == "own-best" and c.models))
    ]


def what_follows(it: Situation, said: Said, failure: Failure) -> tuple[str, str | None]:
    """Rules 10 and 11: the action, and who would pay next."""
    if said.payer is None or failure.kind in HALT_ALWAYS:
        return "halt", None
    # design.md §6: by itself only before the first visible token.
    if failure.shown:
        return "halt", None
    if failure.kind in MAY_WAIT and failure.tries_left > 0:
        return "retry", said.payer
    on_own = said.payer in ("own_key", "endpoint", "cloud_account") and it.model != "own-best"
    passing = failure.kind in MAY_WAIT or failure.kind == "quota"
    # Off by default; on for all of them by the setting, or for single kinds by rules of their own.
    wanted = it.credit_fallback or failure.kind in it.fallback_kinds
    if on_own and passing and wanted and provided_on_credits(it):
        return "fall_back", "credits"
    return "halt", None


def provided_on_credits(it: Situation) -> bool:
    """Whether a credit service has credits left and a model by name to go on with."""
    return any(
        c.kind == "credits" and c.balance is not None and c.balance > 0
        and set(c.models) - FOUR_AUTO - {"own-best"}
        for c in it.connections
    )  # fmt: skip
