from __future__ import annotations

import subprocess
import sys

import pytest

from tests.source_tree import ROOT

SDKS = {"anthropic", "openai", "google", "boto3"}
SECRETS = {"keyring", "cryptography", "argon2"}
HEAVY = {"genai_prices", "pydantic", "xllamacpp", "mcp"}

RUN_HELP = """
import contextlib, io
from tui.cli.main import main
with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
    main(["run", "--help"])
assert "usage: ownkey run" in said.getvalue(), said.getvalue()
"""


def loaded_by(code: str) -> set[str]:
    """The top-level packages that a fresh process holds after running the code."""
    report = "\nimport sys; print('\\n'.join({name.partition('.')[0] for name in sys.modules}))"
    child = subprocess.run(
        [sys.executable, "-c", code + report],
        cwd=ROOT, capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    return set(child.stdout.split())


@pytest.mark.parametrize(
    "code", ["import tui.session.manager", RUN_HELP], ids=["engine", "run --help"]
)
def test_engine_and_command_line_load_no_screen_no_sdk_and_no_keyring(code):
    loaded = loaded_by(code)
    assert "tui" in loaded
    assert loaded & (SDKS | SECRETS | HEAVY | {"textual", "rich"}) == set()


def test_console_paints_without_sdks_prices_keyring_ciphers_and_http():
    loaded = loaded_by("import tui.console.app")
    assert "textual" in loaded
    assert loaded & (SDKS | SECRETS | HEAVY | {"httpx2", "httpcore2", "sqlite3"}) == set()


LATER = [
    "tui.process", "tui.protected", "tui.credits", "tui.settings.search",
    "tui.console.panels.approval", "tui.console.settings.rows",
    "tui.console.transcript.cards", "tui.console.transcript.diff",
    "tui.console.transcript.markdown",
]  # fmt: skip


def test_console_paints_before_what_only_later_screens_and_replies_need():
    check = "\nimport sys; print('\\n'.join(sys.modules))"
    child = subprocess.run(
        [sys.executable, "-c", "import tui.console.app" + check],
        cwd=ROOT, capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    loaded = set(child.stdout.split())
    assert "tui.console.transcript.view" in loaded
    assert loaded.isdisjoint(LATER), loaded & set(LATER)


def test_line_by_line_session_loads_no_screen_no_sdk_no_prices_and_no_keyring():
    loaded = loaded_by("import tui.cli.linear, tui.linear.session")
    assert "tui" in loaded
    screen = {"textual", "rich", "pygments"}
    assert loaded & (SDKS | SECRETS | HEAVY | screen | {"httpx2", "httpcore2", "sqlite3"}) == set()


VALUES = """
import contextlib, io
from tui.cli.main import main
for kind in ("models", "sessions", "settings", "keys", "efforts"):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert main(["completion", "--values", kind]) == 0
"""


def test_values_for_a_shell_are_listed_without_keyring_sdks_and_network():
    loaded = loaded_by(VALUES)
    assert loaded & (SDKS | SECRETS | HEAVY | {"textual", "httpx2", "httpcore2"}) == set()


def test_package_that_is_loaded_after_all_is_seen():
    assert {"keyring", "genai_prices"} <= loaded_by("import keyring, genai_prices")


def test_the_demo_is_loaded_by_the_demo_alone():
    code = """
import sys
import tui.cli.console, tui.cli.linear, tui.console.app, tui.engine.host, tui.linear.session
import tui.runtime
assert not [name for name in sys.modules if name.startswith("tui.demo")]
"""
    assert "tui" in loaded_by(code)
