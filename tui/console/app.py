"""The console: what the person does goes to the engine, what it tells is shown."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.console.commands import COMMANDS
from tui.console.prompt.editor import Editor
from tui.console.prompt.writing import Writing
from tui.console.reading import Reading
from tui.console.settings.desk import SettingsDesk
from tui.console.transcript.blocks import Prompt
from tui.console.transcript.pieces import Piece
from tui.console.transcript.view import TranscriptView
from tui.console.usage.desk import UsageDesk
from tui.engine.bridge import Bridge
from tui.errors import OwnkeyError
from tui.events.base import SessionId, utc_now
from tui.events.failing import WayOutAsked
from tui.events.stream import TextStreamed, ThinkingStreamed
from tui.paths import Paths
from tui.session.commands import Interrupt
from tui.session.credit_talk import CreditsTold
from tui.session.replies import (
    AnyNotice,
    DriverGone,
    KeyAnswer,
    KeysChanged,
    LocalProgress,
    ModelsChanged,
    Remark,
    SessionOpened,
    SpentToday,
    Trouble,
)

QUIT_AGAIN_S = 2.0
YIELD_S = 0.1
"""So long after a key the start of a long session is read slowly."""
_MOVES_FOCUS = {"f8": "find", "f9": "walk"}
"""Keys behind which the next one is another's: actions by key."""


