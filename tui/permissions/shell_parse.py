"""A command line as bash would read it, in a closed form; or why it is not understood.

Two readings have to agree: the grammar of tree-sitter-bash, and bash's own rules of tokens
(`tui.permissions.shell_lex`). Both give the simple commands with every word's place; a line
that only one of them can read, or that they read differently, is `NotUnderstood`. What is
nested in other commands (pipelines, lists, groups, branches, loops) comes in the order of the
line: whoever judges asks of every one of them, whether it would run or not.

Pure. Positions are characters of the command, half-open.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from tui.permissions.shell_lex import Flow, Plain, plain_commands, tokens
from tui.permissions.shell_words import Unreadable, Word

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

MOST_CHARS = 4_096
MOST_COMMANDS = 50
MOST_DEPTH = 24

_THROUGH = frozenset({
    "program", "list", "pipeline", "negated_command", "redirected_statement", "subshell",
    "compound_statement", "if_statement", "elif_clause", "else_clause", "while_statement",
    "do_group", "comment",
})  # fmt: skip
_COMMANDS = frozenset({"command", "declaration_command", "unset_command"})
_ASSIGNING = frozenset({"variable_assignment", "variable_assignments"})
_FLOWS = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})

_LOOPS = frozenset({"for", "while", "until"})

Span = tuple[int, int]


class Script(msgspec.Struct, frozen=True):
    """A command line that both readings understand alike; `loops`: a part may run again."""

    commands: tuple[Plain, ...]
    loops: bool = False


class NotUnderstood(msgspec.Struct, frozen=True):
    """Why a command line is not understood, and which characters, where that can be told."""

    why: str
    marks: tuple[Span, ...] = ()


def parse(command: str) -> Script | NotUnderstood:
    """Read a command line. Never raises."""
    if len(command) > MOST_CHARS:
        return NotUnderstood(f"it is longer than {MOST_CHARS:,} characters")
    tree = grammar_tree(command)
    if tree is None or tree.root_node.has_error:
        return NotUnderstood("bash's grammar does not hold it", _broken(tree, command))
    try:
        read = tokens(command)
        found = plain_commands(read)
        seen = _Seen(_offsets(command))
        seen.walk(tree.root_node, 0)
    except Unreadable as problem:
        return NotUnderstood(f"it holds {problem}")
    if len(found) > MOST_COMMANDS:
        return NotUnderstood(f"it is made of more than {MOST_COMMANDS} commands")
    if not _agree(found, seen):
        return NotUnderstood("it can be read in more than one way")
    loops = any(isinstance(token, Word) and token.raw in _LOOPS for token in read)
    return Script(tuple(found), loops)


def grammar_tree(command: str) -> Tree | None:
    """What the grammar makes of it; None where it cannot be bytes."""
    try:
        return _parser().parse(command.encode())
    except UnicodeEncodeError:
        return None


@functools.cache
def _parser() -> Parser:
    # Loaded at the first command: start-up shows a screen before any is judged.
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def _broken(tree: Tree | None, command: str) -> tuple[Span, ...]:
    if tree is None:
        return ()
    offsets = _offsets(command)
    left = [tree.root_node]
    while left:
        node = left.pop()
        if node.is_error or node.is_missing:
            return ((offsets[node.start_byte], offsets[node.end_byte]),)
        left.extend(child for child in node.children if child.has_error)
    return ()


def _offsets(command: str) -> list[int] | range:
    """The character that each byte of the command belongs to, and one for its end."""
    if command.isascii():
        return range(len(command) + 1)
    offsets = [at for at, char in enumerate(command) for _ in char.encode()]
    return [*offsets, len(command)]


class _Seen:
    """What the grammar found: words of each command, and the targets of redirections."""

    def __init__(self, offsets: list[int] | range) -> None:
        self.offsets = offsets
        self.heads: list[int] = []
        self.tests: list[Span] = []
        self.words: list[Span] = []
        self.targets: list[Span] = []

    def span(self, node: Node) -> Span:
        return self.offsets[node.start_byte], self.offsets[node.end_byte]

    def walk(self, node: Node, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise Unreadable(f"more than {MOST_DEPTH} levels")
        if node.type in _COMMANDS:
            self._command(node, depth)
        elif node.type in _ASSIGNING:
            self._assignments(node)
        elif node.type == "test_command":
            self.tests.append(self.span(node))
        elif node.type == "for_statement":
            self._loop(node, depth)
        elif node.type in _FLOWS:
            self._flow(node, depth)
        elif node.type in _THROUGH:
            for child in node.children:
                if child.is_named:
                    self.walk(child, depth + 1)
        else:
            raise Unreadable(node.type.replace("_", " "))

    def _command(self, node: Node, depth: int) -> None:
        parts: list[Node] = []
        for child in node.children:
            if child.type in _FLOWS:
                self._flow(child, depth)
            else:
                parts.append(child)
        spans = [self.span(part) for part in parts]
        if spans:
            self.heads.append(spans[0][0])
        self.words.extend(spans)

    def _assignments(self, node: Node) -> None:
        parts = node.children if node.type == "variable_assignments" else [node]
        spans = [self.span(part) for part in parts]
        self.heads.append(spans[0][0])
        self.words.extend(spans)

    def _loop(self, node: Node, depth: int) -> None:
        self.heads.append(self.span(node)[0])
        for child in node.children:
            if child.type in ("do_group", "compound_statement"):
                self.walk(child, depth + 1)
            elif child.type not in (";", "\n"):
                self.words.append(self.span(child))

    def _flow(self, node: Node, depth: int) -> None:
        if node.type == "heredoc_redirect":
            self._heredoc(node, depth)
            return
        named = [child for child in node.children if child.type != "file_descriptor"]
        words = [self.span(child) for child in named[1:]]
        if not words:
            raise Unreadable("a redirection of this form")
        self.targets.append(words[0])
        self.words.extend(words[1:])  # the grammar gives what follows to the redirection

    def _heredoc(self, node: Node, depth: int) -> None:
        for child in node.children:
            if child.type == "heredoc_start":
                self.targets.append(self.span(child))
            elif child.type in _FLOWS:
                self._flow(child, depth)
            elif child.type in _THROUGH or child.type in _COMMANDS:
                self.walk(child, depth + 1)
            elif child.is_named and child.type not in ("heredoc_body", "heredoc_end"):
                self.words.append(self.span(child))


def _agree(found: list[Plain], seen: _Seen) -> bool:
    heads = sorted(item.words[0].start for item in found if item.kind != "block" and item.words)
    tests = {
        span
        for span in seen.tests
        if any(item.words and item.words[0].start == span[0] for item in found)
    }
    if len(tests) != len(seen.tests) or heads != sorted(
        [*seen.heads, *(span[0] for span in seen.tests)]
    ):
        return False
    words: list[Span] = []
    for item in found:
        spans = [(word.start, word.end) for word in item.words]
        test = next((span for span in tests if spans and spans[0][0] == span[0]), None)
        if test is not None:
            if spans[-1][1] != test[1]:
                return False
            continue
        words.extend(spans)
    targets = [_target(flow) for item in found for flow in item.flows]
    return sorted(words) == sorted(seen.words) and sorted(targets) == sorted(seen.targets)


def _target(flow: Flow) -> Span:
    return flow.target.start, flow.target.end
