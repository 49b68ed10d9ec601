"""The judgement of a shell command: allow, ask or deny, why, and which characters make it so.

Allowed is only what is proved to read in the folder: every simple command of the line is of the
table (`tui.permissions.commands`), with words whose values are known, and without a redirection
that writes. Pure over `Lookups`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import msgspec

from tui.permissions.commands.fronts import tells, unset
from tui.permissions.commands.rules import RULES
from tui.permissions.commands.spec import Arg, Asks, check
from tui.permissions.commands.table import BUILTINS, PROGRAMS, VERSIONS
from tui.permissions.forbidden import forbidden
from tui.permissions.judging import Denied, Scene
from tui.permissions.lookups import Lookups
from tui.permissions.rule_text import ShellRule, parsed_rules, suggested
from tui.permissions.shell_lex import Flow, Plain
from tui.permissions.shell_parse import NotUnderstood, Script, parse
from tui.permissions.shell_words import Word
from tui.protected import Border
from tui.text import neutralise

_MOST_LISTS = 400
_MOST_ROUNDS = 8
_BRACKETS = ("[", "[[")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[.*\])?\+?=", re.DOTALL)
_LOOP_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEPT_NAMES = re.compile(r".*_proxy|histchars|auto_resume")
_HARMLESS_COPIES = frozenset({"1", "2"})

Span = tuple[int, int]


class CommandVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say of a command.

    Args:
        verdict: `allow` only for what reads and cannot run, write or send, or for what a rule
            covers; `deny` is refused without a question.
        why: For the person; hostile, neutralise to show.
        rule: The rule that allowed it, exactly as it was given; None: none was needed, or none
            helped.
        marks: Characters of the command that made it ask, half-open.
        suggest: The rule that "always here" would add; None where one would be dangerous.
    """

    verdict: Literal["allow", "ask", "deny"]
    why: str
    rule: str | None = None
    marks: tuple[Span, ...] = ()
    suggest: str | None = None


def judge_command(
    command: str,
    *,
    cwd: Path,
    border: Border,
    lookups: Lookups,
    rules: Sequence[str] = (),
) -> CommandVerdict:
    """Judge a command line that would start in `cwd`. Never raises for any text.

    Rules that are no shell rules are passed over; one that does not parse counts as none.
    """
    if refused := forbidden(command, cwd=cwd, border=border, lookups=lookups):
        return CommandVerdict(verdict="deny", why=refused.why, marks=refused.marks)
    if marks := _unseen(command):
        return _ask("it holds characters that cannot be seen or look like others", marks)
    script = parse(command)
    if isinstance(script, NotUnderstood):
        return _ask(f"not understood: {script.why}", script.marks or ((0, len(command)),))
    known = [(text, rule) for text, rule in parsed_rules(rules) if isinstance(rule, ShellRule)]
    return _Judge(command, cwd, border, lookups, known).judge(script)


def _ask(why: str, marks: tuple[Span, ...], suggest: str | None = None) -> CommandVerdict:
    return CommandVerdict(verdict="ask", why=why, marks=marks, suggest=suggest)


def _unseen(command: str) -> tuple[Span, ...]:
    """The characters that cannot be seen, or that look like others."""
    if command.isascii() and command.replace("\n", "").replace("\t", "").isprintable():
        return ()
    marks: list[Span] = []
    for found in re.finditer(r"[^\x20-\x7e\n\t]|[^\W\d_]+", command):
        if neutralise(found[0], strict=True) != found[0]:
            marks.append(found.span())
    return tuple(marks)


