"""Reasoning in a chat completion: one thing in five forms.

`reasoning_content` (DeepSeek, Moonshot, z.ai, vLLM, llama.cpp), `reasoning` (Groq, Ollama,
OpenRouter), `reasoning_details` beside it (OpenRouter, with what must go back), parts of the
content (Mistral `thinking`, Databricks `reasoning`). Where a server sends two, they say the same.
"""

from __future__ import annotations

from typing import Any

from tui.providers.loose import as_rows, rows, table, text, word

_GROWING = ("text", "summary", "data")


class Thought:
    """What of an answer's reasoning has come, to be read as text and sealed for its maker."""

    def __init__(self) -> None:
        self._field: str | None = None
        self._content: list[str] = []
        self._part: list[str] = []
        self._details: list[dict[str, Any]] = []
        self._growing: dict[str, list[str]] = {}

    def take(self, message: dict[str, Any]) -> str:
        """The visible reasoning in a delta or message."""
        details = [table(entry) for entry in rows(message.get("reasoning_details"))]
        for entry in details:
            self._merge(entry)
        for name in ("reasoning_content", "reasoning", "reasoning_text"):
            said = text(message.get(name))
            if said and self._field in {None, name}:
                self._field = name
                if name == "reasoning_content":
                    self._content.append(said)
                return said
        if self._field not in {None, "reasoning_details"}:
            return ""
        said = "".join(text(e.get("text")) or text(e.get("summary")) for e in details)
        self._field = "reasoning_details" if said else self._field
        return said

    def add_part(self, said: str) -> None:
        """Reasoning that came as a part of the content."""
        self._part.append(said)

    def _merge(self, entry: dict[str, Any]) -> None:
        """Pieces of one detail bear the same type and index; their texts are put together."""
        last = self._details[-1] if self._details else None
        same = last is not None and all(
            last.get(name) == entry.get(name) for name in ("type", "index")
        )
        if last is None or not same or "index" not in entry:
            self._join()
            self._details.append({k: v for k, v in entry.items() if v is not None})
            last = self._details[-1]
            self._growing = {n: [text(entry[n])] for n in _GROWING if text(entry.get(n))}
            return
        for name, value in entry.items():
            if name in _GROWING:
                self._growing.setdefault(name, []).append(text(value))
            elif value is not None:
                last[name] = value

    def _join(self) -> None:
        for name, pieces in self._growing.items():
            self._details[-1][name] = "".join(pieces)
        self._growing = {}

    def sealed(self) -> dict[str, Any] | None:
        """What the maker wants back of the reasoning so far, once; None where it wants nothing."""
        self._join()
        payload: dict[str, Any] = {}
        if self._details:
            payload["reasoning_details"] = self._details
        if self._part:
            words = [{"type": "text", "text": "".join(self._part)}]
            payload["parts"] = [{"type": "thinking", "thinking": words}]
        if self._content:
            payload["reasoning_content"] = "".join(self._content)
        self._details, self._part, self._content = [], [], []
        return payload or None


def thought_in(part: dict[str, Any]) -> str | None:
    """The reasoning in a part of the content; None where the part is something else."""
    match part.get("type"):
        case "thinking":
            words = part.get("thinking")
        case "reasoning":
            words = part.get("summary") or part.get("text")
        case _:
            return None
    if (entries := as_rows(words)) is not None:
        return "".join(text(table(entry).get("text")) for entry in entries)
    return word(words) or ""
