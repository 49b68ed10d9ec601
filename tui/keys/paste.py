"""What a person pastes as a key, made into the key alone or refused with a reason (pure).

The rules are hostile/README.md's "Pasted keys". Hints never repeat any of what was pasted:
it may be a key. Time is linear in the length of the paste.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal, cast

from tui.keys.makers import find_maker
from tui.keys.shapes import (
    KEY_CHARACTERS,
    MAX_KEY,
    MIN_KEY,
    holds_second_key,
    pretends,
    shape_of,
    starts_key,
)
from tui.keys.shapes import contains_key as contains_key
from tui.secret import Secret

PasteError = Literal["empty", "not_a_key", "wrong_provider", "too_long"]

_BLANK = " \t\n\r\v\f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
_INVISIBLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_QUOTES = "\"'`\xb4\xab\xbb\u2018-\u201f\u2032-\u2035\u2039\u203a\uff02\uff07"
_LOOSE = f"{_BLANK}{_INVISIBLE}{_QUOTES},;"
_NAME = r"(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,63})"

_LEFT = re.compile(rf"(?:[{_LOOSE}]++|(?:\x1b\[|\x9b)20[01]~)*+")
_RIGHT = re.compile(rf"(?:[{_LOOSE}]++|~[01]02(?:\[\x1b|\x9b))*+")  # on the reversed text
_WORD = re.compile(
    rf"(?:export|bearer)(?![{KEY_CHARACTERS}])|(?:set|const|let|var)(?=[{_BLANK}]{{1,64}}{_NAME}"
    rf"[{_BLANK}]{{0,64}}[=:])",
    re.IGNORECASE,
)
_POWERSHELL = re.compile(rf"\$(?:env:)?{_NAME}[{_BLANK}]{{0,64}}=", re.IGNORECASE)
_ASSIGNED = re.compile(rf"{_NAME}[{_QUOTES}]?[{_BLANK}]{{0,64}}(?P<sign>=(?!=)|:(?!//))")
_NAMES_A_SECRET = re.compile(r"key|token|secret|auth|pass", re.IGNORECASE)

_CLEAN = re.compile(f"[{KEY_CHARACTERS}]+")
_FOREIGN = re.compile(f"[^{KEY_CHARACTERS}]")
_LINE_BREAK = re.compile("\r\n|\r\r|[\n\r\x85\u2028\u2029]")
_ASSIGNMENT_LINE = re.compile(r"[A-Za-z_]\w*=[^=]")

LEAST_OF_ENDPOINT = 6
"""LiteLLM's own documentation starts with `sk-1234`."""

_MOST_WORDS = 1000
"""Words taken off the front; more than any paste has, and a bound for a hostile one."""
_MOST_JSON = 65_536
_TWO_LINES = "More than one line, and they do not make one key: paste the key alone."


@dataclass(frozen=True, slots=True)
class PastedKey:
    """A key as it will be used; `notes` says what was taken off or is unusual, for the person."""

    secret: Secret
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedPaste:
    """Why a paste is no key for this place.

    Args:
        error: The class (contract.md, `keys add --dry-run`).
        hint: What to do, without a character of the paste.
        belongs: The maker it can be added for instead, or None.
    """

    error: PasteError
    hint: str
    belongs: str | None = None


def normalise_key(payload: str, provider: str) -> PastedKey | RefusedPaste:
    """The key in `payload`, for the maker `provider` (any other word: of any shape)."""
    notes: list[str] = []
    left = _taken_out(payload, notes)
    if not left:
        return RefusedPaste("empty", "Nothing was pasted: copy the key and paste it here.")
    if len(left) > 2 * MAX_KEY:
        return _too_long()
    joined = _joined(left, notes)
    if joined is None:
        return RefusedPaste("not_a_key", _TWO_LINES)
    if len(joined) > MAX_KEY:
        return _too_long()
    reason = _why_no_key(joined)
    if reason is not None:
        return RefusedPaste("not_a_key", reason)
    return _for_provider(joined, provider, notes)


def endpoint_key(payload: Secret) -> PastedKey | RefusedPaste:
    """The key of an endpoint in `payload`: of any shape, and as short as a gateway makes them."""
    notes: list[str] = []
    text = payload.reveal()
    left = _taken_out(text, notes)
    short = _CLEAN.fullmatch(left) is not None and LEAST_OF_ENDPOINT <= len(left) < MIN_KEY
    if short and pretends(left) is None:
        return PastedKey(Secret(left), tuple(notes))
    return normalise_key(text, "")


def bearer(secret: Secret) -> Secret:
    """The header's value that carries a key."""
    return Secret(f"Bearer {secret.reveal()}")


def recognise(text: str) -> str | None:
    """The maker whose key `text` is, where it is nothing but one of a known shape; or None.

    Quotes, names and the like around the key are looked through, as in a paste.
    """
    pasted = normalise_key(text, "")
    if isinstance(pasted, RefusedPaste):
        return None
    shape = shape_of(pasted.secret.reveal())
    return shape.provider if shape else None


