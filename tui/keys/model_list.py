"""How each maker lists the models that a key reaches: the question, the pages, the entries (pure).

The key goes exactly as the adapter sends it (sdk-facts.md §0-3).
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

import msgspec

from tui.secret import Secret


class ModelFound(msgspec.Struct, frozen=True, kw_only=True):
    """A model that the key reaches; a number is None where the list does not tell it."""

    id: str
    name: str
    context: int | None = None
    max_output: int | None = None


def question(provider: str, secret: Secret, base_url: str) -> tuple[str, dict[str, str | Secret]]:
    """The address of the list and the headers that ask for it."""
    base, mark, query = base_url.partition("?")
    base, query = base.rstrip("/"), mark + query
    bearer = Secret(f"Bearer {secret.reveal()}")
    match provider:
        case "anthropic":
            return f"{base}/v1/models{query}", {
                "authorization": bearer,
                "anthropic-version": "2026-10-21",
            }
        case "google":
            return f"{base}/v1beta/models{query}", {"x-goog-api-key": secret}
        case _:
            return f"{base}/models{query}", {"authorization": bearer}


def lists_models(provider: str, body: dict[str, Any] | None) -> bool:
    """Whether this is a list at all; an empty one is."""
    return body is not None and isinstance(body.get(_list_name(provider)), list)


def _list_name(provider: str) -> str:
    return "models" if provider == "google" else "data"


def models_in(provider: str, body: dict[str, Any]) -> list[ModelFound]:
    """The models of one page that answer prompts, in the maker's order."""
    found: list[ModelFound] = []
    for entry in body[_list_name(provider)]:
        model = _model(provider, cast("dict[str, Any]", entry)) if isinstance(entry, dict) else None
        if model is not None:
            found.append(model)
    return found


def _model(provider: str, entry: dict[str, Any]) -> ModelFound | None:
    match provider:
        case "google":
            actions: Any = entry.get("supportedGenerationMethods") or entry.get("supportedActions")
            if isinstance(actions, list) and "generateContent" not in actions:
                return None
            id, name = entry.get("name"), entry.get("displayName")
            context, output = entry.get("inputTokenLimit"), entry.get("outputTokenLimit")
        case _:
            id, name = entry.get("id"), entry.get("display_name") or entry.get("name")
            context = entry.get("max_input_tokens") or entry.get("context_length")
            output = entry.get("max_tokens")
    if not isinstance(id, str) or not id:
        return None
    id = id.removeprefix("models/")
    return ModelFound(
        id=id,
        name=name if isinstance(name, str) and name else id,
        context=_count(context),
        max_output=_count(output),
    )


def _count(value: Any) -> int | None:  # noqa: ANN401
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def next_page(provider: str, url: str, body: dict[str, Any]) -> str | None:
    """The address of the page after this one, or None."""
    joint = "&" if "?" in url else "?"
    match provider:
        case "anthropic":
            last = body.get("last_id")
            if body.get("has_more") is True and isinstance(last, str) and last:
                return f"{url}{joint}limit=1000&after_id={quote(last, safe='')}"
        case "google":
            token = body.get("nextPageToken")
            if isinstance(token, str) and token:
                return f"{url}{joint}pageSize=1000&pageToken={quote(token, safe='')}"
        case _:
            pass
    return None
