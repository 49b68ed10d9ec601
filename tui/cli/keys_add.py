"""`ownkey keys add`: a key from the terminal or standard input, checked live, stored."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from tui.cli.asking import ask_passphrase, ask_yes, can_ask, read_hidden
from tui.cli.keys import as_json, passphrase_in
from tui.cli.output import print_json, print_row, print_text, say
from tui.errors import UsageError
from tui.keys.book import KeyBook, NewKey
from tui.keys.kept_models import keep_models
from tui.keys.makers import MAKERS, RETENTION, Maker, base_url_in, find_maker
from tui.keys.paste import PastedKey, RefusedPaste, normalise_key
from tui.keys.records import Checked
from tui.keys.store import KeyStores, NoKeyring, mode_of, with_limit
from tui.secret import Secret

if TYPE_CHECKING:
    from tui.keys.check import CheckResult
    from tui.keys.listing import KeyRecord
    from tui.keys.model_list import ModelFound
    from tui.paths import Paths

_MOST_BYTES = 16 * 1024 * 1024
_MODELS_SHOWN = 8


def run_add(args: argparse.Namespace, environ: Mapping[str, str], paths: Paths) -> int:
    """Add a key, or with `--dry-run` say what would be used; the exit status."""
    if args.batch and not args.dry_run:
        raise UsageError("--batch goes with --dry-run")
    if args.batch:
        return _batch()
    maker = _maker(args.words)
    if args.admin and args.default:
        raise UsageError("an admin key serves no model: it cannot be the default")
    if args.dry_run:
        return _dry_run(maker, args)
    return _add(args, maker, environ, paths)


def _maker(words: list[str]) -> Maker:
    names = ", ".join(maker.id for maker in MAKERS)
    maker = find_maker(words[0].lower()) if words else None
    if len(words) > 1:
        raise UsageError(
            "a key is never taken from an argument: the shell's history and every process see it",
            hint="Paste it when asked, or pipe it in. One that was typed here: replace it.",
        )
    if maker is None:
        raise UsageError(
            "keys go to one of the makers",
            hint=f"Name one: {names}. Others: `ownkey endpoints add`.",
        )
    return maker


def _batch() -> int:
    for line in sys.stdin.buffer:
        print_json(_answer(line))
    return 0


def _answer(line: bytes) -> dict[str, Any]:
    try:
        value: object = json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        value = None
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    provider, payload = fields.get("provider"), fields.get("payload")
    if not isinstance(provider, str) or not isinstance(payload, str):
        return _verdict(RefusedPaste("not_a_key", "The line is no object {provider, payload}."))
    if find_maker(provider) is None:
        return _verdict(RefusedPaste("wrong_provider", "There is no such maker."))
    return _verdict(normalise_key(payload, provider))


def _verdict(pasted: PastedKey | RefusedPaste) -> dict[str, Any]:
    if isinstance(pasted, RefusedPaste):
        return {"error": pasted.error, "hint": pasted.hint, "sha256": None}
    return {
        "error": None,
        "hint": "; ".join(pasted.notes) or None,
        "sha256": pasted.secret.sha256,
    }


def _normalised(maker: Maker, args: argparse.Namespace) -> PastedKey | RefusedPaste:
    from tui.keys.admin import admin_key

    payload = _read_key(maker)
    return admin_key(payload, maker.id) if args.admin else normalise_key(payload, maker.id)


def _dry_run(maker: Maker, args: argparse.Namespace) -> int:
    pasted = _normalised(maker, args)
    if args.json:
        print_json(_verdict(pasted))
    elif isinstance(pasted, RefusedPaste):
        print_text(f"refused: {pasted.error}. {pasted.hint}")
    else:
        _say_notes(pasted)
        print_text(f"would be used: {len(pasted.secret)} characters, …{pasted.secret.fingerprint}")
    return 0


def _read_key(maker: Maker) -> str:
    if can_ask():
        say(f"Keys of {maker.name}: {maker.console_url}")
        return read_hidden("Paste the key (not shown), then Enter: ")
    return sys.stdin.buffer.read(_MOST_BYTES).decode("utf-8", "surrogateescape")


def _say_notes(pasted: PastedKey) -> None:
    for note in pasted.notes:
        say(f"{note[:1].upper()}{note[1:]}.")


def _add(args: argparse.Namespace, maker: Maker, environ: Mapping[str, str], paths: Paths) -> int:
    base_url = _base_url(args.base_url, maker, environ)
    stores = open_stores(environ, paths)
    book = KeyBook(paths, stores)
    wanted = NewKey(
        provider=maker.id,
        secret=Secret(""),
        base_url=base_url,
        label=args.label,
        replace=args.replace,
        default=args.default,
        admin=args.admin,
    )
    pasted = _normalised(maker, args)
    if isinstance(pasted, RefusedPaste):
        return _refused(pasted.error, pasted.hint, as_json_too=args.json)
    book.check_label(wanted)  # a key that is none is said first: nothing else would help it
    _say_notes(pasted)
    models: tuple[ModelFound, ...] = ()
    checked = Checked()
    if not args.no_check:
        result = _checked_live(wanted, pasted.secret, environ)
        if not _may_store(result):
            return _not_stored(result, maker, as_json_too=args.json)
        from tui.events.base import utc_now
        from tui.keys.check import as_checked

        say(f"{result.state}: {result.message}")
        checked, models = as_checked(result, utc_now()), result.models
    import dataclasses

    new = dataclasses.replace(wanted, secret=pasted.secret, checked=checked)
    record = asyncio.run(with_limit(lambda: book.add(new)))
    if not args.admin:
        keep_models(paths, maker.id, models)
    _told(record, pasted, models, as_json_too=args.json)
    for warning in book.warnings:
        say(f"ownkey: {warning}")
    return 0


def _base_url(asked: str | None, maker: Maker, environ: Mapping[str, str]) -> str:
    """Where the key will be sent, and bound to: the option, the variable, or the maker."""
    from tui.address import check_address

    named = asked if asked is not None else base_url_in(maker, environ)
    if named is None:
        return maker.base_url
    source = "--base-url" if asked is not None else maker.base_url_variable
    found = check_address(named)
    if found.normalised is None:
        raise UsageError(f"{source}: {found.why}")
    if found.verdict == "confirm":
        question = f"{source} is {found.normalised}\n  {found.why} Send the key there?"
        if not can_ask():
            raise UsageError(
                f"{source}: {found.why}", hint="Only a person at a terminal can agree to that."
            )
        if not ask_yes(question):
            raise UsageError("the key is not sent there", hint="Nothing was stored or sent.")
    return found.normalised


def open_stores(environ: Mapping[str, str], paths: Paths) -> KeyStores:
    """The stores, the one that is written to already open; a vault only with consent."""
    mode = mode_of(environ)
    stores = _stores(mode == "sealed", environ, paths)
    try:
        asyncio.run(with_limit(stores.writable))
    except NoKeyring as error:
        # Who named `system` wants no other; who named nothing may be asked, or has said yes before.
        if environ.get("OWNKEY_KEYRING", "").strip():
            raise
        if not paths.vault_file.exists():
            if not can_ask():
                raise
            say(f"There is no keyring here: {error.message}.")
            if not ask_yes("Keep keys in a sealed vault (an encrypted file with a passphrase)?"):
                raise
        stores = _stores(True, environ, paths)
        asyncio.run(with_limit(stores.writable))
    return stores


def _stores(sealed: bool, environ: Mapping[str, str], paths: Paths) -> KeyStores:
    passphrase = passphrase_in(environ)
    if sealed and passphrase is None and can_ask():
        passphrase = ask_passphrase(new=not paths.vault_file.exists())
    return KeyStores(
        "sealed" if sealed else mode_of(environ),
        paths,
        environ,
        passphrase=lambda: passphrase,
        create_vault=sealed,
    )


def _checked_live(new: NewKey, secret: Secret, environ: Mapping[str, str]) -> CheckResult:
    from tui.events.base import utc_now
    from tui.keys.admin import check_admin
    from tui.keys.check import check_key

    if new.admin:
        check = check_admin(new.provider, secret, new.base_url, utc_now(), environ=environ)
    else:
        check = check_key(new.provider, secret, new.base_url, environ=environ)
    return asyncio.run(check)


def _may_store(result: CheckResult) -> bool:
    if result.state == "verified":
        return True
    if result.state == "refused" or not can_ask():
        return False
    return ask_yes(f"Not checked: {result.message}. Store it anyway?")


def _next_step(result: CheckResult, maker: Maker) -> str:
    if result.error_kind == "invalid_key":
        return f"Nothing was stored. Copy the key again: {maker.console_url}"
    return f"Nothing was stored. {result.hint} `--no-check` stores it as it is."


def _refused(error: str, hint: str, *, as_json_too: bool) -> int:
    if as_json_too:
        print_json({"error": error, "hint": hint})
    say(f"ownkey: the key is refused: {error}\n  {hint}")
    return 1


def _not_stored(result: CheckResult, maker: Maker, *, as_json_too: bool) -> int:
    kind, hint = result.error_kind or "network", _next_step(result, maker)
    if as_json_too:
        print_json({"error": kind, "hint": hint})
    say(f"ownkey: {result.state}: {result.message} ({kind})\n  {hint}")
    return 1


def _told(
    record: KeyRecord, pasted: PastedKey, models: tuple[ModelFound, ...], *, as_json_too: bool
) -> None:
    if as_json_too:
        import msgspec

        found = msgspec.to_builtins(models)
        print_json(as_json(record) | {"notes": list(pasted.notes), "reaches": found})
        return
    names = ", ".join(model.id for model in models[:_MODELS_SHOWN])
    if models:
        more = len(models) - _MODELS_SHOWN
        print_row(f"Models: {names}" + (f" and {more} more" if more > 0 else ""))
    print_text(
        f"Stored in {record.backend}: {record.provider} {record.label} "
        f"(…{record.fingerprint}) for {record.base_url}"
        + (", unchecked" if record.state == "unchecked" else "")
    )
    print_text(RETENTION)
