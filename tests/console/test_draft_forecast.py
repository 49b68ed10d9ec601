from __future__ import annotations

import re
import time
from decimal import Decimal

from tests import scenes
from tests.console_world import hand_fed
from tui.billing.counting import text_tokens
from tui.console.prompt.attachments import Looked
from tui.console.prompt.pasted import Pasted
from tui.console.prompt.weighing import MOST_SEEN, Weighing, file_weight

WORDS = "Why does the second test fail where the first one passes? "
OPUS = "anthropic/claude-opus-4-7"


def next_usd(seen) -> Decimal:
    found = re.search(r"next ≈ \$([\d.]+)", seen.text(seen.app.composer))
    assert found is not None, seen.text(seen.app.composer)
    return Decimal(found[1])


def warm_usd(seen) -> Decimal:
    found = re.search(r"warm +≈ \$([\d.]+)", seen.text(seen.app.picker))
    assert found is not None, seen.text(seen.app.picker)
    return Decimal(found[1])


async def weighed(seen) -> None:
    await seen.until(lambda: seen.app.weighed)
    await seen.rest()


async def test_the_price_of_the_next_turn_moves_as_one_writes(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await weighed(seen)
        empty = next_usd(seen), warm_usd(seen)
        await seen.type(WORDS * 8)
        await weighed(seen)
        written = next_usd(seen), warm_usd(seen)
        row = seen.app.chosen_row
        tokens = text_tokens(WORDS * 8, "anthropic-4.7")
        more = Decimal(row.input_usd) * Decimal("1.25") * Decimal(round(tokens)) / 10**6
        assert written[0] == written[1]
        assert abs(written[0] - empty[0] - more) < Decimal("0.0002")
        seen.app.composer.editor.text = ""
        await seen.settle()
        await weighed(seen)
        assert (next_usd(seen), warm_usd(seen)) == empty


async def test_a_long_paste_is_in_the_price_and_out_again_with_its_chip(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await weighed(seen)
        empty = next_usd(seen)
        await seen.paste(WORDS * 900)
        await weighed(seen)
        assert next_usd(seen) > empty + Decimal("0.05")
        await seen.press("left", "backspace")
        await weighed(seen)
        assert next_usd(seen) == empty


async def test_a_file_that_is_named_is_in_the_price(tmp_path):
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "notes.md").write_text(WORDS * 500)
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.state.cwd = str(shop)
        await weighed(seen)
        empty = next_usd(seen)
        await seen.type("read @notes.md now ")
        await seen.until(lambda: "29 kB" in seen.text(seen.app.composer))
        await weighed(seen)
        assert next_usd(seen) > empty + Decimal("0.03")


async def test_a_paste_of_ten_megabytes_is_weighed_from_parts_of_it(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await weighed(seen)
        empty = next_usd(seen)
        text = WORDS * 175_000
        pasted = Pasted(text, 1)
        began = time.process_time()
        tokens = Weighing().pastes([pasted], OPUS)
        assert time.process_time() - began < 0.05
        assert abs(tokens / text_tokens(text, "anthropic-4.7") - 1) < 0.1
        await seen.paste(text)
        await weighed(seen)
        assert next_usd(seen) > empty + 10


def test_a_paste_is_weighed_once_for_a_tokenizer(monkeypatch):
    weighing, counted = Weighing(), []
    real = text_tokens

    def watched(text, family, *, most):
        assert most <= MOST_SEEN
        counted.append(family)
        return real(text, family, most=most)

    monkeypatch.setattr("tui.console.prompt.weighing.text_tokens", watched)
    pasted = Pasted(WORDS * 100, 1)
    for _ in range(3):
        weighing.pastes([pasted], OPUS)
    weighing.pastes([pasted], "google/gemini-3.5-flash")
    assert counted == ["anthropic-4.7", "google"]


def test_a_key_costs_no_counting(tmp_path):
    """Weighing what is typed takes a few milliseconds, behind the key."""
    weighing = Weighing()
    weighing.draft("a", (), (), OPUS)
    began = time.process_time()
    for _ in range(10):
        weighing.draft(WORDS * 2_000, (), (), OPUS)
    assert (time.process_time() - began) / 10 < 0.02


def test_files_are_weighed_by_what_the_look_at_them_has_shown():
    picture = Looked("a.png", "image", 9, "image/png", pixels=(1_092, 1_092))
    assert round(file_weight(picture, "anthropic", "")) == 1_590
    document = Looked("a.pdf", "pdf", 600_000, "application/pdf")
    assert file_weight(document, "google", "gemini-2.5-flash") == 10 * 258
    text = Looked("a.py", "text", 100, tokens=100.0)
    assert file_weight(text, "anthropic", "") > file_weight(text, "openai", "") == 100.0
    assert file_weight(Looked("x", "missing"), "openai", "") == 0
