"""Cost reports on loopback in their documented shapes, paged, for one admin key each.

    with FakeAdmin() as admin:
        admin.spent("anthropic", "2026-11-24", "123.45")  # cents
        admin.spent("openai", "2026-11-24", "0.06")       # dollars
        admin.generations["gen-1"] = "0.0015"
        admin.url("anthropic")

Anthropic: `GET /v1/organizations/cost_report` (platform.claude.com, Admin API, Cost Report);
OpenAI: `GET /v1/organization/costs` (platform.openai.com, Usage API, Costs);
OpenRouter: `GET /api/v1/generation?id=` (openrouter.ai, Get a generation).
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

DAY = dt.timedelta(days=1)


class FakeAdmin:
    """Args: keys of each side; `page_days` buckets a page at most; the day that is today."""

    def __init__(
        self, *, anthropic: str = "", openai: str = "", openrouter: str = "", page_days: int = 3
    ) -> None:
        self.keys = {"anthropic": anthropic, "openai": openai, "openrouter": openrouter}
        self.page_days = page_days
        self.days: dict[str, dict[str, list[str]]] = {
            "anthropic": defaultdict(list), "openai": defaultdict(list)
        }  # fmt: skip
        self.currency = "USD"
        self.generations: dict[str, str] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.until = dt.datetime.now(dt.UTC)
        admin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                heads = {name.lower(): value for name, value in self.headers.items()}
                admin.seen.append((self.path, heads))
                status, body = admin.answer(self.path, heads)
                data = body.encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self._server.server_port}"

    def url(self, provider: str) -> str:
        """The base address as that maker's SDK takes it."""
        return self.root + {"anthropic": "", "openai": "/v1", "openrouter": "/api/v1"}[provider]

    def spent(self, provider: str, day: str, *amounts: str) -> None:
        """So much was spent on a day: cents for Anthropic, dollars for OpenAI."""
        self.days[provider][day] += amounts

    def answer(self, path: str, heads: dict[str, str]) -> tuple[int, str]:
        parts, query = urlsplit(path), parse_qs(urlsplit(path).query)
        bearer = heads.get("authorization", "").removeprefix("Bearer ")
        match parts.path:
            case "/v1/organizations/cost_report":
                if heads.get("x-api-key") != self.keys["anthropic"]:
                    return 401, error("authentication_error", "invalid x-api-key")
                if "anthropic-version" not in heads:
                    return 400, error("invalid_request_error", "anthropic-version is required")
                began = dt.datetime.fromisoformat(query["starting_at"][0])
                return 200, self._pages("anthropic", began, query, most=31)
            case "/v1/organization/costs":
                if bearer != self.keys["openai"]:
                    return 401, error("invalid_api_key", "Incorrect API key provided")
                began = dt.datetime.fromtimestamp(int(query["start_time"][0]), dt.UTC)
                return 200, self._pages("openai", began, query, most=180)
            case "/api/v1/generation":
                if bearer != self.keys["openrouter"]:
                    return 401, error("401", "User not found.")
                cost = self.generations.get(query["id"][0])
                if cost is None:
                    return 404, error("404", "Generation not found")
                fields = '{"data": {"id": %s, "model": "m", "total_cost": %s, "usage": %s}}'
                return 200, fields % (json.dumps(query["id"][0]), cost, cost)
            case _:
                return 404, error("not_found_error", "Not found")

    def _pages(self, provider: str, began: dt.datetime, query: Any, most: int) -> str:
        limit = int(query["limit"][0])
        assert 1 <= limit <= most
        assert query["bucket_width"] == ["1d"]
        began = began.replace(hour=0, minute=0, second=0, microsecond=0)
        skip = int(query.get("page", ["page_0"])[0].removeprefix("page_"))
        days = [began + n * DAY for n in range(400) if began + n * DAY <= self.until]
        count = min(limit, self.page_days)
        rows = [self._bucket(provider, day) for day in days[skip : skip + count]]
        more = skip + count < len(days)
        head = '"object": "page", ' if provider == "openai" else ""
        following = json.dumps(f"page_{skip + count}" if more else None)
        return (
            f'{{{head}"data": [{", ".join(rows)}], "has_more": {json.dumps(more)}, '
            f'"next_page": {following}}}'
        )

    def _bucket(self, provider: str, day: dt.datetime) -> str:
        amounts = self.days[provider].get(day.date().isoformat(), [])
        if provider == "anthropic":
            results = [
                f'{{"amount": "{one}", "currency": "{self.currency}", "cost_type": null, '
                '"workspace_id": null, "description": null, "model": null}'
                for one in amounts
            ]
            begin, end = (f'"{at:%Y-%m-%dT%H:%M:%SZ}"' for at in (day, day + DAY))
            names = ("starting_at", "ending_at")
        else:
            results = [
                f'{{"object": "organization.costs.result", "amount": {{"value": {one}, '
                f'"currency": "{self.currency.lower()}"}}, "line_item": null, "project_id": null}}'
                for one in amounts
            ]
            begin, end = (str(int(at.timestamp())) for at in (day, day + DAY))
            names = ("start_time", "end_time")
        return f'{{"{names[0]}": {begin}, "{names[1]}": {end}, "results": [{", ".join(results)}]}}'

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def error(kind: str, message: str) -> str:
    """An error in both makers' common shape."""
    return json.dumps({"error": {"type": kind, "code": kind, "message": message}})
