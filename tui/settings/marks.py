"""Models that the person likes, and those used last: each a short list of ids in a file.

Every console and every command of one person sees the same; a file that is broken is put aside.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from tui.errors import StoreError
from tui.paths import locked, write_private

MOST_BYTES = 200_000
LONGEST = 500
"""Characters of an id; a longer one is no model's."""


class KeptIds:
    """A list of ids in a file, each once. Calls block.

    Args:
        file: A JSON array of strings; it need not exist.
        most: So many are kept, the first ones.
    """

    def __init__(self, file: Path, most: int) -> None:
        self._file = file
        self._most = most

    def read(self) -> tuple[str, ...]:
        """The ids in their order; none where the file cannot be read."""
        return self._read() or ()

    def put(self, id: str, place: int | None) -> tuple[str, ...]:
        """Put an id to this place of the list, or take it out (None); what is kept then.

        Raises:
            StoreError: it cannot be written; nothing has changed.
        """
        try:
            with locked(self._file):
                before = self._read()
                if before is None:
                    self._file.replace(self._file.with_name(f"{self._file.name}.broken"))
                kept = [one for one in before or () if one != id]
                if place is not None and len(id) <= LONGEST:
                    kept.insert(place, id)
                after = tuple(kept[: self._most])
                if after != before:
                    write_private(self._file, msgspec.json.encode(after) + b"\n")
                return after
        except OSError as error:
            raise StoreError(
                f"it cannot be kept: {error.strerror or error}",
                hint=f"Check the space and the rights of {self._file.parent}.",
            ) from error

    def _read(self) -> tuple[str, ...] | None:
        """None: there is something else in it."""
        try:
            data = self._file.read_bytes()
            if len(data) > MOST_BYTES:
                return None
            ids = msgspec.json.decode(data, type=list[str])
        except OSError:
            return ()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return tuple(dict.fromkeys(one for one in ids if 0 < len(one) <= LONGEST))[: self._most]


class ModelMarks:
    """Favourites, in the order in which they were marked, and the models used last, newest first.

    Calls block.
    """

    MOST_FAVOURITES, MOST_RECENT = 100, 12

    def __init__(self, favourites: Path, recent: Path) -> None:
        self._favourites = KeptIds(favourites, self.MOST_FAVOURITES)
        self._recent = KeptIds(recent, self.MOST_RECENT)

    def read(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Favourites, and what was used last."""
        return self._favourites.read(), self._recent.read()

    def favour(self, model: str, *, on: bool) -> None:
        """Make it a favourite, or no longer one. Raises StoreError."""
        self._favourites.put(model, self.MOST_FAVOURITES if on else None)

    def used(self, model: str) -> None:
        """A request went to it. Raises StoreError."""
        if self._recent.read()[:1] != (model,):
            self._recent.put(model, 0)
