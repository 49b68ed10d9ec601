"""Changes of the list of endpoints, as values: a list in, the changed list out (pure)."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from tui.endpoints.records import Endpoint, EndpointFile, EndpointModel, KeyPlace, Removed
from tui.errors import UsageError
from tui.keys.changes import LOST_AFTER, UNDO_FOR
from tui.keys.records import Pending


def named(content: EndpointFile, name: str) -> Endpoint:
    """The endpoint of this name. Raises UsageError where there is none."""
    found = next((one for one in content.endpoints if one.name == name), None)
    if found is None:
        raise UsageError(
            "there is no endpoint of that name", hint="`ownkey endpoints list` shows all."
        )
    return found


def announced(content: EndpointFile, key: KeyPlace, now: dt.datetime) -> EndpointFile:
    """With a key that is about to be written to its store."""
    coming = Pending(id=key.id, store=key.store, at=now)
    return replace(content, pending=(*content.pending, coming))


def placed(content: EndpointFile, new: Endpoint, now: dt.datetime) -> EndpointFile:
    """With an endpoint in the list, in the place of one of its name, which can be brought back."""
    endpoints, removed = list(content.endpoints), content.removed
    names = [one.name for one in endpoints]
    if new.name in names:
        at = names.index(new.name)
        old = Removed(endpoint=endpoints[at], at=now, place=at, replaced=True)
        removed, endpoints[at] = (*removed, old), new
    else:
        endpoints.append(new)
    key = None if new.key is None else new.key.id
    pending = tuple(one for one in content.pending if one.id != key)
    return with_one_removal(
        replace(content, endpoints=tuple(endpoints), removed=removed, pending=pending)
    )


def changed(content: EndpointFile, new: Endpoint) -> EndpointFile:
    """With an endpoint as it is now; its key is the same, and there is nothing to bring back."""
    named(content, new.name)
    return replace(
        content,
        endpoints=tuple(new if one.name == new.name else one for one in content.endpoints),
    )


def without(content: EndpointFile, name: str, now: dt.datetime) -> EndpointFile:
    """Without an endpoint, which can be brought back. Raises UsageError for an unknown name."""
    gone = named(content, name)
    place = content.endpoints.index(gone)
    return with_one_removal(
        replace(
            content,
            endpoints=tuple(one for one in content.endpoints if one is not gone),
            removed=(*content.removed, Removed(endpoint=gone, at=now, place=place)),
        )
    )


def restored(content: EndpointFile, now: dt.datetime) -> tuple[EndpointFile, str]:
    """With the last removal or replacement taken back, and the name of what is back."""
    last = content.removed[-1] if content.removed else None
    if last is None or now - last.at > UNDO_FOR:
        raise UsageError(
            "there is nothing to bring back",
            hint=f"A removed endpoint can be brought back for {UNDO_FOR.seconds // 60} minutes.",
        )
    back = last.endpoint
    follower = next((one for one in content.endpoints if one.name == back.name), None)
    if follower is not None and not last.replaced:
        raise UsageError(
            f"another endpoint is called {back.name} now",
            hint=f"Remove that one first: `ownkey endpoints remove {back.name}`.",
        )
    endpoints = [one for one in content.endpoints if one is not follower]
    endpoints.insert(last.place, back)
    content = replace(content, endpoints=tuple(endpoints), removed=content.removed[:-1])
    return (content if follower is None else doomed(content, follower)), back.name


def doomed(content: EndpointFile, *gone: Endpoint) -> EndpointFile:
    """With the keys of what cannot be brought back any more to be deleted.

    A key that an endpoint in the list, or one that can come back, still has is kept.
    """
    kept = {one.key.id for one in content.endpoints if one.key is not None}
    kept |= {one.endpoint.key.id for one in content.removed if one.endpoint.key is not None}
    dead = tuple(
        Pending(id=one.key.id, store=one.key.store, at=one.added_at, doomed=True)
        for one in gone
        if one.key is not None and one.key.id not in kept
    )
    return replace(content, pending=(*content.pending, *dead))


def with_one_removal(content: EndpointFile) -> EndpointFile:
    """With only the last removal left to take back."""
    earlier = [gone.endpoint for gone in content.removed[:-1]]
    return doomed(replace(content, removed=content.removed[-1:]), *earlier)


def expired(content: EndpointFile, now: dt.datetime) -> EndpointFile:
    """With the keys of what can no longer be brought back, or was left by a crash, doomed."""
    old = [gone.endpoint for gone in content.removed if now - gone.at > UNDO_FOR]
    left = tuple(gone for gone in content.removed if now - gone.at <= UNDO_FOR)
    pending = tuple(
        replace(one, doomed=one.doomed or now - one.at > LOST_AFTER) for one in content.pending
    )
    return doomed(replace(content, removed=left, pending=pending), *old)


def forgotten(content: EndpointFile, id: str) -> EndpointFile:
    """Without a doomed key that its store has deleted."""
    return replace(content, pending=tuple(one for one in content.pending if one.id != id))


def with_models(endpoint: Endpoint, models: tuple[EndpointModel, ...]) -> Endpoint:
    """With these models offered. Raises UsageError where two would be picked by one word."""
    picked = [one.picked_by for one in models]
    twice = next((word for word in picked if picked.count(word) > 1), None)
    if twice is not None:
        raise UsageError(f"two models would be picked as {endpoint.name}/{twice}")
    return replace(endpoint, models=models)


def merged(
    models: tuple[EndpointModel, ...], chosen: tuple[EndpointModel, ...]
) -> tuple[EndpointModel, ...]:
    """The models with these in the places of those of the same id, new ones behind."""
    by_id = {one.id: one for one in models}
    return tuple({**by_id, **{one.id: one for one in chosen}}.values())
