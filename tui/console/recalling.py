"""A session of any length is opened by its end; the rest is read beside what the person does."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TypeVar

from tui.console.sessions.desk import SessionsDesk
from tui.console.sessions.view import SessionView
from tui.engine.bridge import Preview
from tui.events.codec import Recorded

Result = TypeVar("Result")


class Recalling(SessionsDesk[Result], inherit_bindings=False):
    """The part of the console that reads a long session in slices."""

    _preview: Preview | None = None  # of a session that is about to be shown

    def on_preview(self, preview: Preview) -> None:
        """The end of a session that is being opened: shown at once where nothing else is."""
        here = self.open_sessions.here
        if here.id not in (None, preview.session):
            self._preview = preview
        elif not self.transcript.model.blocks and not self.transcript.recalling:
            self._show_end(preview)
            self.show_welcome()
            self.refresh_status()

    def show_unread(self, view: SessionView) -> None:
        preview, self._preview = self._preview, None
        if preview is None or preview.session != view.id:
            super().show_unread(view)
            return
        self._show_end(preview)
        self.transcript.feed(view.unread)
        if not self.transcript.recalling:  # all of it had come
            self.state = view.state

    def _show_end(self, preview: Preview) -> None:
        self.state = preview.state
        self.transcript.preview(preview.records)

    def recalled(self, records: Sequence[Recorded]) -> bool:
        """Take in records of a session whose end is shown; false where all of it is."""
        if not self.transcript.recalling:
            return False
        here = self.open_sessions.here
        for record in records:
            here.state.apply(record)
        self.fold_questions(records)
        self.transcript.feed(records)
        if not self.transcript.recalling:
            self.state = here.state
            self.show_welcome()
            self.refresh_status()
            self.ask_what_waits()
            self.call_later(gc.freeze)  # what was read stays: no look for garbage has to see it
        return True
