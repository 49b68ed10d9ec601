"""What leads into, out of and back in sessions: the list, a new one, a fork, going back."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui.console.sessions.desk import SessionsDesk
from tui.errors import OwnkeyError
from tui.events.base import SessionId, utc_now
from tui.events.codec import Recorded
from tui.events.session import HistoryCompacted
from tui.events.turn import ErrorRaised
from tui.paths import Paths
from tui.session.commands import Compact, ForkSession, Interrupt, RewindSession
from tui.session.replies import Forked

if TYPE_CHECKING:
    from tui.console.sessions.acting import Wanted
    from tui.console.sessions.rewind import Back

Result = TypeVar("Result")

SUMMING_S = 600.0
"""Longer than a summary takes: it is taken away when that is there."""


class GoingBetween(SessionsDesk[Result], inherit_bindings=False):
    """The part of the console that opens the sessions' screens and does what they say."""

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self._tz = tz
        self._summing: SessionId | None = None

    def on_header_sessions_asked(self) -> None:
        self.action_sessions()

    def action_sessions(self) -> None:
        from tui.console.sessions.screen import SessionsScreen

        top = self.screen
        if isinstance(top, SessionsScreen):
            top.dismiss(None)
        elif len(self.screen_stack) == 1:
            screen = SessionsScreen(self)
            self.sessions_shown = screen.show_rows
            self.push_screen(screen, self._sessions_closed)

    def _sessions_closed(self, wanted: Wanted | None) -> None:
        self.sessions_shown = None
        self.focus_prompt()
        if wanted is None:
            return

        async def go() -> None:
            if await self.open_session(wanted.session) and wanted.rewind:
                self.action_rewind()

        self.run_worker(go(), group="open session", exclusive=True)

    def action_fork(self) -> None:
        """A new session that begins with all of this one."""
        self.run_worker(self.fork_here(None), group="open session", exclusive=True)

    async def fork_here(self, at: int | None) -> bool:
        try:
            reply = await self.bridge.in_session(lambda s: ForkSession(session=s, at=at))
        except OwnkeyError as error:
            self.say_error(error)
            return False
        return isinstance(reply, Forked) and await self.open_session(reply.session)

    def action_compact(self) -> None:
        """Put a summary in the place of the conversation; Esc stops it."""
        if not self.driving:
            self.flash("Another ownkey drives this session: it can only be read here.")
            return
        self._summing = self.bridge.session
        self.flash("Summing up the conversation …   Esc stops it", seconds=SUMMING_S)
        self.run_worker(self._compact(), group="compact")

    async def _compact(self) -> None:
        try:
            await self.bridge.in_session(lambda s: Compact(session=s))
        except OwnkeyError as error:
            self._summed_up()
            self.say_error(error)

    @property
    def summing(self) -> bool:
        """Whether a summary is being written of what is shown."""
        return self._summing is not None and self._summing == self.bridge.session

    def fold_summary(self, records: Sequence[Recorded]) -> None:
        """See from these records whether the summary is there, or will not be."""
        if self.summing and any(
            isinstance(r.event, HistoryCompacted | ErrorRaised) for r in records
        ):
            self._summed_up()

    def stop_summing(self) -> None:
        """Stop it: the conversation is as it was."""
        self._summed_up()
        self.in_session(lambda s: Interrupt(session=s))
        self.flash("Stopped: the conversation is as it was.")

    def _summed_up(self) -> None:
        self._summing = None
        self.end_flash()

    def action_rewind(self) -> None:
        """Choose a prompt to go back to."""
        from tui.console.sessions.rewind import RewindScreen

        here = self.open_sessions.here
        if len(self.screen_stack) > 1:
            return
        if not self.driving:
            self.flash("Another ownkey drives this session: it can only be read here.")
        elif self.state.working:
            self.flash("The agent works: Esc stops it, then you can go back.")
        elif not here.past.prompts and not here.past.gone_back:
            self.flash("Nothing was said here yet.")
        else:
            self.push_screen(
                RewindScreen(
                    here.past,
                    self.state.cwd,
                    now=self.clock(),
                    tz=self._tz,
                    letters=self.letters,
                ),
                self._go_back,
            )

    def _go_back(self, back: Back | None) -> None:
        self.focus_prompt()
        if back is not None:
            self.run_worker(self._back(back), group="open session", exclusive=True)

    async def _back(self, back: Back) -> None:
        if back.fork:
            if await self.fork_here(back.to):
                self.composer.editor.put_back(back.prompt)
            return
        try:
            await self.bridge.in_session(
                lambda s: RewindSession(session=s, to=back.to, files=back.files)
            )
        except OwnkeyError as error:
            self.say_error(error)
            return
        self.composer.editor.put_back(back.prompt)
        self.flash("Gone back. /rewind still has what stood before, as a fork.")

    async def forget_session(self, session: SessionId) -> None:
        """A session was deleted: another one is shown where it was this one."""
        view = self.open_sessions.find(session)
        if view is None:
            return
        if view is self.open_sessions.here:
            following = self.open_sessions.wanted()
            if following is not None:
                self.show_session(following)
            elif not await self.open_session(None):
                return
            await asyncio.sleep(0)
        self.open_sessions.forget(view)
        self.bridge.close(session)
