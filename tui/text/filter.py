"""Fuzzy filter of the picker: the letters in order, best places first."""

from __future__ import annotations

from collections.abc import Sequence

WHOLE = 1_000
"""From here on a score is of a piece that stands in the text as it is."""
_FAR = 400


def score(query: str, text: str) -> int | None:
    """How well `query` fits `text` (both lower case); None where its letters are not in order.

    A run of letters counts more the longer it is, a word's beginning more than its middle.
    """
    if not query:
        return 0
    if (at := text.find(query)) >= 0:  # a piece as it stands beats letters strewn about
        begins = at == 0 or not text[at - 1].isalnum()
        return WHOLE + _FAR - min(at, _FAR) + (500 if begins else 0)
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
    totals = dict.fromkeys(range(len(texts)), 0)
    for word in query.lower().split():
        found = {index: score(word, texts[index]) for index in totals}
        fits = {index: one for index, one in found.items() if one is not None}
        together = {index: one for index, one in fits.items() if one >= WHOLE}
        totals = {index: totals[index] + one for index, one in (together or fits).items()}
    return sorted(totals, key=lambda index: (-totals[index], index))
