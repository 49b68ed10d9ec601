"""The list above the prompt: opens as one writes, moves, completes, and is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from textual.content import Content

from tui.console.commands import completed
from tui.console.prompt.completion import (
    SHOWN,
    Asked,
    Choice,
    asked_at,
    command_choices,
    file_choices,
    history_choices,
    word_choices,
)
from tui.console.prompt.filelist import FileList, Search
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.console.prompt.editor import Editor
    from tui.console.prompt.suggestions import Suggestions

FIRST_S, STEP_S = 0.005, 0.004
"""So long a search of the files may keep the loop at once."""

Hint = tuple[str, str]


class Source(Protocol):
    """Where choices come from."""

    def files(self) -> FileList | None:
        """The folder's files as far as they are known; None while they are first read."""
        ...

    def values(self, command: str) -> Sequence[tuple[str, str]]:
        """What a command may be given: each value, and what it is called."""
        ...

    def prompts(self) -> Sequence[str]:
        """What was sent before, the latest first."""
        ...


class NoSource:
    """Knows nothing."""

    def files(self) -> FileList | None:
        return None

    def values(self, command: str) -> Sequence[tuple[str, str]]:
        return ()

    def prompts(self) -> Sequence[str]:
        return ()


class _Open(NamedTuple):
    asked: Asked
    rows: list[Choice]
    at: int
    moved: bool


