"""`ownkey route --rules`: the table as a person reads it, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tui.cli.output import print_json, print_text
from tui.routing.table import PLANS, TABLE, FailureRow, PayerRow

_NOUN = {
    "own_key": "an own key", "endpoint": "an endpoint", "cloud_account": "a cloud account",
    "local": "this machine", "credits": "a credit service",
}  # fmt: skip
_NAMING = {"auto": "an Auto model", "own_best": "own-best", "named": "a named model"}


def print_rules(*, as_json: bool) -> None:
    """All of it, with its version."""
    if as_json:
        print_json(msgspec.to_builtins(TABLE))
        return
    print_text(f"Route rules, version {TABLE.version}. The first line that fits decides.")
    for row in TABLE.payers:
        print_text(f"\n{row.rule:>3}  {_where(row)}\n     → {_who(row)}")
    print_text("\n  -  What none of these fits\n     → refused: no_route\n")
    print_text("Where no credits are left at any service that offers it: refused, out_of_credits.")
    print_text("\nAfter a failure:")
    for failure in TABLE.failures:
        print_text(f"\n{failure.rule:>3}  {_some(failure.kinds)}\n     → {_after(failure)}")
    print_text("\n  -  Any other error\n     → halt\n")
    rule = TABLE.fallback
    payers = _some([_NOUN[payer] for payer in rule.payers], last=" or ")
    print_text(
        f"A fallback (rule {rule.rule}) takes credits, for this one request, in the place of"
    )
    print_text(f"{payers}; only with `{rule.setting}` on, and never for own-best.")


def _where(row: PayerRow) -> str:
    runs = _some(row.runs)
    said = f"{runs} run of {_some([_NAMING[one] for one in row.naming], last=' or ')}"
    if row.served_by is not None:
        said += f" that {_NOUN[row.served_by]} serves"
    if row.plans != PLANS:
        said += f", on {_some(row.plans)}"
    least, most = row.people
    if most is not None:
        said += f", up to {most} people"
    elif least > 1:
        said += f", {least} people or more"
    return said


def _who(row: PayerRow) -> str:
    if row.payer is None:
        return f"refused: {row.refused}"
    if row.payer == "credits":
        who = f"credits; refused where no credit service offers it: {row.refused}"
    else:
        who = _words(row.payer)
    if row.platform:
        who += "; platform credits" + (
            "" if row.platform == PLANS else f" on {_some(row.platform)}"
        )
    return who


def _after(row: FailureRow) -> str:
    steps = ["wait and retry"] * row.retries + ["fall back"] * row.falls_back + ["halt"]
    return ", then ".join(steps)


def _some(names: Sequence[str], *, last: str = ", ") -> str:
    *first, end = names
    return f"{', '.join(first)}{last}{end}" if first else end


def _words(name: str) -> str:
    return name.replace("_", " ")
