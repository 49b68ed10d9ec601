from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.canary import leaks, made_up_key
from tests.command import Said, run_command
from tests.fake_admin import FakeAdmin
from tests.usage_world import request
from tui.events.base import SessionId
from tui.events.route import ResponseOpened
from tui.events.session import SessionCreated
from tui.events.turn import TurnStarted
from tui.paths import find_paths, private_folder
from tui.store.log import Store

pytestmark = pytest.mark.long

SEALED = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}
ADMIN = made_up_key("sk-ant-admin01-")
OPENAI_ADMIN = made_up_key("sk-admin-")
ROUTER = made_up_key("sk-or-v1-")
DAY = dt.timedelta(days=1)
NOW = dt.datetime.now(dt.UTC)
TODAY = NOW.date().isoformat()
YESTERDAY = (NOW - DAY).date().isoformat()


def ownkey(*words: str, stdin: str = "") -> Said:
    return run_command(*words, stdin=stdin, environ=SEALED)


@pytest.fixture
def admin(home: Path) -> Iterator[FakeAdmin]:
    with FakeAdmin(anthropic=ADMIN, openai=OPENAI_ADMIN, openrouter=ROUTER) as fake:
        yield fake


def add_admin(admin: FakeAdmin, provider: str = "anthropic", key: str = ADMIN) -> Said:
    return ownkey(
        "keys", "add", provider, "--admin", "--base-url", admin.url(provider), stdin=key
    )  # fmt: skip


def spend(home: Path, *told: tuple[str, str, str, str, int | None, int], theirs: str = "") -> None:
    """Requests (id, model, connection, payer, nano, days ago) in a real store."""
    paths = find_paths({"OWNKEY_HOME": str(home)})
    private_folder(paths.data)
    store = Store(paths.store_file)
    try:
        session = SessionId("s_1")
        begun = [(SessionCreated(cwd="/src", version="test"), 0), (TurnStarted(prompt="x"), 1)]
        store.append(session, begun, NOW - 10 * DAY)
        for id, model, connection, payer, nano, ago in told:
            events = request(id, (model, connection, connection, payer), 100, nano)
            if theirs:
                events[1] = ResponseOpened(request=events[1].request, provider_request_id=theirs)
            store.append(session, [(event, 1) for event in events], NOW - ago * DAY)
    finally:
        store.close()


def reconciled(*words: str) -> list[dict[str, Any]]:
    return json.loads(ownkey("usage", "reconcile", "--json", *words).stdout)["accounts"]


def day_of(account: dict[str, Any], day: str) -> dict[str, Any]:
    return next(one for one in account["days"] if one["day"] == day)


# The key


def test_an_admin_key_is_kept_and_serves_nothing(admin: FakeAdmin):
    said = add_admin(admin)
    assert (said.returncode, "it reads cost reports" in said.stderr) == (0, True)
    (key,) = json.loads(ownkey("keys", "list", "--json").stdout)
    assert (key["admin"], key["used"], key["default"], key["label"]) == (
        True, False, False, "admin"
    )  # fmt: skip
    assert ownkey("route", "anthropic/claude-opus-4-7").returncode == 5
    models = json.loads(ownkey("models", "--json").stdout)
    assert [one["id"] for one in models if one["connection"] == key["id"]] == []
    assert ownkey("keys", "default", key["id"]).returncode == 2


def test_an_admin_key_is_checked_by_the_cost_report_alone(admin: FakeAdmin):
    add_admin(admin)
    assert ownkey("keys", "check").returncode == 0
    assert {path.partition("?")[0] for path, _ in admin.seen} == {"/v1/organizations/cost_report"}


def test_an_admin_key_does_not_take_the_label_of_an_ordinary_one(admin: FakeAdmin):
    ordinary = ("keys", "add", "anthropic", "--label", "admin", "--no-check", "--json")
    assert ownkey(*ordinary, stdin=made_up_key()).returncode == 0
    assert add_admin(admin).returncode == 0
    assert len(json.loads(ownkey("keys", "list", "--json").stdout)) == 2


@pytest.mark.parametrize(
    ("words", "key", "hint"),
    [
        (("anthropic",), ADMIN, "--admin"),
        (("openai",), OPENAI_ADMIN, "--admin"),
        (("anthropic", "--admin"), made_up_key(), "without --admin"),
        (("openai", "--admin"), made_up_key("sk-proj-"), "without --admin"),
        (("anthropic", "--admin"), OPENAI_ADMIN, "begin with sk-ant-admin"),
        (("google", "--admin"), made_up_key("AIza"), "cost reports"),
    ],
    ids=["admin-anthropic", "admin-openai", "plain", "plain-openai", "another-makers", "google"],
)
def test_a_key_of_the_other_kind_is_refused_with_a_hint(home: Path, words, key, hint):
    said = ownkey("keys", "add", *words, "--dry-run", "--json", stdin=key)
    fields = json.loads(said.stdout)
    assert fields["error"] == "wrong_provider"
    assert hint in fields["hint"]
    assert ownkey("keys", "add", *words, "--no-check", stdin=key).returncode == 1


def test_an_admin_key_that_is_refused_is_not_stored(admin: FakeAdmin):
    said = add_admin(admin, key=made_up_key("sk-ant-admin01-"))
    assert said.returncode == 1
    assert "invalid_key" in said.stderr


# The comparison


