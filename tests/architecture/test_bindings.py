from __future__ import annotations

import ast
import functools
import importlib
import inspect
import string
from typing import ClassVar

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.binding import Binding
from textual.dom import DOMNode

from tests.source_tree import Module, broken, dotted, modules, planted

RICHER_ONLY = {"shift+enter", "alt+b", "alt+f", "ctrl+h"}
"""Keys that a plain terminal sends as another one; each action has a plain key beside it."""

SENT = ("enter", "ctrl+j", "tab", "escape", "f1", "ctrl+o", "question_mark", "shift+tab",
        "ctrl+c", "ctrl+d", "pageup", "up")  # fmt: skip
NOT_SENT = ("ctrl+m", "ctrl+comma", "ctrl+i", "shift+enter", "ctrl+enter", "ctrl+1", "super+k",
            "ctrl+shift+p")  # fmt: skip


def plain_sequences() -> list[str]:
    """What a terminal sends without the kitty protocol and without modifyOtherKeys."""
    control = [chr(code) for code in (*range(32), 127)]
    printable = [*string.printable.strip(), " "]
    meta = [f"\x1b{letter}" for letter in string.ascii_letters + string.digits]
    cursor = [f"\x1b[{end}" for end in "ABCDHFZ"] + [f"\x1bO{end}" for end in "ABCDHF"]
    held = [f"\x1b[1;{held}{end}" for held in (2, 3, 5) for end in "ABCDHF"]
    editing = [f"\x1b[{number}~" for number in (2, 3, 5, 6)]
    functions = [f"\x1bO{end}" for end in "PQRS"]
    functions += [f"\x1b[{n}~" for n in (15, 17, 18, 19, 20, 21, 23, 24)]
    return control + printable + meta + cursor + held + editing + functions


@functools.cache
def plain_keys() -> frozenset[str]:
    """The names under which Textual's own parser reports them."""
    names: set[str] = set()
    for sequence in plain_sequences():
        parser = XTermParser()
        heard = [*parser.feed(sequence), *parser.feed("")]
        keys = [event.key for event in heard if isinstance(event, events.Key)]
        names |= {keys[0]} if len(keys) == 1 else set()
    return frozenset(names)


def console_classes() -> list[type[DOMNode]]:
    """Every screen, widget and app that the console defines."""
    found: set[type[DOMNode]] = set()
    for one in modules():
        if one.path.startswith("tui/console/"):
            name = one.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for value in vars(importlib.import_module(name)).values():
                if inspect.isclass(value) and issubclass(value, DOMNode):
                    found |= {value} if value.__module__.startswith("tui.") else set()
    return sorted(found, key=lambda kind: kind.__qualname__)


def bound(kind: type[DOMNode]) -> list[tuple[str, str]]:
    """(key, action) of the class's own bindings."""
    own = kind.__dict__.get("BINDINGS", [])
    return [(one.key, one.action) for one in Binding.make_bindings(own)]


def without_a_plain_key(kind: type[DOMNode]) -> set[str]:
    """Actions that the class binds, and that no plain key reaches in it or what it inherits."""
    everywhere = {
        (one.key, one.action) for parent in kind.__mro__ if issubclass(parent, DOMNode)
        for one in Binding.make_bindings(parent.__dict__.get("BINDINGS", []))
    }  # fmt: skip
    taken = {key for key, _ in bound(kind)}
    reached = {
        action
        for key, action in everywhere
        if key in plain_keys() and (key not in taken or (key, action) in bound(kind))
    }
    return {action for _, action in bound(kind)} - reached


@pytest.mark.parametrize("key", SENT)
def test_plain_terminal_sends(key):
    assert key in plain_keys()


@pytest.mark.parametrize("key", NOT_SENT)
def test_plain_terminal_cannot_send(key):
    assert key not in plain_keys()


def test_every_action_can_be_reached_from_a_plain_terminal():
    classes = console_classes()
    assert sum(len(bound(kind)) for kind in classes) > 20
    assert {kind.__name__: without_a_plain_key(kind) for kind in classes} == {
        kind.__name__: set() for kind in classes
    }


def test_every_key_that_only_richer_terminals_report_is_known():
    rich = {
        key: action
        for kind in console_classes()
        for key, action in bound(kind)
        if key not in plain_keys()
    }
    assert set(rich) <= RICHER_ONLY, rich


def test_action_on_a_chord_alone_is_seen():
    class Planted(DOMNode):
        BINDINGS: ClassVar = [Binding("ctrl+comma", "settings"), Binding("f13,ctrl+j", "newline")]

    assert without_a_plain_key(Planted) == {"settings"}


def keys_compared(module: Module):
    """Key names that a handler compares `event.key` with."""
    for node in ast.walk(module.tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.Compare) and dotted(node.left).endswith("event.key"):
            parts = list(node.comparators)
        elif isinstance(node, ast.Match) and dotted(node.subject).endswith("event.key"):
            parts = [case.pattern for case in node.cases]
        for part in parts:
            for leaf in ast.walk(part):
                if isinstance(leaf, ast.Constant) and leaf.value not in plain_keys():
                    yield module.place(leaf, repr(leaf.value))


def test_handlers_wait_for_no_key_that_a_plain_terminal_cannot_send():
    assert broken(keys_compared, "tui/console/") == []
    assert planted(keys_compared, "if event.key in ('enter', 'ctrl+enter'): go()")
    assert not planted(keys_compared, "if event.key == 'enter': go()")
