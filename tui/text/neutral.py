"""Text from outside made harmless to a terminal and honest to a person."""

from __future__ import annotations

import functools
import re
import unicodedata

from tui.text.characters import (
    BRAILLE,
    CONTROLS,
    EMOJI,
    IDEOGRAPHS,
    JOINED_SCRIPTS,
    JOINERS,
    LOOKALIKE_LETTERS,
    LOOKALIKE_SIGNS,
    MONGOLIAN,
    STANDARD_VARIANTS,
    TAGGED_FLAGS,
    UNSPACED_SCRIPTS,
    is_one_of,
    one_of,
    runs_of,
)

_LONGEST_ORDINARY = 6  # the tags of a flag


def decode(data: bytes) -> str:
    """UTF-8 of bytes from outside; bytes that are none become surrogates, so nothing is lost.

    `text.encode("utf-8", "surrogateescape")` gives the same bytes back.
    """
    return data.decode("utf-8", "surrogateescape")


def neutralise(text: str, *, strict: bool = False) -> str:
    """Text from outside as it may be shown: printable characters, newlines and tabs.

    Controls become pictures (`␛`), invisible and bidirectional characters and C1 controls their
    code point (`⟨U+202E⟩`), undecodable bytes their value (`⟨x9f⟩`); CR LF becomes a newline.
    Joiners, variation selectors and tags stay where they make ordinary text: emoji, flags,
    Arabic, Indic, Mongolian, ideographs. No markup is read. Linear in the length.

    Context is one character to each side: call it on whole blocks. On pieces of a stream it
    is as safe, but marks a joiner or CR that stands at the seam.

    Args:
        text: Anything; lone surrogates as `decode` leaves them.
        strict: For commands, paths, hosts, keys and file names: every invisible character and
            every blank but a space is marked (newline and tab too: split first where lines
            shall stay lines), every sign that looks like an ASCII one, and every look-alike
            letter in a word that mixes it with ASCII or has no other letters.
    """
    if strict:
        return text if text.isascii() and text.isprintable() else _words().sub(_strict_word, text)
    if not (_ascii_controls() if text.isascii() else one_of(CONTROLS, JOINERS)).search(text):
        return text
    text = text.replace("\r\n", "\n")
    if not text.isascii():
        text = _joiners_amid_ascii().sub(_marked, text)
        text = runs_of(JOINERS).sub(_joined, text)
    return runs_of(CONTROLS).sub(_marked, text)


@functools.cache
def _ascii_controls() -> re.Pattern[str]:
    # The wide class takes four times as long on plain ASCII.
    return re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@functools.cache
def _joiners_amid_ascii() -> re.Pattern[str]:
    # Never ordinary, and the most there can be in a megabyte: looking round each costs too much.
    return re.compile(rf"(?<![^\x00-\x7f]){runs_of(JOINERS).pattern}+(?![^\x00-\x7f])")


def _marked(found: re.Match[str]) -> str:
    run = found[0]
    return _mark(run) if len(run) == 1 else "".join(map(_mark, run))


@functools.cache
def _mark(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xDC80 <= code <= 0xDCFF:
        return f"⟨x{code - 0xDC00:02x}⟩"
    return f"⟨U+{code:04X}⟩"


def _joined(found: re.Match[str]) -> str:
    run, text = found[0], found.string
    before = text[found.start() - 1 : found.start()]
    after = text[found.end() : found.end() + 1]
    if run[0] == "\u2800":
        near = one_of(BRAILLE).match
        ordinary = run.count("\u2800") == len(run) and bool(near(before) or near(after))
    else:
        ordinary = len(run) <= _LONGEST_ORDINARY and _is_ordinary(run, before, after)
    return run if ordinary else "".join(map(_mark, run))


@functools.lru_cache(maxsize=4096)
def _is_ordinary(run: str, before: str, after: str) -> bool:
    """Whether a run of joiners, selectors or tags is ordinary text between these neighbours."""
    if run in ("\u200d", "\ufe0f\u200d") and one_of(EMOJI).match(before):
        return bool(one_of(EMOJI).match(after))
    if len(run) > 1:
        return before == "\U0001f3f4" and run in _flag_tags()
    if run in "\u200b\u200c\u200d":
        return _joins_letters(run, before, after)
    return _selects_variant(run, before, after)


@functools.cache
def _flag_tags() -> frozenset[str]:
    return frozenset(
        "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
        for region in TAGGED_FLAGS
    )


def _joins_letters(joiner: str, before: str, after: str) -> bool:
    if not before:
        return False
    if joiner == "\u200b":
        unspaced = one_of(UNSPACED_SCRIPTS).match
        return bool(unspaced(before) and unspaced(after))
    joins = one_of(JOINED_SCRIPTS).match
    if unicodedata.combining(before) == 9 or (joiner == "\u200d" and joins(before)):
        return True  # after a virama, or asking an Arabic letter for its joined form
    # A foreign word takes its Persian ending behind a non-joiner.
    return bool(joins(after)) and bool(joins(before) or (before.isascii() and before.isalnum()))


def _selects_variant(selector: str, before: str, after: str) -> bool:
    if selector in "\ufe0e\ufe0f":
        keycap = before in "0123456789#*" and after == "\u20e3"
        return bool(before) and (keycap or bool(one_of(EMOJI).match(before)))
    if selector < "\u2000":
        return bool(one_of(MONGOLIAN).match(before))
    if selector <= "\ufe02":
        return bool(one_of(IDEOGRAPHS, STANDARD_VARIANTS).match(before))
    return selector >= "\U000e0100" and bool(one_of(IDEOGRAPHS).match(before))


@functools.cache
def _words() -> re.Pattern[str]:
    return re.compile(r"(?:[^\W_]|[\u0300-\u036f])+|[^\x20-\x7e]")


def _strict_word(found: re.Match[str]) -> str:
    word = found[0]
    if word.isascii() and word.isprintable():
        return word
    seen_as_ascii = any(c.isascii() and c.isalpha() for c in word) or all(
        c.isascii() or _is_lookalike(c) or unicodedata.combining(c) for c in word
    )
    return "".join(
        _mark(c) if _is_deceptive(c) or (seen_as_ascii and _is_lookalike(c)) else c for c in word
    )


@functools.lru_cache(maxsize=4096)
def _is_lookalike(char: str) -> bool:
    folded = char if char.isascii() else unicodedata.normalize("NFKC", char)
    return is_one_of(folded[0], LOOKALIKE_LETTERS)


@functools.lru_cache(maxsize=4096)
def _is_deceptive(char: str) -> bool:
    """Whether a character is invisible, a blank, or an ASCII one in another form, in any word."""
    if char.isascii():
        return not char.isprintable()
    if not char.isprintable() or is_one_of(char, CONTROLS, JOINERS, LOOKALIKE_SIGNS):
        return True
    form = unicodedata.decomposition(char).partition(" ")[0]
    small_or_framed = form in ("<super>", "<sub>", "<circle>", "<square>", "<fraction>")
    return not small_or_framed and unicodedata.normalize("NFKC", char).isascii()
