"""Who pays, as a glyph, a word and a colour's name: the same everywhere."""

from __future__ import annotations

import os
from typing import Literal

from tui.console.abilities import has_emoji

Glyphs = Literal["auto", "emoji", "letters"]

_EMOJI = {
    "own_key": "🔑", "endpoint": "⇄", "cloud_account": "☁", "credits": "◆", "nobody": "○",
    None: "·",
}  # fmt: skip
_LETTERS = {
    "own_key": "K", "endpoint": "E", "cloud_account": "C", "credits": "$", "nobody": "o", None: "-",
}  # fmt: skip
_COLOURS = {
    "own_key": "$own-key", "endpoint": "$endpoint", "cloud_account": "$cloud-account",
    "credits": "$credits", "nobody": "$nobody", None: "$faint",
}  # fmt: skip
_WORDS = {
    "own_key": "your key", "endpoint": "endpoint", "cloud_account": "cloud account",
    "credits": "credits", "nobody": "this machine", None: "no model",
}  # fmt: skip
_SIGNS = str.maketrans({
    "▎": "|", "─": "-", "━": "=", "◂": "<", "▸": ">", "≈": "~", "…": "~", "·": "-",
    "↑": "Up", "↓": "Down", "★": "*", "☆": " ",
})  # fmt: skip


def plain_glyphs(setting: str) -> bool:
    """Whether markers are letters: by the setting, or by itself where emoji are not to be had."""
    if setting != "auto":
        return setting == "letters"
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    utf8 = "utf-8" in locale.lower() or "utf8" in locale.lower()
    return not utf8 or not has_emoji(os.environ.get("TERM", ""))


def glyph(payer: str | None, *, letters: bool) -> str:
    """The marker, two cells wide in either set."""
    sign = (_LETTERS if letters else _EMOJI).get(payer, "·")
    return sign if sign == "🔑" else f"{sign} "


def signs(text: str, *, letters: bool) -> str:
    """Our own words with their lines and arrows, in the set that the terminal can draw."""
    return text.translate(_SIGNS) if letters else text


def colour(payer: str | None) -> str:
    """The theme variable of a payer, with its `$`."""
    return _COLOURS.get(payer, "$faint")


def word(payer: str | None) -> str:
    """The payer in words."""
    return _WORDS.get(payer, "unknown")
