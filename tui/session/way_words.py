"""A failed request's ways on, and a payer that changes, in words: the same on every screen (pure).

All of it is neutral; what came from outside passes `tui.text.neutralise` here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tui.events.failing import (
    PayerAnswered,
    PayerAsked,
    PayerChoice,
    WayOut,
    WayOutAsked,
    WayOutTaken,
)
from tui.events.route import FallbackTaken, Payer
from tui.money import show_usd
from tui.session.credit_talk import CreditRow
from tui.session.words import Names, about_a_key, error_words
from tui.text import neutralise

_PAYERS: dict[Payer, str] = {
    "own_key": "your key", "endpoint": "your endpoint", "cloud_account": "your cloud account",
    "credits": "credits", "nobody": "nobody",
}  # fmt: skip
_SHORT_PAYERS: dict[Payer, str] = {
    "own_key": "a key",
    "credits": "credits",
    "endpoint": "an endpoint",
    "cloud_account": "a cloud account",
    "nobody": "this machine",
}
TOPPED_UP = frozenset({"quota", "out_of_credits"})
"""Kinds that end when somebody pays in."""
_BETTER: dict[str, str] = {
    "permission": "Another key may be allowed it, or another model on this one.",
    "not_found": "It is gone there, or was never there under this name: another model is.",
    "bad_request": "Another model may take it; what it said stands above.",
}
_AFTER: dict[str, str] = {
    "rate_limit": "a rate limit", "overloaded": "an overload", "server": "a failure there",
    "timeout": "no answer in time", "network": "a network failure",
    "quota": "an empty account",
}  # fmt: skip


def failed_title(asked: WayOutAsked, names: Names) -> tuple[str, str]:
    """What is the matter, and the label that ends the sentence; the label may be empty."""
    if asked.kind == "out_of_credits" and asked.label:
        return "Too few credits at", _clean(asked.label)
    who = _clean(names.provider(asked.model, asked.connection))
    named = about_a_key(asked.kind, who) if asked.payer == "own_key" else None
    if named is not None and asked.label:
        return named, _clean(asked.label)
    return error_words(asked.kind, who), ""


def failed_body(asked: WayOutAsked, tz: dt.tzinfo | None) -> str:
    """What is to be known before an answer."""
    said: list[str] = []
    if asked.kind == "rate_limit":
        said.append(_limit(asked, tz))
    if asked.kind == "quota":
        where = f" at {_clean(asked.address)}" if asked.address else ""
        said.append(f"Top up the account behind it{where}, or go on another way.")
    if asked.kind == "out_of_credits":
        said.append(_topping_up(asked))
    if asked.kind in _BETTER:
        said.append(_BETTER[asked.kind])
    if asked.kind == "context_length":
        said.append("A summary in its place, or a model that takes more.")
    if asked.kind == "content_filter":
        said.append("Say it another way, or ask another model; what it said stands above.")
    if asked.allowed_nano is not None:
        can = (
            "nobody knows what" if asked.most_nano is None else f"at least {_usd(asked.most_nano)}"
        )
        said.append(
            f"Credit fallback may take {_usd(asked.allowed_nano)} in this turn, and it can cost "
            f"{can}: it was not taken."
        )
    said.append("What is above is kept." if asked.request else "Nothing was sent.")
    return " ".join(one for one in said if one)


def way_words(way: WayOut, asked: WayOutAsked) -> str:
    """What a way does."""
    match way.what:
        case "wait":
            return "Wait, then go on here"
        case "again":
            return "It is topped up: try again" if asked.kind in TOPPED_UP else "Try again here"
        case "new_key":
            return "Replace the key, then go on here"
        case "key" if way.payer == "own_key":
            return f"Go on now with {'another' if asked.payer == 'own_key' else 'an'} own key"
        case "key":
            return f"Go on now over {_PAYERS[way.payer or 'endpoint']}"
        case "model" if asked.kind == "context_length":
            return "Go on with a model that takes more"
        case "model":
            return "Go on now with another model"
        case "credits":
            return "Go on now on credits, this once"
        case "compact":
            return "Sum up what was said, then go on here"
        case "edit":
            return "Edit the prompt"


def short_words(way: WayOut, asked: WayOutAsked) -> str:
    """The same in two or three words, where little room is left beside what it costs."""
    match way.what:
        case "wait":
            return "Wait, then go on"
        case "again":
            return "Topped up: again" if asked.kind in TOPPED_UP else "Try again here"
        case "new_key":
            return "Replace the key"
        case "key" if way.payer == "own_key":
            return "Another own key" if asked.payer == "own_key" else "An own key"
        case "key":
            return f"Over {_SHORT_PAYERS[way.payer or 'endpoint']}"
        case "model" if asked.kind == "context_length":
            return "A larger model"
        case "model":
            return "Another model"
        case "credits":
            return "Credits, once"
        case "compact":
            return "Sum up, go on"
        case "edit":
            return "Edit the prompt"


def always_words(asked: WayOutAsked) -> str | None:
    """The rule that could be made, or None."""
    if asked.always_nano is None:
        return None
    after = _AFTER.get(asked.kind, "this")
    return f"Always on credits after {after}, up to {_usd(asked.always_nano)} a turn"


def price_words(way: WayOut, services: Sequence[CreditRow] = ()) -> str:
    """What the next request costs there; empty where it sends none.

    Args:
        way: The way.
        services: What is left where; a service that has a unit is told in it, as `≈ 19 of 1 204`.
    """
    if way.payer is None:
        return ""
    if way.payer == "nobody":
        return "free"
    if way.nano is None:
        return "?"
    one = next((one for one in services if one.name == way.connection), None)
    if way.payer == "credits" and one is not None:
        from tui.credits.amounts import credits_of
        from tui.credits.words import about_credits, credits_words

        taken = credits_of(way.nano, one.rate)
        if taken is not None and one.credits is not None:
            return f"{about_credits(taken)} of {credits_words(Decimal(one.credits))}"
    return f"≈ {_column(way.nano)}{' cold' if way.cold else ''}"


def way_line(way: WayOut, asked: WayOutAsked, names: Names) -> str:
    """All of a way in one sentence, without colours."""
    words = way_words(way, asked)
    if way.payer is None:
        return f"{words}."
    price = price_words(way).replace("≈ ", "about ")
    return f"{words}: {_clean(names.model(way.model))} on {_whose(way.payer, way.label)}, {price}."


def taken_words(event: WayOutTaken, names: Names) -> str:
    """How it goes on; empty where that needs no word."""
    way = event.way
    if way is None:
        return "stopped by you"
    rule = ""
    if event.always_nano is not None:
        rule = f", from now on without a question up to {_usd(event.always_nano)} a turn"
    match way.what:
        case "wait" | "again":
            return ""
        case "new_key":
            return "went on here"
        case "compact":
            return "summed up by your word"
        case "edit":
            return "stopped to edit the prompt"
        case "key" | "model" | "credits":
            model = _clean(names.model(way.model))
            if way.payer is None:
                return f"went on with {model}"
            once = "this once" if way.what == "credits" else "for this turn"
            return (
                f"went on with {model} on {_whose(way.payer, way.label)}, {once}, "
                f"{price_words(way)}{rule}"
            )


def fallback_words(event: FallbackTaken, names: Names) -> str:
    """That a request goes on over another route, with its model, its price and who pays."""
    if event.payer is None:
        return f"went on with {event.target} instead of {event.source}: {event.why}"
    price = "at a price that is not known" if event.nano is None else f"≈ {_usd(event.nano)}"
    model, whose = _clean(names.model(event.model)), _whose(event.payer, event.label)
    return f"went on with {model} on {whose}, {price}: {_clean(event.why)}"


# A payer that changes.


class PayerAnswer(msgspec.Struct, frozen=True):
    """One answer: its words, what there is to know of it, and what is sent."""

    words: str
    aside: str
    choice: PayerChoice


def payer_title(asked: PayerAsked) -> str:
    """What is the matter."""
    if asked.before == "nobody":
        return f"{_capital(_whose(asked.payer, asked.label))} would pay from here on"
    return f"{_capital(_whose(asked.payer, asked.label))} would pay now"


def payer_body(asked: PayerAsked, names: Names) -> str:
    """Who paid, who would pay, why, and how much."""
    before = _whose(asked.before, asked.before_label)
    price = "at a price that nobody knows" if asked.nano is None else f"≈ {_usd(asked.nano)}"
    model = _clean(names.model(asked.model))
    paid = "Nobody paid" if asked.before == "nobody" else f"{_capital(before)} paid"
    return (
        f"{paid} so far. The next request to {model}, {price}, would go on "
        f"{_whose(asked.payer, asked.label)}: {_clean(asked.why)}. Nothing was sent."
    )


def payer_answers(asked: PayerAsked) -> tuple[PayerAnswer, ...]:
    """The answers in their order; the last one stops."""
    whose = _whose(asked.payer, asked.label)
    return (
        PayerAnswer("Yes, go on", f"on {whose}", "once"),
        PayerAnswer("Yes, always in this session", "whoever pays", "session"),
        PayerAnswer("No, stop here", "what is above stays", "stop"),
    )


def payer_words(event: PayerAnswered) -> str:
    """What was said to it."""
    whose = "another" if event.payer is None else _whose(event.payer, event.label)
    match event.choice:
        case "once":
            return f"from here on {whose} pays, you said"
        case "session":
            return f"from here on {whose} pays; in this session you are not asked again"
        case "model":
            return "another model was picked"
        case "stop":
            return f"{whose} was not taken: stopped by you"


def _topping_up(asked: WayOutAsked) -> str:
    if asked.address:
        return f"Top up {_clean(asked.label)}: {_clean(asked.address)}. Or go on another way."
    return f"Top up {_clean(asked.label)}, or go on another way."


def _limit(asked: WayOutAsked, tz: dt.tzinfo | None) -> str:
    parts: list[str] = []
    if (one := asked.limit) is not None and one.limit is not None and one.remaining is not None:
        what = _capital(_clean(one.what).replace("_", " "))
        parts.append(f"{what}, {one.limit - one.remaining:,} of {one.limit:,} used")
    if asked.resets is not None:
        at = asked.resets.astimezone(tz)
        parts.append(f"{'r' if parts else 'R'}esets {at:%H:%M:%S}")
    return "; ".join(parts) + "." if parts else "When it resets is not told."


def _whose(payer: Payer, label: str) -> str:
    if payer == "nobody":
        return "this machine"
    if payer == "credits":
        return f"{_clean(label)} credits" if label else "credits"
    return f"{_PAYERS[payer]} {_clean(label)}".rstrip()


def _clean(text: str) -> str:
    return neutralise(text, strict=True)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _column(nano: int) -> str:
    """As prices stand below each other: three places, where that is not nothing."""
    return f"${nano / 10**9:,.3f}" if nano >= 500_000 or nano == 0 else "< $0.001"


def _usd(nano: int) -> str:
    """Shorter than a receipt has it: three places."""
    if nano >= 10_000_000:
        return f"${nano / 10**9:,.3f}" if nano % 10_000_000 else f"${nano / 10**9:,.2f}"
    return show_usd(nano)
