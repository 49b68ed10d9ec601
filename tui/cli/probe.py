"""`ownkey probe`: try an endpoint, see what it sends; nothing is stored."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.events.codec import AnyEvent
    from tui.runtime.probe import Probe
    from tui.secret import Secret

APIS = ("anthropic", "openai-chat", "openai-responses", "google", "bedrock")
AT_ONCE = 4


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--api", choices=APIS)
    parser.add_argument("--base-url", metavar="URL")
    parser.add_argument("--model", metavar="M")
    parser.add_argument("--vendor", metavar="V", help="the compatible vendor that speaks")
    parser.add_argument("--prompt", metavar="P", default="Say hello.")
    parser.add_argument("--no-stream", action="store_true")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--batch", action="store_true", help="requests as JSON lines on stdin")
    parser.epilog = "The key is read from OWNKEY_PROBE_KEY."


def run(args: argparse.Namespace) -> int:
    """0 done, 1 the request failed, 2 wrong usage (before any connection)."""
    if args.batch:
        return asyncio.run(_batch(sys.stdin.buffer.read().decode("utf-8", "replace")))
    probe = _probe(vars(args))
    return asyncio.run(_one(probe, None, as_json=args.json))


def _probe(fields: dict[str, Any]) -> Probe:
    from tui.address import check_address
    from tui.runtime.probe import Probe

    api, base_url, model = fields.get("api"), fields.get("base_url"), fields.get("model")
    if not (isinstance(api, str) and isinstance(base_url, str) and isinstance(model, str)):
        raise UsageError("--api, --base-url and --model are needed")
    if api == "bedrock":
        raise UsageError("Bedrock is not served by this version of ownkey")
    if api not in APIS:
        raise UsageError(f"no API is called {api!r}", hint=f"One of {', '.join(APIS[:4])}.")
    verdict = check_address(base_url)
    if verdict.verdict == "reject" or verdict.normalised is None:
        raise UsageError(f"this address is refused: {verdict.why}")
    if verdict.verdict == "confirm":
        raise UsageError(
            f"this address needs your yes: {verdict.why}",
            hint="Use https, or an address on this machine.",
        )
    return Probe(
        api=api,  # pyright: ignore[reportArgumentType] - checked against APIS
        base_url=verdict.normalised,
        model=model,
        vendor=fields.get("vendor"),
        prompt=str(fields.get("prompt") or "Say hello."),
        no_stream=bool(fields.get("no_stream")),
    )


def _secret() -> Secret | None:
    from tui.secret import Secret

    value = os.environ.get("OWNKEY_PROBE_KEY")
    return Secret(value) if value else None


async def _one(probe: Probe, case: str | None, *, as_json: bool) -> int:
    from tui.runtime.probe import run_probe

    def record(event: AnyEvent) -> None:
        if as_json or case is not None:
            _print_json(event, case)
        else:
            _print_text(event)

    return await run_probe(probe, _secret(), environ=dict(os.environ), record=record)


async def _batch(text: str) -> int:
    limit = asyncio.Semaphore(AT_ONCE)

    async def guarded(number: int, line: str) -> int:
        case: str | None = None
        async with limit:
            try:
                fields = json.loads(line)
                if not isinstance(fields, dict):
                    raise UsageError("not a JSON object")
                case = str(fields.get("case", number))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
                return await _one(_probe(fields), case, as_json=True)  # pyright: ignore[reportUnknownArgumentType]
            except (ValueError, UsageError) as error:
                _print_refused(str(error), case or str(number))
                return 2

    lines = [line for line in text.splitlines() if line.strip()]
    statuses = await asyncio.gather(*(guarded(n, line) for n, line in enumerate(lines)))
    return max(statuses, default=0)


def _print_json(event: AnyEvent, case: str | None) -> None:
    from tui.cli.jsonl import contract_object, stamped
    from tui.cli.output import print_json

    fields = contract_object(event)
    if fields is not None:
        whole = stamped(fields, at=dt.datetime.now(dt.UTC), session="probe", turn=1)
        print_json(whole if case is None else {"case": case} | whole)


def _print_refused(message: str, case: str) -> None:
    from tui.cli.jsonl import stamped
    from tui.cli.output import print_json

    now = dt.datetime.now(dt.UTC)
    error = {"type": "error", "request": None, "kind": "bad_request", "message": message,
             "hint": "", "retry_after": None, "provider_request_id": None}  # fmt: skip
    done = {"type": "done", "stop": "error", "usd": "0.000000000", "credits": "0"}
    for fields in (error, done):
        print_json({"case": case} | stamped(fields, at=now, session="probe", turn=1))


def _print_text(event: AnyEvent) -> None:
    from tui.cli.output import say, write_text
    from tui.errors import headline
    from tui.events.money import ChargeRecorded, UsageReported
    from tui.events.stream import TextStreamed
    from tui.events.tool import ToolCalled
    from tui.events.turn import ErrorRaised, TurnFinished
    from tui.money import show_usd

    match event:
        case TextStreamed():
            write_text(event.delta)
        case ToolCalled():
            say(f"\ncalls {event.name} {event.args if event.args is not None else event.raw}")
        case UsageReported():
            say(f"\n{event.input} tokens in, {event.output} out")
        case ChargeRecorded():
            say(f"cost {show_usd(event.nano)}")
        case ErrorRaised():
            say(f"\nownkey: {event.kind}: {headline(event.message)}\n  {event.hint}")
        case TurnFinished():
            say(f"ended: {event.stop}")
        case _:
            pass
