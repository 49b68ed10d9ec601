"""What `ownkey doctor` looks at: each check says what it found and, if need be, what to do.

Nothing here connects anywhere, changes a file of the person's or asks them; the sandbox is tried
in a temporary folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tui.paths import Paths


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `doctor`: contract.md's shape. `remedy` is empty where nothing is to do."""

    check: str
    state: Literal["ok", "warn", "fail"]
    found: str
    remedy: str = ""


def all_checks(environ: Mapping[str, str], paths: Paths) -> Iterator[Check]:
    """Every check, in the order in which a person reads them."""
    from tui.cli import checks_home as home
    from tui.cli import checks_machine as machine
    from tui.cli.checks_credits import check_credits
    from tui.cli.checks_endpoints import check_endpoints
    from tui.cli.checks_servers import check_servers

    checks: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("terminal", lambda: machine.check_terminal(environ)),
        ("characters", lambda: machine.check_characters(environ)),
        ("colours", lambda: machine.check_colours(environ)),
        ("keyring", lambda: home.check_keyring(environ, paths)),
        ("keys", lambda: home.check_keys(environ, paths)),
        ("endpoints", lambda: check_endpoints(environ, paths)),
        ("credits", lambda: check_credits(environ, paths)),
        ("local models", lambda: home.check_local_models(paths)),
        ("mcp servers", lambda: check_servers(environ, paths)),
        ("settings", lambda: home.check_settings(paths)),
        ("prices", lambda: home.check_prices(paths)),
        ("folders", lambda: home.check_folders(paths)),
        ("store", lambda: home.check_store(paths)),
        ("python", machine.check_python),
        ("packages", machine.check_packages),
        ("ripgrep", lambda: machine.check_ripgrep(environ)),
        ("sandbox", lambda: machine.check_sandbox(environ)),
        ("proxy", lambda: machine.check_proxy(environ)),
        ("certificates", lambda: machine.check_certificates(environ)),
    )
    for name, look in checks:
        try:
            yield look()
        except Exception as error:  # what is ill here is what the person wants to know
            found = f"could not be checked: {type(error).__name__}: {error}"
            yield Check(check=name, state="fail", found=found)
