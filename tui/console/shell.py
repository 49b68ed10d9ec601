"""The screen's frame: layout, theme, folding, status line. It knows no engine."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events
from textual.app import App, ComposeResult
from textual.content import Content
from textual.filter import ANSIToTruecolor, LineFilter
from textual.widgets import Static

from tui.console import theme
from tui.console.abilities import too_small_words
from tui.console.crash import crash_words
from tui.console.garbage import QuietCollector
from tui.console.grounds import Column, Echo, Ground, Row
from tui.console.header import Header
from tui.console.panels.choices import ChoicePanel
from tui.console.prompt.composer import Composer
from tui.console.prompt.editor import Editor
from tui.console.prompt.hints import Hint, hints
from tui.console.sidebar.detail import NO_DRAFT, Draft, Talk, due_words, talk_of
from tui.console.sidebar.marker import colour, glyph, plain_glyphs
from tui.console.sidebar.picker import ModelPicker
from tui.console.status.bar import StatusBar
from tui.console.status.facts import status_facts
from tui.console.transcript.blocks import Tone
from tui.console.transcript.view import TranscriptView
from tui.console.typed_ahead import TypingAhead
from tui.console.welcome import Welcome
from tui.errors import OwnkeyError
from tui.events.base import utc_now
from tui.paths import Paths
from tui.session.credit_talk import CreditRow
from tui.session.projection import SessionState
from tui.session.replies import BudgetRow, ModelRow, SpentToday
from tui.session.words import PlainNames
from tui.settings.store import SettingsStore
from tui.store.history import History
from tui.text import neutralise, truncate

if TYPE_CHECKING:
    from textual.theme import Theme
    from textual.timer import Timer

WIDE = 132
"""Columns from which the sidebar has its full width."""
NARROW = 100
"""Columns under which the sidebar folds into a modal."""
LOW = 30
"""Lines under which the prompt has no empty ones."""
LEAST = (60, 18)
"""Columns and lines under which one line says so (look/README.md, Widths)."""
SHEETS = ("base", "console", "transcript", "sidebar", "status")
LATER_SHEETS = ("dialogs", "settings", "sessions", "usage")
"""Of screens that open later: read behind the first paint, which they would hold up."""
FLASH_S = 6.0
STATUS_S = 0.25
"""How often the status line moves while tokens stream."""

Result = TypeVar("Result")


class RowNames(PlainNames):
    """Names out of the models that can be picked."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def model(self, model: str) -> str:
        return self.rows.get(model) or super().model(model)


