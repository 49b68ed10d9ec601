"""About how many tokens a request's prompt has, before its provider has counted it (pure).

What `tui.session.bound` says is the most that it can have, for budgets; this is what is likely, for
forecasts. Beside its texts a prompt has what each maker puts around messages, calls and tools: the
`Around` of its kind, from the makers' pages where these say it, else from recorded traffic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from tui.billing.counting import Family, family_of, lasting_tokens, text_tokens
from tui.billing.file_tokens import file_tokens
from tui.events.tool import ToolSpec
from tui.providers.base import (
    Block,
    FileBlock,
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from tui.session.tool_shapes import as_json, as_types


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens around what is said.

    Args:
        request, message: Of each; the system prompt is no message unless `system` says so.
        call, result: Of a tool call and its result, beside name, arguments and output.
        tools: Of a request that has any; `tool`: of each, beside how it is written out.
        types: Tools are written out as type declarations, not as JSON.
        schema: How much of a tool's schema, written as JSON, the model is told.
        thinking: Of a request that asks for it, by the catalogue's word for how.
    """

    request: float = 3
    message: float = 4
    system: float = 0
    call: float = 12
    result: float = 9
    tools: float = 0
    tool: float = 0
    types: bool = False
    schema: float = 1
    thinking: Mapping[str, float] = {}


_CLAUDE = Around(
    # A prompt of one message has 7 beside its text, each further one 4. The pair of a call and its
    # result takes 49 more. Thinking: recorded with Claude 3.7, 4.5 (a budget) and 4.6 (adaptive).
    call=30, result=19, tool=8, thinking={"budget": 29, "adaptive": 17},
)  # fmt: skip
_CLAUDE_TOOLS = (
    # "Tool use", the table of tokens of the system prompt that tools bring, with tool_choice auto.
    # 4.5 and 4.6 as recorded in 2026; those of the newer tokenizer grow with it.
    (r"claude-3-opus", 530), (r"claude-3-sonnet", 159), (r"claude-3-haiku|3-5-haiku", 264),
    (r"3-5-sonnet-20240620", 294), (r"claude-3|-4-0|-4-1|-4-2025|-4@|-4$|3[.-]7", 346),
    (r"4[.-][56]", 497),
)  # fmt: skip
_CLAUDE_TOOLS_SINCE_47 = 497 * 1.35

_OPENAI = Around(
    # OpenAI's cookbook, "How to count tokens": 3 a message and 1 its role, 3 for the reply. Tools
    # are written as type declarations in a namespace.
    system=4, call=12, result=9, tools=11, types=True,
)  # fmt: skip
_GPT_5 = msgspec.structs.replace(_OPENAI, request=2, tools=14)
_GPT_5_CHAT = msgspec.structs.replace(_GPT_5, tools=96)
"""Over chat completions GPT-5 is told more of how tools are called than over Responses."""

_GEMINI = Around(
    # Nothing around messages. A declaration is told as JSON; up to Gemini 2.0 only its words.
    request=0, message=0, call=7, result=9, tool=7,
)  # fmt: skip
_GEMINI_2_0 = msgspec.structs.replace(_GEMINI, tool=1, schema=0.3)

_OTHERS: tuple[tuple[str, Around], ...] = (
    # Open models' chat templates, as recorded at the places that serve them.
    (r"gpt-oss", Around(request=63, system=4, call=12, result=9, tools=30, types=True)),
    (r"llama-3[.-][1-9]", Around(request=30, system=4, tools=40, tool=10)),
    (r"deepseek", Around(request=3, message=2, call=22, result=9, tools=220, tool=2)),
    (r"qwen", Around(request=3, message=5, tools=70)),
    (r"mi[sx]tral|ministral|magistral|codestral", Around(request=6, message=5, call=18, tools=17)),
)
_OTHER = Around(system=4, tools=60)


def around(model: str, api: str = "") -> Around:
    """What stands around the words of a request to this model over this wire."""
    name = model.lower()
    if "gpt-oss" in name:
        return _OTHERS[0][1]
    match family_of(name):
        case "anthropic":
            tools = next((n for what, n in _CLAUDE_TOOLS if re.search(what, name)), 497)
            return msgspec.structs.replace(_CLAUDE, tools=tools)
        case "anthropic-4.7":
            return msgspec.structs.replace(_CLAUDE, tools=_CLAUDE_TOOLS_SINCE_47)
        case "openai":
            if re.search(r"gpt-[5-9]|codex", name):
                return _GPT_5_CHAT if api == "openai-chat" else _GPT_5
            if re.search(r"(?:^|[/.:])o[1-9]", name):
                return _GPT_5
            return _OPENAI
        case "google":
            return _GEMINI_2_0 if re.search(r"gemini-(1|2[.-]0)", name) else _GEMINI
        case "other":
            return next((one for what, one in _OTHERS if re.search(what, name)), _OTHER)


def prompt_tokens(request: ModelRequest, api: str = "") -> int:
    """About how many tokens the request's prompt has, as its model's provider would count them.

    Args:
        request: Its model says whose tokenizer and what template; blocks block by block.
        api: The wire that it goes over, as in `tui.providers.base.Api`.
    """
    model = request.model
    found = standing_tokens(model, request.system, request.tools, api)
    found += around(model, api).thinking.get(request.thinking or "", 0)
    for message in request.messages:
        found += sum(block_tokens(block, model, api) for block in message.blocks)
    found += sum(map(opens, request.messages)) * around(model, api).message
    return max(round(found), 1)


def opens(message: Message) -> bool:
    """Whether it is told as a message of its own; results alone stand with their calls."""
    return not all(isinstance(block, ToolResultBlock) for block in message.blocks)


def standing_tokens(model: str, system: str, tools: tuple[ToolSpec, ...], api: str = "") -> float:
    """Of what every request of a session begins with: its system prompt and its tools."""
    put, family = around(model, api), family_of(model)
    found = put.request
    if system.strip():
        found += put.system + lasting_tokens(system, family)
    if tools:
        found += put.tools + sum(_tool(spec, put, family) for spec in tools)
    return found


def block_tokens(block: Block, model: str, api: str = "") -> float:
    """Of one block of a message, with what is put around a call or a result."""
    put, family = around(model, api), family_of(model)
    match block:
        case TextBlock():
            return text_tokens(block.text, family)
        case ThinkingBlock():
            return text_tokens(block.text, family) if block.sealed is not None else 0
        case ToolCallBlock():
            said = block.raw or "" if block.args is None else as_json(block.args)
            return put.call + text_tokens(block.name, family) + text_tokens(said, family)
        case ToolResultBlock():
            return put.result + text_tokens(block.output, family)
        case FileBlock() if block.media_type.startswith("text/"):
            return text_tokens(block.data.decode("utf-8", "replace"), family)
        case FileBlock():
            return file_tokens(block.data, block.media_type, family, model)


def _tool(spec: ToolSpec, put: Around, family: Family) -> float:
    if put.types:
        return put.tool + lasting_tokens(as_types(spec), family)
    said = lasting_tokens(f"{spec.name} {spec.description}", family)
    return put.tool + said + put.schema * lasting_tokens(as_json(spec.schema), family)
