"""Credits & plan: services with what is left, what keys and endpoints have left, the plan."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from tui.console.dialogs.words import ago
from tui.console.settings.panes.values import fact, setting_rows
from tui.console.settings.rows import (
    AddService,
    ChangeService,
    ChangeSetting,
    Group,
    Line,
    Piece,
    Row,
    UndoService,
)
from tui.console.settings.world import World
from tui.console.sidebar.marker import colour, glyph
from tui.credits.balance import Balance
from tui.credits.words import amount_words
from tui.session.credit_talk import CreditRow, Credits, LeftRow
from tui.settings.search import Entry, connection_entry
from tui.text import neutralise, truncate

SECTION = "Credits & plan"
WORDS = (
    "credits", "credit service", "balance", "prepaid", "top up", "openrouter", "litellm", "vercel",
    "house", "auto", "what is left",
)  # fmt: skip
_STATES = {"verified": "$good", "refused": "$bad", "unreachable": "$warn", "unchecked": "$mute"}
_RULED = {
    "account.plan": "plan_by", "account.org_size": "org_size_by",
    "account.platform_rate": "platform_rate_by",
}  # fmt: skip


def credits_pane(world: World) -> Group:
    """Services first, then how to add one, then keys and endpoints, then the plan."""
    told, rows, count = world.credits, _undo(world), None
    if isinstance(told, str):
        why = neutralise(told)
        rows.append(fact("credits.trouble", "They cannot be listed", SECTION, why, *WORDS))
    if isinstance(told, Credits):
        count = len(told.services)
        rows += [_service_row(one, world) for one in told.services]
        rows += [
            fact(f"credits.warning {at}", neutralise(one, strict=True), SECTION, "", *WORDS)
            for at, one in enumerate(told.warnings)
        ]
    rows.append(_adding())
    if isinstance(told, Credits):
        rows += [_left_row(one, world) for one in told.left]
    rows += [_ruled(row, told) for row in setting_rows(SECTION, world)]
    return Group(title=SECTION, section=SECTION, rows=tuple(rows), count=count or None)


def _service_row(one: CreditRow, world: World) -> Row:
    name, url = neutralise(one.name, strict=True), truncate(neutralise(one.url, strict=True), 60)
    key = f"…{one.fingerprint.lstrip('…')}" if one.fingerprint else "no key"
    entry = connection_entry(
        f"credits {name}", title=name, section=SECTION, state=one.state, help_=url,
        words=(*WORDS, one.kind, "test", "remove", "disable", "replace key"),
    )  # fmt: skip
    payer = "credits" if one.enabled else None
    left = Balance(credits=_decimal(one.credits), usd=_decimal(one.usd), endless=one.endless)
    when = "" if one.as_of is None else f"told {ago(world.now - one.as_of)}"
    notes = [
        Line(((f"{when}   " if when else "", "$mute"), *_rate(one), (url, "$soft"))),
        Line(_state(one, world), (("Enter changes it", "$mute"),)),
    ]
    if one.trouble:
        said = neutralise(f"not told now: {one.trouble}", strict=True)
        notes.append(Line(((said, "$warn"),)))
    if one.usd is None and one.credits is None and not one.endless and one.advice:
        notes.append(Line(((one.advice, "$mute"),)))
    if one.top_up:
        notes.append(Line((("top up: ", "$mute"), (one.top_up.removeprefix("https://"), "$soft"))))
    kept = neutralise(one.retention, strict=True) or "not stated"
    notes.append(Line(((f"what is sent is kept: {kept}", "$mute"),)))
    return Row(
        entry=entry,
        act=ChangeService(one),
        marker=(glyph(payer, letters=world.letters), colour(payer)),
        head=Line(
            ((name, "bold $text"), (f"   {one.kind} {key}", "$mute")),
            ((amount_words(left) if one.enabled else "off", colour(payer)),),
        ),
        notes=tuple(notes),
        bar=colour("credits"),
    )


def _rate(one: CreditRow) -> tuple[Piece, ...]:
    if one.rate is None:
        return ()
    return ((f"${one.rate} a credit   ", "$mute"),)


def _state(one: CreditRow, world: World) -> tuple[Piece, ...]:
    when = f" {ago(world.now - one.checked_at)}" if one.checked_at else ""
    why = f": {one.error_kind.replace('_', ' ')}" if one.error_kind else ""
    autos = f", {', '.join(one.autos)}" if one.autos else ""
    pieces: list[Piece] = [
        (neutralise(f"{one.state}{when}{why}", strict=True), _STATES[one.state]),
        (f"   {one.models} model{'s' * (one.models != 1)}{autos}", "$mute"),
    ]
    if one.why_not and one.enabled:
        pieces.append((f"   cannot serve: {neutralise(one.why_not, strict=True)}", "$bad"))
    return tuple(pieces)


def _left_row(one: LeftRow, world: World) -> Row:
    """What a key's or an endpoint's account has left, or that nobody tells."""
    label = neutralise(one.label, strict=True)
    said, style = _left_words(one)
    entry = connection_entry(
        f"left {one.kind} {one.connection}", title=f"Left at {label}", section=SECTION,
        state="", help_=said, words=(*WORDS, "limit", label),
    )  # fmt: skip
    row = fact(entry.id, entry.title, SECTION, "", *WORDS)
    when = "" if one.as_of is None else f"told {ago(world.now - one.as_of)}   "
    resets = neutralise(f"begins anew {one.resets}   " if one.resets else "", strict=True)
    top_up = f"top up: {one.top_up.removeprefix('https://')}" if one.top_up else ""
    note = f"{when}{resets}{top_up}".strip()
    return replace(
        row,
        entry=entry,
        marker=(glyph(one.kind, letters=world.letters), colour(one.kind)),
        head=Line(((label, "$text"),), ((said, style),)),
        notes=(Line(((note, "$mute"),)),) if note else (),
        help="",
    )


def _left_words(one: LeftRow) -> tuple[str, str]:
    if one.endless:
        return "no limit", "$soft"
    amount = _decimal(one.amount)
    if amount is None:
        return neutralise(one.why_not, strict=True) or "not told", "$mute"
    of = f" of {_money(one.limit, one.currency)}" if one.limit is not None else ""
    return f"{_money(one.amount, one.currency)} left{of}", "$text" if amount > 0 else "$bad"


def _money(amount: str | None, currency: str) -> str:
    shown = amount_words(Balance(usd=_decimal(amount))).removesuffix(" left")
    if currency in ("USD", ""):
        return shown
    return f"{shown.replace('$', '')} {neutralise(currency, strict=True)}"


def _ruled(row: Row, told: Credits | str | None) -> Row:
    """A setting that a service overrules says whose word counts, and what it is."""
    if not isinstance(told, Credits) or not isinstance(row.act, ChangeSetting):
        return row
    id = row.act.setting.id
    by = getattr(told, _RULED[id], "") if id in _RULED else ""
    if not by:
        return row
    now = {
        "account.plan": told.plan, "account.org_size": str(told.org_size),
        "account.platform_rate": told.platform_rate or "",
    }[id]  # fmt: skip
    said = f"{neutralise(now, strict=True)}, by {neutralise(by, strict=True)}'s word: it wins"
    return replace(row, notes=(*row.notes, Line(((said, colour("credits")),))))


def _undo(world: World) -> list[Row]:
    if not world.removed_service:
        return []
    name = neutralise(world.removed_service, strict=True)
    entry = _entry("credits.undo", f"{name} is removed", "undo", "bring back")
    return [
        Row(
            entry=entry,
            act=UndoService(),
            marker=("!" if world.letters else "↶", "$warn"),
            head=Line(((entry.title, "$warn"),), (("U", "$soft"), (" brings it back", "$mute"))),
            bar="$warn",
        )
    ]


def _adding() -> Row:
    return Row(
        entry=_entry("credits.add", "Add a credit service", "add credits", "new credit service"),
        act=AddService(),
        marker=("+", "$focus"),
        head=Line((("Add a credit service", "$text"),)),
        help="OpenRouter, a LiteLLM proxy, Vercel AI Gateway, or a house's own server, where you "
        "have prepaid credits. Auto takes them; a model that your own key serves never does.",
    )


def _entry(id: str, title: str, *words: str) -> Entry:
    return Entry(
        id=id, title=title, section=SECTION, value=None, default=None, help="", kind="action",
        words=(*words, *WORDS),
    )  # fmt: skip


def _decimal(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
