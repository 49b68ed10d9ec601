"""What "harmless on a terminal" means, as checks that raise; test_text.py proves them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

ALLOWED_CONTROLS = "\n\t"


def raw_controls(text: str) -> list[str]:
    """Every C0, C1, DEL or lone surrogate in the text but newline and tab, as code points."""
    return [
        f"{ord(char):04X}"
        for char in text
        if unicodedata.category(char) in ("Cc", "Cs") and char not in ALLOWED_CONTROLS
    ]


def assert_no_raw_controls(text: str) -> None:
    found = raw_controls(text)
    assert not found, f"raw controls reach the terminal: {found[:5]}"


def assert_holds_none(text: str, chars: Iterable[str]) -> None:
    found = [f"{ord(char):04X}" for char in chars if char in text]
    assert not found, f"shown as they are: {found}"


def assert_visible_where(shown: str, source: str, invisible: Iterable[str]) -> None:
    """None of `invisible` is shown, and each one in the source left its own visible mark."""
    for char in invisible:
        assert char not in shown, f"{ord(char):04X} is shown as it is"
        marks = shown.count(f"U+{ord(char):04X}")
        assert marks == source.count(char), f"{ord(char):04X} left {marks} marks"
