"""Fuzzy filter of the picker: the letters in order, best places first (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WHOLE = 1_000
"""From here on a score is of a piece that stands in the text as it is."""
_FAR = 400
_BEGINS = 500
_MOST = 1 << 30
_LINE = "\n"
"""Between the names of one: nothing that is typed holds it."""

EXACT, PREFIX, BEGINNINGS, PIECES, STREWN = range(5)
"""How a query fits, the best first: it is the name, the name begins with it, its words begin
words of the name, its words stand somewhere, or only its letters do, in their order."""


class Found(NamedTuple):
    """One text that fits: how it fits, how well among those that fit so (less is better), where."""

    fit: int
    short_of: int
    place: int


def score(query: str, text: str) -> int | None:
    """How well `query` fits `text` (both lower case); None where its letters are not in order.

    A run of letters counts more the longer it is, a word's beginning more than its middle.
    """
    if not query:
        return 0
    whole = _piece(query, text)
    return _strewn(query, text) if whole is None else whole


def _piece(query: str, text: str) -> int | None:
    at = text.find(query)
    if at < 0:
        return None
    first = at
    while at > 0 and text[at - 1].isalnum():  # the beginning of a word further on is better
        at = text.find(query, at + 1)
        if at < 0:
            return WHOLE + _FAR - min(first, _FAR)
    return WHOLE + _FAR - min(at, _FAR) + _BEGINS


def _strewn(query: str, text: str) -> int | None:
    total, run, place = 0, 0, -1
    for letter in query:
        found = text.find(letter, place + 1)
        if found < 0:
            return None
        run = run + 1 if found == place + 1 else 1
        total += run * 2 + (6 if found == 0 or not text[found - 1].isalnum() else 0)
        place = found
    return total


def best(query: str, texts: Sequence[str]) -> list[int]:
    """Indices of the texts that fit, best first, equal ones in their own order.

    Letters that only stand in their order somewhere count where no text has them together.

    Args:
        query: Words; each must fit.
        texts: Lower case.
    """
    sums = _sums(query.lower().split(), texts)
    return sorted(sums, key=lambda index: (-sums[index][0], index))


def _sums(words: Sequence[str], texts: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Of texts that all words fit: the sum of the words' scores, and the least of them."""
    sums: dict[int, tuple[int, int]] = dict.fromkeys(range(len(texts)), (0, _MOST))
    for word in words:
        # Letters strewn about are looked for only where nothing has the word as it is: most
        # texts are left behind at the speed of `in`.
        found = {at: _piece(word, texts[at]) for at in sums if word in texts[at]}
        if not found:
            found = {at: _strewn(word, texts[at]) for at in sums}
        sums = {
            at: (sums[at][0] + one, min(sums[at][1], one))
            for at, one in found.items()
            if one is not None
        }
    return sums


class Finder:
    """Finds among so many texts, by their names and by what else is said of them.

    Args:
        names: What each is called, in all its ways (`gpt 5.5`, `openai/gpt-5.5`, `gpt-5.5`).
        asides: What else each is found by.
    """

    def __init__(self, names: Sequence[Sequence[str]], asides: Sequence[str]) -> None:
        both = list(zip(names, asides, strict=True))
        self._texts = [" ".join((*ways, aside)).lower() for ways, aside in both]
        self._names = [_LINE + _LINE.join(ways).lower() + _LINE for ways in names]

    def find(self, query: str) -> list[Found]:
        """All that fit, in their own order; none for an empty query."""
        words = list(dict.fromkeys(query.lower().split()))
        if not words:
            return []
        begins = _LINE + " ".join(words)
        exact = begins + _LINE
        hits: list[Found] = []
        for at, (total, least) in _sums(words, self._texts).items():
            names = self._names[at]
            if begins in names:
                fit = EXACT if exact in names else PREFIX
            elif least >= WHOLE + _BEGINS:
                fit = BEGINNINGS
            else:
                fit = PIECES if least >= WHOLE else STREWN
            hits.append(Found(fit, -total, at))
        return hits
