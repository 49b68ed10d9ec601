"""Every setting as data: what it is called, what it takes, what it is when nobody says.

The names and defaults are those of contract.md. What a value must be stands in
`tui.settings.values`; a setting is kept by `tui.settings.store` and found by `.search`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["bool", "choice", "money", "amounts", "number", "int", "text"]

Value = bool | int | str | Decimal | None
"""A valid value. Money is a decimal string in dollars; a number is an int or Decimal, no float;
amounts are dollars by name in one text, `work=20, home=5.50`."""

SECTIONS = (
    "API keys",
    "Endpoints",
    "Cloud LLM",
    "Local models",
    "Models",
    "Credits & plan",
    "Budgets",
    "Fallback",
    "Approvals",
    "Appearance",
    "Keys & shortcuts",
    "Privacy",
)
"""The sidebar of the settings, in its order (design.md §2; `Models` holds the default model)."""

AUTO_MODELS = ("auto", "auto-efficient", "auto-genius", "auto-open", "own-best")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting.

    Args:
        id: Its name with dots, as in contract.md.
        words: Synonyms to find it by, beside title, section, id and help.
        nullable: Whether None is a value; `unset` then says in words what None means.
        choices: Every value of a `choice`; of `amounts`, every name.
        low, high: Bounds of an `int`, both included.
        shape: What a `text` must match as a whole.
        example: How to write a `text` or `amounts`.
    """

    id: str
    title: str
    section: str
    help: str
    kind: Kind
    default: Value
    words: tuple[str, ...] = ()
    nullable: bool = False
    unset: str = "not set"
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    shape: str = ""
    example: str = ""


def _budget(scope: str, title: str, help_: str, *words: str) -> Setting:
    return Setting(
        id=f"budget.{scope}_usd",
        title=title,
        section="Budgets",
        help=help_,
        kind="money",
        default=None,
        nullable=True,
        unset="no limit",
        words=("limit", "cap", "spending limit", "maximum cost", "money", *words),
    )


def _amounts(scope: str, title: str, help_: str, example: str, *words: str) -> Setting:
    return Setting(
        id=f"budget.{scope}",
        title=title,
        section="Budgets",
        help=help_,
        kind="amounts",
        default=None,
        nullable=True,
        unset="no limit",
        example=example,
        words=("limit", "cap", "spending limit", "maximum cost", "money", "per month", *words),
    )


