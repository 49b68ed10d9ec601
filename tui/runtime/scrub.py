"""Takes stored keys out of text, with the set of keys that is known now."""

from __future__ import annotations

from collections.abc import Iterable

from tui.keys.redact import Scrubber, ScrubStream
from tui.secret import Secret


class LiveScrub:
    """The scrubber in force; made anew when a key is met that it does not know."""

    def __init__(self) -> None:
        self._known: dict[str, Secret] = {}
        self._scrubber = Scrubber(())

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Mask these too from now on. Forgotten keys stay masked until the process ends."""
        fresh = {one.sha256: one for one in secrets if one and one.sha256 not in self._known}
        if fresh:
            self._known |= fresh
            self._scrubber = Scrubber(self._known.values())

    def text(self, text: str) -> str:
        """See `tui.session.ports.Scrub`."""
        return self._scrubber.scrub(text)

    def data(self, data: bytes) -> bytes:
        """The same for written events: the store's last line."""
        return self._scrubber.scrub_bytes(data)

    def stream(self) -> _Feed:
        """See `tui.session.ports.Scrub`."""
        return _Feed(ScrubStream(self._scrubber))


class _Feed:
    def __init__(self, stream: ScrubStream) -> None:
        self._stream = stream

    def feed(self, delta: str) -> str:
        return self._stream.feed(delta)

    def finish(self) -> str:
        return self._stream.flush()
