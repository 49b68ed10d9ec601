"""Our sums beside what the providers themselves tell, a day: asked when it is opened."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.billing.cost_report import DayDrift, sum_of
from tui.console.dialogs.words import key_line
from tui.console.grounds import Modal
from tui.errors import OwnkeyError
from tui.session.commands import Reconcile
from tui.session.reconcile_words import HEAD, NONE, account_name, day_cells, notes_of
from tui.session.replies import Account, Reconciled
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.console.usage.desk import UsageDesk


class ReconcileScreen(Modal[None]):
    """One page; Esc closes it, R asks again.

    Args:
        desk: The console.
        since: From the day of this moment on; None: as far back as they tell.
    """

    AUTO_FOCUS = "#reconcile"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", show=False),
        Binding("r", "ask", "Ask again", show=False),
    ]

    def __init__(self, desk: UsageDesk[Any], since: dt.datetime | None) -> None:
        super().__init__()
        self._desk = desk
        self._since = since
        self._said = Static("", id="reconcile-said")

    def compose(self) -> ComposeResult:
        title = Content.assemble(("What the providers tell", "bold $text"))
        with VerticalScroll(classes="dialog", id="reconcile"):
            yield Static(title, classes="dialog-title")
            yield self._said
            foot = key_line(("R", "ask again"), ("Esc", "close"))
            yield Static(foot, classes="dialog-foot")

    def on_mount(self) -> None:
        self.set_class(self._desk.letters, "-letters")
        self.action_ask()

    def action_close(self) -> None:
        self.dismiss(None)

    def action_ask(self) -> None:
        self._said.update(Content.assemble(("asking …", "$soft")))
        self.run_worker(self._ask(), group="reconcile", exclusive=True)

    async def _ask(self) -> None:
        try:
            found = await self._desk.bridge.send(Reconcile(since=self._since))
        except OwnkeyError as error:
            words = neutralise(f"{error.message.rstrip('.')}. {error.hint}")
            self._said.update(Content.assemble((words, "$bad")))
        else:
            if isinstance(found, Reconciled):
                self._said.update(Content("\n").join(_lines(found)))


def _lines(found: Reconciled) -> list[Content]:
    if not found.accounts:
        return [Content.assemble((NONE, "$soft"))]
    lines: list[Content] = []
    for account in found.accounts:
        lines += [Content("")] if lines else []
        lines += _account(account)
    return lines


def _account(account: Account) -> list[Content]:
    shown = msgspec.structs.replace(account, name=neutralise(account.name, strict=True))
    lines = [Content.assemble((account_name(shown), "bold $text"))]
    if account.trouble:
        words = neutralise(f"{account.trouble.rstrip('.')}. {account.hint}", strict=True)
        return [*lines, Content.assemble((words, "$bad"))]
    if not account.days:
        return [*lines, Content.assemble(("No request of ours that it could tell of.", "$mute"))]
    days = [*account.days, sum_of(account.days)]
    rows = [HEAD, *(day_cells(day) for day in days)]
    wide = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    lines.append(Content.assemble((_row(HEAD, wide), "$mute")))
    lines += [Content.assemble((_row(day_cells(day), wide), _style(day))) for day in days]
    return [*lines, *(Content.assemble((note, "$mute")) for note in notes_of(account))]


def _row(cells: tuple[str, ...], wide: list[int]) -> str:
    numbers = (f"{cell:>{width}}" for cell, width in zip(cells[1:], wide[1:], strict=True))
    return f"{cells[0]:<{wide[0]}}   {'   '.join(numbers)}"


def _style(day: DayDrift) -> str:
    if day.day == "total":
        return "bold $text"
    return "$mute" if day.theirs is None or day.partial else "$soft"
