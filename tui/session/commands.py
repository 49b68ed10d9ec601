"""What may be asked of the engine, and what it answers: two closed unions.

Commands go down, events come up. A command is answered once, by a reply or by an error; what it
sets going is told by events (of one session) and notices (of the engine).
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from tui.events.base import CallId, SessionId
from tui.events.turn import Attachment
from tui.secret import Secret
from tui.store.summary import Summary


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all commands."""


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
    tools: Literal["read", "none"] = "read"
    max_tokens: int = 16_000
    asks: bool = True  # a person is there to answer approvals; else they are refused


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


class AnswerApproval(Command, tag="answer_approval", frozen=True, kw_only=True):
    """The person's yes or no to a call that waits. → Done"""

    session: SessionId
    call: CallId
    allow: bool


class ListSessions(Command, tag="list_sessions", frozen=True, kw_only=True):
    """→ Sessions"""


class ListModels(Command, tag="list_models", frozen=True, kw_only=True):
    """→ Models"""


class ListKeys(Command, tag="list_keys", frozen=True, kw_only=True):
    """→ Keys"""


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
    """Check again, make the default, forget, or take the last forgetting back. → KeyAnswer"""

    action: Literal["check", "default", "forget", "undo"]
    id: str = ""


class CreateVault(Command, tag="create_vault", frozen=True, kw_only=True):
    """Consent to an encrypted file in place of the keyring, opened by a passphrase. → Done"""

    passphrase: Secret


class OpenVault(Command, tag="open_vault", frozen=True, kw_only=True):
    """Open the encrypted file for this run. → Done"""

    passphrase: Secret


class FetchLocalModel(Command, tag="fetch_local_model", frozen=True, kw_only=True):
    """Fetch the small model; told by `LocalProgress`. → Done"""


class Shutdown(Command, tag="shutdown", frozen=True, kw_only=True):
    """End in good order: turns are interrupted, everything is written. → Done"""


AnyCommand = (
    OpenSession
    | StartTurn
    | Interrupt
    | RetryNow
    | ChooseModel
    | Unqueue
    | AnswerApproval
    | ListSessions
    | ListModels
    | ListKeys
    | AddKey
    | UseFoundKey
    | ChangeKey
    | CreateVault
    | OpenVault
    | FetchLocalModel
    | Shutdown
)


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all replies."""


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


class Sessions(Reply, tag="sessions", frozen=True, kw_only=True):
    sessions: tuple[Summary, ...]


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model that can be picked (contract.md, `models`); prices in dollars per million."""

    id: str
    name: str
    provider: str
    connection: str | None
    payer: str | None
    key: bool
    label: str
    auto: bool = False
    refused: str | None = None
    context: int | None = None
    max_output: int | None = None
    efforts: tuple[str, ...] = ()
    input_usd: str | None = None
    output_usd: str | None = None
    cache_read_usd: str | None = None


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


AnyReply = Done | SessionOpened | Sessions | Models | Keys | KeyAnswer


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of what the engine tells beside sessions; never logged."""


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


AnyNotice = KeysChanged | ModelsChanged | LocalProgress | SpentToday | Trouble
