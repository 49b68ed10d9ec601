"""What the picker says of its models, in words and in an order (pure)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

import msgspec

from tui.console.sidebar.marker import colour
from tui.session.replies import ModelRow
from tui.text import cell_width

SECTIONS = {
    "anthropic": "Anthropic",
    "openai": "OpenAI",
    "google": "Google",
    "local": "This machine",
}
FIRST_OF_UNSERVED = 4
"""So many models of a maker without a key; the rest is found by the filter, or a click."""


class Line(msgspec.Struct, frozen=True):
    """One line of the list: a section's head, a model by its place in the rows, or air.

    Args:
        head: Title of a section, or how many more there are.
        right: What stands at the right end of it.
        style: Style of `right`, and whether it is the name of a theme variable.
        row: Index of a model among the rows.
        more: The maker of whom so many models are not shown.
    """

    head: str | None = None
    right: str = ""
    style: str = "faint"
    row: int | None = None
    more: str | None = None


def sections(
    rows: Sequence[ModelRow], current: str | None, opened: Collection[str] = ()
) -> list[Line]:
    """The unfiltered list: what is served first, makers in their own order, then the rest.

    Args:
        rows: In the catalogue's order.
        current: The session's model; it is always among what is shown.
        opened: Makers of whom all is shown.
    """
    groups: dict[tuple[bool, str], list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault((row.payer is None, row.provider), []).append(index)
    lines: list[Line] = []
    for unserved, provider in sorted(groups, key=lambda group: group[0]):
        members = groups[unserved, provider]
        if lines:
            lines.append(Line())
        lines.append(_head(rows[members[0]]))
        shown = members
        if unserved and provider not in opened:
            shown = members[:FIRST_OF_UNSERVED]
            shown += [at for at in members[len(shown) :] if rows[at].id == current]
        lines += [Line(row=at) for at in shown]
        if hidden := len(members) - len(shown):
            lines.append(Line(head=str(hidden), style="faint", more=provider))
    return lines


def _head(first: ModelRow) -> Line:
    title = SECTIONS.get(first.provider, first.provider)
    if first.provider == "local":
        return Line(head=title, right="free", style="mute")
    if first.payer is None:
        return Line(head=title, right="no key", style="faint")
    return Line(head=title, right=first.label, style=colour(first.payer).removeprefix("$"))


def short_name(name: str, room: int) -> str:
    """A name that has to fit: its stage goes first, then what its section's head says already."""
    for shorter in (name.removesuffix(" Preview"), name.removeprefix("Claude ")):
        if cell_width(name) > room:
            name = shorter
    return name


def price(row: ModelRow, *, slim: bool = False) -> tuple[str, str]:
    """What stands at a row's right end, and its style: prices in dollars per million, or a way."""
    if row.payer is None:
        way = "get it" if row.provider == "local" else "add key"
        return way.split()[0] if slim else way, "focus"
    if row.payer == "nobody":
        return "0", "mute"
    if row.input_usd is None or row.output_usd is None:
        return "?", "mute"
    return f"{short_usd(row.input_usd)} / {short_usd(row.output_usd)}", "mute"


def short_usd(usd: str) -> str:
    """An amount without the zeros behind it."""
    return usd.rstrip("0").rstrip(".") if "." in usd else usd


def next_prompt_nano(usd_per_million: str | None, context_tokens: int | None) -> int | None:
    """What sending the conversation as it stands costs at this price, in nano-dollars.

    None where the price or the length is unknown, and where there is no conversation yet.
    """
    if not context_tokens or usd_per_million is None:
        return None
    return int(Decimal(usd_per_million) * context_tokens * 1000)
