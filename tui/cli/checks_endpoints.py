"""What `ownkey doctor` says of endpoints: nothing connects and no key is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.checks import Check
from tui.errors import OwnkeyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.endpoints.records import Endpoint
    from tui.paths import Paths

NAME = "endpoints"


def check_endpoints(environ: Mapping[str, str], paths: Paths) -> Check:
    """Which there are, whether each can serve, and what its last test said."""
    try:
        kept = _kept(environ, paths)
    except OwnkeyError as error:
        return Check(check=NAME, state="fail", found=error.message, remedy=error.hint)
    found = "; ".join(_words(one, why) for one, why in kept) or "none"
    stuck = next((one for one, why in kept if why and one.enabled), None)
    refused = next((one for one, _ in kept if one.enabled and one.checked.state == "refused"), None)
    if stuck is not None:
        remedy = f"Give it a key: `ownkey endpoints key {stuck.name}`."
        return Check(check=NAME, state="warn", found=found, remedy=remedy)
    if refused is not None:
        remedy = f"`ownkey endpoints test {refused.name}` asks again; `key` replaces its key."
        return Check(check=NAME, state="warn", found=found, remedy=remedy)
    return Check(check=NAME, state="ok", found=found)


def serves_something(environ: Mapping[str, str], paths: Paths) -> bool:
    """Whether an endpoint can serve a model."""
    try:
        return any(not why and one.models for one, why in _kept(environ, paths))
    except OwnkeyError:
        return False


def _kept(environ: Mapping[str, str], paths: Paths) -> list[tuple[Endpoint, str]]:
    # Not by reading through the book alone: that puts a broken list aside, and a doctor looks.
    from tui.endpoints.book import EndpointBook
    from tui.endpoints.records import read_endpoints
    from tui.keys.store import KeyStores, mode_of

    content = read_endpoints(paths.endpoints_file)
    if content is None:
        raise StoreError(
            "the list of endpoints does not parse",
            hint="`ownkey endpoints list` puts it aside; then add them again.",
        )
    stores = KeyStores(mode_of(environ), paths, environ)
    book = EndpointBook(paths, lambda: stores)
    return [(one, book.why_not(one)) for one in content.endpoints]


def _words(one: Endpoint, why: str) -> str:
    count = f"{len(one.models)} model{'' if len(one.models) == 1 else 's'}"
    return f"{one.name} {one.checked.state}, {count}" + (f", {why}" if why else "")
