"""What the picker lists and in which order: sections, or what the filter finds (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from tui.console.sidebar.marker import colour, word
from tui.session.replies import Marks, ModelRow
from tui.text import cell_width
from tui.text.filter import Finder

SECTIONS = {
    "anthropic": "Anthropic",
    "openai": "OpenAI",
    "google": "Google",
    "local": "This machine",
}
FOUND = {"ollama": "Ollama", "lmstudio": "LM Studio", "llama.cpp": "llama.cpp"}
"""Local servers that answer on this machine and are not used, by the provider of their rows."""

FIRST_OF_UNSERVED = 4
"""So many models of a maker without a key; the rest is found by the filter, or opened."""
FIRST_OF_SERVED = 8
RECENT = 3
"""So many of the models used last stand on top, favourites not among them."""

FAVOURITES, LATEST = "favourites", "recent"
NO_MARKS = Marks()


class Line(msgspec.Struct, frozen=True):
    """One line of the list: a section's head, a model by its place in the rows, or air.

    Args:
        head: Title of a section, or how many more there are.
        right: What stands at the right end of it.
        style: Style of `right`, and whether it is the name of a theme variable.
        row: Index of a model among the rows.
        more: The section of which so many models are not shown; with no head: all are.
        group: The section that a model is listed in; the same model may stand in several.
        left: Style of `head`.
    """

    head: str | None = None
    right: str = ""
    style: str = "faint"
    row: int | None = None
    more: str | None = None
    group: str = ""
    left: str = "mute"

    @property
    def reached(self) -> bool:
        """Whether the cursor can stand on it."""
        return self.row is not None or self.more is not None


def sections(
    rows: Sequence[ModelRow],
    current: str | None,
    opened: Collection[str] = (),
    marks: Marks = NO_MARKS,
) -> list[Line]:
    """The unfiltered list: favourites, what was used last, then sections by who serves.

    What is served stands first, makers in their own order, then the rest.

    Args:
        rows: In the catalogue's order.
        current: The session's model; it is always among what is shown.
        opened: Sections of which all is shown.
        marks: What the person likes and used.
    """
    groups: dict[tuple[bool, str], list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault((row.payer is None, _section(row)), []).append(index)
    lines = list(_on_top(rows, current, marks))
    several = len({row.connection for row in rows if row.payer == "credits"}) > 1
    places = {group: _place(rows[members[0]]) for group, members in groups.items()}
    for unserved, name in sorted(groups, key=lambda group: (group[0], places[group])):
        members = sorted(groups[unserved, name], key=lambda at: not rows[at].auto)
        first = FIRST_OF_UNSERVED if unserved else FIRST_OF_SERVED
        # What is served and what is not can bear one name; each is opened by itself.
        key = f"{name} unserved" if unserved and (False, name) in groups else name
        shown = members
        if key not in opened and len(members) > first + 1:
            shown = members[:first]
            shown += [at for at in members[first:] if rows[at].id == current]
        head = _head(rows[members[0]], several=several)
        lines += [Line(), head] if lines else [head]
        lines += [Line(row=at, group=key) for at in shown]
        if hidden := len(members) - len(shown):
            lines.append(Line(head=str(hidden), more=key))
        elif key in opened and len(members) > first + 1:
            lines.append(Line(more=key))
    return lines


def _on_top(rows: Sequence[ModelRow], current: str | None, marks: Marks) -> Iterator[Line]:
    """Favourites and the last used; these only where there is one to go back to."""
    places = {row.id: at for at, row in enumerate(rows)}
    liked = [places[id] for id in marks.favourites if id in places]
    recent = [id for id in marks.recent if id in places and id not in marks.favourites]
    used = [places[id] for id in recent[:RECENT]] if set(recent) - {current} else []
    for title, key, members in (("Favourites", FAVOURITES, liked), ("Recent", LATEST, used)):
        if members:
            if key == LATEST and liked:
                yield Line()
            yield Line(head=title)
            for at in members:
                yield Line(row=at, group=key)


def finder(rows: Sequence[ModelRow]) -> Finder:
    """What finds these models: by name and id, else by who makes, serves or pays for them."""
    names = [(row.name, row.id, row.id.partition("/")[2]) for row in rows]
    asides = [
        f"{SECTIONS.get(row.provider, row.provider)} {row.label} "
        + (word(row.payer) if row.payer is not None else "add key")
        for row in rows
    ]
    return Finder(names, asides)


def standings(rows: Sequence[ModelRow], marks: Marks) -> list[int]:
    """Which of two that fit alike stands first: what is served, favourites, what was used last."""
    liked = {id: place for place, id in enumerate(marks.favourites)}
    used = {id: place for place, id in enumerate(marks.recent)}
    last = len(liked) + len(used)
    return [
        ((row.payer is None) * (last + 1) + liked.get(row.id, last)) * (last + 1)
        + used.get(row.id, last)
        for row in rows
    ]


def found(query: str, by: Finder, before: Sequence[int]) -> list[Line]:
    """What the filter lets through: by how it fits, then as it stands, then how well it fits.

    Args:
        query: Not empty.
        by: Made of all rows.
        before: Their `standings`.
    """
    order = sorted((one.fit, before[one.place], *one[1:]) for one in by.find(query))
    return [Line(row=key[-1]) for key in order]


def nothing(query: str) -> list[Line]:
    """What stands in an empty list: why, and what to do."""
    if not query:
        return [Line(head="The list is being read …")]
    return [
        Line(head="Nothing fits.", left="soft"),
        Line(),
        Line(head="Backspace  one less"),
        Line(head="Esc        show all"),
        Line(head="/key       add a key"),
    ]


def _section(row: ModelRow) -> str:
    """Makers' own models stand together, whichever key serves them; else each connection's."""
    if row.payer in (None, "own_key", "nobody"):
        return row.provider
    return row.connection or row.provider


def _place(first: ModelRow) -> int:
    """Of two sections that are served: keys and endpoints, then credits, then this machine."""
    if first.payer == "credits":
        return 1
    return 2 if first.payer is not None and first.provider == "local" else 0


def _head(first: ModelRow, *, several: bool) -> Line:
    title = SECTIONS.get(first.provider) or FOUND.get(first.provider, first.provider)
    style = colour(first.payer).removeprefix("$")
    match first.payer:
        case None if first.connection is not None:
            return Line(head=first.label or title, right="not serving", style="faint")
        case None if first.provider in FOUND:
            return Line(head=title, right="found, not used", style="mute")
        case None:
            free = first.provider == "local"
            return Line(
                head=title, right="free" if free else "no key", style="mute" if free else "faint"
            )
        case "nobody":
            return Line(head=title, right="free", style="mute")
        case "own_key":
            return Line(head=title, right=first.label, style=style)
        case "credits":
            title = f"Credits {first.label}" if several else "Credits"
            return Line(head=title, right=first.left or first.label, style=style)
        case _:
            return Line(head=first.label or title, right=word(first.payer), style=style)


def short_name(name: str, room: int) -> str:
    """A name that has to fit: its stage goes first, then what its section's head says already."""
    if cell_width(name) > room:
        name = name.removesuffix(" Preview")
    if cell_width(name) > room:
        name = name.removeprefix("Claude ").removeprefix("Gemini ")
    return name


def price(row: ModelRow, *, slim: bool = False) -> tuple[str, str]:
    """What stands at a row's right end, and its style: prices in dollars per million, or a way."""
    if row.payer is None:
        way = "get it" if row.provider == "local" else "add key"
        if row.connection is not None or row.provider in FOUND:
            way = "set up" if row.connection is not None else "add it"
        return way.split()[0] if slim else way, "focus"
    if row.payer == "nobody":
        return "0", "mute"
    if row.auto:
        return "always", "mute"
    if row.input_usd is None or row.output_usd is None:
        return "?", "mute"
    return f"{short_usd(row.input_usd)} / {short_usd(row.output_usd)}", "mute"


def short_usd(usd: str) -> str:
    """An amount without the zeros behind it."""
    return usd.rstrip("0").rstrip(".") if "." in usd else usd
