"""The console fills the terminal that it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulator import COLUMNS, ROWS
from tests.fake_provider import FakeProvider
from tests.live_console import LiveConsole

if TYPE_CHECKING:
    from pathlib import Path


def test_an_exported_size_of_another_terminal_is_not_believed(tmp_path: Path):
    other = {"COLUMNS": "80", "LINES": "24"}
    with FakeProvider() as fake, LiveConsole(fake, tmp_path, environ=other) as seen:
        assert seen.lines[0].endswith("F1 help")
        assert len(seen.lines[0]) >= COLUMNS - 2
        assert seen.lines[ROWS - 1] != ""
