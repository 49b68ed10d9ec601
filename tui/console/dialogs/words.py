"""What the dialogs say, out of the keys that there are (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from textual.content import Content

from tui.console.sidebar.marker import glyph
from tui.session.key_words import of_label
from tui.session.replies import KeyRow, Keys
from tui.text import cell_width, neutralise, truncate

MAKERS = {"anthropic": "Anthropic", "openai": "OpenAI", "google": "Google"}
WHERE = {
    "anthropic": "console.anthropic.com",
    "openai": "platform.openai.com",
    "google": "aistudio.google.com",
}
RETENTION = (
    "What you send is kept as the settings of that provider account say; ownkey cannot enforce "
    "them. The key stays on this machine: never synced, shared or exported."
)
_LABEL_CELLS = 18
_STATES = {"verified": "$good", "refused": "$bad", "unreachable": "$warn", "unchecked": "$mute"}


def found(keys: Keys | None, provider: str) -> KeyRow | None:
    """The maker's key that lies in the environment and is not used yet, or None."""
    rows = () if keys is None else keys.keys
    mine = (row for row in rows if row.provider == provider and row.source == "environment")
    return next((row for row in mine if not row.used and row.state != "refused"), None)


def outcome(rows: Sequence[KeyRow], label: str) -> str:
    """What keeping a key under this label does."""
    if (there := of_label(rows, label)) is not None:
        return f"takes the place of {neutralise(there.label, strict=True)} …{there.fingerprint}"
    if rows:
        return f"beside {len(rows)} other{'s' * (len(rows) > 1)}, and taken first"
    return "your word for it"


def listing(
    rows: Sequence[KeyRow], now: dt.datetime, width: int, *, letters: bool
) -> list[Content]:
    """The maker's keys, one a line: label, last four characters, what the last check said."""
    lines: list[Content] = []
    for row in rows:
        label = truncate(neutralise(row.label, strict=True), _LABEL_CELLS)
        label += " " * (_LABEL_CELLS - cell_width(label))
        state = row.state + (f" {ago(now - row.checked_at)}" if row.checked_at else "")
        line = Content.assemble(
            (f"{glyph('own_key', letters=letters)} ", "$own-key"),
            (f"{label} ", "$own-key"),
            (f"…{row.fingerprint}   ", "$mute"),
            (state, _STATES.get(row.state, "$mute")),
            ("   default" if row.default and len(rows) > 1 else "", "$mute"),
        )
        lines.append(line.truncate(width, ellipsis=True))
    return lines


def ago(since: dt.timedelta) -> str:
    """How long ago in one unit: `just now`, `2 min ago`, `3 h ago`, `yesterday`, `9 days ago`."""
    minutes = int(since.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 24 * 60:
        return f"{minutes // 60} h ago"
    days = minutes // (24 * 60)
    return "yesterday" if days == 1 else f"{days} days ago"


def key_line(*pairs: tuple[str, str]) -> Content:
    """Keys with what they do, as every panel ends."""
    parts: list[tuple[str, str]] = []
    for key, does in pairs:
        parts += [(key, "$soft"), (f" {does}   ", "$mute")]
    return Content.assemble(*parts)
