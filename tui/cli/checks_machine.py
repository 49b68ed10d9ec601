"""What `ownkey doctor` says of the machine: terminal, Python, packages, sandbox, network."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.checks import Check

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_COLUMNS, LEAST_ROWS = 60, 18

PACKAGES = ("textual", "httpx2", "anthropic", "openai", "google-genai", "genai-prices", "keyring")


def check_terminal(environ: Mapping[str, str]) -> Check:
    """Whether the console can be drawn here."""
    if not (os.isatty(0) and os.isatty(1)):
        return Check(
            check="terminal",
            state="ok",
            found="none: output goes to a program, where `ownkey run` works",
        )
    size = os.get_terminal_size(1)
    term = environ.get("TERM", "")
    found = f"{term or 'TERM is not set'}, {size.columns}×{size.lines}"
    if term in {"", "dumb"}:
        return Check(
            check="terminal",
            state="warn",
            found=found,
            remedy="Set TERM to what the terminal is, such as xterm-256color.",
        )
    if size.columns < LEAST_COLUMNS or size.lines < LEAST_ROWS:
        return Check(
            check="terminal",
            state="warn",
            found=found,
            remedy=f"The console needs {LEAST_COLUMNS}×{LEAST_ROWS}: make the window larger.",
        )
    return Check(check="terminal", state="ok", found=found)


def check_characters(environ: Mapping[str, str]) -> Check:
    """Whether text beyond ASCII reaches the screen."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "")
    encoding = (sys.stdout.encoding or "unknown").lower()
    found = f"{encoding}, locale {locale or 'not set'}"
    if encoding.replace("-", "").replace("_", "") == "utf8":
        return Check(check="characters", state="ok", found=found)
    return Check(
        check="characters",
        state="warn",
        found=found,
        remedy="Set LANG to a UTF-8 locale, such as C.UTF-8; until then markers are letters.",
    )


def check_colours(environ: Mapping[str, str]) -> Check:
    """How many colours the terminal says it has."""
    if environ.get("NO_COLOR"):
        return Check(check="colours", state="ok", found="none: NO_COLOR is set")
    term = environ.get("TERM", "")
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or term.endswith("-direct"):
        return Check(check="colours", state="ok", found="16 million")
    if "256color" in term:
        return Check(check="colours", state="ok", found="256")
    return Check(
        check="colours",
        state="ok",
        found="16",
        remedy="If the terminal has more, set COLORTERM=truecolor.",
    )


def check_python() -> Check:
    """The interpreter and its pip."""
    import importlib.util
    import platform

    found = f"{platform.python_implementation()} {platform.python_version()} on {sys.platform}"
    if importlib.util.find_spec("pip") is None:
        return Check(
            check="python",
            state="ok",
            found=f"{found}, without pip",
            remedy="`ownkey local get` needs it: `python -m ensurepip --upgrade`.",
        )
    return Check(check="python", state="ok", found=found)


def check_packages() -> Check:
    """The versions of what we stand on."""
    versions = {name: version_of(name) for name in PACKAGES}
    missing = [name for name, version in versions.items() if version is None]
    found = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    if missing:
        return Check(
            check="packages",
            state="fail",
            found=f"missing: {', '.join(missing)}",
            remedy=f"Install ownkey anew, or `pip install {' '.join(missing)}`.",
        )
    return Check(check="packages", state="ok", found=found)


def version_of(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def check_ripgrep(environ: Mapping[str, str]) -> Check:
    """Whether searches take the fast way."""
    from tui.process import find_program

    found = find_program("rg", environ, outside=Path.cwd())
    if found is None:
        return Check(
            check="ripgrep",
            state="ok",
            found="not installed: searches work, and are slower",
            remedy="Install ripgrep from your system's packages.",
        )
    return Check(check="ripgrep", state="ok", found=str(found))


def check_sandbox(environ: Mapping[str, str]) -> Check:
    """What holds the agent's commands in, as seen from inside."""
    import asyncio

    from tui.tools.measuring import find_sandbox

    sandbox = asyncio.run(find_sandbox(environ, Path.cwd()))
    found = sandbox.describe()
    if sandbox.name == "none":
        return Check(
            check="sandbox",
            state="warn",
            found=found,
            remedy="Install bubblewrap from your system's packages; until then read each command.",
        )
    better = "" if sandbox.holds.guarded else "Bubblewrap holds more, where it can be installed."
    return Check(check="sandbox", state="ok", found=found, remedy=better)


def check_proxy(environ: Mapping[str, str]) -> Check:
    """Which hosts stand in between, by name and without their passwords."""
    from tui.net import ENVIRONMENT

    names = [name for name in ENVIRONMENT if "proxy" in name.lower() and environ.get(name)]
    found = [f"{name} {_host(environ[name])}" for name in names]
    return Check(
        check="proxy", state="ok", found=", ".join(found) or "none: connections are direct"
    )


def _host(address: str) -> str:
    rest = address.partition("://")[2] or address
    return rest.split("/", 1)[0].rpartition("@")[2]


def check_certificates(environ: Mapping[str, str]) -> Check:
    """Whether the certificate files that the environment names are there."""
    named = {name: environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)}
    missing = [name for name, path in named.items() if not Path(path).exists()]
    if missing:
        return Check(
            check="certificates",
            state="fail",
            found=f"{missing[0]} names {named[missing[0]]}, which is not there",
            remedy=f"Correct {missing[0]}, or unset it.",
        )
    shown = ", ".join(f"{name} {path}" for name, path in named.items())
    return Check(check="certificates", state="ok", found=shown or "the installed roots")
