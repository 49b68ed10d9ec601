from __future__ import annotations

from decimal import Decimal

from tests.console_world import hand_fed
from tests.transcript_world import START
from tui.billing.cost_report import DayDrift
from tui.console.usage.reconciling import ReconcileScreen
from tui.errors import StoreError
from tui.session.commands import AskReceipts, AskUsage, Reconcile
from tui.session.replies import Account, Receipts, Reconciled, Spending
from tui.store.spent import UsageRow, UsageTable

DAYS = (
    DayDrift(day="2026-03-04", theirs=None, ours=5_000_000, partial=True),
    DayDrift(day="2026-03-03", theirs=1_240_000_000, ours=1_234_500_000, unknown=1,
             drift=Decimal("-0.4")),
)  # fmt: skip
FOUND = Reconciled(
    since=START, until=START,
    accounts=(
        Account(provider="anthropic", name="admin", fingerprint="AAqr", days=DAYS),
        Account(provider="openai", name="adm\x1b[2Jin", trouble="no \x1b]0;x\x07 key"),
    ),
)  # fmt: skip


async def opened(seen, answer):
    empty = UsageTable(rows=(), total=UsageRow(key="total"))
    seen.bridge.answers |= {
        AskUsage: Spending(table=empty), AskReceipts: Receipts(receipts=()), Reconcile: answer
    }  # fmt: skip
    await seen.press("f4", "r")
    await seen.app.workers.wait_for_complete()
    await seen.settle()
    assert isinstance(seen.app.screen, ReconcileScreen)


async def test_what_the_providers_tell_stands_beside_our_sums(tmp_path):
    async with hand_fed(tmp_path, size=(132, 42)) as seen:
        await opened(seen, FOUND)
        assert "$1.2400   $1.2345 + ?   -0.4 %" in seen.row_of("2026-03-03")
        assert "not told" in seen.row_of("2026-03-04")
        assert "by the admin key admin …AAqr" in seen.text()
        assert "what others spend on it" in " ".join(seen.text().split())
        assert "\x1b" not in seen.text()
        await seen.press("escape")
        assert not isinstance(seen.app.screen, ReconcileScreen)


async def test_an_engine_that_cannot_ask_says_why_and_is_asked_again(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await opened(seen, StoreError("the disk refuses", hint="Make room."))
        assert "the disk refuses" in seen.text()
        seen.bridge.answers[Reconcile] = FOUND
        await seen.press("r")
        await seen.app.workers.wait_for_complete()
        await seen.settle()
        assert "2026-03-03" in seen.text()
