"""The models that an endpoint lists, in the words of the many gateways and servers (pure)."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import msgspec

from tui.catalog.models import Catalogue
from tui.endpoints.fit import MOST_MODELS
from tui.endpoints.records import EndpointModel
from tui.money import plain

_CONTEXT = (
    "context_length", "context_window", "max_model_len", "max_context_length", "max_input_tokens",
    "loaded_context_length", "n_ctx",
)  # fmt: skip
_OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_CHAT_TYPES = {"", "chat", "language", "llm", "vlm", "text", "model", "base", "code"}
_PRICES = {
    "input": ("prompt", "input"),
    "output": ("completion", "output"),
    "cache_read": ("input_cache_read", "cached_input", "cache_read"),
    "cache_write": ("input_cache_write", "cache_write"),
}
_EFFORTS = ("low", "medium", "high")
_NO_CHAT = re.compile(
    r"embed|rerank|whisper|transcri|moderation|(?:^|[/-])tts|stable-diffusion|dall-e|imagen"
    r"|flux[.-]|-ocr|guard",
    re.IGNORECASE,
)
"""Names of what answers no prompt, where the list does not say so itself."""
_LONGEST = 200


def entries_of(body: object) -> list[dict[str, Any]] | None:
    """The entries of a list of models, or None where the body is none."""
    listed = body
    if isinstance(body, dict):
        listed = cast("dict[str, Any]", body).get("data")
    if not isinstance(listed, list):
        return None
    rows = cast("list[Any]", listed)
    return [cast("dict[str, Any]", one) for one in rows if isinstance(one, dict)]


def models_of(entries: list[dict[str, Any]], *, per_million: bool = False) -> list[EndpointModel]:
    """The models that answer prompts, in the endpoint's order, each once."""
    found: dict[str, EndpointModel] = {}
    for entry in entries:
        id = entry.get("id")
        if isinstance(id, str) and _is_fit(id) and _answers_prompts(entry):
            found.setdefault(id, _model(id, entry, per_million))
        if len(found) >= MOST_MODELS:
            break
    return list(found.values())


def _is_fit(id: str) -> bool:
    return 0 < len(id) <= _LONGEST and id.isprintable() and not any(map(str.isspace, id))


def _answers_prompts(entry: dict[str, Any]) -> bool:
    kind = entry.get("type")
    if isinstance(kind, str) and kind.lower() not in _CHAT_TYPES:
        return False
    if _table(entry.get("capabilities")).get("completion_chat") is False:
        return False
    return kind in _CHAT_TYPES - {""} or _NO_CHAT.search(str(entry.get("id"))) is None


def _model(id: str, entry: dict[str, Any], per_million: bool) -> EndpointModel:
    top, meta = _table(entry.get("top_provider")), _table(entry.get("meta"))
    name = entry.get("display_name") or entry.get("name")
    return EndpointModel(
        id=id,
        name=name[:_LONGEST] if isinstance(name, str) and name != id else "",
        context=_count(_CONTEXT, entry, top, meta),
        max_output=_count(_OUTPUT, top, entry),
        efforts=_efforts(entry),
        prices=_prices(_table(entry.get("pricing")), per_million),
        tools=_tools(entry),
    )


def _tools(entry: dict[str, Any]) -> bool | None:
    """In the words of OpenRouter (`supported_parameters`) and Vercel (`tags`)."""
    for field, word in (("supported_parameters", "tools"), ("tags", "tool-use")):
        said = entry.get(field)
        if isinstance(said, list):
            return word in said
    return None


def _efforts(entry: dict[str, Any]) -> tuple[str, ...]:
    takes = entry.get("supported_parameters")
    return _EFFORTS if isinstance(takes, list) and "reasoning" in takes else ()


def _prices(said: dict[str, Any], per_million: bool) -> dict[str, str]:
    """Dollars per million tokens; a negative one (a router's) and what is no number is left out."""
    found: dict[str, str] = {}
    for what, names in _PRICES.items():
        amount = next((said[name] for name in names if name in said), None)
        usd = _amount(amount)
        if usd is not None:
            found[what] = plain(usd if per_million else usd * 1_000_000)
    return found


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return None
    try:
        amount = Decimal(repr(value) if isinstance(value, float) else str(value)[:40])
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < 10_000 else None


def _count(names: tuple[str, ...], *tables: dict[str, Any]) -> int | None:
    for table in tables:
        for name in names:
            value = table.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
                return value
    return None


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def known_in(catalogue: Catalogue, model: EndpointModel) -> EndpointModel:
    """With what the catalogue knows of a model of exactly this id (`maker/model`), never prices."""
    there = catalogue.find(model.id)
    if there is None:
        return model
    return msgspec.structs.replace(
        model,
        context=model.context or there.context,
        max_output=model.max_output or there.max_output,
        name=model.name or there.name,
    )
