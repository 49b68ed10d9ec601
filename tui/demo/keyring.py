"""The demo's keys and endpoints: listed as real ones are, and no secret behind any of them."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from tui.address import origin
from tui.endpoints.records import (
    Endpoint,
    EndpointFile,
    EndpointModel,
    KeyPlace,
    write_endpoints,
)
from tui.keys.makers import find_maker
from tui.keys.records import Checked, KeyFile, StoredKey, write_keys
from tui.keys.store import KeyStores, StoreKind
from tui.paths import Paths
from tui.runtime.keyring import Keyring
from tui.secret import Secret

MEMORY = "the demo's memory"
GATEWAY = "gateway.acme"
GATEWAY_URL = "https://llm.acme.example/v1"
FOUND = {"OPENAI_API_KEY": "sk-proj-nobody-made-this-one-up-for-the-demo"}
"""A key that lies about in the demo's environment, so that one is seen there; it opens nothing."""

_KEYS = (
    ("anthropic", "work", "AAqr", 9, dt.timedelta(minutes=2)),
    ("anthropic", "personal", "Bq7x", 9, dt.timedelta(days=1)),
    ("google", "personal", "m2Kd", 11, dt.timedelta(hours=5)),
)


_PLAYED = Secret("played-by-the-demo")


class MemoryStore:
    """Keeps secrets as long as the process lives; of the demo's own keys it has a played one."""

    def __init__(self) -> None:
        self.kind: Literal["sealed"] = "sealed"
        self.name = MEMORY
        self._secrets: dict[str, Secret] = {}

    def get(self, id: str) -> Secret | None:
        """See `tui.keys.store.SecretStore`."""
        return self._secrets.get(id, _PLAYED)

    def set(self, id: str, secret: Secret) -> None:
        """See `tui.keys.store.SecretStore`."""
        self._secrets[id] = secret

    def delete(self, id: str) -> None:
        """See `tui.keys.store.SecretStore`."""
        self._secrets.pop(id, None)


class DemoStores(KeyStores):
    """One store, in memory: neither keyring nor vault is ever opened."""

    _memory = MemoryStore()

    def can_use(self, kind: StoreKind) -> bool:
        return kind == "sealed"

    def holding(self, kind: StoreKind) -> MemoryStore:
        return self._memory


class DemoKeyring(Keyring):
    """The real one over `DemoStores`."""

    def _open_stores(self, *, create: bool) -> KeyStores:
        return DemoStores("sealed", self._paths, self.environ)


def write_connections(paths: Paths, now: dt.datetime) -> None:
    """List the demo's keys and its endpoint; what is listed already is left as it is."""
    if not paths.keys_file.exists():
        keys = tuple(_key(*words, now) for words in _KEYS)
        write_keys(paths.keys_file, KeyFile(keys=keys, defaults={"anthropic": keys[0].id}))
    if not paths.endpoints_file.exists():
        write_endpoints(paths.endpoints_file, EndpointFile(endpoints=(_endpoint(now),)))


def _key(
    provider: str, label: str, last: str, models: int, ago: dt.timedelta, now: dt.datetime
) -> StoredKey:
    maker = find_maker(provider)
    assert maker is not None
    return StoredKey(
        id=f"{provider}-{label}", provider=provider, label=label, fingerprint=last,
        base_url=maker.base_url, store="sealed", backend=MEMORY,
        added_at=now - dt.timedelta(days=40),
        checked=Checked(state="verified", at=now - ago, models=models),
    )  # fmt: skip


def _endpoint(now: dt.datetime) -> Endpoint:
    model = EndpointModel(
        id="glm-5.2", name="glm-5.2", context=200_000, max_output=32_000,
        prices={"input": "0.6", "output": "2.2", "cache_read": "0.11"},
    )  # fmt: skip
    return Endpoint(
        name=GATEWAY, base_url=GATEWAY_URL, models=(model,), wants_key=True,
        key=KeyPlace(
            id="endpoint-gateway", store="sealed", backend=MEMORY, fingerprint="x9Tf",
            origin=origin(GATEWAY_URL),
        ),
        added_at=now - dt.timedelta(days=30),
        checked=Checked(state="verified", at=now - dt.timedelta(hours=3), models=1),
    )  # fmt: skip
