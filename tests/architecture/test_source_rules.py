from __future__ import annotations

import ast
import re

import pytest
from rich.color import ANSI_COLOR_NAMES
from textual._color_constants import COLOR_NAME_TO_RGB

from tests.source_tree import ROOT, Module, broken, dotted, imported, modules, planted

STARTERS = re.compile(
    r"(^|\.)(create_subprocess_(exec|shell)|subprocess_(exec|shell)|ProcessPoolExecutor)$"
    r"|^os\.(popen|system|fork|forkpty|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?)$"
    r"|^(multiprocessing|pty|pdb)\b"
)
PURE = (
    "tui/routing/",
    "tui/permissions/rules.py",
    "tui/permissions/shell_parse.py",
    "tui/billing/receipt.py",
    "tui/console/transcript/model.py",
    "tui/protected.py",
)
IMPURE_MODULES = {
    "os", "time", "socket", "io", "shutil", "tempfile", "random", "secrets", "uuid", "glob",
    "asyncio", "threading", "subprocess", "sqlite3", "urllib", "http", "ssl", "logging", "select",
    "signal", "importlib", "ctypes", "fcntl", "platform", "locale", "getpass",
}  # fmt: skip
IMPURE_CALLS = {
    "now", "utcnow", "today", "open", "print", "input", "exec", "eval", "cwd", "home", "expanduser",
    "resolve", "absolute", "exists", "is_file", "is_dir", "is_symlink", "stat", "lstat", "iterdir",
    "glob", "rglob", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir",
    "touch", "chmod", "rename", "readlink", "samefile", "getenv",
}  # fmt: skip
OPENS_SECRETS = {
    "tui/net/questions.py": "writes the header",
    "tui/providers/anthropic.py": "writes the header",
    "tui/providers/google.py": "writes the header",
    "tui/providers/openai_shared.py": "writes the header",
    "tui/engine/frames.py": "carries a key to the engine",
    "tui/engine/host.py": "takes what the first frame gave",
    "tui/keys/": "reads what was pasted, stores it, masks it",
    "tui/runtime/desk.py": "reads what was pasted into the dialog",
    "tui/console/dialogs/key_entry.py": "gives back what was typed, to be mended",
}
PROGRAMS = (
    "tui/cli/", "tui/crash.py", "tui/localmodel/serve.py", "tui/tools/matcher.py",
    "tui/console/driver.py",
)  # fmt: skip
"""What has an output of its own to write to."""

HEX = re.compile(r"^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$", re.I)
CALLED = re.compile(r"\b(rgba?|hsla?)\(", re.I)
COLOURS = {*ANSI_COLOR_NAMES, *COLOR_NAME_TO_RGB} - {"default", "transparent", "azure"}
"""Azure is a cloud here."""

STYLE_WORDS = COLOURS | {
    "bold", "dim", "italic", "underline", "reverse", "strike", "blink", "not", "on", "default",
}  # fmt: skip
DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;{}]+);")


def starts_processes(module: Module):
    used = ((n, dotted(n)) for n in ast.walk(module.tree) if isinstance(n, ast.Attribute))
    for node, name in (*used, *imported(module.tree)):
        if STARTERS.search(name):
            yield module.place(node, name)


def test_child_processes_are_started_in_one_place():
    launcher = "tui/tools/launcher.py"  # a program that process.py starts, and that forks once
    assert broken(starts_processes, outside=("tui/process.py", launcher)) == []
    assert broken(starts_processes, "tui/process.py")


@pytest.mark.parametrize(
    "line",
    [
        "await asyncio.create_subprocess_exec('ls')",
        "from asyncio import create_subprocess_shell",
        "os.system('ls')",
        "from os import execvp as go",
        "os.fork()",
        "os.posix_spawn('/bin/ls', [], {})",
        "loop.subprocess_exec(make, 'ls')",
        "import multiprocessing.pool",
        "import pty",
    ],
)
def test_any_way_to_start_a_process_is_seen(line):
    assert planted(starts_processes, line)


def trusts_environment(module: Module):
    for node in ast.walk(module.tree):
        match node:
            case ast.keyword(arg="trust_env", value=value) if not (
                isinstance(value, ast.Constant) and value.value is False
            ):
                yield module.place(value, "trust_env")
            case _:
                pass


def test_no_client_takes_settings_from_the_environment_by_itself():
    assert broken(trusts_environment) == []
    assert planted(trusts_environment, "AsyncClient(trust_env=True)")
    assert planted(trusts_environment, "AsyncClient(trust_env=wanted)")
    assert not planted(trusts_environment, "AsyncClient(trust_env=False)")


