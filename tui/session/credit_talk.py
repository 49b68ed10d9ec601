"""What is asked, answered and told of credit services; parts of the unions in `commands` and
`replies`. All words of services in here are hostile.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from tui.secret import Secret
from tui.session.bases import Command, Notice, Reply


class ListCredits(Command, tag="list_credits", frozen=True, kw_only=True):
    """Credit services and what keys and endpoints have left; `look`: ask them now. → Credits"""

    look: bool = False


class AddCredits(Command, tag="add_credits", frozen=True, kw_only=True):
    """Try a credit service and keep it with its key where it answers. → CreditAnswer

    Args:
        adapter: Of `tui.credits.known`.
        name: The person's word; the adapter's where empty.
        url: The address where everybody has one of their own.
        usd_per_credit: As it is typed; empty: the service's own.
        replace: It may take the place of one of its name.
        agreed: To an address that wants a person's yes.
    """

    adapter: str
    name: str = ""
    url: str = ""
    usd_per_credit: str = ""
    pasted: Secret = Secret("")
    replace: bool = False
    agreed: bool = False


class ChangeCredits(Command, tag="change_credits", frozen=True, kw_only=True):
    """Test it, switch it on or off, remove it, or take the last removal back. → CreditAnswer"""

    action: Literal["test", "enable", "disable", "remove", "undo"]
    name: str = ""


class CreditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One credit service.

    Args:
        kind: The adapter's name for people.
        credits, usd: What is left, decimal strings; None: not known.
        endless: It says that there is no limit.
        rate: Dollars per credit; None: it has no unit.
        own_rate: The person's word for it; empty: none was said.
        as_of: When the balance was told; None: never, or it is our own ledger's.
        trouble: Why the last question was not answered; empty: it was.
        why_not: Why it cannot serve now; empty: it can, where it is not switched off.
        enabled: It is not.
        advice: What helps where it does not tell what is left.
        retention: What it states of what is sent; empty: not stated.
    """

    name: str
    adapter: str
    kind: str
    url: str
    credits: str | None = None
    usd: str | None = None
    endless: bool = False
    rate: str | None = None
    own_rate: str = ""
    as_of: dt.datetime | None = None
    trouble: str = ""
    why_not: str = ""
    enabled: bool = True
    advice: str = ""
    top_up: str = ""
    retention: str = ""
    fingerprint: str = ""
    backend: str = ""
    models: int = 0
    autos: tuple[str, ...] = ()
    state: Literal["verified", "refused", "unreachable", "unchecked"] = "unchecked"
    checked_at: dt.datetime | None = None
    error_kind: str | None = None


class LeftRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the account behind a key or an endpoint has left, where the other side tells.

    Args:
        connection: Id of the key, name of the endpoint.
        amount: Decimal string in `currency`; None: not told.
        limit: That it is left of, where one is told.
        why_not: Why there is no amount: `not told by Anthropic`; empty where there is one.
    """

    connection: str
    label: str
    kind: Literal["own_key", "endpoint"]
    amount: str | None = None
    endless: bool = False
    currency: str = "USD"
    limit: str | None = None
    resets: str = ""
    as_of: dt.datetime | None = None
    why_not: str = ""
    top_up: str = ""


class Credits(Reply, tag="credits", frozen=True, kw_only=True):
    """All of it, with the plan that holds and whose word it is: a service's name, or "".

    Args:
        platform_rate: Platform credits per agent-hour, a decimal string; None: not known.
    """

    services: tuple[CreditRow, ...] = ()
    left: tuple[LeftRow, ...] = ()
    plan: str = "personal"
    plan_by: str = ""
    org_size: int = 1
    org_size_by: str = ""
    platform_rate: str | None = None
    platform_rate_by: str = ""
    warnings: tuple[str, ...] = ()


class CreditAnswer(Reply, tag="credit_answer", frozen=True, kw_only=True):
    """`error` is None when it was done; `asks`: why the address wants a person's yes."""

    state: str
    error: str | None = None
    message: str = ""
    hint: str = ""
    asks: str = ""
    url: str = ""
    row: CreditRow | None = None


class CreditsTold(Notice, tag="credits_told", frozen=True, kw_only=True):
    """What is left now at each service, as far as it was told."""

    services: tuple[CreditRow, ...]
