"""What values an argument takes, and those of them that are known here: for shell completion.

Everything is offline and cheap: no keyring, no SDK, no file that was not there before.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, cast, get_args

from tui.text import neutralise

if TYPE_CHECKING:
    from tui.credits.records import CreditService

Kind = Literal[
    "models", "sessions", "settings", "providers", "keys", "key-ids", "variables",
    "local-models", "efforts", "mcp-servers", "endpoints", "known-endpoints",
    "credit-services", "credit-adapters",
]  # fmt: skip
"""Values that a command lists."""

Place = Literal["files", "folders"]
"""Values that the shell itself knows."""

KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_SESSIONS = 100
_SAFE = re.compile(r"[A-Za-z0-9_.:/@+][A-Za-z0-9_.:/@+-]*")
"""A value of other characters would have to be quoted, or means something to a shell."""


class Known(NamedTuple):
    """One value, and what it is."""

    value: str
    about: str = ""


def takes(action: argparse.Action, kind: Kind | Place) -> None:
    """Say what values an argument takes."""
    setattr(action, "takes", kind)  # noqa: B010 - argparse's type knows no such attribute


def taken_by(action: argparse.Action) -> Kind | Place | None:
    """What was said of an argument; None where its values are anybody's words."""
    return cast("Kind | Place | None", getattr(action, "takes", None))


def known_values(kind: Kind) -> list[Known]:
    """The values of a kind that are known on this machine; those a shell would need quoted not."""
    found = _LISTS[kind]()
    return [
        Known(one.value, neutralise(" ".join(one.about.split()), strict=True))
        for one in found
        if _SAFE.fullmatch(one.value)
    ]


def _models() -> Iterator[Known]:
    import msgspec

    from tui.catalog.models import Catalogue, FoundModel
    from tui.paths import find_paths

    extra: list[FoundModel] = []
    try:
        data = find_paths(os.environ).models_file.read_bytes()
        lists = msgspec.json.decode(data, type=dict[str, list[FoundModel]])
        extra = [model for models in lists.values() for model in models]
    except (OSError, msgspec.MsgspecError):
        pass  # the makers' own lists are a comfort
    yield from (Known(model.id, model.name) for model in Catalogue.load(extra).models)
    yield from _endpoint_models()
    yield from _credit_models()
    yield from _local_models()


def _local_models() -> Iterator[Known]:
    from tui.errors import OwnkeyError
    from tui.localmodel.models import LocalModels
    from tui.paths import find_paths

    try:
        yield from (Known(one.id, one.name) for one in LocalModels(find_paths(os.environ)).models())
    except OwnkeyError:
        return


def _sessions() -> Iterator[Known]:
    from tui.errors import OwnkeyError
    from tui.paths import find_paths

    file = find_paths(os.environ).store_file
    if not file.exists():
        return
    from tui.store.log import Store

    try:
        store = Store(file)
        try:
            summaries = store.summaries()
        finally:
            store.close()
    except OwnkeyError:
        return
    yield Known("last", "the last one of this folder")
    for one in sorted(summaries, key=lambda one: one.updated, reverse=True)[:MOST_SESSIONS]:
        yield Known(one.id, f"{one.title or 'untitled'}, {one.updated.astimezone():%d %b %H:%M}")


def _settings() -> Iterator[Known]:
    from tui.settings.schema import BY_ID

    yield from (Known(setting.id, setting.title) for setting in BY_ID.values())


def _providers() -> Iterator[Known]:
    from tui.keys.makers import MAKERS

    yield from (Known(maker.id, maker.name) for maker in MAKERS)


def _variables() -> Iterator[Known]:
    from tui.keys.makers import MAKERS

    for maker in MAKERS:
        yield from (
            Known(name, f"{maker.name}, in the environment")
            for name in maker.variables
            if os.environ.get(name)
        )


def _key_ids() -> Iterator[Known]:
    from tui.errors import OwnkeyError
    from tui.keys.makers import find_maker
    from tui.keys.records import read_keys
    from tui.paths import find_paths

    try:
        content = read_keys(find_paths(os.environ).keys_file)
    except OwnkeyError:
        content = None
    for key in content.keys if content is not None else ():
        maker = find_maker(key.provider)
        yield Known(key.id, f"{maker.name if maker else key.provider} {key.label}")
    yield from (Known(f"env:{one.value}", one.about) for one in _variables())


def _keys() -> Iterator[Known]:
    yield from _providers()
    yield from _key_ids()


def _efforts() -> Iterator[Known]:
    from tui.catalog.models import Catalogue

    words = dict.fromkeys(word for one in Catalogue.load().models for word in one.efforts)
    yield from (Known(word) for word in words)


def _mcp_servers() -> Iterator[Known]:
    from tui.paths import find_paths
    from tui.tools.mcp.servers import ServerBook

    yield from (Known(name) for name in ServerBook(find_paths(os.environ)).read().servers)


def _endpoints() -> Iterator[Known]:
    from tui.endpoints.records import read_endpoints
    from tui.errors import OwnkeyError
    from tui.paths import find_paths

    try:
        content = read_endpoints(find_paths(os.environ).endpoints_file)
    except OwnkeyError:
        content = None
    for one in content.endpoints if content is not None else ():
        yield Known(one.name, one.base_url)


def _endpoint_models() -> Iterator[Known]:
    from tui.endpoints.records import read_endpoints
    from tui.errors import OwnkeyError
    from tui.paths import find_paths

    try:
        content = read_endpoints(find_paths(os.environ).endpoints_file)
    except OwnkeyError:
        return
    for one in content.endpoints if content is not None else ():
        yield from (Known(f"{one.name}/{m.picked_by}", m.name or m.id) for m in one.models)


def _known_endpoints() -> Iterator[Known]:
    from tui.endpoints.known import KNOWN

    yield from (Known(one.id, one.name) for one in KNOWN)


def _services() -> tuple[CreditService, ...]:
    from tui.credits.records import read_services
    from tui.errors import OwnkeyError
    from tui.paths import find_paths

    try:
        content = read_services(find_paths(os.environ).credits_file)
    except OwnkeyError:
        return ()
    return () if content is None else content.services


def _credit_services() -> Iterator[Known]:
    yield from (Known(one.name, one.base_url) for one in _services())


def _credit_models() -> Iterator[Known]:
    for one in _services():
        yield from (Known(auto, f"takes credits at {one.name}") for auto in one.auto)
        yield from (Known(one.picked(model), model.name or model.id) for model in one.models)


def _credit_adapters() -> Iterator[Known]:
    from tui.credits.known import ADAPTERS

    yield from (Known(one.id, one.name) for one in ADAPTERS)


_LISTS = {
    "credit-services": _credit_services,
    "credit-adapters": _credit_adapters,
    "endpoints": _endpoints,
    "known-endpoints": _known_endpoints,
    "models": _models,
    "sessions": _sessions,
    "settings": _settings,
    "providers": _providers,
    "keys": _keys,
    "key-ids": _key_ids,
    "variables": _variables,
    "local-models": _local_models,
    "efforts": _efforts,
    "mcp-servers": _mcp_servers,
}
