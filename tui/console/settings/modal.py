"""The settings: found by words, changed where they are found (look/settings.png)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.console.dialogs.words import key_line
from tui.console.settings.acting import Acting
from tui.console.settings.finding import Finder, all_groups, intent
from tui.console.settings.foot import keys_of
from tui.console.settings.list import RowList
from tui.console.settings.panes.approvals import rule_id
from tui.console.settings.rows import GUTTER, ChangeKey, ChangeSetting, ForgetAll, Opened
from tui.console.settings.sections import Sections
from tui.console.settings.world import World
from tui.console.sidebar.marker import signs
from tui.secret import Secret
from tui.settings.schema import SETTINGS
from tui.text import cell_width, neutralise

if TYPE_CHECKING:
    from tui.console.settings.desk import SettingsDesk

LOOK_S = 1.0
"""How often a change made elsewhere is looked for, while this is open."""
SIDE = 84
"""Columns from which there is room for the sections beside the list."""
LOW = 30
FIELD_LEAST, FIELD_MOST = 20, 44


class SearchField(Input):
    """A key that is pasted here is not shown: its dialog opens."""

    class KeyPasted(Message):
        """A text that looks like a key was pasted."""

        def __init__(self, text: str, provider: str) -> None:
            super().__init__()
            self.key = Secret(text)
            self.provider = provider

    def _on_paste(self, event: events.Paste) -> None:
        from tui.keys.paste import recognise

        if (provider := recognise(event.text)) is not None:
            event.stop()
            event.prevent_default()
            self.post_message(self.KeyPasted(event.text, provider))


class SettingsScreen(Acting):
    """Settings, keys, rules and facts; a search has the focus at once.

    Esc goes back one level: out of a value, out of the list, out of the search, out of here.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("down", "enter_list", "To the list", show=False),
        Binding("tab", "next(1)", "Next part", show=False),
        Binding("shift+tab", "next(-1)", "Part before", show=False),
        Binding("slash", "search", "Search", show=False),
    ]

    def __init__(self, desk: SettingsDesk[Any], query: str = "") -> None:
        super().__init__(desk)
        self._search = SearchField(
            query, placeholder="keys, budgets, themes …", id="settings-search", compact=True
        )
        self._count = Static("", id="settings-count")
        self.list = RowList(letters=desk.letters)
        self.sections = Sections(letters=desk.letters)
        self._field = Input(id="settings-field", compact=True)
        self._word = Static("", id="settings-word")
        self._foot = Static("", id="settings-foot", classes="dialog-foot")
        self._finder = Finder(())
        self._stale = False
        self._sections: list[tuple[str, int | None]] = []
        self._seen: tuple[object, ...] = (None, None)

    def compose(self) -> ComposeResult:
        sign = signs("⌕ ", letters=False) if not self.desk.letters else "/ "
        with Vertical(classes="dialog", id="settings"):
            with Horizontal(id="settings-head"):
                yield Static(Content.assemble((sign, "$focus")), id="settings-sign")
                yield self._search
                yield self._count
            with Horizontal(id="settings-body"):
                yield self.sections
                with Vertical(id="settings-pane"):
                    yield self.list
                    yield self._field
            yield self._word
            yield self._foot

    def on_mount(self) -> None:
        self.set_class(self.desk.letters, "-letters")
        self._field.display = False
        self._search.focus()
        self._rebuild()
        self._seen = self._fingerprint()
        self.load_all()
        self.set_interval(LOOK_S, self._look)

    def on_resize(self) -> None:
        self.set_class(self.size.height < LOW, "-low")
        self.set_class(self.size.width < SIDE, "-slim")
        self.call_after_refresh(self._show_foot)

    # What is shown.

    def _world(self) -> World:
        desk = self.desk
        return World(
            values={one.id: desk.settings.get(one.id) for one in SETTINGS},
            fallback_off=desk.settings.is_set("credits.fallback")
            and not desk.settings.flag("credits.fallback"),
            problems=desk.settings.problems,
            keys=desk.keys,
            keys_trouble=self.keys_trouble,
            models=desk.models,
            local=self.local,
            fetching=desk.fetching,
            rules=self.rules,
            servers=self.servers,
            doomed=self.doomed,
            forgotten=self.forgotten,
            endpoints=self.endpoints,
            removed=self.removed,
            credits=self.credits,
            removed_service=self.removed_service,
            intent=self.wish,
            today=desk.today,
            session_nano=desk.state.session_nano,
            session_unknown=desk.state.session_unknown,
            session_host=None if desk.state.route is None else desk.state.route.host,
            environ=desk.environ,
            contacts=self.contacts,
            kept=self.kept,
            now=desk.clock(),
            letters=desk.letters,
        )

    def look_again(self) -> None:
        if self.is_mounted and not self._stale:
            self._stale = True
            self.call_later(self._rebuild)  # answers that come together are shown together

    def _rebuild(self) -> None:
        """Ask the panes anew; the chosen row stays."""
        self._stale = False
        groups = all_groups(self._world())
        self._finder = Finder(groups)
        self._sections = [(one.section, one.count) for one in groups if one.section]
        chosen = self.list.chosen
        self._show(None if chosen is None else chosen.entry.id)

    def _show(self, chosen: str | None) -> None:
        query = self._search.value
        groups = self._finder.found(query)
        self.list.show(groups, chosen)
        found, total = sum(len(group.rows) for group in groups), self._finder.total
        words = f"{found} of {total}" if query.strip() else f"{total} settings and keys"
        if not found:
            words = "nothing is called that"
        self._count.update(Content.assemble((words, "$mute")))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self._search:
            wish = intent(event.value)
            if wish != self.wish:
                self.wish = wish
                self._rebuild()
            self._show(None)

    def on_row_list_moved(self) -> None:
        self.sections.show(self._sections, self.list.section)
        row = self.list.chosen
        if self.doomed is not None and (row is None or row.entry.id != rule_id(self.doomed)):
            self.doomed = None
            self._rebuild()
        self._place_field()
        self._show_foot()

    def _show_foot(self) -> None:
        where = "list" if self.focused is self.list else "search"
        where = "sections" if self.focused is self.sections else where
        where = "field" if self.focused is self._field else where
        pairs = keys_of(
            where,
            self.list.chosen,
            picking=self.list.opened is not None,
            undo=self.forgotten is not None or bool(self.removed or self.removed_service),
            wish=self.wish,
            asked=bool(self._search.value.strip()),
            slim=self.has_class("-slim"),
        )
        shown = [(signs(key, letters=self.desk.letters), does) for key, does in pairs]
        while len(shown) > 1 and key_line(*shown).cell_length - 3 > self._foot.content_size.width:
            shown.pop(-2)  # the way back is always said
        self._foot.update(key_line(*shown))

    def say(self, text: str, tone: str = "$soft") -> None:
        if self.is_mounted:
            words = neutralise(text)
            self._word.update(Content.assemble((words, tone)))

    # Changes made elsewhere.

    def _fingerprint(self) -> tuple[object, ...]:
        desk = self.desk
        return (
            _identity(desk.paths.settings_file),
            (_identity(desk.paths.keys_file), _identity(desk.paths.endpoints_file)),
            desk.credits, desk.today, desk.keys, desk.state.session_nano,
        )  # fmt: skip

    def _look(self) -> None:
        seen, self._seen = self._seen, self._fingerprint()
        if seen == self._seen:
            return
        if seen[1] != self._seen[1]:
            self.load_all()
        self.desk.apply_settings()
        self._rebuild()

    # Moving between the parts.

    def on_descendant_focus(self) -> None:
        self._show_foot()

    def action_enter_list(self) -> None:
        if self.list.chosen is not None and self.focused is not self._field:
            self.list.focus()

    def action_search(self) -> None:
        self._search.focus()

    def action_next(self, by: int) -> None:
        if self.list.opened is not None:
            return
        parts: list[Widget] = [self._search, self.list]
        if self.sections.display and not self.has_class("-slim"):
            parts.append(self.sections)
        at = parts.index(self.focused) if self.focused in parts else 0
        parts[(at + by) % len(parts)].focus()

    def action_back(self) -> None:
        if self.list.opened is not None:
            self.open_row(None)
        elif self.focused is not self._search:
            self._search.focus()
        elif self._search.value:
            self._search.value = ""
        else:
            self.dismiss(None)

    def on_row_list_left(self, event: RowList.Left) -> None:
        slim = self.has_class("-slim")
        if event.up:
            self._search.focus()
        elif not slim:
            self.sections.focus()

    def on_sections_left(self) -> None:
        self._search.focus()

    def on_sections_chosen(self, event: Sections.Chosen) -> None:
        self.open_row(None)
        if self._search.value:
            with self.prevent(Input.Changed):
                self._search.value = ""
            self.wish = intent("")
            self._rebuild()
        self.list.go_to(event.section)
        if event.enter:
            self.list.focus()

    # Acting.

    def on_search_field_key_pasted(self, event: SearchField.KeyPasted) -> None:
        self.desk.ask_key(
            event.provider, replace=False, label=None, closed=self.key_closed, pasted=event.key
        )

    def on_row_list_acted(self, event: RowList.Acted) -> None:
        self.act_on(event.row)

    def on_row_list_lettered(self, event: RowList.Lettered) -> None:
        self.act_by_letter(event.row, event.letter)

    def on_row_list_picked(self, event: RowList.Picked) -> None:
        row = self.list.chosen
        if row is not None and isinstance(row.act, ChangeSetting):
            self.take_text(row.act.setting, event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        row = self.list.chosen
        if row is None:
            return
        if event.input is self._search:
            self.list.focus()
            if event.value.strip():
                self.act_on(row)
        elif isinstance(row.act, ChangeSetting):
            self.take_text(row.act.setting, event.value)
        elif isinstance(row.act, ForgetAll):
            self.forget_all(row, event.value)
        elif isinstance(row.act, ChangeKey):
            self.work(self.rename_key(row, row.act.key, event.value), "key")
        else:
            self.run_worker(self.add_model_file(event.value), group="settings add")

    def open_row(self, opened: Opened | None, text: str = "", hint: str = "") -> None:
        self.list.open(opened)
        typed = opened is not None and not opened.options
        self._field.display = typed
        if opened is None:
            self._rebuild()
        if typed:
            if self.focused is not self._field:
                self._field.value, self._field.placeholder = text, hint
                self._field.cursor_position = len(text)
            self._place_field()
            self._field.focus()
        elif self.focused is self._field or opened is not None:
            self.list.focus()
        self._show_foot()

    def _place_field(self) -> None:
        """Keep the field on its row, also when the list scrolls."""
        row, opened = self.list.chosen, self.list.opened
        if row is None or opened is None or opened.options:
            return
        place = self.list.place_of_field()
        title = sum(cell_width(text) for text, _ in row.head.left)
        room = self.list.size.width - 4
        width = max(FIELD_LEAST, min(FIELD_MOST, room - title - GUTTER - 6))
        self._field.styles.width = width
        self._field.visible = place is not None
        if place is not None:
            self._field.styles.offset = (room - width + 1, place[1])


def _identity(path: Path) -> object:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
