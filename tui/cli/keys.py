"""`ownkey keys`: the person's own keys, listed, added, checked, chosen and removed."""

from __future__ import annotations

import argparse
import asyncio
import functools
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from tui.cli.asking import ask_passphrase, can_ask
from tui.cli.output import print_json, print_row, print_text, say
from tui.cli.values import takes
from tui.errors import KeyStoreError, UsageError
from tui.secret import Secret

if TYPE_CHECKING:
    from tui.keys.book import KeyBook
    from tui.keys.check import CheckResult
    from tui.keys.listing import KeyRecord
    from tui.paths import Paths

    Parts: TypeAlias = "argparse._SubParsersAction[QuietParser]"  # pyright: ignore[reportPrivateUsage] - its only name

_LIKE_A_KEY = re.compile(r"[A-Za-z0-9_.~+/=-]{16,}")


class QuietParser(argparse.ArgumentParser):
    """Never repeats what may be a key that someone put on the command line."""

    def error(self, message: str) -> NoReturn:
        refuse_quietly(self, message)


def refuse_quietly(parser: argparse.ArgumentParser, message: str) -> NoReturn:
    """Argparse's own way, without what may be a key."""
    argparse.ArgumentParser.error(parser, _LIKE_A_KEY.sub("…", message))


def configure(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.error = functools.partial(refuse_quietly, parser)  # what is left over comes back to it
    parts = parser.add_subparsers(
        dest="part",
        required=True,
        metavar="list|add|check|default|label|disable|enable|pin|unpin|remove|undo|use",
        parser_class=QuietParser,
    )
    listing = parts.add_parser("list", help="every key: stored, and found in the environment")
    adding = _adding(parts)
    checking = parts.add_parser("check", help="ask the makers whether keys are valid")
    takes(
        checking.add_argument("which", nargs="?", metavar="PROVIDER|ID", help="all in use"), "keys"
    )
    choosing = parts.add_parser("default", help="choose the key that a maker's requests take")
    takes(choosing.add_argument("which", metavar="ID"), "key-ids")
    changing = _changing(parts)
    removing = parts.add_parser("remove", help="remove a key; `undo` brings it back")
    takes(removing.add_argument("which", metavar="PROVIDER|ID"), "keys")
    undoing = parts.add_parser("undo", help="bring back what was removed or replaced last")
    using = parts.add_parser("use", help="the yes to a key found in the environment")
    takes(using.add_argument("which", metavar="ENVVAR"), "variables")
    for part in (listing, adding, checking, choosing, *changing, removing, undoing, using):
        part.add_argument("--json", action="store_true", help="print JSON")


def _adding(parts: Parts) -> argparse.ArgumentParser:
    adding = parts.add_parser(
        "add",
        help="store a key",
        description="Store a key. It is read from the terminal without echo, or from standard "
        "input; never from an argument, where the shell's history would keep it.",
    )
    # Words, so that a key given as an argument is refused by us, not repeated by argparse.
    words = adding.add_argument(
        "words", nargs="*", metavar="PROVIDER", help="anthropic, openai, google"
    )
    takes(words, "providers")
    adding.add_argument("--label", metavar="L", help="your word for it; the first is `main`")
    adding.add_argument("--base-url", metavar="URL", help="where it is sent, if not to the maker")
    adding.add_argument("--replace", action="store_true", help="put it in place of the one there")
    adding.add_argument("--default", action="store_true", help="make it the maker's default")
    adding.add_argument("--no-check", action="store_true", help="store it without a live check")
    adding.add_argument(
        "--admin", action="store_true", help="an admin key, for `ownkey usage reconcile` alone"
    )
    adding.add_argument(
        "--dry-run", action="store_true", help="say what would be used; store and send nothing"
    )
    adding.add_argument(
        "--batch", action="store_true", help="with --dry-run: JSON lines {provider, payload}"
    )
    return adding


def _changing(parts: Parts) -> list[QuietParser]:
    """What stands beside a key: its label, its switch, its pins."""
    changing = [
        parts.add_parser("label", help="give a key another label"),
        parts.add_parser("disable", help="keep a key, and have no request take it"),
        parts.add_parser("enable", help="have requests take a key again"),
        parts.add_parser("pin", help="requests from a folder take this key first"),
        parts.add_parser("unpin", help="take a folder's pin away"),
    ]
    for part in changing:
        takes(part.add_argument("which", metavar="ID"), "key-ids")
    changing[0].add_argument("label", metavar="LABEL", help="your word for it")
    for part in changing[-2:]:
        folder = part.add_argument("--folder", metavar="D", help="this one unless said")
        takes(folder, "folders")
    return changing


def run(args: argparse.Namespace) -> int:
    """Run one part; the exit status is contract.md's."""
    from tui.keys.book import KeyBook
    from tui.keys.store import KeyStores, mode_of
    from tui.paths import find_paths

    environ, paths = os.environ, find_paths(os.environ)
    if args.part == "add":
        from tui.cli.keys_add import run_add

        return run_add(args, environ, paths)
    passphrase = passphrase_in(environ)
    if args.part == "check" and passphrase is None:
        passphrase = _ask_if_needed(environ, paths)
    stores = KeyStores(mode_of(environ), paths, environ, passphrase=lambda: passphrase)
    book = KeyBook(paths, stores)
    try:
        return _act(args, book, environ)
    finally:
        for warning in book.warnings:
            say(f"ownkey: {warning}")


def passphrase_in(environ: Mapping[str, str]) -> Secret | None:
    """The vault's passphrase from `OWNKEY_PASSPHRASE`."""
    value = environ.get("OWNKEY_PASSPHRASE", "")
    return Secret(value) if value else None


def as_json(record: KeyRecord) -> dict[str, Any]:
    """A key as `keys list --json` shows it."""
    import msgspec

    return msgspec.to_builtins(record)


def _act(args: argparse.Namespace, book: KeyBook, environ: Mapping[str, str]) -> int:
    from tui.keys.store import with_limit

    match args.part:
        case "list":
            _list(book.list_keys(environ, os.getcwd()), as_json_too=args.json)
            return 0
        case "check":
            return _check(args, book, environ)
        case "default":
            record = book.set_default(_one(book, args.which, environ).id, environ)
            told = "is the default"
        case "label" | "disable" | "enable" | "pin" | "unpin":
            record, told = _changed(args, book, environ)
        case "use":
            record = book.use(args.which.removeprefix("env:"), environ)
            told = f"is used from now on, sent to {record.base_url}"
        case "undo":
            record = asyncio.run(with_limit(lambda: book.undo(environ)))
            told = "is back"
        case _:
            record = _one(book, args.which, environ)
            asyncio.run(with_limit(lambda: book.remove(record.id)))
            told = "is removed; for 30 minutes `ownkey keys undo` brings it back"
    if args.json:
        print_json(as_json(record))
    else:
        print_text(f"{record.provider} {record.label} (…{record.fingerprint}) {told}.")
    return 0


def _changed(
    args: argparse.Namespace, book: KeyBook, environ: Mapping[str, str]
) -> tuple[KeyRecord, str]:
    """A key with another label, switch or pin, and what became of it."""
    id = _one(book, args.which, environ).id
    match args.part:
        case "label":
            return book.relabel(id, args.label), "is its name now"
        case "disable" | "enable":
            on = args.part == "enable"
            record = book.switch(id, environ, on=on)
            return record, "is taken again" if on else "is kept, and no request takes it"
        case _:
            folder = os.path.abspath(os.path.expanduser(args.folder or os.getcwd()))
            if args.part == "unpin":
                return book.unpin(id, folder, environ), f"is not pinned to {folder} any more"
            if not os.path.isdir(folder):
                raise UsageError(f"{folder} is no folder")
            return book.pin(id, folder, environ), f"is taken first in {folder} and below it"


def _list(records: tuple[KeyRecord, ...], *, as_json_too: bool) -> None:
    if as_json_too:
        print_json([as_json(record) for record in records])
        return
    if not records:
        print_text("No keys. Add one: ownkey keys add anthropic|openai|google")
    for record in records:
        print_row(_line(record))


def _line(record: KeyRecord) -> str:
    head = f"{record.provider:<10} {record.label:<18} …{record.fingerprint:<5}"
    if not record.used and record.enabled and record.source == "environment":
        if record.state == "refused":
            return f"{head} found in the environment; it holds characters that no key has"
        return f"{head} found, not used (ownkey keys use {record.label})"
    state = record.state if record.error_kind is None else f"{record.state}: {record.error_kind}"
    where = f"{record.backend}  {record.base_url}  {record.id}"
    return f"{head} {state:<22} {_stands(record):<8} {where}"


def _stands(record: KeyRecord) -> str:
    """What requests make of it here."""
    if record.admin:
        return "reads cost reports"
    if not record.enabled:
        return "off"
    if not record.used:
        return "not in reach"
    return "pinned here" if record.pinned else "default" if record.default else ""


def _find(book: KeyBook, word: str, environ: Mapping[str, str]) -> list[KeyRecord]:
    """The keys that a word names: an id, a variable, a label, or all of a maker."""
    records = book.list_keys(environ)
    ids = [one for one in records if word in (one.id, one.id.removeprefix("env:"))]
    return ids or [one for one in records if word in (one.label, one.provider)]


def _one(book: KeyBook, word: str, environ: Mapping[str, str]) -> KeyRecord:
    found = _find(book, word, environ)
    stored = [one for one in found if one.source == "stored"]
    if len(found) > 1 and len(stored) == 1:
        return stored[0]
    if not found:
        raise UsageError("there is no such key", hint="`ownkey keys list` shows all, with ids.")
    if len(found) > 1:
        raise UsageError(
            "several keys have that name", hint=f"Say which: {', '.join(one.id for one in found)}."
        )
    return found[0]


def _check(args: argparse.Namespace, book: KeyBook, environ: Mapping[str, str]) -> int:
    from tui.keys.listing import why_unused

    records = book.list_keys(environ) if args.which is None else _find(book, args.which, environ)
    if args.which is not None and not records:
        raise UsageError("there is no such key", hint="`ownkey keys list` shows all, with ids.")
    unused = [record for record in records if not record.used and not record.admin]
    used = [record for record in records if record.used or record.admin]
    if args.which is not None and unused and not used:
        raise UsageError(
            "that key is not in use, so it is not sent anywhere",
            hint=why_unused(unused[0]),
        )
    answers = asyncio.run(_check_all(used, book, environ))
    if args.json:
        print_json([_checked_json(*answer) for answer in answers])
    else:
        for record, result in answers:
            _tell(record, result)
        if not answers:
            print_text("No keys in use. Add one: ownkey keys add anthropic|openai|google")
    return 0 if all(_good(result) for _, result in answers) else 1


async def _check_all(
    records: list[KeyRecord], book: KeyBook, environ: Mapping[str, str]
) -> list[tuple[KeyRecord, CheckResult | KeyStoreError]]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_check_one(one, book, environ)) for one in records]
    return [task.result() for task in tasks]


