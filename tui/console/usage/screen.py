"""What was spent: bars by day, sums in every grouping, and down to a receipt's lines."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui.console.dialogs.words import key_line
from tui.console.grounds import Modal
from tui.console.sessions.exporting import FileThere
from tui.console.sidebar.marker import signs
from tui.console.usage.exporting import export_usage, suggested_name
from tui.console.usage.list import Table, UsageList
from tui.console.usage.place import PLOTTED_DAYS, Step, Where, midnight, period_words, since
from tui.console.usage.plots import Bar, Piece, bars_of, legend, plot, width_of
from tui.console.usage.receipt import opened_receipt
from tui.console.usage.rows import receipt_lines, usage_lines
from tui.errors import OwnkeyError
from tui.money import show_sum
from tui.session.commands import AskReceipts, AskUsage
from tui.session.replies import Receipts, Spending
from tui.store.spent import MOST_RECEIPTS, Group, Receipt, UsageRow, UsageTable
from tui.text import neutralise, truncate

if TYPE_CHECKING:
    from tui.console.usage.desk import UsageDesk

SLIM, LOW = 84, 30
SETTLE_S = 0.2
"""So long after a charge others may follow, which are read with it."""
BARS = ((36, 8), (21, 5), (0, 3))
"""From a height of the screen on, so many rows of bars."""


class UsageScreen(Modal[None]):
    """Sums and receipts; Enter goes into a row, Esc back, and at the top out of here."""

    AUTO_FOCUS = "#usage-list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "back", "Back", show=False),
        Binding("f4", "close", "Close", show=False),
        Binding("right,tab", "group(1)", "Next grouping", show=False),
        Binding("left,shift+tab", "group(-1)", "Grouping before", show=False),
        Binding("p", "period", "Period", show=False),
        Binding("e", "export", "Export", show=False),
        Binding("r", "reconcile", "What the providers tell", show=False),
    ]

    def __init__(self, desk: UsageDesk[Any], tz: dt.tzinfo | None) -> None:
        super().__init__()
        self.desk = desk
        self._tz = tz
        self._where = Where()  # what is asked for
        self._shown = self._where  # what the table is of
        self._table: UsageTable | None = None
        self._plotted: UsageTable | None = None
        self._receipts: Sequence[Receipt] = ()
        self._wanted: str | None = None  # the row to stand on once it is there
        self._replace = ""
        self._head = Static("", id="usage-head")
        self._groups = Static("", id="usage-groups")
        self._plot = Static("", id="usage-plot")
        self._empty = Static("", id="usage-empty")
        self.list = UsageList(letters=desk.letters)
        self._word = Static("", id="usage-word")
        self._field = Input(id="usage-field", compact=True, select_on_focus=False)
        self._foot = Static("", id="usage-foot", classes="dialog-foot")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="usage"):
            yield self._head
            yield self._groups
            yield self._plot
            yield self._empty
            yield self.list
            yield self._word
            yield self._field
            yield self._foot

    def on_mount(self) -> None:
        self.set_class(self.desk.letters, "-letters")
        self._field.display = self._word.display = self._empty.display = False
        self._load(0)

    def on_resize(self) -> None:
        self.set_class(self.size.height < LOW, "-low")
        self.set_class(self.size.width < SLIM, "-slim")
        self.call_after_refresh(self._show)

    # What is asked.

    def reload(self) -> None:
        """Something was charged: read what is shown anew."""
        if self.is_attached:
            self._load(SETTLE_S)

    def _load(self, wait_s: float) -> None:
        self.run_worker(self._ask(self._where, wait_s), group="usage", exclusive=True)

    async def _ask(self, where: Where, wait_s: float) -> None:
        if wait_s:
            await asyncio.sleep(wait_s)
        now, bridge = self.desk.clock(), self.desk.bridge
        part, plotted = where.part(now), where.plotted(now)
        try:
            bars = await bridge.send(AskUsage(by="payer", part=plotted))
            sums = await bridge.send(AskUsage(by=where.by or "payer", part=part))
            told = sums if where.by else await bridge.send(AskReceipts(part=part))
        except OwnkeyError as error:
            self.say(f"{error.message.rstrip('.')}. {error.hint}", "$bad")
            return
        if isinstance(bars, Spending):
            self._plotted = bars.table
        if isinstance(sums, Spending):
            self._table, self._shown = sums.table, where
            self._receipts = told.receipts if isinstance(told, Receipts) else ()
            self._show()

    # What is shown.

    @property
    def _letters(self) -> bool:
        return self.desk.letters or self.desk.no_color

    def _show(self) -> None:
        if not self.is_attached or self._table is None:
            return
        self._show_list()
        self._show_head()
        self._show_groups()
        self._show_plot()
        self._show_foot()

    def _show_list(self) -> None:
        where, name = self._shown, self.desk.name_of
        wanted, self._wanted = self._wanted, None
        if where.by is None or self._table is None:
            lines = receipt_lines(self._receipts, name, self._tz)
            keys = [f"{one.session} {one.seq}" for one in self._receipts]
            table = Table("receipt", lines, keys)
        else:
            rows = self._table.rows
            lines = usage_lines(rows, where.by, name)
            table = Table(where.by, lines, [row.key for row in rows], self._table.total)
        self.list.show(table, wanted)
        self.list.display = bool(lines)
        self._empty.display = not lines
        if not lines:
            self._empty.update(self._empty_words())
            self.list.show(Table("", (), ()))
        if self.focused is None and lines:
            self.list.focus()

    def _empty_words(self) -> Content:
        if self._shown.period == "all" and not self._shown.path:
            return Content(
                "Nothing was spent yet. Each request's receipt is counted here as soon as its "
                "provider has told what it used."
            )
        words = f"Nothing was spent in {period_words(self._shown.period)}. "
        return Content.assemble(words, ("P", "$soft"), " shows another period.")

    def _show_head(self) -> None:
        total = UsageRow(key="total") if self._table is None else self._table.total
        room = self._head.content_size.width
        requests = f"{total.requests:,} request{'s' * (total.requests != 1)}"
        cost = show_sum(total.nano, total.unknown)
        right: list[Piece] = [(f"{requests}   ", "$mute"), (cost, "bold $text")]
        period = self._shown.period
        left: list[Piece] = [("Usage", "bold $text"), (f"   {period_words(period)}", "$mute")]
        sign = signs(" ▸ ", letters=self.desk.letters)
        space = room - width_of(right) - width_of(left) - 2
        steps = [truncate(step.name, max(space // len(self._shown.path) - 3, 6))
                 for step in self._shown.path]  # fmt: skip
        for step in steps:
            if width_of(left) + len(step) + 3 + width_of(right) + 1 < room:
                left += [(sign, "$faint"), (step, "$soft")]
        gap = max(1, room - width_of(left) - width_of(right))
        self._head.update(Content.assemble(*left, " " * gap, *right))

    def _show_groups(self) -> None:
        shown, there = len(self._receipts), 0 if self._table is None else self._table.total.requests
        cut = f", the latest {shown:,}" if shown >= MOST_RECEIPTS and shown < there else ""
        pieces: list[Piece] = [("by " if self._shown.by else f"receipts{cut}", "$mute")]
        for group in self._shown.groups() if self._shown.by else ():
            here = group == self._shown.by
            pieces += [(group, "bold $text" if here else "$mute"), ("  ", "")]
        room = self._groups.content_size.width
        payers = legend(self._bars(), letters=self._letters)
        if width_of(pieces) + width_of(payers) + 2 <= room:
            pieces += [(" " * (room - width_of(pieces) - width_of(payers)), ""), *payers]
        self._groups.update(Content.assemble(*pieces))

    def _bars(self) -> list[Bar]:
        days = () if self._plotted is None else self._plotted.days
        return bars_of(days, midnight(self.desk.clock()).date(), PLOTTED_DAYS)

    def _show_plot(self) -> None:
        bars, height = self._bars(), self.size.height
        anything = any(bar.nano or bar.unknown for bar in bars)
        self._plot.display = anything
        if not anything:
            return
        rows = next(rows for least, rows in BARS if height >= least)
        chosen = self.list.chosen if self._shown.by == "day" else None
        day = next((step.key for step in self._shown.path if step.by == "day"), chosen)
        width = self._plot.content_size.width or self._head.content_size.width
        drawn = plot(bars, width, rows, letters=self._letters, chosen=day)
        self._plot.update(Content("\n").join([Content.assemble(*row) for row in drawn]))

    def _show_foot(self) -> None:
        if self._field.display:
            pairs = [("Enter", "write it"), ("Esc", "back")]
        else:
            deeper = "its lines" if self._shown.by is None else "into it"
            pairs = [("Enter", deeper)] if self.list.chosen is not None else []
            pairs += [("◂ ▸", "group")] if self._shown.by is not None else []
            pairs += [("P", "period"), ("E", "export")] if self.list.chosen is not None else [
                ("P", "period")
            ]  # fmt: skip
            pairs += [("R", "providers' word")] if not self._shown.path else []
            pairs += [("Esc", "back" if self._shown.path else "close")]
        shown = [(signs(key, letters=self.desk.letters), does) for key, does in pairs]
        while len(shown) > 1 and key_line(*shown).cell_length - 3 > self._foot.content_size.width:
            shown.pop(-2)  # the way back is always said
        self._foot.update(key_line(*shown))

    def say(self, text: str, tone: str = "$soft") -> None:
        """Say one sentence above the keys; none for no text."""
        self._word.update(Content.assemble((neutralise(text), tone)))
        self._word.display = bool(text)

    def on_usage_list_moved(self) -> None:
        if self._shown.by == "day":
            self._show_plot()

    # Going.

    def _go(self, where: Where, wanted: str | None = None) -> None:
        self._where, self._wanted = where, wanted
        self.say("")
        self._load(0)

    def on_usage_list_picked(self, event: UsageList.Picked) -> None:
        event.stop()
        if self._field.display or self._shown != self._where:
            return  # typed before what was asked for is there
        if self._where.by is None:
            receipt = self._receipts[self.list.place]
            letters = self.desk.letters
            self.list.toggle(opened_receipt(receipt, self.list.room, letters=letters))
            return
        table, by = self._table, self._where.by
        if table is not None and (key := self.list.chosen) is not None:
            (line,) = usage_lines([table.rows[self.list.place]], by, self.desk.name_of)
            name = key if by == "day" else line.name
            self._go(self._where.into(Step(by=by, key=key, name=name)), "")

    def action_group(self, step: int) -> None:
        if self._where.by is not None and not self._field.display:
            self._go(self._where.beside(step), "")

    def action_period(self) -> None:
        if not self._field.display:
            self._go(self._where.longer())

    def action_reconcile(self) -> None:
        """Hold the sums of this period against the providers' own."""
        from tui.console.usage.reconciling import ReconcileScreen

        if not self._field.display:
            began = since(self._shown.period, self.desk.clock())
            self.app.push_screen(ReconcileScreen(self.desk, began))  # pyright: ignore[reportUnknownMemberType] - any app

    def action_close(self) -> None:
        self.dismiss(None)

    def action_back(self) -> None:
        if self._field.display:
            self._end_field()
        elif (before := self._where.out()) is not None:
            where, step = before
            self._go(where, step.key)
        else:
            self.dismiss(None)

    # Exporting.

    def action_export(self) -> None:
        """Have a file's name typed for what is shown."""
        if self.list.chosen is None or self._field.display:
            return
        by: Group | str = self._shown.by or "receipts"
        self.say(f"Export to a file in {self.desk.header.own_folder}: it ends in .csv or .json")
        self._field.value = suggested_name(by, self.desk.clock())
        self._field.cursor_position = len(self._field.value)
        self._field.display = True
        self._field.focus()
        self._show_foot()

    def _end_field(self) -> None:
        self._field.display, self._replace = False, ""
        self.say("")
        self.list.focus()
        self._show_foot()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if name := event.value.strip():
            self.run_worker(self._export(name), group="usage export", exclusive=True)
        else:
            self._end_field()

    async def _export(self, name: str) -> None:
        path = self.desk.folder / Path(name).expanduser()
        now = self.desk.clock()
        table = self._table if self._shown.by is not None else None
        shown = self._receipts if table is None else table
        write: Callable[[], None] = lambda: export_usage(  # noqa: E731 - for the thread
            path, shown, since=since(self._shown.period, now), until=now,
            replace=self._replace == name,
        )  # fmt: skip
        try:
            await asyncio.to_thread(write)
        except OwnkeyError as error:
            if isinstance(error, FileThere):
                self._replace = name
            self.say(f"{error.message[:1].upper()}{error.message[1:]}. {error.hint}", "$bad")
        else:
            self._end_field()
            self.say(f"Written to {path}")
