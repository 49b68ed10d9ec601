"""Long pastes, kept beside the prompt and sent whole."""

from __future__ import annotations

from typing import NamedTuple

LONG_CHARACTERS = 2_000
LONG_LINES = 20
MOST_CHARACTERS = 20_000_000
"""Longer ones are not taken at all."""
OPENS = 100_000
"""Longer ones are not put into the prompt, where each key would lay them out."""


class Pasted(NamedTuple):
    """One paste, as it came."""

    text: str
    lines: int

    @property
    def name(self) -> str:
        """What it is called on its chip and for the model."""
        if self.lines == 1:
            return f"pasted {len(self.text):,} characters"
        return f"pasted {self.lines:,} lines"

    def data(self) -> bytes:
        """What is sent."""
        return self.text.encode("utf-8", "surrogatepass")


def long_paste(text: str) -> Pasted | None:
    """A paste that is too long to stand in the prompt; None where it can."""
    if len(text) <= LONG_CHARACTERS and text.count("\n") <= LONG_LINES:
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Pasted(text, text.count("\n") + (not text.endswith("\n")))
