"""What git would obey in a folder: its settings, hooks and submodules, as facts.

Settings that only name things (users, branches, remotes, looks) are known; any other may name
a program, another folder or a network, so its presence is a reason to ask. The person's own
settings (`~/.gitconfig`) are not looked at: they are the person's.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

_MOST_CONFIG = 262_144
_MOST_INDEX = 64 * 2**20
_SUBMODULE = b"\0\0\xe0\0"  # mode 160000 of an entry in the index

_KNOWN = re.compile(
    r"core\.(?:repositoryformatversion|filemode|logallrefupdates|ignorecase|precomposeunicode"
    r"|symlinks|autocrlf|safecrlf|eol|untrackedcache|preloadindex|quotepath|abbrev|whitespace"
    r"|bare|trustctime|checkstat|protecthfs|protectntfs|longpaths|fscache|compression"
    r"|packedgitlimit|packedgitwindowsize|bigfilethreshold|deltabasecachelimit)"
    r"|user\.(?:name|email|signingkey|useconfigonly)|author\..*|committer\..*"
    r"|remote\..*\.(?:url|fetch|push|pushurl|tagopt|mirror|prune|skipdefaultupdate|gh-resolved)|remote\..*head"
    r"|branch\..*|init\.defaultbranch|pull\.\w+|push\.\w+|fetch\.(?:prune|prunetags|parallel)"
    r"|color\..*|column\..*|advice\..*|gui\..*|rerere\..*|gc\..*|pack\..*|maintenance\..*"
    r"|status\.(?:short|branch|showuntrackedfiles|relativepaths|showstash|aheadbehind|renames)"
    r"|diff\.(?:algorithm|renames|renamelimit|colormoved|context|mnemonicprefix|noprefix|indentheuristic)"
    r"|log\.(?:date|abbrevcommit|decorate|follow)|commit\.(?:gpgsign|verbose|status)"
    r"|tag\.(?:gpgsign|sort)|merge\.(?:conflictstyle|ff|renames|stat|log)|rebase\.\w+"
    r"|(?:diff|merge)\.(?:tool|guitool)|(?:difftool|mergetool)\..*"
    r"|index\.version|lfs\.repositoryformatversion|feature\.\w+|help\.\w+|versionsort\..*"
    r"|submodule\..*\.(?:url|active|branch)|submodule\.active",
)  # fmt: skip
_PASSWORD = re.compile(r"://[^/\s]*@|header|password|token|secret")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")
_HOOKS = re.compile(r"^\s*hookspath\s*=\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_FALSE = ("false", "no", "off", "0")
_SECTION = re.compile(r'\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\\n]|\\.)*)")?\s*\]')
_SETTING = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?")


class Repository(msgspec.Struct, frozen=True):
    """What of a repository bears on commands that only look into it.

    Args:
        found: Whether there is one.
        runs: Why git may run or reach something by its settings, or None.
        refreshes: Why looking at the state of files may run something, or None.
        tells: Whether its settings hold a password.
    """

    found: bool
    runs: str | None = None
    refreshes: str | None = None
    tells: bool = False


def look_at_repository(folder: Path) -> Repository:
    """The repository that git would find from this folder upwards."""
    for at in (folder, *folder.parents):
        git = at / ".git"
        if os.path.lexists(git):
            return _at(git)
        if (at / "HEAD").exists() and (at / "objects").exists() and (at / "refs").exists():
            return Repository(True, f"{at} is a bare repository inside the folder")
    return Repository(False)


def _at(git: Path) -> Repository:
    try:
        place = _linked(git) if git.is_file() else git
        common = _common(place)
        texts = [_read(common / "config"), _read(place / "config.worktree")]
    except (OSError, ValueError) as problem:
        return Repository(True, f"its settings cannot be read ({problem})")
    runs = next(filter(None, (_unknown(text) for text in texts)), None)
    whole = "".join(texts).casefold()
    refreshes = _refreshing(place, common, _hooks(git, common, texts))
    return Repository(True, runs, refreshes, tells_password(whole))


def tells_password(settings: str) -> bool:
    """Whether git's settings hold a password: in an address, a header, or by its name."""
    return _PASSWORD.search(settings.casefold()) is not None


def _linked(git: Path) -> Path:
    text = git.read_text(encoding="utf-8")[:4096]
    if not text.startswith("gitdir:"):
        raise ValueError(".git is no repository")
    return git.parent / text.removeprefix("gitdir:").strip()


def _common(place: Path) -> Path:
    try:
        return place / (place / "commondir").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return place


def _read(path: Path) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_MOST_CONFIG)
    except FileNotFoundError:
        return ""
    if len(text) == _MOST_CONFIG:
        raise ValueError("too long")
    return text


def _unknown(text: str) -> str | None:
    """Why these settings may run or reach something; None where all are known to name things."""
    section = ""
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if head := _SECTION.match(bare):
            sub = f".{head[2]}" if head[2] is not None else ""
            section = head[1].lower() + sub
            bare = bare[head.end() :].strip()
            if not bare or bare[0] in "#;":
                continue
        setting = _SETTING.fullmatch(bare)
        if setting is None or bare.endswith("\\"):
            return "its settings are written in an unusual way"
        name = f"{section}.{setting[1].lower()}"
        if not _harmless(name, setting[2]):
            return f"its settings name {name}, which may run or reach something"
    return None


def _harmless(name: str, value: str | None) -> bool:
    if name == "core.hookspath":
        return value is not None and _PLAIN_PATH.fullmatch(value.strip()) is not None
    if name in ("core.fsmonitor", "core.bare"):
        return value is not None and value.strip().lower() in _FALSE
    return _KNOWN.fullmatch(name) is not None


def _hooks(git: Path, common: Path, texts: list[str]) -> list[Path]:
    """Every folder that hooks may come from."""
    named = [found[1] for text in texts for found in _HOOKS.finditer(text)]
    return [common / "hooks", *(git.parent / name for name in named)]


def _refreshing(place: Path, common: Path, hooks: list[Path]) -> str | None:
    if any(os.path.lexists(folder / "post-index-change") for folder in hooks):
        return "it has a hook that runs when the state of files is looked at"
    try:
        index = place / "index"
        if index.stat().st_size > _MOST_INDEX or _SUBMODULE in index.read_bytes():
            return "it has submodules, whose own settings git obeys"
    except OSError:
        return None
    return None
