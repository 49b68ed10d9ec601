"""What is written down of credit services, never a key: rates, models, what was last told.

The file is JSON (`Paths.credits_file`), written whole and under a lock. One that does not parse is
put aside under another name and the rest works.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from tui.credits.amounts import amount_of, rate_of
from tui.credits.known import AdapterId, adapter_of
from tui.endpoints.records import EndpointModel, KeyPlace
from tui.errors import StoreError
from tui.keys.records import Checked, Pending
from tui.paths import write_private

if TYPE_CHECKING:
    from pathlib import Path


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a service said last; None and "" is what it did not.

    Args:
        balance: What is left, a decimal string: dollars, and of a `house` credits.
        endless: It says that the key has no limit.
        as_of: When the balance was told.
        plan, org_size: Of the organisation that the account is of.
        platform_rate: Platform credits per agent-hour, a decimal string.
        usd_per_credit: Its rate, a decimal string.
        retention: What becomes of what is sent, in its words; hostile.
        resets: When the limit begins anew, as it says it; hostile.
    """

    balance: str | None = None
    endless: bool = False
    as_of: dt.datetime | None = None
    plan: str | None = None
    org_size: int | None = None
    platform_rate: str | None = None
    usd_per_credit: str | None = None
    retention: str = ""
    resets: str = ""


class CreditService(msgspec.Struct, frozen=True, kw_only=True):
    """One credit service as it is kept.

    Args:
        name: The person's word; the connection's id.
        adapter: Its kind (`tui.credits.known`).
        base_url: Checked (`tui.address`).
        usd_per_credit: The person's word for its rate; None: the service's or the adapter's.
        models: What it offers, in its own order.
        auto: Auto model to ids there, the one to take first; "the person's word" where `own_auto`.
        own_auto: The map is the person's: a newer list of models does not change it.
        told: What it said last.
        trouble: Why the last question was not answered; "": it was.
        key: Where its key lies.
        enabled: Whether it serves.
        checked: What the last test said.
    """

    name: str
    adapter: AdapterId
    base_url: str
    usd_per_credit: str | None = None
    models: tuple[EndpointModel, ...] = ()
    auto: dict[str, tuple[str, ...]] = {}
    own_auto: bool = False
    told: Told = Told()
    trouble: str = ""
    key: KeyPlace | None = None
    enabled: bool = True
    added_at: dt.datetime
    checked: Checked = Checked()

    @property
    def rate(self) -> Decimal | None:
        """Dollars per credit: the service's word, the person's, the adapter's; None: no unit."""
        said = (self.told.usd_per_credit, self.usd_per_credit)
        found = next((rate for one in said if (rate := rate_of(one)) is not None), None)
        return found if found is not None else rate_of(adapter_of(self.adapter).usd_per_credit)

    @property
    def balance(self) -> Decimal | None:
        """What was last told to be left, in the adapter's unit; None: not told."""
        return None if self.told.balance is None else amount_of(self.told.balance)

    def picked(self, model: EndpointModel) -> str:
        """What a model is picked by: the catalogue's id, or the service's own."""
        if model.alias or "/" in model.id:
            return model.alias or model.id
        return f"{self.name}/{model.id}"

    def find(self, picked: str) -> EndpointModel | None:
        """The model that is picked by this id, or None."""
        return next((one for one in self.models if self.picked(one) == picked), None)


class RemovedService(msgspec.Struct, frozen=True, kw_only=True):
    """A service that can be brought back; its key still lies in its store."""

    service: CreditService
    at: dt.datetime
    place: int
    replaced: bool = False


class CreditFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file; order is the person's, newest last. `pending`: see `tui.keys.records`."""

    version: int = 1
    services: tuple[CreditService, ...] = ()
    removed: tuple[RemovedService, ...] = ()
    pending: tuple[Pending, ...] = ()


def read_services(path: Path) -> CreditFile | None:
    """The file's content; an empty one where there is no file, None where it does not parse."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return CreditFile()
    except OSError as error:
        raise StoreError(
            f"the list of credit services cannot be read: {error.strerror}", hint=f"It is {path}."
        ) from error
    try:
        found = msgspec.json.decode(data, type=CreditFile)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if found.version > CreditFile().version:
        raise StoreError(
            "the list of credit services was written by a newer ownkey",
            hint=f"Update ownkey, or move {path} away.",
        )
    return found


def write_services(path: Path, content: CreditFile) -> None:
    """Replace the file; call it under the lock only."""
    try:
        write_private(path, msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
    except OSError as error:
        raise StoreError(
            f"the list of credit services cannot be written: {error.strerror}",
            hint=f"Make room, or make {path.parent} writable; the list is as it was.",
        ) from error
