"""What the list of the sessions says of them."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from tests import scenes
from tests.sessions_world import line, many, of, streaming, titled
from tests.transcript_world import START
from tui.console.sessions.columns import columns, detail, end_of, pieces
from tui.console.sessions.rows import RowMaker, SessionRow, age, burn_rate, lines_of
from tui.console.sessions.view import SessionView
from tui.events.base import SessionId
from tui.session.projection import SessionState
from tui.store.lease import Lease
from tui.text import cell_width


def view_of(session: str, script) -> SessionView:
    view = SessionView(SessionId(session))
    view.fold(of(session, script.records))
    return view


def rows_of(listed=(), views=(), now=START) -> list[SessionRow]:
    return RowMaker(lambda model: model.split("/")[-1]).rows(listed, views, SessionView(), now=now)


def heads(rows, cwd="~/src/shop", query="") -> list[str]:
    return [
        one.head or (rows[one.row].title if one.row is not None else "")
        for one in lines_of(rows, cwd, query, [row.words for row in rows])
    ]


def test_who_waits_and_works_comes_first_then_this_folder_then_others():
    waits, works = view_of("q", scenes.asking()), view_of("w", streaming("add pages"))
    rows = rows_of(many(), (works, waits))
    assert heads(rows)[:4] == ["Now", "fix the login test", "add pages", ""]
    assert heads(rows)[4] == "This folder"
    assert heads(rows).index("Other folders") > heads(rows).index("write the release notes")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("build mon", "why is the build slow on Mondays?"),
        ("watering valve", "valve 3 stays open after a power cut"),
        ("feat/valves glm", "explain the moisture sensor's calibration curve"),
        ("smollm", "a haiku about rain"),
        ("NOTES bank", "draft a letter to the bank"),
    ],
)
def test_title_folder_branch_and_model_are_searched(query, found):
    assert found in heads(rows_of(many()), query=query)
    assert len(heads(rows_of(many()), query=query)) <= 6


def test_a_session_without_a_known_charge_costs_a_question_mark():
    row = rows_of([line("a", "x", nano=0, unknown=2)])[0]
    assert row.cost == "?"


def test_known_and_unknown_charges_are_both_said():
    assert rows_of([line("a", "x", nano=5_000_000, unknown=1)])[0].cost == "$0.0050 + ?"


def test_what_works_here_has_its_live_cost_and_rate():
    script = streaming("count")
    now = START + dt.timedelta(seconds=36)
    row = rows_of((), [view_of("a", script)], now)[0]
    assert row.cost.startswith("~$0.0041") and row.burns.startswith("~$0.40")


def test_a_rate_is_not_guessed():
    script = streaming("count")
    state = SessionState()
    for record in script.records:
        state.apply(record)
    assert burn_rate(state, START + dt.timedelta(seconds=2)) is None
    assert burn_rate(SessionState(), START) is None
    unpriced = SessionState()
    unknown = scenes.opened().prompt("x").route(estimate_nano=None).opened()
    for record in unknown.records:
        unpriced.apply(record)
    assert burn_rate(unpriced, START + dt.timedelta(minutes=1)) is None


@pytest.mark.parametrize(("stop", "state"), [
    ("end", "done"), ("error", "failed"), ("incomplete", "failed"), ("interrupted", "interrupted"),
])  # fmt: skip
def test_how_the_last_turn_ended_is_the_state(stop, state):
    script = scenes.opened().prompt("x").route().opened().say("y").close().done(stop)
    assert rows_of((), [view_of("a", script)])[0].state == state


def test_a_list_that_lags_behind_does_not_say_that_an_ended_turn_works():
    rows = rows_of([line("a", "x", state="working")], [view_of("a", titled("x"))])
    assert rows[0].state == "done"


def test_what_is_open_and_not_listed_yet_stands_there_too():
    assert [row.title for row in rows_of([line("a", "x")], [view_of("b", titled("fresh"))])] == [
        "fresh",
        "x",
    ]


def test_titles_from_outside_are_one_harmless_line():
    row = rows_of([line("a", "a\nb\x1b]0;x\x07", branch="m\u202ex")])[0]
    assert row.title.isprintable() and row.branch.isprintable()


@pytest.mark.parametrize(("seconds", "said"), [
    (-5, "now"), (59, "now"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86_400, "1 day"),
    (13 * 86_400, "13 days"), (14 * 86_400, "2 wk"), (364 * 86_400, "52 wk"),
    (800 * 86_400, "2 yr"),
])  # fmt: skip
def test_ages(seconds, said):
    assert age(dt.timedelta(seconds=seconds)) == said


@pytest.mark.parametrize("room", [20, 40, 54, 74, 90, 102, 118, 200])
def test_every_row_is_as_wide_as_the_room(room):
    rows = rows_of(many(), [view_of("w", streaming("漢字" * 30))], START + dt.timedelta(minutes=2))
    at = columns(room, rows)
    for row in rows:
        cells = pieces(row, at, now=START, home=False, bright=False, letters=False)
        assert sum(cell_width(text) for text, _ in cells) == max(room, at.cost + 5)
        for one in detail(row, room, now=START, letters=False):
            assert sum(cell_width(text) for text, _ in one) <= max(room, 40)


def test_money_stands_in_one_column():
    rows = rows_of(many())
    at = columns(118, rows)
    ends = {
        len("".join(text for text, _ in pieces(
            row, at, now=START, home=True, bright=False, letters=True)).rstrip())
        for row in rows
    }  # fmt: skip
    assert len(ends) == 1


def test_a_long_path_keeps_its_end():
    assert end_of("~/src/garden/watering", 12) == "…/watering"
    assert cell_width(end_of("~/src/" + "漢" * 20, 11)) <= 11
    assert end_of("~/a", 12) == "~/a"


def test_a_thousand_sessions_are_filtered_within_a_frame():
    rows = rows_of([line(f"s{n}", f"task {n} about thing {n % 37}", cwd=f"/w/{n % 50}")
                    for n in range(1_000)])  # fmt: skip
    words = [row.words for row in rows]
    lines_of(rows, "/w/1", "warm", words)
    took: list[float] = []
    for query in ("t", "ta", "task", "task 99", "thng opus", "zzz", "w/4 mai"):
        began = time.process_time()
        lines_of(rows, "/w/1", query, words)
        took.append(time.process_time() - began)
    assert max(took) < 5 * 0.016, took


def test_a_lease_is_looked_at_without_being_kept(tmp_path):
    session = SessionId("s_1")
    assert not Lease.held(tmp_path, session)
    lease = Lease.take(tmp_path, session)
    assert lease is not None and Lease.held(tmp_path, session)
    lease.release()
    assert not Lease.held(tmp_path, session)
    assert Lease.take(tmp_path, session) is not None
