"""Which commands take away or bring down a whole system or home, or write to a disk device."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tui.permissions.lookups import Lookups
from tui.permissions.loose import NARROWING, UNKNOWN
from tui.protected import Border

_DISK = re.compile(
    r"/dev/(?:(?:sd|hd|vd|xvd)[a-z*?]|nvme|mmcblk|disk|rdisk|md\d|dm-|mapper/|mem$|kmem$|port$"
    r"|loop\d|sr\d|block/|nbd)"
)
_SYSTEM_WIDE = re.compile(
    r"/(?:usr|etc|var|bin|sbin|lib|lib32|lib64|boot|opt|srv|root|home|dev|proc|sys|run|Users"
    r"|System|Library|Applications|Volumes|private|nix|snap|usr/(?:bin|sbin|lib|lib64|share|local)"
    r"|var/(?:lib|log|db)|System/Library|private/(?:etc|var)|(?:home|Users)/[^/]+)"
)
_PASSING = frozenset({"/tmp", "/mnt", "/media", "/var/tmp", "/dev/shm"})
_ALL = re.compile(r"[*?.!^\[\]]+")
_CRITICAL = re.compile(r"/etc/(?:passwd|shadow|group|fstab|sudoers)|/boot/.*")
_SYSRQ = "/proc/sysrq-trigger"
_CHANGING = frozenset({"chmod", "chown", "chgrp", "chattr", "setfacl", "chcon"})
_DISK_TOOLS = re.compile(
    r"mkfs(?:\..+)?|mke2fs|mkswap|wipefs|blkdiscard|fdisk|sfdisk|cfdisk|gdisk|sgdisk|parted"
    r"|hdparm|nvme|badblocks|cryptsetup|pvcreate|pvremove|mdadm|shred|wipe|nwipe|srm|dd|dcfldd"
    r"|cp|mv|tee|install|truncate|ln|rsync|sponge|newfs.*|diskutil|zpool|flashrom|fallocate"
)
_FINDS_RUN = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_HARMING = re.compile(r"\b(?:rm|shred|unlink|chmod|chown|mv|truncate|dd)\b")
_POWER = frozenset({"shutdown", "reboot", "halt", "poweroff", "killall5"})
_POWER_UNITS = frozenset({"poweroff", "reboot", "halt", "kexec", "suspend", "hibernate",
                          "emergency", "rescue", "isolate", "soft-reboot", "default"})  # fmt: skip
_TAKES_AWAY = "takes away a whole system or home"
_BRINGS_DOWN = "brings the system down"
_DISK_WRITE = "writes to a disk device"
_OURS = "changes ownkey's own settings, keys or store"
_OWN_NAMES = (".config/ownkey", ".local/share/ownkey", ".local/state/ownkey", ".cache/ownkey",
              "Library/Application Support/ownkey", "Library/Preferences/ownkey")  # fmt: skip


class Places:
    """Paths as a line means them, wherever it may be by then."""

    def __init__(self, cwd: Path, border: Border, lookups: Lookups) -> None:
        self.cwd = cwd
        self.border = border
        self.lookups = lookups
        self.folders = [cwd]
        self.own = (*border.own, *(border.home / name for name in _OWN_NAMES))
        self._own_folded = tuple(f"{own}/".casefold() for own in self.own)

    def enter(self, words: Sequence[str]) -> None:
        """Note where a `cd` may lead."""
        if words[0] not in ("cd", "pushd") or len(self.folders) > 20:
            return
        targets = [word for word in words[1:] if not word.startswith("-")]
        target = targets[0] if targets else str(self.border.home)
        found = [Path(path) for path in self.paths(target)]
        self.folders = list(dict.fromkeys([*self.folders, *found]))

    def paths(self, text: str) -> Iterator[str]:
        """The absolute paths that a word may mean, dots resolved, patterns kept."""
        if UNKNOWN in text or not text:
            return
        for folder in self.folders:
            yield "/" + os.path.normpath(os.path.join(folder, text)).lstrip("/")

    def is_vast(self, text: str) -> bool:
        """Whether a word names a whole system or home, or all that lies in one."""
        return any(self._vast(path, text) for path in self.paths(text))

    def _vast(self, path: str, text: str) -> bool:
        head, names = _split(path)
        if names:  # a pattern
            if all(_ALL.fullmatch(name) for name in names):
                return self._whole(head)
            return any(self._whole(found) for found in self._matches(head, names))
        if text.endswith(("/", "/.")) and self._whole(os.path.realpath(path)):
            return True
        return self._whole(path)

    def _whole(self, path: str) -> bool:
        if path in _PASSING or path == str(self.border.workspace):
            return path == str(self.border.home)
        home = str(self.border.home)
        if path == "/" or path == home or home.startswith(path + "/"):
            return True
        return _SYSTEM_WIDE.fullmatch(path) is not None or path.count("/") == 1

    def _matches(self, head: str, names: list[str]) -> Iterator[str]:
        if len(names) != 1:
            return
        from fnmatch import fnmatchcase

        for name in self.lookups.names(Path(head)):
            if fnmatchcase(name, names[0]):
                yield f"{head.rstrip('/')}/{name}"

    def is_disk(self, text: str) -> bool:
        """Whether a word names a disk, or the memory of the machine."""
        return any(_DISK.match(path) for path in self.paths(text))

    def written(self, targets: Sequence[str], *, truncates: bool) -> str | None:
        """Why a redirection to these is refused."""
        for target in targets:
            if self.is_disk(target):
                return _DISK_WRITE
            for path in self.paths(target):
                if path == _SYSRQ or (truncates and _CRITICAL.fullmatch(path)):
                    return _BRINGS_DOWN
        return self.ours(targets)

    def ours(self, words: Sequence[str]) -> str | None:
        """Why words that name our own folders are refused."""
        for word in dict.fromkeys(words):
            if word.startswith("~"):
                continue
            for text in {word, word.rpartition("=")[2], word.removeprefix("@")}:
                for path in self.paths(text):
                    if any(self._within(one) for one in (path, *self._expanded(path))):
                        return _OURS
        return None

    def _expanded(self, path: str) -> list[str]:
        head, names = _split(path)
        if not names:
            real = os.path.realpath(path)
            return [real] if real != path else []
        return ["/".join([found, *names[1:]]) for found in self._matches(head, names[:1])]

    def _within(self, path: str) -> bool:
        folded = path.casefold() + "/"
        return any(folded.startswith(own) for own in self._own_folded)

    def around_ours(self, text: str) -> bool:
        """Whether a word names a folder that our own lie in."""
        return any(Path(own).is_relative_to(path) for path in self.paths(text) for own in self.own)


def _split(path: str) -> tuple[str, list[str]]:
    """A path as the folder in front of the first pattern, and the names from there on."""
    parts = [part for part in path.split("/") if part]
    for at, part in enumerate(parts):
        if re.search(r"[*?\[]", part):
            return "/" + "/".join(parts[:at]), parts[at:]
    return path, []


def destruction(name: str, args: Sequence[str], places: Places) -> str | None:
    """Why a program with these arguments is refused; None where it is not."""
    if name in _POWER:
        return _BRINGS_DOWN
    if (rule := _RULES.get(name)) and (reason := rule(args, places)):
        return reason
    if name in _CHANGING:
        return _changing(args, places)
    return _disks(name, args, places)


def _operands(args: Sequence[str]) -> list[str]:
    if "--" in args:
        at = list(args).index("--")
        return [arg for arg in args[:at] if not arg.startswith("-")] + list(args[at + 1 :])
    return [arg for arg in args if not arg.startswith("-") or arg == "-"]


def _recursive(args: Sequence[str]) -> bool:
    return any(
        (re.match(r"-[A-Za-z]*[rR]", arg) and not arg.startswith("--")) or arg.startswith("--rec")
        for arg in args
    )


def _removing(args: Sequence[str], places: Places) -> str | None:
    for operand in _operands(args):
        pattern = re.search(r"[*?\[]", operand) is not None
        if (pattern or _recursive(args)) and (
            places.is_vast(operand) or (_recursive(args) and places.around_ours(operand))
        ):
            return _TAKES_AWAY
    return None


def _moving(args: Sequence[str], places: Places) -> str | None:
    sources = _operands(args)
    sources = sources if any(arg.startswith(("-t", "--t")) for arg in args) else sources[:-1]
    if any(places.is_vast(source) or places.around_ours(source) for source in sources):
        return _TAKES_AWAY
    return None


def _changing(args: Sequence[str], places: Places) -> str | None:
    for operand in _operands(args):
        if not places.is_vast(operand):
            continue
        of_home = any(path == str(places.border.home) for path in places.paths(operand))
        if _recursive(args) or not of_home:
            return _TAKES_AWAY
    return None


def _finding(args: Sequence[str], places: Places) -> str | None:
    roots: list[str] = []
    for arg in args:
        if arg.startswith("-") and len(arg) > 2:
            break
        roots.append(arg)
    if not any(places.is_vast(root) for root in roots or ["."]):
        return None
    runs = next((at for at, arg in enumerate(args) if arg in _FINDS_RUN), len(args))
    acts = "-delete" in args or any(_HARMING.search(later) for later in args[runs + 1 :])
    narrow = any(
        arg in NARROWING and not _ALL.fullmatch(value)
        for arg, value in zip(args, [*args[1:], ""], strict=True)
    )
    return _TAKES_AWAY if acts and not narrow else None


def _killing(args: Sequence[str], places: Places) -> str | None:
    if "-1" in args[1:] or list(args[-1:]) == ["1"]:
        return _BRINGS_DOWN
    return None


def _units(args: Sequence[str], places: Places) -> str | None:
    verbs = [arg for arg in args if not arg.startswith("-")]
    return _BRINGS_DOWN if verbs and verbs[0] in _POWER_UNITS else None


def _levels(args: Sequence[str], places: Places) -> str | None:
    return _BRINGS_DOWN if args and args[0] in ("0", "1", "6", "s", "S") else None


def _users(args: Sequence[str], places: Places) -> str | None:
    takes = ("-r", "--remove", "-rf", "-fr", "--remove-home", "--remove-all-files")
    return _TAKES_AWAY if any(arg in takes for arg in args) else None


def _sessions(args: Sequence[str], places: Places) -> str | None:
    ends = ("terminate-user", "kill-user", "kill-session", "terminate-session", "terminate-seat")
    return _BRINGS_DOWN if any(arg in ends for arg in args) else None


def _everyone(args: Sequence[str], places: Places) -> str | None:
    return _BRINGS_DOWN if any(re.match(r"-[a-zA-Z]*[uU]$|--user", arg) for arg in args) else None


def _mirroring(args: Sequence[str], places: Places) -> str | None:
    deletes = any(arg.startswith(("--del", "--remove-source")) for arg in args)
    if deletes and any(places.is_vast(operand) for operand in _operands(args)[-1:]):
        return _TAKES_AWAY
    return None


def _volumes(args: Sequence[str], places: Places) -> str | None:
    verbs = ("destroy", "labelclear", "eraseDisk", "eraseVolume", "zeroDisk", "secureErase",
             "partitionDisk", "reformat", "randomDisk")  # fmt: skip
    return _DISK_WRITE if any(arg in verbs for arg in args) else None


def _removed_volume(args: Sequence[str], places: Places) -> str | None:
    return _DISK_WRITE if args and "--help" not in args else None


def _disks(name: str, args: Sequence[str], places: Places) -> str | None:
    if not _DISK_TOOLS.fullmatch(name):
        return None
    if any(arg in ("-l", "--list", "print", "--version", "list", "luksDump") for arg in args):
        return None
    for at, arg in enumerate(args):
        option, equals, value = arg.partition("=")
        if name in ("dd", "dcfldd") and option != "of":
            continue
        last = name in ("cp", "mv", "install", "ln", "rsync") and at < len(args) - 1
        if not last and places.is_disk(value if equals else arg):
            return _DISK_WRITE
        if name == "tee" and _SYSRQ in places.paths(arg):
            return _BRINGS_DOWN
    return None


_RULES: dict[str, Callable[[Sequence[str], Places], str | None]] = {
    "rm": _removing, "shred": _removing, "srm": _removing, "trash": _removing, "mv": _moving,
    "rimraf": lambda args, places: _removing(["-r", *args], places),
    "find": _finding, "kill": _killing, "systemctl": _units, "init": _levels, "telinit": _levels,
    "userdel": _users, "deluser": _users, "loginctl": _sessions, "pkill": _everyone,
    "killall": _everyone, "rsync": _mirroring, "zpool": _volumes, "diskutil": _volumes,
    "zfs": _volumes, "lvremove": _removed_volume, "vgremove": _removed_volume,
    "pvremove": _removed_volume,
}  # fmt: skip
