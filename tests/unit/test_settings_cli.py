from __future__ import annotations

import json

import pytest

from tui.cli.main import main

SHAPE = {"id", "title", "section", "value", "default", "help", "kind"}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("OWNKEY_HOME", str(tmp_path / "home"))
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def settings(capsys, *words: str):
    status = main(["settings", *words])
    return status, *capsys.readouterr()


def test_get_as_json_gives_the_value_alone(capsys):
    assert settings(capsys, "get", "credits.fallback", "--json")[1] == "false\n"


def test_get_gives_the_value_as_it_can_be_set(capsys):
    assert settings(capsys, "get", "cache.warn_usd")[1] == "0.05\n"


def test_set_takes_plain_text(capsys):
    settings(capsys, "set", "credits.fallback", "on")
    assert settings(capsys, "get", "credits.fallback", "--json")[1] == "true\n"


def test_set_takes_json(capsys):
    settings(capsys, "set", "budget.day_usd", '"2.50"')
    assert settings(capsys, "get", "budget.day_usd", "--json")[1] == '"2.50"\n'


def test_set_to_null_takes_a_limit_off(capsys):
    settings(capsys, "set", "budget.day_usd", "2")
    settings(capsys, "set", "budget.day_usd", "null")
    assert settings(capsys, "get", "budget.day_usd", "--json")[1] == "null\n"


def test_reset_goes_back_to_the_default(capsys):
    settings(capsys, "set", "cache.warn_usd", "2")
    assert settings(capsys, "reset", "cache.warn_usd")[1] == "cache.warn_usd = 0.05\n"
    assert settings(capsys, "get", "cache.warn_usd")[1] == "0.05\n"


def test_a_refused_value_exits_2(capsys):
    assert settings(capsys, "set", "approvals.mode", "yolo")[0] == 2


def test_a_refused_value_prints_nothing_to_standard_output(capsys):
    assert settings(capsys, "set", "approvals.mode", "yolo")[1] == ""


def test_a_refused_value_says_the_reason(capsys):
    assert "one of read, ask, edit" in settings(capsys, "set", "approvals.mode", "yolo")[2]


def test_a_refused_value_with_escapes_reaches_the_terminal_harmless(capsys):
    assert "\x1b" not in settings(capsys, "set", "model.default", "a\x1b]0;t\x07/b")[2]


def test_an_unknown_name_exits_2(capsys):
    assert settings(capsys, "get", "no.such")[0] == 2


def test_list_as_json_has_every_setting_in_the_shape_of_the_contract(capsys):
    listed = json.loads(settings(capsys, "list", "--json")[1])
    assert {frozenset(entry) for entry in listed} == {frozenset(SHAPE)}


def test_list_names_every_section_once(capsys):
    assert settings(capsys, "list")[1].splitlines().count("Budgets") == 1


def test_search_as_json_is_best_first_in_the_shape_of_the_contract(capsys):
    found = json.loads(settings(capsys, "search", "credit", "fallback", "--json")[1])
    assert (set(found[0]), found[0]["id"]) == (SHAPE, "credits.fallback")


def test_search_shows_the_value_in_force(capsys):
    settings(capsys, "set", "credits.fallback", "true")
    found = json.loads(settings(capsys, "search", "fallback", "--json")[1])
    assert found[0]["value"] is True


def test_search_finds_what_can_be_done_with_keys(capsys):
    found = json.loads(settings(capsys, "search", "replace", "key", "--json")[1])
    assert ("keys.replace", "action") in {(entry["id"], entry["kind"]) for entry in found}


def test_search_finds_a_key_of_the_environment_first_and_by_its_maker(capsys, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made-up-key-0123456789abcdef")
    first = json.loads(settings(capsys, "search", "anthropic", "key", "--json")[1])[0]
    assert (first["id"], first["kind"], first["value"]) == (
        "env:ANTHROPIC_API_KEY",
        "key",
        "found, not used",
    )


def test_search_shows_no_more_of_a_key_than_its_end(capsys, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made-up-key-0123456789abcdef")
    assert "9abcdef" not in settings(capsys, "search", "key", "--json")[1]


def test_search_finds_a_local_model(capsys, tmp_path):
    (tmp_path / "qwen.gguf").write_bytes(b"GGUF\x03\x00\x00\x00")
    main(["local", "add", str(tmp_path / "qwen.gguf")])
    capsys.readouterr()
    found = json.loads(settings(capsys, "search", "qwen", "--json")[1])
    assert (found[0]["id"], found[0]["kind"]) == ("local/qwen", "connection")


def test_a_list_of_keys_that_cannot_be_read_does_not_hide_the_settings(capsys, monkeypatch):
    monkeypatch.setenv("OWNKEY_KEYRING", "paper")
    status, out, _ = settings(capsys, "search", "credit", "fallback", "--json")
    assert (status, json.loads(out)[0]["id"]) == (0, "credits.fallback")


def test_search_for_nothing_known_gives_an_empty_list(capsys):
    assert json.loads(settings(capsys, "search", "zzzzqq", "--json")[1]) == []


def test_a_broken_file_is_said_beside_the_answer(capsys, home):
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.json").write_text("{", encoding="utf-8")
    status, out, err = settings(capsys, "get", "credits.fallback", "--json")
    assert (status, out, "kept as" in err) == (0, "false\n", True)


def test_a_number_is_printed_as_a_number(capsys):
    settings(capsys, "set", "account.platform_rate", "2.5")
    assert settings(capsys, "get", "account.platform_rate", "--json")[1] == "2.5\n"
