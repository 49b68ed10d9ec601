"""`ownkey price`: what a request cost, by the usage object that standard input holds."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from tui.billing.receipt import PriceRequest, Receipt, price
from tui.catalog.models import split_id
from tui.catalog.own_prices import OwnPrices
from tui.catalog.prices import PriceBook
from tui.cli.output import print_json, print_text, say
from tui.cli.values import takes
from tui.errors import UsageError
from tui.money import plain, show_usd, usd_string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.catalog.prices import Book


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question, and why it cannot be asked if it cannot."""

    provider: str = ""
    model: str = ""
    request: PriceRequest | None = None
    problem: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `ownkey price` (contract.md)."""
    model = parser.add_argument(
        "model", metavar="MODEL", nargs="?", help="provider/model, as in `models`"
    )
    takes(model, "models")
    provider = parser.add_argument(
        "--provider", metavar="P", help="who serves it; MODEL is then its own id"
    )
    takes(provider, "providers")
    parser.add_argument("--at", metavar="TIME", help="when the request was made (RFC 3339)")
    prices = parser.add_argument(
        "--prices", metavar="FILE", type=Path, help="own prices, laid on top"
    )
    takes(prices, "files")
    parser.add_argument("--json", action="store_true", help="print an object")
    parser.add_argument("--batch", action="store_true", help="requests as JSON lines, in order")


def run(args: argparse.Namespace) -> int:
    """Price what standard input holds. A price that is not known is an answer, not a failure."""
    book = _book(args.prices)
    if args.batch:
        for line in sys.stdin.buffer:
            asked = _from_line(line)
            print_json(_answer(asked, _receipt(asked, book)))
        return 0
    if args.model is None:
        raise UsageError("which model?", hint="ownkey price MODEL < usage.json, or --batch.")
    asked = _from_input(sys.stdin.buffer.read(), args)
    receipt = _receipt(asked, book)
    if args.json:
        print_json(_answer(asked, receipt))
    else:
        _show(asked, receipt)
    return 0 if asked.request is not None else 1


def _book(path: Path | None) -> Book:
    if path is None:
        return PriceBook()
    own = OwnPrices.read(path)
    if own.problem is not None:
        say(f"ownkey: your price file does not count: {own.problem}")
    return PriceBook(own)


def _from_line(line: bytes) -> _Asked:
    value, problem = _decode(line)
    if problem or not isinstance(value, dict):
        return _Asked(problem=problem or "the line is no object")
    fields = cast("dict[str, Any]", value)
    provider, model = fields.get("provider"), fields.get("model")
    if not isinstance(model, str) or not isinstance(provider, str | None):
        return _Asked(problem="a line needs `model`, and `provider` as text")
    if provider is None:
        provider, model = split_id(model)
    return _asked(provider, model, fields.get("at"), fields.get("usage"), fields.get("context"))


def _from_input(data: bytes, args: argparse.Namespace) -> _Asked:
    provider, model = (
        (args.provider, args.model) if args.provider is not None else split_id(args.model)
    )
    value, problem = _decode(data)
    if problem:
        return _Asked(provider=provider, model=model, problem=problem)
    if isinstance(value, dict) and "usage" in value:
        given = cast("dict[str, Any]", value)
        context = {name: one for name, one in given.items() if name != "usage"}
        return _asked(provider, model, args.at, given["usage"], context)
    return _asked(provider, model, args.at, cast(object, value), None)


def _asked(provider: str, model: str, at: object, usage: object, context: object) -> _Asked:
    when, problem = _time(at)
    if not isinstance(usage, dict | None):
        problem = problem or "usage is no object"
    if not isinstance(context, dict | None):
        problem = problem or "context is no object"
    if problem or when is None:
        return _Asked(provider=provider, model=model, problem=problem)
    request = PriceRequest(
        provider=provider,
        model=model,
        at=when,
        usage=cast("dict[str, Any] | None", usage),
        context=cast("dict[str, Any]", context or {}),
    )
    return _Asked(provider=provider, model=model, request=request)


def _time(at: object) -> tuple[datetime | None, str]:
    if at is None:
        return datetime.now(UTC), ""
    try:
        when = datetime.fromisoformat(at) if isinstance(at, str) else None
    except ValueError:
        when = None
    if when is None:
        return None, "at is no time"
    return (when if when.tzinfo else when.replace(tzinfo=UTC)), ""


def _decode(data: bytes) -> tuple[object, str]:
    """A JSON value, fractions as exact decimals; or why it is none."""
    try:
        return msgspec.json.Decoder(float_hook=Decimal).decode(data), ""
    except (msgspec.MsgspecError, UnicodeDecodeError, ArithmeticError, ValueError) as error:
        return None, f"not JSON: {error}"
    except RecursionError:
        return None, "not JSON: nested too deeply"


def _receipt(asked: _Asked, book: Book) -> Receipt:
    if asked.request is None:
        return Receipt(total=None, unpriced=(asked.problem,))
    return price(asked.request, book)


def _answer(asked: _Asked, receipt: Receipt) -> Mapping[str, Any]:
    return {
        "model": asked.model,
        "provider": asked.provider,
        "usd": None if receipt.total is None else usd_string(receipt.total),
        "lines": [
            {
                "what": line.what,
                "quantity": int(line.quantity),
                "unit_usd": None if line.unit_usd is None else plain(line.unit_usd),
                "usd": None if line.usd is None else plain(line.usd),
            }
            for line in receipt.lines
        ],
        "unpriced": list(receipt.unpriced),
        "priced_by": receipt.priced_by,
    }


def _show(asked: _Asked, receipt: Receipt) -> None:
    print_text(f"{asked.provider}/{asked.model}  {show_usd(receipt.total)}")
    for line in receipt.lines:
        unit = "?" if line.unit_usd is None else f"${plain(line.unit_usd)}"
        usd = "?" if line.usd is None else f"${plain(line.usd)}"
        print_text(f"  {line.what:<18} {int(line.quantity):>12,} x {unit} = {usd}")
    for reason in receipt.unpriced:
        print_text(f"  not known: {reason}")
    if receipt.priced_by:
        print_text(f"  by {receipt.priced_by}")
