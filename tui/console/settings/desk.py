"""The console's side of the settings: opened, changed, and what a change elsewhere does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from tui.console import theme
from tui.console.desk import Desk
from tui.console.sidebar.marker import plain_glyphs
from tui.errors import OwnkeyError
from tui.events.base import SessionId
from tui.secret import Secret
from tui.session.commands import ListBudgets, ListEndpoints
from tui.session.credit_talk import CreditAnswer, CreditRow
from tui.session.replies import (
    Budgets,
    EndpointAnswer,
    EndpointRow,
    Endpoints,
    FoundEndpoint,
    KeyAnswer,
    LocalProgress,
    ModelRow,
)
from tui.settings.schema import SETTINGS

if TYPE_CHECKING:
    from tui.console.settings.rows import AddEndpoint

Result = TypeVar("Result")


def found_rows(found: Iterable[FoundEndpoint], rows: Iterable[ModelRow]) -> tuple[ModelRow, ...]:
    """The models of local servers that are offered, dim, among what can be picked."""
    taken = {row.id for row in rows}
    made = [
        ModelRow(
            id=f"{one.name}/{model}", name=model, provider=one.known, connection=None, payer=None,
            key=False, label="", refused="It runs on this machine and is not used.",
        )
        for one in found
        for model in one.models
    ]  # fmt: skip
    return tuple(row for row in made if row.id not in taken)


class SettingsDesk(Desk[Result], inherit_bindings=False):
    """The part of the console that has to do with settings."""

    fetching: LocalProgress | None = None
    environ: Mapping[str, str] = {}
    _look_again: Callable[[], None] | None = None  # of the settings, while they are open

    found_servers: tuple[FoundEndpoint, ...] = ()  # local ones that answer and are not used
    _told_models: tuple[ModelRow, ...] = ()

    _told: frozenset[str] = frozenset()  # what is wrong with the settings file

    forgetting = False  # everything is to be removed once the console has ended

    def leave_forgetting(self) -> None:
        """End, and have everything removed behind it: the engine has files open till then."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self._tell_problems()

    def on_app_focus(self) -> None:
        self.apply_settings()

    def action_mcp(self) -> None:
        """The settings at the MCP servers of this folder."""
        self.action_settings("mcp")

    def action_endpoints(self) -> None:
        """The settings at the endpoints."""
        self.action_settings("endpoints")

    def action_credits(self) -> None:
        """The settings at credits and plan."""
        self.action_settings("credits")

    def action_settings(self, query: str = "") -> None:
        from tui.console.settings.modal import SettingsScreen

        top = self.screen
        if isinstance(top, SettingsScreen):
            top.dismiss(None)
        elif len(self.screen_stack) == 1:
            screen = SettingsScreen(self, query)
            self._look_again = screen.look_again
            self.push_screen(screen, lambda _: self._settings_closed())

    def _settings_closed(self) -> None:
        self._look_again = None
        self.apply_settings()
        self.focus_prompt()

    def apply_settings(self) -> None:
        """Show what the settings say now, whoever changed them."""
        wanted = self.settings.text("appearance.theme")
        if wanted in self.available_themes and wanted not in (None, self.theme):
            self.theme = wanted
        letters = plain_glyphs(str(self.settings.get("appearance.glyphs")))
        if letters != self.letters:
            self.letters = letters
            self._show_letters()
        self._tell_problems()
        self.load_budgets()
        budget = self.settings.usd("budget.day_usd")
        if budget != self.day_budget:
            self.day_budget = budget
            self.refresh_status()

    def load_budgets(self) -> None:
        """Ask what is left of the budgets, where there are any, and show it."""
        some = any(self.settings.get(one.id) for one in SETTINGS if one.id.startswith("budget."))
        if some and not self.closing:
            self.run_worker(self._load_budgets, group="budgets", exclusive=True)
        elif self.budgets:
            self.budgets = ()
            self.refresh_status()

    async def _load_budgets(self) -> None:
        session = self.session_id()
        reply = await self.asked(
            ListBudgets(session=None if session is None else SessionId(session))
        )
        if isinstance(reply, Budgets):
            self.budgets = reply.budgets
            self.refresh_status()

    def _tell_problems(self) -> None:
        problems = self.settings.problems
        for problem in problems:
            if problem not in self._told:
                self.say(f"{problem[:1].upper()}{problem[1:]}.", "warn")
        self._told = frozenset(problems)

    def _show_letters(self) -> None:
        for screen in self.screen_stack:
            screen.set_class(self.letters, "-letters")
        for widget in (self.picker, self.transcript, self.choices, self.composer):
            widget.show_letters(letters=self.letters)
        self.refresh_status()

    def theme_names(self) -> tuple[str, ...]:
        """All themes that can be picked, ours first."""
        others = sorted(name for name in self.available_themes if name not in theme.OURS)
        return (*theme.OURS, *others)

    def change_setting(self, name: str, value: object) -> None:
        """Keep a value and show what it changes.

        Raises:
            OwnkeyError: it is refused, or cannot be written; nothing has changed.
        """
        self.settings.set(name, value)
        self.apply_settings()

    def reset_setting(self, name: str) -> None:
        """Go back to the default; see `change_setting`."""
        self.settings.reset(name)
        self.apply_settings()

    def show_models(self, rows: tuple[ModelRow, ...]) -> None:
        self._told_models = rows
        super().show_models((*rows, *found_rows(self.found_servers, rows)))
        self._tell_settings()

    # Endpoints.

    def action_models(self) -> None:
        """The picker; and what local servers answer now, once it is there."""
        super().action_models()
        self.run_worker(self._look_for_servers, group="servers", exclusive=True)

    async def _look_for_servers(self) -> None:
        with suppress(OwnkeyError):  # a comfort: what fails is said where endpoints are listed
            told = await self.bridge.send(ListEndpoints(look=True))
            if isinstance(told, Endpoints) and told.found != self.found_servers:
                self.found_servers = told.found
                self.show_models(self._told_models)

    def open_endpoint(self, row: ModelRow) -> None:
        found = next((one for one in self.found_servers if one.known == row.provider), None)
        if row.connection is not None or found is None:
            self.action_settings(row.connection or row.provider)
            return
        from tui.console.settings.rows import AddEndpoint

        act = AddEndpoint(known=found.known, name=found.name, url=found.url)

        def closed(answer: EndpointAnswer | None) -> None:
            self.focus_prompt()
            if answer is not None and answer.row is not None:
                self.found_servers = ()
                self.say(f"{answer.row.name} serves here: F2 chooses a model of it.")

        self.ask_endpoint(act, closed=closed)

    def replace_endpoint_key(self, name: str, kept: Callable[[], None]) -> None:
        """Its key was refused in a turn: the dialog, and `kept` once it is another."""
        from tui.console.settings.rows import AddEndpoint

        async def ask() -> None:
            told = await self.asked(ListEndpoints())
            rows = told.endpoints if isinstance(told, Endpoints) else ()
            row = next((one for one in rows if one.name == name), None)
            if row is None or len(self.screen_stack) > 1:
                return

            def closed(answer: EndpointAnswer | None) -> None:
                self.focus_prompt()
                if answer is not None and answer.error is None:
                    kept()

            self.ask_endpoint(AddEndpoint(), row=row, closed=closed)

        self.run_worker(ask(), group="endpoint key", exclusive=True)

    def show_fetch(self, progress: LocalProgress) -> None:
        ended = progress.finished or progress.error is not None
        self.fetching = None if ended else progress
        super().show_fetch(progress)
        self._tell_settings()

    def _tell_settings(self) -> None:
        if self._look_again is not None:
            self._look_again()

    def ask_endpoint(
        self,
        act: AddEndpoint,
        *,
        closed: Callable[[EndpointAnswer | None], None],
        row: EndpointRow | None = None,
    ) -> None:
        """Open the endpoint dialog above the settings; `row`: one that is changed."""
        from tui.console.dialogs.endpoint_entry import EndpointDialog

        def done(answer: EndpointAnswer | None) -> None:
            closed(answer)
            if answer is not None:
                self.load()

        dialog = EndpointDialog(
            self.bridge, known=act.known, name=act.name, url=act.url, row=row,
            letters=self.letters,
        )  # fmt: skip
        self.push_screen(dialog, done)

    def ask_service(
        self,
        *,
        closed: Callable[[CreditAnswer | None], None],
        row: CreditRow | None = None,
    ) -> None:
        """Open the dialog of a new credit service above the settings."""
        from tui.console.dialogs.credit_entry import CreditDialog

        def done(answer: CreditAnswer | None) -> None:
            closed(answer)
            if answer is not None:
                self.load()

        self.push_screen(CreditDialog(self.bridge, letters=self.letters, row=row), done)

    def ask_key(
        self,
        provider: str,
        *,
        replace: bool,
        label: str | None,
        closed: Callable[[KeyAnswer | None], None],
        pasted: Secret | None = None,
    ) -> None:
        """Open the key dialog above the settings; `closed` is told what became of it."""
        from tui.console.dialogs.key_entry import MAKERS, KeyDialog

        def done(answer: KeyAnswer | None) -> None:
            closed(answer)
            if answer is not None:
                self.run_worker(self._took_key(answer, None), group="took", exclusive=True)

        dialog = KeyDialog(
            self.bridge,
            provider if provider in MAKERS else "anthropic",
            pasted=pasted,
            replace=replace,
            label=label,
            letters=self.letters,
            clock=self.clock,
        )
        self.push_screen(dialog, done)
