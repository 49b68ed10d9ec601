from __future__ import annotations

import datetime as dt

import pytest

from tests.console_world import found_key, key_row, some_keys
from tests.transcript_world import START
from tui.console.settings.finding import PANES, Finder, all_groups, intent
from tui.console.settings.rows import Opened, lay_out
from tui.console.settings.world import World
from tui.hosts import Contact, Contacts
from tui.places import Place
from tui.session.replies import EndpointRow, Endpoints, RuleRow, SpentToday
from tui.settings.schema import SETTINGS
from tui.text import cell_width

WORK = key_row("anthropic", "work", "AAqr", default=True)
KEYS = some_keys(
    WORK,
    key_row("google", "mail", "m2Kd", state="refused", checked_at=START - dt.timedelta(hours=2)),
    found_key("OPENAI_API_KEY", "openai", "9fGh"),
)
SECRET = "sk-ant-api03-TESTkeyTESTkeyTESTkey01"


def world(**fields) -> World:
    values = {one.id: one.default for one in SETTINGS} | fields.pop("values", {})
    return World(**({"values": values, "keys": KEYS, "now": START, "local": ()} | fields))


def found(query: str, **fields) -> list[str]:
    groups = Finder(all_groups(world(**fields))).found(query)
    return [row.entry.id for group in groups for row in group.rows]


def screen(query: str = "", width: int = 80, **fields) -> str:
    groups = Finder(all_groups(world(**fields))).found(query)
    laid = lay_out(groups, width, None, close=False)
    return "\n".join("".join(text for text, _ in line.pieces).rstrip() for line in laid)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("API keys", WORK.id),
        ("byok", WORK.id),
        ("anthropic key", WORK.id),
        ("replace key", WORK.id),
        ("remove key", WORK.id),
        ("add google key", "keys.add.google"),
        ("environment key", "env:OPENAI_API_KEY"),
        ("daily budget", "budget.day_usd"),
        ("budget", "budget.request_usd"),
        ("theme", "appearance.theme"),
        ("fallback", "credits.fallback"),
        ("bell", "appearance.notify"),
        ("proxy", "privacy.proxies"),
        ("telemetry", "privacy.telemetry"),
        ("gguf", "local.add"),
        ("always allow", "rules.none"),
        ("ctrl+j", "shortcut Write Ctrl+J, Shift+Enter"),
    ],
)
def test_words_find_what_they_mean(words, first):
    assert found(words, rules=())[0] == first


@pytest.mark.parametrize("words", ["", "cloud"])
def test_what_is_not_there_is_not_shown(words):
    hidden = ("cloud.",)
    assert [id for id in found(words) if id.startswith(hidden)] == []


def test_nothing_is_found_for_nonsense():
    assert found("qqqqzzzz") == []


def test_every_row_has_a_name_of_its_own():
    ids = [row.entry.id for group in all_groups(world()) for row in group.rows]
    assert len(ids) == len(set(ids))


def test_every_setting_that_is_shown_has_help_and_its_default():
    rows = [row for group in all_groups(world()) for row in group.rows]
    settings = [row for row in rows if row.entry.kind == "setting"]
    assert len(settings) > 10
    assert [row.entry.id for row in settings if not (row.help and row.aside)] == []


def test_what_differs_from_its_default_is_marked_and_says_the_default():
    said = screen("daily budget", values={"budget.day_usd": "7"})
    assert "•  Budget per day" in said
    assert "default no limit" in said


def test_what_today_cost_stands_beside_the_budget():
    spent = SpentToday(nano=3_200_000_000, unknown=1)
    said = screen("daily budget", today=spent, values={"budget.day_usd": "10"})
    assert "today $3.2000 + ? of $10" in said


def test_letters_take_the_place_of_signs():
    said = screen(letters=True, values={"budget.day_usd": "7"})
    assert all(sign not in said for sign in "🔑━○•·")


def test_a_used_key_says_what_its_last_check_said():
    assert "refused 2 h ago" in screen("google")


