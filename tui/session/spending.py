"""Answers what was spent, beside the thread that writes: no turn waits for a sum."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tui.session.commands import AskReceipts, AskUsage
from tui.session.replies import Receipts, Spending


async def answer_spending(store: Path, command: AskUsage | AskReceipts) -> Spending | Receipts:
    """Read it.

    Args:
        store: The store's file.
        command: What is asked.

    Raises:
        StoreError: it cannot be read.
    """
    from tui.store.usage import read_receipts, read_usage

    match command:
        case AskUsage():
            table = await asyncio.to_thread(read_usage, store, command.by, command.part)
            return Spending(table=table)
        case AskReceipts():
            receipts = await asyncio.to_thread(read_receipts, store, command.part)
            return Receipts(receipts=receipts)
