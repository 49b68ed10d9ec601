"""The person's endpoints: listed, added, changed and removed.

Every change is one locked read and write of the file. A key is announced in the file before it is
written to its store and struck off after it is deleted there, as in `tui.keys.book`; and it is
used only for the scheme, host and port it was added for.

`add`, `secret_of` and `remove` reach into stores and block: call them through `with_limit`.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.address import origin
from tui.endpoints import changes
from tui.endpoints.known import Serves, serves_as
from tui.endpoints.records import (
    Endpoint,
    EndpointFile,
    EndpointModel,
    KeyPlace,
    read_endpoints,
    write_endpoints,
)
from tui.errors import KeyStoreError, StoreError, UsageError
from tui.events.base import utc_now
from tui.keys.records import Checked, put_aside
from tui.paths import locked

if TYPE_CHECKING:
    from tui.keys.store import KeyStores
    from tui.paths import Paths
    from tui.secret import Secret


class EndpointBook:
    """All endpoints of one person on this machine.

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
        self._path = paths.endpoints_file
        self._stores = stores
        self._now = now
        self.warnings: list[str] = []
        """What went wrong without stopping anything, for the person."""

    def all(self) -> tuple[Endpoint, ...]:
        """Every endpoint, in the person's order."""
        return self._content().endpoints

    def get(self, name: str) -> Endpoint:
        """The one of this name. Raises UsageError where there is none."""
        return changes.named(self._content(), name)

    def why_not(self, endpoint: Endpoint) -> str:
        """Why it cannot serve now, in words without a full stop; "": it can."""
        if not endpoint.enabled:
            return "it is disabled"
        if endpoint.key is None:
            return "it has no key yet" if endpoint.wants_key else ""
        if endpoint.key.origin != origin(endpoint.base_url):
            return f"its key was added for {endpoint.key.origin}, and its address is another's"
        if not self._stores().can_use(endpoint.key.store):
            return f"its key lies in {endpoint.key.backend}, where this process does not look"
        return ""

    def secret_of(self, endpoint: Endpoint) -> Secret | None:
        """Its key, None where it has none; blocks.

        Raises:
            KeyStoreError: its store does not have it, or it is bound to another host.
        """
        key = endpoint.key
        if key is None:
            return None
        if key.origin != origin(endpoint.base_url):
            raise KeyStoreError(
                f"the key of {endpoint.name} (…{key.fingerprint}) was added for {key.origin}, "
                f"but its address is {origin(endpoint.base_url)}: not sent",
                hint=f"Add the key for that host: `ownkey endpoints key {endpoint.name}`.",
            )
        if not self._stores().can_use(key.store):
            raise KeyStoreError(
                f"the key of {endpoint.name} lies in {key.backend}, where this process does not "
                "look",
                hint="See OWNKEY_KEYRING.",
            )
        secret = self._stores().holding(key.store).get(key.id)
        if secret is None:
            raise KeyStoreError(
                f"the key of {endpoint.name} is no longer in {key.backend}",
                hint=f"Add it again: `ownkey endpoints key {endpoint.name}`.",
            )
        return secret

    def add(self, new: Endpoint, secret: Secret | None, *, replacing: bool = False) -> Endpoint:
        """Keep an endpoint and its key; blocks where there is one.

        Args:
            new: Its own `key` counts only without `secret`, and only for the same host.
            secret: Its key, bound to its address's host from now on.
            replacing: It may take the place of one of its name, which `undo` brings back.

        Raises:
            UsageError: the name is taken.
            KeyStoreError: the store refuses; what was there before is as it was.
        """
        changes.with_models(new, new.models)
        self._free(self._content(), new, replacing)
        if secret is None:
            bound = new.key is not None and new.key.origin == origin(new.base_url)
            kept = new if bound else replace(new, key=None)
            self._update(lambda content: self._placed(content, kept, replacing))
            self.forget_removed()
            return kept
        store = self._stores().writable()
        assert store.kind != "env"
        key = KeyPlace(
            id=f"endpoint-{secrets.token_hex(4)}", store=store.kind, backend=store.name,
            fingerprint=secret.fingerprint, origin=origin(new.base_url),
        )  # fmt: skip
        kept = replace(new, key=key, wants_key=True)
        self._update(lambda content: changes.announced(content, key, self._now()))
        try:
            store.set(key.id, secret)
            if store.get(key.id) != secret:
                raise KeyStoreError(f"{store.name} took the key and does not give it back")
            self._update(lambda content: self._placed(content, kept, replacing))
        except BaseException:
            self._update(lambda content: _struck(content, key))
            self.forget_removed()
            raise
        self.forget_removed()
        return kept

    def add_all(self, new: Sequence[Endpoint]) -> None:
        """Keep several without keys, or none of them. Raises UsageError where a name is taken."""

        def change(content: EndpointFile) -> EndpointFile:
            for one in new:
                changes.with_models(one, one.models)
                self._free(content, one, False)
                content = changes.placed(content, replace(one, key=None), self._now())
            return content

        self._update(change)

    def change(self, name: str, how: Callable[[Endpoint], Endpoint]) -> Endpoint:
        """Change what is no key and no address. Raises UsageError for an unknown name."""
        made: list[Endpoint] = []

        def change(content: EndpointFile) -> EndpointFile:
            new = how(changes.named(content, name))
            changes.with_models(new, new.models)
            made.append(new)
            return changes.changed(content, new)

        self._update(change)
        return made[0]

    def set_models(self, name: str, models: tuple[EndpointModel, ...]) -> Endpoint:
        """Offer these and no others."""
        return self.change(name, lambda one: replace(one, models=models))

    def record_check(self, name: str, checked: Checked) -> None:
        """Note what a test said, where the endpoint is still there."""
        with suppress(UsageError):
            self.change(name, lambda one: replace(one, checked=checked))

    def remove(self, name: str) -> None:
        """Take it out of use, with its key; `undo` brings both back. Blocks."""
        self._update(lambda content: changes.without(content, name, self._now()))
        self.forget_removed()

    def undo(self) -> Endpoint:
        """Bring back what was removed or replaced last. Raises UsageError where that is over."""
        back: list[str] = []

        def change(content: EndpointFile) -> EndpointFile:
            content, name = changes.restored(content, self._now())
            back.append(name)
            return content

        self._update(change)
        self.forget_removed()
        return self.get(back[0])

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

    def _free(self, content: EndpointFile, new: Endpoint, replacing: bool) -> None:
        if not replacing and any(one.name == new.name for one in content.endpoints):
            raise UsageError(
                f"there is already an endpoint called {new.name}",
                hint="Give another name, or put this one in its place (--replace).",
            )

    def _placed(self, content: EndpointFile, new: Endpoint, replacing: bool) -> EndpointFile:
        self._free(content, new, replacing)
        return changes.placed(content, new, self._now())

    def _content(self) -> EndpointFile:
        content = read_endpoints(self._path)
        if content is not None:
            return content
        with locked(self._path):
            return self._load()

    def _load(self) -> EndpointFile:
        """The file under the lock; one that does not parse is put aside and said."""
        content = read_endpoints(self._path)
        if content is not None:
            return content
        try:
            aside = put_aside(self._path, self._now())
        except OSError as error:
            raise StoreError(
                "the list of endpoints does not parse and cannot be put aside",
                hint=f"It is {self._path}.",
            ) from error
        self.warnings.append(
            f"the list of endpoints did not parse and was put aside as {aside.name}: "
            "endpoints named only there are not listed"
        )
        return EndpointFile()

    def _update(self, change: Callable[[EndpointFile], EndpointFile]) -> EndpointFile:
        with locked(self._path):
            content = change(self._load())
            write_endpoints(self._path, content)
        return content


def serves(endpoint: Endpoint) -> Serves:
    """Who pays for what it serves: see `tui.endpoints.known.serves_as`."""
    return serves_as(endpoint.known, endpoint.base_url)


def _struck(content: EndpointFile, key: KeyPlace) -> EndpointFile:
    """With an announced key doomed: it may lie in its store already."""
    pending = tuple(
        replace(one, doomed=True) if one.id == key.id else one for one in content.pending
    )
    return replace(content, pending=pending)
