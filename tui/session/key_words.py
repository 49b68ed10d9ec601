"""What a maker's keys are called and which of them is meant (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from tui.session.replies import KeyRow, Keys

FIRST_LABEL = "main"


def stored(keys: Keys | None, provider: str) -> list[KeyRow]:
    """The maker's keys that a person stored."""
    rows = () if keys is None else keys.keys
    return [row for row in rows if row.provider == provider and row.source == "stored"]


def suggested_label(rows: Sequence[KeyRow], *, replace: bool) -> str:
    """The label to begin with: of the key to be replaced, or one that is free."""
    default = next((row for row in rows if row.default), rows[0] if rows else None)
    if default is not None and (replace or default.state == "refused"):
        return default.label
    taken = {row.label.casefold() for row in rows}
    labels = [FIRST_LABEL, *(f"{FIRST_LABEL} {number}" for number in range(2, len(rows) + 3))]
    return next(label for label in labels if label.casefold() not in taken)


def of_label(rows: Sequence[KeyRow], label: str) -> KeyRow | None:
    """The key of this label: the one that a new one would replace."""
    wanted = label.strip().casefold()
    return next((row for row in rows if row.label.casefold() == wanted), None)
