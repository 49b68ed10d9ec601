"""The budgets as `ownkey credits --json` shows them (contract.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tui.money import usd_string

if TYPE_CHECKING:
    from tui.session.replies import BudgetRow


def budget_objects(rows: Sequence[BudgetRow]) -> list[dict[str, Any]]:
    """Of the engine's answer to `ListBudgets`: scope, limit, what is spent and what is left.

    `spent_usd` has requests of unknown cost at the most they can have cost; what open requests
    are held for is taken off `left_usd` alone.
    """
    from tui.cli.jsonl import rfc3339

    return [
        {
            "scope": f"{row.scope}:{row.subject}" if row.subject else row.scope,
            "limit_usd": usd_string(row.limit),
            "spent_usd": usd_string(row.used - row.held),
            "left_usd": usd_string(max(row.limit - row.used, 0)),
            "resets": None if row.resets is None else rfc3339(row.resets),
        }
        for row in rows
    ]