class ConsoleApp(
    Writing[SessionId | None],
    Reading[SessionId | None],
    UsageDesk[SessionId | None],
    SettingsDesk[SessionId | None],
    inherit_bindings=False,
):
    """The full-screen console; its result is the session's id.

    Args:
        environ: For the engine's first frame and for what the terminal can do.
        folder: The working folder.
        paths: The person's folders.
        session: Session to open: an id, `last`, or None for a new one.
        model: Model to choose at once.
        clock: Now, aware of its zone.
        tz: Zone of the times shown; None is the machine's own.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *Reading.BINDINGS,
        Binding("f1", "help", "Help", show=False),
        Binding("f2,ctrl+o", "models", "Models", show=False, priority=True),
        Binding("f3,ctrl+t", "settings", "Settings", show=False, priority=True),
        Binding("f4", "usage", "Usage", show=False, priority=True),
        Binding("escape", "stop", "Stop", show=False),
        Binding("ctrl+c", "copy_stop_or_quit", "Copy, stop, quit", show=False, priority=True),
        Binding("ctrl+p", "command_palette", "Commands", show=False),
        Binding("ctrl+home", "transcript_home", "First message", show=False),
        Binding("ctrl+end", "transcript_end", "Last message", show=False),
    ]

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        folder: Path,
        paths: Paths,
        session: str | None = None,
        model: str | None = None,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
        painted: Callable[[], None] | None = None,
    ) -> None:
        self.demo = "OWNKEY_DEMO" in environ
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self._painted, self.environ = painted, environ
        self.multiplexed = "TMUX" in environ
        self.bridge = Bridge(self, environ=environ, folder=folder, session=session, model=model)
        self._quit_pressed = 0.0

    def on_mount(self) -> None:
        self.refresh_status()
        # The engine starts beside the first paint, never before it.
        self.call_after_refresh(self._start_engine)

    def _start_engine(self) -> None:
        if self._painted is not None:
            self._painted()
        self.run_worker(self.bridge.start, exit_on_error=False)

    # What the bridge tells; each call is short and on the loop.

    def on_records_waiting(self) -> None:
        if self.transcript.recalling and self.garbage.quiet_s < YIELD_S:
            # What a key does goes through several queues; each would wait for a slice of these.
            self.set_timer(YIELD_S / 2, self._take_records)
        else:
            self.call_later(self._take_records)

    def _take_records(self) -> None:
        records = self.records_here(self.bridge.take())
        if not records or self.recalled(records):
            return
        for record in records:
            self.state.apply(record)
        self.fold_questions(records)
        self.fold_summary(records)
        self.fold_used(records)
        self.transcript.feed(records)
        self.call_back(records)
        if all(isinstance(r.event, TextStreamed | ThinkingStreamed) for r in records):
            self.refresh_status_soon()
            return
        self.garbage.collect_soon()
        self.show_welcome()
        self.give_back_taken(records)
        self.follow_folder()
        self.refresh_status()
        self.ask_what_waits()

    def on_session(self, opened: SessionOpened) -> None:
        here = self.took_session(opened)
        if here or not self._opened:
            self._opened = True
            self.load()
        else:
            self.load_sessions()

    def on_notice(self, notice: AnyNotice) -> None:
        match notice:
            case SpentToday():
                self.today, self.day_budget = notice, self.settings.usd("budget.day_usd")
                self.load_budgets()
                self.refresh_status()
                self.tell_usage()
            case CreditsTold():
                self.show_credits(notice.services)
            case KeysChanged() | ModelsChanged():
                self.load()
            case LocalProgress():
                self.show_fetch(notice)
            case Trouble():
                self.say_error(OwnkeyError(notice.message, hint=notice.hint))
            case Remark():
                self.say(f"{notice.message.rstrip('.')}. {notice.hint}", "warn")
            case DriverGone():
                self.can_take_over(notice.session)

    def on_engine_died(self, *, restarting: bool) -> None:
        if restarting:
            self.say("The engine stopped; it is starting again. Nothing shown is lost.", "warn")
        else:
            self.say("The engine keeps stopping. `ownkey doctor` tells more.", "bad")

    def on_failure(self, error: OwnkeyError) -> None:
        self.say_error(error)

    # Keys that fail in a turn.

    def offer_new_key(self, asked: WayOutAsked, kept: Callable[[], None]) -> None:
        """A key was refused in a turn: replaced in place, and the same turn goes on."""
        if len(self.screen_stack) > 1 or self.composer.editor.text:
            return
        if asked.payer == "endpoint":
            self.replace_endpoint_key(asked.connection, kept)
            return
        maker = asked.model.split("/", 1)[0]
        rows = self.keys.keys if self.keys is not None else ()
        stored = any(
            (row.provider, row.label, row.source) == (maker, asked.label, "stored") for row in rows
        )

        def closed(answer: KeyAnswer | None) -> None:
            self.focus_prompt()
            if answer is not None:
                kept()

        label = asked.label if stored else None
        self.ask_key(maker, replace=True, label=label, closed=closed)

    def last_prompt(self) -> str:
        """What the person sent last."""
        blocks = reversed(self.transcript.model.blocks)
        return next((one.text for one in blocks if isinstance(one, Prompt) and one.text), "")

    # What the editor and the transcript ask for.

    def on_editor_digit_typed(self, event: Editor.DigitTyped) -> None:
        if not self.choices.answer(event.digit):
            self.composer.editor.insert_pasted(event.digit)

    def on_editor_leave(self) -> None:
        self.action_leave()

    def on_editor_help_asked(self) -> None:
        self.action_help()

    async def does(self, event: events.Key | events.Paste) -> bool:
        """Keys that move the focus, and what is typed while the conversation has it: a prompt.

        Done before a widget's queue: what is typed fast stays in its order.
        """
        if not isinstance(event, events.Key):
            return False
        if len(self.screen_stack) == 1 and event.key in _MOVES_FOCUS:
            return await self.run_action(_MOVES_FOCUS[event.key])
        if self.focused is self.transcript:
            bound = self.screen.active_bindings.get(event.key)
            if bound is not None and bound.enabled:
                return await self.run_action(bound.binding.action, bound.node)
            if event.is_printable and event.character:
                self.screen.set_focus(self.composer.editor)
        return False

    def on_paste(self, event: events.Paste) -> None:
        if len(self.screen_stack) == 1 and self.focused is not self.composer.editor:
            self.focus_prompt()
            self.composer.editor.post_message(Editor.Pasted(event.text))

    def on_transcript_view_link_opened(self, event: TranscriptView.LinkOpened) -> None:
        # Copied, not opened: a browser would be a child outside our starter.
        self.copy_piece(Piece(f"the address {event.href}", event.href))

    # Stopping and leaving.

    def action_stop(self) -> None:
        if self.leave_find() or self.leave_change() or self.leave_words() or self.leave_switch():
            return
        if self.state.working:
            self.in_session(lambda s: Interrupt(session=s))
        elif self.summing:
            self.stop_summing()
        if self.focused is self.transcript:
            self.focus_prompt()

    def action_copy_stop_or_quit(self) -> None:
        text = self.screen.get_selected_text() or self.composer.editor.selected_text
        if text:
            self.copy_piece(Piece("the selection", text))
            self.screen.clear_selection()
        elif self.state.working or self.summing:
            self.action_stop()
        elif time.monotonic() - self._quit_pressed < QUIT_AGAIN_S:
            self.action_leave()
        else:
            self._quit_pressed = time.monotonic()
            self.flash("Ctrl+C again leaves.", seconds=QUIT_AGAIN_S)

    def session_id(self) -> str | None:
        return self.bridge.session

    def action_leave(self) -> None:
        self.exit(self.bridge.session)

    def leave_forgetting(self) -> None:
        self.forgetting = True
        self.action_leave()

    async def on_unmount(self) -> None:
        self.closing = True
        await self.bridge.stop()

    def action_help(self) -> None:
        from tui.console.dialogs.help import HelpScreen

        if len(self.screen_stack) == 1:
            self.push_screen(HelpScreen(letters=self.letters))

    def action_scroll_transcript(self, by: int) -> None:
        if not self.choices.scroll_pages(by):
            self.transcript.action_page(by)

    def action_transcript_home(self) -> None:
        self.transcript.action_start()

    def action_transcript_end(self) -> None:
        self.transcript.follow_end()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette has what the prompt has."""
        for command in COMMANDS:
            words = f"/{command.name:<8} {command.help}"
            yield SystemCommand(words, "", lambda c=command: self.run_command(c))
