"""Patterns of file names: `*`, `?`, `[…]`, `{a,b}` inside a part, `**` for any folders.

Matched part by part without backtracking over the whole, so no pattern can be slow.
"""

from __future__ import annotations

import re
from fnmatch import translate
from pathlib import PurePosixPath

from tui.tools.base import CallFailed

_MOST_CHOICES = 64
_MAGIC = re.compile(r"[*?\[{]")
_BRACES = re.compile(r"\{([^{}]*)\}")


class Pattern:
    """A compiled pattern, matched against paths relative to its base, parts between slashes."""

    def __init__(self, text: str) -> None:
        self._choices = [
            [None if part == "**" else re.compile(translate(part)) for part in choice.split("/")]
            for choice in _spread(text)
        ]

    def matches(self, path: str) -> bool:
        """Whether the whole path fits."""
        parts = path.split("/")
        return any(_fits(choice, parts) for choice in self._choices)


def split_base(pattern: str) -> tuple[str, str]:
    """The folder that a pattern starts from, and what is below it.

    `src/**/*.py` gives `src` and `**/*.py`; a pattern without any magic, its folder and its name.

    Raises:
        CallFailed: `..` stands behind a magic part, so that no folder bounds the search.
    """
    parts = pattern.split("/")
    at = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts) - 1)
    rest = [part for part in parts[at:] if part not in ("", ".")]
    if ".." in rest or any(".." in choice.split("/") for choice in _spread("/".join(rest))):
        raise CallFailed("`..` may not stand behind a wildcard: put it in front or use `path`.")
    if not rest:
        raise CallFailed("The pattern names no file: try `**/*.py`.")
    base = "/".join(parts[:at])
    return base or ("/" if pattern.startswith("/") else "."), "/".join(rest)


def anywhere(pattern: str) -> Pattern:
    """A pattern as a filter: without a slash it looks at the name alone, at any depth."""
    bare = PurePosixPath(pattern).as_posix() if pattern else pattern
    return Pattern(bare if "/" in bare else f"**/{bare}")


def _fits(pattern: list[re.Pattern[str] | None], parts: list[str]) -> bool:
    # The usual two pointers of wildcard matching: only the last `**` is ever tried again.
    at = here = 0
    star: tuple[int, int] | None = None
    while here < len(parts):
        want = pattern[at] if at < len(pattern) else False
        if want is None:
            star = (at, here)
            at += 1
        elif want is not False and want.match(parts[here]):
            at, here = at + 1, here + 1
        elif star is not None:
            star = (star[0], star[1] + 1)
            at, here = star[0] + 1, star[1]
        else:
            return False
    # A `**` at the end means what lies below; one in the middle may stand for no folder at all.
    return all(want is None for want in pattern[at:]) and not (
        at < len(pattern) and pattern[-1] is None
    )


def _spread(text: str) -> list[str]:
    """The pattern once for each choice of its braces.

    Raises:
        CallFailed: there are too many.
    """
    done, open_ones = list[str](), [text]
    while open_ones:
        one = open_ones.pop()
        found = _BRACES.search(one)
        if found is None:
            done.append(one)
        else:
            choices = found[1].split(",")
            open_ones += [one[: found.start()] + c + one[found.end() :] for c in choices]
        if len(done) + len(open_ones) > _MOST_CHOICES:
            raise CallFailed(f"The pattern has more than {_MOST_CHOICES} choices in braces.")
    return done