def waits_with_a_limit_that_loses_an_interrupt(module: Module):
    """In Python 3.11 `asyncio.wait_for` gives back what came together with the cancellation."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and dotted(node) == "asyncio.wait_for":
            yield module.place(node, "wait_for")


def test_limits_of_time_are_asyncio_timeout_which_loses_no_interrupt():
    assert broken(waits_with_a_limit_that_loses_an_interrupt) == []
    assert planted(
        waits_with_a_limit_that_loses_an_interrupt, "import asyncio\nasyncio.wait_for(x, 1)"
    )


def docstrings(tree: ast.Module) -> set[int]:
    return {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}


def colour_literals(module: Module):
    prose = docstrings(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            words = node.value.lower().split()
            named = set(words) <= STYLE_WORDS and COLOURS & set(words)
            if named or CALLED.search(node.value) or any(HEX.match(w) for w in words):
                yield module.place(node, node.value)


def test_no_colour_stands_in_python_but_in_the_theme():
    within = ("tui/console/", "tui/linear/", "tui/cli/")
    assert broken(colour_literals, *within, outside=("tui/console/theme.py",)) == []
    assert broken(colour_literals, "tui/console/theme.py")


@pytest.mark.parametrize("text", ["#e3b341", "bold red", "cyan on #000", "grey37", "rgb(1, 2, 3)"])
def test_any_colour_in_python_is_seen(text):
    assert planted(colour_literals, f"style = {text!r}")


@pytest.mark.parametrize("text", ["a red line", "$own-key", "#sidebar", "bold", "issue #4"])
def test_no_other_word_in_python_is_taken_for_a_colour(text):
    assert not planted(colour_literals, f"words = {text!r}")


def sheet_colours(text: str) -> list[str]:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return [
        f"{name}: {value}"
        for name, value in DECLARATION.findall(text)
        if CALLED.search(value)
        or any(HEX.match(w) or w in COLOURS or w.startswith("ansi_") for w in value.split())
    ]


def test_style_sheets_name_theme_variables_only():
    sheets = sorted((ROOT / "styles").glob("*.tcss"))
    assert sheets
    assert {s.name: sheet_colours(s.read_text("utf-8")) for s in sheets} == {
        s.name: [] for s in sheets
    }


@pytest.mark.parametrize("value", ["#12161d", "red 40%", "ansi_blue", "wide hsl(1,2%,3%)"])
def test_any_colour_in_a_style_sheet_is_seen(value):
    assert sheet_colours(f"#list {{\n  &:hover {{ border-left: {value}; }}\n}}")


@pytest.mark.parametrize("value", ["$own-key 40%", "transparent", "auto", "1fr"])
def test_no_other_value_in_a_style_sheet_is_taken_for_a_colour(value):
    assert not sheet_colours(f"#fade {{ color: {value}; }} /* once #fff; red */")


def impure(module: Module):
    for node, name in imported(module.tree):
        if name.split(".")[0] in IMPURE_MODULES:
            yield module.place(node, f"imports {name}")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = dotted(node.func) or (
                node.func.attr if isinstance(node.func, ast.Attribute) else ""
            )
            if called.rpartition(".")[2] in IMPURE_CALLS:
                yield module.place(node, f"calls {called}")


def test_what_decides_does_no_io_and_reads_no_clock():
    assert broken(impure, *PURE) == []
    for path in ("tui/routing/", "tui/permissions/rules.py", "tui/billing/receipt.py",
                 "tui/console/transcript/model.py"):  # fmt: skip
        assert any(one.path.startswith(path) for one in modules())


@pytest.mark.parametrize(
    "line",
    [
        "import os.path",
        "from time import monotonic",
        "datetime.now(UTC)",
        "dt.datetime.now(tz=dt.UTC)",
        "Path('a').read_text()",
        "(folder / 'a').exists()",
        "open('a')",
        "import socket",
    ],
)
def test_any_io_or_clock_in_what_decides_is_seen(line):
    assert planted(impure, line)


def opens_secrets(module: Module):
    with_arguments = {
        id(n.func) for n in ast.walk(module.tree) if isinstance(n, ast.Call) and n.args
    }
    for node in ast.walk(module.tree):
        names_it = isinstance(node, ast.Attribute) and node.attr == "reveal"
        if names_it and id(node) not in with_arguments:  # a widget's `reveal(block)` is another
            yield module.place(node, "reveal")


def test_secrets_are_opened_only_where_it_is_said_why():
    assert broken(opens_secrets, outside=tuple(OPENS_SECRETS)) == []
    assert [path for path in OPENS_SECRETS if not broken(opens_secrets, path)] == []
    assert planted(opens_secrets, "log(map(Secret.reveal, keys))")
    assert planted(opens_secrets, "say(key.reveal())")


def writes_to_the_terminal(module: Module):
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func) in {"print", "input", "breakpoint"}:
            yield module.place(node, dotted(node.func))
        elif dotted(node) in {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}:
            yield module.place(node, dotted(node))


def test_only_programs_write_to_the_terminal():
    assert broken(writes_to_the_terminal, outside=PROGRAMS) == []
    assert planted(writes_to_the_terminal, "print('here')")
    assert planted(writes_to_the_terminal, "sys.stderr.write('here')")


def left_open(module: Module):
    for number, line in enumerate(module.text.splitlines(), 1):
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b|coming soon", line):
            yield f"{module.path}:{number} {line.strip()}"


def test_nothing_is_left_for_later():
    assert broken(left_open) == []
    assert planted(left_open, "pass  # TODO: the rest")


def annotates_at_once(module: Module):
    has_code = any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in module.tree.body)
    if has_code and "__future__.annotations" not in {name for _, name in imported(module.tree)}:
        yield module.path


def test_every_module_postpones_its_annotations():
    assert broken(annotates_at_once) == []
    assert planted(annotates_at_once, "def f(): pass")
