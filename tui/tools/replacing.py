"""Where an edit belongs in a text: exactly, else by lines alike but for blanks (pure).

A text is what a file's bytes say as UTF-8, other bytes as surrogates, line ends as they are:
whatever lies outside the edit comes back byte for byte.
"""

from __future__ import annotations

import difflib

import msgspec

from tui.tools.base import CallFailed
from tui.tools.output import MAX_LINE_CHARS, amount

LEAST_ALIKE = 0.9
"""How much alike lines have to be to be taken for those that were meant."""

_MOST_COMPARED = 20_000  # lines; a longer file is searched for what is alike but for blanks only
_MOST_SHOWN = 8


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """The text afterwards, where the first change begins (a line, from 1), and how it was found."""

    text: str
    line: int
    places: int
    said: str = ""


def replace(text: str, old: str, new: str, *, every: bool) -> Replaced:
    """Put `new` in the place of `old`.

    Raises:
        CallFailed: it is not there, or at more than one place without `every`; says where.
    """
    if not old:
        raise CallFailed("`old` is empty: give the lines to be replaced, or use `write`")
    if old == new:
        raise CallFailed("`old` and `new` are the same: nothing would change")
    if old not in text and "\r\n" in text:
        old, new = (part.replace("\r\n", "\n").replace("\n", "\r\n") for part in (old, new))
    count = text.count(old)
    if count > 1 and not every:
        lines = ", ".join(str(line) for line in _lines_of(text, old)[:_MOST_SHOWN])
        raise CallFailed(
            f"`old` is there {count:,} times (lines {lines}): give more lines around it, or `all`"
        )
    if count:
        line = text.count("\n", 0, text.index(old)) + 1
        return Replaced(text=text.replace(old, new), line=line, places=count)
    return _by_lines(text, old, new)


def _lines_of(text: str, old: str) -> list[int]:
    found: list[int] = []
    at = text.find(old)
    while at >= 0 and len(found) < _MOST_SHOWN:
        found.append(text.count("\n", 0, at) + 1)
        at = text.find(old, at + len(old))
    return found


def _by_lines(text: str, old: str, new: str) -> Replaced:
    have, wanted = text.splitlines(keepends=True), old.splitlines()
    bare = [line.strip() for line in wanted]
    if not any(bare):
        raise CallFailed("`old` is only blanks, and is not there like that")
    stripped = [line.strip() for line in have]
    last = len(have) - len(wanted)
    same = [at for at in range(last + 1) if stripped[at : at + len(bare)] == bare]
    if len(same) == 1:
        said = "`old` was found by its lines without their blanks"
        return _put(have, same[0], wanted, new, said)
    if len(same) > 1:
        places = ", ".join(str(at + 1) for at in same[:_MOST_SHOWN])
        raise CallFailed(f"`old` fits at lines {places}, blanks aside: give more lines around it")
    alike = _alike(stripped, bare) if len(have) <= _MOST_COMPARED else []
    if alike and alike[0][0] >= LEAST_ALIKE and (len(alike) == 1 or alike[1][0] < alike[0][0]):
        share, at = alike[0]
        return _put(have, at, wanted, new, f"`old` was not there; lines {share:.0%} alike were")
    raise CallFailed(_missing(have, alike, len(bare)))


def _alike(have: list[str], wanted: list[str]) -> list[tuple[float, int]]:
    """The most alike places, the best first: how much alike, and their first line from 0."""
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2("\n".join(wanted))
    found: list[tuple[float, int]] = []
    for at in range(len(have) - len(wanted) + 1):
        matcher.set_seq1("\n".join(have[at : at + len(wanted)]))
        least = max(0.5, found[0][0] - 0.05) if found else 0.5
        if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
            continue
        found = sorted([*found, (matcher.ratio(), at)], key=lambda one: (-one[0], one[1]))[:2]
    return found


def _put(have: list[str], at: int, wanted: list[str], new: str, said: str) -> Replaced:
    """`new` in the place of those lines, moved in as they are, with their line ends."""
    replaced = have[at : at + len(wanted)]
    shift = _indent(replaced, wanted)
    end = "\r\n" if any(line.endswith("\r\n") for line in replaced) else "\n"
    lines = [f"{shift}{line}" if line.strip() else line for line in new.splitlines()]
    text = end.join(lines)
    if lines and replaced[-1].endswith(("\n", "\r")):
        text += end
    whole = "".join(have[:at]) + text + "".join(have[at + len(wanted) :])
    return Replaced(text=whole, line=at + 1, places=1, said=said)


def _indent(have: list[str], wanted: list[str]) -> str:
    """What the file's lines are moved in by, where `old` was not."""
    for there, asked in zip(have, wanted, strict=True):
        if asked.strip():
            deep = there[: len(there) - len(there.lstrip())]
            given = asked[: len(asked) - len(asked.lstrip())]
            return deep.removesuffix(given) if deep.endswith(given) else ""
    return ""


def _missing(have: list[str], alike: list[tuple[float, int]], size: int) -> str:
    if not alike:
        return f"`old` is nowhere in the file ({amount(len(have), 'lines')}): read it again"
    share, at = alike[0]
    nearest = [line.rstrip("\r\n")[:MAX_LINE_CHARS] for line in have[at : at + size]]
    shown = "\n".join(f"{at + 1 + n}\t{line}" for n, line in enumerate(nearest[:_MOST_SHOWN]))
    return f"`old` is not there. The nearest ({share:.0%} alike) begins at line {at + 1}:\n{shown}"
