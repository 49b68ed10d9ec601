from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.canary import leaks_under, made_up_key
from tui.errors import KeyStoreError, UsageError
from tui.keys.book import KeyBook, NewKey
from tui.keys.changes import LOST_AFTER, UNDO_FOR
from tui.keys.listing import BoundElsewhere, KeyRecord, bound_to
from tui.keys.records import Checked
from tui.keys.store import (
    KeyringHangs,
    KeyStores,
    Mode,
    PassphraseNeeded,
    WrongPassphrase,
    mode_of,
    open_store,
    with_limit,
)
from tui.keys.vault import Vault
from tui.paths import find_paths
from tui.secret import Secret

PASSPHRASE = Secret("correct horse")
HERE = "https://api.anthropic.com"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


class World:
    """A book over a real vault in a home of its own."""

    def __init__(self, home: Path, mode: Mode = "sealed") -> None:
        self.paths = find_paths({"OWNKEY_HOME": str(home)})
        self.clock = Clock()
        self.stores = KeyStores(
            mode, self.paths, {}, passphrase=lambda: PASSPHRASE, create_vault=True
        )
        self.book = KeyBook(self.paths, self.stores, now=self.clock)

    @property
    def vault(self) -> Vault:
        return Vault.open(self.paths.vault_file, PASSPHRASE)

    def add(self, label: str = "main", **fields) -> KeyRecord:
        given = {"provider": "anthropic", "secret": Secret(made_up_key()), "base_url": HERE}
        return self.book.add(NewKey(label=label, **(given | fields)))

    def labels(self, environ: dict[str, str] | None = None) -> list[str]:
        return [record.label for record in self.book.list_keys(environ or {})]


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


