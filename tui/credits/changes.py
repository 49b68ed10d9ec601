"""Changes of the list of credit services, as values: a list in, the changed list out (pure)."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from tui.credits.records import CreditFile, CreditService, RemovedService
from tui.endpoints.records import KeyPlace
from tui.errors import UsageError
from tui.keys.changes import LOST_AFTER, UNDO_FOR
from tui.keys.records import Pending


def named(content: CreditFile, name: str) -> CreditService:
    """The service of this name. Raises UsageError where there is none."""
    found = next((one for one in content.services if one.name == name), None)
    if found is None:
        raise UsageError(
            "there is no credit service of that name", hint="`ownkey credits list` shows all."
        )
    return found


def announced(content: CreditFile, key: KeyPlace, now: dt.datetime) -> CreditFile:
    """With a key that is about to be written to its store."""
    coming = Pending(id=key.id, store=key.store, at=now)
    return replace(content, pending=(*content.pending, coming))


def struck(content: CreditFile, key: KeyPlace) -> CreditFile:
    """With an announced key doomed: it may lie in its store already."""
    pending = tuple(
        replace(one, doomed=True) if one.id == key.id else one for one in content.pending
    )
    return replace(content, pending=pending)


def placed(content: CreditFile, new: CreditService, now: dt.datetime) -> CreditFile:
    """With a service in the list, in the place of one of its name, which can be brought back."""
    services, removed = list(content.services), content.removed
    names = [one.name for one in services]
    if new.name in names:
        at = names.index(new.name)
        old = RemovedService(service=services[at], at=now, place=at, replaced=True)
        removed, services[at] = (*removed, old), new
    else:
        services.append(new)
    key = None if new.key is None else new.key.id
    pending = tuple(one for one in content.pending if one.id != key)
    return _with_one_removal(
        replace(content, services=tuple(services), removed=removed, pending=pending)
    )


def changed(content: CreditFile, new: CreditService) -> CreditFile:
    """With a service as it is now; its key is the same."""
    named(content, new.name)
    services = tuple(new if one.name == new.name else one for one in content.services)
    return replace(content, services=services)


def without(content: CreditFile, name: str, now: dt.datetime) -> CreditFile:
    """Without a service, which can be brought back. Raises UsageError for an unknown name."""
    gone = named(content, name)
    removal = RemovedService(service=gone, at=now, place=content.services.index(gone))
    left = tuple(one for one in content.services if one is not gone)
    return _with_one_removal(replace(content, services=left, removed=(*content.removed, removal)))


def restored(content: CreditFile, now: dt.datetime) -> tuple[CreditFile, str]:
    """With the last removal or replacement taken back, and the name of what is back."""
    last = content.removed[-1] if content.removed else None
    if last is None or now - last.at > UNDO_FOR:
        raise UsageError(
            "there is nothing to bring back",
            hint=f"A removed service can be brought back for {UNDO_FOR.seconds // 60} minutes.",
        )
    back = last.service
    follower = next((one for one in content.services if one.name == back.name), None)
    if follower is not None and not last.replaced:
        raise UsageError(
            f"another credit service is called {back.name} now",
            hint=f"Remove that one first: `ownkey credits remove {back.name}`.",
        )
    services = [one for one in content.services if one is not follower]
    services.insert(last.place, back)
    content = replace(content, services=tuple(services), removed=content.removed[:-1])
    return (content if follower is None else _doomed(content, follower)), back.name


def expired(content: CreditFile, now: dt.datetime) -> CreditFile:
    """With the keys of what can no longer be brought back, or was left by a crash, doomed."""
    old = [gone.service for gone in content.removed if now - gone.at > UNDO_FOR]
    left = tuple(gone for gone in content.removed if now - gone.at <= UNDO_FOR)
    pending = tuple(
        replace(one, doomed=one.doomed or now - one.at > LOST_AFTER) for one in content.pending
    )
    return _doomed(replace(content, removed=left, pending=pending), *old)


def forgotten(content: CreditFile, id: str) -> CreditFile:
    """Without a doomed key that its store has deleted."""
    return replace(content, pending=tuple(one for one in content.pending if one.id != id))


def _doomed(content: CreditFile, *gone: CreditService) -> CreditFile:
    """With the keys of what cannot be brought back any more to be deleted, where none has them."""
    kept = {one.key.id for one in content.services if one.key is not None}
    kept |= {one.service.key.id for one in content.removed if one.service.key is not None}
    dead = tuple(
        Pending(id=one.key.id, store=one.key.store, at=one.added_at, doomed=True)
        for one in gone
        if one.key is not None and one.key.id not in kept
    )
    return replace(content, pending=(*content.pending, *dead))


def _with_one_removal(content: CreditFile) -> CreditFile:
    """With only the last removal left to take back."""
    earlier = [gone.service for gone in content.removed[:-1]]
    return _doomed(replace(content, removed=content.removed[-1:]), *earlier)
