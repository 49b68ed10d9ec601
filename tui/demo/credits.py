"""The demo's credit service: what is left there goes down by what the demo takes."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from tui.address import origin
from tui.credits.records import CreditFile, CreditService, Told, write_services
from tui.demo.keyring import MEMORY
from tui.demo.router import AUTO, CREDITS, CREDITS_URL, ON_CREDITS, USD_PER_CREDIT
from tui.endpoints.records import KeyPlace
from tui.errors import OwnkeyError
from tui.events.base import utc_now
from tui.keys.records import Checked
from tui.money import NANO, plain
from tui.paths import Paths
from tui.runtime.credits import CreditDesk
from tui.runtime.keyring import Keyring
from tui.runtime.router import LiveRouter
from tui.session.credit_talk import CreditRow, CreditsTold
from tui.session.replies import AnyNotice
from tui.store.spent import Slice
from tui.store.usage import read_usage

BALANCE = Decimal("12.04")
"""Dollars that are left when the demo begins: 1 204 credits."""
OLD = dt.timedelta(minutes=4)
"""So old is the service's word then."""


class DemoCredits(CreditDesk):
    """The real one, but the service's word is made up of the demo's own receipts.

    Args:
        keyring, router, notify: See `CreditDesk`.
        store: Where the receipts lie.
    """

    def __init__(
        self,
        keyring: Keyring,
        router: LiveRouter,
        notify: Callable[[AnyNotice], None],
        store: Path,
    ) -> None:
        super().__init__(keyring, router, notify)
        self._store = store
        self._began = utc_now()
        self._tells = notify

    def rows(self) -> tuple[CreditRow, ...]:
        """See `CreditDesk`; what the service offers the demo's router knows."""
        offered = {"models": len(ON_CREDITS) + len(AUTO), "autos": tuple(AUTO)}
        return tuple(
            replace(row, **offered) if row.name == CREDITS else row for row in super().rows()
        )

    async def refresh(self, names: Iterable[str] | None = None) -> None:
        """See `CreditDesk`; nobody is asked."""
        part = Slice(since=self._began, payer="credits")

        def told() -> None:
            spent = read_usage(self._store, "payer", part).total.nano
            left, now = plain(BALANCE - spent * NANO), utc_now()
            self._book.change(
                CREDITS,
                lambda one: replace(one, told=replace(one.told, balance=left, as_of=now)),
            )

        with suppress(OwnkeyError):  # the person has taken it away
            await asyncio.to_thread(told)
            self._tells(CreditsTold(services=self.rows()))


def write_service(paths: Paths, now: dt.datetime) -> None:
    """List the demo's service; one that is listed already is left as it is."""
    if paths.credits_file.exists():
        return
    service = CreditService(
        name=CREDITS, adapter="litellm", base_url=CREDITS_URL, usd_per_credit=USD_PER_CREDIT,
        told=Told(balance=plain(BALANCE), as_of=now - OLD, retention="30 days"),
        key=KeyPlace(
            id="credits-acme", store="sealed", backend=MEMORY, fingerprint="t4Wq",
            origin=origin(CREDITS_URL),
        ),
        added_at=now - dt.timedelta(days=35), checked=Checked(state="verified", at=now - OLD),
    )  # fmt: skip
    write_services(paths.credits_file, CreditFile(services=(service,)))
