"""The keys there are: those a person stored and those found in the environment (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from tui.address import check_address, origin
from tui.errors import KeyStoreError
from tui.keys.environment import ID_PREFIX, can_be_sent, key_in
from tui.keys.makers import MAKERS, Maker, base_url_in
from tui.keys.pins import folders_of, pinned_in
from tui.keys.records import Checked, KeyFile, KeyState, StoredKey, UsedVariable
from tui.keys.store import Mode, StoreKind

if TYPE_CHECKING:
    from tui.secret import Secret


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key as lists show it; the fields of contract.md's `keys list`, and `models`.

    Args:
        id: What `keys default` and the like take; `env:VARIABLE` for one in the environment.
        provider: Its maker.
        label: The person's word for it; the variable's name for one in the environment.
        fingerprint: Its last four characters.
        source: Who holds it.
        used: Whether requests may take it now: stored where this process may look, or found
            in the environment and agreed to.
        default: The one that its maker's requests take unless a folder names another.
        base_url: Where it is sent; "" where the environment names an unusable address.
        backend: Where it lies, by name.
        checked_at: Time of the last live check, or None.
        state: What that check said.
        error_kind: Why it was refused or not reached, or None.
        models: How many models it reaches, or None where that is not known.
        enabled: False: switched off; requests do not take it until it is switched on.
        pinned: Requests from the folder that was asked for take it before the default.
        pins: All folders that name it.
        admin: It reads its maker's cost reports; no request ever takes it.
    """

    id: str
    provider: str
    label: str
    fingerprint: str
    source: Literal["stored", "environment"]
    used: bool
    default: bool
    base_url: str
    backend: str
    checked_at: dt.datetime | None
    state: KeyState
    error_kind: str | None
    models: int | None
    enabled: bool = True
    pinned: bool = False
    pins: tuple[str, ...] = ()
    admin: bool = False


class BoundElsewhere(KeyStoreError):
    """The environment names another host than the one that a key was added for.

    Args:
        record: The key.
        base_url: The address that the environment names.
        variable: The variable that does.
    """

    def __init__(self, record: KeyRecord, base_url: str, variable: str) -> None:
        there = _origin_or_none(base_url) or "an address that cannot be used"
        super().__init__(
            f"the key {record.label} (…{record.fingerprint}) was added for "
            f"{origin(record.base_url)}, but {variable} names {there}: not sent",
            hint=f"Unset {variable}, or add a key for that host: "
            f"`ownkey keys add {record.provider} --label L`.",
        )
        self.record = record
        self.base_url = base_url
        self.variable = variable


def bound_to(record: KeyRecord, base_url: str) -> bool:
    """Whether a key may be sent to `base_url`: same scheme, host and port as it was added for."""
    there = _origin_or_none(base_url)
    return there is not None and there == _origin_or_none(record.base_url)


def require_bound(record: KeyRecord, base_url: str, variable: str) -> None:
    """Raise BoundElsewhere, with both hosts named, unless `bound_to`."""
    if not bound_to(record, base_url):
        raise BoundElsewhere(record, base_url, variable)


def why_unused(record: KeyRecord) -> str:
    """What would let requests take a key that they do not take now."""
    if record.admin:
        return "It reads cost reports (`ownkey usage reconcile`) and serves no model."
    if not record.enabled:
        return f"`ownkey keys enable {record.id}` switches it on."
    if record.source == "environment":
        return f"`ownkey keys use {record.label}` is the yes to it."
    return "It lies where this process does not look: see OWNKEY_KEYRING."


def base_url_for(maker: Maker, environ: Mapping[str, str]) -> str | None:
    """Where the environment and the maker's own default send requests; None where unusable.

    Clear text to a host elsewhere passes here: who adds a key there is asked (`keys add`).
    """
    named = base_url_in(maker, environ)
    return maker.base_url if named is None else check_address(named).normalised


def list_records(
    content: KeyFile,
    environ: Mapping[str, str],
    mode: Mode,
    *,
    can_use: Callable[[StoreKind], bool],
    agreed: Callable[[UsedVariable, Secret], bool],
    folder: str = "",
) -> tuple[KeyRecord, ...]:
    """Every key, stored ones first, in the order in which requests try them.

    Args:
        content: What is written down.
        environ: Where keys are found.
        mode: What this process may use; `env` is the yes to every key in the environment.
        can_use: Whether this process may look into a store.
        agreed: Whether a yes that was given was to this very key.
        folder: Whose pins hold; "": none do.
    """
    found = [_stored(key, used=can_use(key.store)) for key in content.keys]
    for maker in MAKERS:
        found.extend(_in_environment(maker, content, environ, mode, agreed))
    defaults = {
        maker.id: _default_id(maker.id, content.defaults.get(maker.id), found) for maker in MAKERS
    }
    pinned = pinned_in(content.pins, folder)
    return tuple(
        msgspec.structs.replace(
            record,
            default=defaults.get(record.provider) == record.id,
            pinned=record.used and pinned.get(record.provider) == record.id,
            pins=folders_of(content.pins, record.id),
        )
        for record in found
    )


def _default_id(provider: str, wanted: str | None, records: list[KeyRecord]) -> str | None:
    used = [record.id for record in records if record.provider == provider and record.used]
    return wanted if wanted in used else next(iter(used), None)


def _stored(key: StoredKey, *, used: bool) -> KeyRecord:
    return KeyRecord(
        id=key.id,
        provider=key.provider,
        label=key.label,
        fingerprint=key.fingerprint,
        source="stored",
        used=used and key.enabled and not key.admin,
        default=False,
        base_url=key.base_url,
        backend=key.backend,
        checked_at=key.checked.at,
        state=key.checked.state,
        error_kind=key.checked.error_kind,
        models=key.checked.models,
        enabled=key.enabled,
        admin=key.admin,
    )


def _in_environment(
    maker: Maker,
    content: KeyFile,
    environ: Mapping[str, str],
    mode: Mode,
    agreed: Callable[[UsedVariable, Secret], bool],
) -> Iterator[KeyRecord]:
    for variable in maker.variables:
        secret = key_in(environ, variable)
        if secret is None:
            continue
        yes = next(
            (one for one in content.used if one.variable == variable and agreed(one, secret)), None
        )
        base_url = base_url_for(maker, environ)
        if yes is not None and mode != "env":
            base_url = yes.base_url
        fit = can_be_sent(secret) and base_url is not None
        checked = yes.checked if yes else Checked()
        if not can_be_sent(secret):
            checked = Checked(state="refused", error_kind="invalid_key")
        yield KeyRecord(
            id=f"{ID_PREFIX}{variable}",
            provider=maker.id,
            label=variable,
            fingerprint=secret.fingerprint,
            source="environment",
            used=fit and (mode == "env" or (yes is not None and yes.enabled)),
            default=False,
            base_url=base_url or "",
            backend="environment",
            checked_at=checked.at,
            state=checked.state,
            error_kind=checked.error_kind,
            models=checked.models,
            enabled=mode == "env" or yes is None or yes.enabled,
        )


def _origin_or_none(url: str) -> str | None:
    try:
        return origin(url)
    except ValueError:
        return None