async def _check_one(
    record: KeyRecord, book: KeyBook, environ: Mapping[str, str]
) -> tuple[KeyRecord, CheckResult | KeyStoreError]:
    import msgspec

    from tui.events.base import utc_now
    from tui.keys.admin import check_admin
    from tui.keys.check import as_checked, check_key
    from tui.keys.kept_models import keep_models
    from tui.keys.store import mode_of, with_limit
    from tui.paths import find_paths

    try:
        secret = await with_limit(lambda: book.secret_of(record, environ))
    except KeyStoreError as error:
        return record, error
    if record.admin:
        result = await check_admin(
            record.provider, secret, record.base_url, utc_now(), environ=environ
        )
    else:
        result = await check_key(record.provider, secret, record.base_url, environ=environ)
    checked = as_checked(result, utc_now())
    book.record_check(record.id, checked)
    if mode_of(environ) != "env" and not record.admin:  # which promises that nothing is stored
        keep_models(find_paths(environ), record.provider, result.models)
    shown = msgspec.structs.replace(
        record,
        state=checked.state,
        checked_at=checked.at,
        error_kind=checked.error_kind,
        models=checked.models,
    )
    return shown, result


def _good(result: CheckResult | KeyStoreError) -> bool:
    return not isinstance(result, KeyStoreError) and result.state == "verified"


def _checked_json(record: KeyRecord, result: CheckResult | KeyStoreError) -> dict[str, Any]:
    return as_json(record) | {"message": result.message, "hint": result.hint}


def _tell(record: KeyRecord, result: CheckResult | KeyStoreError) -> None:
    head = f"{record.provider} {record.label} (…{record.fingerprint})"
    state = "not read" if isinstance(result, KeyStoreError) else result.state
    print_text(f"{head} {state}: {result.message}")
    if result.hint:
        print_text(f"  {result.hint}")


def _ask_if_needed(environ: Mapping[str, str], paths: Paths) -> Secret | None:
    """The passphrase from the terminal, where keys lie in the vault and somebody can answer."""
    from tui.keys.records import read_keys
    from tui.keys.store import mode_of

    content = read_keys(paths.keys_file)
    sealed = content is not None and any(key.store == "sealed" for key in content.keys)
    if not sealed or mode_of(environ) == "env" or not can_ask():
        return None
    return ask_passphrase(new=False)
