"""Programs with a grammar of their own, as far as they only read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tui.permissions.commands.awk import awk_program
from tui.permissions.commands.find import check_find
from tui.permissions.commands.git import check_git
from tui.permissions.commands.sed import sed_script
from tui.permissions.commands.spec import Arg, Asks, Given, Reads, check, check_kind, given

Rule = Callable[[Sequence[Arg], Reads], None]

_GREP = (
    "-aEFGPciIhHlLnoqrRsTUvwxyzZbU -# -e:text -A:num -B:num -C:num -m:num -f:read -d:text -D:text"
    " --extended-regexp --fixed-strings --basic-regexp --perl-regexp --count --color? --colour?"
    " --files-with-matches --files-without-match --ignore-case --no-ignore-case --invert-match"
    " --line-number --no-filename --with-filename --null --only-matching --quiet --silent"
    " --recursive --dereference-recursive --no-messages --text --word-regexp --line-regexp"
    " --byte-offset --initial-tab --line-buffered --null-data --regexp:text --file:read"
    " --include:text --exclude:text --exclude-dir:text --max-count:num --context:num"
    " --after-context:num --before-context:num --binary-files:text --directories:text"
    " --label:text -I"
)
_RG = (
    "-aFHIilLNnoPpqSsUvwxch0. -# -u -e:text -f:read -A:num -B:num -C:num -g:text -t:text -T:text"
    " -m:num -M:num -r:text -d:num -j:num -E:text -X --files --hidden --no-ignore --no-ignore-vcs"
    " --ignore-case --smart-case --case-sensitive --fixed-strings --word-regexp --line-regexp"
    " --line-number --no-line-number --column --count --count-matches --files-with-matches"
    " --files-without-match --invert-match --only-matching --multiline --multiline-dotall --pcre2"
    " --heading --no-heading --with-filename --no-filename --json --vimgrep --trim --stats"
    " --no-config --no-messages --null --text --unrestricted --follow --pretty --quiet --passthru"
    " --type-list --byte-offset --block-buffered --line-buffered --one-file-system --version"
    " --glob:text --iglob:text --type:text --type-not:text --max-count:num --max-depth:num"
    " --maxdepth:num --max-columns:num --max-filesize:size --context:num --after-context:num"
    " --before-context:num --color:text --colors:text --sort:text --sortr:text --regexp:text"
    " --file:read --replace:text --threads:num --encoding:text --context-separator:text"
)
_DIFF = (
    "-aBbdeEHiNnpqrsTtuwyZ -# -c -C:num -U:num -W:num -x:text -I:text -L:text -F:text --brief"
    " --unified? --context? --side-by-side --recursive --new-file --text --ignore-case"
    " --ignore-all-space --ignore-space-change --ignore-blank-lines --ignore-trailing-space"
    " --minimal --report-identical-files --suppress-common-lines --left-column --color?"
    " --strip-trailing-cr --no-dereference --width:num --exclude:text --label:text"
    " --ignore-matching-lines:text --ed --rcs --normal --expand-tabs --initial-tab"
    " --show-c-function --speed-large-files"
)


def check_grep(args: Sequence[Arg], reads: Reads) -> None:
    """grep, egrep, fgrep."""
    found = check(_GREP + " | text read*", args, _Later(reads))
    named = found.has("-e", "--regexp", "-f", "--file")
    paths = found.operands if named else found.operands[1:]
    for arg in found.operands if found.operands and found.operands[0].matched else paths:
        reads.read(arg)
    for name, value in found.options:
        if value is not None and name in ("-f", "--file"):
            reads.read(value)
    directories = [v.text for n, v in found.options if v and n in ("-d", "--directories")]
    follows = found.has("-R", "--dereference-recursive")
    if not (follows or found.has("-r", "--recursive") or "recurse" in directories):
        return
    includes = [v.text for n, v in found.options if n == "--include" and v and v.text]
    only = "\n".join(includes) if not found.has("--exclude") else ""
    for arg in paths or (None,):
        reads.read_below(arg, links=follows, only=only)


class _Later:
    """Leaves the paths to the rule that calls, which knows which of the words are paths."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def read(self, arg: Arg, path: str | None = None) -> None:
        if arg.text is None:
            self._reads.read(arg, path)

    def read_below(
        self, arg: Arg | None, *, links: bool = False, only: str = "", hidden: bool = True
    ) -> None:
        self._reads.read_below(arg, links=links, only=only, hidden=hidden)

    def name(self, arg: Arg, path: str | None = None) -> None:
        self._reads.name(arg, path)


