"""Which calls of find only tell names."""

from __future__ import annotations

from collections.abc import Sequence

from tui.permissions.commands.spec import Arg, Asks, Reads, check_kind

_ALONE = frozenset({
    "!", "(", ")", ",", "-a", "-and", "-o", "-or", "-not", "-print", "-print0", "-prune", "-quit",
    "-true", "-false", "-empty", "-ls", "-daystart", "-depth", "-d", "-mount", "-xdev",
    "-noleaf", "-nouser", "-nogroup", "-readable", "-writable", "-executable", "-warn", "-nowarn",
    "-follow", "-ignore_readdir_race", "-noignore_readdir_race",
})  # fmt: skip
_VALUED: dict[str, str] = {
    **dict.fromkeys(
        ("-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex",
         "-regextype", "-type", "-xtype", "-lname", "-ilname", "-user", "-group", "-perm",
         "-size", "-fstype", "-printf", "-newermt", "-newerat", "-newerct", "-used"),
        "text",
    ),
    **dict.fromkeys(
        ("-maxdepth", "-mindepth", "-mtime", "-atime", "-ctime", "-mmin", "-amin", "-cmin",
         "-links", "-uid", "-gid", "-inum"),
        "num",
    ),
    **dict.fromkeys(("-newer", "-anewer", "-cnewer", "-samefile"), "name"),
}  # fmt: skip


def check_find(args: Sequence[Arg], reads: Reads) -> None:
    """Find with tests and prints alone. Raises Asks."""
    at = 0
    while at < len(args) and args[at].text in ("-H", "-L", "-P"):
        at += 1
    follows = any(arg.text in ("-L", "-follow") for arg in args)
    roots: list[Arg] = []
    while at < len(args) and not _expression(args[at].text):
        reads.name(args[at])
        roots.append(args[at])
        at += 1
    for root in (roots or (None,)) if follows else ():
        reads.read_below(root, links=True)  # links may lead out of the folder
    while at < len(args):
        arg = args[at]
        at += 1
        if arg.matched:
            raise Asks("a pattern of the shell in find's expression", arg.word)
        if arg.text in _ALONE:
            continue
        kind = _VALUED.get(arg.text or "")
        if kind is None or at >= len(args):
            raise Asks(f"find {arg.text} is not one that only tells names", arg.word)
        check_kind(kind, args[at], reads)
        at += 1


def _expression(text: str | None) -> bool:
    return text is not None and (text in ("!", "(", ")", ",") or text.startswith("-"))
