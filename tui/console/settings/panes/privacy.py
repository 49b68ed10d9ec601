"""Where keys and files lie, where what is sent goes and what becomes of it; forget everything."""

from __future__ import annotations

import msgspec

from tui.address import origin
from tui.console.dialogs.words import MAKERS, ago
from tui.console.settings.panes.values import fact
from tui.console.settings.rows import ForgetAll, Group, Row
from tui.console.settings.world import World
from tui.hosts import Contact
from tui.places import size_words
from tui.session.credit_talk import Credits
from tui.session.privacy_words import (
    LOCAL_RETENTION,
    STATEMENTS,
    endpoint_retention,
    key_retention,
    service_retention,
)
from tui.session.replies import Endpoints
from tui.text import neutralise

SECTION = "Privacy"
FORGET_ID = "privacy.forget"
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
ROUTES = (*PROXIES, "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""As `tui.net` reads them, which brings the whole of HTTP along."""


def privacy_pane(world: World) -> Group:
    """Facts, and the one thing that can be done about all of them."""
    rows = [
        _keys(world),
        *_hosts(world),
        *_retention(world),
        _ways(world),
        *_kept(world),
        *(
            fact(f"privacy.{one.id}", one.title, SECTION, one.text, *one.words)
            for one in STATEMENTS
        ),
        _forget(),
    ]
    return Group(title=SECTION, section=SECTION, rows=tuple(rows))


def _keys(world: World) -> Row:
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
    """Every address that was contacted, the latest first, then those that wait for a key's use."""
    contacts = world.contacts
    if isinstance(contacts, str):
        return [fact("privacy.hosts", "Hosts cannot be listed", SECTION, neutralise(contacts))]
    names = _names(world)
    seen: dict[str, list[Contact]] = {}
    for one in () if contacts is None else contacts.contacts:
        seen.setdefault(_origin(one.origin), []).append(one)
    rows = [_host(address, names.get(address, ""), those, world) for address, those in seen.items()]
    rows += [
        _host(address, name, [], world) for address, name in names.items() if address not in seen
    ]
    if contacts is not None and contacts.since is not None:
        dropped = f" {contacts.dropped} that were unused for longest were dropped." * bool(
            contacts.dropped
        )
        since = f"Hosts are listed since {contacts.since:%d %b %Y} (UTC).{dropped}"
        rows.append(fact("privacy.since", "Since when", SECTION, since, "hosts", "network"))
    return rows


def _host(address: str, name: str, contacts: list[Contact], world: World) -> Row:
    told = [name] if name else []
    if address == _origin(world.session_host):
        told.append("the requests of this session go there")
    told += [
        f"{one.purpose} {_times(one.count)}, last {ago(world.now - one.last)}, "
        f"first {one.first:%d %b %Y}"
        for one in contacts
    ]
    if not told or told == [name]:
        told.append("not contacted yet")
    title, said = neutralise(address, strict=True), neutralise("; ".join(told), strict=True)
    said = f"{said[:1].upper()}{said[1:]}."
    words = ("host", "network", "contacted", "connections", *(one.purpose for one in contacts))
    return fact(f"privacy.host {address}", title, SECTION, said, *words)


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count:,} times"


def _names(world: World) -> dict[str, str]:
    """Whose each address is, of those that the person's keys and endpoints go to."""
    names: dict[str, str] = {}
    if here := _origin(world.session_host):
        names[here] = ""
    for key in () if world.keys is None else world.keys.keys:
        if key.base_url and (key.used or key.source == "stored"):
            address = _origin(key.base_url)
            names[address] = names.get(address) or MAKERS.get(key.provider, key.provider)
    told = world.endpoints.endpoints if isinstance(world.endpoints, Endpoints) else ()
    for one in told:
        address = _origin(one.url)
        names[address] = names.get(address) or f"your endpoint {one.name}"
    return names


def _retention(world: World) -> list[Row]:
    """What becomes of what is sent, in words for each connection."""
    said: dict[str, str] = {}
    for key in () if world.keys is None else world.keys.keys:
        if key.used or key.source == "stored":
            maker = MAKERS.get(key.provider, key.provider)
            said[f"What {maker} keeps"] = key_retention(maker)
    told = world.endpoints.endpoints if isinstance(world.endpoints, Endpoints) else ()
    for one in told:
        said[f"What {one.name} keeps"] = endpoint_retention(one.name, one.payer)
    services = world.credits.services if isinstance(world.credits, Credits) else ()
    for one in services:
        said[f"What {one.name} keeps"] = service_retention(one.retention)
    if isinstance(world.local, tuple) and world.local:
        said["Models on this machine"] = LOCAL_RETENTION
    return [
        fact(
            f"privacy.retention {title}", neutralise(title, strict=True), SECTION,
            neutralise(text, strict=True), "retention", "training", "data", "logs", "kept",
        )
        for title, text in said.items()
    ]  # fmt: skip


def _kept(world: World) -> list[Row]:
    """What lies on this machine, each with its size."""
    return [
        fact(
            f"privacy.place {one.what}", one.what, SECTION, neutralise(one.path, strict=True),
            "file", "folder", "where", "storage", right=((size_words(one.bytes), "$mute"),),
        )
        for one in world.kept
        if one.bytes is not None
    ]  # fmt: skip


def _forget() -> Row:
    row = fact(
        FORGET_ID, "Forget everything", SECTION,
        "Removes keys, settings, conversations, receipts, models on this machine and the list of "
        "hosts, for good, and closes ownkey. What providers keep is theirs.",
        "delete everything", "erase", "reset", "wipe", "remove all", "uninstall",
    )  # fmt: skip
    return msgspec.structs.replace(row, act=ForgetAll(), marker=("!", "$bad"), bar="$bad")


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
