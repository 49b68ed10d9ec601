"""A month of charges in a real store, and a console's engine that answers from it."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from tests.console_world import Seen, hand_fed
from tests.transcript_world import START
from tui.billing.credit_units import in_credits
from tui.events.base import RequestId, SessionId
from tui.events.money import ChargeLine, ChargeRecorded, UsageReported
from tui.events.route import RequestFinished, ResponseOpened, RouteDecided
from tui.events.session import SessionCreated
from tui.events.turn import TurnFinished, TurnStarted
from tui.session.commands import AnyCommand, AskReceipts, AskUsage
from tui.session.replies import AnyReply, Receipts, Spending
from tui.store.log import Store
from tui.store.usage import read_receipts, read_usage

DAY = dt.timedelta(days=1)
OWN = ("anthropic/claude-opus-4-7", "k_1", "personal", "own_key")
HAIKU = ("anthropic/claude-haiku-4-5", "k_1", "personal", "own_key")
GATEWAY = ("my-gateway/glm-5.2", "my-gateway", "my-gateway", "endpoint")
CREDITS = ("openrouter/auto", "openrouter", "OpenRouter", "credits")
RATE = Decimal("0.01")
"""Dollars per credit there."""
LOCAL = ("local/smollm", "local", "this machine", "nobody")


def line(what: str, quantity: int, unit: str) -> ChargeLine:
    price = Decimal(unit)
    return ChargeLine(
        what=what, quantity=Decimal(quantity), unit_usd=price, usd=price * quantity
    )  # fmt: skip


def request(id: str, served: tuple[str, str, str, str], tokens: int, nano: int | None) -> list[Any]:
    """The events of one request that is served so."""
    model, connection, label, payer = served
    known = RequestId(id)
    return [
        RouteDecided(
            request=known, model=model, connection=connection, payer=payer, why="w",
            host="https://api.example:443", label=label,
        ),
        ResponseOpened(request=known, provider_request_id=f"req_{id}"),
        UsageReported(
            request=known, input=tokens, output=tokens // 20, cache_read=tokens // 2,
            cache_write=None, reasoning=None, raw={},
        ),
        in_credits(
            ChargeRecorded(
                request=known, payer=payer, nano=nano,
                lines=() if nano is None else (
                    line("input", tokens // 2, "0.000005"),
                    line("cache_read", tokens // 2, "0.0000005"),
                    line("output", tokens // 20, "0.000025"),
                ),
                priced_by="no price of glm-5.2" if nano is None else "genai-prices, 2026-02-05",
                sureness="unknown" if nano is None else "priced",
            ),
            RATE,
        ),
        RequestFinished(request=known, stop="end", said="end_turn"),
    ]  # fmt: skip


def exact(tokens: int) -> int:
    """Nano-dollars of a priced request, as its lines add up."""
    return tokens // 2 * 5_000 + tokens // 2 * 500 + tokens // 20 * 25_000


def spend(store: Store, now: dt.datetime = START) -> None:
    """A month of work in three sessions of two folders."""
    sessions = (
        ("s_1", "~/src/shop", "fix the login test"),
        ("s_2", "~/src/shop", "move the orders to pages"),
        ("s_3", "~/notes", "a haiku about rain"),
    )
    for id, folder, title in sessions:
        store.append(
            SessionId(id),
            [(SessionCreated(cwd=folder, version="test"), 0), (TurnStarted(prompt=title), 1)],
            now - 29 * DAY,
        )
    for back in reversed(range(30)):
        if back % 7 in (2, 3):
            continue
        served = (OWN, GATEWAY, CREDITS, HAIKU, LOCAL)
        for number in range(1 + (back * 5) % 4):
            chosen = served[(back + number) % len(served)]
            tokens = 4_000 * (1 + (back * 7 + number * 3) % 9)
            nano = 0 if chosen is LOCAL else exact(tokens)
            if chosen is GATEWAY and back in (1, 8):
                nano = None
            store.append(
                SessionId(sessions[(back + number) % 3][0]),
                [(one, 1) for one in request(f"r_{back}_{number}", chosen, tokens, nano)],
                now - back * DAY + dt.timedelta(minutes=number),
            )
    for id, _, _ in sessions:
        store.append(SessionId(id), [(TurnFinished(stop="end"), 1)], now)


def answering(seen: Seen, path: Path) -> list[AnyCommand]:
    """Let the hand-fed console's engine answer from a store; what it was asked of it."""
    asked: list[AnyCommand] = []
    before = seen.bridge.send

    def send(command: AnyCommand) -> asyncio.Future[AnyReply]:
        if isinstance(command, AskUsage | AskReceipts):
            asked.append(command)
            done: asyncio.Future[AnyReply] = asyncio.get_running_loop().create_future()
            if isinstance(command, AskUsage):
                done.set_result(Spending(table=read_usage(path, command.by, command.part)))
            else:
                done.set_result(Receipts(receipts=read_receipts(path, command.part)))
            return done
        return before(command)

    seen.bridge.send = send
    return asked


@cache
def month() -> bytes:
    """The store after that month, made once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spent.db"
        store = Store(path)
        spend(store)
        store.close()
        return path.read_bytes()


@asynccontextmanager
async def spent(
    folder: Path, *, empty: bool = False, size: tuple[int, int] = (80, 24), **fields: Any
) -> AsyncIterator[Seen]:
    """A console without an engine beside a store in which a month of work was paid."""
    path = folder / "spent.db"
    if not empty:
        path.write_bytes(month())
    store = Store(path)
    async with hand_fed(folder, size=size, **fields) as seen:
        seen.asked = answering(seen, path)  # pyright: ignore[reportAttributeAccessIssue]
        seen.store = store  # pyright: ignore[reportAttributeAccessIssue]
        yield seen
    store.close()
