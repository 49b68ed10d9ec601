"""The receipts that a footer opens to."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcript_pane import screen
from tests.transcript_text import drawn, parser
from tests.transcript_world import Script
from tui.console.transcript.blocks import BlockId, Footer, Notice
from tui.console.transcript.flow import Flow
from tui.console.transcript.highlight import Highlighter
from tui.console.transcript.layout import Setting
from tui.console.transcript.model import TranscriptModel
from tui.events.money import ChargeLine, ChargeRecorded
from tui.events.route import ResponseOpened
from tui.events.session import HistoryCompacted
from tui.session.spending_words import about_receipt, exact_usd, group_name, line_words
from tui.store.spent import Receipt
from tui.text import cell_width


def test_a_receipt_tells_its_credits_to_the_last_digit():
    receipt = Receipt(
        at=dt.datetime(2026, 3, 5, tzinfo=dt.UTC), session="", title="", seq=1, request="r",
        theirs="", side="", model="m", key="k", label="", folder="", payer="credits", requests=1,
        input=1, output=1, cache_read=None, nano=188_400_000, priced_by="a list",
        sureness="priced", credits=18_523_400_001,
    )  # fmt: skip
    assert about_receipt(receipt) == ["18.523400001 credits, usage × price list: a list"]


def line(what, quantity, unit):
    price = None if unit is None else Decimal(unit)
    usd = None if price is None else price * quantity
    return ChargeLine(what=what, quantity=Decimal(quantity), unit_usd=price, usd=usd)


LINES = (line("input", 2_300, "0.000005"), line("cache_read", 38_900, "0.0000005"),
         line("output", 812, "0.000025"), line("web_search", 2, "0.01"))  # fmt: skip


def charged(script: Script, nano, lines=LINES, payer="own_key", sureness="priced", by="a list"):
    return script.add(
        ChargeRecorded(
            request=script.request, payer=payer, nano=nano, lines=lines, priced_by=by,
            sureness=sureness,
        )
    )  # fmt: skip


def a_request(script: Script | None = None, theirs="req_1", **charge) -> Script:
    script = (script or Script().prompt("x")).route()
    script.add(ResponseOpened(request=script.request, provider_request_id=theirs))
    return charged(script.say("a").finished().usage(), charge.pop("nano", 71_250_000), **charge)


def opened(script: Script, kind=Footer, width=93, letters=False) -> list[str]:
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    flow = Flow(
        model,
        Setting(width, letters=letters, tz=dt.UTC),
        clock=script.clock,
        highlighter=Highlighter(),
    )
    flow.use_parser(parser())
    id = next(BlockId(block.id) for block in model.blocks if isinstance(block, kind))
    before = drawn(flow.laid(id).lines)
    assert flow.can_open(id)
    flow.toggle(id)
    rows = drawn(flow.laid(id).lines)
    assert rows[: len(before)] == before
    return rows[len(before) :]


def words(row: str) -> str:
    return " ".join(row.split())


def test_a_footer_opens_to_every_line_with_the_exact_amounts():
    rows = [words(row) for row in opened(a_request().done())]
    assert rows == [
        "│ 🔑 claude-opus-4-7 work $0.07125",
        "│ input 2,300 × $5 a million $0.0115",
        "│ cache read 38,900 × $0.5 a million $0.01945",
        "│ output 812 × $25 a million $0.0203",
        "│ web search 2 × $0.01 $0.02",
        "│ usage × price list: a list",
        "│ request req_1",
    ]


def test_each_request_of_a_turn_has_its_own_receipt():
    script = a_request(a_request(theirs="req_1"), theirs="req_2", nano=5).done()
    rows = opened(script)
    assert sum("claude-opus-4-7" in row for row in rows) == 2
    assert [words(row) for row in rows if "request req" in row] == [
        "│ request req_1", "│ request req_2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("charge", "head", "about"),
    [
        ({"nano": None, "lines": (), "sureness": "unknown", "by": "no price of x"},
         "🔑 claude-opus-4-7 work ?", "not known: no price of x"),
        ({"sureness": "exact", "by": "the provider's own word"},
         "🔑 claude-opus-4-7 work $0.07125", "exact: the provider's own word"),
        ({"sureness": "estimated"}, "🔑 claude-opus-4-7 work ~$0.07125", "an estimate: a list"),
    ],
)  # fmt: skip
def test_a_receipt_says_how_sure_it_is_and_by_whom(charge, head, about):
    rows = [words(row).removeprefix("│ ") for row in opened(a_request(**charge).done())]
    assert rows[0] == head
    assert about in rows


def test_a_line_without_a_price_is_unknown_and_never_nothing():
    rows = opened(a_request(nano=None, lines=(line("input", 10, None),)).done())
    assert words(rows[1]) == "│ input 10 at a price nobody knows ?"


def test_the_platforms_fee_is_a_receipt_of_its_own():
    script = charged(a_request(), 3_000_000, (), "platform_credits", "exact", "the rate")
    assert any("for running the agent" in row and "$0.003" in row for row in opened(script.done()))


def test_a_summary_in_a_turn_is_a_line_of_its_own():
    script = a_request(Script().prompt("x"), theirs="req_s")
    script.add(HistoryCompacted(upto=1, summary="short", request=script.request))
    rows = opened(a_request(script, theirs="req_2").done())
    assert [row.count("summary of the conversation") for row in rows].count(1) == 1


def test_a_summary_outside_of_a_turn_opens_where_it_is_said():
    script = Script().prompt("x").done()
    a_request(script, theirs="req_s")
    script.add(HistoryCompacted(upto=1, summary="short", request=script.request))
    rows = opened(script, Notice)
    assert "summary of the conversation" in rows[0]
    assert words(rows[-1]) == "│ request req_s"


def test_a_request_that_was_never_charged_says_so():
    rows = opened(Script().prompt("x").route().say("a").finished().done("interrupted"))
    assert words(rows[0]).endswith("?")
    assert "nothing was told of its price" in rows[1]


def test_amounts_stand_at_the_same_edge_whatever_the_width():
    for width in (40, 54, 93, 120):
        rows = opened(a_request().done(), width=width)
        amounts = [row for row in rows if row.rstrip().split()[-1].startswith("$")]
        assert len(amounts) == 5
        assert len({cell_width(row) for row in amounts}) == 1
        assert all(cell_width(row) <= width for row in rows)


def test_names_from_outside_are_harmless_in_a_receipt():
    rows = opened(a_request(theirs="\x1b]0;x\x07", by="\u202egone\n\n").done())
    assert not any(ord(letter) < 32 or letter == "\u202e" for row in rows for letter in row)


def test_letters_have_no_signs():
    rows = opened(a_request().done(), letters=True)
    assert "K  claude" in rows[0]
    assert " x $5 a million" in rows[1]


@given(nano=st.integers(0, 10**15))
def test_an_exact_amount_has_all_its_digits(nano):
    assert Decimal(exact_usd(nano).removeprefix("$")) * 1_000_000_000 == nano


@given(
    quantity=st.integers(0, 10**9),
    unit=st.decimals(0, 10, allow_nan=False, places=12),
)
def test_a_line_says_what_it_costs_to_the_last_digit(quantity, unit):
    _, many, price, usd = line_words(line("input", quantity, unit))
    said = Decimal(price.split("$")[1].split()[0]) / (1_000_000 if "million" in price else 1)
    assert said == unit
    assert Decimal(many.replace(",", "")) == quantity
    assert Decimal(usd.removeprefix("$")) == unit * quantity


def test_a_group_that_is_not_known_is_said_in_words():
    assert group_name("model", "") == "model not known"
    assert group_name("session", "s_1", "") == "a session that was removed"
    assert group_name("payer", "own_key") == "your keys"


async def test_a_click_and_enter_open_a_footer_in_the_pane():
    async with screen(a_request().done()) as seen:
        view = seen.app.view
        footer = next(block for block in view.model.blocks if isinstance(block, Footer))
        y = next(
            y for y, row in enumerate(view._window.rows) if getattr(row, "block", -1) == footer.id
            and row.line == view._flow.laid(footer.id).gap
        )  # fmt: skip
        await seen.pilot.click(view, offset=(10, y))
        assert view._flow.opened(footer.id)
        view.focus()
        view.reveal(footer.id)
        await seen.pilot.press("enter")
        assert not view._flow.opened(footer.id)
