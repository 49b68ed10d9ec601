"""All of a long session folded behind its end, which is shown meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from tui.console.transcript.ahead import AheadCanvas
from tui.console.transcript.blocks import BlockId, Tone
from tui.console.transcript.canvas import Kept
from tui.console.transcript.flow import Flow
from tui.console.transcript.layout import Setting
from tui.console.transcript.lines import BLANK, Line
from tui.console.transcript.selection import shifted
from tui.console.transcript.window import Window
from tui.events.codec import Recorded


class Recall:
    """Takes a session in from its first record until it has what is shown.

    Attributes:
        flow: Of all of it; what is shown is its last blocks once the end is reached.
        notes: What the console itself said meanwhile, for the end.

    Args:
        shown: Blocks of the end that is shown.
        until: The number of the last record in them.
    """

    def __init__(self, flow: Flow, shown: int, until: int) -> None:
        self.flow = flow
        self.notes: list[tuple[str, Tone]] = []
        self._shown = shown
        self._until = until

    def take(self, records: Sequence[Recorded]) -> int | None:
        """Take more in.

        Returns:
            Once all is there, how many blocks stand before what is shown; None until then.
        """
        model = self.flow.model
        before: int | None = None
        for record in records:
            model.apply(record)
            # Not only at that very record: its text may be joined to what came behind it.
            if before is None and record.seq >= self._until:
                before = len(model.blocks) - self._shown
        self.flow.sync()
        return before


class RecallingCanvas(AheadCanvas):
    """Shows the end of a session before all of it is there, and then goes on from where it is."""

    _recall: Recall | None = None

    @property
    def recalling(self) -> bool:
        """Whether only the end of the session is there yet."""
        return self._recall is not None

    def preview(self, records: Sequence[Recorded]) -> None:
        """Show the end of a session; all of its records come later, from the first one on."""
        self.clear()
        super().feed(records)
        behind, shown = self._aside.behind(self._flow), len(self.model.blocks)
        self._recall = Recall(behind, shown, records[-1].seq)
        self._show({}, everything=True)

    def feed(self, records: Sequence[Recorded]) -> None:
        """Take in the session's next records."""
        if self._recall is None:
            super().feed(records)
            return
        _fit(self._recall.flow, self._flow.setting)
        if (before := self._recall.take(records)) is not None:
            self._go_on_with(self._recall, before)

    def clear(self) -> None:
        """Show no session; the next records are another one's."""
        self._recall = None
        super().clear()

    def note(self, text: str, tone: Tone = "mute") -> None:
        """Add a sentence of the console's own; no log has it."""
        if self._recall is not None:
            self._recall.notes.append((text, tone))
        super().note(text, tone)

    def put_aside(self) -> Kept:
        """What is shown, to be taken up again; its model may be told more meanwhile."""
        if self._recall is None:
            return super().put_aside()
        recall, self._recall = self._recall, None
        self._say_notes(recall)
        return Kept(recall.flow.model, recall.flow, Window(recall.flow), None)

    def _tail(self) -> list[Line]:
        # Whether somebody works on it is not known yet.
        return super()._tail() if self._recall is None else [BLANK]

    def _go_on_with(self, recall: Recall, before: int) -> None:
        """Show all of it, at the same place."""
        self._recall = None
        flow, window = self._flow, self._window
        self.model, self._flow = recall.flow.model, recall.flow
        _fit(self._flow, flow.setting)
        self._aside.take_up(self._flow)
        self._flow.go_on_from(flow, before)
        self._window = Window(self._flow)
        self._window.go_on_from(window, before)
        if self._cursor is not None:
            self._cursor = BlockId(self._cursor + before)
        if (selection := self.text_selection) is not None:
            self.screen.selections = {self: shifted(selection, before)}
        self._say_notes(recall)
        self._show(self._flow.sync(), everything=True)

    def _say_notes(self, recall: Recall) -> None:
        for text, tone in recall.notes:
            recall.flow.model.note(text, tone)


def _fit(flow: Flow, setting: Setting) -> None:
    if (flow.setting.width, flow.setting.letters) != (setting.width, setting.letters):
        flow.setting = setting
        flow.resize(setting.width)
