"""What the demo's requests used: counted on what is really sent, told in each maker's words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from tui.demo.past import read_past
from tui.demo.scenes import Step
from tui.providers.base import Api, ModelRequest

_CHARACTERS_A_TOKEN = 4
_LEAST_CACHED = 1024
"""A shorter prompt is not cached, as makers have it."""


class UsageMeter:
    """Counts; what was sent before to the same model is read from the cache."""

    def __init__(self) -> None:
        self.output = 0
        self._sent: dict[str, list[tuple[str, int]]] = {}
        self._stated = {
            one.model.partition("/")[2]: one.stated
            for one in read_past().served.values()
            if one.stated
        }

    def usage(self, api: Api, request: ModelRequest, step: Step) -> dict[str, Any]:
        """The usage object of one answered request, as its wire has it."""
        whole = tokens(request)
        output = answered(step)
        self.output += output
        cached = self._cached(request, whole)
        match api:
            case "anthropic":
                fresh = min(whole - cached, 12) if whole >= _LEAST_CACHED else whole
                return {
                    "input_tokens": fresh,
                    "cache_read_input_tokens": cached,
                    "cache_creation_input_tokens": whole - cached - fresh,
                    "output_tokens": output,
                }
            case "openai-responses":
                return {
                    "input_tokens": whole,
                    "input_tokens_details": {"cached_tokens": cached},
                    "output_tokens": output,
                    "output_tokens_details": {"reasoning_tokens": 0},
                    "total_tokens": whole + output,
                }
            case "google":
                return {
                    "promptTokenCount": whole,
                    "cachedContentTokenCount": cached,
                    "candidatesTokenCount": output,
                    "totalTokenCount": whole + output,
                }
            case "openai-chat":
                usage: dict[str, Any] = {
                    "prompt_tokens": whole,
                    "prompt_tokens_details": {"cached_tokens": cached},
                    "completion_tokens": output,
                    "total_tokens": whole + output,
                }
                rates = self._stated.get(request.model)
                return usage if rates is None else usage | {
                    "cost": float(_cost(rates, whole, cached, output))
                }  # fmt: skip

    def _cached(self, request: ModelRequest, whole: int) -> int:
        """Tokens of the longest beginning that this model has seen."""
        text = _text(request)
        seen = self._sent.setdefault(request.model, [])
        cached = max((size for before, size in seen if text.startswith(before)), default=0)
        seen[:] = [one for one in seen if not text.startswith(one[0])]
        seen.append((text, whole))
        return min(cached, whole) if cached >= _LEAST_CACHED else 0


def tokens(request: ModelRequest) -> int:
    """About how many tokens a prompt has: four characters each."""
    about = len(msgspec.json.encode([tool.schema for tool in request.tools]))
    about += sum(len(tool.description) for tool in request.tools)
    return (about + len(_text(request))) // _CHARACTERS_A_TOKEN


def answered(step: Step) -> int:
    """About how many tokens the model writes in a step."""
    calls = sum(len(msgspec.json.encode(call.args)) + len(call.name) for call in step.calls)
    return max(1, (len(step.thinking) + len(step.text) + calls) // _CHARACTERS_A_TOKEN)


def _text(request: ModelRequest) -> str:
    return request.system + "".join(repr(one.blocks) for one in request.messages)


def _cost(rates: dict[str, str], whole: int, cached: int, output: int) -> Decimal:
    """Dollars that the endpoint states, at its own rates by the million."""
    counts = {"input": whole - cached, "cache_read": cached, "output": output}
    return sum((Decimal(rates[what]) * count for what, count in counts.items()), Decimal(0)) / 10**6
