"""What `ownkey doctor` says of credit services: nothing connects and no key is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.checks import Check
from tui.errors import OwnkeyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.credits.records import CreditService
    from tui.paths import Paths

NAME = "credits"


def check_credits(environ: Mapping[str, str], paths: Paths) -> Check:
    """Which services there are, whether each can serve, and what each was told to have left."""
    try:
        kept = _kept(environ, paths)
    except OwnkeyError as error:
        return Check(check=NAME, state="fail", found=error.message, remedy=error.hint)
    found = "; ".join(_words(one, why) for one, why in kept) or "none"
    stuck = next((one for one, why in kept if why), None)
    refused = next((one for one, _ in kept if one.checked.state == "refused"), None)
    if (bad := stuck or refused) is not None:
        remedy = f"Give it a key: `ownkey credits add {bad.adapter} --name {bad.name} --replace`."
        return Check(check=NAME, state="warn", found=found, remedy=remedy)
    return Check(check=NAME, state="ok", found=found)


def credits_serve(environ: Mapping[str, str], paths: Paths) -> bool:
    """Whether a credit service can serve a model."""
    try:
        return any(not why and (one.models or one.auto) for one, why in _kept(environ, paths))
    except OwnkeyError:
        return False


def _kept(environ: Mapping[str, str], paths: Paths) -> list[tuple[CreditService, str]]:
    # Not by reading through the book alone: that puts a broken list aside, and a doctor looks.
    from tui.credits.book import CreditBook
    from tui.credits.records import read_services
    from tui.keys.store import KeyStores, mode_of

    content = read_services(paths.credits_file)
    if content is None:
        raise StoreError(
            "the list of credit services does not parse",
            hint="`ownkey credits list` puts it aside; then add them again.",
        )
    stores = KeyStores(mode_of(environ), paths, environ)
    book = CreditBook(paths, lambda: stores)
    return [(one, book.why_not(one)) for one in content.services]


def _words(one: CreditService, why: str) -> str:
    from tui.credits.balance import balance_of
    from tui.credits.words import amount_words

    left = amount_words(balance_of(one))
    return f"{one.name} {one.checked.state}, {left}" + (f", {why}" if why else "")
