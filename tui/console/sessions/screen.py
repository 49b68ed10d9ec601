"""The sessions: every one, who works and who waits first; found by words, acted on by a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui.console.dialogs.words import key_line
from tui.console.sessions.acting import Acting, Typing, Wanted
from tui.console.sessions.columns import Piece, detail
from tui.console.sessions.foot import keys_of
from tui.console.sessions.list import SessionList
from tui.console.sessions.rows import RowMaker
from tui.console.sidebar.marker import signs
from tui.text import neutralise, truncate

if TYPE_CHECKING:
    from tui.console.sessions.going import GoingBetween

LOOK_S = 1.0
"""How often what has changed is looked for, while this is open."""
RELOAD_EVERY = 3
"""Of so many looks one asks the engine: what others do is seen, too."""
SLIM, LOW = 84, 30
FIELD_LEAST = 24


class SessionsScreen(Acting):
    """The list of all sessions; a search has the focus at once.

    Esc goes back one level: out of the field, out of the list, out of the search, out of here.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("f5", "close", "Close", show=False),
        Binding("down,tab", "enter_list", "To the list", show=False),
        Binding("shift+tab,slash", "search", "Search", show=False),
        Binding("pageup", "page(-10)", "Up a page", show=False),
        Binding("pagedown", "page(10)", "Down a page", show=False),
    ]

    def __init__(self, desk: GoingBetween[Any], chosen: str | None = None) -> None:
        super().__init__(desk)
        self._search = Input(
            placeholder="title, folder, branch, model …", id="sessions-search", compact=True
        )
        self._count = Static("", id="sessions-count")
        self.list = SessionList(letters=desk.letters, clock=desk.clock)
        self._field = Input(id="sessions-field", compact=True, select_on_focus=False)
        self._detail = Static("", id="sessions-detail")
        self._word = Static("", id="sessions-word")
        self._word.display = False
        self._foot = Static("", id="sessions-foot", classes="dialog-foot")
        self._maker = RowMaker(desk.name_of)
        self._first = chosen
        self._looks = 0

    def compose(self) -> ComposeResult:
        sign = "/ " if self.desk.letters else "⌕ "
        with Vertical(classes="dialog", id="sessions"):
            with Horizontal(id="sessions-head"):
                yield Static(Content.assemble((sign, "$focus")), id="sessions-sign")
                yield self._search
                yield self._count
            with Vertical(id="sessions-pane"):
                yield self.list
                yield self._field
            yield self._detail
            yield self._word
            yield self._foot

    def on_mount(self) -> None:
        self.set_class(self.desk.letters, "-letters")
        self._field.display = False
        self._search.focus()
        self.show_rows(self._first or self._other())
        self.say("")
        self.reload()
        self.set_interval(LOOK_S, self._look)

    def on_resize(self) -> None:
        self.set_class(self.size.height < LOW, "-low")
        self.set_class(self.size.width < SLIM, "-slim")
        self.call_after_refresh(self._show_foot)

    # What is shown.

    def _other(self) -> str | None:
        """Where Enter would go at once: to who waits, else to the session shown before."""
        wanted = self.desk.open_sessions.wanted()
        return None if wanted is None else wanted.id

    def reload(self) -> None:
        self.desk.load_sessions()

    def show_rows(self, chosen: str | None = None) -> None:
        """Show what is known now; the cursor stays where it is."""
        desk, views = self.desk, self.desk.open_sessions
        rows = self._maker.rows(desk.listed, views, views.here, now=desk.clock())
        self.list.show(rows, desk.state.cwd or str(desk.folder), chosen)
        self._show_count()

    def _show_count(self) -> None:
        total, found = self.list.total, self.list.found
        words = f"{total} session{'s' * (total != 1)}"
        if self._search.value.strip():
            words = f"{found} of {total}" if found else "none is called that"
        self._count.update(Content.assemble((words, "$mute")))

    def _look(self) -> None:
        self._looks += 1
        if self._looks % RELOAD_EVERY == 0:
            self.reload()
        elif any(view.state.working for view in self.desk.open_sessions):
            self.show_rows()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self._search:
            self.list.filter(event.value)
            self._show_count()

    def on_session_list_moved(self) -> None:
        self._place_field()
        self._show_detail()
        self._show_foot()

    def _show_detail(self) -> None:
        row, room = self.list.chosen, self._detail.content_size.width
        if row is None or room <= 0:
            self._detail.update(Content(""))
            return
        lines = detail(row, room, now=self.desk.clock(), letters=self.desk.letters)
        self._detail.update(Content("\n").join([_content(one) for one in lines]))

    def _show_foot(self) -> None:
        where = "list" if self.focused is self.list else "search"
        where = "field" if self.typing is not None else where
        typed = {"rename": "rename", "export": "write it"}[self.typing.what] if self.typing else ""
        pairs = keys_of(
            where,
            self.list.chosen,
            undo=bool(self.desk.deleted),
            asked=bool(self._search.value),
            typed=typed,
        )
        shown = [(signs(key, letters=self.desk.letters), does) for key, does in pairs]
        while len(shown) > 1 and key_line(*shown).cell_length - 3 > self._foot.content_size.width:
            shown.pop(-2)  # the way back is always said
        self._foot.update(key_line(*shown))

    def say(self, text: str, tone: str = "$soft") -> None:
        if not self.is_attached:
            return
        if not text and self.desk.deleted:
            title = truncate(self.desk.deleted[-1][1], 40)
            parts = [
                (f"“{title}” is deleted. ", "$soft"),
                ("U", "$text"),
                (" in the list", "$mute"),
            ]
            self._word.update(Content.assemble(*parts, (" brings it back", "$mute")))
        else:
            self._word.update(Content.assemble((neutralise(text), tone)))
        self._word.display = bool(text or self.desk.deleted)

    # Moving between the parts.

    def on_descendant_focus(self) -> None:
        self._show_foot()

    def action_enter_list(self) -> None:
        if self.list.chosen is not None and self.typing is None:
            self.list.focus()

    def action_search(self) -> None:
        if self.typing is None:
            self._search.focus()

    def action_page(self, by: int) -> None:
        self.list.action_move(by)

    def action_close(self) -> None:
        self.dismiss(None)

    def action_back(self) -> None:
        if self.typing is not None:
            self.say("")
            self.show_field(None)
        elif self.focused is not self._search:
            self._search.focus()
        elif self._search.value:
            self._search.value = ""
        else:
            self.dismiss(None)

    def on_session_list_left(self) -> None:
        self._search.focus()

    # Acting.

    def on_session_list_picked(self, event: SessionList.Picked) -> None:
        event.stop()
        if self.typing is None:
            self.dismiss(None if event.row.here else Wanted(session=event.row.id))

    def on_session_list_lettered(self, event: SessionList.Lettered) -> None:
        event.stop()
        self.act_by_letter(event.row, event.letter)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input is self._field:
            self.take_text(event.value)
        else:
            self.list.action_pick()

    def show_field(self, typing: Typing | None, text: str = "", hint: str = "") -> None:
        self.typing = typing
        self._field.display = typing is not None
        if typing is None:
            self.list.focus()
        else:
            self._field.value, self._field.placeholder = text, hint
            self._field.cursor_position = len(text)
            self._place_field()
            self._field.focus()
        self._show_foot()

    def _place_field(self) -> None:
        """Keep the field on its row, also when the list scrolls."""
        place = self.list.place_of_field()
        if self.typing is None:
            return
        self._field.visible = place is not None
        if place is not None:
            x, y, width = place
            self._field.styles.width = max(width + 2, FIELD_LEAST)
            self._field.styles.offset = (x - 1, y)


def _content(pieces: list[Piece]) -> Content:
    return Content.assemble(*pieces)
