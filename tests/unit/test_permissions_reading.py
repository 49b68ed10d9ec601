from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from tests.tool_calls import Place
from tui.permissions.facts import PathFacts, look_at
from tui.permissions.rules import decide_reading
from tui.protected import Border, secret_reason

MODES = ("read", "ask", "edit")


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    made.write("src/app.py", "x")
    return made


def fact(where, secret=None):
    return PathFacts(asked=Path("/w/a"), real=Path("/w/a"), place=where, secret=secret)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ((), "allow"),
        ((fact("inside"),), "allow"),
        ((fact("inside", "named .env"),), "ask"),
        ((fact("outside"),), "ask"),
        ((fact("outside", "in .ssh"),), "ask"),
        ((fact("own"),), "deny"),
        ((fact("own", "named x"),), "deny"),
        ((fact("system"),), "deny"),
        ((fact("inside"), fact("outside")), "ask"),
        ((fact("own"), fact("inside"), fact("outside")), "deny"),
    ],
)
def test_the_strictest_path_decides_in_every_mode(mode, facts, verdict):
    assert decide_reading(mode, facts).verdict == verdict


def test_the_reason_names_the_path_that_decides():
    inside = PathFacts(asked=Path("/w/a"), real=Path("/w/a"), place="inside", secret=None)
    link = PathFacts(asked=Path("/w/l"), real=Path("/etc/passwd"), place="outside", secret=None)
    assert decide_reading("ask", (inside, link)).why == (
        "/w/l leads to /etc/passwd, which is outside the folder"
    )


@pytest.mark.parametrize(
    "path", ["src/app.py", ".", "src/../src/app.py", "nope.txt", "./src//app.py", ".github/x.yml"]
)
def test_reading_in_the_folder_is_allowed_at_once(place, path):
    assert place.judge("read", path=path).verdict == "allow"


@pytest.mark.parametrize(
    "path",
    ["..", "../x", "/", "/etc/passwd", "~/x", "~", "$HOME/x", "${HOME}/.bashrc", "src/../../x"],
)
def test_whatever_lies_outside_asks(place, path):
    assert place.judge("read", path=path).verdict == "ask"


@pytest.mark.parametrize("pattern", ["/home/*/.ssh/*", "../*", "~/*", "/*", "../*/../x/*"])
def test_a_pattern_that_starts_outside_asks_or_opens_nothing(place, pattern):
    facts = place.facts("glob", pattern=pattern)
    assert not facts or place.judge("glob", pattern=pattern).verdict == "ask"


@pytest.mark.parametrize(
    "path", ["$OWNKEY_HOME/settings.toml", "${OWNKEY_HOME}/config/settings.json", "$OWNKEY_HOME"]
)
def test_our_own_files_are_denied(place, path):
    assert place.judge("read", path=path).verdict == "deny"


def test_our_own_files_are_denied_by_their_full_path_and_through_links(place):
    (place.folder / "l").symlink_to(place.own / "config")
    assert place.judge("read", path="l/settings.json").verdict == "deny"
    assert place.judge("list", path=str(place.own / "data")).verdict == "deny"
    assert place.judge("grep", path=f"{place.own}/../ownkey/data", pattern="x").verdict == "deny"


def test_our_own_folder_that_is_itself_a_link_is_denied_where_it_leads(place):
    (place.root / "store").symlink_to(place.own)
    place.environ["OWNKEY_HOME"] = str(place.root / "store")
    assert place.judge("read", path=str(place.own / "config" / "x")).verdict == "deny"


