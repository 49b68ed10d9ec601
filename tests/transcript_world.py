"""Sessions for the transcript's tests: records written by hand, with a clock of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tui.events.base import CallId, RequestId, SessionId
from tui.events.codec import AnyEvent, Recorded
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import Payer, RequestFinished, ResponseOpened, RouteDecided
from tui.events.stream import BlockClosed, TextStreamed, ThinkingStreamed
from tui.events.tool import ApprovalDecided, ToolCalled, ToolReturned, ToolStreamed
from tui.events.turn import DoneStop, TurnFinished, TurnStarted

START = dt.datetime(2026, 3, 5, 14, 2, tzinfo=dt.UTC)
OPUS = "anthropic/claude-opus-4-7"


class Script:
    """Writes one session's records; each helper adds one or a few, `wait` lets time pass."""

    def __init__(self, at: dt.datetime = START) -> None:
        self.now = at
        self.records: list[Recorded] = []
        self._taken = 0
        self._turn = 0
        self._request = RequestId("r0")

    def clock(self) -> dt.datetime:
        return self.now

    def take(self) -> list[Recorded]:
        """The records since the last call."""
        taken, self._taken = self.records[self._taken :], len(self.records)
        return taken

    def add(self, *events: AnyEvent) -> Script:
        for event in events:
            record = Recorded(
                session=SessionId("s"),
                seq=len(self.records) + 1,
                at=self.now,
                turn=self._turn,
                event=event,
            )
            self.records.append(record)
        return self

    def wait(self, seconds: float) -> Script:
        self.now += dt.timedelta(seconds=seconds)
        return self

    def prompt(self, text: str) -> Script:
        self._turn += 1
        return self.add(TurnStarted(prompt=text))

    @property
    def request(self) -> RequestId:
        return self._request

    def route(
        self,
        model: str = OPUS,
        payer: Payer = "own_key",
        label: str = "work",
        connection: str = "anthropic",
        token_usd: str | None = "0.000025",
        estimate_nano: int | None = 4_000_000,
    ) -> Script:
        self._request = RequestId(f"r{len(self.records)}")
        return self.add(
            RouteDecided(
                request=self._request,
                model=model,
                connection=connection,
                payer=payer,
                why="your key serves it",
                host="https://api.example:443",
                label=label,
                estimate_nano=estimate_nano,
                token_usd=None if token_usd is None else Decimal(token_usd),
            )
        )

    def opened(self) -> Script:
        return self.add(ResponseOpened(request=self._request))

    def think(self, *deltas: str) -> Script:
        return self.add(*(ThinkingStreamed(request=self._request, delta=d) for d in deltas))

    def say(self, *deltas: str) -> Script:
        return self.add(*(TextStreamed(request=self._request, delta=d) for d in deltas))

    def close(self, kind: Any = "text") -> Script:
        return self.add(BlockClosed(request=self._request, kind=kind))

    def call(self, name: str, args: dict[str, Any] | None, id: str = "c1") -> Script:
        return self.add(ToolCalled(request=self._request, id=CallId(id), name=name, args=args))

    def allow(self, id: str = "c1") -> Script:
        return self.add(ApprovalDecided(call=CallId(id), decision="allow", by="rule"))

    def stream(self, id: str, *deltas: str) -> Script:
        return self.add(*(ToolStreamed(call=CallId(id), delta=delta) for delta in deltas))

    def give(
        self, name: str, output: str, *, ok: bool = True, seconds: float = 0.0, id: str = "c1"
    ) -> Script:
        return self.add(
            ToolReturned(call=CallId(id), name=name, ok=ok, output=output, seconds=seconds)
        )

    def tool(
        self,
        name: str,
        args: dict[str, Any],
        output: str,
        *,
        ok: bool = True,
        seconds: float = 0.0,
        id: str = "c1",
    ) -> Script:
        self.call(name, args, id).allow(id)
        return self.give(name, output, ok=ok, seconds=seconds, id=id)

    def finished(self, model: str | None = None) -> Script:
        return self.add(
            RequestFinished(request=self._request, stop="end", said="end_turn", model=model)
        )

    def usage(
        self, input: int | None = 41_200, output: int = 812, cache_read: int | None = 38_900
    ) -> Script:
        return self.add(
            UsageReported(
                request=self._request,
                input=input,
                output=output,
                cache_read=cache_read,
                cache_write=None,
                reasoning=None,
                raw={},
            )
        )

    def charge(
        self, nano: int | None = 13_200_000, payer: Any = "own_key", sureness: Any = "priced",
        credits: str | None = None,
    ) -> Script:  # fmt: skip
        return self.add(
            ChargeRecorded(
                request=self._request,
                payer=payer,
                nano=nano,
                lines=(),
                priced_by="list",
                sureness=sureness,
                credits=credits,
            )
        )

    def done(self, stop: DoneStop = "end", nano: int | None = None) -> Script:
        return self.add(TurnFinished(stop=stop, nano=nano, requests=1))

    def turn(self, prompt: str, reply: str | Iterable[str]) -> Script:
        """A whole turn of one request."""
        self.prompt(prompt).route()
        self.say(*([reply] if isinstance(reply, str) else reply)).close()
        return self.finished().usage().charge().done().wait(60)


REPLY_OF_TWELVE_LINES = """The fixture clears the cookie, so `refresh()` sees **nothing**:

```python
def refresh(session):
    cookie = session.cookies.get("sid")
    if cookie is None:
        raise NotSignedIn()
    return cookie
```

- read it again
- run the tests
"""


def long_session(messages: int) -> list[Recorded]:
    """So many messages, half of them replies of twelve lines with code."""
    script = Script()
    for number in range(messages // 2):
        script.turn(f"question {number}", REPLY_OF_TWELVE_LINES)
    return script.records
