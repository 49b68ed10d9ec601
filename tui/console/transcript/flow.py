"""The blocks as one column of lines: laid out when looked at, estimated until then.

Heights of blocks that were never laid out are estimates; laying one out corrects its own, and who
shows lines corrects his place. Layouts are kept for the blocks that were looked at last.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tui.console.transcript.blocks import (
    Block,
    BlockId,
    Failure,
    Footer,
    Notice,
    Reply,
    Thinking,
    ToolCard,
    gap_before,
)
from tui.console.transcript.calls import shows_change
from tui.console.transcript.estimates import estimated_height
from tui.console.transcript.heights import Heights
from tui.console.transcript.highlight import Highlighter
from tui.console.transcript.layout import Setting, lay_out
from tui.console.transcript.lines import BLANK, Line
from tui.console.transcript.model import TranscriptModel

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

    from tui.console.transcript.markdown import MarkdownLines

_QUICK_S = 0.004
_AT_ONCE = 2_000
"""Blocks whose heights are guessed anew at once, about 5 ms; of more it is done in slices."""
_A_FEW = 100
_REST = 8
"""A layout that takes longer than the loop may be held rests eight times as long as it took."""


def _upwards(blocks: Sequence[Block], id: BlockId) -> Iterator[Block]:
    return (blocks[at] for at in range(id - 1, -1, -1))


class Place(NamedTuple):
    """A line: its block, and its number in the block, the blank lines above included."""

    block: BlockId
    line: int


class Laid(msgspec.Struct):
    """A block's layout. `painted` belongs to who paints: one entry a line."""

    version: int
    gap: int
    lines: list[Line]
    markdown: MarkdownLines | None = None
    taken: int = 0  # characters of a reply
    again_at: float = 0.0
    painted: dict[int, Any] = msgspec.field(default_factory=dict[int, Any])

    @property
    def height(self) -> int:
        """Lines, the blank ones above included."""
        return self.gap + len(self.lines)

    def line(self, index: int) -> Line:
        """A line by its number."""
        return BLANK if index < self.gap else self.lines[index - self.gap]

    def forget_painted(self, first: int) -> None:
        """Drop what was painted of the lines from `first` on."""
        for index in [index for index in self.painted if index >= first]:
            del self.painted[index]


