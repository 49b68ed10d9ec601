"""How events and summaries lie in the database's rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tui.errors import StoreError
from tui.events import codec
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.store.charging import ChargeRow
from tui.store.summary import Summary
from tui.store.trouble import SEE_CHECK

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(at: dt.datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def from_micros(at: int) -> dt.datetime:
    return _EPOCH + at * _MICROSECOND


def any_text(data: bytes) -> str:
    """Text out of the database, also where damage has made it no UTF-8."""
    return data.decode("utf-8", "replace")


def to_record(session: SessionId, row: tuple[Any, ...]) -> Recorded:
    """An event out of its row: seq, at, turn, version, body.

    Raises:
        StoreError: it is damaged, or written by a newer ownkey.
    """
    seq, at, turn, version, body = row
    try:
        event = codec.decode(body, version)
        return Recorded(session=session, seq=seq, at=from_micros(at), turn=turn, event=event)
    except (TypeError, OverflowError) as error:  # a cell of another type than was written
        raise StoreError(f"a damaged event: {error}", hint=SEE_CHECK) from error


def summary_row(s: Summary) -> tuple[Any, ...]:
    """A summary as it is kept, behind its session's row."""
    texts = (s.cwd, s.title, s.branch, s.model, s.payer, s.state)
    numbers = (s.messages, s.nano, s.unknown, to_micros(s.updated), s.seq)
    return (*(_storable(text) for text in texts), *numbers)


def charge_row(row: ChargeRow) -> tuple[Any, ...]:
    """A charge as it is kept."""
    return tuple(
        to_micros(cell) if isinstance(cell, dt.datetime)
        else _storable(cell) if isinstance(cell, str)
        else cell
        for cell in row
    )  # fmt: skip


def to_summary(r: tuple[Any, ...]) -> Summary:
    """A summary out of its row, and its session's."""
    return Summary(
        id=r[0], created=from_micros(r[1]), cwd=r[2], title=r[3], branch=r[4], model=r[5],
        payer=r[6], state=r[7], messages=r[8], nano=r[9], unknown=r[10],
        updated=from_micros(r[11]), seq=r[12],
    )  # fmt: skip


def _storable(text: str | None) -> str | None:
    """SQLite's text takes no lone surrogates; lists show them as marks anyway."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")
