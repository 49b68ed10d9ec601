from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys

import grimp
import pytest

from tests.source_tree import (
    ROOT,
    Module,
    broken,
    dotted,
    imported,
    imported_at_once,
    modules,
    planted,
)

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
CONTRACTS = {
    "A line may import what is below": "tui/store/log.py: import tui.session.commands",
    "is exhaustive": "tui/loose/__init__.py: ",
    "Nothing below the console reaches the screen": "tui/session/turn.py: import tui.console.app",
    "Only the console knows Textual": "tui/cli/main.py: import textual",
    "SDKs only in providers": "tui/runtime/__init__.py: from google import genai",
    "HTTP only in net and providers": "tui/localmodel/fetch.py: import httpx2",
    "Child processes only in process": "tui/tools/search.py: import subprocess",
    "The keyring and the vault's ciphers only in keys": "tui/cli/doctor.py: import keyring.errors",
    "SQLite only in store": "tui/session/bus.py: import sqlite3",
    "The price list's package only in catalog": "tui/billing/receipt.py: import genai_prices",
    "The local model's runtime only in localmodel": "tui/engine/host.py: import xllamacpp",
    "The SDK of MCP servers only in tools": "tui/runtime/servers.py: import mcp",
    "Wire formats do not import each other":
        "tui/providers/anthropic.py: import tui.providers.google",
}  # fmt: skip
"""One planted line for each contract, each at a place where it must break."""

WIRE_FORMATS = ("anthropic", "google", "openai_chat", "openai_responses")
HEAVY = {
    "anthropic", "openai", "google", "keyring", "genai_prices", "cryptography", "argon2",
    "xllamacpp", "pygments", "platformdirs", "mcp", "mcp_types", "anyio",
}  # fmt: skip
SCREEN = ("tui.console", "textual", "rich")


def lint(folder) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


def test_every_contract_of_the_layers_is_kept():
    said = lint(ROOT)
    assert said.returncode == 0, said.stdout


def test_every_contract_of_the_layers_can_be_broken(tmp_path):
    shutil.copytree(ROOT / "tui", tmp_path / "tui", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for plant in CONTRACTS.values():
        path, line = plant.split(": ", 1)
        (tmp_path / path).parent.mkdir(exist_ok=True)
        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    said = lint(tmp_path).stdout
    assert " 0 kept" in said, said
    assert "- tui.loose" in said, said


def families() -> dict[str, set[str]]:
    """The modules of each wire format: its own and those named after it."""
    names = {one.path.split("/")[-1][:-3] for one in modules() if "/providers/" in one.path}
    return {
        form: {f"tui.providers.{n}" for n in names if n == form or n.startswith(f"{form}_")}
        for form in WIRE_FORMATS
    }


@pytest.mark.parametrize("form", WIRE_FORMATS)
def test_wire_format_stands_without_the_others_in_all_its_modules(form):
    graph = grimp.build_graph("tui", cache_dir=None)
    mine = families()[form]
    others = set().union(*families().values()) - mine
    assert f"tui.providers.{form}" in mine
    assert not {
        (importer, chain)
        for importer in mine
        for other in others
        if (chain := graph.find_shortest_chain(importer, other))
    }


def loads_at_once(names: tuple[str, ...]):
    def rule(module: Module):
        for node, name in imported_at_once(module.tree):
            if any(name == one or name.startswith(f"{one}.") for one in names):
                yield module.place(node, name)

    return rule


def test_command_line_reaches_for_the_screen_only_inside_a_function():
    rule = loads_at_once(SCREEN)
    assert broken(rule, "tui/cli/") == []
    assert planted(rule, "from tui.console.app import ConsoleApp")
    assert not planted(rule, "def run():\n    from tui.console.app import ConsoleApp")


def reaches_for_the_screen(module: Module):
    for node, name in imported(module.tree):
        if any(name == one or name.startswith(f"{one}.") for one in SCREEN):
            yield module.place(node, name)


def test_line_by_line_session_never_reaches_for_the_screen():
    assert broken(reaches_for_the_screen, "tui/linear/") == []
    assert any(one.path.startswith("tui/linear/") for one in modules())
    assert planted(reaches_for_the_screen, "def run():\n    from tui.console.app import App")


def test_heavy_packages_are_imported_where_they_are_used():
    rule = loads_at_once(tuple(HEAVY))
    assert broken(rule) == []
    assert planted(rule, "try:\n    import keyring.errors\nexcept ImportError:\n    pass")
    assert not planted(rule, "if TYPE_CHECKING:\n    import openai")


def broad_excepts(module: Module):
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            broad = {dotted(kind) if kind else "everything" for kind in kinds}
            broad &= {"everything", "Exception", "BaseException"}
            cleans_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if broad and not cleans_up and "#" not in module.line(node.lineno):
                yield module.place(node, f"except {broad.pop()}")


def test_broad_except_says_why_on_its_line():
    assert broken(broad_excepts) == []
    assert planted(broad_excepts, "try:\n    pass\nexcept (OSError, Exception):\n    pass")
    assert not planted(
        broad_excepts, "try:\n    pass\nexcept BaseException:\n    undo()\n    raise"
    )
