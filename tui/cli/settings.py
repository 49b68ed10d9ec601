"""`ownkey settings`: the same settings and the same search as in the console."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tui.cli.output import print_json, print_text, say, say_error
from tui.cli.values import takes
from tui.errors import OwnkeyError, UsageError
from tui.paths import find_paths
from tui.settings.schema import BY_ID
from tui.settings.store import SettingsStore, known
from tui.settings.values import Refused, from_text, show

if TYPE_CHECKING:
    import argparse

    from tui.paths import Paths
    from tui.settings.search import Entry


def configure(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parts = parser.add_subparsers(dest="part", required=True, metavar="list|get|set|reset|search")
    listing = parts.add_parser("list", help="every setting and its value")
    getting = parts.add_parser("get", help="the value of one setting")
    takes(getting.add_argument("name", metavar="NAME"), "settings")
    setting = parts.add_parser("set", help="change one setting")
    takes(setting.add_argument("name", metavar="NAME"), "settings")
    setting.add_argument("value", metavar="VALUE", help="as JSON or plain text; null unsets")
    resetting = parts.add_parser("reset", help="go back to the default")
    takes(resetting.add_argument("name", metavar="NAME"), "settings")
    searching = parts.add_parser("search", help="find a setting, key, connection or action")
    searching.add_argument("words", metavar="WORDS", nargs="+")
    for part in (listing, getting, setting, resetting, searching):
        part.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run one part; exit status 2 where a value or name is refused."""
    paths = find_paths(os.environ)
    store = SettingsStore(paths.settings_file)
    match args.part:
        case "list":
            _list(store, as_json=args.json)
        case "get":
            value = store.get(args.name)
            print_json(_plain(value)) if args.json else print_text(show(value))
        case "set":
            _set(store, args.name, args.value, as_json=args.json)
        case "reset":
            store.reset(args.name)
            _print_one(store, args.name, as_json=args.json)
        case _:
            _search(paths, store, " ".join(args.words), as_json=args.json)
    for problem in store.problems:
        say(f"ownkey: {problem}")
    return 0


def _list(store: SettingsStore, *, as_json: bool) -> None:
    from tui.settings.search import setting_entries

    entries = setting_entries(store.get)
    if as_json:
        print_json([_object(entry) for entry in entries])
        return
    section = ""
    for entry in sorted(entries, key=_section_order):
        if entry.section != section:
            print_text(entry.section)
            section = entry.section
        print_text(f"  {entry.id:<29} {entry.title:<34} {_shown(entry)}")


def _section_order(entry: Entry) -> int:
    from tui.settings.schema import SECTIONS

    return SECTIONS.index(entry.section)


def _set(store: SettingsStore, name: str, text: str, *, as_json: bool) -> None:
    setting = known(name)
    try:
        value = from_text(setting, text)
    except Refused as refused:
        raise UsageError(str(refused), hint=setting.help) from refused
    store.set(name, value)
    _print_one(store, name, as_json=as_json)


def _print_one(store: SettingsStore, name: str, *, as_json: bool) -> None:
    from tui.settings.search import setting_entry

    value = store.get(name)
    if as_json:
        print_json(_object(setting_entry(known(name), value)))
    else:
        print_text(f"{name} = {show(value)}")


def _search(paths: Paths, store: SettingsStore, query: str, *, as_json: bool) -> None:
    from tui.settings.actions import ACTIONS
    from tui.settings.search import search, setting_entries

    found = search([*_owned(paths), *setting_entries(store.get), *ACTIONS], query)
    if as_json:
        print_json([_object(entry) for entry in found])
        return
    for entry in found:
        print_text(f"{entry.section:<15} {entry.id:<29} {entry.title:<38} {_shown(entry)}")
    if not found:
        say("Nothing is called that. `ownkey settings list` shows every setting.")


def _owned(paths: Paths) -> list[Entry]:
    """The keys, endpoints and local models that this person has, as entries to search."""
    from tui.endpoints.book import EndpointBook
    from tui.keys.book import KeyBook
    from tui.keys.store import KeyStores, mode_of
    from tui.localmodel.models import LocalModels
    from tui.settings.search import connection_entry, key_entry

    entries: list[Entry] = []
    try:
        stores = KeyStores(mode_of(os.environ), paths, os.environ)
        for key in KeyBook(paths, stores).list_keys(os.environ):
            entries.append(
                key_entry(
                    key.id,
                    provider=key.provider,
                    label=key.label,
                    fingerprint=key.fingerprint,
                    state=key.state if key.used else "found, not used",
                )
            )
        for one in EndpointBook(paths, lambda: stores).all():
            entries.append(
                connection_entry(
                    f"endpoint {one.name}",
                    title=one.name,
                    section="Endpoints",
                    state=one.checked.state if one.enabled else "disabled",
                    help_=f"{one.base_url}, {len(one.models)} models.",
                    words=("endpoint", "gateway", "base url", one.known),
                )
            )
        for model in LocalModels(paths).models():
            entries.append(
                connection_entry(
                    model.id,
                    title=model.name,
                    section="Local models",
                    state="ready" if model.present else "its file is gone",
                    help_=f"{model.path}, {model.size_bytes / 1e6:,.0f} MB.",
                    words=("local model", "gguf", "offline", "this machine"),
                )
            )
    except OwnkeyError as error:  # the settings are found all the same
        say_error(error)
    return entries


def _shown(entry: Entry) -> str:
    if entry.kind == "action":
        return ""
    setting = BY_ID.get(entry.id)
    return setting.unset if setting and entry.value is None else show(entry.value)


def _object(entry: Entry) -> dict[str, Any]:
    """The shape of contract.md's `settings search`."""
    return {
        "id": entry.id,
        "title": entry.title,
        "section": entry.section,
        "value": _plain(entry.value),
        "default": _plain(entry.default),
        "help": entry.help,
        "kind": entry.kind,
    }


def _plain(value: bool | int | str | Decimal | None) -> bool | int | str | float | None:
    # A number of no money: its shortest form reads back as the same Decimal.
    return float(value) if isinstance(value, Decimal) else value
