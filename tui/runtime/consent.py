"""What the settings say of whose money goes where without a question."""

from __future__ import annotations

from tui.runtime.budgets import plain_usd
from tui.session.ports import Consent
from tui.settings.store import SettingsStore

FALLBACK = "credits.fallback"
RULES = "credits.fallback_rules"


def consent_of(settings: SettingsStore) -> Consent:
    """What is in force now; a fallback that was switched off by hand is off, rules or not."""
    on = settings.flag(FALLBACK)
    off = settings.is_set(FALLBACK) and not on
    return Consent(
        fallback=on,
        limit_nano=settings.usd("credits.fallback_limit_usd") or 0,
        always={} if off else settings.amounts(RULES),
        ask_on_change=settings.flag("payer.ask_on_change"),
    )


def keep_fallback(settings: SettingsStore, kind: str, nano: int) -> None:
    """A rule for one kind of error, in force from now on; blocks. Raises OwnkeyError."""
    kept = {one: plain_usd(limit) for one, limit in settings.amounts(RULES).items()}
    settings.set(RULES, kept | {kind: plain_usd(nano)})
    if settings.is_set(FALLBACK) and not settings.flag(FALLBACK):
        settings.reset(FALLBACK)  # what the person says last counts


def forget_fallback(settings: SettingsStore, kind: str) -> None:
    """Take a rule back; blocks. Raises OwnkeyError."""
    kept = {one: plain_usd(limit) for one, limit in settings.amounts(RULES).items()}
    kept.pop(kind, None)
    settings.set(RULES, kept or None)
