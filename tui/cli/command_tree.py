"""All commands and what each takes, read from the parsers themselves."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from tui.cli.values import taken_by

MANY = 9
"""A place that takes many words is offered so often."""


class Takes(NamedTuple):
    """What can stand somewhere: fixed words, or values of a kind; neither: anybody's words."""

    words: tuple[str, ...] = ()
    kind: str = ""


class Option(NamedTuple):
    """An option; `takes` is None where it stands alone."""

    names: tuple[str, ...]
    help: str
    takes: Takes | None


class Node(NamedTuple):
    """A command or a part of one; `path` is how it is written, without the program's name."""

    path: tuple[str, ...]
    help: str
    options: tuple[Option, ...]
    places: tuple[Takes, ...]
    parts: tuple[Node, ...]

    def walk(self) -> Iterator[Node]:
        """It and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def command_tree() -> Node:
    """The whole program."""
    from tui.cli.main import COMMANDS, console_parser

    parts: list[Node] = []
    for name, about in COMMANDS.items():
        parser = argparse.ArgumentParser(prog=f"ownkey {name}")
        importlib.import_module(f"tui.cli.{name}").configure(parser)
        parts.append(_node(parser, (name,), about))
    root = _node(console_parser(), (), "")
    return root._replace(parts=tuple(parts))


def _node(parser: argparse.ArgumentParser, path: tuple[str, ...], about: str) -> Node:
    options: list[Option] = []
    places: list[Takes] = []
    parts: list[Node] = []
    for action in _actions(parser):
        if action.help == argparse.SUPPRESS:
            continue
        if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage] - its only name
            parts += _parts(cast("argparse._SubParsersAction[Any]", action), path)  # pyright: ignore[reportPrivateUsage] - the same
        elif action.option_strings:
            valued = action.nargs != 0
            names = tuple(action.option_strings)
            options.append(Option(names, _plain(action.help), _takes(action) if valued else None))
        else:
            places += [_takes(action)] * (MANY if action.nargs in ("*", "+") else 1)
    return Node(path, _plain(about), tuple(options), tuple(places), tuple(parts))


def _parts(action: argparse._SubParsersAction[Any], path: tuple[str, ...]) -> Iterator[Node]:  # pyright: ignore[reportPrivateUsage] - its only name
    helps = {one.dest: one.help for one in action._choices_actions}  # pyright: ignore[reportPrivateUsage] - no other way to the helps
    parsers = cast("dict[str, argparse.ArgumentParser]", action.choices)
    for name, parser in parsers.items():
        yield _node(parser, (*path, name), helps.get(name) or "")


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # pyright: ignore[reportPrivateUsage] - no other way to what was added


def _takes(action: argparse.Action) -> Takes:
    if action.choices is not None:
        return Takes(words=tuple(str(one) for one in action.choices))
    return Takes(kind=taken_by(action) or "")


def _plain(help: str | None) -> str:
    """A help on one line, without argparse's own marks."""
    return " ".join((help or "").replace("%%", "%").split())
