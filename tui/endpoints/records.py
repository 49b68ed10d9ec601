"""What is written down of endpoints, never a key: addresses, models, where each key lies.

The file is JSON (`Paths.endpoints_file`), written whole and under a lock. One that does not parse
is put aside under another name and the rest works.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tui.errors import StoreError
from tui.keys.records import Checked, Pending
from tui.keys.store import StoreKind
from tui.paths import write_private

if TYPE_CHECKING:
    from pathlib import Path

PriceSource = Literal["stated", "own", "none"]
"""What a request cost: the endpoint's word, the person's own price file first, or nobody's."""


class EndpointModel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model that is offered.

    Args:
        id: As it is called there.
        alias: What it is picked by, in place of the id.
        name: For people.
        context, max_output: Tokens; None: not known.
        efforts: Words that it takes as effort; none: it is not asked for one.
        extra_body: Laid over the request's body.
        prices: What the endpoint's list says, dollars per million tokens as decimal strings by
            class (`input`, `output`, `cache_read`, `cache_write`): shown, and never a receipt.
        tools: Whether the list says that it takes tools; None: it says nothing of that.
    """

    id: str
    alias: str = ""
    name: str = ""
    context: int | None = None
    max_output: int | None = None
    efforts: tuple[str, ...] = ()
    extra_body: dict[str, Any] = {}
    prices: dict[str, str] = {}
    tools: bool | None = None

    @property
    def picked_by(self) -> str:
        """What stands behind the endpoint's name in a model's id."""
        return self.alias or self.id


class KeyPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where an endpoint's key lies, and what it is bound to: `scheme://host:port`."""

    id: str
    store: StoreKind
    backend: str
    fingerprint: str
    origin: str


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint as it is kept.

    Args:
        name: Stands in front of its models.
        base_url: Checked (`tui.address`).
        known: The known kind that it is of (`tui.endpoints.known`); "": another.
        headers: More of them, sent with every request; never secrets.
        models: What is offered of it, in the person's order.
        price_source: What its requests cost by.
        key: None: requests go without, or (`wants_key`) not yet.
        wants_key: It cannot be used without a key.
        enabled: Whether it serves.
        checked: What the last test said.
    """

    name: str
    base_url: str
    known: str = ""
    headers: dict[str, str] = {}
    models: tuple[EndpointModel, ...] = ()
    price_source: PriceSource = "stated"
    key: KeyPlace | None = None
    wants_key: bool = False
    enabled: bool = True
    added_at: dt.datetime
    checked: Checked = Checked()

    def find(self, picked: str) -> EndpointModel | None:
        """The model that is picked by these words behind the name, or None."""
        return next((one for one in self.models if one.picked_by == picked), None)


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint that can be brought back; its key still lies in its store.

    `replaced`: another of the same name took its place.
    """

    endpoint: Endpoint
    at: dt.datetime
    place: int
    replaced: bool = False


class EndpointFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file; order is the person's, newest last. `pending`: see `tui.keys.records`."""

    version: int = 1
    endpoints: tuple[Endpoint, ...] = ()
    removed: tuple[Removed, ...] = ()
    pending: tuple[Pending, ...] = ()


def read_endpoints(path: Path) -> EndpointFile | None:
    """The file's content; an empty one where there is no file, None where it does not parse."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return EndpointFile()
    except OSError as error:
        raise StoreError(
            f"the list of endpoints cannot be read: {error.strerror}", hint=f"It is {path}."
        ) from error
    try:
        found = msgspec.json.decode(data, type=EndpointFile)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if found.version > EndpointFile().version:
        raise StoreError(
            "the list of endpoints was written by a newer ownkey",
            hint=f"Update ownkey, or move {path} away.",
        )
    return found


def write_endpoints(path: Path, content: EndpointFile) -> None:
    """Replace the file; call it under the lock only."""
    try:
        write_private(path, msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
    except OSError as error:
        raise StoreError(
            f"the list of endpoints cannot be written: {error.strerror}",
            hint=f"Make room, or make {path.parent} writable; the list is as it was.",
        ) from error
