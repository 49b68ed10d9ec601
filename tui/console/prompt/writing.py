"""The console's side of the prompt: what is completed, named, pasted, searched, queued."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar, get_args

from textual.timer import Timer

from tui.console import theme
from tui.console.commands import find_command
from tui.console.panels.modes import WORDS
from tui.console.prompt.attachments import pasted_picture, shown
from tui.console.prompt.chips import Chips, Named
from tui.console.prompt.editor import Editor
from tui.console.prompt.filelist import FileList, list_files
from tui.console.prompt.hints import Hint
from tui.console.prompt.keeping import Keeping
from tui.console.prompt.limits import refused, too_much
from tui.console.prompt.mentions import Mention, mentions, written
from tui.console.prompt.pasted import MOST_CHARACTERS, long_paste
from tui.console.prompt.queue import KEYS, QueueList
from tui.console.prompt.weighing import Weighing
from tui.console.sidebar.detail import Draft
from tui.events.base import utc_now
from tui.events.session import Mode
from tui.paths import Paths
from tui.session.commands import ChooseMode, RenameSession, Unqueue
from tui.text.filter import best

Result = TypeVar("Result")

NAMED_S = 0.15
"""So long after a key the files that a prompt names are looked at."""
FILES_OLD_S = 10.0
"""So old the list of the folder's files may be when a name is begun."""
MOST_NAMED = 20
WEIGHED_S = 0.2
"""So long after a key what is written is weighed."""