SETTINGS: tuple[Setting, ...] = (
    Setting(
        id="model.default",
        title="Default model",
        section="Models",
        help="The model a new session starts with, where neither the session nor the folder says.",
        kind="text",
        default=None,
        nullable=True,
        unset="the last used, else the first that an own key serves",
        shape=rf"[^\s/]+/\S+|{'|'.join(AUTO_MODELS)}",
        example="provider/model, as `ownkey models` lists them",
        words=("startup model", "preferred model", "llm", "which model"),
    ),
    Setting(
        id="account.plan",
        title="Plan",
        section="Credits & plan",
        help="What the account is on. A credit service wins.",
        kind="choice",
        default="personal",
        choices=("personal", "free", "build", "max", "business", "enterprise"),
        words=("subscription", "account", "tier", "billing"),
    ),
    Setting(
        id="account.org_size",
        title="People in the organisation",
        section="Credits & plan",
        help="Own keys on Free, Build and Max are for up to 10 people. A credit service wins.",
        kind="int",
        default=1,
        low=1,
        high=10_000_000,
        words=("team size", "organization", "company", "seats", "members"),
    ),
    Setting(
        id="account.platform_rate",
        title="Platform credits an agent-hour",
        section="Credits & plan",
        help="Credits an hour of the agent's active time takes. A credit service wins.",
        kind="number",
        default=None,
        nullable=True,
        unset="unknown",
        words=("platform fee", "rate", "credits per hour"),
    ),
    _budget(
        "request",
        "Budget per request",
        "A request whose worst case costs more is shortened, or not sent.",
        "per request",
    ),
    _budget(
        "turn",
        "Budget per turn",
        "Everything from a prompt to the agent's rest, retries and side requests included.",
        "per turn",
        "per prompt",
    ),
    _budget(
        "session",
        "Budget per session",
        "What one conversation may cost in all.",
        "per session",
        "per conversation",
    ),
    _budget(
        "day",
        "Budget per day",
        "What may be spent from midnight to midnight UTC.",
        "per day",
        "daily",
        "today",
    ),
    _budget(
        "month",
        "Budget per month",
        "What may be spent in a calendar month, UTC.",
        "per month",
        "monthly",
    ),
    _amounts(
        "keys",
        "Budgets per key",
        "What a key may cost in a calendar month, UTC; by its label or id.",
        "work=20, personal=5",
        "per key",
        "api key",
    ),
    _amounts(
        "folders",
        "Budgets per folder",
        "What the sessions of a folder, and of what lies in it, may cost in a calendar month, UTC.",
        "~/src/shop=20, ~/play=5",
        "per folder",
        "project",
        "repository",
    ),
    Setting(
        id="cache.warn_usd",
        title="Warn before a warm cache is lost",
        section="Budgets",
        help="Switching the model says so first where the conversation's cache is worth more.",
        kind="money",
        default="0.05",
        words=("prompt cache", "cached", "switch model", "cache warning"),
    ),
    Setting(
        id="credits.fallback",
        title="Credit fallback",
        section="Fallback",
        help="When your own key fails: off stops and says so, on goes on with credits.",
        kind="bool",
        default=False,
        words=(
            "fall back",
            "own key fails",
            "use credits",
            "backup",
            "failover",
            "byok",
            "api key",
        ),
    ),
    Setting(
        id="credits.fallback_limit_usd",
        title="Ask above this cost of a fallback",
        section="Fallback",
        help="A fallback to credits that may cost more than this asks again first.",
        kind="money",
        default="0.50",
        words=("fallback limit", "fall back", "confirm"),
    ),
    Setting(
        id="credits.fallback_rules",
        title="Always go on with credits",
        section="Fallback",
        help="After these errors on your own route, up to so much a turn, with the switch unset.",
        kind="amounts",
        default=None,
        nullable=True,
        unset="no rule",
        example="rate_limit=0.50, overloaded=0.50",
        choices=(
            "rate_limit",
            "overloaded",
            "server",
            "timeout",
            "network",
            "protocol",
            "quota",
        ),
        words=("fallback rule", "always", "rate limit", "fall back", "forget rule"),
    ),
    Setting(
        id="payer.ask_on_change",
        title="Ask when the payer changes",
        section="Fallback",
        help="Asks before a session goes on at another's cost: own key, endpoint, cloud, credits.",
        kind="bool",
        default=True,
        words=("who pays", "billing", "switch key", "api key", "confirm payer"),
    ),
    Setting(
        id="approvals.mode",
        title="What the agent may do unasked",
        section="Approvals",
        help="read: only reads; ask: asks before it changes or runs; edit: edits in this folder.",
        kind="choice",
        default="ask",
        choices=("read", "ask", "edit"),
        words=("permissions", "approval mode", "read only", "yolo", "auto approve", "safety"),
    ),
    Setting(
        id="appearance.theme",
        title="Theme",
        section="Appearance",
        help="ownkey-dark, ownkey-light, or the name of any other theme in the list.",
        kind="text",
        default="ownkey-dark",
        shape=r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
        example="ownkey-light",
        words=("colours", "colors", "dark mode", "light mode", "color scheme", "look"),
    ),
    Setting(
        id="appearance.glyphs",
        title="Markers",
        section="Appearance",
        help="Key, cloud and credit markers; auto picks what the terminal can draw.",
        kind="choice",
        default="auto",
        choices=("auto", "emoji", "letters"),
        words=("icons", "symbols", "emoji", "ascii", "unicode", "glyphs", "font"),
    ),
    Setting(
        id="appearance.notify",
        title="Call me back",
        section="Appearance",
        help="Bell, notification and title when a turn ends or asks while you are elsewhere.",
        kind="bool",
        default=True,
        words=("notifications", "notify", "bell", "sound", "alert", "desktop", "attention"),
    ),
)

BY_ID = {setting.id: setting for setting in SETTINGS}
