"""What can be done with a session of the list: rename, fork, export, delete and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tui.console.grounds import Modal
from tui.console.sessions.exporting import FileThere, export_to, form_of, suggested_name
from tui.console.sessions.rows import UNTITLED, SessionRow
from tui.errors import OwnkeyError
from tui.events.base import SessionId
from tui.session.commands import AnyCommand, DeleteSession, ForkSession, RenameSession
from tui.session.replies import AnyReply, Forked

if TYPE_CHECKING:
    from tui.console.sessions.going import GoingBetween


class Typing(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed into the field, and for which session."""

    what: Literal["rename", "export"]
    row: SessionRow
    replace: str = ""  # the name of a file that the next Enter writes over


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the screen was left for: a session to show, a new one (None), or to go back in it."""

    session: SessionId | None
    rewind: bool = False


class Acting(Modal[Wanted | None]):
    """The part of the screen that changes something."""

    def __init__(self, desk: GoingBetween[Any]) -> None:
        super().__init__()
        self.desk = desk
        self.typing: Typing | None = None

    # What the screen shows of it.

    def say(self, text: str, tone: str = "$soft") -> None:
        """Say one sentence above the keys."""
        raise NotImplementedError

    def reload(self) -> None:
        """Ask for the list anew."""
        raise NotImplementedError

    def show_field(self, typing: Typing | None, text: str = "", hint: str = "") -> None:
        """Open the field on the chosen row, or close it."""
        raise NotImplementedError

    def act_by_letter(self, row: SessionRow | None, letter: str) -> None:
        """Do what a letter stands for; see `tui.console.sessions.foot`."""
        match letter:
            case "n":
                self.dismiss(Wanted(session=None))
            case "u":
                self.undo()
            case "r" if row is not None:
                self.rename(row)
            case "e" if row is not None:
                self.export(row)
            case "f" if row is not None:
                self._in_turn(self._fork(row))
            case "d" if row is not None:
                self._in_turn(self._delete(row))
            case "w" if row is not None:
                self.dismiss(Wanted(session=row.id, rewind=True))
            case _:
                pass

    def rename(self, row: SessionRow) -> None:
        """Have another title typed in its place."""
        title = "" if row.title == UNTITLED else row.title
        self.show_field(Typing(what="rename", row=row), title, "a title")

    def export(self, row: SessionRow) -> None:
        """Have a file's name typed."""
        self.say(f"Export to a file in {self._folder}: its name ends in .md, .json or .html")
        self.show_field(Typing(what="export", row=row), suggested_name(row.title), "a name")

    def undo(self) -> None:
        """Bring back what was deleted last."""
        if self.desk.deleted:
            self._in_turn(self._undo())

    def take_text(self, text: str) -> None:
        """Enter in the field."""
        typing, text = self.typing, text.strip()
        if typing is None:
            return
        if not text:
            self.show_field(None)
        elif typing.what == "rename":
            self.show_field(None)
            self._in_turn(self._rename(typing.row, text))
        else:
            self._in_turn(self._export(typing, text))

    @property
    def _folder(self) -> str:
        return self.desk.header.own_folder

    def _in_turn(self, work: Coroutine[None, None, None]) -> None:
        self.run_worker(work, group="sessions act", exit_on_error=True)

    async def _asked(self, command: AnyCommand) -> AnyReply | None:
        try:
            return await self.desk.bridge.send(command)
        except OwnkeyError as error:
            self._say_error(error)
            return None

    def _say_error(self, error: OwnkeyError) -> None:
        message = f"{error.message[:1].upper()}{error.message[1:]}".rstrip(".")
        self.say(f"{message}. {error.hint}".strip(), "$bad")

    async def _rename(self, row: SessionRow, title: str) -> None:
        if await self._asked(RenameSession(session=row.id, title=title)) is not None:
            self.say("")
            self.reload()

    async def _fork(self, row: SessionRow) -> None:
        reply = await self._asked(ForkSession(session=row.id))
        if isinstance(reply, Forked):
            self.dismiss(Wanted(session=reply.session))

    async def _delete(self, row: SessionRow) -> None:
        if row.state in {"working", "waiting"}:
            self.say("It works: open it and press Esc, then it can be deleted.", "$warn")
            return
        if await self._asked(DeleteSession(session=row.id)) is None:
            return
        self.desk.deleted.append((row.id, row.title))
        await self.desk.forget_session(row.id)
        self.say("")
        self.reload()

    async def _undo(self) -> None:
        session, title = self.desk.deleted[-1]
        if await self._asked(DeleteSession(session=session, undo=True)) is not None:
            self.desk.deleted.remove((session, title))
            self.say(f"“{title}” is back.")
            self.reload()

    async def _export(self, typing: Typing, name: str) -> None:
        path = self.desk.folder / Path(name).expanduser()
        write: Callable[[], None] = lambda: export_to(  # noqa: E731 - for the thread
            self.desk.paths.store_file, typing.row.id, path, replace=typing.replace == name
        )
        try:
            form_of(path)
            await asyncio.to_thread(write)
        except FileThere as error:
            self.typing = msgspec.structs.replace(typing, replace=name)
            self._say_error(error)
        except OwnkeyError as error:
            self._say_error(error)
        else:
            self.show_field(None)
            self.say(f"Written to {path}")
