"""The unified diff of two states of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from tui.text import decode
from tui.tools.files import LOOK, binary_kind
from tui.tools.output import amount, shown_name

_CONTEXT = 3
_MOST_MATCHED = 4_000_000  # lines against lines; beyond it the whole middle counts as changed


def unified_diff(name: str, before: bytes | None, after: bytes | None) -> str:
    """Both states of the file `name` as a unified diff; empty where they are the same.

    Bytes that are no UTF-8 are surrogates. Where every line of both ends in CR LF, the CR is
    left out; a change of line ends shows.
    """
    if before == after:
        return ""
    for state, words in ((before, "is"), (after, "becomes")):
        if state is not None and (kind := binary_kind(state[:LOOK])):
            return f"{shown_name(name)} {words} {kind}, {amount(len(state), 'bytes')}"
    old_text, new_text = decode(before or b""), decode(after or b"")
    if _all_crlf(old_text) and _all_crlf(new_text):
        old_text, new_text = old_text.replace("\r\n", "\n"), new_text.replace("\r\n", "\n")
    shown = shown_name(name)
    head = [
        "--- /dev/null" if before is None else f"--- a/{shown}",
        "+++ /dev/null" if after is None else f"+++ b/{shown}",
    ]
    return "\n".join([*head, *_hunks(_lines(old_text), _lines(new_text))])


def _all_crlf(text: str) -> bool:
    return text.count("\n") == text.count("\r\n")


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1]:
        lines[-1] += "\n\\ No newline at end of file"
    else:
        lines.pop()
    return lines


def _hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    shortest = min(len(old), len(new))
    start = next((i for i in range(shortest) if old[i] != new[i]), shortest)
    rest = shortest - start
    end = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    # Only the middle is compared line by line: a long file with a short change costs little.
    first, last = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    a, b = old[first : len(old) - last], new[first : len(new) - last]
    if len(a) * len(b) > _MOST_MATCHED:
        lead, tail = start - first, end - last
        groups = [
            [
                ("equal", 0, lead, 0, lead),
                ("replace", lead, len(a) - tail, lead, len(b) - tail),
                ("equal", len(a) - tail, len(a), len(b) - tail, len(b)),
            ]
        ]
    else:
        groups = SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(_CONTEXT)
    for group in groups:
        (_, a0, _, b0, _), (_, _, a1, _, b1) = group[0], group[-1]
        yield f"@@ -{_range(first, a0, a1)} +{_range(first, b0, b1)} @@"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (f" {line}" for line in a[i:j])
            else:
                yield from (f"-{line}" for line in a[i:j])
                yield from (f"+{line}" for line in b[k:m])


def _range(first: int, start: int, end: int) -> str:
    count = end - start
    at = first + start + (1 if count else 0)  # an empty range stands behind its line
    return str(at) if count == 1 else f"{at},{count}"
