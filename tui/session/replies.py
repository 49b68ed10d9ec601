"""What the engine answers and tells: two closed unions, of replies and of notices."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from tui.billing.cost_report import DayDrift
from tui.events.base import SessionId
from tui.events.budget import Scope
from tui.session.bases import Notice, Reply
from tui.session.credit_talk import CreditAnswer, Credits, CreditsTold
from tui.store.spent import Receipt, UsageTable
from tui.store.summary import Summary


class Done(Reply, tag="done", frozen=True, kw_only=True):
    """`said`: of a prompt, what the log has of it, keys masked."""

    said: str | None = None


class SessionOpened(Reply, tag="session_opened", frozen=True, kw_only=True):
    """`driving` is false while another process drives the session: it can be followed only."""

    session: SessionId
    driving: bool
    seq: int
    model: str | None
    plan: str = "personal"


class Forked(Reply, tag="forked", frozen=True, kw_only=True):
    session: SessionId


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One approval that was given for good, in the folder in which it holds."""

    rule: str
    folder: str
    added: dt.datetime | None = None  # None: not known


class Rules(Reply, tag="rules", frozen=True, kw_only=True):
    rules: tuple[RuleRow, ...]


class ServerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One MCP server; all its words are hostile.

    Args:
        what: Its command or address.
        state: `ready`, `starting`, `failed`, `ended`, `not started`, or `not used`: the folder
            asks for it and there was no yes.
        tools: As they are offered.
        trouble: Why it failed; empty: it did not.
        notes: What was cut or left out.
        sha256: Of a folder's: what a yes is bound to.
    """

    name: str
    what: str
    state: str
    tools: tuple[str, ...] = ()
    trouble: str = ""
    notes: tuple[str, ...] = ()
    sha256: str | None = None


class Servers(Reply, tag="servers", frozen=True, kw_only=True):
    """`problems`: what could not be read, in sentences."""

    servers: tuple[ServerRow, ...]
    problems: tuple[str, ...] = ()


class Sessions(Reply, tag="sessions", frozen=True, kw_only=True):
    sessions: tuple[Summary, ...]


class Spending(Reply, tag="spending", frozen=True, kw_only=True):
    table: UsageTable


class Receipts(Reply, tag="receipts", frozen=True, kw_only=True):
    receipts: tuple[Receipt, ...]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What one account's provider tells of what was spent there; its words are hostile.

    Args:
        provider: `anthropic`, `openai`, or `openrouter`.
        name, fingerprint: Of the admin key, or the endpoint's name.
        days: The latest first; see `tui.billing.cost_report`.
        by_request: It is asked request by request: other people's spending is not in it.
        unasked: Requests that were too many to ask for.
        untold: Requests that it told nothing of.
        trouble, hint: Why it told nothing; empty: it did.
    """

    provider: str
    name: str
    fingerprint: str = ""
    days: tuple[DayDrift, ...] = ()
    by_request: bool = False
    unasked: int = 0
    untold: int = 0
    trouble: str = ""
    hint: str = ""


class Reconciled(Reply, tag="reconciled", frozen=True, kw_only=True):
    """`cut`: more was asked for than reports go back."""

    since: dt.datetime
    until: dt.datetime
    accounts: tuple[Account, ...]
    cut: bool = False


