"""What the picker lists now and where its cursor is. No Textual."""

from __future__ import annotations

from tui.console.sidebar.rows import NO_MARKS, Line, finder, found, nothing, sections, standings
from tui.session.replies import Marks, ModelRow
from tui.text.filter import Finder


class Listing:
    """Lines made of rows, marks and the filter; the cursor stands on those that can be reached.

    Attributes:
        rows: In the catalogue's order.
        current: The session's model.
        query: The filter.
        lines: What is listed.
    """

    def __init__(self) -> None:
        self.rows: tuple[ModelRow, ...] = ()
        self.marks: Marks = NO_MARKS
        self.current: str | None = None
        self.query = ""
        self.lines: list[Line] = []
        self._finder: Finder | None = None
        self._standings: list[int] | None = None
        self._opened: set[str] = set()
        self._stops: list[int] = []  # lines on which the cursor can stand
        self._cursor = 0  # place in _stops
        self._model: str | None = None  # under the cursor

    @property
    def standing(self) -> Line | None:
        """The line under the cursor."""
        return self.lines[self._stops[self._cursor]] if self._stops else None

    @property
    def row(self) -> ModelRow | None:
        """The model under the cursor."""
        line = self.standing
        return None if line is None or line.row is None else self.rows[line.row]

    @property
    def place(self) -> int:
        """The number of the line under the cursor; 0 where there is none."""
        return self._stops[self._cursor] if self._stops else 0

    def model_of(self, line: Line) -> str | None:
        """The id of the model on a line."""
        return None if line.row is None else self.rows[line.row].id

    # What is so changes.

    def take(self, rows: tuple[ModelRow, ...], current: str | None) -> None:
        """List these models from the next `renew` on."""
        if rows is not self.rows:
            self.rows, self._finder, self._standings = rows, None, None
        self.current = current

    def mark(self, marks: Marks) -> None:
        """Take these favourites and models used last from the next `renew` on."""
        self.marks, self._standings = marks, None

    def renew(self) -> None:
        """List what there is now; the cursor stays on its model, and in its section."""
        line, model, before = self.standing, self._model, self._cursor
        self._list()
        self._stand(self._found(line, model), before)

    def to_current(self) -> None:
        """List all, the cursor on the session's model."""
        self.query = ""
        self._list()
        ids = [self.model_of(self.lines[at]) for at in self._stops]
        known = self.current is not None and self.current in ids
        self._stand(ids.index(self.current) if known else 0)

    def filter(self, query: str) -> None:
        """List what fits, the cursor on the best."""
        self.query = query
        self._list()
        self._stand(0)

    # The person moves.

    def move(self, by: int) -> None:
        """Down by so many lines that can be reached; up where it is negative."""
        self._stand(self._cursor + by)

    def point(self, place: int) -> bool:
        """To a line by its number; whether it can be reached."""
        if place not in self._stops:
            return False
        self._stand(self._stops.index(place))
        return True

    def toggle(self, section: str) -> None:
        """Show all of a section, the cursor on the first that was hidden; or few again."""
        before, closes = self._cursor, section in self._opened
        self._opened ^= {section}
        self._list()
        opens = (n for n, at in enumerate(self._stops) if self.lines[at].more == section)
        self._stand(next(opens, 0) if closes else before)

    def _list(self) -> None:
        if self.query:
            self.lines = found(self.query, *self.ready())
        else:
            self.lines = sections(self.rows, self.current, self._opened, self.marks)
        self._stops = [at for at, line in enumerate(self.lines) if line.reached]
        if not self.lines:
            self.lines = nothing(self.query)

    def ready(self) -> tuple[Finder, list[int]]:
        """What the filter needs, made once for so many models and marks."""
        if self._finder is None:
            self._finder = finder(self.rows)
        if self._standings is None:
            self._standings = standings(self.rows, self.marks)
        return self._finder, self._standings

    def _stand(self, cursor: int | None, otherwise: int = 0) -> None:
        wanted = otherwise if cursor is None else cursor
        self._cursor = max(0, min(len(self._stops) - 1, wanted))
        row = self.row
        self._model = None if row is None else row.id

    def _found(self, line: Line | None, model: str | None) -> int | None:
        """Where what stood under the cursor stands now."""
        if line is None:
            return None
        now = [self.lines[at] for at in self._stops]
        if model is None:
            return next((n for n, one in enumerate(now) if one.more == line.more), None)
        same = [n for n, one in enumerate(now) if self.model_of(one) == model]
        there = [n for n in same if now[n].group == line.group]
        return next(iter(there or same), None)
