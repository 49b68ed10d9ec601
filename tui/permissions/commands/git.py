"""Git commands that only look, with options that can neither run, write nor send.

Options count by their whole name: git takes any beginning of one. Settings of the repository
that may run something make every command ask (`tui.permissions.repository`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Protocol

from tui.permissions.commands.spec import Arg, Asks, Given, Reads, given
from tui.permissions.repository import Repository
from tui.protected import secret_reason


class ReadsGit(Reads, Protocol):
    """What the rule of git needs besides paths."""

    def repositories(self) -> tuple[Repository, ...]:
        """What git would obey, of every folder that the command may start in."""
        ...

    def moved(self, arg: Arg) -> ReadsGit:
        """The same, as `git -C` changes the folder."""
        ...


_DIFF = (
    " -bBCDMRaltuwz -p -s -U:num -S:text -G:text -M -l:num -O:read --patch --no-patch"
    " --unified:num"
    " --raw --patch-with-stat --stat? --numstat --shortstat --summary --name-only --name-status"
    " --color? --no-color --color-moved? --word-diff? --word-diff-regex:text --color-words?"
    " --no-renames --find-renames? --find-copies? --find-copies-harder --no-ext-diff --no-textconv"
    " --minimal --patience --histogram --diff-algorithm:text --check --full-index --binary"
    " --abbrev? --diff-filter:text --pickaxe-all --pickaxe-regex --relative? --text"
    " --ignore-space-at-eol --ignore-space-change --ignore-all-space --ignore-blank-lines"
    " --function-context -W --inter-hunk-context:num --exit-code --quiet --src-prefix:text"
    " --dst-prefix:text --no-prefix --compact-summary --dirstat? --cumulative --ignore-submodules?"
    " --cc -c -m -r -t --root --no-commit-id -I:text --ignore-matching-lines:text"
    " --no-color-moved --default-prefix --merge-base --cached --staged"
)
_REVISIONS = (
    " -n:num -# -i -E -F -P -g -L:text --max-count:num --skip:num --since:text --until:text"
    " --after:text --before:text --author:text --committer:text --grep:text --all-match"
    " --invert-grep --regexp-ignore-case --extended-regexp --fixed-strings --perl-regexp --all"
    " --branches? --tags? --remotes? --glob:text --exclude:text --merges --no-merges --first-parent"
    " --min-parents:num --max-parents:num --reverse --date-order --topo-order --author-date-order"
    " --graph --no-graph --oneline --decorate? --no-decorate --decorate-refs:text --date:text"
    " --relative-date --parents --children --left-right --cherry-pick --cherry-mark --cherry"
    " --boundary --simplify-by-decoration --full-history --dense --sparse --simplify-merges"
    " --ancestry-path --follow --abbrev-commit --no-abbrev-commit --source --walk-reflogs --merge"
    " --count --not --left-only --right-only --no-walk? --encoding:text --no-notes --notes?"
    " --pretty? --format:text --name-only --full-diff --log-size --no-mailmap --mailmap"
    " --use-mailmap --clear-decorations --no-expand-tabs --expand-tabs? --reflog --objects"
)
_LOG = _REVISIONS + _DIFF
_STATUS = (
    " -sbvzu --short --branch --show-stash --porcelain? --long --verbose"
    " --untracked-files? --ignored? --ignore-submodules? --column? --no-column --ahead-behind"
    " --no-ahead-behind --renames --no-renames --find-renames?"
)
_LS_FILES = (
    " -cdmoikstuvzx -x:text --cached --deleted --modified --others --ignored --stage --unmerged"
    " --killed --directory --no-empty-directory --exclude-standard --exclude:text --error-unmatch"
    " --full-name --abbrev? --eol --deduplicate"
)
_REFS = (
    " --sort:text --format:text --contains:text --no-contains:text --merged? --no-merged? --color?"
    " --points-at:text --column? --no-column --ignore-case --count:num"
)
_GREP = (
    "-aIilLchHnowvEFGPpWqz -# -e:text -A:num -B:num -C:num -m:num --cached"
    " --ignore-case --word-regexp --invert-match --full-name --extended-regexp --basic-regexp"
    " --fixed-strings --perl-regexp --line-number --column --files-with-matches --name-only"
    " --files-without-match --null --only-matching --count --color? --no-color --break --heading"
    " --show-function --function-context --and --or --not --all-match --max-depth:num"
    " --max-count:num --context:num --after-context:num --before-context:num --text --recursive"
    " --no-recursive --threads:num --quiet"
)

_COMMANDS: dict[str, str] = {
    "status": _STATUS, "log": _LOG, "show": _LOG, "diff": _DIFF, "whatchanged": _LOG,
    "shortlog": "-nsecw -w " + _LOG.replace(" -n:num", "") + " --numbered --summary --email"
    " --group:text",
    "blame": "-bclfnsetwMC -L:text -S:read --root --show-stats --porcelain --line-porcelain"
    " --incremental --score-debug --show-name --show-number --show-email --abbrev:num --date:text"
    " --since:text --first-parent --color-lines --color-by-age --ignore-rev:text -M -C -# ",
    "annotate": "-l -L:text",
    "rev-parse": "-q --verify --quiet --short? --abbrev-ref? --symbolic --symbolic-full-name --all"
    " --branches? --tags? --remotes? --show-toplevel --show-prefix --show-cdup --git-dir"
    " --absolute-git-dir --git-common-dir --is-inside-work-tree --is-inside-git-dir"
    " --is-bare-repository --is-shallow-repository --show-superproject-working-tree --revs-only"
    " --no-revs --flags --no-flags --show-object-format? --not --show-ref-format",
    "rev-list": _LOG + " --pretty? --header --timestamp --disk-usage?",
    "ls-files": _LS_FILES,
    "ls-tree": "-dlrtz --long --name-only --name-status --full-name --full-tree --abbrev?"
    " --object-only --format:text",
    "cat-file": "-tsep", "describe": "--all --tags --contains --abbrev:num --candidates:num"
    " --exact-match --debug --long --match:text --exclude:text --always --first-parent --dirty?",
    "merge-base": "-a --all --octopus --independent --is-ancestor --fork-point",
    "name-rev": "--tags --all --name-only --always --refs:text", "grep": _GREP,
    "branch": "-avrlqi --all --remotes --list --show-current --verbose --abbrev?"
    " --no-abbrev --no-color" + _REFS,
    "tag": "-ln -n -# --list" + _REFS,
    "for-each-ref": "-s -p" + _REFS, "show-ref": "-dqs --head --heads --branches --tags"
    " --dereference --hash? --verify --quiet --abbrev?",
    "diff-tree": _LOG + " -v", "diff-index": _DIFF, "diff-files": _DIFF + " -q",
    "count-objects": "-vH --verbose --human-readable", "cherry": "-v --abbrev?",
    "check-ignore": "-qvnz --quiet --verbose --non-matching --no-index",
    "check-attr": "-az --all --cached", "range-diff": "--no-color --color? --creation-factor:num",
    "show-branch": "-ar --all --remotes --current --topo-order --date-order --sparse --list",
    "version": "--build-options", "var": "", "symbolic-ref": "-q --short --quiet",
    "stash list": _LOG, "stash show": _DIFF + " --include-untracked --only-untracked",
    "reflog": _LOG, "reflog show": _LOG, "worktree list": "-vz --porcelain --verbose",
    "remote": "-v --verbose", "remote get-url": "--all --push",
    "config": "-z --get --get-all --local --name-only --default:text --type:text --bool --int",
    "config get": "-z --all --local --default:text --type:text",
}  # fmt: skip
_REFRESHING = frozenset({"status", "diff", "describe", "diff-files", "diff-index", "stash show"})
_PATTERNED = re.compile(r"%G|%\(signature|%\(trailers[^)]*command", re.IGNORECASE)
_TOLD = re.compile(
    r"user\.(?:name|email)|core\.(?:bare|filemode|ignorecase|autocrlf|eol|editor|pager)"
    r"|init\.defaultbranch|branch\.[\w./-]+\.(?:remote|merge)|pull\.rebase|push\.default",
    re.IGNORECASE,
)
_VARS = ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT", "GIT_EDITOR", "GIT_PAGER",
         "GIT_DEFAULT_BRANCH")  # fmt: skip


def check_git(args: Sequence[Arg], reads: Reads) -> None:
    """One git command. Raises Asks."""
    where: ReadsGit = reads  # type: ignore[assignment]
    at = 0
    while at < len(args) and (args[at].text or "").startswith("-"):
        text = args[at].text
        if text == "-C" and at + 1 < len(args):
            where = where.moved(args[at + 1])
            at += 2
        elif text in ("--no-pager", "-P", "--no-optional-locks", "--literal-pathspecs"):
            at += 1
        else:
            raise Asks(f"git {text} is no option that only reads", args[at].word)
    if at >= len(args):
        return
    name = args[at].text or ""
    rest = args[at + 1 :]
    second = rest[0].text if rest else None
    if second is not None and f"{name} {second}" in _COMMANDS:
        name, rest = f"{name} {second}", rest[1:]
    if name not in _COMMANDS:
        raise Asks(f"git {name} is not one that only looks", args[at].word)
    _obeyed(name, where, args[at])
    found = _operands(name, rest, where)
    _judge(name, found, args[at], where)


def _obeyed(name: str, where: ReadsGit, arg: Arg) -> None:
    if name == "version":
        return
    for repository in where.repositories():
        if repository.runs:
            raise Asks(f"git: {repository.runs}", arg.word)
        if name in _REFRESHING and repository.refreshes:
            raise Asks(f"git: {repository.refreshes}", arg.word)
        if name.startswith("remote") and repository.tells:
            raise Asks("git: addresses of remotes may hold a password", arg.word)


def _operands(name: str, rest: Sequence[Arg], where: ReadsGit) -> Given:
    found = given(_COMMANDS[name] + " | text*", _without_uno(rest))
    for option, value in found.options:
        if value is None:
            continue
        if value.text is None:
            raise Asks("its value is not known before it runs", value.word)
        if _PATTERNED.search(value.text):
            raise Asks("a format that checks signatures by a program", value.word)
        if option == "-O" or (option == "-S" and name == "blame"):
            where.read(value)
        if option == "-L" and _secret(value.text.rpartition(":")[2]):
            raise Asks("may hold secrets", value.word)
    for operand in found.operands:
        _operand(operand, where)
    return found


def _without_uno(rest: Sequence[Arg]) -> list[Arg]:
    return [arg for arg in rest if arg.text not in ("-uno", "-uall", "-unormal")]


def _operand(operand: Arg, where: ReadsGit) -> None:
    """A revision or a path; either is no secret and does not lead out of the folder."""
    if operand.text is None:
        raise Asks("its value is not known before it runs", operand.word)
    for part in {operand.text, operand.text.rpartition(":")[2]}:
        if part and _secret(part):
            raise Asks("may hold secrets", operand.word)
        if part:
            where.read(operand, part)


def _secret(path: str) -> str | None:
    return secret_reason(PurePosixPath("/", path))


def _judge(name: str, found: Given, arg: Arg, where: ReadsGit) -> None:
    words = [operand.text or "" for operand in found.operands]
    match name:
        case "branch":
            listing = found.has("-l", "--list", "--contains", "--no-contains", "--merged",
                                "--no-merged", "--points-at")  # fmt: skip
            if words and not listing:
                raise Asks("git branch with a name makes one", arg.word)
        case "tag":
            if words and not found.has("-l", "--list", "--contains", "--merged", "--points-at"):
                raise Asks("git tag with a name makes one", arg.word)
        case "symbolic-ref":
            if len(words) != 1:
                raise Asks("git symbolic-ref with two names sets one", arg.word)
        case "config" | "config get":
            if len(words) != 1 or not _TOLD.fullmatch(words[0]):  # a second word sets it
                raise Asks("git config other than reading a harmless setting", arg.word)
        case "reflog":
            if words and words[0] in ("expire", "delete", "exists", "drop", "write"):
                raise Asks("git reflog may forget entries", arg.word)
        case "remote":
            if words not in ([], ["show"]):
                raise Asks("git remote with a word may change or connect", arg.word)
        case "var":
            if len(words) != 1 or words[0] not in _VARS:
                raise Asks("git var of another variable", arg.word)
        case "grep":
            if not words and not found.has("-e"):
                raise Asks("git grep without a pattern", arg.word)
        case _:
            pass
