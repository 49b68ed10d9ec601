"""How long the agent works, a request under way or a tool running and nobody waited for, and what
that costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from tui.billing.platform_fee import PlatformRate, platform_fee
from tui.events.base import RequestId
from tui.events.money import ChargeRecorded


class ActiveTime:
    """Counts the time in which something works, once where several things do at a time.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._working = 0
        self._waiting = 0
        self._since = 0.0
        self._seconds = 0.0

    @contextmanager
    def working(self) -> Generator[None]:
        """A request or a tool is under way."""
        self._note()
        self._working += 1
        try:
            yield
        finally:
            self._note()
            self._working -= 1

    @contextmanager
    def waiting(self) -> Generator[None]:
        """The person is waited for: that is not the agent's time, whatever else is under way."""
        self._note()
        self._waiting += 1
        try:
            yield
        finally:
            self._note()
            self._waiting -= 1

    def take(self) -> float:
        """Seconds since this was asked last."""
        self._note()
        seconds, self._seconds = self._seconds, 0.0
        return seconds

    def _note(self) -> None:
        now = self._clock()
        if self._working and not self._waiting:
            self._seconds += now - self._since
        self._since = now


class PlatformMeter:
    """What the active time costs, by the route that it is spent on (routes/README.md, rule 8).

    Attributes:
        time: Counts it.
        charges: What was charged so far.
    """

    def __init__(self, time: ActiveTime | None = None) -> None:
        self.time = time or ActiveTime()
        self.charges: list[ChargeRecorded] = []
        self._latest: tuple[RequestId, PlatformRate] | None = None
        self._spent: dict[PlatformRate, tuple[RequestId, float]] = {}

    def routed(self, request: RequestId, rate: PlatformRate | None) -> None:
        """From here on the time counts for this request; `rate`: None where no fee is due."""
        self._count()
        self._latest = None if rate is None else (request, rate)

    def fees(self) -> list[ChargeRecorded]:
        """The charges since this was asked last: one for each rate, by the last request at it."""
        self._count()
        spent, self._spent = self._spent, {}
        fees = [platform_fee(request, seconds, rate) for rate, (request, seconds) in spent.items()]
        self.charges += fees
        return fees

    def _count(self) -> None:
        seconds = self.time.take()
        if self._latest is not None and seconds:
            request, rate = self._latest
            before = self._spent.get(rate)
            self._spent[rate] = (request, seconds + (before[1] if before else 0.0))
