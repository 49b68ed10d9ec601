"""What we put right over the price library: data with source and date, apart from it.

`data/corrections.json` holds one entry a correction; each kind below says what its fields mean.
Patterns are shell patterns over the library's model ids; the first entry that fits counts.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import resources
from typing import Literal

import msgspec

Term = Literal["geo", "host", "region", "profile"]


class Correction(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """`what` in a sentence, its `source`, and the day it was read."""

    id: str
    what: str
    source: str
    read: date


class Factor(Correction, frozen=True, kw_only=True, tag="factor"):
    """Where it ran: every token class times `factor` when the term has one of `values`."""

    providers: tuple[str, ...]
    term: Term
    values: tuple[str, ...]
    factor: Decimal
    but: tuple[str, ...] = ()
    models: tuple[str, ...] = ("*",)
    unless: tuple[str, ...] = ()


class Tier(Correction, frozen=True, kw_only=True, tag="tier"):
    """A tier as a factor; `keep`: classes that keep the standard rate, and on which models.

    `listed`: only for models that the library lists under that tier.
    """

    providers: tuple[str, ...]
    tiers: tuple[str, ...]
    factor: Decimal
    models: tuple[str, ...] = ("*",)
    unless: tuple[str, ...] = ()
    keep: dict[str, tuple[str, ...]] = {}
    listed: bool = False


class Published(Correction, frozen=True, kw_only=True, tag="published"):
    """Rates that the maker prints rounded: tier -> class -> dollars per million."""

    provider: str
    model: str
    rates: dict[str, dict[str, Decimal]]


class Words(Correction, frozen=True, kw_only=True, tag="words"):
    """Other names of tiers, by provider."""

    words: dict[str, dict[str, str]]


class Peak(Correction, frozen=True, kw_only=True, tag="peak"):
    """Peak hours in UTC, start inclusive, end exclusive; holidays inclusive at both ends."""

    provider: str
    hours: tuple[tuple[time, time], ...]
    weekends_since: date
    holidays: tuple[tuple[date, date], ...]

    def holds(self, at: datetime) -> bool:
        """Whether `at` (UTC) is peak time.

        All windows lie between 00:00 and 16:00 UTC, where the day is the same in Beijing.
        """
        day = at.date()
        if day.isoweekday() > 5 and day >= self.weekends_since:
            return False
        if any(first <= day <= last for first, last in self.holidays):
            return False
        clock = at.time()
        return any(start <= clock < end for start, end in self.hours)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars per million from 00:00 UTC of `since`; None where the name was retired."""

    since: date
    rates: dict[str, Decimal] | None
    peak: dict[str, Decimal] | None = None


class History(Correction, frozen=True, kw_only=True, tag="history"):
    """Prices of some models over time, earliest first; before them the library's count."""

    provider: str
    models: tuple[str, ...]
    periods: tuple[Period, ...]

    def at(self, day: date) -> Period | None:
        """The period that `day` lies in, or None before the first."""
        return next((one for one in reversed(self.periods) if one.since <= day), None)


class Fee(Correction, frozen=True, kw_only=True, tag="fee"):
    """A server tool's fee in dollars; `until` is exclusive."""

    providers: tuple[str, ...]
    tool: Literal["web_search", "file_search"]
    usd: Decimal
    per: Literal["call", "query", "prompt"]
    models: tuple[str, ...] = ("*",)
    until: date | None = None


class Alias(Correction, frozen=True, kw_only=True, tag="alias"):
    """Names that the library lacks, and the library's id they mean."""

    provider: str
    names: dict[str, str]


class Refused(Correction, frozen=True, kw_only=True, tag="refused"):
    """Library entries (`models`) or names that are not this provider's own."""

    provider: str
    models: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Free(Correction, frozen=True, kw_only=True, tag="free"):
    """Names that cost nothing there, by the maker's word."""

    provider: str
    names: tuple[str, ...]


class Fold(Correction, frozen=True, kw_only=True, tag="fold"):
    """Token classes that are priced as another one on these models."""

    providers: tuple[str, ...]
    models: tuple[str, ...]
    classes: dict[str, str]


class Remark(Correction, frozen=True, kw_only=True, tag="remark"):
    """A correction that lies in how usage is read, not in a number."""


AnyCorrection = (
    Factor
    | Tier
    | Published
    | Words
    | Peak
    | History
    | Fee
    | Alias
    | Refused
    | Free
    | Fold
    | Remark
)


class Corrections(msgspec.Struct, frozen=True):
    """All of them, and the library they were made over."""

    about: str
    library: str
    corrections: tuple[AnyCorrection, ...]


@lru_cache(maxsize=1)
def shipped() -> Corrections:
    """The corrections that ship with us."""
    data = resources.files("tui.catalog").joinpath("data/corrections.json").read_bytes()
    return msgspec.json.decode(data, type=Corrections)


def fits(name: str, patterns: tuple[str, ...], unless: tuple[str, ...] = ()) -> bool:
    """Whether a name fits one of the shell patterns and none of `unless`."""
    return any(fnmatchcase(name, one) for one in patterns) and not any(
        fnmatchcase(name, one) for one in unless
    )
