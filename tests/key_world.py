"""A list of keys over a real sealed vault, in a home of its own, with a clock that a test moves."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from msgspec.structs import replace

from tests.canary import made_up_key
from tui.keys.book import KeyBook, NewKey
from tui.keys.listing import KeyRecord
from tui.keys.records import read_keys, write_keys
from tui.keys.store import (
    KeyStores,
    Mode,
)
from tui.keys.vault import Vault
from tui.paths import find_paths
from tui.secret import Secret

PASSPHRASE = Secret("correct horse")
HERE = "https://api.anthropic.com"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


class World:
    """A book over a real vault in a home of its own."""

    def __init__(self, home: Path, mode: Mode = "sealed") -> None:
        self.paths = find_paths({"OWNKEY_HOME": str(home)})
        self.clock = Clock()
        self.stores = KeyStores(
            mode, self.paths, {}, passphrase=lambda: PASSPHRASE, create_vault=True
        )
        self.book = KeyBook(self.paths, self.stores, now=self.clock)

    @property
    def vault(self) -> Vault:
        return Vault.open(self.paths.vault_file, PASSPHRASE)

    def add(self, label: str = "main", **fields) -> KeyRecord:
        given = {"provider": "anthropic", "secret": Secret(made_up_key()), "base_url": HERE}
        return self.book.add(NewKey(label=label, **(given | fields)))

    def rewrite(self, **fields: str) -> None:
        """Change every key in the list as another program, or a hand, may have done."""
        content = read_keys(self.paths.keys_file)
        assert content is not None
        keys = tuple(replace(key, **fields) for key in content.keys)
        write_keys(self.paths.keys_file, replace(content, keys=keys))

    def labels(self, environ: dict[str, str] | None = None) -> list[str]:
        return [record.label for record in self.book.list_keys(environ or {})]