def _too_long() -> RefusedPaste:
    return RefusedPaste(
        "too_long", f"Longer than {MAX_KEY:,} characters: no key is. Copy it alone."
    )


def _taken_out(text: str, notes: list[str], depth: int = 0) -> str:
    """What is left once everything around the key is taken off both ends."""
    start, end = 0, len(text)
    end -= cast("re.Match[str]", _RIGHT.match(text[::-1])).end()
    for _ in range(_MOST_WORDS):
        start = min(cast("re.Match[str]", _LEFT.match(text, start, end)).end(), end)
        after = _after_word(text, start, end, notes)
        if after is None:
            break
        start = after
    _note_loose(text[:start] + text[end:], notes)
    inner = _json_key(text[start:end]) if depth == 0 else None
    if inner is None:
        return text[start:end]
    _note(notes, "the JSON around it was taken off")
    return _taken_out(inner, notes, depth + 1)


def _after_word(text: str, start: int, end: int, notes: list[str]) -> int | None:
    """Where the text goes on behind `export`, `NAME=`, `Bearer` and the like, or None."""
    word = _WORD.match(text, start, end) or _POWERSHELL.match(text, start, end)
    if word:
        _note(notes, f"`{word[0]}` was taken off" if word[0].isalpha() else _NAME_NOTE)
        return word.end()
    named = _ASSIGNED.match(text, start, end)
    if named is None or named["name"].startswith("sk-") or shape_of(named["name"]):
        return None
    if named["sign"] == "=" and named.end() == end and not _NAMES_A_SECRET.search(named["name"]):
        return None  # the padding of a base64 key, not a name without a value
    _note(notes, _NAME_NOTE)
    return named.end()


_NAME_NOTE = "the name in front was taken off"


def _note(notes: list[str], text: str) -> None:
    if text not in notes:
        notes.append(text)


def _note_loose(loose: str, notes: list[str]) -> None:
    for found, what in (
        (_QUOTES, "quotes"),
        (_INVISIBLE, "invisible characters"),
        ("\x1b\x9b", "paste marks"),
    ):
        if re.search(f"[{found}]", loose):
            _note(notes, f"{what} were taken off")


def _json_key(text: str) -> str | None:
    """The one string that a JSON object holds under a name like `api_key`, or None."""
    if not text.startswith("{") or len(text) > _MOST_JSON:
        return None
    found: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> None:
        for name, value in pairs:
            plain = name.lower().replace("_", "").replace("-", "")
            if plain.endswith("apikey") and isinstance(value, str):
                found.append(value)

    try:
        json.loads(text, object_pairs_hook=collect)
    except (ValueError, RecursionError):
        return None
    return found[0] if len(found) == 1 else None


def _joined(text: str, notes: list[str]) -> str | None:
    """The text without the line breaks that a terminal put into a key; None where they are real."""
    parts = _LINE_BREAK.split(text)
    if len(parts) == 1:
        return text
    if not all(_CLEAN.fullmatch(part) for part in parts):
        return None
    if any(starts_key(part) or _ASSIGNMENT_LINE.match(part) for part in parts[1:]):
        return None
    _note(notes, "a line break inside was joined")
    return "".join(parts)


def _why_no_key(text: str) -> str | None:
    foreign = _FOREIGN.search(text)
    if foreign:
        return _about_foreign(text, foreign)
    if holds_second_key(text):
        return "Two keys in one paste: paste the one to use."
    what = pretends(text)
    if what is not None:
        return f"This is {what}: copy the key itself from the maker's console."
    if len(text) < MIN_KEY:
        return f"Shorter than {MIN_KEY} characters: no key is. Copy all of it."
    return None


def _about_foreign(text: str, foreign: re.Match[str]) -> str:
    char = foreign[0]
    if "service_account" in text[:_MOST_JSON]:
        return "A Google Cloud service account: add it under Cloud LLM in the settings."
    if "://" in text:
        return "This is an address: paste the key itself, the address goes in --base-url."
    if char == "$" or text.startswith(("%", "<", "{")):
        return "A variable, a placeholder or a file, not the key itself: paste what it stands for."
    if char in "*•●…█·":
        return "A masked key: consoles show a key whole only once. Make a new one there."
    what = unicodedata.name(char, "a control character")
    if re.match(f"[{_BLANK}]", char):
        what = "a blank"
    return (
        f"Character {foreign.start() + 1} cannot be in a key: {what.lower()} (U+{ord(char):04X}). "
        "Copy the key again, alone."
    )


def _for_provider(text: str, provider: str, notes: list[str]) -> PastedKey | RefusedPaste:
    maker = find_maker(provider)
    if maker is None:
        return PastedKey(Secret(text), tuple(notes))
    shape = shape_of(text)
    if shape is None:
        _note(notes, f"its shape is not one known of {maker.name}'s keys: taken as it is")
    elif shape.provider != provider:
        hint = f"This is {shape.owner}. {shape.advice}"
        if shape.provider is not None:
            hint += f"Add it there, not to {maker.name}: `ownkey keys add {shape.provider}`."
        return RefusedPaste("wrong_provider", hint, shape.provider)
    return PastedKey(Secret(text), tuple(notes))
