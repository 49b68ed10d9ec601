"""About how many tokens a text has, by the family of its model's tokenizer (pure).

Nobody's tokenizer is at hand, and none is fetched. A text is cut as byte-pair encoders cut it
before they merge (words with the blank or mark before them, digits in threes, runs of marks, ends
of lines), and each piece counts what pieces of its kind and length have on the average
(`token_tables`). Measured over prose, code, JSON and diffs this is within a tenth of the truth;
what a provider has counted itself is always better, and is what estimates start from.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Literal

Family = Literal["openai", "anthropic", "anthropic-4.7", "google", "other"]
"""OpenAI's o200k, Anthropic's up to Claude 4.6 and from Opus 4.7 on, Gemini's, and all others."""

AGAINST: dict[Family, float] = {
    "openai": 1.0, "anthropic": 1.1, "anthropic-4.7": 1.32, "google": 1.0, "other": 1.0,
}  # fmt: skip
"""Tokens of a usual conversation (English, code) for one of o200k's."""

SINCE_47 = 1.2
"""Anthropic says that its newer tokenizer makes 1.0 to 1.35 times as many of the same text."""
ALL_COUNTED = 200_000
"""Characters; of a longer text parts are counted. About 30 ms."""
SAMPLES = 32

_UP, _LOW = "A-Z\u00c0-\u00d6\u00d8-\u00de", "a-z\u00df-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_TAIL = r"(?:'(?:s|t|re|ve|m|ll|d)(?![a-z]))?"
_ASCII = (
    rf"[^\r\nA-Za-z0-9]?(?:[A-Z]*[a-z]+|[A-Z]+){_TAIL}"
    r"|[0-9]{1,3}| ?[!-/:-@\[-`{-~]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s|[^\s]"
)
_ANY = (
    rf"[^\r\n{_UP}{_LOW}0-9\u0250-\u1dff\u2e80-\uffff\U00010000-\U0010ffff]?"
    rf"(?:[{_UP}]*[{_LOW}]+|[{_UP}]+){_TAIL}"
    r"|[0-9]{1,3}| ?[!-/:-@\[-`{-~]+[\r\n/]*|\s*[\r\n]+"
    r"| ?[\u0370-\u1dff]+|[\u2e80-\u303f]+|[\u3040-\u30ff]+|[\u3100-\uabff\uf900-\ufaff]+"
    r"| ?[\uac00-\ud7ff]+"
    rf"|\s+(?!\S)|\s(?=[\s{_UP}{_LOW}0-9!-~\u0370-\u1eff\u2e80-\ud7ff])"
    rf"| ?[^\s{_UP}{_LOW}0-9!-/:-@\[-`{{-~\u0370-\u1eff\u2e80-\ud7ff\uf900-\ufaff]+|\s"
)
_DENSE = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{32,}"
_DENSE_MORE = 0.09
"""Encoded data has so many more a letter than its pieces would have as words."""

_SCRIPTS = (
    (0x0370, "other"), (0x0400, "greek"), (0x0590, "cyrillic"), (0x0600, "hebrew"),
    (0x0900, "arabic"), (0x0E00, "indic"), (0x0E80, "thai"), (0x1100, "indic"),
    (0x1200, "hangul"), (0x2000, "indic"), (0x2E80, "symbols"), (0x3040, "cjk marks"),
    (0x3100, "kana"), (0xAC00, "han"), (0xD800, "hangul"), (0xF900, "other"), (0xFB00, "han"),
    (0x10000, "full width"),
)  # fmt: skip
_EMOJI = 2.0

_WESTERN = (
    " der, die, und, das, den, von, zu, mit, ist, nicht, ein, eine, auf, für, im, dem, wird, de,"
    " le, les, des, et, une, du, pour, que, est, dans, sur, pas, el, los, las, del, por, para, con,"
    " una, il, che, non, è, da, si, os, um, uma, não, het, een, niet, voor, là, và, của, các"
)
_NORTH_AND_EAST = (
    " och, att, som, är, för, av, na, nie, jest, się, że, je, bir, bu, için, az, egy, nem, hogy,"
    " că, nu, și, ja, ei"
)
"""Common short words of languages that write Latin letters, none of them English."""
_RARER = 1.2
"""Tokenizers know fewer of the second ones' words."""
_IS_FOREIGN = 0.02
"""Of a text's words so many are such words where it is no English."""


@lru_cache(maxsize=256)
def family_of(model: str) -> Family:
    """The family of a model by its id, with or without its provider's name."""
    name = model.lower()
    if "claude" in name:
        return "anthropic-4.7" if _newer_claude(name) else "anthropic"
    if "gemini" in name or "gemma" in name:
        return "google"
    if re.search(r"(?:^|[/.:])(?:chat)?gpt-|(?:^|[/.:])o[1-9](?:-|$)|codex", name):
        return "openai"
    return "other"


def _newer_claude(name: str) -> bool:
    if re.search(r"claude-(?:v?[12]|instant|3)(?!\d)", name):
        return False
    found = re.search(r"(?:opus|sonnet|haiku)[-.](\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?", name)
    return found is None or (int(found[1]), int(found[2] or 0)) >= (4, 7)


def ratio(source: Family, target: Family) -> float:
    """Tokens of the one family for one of the other, in a usual conversation."""
    return AGAINST[target] / AGAINST[source]


def text_tokens(text: str, family: Family, *, most: int = ALL_COUNTED) -> float:
    """About how many tokens `text` has.

    Args:
        text: Any.
        family: Whose tokenizer.
        most: Of a text longer than this as many characters are looked at, in parts.
    """
    if not text:
        return 0.0
    if len(text) > most:
        size, step = max(most // SAMPLES, 1), len(text) / SAMPLES
        parts = [text[int(at * step) : int(at * step) + size] for at in range(SAMPLES)]
        seen = sum(map(len, parts))
        return sum(_counted(part, family) for part in parts) * len(text) / seen
    return _counted(text, family)


@lru_cache(maxsize=1_024)
def lasting_tokens(text: str, family: Family) -> float:
    """The same of a text that many requests carry: counted once."""
    return text_tokens(text, family)


def streamed(delta: str) -> int:
    """What a piece of a stream adds to `live_tokens`: pieces sum up to what they are in one.

    In about a microsecond, for words may be cut in it anyway: 25 for a letter, and 22 for each
    further byte that it has, as for Cyrillic (47) and Chinese (69).
    """
    if delta.isascii():
        return 25 * len(delta)
    return 3 * len(delta) + 22 * len(delta.encode("utf-8", "surrogatepass"))


def live_tokens(sum_streamed: int, family: Family) -> int:
    """About how many tokens have streamed, by the sum of `streamed` over all pieces."""
    return int(sum_streamed * AGAINST[family] / 100)


def _counted(text: str, family: Family) -> float:
    plain = text.isascii()
    pieces = Counter(_pattern(plain).findall(text))
    words, scripts = _tables(family)
    foreign = _foreign(pieces)
    digits = family == "google"  # each is a token of its own there
    found = 0.0
    for piece, times in pieces.items():
        found += times * _piece(piece, words, scripts, foreign, digits)
    for run in _dense().findall(text):
        if not run.isalpha() and not run.isdigit() and not run.islower() and not run.isupper():
            found += len(run) * _DENSE_MORE
    return found * SINCE_47 if family == "anthropic-4.7" else found


def _foreign(pieces: Counter[str]) -> float:
    """0 for English and code; else how much more its words have than those of known languages."""
    western = sum(pieces[word] for word in _listed(_WESTERN))
    eastern = sum(pieces[word] for word in _listed(_NORTH_AND_EAST))
    if not western + eastern:
        return 0.0
    words = sum(n for piece, n in pieces.items() if piece[0] == " " and piece[1:].isalpha())
    if western + eastern < words * _IS_FOREIGN:
        return 0.0
    return _RARER if eastern > western else 1.0


_Words = dict[str, list[float]]
_LONGEST = 400


def _piece(
    piece: str, words: _Words, scripts: dict[str, tuple[float, float]], foreign: float, digits: bool
) -> float:
    first = piece[0]
    if first.isdigit():
        return float(len(piece)) if digits else 1.0
    latin = _is_latin(first)
    if latin or (len(piece) > 1 and _is_latin(piece[1])):
        word = piece if latin else piece[1:]
        lead = "+" if latin else "" if first == " " else "."
        kind = _kind(word, lead, foreign=foreign > 0)
        found = _at(words[kind], len(word))
        if lead == "." and words[".word"][1] < _APART:
            return found * _LEADS.get(first, _RARE_LEAD)
        return found * (foreign or 1.0) if kind in _OTHERS else found
    bare = piece.strip()
    if not bare:
        return 1.0 if len(piece) < 5 or "\n" not in piece else 1.0 + 0.04 * len(piece)
    first = bare[0]
    if first < "\x80":
        return _at(words["marks"], len(piece))
    if first >= "\U00010000":
        return _EMOJI * len(bare)
    code = ord(first)
    name = next(name for top, name in _SCRIPTS if code < top)
    each_run, each_letter = scripts[name]
    return max(each_run + each_letter * len(bare), 0.5)


_APART = 1.5
"""Of tokenizers that keep a mark apart from its word every such word has at least so many."""
_LEADS = dict.fromkeys("/-", 1.1) | dict.fromkeys("_(.[:\t;&", 0.93)
_RARE_LEAD = 1.35
"""Some marks are part of many words in a vocabulary, others of few."""
_OTHERS = {"wort", "Wort", "wört"}


def _kind(word: str, lead: str, *, foreign: bool) -> str:
    if not word.isascii():
        return "wört"
    base = word.partition("'")[0]
    if base.islower():
        return "wort" if foreign and not lead else f"{lead}word"
    if base.isupper() and len(base) > 1:
        return f"{lead}WORD"
    if len(base) == 1 or base[1:].islower():
        return "Wort" if foreign and not lead else f"{lead}Word"
    return f"{lead}wOrd"


def _at(table: list[float], length: int) -> float:
    return table[length] if length < _LONGEST else table[-1] * length / _LONGEST


def _is_latin(letter: str) -> bool:
    return letter.isalpha() and (letter < "\u0250" or "\u1e00" <= letter <= "\u1eff")


@lru_cache(maxsize=2)
def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split(","))


@lru_cache(maxsize=2)
def _pattern(plain: bool) -> re.Pattern[str]:
    return re.compile(_ASCII if plain else _ANY)


@lru_cache(maxsize=1)
def _dense() -> re.Pattern[str]:
    return re.compile(_DENSE)


@lru_cache(maxsize=8)
def _tables(family: Family) -> tuple[_Words, dict[str, tuple[float, float]]]:
    from tui.billing import token_tables as known

    match family:
        case "openai" | "google":
            return _read(known.O200K), known.O200K_SCRIPTS
        case "anthropic" | "anthropic-4.7":
            return _read(known.CLAUDE), known.CLAUDE_SCRIPTS
        case "other":
            return _read(known.CL100K), known.CL100K_SCRIPTS


def _read(written: str) -> _Words:
    """Tokens by length; the first place stays empty."""
    found: _Words = {}
    for line in written.splitlines():
        name, _, figures = line.partition(": ")
        *means, more = figures.split()
        table = [0.0, *(int(mean) / 100 for mean in means)]
        while len(table) < _LONGEST:
            table.append(table[-1] + int(more) / 100)
        found[name] = table
    return found
