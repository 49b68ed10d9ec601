"""`ownkey models`: every model that can be picked, who serves it, who pays."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path
from typing import Any

from tui.session.commands import ListModels
from tui.session.replies import ModelRow, Models


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Offline: the shipped catalogue, and what the makers told when a key was checked."""
    from tui.cli.output import print_json, print_row

    rows = asyncio.run(_rows())
    if args.json:
        print_json([_object(row) for row in rows])
        return 0
    for row in rows:
        price = f"{row.input_usd or '?'} / {row.output_usd or '?'}"
        who = row.label if row.payer is not None else "no key" if row.provider != "local" else "-"
        mark = "key" if row.key else " ◆ " if row.payer == "credits" else "   "
        if row.auto:
            price = "always credits"
        print_row(f"{mark}  {row.id:<44} {who:<16} {price:>16}")
    return 0


async def _rows() -> tuple[ModelRow, ...]:
    from tui.runtime import Runtime

    runtime = Runtime(dict(os.environ), notify=lambda notice: None)
    async with runtime:
        await runtime.desk.load_prices()
        answer = await runtime.desk.answer(ListModels(folder=str(Path.cwd())))
    assert isinstance(answer, Models)
    return answer.models


def _object(row: ModelRow) -> dict[str, Any]:
    known = row.input_usd is not None or row.output_usd is not None
    prices = {"input": row.input_usd, "output": row.output_usd, "cache_read": row.cache_read_usd}
    return {
        "id": row.id, "name": row.name, "provider": row.provider, "connection": row.connection,
        "payer": row.payer, "key": row.key, "label": row.label, "auto": row.auto,
        "refused": row.refused, "context": row.context, "max_output": row.max_output,
        "efforts": list(row.efforts), "prices": prices if known else None,
    }  # fmt: skip
