"""Who serves a request and who pays for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from tui.events.base import Event, RequestId

Payer = Literal["own_key", "endpoint", "cloud_account", "credits", "nobody"]


class RouteDecided(Event, tag="route", frozen=True, kw_only=True):
    """Written before the request's first byte leaves; without it no request is sent."""

    request: RequestId
    model: str
    connection: str
    payer: Payer
    why: str
    host: str  # "scheme://host:port", where the bytes go
    label: str = ""  # of the key or connection, for people
    estimate_nano: int | None = None  # of the prompt, before it is sent
    token_usd: Decimal | None = None  # price of one output token, for the count while it streams
    chosen: Literal["", "person", "fallback"] = ""  # who left the usual route for this request
    counted: int | None = None  # tokens of the prompt by our own count, which usage sets right


class ResponseOpened(Event, tag="opened", frozen=True, kw_only=True):
    """The answer's head came."""

    request: RequestId
    provider_request_id: str | None = None


class RequestFinished(Event, tag="request_finished", frozen=True, kw_only=True):
    """The wire proved how the model ended. Not written where a request failed."""

    request: RequestId
    stop: str
    said: str
    model: str | None = None  # that answered, where the wire names it
    seconds: float | None = None


class FallbackTaken(Event, tag="fallback", frozen=True, kw_only=True):
    """The request goes on over another route, without a question.

    Args:
        request: The one that failed.
        source, target: The connections.
        why: In words.
        model, payer, label: What is asked for there, and who pays.
        nano: A forecast; None: not known.
    """

    request: RequestId
    source: str
    target: str
    why: str
    model: str = ""
    payer: Payer | None = None
    label: str = ""
    nano: int | None = None
