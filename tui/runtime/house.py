"""Our own books of the `house` services, as routes and balances ask for them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tui.errors import StoreError
from tui.events.base import utc_now
from tui.money import NANO, product
from tui.store.ledger_read import read_ledgers


class HouseLedger:
    """See `tui.credits.balance.Ledger`.

    Args:
        path: The store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def balance(self, service: str) -> Decimal:
        """Credits that are left; none where nothing was ever granted, or it cannot be read."""
        try:
            found = read_ledgers(self._path, utc_now(), service=service, lines=0)
        except StoreError:  # a store that does not work is said where it is written
            return Decimal(0)
        return product(Decimal(found[0].left), NANO) if found else Decimal(0)
