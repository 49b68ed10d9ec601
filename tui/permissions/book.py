"""Approvals that were given for good, by folder.

A rule holds in exactly the folder that it was given in (its real path), and in no other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tui.paths import locked, write_private
from tui.permissions.rule_text import parse_rule


class _Written(msgspec.Struct):
    folders: dict[str, list[str]]


class ApprovalBook:
    """The file of approvals. Each call reads it anew: another process may have changed it.

    Args:
        path: The file, `approvals.json` in the folder of settings; it need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: Path | None = None
        """Where a file that did not parse was kept aside by this book; None: it was whole."""

    def rules_for(self, folder: Path) -> tuple[str, ...]:
        """The rules of a folder, in the order in which they were given."""
        return self.listed().get(_real(folder), ())

    def listed(self) -> Mapping[str, tuple[str, ...]]:
        """The rules by folder, folders in order."""
        folders = self._read().folders
        return {folder: tuple(folders[folder]) for folder in sorted(folders) if folders[folder]}

    def add(self, folder: Path, rule: str) -> None:
        """Give an approval for good. Raises UsageError where the text is no rule."""
        parse_rule(rule)
        with locked(self.path):
            written = self._read()
            rules = written.folders.setdefault(_real(folder), [])
            if rule not in rules:
                rules.append(rule)
                self._write(written)

    def remove(self, folder: Path | str, rule: str) -> bool:
        """Take one back, named as it is listed; whether it was there."""
        with locked(self.path):
            written = self._read()
            named = str(folder)
            # A folder that is gone is still named by the path that it had.
            key = named if named in written.folders else _real(Path(folder))
            rules = written.folders.get(key, [])
            if rule not in rules:
                return False
            rules.remove(rule)
            if not rules:
                del written.folders[key]
            self._write(written)
            return True

    def _read(self) -> _Written:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return _Written({})
        try:
            return msgspec.json.decode(data, type=_Written)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._keep_aside()
            return _Written({})

    def _keep_aside(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        aside = self.path.with_name(f"{self.path.stem}.damaged-{stamp}{self.path.suffix}")
        try:
            os.replace(self.path, aside)
        except FileNotFoundError:
            return
        self.damaged = aside

    def _write(self, written: _Written) -> None:
        write_private(self.path, msgspec.json.format(msgspec.json.encode(written)) + b"\n")


def _real(folder: Path) -> str:
    return os.path.realpath(folder)
