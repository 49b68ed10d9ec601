"""The price library, read with care: which of its matches are the model itself.

`genai-prices` matches by prefixes and substrings, so that a new model, a sibling or a reseller's
name would take another's price. Here a name counts only if the library lists it, lists a pattern
that means dated snapshots, or if it is a listed name with a date or `latest` behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from tui.catalog.sheets import MILLION, Rate
from tui.money import product

if TYPE_CHECKING:
    from genai_prices.types import MatchLogic, ModelInfo, ModelPrice, PriceVariant, Provider

_CLASSES = {
    "input_mtok": ("input",),
    "output_mtok": ("output",),
    "cache_read_mtok": ("cache_read",),
    "cache_write_mtok": ("cache_write", "cache_write_5m"),
    "cache_write_5m_mtok": ("cache_write_5m",),
    "cache_write_1h_mtok": ("cache_write_1h",),
    "input_audio_mtok": ("input_audio",),
    "output_audio_mtok": ("output_audio",),
    "cache_audio_read_mtok": ("cache_read_audio",),
    "input_image_mtok": ("input_image",),
    "output_image_mtok": ("output_image",),
    "cache_image_read_mtok": ("cache_read_image",),
    "input_video_mtok": ("input_video",),
    "output_video_mtok": ("output_video",),
    "output_reasoning_mtok": ("reasoning",),
}
_DATED = re.compile(
    r"(?P<base>.+?)"
    r"(?:[-@](?:20\d{2}-?[01]\d-?[0-3]\d|2\d(?:0[1-9]|1[0-2])|latest|default|\d{3})"
    r"|-(?:preview|exp)-[01]\d-(?:20\d{2}|[0-3]\d))?"
    r"(?:-v\d+(?::\d+)?)?"
)
_PLACES = ("global", "regional", "us-gov", "us", "eu", "apac", "au", "jp", "in", "ca", "sa")
_PLACE = re.compile(rf"(?P<place>{'|'.join(_PLACES)})\.(?P<rest>.+)")

Rates = dict[str, Rate]


@lru_cache(maxsize=1)
def _tables() -> dict[str, Provider]:
    from genai_prices.data import providers

    return {provider.id: provider for provider in providers}


@lru_cache(maxsize=1)
def version() -> str:
    """The price library that is installed, as `name version`."""
    from importlib.metadata import version as installed

    return f"genai-prices {installed('genai-prices')}"


def find(table: str, name: str) -> ModelInfo | None:
    """The entry of exactly this model in one of the library's tables, or None."""
    wanted = name.strip().lower()
    for model in _tables()[table].models:
        if model.match.is_match(wanted) and _is_itself(model, wanted):
            return model
    return None


def split_place(name: str) -> tuple[str | None, str]:
    """`us.anthropic.x` is a profile of place `us`; an ARN counts by its last part."""
    bare = name.strip().lower()
    if bare.startswith("arn:"):
        bare = bare.rpartition("/")[2]
    match = _PLACE.fullmatch(bare)
    return (match["place"], match["rest"]) if match else (None, bare)


def standard(model: ModelInfo, at: datetime) -> Rates:
    """The standard rates of one moment, in dollars a token."""
    return _rates(model.get_prices(at.astimezone(UTC)))


def variant(model: ModelInfo, key: str, value: str, at: datetime) -> tuple[Rates, datetime] | None:
    """The rates that the library lists under a context, and a moment that they were read for.

    Its start dates are the days on which the variant was verified, so before the first one the
    first counts; the caller compares the standard price of both moments.
    """
    listed = [one for one in model.price_variants or () if one.when == {key: value}]
    if not listed:
        return None
    active = [one for one in listed if one.constraint is None or one.constraint.active(at)]
    chosen = active[0] if active else listed[-1]
    return _rates(chosen.prices), _reference(chosen, at)


def _reference(variant: PriceVariant, at: datetime) -> datetime:
    start = getattr(variant.constraint, "start_date", None)
    return at if start is None else datetime(start.year, start.month, start.day, tzinfo=UTC)


def _rates(prices: ModelPrice) -> Rates:
    rates: Rates = {}
    for key, value in vars(prices).items():
        if value is None:
            continue
        rate = _rate(value)
        for name in _CLASSES.get(key, ()):
            rates[name] = rate
    return rates


def _rate(value: object) -> Rate:
    if isinstance(value, Decimal):
        return Rate(product(value, MILLION))
    from genai_prices.types import TieredPrices

    if not isinstance(value, TieredPrices):
        raise TypeError(f"the price library has a price of kind {type(value).__name__}")
    steps = tuple((tier.start, product(tier.price, MILLION)) for tier in value.tiers)
    return Rate(product(value.base, MILLION), steps)


def _is_itself(model: ModelInfo, wanted: str) -> bool:
    names = {model.id.lower()}
    for clause in _clauses(model.match):
        pattern = getattr(clause, "regex", None)
        if pattern is not None:
            if pattern.startswith("^") and pattern.endswith("$") and re.search(pattern, wanted):
                return True
            continue
        names.update(str(text).lower() for text in vars(clause).values())
    listed = {_bare(name) for name in names}
    return wanted in names or _bare(wanted) in listed


def _bare(name: str) -> str:
    """A name without the place before it and the date or version behind it."""
    rest = split_place(name)[1].rstrip("-@/")
    match = _DATED.fullmatch(rest)
    return match["base"] if match else rest


def _clauses(logic: MatchLogic) -> Iterator[object]:
    parts = getattr(logic, "or_", None) or getattr(logic, "and_", None)
    if parts is None:
        yield logic
        return
    for part in parts:
        yield from _clauses(part)
