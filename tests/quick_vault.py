"""A sealed vault that opens fast: what it is sealed with is tested elsewhere."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from tui.keys import vault

SEALED = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}


@contextmanager
def quick_vault() -> Iterator[None]:
    """Every vault that is made meanwhile is a quick one."""
    quick = functools.partial(vault._Header, memory_kib=64, passes=1)
    with (
        mock.patch("tui.process.harden"),
        mock.patch.object(
            vault.Vault, "_create",
            classmethod(lambda cls, path, phrase: _created(cls, path, phrase, quick)),
        ),
    ):  # fmt: skip
        yield


def _created(cls: type[vault.Vault], path: Path, passphrase: Any, header: Any) -> vault.Vault:
    bare = header(salt=os.urandom(16), check=b"")
    key = vault._derive(bare, passphrase)
    made = cls(path, msgspec.structs.replace(bare, check=vault._check_value(key)), key)
    made._write({})
    return made
