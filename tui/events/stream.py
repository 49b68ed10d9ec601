"""What a model says, as it comes."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tui.events.base import Event, RequestId


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A maker's own form of a part: signatures, encrypted reasoning, opaque ids.

    Replayed only to the same `api`, `host` and `model`; nobody else may see `payload`.
    """

    api: str
    host: str
    model: str
    payload: Any  # JSON as the maker gave it; only its own adapter reads it

    def belongs_to(self, api: str, host: str, model: str) -> bool:
        """Whether a request to `model` at `host` over `api` may carry this."""
        return (self.api, self.host, self.model) == (api, host, model)


class TextStreamed(Event, tag="text", frozen=True, kw_only=True):
    request: RequestId
    delta: str


class ThinkingStreamed(Event, tag="thinking", frozen=True, kw_only=True):
    request: RequestId
    delta: str


class BlockClosed(Event, tag="block_closed", frozen=True, kw_only=True):
    """The text or thinking that streamed is a whole block; `sealed` is for its maker alone."""

    request: RequestId
    kind: Literal["text", "thinking"]
    sealed: Sealed | None = None
