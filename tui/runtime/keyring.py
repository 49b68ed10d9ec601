"""The person's keys as this process may use them, off the event loop and within a time limit."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import msgspec

from tui.catalog.models import FoundModel
from tui.credits.book import CreditBook
from tui.endpoints.book import EndpointBook
from tui.errors import KeyStoreError, OwnkeyError
from tui.keys.book import KeyBook
from tui.keys.kept_models import keep_models
from tui.keys.listing import KeyRecord
from tui.keys.makers import MAKERS
from tui.keys.model_list import ModelFound
from tui.keys.store import KeyStores, PassphraseNeeded, mode_of, with_limit
from tui.paths import Paths
from tui.runtime.scrub import LiveScrub
from tui.secret import Secret
from tui.session.replies import NOWHERE


class Keyring:
    """Keys, their stores, and the model lists that they told."""

    def __init__(self, paths: Paths, environ: Mapping[str, str], scrub: LiveScrub) -> None:
        self._paths = paths
        self.environ = environ
        self._scrub = scrub
        self._passphrase = Secret(environ.get("OWNKEY_PASSPHRASE", ""))
        self.stores = self._open_stores(create=False)
        self.book = KeyBook(paths, self.stores)
        self.endpoints = EndpointBook(paths, lambda: self.stores)
        self.credits = CreditBook(paths, lambda: self.stores)
        self._learned: set[str] = set()
        self._swept = False
        names = [name for maker in MAKERS for name in maker.variables]
        scrub.learn(Secret(environ[name]) for name in names if environ.get(name))
        scrub.learn([self._passphrase] if self._passphrase else [])

    def _open_stores(self, *, create: bool) -> KeyStores:
        mode = mode_of(self.environ)
        return KeyStores(
            "sealed" if create else mode,
            self._paths,
            self.environ,
            passphrase=lambda: self._passphrase or None,
            create_vault=create or mode == "sealed",
        )

    def records(self, folder: str = "") -> tuple[KeyRecord, ...]:
        """Every key, stored or found; `folder`: whose pins hold."""
        return self.book.list_keys(self.environ, folder)

    async def open_vault(self, passphrase: Secret, *, create: bool) -> None:
        """Open the vault with this passphrase, or make it: the person's consent.

        Raises:
            KeyStoreError: it does not open.
        """
        before = self._passphrase
        self._passphrase = passphrase
        stores = self._open_stores(create=create)
        try:
            vault = await with_limit(lambda: stores.holding("sealed"))
        except KeyStoreError:
            self._passphrase = before
            raise
        if stores.mode == "system":
            try:
                await with_limit(stores.writable)
            except KeyStoreError:  # no keyring here: what is added goes where the others lie
                stores = self._open_stores(create=True)
                stores.give(vault)
        self._scrub.learn([passphrase])
        self.stores = stores
        self.book = KeyBook(self._paths, stores)

    @property
    def has_vault(self) -> bool:
        """Whether there is an encrypted file already."""
        return self._paths.vault_file.exists()

    async def store_name(self) -> tuple[str, OwnkeyError | None]:
        """Where new keys go, by name, and why they cannot, or None."""
        if self.stores.mode == "env":
            return "the environment alone (OWNKEY_KEYRING=env)", None
        try:
            sealed = any(
                key.backend and key.backend.lower().startswith("sealed") for key in self.records()
            )
            if self.stores.mode == "system" and sealed and not self._passphrase:
                raise PassphraseNeeded("the sealed vault needs its passphrase")
            store = await with_limit(self.stores.writable)
        except OwnkeyError as error:
            return NOWHERE, error
        return store.name, None

    async def resolve(self, provider: str, key_id: str) -> tuple[KeyRecord, Secret] | None:
        """The maker's key of this id, or where it is gone the one that a request takes then."""
        found = await with_limit(lambda: self.book.resolve(provider, self.environ, pinned=key_id))
        if found is not None:
            self._scrub.learn([found[1]])
        return found

    async def learn_all(self) -> None:
        """Mask every stored key from now on, whether it is used or not."""
        if not self._swept:
            self._swept = True
            await self._sweep()
        for record in self.records():
            if record.source == "stored" and record.id not in self._learned:
                with suppress(OwnkeyError):
                    secret = await with_limit(
                        lambda record=record: self.book.secret_of(record, self.environ)
                    )
                    self._scrub.learn([secret])
                    self._learned.add(record.id)
        await self._learn_endpoints()
        await self._learn_services()

    def mask(self, secret: Secret) -> None:
        """Mask this one, too, from now on."""
        self._scrub.learn([secret])

    async def _learn_endpoints(self) -> None:
        with suppress(OwnkeyError):
            for endpoint in self.endpoints.all():
                key = endpoint.key
                if key is None or key.id in self._learned or not self.stores.can_use(key.store):
                    continue
                secret = await with_limit(lambda one=endpoint: self.endpoints.secret_of(one))
                if secret is not None:
                    self.mask(secret)
                    self._learned.add(key.id)

    async def _learn_services(self) -> None:
        with suppress(OwnkeyError):
            for service in self.credits.all():
                key = service.key
                if key is None or key.id in self._learned or self.credits.why_not(service):
                    continue
                self.mask(await with_limit(lambda one=service: self.credits.secret_of(one)))
                self._learned.add(key.id)

    async def _sweep(self) -> None:
        """Delete the secrets of keys that can no longer be brought back."""
        with suppress(OwnkeyError):
            await with_limit(self.book.forget_removed)
            await with_limit(self.endpoints.forget_removed)
            await with_limit(self.credits.forget_removed)

    def found_models(self) -> list[FoundModel]:
        """What the makers' own lists told, as far as it is kept."""
        try:
            raw = msgspec.json.decode(
                self._paths.models_file.read_bytes(), type=dict[str, list[FoundModel]]
            )
        except (OSError, msgspec.MsgspecError):
            return []
        return [model for models in raw.values() for model in models]

    def keep_models(self, provider: str, models: tuple[ModelFound, ...]) -> None:
        """Keep a maker's list for offline use."""
        keep_models(self._paths, provider, models)
