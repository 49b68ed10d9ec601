"""The endpoints: what each offers and how it is, local servers that were found, how to add one."""

from __future__ import annotations

from tui.console.dialogs.words import ago
from tui.console.settings.panes.values import fact
from tui.console.settings.rows import (
    AddEndpoint,
    ChangeEndpoint,
    Group,
    Line,
    Piece,
    Row,
    UndoRemoval,
)
from tui.console.settings.world import World
from tui.console.sidebar.marker import colour, glyph, word
from tui.endpoints.known import find_known
from tui.session.replies import EndpointRow, Endpoints, FoundEndpoint
from tui.settings.search import Entry, connection_entry
from tui.text import neutralise, truncate

SECTION = "Endpoints"
WORDS = (
    "endpoint", "custom endpoint", "base url", "gateway", "openai compatible",
    "openrouter",
    "litellm", "z.ai", "vercel", "deepseek", "groq", "xai", "grok", "mistral", "together", "vllm",
    "ollama", "lm studio", "llama.cpp", "local server",
)  # fmt: skip
_STATES = {"verified": "$good", "refused": "$bad", "unreachable": "$warn", "unchecked": "$mute"}


def endpoints_pane(world: World) -> Group:
    """Endpoints first, then what was found on this machine, then how to add one."""
    told = world.endpoints
    rows = _undo(world)
    count = None
    match told:
        case str():
            why = neutralise(told)
            rows.append(fact("endpoints.trouble", "They cannot be listed", SECTION, why, *WORDS))
        case Endpoints():
            count = len(told.endpoints)
            rows += [_endpoint_row(one, world) for one in told.endpoints]
            rows += [_found_row(one, world) for one in told.found]
            rows += [
                fact(f"endpoints.warning {at}", neutralise(one, strict=True), SECTION, "", *WORDS)
                for at, one in enumerate(told.warnings)
            ]
        case None:
            pass
    rows.append(_adding())
    return Group(title="Your endpoints", section=SECTION, rows=tuple(rows), count=count or None)


def _endpoint_row(one: EndpointRow, world: World) -> Row:
    name = neutralise(one.name, strict=True)
    url = truncate(neutralise(one.url, strict=True), 60)
    kind = find_known(one.known)
    payer = one.payer if one.enabled else None
    key = f"…{one.fingerprint.lstrip('…')}" if one.fingerprint else "no key"
    entry = connection_entry(
        f"endpoint {name}", title=name, section=SECTION, state=one.state, help_=url,
        words=(*WORDS, kind.name if kind else "", "test", "remove", "disable"),
    )  # fmt: skip
    return Row(
        entry=entry,
        act=ChangeEndpoint(one),
        marker=(glyph(payer, letters=world.letters), colour(payer)),
        head=Line(
            ((name, "bold $text"), (f"   {key}", "$mute")),
            ((word(one.payer) if one.enabled else "off", colour(payer)),),
        ),
        notes=(Line(((url, "$soft"),)), Line(_state(one, world), (("Enter changes it", "$mute"),))),
        bar=colour(one.payer),
    )


def _state(one: EndpointRow, world: World) -> tuple[Piece, ...]:
    when = f" {ago(world.now - one.checked_at)}" if one.checked_at else ""
    why = f": {one.error_kind.replace('_', ' ')}" if one.error_kind else ""
    pieces: list[Piece] = [
        (neutralise(f"{one.state}{when}{why}", strict=True), _STATES[one.state]),
        (f"   {len(one.models)} model{'s' * (len(one.models) != 1)}", "$mute"),
    ]
    if one.why_not and one.enabled:
        pieces.append((f"   cannot serve: {neutralise(one.why_not, strict=True)}", "$bad"))
    return tuple(pieces)


def _found_row(one: FoundEndpoint, world: World) -> Row:
    kind = find_known(one.known)
    name = kind.name if kind is not None else one.known
    count = f"{len(one.models)} model{'s' * (len(one.models) != 1)}"
    url = neutralise(one.url, strict=True)
    return Row(
        entry=connection_entry(
            f"found {one.known}", title=name, section=SECTION, state="found, not used",
            help_=url, words=WORDS,
        ),
        act=AddEndpoint(known=one.known, name=one.name, url=one.url),
        marker=(glyph("nobody", letters=world.letters), "$mute"),
        head=Line(((name, "bold $text"), (f"   {count}", "$mute")), (("nobody pays", "$mute"),)),
        notes=(
            Line(((f"runs on this machine, {url}: ", "$mute"), ("not used", "$warn")),
                 (("Enter adds it", "$mute"),)),
        ),
        bar="$nobody",
    )  # fmt: skip


def _undo(world: World) -> list[Row]:
    if not world.removed:
        return []
    name = neutralise(world.removed, strict=True)
    entry = _entry("endpoints.undo", f"{name} is removed", "undo", "bring back")
    return [
        Row(
            entry=entry,
            act=UndoRemoval(),
            marker=("!" if world.letters else "↶", "$warn"),
            head=Line(((entry.title, "$warn"),), (("U", "$soft"), (" brings it back", "$mute"))),
            bar="$warn",
        )
    ]


def _adding() -> Row:
    return Row(
        entry=_entry("endpoints.add", "Add an endpoint", "add endpoint", "new endpoint"),
        act=AddEndpoint(),
        marker=("+", "$focus"),
        head=Line((("Add an endpoint", "$text"),)),
        help="Any address that speaks OpenAI's chat completions: a gateway, OpenRouter, Groq, "
        "Mistral, a server of your own. Requests go straight there, with its own key.",
    )


def _entry(id: str, title: str, *words: str) -> Entry:
    return Entry(
        id=id, title=title, section=SECTION, value=None, default=None, help="", kind="action",
        words=(*words, *WORDS),
    )  # fmt: skip