class Completer:
    """The list of one editor. `changed` is called when its keys change."""

    def __init__(self, editor: Editor, view: Suggestions) -> None:
        self._editor = editor
        self._view = view
        self.source: Source = NoSource()
        self.changed: Callable[[], None] = lambda: None
        self._open: _Open | None = None
        self._left: tuple[str, int] | None = None
        self._search: Search | None = None
        self._searching: str | None = None  # what is sought in the history

    @property
    def open(self) -> bool:
        """Whether a list is shown."""
        return self._open is not None

    def hints(self) -> list[Hint]:
        """The keys of the list that is open."""
        if self._open is None:
            return []
        if self._searching is not None:
            return [("a…z", "search"), ("Enter", "take"), ("Ctrl+R", "older"), ("Esc", "back")]
        if not self._open.rows:
            return [("Esc", "close")]
        runs = self._open.asked.kind != "file" and self._open.rows[self._open.at].runs
        enter = [("Enter", "do it")] if runs else []
        return [("↑ ↓", "choose"), ("Tab", "complete"), *enter, ("Esc", "close")]

    def key(self, key: str, typed: str | None) -> bool:
        """Take a key that is the list's; whether it was."""
        if self._open is None:
            return False
        if self._searching is not None and self._seek(key, typed):
            return True
        match key:
            case "escape":
                self.close()
            case "up" | "down":
                return self._move(1 if key == "down" else -1)
            case "tab":
                return self._take()
            case "enter":
                return self._enter()
            case _:
                if self._searching is not None:
                    self.close()
                return False
        return True

    def close(self) -> None:
        """Leave the list; it stays away until something else is asked."""
        if self._open is not None:
            self._left = self._open.asked.kind, self._open.asked.start
        self._hide()

    def look(self) -> None:
        """Open, change or close the list by what stands at the cursor."""
        if self._searching is not None:
            return
        editor = self._editor
        row, column = editor.cursor_location
        line = editor.document.get_line(row)
        plain = editor.selection.is_empty and (
            "@" in line[:column] or (row == 0 and line.startswith("/"))
        )
        asked = asked_at(editor.document.line_count, row, line, column) if plain else None
        if asked is None:
            self._left = None
        if asked is None or (asked.kind, asked.start) == self._left:
            self._hide()
        elif self._open is None or self._open.asked != asked:
            self._ask(asked)

    def files_came(self) -> None:
        """The folder's files are known, or known anew."""
        if self._open is not None and self._open.asked.kind == "file" and not self._open.moved:
            self._ask(self._open.asked)

    def search_history(self) -> None:
        """Search backwards through what was sent."""
        self._searching = ""
        self._ask(Asked("history", 0, ""))

    def click(self, row: int) -> None:
        """A row was clicked: it is taken."""
        if self._open is not None and row < len(self._open.rows):
            self._open = self._open._replace(at=row, moved=True)
            self._take()

    # What is asked.

    def _ask(self, asked: Asked) -> None:
        self._search = None
        match asked.kind:
            case "command":
                rows = command_choices(asked.query)
            case "words":
                values = self.source.values(asked.command)
                rows = word_choices(asked.query, asked.command, values)
                if not rows:
                    self._hide()
                    return
            case "history":
                rows = history_choices(asked.query, self.source.prompts())
            case "file":
                rows = self._find(asked)
        self._open = _Open(asked, rows, 0, moved=False)
        self._show()
        self.changed()

    def _find(self, asked: Asked) -> list[Choice]:
        files = self.source.files()
        if files is None:
            return []
        self._search = Search(files, asked.query)
        if not self._search.step(FIRST_S):
            self._editor.call_later(self._go_on, self._search)
        return file_choices(self._search.top(SHOWN))

    def _go_on(self, search: Search) -> None:
        """Search on, unless something else is sought by now."""
        if search is not self._search or self._open is None:
            return
        if not search.step(STEP_S):
            self._editor.call_later(self._go_on, search)
        elif not self._open.moved:
            self._open = self._open._replace(rows=file_choices(search.top(SHOWN)))
            self._show()
            self.changed()

    def _show(self) -> None:
        assert self._open is not None
        head, empty = None, "no file fits"
        if self._open.asked.kind == "file" and self._search is None:
            empty = "reading which files there are …"
        elif self._searching is not None:
            field = (neutralise(self._searching), "$text"), ("▏", "$focus")
            head = Content.assemble(("  what you sent  ", "$mute"), ("/ ", "$soft"), *field)
            empty = "nothing that you sent has this"
        self._view.show(self._open.rows, self._open.at, head, empty)

    def _hide(self) -> None:
        self._search, self._searching = None, None
        if self._open is not None:
            self._open = None
            self._view.hide()
            self.changed()

    # Keys.

    def _seek(self, key: str, typed: str | None) -> bool:
        """What is typed while the history is searched."""
        assert self._searching is not None
        if key in ("backspace", "ctrl+h"):
            self._searching = self._searching[:-1]
        elif key == "ctrl+r":
            return self._move(1)
        elif typed is not None and typed.isprintable():
            self._searching += typed
        else:
            return False
        self._ask(Asked("history", 0, self._searching))
        return True

    def _move(self, step: int) -> bool:
        assert self._open is not None
        if not self._open.rows:
            return False
        at = (self._open.at + step) % len(self._open.rows)
        self._open = self._open._replace(at=at, moved=True)
        self._show()
        self.changed()
        return True

    def _take(self) -> bool:
        """Tab: put the chosen row in the place of what was written."""
        assert self._open is not None
        asked, rows, at, moved = self._open
        if not rows:
            return asked.kind == "history"
        if asked.kind == "command" and not moved:
            more = completed(self._editor.text)
            if more is not None:
                self._editor.show_text(more)
                self.look()
                return True
        self._hide()
        self._put(asked, rows[at])
        return True

    def _put(self, asked: Asked, row: Choice) -> None:
        editor = self._editor
        if asked.kind != "file":
            editor.show_text(row.text)
        else:
            here = editor.cursor_location
            editor.put(row.text, (here[0], asked.start), here)
        self.look()

    def _enter(self) -> bool:
        assert self._open is not None
        asked, rows, at, moved = self._open
        if not rows:
            return asked.kind == "history"
        row = rows[at]
        if asked.kind == "file" and not moved and self._whole(row):
            return False  # it stands there whole: Enter sends
        if asked.kind == "words" and not moved and not asked.query:
            return False
        self._hide()
        if not row.runs:
            self._put(asked, row)
            return True
        self._editor.show_text(row.text)
        return False  # and Enter does it

    def _whole(self, row: Choice) -> bool:
        line, column = self._editor.cursor_location
        before = self._editor.document.get_line(line)[:column]
        return before.endswith(row.text.rstrip(" "))
