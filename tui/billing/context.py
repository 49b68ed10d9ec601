"""What bears on the price and is not a count: stated costs, tiers, places, server tools.

The context's fields are contract.md's; all may be absent, and others change nothing.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from tui.billing.counts import Raw, inner, items, read
from tui.catalog.sheets import Terms

if TYPE_CHECKING:
    from tui.catalog.prices import Book

_TICK = Decimal("1e-10")
_MOST_USD = Decimal(10) ** 9


class NotStated(ValueError):
    """A cost is stated in part only; says what is missing."""


def stated_cost(raw: Raw | None, context: Raw) -> list[tuple[str, Decimal]] | None:
    """The cost that the provider itself states, as lines; None where it states none (rule 17).

    Raises:
        NotStated: an own key paid upstream, and that part is not said.
    """
    usage = raw or {}
    cost = usage.get("cost")
    if isinstance(cost, dict):  # Perplexity itemises
        cost = cast("dict[str, object]", cost).get("total_cost")
    credits = _amount(cost)
    if credits is not None:
        lines = [("reported_cost", credits)]
        if usage.get("is_byok") is True:
            upstream = _amount(inner(usage, "cost_details").get("upstream_inference_cost"))
            if upstream is None:
                raise NotStated("upstream_own_key")
            lines.append(("upstream_own_key", upstream))
        return lines
    ticks = _amount(usage.get("cost_in_usd_ticks"), most=_MOST_USD / _TICK)
    if ticks is not None:
        return [("reported_cost", ticks * _TICK)]
    header = _amount(_header(context, "x-litellm-response-cost"))
    return None if header is None else [("reported_cost", header)]


def terms_of(provider: str, raw: Raw, context: Raw, book: Book) -> Terms:
    """The terms that a request was served under, by what the response says of itself."""
    tier = book.tier(provider, _said_tier(provider, raw, context))
    return Terms(
        tier=tier,
        batch=context.get("batch") is True or tier == "batch",
        speed=_word(raw.get("speed"), "standard"),
        geo=_word(raw.get("inference_geo"), ""),
        region=_word(context.get("region"), ""),
        deployment=_word(context.get("deployment"), ""),
        host=_host(context.get("base_url")),
    )


def server_tools(raw: Raw, context: Raw) -> dict[str, int]:
    """Uses of server tools that have a fee of their own (rule 16).

    Anthropic and xAI count in usage, OpenAI in output items (searches only), Google by its
    queries, each different one once and empty ones not at all.
    """
    searches = read(inner(raw, "server_tool_use"), "web_search_requests") or 0
    searches += read(raw, "num_sources_used") or 0
    files = 0
    for item in items(context, "output_items"):
        kind = item.get("type")
        files += kind == "file_search_call"
        searches += kind == "web_search_call" and inner(item, "action").get("type") == "search"
    queries = context.get("web_search_queries")
    if isinstance(queries, list):
        asked = [one for one in cast("list[object]", queries) if isinstance(one, str)]
        searches += len({one for one in asked if one.strip()})
    return {"web_search": searches, "file_search": files}


def free_searches(context: Raw) -> int:
    """How many of the month's free Google searches are left; 0 where nobody says."""
    return read(context, "grounding_free_quota_left") or 0


def _said_tier(provider: str, raw: Raw, context: Raw) -> str | None:
    usage = _name(raw.get("service_tier"))
    if provider in ("google", "vertex"):
        said = (
            _header(context, "x-gemini-service-tier"),
            _name(raw.get("serviceTier")),
            usage,
            _name(raw.get("trafficType")),
            _name(raw.get("traffic_type")),
            _name(context.get("service_tier")),
        )
    elif provider == "anthropic":
        said = (usage, _name(context.get("service_tier")))
    else:
        said = (_name(context.get("service_tier")), usage)
    return next((one for one in said if one), None)


def _name(value: object) -> str | None:
    if isinstance(value, dict):  # Bedrock: {"type": "priority"}
        value = cast("dict[str, object]", value).get("type")
    if value is None:
        return None
    return value if isinstance(value, str) else f"{value}"[:40]


def _word(value: Any, usual: str) -> str | None:  # noqa: ANN401 - whatever the wire holds
    word = _name(value)
    word = None if word is None else word.strip().lower()
    return None if word in (None, "", usual) else word


def _header(context: Raw, name: str) -> str | None:
    for key, value in inner(context, "headers").items():
        if key.lower() == name and isinstance(value, str | int | float | Decimal):
            return str(value).strip()
    return None


def _host(url: object) -> str | None:
    if not isinstance(url, str):
        return None
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname
    except ValueError:
        return None
    return host.rstrip(".").lower() if host else None


def _amount(value: object, most: Decimal = _MOST_USD) -> Decimal | None:
    """An amount of money as its text says it, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    if isinstance(value, str) and len(value) > 64:
        return None
    try:
        amount = Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        return None
    return amount if amount.is_finite() and 0 <= amount <= most else None
