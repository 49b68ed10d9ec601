"""What is written down of keys, never a key: labels, fingerprints, where each lies.

The file is JSON (`Paths.keys_file`), written whole and under a lock. One that does not parse is
put aside under another name and the rest works.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from typing import TYPE_CHECKING, Literal

import msgspec

from tui.errors import KeyStoreError
from tui.keys.store import StoreKind
from tui.paths import write_private

if TYPE_CHECKING:
    from pathlib import Path

    from tui.secret import Secret

KeyState = Literal["verified", "refused", "unreachable", "unchecked"]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the last live check said; `at` is None as long as there was none.

    `error_kind` is contract.md's word; None where the key was verified or not checked.
    `models` counts what the key reaches; None where that is not known.
    """

    state: KeyState = "unchecked"
    at: dt.datetime | None = None
    error_kind: str | None = None
    models: int | None = None


class StoredKey(msgspec.Struct, frozen=True, kw_only=True, tag="stored"):
    """A key that the person added; its secret lies in `store` under `id`.

    `enabled` false: kept, and taken by no request. `admin`: it reads its maker's cost reports and
    is taken by nothing else.
    """

    id: str
    provider: str
    label: str
    fingerprint: str
    base_url: str
    store: StoreKind
    backend: str
    added_at: dt.datetime
    checked: Checked = Checked()
    enabled: bool = True
    admin: bool = False


class UsedVariable(msgspec.Struct, frozen=True, kw_only=True, tag="variable"):
    """A person's yes to the key that a variable held then, and to no other.

    `digest` is scrypt of the key with `salt`. A real key is too long to guess from any digest;
    the salt keeps it from being matched against lists, and the cost protects a variable that
    holds something guessable, such as a gateway's password.
    """

    variable: str
    provider: str
    fingerprint: str
    salt: bytes
    digest: bytes
    base_url: str
    used_at: dt.datetime
    checked: Checked = Checked()
    enabled: bool = True

    def is_for(self, secret: Secret) -> bool:
        """Whether the yes was given to this very key; takes 10 ms."""
        return secret.fingerprint == self.fingerprint and self.digest == digest(secret, self.salt)


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """A key that can be brought back; its secret still lies in its store.

    Args:
        key: What was removed.
        at: When.
        place: Where it stood in the list.
        replaced_by: Id of the key that took its label, or None where it was just removed.
        was_default: Whether its maker's default named it.
    """

    key: StoredKey | UsedVariable
    at: dt.datetime
    place: int
    replaced_by: str | None = None
    was_default: bool = False


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that stands in no list: on its way in, or (`doomed`) on its way out.

    It is swept out of its store once it is doomed, or so old that who wrote it must have died.
    """

    id: str
    store: StoreKind
    at: dt.datetime
    doomed: bool = False


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file; order is the person's, newest last.

    `pins`: by folder and maker the id of the key that requests from there take.
    """

    version: int = 1
    keys: tuple[StoredKey, ...] = ()
    used: tuple[UsedVariable, ...] = ()
    defaults: dict[str, str] = {}
    pins: dict[str, dict[str, str]] = {}
    removed: tuple[Removed, ...] = ()
    pending: tuple[Pending, ...] = ()


def digest(secret: Secret, salt: bytes) -> bytes:
    """What is remembered of a key in a variable; see `UsedVariable`."""
    value = secret.reveal().encode("utf-8", "surrogatepass")
    return hashlib.scrypt(value, salt=salt, n=4096, r=8, p=1, dklen=32)


def read_keys(path: Path) -> KeyFile | None:
    """The file's content; an empty one where there is no file, None where it does not parse."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return KeyFile()
    except OSError as error:
        raise KeyStoreError(
            f"the list of keys cannot be read: {error.strerror}", hint=f"It is {path}."
        ) from error
    try:
        found = msgspec.json.decode(data, type=KeyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if found.version > KeyFile().version:
        raise KeyStoreError(
            "the list of keys was written by a newer ownkey",
            hint=f"Update ownkey, or move {path} away.",
        )
    return found


def put_aside(path: Path, now: dt.datetime) -> Path:
    """Rename a file that does not parse, and return its new name."""
    aside = path.with_name(f"{path.name}.broken-{now:%Y%m%dT%H%M%SZ}")
    while aside.exists():
        aside = aside.with_name(f"{aside.name}-{os.urandom(2).hex()}")
    path.rename(aside)
    return aside


def write_keys(path: Path, content: KeyFile) -> None:
    """Replace the file; call it under the lock only."""
    try:
        write_private(path, msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
    except OSError as error:
        raise KeyStoreError(
            f"the list of keys cannot be written: {error.strerror}",
            hint=f"Make room, or make {path.parent} writable; the list is as it was.",
        ) from error
