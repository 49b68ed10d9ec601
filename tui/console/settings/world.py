"""What the panes of the settings know: taken together before they are asked for their rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from tui.hosts import Contacts
from tui.localmodel.models import LocalModel
from tui.places import Place
from tui.session.credit_talk import Credits
from tui.session.replies import (
    Endpoints,
    KeyRow,
    Keys,
    LocalProgress,
    ModelRow,
    RuleRow,
    Servers,
    SpentToday,
)
from tui.settings.schema import Value


class World(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; None is not known (yet).

    Args:
        values: Every setting's value in force.
        fallback_off: Credit fallback was switched off by hand, its rules too.
        problems: What is wrong with the settings file, a sentence each.
        rules: The approvals given for good, or why they cannot be listed.
        servers: The MCP servers of this folder, or why they cannot be listed.
        doomed: The rule that the next D takes back.
        forgotten: The key that was forgotten last since the settings were opened.
        endpoints: Endpoints and local servers, or why they cannot be listed.
        removed: Name of the endpoint that was removed last since then.
        credits: Credit services and what else is left, or why they cannot be listed.
        removed_service: Name of the credit service that was removed last since then.
        intent: What Enter does to a key, by the words that were searched for.
        session_host: Where this session's last request went.
        environ: The variables about proxies and certificates.
        themes: Names of all that can be picked.
        contacts: The hosts that were contacted, or why they cannot be listed.
        kept: What lies on this machine.
    """

    values: Mapping[str, Value]
    fallback_off: bool = False
    problems: tuple[str, ...] = ()
    keys: Keys | None = None
    keys_trouble: str = ""
    models: tuple[ModelRow, ...] = ()
    local: tuple[LocalModel, ...] | str | None = None
    fetching: LocalProgress | None = None
    rules: tuple[RuleRow, ...] | str | None = None
    doomed: RuleRow | None = None
    servers: Servers | str | None = None
    forgotten: KeyRow | None = None
    endpoints: Endpoints | str | None = None
    removed: str = ""
    credits: Credits | str | None = None
    removed_service: str = ""
    intent: str = "replace"
    today: SpentToday | None = None
    session_nano: int = 0
    session_unknown: int = 0
    session_host: str | None = None
    environ: Mapping[str, str] = {}
    themes: tuple[str, ...] = ()
    contacts: Contacts | str | None = None
    kept: tuple[Place, ...] = ()
    now: dt.datetime
    letters: bool = False