def test_a_hostile_label_stays_one_line_of_text():
    keys = some_keys(key_row("anthropic", "a\x1b]0;x\x07\nb\u202e", "AAqr"))
    said = screen("api keys", keys=keys)
    assert not {"\x1b", "\x07", "\u202e"} & set(said)


def test_rules_that_cannot_be_listed_say_why():
    said = screen("approvals", rules="no rules here")
    assert "The rules cannot be listed" in said
    assert "no rules here" in said


def test_each_rule_stands_as_it_is_with_its_folder():
    rule = RuleRow(rule="shell: make test", folder="/src/shop", added=START)
    said = screen("make test", rules=(rule,))
    assert "shell: make test" in said
    assert f"in /src/shop, since {START.date().isoformat()}" in said


def test_a_proxy_is_shown_without_its_password():
    said = screen("proxy", environ={"HTTPS_PROXY": "http://me:secret@proxy.example:3128"})
    assert "HTTPS_PROXY=proxy.example:3128" in said
    assert "secret" not in said


def test_hosts_are_listed_with_what_went_there():
    contacts = Contacts(
        since=START,
        contacts=(
            Contact(origin="https://api.example:443", purpose="chat", first=START,
                    last=START, count=12),
            Contact(origin="https://evil\x1b[2J.example:443", purpose="fetch tool",
                    first=START, last=START, count=1),
        ),
    )  # fmt: skip
    said = screen("hosts", 200, session_host="https://api.example:443", contacts=contacts)
    assert "https://api.example\n" in said
    assert "Anthropic; the requests of this session go there; chat 12 times, last" in said
    assert "Fetch tool once" in said
    assert "\x1b" not in said


def test_a_host_that_a_key_goes_to_and_nothing_was_sent_to_says_so():
    assert "Anthropic; not contacted yet." in screen("https api example", 120)


def test_what_becomes_of_what_is_sent_is_said_for_each_connection():
    rows = (
        EndpointRow(name="team", url="https://llm.example/v1", known="", payer="endpoint"),
        EndpointRow(name="ollama", url="http://127.0.0.1:11434/v1", known="ollama", payer="nobody"),
    )
    said = screen("retention", 200, endpoints=Endpoints(endpoints=rows))
    assert "settings of your Anthropic account decide" in said
    assert "Not stated: ask whoever runs team" in said
    assert "Stays on this machine" in said


def test_what_is_kept_is_listed_where_it_lies_with_its_size():
    kept = (
        Place(what="Settings", path="/home/ada/settings.json", bytes=640),
        Place(what="MCP servers", path="/home/ada/mcp.json"),
    )
    said = screen("storage", 120, kept=kept)
    assert "/home/ada/settings.json" in said
    assert "640 B" in said
    assert "mcp.json" not in said


def test_a_pane_that_fails_says_so_and_leaves_the_others(monkeypatch):
    def fails(_):
        raise ZeroDivisionError(SECRET)

    panes = (("Local models", fails), *(pane for pane in PANES if pane[0] != "Local models"))
    monkeypatch.setattr("tui.console.settings.finding.PANES", panes)
    said = screen(width=100)
    assert "This part failed (ZeroDivisionError at test_settings_rows.py" in said
    assert SECRET not in said
    assert "Budget per day" in said


@pytest.mark.parametrize("width", [20, 40, 54, 80, 120])
@pytest.mark.parametrize("opened", ["budget.day_usd", "appearance.theme"])
def test_no_line_is_longer_than_there_is_room(width, opened):
    options = tuple((name, name) for name in ("ownkey-dark", "a-theme-of-a-long-name" * 3))
    one = Opened(row=opened, options=options, trouble="refused " * 20)
    lines = lay_out(all_groups(world()), width, one, close=True)
    assert {sum(cell_width(text) for text, _ in line.pieces) for line in lines} <= {0, width}


@pytest.mark.parametrize(
    ("query", "wish"),
    [("api keys", "replace"), ("delete key", "forget"), ("verify key", "check"),
     ("Default key", "default"), ("", "replace")],
)  # fmt: skip
def test_what_is_wanted_of_a_key_is_read_from_the_search(query, wish):
    assert intent(query) == wish