class _Judge:
    def __init__(
        self,
        command: str,
        cwd: Path,
        border: Border,
        lookups: Lookups,
        rules: list[tuple[str, ShellRule]],
    ) -> None:
        self.command = command
        self.scene = Scene(cwd, border.home, lookups)
        self.border = border
        self.lookups = lookups
        self.rules = rules
        self.used: list[str] = []
        self.problems: list[tuple[str, Span]] = []
        self.uncovered: list[tuple[str, ...] | None] = []

    def judge(self, script: Script) -> CommandVerdict:
        try:
            self._all(script)
        except Denied as denied:
            mark = (denied.word.start, denied.word.end) if denied.word else None
            return CommandVerdict(verdict="deny", why=denied.why, marks=(mark,) if mark else ())
        if self.problems:
            why = "; ".join(dict.fromkeys(problem for problem, _ in self.problems))
            marks = tuple(dict.fromkeys(mark for _, mark in self.problems))
            return _ask(why, marks, self._suggestion())
        rule = self.used[0] if self.used else None
        why = f"allowed here by {', '.join(self.used)}" if self.used else "only reads in the folder"
        return CommandVerdict(verdict="allow", why=why, rule=rule)

    def _all(self, script: Script) -> None:
        """Every command, again as long as a later one bears on an earlier one of a loop."""
        for _ in range(_MOST_ROUNDS):
            before = self.scene.state()
            self.uncovered.clear()
            for plain in script.commands:
                self._one(plain)
            if not script.loops or self.scene.state() == before:
                return
        self.problems.append(("its loops bear on each other", (0, len(self.command))))

    def _suggestion(self) -> str | None:
        if len(self.uncovered) != 1 or self.uncovered[0] is None:
            return None
        text = suggested(self.uncovered[0], self._stays_inside)
        return text

    def _one(self, plain: Plain) -> None:
        self._tried(self._flows, plain)
        if plain.kind == "block":
            return
        if plain.kind == "for":
            self._tried(self._loop, plain)
            return
        before = len(self.problems)
        try:
            self._command(plain)
        except Asks as asks:
            self.problems.append(_problem(plain, asks))
        if len(self.problems) > before:
            self._by_rule(plain, before)

    def _tried(self, step: object, plain: Plain) -> None:
        assert callable(step)
        try:
            step(plain)
        except Asks as asks:
            self.problems.append(_problem(plain, asks))
            self.uncovered.append(None)

    def _by_rule(self, plain: Plain, before: int) -> None:
        words = self._literals(plain)
        if words is not None:
            for text, rule in self.rules:
                if rule.covers(words, self._stays_inside):
                    del self.problems[before:]
                    if text not in self.used:
                        self.used.append(text)
                    return
        self.uncovered.append(words)

    def _literals(self, plain: Plain) -> tuple[str, ...] | None:
        """The words, where each has one value that is known and none is an assignment."""
        if plain.kind != "simple" or _ASSIGNMENT.match(plain.words[0].raw if plain.words else "="):
            return None
        found = [word.literal for word in plain.words]
        return tuple(text for text in found if text is not None) if None not in found else None

    def _stays_inside(self, text: str) -> bool:
        facts = [self.lookups.look(folder / text) for folder in self.scene.folders]
        return all(fact.place == "inside" and fact.secret is None for fact in facts)

    def _flows(self, plain: Plain) -> None:
        for flow in plain.flows:
            self._flow(flow)

    def _flow(self, flow: Flow) -> None:
        match flow.op:
            case "<<" | "<<-":
                if flow.target.raw == flow.target.literal and re.search(r"[$`\\]", flow.body or ""):
                    raise Asks("text that the shell expands", flow.target)
            case "<<<":
                self.scene.values_of(flow.target)
            case "<":
                for args in self.scene.values_of(flow.target):
                    for arg in args:
                        self.scene.read(arg)
            case ">&" if flow.target.raw in _HARMLESS_COPIES:
                return
            case ">" | ">>" | "&>" | "&>>" if flow.target.literal == "/dev/null":
                return
            case _:
                raise Asks(f"{flow.op} writes to {flow.target.raw}", flow.target)

    def _loop(self, plain: Plain) -> None:
        name = plain.words[1].raw
        if not _LOOP_NAME.fullmatch(name) or _KEPT_NAMES.fullmatch(name):
            raise Asks("this variable may mean something to the shell", plain.words[1])
        values = list(self.scene.values.get(name, ()))
        for word in plain.words[3:]:
            for args in self.scene.values_of(word):
                values.extend(arg.text for arg in args)
        self.scene.values[name] = tuple(dict.fromkeys(values)) or ("",)

    def _command(self, plain: Plain) -> None:
        words = unset(plain.words)
        if not words:
            return
        name = self._name(words[0])
        rule = self._program(name, words[0])
        for args in self._lists(words[1:]):
            self._arguments(name.rpartition("/")[2], rule, args, plain)

    def _name(self, first: Word) -> str:
        """The program's name, as it stands there."""
        if _ASSIGNMENT.match(first.raw):
            raise Asks("it sets a variable", first)
        name = first.raw if first.raw in _BRACKETS else first.literal
        if name is None or not name.isascii():
            raise Asks("which program it is, is not known before it runs", first)
        if "\\" in first.raw or ("$" in first.raw):
            raise Asks("the program's name is written in a roundabout way", first)
        return name

    def _lists(self, words: Sequence[Word]) -> Iterator[list[Arg]]:
        """Every list of arguments that the words may become."""
        choices = [self.scene.values_of(word) for word in words]
        for made, chosen in enumerate(product(*choices)):
            if made >= _MOST_LISTS:
                raise Asks("a loop over too many values", words[0])
            yield [arg for args in chosen for arg in args]

    def _program(self, name: str, word: Word) -> str:
        bare = name.rpartition("/")[2]
        if bare not in PROGRAMS and bare not in VERSIONS:
            raise Asks(f"{name} is not known to only read", word)
        if name not in BUILTINS:
            self._real(name, word)
        return PROGRAMS.get(bare, "")

    def _real(self, name: str, word: Word) -> None:
        """Ask where the name leads to another program than the machine's own."""
        found = self.lookups.program(name)
        bare = name.rpartition("/")[2]
        if "/" in name and (found is None or found != self.lookups.program(bare)):
            raise Asks(f"{name} is not the program of that name", word)
        if found is not None and self.border.place(found) != "outside":
            raise Asks(f"{name} is a program in the folder itself", word)

    def _arguments(self, name: str, rule: str, args: list[Arg], plain: Plain) -> None:
        if tells(name, [arg.text for arg in args]):
            return
        if name == "cd":
            directory = [arg for arg in args if arg.text not in ("--", "-P", "-L")]
            if len(directory) != 1:
                raise Asks("cd to a folder that is not named", plain.words[0])
            self.scene.enter(directory[0])
            return
        if not rule:
            raise Asks(f"{name} is not known to only read", plain.words[0])
        if rule.startswith("!"):
            if name in _BRACKETS:
                args = args[:-1]
            RULES[rule[1:]](args, self.scene)
        else:
            check(rule, args, self.scene)
        if name == "read":
            for arg in args:
                if arg.text and not arg.text.startswith("-"):
                    self.scene.values[arg.text] = (None,)


def _problem(plain: Plain, asks: Asks) -> tuple[str, Span]:
    span = (asks.word.start, asks.word.end) if asks.word else (plain.start, plain.end)
    return asks.why, span