class Writing(Keeping[Result], inherit_bindings=False):
    """The part of the console that helps to write."""

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self._files: dict[Path, FileList] = {}
        self._files_at = 0.0
        self._reading_files = False
        self._named_timer: Timer | None = None
        self._weighing = Weighing()
        self._weigh_timer: Timer | None = None
        self._offer: tuple[str, str] | None = None  # what was pasted, and the file that it names
        self.composer.completer.source = self
        self.composer.completer.changed = self._show_keys
        self.composer.editor.takes_offer = self._take_offer

    def _show_keys(self) -> None:
        self.show_hints(self._who)

    # What can be completed: the completer's `Source`.

    def files(self) -> FileList | None:
        """The folder's files; they are read anew where they are old."""
        folder = self.workspace
        old = time.monotonic() - self._files_at > FILES_OLD_S or folder not in self._files
        if old and not self._reading_files:
            self._reading_files = True
            self.run_worker(self._read_files(folder), group="files")
        return self._files.get(folder)

    async def _read_files(self, folder: Path) -> None:
        try:
            listed = await asyncio.to_thread(list_files, folder, self.environ)
        except (OSError, TimeoutError) as error:
            listed = FileList()
            self.flash(f"The folder's files could not be listed: {error}")
        finally:
            self._reading_files = False
        self._files = {folder: listed}
        self._files_at = time.monotonic()
        self.composer.completer.files_came()

    def values(self, command: str) -> Sequence[tuple[str, str]]:
        """What `/mode`, `/model` and `/theme` may be given."""
        match command:
            case "mode":
                return [(mode, WORDS[mode][0]) for mode in get_args(Mode)]
            case "model":
                served = sorted(self.models, key=lambda row: row.payer is None)
                return [(row.id, f"{row.name}  {row.label}".strip()) for row in served]
            case "theme":
                return [(name, "") for name in sorted(self.available_themes)]
            case _:
                return ()

    def prompts(self) -> Sequence[str]:
        """What was sent before, the latest first."""
        return self.composer.editor.sent_before()

    def action_search_history(self) -> None:
        """Ctrl+R: search backwards through what was sent."""
        if len(self.screen_stack) == 1:
            self.focus_prompt()
            self.composer.completer.search_history()

    # Files that the prompt names.

    def on_text_area_changed(self, event: Editor.Changed) -> None:
        chips = self.composer.chips
        if self._warned != self.composer.editor.text:
            self._warn_of_pastes()
        self._weigh_soon()
        if self._named_timer is None and ("@" in self.composer.editor.text or chips.names):
            self._named_timer = self.set_timer(NAMED_S, self._look_at_named)

    def _look_at_named(self) -> None:
        self._named_timer = None
        if not self.closing:
            self.run_worker(self._show_named, group="named", exclusive=True)

    async def _show_named(self) -> None:
        text, at = self.composer.editor.text, self._cursor_index()
        found = [one for one in mentions(text)[:MOST_NAMED] if not one.start < at <= one.end]
        reader, row = self.reader(), self.chosen_row
        looked = await asyncio.to_thread(lambda: [reader.look(one) for one in found])
        named = [
            Named(one, what, refused(what.media_type, what.size, row))
            for one, what in zip(found, looked, strict=True)
        ]
        self.composer.chips.set_named(named)
        self._weigh_soon()

    def _cursor_index(self) -> int:
        """Where the cursor is in the text: the name that is being written is not looked at."""
        editor = self.composer.editor
        if not self.composer.completer.open:
            return -1
        row, column = editor.cursor_location
        return sum(len(editor.document.get_line(i)) + 1 for i in range(row)) + column

    def on_chips_removed(self, event: Chips.Removed) -> None:
        """A chip was removed: its name goes out of the prompt."""
        editor, gone = self.composer.editor, event.mention
        still: list[Mention] = [one for one in mentions(editor.text) if one.paths == gone.paths]
        for one in reversed(still):
            end = one.end + (editor.text[one.end : one.end + 1] == " ")
            editor.text = editor.text[: one.start] + editor.text[end:]
        editor.move_cursor((0, 0))

    def on_chips_changed(self) -> None:
        self._warn_of_pastes()
        self._weigh_soon()
        self._show_keys()
        self.keep_draft_soon()

    # Pastes.

    def on_editor_pasted(self, event: Editor.Pasted) -> None:
        text, editor = event.text, self.composer.editor
        if self.looks_like_key(text):
            self.offer_key(text)
        elif len(text) > MOST_CHARACTERS:
            self.flash(
                f"The paste has {len(text) / 1e6:.0f} MB, and {MOST_CHARACTERS // 1_000_000} are "
                "taken at most: save it as a file and name it with @."
            )
        elif self._words is None and (pasted := long_paste(text)) is not None:
            self.composer.chips.add(pasted)
            self._warn_of_pastes()
            self.keep_draft_soon()
        else:
            picture = pasted_picture(text, self.workspace) if len(text) < 5_000 else None
            before = editor.text
            editor.insert_pasted(text)
            if picture is not None:
                self._offer = editor.text.removeprefix(before), picture
        self.composer.completer.look()
        self._weigh_soon()
        self._show_keys()

    def _warn_of_pastes(self) -> None:
        pasted, row = self.composer.chips.pasted, self.chosen_row
        tokens = self._weighing.pastes(pasted, "" if row is None else row.id)
        self.warn(too_much(tokens, row, self.state.context_tokens) if pasted else None)

    # What stands in the composer, for the price of the next turn.

    @property
    def weighed(self) -> bool:
        """Whether what is written now is in the price of the next turn."""
        return self._weigh_timer is None

    def _weigh_soon(self) -> None:
        if self._weigh_timer is None:
            self._weigh_timer = self.set_timer(WEIGHED_S, self._weigh)

    def _weigh(self) -> None:
        self._weigh_timer = None
        row, chips = self.chosen_row, self.composer.chips
        if self.closing or row is None:
            return
        tokens = self._weighing.draft(
            self.composer.editor.text, chips.pasted, chips.named, row.id
        )  # fmt: skip
        self.show_draft(Draft(tokens=tokens, model=row.id))

    def _offered(self) -> str | None:
        """The file that Tab attaches now: its path has just been pasted."""
        editor = self.composer.editor
        if self._offer is None:
            return None
        row, column = editor.cursor_location
        if not editor.document.get_line(row)[:column].endswith(self._offer[0].strip("\n")):
            self._offer = None
            return None
        return self._offer[1]

    def _take_offer(self) -> bool:
        path = self._offered()
        if path is None or self._offer is None:
            return False
        row, column = self.composer.editor.cursor_location
        start = column - len(self._offer[0].strip("\n"))
        self._offer = None
        self.composer.editor.put(f"{written(path)} ", (row, start), (row, column))
        return True

    # The queue.

    def action_queue(self) -> None:
        """Ctrl+Up: to what is queued."""
        if not self.state.queued:
            self.flash("Nothing is queued: while the agent works, Tab queues what you typed.")
        elif len(self.screen_stack) == 1:
            self.composer.queue.last()
            self.screen.set_focus(self.composer.queue)

    def on_queue_list_left(self) -> None:
        self.focus_prompt()

    def on_queue_list_change(self, event: QueueList.Change) -> None:
        if (text := self.state.queued.get(event.message)) is None:
            return
        self.leave_change()
        self._changing = event.message, self.composer.editor.text
        self.composer.editor.show_text(text)
        self.focus_prompt()
        self.refresh_status()

    def on_queue_list_remove(self, event: QueueList.Remove) -> None:
        self.in_session(lambda s: Unqueue(session=s, message=event.message))

    def on_queue_list_swap(self, event: QueueList.Swap) -> None:
        self.swap_queued(event.one, event.other)

    # The keys that do something now.

    def asking_hints(self) -> list[Hint]:
        if self.focused is self.composer.queue:
            return KEYS
        if own := self.composer.own_hints():
            return own
        if self._changing is not None:
            return [("Enter", "change it in the queue"), ("Esc", "back")]
        if (path := self._offered()) is not None:
            return [("Tab", f"attach {shown(path.rpartition('/')[2])}"), ("Enter", "send")]
        return super().asking_hints()

    def refresh_status(self) -> None:
        if not self.closing:
            changing = self._changing[0] if self._changing is not None else None
            self.composer.queue.show(self.state.queued, changing)
        super().refresh_status()

    # Commands that take words.

    def action_choose_named(self, name: str) -> None:
        """`/model name`: that model, where the name fits one best."""
        exact = [row for row in self.models if row.id == name]
        texts = [f"{row.id} {row.name}".lower() for row in self.models]
        fits = exact or [self.models[at] for at in best(name, texts)]
        served = [row for row in fits if row.payer is not None] or fits
        if not served:
            self.flash(f"No model is called {name}: F2 lists them.")
            return
        if self.pick(served[0], None):
            self.flash(f"{served[0].name} from the next request on.")

    def action_use_mode(self, words: str) -> None:
        """`/mode ask`."""
        wanted = words.lower()
        fits: list[Mode] = [
            mode for mode in get_args(Mode) if wanted == mode or WORDS[mode][0].startswith(wanted)
        ]
        if not fits:
            self.flash("A mode is read, ask or edit.")
        elif not self.driving:
            self.flash("Another ownkey drives this session: it can only be read here.")
        else:
            self.in_session(lambda s: ChooseMode(session=s, mode=fits[0]))

    def action_use_theme(self, name: str) -> None:
        """`/theme light`."""
        ours = {"dark": theme.DARK, "light": theme.LIGHT}
        wanted = ours.get(name.lower(), name.lower())
        if wanted in self.available_themes:
            self.theme = wanted
        else:
            self.flash(f"No theme is called {name}: /themes lists them.")

    def action_rename(self, title: str) -> None:
        """`/rename title`."""
        self.in_session(lambda s: RenameSession(session=s, title=title))

    def action_rename_hint(self) -> None:
        """`/rename` alone."""
        if (command := find_command("/rename")) is not None:
            self.composer.editor.put_back(f"/{command.name} ")
        self.flash("Write the title behind it.")
