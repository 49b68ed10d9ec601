"""What may be asked of the engine: a closed union; `tui.session.replies` is what it answers.

Commands go down, events come up. A command is answered once, by a reply or by an error; what it
sets going is told by events (of one session) and notices (of the engine).
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from tui.events.base import SessionId
from tui.events.session import Mode
from tui.events.turn import Attachment
from tui.secret import Secret
from tui.session.answering import (
    AnswerApproval,
    AnswerBudget,
    AnswerPayer,
    AnswerPerson,
    AnswerWayOut,
)
from tui.session.bases import Command
from tui.session.credit_talk import AddCredits, ChangeCredits, ListCredits
from tui.store.spent import Group, Slice

ToolSet = Literal["read", "all", "none"]
"""Which tools the model is told of."""


class OpenSession(Command, tag="open_session", frozen=True, kw_only=True):
    """Open a session by id, the `last` one of this folder, or a new one (None). → SessionOpened"""

    session: str | None = None
    cwd: str
    model: str | None = None


class StartTurn(Command, tag="start_turn", frozen=True, kw_only=True):
    """Send a prompt; while a turn runs it is queued. An empty one goes on after a break. → Done"""

    session: SessionId
    prompt: str
    attachments: tuple[Attachment, ...] = ()
    max_steps: int = 50
    tools: ToolSet = "all"
    max_tokens: int = 16_000
    asks: bool = True  # a person is there to answer approvals; else they are refused
    allow: tuple[str, ...] = ()  # rules that hold for this turn (`run --allow`)
    max_nano: int | None = None  # the turn stops before it costs more (`run --max-usd`)
    fallback: bool | None = None  # in place of the setting `credits.fallback` (`run --fallback`)
    steer: bool = False  # while a turn runs: before its next request, not behind its end


class Interrupt(Command, tag="interrupt", frozen=True, kw_only=True):
    """Stop the turn, its request and its tools. → Done"""

    session: SessionId


class RetryNow(Command, tag="retry_now", frozen=True, kw_only=True):
    """End the wait before the next try. → Done"""

    session: SessionId


class ChooseModel(Command, tag="choose_model", frozen=True, kw_only=True):
    """The model of what follows; a request that waits for its next try takes it at once. → Done"""

    session: SessionId
    model: str
    effort: str | None = None


class Unqueue(Command, tag="unqueue", frozen=True, kw_only=True):
    """Take a queued message back. → Done"""

    session: SessionId
    message: str


class EditQueued(Command, tag="edit_queued", frozen=True, kw_only=True):
    """Change a queued message in its place. → Done"""

    session: SessionId
    message: str
    text: str


class ListBudgets(Command, tag="list_budgets", frozen=True, kw_only=True):
    """The budgets that a session's next request counts against. → Budgets

    Without a session: those that are not of one.
    """

    session: SessionId | None = None


class ChooseMode(Command, tag="choose_mode", frozen=True, kw_only=True):
    """How freely the agent works in this session. → Done"""

    session: SessionId
    mode: Mode


class RunShell(Command, tag="run_shell", frozen=True, kw_only=True):
    """`!command` of the person's own: run in the folder, told to the model with the next prompt.

    → Done
    """

    session: SessionId
    command: str


class Compact(Command, tag="compact", frozen=True, kw_only=True):
    """Put a summary in the place of the conversation so far. → Done"""

    session: SessionId


class RenameSession(Command, tag="rename_session", frozen=True, kw_only=True):
    """→ Done"""

    session: SessionId
    title: str


class ForkSession(Command, tag="fork_session", frozen=True, kw_only=True):
    """A new session that begins with a copy of this one up to an event (None: all). → Forked"""

    session: SessionId
    at: int | None = None


class RewindSession(Command, tag="rewind_session", frozen=True, kw_only=True):
    """Go back behind an event, with or without the session's own changes to files. → Done"""

    session: SessionId
    to: int
    files: bool


class DeleteSession(Command, tag="delete_session", frozen=True, kw_only=True):
    """Hide a session for 30 days, or bring it back. → Done"""

    session: SessionId
    undo: bool = False


class ListRules(Command, tag="list_rules", frozen=True, kw_only=True):
    """What approvals have been given for good. → Rules"""


class RemoveRule(Command, tag="remove_rule", frozen=True, kw_only=True):
    """Take one back, named as it is listed. → Rules"""

    rule: str
    folder: str


class ListServers(Command, tag="list_servers", frozen=True, kw_only=True):
    """The MCP servers of a folder as they are now; none is started by this. → Servers"""

    folder: str


class UseServers(Command, tag="use_servers", frozen=True, kw_only=True):
    """The yes to what a folder's `.mcp.json` is now, by its digest. → Servers"""

    folder: str
    sha256: str


class ListSessions(Command, tag="list_sessions", frozen=True, kw_only=True):
    """→ Sessions"""


class AskUsage(Command, tag="ask_usage", frozen=True, kw_only=True):
    """What was spent over all sessions: sums by `by` of what fits `part`. → Spending"""

    by: Group
    part: Slice


class AskReceipts(Command, tag="ask_receipts", frozen=True, kw_only=True):
    """The receipts that fit `part`, the latest first. → Receipts"""

    part: Slice


