"""Forgets everything: keys out of their stores, then every file of ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

import msgspec

from tui import hosts
from tui.endpoints.records import read_endpoints
from tui.errors import KeyStoreError, OwnkeyError, StoreError
from tui.events.base import SessionId
from tui.keys.makers import MAKERS
from tui.keys.records import StoredKey, read_keys
from tui.keys.store import KeyStores, StoreKind, mode_of, with_limit
from tui.localmodel.models import LocalModels
from tui.paths import Paths
from tui.places import remove_all
from tui.store.lease import Lease

ELSEWHERE = "What was sent: each provider keeps it as your account there is set."
EXPORTS = "What you exported, copied or had written to files of your own."


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it, in words.

    Args:
        removed: What is gone.
        failed: What should be gone and is not, with what to do.
        stays: What is not ours to remove.
    """

    removed: tuple[str, ...]
    failed: tuple[str, ...]
    stays: tuple[str, ...]


async def forget_everything(
    paths: Paths, environ: Mapping[str, str], *, wait_s: float = 0.0
) -> Forgotten:
    """Remove keys, settings, conversations, caches and the list of hosts; there is no undo.

    Args:
        paths: Whose.
        environ: What this process may use of keyrings, and what stays in it.
        wait_s: How long others may take to end.

    Raises:
        StoreError: another ownkey runs on it; nothing was removed.
    """
    with ExitStack() as stack:
        for lease in await _leases_within(paths, wait_s):
            stack.callback(lease.release)
        stays = _stays(paths, environ)
        keys, left = await _remove_keys(paths, environ)
        hosts.keep_none()  # or it would be begun anew
        removed, failed = await asyncio.to_thread(remove_all, paths)
        foreign = tuple(one for one in failed if one.startswith("What is not ownkey's"))
        failed = tuple(one for one in failed if one not in foreign)
        return Forgotten(
            removed=(*keys, *removed), failed=(*left, *failed), stays=(*stays, *foreign)
        )


async def _leases_within(paths: Paths, wait_s: float) -> list[Lease]:
    ends = time.monotonic() + wait_s
    while True:
        try:
            return _leases(paths)
        except StoreError:
            if time.monotonic() >= ends:
                raise
        await asyncio.sleep(0.1)


def _leases(paths: Paths) -> list[Lease]:
    """All sessions, held so that nobody goes on with one meanwhile. Raises StoreError."""
    folder, held, busy = paths.state / "locks", list[Lease](), list[str]()
    for file in sorted(folder.glob("*.lock")) if folder.is_dir() else ():
        lease = Lease.take(folder, SessionId(file.stem))
        if lease is None:
            busy.append(file.stem)
        else:
            held.append(lease)
    if busy:
        for lease in held:
            lease.release()
        raise StoreError(
            f"another ownkey is at work here, on {', '.join(busy[:3])}"
            + (f" and {len(busy) - 3} more" if len(busy) > 3 else ""),
            hint="Close it, then do this again: nothing was removed.",
        )
    return held


async def _remove_keys(
    paths: Paths, environ: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete every key from the system's keyring; the vault goes with its file."""
    try:
        ids = [id for store, id in _kept(paths) if store == "system"]
    except OwnkeyError as error:
        return (), (f"Keys in the keyring: {error.message}. They stand there under `ownkey`.",)
    if not ids:
        return (), ()
    stores = KeyStores(mode_of(environ), paths, environ)
    if not stores.can_use("system"):
        return (), (_left(ids, "OWNKEY_KEYRING keeps this process from the keyring"),)
    removed, left, why, name = list[str](), list[str](), "", "the keyring"
    for id in ids:
        try:
            store = await with_limit(lambda: stores.holding("system"))
            name = store.name
            await with_limit(lambda id=id, store=store: store.delete(id))
            removed.append(id)
        except KeyStoreError as error:
            left.append(id)
            why = error.message
    said = (f"{_count(removed)} from {name}",) if removed else ()
    return said, (_left(left, why),) if left else ()


def _kept(paths: Paths) -> set[tuple[StoreKind, str]]:
    """Store and id of every secret that may lie in one."""
    keys, endpoints = read_keys(paths.keys_file), read_endpoints(paths.endpoints_file)
    if keys is None or endpoints is None:
        raise KeyStoreError("the list that names them does not parse")
    gone = [one.key for one in keys.removed]
    found: set[tuple[StoreKind, str]] = set()
    found.update((one.store, one.id) for one in (*keys.keys, *gone) if isinstance(one, StoredKey))
    places = [one.key for one in endpoints.endpoints]
    places += [one.endpoint.key for one in endpoints.removed]
    found.update((one.store, one.id) for one in places if one is not None)
    found.update((one.store, one.id) for one in (*keys.pending, *endpoints.pending))
    return found


def _left(ids: list[str], why: str) -> str:
    return (
        f"{_count(ids)} in the keyring ({why}): delete the entries of `ownkey` there: "
        f"{', '.join(ids)}"
    )


def _count(ids: list[str]) -> str:
    return f"{len(ids)} key{'s' * (len(ids) != 1)}"


def _stays(paths: Paths, environ: Mapping[str, str]) -> tuple[str, ...]:
    set_here = [name for maker in MAKERS for name in maker.variables if environ.get(name)]
    stays = [f"{name} in the environment: unset it where it is set." for name in set_here]
    return (*stays, *_own_files(paths), ELSEWHERE, EXPORTS)


def _own_files(paths: Paths) -> Iterable[str]:
    """Model files that lie where the person put them."""
    try:
        models = LocalModels(paths).models()
    except OwnkeyError:
        return
    for model in models:
        if str(paths.local_models) not in model.path:
            yield f"The model file {model.path}"
