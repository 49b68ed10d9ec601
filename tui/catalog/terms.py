"""How the terms of a request change its standard rates: speed, tier, batch, where it ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tui.catalog import library
from tui.catalog.corrections import Corrections, Factor, Published, Tier, fits
from tui.catalog.library import Rates
from tui.catalog.sheets import NoPrice, Rate, Terms
from tui.money import product

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

_AZURE_DEPLOYMENTS = {None, "global_standard", "globalstandard", "global-standard", "global"}


@dataclass(frozen=True, slots=True)
class Found:
    """A model's standard rates at a moment.

    `info` is the library's entry, None where our own history took its place; `profile` the place
    in front of a Bedrock id.
    """

    provider: str
    model: str
    rates: Rates
    info: ModelInfo | None = None
    profile: str | None = None


def rates_under(
    found: Found, terms: Terms, at: datetime, corrections: Corrections
) -> Rates | NoPrice:
    """The rates under the terms of one request, or why there are none.

    Factors multiply with each other (rule 14). A tier, speed or place without a known price has
    none (rules 10, 12, 13): it is never priced as standard.
    """
    rates = found.rates
    if terms.speed is not None:
        fast = _listed(found, "speed", terms.speed, at)
        if fast is None:
            return NoPrice(f"speed {terms.speed}")
        rates = {**rates, **fast}
    tier = _tier_of(terms)
    if tier is None:
        return NoPrice(f"tier {terms.tier}, in a batch")
    if tier != "standard":
        changed = _tier_rates(found, rates, tier, at, corrections)
        if changed is None:
            return NoPrice(f"tier {tier}")
        rates = changed
    if found.provider == "azure" and terms.deployment not in _AZURE_DEPLOYMENTS:
        return NoPrice(f"deployment {terms.deployment}")
    factor = _where(found, terms, corrections)
    if factor is None:
        return NoPrice(f"inference in {terms.geo}")
    return rates if factor == 1 else {name: rate.times(factor) for name, rate in rates.items()}


def _tier_of(terms: Terms) -> str | None:
    if not terms.batch:
        return terms.tier
    return "batch" if terms.tier in ("standard", "batch") else None


def _tier_rates(
    found: Found, rates: Rates, tier: str, at: datetime, corrections: Corrections
) -> Rates | None:
    rule = _tier_rule(found, tier, corrections)
    if rule is None:
        return _listed(found, *_key(tier), at)
    if rule.listed:
        return _halved_where_listed(found, rates, tier, rule.factor, at)
    changed = {
        name: rate if _keeps(rule, name, found.model) else rate.times(rule.factor)
        for name, rate in rates.items()
    }
    for one in corrections.corrections:
        if isinstance(one, Published) and (one.provider, one.model) == (
            found.provider,
            found.model,
        ):
            for name, usd in one.rates.get(tier, {}).items():
                changed[name] = Rate(product(usd, Decimal("1e-6")))
    return changed


def _tier_rule(found: Found, tier: str, corrections: Corrections) -> Tier | None:
    for one in corrections.corrections:
        if (
            isinstance(one, Tier)
            and found.provider in one.providers
            and tier in one.tiers
            and fits(found.model, one.models, one.unless)
        ):
            return one
    return None


def _keeps(rule: Tier, name: str, model: str) -> bool:
    return any(
        fnmatchcase(name, pattern) and fits(model, models) for pattern, models in rule.keep.items()
    )


def _key(tier: str) -> tuple[str, str]:
    return ("processing", "batch") if tier == "batch" else ("service_tier", tier)


def _listed(found: Found, key: str, value: str, at: datetime) -> Rates | None:
    """The rates of the library's own table; a class it leaves out keeps the standard rate.

    Where the standard price was another than when the table was read, the table says nothing. A
    table without a length tier is not stretched over one: above it there is no known price.
    """
    listed = None if found.info is None else library.variant(found.info, key, value, at)
    if found.info is None or listed is None:
        return None
    table, read = listed
    if library.standard(found.info, read) != found.rates:
        return None
    return {**found.rates, **{name: _flat(rate, found, name) for name, rate in table.items()}}


def _flat(rate: Rate, found: Found, name: str) -> Rate:
    usual = found.rates.get(name)
    if usual is None or rate.steps or not usual.steps:
        return rate
    return Rate(rate.base, tuple((start, None) for start, _ in usual.steps))


def _halved_where_listed(
    found: Found, rates: Rates, tier: str, factor: Decimal, at: datetime
) -> Rates | None:
    """Half of every class that the table lists, at the prices of the time.

    The table's own number wins where it is a rounded half and the standard price is still the one
    that it was read with.
    """
    listed = None if found.info is None else library.variant(found.info, *_key(tier), at)
    if found.info is None or listed is None:
        return None
    table, read = listed
    same = library.standard(found.info, read) == found.rates
    changed = dict(rates)
    for name, published in table.items():
        usual = rates.get(name)
        if usual is None:
            changed[name] = published
            continue
        half = usual.times(factor)
        if not same:
            changed[name] = half
        elif half.steps and not published.steps:
            changed[name] = Rate(published.base, half.steps)
        else:
            changed[name] = published
    return changed


def _where(found: Found, terms: Terms, corrections: Corrections) -> Decimal | None:
    """The factor of where it ran; None for a place whose price is not known."""
    factor = Decimal(1)
    seen = {
        "geo": terms.geo if found.provider == "anthropic" else None,
        "host": terms.host,
        "region": terms.region,
        "profile": found.profile,
    }
    for term, value in seen.items():
        if value is None:
            continue
        rule = _place_rule(found, term, value, corrections)
        if rule is not None:
            factor = product(factor, rule.factor)
        elif term == "geo":
            return None
    return factor


def _place_rule(found: Found, term: str, value: str, corrections: Corrections) -> Factor | None:
    for one in corrections.corrections:
        if (
            isinstance(one, Factor)
            and one.term == term
            and found.provider in one.providers
            and fits(value, one.values, one.but)
            and fits(found.model, one.models, one.unless)
        ):
            return one
    return None