class Reconcile(Command, tag="reconcile", frozen=True, kw_only=True):
    """Ask the providers for their own word on what was spent. → Reconciled

    `since`: from the day of this moment on (UTC); None: as far back as they tell.
    """

    since: dt.datetime | None = None


class ListModels(Command, tag="list_models", frozen=True, kw_only=True):
    """→ Models. `folder`: whose pins say which key serves; an absolute path."""

    folder: str = ""


class ListMarks(Command, tag="list_marks", frozen=True, kw_only=True):
    """Favourites, and the models used last. → Marks"""


class MarkFavourite(Command, tag="mark_favourite", frozen=True, kw_only=True):
    """Make a model a favourite, or no longer one. → Marks"""

    model: str
    on: bool


class ListKeys(Command, tag="list_keys", frozen=True, kw_only=True):
    """→ Keys. `folder`: whose pins are told."""

    folder: str = ""


class AddKey(Command, tag="add_key", frozen=True, kw_only=True):
    """Check a pasted key and keep it. Crosses to the engine once, never logged. → KeyAnswer"""

    provider: str
    pasted: Secret
    label: str | None = None
    base_url: str | None = None
    replace: bool = False
    unchecked: bool = False  # keep it even though nobody could say whether it works


class UseFoundKey(Command, tag="use_found_key", frozen=True, kw_only=True):
    """The yes to a key found in the environment, by its variable. → KeyAnswer"""

    variable: str


class ChangeKey(Command, tag="change_key", frozen=True, kw_only=True):
    """Check it again, change what stands beside it, or take the last forgetting back. → KeyAnswer

    Args:
        label: Of the action `label`.
        folder: Of `pin` and `unpin`.
    """

    action: Literal[
        "check", "default", "forget", "undo", "label", "disable", "enable", "pin", "unpin"
    ]
    id: str = ""
    label: str = ""
    folder: str = ""


class CreateVault(Command, tag="create_vault", frozen=True, kw_only=True):
    """Consent to an encrypted file in place of the keyring, opened by a passphrase. → Done"""

    passphrase: Secret


class OpenVault(Command, tag="open_vault", frozen=True, kw_only=True):
    """Open the encrypted file for this run. → Done"""

    passphrase: Secret


class ListEndpoints(Command, tag="list_endpoints", frozen=True, kw_only=True):
    """Endpoints; `look`: and the local servers that answer on this machine now. → Endpoints"""

    look: bool = False


class EndpointChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A model to offer, as it is called there, and what it is picked by."""

    id: str
    alias: str = ""


class TryEndpoint(Command, tag="try_endpoint", frozen=True, kw_only=True):
    """Test an address before it is kept: nothing is stored. → EndpointAnswer

    Args:
        name: Of an endpoint whose key is tried where none is pasted and the host is the same.
    """

    url: str
    known: str = ""
    pasted: Secret = Secret("")
    name: str = ""
    agreed: bool = False  # to an address that wants a person's yes


class AddEndpoint(Command, tag="add_endpoint", frozen=True, kw_only=True):
    """Keep an endpoint with its key. → EndpointAnswer

    Args:
        models: Those that are offered; None keeps those of the one that it replaces.
        replaces: Name of the endpoint that it takes the place of; its key stays where none is
            pasted and the host is the same.
    """

    name: str
    url: str
    known: str = ""
    pasted: Secret = Secret("")
    models: tuple[EndpointChoice, ...] | None = None
    replaces: str = ""
    agreed: bool = False


class ChangeEndpoint(Command, tag="change_endpoint", frozen=True, kw_only=True):
    """Test it, switch it on or off, remove it, or take the last removal back. → EndpointAnswer"""

    action: Literal["test", "enable", "disable", "remove", "undo"]
    name: str = ""


class FetchLocalModel(Command, tag="fetch_local_model", frozen=True, kw_only=True):
    """Fetch the small model; told by `LocalProgress`. → Done"""


class Shutdown(Command, tag="shutdown", frozen=True, kw_only=True):
    """End in good order: turns are interrupted, everything is written. → Done"""


DeskCommand = (
    ListModels | ListMarks | MarkFavourite | ListKeys | AddKey | UseFoundKey | ChangeKey
    | CreateVault | OpenVault | FetchLocalModel | ListServers | UseServers | ListEndpoints
    | TryEndpoint | AddEndpoint | ChangeEndpoint | ListCredits | AddCredits | ChangeCredits
    | Reconcile
)  # fmt: skip
"""Commands about keys, endpoints, models and servers: outside any session."""

AnyCommand = (
    OpenSession
    | StartTurn
    | Interrupt
    | RetryNow
    | ChooseModel
    | Unqueue
    | EditQueued
    | AnswerApproval
    | AnswerPerson
    | AnswerBudget
    | AnswerWayOut
    | AnswerPayer
    | ListBudgets
    | ChooseMode
    | RunShell
    | Compact
    | RenameSession
    | ForkSession
    | RewindSession
    | DeleteSession
    | ListRules
    | RemoveRule
    | ListSessions
    | AskUsage
    | AskReceipts
    | DeskCommand
    | Shutdown
)
