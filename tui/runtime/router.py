"""Routes out of what there is now: keys, local models, the catalogue."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from tui.address import origin
from tui.billing.platform_fee import PlatformRate
from tui.catalog.models import Catalogue, split_id
from tui.credits.balance import Ledger, Standing, standing
from tui.errors import InvalidKey, KeyStoreError, NoRoute, OutOfCredits, PermissionRefused
from tui.keys.makers import find_maker
from tui.localmodel.models import LocalModels
from tui.localmodel.process import LocalServer
from tui.net import Network
from tui.providers.base import Access, Api
from tui.providers.registry import warm
from tui.routing.connections import Connection
from tui.routing.policy import Refused, Route, Situation, decide, decide_via
from tui.routing.table import OWN_BEST, Plan, Run
from tui.runtime.consent import consent_of
from tui.runtime.credit_routes import (
    all_services,
    credit_connections,
    credit_decision,
    open_service,
    why_no_service,
)
from tui.runtime.endpoint_routes import (
    connections_of,
    decision_of,
    open_endpoint,
    why_unserved,
)
from tui.runtime.keyring import Keyring
from tui.session.ports import Decision
from tui.settings.store import SettingsStore

_APIS: dict[str, Api] = {
    "anthropic": "anthropic", "openai": "openai-responses", "google": "google",
}  # fmt: skip
LOCAL_HOST = "http://127.0.0.1"
LOCAL = "local"
"""The connection of the models that we run ourselves."""


class LiveRouter:
    """See `tui.session.ports.Router`.

    Args:
        settings: The default model, the plan, and whether a failed request may take credits.
        ledger: Our own books of a `house`; without them its balance is not known.
    """

    def __init__(
        self,
        keyring: Keyring,
        local: LocalModels,
        server: LocalServer,
        network: Network,
        settings: SettingsStore,
        ledger: Ledger | None = None,
    ) -> None:
        self._keyring = keyring
        self._local = local
        self._server = server
        self._network = network
        self._settings = settings
        self.ledger = ledger
        self.taken: set[str] = set()
        """Credit services that were opened, until somebody asks them what is left."""
        self._warming: set[asyncio.Task[None]] = set()

    def connections(self, folder: str = "") -> tuple[Connection, ...]:
        """What serves models now: used keys, endpoints and local servers, then this machine.

        `folder`: whose pins hold.
        """
        catalogue = Catalogue.load(self._keyring.found_models())
        own = [
            Connection(
                id=key.id, kind="own_key", provider=key.provider, label=key.label,
                base_url=key.base_url, default=key.default, pinned=key.pinned,
                models=tuple(model.id for model in catalogue.of(key.provider)),
            )
            for key in self._keyring.records(folder)
            if key.used
        ]  # fmt: skip
        own += connections_of(self._keyring.endpoints)
        models = tuple(sorted(model.id for model in self._local.models() if model.present))
        if models:
            own.append(
                Connection(
                    id=LOCAL, kind="local", provider=LOCAL, label="this machine",
                    base_url=LOCAL_HOST, models=models,
                )
            )  # fmt: skip
        return (*own, *credit_connections(self._keyring.credits, self.ledger))

    def standing(self) -> Standing:
        """Plan, people and platform rate: a credit service's word where one tells, else the
        settings'.
        """
        rate = self._settings.get("account.platform_rate")
        return standing(
            all_services(self._keyring.credits),
            Standing(
                plan=self._settings.text("account.plan") or "personal",
                org_size=self._settings.whole("account.org_size"),
                platform_rate=None if rate is None else Decimal(str(rate)),
            ),
        )

    def situation(self, model: str, run: Run = "local", *, folder: str = "") -> Situation:
        """All that the route of a request to `model` from `folder` depends on now."""
        now = self.standing()
        return Situation(
            model=model,
            plan=cast("Plan", now.plan),
            org_size=now.org_size,
            run=run,
            connections=self.connections(folder),
            credit_fallback=self._settings.flag("credits.fallback"),
            fallback_kinds=tuple(consent_of(self._settings).always),
        )

    def route(self, situation: Situation, via: str = "") -> Route | Refused:
        """What the rules say; of a key that the environment holds, why it does not serve."""
        route = decide_via(situation, via) if via else decide(situation)
        if isinstance(route, Route) or route.reason != "no_route" or situation.run != "local":
            return route
        unfit = self._unfit(situation.model)
        return route if unfit is None else replace(route, why=unfit.message, hint=unfit.hint)

    def decide(self, model: str, folder: str = "", *, via: str = "") -> Decision:
        """The route of a request to `model` from `folder` now; see `tui.session.ports.Router`."""
        route = self.route(self.situation(model, folder=folder), via)
        if isinstance(route, Refused):
            failure = OutOfCredits if route.reason == "out_of_credits" else NoRoute
            raise failure(route.why, hint=route.hint)
        assert route.connection is not None  # a local run goes to one
        decision = self._decision(route, route.connection)
        return replace(decision, platform=self._platform()) if route.platform_credits else decision

    def _platform(self) -> PlatformRate:
        """What the agent's active time costs, in the credits of the service that says so."""
        now = self.standing()
        whose = now.platform_rate_by or now.plan_by
        service = next((one for one in self._keyring.credits.all() if one.name == whose), None)
        return PlatformRate(
            credits=now.platform_rate,
            usd_per_credit=None if service is None else service.rate,
            by=now.platform_rate_by,
        )

    def _decision(self, route: Route, connection: Connection) -> Decision:
        """The decision of a route, by the kind of connection that serves it."""
        match connection.kind:
            case "endpoint":
                return decision_of(self._keyring.endpoints, route)
            case "local" if connection.id != LOCAL:
                return decision_of(self._keyring.endpoints, route)
            case "own_key" | "local":
                return self._served(route, connection)
            case "credits":
                return credit_decision(self._keyring.credits, route)
            case "cloud_account":
                raise NoRoute(f"{connection.label} cannot be reached from this version")

    def _served(self, route: Route, connection: Connection) -> Decision:
        """The decision of a route to a maker, or to the models that we run ourselves."""
        model = route.model
        known = Catalogue.load(self._keyring.found_models()).find(model)
        local = connection.kind == "local"
        return Decision(
            route=route,
            model=model,
            wire_model=split_id(model)[1],
            api="openai-chat" if local else _APIS[connection.provider],
            provider=connection.provider,
            connection=connection.id,
            label=connection.label,
            host=origin(connection.base_url),
            base_url=connection.base_url,
            vendor="llama.cpp" if local else None,
            local=local,
            thinking=None if known is None else known.thinking,
            efforts=() if known is None else known.efforts,
            tools=not local,
            context=8192 if local else None if known is None else known.context,
            top_up="" if local else _top_up(connection),
            max_output=2048 if local else None if known is None else known.max_output,
        )

    def _unfit(self, model: str) -> NoRoute | None:
        """Why an endpoint, or a key that the environment holds, cannot serve it, where one does."""
        if (why := why_unserved(self._keyring.endpoints, model)) is not None:
            return why
        if (why := why_no_service(self._keyring.credits, model)) is not None:
            return why
        maker = find_maker(split_id(model)[0])
        found = (r for r in self._keyring.records() if r.source == "environment" and not r.used)
        record = next((r for r in found if maker and r.provider == maker.id), None)
        if record is None or maker is None:
            return None
        if record.state == "refused":
            return NoRoute(
                f"{record.label} holds characters that no key has: it is not sent",
                hint=f"Copy the key again: {maker.console_url}",
            )
        if not record.base_url:
            return NoRoute(
                f"{maker.base_url_variable} names an address that cannot be used",
                hint="`ownkey endpoints check URL` says why.",
            )
        return NoRoute(
            f"{record.label} is found in the environment, but not used",
            hint=f"`ownkey keys use {record.label}` is the yes to it.",
        )

    async def open(self, decision: Decision) -> Access:
        """The way in: the secret fetched, a local model started."""
        if decision.local:
            model = self._local.find(decision.model)
            if model is None:
                raise NoRoute(f"{decision.model} is not on this machine any more")
            served = await self._server.start(Path(model.path))
            return Access(
                base_url=served.base_url, secret=served.secret, network=self._network,
                vendor=decision.vendor, local=True, purpose="local model",
            )  # fmt: skip
        if decision.payer == "credits":
            self.taken.add(decision.connection)
            return await open_service(self._keyring, decision, self._network)
        if decision.price_source:
            return await open_endpoint(self._keyring, decision, self._network)
        try:
            found = await self._keyring.resolve(decision.provider, decision.connection)
        except KeyStoreError as error:
            raise PermissionRefused(error.message, hint=error.hint) from error
        if found is None or found[0].id != decision.connection:  # its route is not that key's
            raise InvalidKey(f"the key {decision.label} is not in use any more")
        record, secret = found
        return Access(base_url=record.base_url, secret=secret, network=self._network)

    def warm(self, model: str) -> None:
        """Import the SDK of a model that a key or endpoint serves; see `Router` in the ports."""
        route = decide(self.situation(model))
        served = None if isinstance(route, Refused) else route.connection
        if isinstance(route, Route) and served is not None and served.id != LOCAL:
            api = _APIS[served.provider] if served.kind == "own_key" else "openai-chat"
            task = asyncio.create_task(warm(api))
            self._warming.add(task)
            task.add_done_callback(self._warming.discard)

    def default_model(self, last_used: str | None) -> str | None:
        """The model when none is named (design.md §6): setting, last used, own key's, local."""
        connections = self.connections()
        own = [one for one in connections if one.kind != "credits"]  # never credits unchosen
        for wanted in (self._settings.text("model.default"), last_used):
            if wanted == OWN_BEST or any(wanted and one.serves(wanted) for one in connections):
                return wanted
        return next((one.models[0] for one in own if one.models), None)


def _top_up(connection: Connection) -> str:
    """Where the account behind a key is paid into; a key for another host has another one."""
    maker = find_maker(connection.provider)
    own = maker is not None and origin(maker.base_url) == origin(connection.base_url)
    return maker.billing_url if maker is not None and own else ""
