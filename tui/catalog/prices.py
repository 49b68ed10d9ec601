"""What a model costs: the price library, our corrections over it, a person's own file on top.

Pure given provider, model, moment and terms: no network, no clock, no store. The library is
loaded at the first question, not at import.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from tui.catalog import library
from tui.catalog.corrections import (
    Alias,
    Corrections,
    Fee,
    Fold,
    Free,
    History,
    Peak,
    Refused,
    Words,
    fits,
    shipped,
)
from tui.catalog.models import split_id
from tui.catalog.own_prices import OwnPrices
from tui.catalog.sheets import MILLION, NoPrice, Rate, Sheet, Terms, ToolFee
from tui.catalog.shown import ShownPrices, shown_prices
from tui.catalog.terms import Found, rates_under
from tui.money import product

if TYPE_CHECKING:
    from decimal import Decimal

ON_THIS_MACHINE = frozenset({"ollama", "lmstudio", "llama.cpp", "local", "demo"})
"""Providers that nobody is billed for."""

_TABLES = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "google",
    "xai": "x-ai",
    "deepseek": "deepseek",
    "zai": "zai",
    "moonshotai": "moonshotai",
    "mistral": "mistral",
    "groq": "groq",
}
_PLAIN_PLACES = {None, "global", "us", "us-gov"}
_FREE = Rate(product(0))


class Book(Protocol):
    """What billing asks for a price."""

    def find(
        self, provider: str, model: str, at: datetime, terms: Terms = ...
    ) -> Sheet | NoPrice: ...

    def tier(self, provider: str, said: str | None) -> str: ...


class PriceBook:
    """The price list.

    Args:
        own: A person's own prices, which win.
        corrections: What is put right over the library; the shipped ones unless given.
    """

    def __init__(
        self, own: OwnPrices | None = None, corrections: Corrections | None = None
    ) -> None:
        self._own = own or OwnPrices()
        self._corrections = corrections or shipped()
        words = [one for one in self._corrections.corrections if isinstance(one, Words)]
        self._words = {provider: said for one in words for provider, said in one.words.items()}

    def find(
        self, provider: str, model: str, at: datetime, terms: Terms | None = None
    ) -> Sheet | NoPrice:
        """The price sheet of one model at one moment, under one request's terms.

        Args:
            provider: Who serves it (billing/README's words).
            model: The id as it is called there.
            at: When the request was made; UTC if naive.
            terms: What else bears on it; the standard ones unless given.

        Never the price of a sibling, of a prefix, or of a look-alike elsewhere.
        """
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        own = self.own(provider, model, at)
        if own is not None:
            return own
        found = self._standard(provider, model, at)
        if found is None:
            return NoPrice(f"no price for {provider}/{model}")
        rates = rates_under(found, terms or Terms(), at, self._corrections)
        if isinstance(rates, NoPrice):
            return rates
        return Sheet(
            model=found.model,
            rates=rates,
            fees=self._fees(provider, found.model, at),
            folds=self._folds(provider, found.model),
            priced_by=f"{library.version()} and our corrections",
        )

    def own(self, provider: str, model: str, at: datetime) -> Sheet | None:
        """What the person's own file says, and nothing else; `at` is aware."""
        own = self._own.find(provider, model, at)
        if own is None:
            return None
        return Sheet(
            model=model,
            rates=own.rates(),
            fees=self._fees(provider, model, at),
            priced_by="your own price file",
        )

    def tier(self, provider: str, said: str | None) -> str:
        """One word for a tier as a response names it; "standard" where it names none."""
        word = (said or "").strip().lower().removeprefix("service_tier_")
        if word in ("", "none", "auto", "default", "standard", "unspecified"):
            return "standard"
        return self._words.get(provider, {}).get(word, word)

    def shown(self, model_id: str, at: datetime) -> ShownPrices:
        """Prices of a model for people to choose by, from its catalogue id."""
        return shown_prices(self.find(*split_id(model_id), at))

    def _standard(self, provider: str, model: str, at: datetime) -> Found | None:
        match provider:
            case "bedrock":
                return _bedrock(model, at)
            case "vertex":
                return self._vertex(model, at)
            case "azure":
                return self._azure(model, at)
            case _ if provider in _TABLES:
                return self._listed(provider, model, at)
            case _:
                return None

    def _listed(self, provider: str, model: str, at: datetime) -> Found | None:
        name = model.strip().lower()
        if provider == "google":
            name = name.removeprefix("models/")
        name = self._alias(provider, name)
        history = self._history(provider, name, at)
        if history is not None:
            return history if history.rates else None
        if self._is_free(provider, name):
            return Found(provider, name, {"input": _FREE, "output": _FREE, "cache_read": _FREE})
        entry = library.find(_TABLES[provider], name)
        if entry is None or self._refuses(provider, entry.id, name):
            return None
        rates = library.standard(entry, at)
        return Found(provider, entry.id, rates, entry) if "input" in rates else None

    def _vertex(self, model: str, at: datetime) -> Found | None:
        """Claude costs what Anthropic lists for it, Gemini what the Gemini API lists."""
        name = model.strip().lower().rpartition("/")[2]
        if name.startswith("claude"):
            found = self._listed("anthropic", name.partition("@")[0], at)
        else:
            found = self._listed("google", name, at)
        return None if found is None else _at("vertex", found)

    def _azure(self, model: str, at: datetime) -> Found | None:
        """The list price of Azure is OpenAI's for OpenAI's models, Anthropic's for Claude."""
        maker = "anthropic" if model.strip().lower().startswith("claude") else "openai"
        found = self._listed(maker, model, at)
        return None if found is None else _at("azure", found)

    def _alias(self, provider: str, name: str) -> str:
        for one in self._corrections.corrections:
            if isinstance(one, Alias) and one.provider == provider and name in one.names:
                return one.names[name]
        return name

    def _history(self, provider: str, name: str, at: datetime) -> Found | None:
        """Our own history of a model; rates are empty where the name was retired."""
        for one in self._corrections.corrections:
            if isinstance(one, History) and one.provider == provider and name in one.models:
                period = one.at(at.date())
                if period is None:
                    return None
                amounts = period.peak if period.peak and self._is_peak(provider, at) else None
                return Found(provider, name, _to_rates(amounts or period.rates or {}))
        return None

    def _is_peak(self, provider: str, at: datetime) -> bool:
        return any(
            isinstance(one, Peak) and one.provider == provider and one.holds(at)
            for one in self._corrections.corrections
        )

    def _refuses(self, provider: str, entry: str, name: str) -> bool:
        return any(
            isinstance(one, Refused)
            and one.provider == provider
            and (fits(entry, one.models) or fits(name, one.names))
            for one in self._corrections.corrections
        )

    def _is_free(self, provider: str, name: str) -> bool:
        return any(
            isinstance(one, Free) and one.provider == provider and name in one.names
            for one in self._corrections.corrections
        )

    def _fees(self, provider: str, model: str, at: datetime) -> dict[str, ToolFee]:
        fees: dict[str, ToolFee] = {}
        for one in self._corrections.corrections:
            if (
                isinstance(one, Fee)
                and one.tool not in fees
                and provider in one.providers
                and fits(model, one.models)
                and (one.until is None or at.date() < one.until)
            ):
                fees[one.tool] = ToolFee(one.usd, one.per)
        return fees

    def _folds(self, provider: str, model: str) -> dict[str, str]:
        for one in self._corrections.corrections:
            if isinstance(one, Fold) and provider in one.providers and fits(model, one.models):
                return one.classes
        return {}


@lru_cache(maxsize=1)
def shipped_book() -> PriceBook:
    """The price list without a person's own file."""
    return PriceBook()


def _bedrock(model: str, at: datetime) -> Found | None:
    """`global.` profiles at list price; another place, or none, at the regional one.

    The library's matching names only some places: the others cost what `us.` does, where the
    library has a regional price at all. GovCloud has a factor of its own over the global price.
    """
    place, bare = library.split_place(model)
    ids = {
        None: (bare,),
        "global": (f"global.{bare}",),
        "us-gov": (f"global.{bare}", f"us.{bare}", bare),
    }.get(place, (f"{place}.{bare}", f"us.{bare}", bare))
    for name in ids:
        entry = library.find("aws", name)
        if entry is not None and (place in _PLAIN_PLACES or entry.id.startswith("regional.")):
            profile = place if name.startswith("global.") else None
            return Found("bedrock", entry.id, library.standard(entry, at), entry, profile)
    return None


def _at(provider: str, found: Found) -> Found:
    return Found(provider, found.model, found.rates, found.info)


def _to_rates(amounts: dict[str, Decimal]) -> dict[str, Rate]:
    return {name: Rate(product(usd, MILLION)) for name, usd in amounts.items()}