class Shell(TypingAhead[Result], inherit_bindings=False):
    """The console's frame.

    Args:
        folder: The working folder.
        paths: The person's folders.
        clock: Now, aware of its zone.
        tz: Zone of the times shown; None is the machine's own.

    Attributes:
        demo: Whether this is the demo, which every screen says.
    """

    demo = False
    TITLE = "ownkey"
    AUTO_FOCUS = "#editor"
    CSS_PATH: ClassVar[list[Path]] = [  # pyright: ignore[reportIncompatibleVariableOverride]
        theme.sheet(name) for name in SHEETS
    ]

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        self.paths = paths
        self.settings = SettingsStore(paths.settings_file)
        super().__init__()
        self._begin_theme(self.settings.text("appearance.theme"))
        self._draft = NO_DRAFT
        self._payer = "", "$mute"
        self.letters = plain_glyphs(str(self.settings.get("appearance.glyphs")))
        self.state = SessionState()
        self.models: tuple[ModelRow, ...] = ()
        self.driving = True
        self.free = False  # followed only, and nobody drives it any more
        self.closing = False  # nothing is shown or asked any more
        self.today: SpentToday | None = None
        self.day_budget = self.settings.usd("budget.day_usd")
        self.credits: tuple[CreditRow, ...] = ()  # services, with what each said last
        self.budgets: tuple[BudgetRow, ...] = ()  # those that this session counts against
        self.clock = clock
        self.tz = tz
        self.names = RowNames()
        self._flash: str | None = None
        self._flash_until = 0.0
        self._picker_knows: object = None
        self._who = Content("")
        self._countdown: Timer | None = None
        self._status_at = 0.0
        self._status_timer: Timer | None = None
        self.header = Header(folder, demo=self.demo)
        self.picker = ModelPicker(letters=self.letters, clock=clock)
        self.welcome = Welcome(demo=self.demo)
        self.transcript = TranscriptView(names=self.names, letters=self.letters, clock=clock, tz=tz)
        self.choices = ChoicePanel(letters=self.letters)
        self.composer = Composer(History(paths.history_file), letters=self.letters)
        self.status = StatusBar()
        self.garbage = QuietCollector(self, lambda: self.state.working)
        self._too_small = Static("", id="too-small")

    def _begin_theme(self, wanted: str | None) -> None:
        for one in theme.themes():
            self.register_theme(one)
        if wanted in self.available_themes and wanted not in (None, theme.DARK):
            self.theme = wanted
            return
        # Set as if it had been so from the first: a change would parse all sheets once more.
        self.set_reactive(App.theme, theme.DARK)
        self.set_class(True, f"-theme-{theme.DARK}", update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        if self.current_theme.name not in theme.OURS:
            variables |= theme.mapped(variables)
        # Textual's own filter leaves out what no widget paints.
        return theme.greys(variables) if self.no_color else variables

    def get_default_screen(self) -> Ground:
        return Ground(id="_default")

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without the one that turns a terminal's 16 colours into true ones: ours are."""
        filters = super().get_line_filters()
        if self.theme not in theme.OURS:
            return filters
        return [one for one in filters if not isinstance(one, ANSIToTruecolor)]

    def compose(self) -> ComposeResult:
        yield self._too_small
        yield self.header
        with Row(id="body"):
            yield self.picker
            with Column(id="chat"):
                yield self.welcome
                yield self.transcript
                yield self.choices
                yield self.composer
        yield self.status

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            self.garbage.press()
            if self.screen_stack and isinstance(self.screen, Echo):
                self.screen.press()
        await super().on_event(event)

    def on_mount(self) -> None:
        self.screen.set_class(self.letters, "-letters")
        self._countdown = self.set_interval(1.0, self.refresh_status, pause=True)
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.fold(self.size.width, self.size.height)
        self.show_welcome()
        self.call_after_refresh(self._read_later_sheets)

    def _read_later_sheets(self) -> None:
        self.stylesheet.read_all([theme.sheet(name) for name in LATER_SHEETS])
        self.stylesheet.parse()
        if len(self.screen_stack) > 1:  # somebody was faster
            self.refresh_css(animate=False)

    def on_resize(self, event: events.Resize) -> None:
        self.fold(*event.size)  # ours has still the old one

    def fold(self, width: int, height: int) -> None:
        """Show what there is room for."""
        self.picker.display = width >= NARROW
        self.picker.set_class(width < WIDE, "-slim")
        base = self.screen_stack[0]
        base.set_class(height < LOW, "-low")
        small = width < LEAST[0] or height < LEAST[1]
        base.set_class(small, "-too-small")
        self.choices.cover(covered=small)
        if small:
            self._too_small.update(too_small_words(LEAST, (width, height)))

    def show_welcome(self) -> None:
        """Show what this is until something stands in the transcript."""
        empty = not self.transcript.model.blocks
        if self.welcome.display != empty or self.transcript.display == empty:
            self.welcome.display, self.transcript.display = empty, not empty

    def show_models(self, rows: tuple[ModelRow, ...]) -> None:
        """Show what can be picked."""
        self.models = rows
        self.names.rows = {row.id: row.name for row in rows}
        self._picker_knows = None
        self.refresh_status()

    @property
    def chosen_row(self) -> ModelRow | None:
        """The session's model among what can be picked."""
        return next((row for row in self.models if row.id == self.state.model), None)

    def action_toggle_dark(self) -> None:
        self.theme = theme.LIGHT if self.current_theme.dark else theme.DARK

    def _keep_theme(self, chosen: Theme) -> None:
        if chosen.name == self.settings.text("appearance.theme"):
            return
        try:
            self.settings.set("appearance.theme", chosen.name)
        except OwnkeyError as error:  # the theme shows all the same, for this run
            self.flash(f"{error.message}. {error.hint}")

    def session_id(self) -> str | None:
        """The session that is open, or None."""
        return None

    def _fatal_error(self) -> None:
        # Textual's own would show the values of variables, a pasted key among them.
        from rich.text import Text

        self.bell()
        self._exit_renderables.append(Text(crash_words(self._exception, self.session_id())))
        self._close_messages_no_wait()

    # What is said.

    def say(self, text: str, tone: Tone = "mute") -> None:
        """Say one sentence that must not be lost, in the flow of the conversation."""
        if self.closing:
            return
        self.transcript.note(text, tone)
        self.show_welcome()

    def say_error(self, error: OwnkeyError, before: str = "") -> None:
        """Say what failed and the next step, in the flow."""
        hint = f" {error.hint}" if error.hint else ""
        self.say(f"{before}{error.message.rstrip('.')}.{hint}", "bad")

    def flash(self, text: str, *, seconds: float = FLASH_S) -> None:
        """Say one sentence in the status bar for a while; it is neutralised there."""
        if self.closing:
            return
        self._flash = text
        self._flash_until = time.monotonic() + seconds
        self.refresh_status()
        self.set_timer(seconds + 0.05, self._end_flash)

    def end_flash(self) -> None:
        """Take the sentence away."""
        self._flash = None
        self.refresh_status()

    def _end_flash(self) -> None:
        if self._flash is not None and time.monotonic() >= self._flash_until:
            self.end_flash()

    def refresh_status_soon(self) -> None:
        """Show what is so a few times a second while tokens stream.

        Of a frame in which the last line of the screen changes Textual paints all of it.
        """
        now = time.monotonic()
        if now - self._status_at >= STATUS_S:
            self.refresh_status()
        elif self._status_timer is None:
            self._status_timer = self.set_timer(STATUS_S, self.refresh_status)

    def refresh_status(self) -> None:
        """Show what is so now; widgets paint only what changed."""
        if self.closing or not self.screen_stack:  # the screens go before the app does
            return
        self._status_at = time.monotonic()
        if self._status_timer is not None:
            self._status_timer.stop()
            self._status_timer = None
        row = self.chosen_row
        facts = status_facts(
            self.state,
            row,
            now=self.clock(),
            today=self.today,
            day_budget=self.day_budget,
            budgets=self.budgets,
            credits=self.credits,
            letters=self.letters,
            following=not self.driving,
            free=self.free,
            flash=self._flash,
        )
        self.status.show(facts)
        self.header.show(self.state)
        self.composer.show_payer(facts.payer)
        marker, label = glyph(facts.payer, letters=self.letters), neutralise(facts.label)
        self._payer = f"{marker} {truncate(label, 24)}" if facts.payer else "", colour(facts.payer)
        knows = (self.state.model, self.state.effort)
        if self._picker_knows != knows:
            self._picker_knows = knows
            self.picker.list.show(self.models, *knows)
        self._show_next_turn()
        if self._countdown is not None:
            if self.state.waiting_until is None:
                self._countdown.pause()
            else:
                self._countdown.resume()

    def talk(self) -> Talk:
        """What bears on the cost of the next turn, what is being written included."""
        return talk_of(self.state, self._draft)

    def show_draft(self, draft: Draft) -> None:
        """What stands in the composer weighs so much now."""
        if draft != self._draft:
            self._draft = draft
            self._show_next_turn()

    def _show_next_turn(self) -> None:
        who, row = self._payer, self.chosen_row
        self.show_hints(Content.assemble(self.mode_words(), "   ", *self._next_turn(row), who))
        self.picker.show_conversation(self.talk())

    def _next_turn(self, row: ModelRow | None) -> tuple[tuple[str, str], ...]:
        """What the next turn would cost, as the picker says it, where there is room for it."""
        if row is None or self.size.width < WIDE:
            return ()
        words = due_words(row, self.talk(), self.clock(), letters=self.letters)
        return (("next ", "$mute"), (f"{words}   ", "$soft")) if words else ()

    def show_hints(self, right: Content) -> None:
        """Show the keys that do something now, below the prompt."""
        state, editor = self.state, self.composer.editor
        editor.working, editor.queued = state.working, bool(state.queued)
        self._who = right
        pairs = hints(
            state,
            editor.text,
            broken_off=self.transcript.model.broken_off,
            driving=self.driving,
            asked=self.asking_hints(),
            picking=self.focused is self.picker.list,
        )
        self.composer.show_hints(pairs, right)

    def asking_hints(self) -> list[Hint]:
        """The keys of a question that is open."""
        return []

    def mode_words(self) -> Content:
        """How freely the agent works."""
        return Content("")

    def on_descendant_focus(self) -> None:
        if not self.screen_stack:  # it is ending
            return
        self.show_hints(self._who)

    def on_text_area_changed(self, event: Editor.Changed) -> None:
        event.stop()
        self.show_hints(self._who)
