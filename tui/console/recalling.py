"""A session of any length is opened by its end; the rest is read beside what the person does."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TypeVar

from tui.console.sessions.desk import SessionsDesk
from tui.engine.bridge import Preview
from tui.events.codec import Recorded

Result = TypeVar("Result")


class Recalling(SessionsDesk[Result], inherit_bindings=False):
    """The part of the console that reads a long session in slices."""

    def on_preview(self, preview: Preview) -> None:
        """Show the end of the session that is opened first."""
        here = self.open_sessions.here
        if here.id is not None or self.transcript.model.blocks:
            return
        self.state = preview.state
        self.transcript.preview(preview.records)
        self.show_welcome()
        self.refresh_status()

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
