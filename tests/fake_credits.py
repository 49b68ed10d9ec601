"""Credit services on loopback: a provider that keeps an account, bills it and tells what is left.

    with FakeOpenRouter(keys={KEY}, bought="20") as fake:
        fake.cost = "0.0132"         # of each reply from now on, told as this service tells it
        fake.lies = {"/credits": b"…"}   # bytes in place of an honest answer at a path
        fake.paid_for, fake.spent    # replies that were billed, and dollars that they took

Shapes: OpenRouter `GET /api/v1/credits`, `/api/v1/key`, `usage.cost`; LiteLLM `GET /key/info`, the
headers `x-litellm-response-cost`, `-key-spend`, `-key-max-budget`; Vercel `GET /v1/credits` and
`usage.cost`; a house's `GET /v1/account`. As documented by each in 2026; LiteLLM without a database
as 1.106.12 answers (tests/session/test_real_litellm.py asks the real one).
"""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

from tests.fake_http import Seen, plain
from tests.fake_provider import FakeProvider


class FakeCredits(FakeProvider):
    """The part that they have in common: an account in dollars."""

    prefix = "/v1"

    def __init__(self, *, bought: str = "20", **more: Any) -> None:
        super().__init__(**more)
        self.bought = Decimal(bought)
        self.spent = Decimal(0)
        self.cost = "0.0132"
        self.paid_for = 0
        self.asked: list[str] = []
        self.lies: dict[str, bytes] = {}
        self.slow_s = 0.0
        self.entries: list[dict[str, Any]] = []

    @property
    def base_url(self) -> str:
        """The address as a person gives it."""
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def told(self, path: str) -> dict[str, Any] | None:
        """The body at a path behind the prefix; None: there is no such place."""
        raise NotImplementedError

    def billed(self, cost: Decimal) -> dict[str, Any]:
        """The step's fields that tell a reply's cost."""
        return {"usage": {"cost": float(cost)}}

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        path = seen.path.removeprefix(self.prefix)
        if seen.method != "GET" or path.startswith("/__"):
            return await super()._answer(seen, writer)
        body = self.told(path)
        if body is None and path not in self.lies:
            return await super()._answer(seen, writer)
        self.seen.append(seen)
        self.asked.append(path)
        await asyncio.sleep(self.slow_s)
        refused = self._refused("openai-chat", seen) if path != "/models" else None
        if refused is not None:
            writer.write(plain(refused[0], json.dumps(refused[1]).encode()))
        else:
            writer.write(plain(200, self.lies.get(path) or json.dumps(body).encode()))
        await writer.drain()
        return True

    def _decide(self, seen: Seen, path: str) -> Any:
        ids = {entry["id"] for entry in self.entries}
        self.models = sorted(ids)
        return super()._decide(seen, path)

    def _next_step(self) -> dict[str, Any]:
        step = super()._next_step()
        if "error" in step:
            return step
        cost = Decimal(step.get("cost", self.cost))
        self.spent += cost
        self.paid_for += 1
        told = self.billed(cost)
        told["usage"] = {**told.get("usage", {}), **step.get("usage", {})}
        told["headers"] = {**told.get("headers", {}), **step.get("headers", {})}
        return {**step, **told}

    def reset(self) -> None:
        super().reset()
        self.spent, self.paid_for, self.slow_s = Decimal(0), 0, 0.0
        self.asked.clear()
        self.lies.clear()


def _openrouter_model(id: str, *, prompt: str, completion: str, context: int) -> dict[str, Any]:
    return {
        "id": id, "name": id, "context_length": context, "created": 1_780_000_000,
        "pricing": {"prompt": prompt, "completion": completion},
        "top_provider": {"context_length": context, "max_completion_tokens": 32_000},
        "supported_parameters": ["tools", "reasoning", "max_tokens"],
    }  # fmt: skip


class FakeOpenRouter(FakeCredits):
    """OpenRouter: a list that anybody may read, an account, and a key that may have a limit."""

    prefix = "/api/v1"

    def __init__(self, *, limit: str | None = None, tells_account: bool = True, **more: Any):
        super().__init__(**more)
        self.limit, self.tells_account = limit, tells_account
        self.entries = [
            _openrouter_model(
                "openrouter/auto", prompt="-1", completion="-1", context=2_000_000
            ),
            _openrouter_model(
                "anthropic/claude-opus-4.7", prompt="0.000005", completion="0.000025",
                context=1_000_000,
            ),
            _openrouter_model(
                "anthropic/claude-haiku-4.5", prompt="0.000001", completion="0.000005",
                context=200_000,
            ),
            _openrouter_model(
                "z-ai/glm-5.2", prompt="0.0000006", completion="0.0000022", context=200_000
            ),
        ]  # fmt: skip

    def told(self, path: str) -> dict[str, Any] | None:
        if path == "/models":
            return {"data": self.entries}
        if path == "/credits" and self.tells_account:
            return {"data": {"total_credits": float(self.bought), "total_usage": float(self.spent)}}
        if path == "/key":
            limit = None if self.limit is None else Decimal(self.limit)
            left = None if limit is None else float(limit - self.spent)
            return {"data": {
                "label": "sk-or-v1-fak...123", "limit": None if limit is None else float(limit),
                "limit_remaining": left, "limit_reset": "monthly", "usage": float(self.spent),
                "is_free_tier": False, "is_management_key": False,
            }}  # fmt: skip
        return None

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if seen.path == "/api/v1/credits" and not self.tells_account:
            self.asked.append("/credits")
            words = {"error": {"message": "Only management keys can fetch credits", "code": 403}}
            writer.write(plain(403, json.dumps(words).encode()))
            await writer.drain()
            return True
        return await super()._answer(seen, writer)


