"""Who serves in the demo: its keys and endpoint, a credit service, and a model of this machine."""

from __future__ import annotations

from msgspec.structs import replace

from tui.address import origin
from tui.catalog.models import Catalogue, split_id
from tui.localmodel.models import SMOLLM2, LocalModel, LocalModels
from tui.net import Network
from tui.providers.base import Access, Api
from tui.routing.connections import Connection
from tui.routing.policy import Route
from tui.runtime.router import LiveRouter
from tui.session.ports import Decision

CREDITS = "acme"
CREDITS_URL = "https://credits.acme.example/v1"
USD_PER_CREDIT = "0.01"
AUTO = {
    "auto": ("Auto", "anthropic/claude-haiku-4-5"),
    "auto-efficient": ("Auto efficient", "google/gemini-3.7-flash"),
}
"""What Auto takes, with the name that the list shows."""
ON_CREDITS = ("openai/gpt-5.5", "openai/gpt-5.4-mini")
"""Models that the service offers by name, and that no own key serves."""
LISTED = {
    "anthropic/claude-opus-5-5", "anthropic/claude-sonnet-5-5", "anthropic/claude-opus-4-7",
    "anthropic/claude-sonnet-4-6", "anthropic/claude-haiku-4-5", "google/gemini-3.1-pro-preview",
    "google/gemini-3.8-flash", "openai/gpt-5.5", "openai/gpt-5.4-mini", "openai/gpt-6-sol",
    "openai/gpt-5.3-codex",
}  # fmt: skip
"""Of the makers' models, those that the demo shows."""
_APIS: dict[str, Api] = {
    "anthropic": "anthropic", "openai": "openai-responses", "google": "google",
}  # fmt: skip


class DemoLocalModels(LocalModels):
    """One model is there, as if it had been fetched."""

    def models(self) -> list[LocalModel]:
        return [
            DemoLocalModel(
                id=SMOLLM2.id, name=SMOLLM2.name, path="", size_bytes=SMOLLM2.size_bytes,
                licence=SMOLLM2.licence, fetched=True,
            )
        ]  # fmt: skip

    def find(self, id_: str) -> LocalModel | None:
        return next((one for one in self.models() if one.id == id_), None)


class DemoLocalModel(LocalModel, frozen=True, kw_only=True):
    """It has no file, and is played."""

    @property
    def present(self) -> bool:
        return True


class DemoRouter(LiveRouter):
    """The real rules over the demo's connections; nothing is ever opened."""

    def connections(self, folder: str = "") -> tuple[Connection, ...]:
        offered = (*AUTO, *ON_CREDITS)
        made: list[Connection] = []
        for one in super().connections(folder):
            if one.kind == "own_key":
                shown = tuple(model for model in one.models if model in LISTED)
                made.append(replace(one, models=shown))
            else:
                made.append(replace(one, models=offered) if one.id == CREDITS else one)
        return tuple(made)

    def _decision(self, route: Route, connection: Connection) -> Decision:
        if connection.kind != "credits":
            return super()._decision(route, connection)
        model = route.model
        taken = AUTO[model][1] if model in AUTO else model
        provider, wire = split_id(taken)
        known = Catalogue.load([]).find(taken)
        return Decision(
            route=route, model=model, wire_model=wire, api=_APIS[provider], provider=provider,
            connection=CREDITS, label=CREDITS, host=origin(CREDITS_URL),
            base_url=CREDITS_URL, usd_per_credit=USD_PER_CREDIT,
            thinking=None if known is None else known.thinking,
            efforts=() if known is None else known.efforts,
            context=None if known is None else known.context,
            max_output=None if known is None else known.max_output,
        )  # fmt: skip

    async def open(self, decision: Decision) -> Access:
        """A way that leads nowhere: no secret goes along, and the demo's model takes no network."""
        if decision.payer == "credits":
            self.taken.add(decision.connection)
        return Access(base_url=decision.base_url, secret=None, network=Network({}))

    def warm(self, model: str) -> None:
        """No SDK is needed."""
