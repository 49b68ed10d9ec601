"""One reading of bash's words, from their characters alone.

Stands beside the grammar's reading (`tui.permissions.shell_parse`): a command is understood
only where both find the same words. Expansions are named, never run; what is not one of the
few that a value can be told for is `Opaque`.
"""

from __future__ import annotations

import re

import msgspec

BLANKS = " \t"
_META = "|&;()<>" + BLANKS + "\n"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPECIAL = "@*#?-$!0123456789"
_BRACES = re.compile(r"\{.*(?:,|\.\.).*\}", re.DOTALL)
_ASSIGNED_HOME = re.compile(r"[=:]~")
_ESCAPES = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
    "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
_ANSI = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c(.)|(.))",
    re.DOTALL,
)


class Text(msgspec.Struct, frozen=True, tag=True):
    """Characters that stand for themselves."""

    text: str
    quoted: bool


class Pattern(msgspec.Struct, frozen=True, tag=True):
    """One of `*`, `?`, `[`, which match names of files."""

    text: str


class Variable(msgspec.Struct, frozen=True, tag=True):
    """`$NAME` or `${NAME}`."""

    name: str
    quoted: bool


class Home(msgspec.Struct, frozen=True, tag=True):
    """`~` or `~user` in front."""

    user: str


class Opaque(msgspec.Struct, frozen=True, tag=True):
    """An expansion whose value nobody tells: substitutions, braces, `${x:-…}`."""

    what: str
    text: str
    quoted: bool


Part = Text | Pattern | Variable | Home | Opaque


class Word(msgspec.Struct, frozen=True):
    """A word of a command; `start` and `end` are characters of the command, half-open."""

    start: int
    end: int
    raw: str
    parts: tuple[Part, ...]

    @property
    def literal(self) -> str | None:
        """What it is, where nothing in it expands; else None."""
        texts = [part.text for part in self.parts if isinstance(part, Text)]
        return "".join(texts) if len(texts) == len(self.parts) else None

    @property
    def opaque(self) -> str | None:
        """What in it has a value that nobody tells, in words; else None."""
        return next((part.what for part in self.parts if isinstance(part, Opaque)), None)


class Unreadable(Exception):
    """A word that does not end, or that bash may read in another way."""


def read_word(text: str, at: int) -> Word:
    """The word that begins at `at`. Raises Unreadable."""
    scanner = _Scanner(text, at)
    scanner.run()
    raw = text[at : scanner.at]
    return Word(at, scanner.at, raw, _whole(raw, scanner.parts))


def _whole(raw: str, parts: list[Part]) -> tuple[Part, ...]:
    bare = "".join(part.text if _bare(part) else "\0" for part in parts)  # type: ignore[union-attr]
    if _BRACES.search(bare):
        return (Opaque("brace expansion", raw, False),)
    if _ASSIGNED_HOME.search(bare):
        return (Opaque("~ behind = or :", raw, False),)
    return tuple(parts)


def _bare(part: Part) -> bool:
    match part:
        case Text(quoted=quoted):
            return not quoted
        case Pattern():
            return True
        case _:
            return False


