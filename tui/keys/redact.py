"""Stored secrets masked by value in everything that is logged, stored, exported, shown or sent.

Only what is stored is masked, in any of its forms (forms.py); text that merely looks like a key
stays. Searching samples the text: a run of `least` characters holds a piece of `_PIECE` of them
at every `least - _PIECE + 1`th place, so most of a text is never looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.keys.forms import PARTIAL_ESCAPE, Form, Reading, forms_of
from tui.secret import MARK, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = 6
_HELD_SHARE = 3
"""A stream holds its end back once it matches a third of what would be masked."""

Span = tuple[int, int]


class Scrubber:
    """Masks these secrets; made once for a set of keys, and anew when the set changes.

    Secrets shorter than `forms.LEAST_SECRET` are not masked. It holds the secrets: it is never
    logged or sent.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        values = dict.fromkeys(secret.reveal() for secret in secrets)
        self._forms = tuple(dict.fromkeys(form for value in values for form in forms_of(value)))
        leasts = sorted({form.least for form in self._forms})
        self._hays = [
            (least, "\x00".join(form.text for form in self._forms if form.least == least))
            for least in leasts
        ]
        self._stride = leasts[0] - _PIECE + 1 if leasts else 1
        self._places: dict[str, list[tuple[int, int]]] = {}
        for number, form in enumerate(self._forms):
            for at in range(form.start, form.end - _PIECE + 1):
                piece = form.text[at : at + _PIECE]
                self._places.setdefault(piece, []).append((number, at))

    def __repr__(self) -> str:
        return f"Scrubber({MARK})"

    def __bool__(self) -> bool:
        return bool(self._forms)

    def scrub(self, text: str) -> str:
        """The text with every run of a secret, in whatever form, as `[secret]`."""
        if not self._forms or len(text) < _PIECE:
            return text
        spans = self.spans(Reading(text))
        return _render(text, spans, 0, len(text)) if spans else text

    def scrub_bytes(self, data: bytes) -> bytes:
        """The same for bytes of any encoding that holds ASCII, UTF-16 too."""
        text = data.decode("latin-1")
        clean = self.scrub(text)
        return data if clean is text else clean.encode("latin-1")

    def spans(self, reading: Reading) -> list[Span]:
        """What to mask, as merged spans of the raw text in order."""
        text, places, found = reading.text, self._places, list[Span]()
        hits = [
            at
            for at in range(0, len(text) - _PIECE + 1, self._stride)
            if text[at : at + _PIECE] in places
        ]
        done = 0
        for at in hits:
            if at + _PIECE <= done:
                continue
            for number, place in places[text[at : at + _PIECE]]:
                span = _grown(text, at, self._forms[number], place)
                if span is not None:
                    found.append((reading.raw_start(span[0]), reading.raw_end(span[1])))
                    done = max(done, span[1])
        return _merged(found)

    def longest_ends(self, text: str) -> list[tuple[int, bool]]:
        """How much of the text's end is a part of a form, per kind; and whether to hold it back."""
        ends: list[tuple[int, bool]] = []
        for least, hay in self._hays:
            length = 0
            while length < len(text) and text[-length - 1 :] in hay:
                length += 1
            ends.append((length, length >= max(2, least // _HELD_SHARE)))
        return ends


class ScrubStream:
    """Scrubs a text that comes in pieces, however a secret is cut up over them.

    Holds back only an end that already matches a third of what would be masked, or that may be
    a broken escape: ordinary text passes at once. So the first few characters of a secret (3 of
    a plain one) may pass before the mark. Call `flush` at the end.
    """

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._text = ""  # what may still become part of a secret; its start may be out already
        self._out = 0
        self._spans: list[Span] = []
        self._after_mark = False

    def feed(self, piece: str) -> str:
        """What can be shown now."""
        if not self._scrubber or not piece:
            return piece
        text = self._text + piece
        spans = _merged([*self._spans, *self._scrubber.spans(Reading(text))])
        partial = PARTIAL_ESCAPE.search(text, max(0, len(text) - 64))
        whole = text[: partial.start()] if partial else text
        reading = Reading(whole)
        keep = held = len(whole)
        for length, hold in self._scrubber.longest_ends(reading.text):
            start = reading.raw_start(len(reading.text) - length)
            keep = min(keep, start)
            held = min(held, start) if hold else held
        held = max(held, self._out)
        shown = self._show(text, spans, held)
        self._text, self._out = text[keep:], held - keep
        self._spans = [(max(a - keep, 0), b - keep) for a, b in spans if b > keep]
        return shown

    def flush(self) -> str:
        """What was held back; the stream starts anew."""
        shown = self._show(self._text, self._spans, len(self._text))
        self._text, self._out, self._spans, self._after_mark = "", 0, [], False
        return shown

    def _show(self, text: str, spans: list[Span], end: int) -> str:
        if end <= self._out:
            return ""
        shown = _render(text, spans, self._out, end, self._after_mark)
        self._after_mark = any(a < end <= b for a, b in spans)
        return shown


def _grown(text: str, at: int, form: Form, place: int) -> Span | None:
    """The longest run around a matching piece, or None where too little of it is secret."""
    start, end = at, at + _PIECE
    first, last = place, place + _PIECE
    while start > 0 and first > 0 and text[start - 1] == form.text[first - 1]:
        start, first = start - 1, first - 1
    while end < len(text) and last < len(form.text) and text[end] == form.text[last]:
        end, last = end + 1, last + 1
    secret = min(last, form.end) - max(first, form.start)
    return (start, end) if secret >= form.least else None


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _render(text: str, spans: list[Span], start: int, end: int, after_mark: bool = False) -> str:
    """The part of the text from `start` to `end`, each span in it as one mark.

    Args:
        text: The raw text.
        spans: What to mask, merged and in order.
        start: First character to show.
        end: Behind the last one.
        after_mark: What was shown before ended in a mark: one that goes on is not shown again.
    """
    pieces: list[str] = []
    at = start
    for first, last in spans:
        if last <= start or first >= end:
            continue
        pieces.append(text[at : max(first, at)])
        if not (after_mark and first <= start):
            pieces.append(MARK)
        at = min(last, end)
    pieces.append(text[at:end])
    return "".join(pieces)