def ownkey(*words: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    sealed = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": PASSPHRASE.reveal()}
    return subprocess.run(
        [sys.executable, "-m", "tui.cli.main", *words],
        input=stdin, capture_output=True, text=True, timeout=50,
        env={**os.environ, **sealed, **environ},
    )  # fmt: skip


# The vault


def test_a_vault_gives_back_what_it_was_given(tmp_path: Path):
    key = Secret(made_up_key())
    Vault.open(tmp_path / "v", PASSPHRASE, create=True).set("a", key)
    assert Vault.open(tmp_path / "v", PASSPHRASE).get("a") == key


def test_a_vault_forgets_what_it_is_told_to(tmp_path: Path):
    vault = Vault.open(tmp_path / "v", PASSPHRASE, create=True)
    vault.set("a", Secret(made_up_key()))
    vault.delete("a")
    vault.delete("never there")
    assert vault.get("a") is None


def test_a_vault_is_never_made_without_consent(tmp_path: Path):
    with pytest.raises(KeyStoreError, match="no sealed vault"):
        Vault.open(tmp_path / "v", PASSPHRASE)
    assert not (tmp_path / "v").exists()


def test_a_wrong_passphrase_has_its_own_error(tmp_path: Path):
    Vault.open(tmp_path / "v", PASSPHRASE, create=True)
    with pytest.raises(WrongPassphrase):
        Vault.open(tmp_path / "v", Secret("wrong horse"))


def test_a_wrong_passphrase_changes_nothing(tmp_path: Path):
    Vault.open(tmp_path / "v", PASSPHRASE, create=True)
    before = (tmp_path / "v").read_bytes()
    with pytest.raises(WrongPassphrase):
        Vault.open(tmp_path / "v", Secret("wrong horse"), create=True)
    assert (tmp_path / "v").read_bytes() == before


def test_a_passphrase_typed_in_decomposed_letters_opens_too(tmp_path: Path):
    Vault.open(tmp_path / "v", Secret("caf\u00e9 au lait"), create=True)
    assert Vault.open(tmp_path / "v", Secret("cafe\u0301 au lait"))


@pytest.mark.parametrize("field", ["sealed", "nonce"])
def test_a_changed_vault_is_damaged_not_wrongly_opened(tmp_path: Path, field: str):
    path = tmp_path / "v"
    Vault.open(path, PASSPHRASE, create=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    content[field] = ("A" if content[field][0] != "A" else "B") + content[field][1:]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(KeyStoreError, match="damaged"):
        Vault.open(path, PASSPHRASE)


@pytest.mark.parametrize(
    ("field", "value"), [("memory_kib", 4_194_304), ("passes", 100_000), ("lanes", 0)]
)
def test_a_vault_that_asks_for_all_memory_or_an_hour_is_refused(
    tmp_path: Path, field: str, value: int
):
    path = tmp_path / "v"
    Vault.open(path, PASSPHRASE, create=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["header"][field] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(KeyStoreError, match="damaged"):
        Vault.open(path, PASSPHRASE)


def test_a_vault_whose_cost_was_lowered_does_not_open(tmp_path: Path):
    path = tmp_path / "v"
    Vault.open(path, PASSPHRASE, create=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["header"]["passes"] = 1
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(WrongPassphrase):
        Vault.open(path, PASSPHRASE)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\x00", b"[]", b'{"header": 1}'])
def test_a_file_that_is_no_vault_is_damaged(tmp_path: Path, data: bytes):
    (tmp_path / "v").write_bytes(data)
    with pytest.raises(KeyStoreError, match="damaged"):
        Vault.open(tmp_path / "v", PASSPHRASE)


def test_a_vault_and_its_lock_are_readable_by_their_owner_alone(world: World):
    world.add()
    files = [path for path in world.paths.data.parent.rglob("*") if path.is_file()]
    assert [path.name for path in files if stat.S_IMODE(path.stat().st_mode) != 0o600] == []


def test_an_open_vault_sees_what_another_process_writes(tmp_path: Path):
    first = Vault.open(tmp_path / "v", PASSPHRASE, create=True)
    second = Vault.open(tmp_path / "v", PASSPHRASE)
    second.set("a", Secret("a" * 20))
    first.set("b", Secret("b" * 20))
    assert [second.get(id) for id in "ab"] == [Secret("a" * 20), Secret("b" * 20)]


def test_a_vault_shows_nothing_of_itself(tmp_path: Path):
    vault = Vault.open(tmp_path / "v", PASSPHRASE, create=True)
    assert repr(vault) == "Vault([secret])"


def test_a_vault_that_cannot_be_written_keeps_what_was_in_it(tmp_path: Path):
    vault = Vault.open(tmp_path / "v", PASSPHRASE, create=True)
    vault.set("a", Secret("a" * 20))
    # A folder where the new file is prepared: as full a disk as a test can have as root.
    (tmp_path / f".v.{os.getpid()}.tmp").mkdir()
    with pytest.raises(KeyStoreError, match="cannot be written"):
        vault.set("b", Secret("b" * 20))
    assert vault.get("a") == Secret("a" * 20)


# Opening


@pytest.mark.parametrize(
    ("value", "mode"),
    [(None, "system"), ("", "system"), ("system", "system"), ("sealed", "sealed"), ("ENV", "env")],
)
def test_the_variable_names_the_mode(value: str | None, mode: str):
    assert mode_of({} if value is None else {"OWNKEY_KEYRING": value}) == mode


def test_an_unknown_mode_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="system, sealed, env"):
        mode_of({"OWNKEY_KEYRING": "plaintext"})


def test_a_closed_vault_asks_for_its_passphrase(home: Path):
    with pytest.raises(PassphraseNeeded):
        open_store("sealed", find_paths(os.environ), environ={})


def test_without_a_keyring_adding_fails_and_names_both_other_ways(home: Path):
    said = ownkey("keys", "add", "anthropic", stdin=made_up_key(), OWNKEY_KEYRING="system")
    assert said.returncode == 1
    assert "OWNKEY_KEYRING=sealed" in said.stderr
    assert "OWNKEY_KEYRING=env" in said.stderr
    assert not home.exists() or not any(path.is_file() for path in home.rglob("vault*"))


def test_with_env_nothing_is_stored_and_the_other_ways_are_named(home: Path):
    said = ownkey("keys", "add", "anthropic", stdin=made_up_key(), OWNKEY_KEYRING="env")
    assert said.returncode == 1
    assert "OWNKEY_KEYRING=sealed" in said.stderr


# The time limit


async def test_a_call_that_hangs_ends_after_the_limit_while_the_loop_lives():
    released, beats = threading.Event(), 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    beating = asyncio.create_task(beat())
    try:
        with pytest.raises(KeyringHangs) as raised:
            await with_limit(released.wait, 0.5)
    finally:
        released.set()
        beating.cancel()
    assert beats > 20
    assert "sealed" in raised.value.hint
    assert "OWNKEY_KEYRING=env" in raised.value.hint


async def test_a_call_gives_its_result_or_its_own_error():
    assert await with_limit(lambda: 7) == 7
    with pytest.raises(TimeoutError, match="its own"):
        await with_limit(lambda: (_ for _ in ()).throw(TimeoutError("its own")))


def test_a_process_ends_although_a_call_hangs():
    script = (
        "import asyncio, threading\n"
        "from tui.keys.store import KeyringHangs, with_limit\n"
        "try: asyncio.run(with_limit(threading.Event().wait, 0.2))\n"
        "except KeyringHangs: print('choice')\n"
    )
    began = time.monotonic()
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=30)
    assert said.stdout == b"choice\n"
    assert time.monotonic() - began < 15


# The book


def test_the_first_key_of_a_maker_is_its_default(world: World):
    world.add("a")
    world.add("b")
    assert [record.default for record in world.book.list_keys({})] == [True, False]


def test_a_key_can_be_added_as_the_default(world: World):
    world.add("a")
    world.add("b", default=True)
    assert [record.default for record in world.book.list_keys({})] == [False, True]


@pytest.mark.parametrize("label", ["main", "MAIN", " main "])
def test_a_label_that_is_taken_is_refused(world: World, label: str):
    world.add("main")
    with pytest.raises(UsageError, match="already"):
        world.add(label)


def test_the_same_label_is_free_for_another_maker(world: World):
    world.add("main")
    world.add("main", provider="openai")
    assert world.labels() == ["main", "main"]


@pytest.mark.parametrize("label", ["", "  ", "x" * 65, "a\nb", "a\x1b[0m", made_up_key()])
def test_a_label_that_is_unfit_or_a_key_is_refused(world: World, label: str):
    with pytest.raises(UsageError):
        world.add(label)
    assert world.labels() == []


def test_a_replaced_key_keeps_its_place_and_stays_the_default(world: World):
    world.add("a")
    world.add("b", default=True)
    world.add("c")
    new = world.add("b", replace=True)
    assert [(r.label, r.default) for r in world.book.list_keys({})] == [
        ("a", False), ("b", True), ("c", False)
    ]  # fmt: skip
    assert world.book.list_keys({})[1].id == new.id


def test_replacing_without_a_label_takes_the_only_key(world: World):
    world.add("work")
    record = world.book.add(
        NewKey(provider="anthropic", secret=Secret(made_up_key()), base_url=HERE, replace=True)
    )
    assert (record.label, world.labels()) == ("work", ["work"])


def test_replacing_without_a_label_asks_which_of_several(world: World):
    world.add("a")
    world.add("b")
    new = NewKey(provider="anthropic", secret=Secret(made_up_key()), base_url=HERE, replace=True)
    with pytest.raises(UsageError, match="several"):
        world.book.add(new)


def test_undo_after_replacing_brings_the_old_secret_back(world: World):
    secret = Secret(made_up_key())
    world.add("a", secret=secret)
    world.add("a", replace=True)
    world.book.undo({})
    assert [world.book.secret_of(one, {}) for one in world.book.list_keys({})] == [secret]


def test_a_removed_key_is_out_of_every_list_and_use(world: World):
    record = world.add()
    world.book.remove(record.id)
    assert world.labels() == []
    assert world.book.resolve("anthropic", {}) is None


def test_undo_brings_a_key_back_to_its_place_with_secret_and_default(world: World):
    world.add("a")
    secret = Secret(made_up_key())
    removed = world.add("b", secret=secret, default=True)
    world.add("c")
    world.book.remove(removed.id)
    back = world.book.undo({})
    assert world.labels() == ["a", "b", "c"]
    assert back.default
    assert world.book.secret_of(back, {}) == secret


def test_undo_into_a_label_that_was_taken_since_finds_another(world: World):
    world.book.remove(world.add("main").id)
    world.add("main")
    world.book.undo({})
    assert world.labels() == ["main 2", "main"]


def test_undo_ends_with_the_window_and_the_secret_is_gone(world: World):
    record = world.add()
    world.book.remove(record.id)
    world.clock.now += UNDO_FOR + dt.timedelta(seconds=1)
    with pytest.raises(UsageError, match="nothing to bring back"):
        world.book.undo({})
    world.book.forget_removed()
    assert world.vault.get(record.id) is None


def test_a_removed_secret_is_kept_until_the_window_ends(world: World):
    record = world.add()
    world.book.remove(record.id)
    world.clock.now += UNDO_FOR - dt.timedelta(seconds=1)
    world.book.forget_removed()
    assert world.vault.get(record.id) is not None


def test_the_next_removal_ends_the_one_before(world: World):
    first, second = world.add("a"), world.add("b")
    world.book.remove(first.id)
    world.book.remove(second.id)
    assert world.vault.get(first.id) is None
    assert world.book.undo({}).label == "b"


def test_what_is_removed_while_its_store_is_closed_is_deleted_when_it_opens(world: World):
    first, second = world.add("a"), world.add("b")
    closed = KeyBook(world.paths, KeyStores("sealed", world.paths, {}), now=world.clock)
    closed.remove(first.id)
    closed.remove(second.id)
    assert world.vault.get(first.id) is not None
    world.book.forget_removed()
    assert world.vault.get(first.id) is None


def test_a_secret_left_behind_by_a_crash_is_swept_up(world: World):
    record = world.add()
    content = json.loads(world.paths.keys_file.read_text(encoding="utf-8"))
    pending = {"id": record.id, "store": "sealed", "at": world.clock.now.isoformat()}
    content |= {"keys": [], "pending": [pending]}
    world.paths.keys_file.write_text(json.dumps(content), encoding="utf-8")
    world.book.forget_removed()
    kept = world.vault.get(record.id)
    world.clock.now += LOST_AFTER + dt.timedelta(seconds=1)
    world.book.forget_removed()
    assert (kept is not None, world.vault.get(record.id)) == (True, None)


def test_a_store_that_refuses_leaves_the_old_key_as_it_was(world: World):
    secret = Secret(made_up_key())
    world.add(secret=secret)
    world.paths.vault_file.with_name(f".vault.sealed.{os.getpid()}.tmp").mkdir()
    with pytest.raises(KeyStoreError):
        world.add(replace=True)
    found = world.book.resolve("anthropic", {})
    assert found is not None
    assert found[1] == secret


def test_a_list_that_does_not_parse_is_put_aside_and_said(world: World):
    world.add("old")
    world.paths.keys_file.write_text('{"keys": [', encoding="utf-8")
    assert world.labels() == []
    world.add("new")
    aside = [path.name for path in world.paths.config.glob("keys.json.broken-*")]
    assert (world.labels(), len(aside), aside[0] in world.book.warnings[0]) == (["new"], 1, True)


def test_a_list_of_a_newer_version_is_left_alone(world: World):
    world.add()
    text = world.paths.keys_file.read_text(encoding="utf-8").replace('"version": 1', '"version": 9')
    world.paths.keys_file.write_text(text, encoding="utf-8")
    with pytest.raises(KeyStoreError, match="newer"):
        world.add("another")
    assert world.paths.keys_file.read_text(encoding="utf-8") == text


def test_a_check_is_remembered(world: World):
    record = world.add()
    checked = Checked(state="refused", at=world.clock.now, error_kind="invalid_key")
    world.book.record_check(record.id, checked)
    found = world.book.list_keys({})[0]
    assert (found.state, found.error_kind, found.checked_at) == (
        "refused", "invalid_key", world.clock.now
    )  # fmt: skip


def test_a_secret_that_its_store_lost_is_said_with_the_next_step(world: World):
    record = world.add()
    world.vault.delete(record.id)
    with pytest.raises(KeyStoreError, match="no longer") as raised:
        world.book.resolve("anthropic", {})
    assert "keys add anthropic" in raised.value.hint


# Which key is used


def test_the_pinned_key_goes_before_the_default(world: World):
    world.add("a")
    pinned = world.add("b")
    found = world.book.resolve("anthropic", {}, pinned=pinned.id)
    assert found is not None
    assert found[0].label == "b"


def test_a_pin_on_a_key_that_is_gone_falls_to_the_default(world: World):
    world.add("a")
    found = world.book.resolve("anthropic", {}, pinned="anthropic-gone")
    assert found is not None
    assert found[0].label == "a"


def test_a_maker_without_a_key_has_none(world: World):
    world.add()
    assert world.book.resolve("openai", {}) is None


def test_a_key_found_in_the_environment_is_not_used_unasked(world: World):
    environ = {"ANTHROPIC_API_KEY": made_up_key()}
    assert [record.used for record in world.book.list_keys(environ)] == [False]
    assert world.book.resolve("anthropic", environ) is None


def test_a_yes_to_a_key_in_the_environment_is_for_that_very_key(world: World):
    key = made_up_key()
    world.book.use("ANTHROPIC_API_KEY", {"ANTHROPIC_API_KEY": key})
    same = world.book.resolve("anthropic", {"ANTHROPIC_API_KEY": key})
    other = world.book.resolve("anthropic", {"ANTHROPIC_API_KEY": made_up_key()[:-4] + key[-4:]})
    assert same is not None
    assert (same[1], other) == (Secret(key), None)


def test_a_yes_leaves_no_byte_of_the_key_behind(world: World, home: Path):
    key = made_up_key()
    world.book.use("ANTHROPIC_API_KEY", {"ANTHROPIC_API_KEY": key})
    assert leaks_under(home, key) == []
    assert Secret(key).sha256 not in world.paths.keys_file.read_text(encoding="utf-8")


def test_a_yes_can_be_taken_back_and_brought_back(world: World):
    environ = {"OPENAI_API_KEY": made_up_key("sk-proj-")}
    record = world.book.use("OPENAI_API_KEY", environ)
    world.book.remove(record.id)
    gone = world.book.resolve("openai", environ)
    world.book.undo(environ)
    assert (gone, world.book.resolve("openai", environ) is not None) == (None, True)


def test_stored_keys_go_before_those_of_the_environment(world: World):
    environ = {"ANTHROPIC_API_KEY": made_up_key()}
    world.book.use("ANTHROPIC_API_KEY", environ)
    world.add("stored")
    assert [(r.label, r.default) for r in world.book.list_keys(environ)] == [
        ("stored", True), ("ANTHROPIC_API_KEY", False)
    ]  # fmt: skip


def test_only_a_key_that_is_used_can_be_the_default(world: World):
    environ = {"ANTHROPIC_API_KEY": made_up_key()}
    with pytest.raises(UsageError, match="not in use"):
        world.book.set_default("env:ANTHROPIC_API_KEY", environ)


def test_a_variable_that_holds_no_key_cannot_be_used(world: World):
    for environ in ({}, {"OPENAI_API_KEY": " "}, {"OPENAI_API_KEY": "two words"}):
        with pytest.raises(UsageError):
            world.book.use("OPENAI_API_KEY", environ)


def test_with_env_keys_are_used_as_they_are_with_their_address(home: Path):
    world = World(home, "env")
    key = made_up_key()
    environ = {"ANTHROPIC_API_KEY": f" {key}\n", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/x/"}
    found = world.book.resolve("anthropic", environ)
    assert found is not None
    assert (found[1], found[0].base_url) == (Secret(key), "http://127.0.0.1:9/x")


def test_with_env_the_variable_that_the_sdk_takes_first_is_the_default(home: Path):
    world = World(home, "env")
    environ = {"GEMINI_API_KEY": made_up_key("AIzaSy"), "GOOGLE_API_KEY": made_up_key("AIzaSy")}
    assert [(r.label, r.default) for r in world.book.list_keys(environ)] == [
        ("GOOGLE_API_KEY", True), ("GEMINI_API_KEY", False)
    ]  # fmt: skip


def test_with_env_stored_keys_are_listed_and_not_used(home: Path):
    World(home).add()
    world = World(home, "env")
    assert [record.used for record in world.book.list_keys({})] == [False]
    assert world.book.resolve("anthropic", {}) is None


def test_with_env_nothing_is_written(home: Path):
    world = World(home, "env")
    world.book.resolve("openai", {"OPENAI_API_KEY": made_up_key("sk-proj-")})
    with pytest.raises(KeyStoreError, match="nothing is stored"):
        world.add()
    assert not home.exists() or not any(path.is_file() for path in home.rglob("*.json"))


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "http://api.anthropic.com", "https://api.anthropic.com:8443",
     "https://api.anthropic.com.evil.example", "ftp://api.anthropic.com", "nonsense:"],
)  # fmt: skip
def test_a_stored_key_is_not_sent_to_another_host_scheme_or_port(world: World, address: str):
    world.add()
    with pytest.raises(BoundElsewhere) as raised:
        world.book.resolve("anthropic", {"ANTHROPIC_BASE_URL": address})
    assert "https://api.anthropic.com:443" in str(raised.value)


def test_the_error_names_both_hosts(world: World):
    world.add()
    with pytest.raises(BoundElsewhere) as raised:
        world.book.resolve("anthropic", {"ANTHROPIC_BASE_URL": "https://evil.example/v1"})
    assert "https://evil.example:443" in str(raised.value)


@pytest.mark.parametrize(
    "address", ["https://api.anthropic.com/", "HTTPS://API.ANTHROPIC.COM:443/proxy", " "]
)
def test_the_same_host_in_another_spelling_is_the_same(world: World, address: str):
    record = world.add()
    assert world.book.resolve("anthropic", {"ANTHROPIC_BASE_URL": address}) is not None
    assert not address.strip() or bound_to(record, address)


def test_a_yes_is_bound_to_the_host_of_its_time(world: World):
    environ = {"ANTHROPIC_API_KEY": made_up_key()}
    world.book.use("ANTHROPIC_API_KEY", environ)
    with pytest.raises(BoundElsewhere):
        world.book.resolve("anthropic", environ | {"ANTHROPIC_BASE_URL": "https://evil.example"})


# Two processes, and crashes


def test_processes_that_add_at_once_lose_nothing(home: Path):
    sealed = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": PASSPHRASE.reveal()}
    keys = {f"k{number}": made_up_key() for number in range(6)}
    children = {
        label: subprocess.Popen(
            [sys.executable, "-m", "tui.cli.main", "keys", "add", "anthropic", "--no-check",
             "--label", label],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **sealed},
        )
        for label in keys
    }  # fmt: skip
    for label, child in children.items():
        child.communicate(keys[label].encode(), timeout=50)
    book = World(home).book
    kept = {record.label: book.secret_of(record, {}) for record in book.list_keys({})}
    assert kept == {label: Secret(key) for label, key in keys.items()}


