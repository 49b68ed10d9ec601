"""Credit services in words and JSON (contract.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.jsonl import rfc3339
from tui.cli.output import print_row, print_text
from tui.credits.balance import Ledger, age, balance_of
from tui.credits.known import adapter_of
from tui.credits.words import amount_words
from tui.money import plain, to_nano, usd_string

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from decimal import Decimal

    from tui.credits.adding import Looked
    from tui.credits.records import CreditService


def service_object(
    one: CreditService, ledger: Ledger | None = None, books: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A service as `credits --json` shows it: contract.md's fields, and ours behind them.

    `books`: `buckets` and `held` of our own ledger, where it keeps this service's.
    `balance_usd` has nine places; `balance_credits` and `usd_per_credit` all their digits.
    """
    left, told = balance_of(one, ledger), one.told
    return {
        "id": one.name, "adapter": one.adapter,
        "balance_usd": None if left.usd is None else usd_string(to_nano(left.usd)),
        "balance_credits": _decimal(left.credits), "usd_per_credit": _decimal(one.rate),
        "as_of": None if left.as_of is None else rfc3339(left.as_of),
        "plan": told.plan, **({"buckets": [], "held": None} if books is None else books),
        "endless": left.endless, "url": one.base_url,
        "key": None if one.key is None else one.key.fingerprint,
        "backend": None if one.key is None else one.key.backend,
        "org_size": told.org_size, "platform_rate": told.platform_rate,
        "retention": told.retention or adapter_of(one.adapter).retention or None,
        "top_up": adapter_of(one.adapter).top_up_url or None, "trouble": one.trouble or None,
        "state": one.checked.state, "error_kind": one.checked.error_kind,
        "enabled": one.enabled, "models": len(one.models),
        "auto": {auto: list(ids) for auto, ids in one.auto.items()},
    }  # fmt: skip


def _decimal(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def test_object(looked: Looked) -> dict[str, Any]:
    """What a test said, as JSON shows it."""
    trial = looked.trial
    return {
        "state": trial.state, "error_kind": trial.error_kind, "message": trial.message,
        "hint": trial.hint or None,
    }  # fmt: skip


def tell_test(looked: Looked) -> None:
    """What a test said, for a person."""
    trial, service = looked.trial, looked.service
    why = f" ({trial.error_kind})" if trial.error_kind else ""
    print_text(f"{service.name} {trial.state}: {trial.message}{why}")
    if trial.hint and trial.state != "verified":
        print_text(f"  {trial.hint}")
    if trial.state == "verified":
        print_row(f"  {left_words(looked)}")


def left_words(looked: Looked) -> str:
    """What is left, or that it is not told and what would help."""
    from tui.events.base import utc_now

    service = looked.service
    if looked.asked.trouble or (service.balance is None and not service.told.endless):
        why = f": {looked.asked.trouble}" if looked.asked.trouble else ""
        help_ = adapter_of(service.adapter).no_balance
        return f"what is left is not told{why}" + (f"; {help_}" if help_ else "")
    return balance_words(service, utc_now())


def balance_words(one: CreditService, now: dt.datetime, ledger: Ledger | None = None) -> str:
    """What is left and how old that word is, in one row."""
    left = balance_of(one, ledger)
    said = amount_words(left) if one.enabled else f"off, {amount_words(left)}"
    if left.as_of is not None:
        said += f", told {age(left.as_of, now)}"
    models = f"{len(one.models)} model{'' if len(one.models) == 1 else 's'}"
    autos = f", {', '.join(one.auto)}" if one.auto else ""
    return f"{said:<40} {models}{autos}   {one.base_url}"
