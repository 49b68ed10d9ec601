from __future__ import annotations

import pytest

from tests.fake_provider import FakeProvider
from tests.live_console import LiveConsole

pytestmark = pytest.mark.soak


def test_everything_is_forgotten_from_the_console_and_said_behind_it(tmp_path):
    with FakeProvider() as fake, LiveConsole(fake, tmp_path) as seen:
        fake.script([{"text": "hello"}])
        seen.ask("hi")
        assert any(seen.home.rglob("sessions.db"))
        seen.type("\x1bOR")  # F3
        seen.wait_for("settings and keys")
        seen.type("forget everything")
        seen.wait_for("Removes keys, settings, conversations")
        seen.type("\r")
        seen.wait_for("type: forget everything")
        seen.type("forget everything\r")
        seen.read_to_end()
        assert seen.child.wait(15) == 0
        assert "Removed:" in seen.text
        assert "Conversations, receipts and sums" in seen.text
        assert "What was sent: each provider keeps it" in seen.text
        assert [one for one in seen.home.rglob("*") if one.is_file()] == []
