"""Going back behind an event: what counts no longer, and which changes of files are undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from tui.events.codec import Recorded
from tui.events.session import SessionRewound
from tui.events.tool import FileChanged
from tui.session.ports import TakenBack

ReadLog = Callable[[int], Awaitable[list[Recorded]]]
"""The session's records above a number."""


async def rewound(
    to: int,
    files: bool,
    *,
    begun_at: int,
    read: ReadLog,
    take_back: Callable[[Sequence[FileChanged]], Awaitable[TakenBack]],
) -> SessionRewound:
    """The event that goes back to `to`, once the changes of files behind it are undone.

    Args:
        to: The last event that counts.
        files: Whether files are as they were then.
        begun_at: Changes up to here are another session's, and stay.
        read: Reads the log.
        take_back: Undoes changes.
    """
    if not files:
        return SessionRewound(to=to)
    changes = standing(await read(max(to, begun_at)))
    # Without its bytes a change cannot be undone, nor can what stands on it.
    lost = {change.path for change in changes if not change.kept}
    taken = await take_back([change for change in changes if change.path not in lost])
    return SessionRewound(to=to, files=taken.files, left=(*taken.left, *sorted(lost)))


def standing(records: Iterable[Recorded]) -> list[FileChanged]:
    """The changes among `records` that were not undone by going back since, in order."""
    changes: list[tuple[int, FileChanged]] = []
    for record in records:
        match event := record.event:
            case FileChanged():
                changes.append((record.seq, event))
            case SessionRewound():
                undone = set(event.files)
                changes = [
                    (seq, change)
                    for seq, change in changes
                    if seq <= event.to or change.path not in undone
                ]
            case _:
                pass
    return [change for _, change in changes]
