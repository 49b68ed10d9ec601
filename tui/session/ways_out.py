"""The ways on after a failed request: what there is, by the kind of error (pure).

Only what the route rules let serve is a way; nothing here decides that one is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from tui.events.failing import WayKind
from tui.events.route import Payer
from tui.routing.connections import Connection
from tui.routing.policy import Refused, Situation, decide_via, on_credits
from tui.routing.table import OWN_BEST

LIMITED = frozenset({"rate_limit", "quota"})
"""Kinds that end with the key: another one of the same maker may be free."""
PASSING = frozenset({"rate_limit", "overloaded", "server", "timeout", "network", "protocol"})
"""Kinds that may pass by themselves."""
STAYING = frozenset({"permission", "not_found", "bad_request"})
"""Kinds that say no to this very request."""
ASKED = PASSING | STAYING | {
    "quota", "invalid_key", "context_length", "content_filter", "out_of_credits",
}  # fmt: skip
"""Kinds of error after which a person is asked how it goes on.

The others have a place of their own: `budget` its panel, `no_route` the key dialog that the picker
and the first run open, after which it is sent; `cancelled` was the person's own word.
"""
ASKED_LATE = frozenset({"rate_limit", "overloaded", "quota"})
"""Those of them where some of the answer was seen already; else it can be gone on with (Enter)."""
OWN = ("own_key", "endpoint", "cloud_account")
MOST_LARGER = 2
MOST_LOOKED_AT = 60
"""Models of one connection that are looked at for a larger context."""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The request that failed.

    Args:
        model: As picked.
        connection, payer: Its route.
        kind: The error's.
        context: Tokens that its model takes; None: not known.
        waits: It is tried again by itself after a while.
        sums_up: A summary could take the place of the conversation.
    """

    model: str
    connection: str
    payer: Payer
    kind: str
    context: int | None = None
    waits: bool = False
    sums_up: bool = False


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way on; `payer` None: it bears on no route."""

    what: WayKind
    model: str = ""
    connection: str = ""
    payer: Payer | None = None
    label: str = ""


ContextOf = Callable[[str, str], int | None]
"""The tokens that a model takes over a connection."""


def ways_out(situation: Situation, failed: Failed, context_of: ContextOf) -> tuple[Way, ...]:
    """The ways on, in the order in which they are offered; none for a kind that is not asked of.

    Args:
        situation: What there is; its model is the one that was asked for.
        failed: The request.
        context_of: Looked up where a larger model is wanted.
    """
    if failed.kind not in ASKED:
        return ()
    ways = list(_here(situation, failed))
    if failed.kind == "not_found" or failed.kind == "bad_request":
        ways = [one for one in (_other_model(situation, failed), *ways) if one is not None]
        return tuple(ways)
    if failed.kind == "context_length":
        ways += _larger(situation, failed, context_of)
        return tuple(ways)
    if failed.kind in LIMITED or failed.kind in ("invalid_key", "permission", "out_of_credits"):
        ways += _other_keys(situation, failed)
    if (other := _other_model(situation, failed)) is not None:
        ways.append(other)
    if failed.kind in PASSING or failed.kind in ("quota", "out_of_credits"):
        ways += _on_credits(situation, failed)
    return tuple(ways)


def _here(situation: Situation, failed: Failed) -> Iterator[Way]:
    """What goes on where it failed."""
    here = next((one for one in situation.connections if one.id == failed.connection), None)
    label = "" if here is None else here.label
    match failed.kind:
        case "invalid_key" if failed.payer in ("own_key", "endpoint", "credits"):
            what: WayKind = "new_key"
        case "invalid_key":
            what = "again"
        case "context_length" if not failed.sums_up:
            return
        case "context_length":
            what = "compact"
        case "content_filter" | "bad_request":
            what = "edit"
        case "not_found":
            return
        case _:
            what = "wait" if failed.waits else "again"
    if what == "edit":
        yield Way(what=what)
        return
    yield Way(
        what=what, model=failed.model, connection=failed.connection, payer=failed.payer, label=label
    )


def _other_keys(situation: Situation, failed: Failed) -> Iterator[Way]:
    """The same model on another account of the person's own."""
    for one in situation.connections:
        if one.id != failed.connection and one.kind in OWN and one.serves(failed.model):
            way = _by(situation, one, failed.model, "key")
            if way is not None:
                yield way
                return


def _other_model(situation: Situation, failed: Failed) -> Way | None:
    """The best of another maker or place; of the same account only where limits are a model's."""
    spent = failed.kind == "out_of_credits"  # what fails is the account, and no maker
    maker = "" if spent else failed.model.partition("/")[0]
    elsewhere = [
        one
        for one in situation.connections
        if one.id != failed.connection
        and one.kind != "credits"
        and not (one.kind == "own_key" and one.provider == maker)
    ]
    if failed.kind == "network":  # what needs none goes first
        elsewhere.sort(key=lambda one: one.kind != "local")
    if failed.kind in ("rate_limit", "overloaded", "content_filter") or failed.kind in STAYING:
        elsewhere += [one for one in situation.connections if one.id == failed.connection]
    for one in elsewhere:
        model = next((name for name in one.models if name != failed.model), None)
        way = None if model is None else _by(situation, one, model, "model")
        if way is not None and way.payer != "credits":
            return way
    return None


def _on_credits(situation: Situation, failed: Failed) -> Iterator[Way]:
    """Credits, where something else has paid or another service, and some are left."""
    spent = failed.kind == "out_of_credits"
    if (failed.payer not in OWN and not spent) or situation.model == OWN_BEST:
        return
    services = [
        one
        for one in situation.connections
        if one.kind == "credits" and one.has_credits and one.id != failed.connection
    ]
    services.sort(key=lambda one: not one.serves(failed.model))
    for one in services:
        model = on_credits(one, failed.model)
        way = None if model is None else _by(situation, one, model, "credits")
        if way is not None:
            yield way
            return


def _larger(situation: Situation, failed: Failed, context_of: ContextOf) -> list[Way]:
    """Models that take more, those of the same account first and the smallest that is enough."""
    found: list[tuple[bool, int, Way]] = []
    for one in situation.connections:
        if one.kind == "credits":
            continue
        for model in one.models[:MOST_LOOKED_AT]:
            context = None if model == failed.model else context_of(model, one.id)
            if context is None or context <= (failed.context or 0):
                continue
            way = _by(situation, one, model, "model")
            if way is not None and way.payer != "credits":
                found.append((one.id != failed.connection, context, way))
    found.sort(key=lambda one: one[:2])
    return [way for _, _, way in found[:MOST_LARGER]]


def _by(situation: Situation, to: Connection, model: str, what: WayKind) -> Way | None:
    """A way over this connection, where the rules let it serve the model."""
    route = decide_via(msgspec.structs.replace(situation, model=model), to.id)
    if isinstance(route, Refused) or route.connection is None:
        return None
    return Way(what=what, model=route.model, connection=to.id, payer=route.payer, label=to.label)
