"""The person's keys: listed, added, removed and chosen from.

Every change is one locked read and write of the file, so that two processes lose nothing. A
secret is announced in the file before it is written to its store and struck off after it is
deleted there: what a crash leaves behind is known, and swept up later.

`add`, `resolve`, `forget_removed` and `remove` reach into stores and block: call them through
`with_limit`.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.errors import KeyStoreError, UsageError
from tui.events.base import utc_now
from tui.keys import changes, pins
from tui.keys.changes import NewKey as NewKey
from tui.keys.environment import ID_PREFIX, can_be_sent, key_in
from tui.keys.listing import KeyRecord, base_url_for, list_records, require_bound, why_unused
from tui.keys.makers import base_url_in, find_maker, maker_of_variable
from tui.keys.records import (
    Checked,
    KeyFile,
    StoredKey,
    UsedVariable,
    digest,
    put_aside,
    read_keys,
    write_keys,
)
from tui.paths import locked

if TYPE_CHECKING:
    from tui.keys.store import KeyStores
    from tui.paths import Paths
    from tui.secret import Secret


class KeyBook:
    """All keys of one person on this machine.

    Args:
        paths: Where the list lies.
        stores: Where the secrets lie, and what this process may use of them.
        now: The clock.
    """

    def __init__(
        self, paths: Paths, stores: KeyStores, *, now: Callable[[], dt.datetime] = utc_now
    ) -> None:
        self._path = paths.keys_file
        self._stores = stores
        self._now = now
        self._agreed: dict[tuple[bytes, Secret], bool] = {}
        self.warnings: list[str] = []
        """What went wrong without stopping anything, for the person."""

    def list_keys(self, environ: Mapping[str, str], folder: str = "") -> tuple[KeyRecord, ...]:
        """Stored keys and those found in the environment, in the order requests try them.

        `folder`: whose pins hold, an absolute path.
        """
        return list_records(
            self._content(),
            environ,
            self._stores.mode,
            can_use=self._stores.can_use,
            agreed=self._is_agreed,
            folder=folder,
        )

    def resolve(
        self, provider: str, environ: Mapping[str, str], *, pinned: str | None = None
    ) -> tuple[KeyRecord, Secret] | None:
        """The key that a request to this maker uses now, or None where it has none; blocks.

        Args:
            provider: The maker.
            environ: Where keys are found and addresses named.
            pinned: Id of the key that the folder names, taken before the default.

        Raises:
            BoundElsewhere: the environment names another host than the key was added for.
            KeyStoreError: its store does not answer, or has lost the secret.
        """
        records = [one for one in self.list_keys(environ) if one.provider == provider and one.used]
        record = next(
            (one for one in records if one.id == pinned),
            next((one for one in records if one.default), None),
        )
        maker = find_maker(provider)
        if record is None or maker is None:
            return None
        named = base_url_in(maker, environ)
        if named is not None and self._stores.mode != "env":
            require_bound(record, named, maker.base_url_variable)
        return record, self.secret_of(record, environ)

    def secret_of(self, record: KeyRecord, environ: Mapping[str, str]) -> Secret:
        """The key behind a record; blocks. Raises KeyStoreError where its store has it no more."""
        if record.source == "environment":
            secret = key_in(environ, record.id.removeprefix(ID_PREFIX))
        else:
            key = next((one for one in self._content().keys if one.id == record.id), None)
            if key is not None and not self._stores.can_use(key.store):
                raise KeyStoreError(
                    f"the key {record.label} lies in {record.backend}, where this process does "
                    "not look",
                    hint="See OWNKEY_KEYRING.",
                )
            secret = None if key is None else self._stores.holding(key.store).get(key.id)
        if secret is None:
            raise KeyStoreError(
                f"the key {record.label} is no longer in {record.backend}",
                hint=f"Add it again: `ownkey keys add {record.provider} --replace`.",
            )
        return secret

    def check_label(self, new: NewKey) -> str:
        """The label that this key would get; raises UsageError where it cannot have it."""
        return changes.label_for(self._content(), new)

    def add(self, new: NewKey) -> KeyRecord:
        """Store a key; blocks.

        Raises:
            UsageError: the label is unfit, or taken and `replace` was not asked for.
            KeyStoreError: the store refuses; what was there before is as it was.
        """
        self.check_label(new)
        store = self._stores.writable()
        assert store.kind != "env"
        key = StoredKey(
            id=f"{new.provider}-{secrets.token_hex(3)}",
            provider=new.provider,
            label="",
            fingerprint=new.secret.fingerprint,
            base_url=new.base_url,
            store=store.kind,
            backend=store.name,
            added_at=self._now(),
            checked=new.checked,
            admin=new.admin,
        )
        self._update(lambda content: changes.announced(content, key, self._now()))
        try:
            store.set(key.id, new.secret)
            if store.get(key.id) != new.secret:
                raise KeyStoreError(f"{store.name} took the key and does not give it back")
            self._update(lambda content: changes.placed(content, key, new, self._now()))
        except BaseException:
            self._update(lambda content: changes.doomed(content, key))
            self.forget_removed()
            raise
        self.forget_removed()
        return self._shown(key.id, {})

    def set_default(self, id: str, environ: Mapping[str, str]) -> KeyRecord:
        """Make a key its maker's default. Raises UsageError for one that is not used."""
        record = self._shown(id, environ)
        if not record.used:
            raise UsageError(
                f"{record.label} is not in use: it cannot be the default", hint=why_unused(record)
            )
        self._update(lambda content: changes.with_default(content, record.provider, id))
        return self._shown(id, environ)

    def relabel(self, id: str, label: str) -> KeyRecord:
        """Give a stored key another label. Raises UsageError where it cannot have it."""
        self._update(lambda content: changes.relabelled(content, id, label))
        return self._shown(id, {})

    def switch(self, id: str, environ: Mapping[str, str], *, on: bool) -> KeyRecord:
        """Let requests take a key, or keep it from them. Raises UsageError for one not in use."""
        if id.startswith(ID_PREFIX) and self._stores.mode == "env":
            raise UsageError(
                "with OWNKEY_KEYRING=env every key in the environment is used",
                hint="Unset its variable where you start ownkey.",
            )
        self._update(lambda content: changes.switched(content, id, on=on))
        return self._shown(id, environ)

    def pin(self, id: str, folder: str, environ: Mapping[str, str]) -> KeyRecord:
        """Have requests from a folder (absolute, and all below it) take this key first.

        Raises UsageError for one that is not in use.
        """
        record = self._shown(id, environ)
        if not record.used:
            raise UsageError(
                f"{record.label} is not in use: it cannot be pinned", hint=why_unused(record)
            )
        self._update(lambda content: pins.with_pin(content, folder, record.provider, id))
        return self._shown(id, environ, folder)

    def unpin(self, id: str, folder: str, environ: Mapping[str, str]) -> KeyRecord:
        """Take the pin of a folder away. Raises UsageError where it does not name this key."""
        self._update(lambda content: pins.without_pin(content, folder, id))
        return self._shown(id, environ, folder)

    def use(self, variable: str, environ: Mapping[str, str]) -> KeyRecord:
        """Remember the person's yes to the key that a variable holds now, and to no other."""
        maker = maker_of_variable(variable)
        secret = key_in(environ, variable)
        if maker is None or secret is None or not can_be_sent(secret):
            raise UsageError(
                "no usable key is found under that name in the environment",
                hint="`ownkey keys list` shows what is found.",
            )
        base_url = base_url_for(maker, environ)
        if base_url is None:
            raise UsageError(f"{maker.base_url_variable} names an address that cannot be used")
        salt = os.urandom(16)
        yes = UsedVariable(
            variable=variable,
            provider=maker.id,
            fingerprint=secret.fingerprint,
            salt=salt,
            digest=digest(secret, salt),
            base_url=base_url,
            used_at=self._now(),
        )
        self._update(lambda content: changes.agreed(content, yes))
        return self._shown(f"{ID_PREFIX}{variable}", environ)

    def record_check(self, id: str, checked: Checked) -> None:
        """Note what a live check said; of a key that is not written down nothing is kept."""
        content = self._content()
        if changes.checked(content, id, checked) != content:
            self._update(lambda content: changes.checked(content, id, checked))

    def remove(self, id: str) -> None:
        """Take a key (or the yes to one in the environment) out of use; `undo` brings it back.

        Its secret stays in its store until `changes.UNDO_FOR` has passed or another key is
        removed. Blocks. Raises UsageError for an unknown id.
        """
        self._update(lambda content: changes.without(content, id, self._now()))
        self.forget_removed()

    def undo(self, environ: Mapping[str, str]) -> KeyRecord:
        """Bring back what was removed or replaced last. Raises UsageError where that is over."""
        back: list[str] = []

        def change(content: KeyFile) -> KeyFile:
            content, id = changes.restored(content, self._now())
            back.append(id)
            return content

        self._update(change)
        self.forget_removed()
        return self._shown(back[0], environ)

    def forget_removed(self) -> None:
        """Delete the secrets of what can no longer be brought back; blocks.

        A store that does not answer keeps its own until next time.
        """
        content = self._content()
        if changes.expired(content, self._now()) != content:
            content = self._update(lambda content: changes.expired(content, self._now()))
        for dead in (one for one in content.pending if one.doomed):
            if not self._stores.can_use(dead.store):
                continue
            with suppress(KeyStoreError):
                self._stores.holding(dead.store).delete(dead.id)
                self._update(lambda content, id=dead.id: changes.forgotten(content, id))

    def _shown(self, id: str, environ: Mapping[str, str], folder: str = "") -> KeyRecord:
        for record in self.list_keys(environ, folder):
            if record.id == id:
                return record
        raise UsageError("there is no such key", hint="`ownkey keys list` shows all.")

    def _is_agreed(self, yes: UsedVariable, secret: Secret) -> bool:
        if (yes.digest, secret) not in self._agreed:
            self._agreed[yes.digest, secret] = yes.is_for(secret)
        return self._agreed[yes.digest, secret]

    def _content(self) -> KeyFile:
        content = read_keys(self._path)
        if content is not None:
            return content
        with locked(self._path):
            return self._load()

    def _load(self) -> KeyFile:
        """The file under the lock; one that does not parse is put aside and said."""
        content = read_keys(self._path)
        if content is not None:
            return content
        aside = put_aside(self._path, self._now())
        self.warnings.append(
            f"the list of keys did not parse and was put aside as {aside.name}: "
            "keys named only there are not listed"
        )
        return KeyFile()

    def _update(self, change: Callable[[KeyFile], KeyFile]) -> KeyFile:
        with locked(self._path):
            content = change(self._load())
            write_keys(self._path, content)
        return content
