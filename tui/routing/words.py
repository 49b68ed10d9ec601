"""The reasons of routes in words: why a connection serves, why nothing may, what would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.errors import KINDS
from tui.routing.table import AUTO_MODELS, OWN_BEST, SMALL, UP_TO_TEN, Refusal

if TYPE_CHECKING:
    from tui.routing.connections import Connection
    from tui.routing.policy import Situation

_MAKERS = {"anthropic": "Anthropic", "openai": "OpenAI", "google": "Google"}
_PLATFORM = "; platform credits for the agent's active time come on top"
_MOST = UP_TO_TEN[1]

FALLBACK_OFF = "credit fallback is off"
NO_CREDITS_LEFT = "no credits are left to fall back to"
NOT_FROM_CREDITS = "nothing falls from credits to another payer without your yes"
CHOSEN = "this way was chosen by you for this once: what follows is your choice again"
NOBODY_PAYS = "what nobody pays for does not fall to credits"
OWN_BEST_STAYS = "own-best never takes credits"


def served(
    chosen: Connection | None, situation: Situation, *, model: str, among: int, platform: bool
) -> str:
    """Why this connection serves it; None: the run needs none."""
    if chosen is None:
        return "suggestions cost nothing; one that you accept is a prompt like any other"
    why = _served_by(chosen, among) + (_PLATFORM if platform else "")
    if situation.model != OWN_BEST:
        return why
    return f"own-best: {why}" if model == OWN_BEST else f"own-best picks {model}: {why}"


def _served_by(chosen: Connection, among: int) -> str:
    match chosen.kind:
        case "own_key":
            key = f"your own {_maker(chosen)} key {chosen.label}{_which(chosen, among)}"
            return f"{key} serves it; own keys come first"
        case "endpoint":
            return f"your endpoint {chosen.label} serves it"
        case "cloud_account":
            return f"your cloud account {chosen.label} serves it"
        case "local":
            return "it runs on this machine; nobody pays"
        case "credits":
            return f"{chosen.label} offers it"


def _which(key: Connection, among: int) -> str:
    if among == 1:
        return ""
    return " (this folder's)" if key.pinned else " (the default)" if key.default else ""


def on_credits(service: Connection, situation: Situation, *, barred: bool, platform: bool) -> str:
    """Why credits pay. `barred`: an own key would serve it, but the plan forbids it."""
    if situation.run == "cloud":
        why = f"cloud runs always take credits; {service.label} offers it"
    elif situation.run == "codebase_context":
        why = f"hosted codebase context takes credits; {service.label} offers it"
    elif situation.model in AUTO_MODELS:
        why = f"{situation.model} always takes credits, whatever keys there are"
    elif barred:
        why = f"{_gate('own keys', situation)}; {service.label} offers it"
    else:
        why = f"no key of yours serves it; {service.label} offers it"
    return why + ("; platform credits come on top" if platform else "")


def retry(tries_left: int) -> str:
    """It may pass by itself."""
    more = "once more" if tries_left == 1 else f"up to {tries_left} more times"
    return f"it may pass by itself: waits and tries again on the same route, {more}"


def fall_back(service: Connection, model: str) -> str:
    """Credits pay for this one request."""
    what = f"{model} there" if service.serves(model) else f"a model that {service.label} provides"
    return (
        f"credit fallback is on: this request goes on with credits of {service.label}, {what}; "
        "the next turn tries your own route first again"
    )


def chosen(why: str) -> str:
    """A way that a person has chosen."""
    return f"chosen by you: {why}"


def halt(kind: str, *, shown: bool) -> str:
    """It stops whatever the settings."""
    if shown:
        return "some of the answer has been shown: it is kept, and nothing is tried by itself"
    return f"{kind} stops at once, whatever the settings. {_next_step(kind)}".rstrip()


def halt_without(kind: str, no_fallback: str) -> str:
    """It could fall back, but does not."""
    return f"stops: {no_fallback}. {_next_step(kind)}".rstrip()


def _next_step(kind: str) -> str:
    return KINDS[kind].next_step if kind in KINDS else ""


def refusal(
    situation: Situation, reason: Refusal, concerned: Sequence[Connection]
) -> tuple[str, str]:
    """Why nothing may serve it, and what would help. `concerned`: what would, but may not."""
    match reason:
        case "out_of_credits":
            return _out_of_credits(situation, concerned)
        case "plan":
            return _plan(situation, concerned[0])
        case "no_route":
            if situation.run != "local":
                return _not_offered(situation)
            return _no_route(situation.model, situation.connections)


def _out_of_credits(situation: Situation, services: Sequence[Connection]) -> tuple[str, str]:
    names = " and ".join(one.label for one in services)
    known = [one for one in services if one.balance is not None]
    why = f"no credits are left at {names}" if known else f"the balance of {names} is not known"
    hint = f"Top up {names}" if known else f"See what is left at {names}"
    if situation.run != "local":
        return why, f"{hint}{_here(situation)}."
    if situation.model in AUTO_MODELS:
        return why, f"{hint}, or choose a model by name, or own-best."
    provider = situation.model.partition("/")[0]
    if provider in _MAKERS and not _gated(situation):
        return why, f"{hint}, or add a key of your own: `ownkey keys add {provider}`."
    return why, f"{hint}, or choose another model (F2)."


def _plan(situation: Situation, barred: Connection) -> tuple[str, str]:
    plan = situation.plan.capitalize()
    settings = "`account.plan` and `account.org_size` in the settings say which plan this is."
    if barred.kind == "cloud_account":
        why = f"your cloud account {barred.label} serves it, and plan {plan} has no cloud accounts"
        return why, f"Personal and Enterprise have them. {settings}"
    if barred.kind == "endpoint":
        return (
            f"{_gate('endpoints', situation)}",
            f"Business and Enterprise have no such limit. {settings}",
        )
    why = f"{_gate('own keys', situation)}, and no credit service offers {situation.model}"
    return why, f"Business and Enterprise have no such limit. {settings}"


def _gate(what: str, situation: Situation) -> str:
    plan = situation.plan.capitalize()
    people = situation.org_size
    return f"{what} on {plan} are for up to {_MOST} people, and this organisation has {people}"


def _gated(situation: Situation) -> bool:
    return situation.plan in SMALL and situation.org_size > (_MOST or 0)


def _not_offered(situation: Situation) -> tuple[str, str]:
    """A run that takes credits alone, of a model that no credit service offers."""
    cloud = situation.run == "cloud"
    what = "a cloud run" if cloud else "hosted codebase context"
    if situation.model == OWN_BEST:
        why = f"own-best picks among what lies on this device, and {what} uses none of it"
        return why, f"Choose a model that a credit service offers{_here(situation)}."
    why = f"{what} takes credits alone, and no credit service offers {situation.model}"
    return why, f"Choose a model that one offers{_here(situation)}."


def _here(situation: Situation) -> str:
    """The other way, where there is one: what needs no credits on this machine."""
    if situation.run == "codebase_context":
        return ", or let the agent search on this machine, which takes no credits"
    here = (one for one in situation.connections if one.kind != "credits")
    serving = next((one for one in here if one.serves(situation.model)), None)
    return "" if serving is None else f", or run it on this machine: {serving.label} serves it here"


def _no_route(model: str, connections: Sequence[Connection]) -> tuple[str, str]:
    provider, _, id = model.partition("/")
    if not model:
        return (
            "no model is chosen",
            "Add a key (`ownkey keys add anthropic`), or `ownkey local get` for a free model.",
        )
    if model == OWN_BEST:
        return (
            "no key, endpoint or local model of yours serves anything yet",
            "Add a key (`ownkey keys add anthropic`), or `ownkey local get` for a free model.",
        )
    if model in AUTO_MODELS:
        return (
            f"{model} takes credits, and no credit service offers it",
            "Choose a model by name, or own-best: the best that your own keys serve.",
        )
    if not provider or not id:
        return (
            f"{model!r} names no model",
            "A model is named maker/id: `ownkey models` lists what can be picked.",
        )
    if provider in _MAKERS:
        return (
            f"no {_MAKERS[provider]} key is in use, and nothing else serves {model}",
            f"Add one: `ownkey keys add {provider}`, or in the console choose the model (F2).",
        )
    if provider == "local":
        return (
            f"{model} is not on this machine",
            "`ownkey local get` fetches one, `ownkey local add FILE.gguf` takes yours.",
        )
    named = next((one for one in connections if one.id == provider), None)
    why = (
        f"no connection is called {provider!r}"
        if named is None
        else f"{named.label} does not serve {model}"
    )
    return why, "`ownkey models` lists what can be picked."


def _maker(key: Connection) -> str:
    return _MAKERS.get(key.provider, key.provider)
