"""The search of a machine without ripgrep, run as a program of its own so that it can be killed.

`python -I -S matcher.py SECONDS i|- PATTERN FILE…` writes, as ripgrep does with `--null
--line-number --column`, `FILE NUL LINE:COLUMN:` and a line end for each line that matches.
Exit status: 0 done, 2 the pattern is wrong (said on standard error), 3 out of time.
It must import nothing but the standard library: `-I -S` leaves no other.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import sys
from collections.abc import Iterable, Iterator

_MOST_MEMORY = 1 << 30
_MOST_PER_FILE = 2_001  # one more than a page of the tool holds


class OutOfTime(Exception):
    """The alarm rang."""


def main(argv: list[str]) -> int:
    seconds, flag, pattern, *files = argv
    _limit(float(seconds))
    out = sys.stdout.buffer
    try:
        wanted = re.compile(pattern, re.IGNORECASE if flag == "i" else 0)
        for file in files:
            for line, column in _matches(wanted, _lines(file)):
                out.write(b"%s\0%d:%d:\n" % (os.fsencode(file), line, column))
    except (re.error, RecursionError, OverflowError, MemoryError) as error:
        sys.stderr.write(f"{str(error) or 'it needs too much memory'}\n")
        return 2
    except OutOfTime:
        return 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        out.flush()
    return 0


def _limit(seconds: float) -> None:
    import resource

    def ring(*_: object) -> None:
        raise OutOfTime

    signal.signal(signal.SIGALRM, ring)  # the regex engine looks for signals as it goes
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    except (OSError, ValueError):
        return


def _lines(file: str) -> Iterator[bytes]:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    with os.fdopen(descriptor, "rb") as opened:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            yield from opened


def _matches(wanted: re.Pattern[str], lines: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    count = 0
    for number, raw in enumerate(lines, 1):
        text = raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
        if found := wanted.search(text):
            column = len(text[: found.start()].encode("utf-8", "surrogateescape")) + 1
            yield number, column
            count += 1
            if count == _MOST_PER_FILE:
                return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