def test_only_one_of_two_processes_gets_the_label(home: Path):
    sealed = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": PASSPHRASE.reveal()}
    World(home).add("other")
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "tui.cli.main", "keys", "add", "anthropic", "--no-check",
             "--label", "same"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **sealed},
        )
        for _ in range(2)
    ]  # fmt: skip
    for child in children:
        child.communicate(made_up_key().encode(), timeout=50)
    world = World(home)
    assert sorted(child.returncode for child in children) == [0, 2]
    assert world.labels() == ["other", "same"]
    assert len(world.vault._entries()) == 2


ADDS_MANY = """
import os, sys
from tui.keys.book import KeyBook, NewKey
from tui.keys.store import KeyStores
from tui.paths import find_paths
from tui.secret import Secret
paths = find_paths(os.environ)
book = KeyBook(paths, KeyStores("sealed", paths, {}, passphrase=lambda: Secret("correct horse")))
sys.stdin.readline()
for number in range(25):
    book.add(NewKey(provider="openai", label=f"{sys.argv[1]}{number}", base_url="https://x.example",
                    secret=Secret(f"sk-proj-{sys.argv[1]}{number:022d}")))
"""


def test_processes_that_write_without_a_pause_lose_neither_records_nor_secrets(home: Path):
    world = World(home)
    world.add("first")
    children = [
        subprocess.Popen([sys.executable, "-c", ADDS_MANY, name], stdin=subprocess.PIPE)
        for name in "ab"
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.close()
    assert [child.wait(50) for child in children] == [0, 0]
    kept = [one for one in world.book.list_keys({}) if one.provider == "openai"]
    found = {world.book.secret_of(record, {}).reveal() for record in kept}
    assert found == {f"sk-proj-{name}{number:022d}" for name in "ab" for number in range(25)}


SETS_MANY = """
import sys
from pathlib import Path
from tui.keys.vault import Vault
from tui.secret import Secret
vault = Vault.open(Path(sys.argv[1]), Secret("correct horse"))
sys.stdin.readline()
for number in range(60):
    vault.set(f"{sys.argv[2]}{number}", Secret("a" * 20))
"""


def test_two_processes_that_write_the_vault_lose_no_entry(tmp_path: Path):
    path = tmp_path / "v"
    vault = Vault.open(path, PASSPHRASE, create=True)
    children = [
        subprocess.Popen([sys.executable, "-c", SETS_MANY, path, name], stdin=subprocess.PIPE)
        for name in "ab"
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.close()
    assert [child.wait(50) for child in children] == [0, 0]
    assert len(vault._entries()) == 120


DIES_BETWEEN = """
import os, signal
from tui.keys.book import KeyBook, NewKey
from tui.keys.store import KeyStores
from tui.keys.vault import Vault
from tui.paths import find_paths
from tui.secret import Secret

class DyingStore:
    kind, name = "sealed", "sealed vault"
    def __init__(self, vault): self.vault = vault
    def set(self, id, secret):
        self.vault.set(id, secret)
        os.kill(os.getpid(), signal.SIGKILL)

paths = find_paths(os.environ)
stores = KeyStores("sealed", paths, {})
stores.give(DyingStore(Vault.open(paths.vault_file, Secret("correct horse"))))
KeyBook(paths, stores).add(NewKey(provider="openai", base_url="https://x.example",
                                  secret=Secret("sk-proj-" + "a1" * 20)))
"""


def test_a_secret_written_by_a_process_that_died_before_listing_it_is_deleted(home: Path):
    world = World(home)
    first = world.add("first")
    subprocess.run([sys.executable, "-c", DIES_BETWEEN], timeout=50)
    left = len(world.vault._entries())
    world.clock.now = dt.datetime.now(dt.UTC) + LOST_AFTER + dt.timedelta(minutes=1)
    world.book.forget_removed()
    assert (left, list(world.vault._entries())) == (2, [first.id])


def test_a_label_is_free_again_after_a_process_died_with_it(home: Path):
    world = World(home)
    world.add("first")
    subprocess.run([sys.executable, "-c", DIES_BETWEEN], timeout=50)
    world.add("main", provider="openai")
    assert world.labels() == ["first", "main"]


ADDS_FOR_EVER = """
import os, sys
from tui.keys.book import KeyBook, NewKey
from tui.keys.store import KeyStores
from tui.paths import find_paths
from tui.secret import Secret
paths = find_paths(os.environ)
book = KeyBook(paths, KeyStores("sealed", paths, {}, passphrase=lambda: Secret("correct horse")))
for number in range(10_000):
    label = f"k{number}"
    book.add(NewKey(provider="openai", label=label, base_url="https://x.example",
                    secret=Secret(f"sk-proj-{number:024d}")))
    print(number, flush=True)
"""


@pytest.mark.parametrize("wait_s", [0.0, 0.003, 0.007, 0.013, 0.029])
def test_a_kill_between_loses_no_key_that_was_said_to_be_stored(home: Path, wait_s: float):
    world = World(home)
    world.add("first")
    with subprocess.Popen([sys.executable, "-c", ADDS_FOR_EVER], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for _ in range(3):
            child.stdout.readline()
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        said = 3 + len(child.stdout.readlines())
    kept = [one for one in world.book.list_keys({}) if one.provider == "openai"]
    secrets = [world.book.secret_of(record, {}).reveal() for record in kept]
    assert secrets[:said] == [f"sk-proj-{number:024d}" for number in range(said)]
    assert len(secrets) <= said + 1
    world.add("after")