class _Scanner:
    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.start = at
        self.parts: list[Part] = []

    def run(self) -> None:
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char in "<>" and text[self.at + 1 : self.at + 2] == "(":
                self._opaque("process substitution", self._closing(self.at + 2, "(", ")"), False)
            elif char in _META:
                break
            else:
                self._step(char)

    def _step(self, char: str) -> None:
        match char:
            case "'":
                self._single()
            case '"':
                self._double()
            case "\\":
                self._escape()
            case "$":
                self._dollar(False)
            case "`":
                self._opaque("command substitution", self._backtick(), False)
            case "*" | "?" | "[":
                self.parts.append(Pattern(char))
                self.at += 1
            case "~" if self.at == self.start:
                self._home()
            case _:
                self._put(char, False)

    def _put(self, char: str, quoted: bool, *, width: int = 1) -> None:
        last = self.parts[-1] if self.parts else None
        if isinstance(last, Text) and last.quoted == quoted:
            self.parts[-1] = Text(last.text + char, quoted)
        else:
            self.parts.append(Text(char, quoted))
        self.at += width

    def _single(self) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise Unreadable("a quote that does not end")
        self._put(self.text[self.at + 1 : end], True, width=end + 1 - self.at)

    def _escape(self) -> None:
        char = self.text[self.at + 1 : self.at + 2]
        if char in ("", "\n"):
            raise Unreadable("a backslash at the end of a line, inside a word")
        self._put(char, True, width=2)

    def _double(self) -> None:
        text = self.text
        self._put("", True)
        while self.at < len(text):
            match text[self.at]:
                case '"':
                    self.at += 1
                    return
                case "\\" if text[self.at + 1 : self.at + 2] == "\n":
                    raise Unreadable("a backslash at the end of a line, inside quotes")
                case "\\" if text[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\"):
                    self._put(text[self.at + 1], True, width=2)
                case "$":
                    self._dollar(True)
                case "`":
                    self._opaque("command substitution", self._backtick(), True)
                case char:
                    self._put(char, True)
        raise Unreadable("a quote that does not end")

    def _dollar(self, quoted: bool) -> None:
        text, at = self.text, self.at
        follows = text[at + 1 : at + 2]
        if text.startswith("$((", at) or follows == "[":
            opening, closing = ("(", ")") if follows == "(" else ("[", "]")
            self._opaque("arithmetic", self._closing(at + 2, opening, closing), quoted)
        elif follows == "(":
            self._opaque("command substitution", self._closing(at + 2, "(", ")"), quoted)
        elif follows == "{":
            self._braced(quoted)
        elif follows == "'" and not quoted:
            self._ansi()
        elif follows == '"' and not quoted:
            raise Unreadable("a translated text")
        elif named := _NAME.match(text, at + 1):
            self.parts.append(Variable(named[0], quoted))
            self.at = named.end()
        elif follows and follows in _SPECIAL:
            self.parts.append(Variable(follows, quoted))
            self.at += 2
        else:
            self._put("$", quoted)

    def _braced(self, quoted: bool) -> None:
        end = self._closing(self.at + 2, "{", "}")
        named = _NAME.fullmatch(self.text, self.at + 2, end - 1)
        if named:
            self.parts.append(Variable(named[0], quoted))
            self.at = end
        else:
            self._opaque("parameter expansion", end, quoted)

    def _opaque(self, what: str, end: int, quoted: bool) -> None:
        self.parts.append(Opaque(what, self.text[self.at : end], quoted))
        self.at = end

    def _backtick(self) -> int:
        at = self.at + 1
        while at < len(self.text):
            if self.text[at] == "`":
                return at + 1
            at += 2 if self.text[at] == "\\" else 1
        raise Unreadable("a backtick that does not end")

    def _closing(self, at: int, opening: str, closing: str) -> int:
        depth = 1
        while at < len(self.text):
            char = self.text[at]
            if char == "'" and (end := self.text.find("'", at + 1)) > 0:
                at = end
            elif char == "\\":
                at += 1
            elif char == opening:
                depth += 1
            elif char == closing:
                depth -= 1
                if not depth:
                    return at + 1
            at += 1
        raise Unreadable("an expansion that does not end")

    def _ansi(self) -> None:
        at = self.at + 2
        while at < len(self.text) and self.text[at] != "'":
            at += 2 if self.text[at] == "\\" else 1
        if at >= len(self.text):
            raise Unreadable("a quote that does not end")
        decoded = _ANSI.sub(_unescaped, self.text[self.at + 2 : at])
        if "\0" in decoded:
            raise Unreadable("a NUL character in quotes")
        self._put(decoded, True, width=at + 1 - self.at)

    def _home(self) -> None:
        end = self.at + 1
        while end < len(self.text) and self.text[end] not in _META + "/":
            end += 1
        user = self.text[self.at + 1 : end]
        if user and not re.fullmatch(r"[A-Za-z0-9_.-]+", user):
            self._opaque("~ before signs", self.at + 1, False)
            return
        self.parts.append(Home(user))
        self.at = end


def _unescaped(found: re.Match[str]) -> str:
    two, four, eight, octal, control, other = found.groups()
    digits = two or four or eight
    if digits:
        value = int(digits, 16)
        return chr(value) if value < 0x110000 else "\0"
    if octal:
        return chr(int(octal, 8) & 0xFF)
    if control:
        return chr(ord(control.upper()) & 0x1F)
    return _ESCAPES.get(other, "\\" + other)
