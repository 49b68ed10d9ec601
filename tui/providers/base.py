"""What every provider adapter takes and gives: one request in, typed parts out.

An adapter maps and streams. It never retries, prices, decides who pays, or reads keys, settings
or the environment: a request comes with its access (style.md §2).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from tui.events.stream import Sealed
from tui.events.tool import ToolSpec

if TYPE_CHECKING:
    from tui.hosts import Purpose
    from tui.net import Network
    from tui.secret import Secret

Api = Literal["anthropic", "openai-responses", "openai-chat", "google"]
"""A wire format. Which one a connection speaks stands in `tui.routing.connections`."""

Stop = Literal["end", "length", "tool", "filter", "refusal", "stop_sequence", "pause"]
"""How the model ended, proven by the wire; the same words as contract.md's `done`."""


class TextBlock(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    text: str
    sealed: Sealed | None = None


class ThinkingBlock(msgspec.Struct, frozen=True, kw_only=True, tag="thinking"):
    """Reasoning; sent back only where `sealed` belongs, never as text to another maker."""

    text: str
    sealed: Sealed | None = None


class ToolCallBlock(msgspec.Struct, frozen=True, kw_only=True, tag="tool_call"):
    """A call by the model. `args` is None where it sent no valid JSON object: then `raw` has it."""

    id: str
    name: str
    args: dict[str, Any] | None
    raw: str | None = None
    sealed: Sealed | None = None


class ToolResultBlock(msgspec.Struct, frozen=True, kw_only=True, tag="tool_result"):
    call: str
    name: str
    ok: bool
    output: str


class FileBlock(msgspec.Struct, frozen=True, kw_only=True, tag="file"):
    """An image or PDF of the person's. `media_type`: image/png, …, or application/pdf."""

    name: str
    media_type: str
    data: bytes


Block = TextBlock | ThinkingBlock | ToolCallBlock | ToolResultBlock | FileBlock


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the neutral history. Tool results stand in a `user` message of their own.

    Promised by `tui.session.context`: roles alternate, the first is `user`, no message is empty,
    and each tool call has its result in the next message.
    """

    role: Literal["user", "assistant"]
    blocks: tuple[Block, ...]


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a model, neutral of its maker.

    Args:
        model: The id as it is called there (no provider prefix).
        max_tokens: Upper bound of billed output tokens.
        effort: One of the model's efforts, or None for the maker's default.
        thinking: The catalogue's word for how this model is asked to think: `adaptive`,
            `budget`, `level`, `effort`, or None where it does not think or is not known to.
        cache: Set cache marks where the wire has them.
        stream: False asks for the whole answer at once; the parts are the same.
        temperature: Only for wires and models that take one (tests on a local model use 0).
        extra_body: Laid over the body of a chat completions request; the other wires have none.
    """

    model: str
    messages: tuple[Message, ...]
    system: str = ""
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int = 16_000
    effort: str | None = None
    thinking: str | None = None
    cache: bool = True
    stream: bool = True
    temperature: float | None = None
    extra_body: dict[str, Any] = {}


class Access:
    """Where a request goes and what opens the door there.

    Args:
        base_url: As the maker's SDK takes it (OpenAI's ends in /v1, the others' do not).
        secret: None for a server that wants no key.
        vendor: Which compatible vendor speaks, for its quirks; None is the maker itself.
        local: On this machine: no read time limit, no reused connection.
        headers: More of them, which a person set for this place; none of ours gives way to them.
        purpose: What its host is noted for.
    """

    __slots__ = ("base_url", "headers", "local", "network", "purpose", "secret", "vendor")

    def __init__(
        self,
        *,
        base_url: str,
        secret: Secret | None,
        network: Network,
        vendor: str | None = None,
        local: bool = False,
        headers: Mapping[str, str] | None = None,
        purpose: Purpose = "chat",
    ) -> None:
        self.base_url = base_url
        self.headers = dict(headers or {})
        self.secret = secret
        self.network = network
        self.vendor = vendor
        self.local = local
        self.purpose: Purpose = purpose


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One rate limit as the response's headers tell it; None where they do not."""

    what: str  # "requests", "tokens", "input_tokens", "output_tokens"
    limit: int | None
    remaining: int | None
    reset_s: float | None  # seconds from the response


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """The answer's head has come; always the first part."""

    provider_request_id: str | None
    limits: tuple[Limit, ...] = ()


class TextDelta(msgspec.Struct, frozen=True, kw_only=True, tag="text_delta"):
    text: str


class ThinkingDelta(msgspec.Struct, frozen=True, kw_only=True, tag="thinking_delta"):
    text: str


class BlockEnded(msgspec.Struct, frozen=True, kw_only=True, tag="block_ended"):
    """The text or thinking block that the deltas belonged to is whole.

    A thinking block may have no delta at all (redacted or encrypted): then only this comes.
    """

    kind: Literal["text", "thinking"]
    sealed: Sealed | None = None


class ToolCallProgress(msgspec.Struct, frozen=True, kw_only=True, tag="tool_call_progress"):
    """Arguments are being written; `chars` more of them. For liveness only."""

    name: str
    chars: int


class ToolCalled(msgspec.Struct, frozen=True, kw_only=True, tag="tool_called"):
    """A whole tool call, in the order of the wire."""

    call: ToolCallBlock


class ServerToolUsed(msgspec.Struct, frozen=True, kw_only=True, tag="server_tool_used"):
    """The provider ran a tool of its own (web search, code execution)."""

    name: str
    id: str | None


class UsageReported(msgspec.Struct, frozen=True, kw_only=True, tag="usage_reported"):
    """The provider's usage object, merged over the stream; at most once, after the last delta.

    `context` holds what bears on the price and is not in usage, in contract.md's words
    (`service_tier`, `headers`, `output_items`, `web_search_queries`).
    """

    raw: dict[str, Any]
    context: dict[str, Any]


class Stopped(msgspec.Struct, frozen=True, kw_only=True, tag="stopped"):
    """Proof of completion; always the last part. `said` is the wire's own word."""

    stop: Stop
    said: str
    model: str | None = None  # the model that answered, where the wire names it


StreamPart = (
    Opened
    | TextDelta
    | ThinkingDelta
    | BlockEnded
    | ToolCallProgress
    | ToolCalled
    | ServerToolUsed
    | UsageReported
    | Stopped
)


class Provider(Protocol):
    """One wire format."""

    api: Api

    def stream(self, request: ModelRequest, access: Access) -> AsyncGenerator[StreamPart]:
        """Send one request and yield its parts as they come.

        The response is closed when the generator is. Text, calls and usage that came before a
        failure have been yielded before it is raised.

        Raises:
            EndedEarly: the stream ended without its proof of completion.
            RequestError: any other failure, as one of its kinds.
        """
        ...
