"""The program's own source as syntax trees, for the rules that an import graph cannot name.

A rule is a function from one module to the places that break it, as `name:line what`, so that a
test can hold it against a planted line as well as against the tree.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Module:
    """One file: its path from the root of the clone, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    def line(self, number: int) -> str:
        return self.text.splitlines()[number - 1]

    def place(self, node: ast.AST, what: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)} {what}"


Rule = Callable[[Module], Iterator[str]]


def module(path: str, text: str) -> Module:
    """A module that was never written, to plant a line in."""
    return Module(path, text, ast.parse(text))


@functools.cache
def modules() -> tuple[Module, ...]:
    """Every module of the package."""
    files = sorted((ROOT / "tui").rglob("*.py"))
    return tuple(module(f.relative_to(ROOT).as_posix(), f.read_text("utf-8")) for f in files)


def broken(rule: Rule, *within: str, outside: tuple[str, ...] = ()) -> list[str]:
    """The places that break a rule in files whose path starts with one of `within`."""
    return [
        place
        for one in modules()
        if one.path.startswith(within or "tui/") and not one.path.startswith(outside or "-")
        for place in rule(one)
    ]


def planted(rule: Rule, text: str) -> list[str]:
    """What a rule says of a few lines."""
    return list(rule(module("planted.py", text)))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}".lstrip(".")
        case _:
            return ""


def imported(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every name that is imported, whole: `os`, `os.path.join`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node, alias.name) for alias in names)
            case ast.ImportFrom(module=str(source), names=names):
                yield from ((node, f"{source}.{alias.name}") for alias in names)


def imported_at_once(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """What importing the module imports: not in functions, not for the type checker alone."""
    queue: list[ast.stmt] = list(tree.body)
    while queue:
        node = queue.pop(0)
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                queue += orelse if dotted(test).endswith("TYPE_CHECKING") else [*body, *orelse]
            case ast.Try(body=body, handlers=handlers, orelse=orelse):
                queue += [*body, *orelse, *(part for one in handlers for part in one.body)]
            case ast.ClassDef(body=body) | ast.With(body=body):
                queue += body
            case ast.Import() | ast.ImportFrom():
                yield from imported(node)
            case _:
                pass
