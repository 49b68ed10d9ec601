"""Keys and models as the person chooses them: picker, key dialog, first run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tui.console.picking import LOCAL, Picking
from tui.events.base import utc_now
from tui.paths import Paths
from tui.secret import Secret
from tui.session.commands import (
    FetchLocalModel,
    ListKeys,
    ListModels,
    ListSessions,
    UseFoundKey,
)
from tui.session.credit_talk import CreditRow, Credits, ListCredits
from tui.session.replies import KeyAnswer, Keys, LocalProgress, Models, Sessions
from tui.store.summary import Summary

KEYS_LATE_S = 1.5
"""So long the first run waits for the keys found in the environment, to number its choices once."""

Result = TypeVar("Result")


class Desk(Picking[Result], inherit_bindings=False):
    """The part of the console that chooses who serves and who pays."""

    folder: Path
    """Where the console was opened."""

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self.keys: Keys | None = None
        self._opened = False
        self._listed_for = ""  # the folder whose models were asked for last
        self._fetching: LocalProgress | None = None
        self._keys_late = False
        self._asked_credits = False  # whether services were asked since this was started

    # What there is.

    @property
    def folder_here(self) -> str:
        """The folder of the session that is shown: its pins say which key serves."""
        return self.state.cwd or str(self.folder)

    def follow_folder(self) -> None:
        """Ask for models and keys anew where a session of another folder is shown."""
        if self._opened and not self.closing and self.folder_here != self._listed_for:
            self._listed_for = self.folder_here
            self.load_what_serves()

    def load(self) -> None:
        """Ask for models, keys and sessions; each is shown when it is there.

        A keyring that hangs keeps nobody from seeing the models.
        """
        if self.closing:
            return
        self.run_worker(self.load_models, group="models", exclusive=True)
        self.run_worker(self.load_marks, group="marks", exclusive=True)
        self.run_worker(self.load_credits, group="credits", exclusive=True)
        self.run_worker(self._load_keys, group="keys", exclusive=True)
        self.load_sessions()

    def load_what_serves(self) -> None:
        """Ask for models and keys, once there is a session."""
        if self._opened and not self.closing:
            self.run_worker(self.load_models, group="models", exclusive=True)
            self.run_worker(self._load_keys, group="keys", exclusive=True)

    def load_sessions(self) -> None:
        """Ask which sessions there are, and show what of them is shown."""
        self.run_worker(self._load_sessions, group="sessions", exclusive=True)

    async def load_models(self) -> None:
        """Ask for what can be picked, and show it."""
        folder = self._listed_for = self.folder_here
        reply = await self.asked(ListModels(folder=folder))
        if isinstance(reply, Models):
            self.show_models(reply.models)
            self.ask_what_waits()

    async def load_credits(self) -> None:
        """Ask what credit services there are; the first time also what is left there now."""
        reply = await self.asked(ListCredits())
        if not isinstance(reply, Credits):
            return
        self.show_credits(reply.services)
        if reply.services and not self._asked_credits:
            self._asked_credits = True
            reply = await self.asked(ListCredits(look=True))
            if isinstance(reply, Credits):
                self.show_credits(reply.services)

    def show_credits(self, services: tuple[CreditRow, ...]) -> None:
        """Show what is left at these services; models are listed anew where that changes them."""
        before, self.credits = self.credits, services
        self.refresh_status()
        lefts = [(one.name, one.credits, one.usd, one.endless) for one in services]
        if self._opened and lefts != [(o.name, o.credits, o.usd, o.endless) for o in before]:
            self.run_worker(self.load_models, group="models", exclusive=True)

    async def _load_keys(self) -> None:
        late = self.set_timer(KEYS_LATE_S, self._go_without_keys)
        reply = await self.asked(ListKeys(folder=self.folder_here))
        if isinstance(reply, Keys):
            late.stop()
            closed_before = self.keys is not None and self.keys.locked
            self.keys = reply
            self.ask_what_waits()
            # At the start, and when an engine that was started anew has no passphrase.
            if reply.locked and reply.vault and not closed_before:
                self._open_vault()

    def _go_without_keys(self) -> None:
        self._keys_late = True
        self.ask_what_waits()

    async def _load_sessions(self) -> None:
        reply = await self.asked(ListSessions())
        if isinstance(reply, Sessions):
            self.show_sessions(reply.sessions)

    def show_sessions(self, sessions: Sequence[Summary]) -> None:
        """Count the sessions that there are."""
        raise NotImplementedError

    # Nothing serves yet.

    def nothing_serves(self) -> bool:
        """Whether no model can be used, and the agent rests: the first run."""
        served = any(row.payer is not None for row in self.models)
        known = bool(self.models) and (self.keys is not None or self._keys_late)
        return self._opened and known and not served and not self.state.working

    def ask_first_run(self) -> None:
        """Ask how to begin."""
        from tui.console.panels.questions import first_run_question

        self.choices.ask(
            first_run_question(
                self.keys,
                self._fetching,
                use=self._use_found,
                paste=self.action_add_key,
                fetch=self.action_fetch_local,
            )
        )

    def _use_found(self, variable: str) -> None:
        self.run_worker(self._use(variable), group="use", exclusive=True)

    async def _use(self, variable: str) -> None:
        self.flash(f"checking {variable} …")
        answer = await self.asked(UseFoundKey(variable=variable))
        if isinstance(answer, KeyAnswer):
            self.end_flash()
            await self._took_key(answer, None)

    async def _choose_served(self, provider: str, then: str | None = None) -> None:
        """After something new serves: the model that was wanted, or one where none is usable."""
        await self.load_models()
        served = [row for row in self.models if row.provider == provider and row.payer is not None]
        usable = self.chosen_row is not None and self.chosen_row.payer is not None
        wanted = next((row for row in served if row.id == then), None)
        if wanted is None and served and not usable:
            wanted = served[0]
        if wanted is not None:
            self.choose(wanted)
            self.go_on_unserved()

    def go_on_unserved(self) -> None:
        """Send what could not be sent because nothing served it."""
        raise NotImplementedError

    # Keys.

    def action_add_key(self) -> None:
        self.open_key_dialog((self.state.model or "anthropic").split("/", 1)[0])

    def open_key_dialog(
        self,
        provider: str,
        *,
        pasted: Secret | None = None,
        then: str | None = None,
        replace: bool = False,
        kept: Callable[[], None] | None = None,
    ) -> None:
        """Open the key dialog.

        Args:
            provider: The maker to begin with.
            pasted: A key that was pasted elsewhere.
            then: The model to choose once its maker has a key.
            replace: Whether the maker's key is to be replaced.
            kept: Called once a key was kept.
        """
        from tui.console.dialogs.key_entry import MAKERS, KeyDialog

        def closed(answer: KeyAnswer | None) -> None:
            self.focus_prompt()
            if answer is not None:
                self.run_worker(self._took_key(answer, then), group="took", exclusive=True)
                if kept is not None:
                    kept()

        dialog = KeyDialog(
            self.bridge,
            provider if provider in MAKERS else "anthropic",
            pasted=pasted,
            replace=replace,
            letters=self.letters,
            clock=self.clock,
        )
        self.push_screen(dialog, closed)

    async def _took_key(self, answer: KeyAnswer, then: str | None) -> None:
        from tui.console.dialogs.words import MAKERS

        row = answer.row
        notes = f" ({'; '.join(answer.notes)})" if answer.notes else ""
        if row is None:
            name = "The key"
        else:
            name = f"The {MAKERS[row.provider]} key {row.label} …{row.fingerprint}"
        if answer.state == "verified":
            reaches = f"it reaches {answer.models} model{'s' * (answer.models != 1)}"
            self.say(f"{name} is in use: {reaches}; kept in {answer.backend}{notes}.")
        else:
            why = f": {answer.message}" if answer.message else ""
            self.say(f"{name} is in use, unchecked{why}{notes}.", "warn")
        if row is not None:
            await self._choose_served(row.provider, then)

    def _open_vault(self) -> None:
        from tui.console.dialogs.vault import VaultDialog

        def closed(opened: bool | None) -> None:
            self.focus_prompt()
            if not opened:
                self.say("The encrypted file stays closed: `/key` opens it.", "warn")

        if len(self.screen_stack) == 1:
            self.push_screen(
                VaultDialog(self.bridge, exists=True, consent=False, letters=self.letters), closed
            )

    # The small model of this machine.

    def action_fetch_local(self) -> None:
        if any(row.provider == LOCAL and row.payer is not None for row in self.models):
            self.flash("It is here already: F2 chooses it.")
        elif self._fetching is None:
            self._show_fetch(LocalProgress(done_bytes=0, total_bytes=0))
            self.in_session(lambda _: FetchLocalModel())

    def show_fetch(self, progress: LocalProgress) -> None:
        """Show how far the small model is, in the panel or the status bar."""
        ended = progress.finished or progress.error is not None
        self._show_fetch(None if ended else progress)
        if progress.error is not None:
            self.end_flash()
            self.say(f"The small model did not come: {progress.error}", "bad")
        elif progress.finished:
            self.end_flash()
            self.say("The small model is on this machine now; nobody pays for it.")
            self.run_worker(self._choose_served(LOCAL), group="took", exclusive=True)

    def _show_fetch(self, progress: LocalProgress | None) -> None:
        self._fetching = progress
        if progress is not None and not self.nothing_serves():
            from tui.console.panels.questions import fetch_words

            self.flash(f"fetching the small model  {fetch_words(progress)}", seconds=30)
        self.ask_what_waits()
