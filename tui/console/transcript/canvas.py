"""The chat pane as a canvas: takes records in, scrolls, paints the rows that changed."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.style import Style
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.console.grounds import Echo
from tui.console.theme import rich_style
from tui.console.transcript.aside import Aside
from tui.console.transcript.blocks import BlockId, Reply, Thinking, Tone
from tui.console.transcript.flow import Flow, Laid, Place
from tui.console.transcript.layout import (
    PAYER_STYLES,
    Setting,
    queue_line,
    working_line,
)
from tui.console.transcript.lines import BLANK, Line, Span
from tui.console.transcript.model import TranscriptModel
from tui.console.transcript.paint import BAR, LEFT, RIGHT, STYLES, Painter, highlighted
from tui.console.transcript.selection import row_of
from tui.console.transcript.window import Window
from tui.events.base import utc_now
from tui.events.codec import Recorded
from tui.events.stream import BlockClosed
from tui.events.turn import TurnFinished
from tui.session.words import Names, PlainNames

if TYPE_CHECKING:
    from textual.timer import Timer

_TICK_S = 1.0
_CATCH_UP_S = 0.1
_SCREENS_KEPT = 50
_LEAST_COLUMNS = 16
_ENDS = (BlockClosed, TurnFinished)
"""What a person waits for: it is painted at once."""


class Kept(NamedTuple):
    """A session that is shown no longer, or not yet: its blocks, and what of them was seen."""

    model: TranscriptModel
    flow: Flow
    window: Window
    cursor: BlockId | None


def _fit(flow: Flow, setting: Setting) -> None:
    flow.show_letters(letters=setting.letters)
    flow.resize(setting.width)


class TranscriptCanvas(ScrollView, can_focus=True):
    """Shows one session's blocks; `view.TranscriptView` adds keys, mouse and selection.

    Args:
        names: Names of models and providers for people.
        letters: Whether markers are plain letters and our signs plain ones.
        tz: Zone of the times shown; None is the machine's own.
        clock: Now, aware of its zone.
        id: As every widget.
        classes: As every widget.
    """

    # Its height never depends on its content, so that a new line is no new layout of the screen.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(
        self,
        *,
        names: Names | None = None,
        letters: bool = False,
        tz: dt.tzinfo | None = None,
        clock: Callable[[], dt.datetime] = utc_now,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._clock = clock
        self._aside = Aside(self._lay_out_anew, self._show)
        self._painter: Painter | None = None
        self._placing = False
        self._ticker: Timer | None = None
        self._catching_up: Timer | None = None
        self._begin(Setting(80, names or PlainNames(), letters, tz))

    def _begin(self, setting: Setting) -> None:
        self.model = TranscriptModel()
        self.model.names = setting.names
        self._flow = self._aside.flow(self.model, setting, self._clock)
        self._window = Window(self._flow)
        self._cursor: BlockId | None = None

    def put_aside(self) -> Kept:
        """What is shown, to be taken up again; its model may be told more meanwhile."""
        return Kept(self.model, self._flow, self._window, self._cursor)

    def take_up(self, kept: Kept) -> None:
        """Show a session again that was put aside, at the place where it was left."""
        now, before = self._flow.setting, kept.flow.setting
        self.model, self._flow, self._window, self._cursor = kept
        self._aside.take_up(kept.flow)
        if (before.width, before.letters) != (now.width, now.letters):
            self._lay_out_anew(lambda: _fit(kept.flow, now))
            return
        kept.flow.forget_painted()
        changed = kept.flow.sync()
        self._show(changed, news=kept.window.new_blocks > 0, everything=True)

    def feed(self, records: Sequence[Recorded]) -> None:
        """Take in the session's next records."""
        for record in records:
            self.model.apply(record)
        if self.size.height:
            self._show(self._flow.sync(), news=True)
            if any(isinstance(r.event, _ENDS) for r in records):
                self.at_once()

    def at_once(self) -> None:
        """Paint what has changed without waiting for the next frame."""
        if isinstance(self.screen, Echo):
            self.screen.end(self)

    def note(self, text: str, tone: Tone = "mute") -> None:
        """Add a sentence of the console's own; no log has it."""
        self.model.note(text, tone)
        if self.size.height:
            self._show(self._flow.sync(), news=True)

    def clear(self) -> None:
        """Show no session; the next records are another one's."""
        self._begin(self._flow.setting)
        self._show({})

    @property
    def tz(self) -> dt.tzinfo | None:
        """Zone of the times shown; None is the machine's own."""
        return self._flow.setting.tz

    @property
    def following(self) -> bool:
        """Whether the end stays in sight as it grows."""
        return self._window.following

    def follow_end(self) -> None:
        """Go to the end and follow it."""
        self._window.follow()
        self._show({})

    def on_mount(self) -> None:
        """Get ready what replies need, but paint first."""
        self._ticker = self.set_interval(_TICK_S, self._tick, pause=True)
        self.call_after_refresh(lambda: self.run_worker(self._aside.load_parser))

    def on_resize(self) -> None:
        """Lay out for the new width; what was at the top stays there."""
        width = max(self.container_size.width - LEFT - RIGHT, _LEAST_COLUMNS)
        if width != self._flow.setting.width:
            self._lay_out_anew(lambda: self._flow.resize(width))
        else:
            # Only higher or lower, as when a line is added to the prompt: nothing moves in a row.
            self._show(self._flow.sync(), everything=True)

    def show_letters(self, *, letters: bool) -> None:
        """Show markers as letters from now on, or as signs."""
        self._lay_out_anew(lambda: self._flow.show_letters(letters=letters))

    def _lay_out_anew(self, change: Callable[[], None]) -> None:
        share = self._window.share()
        change()
        self._window.keep(share)
        self._painter = None
        self._flow.forget_painted()
        self._show({}, everything=True)

    def notify_style_update(self) -> None:
        """The theme or the focus changed: paint everything again."""
        super().notify_style_update()
        self._painter = None
        self._flow.forget_painted()

    def _show(
        self, changed: Mapping[BlockId, int], *, news: bool = False, everything: bool = False
    ) -> None:
        """Bring the screen up to date after the blocks changed; paints only the rows that did."""
        if not self.size.height:
            return
        window = self._window
        before = () if everything else window.rows
        window.unseen = window.unseen or (news and not window.following)
        window.settle(self.size.height, self._tail())
        self._place()
        for first, count in window.changed_rows(before, changed):
            self.refresh(Region(0, first, self.size.width, count))
        if not window.following:
            self.refresh(Region(0, self.size.height - 1, self.size.width, 1))
        self._keep_going()

    def _place(self) -> None:
        """Tell Textual where we are."""
        window = self._window
        self._placing = True
        try:
            self.virtual_size = Size(self.size.width, window.total)
            self.vertical_scrollbar.window_virtual_size = window.total
            self.scroll_y = self.scroll_target_y = window.top
        finally:
            self._placing = False

    def _keep_going(self) -> None:
        """Start or stop what goes on by itself; nothing does while the agent rests."""
        self._flow.keep_lines = _SCREENS_KEPT * self.size.height
        if self._ticker is not None:
            if self.model.running:
                self._ticker.resume()
            else:
                self._ticker.pause()
        if self._flow.late and self._catching_up is None:
            self._catching_up = self.set_timer(_CATCH_UP_S, self._catch_up)
        if self._aside.wanted:
            self.run_worker(self._aside.colour)

    def _catch_up(self) -> None:
        self._catching_up = None
        self._show(self._flow.catch_up())

    def _tick(self) -> None:
        ticking = [card.id for card in self.model.running_cards()]
        if (waiting := self.model.waiting) is not None:
            ticking.append(waiting.id)
        if isinstance(last := self.model.blocks[-1], Thinking) and last.streaming:
            ticking.append(last.id)
        lines = {id: self._flow.renew(id) for id in ticking}
        self._show({id: line for id, line in lines.items() if line is not None})

    def _tail(self) -> list[Line]:
        if not self.model.blocks:
            return []
        lines: list[Line] = []
        if (working := self.model.working(self._clock())) is not None:
            lines += [BLANK, working_line(working, self._flow.setting)]
        if self.model.queued:
            lines += [BLANK, queue_line(self.model.queued)]
        return [*lines, BLANK]

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolled by Textual: the wheel, the bar, a selection drawn beyond the edge."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        lines = round(new_value) - round(old_value)
        if self._placing or not lines:
            return
        if abs(lines) <= 3 * self.size.height:
            self._window.move(lines)
        else:
            self._window.jump(round(new_value))
        self._show({})

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows from the cache, or painted; Textual's own cache would copy each of them again."""
        background = self.background_colors[1]
        filters = self.get_line_filters()
        strips: list[Strip] = []
        for y in crop.line_range:
            strip = self._row(y)
            for one in filters:
                strip = strip.apply_filter(one, background)
            if crop.column_span != (0, self.size.width):
                strip = strip.crop(*crop.column_span)
            strips.append(strip)
        return strips

    def render_line(self, y: int) -> Strip:
        """One row with what Textual needs to know which of its characters is pointed at.

        It asks for that alone; with each row that is painted it would double their cost.
        """
        rows = self._window.rows
        row = rows[y] if y < len(rows) else None
        strip = self._row(y)
        return strip.apply_offsets(0, row_of(row)) if isinstance(row, Place) else strip

    def _row(self, y: int) -> Strip:
        window = self._window
        if y >= len(window.rows):
            strip = self.painter.strip(BLANK)
        else:
            row = window.rows[y]
            strip = self._paint(row) if isinstance(row, Place) else self.painter.strip(row)
        if window.unseen and y == self.size.height - 1:
            strip = self._with_news(strip)
        return strip

    def _paint(self, place: Place) -> Strip:
        laid = self._flow.laid(place.block)
        block = self.model.blocks[place.block]
        cursor = self.has_focus and self._under_cursor(place, laid)
        caret: tuple[Span, ...] = ()
        if isinstance(block, Reply) and block.streaming and place.line == laid.height - 1:
            caret = (Span(BAR, PAYER_STYLES[block.payer or "nobody"], None, True),)
        selected = self._selected(place)
        marked = self._marked(place, laid)
        plain = not cursor and not caret and selected is None and not marked
        if plain and (strip := laid.painted.get(place.line)) is not None:
            return strip
        strip = self.painter.strip(laid.line(place.line), cursor=cursor, caret=caret)
        for start, end, style in marked:
            strip = highlighted(strip, start, end, self.painter.style(style))
        if selected is not None:
            style = self.screen.get_component_rich_style("screen--selection", partial=True)
            strip = highlighted(strip, *selected, style)
        if plain:
            laid.painted[place.line] = strip
        return strip

    def _under_cursor(self, place: Place, laid: Laid) -> bool:
        return place.block == self._cursor and place.line >= laid.gap

    def _marked(self, place: Place, laid: Laid) -> Sequence[tuple[int, int, str]]:
        """Characters of a row (from, to before) that stand out, and their style."""
        return ()

    def _selected(self, place: Place) -> tuple[int, int] | None:
        """The characters of a row that are selected; its margin and our gutter never are."""
        selection = self.text_selection
        span = selection.get_span(row_of(place)) if selection else None
        if span is None:
            return None
        spans = self._flow.laid(place.block).line(place.line).spans
        end = LEFT + sum([len(one.text) for one in spans])
        ours = itertools.takewhile(lambda one: one.chrome, spans)
        start = LEFT + sum([len(one.text) for one in ours])
        return max(span[0], start), end if span[1] < 0 else min(span[1], end)

    @property
    def news_label(self) -> str:
        """What stands in the last row while the end is out of sight and something came."""
        count = self._window.new_blocks
        return f" {count} new ↓ " if count else " more ↓ "

    def _with_news(self, strip: Strip) -> Strip:
        label = self.news_label
        start = self.size.width - (RIGHT - 1) - len(label)
        parts = [strip.crop(0, start), self.painter.label(label), self.painter.strip(BLANK)]
        return Strip.join([parts[0], parts[1], parts[2].crop(0, RIGHT - 1)])

    @property
    def painter(self) -> Painter:
        """Paints for the width and theme of now."""
        if self._painter is None:
            self._painter = Painter(
                self.rich_style,
                self._style_of,
                width=self.size.width,
                content=self._flow.setting.width,
                prose=self._flow.setting.prose,
                letters=self._flow.setting.letters,
            )
        return self._painter

    def _style_of(self, name: str) -> Style:
        return rich_style(STYLES[name])
