"""Routes out of what there is now: keys, local models, the catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tui.address import origin
from tui.catalog.models import Catalogue, split_id
from tui.errors import InvalidKey, KeyStoreError, NoRoute, PermissionRefused
from tui.keys.makers import find_maker
from tui.localmodel.models import LocalModels
from tui.localmodel.process import LocalServer
from tui.net import Network
from tui.providers.base import Access, Api
from tui.providers.registry import warm
from tui.routing.connections import Connection
from tui.routing.policy import Refused, decide
from tui.runtime.keyring import Keyring
from tui.session.ports import Decision

_APIS: dict[str, Api] = {
    "anthropic": "anthropic", "openai": "openai-responses", "google": "google",
}  # fmt: skip
LOCAL_HOST = "http://127.0.0.1"


class LiveRouter:
    """See `tui.session.ports.Router`.

    Args:
        chosen: The setting `model.default`.
    """

    def __init__(
        self,
        keyring: Keyring,
        local: LocalModels,
        server: LocalServer,
        network: Network,
        chosen: Callable[[], str | None],
    ) -> None:
        self._keyring = keyring
        self._local = local
        self._server = server
        self._network = network
        self._chosen = chosen
        self._warming: set[asyncio.Task[None]] = set()

    def connections(self) -> tuple[Connection, ...]:
        """What serves models now: used keys, then this machine."""
        own = [
            Connection(
                id=key.id, kind="own_key", provider=key.provider, label=key.label,
                base_url=key.base_url, default=key.default,
            )
            for key in self._keyring.records()
            if key.used
        ]  # fmt: skip
        models = frozenset(model.id for model in self._local.models() if model.present)
        if models:
            own.append(
                Connection(
                    id="local", kind="local", provider="local", label="this machine",
                    base_url=LOCAL_HOST, models=models,
                )
            )  # fmt: skip
        return tuple(own)

    def decide(self, model: str) -> Decision:
        """The route of a request to `model` now."""
        route = decide(model, self.connections())
        if isinstance(route, Refused):
            raise self._unfit(model) or NoRoute(route.why, hint=route.hint)
        connection = route.connection
        known = Catalogue.load(self._keyring.found_models()).find(model)
        local = connection.kind == "local"
        return Decision(
            model=model,
            wire_model=split_id(model)[1],
            api="openai-chat" if local else _APIS[connection.provider],
            provider=connection.provider,
            connection=connection.id,
            payer=route.payer,
            why=route.why,
            label=connection.label,
            host=origin(connection.base_url),
            base_url=connection.base_url,
            vendor="llama.cpp" if local else None,
            local=local,
            thinking=None if known is None else known.thinking,
            efforts=() if known is None else known.efforts,
            tools=not local,
            context=8192 if local else None if known is None else known.context,
            max_output=2048 if local else None if known is None else known.max_output,
        )

    def _unfit(self, model: str) -> NoRoute | None:
        """Why a key that the environment holds cannot serve it, where one does."""
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
                vendor=decision.vendor, local=True,
            )  # fmt: skip
        try:
            found = await self._keyring.resolve(decision.provider)
        except KeyStoreError as error:
            raise PermissionRefused(error.message, hint=error.hint) from error
        if found is None:
            raise InvalidKey(f"the key {decision.label} is not in use any more")
        record, secret = found
        return Access(base_url=record.base_url, secret=secret, network=self._network)

    def warm(self, model: str) -> None:
        """Import the SDK of a model that a key serves; see `tui.session.ports.Router`."""
        api = _APIS.get(split_id(model)[0])
        if api is not None and any(one.serves(model) for one in self.connections()):
            task = asyncio.create_task(warm(api))
            self._warming.add(task)
            task.add_done_callback(self._warming.discard)

    def default_model(self, last_used: str | None) -> str | None:
        """The model when none is named (design.md §6): setting, last used, own key's, local."""
        connections = self.connections()
        for wanted in (self._chosen(), last_used):
            if wanted and any(one.serves(wanted) for one in connections):
                return wanted
        catalogue = Catalogue.load()
        for one in connections:
            if one.kind == "own_key" and (models := catalogue.of(one.provider)):
                return models[0].id
        return next((sorted(one.models)[0] for one in connections if one.models), None)
