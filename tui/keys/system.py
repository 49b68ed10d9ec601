"""The operating system's keyring, by a list of backends that keep secrets safe.

`keyring` itself would take any backend that some package registers, a plain-text file or one
that asks on the terminal among them. So its choice is not asked: the known ones of this platform
are tried by their own priority, and a backend that the person configured must be one of them.
"""

from __future__ import annotations

import configparser
import importlib
import sys
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Literal, Protocol, cast

from tui.errors import KeyStoreError
from tui.keys.store import OTHER_WAYS, NoKeyring
from tui.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

SERVICE = "ownkey"
"""The service that our entries stand under in every keyring."""

_BACKENDS: dict[str, dict[str, str]] = {
    "linux": {
        "keyring.backends.SecretService.Keyring": "Secret Service",
        "keyring.backends.kwallet.DBusKeyring": "KWallet",
        "keyring.backends.libsecret.Keyring": "Secret Service (libsecret)",
    },
    "darwin": {"keyring.backends.macOS.Keyring": "macOS Keychain"},
    "win32": {"keyring.backends.Windows.WinVaultKeyring": "Windows Credential Locker"},
}
_CHOOSES = ("keyring.backends.chainer.ChainerBackend",)
"""A configured backend that only passes on to others: we look at those ourselves."""


class _Backend(Protocol):
    """What we use of `keyring.backend.KeyringBackend`."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class SystemStore:
    """Entries of ours in the keyring."""

    kind: Literal["system"] = "system"

    def __init__(self, backend: _Backend, name: str) -> None:
        self._backend = backend
        self.name = name

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> SystemStore:
        """Find the keyring; blocks. Raises NoKeyring where there is none to trust."""
        known = _BACKENDS.get(sys.platform, _BACKENDS["linux"])
        wanted = _configured(environ)
        if wanted is not None and wanted not in _CHOOSES:
            if wanted not in known:
                raise NoKeyring(
                    "the keyring that Python's configuration names is not one that keeps "
                    f"secrets safe ({wanted})",
                    hint=OTHER_WAYS,
                )
            known = {wanted: known[wanted]}
        viable = [found for path, name in known.items() if (found := _try(path, name))]
        if not viable:
            raise NoKeyring("this machine has no keyring that answers", hint=OTHER_WAYS)
        _, backend, name = max(viable, key=lambda found: found[0])
        if name == "Secret Service":
            name = _with_collection(name)
        return cls(backend, name)

    def get(self, id: str) -> Secret | None:
        """See `SecretStore`."""
        with _mapped(self.name):
            value = self._backend.get_password(SERVICE, id)
        return None if value is None else Secret(value)

    def set(self, id: str, secret: Secret) -> None:
        """See `SecretStore`."""
        with _mapped(self.name):
            self._backend.set_password(SERVICE, id, secret.reveal())

    def delete(self, id: str) -> None:
        """See `SecretStore`."""
        with _mapped(self.name):
            if self._backend.get_password(SERVICE, id) is not None:
                self._backend.delete_password(SERVICE, id)


def _try(path: str, name: str) -> tuple[float, _Backend, str] | None:
    """A backend with its priority, or None where it cannot work here."""
    module, _, attribute = path.rpartition(".")
    try:
        backend = getattr(importlib.import_module(module), attribute)
        return float(backend.priority), cast("_Backend", backend()), name
    except Exception:  # each backend says in its own way that its system is not there
        return None


def _configured(environ: Mapping[str, str]) -> str | None:
    """The backend that the person chose for Python's keyring, by its path; or None."""
    named = environ.get("PYTHON_KEYRING_BACKEND", "").strip()
    if named:
        return named
    file = _config_file()
    parser = configparser.RawConfigParser()
    try:
        parser.read(file, encoding="utf-8")
        return parser.get("backend", "default-keyring", fallback="").strip() or None
    except (configparser.Error, OSError, UnicodeDecodeError) as error:
        raise NoKeyring(f"{file} cannot be read", hint=f"Repair it. {OTHER_WAYS}") from error


def _config_file() -> Path:
    from keyring.util import platform_

    return platform_.config_root() / "keyringrc.cfg"


def _with_collection(name: str) -> str:
    """The name with the collection's behind it, where the service tells it without asking."""
    import secretstorage

    try:
        with closing(secretstorage.dbus_init()) as bus:
            collection = secretstorage.get_collection_by_alias(bus, "default")
            return f"{name}: {collection.get_label()}"
    except secretstorage.SecretStorageException:
        return name


@contextmanager
def _mapped(name: str) -> Generator[None]:
    """Turn whatever a backend raises into ours."""
    from keyring.errors import InitError, KeyringLocked

    try:
        yield
    except KeyringLocked as error:
        raise KeyStoreError(
            f"{name} is locked and was not unlocked", hint=f"Unlock it and try again. {OTHER_WAYS}"
        ) from error
    except InitError as error:
        raise KeyStoreError(f"{name} cannot be opened: {error}", hint=OTHER_WAYS) from error
    except Exception as error:  # besides KeyringError backends let their bus's own errors through
        reason = str(error) or type(error).__name__
        raise KeyStoreError(f"{name} refused: {reason}", hint=OTHER_WAYS) from error
