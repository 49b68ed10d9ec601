"""How many cells of a terminal a text takes, and how much of it fits."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

from tui.text.characters import EMOJI, JAMO_TAILS, REGIONAL, WIDE_SINCE_16, is_one_of, one_of


def cell_width(text: str) -> int:
    """Terminal cells of one line of neutralised text: wide characters 2, combining ones 0.

    Tabs and newlines count 0: expand and split first. Emoji sequences count as one wide cell pair.
    """
    if text.isascii():
        return len(text) if text.isprintable() else sum(map(_char_width, text))
    if _clustering().search(text):
        return sum(_cluster_width(cluster) for cluster in _clusters(text))
    return sum(map(_char_width, text))


def truncate(text: str, cells: int, mark: str = "…") -> str:
    """The text, or as much of its start as fits `cells` together with the mark.

    Never cuts inside an emoji sequence or between a letter and its marks. Where not even the
    mark fits, the result is empty.
    """
    room = cells - cell_width(mark)
    if text.isascii() and text.isprintable():
        if len(text) <= cells:
            return text
        return text[:room] + mark if room >= 0 else ""
    width = end = kept = 0
    # What holds nothing that joins is measured by its characters: ten times as fast.
    alone = not _clustering().search(text) and all(map(_char_width, text))
    wide = _char_width if alone else _cluster_width
    for cluster in text if alone else _clusters(text):
        width += wide(cluster)
        end += len(cluster)
        if width > cells:
            return text[:kept] + mark if room >= 0 else ""
        if width <= room:
            kept = end
    return text


@functools.lru_cache(maxsize=8192)
def _char_width(char: str) -> int:
    if char.isascii():
        return int(char.isprintable())
    kind = unicodedata.category(char)
    if kind[0] == "M" or kind in ("Cf", "Cc", "Zl", "Zp") or is_one_of(char, JAMO_TAILS):
        return 0
    if kind == "Cn":
        # Python's table may be older than the terminal's: new emoji and ideographs are wide.
        return 2 if is_one_of(char, "1F300-1FAFF 20000-3FFFD") else 1
    wide = unicodedata.east_asian_width(char) in ("W", "F")
    return 2 if wide or is_one_of(char, WIDE_SINCE_16) else 1


@functools.cache
def _clustering() -> re.Pattern[str]:
    return re.compile("[\u200d\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")


def _clusters(text: str) -> Iterator[str]:
    """What a terminal draws as one: a letter with its marks, an emoji sequence, a flag."""
    start = 0
    for index in range(1, len(text)):
        if not _goes_on(text, start, index):
            yield text[start:index]
            start = index
    if text:
        yield text[start:]


def _goes_on(text: str, start: int, index: int) -> bool:
    char = text[index]
    if char.isascii():
        return False
    if _char_width(char) == 0:
        return True
    is_emoji = one_of(EMOJI).match
    if "\U0001f3fb" <= char <= "\U0001f3ff" or text[index - 1] == "\u200d":
        return bool(is_emoji(text[start]) and is_emoji(char))
    is_region = one_of(REGIONAL).match
    return index - start == 1 and bool(is_region(char) and is_region(text[start]))


def _cluster_width(cluster: str) -> int:
    if len(cluster) > 1 and ("\ufe0f" in cluster or one_of(REGIONAL).match(cluster[1])):
        return 2
    return _char_width(cluster[0])
