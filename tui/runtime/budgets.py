"""Budgets between the settings file and those who hold requests against them."""

from __future__ import annotations

from pathlib import Path

from tui.billing.budget import Limits
from tui.events.budget import Scope
from tui.money import plain
from tui.settings.store import SettingsStore


def limits_of(settings: SettingsStore, home: Path) -> Limits:
    """The budgets in force; read anew where the file has changed."""
    usd = settings.usd
    folders = settings.amounts("budget.folders")
    return Limits(
        request=usd("budget.request_usd"),
        turn=usd("budget.turn_usd"),
        session=usd("budget.session_usd"),
        day=usd("budget.day_usd"),
        month=usd("budget.month_usd"),
        keys=settings.amounts("budget.keys"),
        folders={_real(name, home): nano for name, nano in folders.items()},
    )


def keep_limit(settings: SettingsStore, home: Path, scope: Scope, name: str, nano: int) -> None:
    """Make a limit the setting; blocks.

    Raises:
        OwnkeyError: it cannot be kept.
    """
    usd = plain_usd(nano)
    if scope not in ("key", "folder"):
        settings.set(f"budget.{scope}_usd", usd)
        return
    setting = f"budget.{scope}s"
    amounts = {one: plain_usd(kept) for one, kept in settings.amounts(setting).items()}
    same = (one for one in amounts if scope == "folder" and _real(one, home) == name)
    amounts[next(same, name)] = usd
    settings.set(setting, amounts)


def plain_usd(nano: int) -> str:
    """Dollars as a person writes them: `2.50`, `0.125`."""
    from decimal import Decimal

    text = plain(Decimal(nano).scaleb(-9))
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<2}"


def _real(name: str, home: Path) -> str:
    path = home / name[2:] if name.startswith("~/") else home if name == "~" else Path(name)
    return str(path.resolve())
