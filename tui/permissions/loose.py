"""A best reading of any command line, for what must never run however it is written.

Where `tui.permissions.shell_parse` gives up, this goes on: values of variables as far as the
line itself sets them, text that is piped into a shell, scripts inside quotes. It never makes a
command allowed; it only finds what is refused.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tui.permissions.shell_parse import grammar_tree
from tui.permissions.shell_words import Home, Opaque, Part, Unreadable, Variable, read_word

if TYPE_CHECKING:
    from tree_sitter import Node

UNKNOWN = "\0"
_MOST_NODES = 20_000
_MOST_BRACES = 200
_MOST_STAGES = 8
_MOST_PIPES = 100
_RUNS = frozenset({"command", "declaration_command", "unset_command"})
_FLOWS = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})
_DEFAULT = re.compile(r"\$\{!?([A-Za-z_@*][A-Za-z0-9_]*)(?:\[[@*0-9]+\])?(?::?[-=+]([^}]*))?.*\}",
                      re.DOTALL)  # fmt: skip
NARROWING = frozenset({
    "-name", "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex", "-mtime", "-mmin",
    "-size", "-newer", "-empty", "-samefile", "-inum", "-user",
})  # fmt: skip
"""Tests of find that make what it finds less than all."""
_LOCATED = re.compile(r"(?:which|command\s+-v|type\s+-[pP])\s+([\w./-]+)")
_ECHOED = re.compile(r"(?:echo|printf|print)\s+(?:-[neE]+\s+)*(.*)", re.DOTALL)

Span = tuple[int, int]


class LooseCommand(msgspec.Struct, frozen=True):
    """A command as far as it can be told; NUL in a word stands for what nobody knows.

    Args:
        words: Its name and arguments.
        span: Its bytes in the line that was read.
        fed: The text on its standard input, where the line gives it.
        writes: Targets of its redirections that write.
        truncates: Whether one of them empties its target first.
    """

    words: tuple[str, ...]
    span: Span
    fed: str | None = None
    writes: tuple[str, ...] = ()
    truncates: bool = False


class Bomb(msgspec.Struct, frozen=True):
    """Something that starts itself, or others, without end."""

    span: Span


class Loose:
    """The commands of a line, in order. `values` are the variables known before it."""

    def __init__(self, values: dict[str, str], home: Path, cwd: Path) -> None:
        self.values = values
        self.home = home
        self.cwd = cwd
        self.pipes = _MOST_PIPES
        self.lists: set[str] = {"@", "*"}

    def read(self, command: str) -> Iterator[LooseCommand | Bomb]:
        """Every command anywhere in the line, those nested in expansions too."""
        tree = grammar_tree(command)
        if tree is None:
            return
        if tree.root_node.has_error:
            yield from self._pieces(command)
        left = [tree.root_node]
        for _ in range(_MOST_NODES):
            if not left:
                return
            node = left.pop()
            yield from self._node(node)
            left.extend(reversed(node.children))

    def _pieces(self, command: str) -> Iterator[LooseCommand]:
        """What stands between the operators, where the grammar finds no commands."""
        for piece in re.finditer(r"[^;|&\n()]+", command):
            start = len(command[: piece.start()].encode("utf-8", "replace"))
            span = start, start + len(piece[0].encode("utf-8", "replace"))
            yield LooseCommand(tuple(self.joined(piece[0].strip()).split()), span)

    def _node(self, node: Node) -> Iterator[LooseCommand | Bomb]:
        if node.type == "variable_assignment":
            self._assign(node)
        elif node.type == "for_statement":
            self._loop(node)
        elif node.type in _RUNS:
            yield self._command(node)
        elif node.type == "file_redirect" and not _of_command(node):
            writes, truncates = self._writes([node])
            yield LooseCommand((), (node.start_byte, node.end_byte), None, writes, truncates)
        elif _is_bomb(node):
            yield Bomb((node.start_byte, node.end_byte))

    def _assign(self, node: Node) -> None:
        name, _, value = _text(node).partition("=")
        if value.startswith("("):
            self.values[name] = " ".join(
                " ".join(self.expand(_text(child)))
                for array in node.children
                for child in array.children
                if child.is_named
            )
        else:
            self.values[name.rstrip("+")] = " ".join(self.expand(value)) if value else ""

    def _loop(self, node: Node) -> None:
        name = next((_text(child) for child in node.children if child.type == "variable_name"), "")
        values = [_text(child) for child in node.children_by_field_name("value")]
        self.lists.add(name)
        self.values[name] = " ".join(text for value in values for text in self.expand(value))

    def _command(self, node: Node) -> LooseCommand:
        words: list[str] = []
        flows = [child for child in node.children if child.type in _FLOWS]
        parts = [child for child in node.children if child.type not in _FLOWS]
        if _of_command(node) and node.parent is not None:
            flows += [child for child in node.parent.children if child.type in _FLOWS]
        parts += [word for flow in flows if flow.type == "file_redirect" for word in _extra(flow)]
        for part in parts:
            if part.type == "variable_assignment" and not words and node.type == "command":
                continue
            words.extend(self.expand(_text(part)))
        if words[:2] == ["set", "--"]:
            self.values["@"] = self.values["*"] = " ".join(words[2:])
        writes, truncates = self._writes(flows)
        span = node.start_byte, node.end_byte
        return LooseCommand(tuple(words), span, self._fed(node, flows), writes, truncates)

    def _writes(self, flows: list[Node]) -> tuple[tuple[str, ...], bool]:
        found: list[str] = []
        truncates = False
        for flow in flows:
            signs = [child for child in flow.children if not child.is_named]
            if flow.type != "file_redirect" or not signs or _text(signs[0]).startswith("<"):
                continue
            truncates = truncates or ">>" not in _text(signs[0])
            target = next((c for c in flow.children if c.start_byte >= signs[0].end_byte), None)
            if target is not None:
                found.extend(self.expand(_text(target)))
        return tuple(found), truncates

    def _fed(self, node: Node, flows: list[Node]) -> str | None:
        for flow in flows:
            if flow.type == "herestring_redirect" and flow.children:
                return " ".join(self.expand(_text(flow.children[-1])))
            if flow.type == "heredoc_redirect":
                bodies = [child for child in flow.children if child.type == "heredoc_body"]
                return "".join(_text(body) for body in bodies)
        self.pipes -= 1
        return self._piped(node) if self.pipes > 0 else None

    def _piped(self, node: Node) -> str | None:
        """What the stage in front of a pipe gives, where it is text of the line itself."""
        at = node
        while at.parent is not None and at.parent.type not in ("pipeline", "heredoc_redirect"):
            if at.parent.type not in ("redirected_statement", "negated_command"):
                return None
            at = at.parent
        pipeline = at.parent
        if pipeline is None:
            return None
        if pipeline.type == "heredoc_redirect":
            bodies = [child for child in pipeline.children if child.type == "heredoc_body"]
            return "".join(_text(body) for body in bodies)
        stages = [child for child in pipeline.children if child.is_named]
        place = next((i for i, stage in enumerate(stages) if stage.id == at.id), 0)
        if place == 0:
            return self._piped(pipeline)
        text = None
        for stage in stages[max(0, place - _MOST_STAGES) : place]:
            text = self._output(_text(stage), text)
        return text

    def _output(self, stage: str, fed: str | None) -> str | None:
        if echoed := _ECHOED.fullmatch(stage.strip()):
            return self.joined(echoed[1]).replace("\\n", "\n")
        if stage.startswith("find "):
            return self._found(stage.split()[1:])
        if re.match(r"(?:cat|tee|head|tail|sed|tr|grep)\b", stage):
            return fed if fed is not None else self._inside(stage)
        if fed is not None and re.match(r"base64\s+(?:-d|-D|--decode)", stage):
            try:
                return base64.b64decode(fed.strip(), validate=False).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return None
        return None

    def _found(self, words: list[str]) -> str | None:
        """All that lies below some folders, as patterns; None where find leaves some out."""
        if not NARROWING.isdisjoint(words):
            return None
        roots = self.joined(" ".join(takewhile(lambda word: not word.startswith("-"), words)))
        return " ".join(f"{root} {root.rstrip('/')}/*" for root in roots.split())

    def _inside(self, stage: str) -> str | None:
        body = re.search(r"<<-?\s*['\"]?(\w+)['\"]?.*?\n(.*?)^\1$", stage, re.DOTALL | re.MULTILINE)
        return body[2] if body else None

    def joined(self, text: str) -> str:
        """The words of a piece of a line, as `echo` would print them."""
        found: list[str] = []
        at = 0
        while at < len(text):
            if text[at] in " \t\n":
                at += 1
                continue
            try:
                word = read_word(text, at)
            except Unreadable:
                return text
            if word.end == at:
                break
            found.extend(self.expand(word.raw))
            at = word.end
        return " ".join(found)

    def expand(self, raw: str, depth: int = 0) -> list[str]:
        """The words that one becomes: braces, values, and splitting as far as they are told."""
        if depth > 4:
            return [UNKNOWN]
        found: list[str] = []
        for one in _braces(raw):
            try:
                word = read_word(one, 0)
            except Unreadable:
                found.append(one)
                continue
            if word.end < len(one):  # more than one word: a substitution that was cut
                found.append(one)
                continue
            found.extend(self._split(word.parts, depth))
        return found

    def _split(self, parts: tuple[Part, ...], depth: int) -> list[str]:
        text = ""
        for part in parts:
            value, quoted = self._value(part, depth)
            text += value.replace(" ", "\x1f") if quoted else value
        words = [word.replace("\x1f", " ") for word in re.split(r"[ \t\n]+", text)]
        return [word for word in words if word] or ([""] if not text else [])

    def _value(self, part: Part, depth: int) -> tuple[str, bool]:
        match part:
            case Home(user=user):
                return (str(self.home) if not user else f"/home/{user}"), True
            case Variable(name=name, quoted=quoted):
                return self._variable(name), quoted and name not in self.lists
            case Opaque(what=what, text=text, quoted=quoted):
                listed = "[@]" in text or "[*]" in text
                whole = quoted or what == "process substitution"
                return self._opaque(what, text, depth), whole and not listed
            case _:
                return part.text, getattr(part, "quoted", True)

    def _variable(self, name: str) -> str:
        known = {"HOME": str(self.home), "PWD": str(self.cwd), "IFS": " ",
                 "USER": self.home.name, "LOGNAME": self.home.name}  # fmt: skip
        # One that is not set is nothing: `rm -rf "$unset/"` takes away all.
        return self.values.get(name, known.get(name, ""))

    def _opaque(self, what: str, text: str, depth: int) -> str:
        if what == "parameter expansion" and (found := _DEFAULT.fullmatch(text)):
            value = self._variable(found[1])
            return value or " ".join(self.expand(found[2], depth + 1) if found[2] else [""])
        if what == "command substitution":
            inner = text[2:-1] if text.startswith("$(") else text[1:-1]
            if inner.strip() == "pwd":
                return str(self.cwd)
            if located := _LOCATED.fullmatch(inner.strip()):
                return located[1]
            if echoed := _ECHOED.fullmatch(inner.strip()):
                return self.joined(echoed[1])
        if what == "process substitution" and (echoed := _ECHOED.fullmatch(text[2:-1].strip())):
            return "\x01" + self.joined(echoed[1])
        if what == "~ behind = or :":
            return re.sub(r"(?<=[=:])~", str(self.home), text)
        return UNKNOWN


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _of_command(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if node.type in _RUNS:
        return parent.type == "redirected_statement"
    body = parent.child_by_field_name("body") if parent.type == "redirected_statement" else parent
    return body is not None and body.type in _RUNS


def _extra(flow: Node) -> list[Node]:
    return [child for child in flow.children if child.is_named][1:] if flow.child_count > 2 else []


def _is_bomb(node: Node) -> bool:
    if node.type == "function_definition":
        name = _text(node.children[0]) if node.children else ""
        name = _text(named) if (named := node.child_by_field_name("name")) else name
        calls = [one for one in _below(node) if one.type == "command_name" and _text(one) == name]
        body = _text(node)
        return len(calls) >= 2 or (
            len(calls) == 1 and re.search(r"(?<!&)&(?![&>])", body) is not None
        )
    if node.type in ("while_statement", "c_style_for_statement"):
        body = next((child for child in node.children if child.type == "do_group"), None)
        endless = re.match(r"(?:while\s+(?:true|:|\[\s*1\s*\])|until\s+false|for\s*\(\(\s*;\s*;)",
                           _text(node))  # fmt: skip
        started = body is not None and any(child.type == "&" for child in body.children)
        return bool(endless) and started and not re.search(r"\b(?:wait|sleep|read)\b", _text(node))
    return False


def _below(node: Node) -> Iterator[Node]:
    left = list(node.children)
    while left:
        one = left.pop()
        yield one
        left.extend(one.children)


def _braces(raw: str) -> list[str]:
    """Brace expansion, as far as it is a list; quotes are let be."""
    found = re.search(r"(?<![$\\])\{([^{}\s'\"]*,[^{}\s'\"]*)\}", raw)
    if not found or "'" in raw[: found.start()] or '"' in raw[: found.start()]:
        return [raw]
    made: list[str] = []
    for choice in found[1].split(","):
        made.extend(_braces(raw[: found.start()] + choice + raw[found.end() :]))
        if len(made) > _MOST_BRACES:
            break
    return made
