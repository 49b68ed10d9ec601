"""Where secrets lie: the border to keyring, vault and environment, and how to open one.

    KeyStoreError
    ├── NoKeyring           this machine has no keyring that can be trusted
    ├── PassphraseNeeded    the vault is closed and nobody gave its passphrase
    ├── WrongPassphrase     it does not open with this one
    └── KeyringHangs        no answer within the time limit

Stores block (a keyring may ask the person): call them through `with_limit`, never on the loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from tui.errors import KeyStoreError, UsageError

if TYPE_CHECKING:
    from tui.paths import Paths
    from tui.secret import Secret

Mode = Literal["system", "sealed", "env"]
"""`OWNKEY_KEYRING`: what this process may read keys from and write them to."""

StoreKind = Literal["system", "sealed"]
"""Which of the two places that keep keys holds one."""

SEALED_WAY = (
    "OWNKEY_KEYRING=sealed keeps keys in an encrypted file (passphrase from OWNKEY_PASSPHRASE "
    "or a prompt)"
)
ENV_WAY = "OWNKEY_KEYRING=env takes them from the environment and stores nothing"
OTHER_WAYS = f"Two other ways: {SEALED_WAY}; {ENV_WAY}."
SYSTEM_WAY = "OWNKEY_KEYRING=system keeps keys in the operating system's keyring"

LIMIT_S = 10.0
"""Longest wait for a store before the person gets a choice."""

_Found = TypeVar("_Found")


class NoKeyring(KeyStoreError):
    """There is no keyring, or none that keeps secrets safe."""


class PassphraseNeeded(KeyStoreError):
    """The vault is closed: ask for its passphrase and open again."""


class WrongPassphrase(KeyStoreError):
    """The vault does not open with this passphrase."""


class KeyringHangs(KeyStoreError):
    """The store did not answer in time; it may still be waiting for the person."""


class SecretStore(Protocol):
    """A place that keeps secrets by id. Every call blocks, and may raise KeyStoreError."""

    @property
    def kind(self) -> StoreKind | Literal["env"]: ...

    @property
    def name(self) -> str:
        """What the person sees: "Secret Service: login"."""
        ...

    def get(self, id: str) -> Secret | None:
        """The secret, or None where there is none of this id."""
        ...

    def set(self, id: str, secret: Secret) -> None:
        """Keep it, replacing one of the same id."""
        ...

    def delete(self, id: str) -> None:
        """Forget it; nothing happens where there is none of this id."""
        ...


def mode_of(environ: Mapping[str, str]) -> Mode:
    """The mode that `OWNKEY_KEYRING` names. Raises UsageError for another word."""
    match environ.get("OWNKEY_KEYRING", "").strip().lower():
        case "" | "system":
            return "system"
        case "sealed":
            return "sealed"
        case "env":
            return "env"
        case _:
            raise UsageError(
                "OWNKEY_KEYRING is none of system, sealed, env",
                hint=f"{SYSTEM_WAY}. {OTHER_WAYS}",
            )


def open_store(
    mode: Mode,
    paths: Paths,
    passphrase: Secret | None = None,
    *,
    environ: Mapping[str, str],
    create: bool = False,
) -> SecretStore:
    """Open the place that `mode` names; blocks.

    Args:
        mode: Which.
        paths: Where the vault lies.
        passphrase: Of the vault.
        environ: Keys found in it, and the keyring's own variables.
        create: The person's consent to make the vault where there is none yet.

    Raises:
        NoKeyring: `system` without a keyring that can be trusted.
        PassphraseNeeded: `sealed` without a passphrase.
        WrongPassphrase: it does not open with this one.
        KeyStoreError: there is no vault and no consent to make one, or it is damaged.
    """
    match mode:
        case "system":
            from tui.keys.system import SystemStore

            return SystemStore.open(environ)
        case "sealed":
            from tui.keys.vault import Vault

            if passphrase is None or not passphrase:
                raise PassphraseNeeded(
                    "the sealed vault needs its passphrase",
                    hint="Set OWNKEY_PASSPHRASE, or run it in a terminal that can ask.",
                )
            return Vault.open(paths.vault_file, passphrase, create=create)
        case "env":
            from tui.keys.environment import EnvironmentStore

            return EnvironmentStore(environ)


class KeyStores:
    """The stores of one process, each opened when first needed and kept open.

    Args:
        mode: What this process may use.
        paths: Where the vault lies.
        environ: As for `open_store`.
        passphrase: Asked for the vault's passphrase when it is first opened; None where
            nobody can answer.
        create_vault: As for `open_store`.
    """

    def __init__(
        self,
        mode: Mode,
        paths: Paths,
        environ: Mapping[str, str],
        *,
        passphrase: Callable[[], Secret | None] = lambda: None,
        create_vault: bool = False,
    ) -> None:
        self.mode: Mode = mode
        self._paths = paths
        self._environ = environ
        self._passphrase = passphrase
        self._create_vault = create_vault
        self._open: dict[StoreKind, SecretStore] = {}
        # One each: a keyring that hangs must not keep the vault closed.
        self._locks: dict[StoreKind, threading.Lock] = {
            "system": threading.Lock(),
            "sealed": threading.Lock(),
        }

    def can_use(self, kind: StoreKind) -> bool:
        """Whether keys that lie there serve this process: `sealed` never touches the keyring."""
        return self.mode == kind or (self.mode == "system" and kind == "sealed")

    def writable(self) -> SecretStore:
        """Where a new key goes; raises KeyStoreError in the mode `env`."""
        if self.mode == "env":
            raise KeyStoreError(
                "nothing is stored with OWNKEY_KEYRING=env",
                hint=f"Set the maker's variable instead. Or: {SYSTEM_WAY}; {SEALED_WAY}.",
            )
        return self.holding(self.mode)

    def holding(self, kind: StoreKind) -> SecretStore:
        """The store of this kind; blocks when it is opened."""
        with self._locks[kind]:
            if kind not in self._open:
                secret = self._passphrase() if kind == "sealed" else None
                create = self._create_vault and self.mode == "sealed"
                self._open[kind] = open_store(
                    kind, self._paths, secret, environ=self._environ, create=create
                )
            return self._open[kind]

    def give(self, store: SecretStore) -> None:
        """Use this open store for its kind from now on."""
        if store.kind != "env":
            self._open[store.kind] = store


async def with_limit(call: Callable[[], _Found], seconds: float = LIMIT_S) -> _Found:
    """The result of a blocking call, made in a thread of its own that no exit waits for.

    Raises KeyringHangs after `seconds`; the call itself cannot be stopped and may still end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Found] = loop.create_future()

    def deliver(report: Callable[[], None]) -> None:
        if not done.done():
            report()

    def work() -> None:
        try:
            found = call()
        except BaseException as error:  # goes to the waiter as it is, whatever it is
            report: Callable[[], None] = lambda error=error: done.set_exception(error)  # noqa: E731
        else:
            report = lambda: done.set_result(found)  # noqa: E731
        with suppress(RuntimeError):  # the loop was closed while the call hung
            loop.call_soon_threadsafe(deliver, report)

    # Not the loop's executor: its threads are joined at exit, and a hung keyring never ends.
    threading.Thread(target=work, name="ownkey-keys", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.shield(done)
    except TimeoutError:
        if done.done():
            raise
        raise KeyringHangs(
            f"the keyring did not answer within {seconds:g} s (it may be asking in a window)",
            hint=OTHER_WAYS,
        ) from None
    finally:
        done.cancel()
