from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.canary import made_up_key
from tests.key_world import PASSPHRASE, World
from tui.keys.changes import LOST_AFTER
from tui.keys.vault import Vault
from tui.secret import Secret

pytestmark = pytest.mark.long


@pytest.mark.soak
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
