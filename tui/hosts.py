"""Which hosts this person's ownkey has contacted: scheme, host and port, when, how often, for what.

Noted where HTTP is sent (`tui.net`), in memory and at once; a thread of its own writes, so that no
request waits for a disk. The file is merged under a lock, so that many processes lose nothing, and
replaced in one step, so that a kill leaves the old or the new one. A host that is new to a process
is written at once, a count within `SETTLE_S`. Never a path, a query, a user or a key.
"""

from __future__ import annotations

import atexit
import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec

from tui.address import origin
from tui.paths import locked, write_private

if TYPE_CHECKING:
    from pathlib import Path

Purpose = Literal[
    "chat", "local model", "key check", "endpoint test", "local servers", "balance",
    "cost report", "model download", "MCP", "fetch tool", "proxy", "other",
]  # fmt: skip

PACKAGE_INDEX = "pip's package index"
"""Stands for the host that pip is set to use, which it alone knows."""

MOST_HOSTS = 500
"""Pairs of host and purpose that are kept; those unused for longest go, and are counted."""

SETTLE_S = 2.0
_LEAVE_S = 0.5
"""Longest that the end of a process waits for another one's lock."""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What one host was asked for: `count` requests between `first` and `last` (UTC)."""

    origin: str
    purpose: Purpose
    first: dt.datetime
    last: dt.datetime
    count: int


class Contacts(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file, the latest first.

    Args:
        since: When the list was begun; None: nothing was noted yet.
        dropped: Entries that had to go.
    """

    version: int = 1
    since: dt.datetime | None = None
    contacts: tuple[Contact, ...] = ()
    dropped: int = 0


_Key = tuple[str, Purpose]


class Notes:
    """The notes of one process.

    Args:
        file: Where they are written; asked for by the writing thread.
        now: The clock.
    """

    def __init__(
        self,
        file: Callable[[], Path],
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._file = file
        self._now = now
        self._lock = threading.Lock()  # never held while a disk is waited for
        self._writing = threading.Lock()
        self._waiting: dict[_Key, Contact] = {}
        self._known: set[_Key] = set()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self._registered = False

    def note(self, where: str, purpose: Purpose) -> None:
        """Count one request to an origin; nothing is waited for."""
        key: _Key = (where, purpose)
        now = self._now()
        with self._lock:
            before = self._waiting.get(key)
            if before is None and len(self._waiting) >= MOST_HOSTS:
                return  # the disk has refused for long: the oldest notes are the ones kept
            first, count = (now, 1) if before is None else (before.first, before.count + 1)
            self._waiting[key] = Contact(
                origin=where, purpose=purpose, first=first, last=now, count=count
            )
            if key not in self._known:
                self._known.add(key)
                self._hurry.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_on, name="hosts", daemon=True)
                self._thread.start()
        if not self._registered:
            self._registered = True
            atexit.register(self.flush)

    def flush(self) -> None:
        """Write what waits; blocks, for `_LEAVE_S` at most where another process writes."""
        ends = time.monotonic() + _LEAVE_S
        while not self._write(wait=False) and time.monotonic() < ends:
            time.sleep(0.02)

    def _write_on(self) -> None:
        """Write as notes come; ends when there are none, or the disk refuses: the next begins."""
        while True:
            self._hurry.wait(SETTLE_S)
            self._hurry.clear()
            if not (written := self._write(wait=True)):
                time.sleep(SETTLE_S)
            with self._lock:
                if not written or not self._waiting:
                    self._thread = None
                    return

    def _write(self, *, wait: bool) -> bool:
        """Whether nothing is left that could be written now."""
        if not self._writing.acquire(blocking=wait):
            return False
        try:
            with self._lock:
                taken = dict(self._waiting)
            if not taken:
                return True
            try:
                path = self._file()
                with locked(path, wait=wait) as held:
                    if not held:
                        return False
                    write_private(path, _encoded(merged(_kept(path), taken.values())))
            except OSError:
                return False  # full or read-only: they wait, and nothing else does
            with self._lock:
                for key, written in taken.items():
                    self._forget(key, written)
            return True
        finally:
            self._writing.release()

    def _forget(self, key: _Key, written: Contact) -> None:
        waiting = self._waiting[key]
        left = waiting.count - written.count
        if left > 0:
            self._waiting[key] = msgspec.structs.replace(waiting, first=written.last, count=left)
        else:
            del self._waiting[key]


def merged(before: Contacts, new: Iterable[Contact]) -> Contacts:
    """Both together, the latest first, cut to `MOST_HOSTS` (pure)."""
    found: dict[_Key, Contact] = {(one.origin, one.purpose): one for one in before.contacts}
    for one in new:
        there = found.get((one.origin, one.purpose))
        found[one.origin, one.purpose] = one if there is None else msgspec.structs.replace(
            there,
            first=min(there.first, one.first),
            last=max(there.last, one.last),
            count=there.count + one.count,
        )  # fmt: skip
    order = sorted(found.values(), key=lambda one: one.last, reverse=True)
    since = min((one.first for one in order), default=None)
    if before.since is not None and since is not None:
        since = min(since, before.since)
    return Contacts(
        since=since,
        contacts=tuple(order[:MOST_HOSTS]),
        dropped=before.dropped + max(0, len(order) - MOST_HOSTS),
    )


_notes: Notes | None = None


def keep_at(file: Callable[[], Path]) -> None:
    """From now on this process notes there; until then it notes nothing."""
    global _notes
    if _notes is not None:
        _notes.flush()
    _notes = Notes(file)


def keep_none() -> None:
    """Note nothing from now on."""
    global _notes
    _notes = None


def note(address: str, purpose: Purpose) -> None:
    """Count one request to where `address` leads; never waits, never fails."""
    if _notes is not None:
        _notes.note(_origin(address), purpose)


def flush() -> None:
    """Write what waits; blocks for a moment."""
    if _notes is not None:
        _notes.flush()


@lru_cache(maxsize=256)
def _origin(address: str) -> str:
    if address == PACKAGE_INDEX:
        return address
    try:
        return origin(address)
    except ValueError:
        return "an address that cannot be read"


def read_contacts(path: Path) -> Contacts:
    """What was noted; an empty list where there is none or it does not parse. Raises OSError."""
    with suppress(FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Contacts)
    return Contacts()


def _kept(path: Path) -> Contacts:
    """The list under its lock; one that does not parse is put aside as `.broken`."""
    found = read_contacts(path)
    if not found.contacts and path.exists():
        path.replace(path.with_name(f"{path.name}.broken"))
    return found


def _encoded(contacts: Contacts) -> bytes:
    return msgspec.json.format(msgspec.json.encode(contacts), indent=1) + b"\n"