def test_our_sums_stand_beside_the_report_of_each_day_over_its_pages(admin: FakeAdmin, home: Path):
    add_admin(admin)
    admin.spent("anthropic", YESTERDAY, "123.4", "0.05")  # cents: $1.2345
    opus = "anthropic/claude-opus-4-7"
    spend(home, ("a", opus, "k_1", "own_key", 1_000_000_000, 1),
          ("b", opus, "k_1", "own_key", 234_500_000, 1),
          ("c", opus, "k_1", "own_key", None, 1),
          ("d", "openai/gpt-5.5", "k_2", "own_key", 7, 1),
          ("e", opus, "k_9", "credits", 9, 1))  # fmt: skip
    (account,) = reconciled()
    assert day_of(account, YESTERDAY) == {
        "day": YESTERDAY, "provider_usd": "1.234500000", "ours_usd": "1.234500000",
        "unknown": 1, "partial": False, "drift_percent": "0.0",
    }  # fmt: skip
    assert len(account["days"]) == 8
    assert len([path for path, _ in admin.seen if "page=" in path]) == 2


def test_openai_tells_dollars_as_numbers_and_no_digit_is_lost(admin: FakeAdmin, home: Path):
    add_admin(admin, "openai", OPENAI_ADMIN)
    admin.spent("openai", YESTERDAY, "0.1", "0.2", "1e-9")
    spend(home, ("a", "openai/gpt-5.5", "k_1", "own_key", 270_000_000, 1))
    (account,) = reconciled()
    day = day_of(account, YESTERDAY)
    assert (day["provider_usd"], day["drift_percent"]) == ("0.300000001", "-10.0")


def test_today_is_said_to_be_partial_and_other_spending_to_be_drift(admin: FakeAdmin):
    add_admin(admin)
    (account,) = reconciled()
    assert [one["day"] for one in account["days"] if one["partial"]] == [TODAY]
    assert any("Today is not over" in note for note in account["notes"])
    assert any("what others spend on it" in note for note in account["notes"])


def test_what_is_told_in_another_currency_or_not_at_all_is_unknown_and_never_zero(
    admin: FakeAdmin,
):
    add_admin(admin)
    admin.currency = "EUR"
    admin.spent("anthropic", YESTERDAY, "100")
    admin.until = NOW - DAY
    (account,) = reconciled()
    assert day_of(account, YESTERDAY)["provider_usd"] is None
    assert day_of(account, TODAY)["provider_usd"] is None
    assert day_of(account, TODAY)["drift_percent"] is None
    assert "not told" in ownkey("usage", "reconcile").stdout


def test_spending_that_only_we_know_of_has_no_percentage(admin: FakeAdmin, home: Path):
    add_admin(admin)
    spend(home, ("a", "anthropic/claude-opus-4-7", "k_1", "own_key", 5_000_000, 1))
    day = day_of(reconciled()[0], YESTERDAY)
    assert (day["provider_usd"], day["ours_usd"], day["drift_percent"]) == (
        "0.000000000", "0.005000000", None
    )  # fmt: skip


def test_a_report_that_is_refused_says_why_and_leaves_the_others(admin: FakeAdmin):
    add_admin(admin)
    add_admin(admin, "openai", OPENAI_ADMIN)
    admin.keys["anthropic"] = "another"
    said = ownkey("usage", "reconcile", "--json")
    assert said.returncode == 1
    by = {one["provider"]: one for one in json.loads(said.stdout)["accounts"]}
    assert "not valid" in by["anthropic"]["error"]
    assert by["openai"]["error"] is None
    assert not leaks(said.stdout + said.stderr, ADMIN)


@pytest.mark.parametrize("amount", ["NaN", "1e999999", "1 000", "", "Infinity"])
def test_an_amount_that_is_none_breaks_the_report_and_nothing_else(admin: FakeAdmin, amount: str):
    add_admin(admin)
    admin.spent("anthropic", YESTERDAY, amount)
    said = ownkey("usage", "reconcile")
    assert said.returncode == 1
    assert "cannot be read" in said.stdout


def test_the_admin_key_goes_nowhere_else(admin: FakeAdmin):
    add_admin(admin)
    reconciled()
    assert all(heads.get("x-api-key") == ADMIN for _, heads in admin.seen)
    assert all("authorization" not in heads for _, heads in admin.seen)


def test_an_openrouter_endpoint_is_asked_for_each_generation(admin: FakeAdmin, home: Path):
    added = ownkey(
        "endpoints", "add", "router", admin.url("openrouter"), "--known", "openrouter",
        "--no-check", stdin=ROUTER,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    admin.generations["gen-1"] = "0.0015"
    spend(home, ("a", "router/m", "router", "endpoint", 1_650_000, 1), theirs="gen-1")
    spend(home, ("b", "router/m", "router", "endpoint", 1, 1), theirs="gen-2")
    (account,) = reconciled()
    assert (account["provider"], account["by_request"], account["untold"]) == (
        "openrouter", True, 1
    )  # fmt: skip
    assert day_of(account, YESTERDAY) == {
        "day": YESTERDAY, "provider_usd": "0.001500000", "ours_usd": "0.001650000",
        "unknown": 1, "partial": False, "drift_percent": "10.0",
    }  # fmt: skip


def test_without_an_admin_key_the_way_to_one_is_said(home: Path):
    said = ownkey("usage", "reconcile")
    assert (said.returncode, "keys add anthropic --admin" in said.stdout) == (0, True)
