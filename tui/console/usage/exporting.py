"""What the usage screen shows into a file that the person names: .csv or .json."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

from tui.console.sessions.exporting import write_export
from tui.errors import UsageError
from tui.store.spent import Receipt, UsageTable

FORMS = (".csv", ".json")


def suggested_name(by: str, now: dt.datetime) -> str:
    """A file's name for sums by `by`, or for receipts."""
    return f"usage-{by}-{now.astimezone(dt.UTC):%Y-%m-%d}.csv"


def check_name(path: Path) -> None:
    """Raise UsageError where the name's end does not say the form."""
    if path.suffix.lower() not in FORMS:
        raise UsageError("the name does not say the form", hint="End it in .csv or .json.")


def export_usage(
    path: Path,
    shown: UsageTable | Sequence[Receipt],
    *,
    since: dt.datetime | None,
    until: dt.datetime,
    replace: bool,
) -> None:
    """Write it for this user alone. Blocks: call it in a thread.

    Raises:
        FileThere: there is a file, and it may not be replaced.
        UsageError: the name does not say the form.
        StoreError: it cannot be written.
    """
    from tui.store.usage_export import receipts_csv, receipts_object, usage_csv, usage_object

    check_name(path)
    as_csv = path.suffix.lower() == ".csv"
    if isinstance(shown, UsageTable):
        text = usage_csv(shown) if as_csv else _json(usage_object(shown, since=since, until=until))
    else:
        text = receipts_csv(shown) if as_csv else _json(receipts_object(shown))
    write_export(path, text, replace=replace)


def _json(told: object) -> str:
    return json.dumps(told, ensure_ascii=True, indent=2) + "\n"