class Flow:
    """Lays a model's blocks out.

    Args:
        model: Whose blocks; nobody else takes its changes.
        setting: Width and names; change it by `resize`.
        clock: Now, aware of its zone.
        highlighter: Colours the code in it.
        monotonic: Seconds, for measuring.
    """

    def __init__(
        self,
        model: TranscriptModel,
        setting: Setting,
        *,
        clock: Callable[[], dt.datetime],
        highlighter: Highlighter,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.setting = msgspec.structs.replace(setting, colours=highlighter)
        self.highlighter = highlighter
        self.heights = Heights()
        self.keep_lines = 2_000
        self.late: set[BlockId] = set()
        self.stale = 0
        """Blocks, from the first on, whose heights are still those of another width."""
        self.clock = clock
        self._monotonic = monotonic
        self._parser: MarkdownIt | None = None
        self._laid: OrderedDict[BlockId, Laid] = OrderedDict()
        self._lines_kept = 0
        self._opened: dict[BlockId, bool] = {}
        self._awaiting: dict[tuple[str, str], set[BlockId]] = {}

    def use_parser(self, parser: MarkdownIt) -> None:
        """From now on replies are Markdown; until then they are plain text."""
        if parser is not self._parser:
            self._parser = parser
            self._forget_laid()
            if len(self.heights) != len(self.model.blocks):
                self.resize(self.setting.width)

    def resize(self, width: int) -> None:
        """Lay everything out anew, for this width.

        Of many blocks the heights stay as they were until `estimate_on` has come to them.
        """
        self.setting = msgspec.structs.replace(self.setting, width=width)
        self._forget_laid()
        if len(self.heights) > _AT_ONCE:
            self.stale = len(self.heights)
        else:
            self.model.take_changes()
            self.heights = Heights(map(self._estimate, self.model.blocks))

    def estimate_on(self, ends: float) -> bool:
        """Guess heights for the width of now until `ends`; whether there are more to guess."""
        while self.stale and self._monotonic() < ends:
            for id in range(self.stale - 1, max(self.stale - _A_FEW, 0) - 1, -1):
                if BlockId(id) not in self._laid:
                    self.heights.set(id, self._estimate(self.model.blocks[id]))
            self.stale = max(self.stale - _A_FEW, 0)
        return self.stale > 0

    def _forget_laid(self) -> None:
        self.late.clear()
        self._laid.clear()
        self._lines_kept = 0
        self._awaiting.clear()

    def go_on_from(self, flow: Flow, before: int) -> None:
        """Take over what was opened in a flow of this one's end, behind so many blocks."""
        for id, opened in flow._opened.items():
            self._opened[BlockId(id + before)] = opened
            self.heights.set(id + before, self._estimate(self.model.blocks[id + before]))

    def show_letters(self, *, letters: bool) -> None:
        """Lay everything out anew, with markers as letters or as signs."""
        self.setting = msgspec.structs.replace(self.setting, letters=letters)
        self.resize(self.setting.width)

    def forget_painted(self) -> None:
        """Colours changed: everything has to be painted again."""
        for laid in self._laid.values():
            laid.painted.clear()

    def sync(self) -> dict[BlockId, int]:
        """Take the model's changes in.

        Returns:
            Of blocks that are laid out, the first line that changed; the others only grew.
        """
        changed: dict[BlockId, int] = {}
        if not len(self.heights):
            self.resize(self.setting.width)
        for id in sorted(self.model.take_changes()):
            block = self.model.blocks[id]
            if id == len(self.heights):
                self.heights.append(self._estimate(block))
            elif block.gone:
                self._take_away(id)
            elif (laid := self._laid.get(id)) is None:
                self.heights.set(id, self._estimate(block))
            elif isinstance(block, Reply) and block.size < laid.taken:
                self._take_away(id)  # its end went on to the next
                self.laid(id)
                changed[id] = 0
            else:
                first = self._renew(block, laid)
                if first is not None:
                    changed[id] = first
        return changed

    def _take_away(self, id: BlockId) -> None:
        if (laid := self._laid.pop(id, None)) is not None:
            self._lines_kept -= laid.height
        self.heights.set(id, 0)

    def catch_up(self) -> dict[BlockId, int]:
        """Lay out replies that were put off because the last time took long."""
        changed: dict[BlockId, int] = {}
        for id in list(self.late):
            laid = self._laid.get(id)
            first = self._renew(self.model.blocks[id], laid) if laid else None
            if laid is None:
                self.late.discard(id)
            if first is not None:
                changed[id] = first
        return changed

    def laid(self, id: BlockId) -> Laid:
        """The block's layout; its height is right from now on."""
        laid = self._laid.get(id)
        block = self.model.blocks[id]
        if laid is not None and (laid.version == block.version or id in self.late):
            self._laid.move_to_end(id)
            return laid
        if laid is not None:
            self._lines_kept -= laid.height
        laid = self._laid[id] = self._lay_out(block)
        self._laid.move_to_end(id)
        self._lines_kept += laid.height
        self.heights.set(id, laid.height)
        self._trim()
        return laid

    def has(self, id: BlockId) -> bool:
        """Whether a block is laid out as it is now."""
        laid = self._laid.get(id)
        return laid is not None and laid.version == self.model.blocks[id].version

    def renew(self, id: BlockId) -> int | None:
        """Lay a block out again because time has passed; the first line that changed, or None."""
        laid = self._laid.get(id)
        return self._renew(self.model.blocks[id], laid) if laid else None

    def place(self, line: int) -> Place:
        """Where a line of the whole column lies."""
        block, rest = self.heights.find(line)
        return Place(BlockId(block), rest)

    def line_of(self, place: Place) -> int:
        """The number of a place's line in the whole column."""
        return self.heights.before(place.block) + place.line

    def moved(self, place: Place, lines: int) -> Place:
        """The place so many real lines further down (or up); both ends stop it."""
        block, line = place.block, place.line + lines
        while line < 0 and block > 0:
            block = BlockId(block - 1)
            line += self.laid(block).height
        while block + 1 < len(self.heights) and line >= (height := self.laid(block).height):
            line -= height
            block = BlockId(block + 1)
        return Place(block, max(line, 0))

    def opened(self, id: BlockId) -> bool:
        """Whether a block that can be opened is open."""
        block = self.model.blocks[id]
        chosen = self._opened.get(id)
        return (isinstance(block, ToolCard) and shows_change(block)) if chosen is None else chosen

    def can_open(self, id: BlockId) -> bool:
        """Whether there is more to see in a block."""
        block = self.model.blocks[id]
        if isinstance(block, Footer | Notice):
            return bool(block.receipts)
        if isinstance(block, Failure):
            from tui.console.transcript.failed import holds_more

            return holds_more(block)
        return isinstance(block, ToolCard | Thinking)

    def toggle(self, id: BlockId) -> None:
        """Open or close a block; the one below it stands closer or further."""
        self._opened[id] = not self.opened(id)
        for stale in (id, BlockId(id + 1)):
            if (laid := self._laid.pop(stale, None)) is not None:
                self._lines_kept -= laid.height
                self.laid(stale)

    def take_wanted(self) -> list[tuple[str, str]]:
        """Code that waits for its colours, and its language."""
        wanted = list(self.highlighter.wanted)
        self.highlighter.wanted.clear()
        return wanted

    def coloured(self, wanted: tuple[str, str]) -> dict[BlockId, int]:
        """The colours of this code are there now: the first line that changed, by block."""
        changed: dict[BlockId, int] = {}
        for id in self._awaiting.pop(wanted, set()):
            laid = self._laid.get(id)
            if laid is None:
                continue
            if laid.markdown is not None:
                first = laid.gap + laid.markdown.recolour()
                laid.forget_painted(first)
                self._note_wanted(id)
            else:
                first = self._renew(self.model.blocks[id], laid) or 0
            changed[id] = first
        return changed

    def _gap(self, block: Block) -> int:
        previous = self._seen_before(block.id)
        gap = gap_before(previous, block)
        return 1 if gap == 0 and previous and self.opened(previous.id) else gap

    def _seen_before(self, id: BlockId) -> Block | None:
        return next((one for one in _upwards(self.model.blocks, id) if not one.gone), None)

    def _estimate(self, block: Block) -> int:
        gap = 0 if block.gone else self._gap(block)
        return gap + estimated_height(block, self.setting, self.opened(block.id))

    def _lay_out(self, block: Block) -> Laid:
        if block.gone:
            return Laid(block.version, 0, [])
        gap = self._gap(block)
        if isinstance(block, Reply):
            from tui.console.transcript.markdown import MarkdownLines

            width, lead = self.setting.width, block.lead
            markdown = MarkdownLines(self._parser, width, self.highlighter, lead)
            laid = Laid(block.version, gap, markdown.lines, markdown)
            self._feed(block, laid, markdown)
        else:
            opened, now = self.opened(block.id), self.clock()
            laid = Laid(block.version, gap, lay_out(block, self.setting, opened=opened, now=now))
        self._note_wanted(block.id)
        return laid

    def _note_wanted(self, id: BlockId) -> None:
        for wanted in self.highlighter.wanted:
            self._awaiting.setdefault(wanted, set()).add(id)

    def _feed(self, block: Reply, laid: Laid, markdown: MarkdownLines) -> int:
        begun = self._monotonic()
        first = markdown.feed(block.text[laid.taken :], complete=not block.streaming)
        laid.taken = block.size
        took = self._monotonic() - begun
        laid.again_at = begun + took * (1 + _REST) if took > _QUICK_S else 0.0
        return first

    def _renew(self, block: Block, laid: Laid) -> int | None:
        """Bring a layout up to date; the first line that changed, or None where none did."""
        old = laid.height
        if isinstance(block, Reply) and laid.markdown is not None:
            if block.streaming and self._monotonic() < laid.again_at:
                self.late.add(block.id)
                return None
            self.late.discard(block.id)
            # The last line carries the caret.
            first = min(laid.gap + self._feed(block, laid, laid.markdown), old - 1)
        else:
            fresh = lay_out(block, self.setting, opened=self.opened(block.id), now=self.clock())
            if fresh == laid.lines:
                laid.version = block.version
                return None
            first, laid.lines = laid.gap, fresh
        laid.version = block.version
        laid.forget_painted(first)
        self._lines_kept += laid.height - old
        self.heights.set(block.id, laid.height)
        self._note_wanted(block.id)
        return max(first, 0)

    def _trim(self) -> None:
        while self._lines_kept > self.keep_lines and len(self._laid) > 64:
            _, old = self._laid.popitem(last=False)
            self._lines_kept -= old.height
