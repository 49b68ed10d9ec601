"""Where in the sums the person is: grouping, period, and what was gone into (pure)."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from tui.store.spent import DAY, GROUPS, Group, Slice

Period = Literal["day", "week", "month", "all"]
PERIODS: tuple[Period, ...] = ("month", "all", "day", "week")
PLOTTED_DAYS = 30
_DEEPER: tuple[Group, ...] = ("model", "session")
"""What a row is opened to, before its receipts."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was gone into; `name` as it is shown."""

    by: Group
    key: str
    name: str


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown. `by` None: the receipts."""

    by: Group | None = "day"
    period: Period = "month"
    path: tuple[Step, ...] = ()

    def part(self, now: dt.datetime) -> Slice:
        """The charges of it, at this time of the day (UTC)."""
        return self._within(Slice(since=since(self.period, now)))

    def plotted(self, now: dt.datetime) -> Slice:
        """What the plot is of: the last days, whatever the period and the day gone into."""
        others = msgspec.structs.replace(
            self, path=tuple(step for step in self.path if step.by != "day")
        )
        return others._within(Slice(since=midnight(now) - (PLOTTED_DAYS - 1) * DAY))

    def _within(self, part: Slice) -> Slice:
        for step in self.path:
            part = part.within(step.by, step.key)
        return part

    def into(self, step: Step) -> Where:
        """One level deeper: what it is made of that is not told yet, at last its receipts."""
        told = {one.by for one in self.path} | {step.by}
        deeper = None if "session" in told else next((g for g in _DEEPER if g not in told), None)
        return msgspec.structs.replace(self, by=deeper, path=(*self.path, step))

    def out(self) -> tuple[Where, Step] | None:
        """One level back, and the row that was gone into; None at the top."""
        if not self.path:
            return None
        last = self.path[-1]
        return msgspec.structs.replace(self, by=last.by, path=self.path[:-1]), last

    def groups(self) -> list[Group]:
        """The groupings that tell something here."""
        told = {step.by for step in self.path}
        return [group for group in GROUPS if group not in told]

    def beside(self, step: int) -> Where:
        """The next grouping, or the one before."""
        groups = self.groups()
        at = groups.index(self.by) + step if self.by in groups else 0
        return msgspec.structs.replace(self, by=groups[at % len(groups)])

    def longer(self) -> Where:
        """The next period."""
        at = PERIODS.index(self.period) + 1
        return msgspec.structs.replace(self, period=PERIODS[at % len(PERIODS)])


def midnight(now: dt.datetime) -> dt.datetime:
    """When the day began (UTC)."""
    utc = now.astimezone(dt.UTC)
    return utc.replace(hour=0, minute=0, second=0, microsecond=0)


def since(period: Period, now: dt.datetime) -> dt.datetime | None:
    """When a period began; None: it has always been."""
    days = {"day": 1, "week": 7, "month": PLOTTED_DAYS}
    return None if period == "all" else midnight(now) - (days[period] - 1) * DAY


def period_words(period: Period) -> str:
    """A period in words."""
    return {
        "day": "today (UTC)",
        "week": "the last 7 days",
        "month": f"the last {PLOTTED_DAYS} days",
        "all": "all time",
    }[period]
