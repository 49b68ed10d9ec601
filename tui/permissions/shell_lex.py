"""The second reading of a command: its simple commands by bash's own rules of tokens.

The grammar (`tui.permissions.shell_parse`) gives structure, but it was made to colour code and
reads some lines otherwise than bash does. Here words, operators and reserved words are told
apart from the characters; where the two readings differ, a command counts as not understood.
Covers what can be allowed at all: the rest raises Unreadable.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from tui.permissions.shell_words import BLANKS, Unreadable, Word, read_word

_OPERATORS = ("&&", "||", "|&", ";;", "|", "&", ";", "(", ")", "\n")
_REDIRECT = re.compile(r"([0-9]*)(<<<|<<-|<<|<>|<&|>>|>&|>\||<|>|&>>|&>)")
_STEPS = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{"})
_CLOSERS = frozenset({"fi", "done", "}"})
_UNREAD = frozenset({"case", "esac", "function", "select", "coproc", "in", "time"})


class Flow(msgspec.Struct, frozen=True):
    """A redirection: `target` is its word, for a heredoc its delimiter with `body` set."""

    start: int
    end: int
    fd: str
    op: str
    target: Word
    body: str | None = None


class Operator(msgspec.Struct, frozen=True):
    start: int
    end: int
    text: str


Token = Word | Flow | Operator


class Plain(msgspec.Struct, frozen=True):
    """A simple command, a `[[ … ]]`, the head of a `for`, or the redirections of a block."""

    kind: Literal["simple", "test", "for", "block"]
    words: tuple[Word, ...]
    flows: tuple[Flow, ...]

    @property
    def start(self) -> int:
        return min(item.start for item in (*self.words, *self.flows))

    @property
    def end(self) -> int:
        return max(item.end for item in (*self.words, *self.flows))


def tokens(text: str) -> list[Token]:
    """Every token of a command, comments left out. Raises Unreadable."""
    return _Lexer(text).run()


def plain_commands(found: list[Token]) -> list[Plain]:
    """The simple commands in their order. Raises Unreadable for what is not read here."""
    return _Reader(found).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: list[Token] = []
        self.pending: list[int] = []  # heredocs whose body begins at the next line

    def run(self) -> list[Token]:
        text = self.text
        while self.at < len(text):
            if text[self.at] in BLANKS:
                self.at += 1
            elif text.startswith("\\\n", self.at) and self._between_words():
                self.at += 2
            elif text[self.at] == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                self._token()
        if self.pending:
            raise Unreadable("a heredoc that does not end")
        return self.found

    def _between_words(self) -> bool:
        around = self.text[self.at - 1 : self.at], self.text[self.at + 2 : self.at + 3]
        return around[0] in (" ", "\t") and around[1] not in ("#", "")

    def _token(self) -> None:
        text = self.text
        redirect = _REDIRECT.match(text, self.at)
        if redirect and text[redirect.end() : redirect.end() + 1] != "(":
            self._flow(redirect[1], redirect[2], redirect.end())
        elif operator := next((op for op in _OPERATORS if text.startswith(op, self.at)), None):
            if text.startswith("((", self.at):
                raise Unreadable("arithmetic")
            self.found.append(Operator(self.at, self.at + len(operator), operator))
            self.at += len(operator)
            if operator == "\n":
                self._bodies()
        else:
            word = read_word(text, self.at)
            if word.end == self.at:
                raise Unreadable("an operator")
            self.found.append(word)
            self.at = word.end

    def _flow(self, fd: str, op: str, end: int) -> None:
        start = self.at
        if (fd and op.startswith("&")) or self.text[max(start - 1, 0) : start] == "}":
            raise Unreadable("a redirection of this form")
        while self.text[end : end + 1] in (" ", "\t"):
            end += 1
        target = read_word(self.text, end)
        if target.end == end:
            raise Unreadable("a redirection without a target")
        if op in ("<<", "<<-"):
            self.pending.append(len(self.found))
        self.found.append(Flow(start, target.end, fd, op, target))
        self.at = target.end

    def _bodies(self) -> None:
        for place in self.pending:
            flow = self.found[place]
            assert isinstance(flow, Flow)
            self.found[place] = self._body(flow)
        self.pending.clear()

    def _body(self, flow: Flow) -> Flow:
        delimiter = flow.target.literal
        if delimiter is None:
            raise Unreadable("a heredoc whose end is not told")
        begin = self.at
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            line = self.text[self.at : end]
            if (line.lstrip("\t") if flow.op == "<<-" else line) == delimiter:
                body = self.text[begin : self.at]
                if "\\\n" in body and flow.target.raw == delimiter:
                    raise Unreadable("a line of a heredoc that goes on in the next")
                self.at = end
                return Flow(flow.start, flow.end, flow.fd, flow.op, flow.target, body)
            self.at = end + 1
        raise Unreadable("a heredoc that does not end")


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self.left = found
        self.at = 0
        self.plain: list[Plain] = []

    def run(self) -> list[Plain]:
        while self.at < len(self.left):
            token = self.left[self.at]
            if isinstance(token, Operator):
                self._operator(token)
            elif isinstance(token, Word) and token.raw in _STEPS:
                self.at += 1
            elif isinstance(token, Word) and token.raw in _CLOSERS:
                self._closer()
            elif isinstance(token, Word) and token.raw in _UNREAD:
                raise Unreadable(f"a command that begins with {token.raw}")
            else:
                self._command(token)
        return self.plain

    def _operator(self, token: Operator) -> None:
        if token.text == ";;":
            raise Unreadable("a doubled semicolon")
        if token.text == ")":
            self._closer()
        else:
            self.at += 1

    def _closer(self) -> None:
        flows: list[Flow] = []
        self.at += 1
        while self.at < len(self.left):
            token = self.left[self.at]
            if isinstance(token, Operator):
                break
            if isinstance(token, Word):
                raise Unreadable("a word behind the end of a block")
            flows.append(token)
            self.at += 1
        if flows:
            self.plain.append(Plain("block", (), tuple(flows)))

    def _command(self, first: Token) -> None:
        words: list[Word] = []
        flows: list[Flow] = []
        raw = first.raw if isinstance(first, Word) else ""
        kind: Literal["simple", "test", "for"] = "for" if raw == "for" else "simple"
        if raw == "[[":
            self._test()
            return
        while self.at < len(self.left):
            token = self.left[self.at]
            if isinstance(token, Operator):
                if token.text == "(":
                    raise Unreadable("parentheses inside a command")
                break
            if isinstance(token, Flow):
                flows.append(token)
            else:
                words.append(token)
            self.at += 1
        if kind == "for" and (flows or len(words) < 3 or words[2].raw != "in"):
            raise Unreadable("a loop of this form")
        self.plain.append(Plain(kind, tuple(words), tuple(flows)))

    def _test(self) -> None:
        words: list[Word] = []
        while self.at < len(self.left):
            token = self.left[self.at]
            if not isinstance(token, Word):
                raise Unreadable("a test of this form")
            words.append(token)
            self.at += 1
            if token.raw == "]]":
                self.plain.append(Plain("test", tuple(words), ()))
                return
        raise Unreadable("a test that does not end")
