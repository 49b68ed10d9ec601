"""A runtime whose router knows a credit service besides: a second provider on loopback.

It stands where a real service will: what its server has seen is what credits were taken for.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tests.fake_provider import FakeProvider
from tui.providers.base import Access
from tui.routing.connections import Connection
from tui.routing.policy import Route
from tui.runtime import Runtime
from tui.runtime.router import LiveRouter
from tui.secret import Secret
from tui.session.ports import Decision

HOUSE = "house"


class CreditRouter(LiveRouter):
    """The real one, and one credit service that offers `model`."""

    house: FakeProvider
    model: str

    def connections(self, folder: str = "") -> tuple[Connection, ...]:
        service = Connection(
            id=HOUSE, kind="credits", label=HOUSE, models=(self.model,), balance=Decimal(25),
            base_url=self.house.url("openai-chat"),
        )  # fmt: skip
        return (*super().connections(folder), service)

    def _decision(self, route: Route, connection: Connection) -> Decision:
        if connection.kind != "credits":
            return super()._decision(route, connection)
        url = self.house.url("openai-chat")
        return Decision(
            route=route, model=route.model, wire_model=route.model.partition("/")[2],
            api="openai-chat", provider=route.model.partition("/")[0], connection=HOUSE,
            label=HOUSE, host=url, base_url=url,
        )  # fmt: skip

    async def open(self, decision: Decision) -> Access:
        if decision.connection != HOUSE:
            return await super().open(decision)
        return Access(base_url=decision.base_url, secret=Secret("sk-house"), network=self._network)


def runtime_with_credits(environ: Mapping[str, str], house: FakeProvider, model: str) -> Runtime:
    """A runtime on these settings; its credits pay at `house` for `model`."""
    runtime = Runtime(environ, notify=lambda _: None)
    router = runtime.router
    router.__class__ = CreditRouter
    assert isinstance(router, CreditRouter)
    router.house, router.model = house, model
    return runtime
