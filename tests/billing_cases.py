"""The priced requests of tests/data/billing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tui.billing.receipt import PriceRequest

FILE = Path(__file__).parent / "data" / "billing" / "cases.json"

Case = dict[str, Any]


def cases() -> list[Case]:
    return json.loads(FILE.read_text(encoding="utf-8"))["cases"]


def steps(case: Case) -> list[Case]:
    """A turn's requests, or the one request that the case is."""
    return case.get("steps") or [case]


def all_requests() -> Iterator[tuple[str, Case]]:
    for case in cases():
        for number, step in enumerate(steps(case)):
            yield f"{case['id']}.{number}" if "steps" in case else case["id"], step


def request_of(step: Case) -> PriceRequest:
    return PriceRequest(
        provider=step["provider"],
        model=step["model"],
        at=datetime.fromisoformat(step["at"]),
        usage=step["usage"],
        context=step.get("context") or {},
    )


def nano(text: str | None) -> int | None:
    return None if text is None else int(Decimal(text).scaleb(9))
