"""The console's side of drafts: kept as one writes, given back, written in an editor outside."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from textual.app import SuspendNotSupported
from textual.timer import Timer

from tui.console.prompt.chips import Chips
from tui.console.prompt.drafts import Drafts, Written
from tui.console.prompt.editor import Editor
from tui.console.prompt.pasted import Pasted, long_paste
from tui.console.prompt.sending import Sending
from tui.console.sessions.view import SessionView
from tui.errors import OwnkeyError
from tui.events.base import SessionId, utc_now
from tui.events.codec import Recorded
from tui.paths import Paths
from tui.session.replies import SessionOpened

Result = TypeVar("Result")

WRITE_S = 0.3
"""So long after a key the draft is written down."""


class Keeping(Sending[Result], inherit_bindings=False):
    """The part of the console that keeps what is not sent yet."""

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self.drafts = Drafts(paths.state / "drafts")
        self._draft_timer: Timer | None = None
        self._written: dict[SessionId, Written | None] = {}
        self._writing = asyncio.Lock()
        self._beside: dict[SessionId, tuple[Pasted, ...]] = {}  # pastes of the others' drafts
        self._fresh: SessionId | None = None  # opened, and its first records not yet here

    # Written down.

    def on_text_area_changed(self, event: Editor.Changed) -> None:
        self.keep_draft_soon()

    def keep_draft_soon(self) -> None:
        """Write the draft down once nothing was typed for a moment."""
        if self._draft_timer is None and not self.closing:
            self._draft_timer = self.set_timer(WRITE_S, self._keep_draft)

    def _keep_draft(self) -> None:
        self._draft_timer = None
        if self._draft_now() is not None:
            self.run_worker(self._write_drafts, group="drafts")

    def _draft_now(self) -> tuple[SessionId, Written | None] | None:
        """The draft that is shown, where it is not what was written last."""
        view, editor = self.open_sessions.here, self.composer.editor
        if view.id is None or self._words is not None or self._changing is not None:
            return None
        pasted = tuple(one.text for one in self.composer.chips.pasted)
        draft = None
        if editor.text.strip() or pasted:
            draft = Written(
                text=editor.text,
                cursor=editor.cursor_location,
                pasted=pasted,
                cwd=str(self.workspace),
                fresh=not self.state.turn,
                pid=os.getpid(),
            )
        if draft == self._written.get(view.id):
            return None
        self._written[view.id] = draft
        return view.id, draft

    async def _write_drafts(self, *, sent: SessionId | None = None) -> None:
        async with self._writing:
            if sent is not None:
                await asyncio.to_thread(self.drafts.write, sent, None)
            elif self._draft_shown is not None:
                await asyncio.to_thread(self.drafts.write, *self._draft_shown)

    @property
    def _draft_shown(self) -> tuple[SessionId, Written | None] | None:
        id = self.open_sessions.here.id
        return None if id is None or id not in self._written else (id, self._written[id])

    async def on_unmount(self) -> None:
        if self._draft_now() is not None or self._draft_timer is not None:
            await self._write_drafts()

    def sent_from(self, view: SessionView) -> None:
        if view.id is not None and self._written.get(view.id) is not None:
            if view is self.open_sessions.here and self._draft_now() is not None:
                self.run_worker(self._write_drafts, group="drafts")
            elif view is not self.open_sessions.here:
                self._written[view.id] = None
                self.run_worker(self._write_drafts(sent=view.id), group="drafts")

    # Given back.

    def took_session(self, opened: SessionOpened) -> bool:
        here = super().took_session(opened)
        if opened.session not in self._written:
            self._written[opened.session] = None
            self._fresh = opened.session
            self.run_worker(self._restore(opened.session), group="restore")
            self.keep_draft_soon()  # what was typed before there was a session
        return here

    def give_back_taken(self, records: Sequence[Recorded]) -> None:
        super().give_back_taken(records)
        here = self.open_sessions.here
        if self._fresh is not None and self._fresh == here.id:
            self._fresh = None
            if not self.state.turn:
                self.run_worker(self._adopt(here), group="restore")

    async def _restore(self, session: SessionId) -> None:
        draft = await asyncio.to_thread(self.drafts.read, session)
        view = self.open_sessions.find(session)
        if draft is not None and view is not None:
            self._show_written(view, draft)

    async def _adopt(self, view: SessionView) -> None:
        draft = await asyncio.to_thread(self.drafts.adopt, str(self.workspace))
        if draft is not None:
            self._show_written(view, draft)

    def _show_written(self, view: SessionView, draft: Written) -> None:
        chips, editor = self.composer.chips, self.composer.editor
        pasted = tuple(one for text in draft.pasted if (one := long_paste(text)) is not None)
        if view is not self.open_sessions.here:
            if view.id is not None and not view.draft.text:
                view.draft = view.draft._replace(text=draft.text, cursor=draft.cursor)
                self._beside[view.id] = pasted
        elif not editor.text and not chips.pasted:
            editor.text = draft.text
            editor.move_cursor(draft.cursor)
            chips.set_pasted(pasted)
            self.flash("What you had typed is back.")
        else:
            editor.remember(draft.text)
            self.flash("Up brings back what you had typed before.")

    def _put_aside(self, view: SessionView) -> None:
        if self._draft_now() is not None:
            self.run_worker(self._write_drafts, group="drafts")
        self.leave_change()
        super()._put_aside(view)
        if view.id is not None:
            self._beside[view.id] = self.composer.chips.pasted

    def show_session(self, view: SessionView) -> None:
        here = self.open_sessions.here
        super().show_session(view)
        if view is not here and view.id is not None and view is self.open_sessions.here:
            self.composer.chips.set_pasted(self._beside.pop(view.id, ()))

    # In an editor outside.

    def action_edit_outside(self) -> None:
        """F7: the prompt in the person's own editor."""
        if len(self.screen_stack) == 1:
            written = self._outside(self.composer.editor.text)
            if written is not None:
                self.composer.editor.show_text(written)
            self.focus_prompt()

    def on_chips_opened(self, event: Chips.Opened) -> None:
        """A long paste in the editor; what comes back is the paste."""
        written = self._outside(event.pasted.text)
        if written is None or written == event.pasted.text:
            return
        changed = long_paste(written)
        if changed is not None:
            self.composer.chips.change(event.pasted, changed)
        else:
            self.composer.chips.drop(event.pasted)
            self.composer.editor.insert_pasted(written)
        self.keep_draft_soon()

    def _outside(self, text: str) -> str | None:
        from tui.console.prompt.outside import editor_command, write_outside

        try:
            command = editor_command(self.environ, self.workspace)
            with self.suspend():
                written = write_outside(
                    text,
                    command=command,
                    environ=self.environ,
                    state=self.paths.state,
                    cwd=self.workspace,
                )
        except OwnkeyError as error:
            self.flash(f"{error.message}. {error.hint}")
            return None
        except (OSError, SuspendNotSupported) as error:
            self.flash(f"The editor could not be started: {error}")
            return None
        if written is None:
            self.flash("The editor ended with an error: the prompt is as it was.")
        return written
