"""Endpoints in words and JSON, and what is typed of them on the command line."""

from __future__ import annotations

from typing import Any

from tui.cli.output import print_text
from tui.endpoints import fit
from tui.endpoints.book import EndpointBook, serves
from tui.endpoints.records import Endpoint, EndpointModel
from tui.endpoints.testing import Trial
from tui.errors import UsageError


def as_object(book: EndpointBook, one: Endpoint) -> dict[str, Any]:
    """An endpoint as `endpoints list --json` shows it."""
    import msgspec

    return {
        "name": one.name, "url": one.base_url, "known": one.known or None,
        "payer": "nobody" if serves(one) == "local" else "endpoint",
        "key": None if one.key is None else one.key.fingerprint,
        "backend": None if one.key is None else one.key.backend,
        "enabled": one.enabled, "usable": not book.why_not(one),
        "why_not": book.why_not(one) or None, "headers": one.headers,
        "price_source": one.price_source, "state": one.checked.state,
        "checked_at": msgspec.to_builtins(one.checked.at), "error_kind": one.checked.error_kind,
        "models": [model_object(one, model) for model in one.models],
    }  # fmt: skip


def model_object(endpoint: Endpoint, model: EndpointModel) -> dict[str, Any]:
    """One of its models, as JSON shows it."""
    return {
        "id": f"{endpoint.name}/{model.picked_by}", "model": model.id,
        "alias": model.alias or None, "name": model.name or None, "context": model.context,
        "max_output": model.max_output, "efforts": list(model.efforts),
        "extra_body": model.extra_body, "prices": model.prices or None,
    }  # fmt: skip


def test_object(tested: Trial) -> dict[str, Any]:
    """What a test said, as JSON shows it."""
    return {
        "state": tested.state, "error_kind": tested.error_kind, "message": tested.message,
        "hint": tested.hint or None, "needs_key": tested.needs_key,
        "try_url": tested.try_url or None,
        "lists": [{"id": one.id, "context": one.context} for one in tested.models],
    }  # fmt: skip


def tell_test(name: str, tested: Trial) -> None:
    """What a test said, for a person."""
    why = f" ({tested.error_kind})" if tested.error_kind else ""
    print_text(f"{name} {tested.state}: {tested.message}{why}")
    if tested.hint and tested.state != "verified":
        print_text(f"  {tested.hint}")


def parse_model(text: str) -> tuple[str, str]:
    """`ID[=ALIAS]`, as it is typed."""
    id, _, alias = text.partition("=")
    return fit.fit_model(id), fit.fit_model(alias) if alias else ""


def parse_headers(pairs: list[str]) -> dict[str, str]:
    """`NAME=VALUE`, as they are typed; none that looks like a secret."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise UsageError("a header is NAME=VALUE")
        found[name.strip()] = value.strip()
    return fit.fit_headers({name: value for name, value in found.items() if value}) | {
        name: "" for name, value in found.items() if not value
    }
