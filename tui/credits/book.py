"""The person's credit services: listed, added, changed and removed.

Kept as endpoints are (`tui.endpoints.book`): every change is one locked read and write of the
file; a key is announced there before it is written to its store, struck off after it is deleted
from it, and used only for the scheme, host and port it was added for.

`add`, `secret_of` and `remove` reach into stores and block: call them through `with_limit`.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.address import origin
from tui.credits import changes
from tui.credits.records import CreditFile, CreditService, read_services, write_services
from tui.endpoints.records import KeyPlace
from tui.errors import KeyStoreError, StoreError, UsageError
from tui.events.base import utc_now
from tui.keys.records import put_aside
from tui.paths import locked

if TYPE_CHECKING:
    from tui.keys.store import KeyStores
    from tui.paths import Paths
    from tui.secret import Secret


class CreditBook:
    """All credit services of one person on this machine.

    Args:
        paths: Where the list lies.
        stores: Gives where the keys lie, and what this process may use of them.
        now: The clock.
    """

    def __init__(
        self,
        paths: Paths,
        stores: Callable[[], KeyStores],
        *,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._path = paths.credits_file
        self._stores = stores
        self._now = now
        self.warnings: list[str] = []
        """What went wrong without stopping anything, for the person."""

    def all(self) -> tuple[CreditService, ...]:
        """Every service, in the person's order."""
        return self._content().services

    def get(self, name: str) -> CreditService:
        """The one of this name. Raises UsageError where there is none."""
        return changes.named(self._content(), name)

    def why_not(self, service: CreditService) -> str:
        """Why it cannot serve now, in words without a full stop; "": it can."""
        if service.key is None:
            return "it has no key"
        if service.key.origin != origin(service.base_url):
            return f"its key was added for {service.key.origin}, and its address is another's"
        if not self._stores().can_use(service.key.store):
            return f"its key lies in {service.key.backend}, where this process does not look"
        return ""

    def secret_of(self, service: CreditService) -> Secret:
        """Its key; blocks.

        Raises:
            KeyStoreError: its store does not have it, or it is bound to another host.
        """
        again = f"Add it again: `ownkey credits add {service.name} --replace`."
        if why := self.why_not(service):
            raise KeyStoreError(f"{service.name} cannot serve: {why}", hint=again)
        assert service.key is not None
        secret = self._stores().holding(service.key.store).get(service.key.id)
        if secret is None:
            raise KeyStoreError(
                f"the key of {service.name} is no longer in {service.key.backend}", hint=again
            )
        return secret

    def add(self, new: CreditService, secret: Secret, *, replacing: bool = False) -> CreditService:
        """Keep a service and its key, bound to its address's host from now on; blocks.

        Args:
            new: The service; its own `key` does not count.
            secret: Its key.
            replacing: It may take the place of one of its name, which `undo` brings back.

        Raises:
            UsageError: the name is taken.
            KeyStoreError: the store refuses; what was there before is as it was.
        """
        self._free(self._content(), new, replacing)
        store = self._stores().writable()
        assert store.kind != "env"
        key = KeyPlace(
            id=f"credits-{secrets.token_hex(4)}", store=store.kind, backend=store.name,
            fingerprint=secret.fingerprint, origin=origin(new.base_url),
        )  # fmt: skip
        kept = replace(new, key=key)
        self._update(lambda content: changes.announced(content, key, self._now()))
        try:
            store.set(key.id, secret)
            if store.get(key.id) != secret:
                raise KeyStoreError(f"{store.name} took the key and does not give it back")
            self._update(lambda content: self._placed(content, kept, replacing))
        except BaseException:
            self._update(lambda content: changes.struck(content, key))
            self.forget_removed()
            raise
        self.forget_removed()
        return kept

    def change(self, name: str, how: Callable[[CreditService], CreditService]) -> CreditService:
        """Change what is no key and no address. Raises UsageError for an unknown name."""
        made: list[CreditService] = []

        def change(content: CreditFile) -> CreditFile:
            made.append(how(changes.named(content, name)))
            return changes.changed(content, made[-1])

        self._update(change)
        return made[-1]

    def remove(self, name: str) -> None:
        """Take it out of use, with its key; `undo` brings both back. Blocks."""
        self._update(lambda content: changes.without(content, name, self._now()))
        self.forget_removed()

    def undo(self) -> CreditService:
        """Bring back what was removed or replaced last. Raises UsageError where that is over."""
        back: list[str] = []

        def change(content: CreditFile) -> CreditFile:
            content, name = changes.restored(content, self._now())
            back.append(name)
            return content

        self._update(change)
        self.forget_removed()
        return self.get(back[-1])

    def forget_removed(self) -> None:
        """Delete the keys of what can no longer be brought back; blocks.

        A store that does not answer keeps its own until next time.
        """
        content = self._content()
        if changes.expired(content, self._now()) != content:
            content = self._update(lambda content: changes.expired(content, self._now()))
        for dead in (one for one in content.pending if one.doomed):
            if not self._stores().can_use(dead.store):
                continue
            with suppress(KeyStoreError):
                self._stores().holding(dead.store).delete(dead.id)
                self._update(lambda content, id=dead.id: changes.forgotten(content, id))

    def _free(self, content: CreditFile, new: CreditService, replacing: bool) -> None:
        if not replacing and any(one.name == new.name for one in content.services):
            raise UsageError(
                f"there is already a credit service called {new.name}",
                hint="Give another name, or put this one in its place (--replace).",
            )

    def _placed(self, content: CreditFile, new: CreditService, replacing: bool) -> CreditFile:
        self._free(content, new, replacing)
        return changes.placed(content, new, self._now())

    def _content(self) -> CreditFile:
        content = read_services(self._path)
        if content is not None:
            return content
        with locked(self._path):
            return self._load()

    def _load(self) -> CreditFile:
        """The file under the lock; one that does not parse is put aside and said."""
        content = read_services(self._path)
        if content is not None:
            return content
        try:
            aside = put_aside(self._path, self._now())
        except OSError as error:
            raise StoreError(
                "the list of credit services does not parse and cannot be put aside",
                hint=f"It is {self._path}.",
            ) from error
        self.warnings.append(
            f"the list of credit services did not parse and was put aside as {aside.name}: "
            "services named only there are not listed"
        )
        return CreditFile()

    def _update(self, change: Callable[[CreditFile], CreditFile]) -> CreditFile:
        with locked(self._path):
            content = change(self._load())
            write_services(self._path, content)
        return content
