"""Ports of a session whose model says what the test scripts; everything else is real."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path

from tui.billing.budget import Limits, Worst
from tui.errors import NoRoute, OutOfCredits
from tui.events.base import utc_now
from tui.events.money import ChargeRecorded, UsageReported
from tui.providers.base import Access, ModelRequest, StreamPart
from tui.routing.connections import Connection
from tui.routing.policy import Refused, Route, Situation, decide, decide_via
from tui.session.manager import SessionManager
from tui.session.ports import (
    Consent,
    Decision,
    Guide,
    Ports,
    TakenBack,
    ToolResult,
    ToolVerdict,
    no_credits_looked_at,
    no_rule_kept,
)
from tui.session.replies import AnyNotice
from tui.store.log import Store

Script = Callable[[ModelRequest], AsyncGenerator[StreamPart]]


class ScriptedRouter:
    def __init__(self, context: int | None = None) -> None:
        self._context = context

    async def open(self, decision: Decision) -> Access:
        return Access(base_url=decision.base_url, secret=None, network=None)  # type: ignore[arg-type]

    def situation(self, model: str, *, folder: str = "") -> Situation:
        return Situation(model=model)

    def decide(self, model: str, folder: str = "", *, via: str = "") -> Decision:
        if model.startswith("nobody/"):
            raise NoRoute(f"nothing serves {model}")
        route = Route(connection=None, payer="own_key", model=model, why="test")
        return Decision(
            route=route, model=model,
            wire_model=model.split("/", 1)[1], api="openai-chat", provider="openai",
            connection="k_test", label="work",
            host="http://127.0.0.1:1", base_url="http://127.0.0.1:1/v1",
            context=self._context,
        )  # fmt: skip

    def warm(self, model):
        """Nothing to load."""

    def default_model(self, last_used) -> str | None:
        return "openai/scripted"


class PlacesRouter(ScriptedRouter):
    """Decides by the route rules over connections that a test can change."""

    def __init__(self, *places: Connection, contexts: dict[str, int] | None = None) -> None:
        super().__init__()
        self.places = places
        self.contexts = contexts or {}
        self.fallback = False
        self.kinds: tuple[str, ...] = ()
        self.opened: list[str] = []

    def situation(self, model: str, *, folder: str = "") -> Situation:
        return Situation(
            model=model, connections=self.places, credit_fallback=self.fallback,
            fallback_kinds=self.kinds,
        )  # fmt: skip

    async def open(self, decision: Decision) -> Access:
        self.opened.append(decision.connection)
        return await super().open(decision)

    def decide(self, model: str, folder: str = "", *, via: str = "") -> Decision:
        it = self.situation(model, folder=folder)
        route = decide_via(it, via) if via else decide(it)
        if isinstance(route, Refused):
            failure = OutOfCredits if route.reason == "out_of_credits" else NoRoute
            raise failure(route.why, hint=route.hint)
        one = route.connection
        assert one is not None
        return Decision(
            route=route, model=route.model, wire_model=route.model, api="openai-chat",
            provider=one.provider, connection=one.id, label=one.label, host="http://127.0.0.1:1",
            base_url="http://127.0.0.1:1/v1", context=self.contexts.get(route.model),
        )  # fmt: skip


class FixedPricer:
    """A nano-dollar a token."""

    def prompt_estimate(self, decision, tokens, at):
        return tokens

    def token_price(self, decision, at):
        return Decimal("1e-9")

    def worst_case(self, decision, tokens, at):
        nano = Decimal("1e-9")
        return Worst(prompt_usd=tokens * nano, token_usd=nano, prompt_tokens=tokens)

    def next_request(self, decision, prompt, output, at, *, cached=0):
        return prompt + output - cached * 9 // 10

    def receipt(self, request, decision, raw, context, at):
        if raw is None:
            charge = ChargeRecorded(
                request=request, payer=decision.payer, nano=None, lines=(),
                priced_by="no usage arrived", sureness="unknown",
            )  # fmt: skip
            return None, charge
        usage = UsageReported(
            request=request, input=raw["in"], output=raw["out"], cache_read=None,
            cache_write=None, reasoning=None, raw=raw,
        )  # fmt: skip
        charge = ChargeRecorded(
            request=request, payer=decision.payer, nano=raw["in"] + raw["out"], lines=(),
            priced_by="test", sureness="priced",
        )  # fmt: skip
        return usage, charge


async def nothing_to_learn() -> None:
    """No stored keys."""


class NoScrub:
    def text(self, text: str) -> str:
        return text

    def data(self, data: bytes) -> bytes:
        return data

    def stream(self):
        return self

    def feed(self, delta: str) -> str:
        return delta

    def finish(self) -> str:
        return ""


class EchoToolbox:
    """`read` is allowed, `outside` asks, both give their arguments back; `slow` sleeps.

    What is `closed` is denied whatever is asked, and in read-only mode `change` too.
    """

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd
        self.remembered: list[str] = []

    async def prepare(self, which, *, turn_begins):
        return ()

    def specs(self, which):
        return ()

    def only_reads(self, name):
        return name == "read"

    async def judge(self, name, args, by):
        verdict = "ask" if name in ("outside", "change") else "allow"
        if "closed" in args or (name, by.mode) == ("change", "read"):
            verdict = "deny"
        if name in by.allow:
            verdict = "allow"
        return ToolVerdict(verdict=verdict, why=f"rule for {name}", what=str(args))

    async def run(self, name, args, verdict, live):
        if name == "slow":
            await asyncio.sleep(60)
        if name == "ask":
            return ToolResult(ok=True, output=await live.ask("Which?", ("a", "b")))
        if name == "loud":
            for piece in ("one ", "two"):
                live.emit(piece)
        return ToolResult(ok=True, output=f"{name} {args}")

    async def run_own(self, command, live):
        if command == "slow":
            await asyncio.sleep(60)
        live.emit("out")
        return ToolResult(ok=True, output=f"ran {command}")

    async def remember(self, rule):
        self.remembered.append(rule)

    async def take_back(self, changes):
        return TakenBack(files=tuple(change.path for change in changes), left=())

    async def close(self):
        """Nothing is open."""


class NoRules:
    def listed(self):
        return ()

    def remove(self, rule, folder):
        return False


class NoDesk:
    """Nobody asks for keys or models, and nobody is told which are used."""

    async def answer(self, command):
        raise AssertionError(f"nobody answers {command}")

    def used(self, model):
        pass


def make_manager(
    folder: Path,
    script: Script,
    *,
    clock: Callable[[], dt.datetime] = utc_now,
    limits: Callable[[], Limits] = Limits,
    notices: list[AnyNotice] | None = None,
    guides: tuple[Guide, ...] = (),
    context: int | None = None,
    router: ScriptedRouter | None = None,
    consent: Callable[[], Consent] = Consent,
    keep_fallback: Callable[[str, int], None] = no_rule_kept,
    look_at_credits: Callable[[str], Awaitable[None]] = no_credits_looked_at,
) -> SessionManager:
    """A manager on a real store in `folder` whose model runs `script`."""
    heard = [] if notices is None else notices

    def stream(api, request: ModelRequest, access) -> AsyncGenerator[StreamPart]:
        return script(request)

    ports = Ports(
        router=router or ScriptedRouter(context), pricer=FixedPricer(), scrub=NoScrub(),
        toolbox=EchoToolbox,
        mode=lambda: "ask", guides=lambda cwd: guides, rules=NoRules(),
        ready=nothing_to_learn, plan=lambda: "personal", limits=limits,
        stream=stream, clock=clock, branch=lambda path: None,
        consent=consent, keep_fallback=keep_fallback, look_at_credits=look_at_credits,
    )  # fmt: skip
    return SessionManager(
        Store(folder / "sessions.db"), ports=ports, desk=NoDesk(), locks=folder / "locks",
        notify=heard.append,
    )  # fmt: skip
