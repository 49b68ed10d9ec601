"""Where keys lie, where what is sent goes, and what is never done."""

from __future__ import annotations

import datetime as dt

from tui.address import origin
from tui.console.dialogs.words import MAKERS, RETENTION, ago
from tui.console.settings.panes.values import fact
from tui.console.settings.rows import Group, Row
from tui.console.settings.world import World
from tui.session.replies import Endpoints
from tui.text import neutralise

SECTION = "Privacy"
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
ROUTES = (*PROXIES, "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""As `tui.net` reads them, which brings the whole of HTTP along."""


def privacy_pane(world: World) -> Group:
    """Facts, none of them to be changed here."""
    rows = [
        _places(world),
        *_hosts(world),
        _ways(world),
        fact(
            "privacy.retention", "What becomes of what you send", SECTION, RETENTION,
            "retention", "training", "data", "logs",
        ),
        fact(
            "privacy.telemetry", "No telemetry", SECTION,
            "No telemetry, no update check, no server of ours. Requests go straight from this "
            "machine to the maker.",
            "analytics", "tracking", "phone home", "usage data",
        ),
    ]  # fmt: skip
    return Group(title=SECTION, section=SECTION, rows=tuple(rows))


def _places(world: World) -> Row:
    keys = world.keys
    if keys is None:
        where = "asking the keyring …"
    else:
        used = dict.fromkeys(row.backend for row in keys.keys if row.used or row.source == "stored")
        others = [name for name in used if name != keys.store]
        where = f"New keys are kept in {keys.store}"
        where += f"; there are keys in {' and in '.join(others)}, too." if others else "."
        where += " Only their names stand in files: never the keys."
    return fact(
        "privacy.keys", "Where your keys lie", SECTION, neutralise(where, strict=True),
        "keyring", "secret service", "vault", "storage",
    )  # fmt: skip


def _hosts(world: World) -> list[Row]:
    """Every address that a key of the person goes to, and when it last did."""
    rows: list[Row] = []
    seen: dict[str, dt.datetime | None] = {}
    names: dict[str, str] = {}
    here = _origin(world.session_host)
    for key in () if world.keys is None else world.keys.keys:
        if not key.base_url or not (key.used or key.source == "stored"):
            continue
        address = _origin(key.base_url)
        names.setdefault(address, MAKERS.get(key.provider, key.provider))
        times = [one for one in (seen.get(address), key.checked_at) if one is not None]
        seen[address] = max(times, default=None)
    told = world.endpoints.endpoints if isinstance(world.endpoints, Endpoints) else ()
    for one in told:
        address = _origin(one.url)
        names.setdefault(address, f"your endpoint {one.name}")
        times = [at for at in (seen.get(address), one.checked_at) if at is not None]
        seen[address] = max(times, default=None)
    if here:
        seen.setdefault(here, None)
    for address, checked in seen.items():
        told = [names[address]] if address in names else []
        if address == here:
            told.append("the requests of this session go there")
        if checked is not None:
            told.append(f"a key was checked there {ago(world.now - checked)}")
        title = neutralise(address, strict=True)
        said = neutralise("; ".join(told) or "no key was checked there", strict=True)
        said = f"{said[:1].upper()}{said[1:]}."
        rows.append(fact(f"privacy.host {address}", title, SECTION, said, "host", "network"))
    return rows


def _origin(address: str | None) -> str:
    """`https://api.example`: the port is named where it is not the usual one."""
    if not address:
        return ""
    try:
        full = origin(address)
    except ValueError:
        return address
    scheme, port = full.partition(":")[0], full.rpartition(":")[2]
    usual = {"https": "443", "http": "80"}.get(scheme)
    return full.removesuffix(f":{port}") if port == usual else full


def _ways(world: World) -> Row:
    """Proxies and certificates, without a password that may stand in an address."""
    set_here = [(name, world.environ[name]) for name in ROUTES if world.environ.get(name)]
    shown = [f"{name}={value.rpartition('@')[2]}" for name, value in set_here]
    words = ", ".join(shown) if shown else "None is set: requests go straight to their host."
    return fact(
        "privacy.proxies", "Proxies and certificates", SECTION, neutralise(words, strict=True),
        "proxy", "certificate", "HTTPS_PROXY", "tls",
    )  # fmt: skip
