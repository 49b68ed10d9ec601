"""What was spent in words: the names of its groups (pure, neutral text)."""

from __future__ import annotations

from decimal import Decimal

from tui.events.money import ChargeLine
from tui.money import NANO, plain
from tui.store.spent import Group, Receipt
from tui.text import neutralise

_A_MILLION = 1_000_000
_LEAST_UNIT = Decimal("0.0005")
"""Dollars: what costs less apiece is told by the million."""

_PAYERS = {
    "own_key": "your keys",
    "endpoint": "endpoints",
    "cloud_account": "cloud accounts",
    "credits": "credits",
    "platform_credits": "platform credits",
    "nobody": "this machine",
}
_UNKNOWN: dict[Group, str] = {
    "day": "no day",
    "model": "model not known",
    "key": "key not known",
    "folder": "folder not known",
    "session": "session not known",
    "payer": "payer not known",
}


def group_name(by: Group, key: str, name: str = "") -> str:
    """A row's group for a person.

    Args:
        by: What the row is of.
        key: Its key; empty where that is not known.
        name: A key's label, a session's title.
    """
    if not key:
        return _UNKNOWN[by]
    if by == "payer":
        return _PAYERS.get(key, neutralise(key, strict=True))
    if by == "session":
        return neutralise(name, strict=True) or "a session that was removed"
    return neutralise(name or key, strict=True)


def exact_usd(nano: int | None) -> str:
    """All the digits of an amount; `?` where it is not known."""
    return "?" if nano is None else f"${plain(nano * NANO)}"


def line_words(line: ChargeLine) -> tuple[str, str, str, str]:
    """A receipt's line: what, how many, at what price, how much; exact.

    Tokens are priced by the million, as price lists have them.
    """
    unit = line.unit_usd
    if unit is None:
        price = "at a price nobody knows"
    elif unit and abs(unit) < _LEAST_UNIT:
        price = f"× ${plain(unit * _A_MILLION)} a million"
    else:
        price = f"× ${plain(unit)}"
    many = f"{line.quantity:,f}"
    usd = "?" if line.usd is None else f"${plain(line.usd)}"
    return neutralise(line.what.replace("_", " "), strict=True), many, price, usd


def about_receipt(receipt: Receipt) -> list[str]:
    """How sure a receipt is and who says so; the provider's id of the request."""
    by = neutralise(receipt.priced_by, strict=True)
    match receipt.sureness:
        case "exact":
            said = f"exact: {by}"
        case "priced":
            said = f"usage × price list: {by}"
        case "estimated":
            said = f"an estimate: {by}"
        case "":
            said = "its session was removed: the sum stays, the lines are gone"
        case _:
            said = f"not known: {by}"
    theirs = neutralise(receipt.theirs, strict=True)
    if receipt.credits is not None:
        said = f"{plain(receipt.credits * NANO)} credits, {said}"
    return [said, *([f"request {theirs}"] if theirs else [])]


def what_for(receipt: Receipt) -> str:
    """What a receipt is for, beside the conversation's own requests."""
    if receipt.payer == "platform_credits":
        return "for running the agent"
    return "summary of the conversation" if receipt.side == "summary" else ""
