"""The API keys: those that are kept, those found in the environment, and how to add one."""

from __future__ import annotations

import msgspec

from tui.console.dialogs.words import MAKERS, ago
from tui.console.settings.panes.values import fact
from tui.console.settings.rows import (
    AddKey,
    ChangeKey,
    CheckKeys,
    Group,
    Line,
    OpenVault,
    Piece,
    Row,
    UndoForgetting,
    UseKey,
)
from tui.console.settings.world import World
from tui.console.sidebar.marker import glyph
from tui.errors import OwnkeyError
from tui.session.replies import NOWHERE, KeyRow
from tui.settings.actions import ACTIONS
from tui.settings.search import KEY_WORDS, Entry, key_entry
from tui.text import cell_width, neutralise, truncate

SECTION = "API keys"
INTENTS = {
    "replace": "replaces it",
    "check": "checks it again",
    "default": "makes it the default",
    "forget": "forgets it, with undo",
}
_STATES = {"verified": "$good", "refused": "$bad", "unreachable": "$warn", "unchecked": "$mute"}
_ACTIONS = {action.id: action for action in ACTIONS}


def keys_pane(world: World) -> Group:
    """Keys first, what is found beside them, then what can be done."""
    keys = world.keys
    rows = [] if keys is None else [_key_row(row, world) for row in keys.keys if _mine(row)]
    found = [] if keys is None else [_found_row(row, world) for row in keys.keys if not _mine(row)]
    rows = [*_undo(world), *rows, *found, *_troubles(world), *_adding(world)]
    if keys is not None and any(_mine(row) for row in keys.keys):
        rows.append(_action("keys.check", CheckKeys()))
    rows.append(
        fact(
            "keys.fails",
            "When a key fails",
            SECTION,
            "ownkey stops and says so, and nothing else is billed: "
            "no other key and no credits are taken unasked.",
            "fallback",
            "fall back",
            "failover",
            "credits",
            "limit",
        )
    )
    count = None if keys is None else sum(_mine(row) for row in keys.keys)
    return Group(
        title="Your API keys",
        section=SECTION,
        rows=tuple(rows),
        aside=_where(world),
        count=count or None,
    )


def _mine(row: KeyRow) -> bool:
    return row.source == "stored" or row.used or not row.enabled


def key_name(row: KeyRow) -> str:
    """`Anthropic work …AAqr`."""
    maker = MAKERS.get(row.provider, neutralise(row.provider, strict=True))
    return f"{maker} {neutralise(row.label, strict=True)} …{row.fingerprint}"


def _where(world: World) -> tuple[Piece, ...]:
    if world.keys is None:
        return ()
    store = neutralise(world.keys.store, strict=True)
    if store == NOWHERE:
        return (("kept ", "$mute"), (store, "$soft"))
    if _only_environment(world):
        return (("taken from ", "$mute"), (store, "$soft"), (", nothing is kept", "$mute"))
    return (("kept in ", "$mute"), (store, "$soft"), (", never synced", "$mute"))


def _only_environment(world: World) -> bool:
    return world.environ.get("OWNKEY_KEYRING", "").strip().lower() == "env"


def _key_row(row: KeyRow, world: World) -> Row:
    entry = key_entry(
        row.id,
        provider=row.provider,
        label=neutralise(row.label, strict=True),
        fingerprint=row.fingerprint,
        state=row.state,
    )
    words = (
        *entry.words,
        "test key",
        "check key",
        "default key",
        "switch key",
        "forget key",
        "pin key",
        "label key",
        "rename key",
        "disable key",
        "enable key",
    )
    name = MAKERS.get(row.provider, neutralise(row.provider, strict=True))
    label = truncate(neutralise(row.label, strict=True), 24)
    mine = row.source == "stored"
    does = INTENTS[world.intent] if mine else INTENTS["check"]
    said = row.state == "refused" or world.intent != "replace"
    return Row(
        entry=_with_words(entry, words),
        act=ChangeKey(row),
        marker=(glyph("own_key", letters=world.letters), "$own-key"),
        head=Line(
            (
                (_padded(name, 10) + " ", "bold $text"),
                (_padded(label, 10) + "  ", "$own-key"),
                (f"…{row.fingerprint}", "$mute"),
            ),
            _stands(row),
        ),
        notes=(Line(_state(row, world), ((f"Enter {does}", "$mute"),) if said else ()),),
        bar="$own-key",
    )


def _stands(row: KeyRow) -> tuple[Piece, ...]:
    if row.admin:
        return (("admin key", "$soft"),)
    if not row.enabled:
        return (("off", "$warn"),)
    if row.pinned:
        return (("pinned here", "$own-key"),)
    return (("default", "$soft"),) if row.default else ()


