"""The sealed vault: keys in one encrypted file, for machines without a keyring.

The file is JSON: a header in the clear (format, argon2id's parameters, salt) and the sealed map
of id to secret. The header is authenticated with it, so that nobody can weaken the parameters.
Each writing takes a new nonce; the lock beside the file keeps two processes from losing each
other's entries.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import unicodedata
from typing import TYPE_CHECKING, Literal

import msgspec

from tui.errors import KeyStoreError
from tui.keys.store import WrongPassphrase
from tui.paths import locked, write_private
from tui.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 16 * 1024 * 1024
_KEY_BYTES = 32
_NONCE_BYTES = 12


class _Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opens the vault besides the passphrase. 64 MiB and 3 passes take 170 ms."""

    format: Literal["ownkey-vault"] = "ownkey-vault"
    version: Literal[1] = 1
    kdf: Literal["argon2id"] = "argon2id"
    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 4
    salt: bytes
    check: bytes


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    header: _Header
    nonce: bytes
    sealed: bytes


class Vault:
    """An open vault; holds the key made of the passphrase, never the passphrase."""

    kind: Literal["sealed"] = "sealed"
    name = "sealed vault"

    def __init__(self, path: Path, header: _Header, key: bytes) -> None:
        self._path = path
        self._header = header
        self._key = key
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Vault([secret])"

    @classmethod
    def open(cls, path: Path, passphrase: Secret, *, create: bool = False) -> Vault:
        """Open the vault; blocks 170 ms.

        Args:
            path: The file.
            passphrase: Not empty.
            create: The person's consent to make the file where there is none.

        Raises:
            WrongPassphrase: it does not open with this one.
            KeyStoreError: there is none and no consent, or the file is damaged.
        """
        with locked(path):
            if not path.exists():
                if not create:
                    raise KeyStoreError(
                        "there is no sealed vault yet",
                        hint="OWNKEY_KEYRING=sealed is the consent to make one.",
                    )
                return cls._create(path, passphrase)
            file = _read(path)
        key = _derive(file.header, passphrase)
        if not hmac.compare_digest(_check_value(key), file.header.check):
            raise WrongPassphrase(
                "the sealed vault does not open with this passphrase",
                hint="Try again (OWNKEY_PASSPHRASE or the prompt). Without it the keys in the "
                "vault are lost: add them anew after moving the file away.",
            )
        vault = cls(path, file.header, key)
        vault._unseal(file)
        return vault

    @classmethod
    def _create(cls, path: Path, passphrase: Secret) -> Vault:
        bare = _Header(salt=os.urandom(16), check=b"")
        key = _derive(bare, passphrase)
        vault = cls(path, msgspec.structs.replace(bare, check=_check_value(key)), key)
        vault._write({})
        return vault

    def get(self, id: str) -> Secret | None:
        """See `SecretStore`; reads the file anew, another process may have written it."""
        with self._lock:
            value = self._entries().get(id)
        return None if value is None else Secret(value)

    def set(self, id: str, secret: Secret) -> None:
        """See `SecretStore`."""
        with self._lock, locked(self._path):
            self._write({**self._entries(), id: secret.reveal()})

    def delete(self, id: str) -> None:
        """See `SecretStore`."""
        with self._lock, locked(self._path):
            entries = self._entries()
            if entries.pop(id, None) is not None:
                self._write(entries)

    def _entries(self) -> dict[str, str]:
        file = _read(self._path)
        if file.header != self._header:
            raise WrongPassphrase(
                "the sealed vault was replaced by another one while it was open",
                hint="Open it again with that one's passphrase.",
            )
        return self._unseal(file)

    def _unseal(self, file: _File) -> dict[str, str]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            data = AESGCM(self._key).decrypt(file.nonce, file.sealed, _bound(file.header))
            return msgspec.json.decode(data, type=dict[str, str])
        except (InvalidTag, ValueError, msgspec.MsgspecError) as error:
            raise _damaged(self._path) from error

    def _write(self, entries: dict[str, str]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(
            nonce, msgspec.json.encode(entries), _bound(self._header)
        )
        data = msgspec.json.encode(_File(header=self._header, nonce=nonce, sealed=sealed))
        try:
            write_private(self._path, data)
        except OSError as error:
            raise KeyStoreError(
                f"the sealed vault cannot be written: {error.strerror}",
                hint=f"Make room, or make {self._path} writable; what was in it is still there.",
            ) from error


def _read(path: Path) -> _File:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _damaged(path)
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise KeyStoreError(
            f"the sealed vault cannot be read: {error.strerror}", hint=f"It is {path}."
        ) from error
    except msgspec.MsgspecError as error:
        raise _damaged(path) from error
    header = file.header
    # A file that someone changed must not make us take all memory or an hour.
    bounded = 8 <= header.memory_kib <= 1_048_576 and 1 <= header.passes <= 20
    if not bounded or not 1 <= header.lanes <= 16 or not 8 <= len(header.salt) <= 64:
        raise _damaged(path)
    return file


def _damaged(path: Path) -> KeyStoreError:
    return KeyStoreError(
        "the sealed vault is damaged",
        hint=f"Put a copy of it back, or move {path} away and add the keys anew.",
    )


def _derive(header: _Header, passphrase: Secret) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(
        # The same letters typed on another system may come composed in another way.
        unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8", "surrogatepass"),
        header.salt,
        time_cost=header.passes,
        memory_cost=header.memory_kib,
        parallelism=header.lanes,
        hash_len=_KEY_BYTES,
        type=Type.ID,
    )


def _check_value(key: bytes) -> bytes:
    """Tells a wrong passphrase from a damaged file; as hard to guess through as the seal."""
    return hmac.digest(key, b"ownkey vault check", hashlib.sha256)[:16]


def _bound(header: _Header) -> bytes:
    return msgspec.json.encode(header)