def test_our_own_folders_of_the_platform_are_denied(place, monkeypatch):
    del place.environ["OWNKEY_HOME"]
    monkeypatch.setenv("HOME", str(place.home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    from tui.paths import find_paths

    for folder in (find_paths(place.environ).config, find_paths(place.environ).data):
        assert place.judge("read", path=str(folder / "x")).verdict == "deny"


def test_a_workspace_inside_our_home_is_a_workspace_but_our_folders_stay_denied(tmp_path):
    place = Place(tmp_path)
    place.environ["OWNKEY_HOME"] = str(place.root)
    assert place.judge("read", path="a.txt").verdict == "allow"
    assert place.judge("read", path="../config/settings.json").verdict == "deny"


@pytest.mark.parametrize(
    "path", ["/proc/self/environ", "/proc/1/mem", "/sys/kernel", "/dev/zero", "/dev/fd/0", "/proc"]
)
def test_views_of_processes_and_devices_are_denied(place, path):
    assert place.judge("read", path=path).verdict == "deny"


def test_a_link_to_the_views_of_processes_is_denied(place):
    (place.folder / "l").symlink_to("/proc/self")
    assert place.judge("read", path="l/environ").verdict == "deny"


def test_shared_memory_is_an_ordinary_place():
    border = Border(workspace=Path("/dev/shm/w"), home=Path("/h"), own=())
    assert border.place(Path("/dev/shm/w/a")) == "inside"
    assert border.place(Path("/dev/sda")) == "system"


def test_a_sibling_whose_name_starts_alike_lies_outside(place):
    assert place.judge("read", path=f"{place.folder}-2/a").verdict == "ask"


@pytest.mark.parametrize("name", ["CONFIG", "config"])
def test_our_own_folders_are_known_in_any_case_and_normal_form(name):
    own = Path("/h/réglages/config")
    border = Border(workspace=Path("/h"), home=Path("/h"), own=(own,))
    asked = Path("/H", unicodedata.normalize("NFD", "Réglages"), name, "settings.json")
    assert border.place(asked) == "own"


SECRETS = (
    ".env .ENV .env.local .env.production .env-prod prod.env .envrc .env.bak .env~ .env.swp "
    "..env.swp .netrc .npmrc .pypirc .pgpass .git-credentials .git/config .GIT/config "
    ".git/modules/a/config sub/.git/config .ssh/config .ssh/known_hosts .aws/credentials "
    ".aws/config .gnupg/x .kube/config .docker/config.json id_rsa id_ed25519 id_rsa.bak "
    "deploy_rsa server.pem server.key app.p12 app.pfx x.jks x.kdbx x.ppk AuthKey.p8 x.keytab "
    "credentials credentials.json gcp-credentials.json client_secret_1.json "
    "my-service-account.json firebase-adminsdk-x.json secrets.yml secrets.toml .secrets/x "
    "terraform.tfstate prod.tfvars .bash_history .htpasswd kubeconfig .vault-token .codex/auth.json"
)
ORDINARY = (
    ".env.example .env.sample .env.template .env.production.example example.env id_rsa.pub "
    "README.md src/secrets.py credentials.py env.py environment.ts monkey.py keys.json "
    "public_key.txt .gitignore .gitattributes .github/workflows/ci.yml config config.json "
    "docker/config.json tsconfig.json package.json id_generator.py keyboard.py pem.py "
    "docs/ssh.md aws/main.tf .envs/readme.md token.py password_reset.html"
)


@pytest.mark.parametrize("path", SECRETS.split())
def test_a_secret_in_the_folder_asks(place, path):
    assert place.judge("read", path=path).verdict == "ask"


@pytest.mark.parametrize("path", ORDINARY.split())
def test_an_ordinary_file_does_not_ask(place, path):
    assert place.judge("read", path=path).verdict == "allow"


def test_a_secret_asks_under_a_harmless_name_and_a_harmless_file_under_a_secret_one(place):
    place.write(".env", "x")
    (place.folder / "notes.txt").symlink_to(".env")
    (place.folder / "id_rsa").symlink_to("src/app.py")
    assert place.judge("read", path="notes.txt").verdict == "ask"
    assert place.judge("read", path="id_rsa").verdict == "ask"


def test_every_call_that_only_a_yes_allows_runs_after_it(place):
    place.write(".env", "x")
    granted = frozenset(fact.real for fact in place.facts("read", path=".env"))
    border = Border(workspace=place.folder, home=place.home, own=(), granted=granted)
    assert border.closed(place.folder / ".env") is None
    assert border.closed(place.folder / ".env.local") is not None


def test_what_is_allowed_unasked_is_what_the_border_opens(place):
    (place.folder / "link").symlink_to("/etc")
    border = place.context().border()
    names = (*SECRETS.split(), *ORDINARY.split(), "../x", "/etc/passwd", "link/passwd", "/proc/1/x")
    for fact in look_at([place.context().absolute(name) for name in names], border):
        allowed = decide_reading("ask", (fact,)).verdict == "allow"
        assert allowed == (border.closed(fact.real) is None)


def test_a_name_that_is_no_utf8_has_facts(place):
    path = os.fsdecode(b"bad\xff/.env")
    assert place.judge("read", path=path).verdict == "ask"
    assert secret_reason(Path("/w/bad\udcff.txt")) is None
