"""Changes of the list of keys, as values: a list in, the changed list out (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.errors import UsageError
from tui.keys.environment import ID_PREFIX
from tui.keys.pins import with_pins_of
from tui.keys.records import Checked, KeyFile, Pending, Removed, StoredKey, UsedVariable
from tui.keys.shapes import contains_key

if TYPE_CHECKING:
    from tui.secret import Secret

UNDO_FOR = dt.timedelta(minutes=30)
"""So long a removed key can be brought back; another removal ends it sooner."""

LOST_AFTER = dt.timedelta(hours=1)
"""A secret announced so long ago and never listed was left behind by a crash."""

FIRST_LABEL = "main"
ADMIN_LABEL = "admin"
_MOST_LABEL = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to add.

    Args:
        provider: Its maker.
        secret: The key, as `normalise_key` left it.
        base_url: What it is bound to, checked.
        label: The person's word for it; None: the first is called `main`.
        replace: Take the place of the key of this label (without one: of the only key).
        default: Make it the default of its maker.
        admin: It reads the maker's cost reports, and does nothing else.
        checked: What the live check said.
    """

    provider: str
    secret: Secret
    base_url: str
    label: str | None = None
    replace: bool = False
    default: bool = False
    admin: bool = False
    checked: Checked = field(default_factory=Checked)


def label_for(content: KeyFile, new: NewKey) -> str:
    """The label that a new key gets; raises UsageError where it cannot have it."""
    labels = [key.label for key in content.keys if _same_kind(key, new)]
    if new.label is None and new.replace and len(labels) > 1:
        raise UsageError(
            f"there are several keys for {new.provider}: {', '.join(labels)}",
            hint="Say which one to replace: --label L.",
        )
    first = ADMIN_LABEL if new.admin else FIRST_LABEL
    label = new.label if new.label is not None else first
    if new.label is None and new.replace and labels:
        label = labels[0]
    label = _fit_label(label, new.secret)
    if not new.replace and label.casefold() in (one.casefold() for one in labels):
        raise UsageError(
            f"there is already a key with the label {label} for {new.provider}",
            hint="Give another one (--label L), or put this key in its place (--replace).",
        )
    return label


def _same_kind(one: StoredKey, other: StoredKey | NewKey) -> bool:
    return one.provider == other.provider and one.admin == other.admin


def _fit_label(label: str, secret: Secret | None = None) -> str:
    label = label.strip()
    if contains_key(label) or (secret and secret.reveal() in label):
        raise UsageError("a label is shown everywhere: it cannot be a key")
    if not label or len(label) > _MOST_LABEL or not label.isprintable():
        raise UsageError(f"a label has 1 to {_MOST_LABEL} printable characters")
    return label


def announced(content: KeyFile, key: StoredKey, now: dt.datetime) -> KeyFile:
    """With a secret that is about to be written to its store."""
    coming = Pending(id=key.id, store=key.store, at=now)
    return replace(content, pending=(*content.pending, coming))


def placed(content: KeyFile, key: StoredKey, new: NewKey, now: dt.datetime) -> KeyFile:
    """With an announced key in the list; the one it replaces can be brought back."""
    key = replace(key, label=label_for(content, new))
    keys, removed = list(content.keys), content.removed
    at = _place(content, lambda one: _same_kind(one, key) and _same_label(one, key))
    was_default = False
    if at is None:
        keys.append(key)
    else:
        was_default = content.defaults.get(key.provider) == keys[at].id
        old = Removed(key=keys[at], at=now, place=at, replaced_by=key.id, was_default=was_default)
        content = with_pins_of(content, key.id, keys[at].id)
        removed, keys[at] = (*removed, old), key
    defaults = content.defaults
    if new.default or was_default:
        defaults = {**defaults, key.provider: key.id}
    changed = replace(
        content,
        keys=tuple(keys),
        removed=removed,
        defaults=defaults,
        pending=tuple(one for one in content.pending if one.id != key.id),
    )
    return with_one_removal(changed)


def without(content: KeyFile, id: str, now: dt.datetime) -> KeyFile:
    """Without a key or a yes, which can be brought back. Raises UsageError for an unknown id."""
    variable = id.removeprefix(ID_PREFIX) if id.startswith(ID_PREFIX) else None
    stored = _place(content, lambda one: one.id == id)
    used = next((at for at, one in enumerate(content.used) if one.variable == variable), None)
    if stored is not None:
        key: StoredKey | UsedVariable = content.keys[stored]
        place = stored
    elif used is not None:
        key, place = content.used[used], used
    else:
        raise UsageError("there is no such key", hint="`ownkey keys list` shows all.")
    default = content.defaults.get(key.provider) == id
    gone = Removed(key=key, at=now, place=place, was_default=default)
    return with_one_removal(
        replace(
            content,
            keys=tuple(one for one in content.keys if one is not key),
            used=tuple(one for one in content.used if one is not key),
            removed=(*content.removed, gone),
        )
    )


