"""What was spent as JSON (contract.md, `usage`) and as CSV: sums, and receipts to their lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from tui.events.money import ChargeLine
from tui.money import credits_string, plain, usd_string
from tui.store.spent import Receipt, UsageRow, UsageTable
from tui.text import neutralise

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell for a formula by."""


def usage_object(
    table: UsageTable, *, since: dt.datetime | None, until: dt.datetime
) -> dict[str, Any]:
    """The sums as the contract has them; `since` is null where nothing bounds them."""
    return {
        "since": None if since is None else rfc3339(since),
        "until": rfc3339(until),
        "rows": [_sum(row) for row in table.rows],
        "total": _sum(table.total),
    }


def _sum(row: UsageRow) -> dict[str, Any]:
    return {
        "key": row.key, "name": row.name, "payer": row.payer, "requests": row.requests,
        "input": row.input, "output": row.output, "cache_read": row.cache_read,
        "usd": usd_string(row.nano), "credits": credits_string(row.credits) if row.credits else "0",
        "unknown": row.unknown,
    }  # fmt: skip


def receipts_object(receipts: Iterable[Receipt]) -> list[dict[str, Any]]:
    """Receipts, each with its lines; those of a session that is gone for good are null."""
    return [
        {
            "at": rfc3339(one.at), "session": one.session, "title": one.title,
            "request": one.request, "provider_request_id": one.theirs or None,
            "side": one.side or None, "model": one.model, "key": one.key, "label": one.label,
            "folder": one.folder, "payer": one.payer, "input": one.input, "output": one.output,
            "cache_read": one.cache_read, "usd": None if one.nano is None else usd_string(one.nano),
            "credits": None if one.credits is None else credits_string(one.credits),
            "lines": None if one.lines is None else [line_object(line) for line in one.lines],
            "priced_by": one.priced_by, "sureness": one.sureness,
        }
        for one in receipts
    ]  # fmt: skip


def usage_csv(table: UsageTable) -> str:
    """The sums, a row each, under their names; the total is left to the reader's program."""
    names = (
        "key",
        "name",
        "payer",
        "requests",
        "input",
        "output",
        "cache_read",
        "usd",
        "credits",
        "unknown",
    )
    rows = [_sum(row) for row in table.rows]
    return _csv(names, [[row[name] for name in names] for row in rows])


def receipts_csv(receipts: Iterable[Receipt]) -> str:
    """A row for each line of each receipt; one without lines has one row."""
    names = (
        "at", "session", "title", "request", "provider_request_id", "side", "model", "key",
        "label", "folder", "payer", "usd", "credits", "sureness", "priced_by",
    )  # fmt: skip
    of_line = ("what", "quantity", "unit_usd", "usd")
    rows: list[list[Any]] = []
    for one in receipts_object(receipts):
        head = [one[name] for name in names]
        lines: list[dict[str, Any]] = one["lines"] or [dict.fromkeys(of_line)]
        rows += [[*head, *(line[name] for name in of_line)] for line in lines]
    return _csv((*names, "what", "quantity", "unit_usd", "line_usd"), rows)


def line_object(line: ChargeLine) -> dict[str, Any]:
    """A receipt's line; prices as decimal strings."""
    return {
        "what": line.what,
        "quantity": _whole(line.quantity),
        "unit_usd": None if line.unit_usd is None else plain(line.unit_usd),
        "usd": None if line.usd is None else plain(line.usd),
    }


def rfc3339(at: dt.datetime) -> str:
    """A time as the contract writes it: UTC with microseconds and `Z`."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _whole(quantity: Decimal) -> int | str:
    return int(quantity) if quantity == quantity.to_integral_value() else f"{quantity:f}"


def _csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _cell(cell: object) -> str:
    """A cell that is no formula: names come from outside."""
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return str(cell)
    text = neutralise(cell, strict=True)
    return f"'{text}" if text.startswith(_FORMULA) and not _number(text) else text


def _number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()
