"""What is done to sessions from outside, whether they are open or not, and to rules. Blocks."""

from __future__ import annotations

from pathlib import Path

from tui.errors import UsageError
from tui.events.base import SessionId
from tui.events.session import SessionTitled
from tui.session.commands import (
    DeleteSession,
    ForkSession,
    ListRules,
    RemoveRule,
    RenameSession,
)
from tui.session.ports import Ports
from tui.session.replies import Done, Forked, Rules
from tui.store.forking import fork_session, new_session_id
from tui.store.lease import Lease
from tui.store.log import Store
from tui.store.summary import first_line

ShelfCommand = RenameSession | ForkSession | DeleteSession | ListRules | RemoveRule


class Shelf:
    """All sessions, seen from outside.

    Args:
        locks: Folder of the leases.
    """

    def __init__(self, store: Store, *, ports: Ports, locks: Path) -> None:
        self._store = store
        self._ports = ports
        self._locks = locks

    def answer(self, command: ShelfCommand) -> Done | Forked | Rules:
        """Carry it out.

        Raises:
            UsageError: there is no such session or rule, or another process drives it.
            StoreError: it cannot be written.
        """
        match command:
            case ForkSession():
                now = self._ports.clock()
                session = new_session_id(now)
                fork_session(self._store, command.session, session, command.at, now)
                return Forked(session=session)
            case RenameSession():
                self._rename(command)
                return Done()
            case DeleteSession():
                self._delete(command)
                return Done()
            case ListRules():
                return Rules(rules=self._ports.rules.listed())
            case RemoveRule():
                if not self._ports.rules.remove(command.rule, command.folder):
                    raise UsageError("there is no such rule any more")
                return Rules(rules=self._ports.rules.listed())

    def _rename(self, command: RenameSession) -> None:
        title = checked_title(self._ports.scrub.text(command.title))
        lease = self._lease(command.session)
        try:
            last = self._store.read(command.session, self._store.newest(command.session) - 1)
            if not last:
                raise UsageError(f"there is no session {command.session}")
            self._store.forget_cached(command.session)
            event = SessionTitled(title=title)
            self._store.append(command.session, [(event, last[-1].turn)], self._ports.clock())
        finally:
            lease.release()

    def _delete(self, command: DeleteSession) -> None:
        lease = self._lease(command.session)
        try:
            at = None if command.undo else self._ports.clock()
            if not self._store.mark_deleted(command.session, at):
                which = "deleted session" if command.undo else "session"
                raise UsageError(f"there is no {which} {command.session}")
        finally:
            lease.release()

    def _lease(self, session: SessionId) -> Lease:
        lease = Lease.take(self._locks, session)
        if lease is None:
            raise UsageError(
                "this session is driven by another ownkey", hint="Close that one first."
            )
        return lease


def checked_title(title: str) -> str:
    """A title as it is kept: one line, shortened with a mark. Raises UsageError for none."""
    if not title.strip():
        raise UsageError("a title has at least one character")
    return first_line(title)
