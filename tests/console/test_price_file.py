"""A price file that does not parse, from the real engine's start to what the person reads."""

from __future__ import annotations

from tests.console_world import ANTHROPIC_KEY, engine_environ, on_engine
from tests.fake_provider import FakeProvider
from tui.paths import find_paths


async def test_a_price_file_that_does_not_parse_is_said_and_still_stands_after_a_reply(tmp_path):
    with FakeProvider(keys={ANTHROPIC_KEY}) as fake:
        fake.script([{"text": "an answer"}])
        environ = engine_environ(
            tmp_path / "home", fake, OWNKEY_KEYRING="env", ANTHROPIC_API_KEY=ANTHROPIC_KEY
        )
        file = find_paths(environ).prices_file
        file.parent.mkdir(parents=True)
        file.write_text("{", "utf-8")
        async with on_engine(environ, tmp_path) as seen:
            said = "your price file does not count"
            await seen.until(lambda: said in seen.text(seen.app.transcript))
            await seen.paste("hello")
            await seen.press("enter")
            await seen.until(lambda: "an answer" in seen.text(seen.app.transcript))
            assert said in seen.text(seen.app.transcript)
            assert "Correct it" in seen.text(seen.app.transcript)