def check_rg(args: Sequence[Arg], reads: Reads) -> None:
    """Ripgrep: below a folder it reads everything, the hidden left out or not."""
    found = check(_RG + " | text read*", args, _Later(reads))
    if found.has("--type-list", "--version"):
        return
    listing = found.has("--files")
    named = listing or found.has("-e", "--regexp", "-f", "--file")
    paths = found.operands if named else found.operands[1:]
    for arg in found.operands if found.operands and found.operands[0].matched else paths:
        (reads.name if listing else reads.read)(arg)
    for name, value in found.options:
        if value is not None and name in ("-f", "--file"):
            reads.read(value)
    follows = found.has("-L", "--follow")
    if listing and not follows:
        return
    for arg in paths or (None,):
        reads.read_below(
            arg,
            links=follows,
            hidden=found.has("-.", "--hidden", "-u", "--unrestricted"),
        )


def check_diff(args: Sequence[Arg], reads: Reads) -> None:
    """Diff of two files; of folders, what lies in them."""
    found = check(_DIFF + " | read read", args, reads)
    if found.has("-r", "--recursive"):
        for arg in found.operands:
            reads.read_below(arg, links=not found.has("--no-dereference"))


_JQ = (
    "-cCMSrRsneajg --compact-output --raw-output --raw-input --slurp --null-input --exit-status"
    " --sort-keys --color-output --monochrome-output --tab --join-output --ascii-output --stream"
    " --indent:num --seq"
)
_JQ_REACHES = re.compile(r"env\b|ENV|import|include|input_filename|modulemeta|debug|\$__")


def _without_values(args: Sequence[Arg]) -> list[Arg]:
    """Arguments of jq without its `--arg NAME VALUE`, which are data."""
    left: list[Arg] = []
    at = 0
    while at < len(args):
        if args[at].text in ("--arg", "--argjson"):
            given = args[at + 1 : at + 3]
            name = given[0].text if len(given) == 2 else None
            plain = name is not None and re.fullmatch(r"[a-z_][a-z0-9_]*", name)
            if not plain or given[1].matched or (given[1].text or "").startswith("-"):
                raise Asks("jq with a value of no plain name", args[at].word)
            at += 3
        else:
            left.append(args[at])
            at += 1
    return left


def check_jq(args: Sequence[Arg], reads: Reads) -> None:
    """Jq with its program in the line, which looks at neither the environment nor modules."""
    found = check(_JQ + " | text read*", _without_values(args), reads)
    if found.operands and _JQ_REACHES.search(found.operands[0].text or "env"):
        raise Asks("this jq program may read more than its input", found.operands[0].word)


_SED = (
    "-nErsuz -e:text --quiet --silent --regexp-extended --separate --unbuffered --null-data"
    " --posix --sandbox --debug --expression:text -l:num"
)


def check_sed(args: Sequence[Arg], reads: Reads) -> None:
    """Sed with scripts that neither write nor run."""
    found = given(_SED + " | read*", args)
    scripts = [v for name, v in found.options if v and name in ("-e", "--expression")]
    operands = list(found.operands)
    if not scripts:
        scripts, operands = operands[:1], operands[1:]
    for script in scripts:
        if script.text is None or script.matched or not sed_script(script.text):
            raise Asks("this sed script may write or run something", script.word)
    for operand in operands:
        reads.read(operand)


def check_awk(args: Sequence[Arg], reads: Reads) -> None:
    """Awk with a program that only prints."""
    found = given("-F:text -v:text | text read*", args)
    for name, value in found.options:
        if value is None or value.text is None or value.matched:
            raise Asks("its value is not known before it runs", value.word if value else None)
        if name == "-v" and not re.match(r"(?:[a-z_]\w*|O?[FR]S)=", value.text):
            raise Asks("a variable of awk's own", value.word)
    if not found.operands:
        raise Asks("there is no program")
    program = found.operands[0]
    if program.text is None or program.matched or not awk_program(program.text):
        raise Asks("this awk program may write, run or read something else", program.word)
    for operand in found.operands[1:]:
        reads.read(operand)


def check_date(args: Sequence[Arg], reads: Reads) -> None:
    """Date, without setting it."""
    line = (
        "-uR -d:text -r:name --date:text --reference:name -I --iso-8601? --rfc-3339? --utc"
        " --universal --rfc-email"
    )
    attached = [arg for arg in args if not re.fullmatch(r"-I(?:date|hours|minutes|seconds|ns)",
                                                        arg.text or "")]  # fmt: skip
    found = check(line + " | text*", attached, reads)
    for operand in found.operands:
        if not (operand.text or "").startswith("+"):
            raise Asks("this sets the clock", operand.word)


