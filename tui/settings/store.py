"""The settings file: read lazily, written under a lock, changes of other processes seen at once.

One JSON object of dotted names. What it names and we do not know is kept byte for byte, so that
an older ownkey never loses what a newer one wrote.
"""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from tui.errors import StoreError, UsageError
from tui.paths import locked, write_private
from tui.settings.schema import BY_ID, SETTINGS, Setting, Value
from tui.settings.values import Refused, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tui.money import NanoUsd

MAX_FILE_BYTES = 1_000_000

_Identity = tuple[int, int, int] | None
"""Inode, modification time and size: a file that was replaced or edited differs in one."""


class SettingsStore:
    """The values in force, by name.

    Args:
        path: The file; it need not exist.
        now: The clock, for the name of a file put aside.
        put_aside: Whether reading a broken file may rename it; writing always does.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        put_aside: bool = True,
    ) -> None:
        self._path = path
        self._now = now
        self._put_aside = put_aside
        self._seen: _Identity | bool = False  # False: never looked
        self._values: dict[str, Value] = {}
        self._refused: list[str] = []
        self._broken: list[str] = []

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the file, one sentence each, for the person."""
        self._refresh()
        return (*self._broken, *self._refused)

    def get(self, name: str) -> Value:
        """The value in force: the file's where it is valid, else the default.

        Raises:
            UsageError: no setting has this name.
        """
        setting = known(name)
        self._refresh()
        return self._values.get(name, setting.default)

    def is_set(self, name: str) -> bool:
        """Whether the file itself says a valid value."""
        self._refresh()
        return known(name).id in self._values

    def flag(self, name: str) -> bool:
        """A setting of kind `bool`."""
        value = self.get(name)
        assert isinstance(value, bool), name
        return value

    def text(self, name: str) -> str | None:
        """A setting of kind `text`, `choice`, `money` or `amounts`."""
        value = self.get(name)
        assert value is None or isinstance(value, str), name
        return value

    def whole(self, name: str) -> int:
        """A setting of kind `int`."""
        value = self.get(name)
        assert isinstance(value, int), name
        return value

    def number(self, name: str) -> Decimal | None:
        """A setting of kind `number`; None where it is unknown."""
        value = self.get(name)
        assert value is None or isinstance(value, int | Decimal), name
        return None if value is None else Decimal(value)

    def usd(self, name: str) -> NanoUsd | None:
        """A setting of kind `money`, in nano-dollars; None where there is no limit."""
        from tui.money import parse_usd

        value = self.text(name)
        return None if value is None else parse_usd(value)

    def amounts(self, name: str) -> dict[str, NanoUsd]:
        """A setting of kind `amounts`, in nano-dollars by name; empty where there is none."""
        from tui.money import parse_usd
        from tui.settings.values import split_amounts

        text = self.text(name)
        return {one: parse_usd(usd) for one, usd in split_amounts(text or "").items()}

    def set(self, name: str, value: object) -> Value:
        """Keep a value and return it as it is kept; a wrong one changes nothing.

        Raises:
            UsageError: no such setting, or a value it does not take, with the reason.
            StoreError: the file cannot be written.
        """
        setting = known(name)
        try:
            kept = validate(setting, value)
        except Refused as refused:
            raise UsageError(str(refused), hint=setting.help) from refused
        self._write(name, msgspec.Raw(_encode(kept)))
        return kept

    def reset(self, name: str) -> None:
        """Go back to the default.

        Raises:
            UsageError: no such setting.
            StoreError: the file cannot be written.
        """
        self._write(known(name).id, None)

    def _write(self, name: str, value: msgspec.Raw | None) -> None:
        try:
            with locked(self._path):
                raw = self._read_locked()
                raw.pop(name, None)
                if value is not None:
                    raw[name] = value
                body = msgspec.json.format(msgspec.json.encode(raw), indent=2)
                write_private(self._path, body + b"\n")
        except OSError as error:
            raise StoreError(
                f"the settings cannot be written: {error.strerror or error}",
                hint=f"Check the space and the rights of {self._path.parent}.",
            ) from error
        self._seen = False

    def _refresh(self) -> None:
        identity = self._identity()
        if identity == self._seen:
            return
        # Looked up before the file is read: a change in between is then seen the next time.
        self._values, self._refused = _sift(self._read())
        self._seen = identity if self._identity() == identity else False

    def _identity(self) -> _Identity:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> dict[str, msgspec.Raw]:
        try:
            return _decode(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except _Unreadable as broken:
            if not self._put_aside:
                self._say_broken(f"the settings file is not valid ({broken}): defaults are used")
                return {}
        except OSError as error:
            self._say_broken(f"the settings cannot be read ({error.strerror}): defaults are used")
            return {}
        try:
            with locked(self._path):
                return self._read_locked()
        except OSError as error:
            self._say_broken(f"the settings file is broken ({error.strerror}): defaults are used")
            return {}

    def _read_locked(self) -> dict[str, msgspec.Raw]:
        try:
            return _decode(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except _Unreadable as broken:
            aside = self._free_name()
            self._path.replace(aside)
            self._say_broken(
                f"the settings file was not valid ({broken}): kept as {aside.name}, "
                "defaults are used"
            )
            return {}

    def _free_name(self) -> Path:
        name = f"{self._path.name}.broken-{self._now().strftime('%Y%m%dT%H%M%SZ')}"
        aside = self._path.with_name(name)
        count = 2
        while aside.exists():  # two in one second: neither is written over
            aside = self._path.with_name(f"{name}-{count}")
            count += 1
        return aside

    def _say_broken(self, sentence: str) -> None:
        if sentence not in self._broken:
            self._broken.append(sentence)


def known(name: str) -> Setting:
    """The setting of this name.

    Raises:
        UsageError: there is none; the nearest names stand in the hint.
    """
    setting = BY_ID.get(name)
    if setting is None:
        from difflib import get_close_matches

        near = get_close_matches(name, BY_ID, n=3, cutoff=0.5)
        raise UsageError(
            f"no setting is called {name[:80]}",
            hint=f"Did you mean {', '.join(near)}?"
            if near
            else "`ownkey settings list` shows all.",
        )
    return setting


class _Unreadable(Exception):
    """The file is not a JSON object."""


def _decode(data: bytes) -> dict[str, msgspec.Raw]:
    if len(data) > MAX_FILE_BYTES:
        raise _Unreadable(f"more than {MAX_FILE_BYTES:,} bytes")
    try:
        return msgspec.json.decode(data.removeprefix(BOM_UTF8), type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _Unreadable(str(error)) from error


def _sift(raw: Mapping[str, msgspec.Raw]) -> tuple[dict[str, Value], list[str]]:
    values: dict[str, Value] = {}
    refused: list[str] = []
    decoder = msgspec.json.Decoder[object](float_hook=Decimal)
    for setting in SETTINGS:
        if setting.id not in raw:
            continue
        try:
            values[setting.id] = validate(setting, decoder.decode(raw[setting.id]))
        except Refused as error:
            refused.append(f"in the settings file: {error}; the default is used")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            refused.append(f"in the settings file: {setting.id} is {error}; the default is used")
    return values, refused


def _encode(value: Value) -> bytes:
    return msgspec.json.Encoder(decimal_format="number").encode(value)