def restored(content: KeyFile, now: dt.datetime) -> tuple[KeyFile, str]:
    """With the last removal taken back, and the id of what is back."""
    last = content.removed[-1] if content.removed else None
    if last is None or now - last.at > UNDO_FOR:
        raise UsageError(
            "there is nothing to bring back",
            hint=f"A removed key can be brought back for {UNDO_FOR.seconds // 60} minutes.",
        )
    content = replace(content, removed=content.removed[:-1])
    if isinstance(last.key, UsedVariable):
        used = [one for one in content.used if one.variable != last.key.variable]
        used.insert(last.place, last.key)
        content = replace(content, used=tuple(used))
        return content, f"{ID_PREFIX}{last.key.variable}"
    follower = next((one for one in content.keys if one.id == last.replaced_by), None)
    if follower is not None:
        content = doomed(content, follower)
    keys = list(content.keys)
    keys.insert(last.place, replace(last.key, label=_free_label(content, last.key)))
    defaults = dict(content.defaults)
    if last.was_default or (follower and defaults.get(last.key.provider) == follower.id):
        defaults[last.key.provider] = last.key.id
    if follower is not None:
        content = with_pins_of(content, last.key.id, follower.id)
    return replace(content, keys=tuple(keys), defaults=defaults), last.key.id


def _free_label(content: KeyFile, key: StoredKey) -> str:
    taken = {one.label.casefold() for one in content.keys if _same_kind(one, key)}
    labels = [key.label, *(f"{key.label} {number}" for number in range(2, len(taken) + 3))]
    return next(label for label in labels if label.casefold() not in taken)


def doomed(content: KeyFile, *keys: StoredKey) -> KeyFile:
    """With these keys out of every list, their secrets to be deleted."""
    ids = {key.id for key in keys}
    dead = [Pending(id=key.id, store=key.store, at=key.added_at, doomed=True) for key in keys]
    return replace(
        content,
        keys=tuple(one for one in content.keys if one.id not in ids),
        removed=tuple(one for one in content.removed if one.key not in keys),
        pending=(*(one for one in content.pending if one.id not in ids), *dead),
    )


def with_one_removal(content: KeyFile) -> KeyFile:
    """With only the last removal left to take back; the secrets of earlier ones are doomed."""
    earlier = [gone.key for gone in content.removed[:-1]]
    content = doomed(content, *(key for key in earlier if isinstance(key, StoredKey)))
    return replace(content, removed=content.removed[-1:])


def expired(content: KeyFile, now: dt.datetime) -> KeyFile:
    """With the secrets of what can no longer be brought back, or was left by a crash, doomed."""
    old = [gone.key for gone in content.removed if now - gone.at > UNDO_FOR]
    content = doomed(content, *(key for key in old if isinstance(key, StoredKey)))
    return replace(
        content,
        removed=tuple(gone for gone in content.removed if now - gone.at <= UNDO_FOR),
        pending=tuple(
            replace(one, doomed=one.doomed or now - one.at > LOST_AFTER) for one in content.pending
        ),
    )


def forgotten(content: KeyFile, id: str) -> KeyFile:
    """Without a doomed secret that its store has deleted."""
    return replace(content, pending=tuple(one for one in content.pending if one.id != id))


def with_default(content: KeyFile, provider: str, id: str) -> KeyFile:
    """With this key as its maker's default."""
    return replace(content, defaults={**content.defaults, provider: id})


def relabelled(content: KeyFile, id: str, label: str) -> KeyFile:
    """With another label for a stored key. Raises UsageError where it cannot have it."""
    at = _place(content, lambda one: one.id == id)
    if at is None:
        raise UsageError(
            "this key has no label of yours", hint="One in the environment has its variable's name."
        )
    key = replace(content.keys[at], label=_fit_label(label))
    others = [one for one in content.keys if one.id != id and _same_kind(one, key)]
    if any(_same_label(one, key) for one in others):
        raise UsageError(
            f"there is already a key with the label {key.label} for {key.provider}",
            hint="Give another one.",
        )
    return replace(content, keys=(*content.keys[:at], key, *content.keys[at + 1 :]))


def switched(content: KeyFile, id: str, *, on: bool) -> KeyFile:
    """With a key that requests may take, or may not. Raises UsageError for an unknown one."""
    variable = id.removeprefix(ID_PREFIX) if id.startswith(ID_PREFIX) else None
    if not any(one.id == id for one in content.keys) and not any(
        one.variable == variable for one in content.used
    ):
        raise UsageError("there is no such key in use", hint="`ownkey keys list` shows all.")
    return replace(
        content,
        keys=tuple(replace(one, enabled=on) if one.id == id else one for one in content.keys),
        used=tuple(
            replace(one, enabled=on) if one.variable == variable else one for one in content.used
        ),
    )


def checked(content: KeyFile, id: str, found: Checked) -> KeyFile:
    """With what a live check said of a key."""
    variable = id.removeprefix(ID_PREFIX) if id.startswith(ID_PREFIX) else None
    return replace(
        content,
        keys=tuple(replace(one, checked=found) if one.id == id else one for one in content.keys),
        used=tuple(
            replace(one, checked=found) if one.variable == variable else one for one in content.used
        ),
    )


def agreed(content: KeyFile, yes: UsedVariable) -> KeyFile:
    """With a yes to the key that a variable holds, in place of an earlier one."""
    others = (one for one in content.used if one.variable != yes.variable)
    return replace(content, used=(*others, yes))


def _place(content: KeyFile, fits: Callable[[StoredKey], bool]) -> int | None:
    return next((at for at, one in enumerate(content.keys) if fits(one)), None)


def _same_label(one: StoredKey, other: StoredKey) -> bool:
    return one.label.casefold() == other.label.casefold()
