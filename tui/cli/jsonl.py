"""Events as the objects of contract.md, `ownkey run --json`: one a line."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tui.events.codec import AnyEvent
from tui.events.money import IN_CREDITS, ChargeRecorded, UsageReported
from tui.events.route import FallbackTaken, RouteDecided
from tui.events.stream import TextStreamed, ThinkingStreamed
from tui.events.tool import ApprovalDecided, ServerToolUsed, ToolCalled, ToolReturned
from tui.events.turn import ErrorRaised, RetryScheduled, TurnFinished
from tui.money import usd_string
from tui.store.usage_export import line_object, rfc3339


def contract_object(event: AnyEvent) -> dict[str, Any] | None:
    """The event's own fields as the contract names them; None for what it does not show."""
    match event:
        case TextStreamed() | ThinkingStreamed():
            kind = "text" if isinstance(event, TextStreamed) else "thinking"
            return {"type": kind, "request": event.request, "delta": event.delta}
        case RouteDecided() | FallbackTaken():
            return _route(event)
        case ToolCalled() | ToolReturned() | ApprovalDecided() | ServerToolUsed():
            return _tool(event)
        case UsageReported() | ChargeRecorded():
            return _money(event)
        case ErrorRaised() | RetryScheduled() | TurnFinished():
            return _end(event)
        case _:
            return None


def stamped(fields: dict[str, Any], *, at: dt.datetime, session: str, turn: int) -> dict[str, Any]:
    """The object with what every one has: type first, then when and where."""
    head = {"type": fields["type"], "at": rfc3339(at), "session": session, "turn": turn}
    return head | fields


def _route(event: RouteDecided | FallbackTaken) -> dict[str, Any]:
    if isinstance(event, FallbackTaken):
        return {
            "type": "fallback", "request": event.request,
            "from": event.source, "to": event.target, "why": event.why,
        } | _target(event)  # fmt: skip
    return {
        "type": "route",
        "request": event.request,
        "model": event.model,
        "connection": event.connection,
        "payer": event.payer,
        "why": event.why,
        "estimate_usd": None if event.estimate_nano is None else usd_string(event.estimate_nano),
    }


def _target(event: FallbackTaken) -> dict[str, Any]:
    """What is asked for there, who pays, and a forecast, where the event knows."""
    if event.payer is None:
        return {}
    return {
        "model": event.model, "payer": event.payer,
        "estimate_usd": None if event.nano is None else usd_string(event.nano),
    }  # fmt: skip


def _tool(event: ToolCalled | ToolReturned | ApprovalDecided | ServerToolUsed) -> dict[str, Any]:
    match event:
        case ToolCalled():
            called: dict[str, Any] = {
                "type": "tool_call", "request": event.request, "id": event.id,
                "name": event.name, "args": event.args,
            }  # fmt: skip
            return called if event.args is not None else called | {"raw": event.raw or ""}
        case ToolReturned():
            from tui.text import neutralise

            return {
                "type": "tool_result", "call": event.call, "ok": event.ok,
                "output": neutralise(event.output), "truncated": event.truncated,
            }  # fmt: skip
        case ApprovalDecided():
            return {
                "type": "approval", "call": event.call, "decision": event.decision,
                "by": event.by, "rule": event.rule,
            }  # fmt: skip
        case ServerToolUsed():
            return {
                "type": "server_tool", "request": event.request, "name": event.name, "id": event.id,
            }  # fmt: skip


def _money(event: UsageReported | ChargeRecorded) -> dict[str, Any]:
    if isinstance(event, UsageReported):
        return {
            "type": "usage", "request": event.request, "input": event.input,
            "output": event.output, "cache_read": event.cache_read,
            "cache_write": event.cache_write, "reasoning": event.reasoning, "raw": event.raw,
        }  # fmt: skip
    return {
        "type": "charge",
        "request": event.request,
        "payer": event.payer,
        "usd": None if event.nano is None else usd_string(event.nano),
        "credits": event.credits if event.payer in IN_CREDITS else "0",
        "lines": [line_object(line) for line in event.lines],
        "priced_by": event.priced_by,
    }


def _end(event: ErrorRaised | RetryScheduled | TurnFinished) -> dict[str, Any]:
    match event:
        case ErrorRaised():
            return {
                "type": "error", "request": event.request, "kind": event.kind,
                "message": event.message, "hint": event.hint, "retry_after": event.retry_after,
                "provider_request_id": event.provider_request_id,
            }  # fmt: skip
        case RetryScheduled():
            return {
                "type": "retry", "request": event.request, "attempt": event.attempt,
                "after": event.after, "why": event.why,
            }  # fmt: skip
        case TurnFinished():
            known = event.nano is not None and not event.unknown
            return {
                "type": "done", "stop": event.stop,
                "usd": usd_string(event.nano or 0) if known else None,
                "credits": event.credits,
            }  # fmt: skip