def _state(row: KeyRow, world: World) -> tuple[Piece, ...]:
    when = f" {ago(world.now - row.checked_at)}" if row.checked_at else ""
    why = f": {row.error_kind.replace('_', ' ')}" if row.error_kind else ""
    pieces = [(neutralise(f"{row.state}{when}{why}", strict=True), _STATES[row.state])]
    if row.admin:
        pieces.append(("   reads cost reports, serves no model", "$mute"))
    reached = sum(one.connection == row.id for one in world.models)
    if reached:
        pieces.append((f"   {reached} model{'s' * (reached != 1)}", "$mute"))
    if row.source == "environment":
        pieces.append(("   from the environment", "$mute"))
    return tuple(pieces)


def _found_row(row: KeyRow, world: World) -> Row:
    name = MAKERS.get(row.provider, neutralise(row.provider, strict=True))
    variable = neutralise(row.label, strict=True)
    entry = key_entry(
        row.id,
        provider=row.provider,
        label="",
        fingerprint=row.fingerprint,
        state="found, not used",
    )
    return Row(
        entry=_with_words(entry, (*entry.words, "env key", "environment variable", variable)),
        act=UseKey(row),
        marker=(glyph(None, letters=world.letters), "$mute"),
        head=Line(((_padded(name, 10) + " ", "bold $text"), (f"…{row.fingerprint}", "$mute"))),
        notes=(
            Line(
                ((f"{variable} in the environment: ", "$mute"), ("not used", "$warn")),
                (("Enter uses it", "$mute"),),
            ),
        ),
    )


def _undo(world: World) -> list[Row]:
    if world.forgotten is None:
        return []
    entry = _entry("keys.undo", f"{key_name(world.forgotten)} is forgotten", "undo", "bring back")
    return [
        Row(
            entry=entry,
            act=UndoForgetting(),
            marker=("!" if world.letters else "↶", "$warn"),
            head=Line(((entry.title, "$warn"),), (("U", "$soft"), (" brings it back", "$mute"))),
            bar="$warn",
        )
    ]


def _troubles(world: World) -> list[Row]:
    trouble = world.keys_trouble or (world.keys.trouble if world.keys is not None else None)
    if not trouble:
        return []
    locked = world.keys is not None and (world.keys.locked or world.keys.vault)
    does = "Enter opens the encrypted file" if locked else "Enter shows the ways"
    entry = _entry("keys.trouble", "Where keys are kept", "keyring", "vault", "passphrase")
    return [
        Row(
            entry=entry,
            act=OpenVault() if locked else AddKey(""),
            marker=("!", "$bad"),
            head=Line(((neutralise(trouble, strict=True), "$bad"),)),
            notes=(Line(((does, "$mute"),)),),
            bar="$bad",
        )
    ]


def _adding(world: World) -> list[Row]:
    makers = list(MAKERS.values())
    among = f"{', '.join(makers[:-1])} or {makers[-1]}"
    every = Row(
        entry=_entry("keys.add", "Add a key"),
        act=AddKey(""),
        marker=("+", "$focus"),
        head=Line((("Add a key", "$text"), (f"   {among}", "$mute"))),
        when="listed",
    )
    one_by_one = [_action(f"keys.add.{maker}", AddKey(maker), found=True) for maker in MAKERS]
    if _only_environment(world):
        instead = "With OWNKEY_KEYRING=env nothing is kept: set the maker's variable instead."
        one_by_one = [msgspec.structs.replace(row, help=instead) for row in one_by_one]
    return [every, *one_by_one]


def _action(id: str, act: AddKey | CheckKeys, *, found: bool = False) -> Row:
    if (entry := _ACTIONS.get(id)) is None:
        raise OwnkeyError(f"no action is called {id}")
    plain = entry.help.partition(" (`")[0].removesuffix(".")
    return Row(
        entry=entry,
        act=act,
        marker=("+" if found else "", "$focus"),
        head=Line(((entry.title, "$text"),)),
        help=f"{plain}.",
        when="found" if found else "both",
    )


def _entry(id: str, title: str, *words: str) -> Entry:
    return Entry(
        id=id,
        title=title,
        section=SECTION,
        value=None,
        default=None,
        help="",
        kind="action",
        words=(*words, *KEY_WORDS),
    )


def _with_words(entry: Entry, words: tuple[str, ...]) -> Entry:
    return Entry(
        id=entry.id,
        title=entry.title,
        section=entry.section,
        value=entry.value,
        default=entry.default,
        help=entry.help,
        kind=entry.kind,
        words=words,
    )


def _padded(text: str, cells: int) -> str:
    return text + " " * max(0, cells - cell_width(text))
