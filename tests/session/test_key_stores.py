from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.canary import made_up_key
from tests.command import run_command
from tests.key_world import PASSPHRASE, World
from tui.errors import KeyStoreError, UsageError
from tui.keys.store import (
    KeyringHangs,
    PassphraseNeeded,
    WrongPassphrase,
    mode_of,
    open_store,
    with_limit,
)
from tui.keys.vault import Vault
from tui.paths import find_paths
from tui.secret import Secret

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


def test_a_vault_and_its_lock_are_readable_by_their_owner_alone(home: Path):
    World(home).add()
    files = [path for path in home.rglob("*") if path.is_file()]
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
    environ = {"OWNKEY_KEYRING": "system"}
    said = run_command("keys", "add", "anthropic", stdin=made_up_key(), environ=environ)
    assert said.returncode == 1
    assert "OWNKEY_KEYRING=sealed" in said.stderr
    assert "OWNKEY_KEYRING=env" in said.stderr
    assert not home.exists() or not any(path.is_file() for path in home.rglob("vault*"))


def test_with_env_nothing_is_stored_and_the_other_ways_are_named(home: Path):
    environ = {"OWNKEY_KEYRING": "env"}
    said = run_command("keys", "add", "anthropic", stdin=made_up_key(), environ=environ)
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
