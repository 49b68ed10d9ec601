"""Routes as the objects of contract.md, and the what-ifs that are asked for as JSON lines."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, cast

import msgspec

from tui.errors import KINDS
from tui.routing.connections import Connection, ConnectionKind
from tui.routing.policy import Failure, Next, Refused, Route, Situation, decide, then
from tui.routing.table import Plan, Run


class BadLine(Exception):
    """The line asks nothing that can be answered; the message says why."""


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: ConnectionKind
    provider: str | None = None
    models: tuple[str, ...] | None = None
    balance: Any = None
    default: bool = False
    pinned: bool = False


class _Settings(msgspec.Struct, frozen=True, kw_only=True):
    credit_fallback: bool | None = None


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """A line of routes/README.md; None is what the line leaves open."""

    model: str
    plan: Plan | None = None
    org_size: Annotated[int, msgspec.Meta(ge=1)] | None = None
    run: Run | None = None
    connections: tuple[_Place, ...] | None = None
    settings: _Settings | None = None
    fails: str | None = None
    attempts_left: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question: a situation, and the failure that is asked about, if one is."""

    situation: Situation
    failure: Failure | None = None


def read_case(line: bytes) -> Asked:
    """The question that a line asks. Raises BadLine.

    What it leaves open is as for a person alone: plan `personal`, one person, a local run, no
    connections, credit fallback off. A balance that is no finite number is not known.
    """
    try:
        case = msgspec.json.decode(line, type=_Case)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadLine(f"the line is no case: {said}") from error
    if case.fails is not None and case.fails not in KINDS:
        raise BadLine(f"the line is no case: `fails` is one of {', '.join(KINDS)}")
    situation = Situation(
        model=case.model,
        plan=case.plan or "personal",
        org_size=case.org_size or 1,
        run=case.run or "local",
        connections=tuple(_connection(place) for place in case.connections or ()),
        credit_fallback=bool(case.settings and case.settings.credit_fallback),
    )
    failure = case.fails and Failure(kind=case.fails, tries_left=case.attempts_left or 0)
    return Asked(situation=situation, failure=failure or None)


def _connection(place: _Place) -> Connection:
    return Connection(
        id=place.id,
        kind=place.kind,
        label=place.id,
        provider=place.provider or place.id,
        # An own key serves every model of its provider, whatever list stands beside it.
        models=() if place.kind == "own_key" else place.models or (),
        default=place.default,
        pinned=place.pinned,
        balance=_balance(place.balance),
    )


def _balance(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        balance = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return balance if balance.is_finite() else None


def answer(asked: Asked) -> dict[str, Any]:
    """What the rules say, as contract.md has it."""
    route = decide(asked.situation)
    fields = route_object(asked.situation, route)
    if asked.failure is not None:
        fields["then"] = next_object(then(route, asked.failure))
    return fields


def route_object(situation: Situation, route: Route | Refused) -> dict[str, Any]:
    """The fields of `ownkey route --json`."""
    refused = isinstance(route, Refused)
    connection = None if refused or route.connection is None else route.connection.id
    return {
        "model": situation.model,
        "run": situation.run,
        "plan": situation.plan,
        "connection": connection,
        "payer": None if refused else route.payer,
        "platform_credits": not refused and route.platform_credits,
        "credits": not refused and route.payer == "credits",
        "why": f"{route.why}. {route.hint}" if refused else route.why,
        "refused": route.reason if refused else None,
    }


def next_object(step: Next) -> dict[str, Any]:
    """The field `then`."""
    return {"action": step.action, "payer": step.payer, "why": step.why}


def bad_line(why: str, line: bytes) -> dict[str, Any]:
    """The answer to a line that asks nothing: `error` says why, and nothing would be sent."""
    return {
        "model": _model_of(line), "run": None, "plan": None, "connection": None, "payer": None,
        "platform_credits": False, "credits": False, "why": why, "refused": "no_route",
        "error": why,
    }  # fmt: skip


def _model_of(line: bytes) -> str | None:
    """The model that a bad line names, so that it is found again."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    named = cast("dict[str, object]", value).get("model") if isinstance(value, dict) else None
    return named if isinstance(named, str) else None
