"""Finds the place of an edit in a text: exactly, else by its lines without their blanks, else by
likeness. Pure; every line ends in LF here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

import msgspec

from tui.tools.base import CallFailed, Deadline
from tui.tools.output import amount

LEAST_LIKENESS = 0.9
_MARGIN = 0.03  # so much less alike the second best has to be
_LEAST_CHARS = 20  # a shorter text is alike too easily
_SHOWN_LIKENESS = 0.4
_SHOWN_LINES = 12
_SHOWN_CHARS = 160
_MOST_PLACES = 400
_MOST_OLD = 20_000  # characters that are compared by likeness


class Match(msgspec.Struct, frozen=True):
    """A replacement: characters `start` to `end` become `text`. `how` is empty where exact."""

    start: int
    end: int
    text: str
    how: str = ""


def find_matches(
    text: str, old: str, new: str, *, every: bool, deadline: Deadline
) -> tuple[Match, ...]:
    """Where `old` stands, in order: one place, or with `every` all.

    Raises:
        CallFailed: nowhere, or at more than one place; the message shows where.
    """
    starts = _occurrences(text, old)
    if len(starts) > 1 and not every:
        lines = ", ".join(str(text.count("\n", 0, at) + 1) for at in starts[:8])
        more = f" and {len(starts) - 8:,} more" if len(starts) > 8 else ""
        raise CallFailed(
            f"`old` stands at {amount(len(starts), 'places')}, lines {lines}{more}: "
            "add lines around it until there is one, or set `all`."
        )
    if starts:
        return tuple(Match(at, at + len(old), new) for at in starts)
    return (_Fuzzy(text, old, deadline).match(new),)


def _occurrences(text: str, old: str) -> list[int]:
    starts: list[int] = []
    at = text.find(old)
    while at >= 0:
        starts.append(at)
        at = text.find(old, at + len(old))
    return starts


class _Fuzzy:
    """Looks for lines like those of `old`; whole lines are replaced."""

    def __init__(self, text: str, old: str, deadline: Deadline) -> None:
        self._lines = text.split("\n")
        self._all_wanted = old.split("\n")
        self._wanted = wanted = _without_ends(self._all_wanted)
        self._bare = [_bare(line) for line in self._lines]
        self._bare_wanted = [_bare(line) for line in wanted]
        self._deadline = deadline

    def match(self, new: str) -> Match:
        size = len(self._wanted)
        if not any(self._bare_wanted):
            raise CallFailed("`old` is nothing but blanks, and does not stand there exactly so.")
        same = [
            at
            for at in range(len(self._bare) - size + 1)
            if self._bare[at] == self._bare_wanted[0]
            and self._bare[at : at + size] == self._bare_wanted
        ]
        if len(same) == 1:
            return self._replace(same[0], new, "not exact: blanks differ")
        if same:
            raise CallFailed(
                f"`old` does not stand there exactly; without blanks {amount(len(same), 'places')} "
                f"are like it, lines {', '.join(str(at + 1) for at in same[:8])}: give it exactly "
                "as `read` shows it, with lines around it."
            )
        return self._alike(new)

    def _alike(self, new: str) -> Match:
        ranked = self._ranked()
        if not ranked or ranked[0][0] < LEAST_LIKENESS:
            raise CallFailed(f"`old` does not stand in the file. {self._closest(ranked)}")
        likeness, at = ranked[0]
        size = len(self._wanted)
        others = [score for score, other in ranked[1:] if abs(other - at) >= size]
        if others and others[0] > likeness - _MARGIN:
            raise CallFailed(
                "`old` does not stand in the file exactly, and more than one place is like it: "
                f"give it exactly as `read` shows it. {self._closest(ranked)}"
            )
        if sum(map(len, self._bare_wanted)) < _LEAST_CHARS:
            raise CallFailed(f"`old` does not stand in the file. {self._closest(ranked)}")
        return self._replace(at, new, f"not exact: {likeness:.0%} alike")

    def _ranked(self) -> list[tuple[float, int]]:
        """Likeness and first line of the likeliest places, best first."""
        wanted = "\n".join(self._bare_wanted)
        if len(wanted) > _MOST_OLD:
            return []
        matcher = SequenceMatcher(None, b=wanted, autojunk=False)
        ranked: list[tuple[float, int]] = []
        best = _SHOWN_LIKENESS
        for at in self._places():
            if self._deadline.over():
                break
            matcher.set_seq1("\n".join(self._bare[at : at + len(self._wanted)]))
            # What cannot come near the best is left after a cheaper look.
            least = min(best, LEAST_LIKENESS) - _MARGIN
            if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
                continue
            likeness = matcher.ratio()
            best = max(best, likeness)
            ranked.append((likeness, at))
        return sorted(ranked, key=lambda scored: (-scored[0], scored[1]))

    def _places(self) -> Iterable[int]:
        """Lines where it may start: those where most of its lines stand in their place."""
        last = len(self._bare) - len(self._wanted)
        if last < 0:
            return [0]
        where: dict[str, list[int]] = {}
        for number, line in enumerate(self._bare):
            where.setdefault(line, []).append(number)
        votes: Counter[int] = Counter()
        for offset, line in enumerate(self._bare_wanted):
            found = where.get(line, ()) if line else ()
            if len(found) <= _MOST_PLACES:
                votes.update(at - offset for at in found if 0 <= at - offset <= last)
        if votes:
            return [at for at, _ in votes.most_common(_MOST_PLACES)]
        return range(last + 1)

    def _replace(self, at: int, new: str, how: str) -> Match:
        size = len(self._wanted)
        start = sum(len(line) + 1 for line in self._lines[:at])
        block = self._lines[at : at + size]
        end = start + sum(len(line) + 1 for line in block) - 1
        # Empty lines at the ends of both are the file's, and stay as they are.
        whole = self._all_wanted
        lead = whole.index(self._wanted[0])
        lines = _less(new.split("\n"), lead, len(whole) - lead - size)
        moved = "\n".join(_moved(lines, self._wanted, block))
        if not new:  # lines are taken out with their ends
            end = min(end + 1, sum(len(line) + 1 for line in self._lines) - 1)
        where = f"line {at + 1}" if size == 1 else f"lines {at + 1} to {at + size}"
        return Match(start, end, moved, f"{how}, {where} replaced")

    def _closest(self, ranked: Sequence[tuple[float, int]]) -> str:
        if not ranked:
            return "Nothing in it is like it: read it first."
        likeness, at = ranked[0]
        end = min(at + len(self._wanted), at + _SHOWN_LINES, len(self._lines))
        shown = "\n".join(
            f"{number + 1:>6}\t{self._lines[number][:_SHOWN_CHARS]}" for number in range(at, end)
        )
        return f"Closest ({likeness:.0%} alike) is:\n{shown}"


def _bare(line: str) -> str:
    return " ".join(line.split())


def _moved(lines: Sequence[str], wanted: Sequence[str], block: Sequence[str]) -> list[str]:
    """The new lines with the indent of the lines that they replace."""
    pairs = zip(wanted, block, strict=False)
    pair = next(((a, b) for a, b in pairs if a.strip() and b.strip()), None)
    if pair is None:
        return list(lines)
    have, want = (line[: len(line) - len(line.lstrip())] for line in pair)
    if want.startswith(have):
        extra = want.removeprefix(have)
        return [extra + line if line.strip() else line for line in lines]
    return [want + line.removeprefix(have) if line.startswith(have) else line for line in lines]


def _without_ends(lines: Sequence[str]) -> list[str]:
    """Without the empty lines at both ends."""
    full = [number for number, line in enumerate(lines) if line.strip()]
    return list(lines[full[0] : full[-1] + 1]) if full else list(lines[:1])


def _less(lines: list[str], first: int, last: int) -> list[str]:
    """Without up to `first` empty lines in front and `last` behind."""
    while first and len(lines) > 1 and not lines[0].strip():
        del lines[0]
        first -= 1
    while last and len(lines) > 1 and not lines[-1].strip():
        del lines[-1]
        last -= 1
    return lines
