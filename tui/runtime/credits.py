"""Answers what is asked about credit services, and keeps what they tell of what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from msgspec.structs import replace

from tui.address import check_address
from tui.credits import adding
from tui.credits.adding import Looked
from tui.credits.asking import Asked, ask_service, rate_news, told_by
from tui.credits.balance import balance_of
from tui.credits.known import adapter_of
from tui.credits.records import CreditService
from tui.errors import KeyStoreError, OwnkeyError
from tui.events.base import utc_now
from tui.keys.paste import RefusedPaste, endpoint_key
from tui.keys.store import with_limit
from tui.money import plain
from tui.runtime.credit_routes import all_services
from tui.runtime.keyring import Keyring
from tui.runtime.limits import left_of_others
from tui.runtime.router import LiveRouter
from tui.session.credit_talk import (
    AddCredits,
    ChangeCredits,
    CreditAnswer,
    CreditRow,
    Credits,
    CreditsTold,
    LeftRow,
    ListCredits,
)
from tui.session.replies import AnyNotice, Remark

CreditCommand = ListCredits | AddCredits | ChangeCredits


class CreditDesk:
    """The part of the desk that knows credit services."""

    def __init__(
        self, keyring: Keyring, router: LiveRouter, notify: Callable[[AnyNotice], None]
    ) -> None:
        self._keyring, self._router, self._notify = keyring, router, notify
        self._book = keyring.credits
        self._left: tuple[LeftRow, ...] = ()

    async def answer(self, command: CreditCommand) -> Credits | CreditAnswer:
        """Carry out one command.

        Raises:
            OwnkeyError: why it could not be.
        """
        match command:
            case ListCredits():
                return await self._list(look=command.look)
            case AddCredits():
                return await self._add(command)
            case ChangeCredits():
                return await self._change(command)

    async def _list(self, *, look: bool) -> Credits:
        if look:
            _, self._left = await asyncio.gather(self.refresh(), left_of_others(self._keyring))
        now = self._router.standing()
        warnings, self._book.warnings = tuple(self._book.warnings), []
        rate = now.platform_rate
        return Credits(
            services=self.rows(), left=self._left, warnings=warnings,
            plan=now.plan, plan_by=now.plan_by, org_size=now.org_size,
            org_size_by=now.org_size_by, platform_rate=None if rate is None else plain(rate),
            platform_rate_by=now.platform_rate_by,
        )  # fmt: skip

    def rows(self) -> tuple[CreditRow, ...]:
        """Every service as the console shows it."""
        return tuple(map(self._row, all_services(self._book)))

    def _row(self, one: CreditService) -> CreditRow:
        left, adapter = balance_of(one, self._router.ledger), adapter_of(one.adapter)
        return CreditRow(
            name=one.name, adapter=one.adapter, kind=adapter.name, url=one.base_url,
            credits=None if left.credits is None else plain(left.credits),
            usd=None if left.usd is None else plain(left.usd), endless=left.endless,
            rate=None if one.rate is None else plain(one.rate),
            own_rate=one.usd_per_credit or "", as_of=left.as_of,
            trouble=one.trouble, why_not=self._book.why_not(one), advice=adapter.no_balance,
            top_up=adapter.top_up_url, retention=one.told.retention or adapter.retention,
            enabled=one.enabled, fingerprint="" if one.key is None else one.key.fingerprint,
            backend="" if one.key is None else one.key.backend,
            models=len(one.models), autos=tuple(one.auto), state=one.checked.state,
            checked_at=one.checked.at, error_kind=one.checked.error_kind,
        )  # fmt: skip

    async def refresh(self, names: Iterable[str] | None = None) -> None:
        """Ask these services (all) what is left, side by side, and tell the console.

        One that does not answer in time keeps what it last told, with its age and the reason.
        """
        wanted = None if names is None else set(names)
        services = [
            one
            for one in all_services(self._book)
            if (wanted is None or one.name in wanted)
            and one.enabled
            and not self._book.why_not(one)
        ]
        if not services:
            return
        await asyncio.gather(*map(self._ask, services))
        self._notify(CreditsTold(services=self.rows()))

    async def _ask(self, service: CreditService) -> None:
        try:
            secret = await with_limit(lambda: self._book.secret_of(service))
        except KeyStoreError as error:
            asked = Asked(trouble=error.message)
        else:
            self._keyring.mask(secret)
            asked = await ask_service(service, secret, self._keyring.environ)
        now = utc_now()
        with suppress(OwnkeyError):  # gone meanwhile, or a full disk: what was told stays
            after = await asyncio.to_thread(
                lambda: self._book.change(service.name, lambda one: told_by(one, asked, now))
            )
            if news := rate_news(service, after):
                self._notify(Remark(message=news, hint="Charges from now on count by it."))

    # Adding.

    async def _add(self, command: AddCredits) -> CreditAnswer:
        adapter = adding.adapter_named(command.adapter)
        name = adding.service_name(command.name, adapter)
        verdict = check_address(command.url) if command.url.strip() else None
        if verdict is not None and verdict.verdict == "confirm" and not command.agreed:
            url = verdict.normalised or ""
            return CreditAnswer(
                state="unchecked", error="confirm", asks=verdict.why, url=url,
                message=f"{url}: {verdict.why}",
            )  # fmt: skip
        key = endpoint_key(command.pasted)
        if isinstance(key, RefusedPaste):
            words = "no key was given" if key.error == "empty" else "that is no key"
            return CreditAnswer(state="refused", error=key.error, message=words, hint=key.hint)
        new = CreditService(
            name=name, adapter=adapter.id,
            base_url=adding.address_of(command.url, adapter, lambda _: command.agreed),
            usd_per_credit=adding.fit_rate(command.usd_per_credit), added_at=utc_now(),
        )  # fmt: skip
        adding.refuse_twice(new.base_url, key.secret, self._keyring.endpoints.all())
        looked = await adding.look_at(new, key.secret, self._keyring.environ, utc_now())
        if looked.trial.state != "verified":
            return _told(looked)
        kept = await with_limit(
            lambda: self._book.add(looked.service, key.secret, replacing=command.replace)
        )
        self._keyring.mask(key.secret)
        return replace(_told(looked), row=self._row(kept))

    # Changing.

    async def _change(self, command: ChangeCredits) -> CreditAnswer:
        book, name = self._book, command.name
        match command.action:
            case "test":
                return await self._test(book.get(name))
            case "enable" | "disable":
                on = command.action == "enable"
                switched = await asyncio.to_thread(
                    lambda: book.change(name, lambda one: replace(one, enabled=on))
                )
                return CreditAnswer(state=switched.checked.state, row=self._row(switched))
            case "remove":
                await with_limit(lambda: book.remove(name))
                return CreditAnswer(state="removed", message="removed; undo brings it back")
            case "undo":
                service = await with_limit(book.undo)
                return CreditAnswer(state=service.checked.state, row=self._row(service))

    async def _test(self, service: CreditService) -> CreditAnswer:
        secret = await with_limit(lambda: self._book.secret_of(service))
        looked = await adding.look_at(service, secret, self._keyring.environ, utc_now())
        kept = await asyncio.to_thread(
            lambda: self._book.change(service.name, lambda _: looked.service)
        )
        if news := rate_news(service, kept):
            self._notify(Remark(message=news, hint="Charges from now on count by it."))
        return replace(_told(looked), row=self._row(kept))


def _told(looked: Looked) -> CreditAnswer:
    trial = looked.trial
    return CreditAnswer(
        state=trial.state,
        error=None if trial.state == "verified" else trial.error_kind or "network",
        message=trial.message, hint=trial.hint, url=looked.service.base_url,
    )  # fmt: skip
