"""Fuzzy filter of the picker: the letters in order, best places first."""

from __future__ import annotations

from collections.abc import Sequence


def score(query: str, text: str) -> int | None:
    """How well `query` fits `text` (both lower case); None where its letters are not in order.

    A run of letters counts more the longer it is, a word's beginning more than its middle.
    """
    if not query:
        return 0
    if (at := text.find(query)) >= 0:  # a piece as it stands beats letters strewn about
        return 1_000 - at + (500 if at == 0 or not text[at - 1].isalnum() else 0)
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

    Args:
        query: Words; each must fit.
        texts: Lower case.
    """
    words = query.lower().split()
    if not words:
        return list(range(len(texts)))
    fits: list[tuple[int, int]] = []
    for index, text in enumerate(texts):
        total = 0
        for word in words:
            one = score(word, text)
            if one is None:
                break
            total += one
        else:
            fits.append((-total, index))
    return [index for _, index in sorted(fits)]
