from __future__ import annotations

import json

import pytest

from tui.cli import checks_home as home
from tui.cli import checks_machine as machine
from tui.cli.checks import all_checks
from tui.cli.main import main
from tui.localmodel.models import LocalModels
from tui.paths import find_paths
from tui.settings.store import SettingsStore

SHAPE = {"check", "state", "found", "remedy"}


@pytest.fixture
def environ(tmp_path):
    return {"OWNKEY_HOME": str(tmp_path / "home"), "OWNKEY_KEYRING": "env"}


@pytest.fixture
def paths(environ):
    return find_paths(environ)


@pytest.fixture
def doctor(environ, monkeypatch, capsys):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def run(*words: str):
        status = main(["doctor", *words])
        return status, capsys.readouterr().out

    return run


def test_json_has_the_shape_of_the_contract(doctor):
    listed = json.loads(doctor("--json")[1])
    assert {frozenset(check) for check in listed} == {frozenset(SHAPE)}


def test_what_the_contract_names_is_checked(doctor):
    names = {check["check"] for check in json.loads(doctor("--json")[1])}
    assert {"terminal", "keyring", "keys", "store"} <= names


def test_a_healthy_machine_exits_0(doctor):
    assert doctor("--json")[0] == 0


def test_a_failure_exits_1(doctor, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/roots.pem")
    assert doctor("--json")[0] == 1


def test_looking_makes_no_file(doctor, paths):
    doctor("--json")
    assert not paths.data.parent.exists()


def test_the_value_of_a_key_in_the_environment_is_not_shown(doctor, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made-up-key-0123456789abcdef")
    assert "0123456789" not in doctor("--json")[1]


def test_a_key_in_the_environment_is_found_not_used(environ, paths):
    with_key = {"ANTHROPIC_API_KEY": "made-up-key-0123456789abcdef"}
    found = home.check_keys(with_key, paths).found
    assert found == "ANTHROPIC_API_KEY …cdef found in the environment, not used"


def test_a_key_that_was_not_agreed_to_comes_with_the_way_to_say_yes(paths):
    with_key = {"OPENAI_API_KEY": "made-up-key-0123456789abcdef"}
    assert "`ownkey keys use OPENAI_API_KEY`" in home.check_keys(with_key, paths).remedy


def test_a_list_of_keys_that_does_not_parse_is_said_and_left_where_it_is(paths):
    paths.config.mkdir(parents=True)
    paths.keys_file.write_text("{", encoding="utf-8")
    state = home.check_keys({}, paths).state
    assert (state, paths.keys_file.read_text(encoding="utf-8")) == ("fail", "{")


def test_a_check_that_breaks_is_a_failure_and_the_others_go_on(environ, paths):
    (paths.data.parent).mkdir()
    paths.data.mkdir()
    paths.store_file.mkdir()
    states = {check.check: check.state for check in all_checks(environ, paths)}
    assert (states["store"], states["proxy"]) == ("fail", "ok")


def test_a_store_that_is_none_is_a_failure_with_a_remedy(paths):
    paths.data.mkdir(parents=True)
    paths.store_file.write_bytes(b"this is no database, whatever its name says" * 100)
    check = home.check_store(paths)
    assert (check.state, bool(check.remedy)) == ("fail", True)


def test_a_broken_settings_file_is_said_and_left_where_it_is(paths):
    paths.config.mkdir(parents=True)
    paths.settings_file.write_text("{", encoding="utf-8")
    check = home.check_settings(paths)
    assert (check.state, paths.settings_file.read_text(encoding="utf-8")) == ("warn", "{")


def test_a_wrong_setting_is_said_by_name(paths):
    SettingsStore(paths.settings_file).set("credits.fallback", True)
    paths.settings_file.write_text('{"account.org_size": 0}', encoding="utf-8")
    assert "account.org_size" in home.check_settings(paths).found


def test_no_keyring_warns_with_both_other_ways(environ, paths, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    nothing = {
        "OWNKEY_KEYRING": "system",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    check = home.check_keyring(nothing, paths)
    assert check.state == "warn"
    assert "OWNKEY_KEYRING=sealed" in check.remedy and "OWNKEY_KEYRING=env" in check.remedy


def test_an_unknown_way_to_keep_keys_is_a_failure(paths):
    assert home.check_keyring({"OWNKEY_KEYRING": "paper"}, paths).state == "fail"


def test_a_vault_that_was_not_made_yet_is_not_made_by_looking(paths):
    sealed = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "long enough a passphrase"}
    assert home.check_keyring(sealed, paths).state == "ok"
    assert not paths.vault_file.exists()


def test_a_model_file_that_is_gone_is_said(paths, tmp_path):
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF\x03\x00\x00\x00")
    LocalModels(paths).add(file)
    file.unlink()
    check = home.check_local_models(paths)
    assert (check.state, "local/m is gone" in check.found) == ("warn", True)


def test_a_folder_that_others_can_look_into_is_said_with_the_command(paths):
    paths.data.mkdir(parents=True)
    paths.data.chmod(0o755)
    assert home.check_folders(paths).remedy == f"chmod 700 {paths.data}"


def test_a_folder_that_cannot_be_written_is_a_failure():
    nobodys = "/dev/null/home"  # root may write anywhere else
    assert home.check_folders(find_paths({"OWNKEY_HOME": nobodys})).state == "fail"


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, "none: NO_COLOR is set"),
        ({"COLORTERM": "truecolor"}, "16 million"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "linux"}, "16"),
    ],
)
def test_colours_are_what_the_environment_says(environ, found):
    assert machine.check_colours(environ).found == found


def test_a_proxy_is_named_without_its_password():
    proxies = {"HTTPS_PROXY": "http://me:hidden-word@proxy.example:3128/"}
    assert machine.check_proxy(proxies).found == "HTTPS_PROXY proxy.example:3128"


def test_without_ripgrep_searches_still_work(tmp_path):
    check = machine.check_ripgrep({"PATH": str(tmp_path)})
    assert (check.state, bool(check.remedy)) == ("ok", True)


def test_reset_without_a_terminal_exits_1(doctor, monkeypatch):
    import subprocess
    import sys

    child = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", "doctor", "--reset-terminal", "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        check=False,
    )
    assert (child.returncode, json.loads(child.stdout)[0]["state"]) == (1, "fail")