_UNARY_FILE = frozenset("-" + letter for letter in "abcdefghkLprsStuwxGNO")
_NUMBERS = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge"})
_SIMPLE = re.compile(r"[^\[\]$`]*")


def check_test(args: Sequence[Arg], reads: Reads) -> None:
    """`test`, `[`, `[[`: states of files, texts, whole numbers; nothing that bash evaluates."""
    words = list(args)
    at = 0
    while at < len(words):
        at = _tested(words, at, reads)


def _tested(words: list[Arg], at: int, reads: Reads) -> int:
    text = words[at].text
    following = words[at + 1] if at + 1 < len(words) else None
    if text in ("!", "(", ")", "-a", "-o", "&&", "||"):
        return at + 1
    if following is not None and following.text in ("=", "==", "!=", "-nt", "-ot", "-ef"):
        _operand(words, at)
        _operand(words, at + 2)
        if following.text in ("-nt", "-ot", "-ef"):
            reads.name(words[at])
            reads.name(words[at + 2])
        return at + 3
    if following is not None and following.text in _NUMBERS:
        for arg in (words[at], words[at + 2] if at + 2 < len(words) else following):
            check_kind("num", arg, reads)
        return at + 3
    if text in _UNARY_FILE and following is not None:
        reads.name(following)
        return at + 2
    if text in ("-n", "-z") and following is not None:
        return at + 2
    if text is None or not text.startswith("-"):
        _operand(words, at)
        return at + 1
    raise Asks("this test may be evaluated by the shell", words[at].word)


def _operand(words: list[Arg], at: int) -> None:
    if at >= len(words):
        raise Asks("a test that does not end")
    text = words[at].text
    if text is not None and not _SIMPLE.fullmatch(text):
        raise Asks("this test may be evaluated by the shell", words[at].word)


_SETS = re.compile(r"%[^a-zA-Z%]*[hlLqjzt]*n")


def check_printf(args: Sequence[Arg], reads: Reads) -> None:
    """Printf to standard output; `-v` sets a variable, by a name that bash evaluates."""
    if args and (args[0].text is None or args[0].text.startswith("-")) and args[0].text != "--":
        raise Asks("printf with an option", args[0].word)
    for arg in args:
        if _SETS.search(arg.text or ""):
            raise Asks("printf %n sets a variable", arg.word)
        if arg.matched:
            reads.name(arg)


def check_echo(args: Sequence[Arg], reads: Reads) -> None:
    """Any text, known or not."""
    for arg in args:
        if arg.matched:
            reads.name(arg)


def check_plain(args: Sequence[Arg], reads: Reads) -> None:
    """Any text that is known."""
    for arg in args:
        check_kind("text", arg, reads)


def check_command(args: Sequence[Arg], reads: Reads) -> None:
    """`command -v NAME`; without it the operand would run."""
    if not args or args[0].text not in ("-v", "-V"):
        raise Asks("command runs its operand", args[0].word if args else None)
    check_plain(args[1:], reads)


def check_loop(args: Sequence[Arg], reads: Reads) -> None:
    """`read -r name …`, with names that mean nothing to the shell."""
    found = given("-rs | text*", args)
    for operand in found.operands:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", operand.text or "") or (
            (operand.text or "").endswith("_proxy")
        ):
            raise Asks("this variable may mean something to the shell", operand.word)


def check_tar(args: Sequence[Arg], reads: Reads) -> None:
    """`tar tf ARCHIVE`: its list of names."""
    letters = (args[0].text or "").removeprefix("-") if args else ""
    if not re.fullmatch(r"t[vzjJ]*f|tvf", letters) or len(args) != 2:
        raise Asks("tar other than the list of one archive")
    if ":" in (args[1].text or ":"):
        raise Asks("an archive on another machine", args[1].word)
    reads.read(args[1])


def check_unzip(args: Sequence[Arg], reads: Reads) -> None:
    """`unzip -l ARCHIVE`: its list of names."""
    if len(args) != 2 or args[0].text not in ("-l", "-lv", "-v", "-Z", "-Z1"):
        raise Asks("unzip other than the list of one archive")
    reads.read(args[1])


RULES: dict[str, Rule] = {
    "anything": check_echo, "echo": check_echo, "printf": check_printf, "plain": check_plain,
    "date": check_date, "test": check_test, "command": check_command, "loop": check_loop,
    "grep": check_grep, "rg": check_rg, "find": check_find, "sed": check_sed, "awk": check_awk,
    "git": check_git, "diff": check_diff, "jq": check_jq, "tar": check_tar,
    "unzip": check_unzip,
}  # fmt: skip
"""By the word behind `!` in the table. `cd` is the judge's own: it moves where it looks."""

__all__ = ["RULES", "Given"]