class PriceStep(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of a request whose prompt has more tokens than `above`, as in `ModelRow`."""

    above: int
    input_usd: str | None = None
    output_usd: str | None = None
    cache_read_usd: str | None = None
    cache_write_usd: str | None = None


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model that can be picked (contract.md, `models`); prices in dollars per million.

    They are those of a short prompt; `steps` has those of longer ones, the shortest first. No
    price of a cache's writing: what is written costs as input does.
    """

    id: str
    name: str
    provider: str
    connection: str | None
    payer: str | None
    key: bool
    label: str
    auto: bool = False
    means: str = ""  # of an Auto model: what it is there
    left: str = ""  # on credits: what is left there, in a few words
    refused: str | None = None
    context: int | None = None
    max_output: int | None = None
    efforts: tuple[str, ...] = ()
    image: bool | None = None  # whether it takes pictures, PDFs; None: nobody says
    pdf: bool | None = None
    input_usd: str | None = None
    output_usd: str | None = None
    cache_read_usd: str | None = None
    cache_write_usd: str | None = None
    steps: tuple[PriceStep, ...] = ()


class BudgetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One budget, in nano-dollars.

    Args:
        subject: Of a key its label, of a folder its path; else empty.
        used: With open requests and those of unknown cost at their most.
        unknown: So much of it nobody can say for sure.
        held: So much of it open requests may still cost.
        resets: When it begins anew; None: not by the clock.
    """

    scope: Scope
    subject: str
    limit: int
    used: int
    unknown: int = 0
    held: int = 0
    resets: dt.datetime | None = None


class Budgets(Reply, tag="budgets", frozen=True, kw_only=True):
    budgets: tuple[BudgetRow, ...] = ()


class Marks(Reply, tag="marks", frozen=True, kw_only=True):
    """Ids of models: favourites in the order in which they were marked, the last used first."""

    favourites: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()


class Models(Reply, tag="models", frozen=True, kw_only=True):
    models: tuple[ModelRow, ...]


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One key (contract.md, `keys list`)."""

    id: str
    provider: str
    label: str
    fingerprint: str
    source: Literal["stored", "environment"]
    used: bool
    default: bool
    base_url: str
    backend: str
    checked_at: dt.datetime | None = None
    state: Literal["verified", "refused", "unreachable", "unchecked"] = "unchecked"
    error_kind: str | None = None
    enabled: bool = True
    pinned: bool = False  # to the folder that was asked for
    admin: bool = False


NOWHERE = "nowhere yet"
"""Names the place of keys while there is none."""


class Keys(Reply, tag="keys", frozen=True, kw_only=True):
    """`store` names where keys lie; `trouble` says why they cannot be kept there now.

    `locked`: what it wants is the vault's passphrase. `vault`: there is an encrypted file.
    """

    keys: tuple[KeyRow, ...]
    store: str
    trouble: str | None = None
    locked: bool = False
    vault: bool = False


class KeyAnswer(Reply, tag="key_answer", frozen=True, kw_only=True):
    """`error` is None when it was done; `models` counts what the key reaches."""

    state: str
    error: str | None = None
    message: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    models: int = 0
    backend: str = ""
    row: KeyRow | None = None


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint; its words are hostile.

    Args:
        payer: `endpoint`, or `nobody`: a local server.
        fingerprint, backend: Of its key; empty where it has none.
        models: What is offered, as they are picked.
        why_not: Why it cannot serve now; empty: it can.
        state: What the last test said.
    """

    name: str
    url: str
    known: str
    payer: Literal["endpoint", "nobody"]
    fingerprint: str = ""
    backend: str = ""
    models: tuple[str, ...] = ()
    enabled: bool = True
    why_not: str = ""
    price_source: str = "stated"
    state: Literal["verified", "refused", "unreachable", "unchecked"] = "unchecked"
    checked_at: dt.datetime | None = None
    error_kind: str | None = None


class FoundEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A local server that answers on this machine and is not used."""

    known: str
    name: str
    url: str
    models: tuple[str, ...]


class ListedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that an endpoint lists."""

    id: str
    name: str = ""
    context: int | None = None


class Endpoints(Reply, tag="endpoints", frozen=True, kw_only=True):
    endpoints: tuple[EndpointRow, ...]
    found: tuple[FoundEndpoint, ...] = ()
    warnings: tuple[str, ...] = ()


class EndpointAnswer(Reply, tag="endpoint_answer", frozen=True, kw_only=True):
    """`error` is None when it was done; `models`: what the endpoint lists.

    `asks`: the address wants a person's yes, and this is why. `url`: as it is used.
    """

    state: str
    error: str | None = None
    message: str = ""
    hint: str = ""
    asks: str = ""
    url: str = ""
    models: tuple[ListedModel, ...] = ()
    row: EndpointRow | None = None


AnyReply = (
    Budgets | Done | SessionOpened | Forked | Rules | Servers | Sessions | Spending | Receipts
    | Reconciled | Models | Marks | Keys | KeyAnswer | Endpoints | EndpointAnswer | Credits
    | CreditAnswer
)  # fmt: skip


class KeysChanged(Notice, tag="keys_changed", frozen=True, kw_only=True):
    pass


class ModelsChanged(Notice, tag="models_changed", frozen=True, kw_only=True):
    pass


class LocalProgress(Notice, tag="local_progress", frozen=True, kw_only=True):
    done_bytes: int
    total_bytes: int
    finished: bool = False
    error: str | None = None


class SpentToday(Notice, tag="spent_today", frozen=True, kw_only=True):
    """Known charges of all sessions since midnight UTC; `unknown` counts the others."""

    nano: int
    unknown: int


class Trouble(Notice, tag="trouble", frozen=True, kw_only=True):
    """Something failed outside any session."""

    message: str
    hint: str


class Remark(Notice, tag="remark", frozen=True, kw_only=True):
    """Something that the person has to know and that stops nothing."""

    message: str
    hint: str


class DriverGone(Notice, tag="driver_gone", frozen=True, kw_only=True):
    """Nobody drives a session any more that is followed here: it can be taken over."""

    session: SessionId


AnyNotice = (
    KeysChanged | ModelsChanged | LocalProgress | SpentToday | CreditsTold | Trouble | Remark
    | DriverGone
)  # fmt: skip
