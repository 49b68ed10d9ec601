"""The person picks a model: picker, favourites, and what a switch throws away."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui.console.shell import Shell
from tui.console.sidebar.models import ModelList
from tui.console.sidebar.rows import FOUND, NO_MARKS
from tui.console.sidebar.switch import Answers, Switch, lost, switch_question
from tui.engine.bridge import Bridge
from tui.errors import OwnkeyError
from tui.events.base import SessionId, utc_now
from tui.events.codec import Recorded
from tui.events.route import RouteDecided
from tui.paths import Paths
from tui.session.commands import AnyCommand, ChooseModel, ListMarks, MarkFavourite
from tui.session.replies import AnyReply, Marks, ModelRow

if TYPE_CHECKING:
    from tui.console.sidebar.modal import PickerScreen

LOCAL = "local"
WARN_USD = "cache.warn_usd"
NOW = dt.timedelta(minutes=1)

Result = TypeVar("Result")


class Picking(Shell[Result], inherit_bindings=False):
    """The part of the console that chooses a model."""

    bridge: Bridge

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self.marks: Marks = NO_MARKS
        self._switch: Switch | None = None
        self._modal: PickerScreen | None = None

    async def asked(self, command: AnyCommand) -> AnyReply | None:
        """The engine's answer; None where there is none, and why is said."""
        try:
            return await self.bridge.send(command)
        except OwnkeyError as error:
            self.flash(f"{error.message}. {error.hint}", seconds=20)
            return None

    def in_session(self, make: Callable[[SessionId], AnyCommand]) -> None:
        """Send a command of the session; what becomes of it is said."""
        self.bridge.in_session(make).add_done_callback(self._command_done)

    def _command_done(self, done: asyncio.Future[AnyReply]) -> None:
        if not done.cancelled() and isinstance(error := done.exception(), OwnkeyError):
            self.say_error(error)

    def focus_prompt(self) -> None:
        """At once: Textual's own `focus` waits until the keys that have come are given away."""
        self.composer.screen.set_focus(self.composer.editor)

    def ask_what_waits(self) -> None:
        """Open the panel that is called for, or none."""
        raise NotImplementedError

    def load_what_serves(self) -> None:
        """Ask for models and keys."""
        raise NotImplementedError

    def open_key_dialog(self, provider: str, *, then: str | None = None) -> None:
        """Open the key dialog; `then`: the model to choose once its maker has a key."""
        raise NotImplementedError

    def open_endpoint(self, row: ModelRow) -> None:
        """What makes an endpoint or a local server serve this model of its."""
        raise NotImplementedError

    def action_fetch_local(self) -> None:
        """Fetch the small local model."""
        raise NotImplementedError

    async def fork_here(self, at: int | None) -> bool:
        """Show a new session that begins with this one, up to an event; whether it is there."""
        raise NotImplementedError

    # The picker.

    def action_models(self) -> None:
        if len(self.screen_stack) > 1:
            return
        self.look_anew()
        if self.picker.display:
            self.picker.list.reset()
            self.screen.set_focus(self.picker.list)
        else:
            self._modal = self._picker_screen()
            self.push_screen(self._modal, self._modal_closed)

    def _picker_screen(self) -> PickerScreen:
        from tui.console.sidebar.modal import PickerScreen

        return PickerScreen(
            self.models,
            self.marks,
            self.state,
            self.talk(),
            letters=self.letters,
            clock=self.clock,
        )

    def _modal_closed(self, picked: tuple[ModelRow, str | None] | None) -> None:
        self._modal = None
        self.focus_prompt()
        if picked is not None:
            self.pick(*picked)

    def show_models(self, rows: tuple[ModelRow, ...]) -> None:
        super().show_models(rows)
        if self._modal is not None:
            self._modal.show_models(rows)

    def on_model_list_left(self) -> None:
        self.focus_prompt()

    def on_model_list_picked(self, event: ModelList.Picked) -> None:
        self.focus_prompt()
        self.pick(event.row, event.effort)

    def pick(self, row: ModelRow, effort: str | None) -> bool:
        """Choose a model, or do first what it needs; whether it is chosen already."""
        if not self.driving:
            self.flash("Another ownkey drives this session: it can only be read here.")
        elif row.payer is None and row.provider == LOCAL:
            self.action_fetch_local()
        elif row.payer is None and (row.connection is not None or row.provider in FOUND):
            self.open_endpoint(row)
        elif row.payer is None:
            self.open_key_dialog(row.provider, then=row.id)
        else:
            return self.choose(row, effort)
        return False

    def choose(self, row: ModelRow, effort: str | None = None) -> bool:
        """The session's model from now on; asked first where a warm cache is lost."""
        here, now = self.talk(), self.clock()
        worth = lost(self.chosen_row, row, here, now, self.settings.usd(WARN_USD))
        self._switch = None
        if worth is not None and here.cache is not None and self.chosen_row is not None:
            self._switch = Switch(
                session=self.bridge.session, source=self.chosen_row, target=row, effort=effort,
                cache=here.cache, worth=worth,
            )  # fmt: skip
        else:
            self._choose(row, effort)
        self.ask_what_waits()
        return self._switch is None

    def _choose(self, row: ModelRow, effort: str | None) -> None:
        self.in_session(lambda s: ChooseModel(session=s, model=row.id, effort=effort))

    # A warm cache.

    @property
    def switching(self) -> Switch | None:
        """What was picked and is asked about, while it is so still."""
        asked = self._switch
        if asked is not None and (asked.session, asked.source.id) != (
            self.bridge.session, self.state.model
        ):  # fmt: skip
            self._switch = None
        return self._switch

    def ask_switch(self, asked: Switch) -> None:
        """Say what the switch throws away."""
        answers = Answers(
            switch=lambda: self._switched(asked),
            fork=lambda: self._forked(asked),
            stay=self._stay,
        )
        self.choices.ask(switch_question(asked, self.talk(), self.clock(), answers))

    def leave_switch(self) -> bool:
        """Esc: stay; whether there was a question."""
        if self.switching is None or not self.choices.subject.startswith("switch "):
            return False
        self._stay()
        return True

    def _stay(self) -> None:
        self._switch = None
        self.ask_what_waits()

    def _switched(self, asked: Switch) -> None:
        self._switch = None
        self._choose(asked.target, asked.effort)
        self.ask_what_waits()

    def _forked(self, asked: Switch) -> None:
        self._switch = None
        self.ask_what_waits()

        async def fork() -> None:
            if await self.fork_here(None):
                self._choose(asked.target, asked.effort)

        self.run_worker(fork(), group="open session", exclusive=True)

    # Favourites, and what was used last.

    def on_app_focus(self) -> None:
        self.look_anew()

    def look_anew(self) -> None:
        """Another ownkey may have added a key or marked a model meanwhile."""
        self.run_worker(self.load_marks, group="marks", exclusive=True)
        self.load_what_serves()

    async def load_marks(self) -> None:
        """Ask for them, and show them."""
        self._show_marks(await self.asked(ListMarks()))

    def on_model_list_marked(self, event: ModelList.Marked) -> None:
        model, before = event.row.id, self.marks
        others = tuple(one for one in before.favourites if one != model)
        # Shown at once; what the file has then is the truth.
        self._show_marks(
            Marks(favourites=(*others, model) if event.on else others, recent=before.recent)
        )

        async def mark() -> None:
            kept = await self.asked(MarkFavourite(model=model, on=event.on))
            self._show_marks(before if kept is None else kept)

        self.run_worker(mark(), group="mark")

    def fold_used(self, records: Sequence[Recorded]) -> None:
        """Requests went to models: they are the last used."""
        since = self.clock() - NOW  # what is read of a session's past is not used now
        used = [
            one.event.model
            for one in records
            if isinstance(one.event, RouteDecided) and one.at >= since
        ]
        if used and self.marks.recent[:1] != (used[-1],):
            recent = dict.fromkeys((*reversed(used), *self.marks.recent))
            self._show_marks(Marks(favourites=self.marks.favourites, recent=tuple(recent)))

    def _show_marks(self, marks: AnyReply | None) -> None:
        if isinstance(marks, Marks):
            self.marks = marks
            self.picker.list.show_marks(marks)
            if self._modal is not None:
                self._modal.picker.list.show_marks(marks)
