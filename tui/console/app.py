"""The console: what the person does goes to the engine, what it tells is shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.console.bridge import Bridge
from tui.console.commands import find_command
from tui.console.panels.questions import approval_question, first_run_question
from tui.console.prompt.editor import Editor
from tui.console.shell import Shell
from tui.console.sidebar.picker import ModelList
from tui.console.transcript.view import TranscriptView
from tui.errors import OwnkeyError
from tui.events.base import SessionId
from tui.paths import Paths
from tui.secret import Secret
from tui.session.commands import (
    AnswerApproval,
    AnyCommand,
    AnyNotice,
    AnyReply,
    ChooseModel,
    FetchLocalModel,
    Interrupt,
    KeyAnswer,
    Keys,
    KeysChanged,
    ListKeys,
    ListModels,
    LocalProgress,
    ModelRow,
    Models,
    ModelsChanged,
    RetryNow,
    SessionOpened,
    SpentToday,
    StartTurn,
    Trouble,
    UseFoundKey,
)

QUIT_AGAIN_S = 2.0


class ConsoleApp(Shell[SessionId | None], inherit_bindings=False):
    """The full-screen console; its result is the session's id.

    Args:
        environ: For the engine's first frame and for what the terminal can do.
        folder: The working folder.
        paths: The person's folders.
        session: Session to open: an id, `last`, or None for a new one.
        model: Model to choose at once.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", show=False),
        Binding("f2,ctrl+o", "models", "Models", show=False, priority=True),
        Binding("escape", "stop", "Stop", show=False),
        Binding("ctrl+c", "copy_stop_or_quit", "Copy, stop, quit", show=False, priority=True),
        Binding("ctrl+p", "command_palette", "Commands", show=False),
        Binding("pageup", "scroll_transcript(-1)", "Scroll up", show=False, priority=True),
        Binding("pagedown", "scroll_transcript(1)", "Scroll down", show=False, priority=True),
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
    ) -> None:
        super().__init__(folder=folder, paths=paths)
        self.bridge = Bridge(self, environ=environ, folder=folder, session=session, model=model)
        self.keys: Keys | None = None
        self._opened = False
        self._fetching: LocalProgress | None = None
        self._quit_pressed = 0.0

    def on_mount(self) -> None:
        self.composer.editor.focus()
        self.fold(self.size.width)
        self.refresh_status()
        # The engine starts beside the first paint, never before it.
        self.call_after_refresh(self._start_engine)

    def _start_engine(self) -> None:
        self.run_worker(self.bridge.start(), exit_on_error=False)

    # What the bridge tells; each call is short and on the loop.

    def on_records_waiting(self) -> None:
        self.call_later(self._take_records)

    def _take_records(self) -> None:
        records = self.bridge.take()
        if not records:
            return
        for record in records:
            self.state.apply(record)
        self.transcript.feed(records)
        self.refresh_status()
        self._ask_what_waits()

    def on_session(self, opened: SessionOpened) -> None:
        self._opened, self.driving = True, opened.driving
        self.end_flash()
        self.run_worker(self._load_models(), group="models", exclusive=True)

    def on_notice(self, notice: AnyNotice) -> None:
        match notice:
            case SpentToday():
                self.today = notice.nano
                self.refresh_status()
            case KeysChanged() | ModelsChanged():
                self.run_worker(self._load_models(), group="models", exclusive=True)
            case LocalProgress():
                self._show_fetch(notice)
            case Trouble():
                self.flash(f"{notice.message}. {notice.hint}", seconds=30)

    def on_engine_died(self, *, restarting: bool) -> None:
        if restarting:
            self.flash("The engine stopped; it is starting again. Nothing shown is lost.")
        else:
            self.flash("The engine keeps stopping. `ownkey doctor` tells more.", seconds=3600)

    def on_failure(self, error: OwnkeyError) -> None:
        self.flash(f"{error.message}. {error.hint}", seconds=3600)

    async def _load_models(self) -> None:
        try:
            models, keys = await asyncio.gather(
                self.bridge.send(ListModels()), self.bridge.send(ListKeys())
            )
        except OwnkeyError as error:
            self.on_failure(error)
            return
        assert isinstance(models, Models)
        assert isinstance(keys, Keys)
        self.keys = keys
        self.show_models(models.models)
        self._ask_what_waits()

    # Questions in the flow.

    def _ask_what_waits(self) -> None:
        waiting = self.state.approval
        if waiting is not None and self.driving:

            def answer(allow: bool) -> None:
                call = waiting.call
                self.choices.close()
                self._in_session(lambda s: AnswerApproval(session=s, call=call, allow=allow))

            approval_question(self.choices, waiting, answer)
        elif self._nothing_serves():
            first_run_question(
                self.choices,
                self.keys,
                self._fetching,
                use=self._use_found,
                paste=self.action_add_key,
                fetch=self.action_fetch_local,
            )
        else:
            self.choices.close()
        self.composer.editor.asked = self.choices.display

    def _nothing_serves(self) -> bool:
        served = any(row.payer is not None for row in self.models)
        return self._opened and bool(self.models) and not served and self.state.turn == 0

    def _use_found(self, variable: str) -> None:
        self.bridge.send(UseFoundKey(variable=variable))

    # Sending.

    def on_editor_submitted(self, event: Editor.Submitted) -> None:
        text = event.text
        if text.startswith("/") and (command := find_command(text)) is not None:
            self.run_worker(self.run_action(command.action), exit_on_error=True)
            return
        if self._looks_like_key(text):
            self._offer_key(text)
            return
        if not text.strip():
            self._go_on()
            return
        if not self.driving:
            self.flash("Another ownkey drives this session: it can only be read here.")
            return
        self._in_session(lambda s: StartTurn(session=s, prompt=text))
        self.transcript.follow_end()

    def _go_on(self) -> None:
        if self.state.activity == "waiting":
            self._in_session(lambda s: RetryNow(session=s))
        elif self.transcript.model.broken_off:
            self._in_session(lambda s: StartTurn(session=s, prompt=""))

    def _in_session(self, make: Callable[[SessionId], AnyCommand]) -> None:
        self.bridge.in_session(make).add_done_callback(self._command_done)

    def _command_done(self, done: asyncio.Future[AnyReply]) -> None:
        if not done.cancelled() and isinstance(error := done.exception(), OwnkeyError):
            self.flash(f"{error.message}. {error.hint}", seconds=20)

    def on_editor_pasted(self, event: Editor.Pasted) -> None:
        if self._looks_like_key(event.text):
            self._offer_key(event.text)
        else:
            self.composer.editor.insert_pasted(event.text)

    def _looks_like_key(self, text: str) -> bool:
        from tui.keys.paste import recognise

        return recognise(text) is not None

    def _offer_key(self, text: str) -> None:
        from tui.keys.paste import recognise

        self.flash("That is a key: it was not sent.")
        self._open_key_dialog(recognise(text) or "anthropic", pasted=Secret(text))

    def on_editor_digit_typed(self, event: Editor.DigitTyped) -> None:
        if not self.choices.answer(event.digit):
            self.composer.editor.insert_pasted(event.digit)

    def on_editor_leave(self) -> None:
        self.action_leave()

    def on_editor_help_asked(self) -> None:
        self.action_help()

    def on_transcript_view_copy_requested(self, event: TranscriptView.CopyRequested) -> None:
        self._copy(event.text)

    def on_transcript_view_link_opened(self, event: TranscriptView.LinkOpened) -> None:
        # Copied, not opened: a browser would be a child outside our starter.
        self.copy_to_clipboard(event.href)
        self.flash(f"Address copied: {event.href}")

    def _copy(self, text: str) -> None:
        self.copy_to_clipboard(text)
        self.flash(f"Copied {len(text)} characters to the clipboard (OSC 52).")

    # The picker.

    def action_models(self) -> None:
        if len(self.screen_stack) > 1:
            return
        if self.picker.display:
            self.picker.list.reset()
            self.picker.list.focus()
        else:
            from tui.console.sidebar.modal import PickerScreen

            self.push_screen(
                PickerScreen(self.models, self.state.model, letters=self.letters), self._picked
            )

    def on_model_list_left(self) -> None:
        self.composer.editor.focus()

    def on_model_list_picked(self, event: ModelList.Picked) -> None:
        self._picked((event.row, event.effort))

    def _picked(self, picked: tuple[ModelRow, str | None] | None) -> None:
        self.composer.editor.focus()
        if picked is None:
            return
        row, effort = picked
        if row.payer is None and row.provider == "local":
            self.action_fetch_local()
        elif row.payer is None:
            self._open_key_dialog(row.provider, then=row.id)
        else:
            self._in_session(lambda s: ChooseModel(session=s, model=row.id, effort=effort))

    def action_add_key(self) -> None:
        provider = (self.state.model or "anthropic").split("/", 1)[0]
        self._open_key_dialog(provider)

    def _open_key_dialog(
        self, provider: str, *, pasted: Secret | None = None, then: str | None = None
    ) -> None:
        from tui.console.dialogs.key_entry import MAKERS, KeyDialog

        def closed(answer: KeyAnswer | None) -> None:
            self.composer.editor.focus()
            if answer is None:
                return
            notes = f" ({'; '.join(answer.notes)})" if answer.notes else ""
            self.flash(
                f"Key {answer.state}: {answer.models} models, kept in {answer.backend}{notes}."
            )
            if then is not None:
                chosen = then
                self._in_session(lambda s: ChooseModel(session=s, model=chosen))

        if provider not in MAKERS:
            provider = "anthropic"
        self.push_screen(KeyDialog(self.bridge, provider, pasted=pasted), closed)

    def action_fetch_local(self) -> None:
        self.bridge.send(FetchLocalModel())

    def _show_fetch(self, progress: LocalProgress) -> None:
        self._fetching = None if progress.finished or progress.error else progress
        if progress.error is not None:
            self.flash(progress.error, seconds=30)
        elif progress.finished:
            self.flash("The small model is here: type a message.")
        self._ask_what_waits()

    # Stopping and leaving.

    def action_stop(self) -> None:
        if self.state.working:
            self._in_session(lambda s: Interrupt(session=s))
        self.composer.editor.focus()

    def action_copy_stop_or_quit(self) -> None:
        text = self.screen.get_selected_text() or self.composer.editor.selected_text
        if text:
            self._copy(text)
            self.screen.clear_selection()
        elif self.state.working:
            self.action_stop()
        elif time.monotonic() - self._quit_pressed < QUIT_AGAIN_S:
            self.action_leave()
        else:
            self._quit_pressed = time.monotonic()
            self.flash("Ctrl+C again leaves.", seconds=QUIT_AGAIN_S)

    def action_leave(self) -> None:
        self.exit(self.bridge.session)

    async def on_unmount(self) -> None:
        await self.bridge.stop()

    def action_help(self) -> None:
        from tui.console.dialogs.help import HelpScreen

        if len(self.screen_stack) == 1:
            self.push_screen(HelpScreen())

    def action_scroll_transcript(self, by: int) -> None:
        if isinstance(self.focused, ModelList):
            self.focused.action_move(10 * by)
        elif by < 0:
            self.transcript.scroll_page_up(animate=False)
        else:
            self.transcript.scroll_page_down(animate=False)

    def action_transcript_home(self) -> None:
        self.transcript.scroll_home(animate=False)

    def action_transcript_end(self) -> None:
        self.transcript.follow_end()
