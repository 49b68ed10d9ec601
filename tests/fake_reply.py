"""What a fake model says, neutral of the wire, and how it comes in pieces."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, Literal

Wire = Literal["anthropic", "openai-chat", "openai-responses", "google"]

STOPS: dict[str, dict[str, str]] = {
    "anthropic": {
        "end": "end_turn",
        "length": "max_tokens",
        "tool": "tool_use",
        "filter": "refusal",
        "refusal": "refusal",
        "stop_sequence": "stop_sequence",
        "pause": "pause_turn",
    },
    "openai-chat": {
        "end": "stop",
        "length": "length",
        "tool": "tool_calls",
        "filter": "content_filter",
        "refusal": "stop",
        "stop_sequence": "stop",
        "pause": "stop",
    },
    "google": {
        "end": "STOP",
        "length": "MAX_TOKENS",
        "tool": "STOP",
        "filter": "SAFETY",
        "refusal": "PROHIBITED_CONTENT",
        "stop_sequence": "STOP",
        "pause": "STOP",
    },
}


@dataclasses.dataclass(frozen=True)
class Reply:
    """What the model says. `usage` counts as our events do: input and output are whole sums."""

    text: str = ""
    thinking: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()
    usage: dict[str, int] = dataclasses.field(default_factory=dict)
    stop: str = "end"
    model: str = "fake-1"
    id: str = "0001"

    @property
    def ending(self) -> str:
        return "tool" if self.tool_calls and self.stop == "end" else self.stop

    def count(self, name: str) -> int:
        said = self.thinking + self.text + "".join(json.dumps(c) for c in self.tool_calls)
        defaults = {
            "input": 10,
            "output": len(pieces_of(said)),
            "reasoning": len(pieces_of(self.thinking)),
        }
        return self.usage.get(name, defaults.get(name, 0))


Weighted = tuple[str, int]
"""One event's text, and how many tokens it stands for (pacing)."""


CUT = "\ue000"
"""In a text of a script: a delta ends here."""


def pieces_of(text: str) -> list[str]:
    """Text as a model's tokens would come: a word with the blank behind it, at most 64 KB each."""
    if CUT in text:
        return [piece for piece in text.split(CUT) if piece]
    found = re.findall(r"\S{1,65536}\s?|\s", text)
    return found if len(text) < 4_000_000 else [text]


def event(name: str | None, data: Any) -> str:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n"


def halves(text: str) -> list[str]:
    size = max(1, min(len(text) // 3 + 1, 4096))
    return [text[at : at + size] for at in range(0, len(text), size)]
