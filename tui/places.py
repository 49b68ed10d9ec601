"""What ownkey keeps on this machine, file by file; and the taking away of all of it.

A folder may be shared with other things (`OWNKEY_HOME` can be any), so what is removed is what is
ours by name, and no link is followed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tui.paths import Paths


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing that is kept; `bytes` is None where there is none of it yet."""

    what: str
    path: str
    bytes: int | None = None


def _ours(paths: Paths) -> tuple[tuple[str, Path], ...]:
    config, data, state = paths.config, paths.data, paths.state
    return (
        ("Settings", paths.settings_file),
        ("List of keys: labels and last four characters, never a key", paths.keys_file),
        ("List of endpoints, without their keys", paths.endpoints_file),
        ("Approvals given for good", config / "approvals.json"),
        ("MCP servers", config / "mcp.json"),
        ("Prices of your own", config / "prices.json"),
        ("Favourite models", paths.favourites_file),
        ("Keys, encrypted (the sealed vault)", paths.vault_file),
        ("Conversations, receipts and sums", paths.store_file),
        ("Models on this machine", paths.local_models),
        ("List of models on this machine", data / "local_models.json"),
        ("Models used last", paths.recent_file),
        ("Prompts that were sent, to be found again", paths.history_file),
        ("Hosts that were contacted", paths.hosts_file),
        ("Drafts of prompts", state / "drafts"),
        ("Texts that are open in an editor", state / "editing"),
        ("Locks", state / "locks"),
        ("Models that the makers list", paths.models_file),
    )


def places(paths: Paths) -> tuple[Place, ...]:
    """All kinds of things that are kept, with their size; reads folders, so not on a loop."""
    found: list[Place] = []
    for what, path in _ours(paths):
        files = list(_files_of(path))
        size = sum(_size(one) for one in files) if files else None
        found.append(Place(what=what, path=str(path), bytes=size))
    return tuple(found)


def remove_all(paths: Paths) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove all that is ours: what was removed, and what could not be or is not ours, in words."""
    removed: list[str] = []
    stayed: list[str] = []
    for what, path in _ours(paths):
        failed = ""
        files = list(_files_of(path))
        for file in files:
            try:
                _remove(file)
            except OSError as error:
                failed = f"{what}: {file} ({error.strerror})"
        if failed:
            stayed.append(failed)
        elif files:
            removed.append(f"{what}: {path}")
    for folder in dict.fromkeys((paths.config, paths.data, paths.state, paths.cache, paths.logs)):
        with suppress(OSError):
            folder.rmdir()
        if folder.is_dir():
            stayed.append(f"What is not ownkey's in {folder}")
    return tuple(removed), tuple(stayed)


def size_words(count: int) -> str:
    """Bytes as a person reads them: `640 B`, `12 kB`, `93 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.0f} MB"


def _files_of(path: Path) -> Iterator[Path]:
    """It, and what belongs to it: its lock, what was put aside of it, what a write left behind."""
    begins = (f"{path.name}.", f"{path.name}-", f".{path.name}.", f"{path.stem}.damaged-")
    with suppress(OSError):
        for one in sorted(path.parent.iterdir()):
            if one.name == path.name or one.name.startswith(begins):
                yield one


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    total = 0
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            total += sum(_size(one) for one in path.iterdir())
        else:
            total += path.lstat().st_size
    return total