class FakeLiteLLM(FakeCredits):
    """A team's proxy: a virtual key with a budget; costs in a header.

    `database=False`: it has none, so that `/key/info` fails and the budget stands in the heads of
    answers alone; the cost of a streamed reply stands in its usage. `refuses=True`: it turns a key
    with a spent budget away before anything else.
    """

    def __init__(
        self, *, endless: bool = False, database: bool = True, refuses: bool = False, **more: Any
    ) -> None:
        super().__init__(**more)
        self.endless, self.database, self.refuses = endless, database, refuses
        self.entries = [
            {"id": name, "object": "model", "created": 1_677_610_602, "owned_by": "openai"}
            for name in ("claude-opus-4-7", "gpt-5.5", "team-coder")
        ]

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        odd = None if seen.path.startswith("/__") else self._odd(seen)
        if odd is None:
            return await super()._answer(seen, writer)
        status, error, heads = odd
        body = {"error": {"param": None, "code": str(status), **error}}
        self.seen.append(seen)
        writer.write(plain(status, json.dumps(body).encode(), heads))
        await writer.drain()
        return True

    def _odd(self, seen: Seen) -> tuple[int, dict[str, str], dict[str, str]] | None:
        """What it answers otherwise than others do: status, error and headers."""
        if self._refused("openai-chat", seen) is not None:
            return None
        if self.refuses and self.spent >= self.bought:
            said = f"Current cost: {self.spent}, Max budget: {self.bought}"
            message = f"Budget has been exceeded! {said}"
            return 422, {"message": message, "type": "budget_exceeded"}, {}
        if seen.path == "/key/info" and not self.database:
            message = "Database not connected. Connect a database to your proxy"
            return 500, {"message": message, "type": "internal_server_error"}, {}
        asked = seen.body.get("model") if isinstance(seen.body, dict) else None
        if asked is None or any(entry["id"] == asked for entry in self.entries):
            return None
        message = f"/chat/completions: Invalid model name passed in model={asked}."
        heads = {"x-litellm-response-cost": "0", **self._heads()}
        return 400, {"message": message, "type": "invalid_request_error"}, heads

    def _heads(self) -> dict[str, str]:
        most = {} if self.endless else {"x-litellm-key-max-budget": str(float(self.bought))}
        return {**most, "x-litellm-key-spend": str(float(self.spent))}

    def told(self, path: str) -> dict[str, Any] | None:
        if path == "/models":
            return {"data": self.entries, "object": "list"}
        if path == "/key/info":
            return {"key": "sk-...1234", "info": {
                "key_name": "sk-...1234", "spend": float(self.spent),
                "max_budget": None if self.endless else float(self.bought),
                "budget_duration": "30d", "budget_reset_at": "2026-12-01T00:00:00Z",
                "models": [],
            }}  # fmt: skip
        return None

    def billed(self, cost: Decimal) -> dict[str, Any]:
        if not self.database:
            return {"usage": {"cost": float(cost)}, "headers": self._heads()}
        return {"headers": {"x-litellm-response-cost": str(cost), **self._heads()}}


class FakeVercel(FakeCredits):
    """Vercel's gateway: decimal strings."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.entries = [
            {"id": "anthropic/claude-opus-4.7", "object": "model", "type": "language",
             "name": "Claude Opus 4.7", "context_window": 1_000_000, "max_tokens": 64_000,
             "tags": ["reasoning", "tool-use"],
             "pricing": {"input": "0.000005", "output": "0.000025"}},
            {"id": "openai/text-embedding-3-small", "object": "model", "type": "embedding"},
        ]  # fmt: skip

    def told(self, path: str) -> dict[str, Any] | None:
        if path == "/models":
            return {"object": "list", "data": self.entries}
        if path == "/credits":
            return {"balance": str(self.bought - self.spent), "total_used": str(self.spent)}
        return None


class FakeHouse(FakeCredits):
    """A team's own server: what it tells of the account; what is left our ledger says."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.account: dict[str, Any] = {
            "plan": "business", "org_size": 12, "platform_rate": "6.5", "usd_per_credit": "0.01",
            "retention": "30 days",
        }  # fmt: skip
        self.entries = [{"id": "house-large", "object": "model", "context_length": 128_000}]

    def told(self, path: str) -> dict[str, Any] | None:
        if path == "/models":
            return {"object": "list", "data": self.entries}
        return self.account if path == "/account" else None
