"""The route rules as one versioned table: who pays for a request, and what follows a failure.

The rules are those of routes/README.md, by number. `tui.routing.policy` reads the table and holds
no rule of its own; `ownkey route --rules` prints it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tui.events.route import Payer
from tui.routing.connections import ConnectionKind

Plan = Literal["personal", "free", "build", "max", "business", "enterprise"]
Run = Literal["local", "cloud", "active_ai", "codebase_context"]
Naming = Literal["auto", "own_best", "named"]
Refusal = Literal["no_route", "out_of_credits", "plan"]

AUTO_MODELS = ("auto", "auto-efficient", "auto-genius", "auto-open")
OWN_BEST = "own-best"

PLANS: tuple[Plan, ...] = ("personal", "free", "build", "max", "business", "enterprise")
RUNS: tuple[Run, ...] = ("local", "cloud", "active_ai", "codebase_context")
SMALL: tuple[Plan, ...] = ("free", "build", "max")
"""Own keys and endpoints are there for small organisations only."""

UNGATED: tuple[Plan, ...] = ("personal", "business", "enterprise")
LARGE: tuple[Plan, ...] = ("business", "enterprise")
ANY: tuple[Naming, ...] = ("auto", "own_best", "named")
NAMED: tuple[Naming, ...] = ("named",)
PICKED: tuple[Naming, ...] = ("named", "own_best")
"""What a person's own connections may serve."""

ON_CREDITS: tuple[Naming, ...] = ("named", "auto")
"""What a credit service may serve."""

UP_TO_TEN = (1, 10)
OVER_TEN = (11, None)


class PayerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table: where it fits, and who pays then. The first that fits decides.

    Args:
        rule: Its number in routes/README.md.
        runs, naming, plans: Where it fits.
        people: How many the organisation has, least and most; None is no limit.
        served_by: The kind of connection that must serve the model; None asks for none.
        payer: Whose money; `credits` only where a service offers the model and some are left,
            else `out_of_credits`. None: refused.
        refused: Why, where nobody pays or no credit service offers the model.
        platform: The plans on which platform credits are due besides.
    """

    rule: int
    runs: tuple[Run, ...] = ("local",)
    naming: tuple[Naming, ...] = NAMED
    plans: tuple[Plan, ...] = PLANS
    people: tuple[int, int | None] = (1, None)
    served_by: ConnectionKind | None = None
    payer: Payer | None = None
    refused: Refusal = "no_route"
    platform: tuple[Plan, ...] = ()


class FailureRow(msgspec.Struct, frozen=True, kw_only=True):
    """What may follow these kinds of error: first another try, then a fallback, else a halt."""

    rule: int
    kinds: tuple[str, ...]
    retries: bool
    falls_back: bool


class Fallback(msgspec.Struct, frozen=True, kw_only=True):
    """What may fall back to credits: a request that these pay for, with this setting on."""

    rule: int
    payers: tuple[Payer, ...]
    naming: tuple[Naming, ...]
    setting: str | None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; where no line fits, a model is refused (`no_route`), a failure halts."""

    version: int
    payers: tuple[PayerRow, ...]
    failures: tuple[FailureRow, ...]
    fallback: Fallback


TABLE = Table(
    version=1,
    payers=(
        PayerRow(rule=9, runs=("active_ai",), naming=ANY, payer="nobody"),
        PayerRow(rule=7, runs=("cloud",), naming=ON_CREDITS, payer="credits", platform=PLANS),
        PayerRow(rule=9, runs=("codebase_context",), naming=ON_CREDITS, payer="credits"),
        PayerRow(rule=6, naming=("auto",), payer="credits"),
        PayerRow(
            rule=2, naming=PICKED, plans=UNGATED, served_by="own_key", payer="own_key",
            platform=LARGE,
        ),
        PayerRow(
            rule=5, naming=PICKED, plans=SMALL, people=UP_TO_TEN, served_by="own_key",
            payer="own_key",
        ),
        PayerRow(
            rule=4, naming=PICKED, plans=UNGATED, served_by="endpoint", payer="endpoint",
            platform=LARGE,
        ),
        PayerRow(
            rule=5, naming=PICKED, plans=SMALL, people=UP_TO_TEN, served_by="endpoint",
            payer="endpoint",
        ),
        PayerRow(
            rule=4, plans=("personal", "enterprise"), served_by="cloud_account",
            payer="cloud_account", platform=("enterprise",),
        ),
        PayerRow(rule=4, naming=PICKED, served_by="local", payer="nobody"),
        # What follows is served by nothing that may serve it.
        PayerRow(
            rule=5, plans=SMALL, people=OVER_TEN, served_by="own_key", payer="credits",
            refused="plan",
        ),
        PayerRow(
            rule=5, naming=("own_best",), plans=SMALL, people=OVER_TEN, served_by="own_key",
            refused="plan",
        ),
        PayerRow(
            rule=5, naming=PICKED, plans=SMALL, people=OVER_TEN, served_by="endpoint",
            refused="plan",
        ),
        PayerRow(
            rule=4, plans=("free", "build", "max", "business"), served_by="cloud_account",
            refused="plan",
        ),
        PayerRow(rule=3, payer="credits"),
    ),
    failures=(
        FailureRow(
            rule=10,
            kinds=(
                "invalid_key", "permission", "bad_request", "context_length", "content_filter",
                "not_found", "cancelled",
            ),
            retries=False, falls_back=False,
        ),
        FailureRow(
            rule=10,
            kinds=("rate_limit", "overloaded", "server", "timeout", "network", "protocol"),
            retries=True, falls_back=True,
        ),
        FailureRow(rule=10, kinds=("quota",), retries=False, falls_back=True),
    ),
    fallback=Fallback(
        rule=10, payers=("own_key", "endpoint", "cloud_account"), naming=NAMED,
        setting="credits.fallback",
    ),
)  # fmt: skip
