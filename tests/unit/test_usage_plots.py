"""The usage screen's bars, columns and places: pure."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.console.usage.place import PERIODS, Step, Where
from tui.console.usage.plots import LABEL, PAYERS, bars_of, legend, plot, share_bar, width_of
from tui.console.usage.rows import LEAST_NAME, columns, head_pieces, pieces, usage_lines
from tui.session.words import PlainNames
from tui.store.spent import DAY, DaySum, Slice, UsageRow
from tui.text import cell_width

LAST = dt.date(2026, 11, 24)
CENT = 10_000_000
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
SUMS = st.lists(
    st.builds(
        DaySum,
        day=st.integers(0, 40).map(lambda back: (LAST - DAY * back).isoformat()),
        payer=st.sampled_from(PAYERS),
        nano=st.integers(0, 10**13),
        unknown=st.integers(0, 3),
    ),
    max_size=30,
)


def drawn(rows):
    return ["".join(text for text, _ in row) for row in rows]


def paid(day: int, payer: str, nano: int, unknown: int = 0) -> DaySum:
    return DaySum(day=(LAST - DAY * day).isoformat(), payer=payer, nano=nano, unknown=unknown)


@settings(max_examples=40, deadline=None)
@given(days=SUMS)
def test_bars_hold_what_was_paid_on_their_days_and_no_other(days):
    bars = bars_of(days, LAST, 30)
    first = (LAST - 29 * DAY).isoformat()
    assert len(bars) == 30
    assert sum(bar.nano for bar in bars) == sum(one.nano for one in days if one.day >= first)
    assert sum(bar.unknown for bar in bars) == sum(one.unknown for one in days if one.day >= first)


@settings(max_examples=60, deadline=None)
@given(
    days=SUMS, width=st.integers(0, 140), height=st.integers(1, 9), letters=st.booleans()
)  # fmt: skip
def test_a_plot_never_leaves_its_room_and_hides_no_day_that_cost_something(
    days, width, height, letters
):
    bars = bars_of(days, LAST, 30)
    rows = plot(bars, width, height, letters=letters)
    assert all(width_of(row) <= width for row in rows)
    if not rows:
        return
    ground = drawn(rows)[height]
    edge = len(ground) - len(ground.lstrip())
    bars = bars[-(width - edge) :]
    each = (len(ground) - edge) // len(bars)
    lowest = drawn(rows)[height - 1][edge:]
    for at, bar in enumerate(bars):
        assert (lowest[at * each] != " ") == (bar.nano > 0)


def test_a_bar_is_as_high_as_its_part_of_the_highest():
    bars = bars_of([paid(0, "own_key", 8 * CENT), paid(1, "own_key", 4 * CENT)], LAST, 2)
    assert [row[LABEL:].rstrip() for row in drawn(plot(bars, 15, 2, letters=False))[:2]] == [
        "   ██", "██ ██",
    ]  # fmt: skip
    assert [row[LABEL:].rstrip() for row in drawn(plot(bars, 15, 1, letters=False))[:1]] == [
        "▄▄ ██",
    ]  # fmt: skip


def test_payers_lie_one_upon_the_other_in_their_colours():
    bars = bars_of([paid(0, "credits", 4 * CENT), paid(0, "own_key", 4 * CENT)], LAST, 1)
    cells = [row[1] for row in plot(bars, 12, 1, letters=False)[:1]]
    assert cells == [("▄▄", "$own-key on $credits")]


def test_letters_of_who_paid_stand_for_colours():
    bars = bars_of([paid(0, "credits", 4 * CENT), paid(0, "own_key", 4 * CENT)], LAST, 1)
    rows = [row[LABEL:].strip() for row in drawn(plot(bars, 12, 2, letters=True))]
    assert rows[:3] == ["$$", "KK", "--"]


def test_a_day_with_an_unknown_price_is_marked_and_never_shown_as_nothing():
    bars = bars_of([paid(0, "endpoint", 0, unknown=1), paid(1, "own_key", CENT)], LAST, 2)
    rows = drawn(plot(bars, 15, 2, letters=False))
    assert rows[2][LABEL:] == "── ?? "


def test_the_chosen_day_is_pointed_at():
    bars = bars_of([paid(1, "own_key", CENT)], LAST, 3)
    rows = drawn(plot(bars, 18, 1, letters=False, chosen="2026-11-23"))
    assert rows[1][LABEL:] == "── ▲▲ ── "


def test_the_legend_names_who_paid_anything():
    bars = bars_of([paid(0, "credits", 4 * CENT), paid(2, "platform_credits", 1)], LAST, 3)
    (said,) = drawn([legend(bars, letters=True)])
    assert said.split() == ["$", "credits", "$", "platform", "credits"]


@settings(max_examples=50)
@given(part=st.integers(0, 10**12), most=st.integers(0, 10**12), letters=st.booleans())
def test_a_share_fills_its_cells_and_is_seen_where_it_is_anything(part, most, letters):
    said = share_bar(part, most, 12, letters=letters)
    assert cell_width(said) >= 12
    assert bool(said.strip()) == (part > 0 and most > 0)
    if part <= most:
        assert cell_width(said) == 12


ROWS = (
    UsageRow(key="anthropic/claude-opus-4-7", payer="own_key", requests=1_234, input=1_234_567,
             output=98_765, cache_read=1_000_000, nano=12_345_678_901),
    UsageRow(key="my-gateway/" + "long-" * 20, payer="endpoint", requests=3, untold=1, input=9,
             output=1, nano=0, unknown=3),
)  # fmt: skip


@settings(max_examples=50)
@given(room=st.integers(20, 140))
def test_a_row_fills_its_room_and_the_cost_is_never_left_out(room):
    lines = usage_lines(ROWS, "model", PlainNames().model)
    at = columns(room, lines, shares=True)
    assert "cost" in at.wide
    for line in lines:
        row = pieces(line, at, most=ROWS[0].nano, bright=False, letters=False)
        assert width_of(row) <= max(room, 3 + LEAST_NAME)
        assert any(line.cells["cost"] in text for text, _ in row)
    assert width_of(head_pieces("model", at)) <= max(room, 3 + LEAST_NAME)


def test_a_wide_room_has_every_column_and_unknown_is_no_zero():
    lines = usage_lines(ROWS, "model", PlainNames().model)
    at = columns(118, lines, shares=True)
    assert list(at.wide) == ["share", "requests", "in", "out", "cached", "cost", "unknown"]
    assert (lines[1].cells["cost"], lines[1].cells["unknown"], lines[1].cells["in"]) == (
        "?", "3", "9+",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("by", "way"),
    [
        ("day", ["model", "session", None]),
        ("model", ["session", None]),
        ("key", ["model", "session", None]),
        ("folder", ["model", "session", None]),
        ("session", [None]),
        ("payer", ["model", "session", None]),
    ],
)
def test_each_row_leads_down_to_its_receipts_and_back(by, way):
    where = Where(by=by)
    went = []
    while where.by is not None:
        where = where.into(Step(by=where.by, key=f"key of {where.by}", name="n"))
        went.append(where.by)
    assert went == way
    back = []
    while (before := where.out()) is not None:
        where, step = before
        back.append(step.by)
        assert step.key == f"key of {step.by}"
    assert back[-1] == by
    assert where == Where(by=by)


def test_groupings_go_round_without_those_that_are_told():
    where = Where().into(Step(by="day", key="2026-11-20", name="n"))
    seen = []
    for _ in range(5):
        seen.append(where.by)
        where = where.beside(1)
    assert seen == ["model", "key", "folder", "session", "payer"]
    assert where.by == "model"
    assert where.beside(-1).by == "payer"


def test_periods_begin_at_midnight_utc_and_go_round():
    where = Where(period="day")
    begins = {}
    for _ in PERIODS:
        begins[where.period] = where.part(NOW).since
        where = where.longer()
    midnight = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    assert begins == {
        "day": midnight, "week": midnight - 6 * DAY, "month": midnight - 29 * DAY, "all": None,
    }  # fmt: skip
    assert where.period == "day"


def test_a_day_gone_into_is_that_day_and_the_plot_keeps_its_month():
    where = Where(period="all").into(Step(by="day", key="2026-11-20", name="n"))
    where = where.into(Step(by="model", key="a/b", name="n"))
    day = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    assert where.part(NOW) == Slice(since=day, until=day + DAY, model="a/b")
    assert where.plotted(NOW) == Slice(
        since=dt.datetime(2026, 10, 26, tzinfo=dt.UTC), model="a/b"
    )  # fmt: skip
