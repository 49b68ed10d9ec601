"""Who serves a request and who pays: a pure function over values (routes/README.md, rules 1-4).

Own keys come before everything else; a local model is paid by nobody; what nothing serves is
refused with the reason and what would help. There are no credits here to fall to.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tui.events.route import Payer
from tui.routing.connections import Connection

TABLE_VERSION = 1

_PAYER: dict[str, Payer] = {"own_key": "own_key", "endpoint": "endpoint", "local": "nobody"}
_MAKERS = {"anthropic": "Anthropic", "openai": "OpenAI", "google": "Google"}


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The connection and payer of one request, with the reason in words."""

    connection: Connection
    payer: Payer
    why: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing serves the model: why, and what would help."""

    why: str
    hint: str


def decide(model: str, connections: Sequence[Connection]) -> Route | Refused:
    """The route of a request to `model` (`provider/id`), from these connections alone.

    Order: the own key that is the default of its provider, then in the order given.
    """
    serving = [c for c in connections if c.serves(model)]
    own = sorted((c for c in serving if c.kind == "own_key"), key=lambda c: not c.default)
    chosen = (own or [c for c in serving if c.kind != "own_key"] or [None])[0]
    if chosen is None:
        return _refuse(model)
    return Route(connection=chosen, payer=_PAYER[chosen.kind], why=_why(chosen, len(own)))


def _why(chosen: Connection, own_keys: int) -> str:
    match chosen.kind:
        case "own_key":
            maker = _MAKERS.get(chosen.provider, chosen.provider)
            which = " (the default)" if own_keys > 1 and chosen.default else ""
            return f"your own {maker} key {chosen.label}{which} serves it; own keys come first"
        case "endpoint":
            return f"your endpoint {chosen.label} serves it"
        case "local":
            return "it runs on this machine; nobody pays"


def _refuse(model: str) -> Refused:
    provider = model.split("/", 1)[0]
    if not model:
        return Refused(
            why="no model is chosen",
            hint="Add a key (`ownkey keys add anthropic`), or `ownkey local get` for a free model.",
        )
    if provider in _MAKERS:
        return Refused(
            why=f"no {_MAKERS[provider]} key is in use, and nothing else serves {model}",
            hint=f"Add one: `ownkey keys add {provider}`, or in the console choose the model (F2).",
        )
    if provider == "local":
        return Refused(
            why=f"{model} is not on this machine",
            hint="`ownkey local get` fetches one, `ownkey local add FILE.gguf` takes yours.",
        )
    return Refused(
        why=f"no connection is called {provider!r}",
        hint="`ownkey models` lists what can be picked.",
    )
