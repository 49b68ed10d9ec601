from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.canary import leaks, leaks_under, made_up_key
from tests.secret_service import (
    SecretService,
    _running_secret_service,  # noqa: F401
    a_secret_service,
    secret_service,  # noqa: F401
)
from tui.keys.book import KeyBook, NewKey
from tui.keys.store import KeyringHangs, KeyStores, open_store, with_limit
from tui.paths import find_paths
from tui.secret import Secret

pytestmark = [pytest.mark.secret_service, pytest.mark.usefixtures("secret_service")]


def book_of(home: Path) -> KeyBook:
    paths = find_paths({"OWNKEY_HOME": str(home)})
    return KeyBook(paths, KeyStores("system", paths, os.environ))


def ownkey(*words: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui.cli.main", *words],
        input=stdin, capture_output=True, text=True, timeout=50,
        env={**os.environ, **environ},
    )  # fmt: skip


def test_a_secret_is_kept_and_forgotten(home: Path):
    store = open_store("system", find_paths(os.environ), environ=os.environ)
    key = Secret(made_up_key())
    store.set("anthropic-test", key)
    kept = store.get("anthropic-test")
    store.delete("anthropic-test")
    assert (kept, store.get("anthropic-test")) == (key, None)


def test_the_store_says_its_name_with_the_collection(home: Path):
    store = open_store("system", find_paths(os.environ), environ=os.environ)
    assert store.name.lower() == "secret service: login"


def test_forgetting_what_is_not_there_is_no_error(home: Path):
    open_store("system", find_paths(os.environ), environ=os.environ).delete("never-there")


def test_a_key_is_added_and_read_by_another_process(home: Path):
    key = made_up_key()
    added = ownkey("keys", "add", "anthropic", "--no-check", "--json", stdin=key)
    assert added.returncode == 0, added.stderr
    found = book_of(home).resolve("anthropic", {})
    assert found is not None
    assert found[1] == Secret(key)


def test_no_byte_of_a_key_in_the_keyring_is_written_under_home(home: Path):
    key = made_up_key()
    said = ownkey("keys", "add", "anthropic", "--no-check", stdin=f"export KEY='{key}'\n")
    for words in (["list"], ["list", "--json"], ["remove", "main"], ["undo"]):
        said = ownkey("keys", *words)
        assert said.returncode == 0
        assert not leaks(said.stdout + said.stderr, key)
    assert leaks_under(home, key) == []


def test_what_was_removed_is_back_after_undo_with_its_secret(home: Path):
    book, key = book_of(home), Secret(made_up_key())
    record = book.add(NewKey(provider="anthropic", secret=key, base_url="https://a.example"))
    book.remove(record.id)
    book.undo({})
    assert book.secret_of(record, {}) == key


def test_two_processes_that_add_at_once_lose_nothing(home: Path):
    keys = [made_up_key("sk-proj-") for _ in range(6)]
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "tui.cli.main", "keys", "add", "openai", "--no-check",
             "--label", f"k{number}"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for number in range(len(keys))
    ]  # fmt: skip
    for child, key in zip(children, keys, strict=True):
        child.communicate(key.encode(), timeout=50)
    book = book_of(home)
    kept = {book.secret_of(record, {}) for record in book.list_keys({})}
    assert kept == {Secret(key) for key in keys}


async def test_a_hanging_keyring_ends_in_a_choice_while_the_loop_lives(
    home: Path, request: pytest.FixtureRequest
):
    service: SecretService = request.getfixturevalue("secret_service")
    store = await with_limit(
        lambda: open_store("system", find_paths(os.environ), environ=os.environ)
    )
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - began)

    beating = asyncio.create_task(beat())
    with service.hanging():
        with pytest.raises(KeyringHangs) as raised:
            await with_limit(lambda: store.get("anthropic-test"), 1.0)
        beating.cancel()
    assert "OWNKEY_KEYRING=sealed" in raised.value.hint
    assert "OWNKEY_KEYRING=env" in raised.value.hint
    assert longest < 0.5


@pytest.mark.soak
def test_a_command_ends_although_the_keyring_hangs(home: Path, request: pytest.FixtureRequest):
    service: SecretService = request.getfixturevalue("secret_service")
    began = time.monotonic()
    with service.hanging():
        said = ownkey("keys", "add", "anthropic", "--no-check", stdin=made_up_key())
    assert said.returncode == 1
    assert "OWNKEY_KEYRING=sealed" in said.stderr
    assert "OWNKEY_KEYRING=env" in said.stderr
    assert time.monotonic() - began < 25


def test_a_locked_keyring_is_said_and_the_other_ways_are_named(home: Path):
    with a_secret_service() as service:
        service.lock()
        said = ownkey(
            "keys", "add", "anthropic", "--no-check", stdin=made_up_key(), **service.environ
        )
    assert said.returncode == 1
    assert "OWNKEY_KEYRING=sealed" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    "backend",
    ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring",
     "keyrings.alt.file.PlaintextKeyring", "evil.Keyring"],
)  # fmt: skip
def test_a_backend_that_keeps_nothing_safe_is_never_used(home: Path, backend: str):
    said = ownkey(
        "keys", "add", "openai", "--no-check", stdin=made_up_key("sk-proj-"),
        PYTHON_KEYRING_BACKEND=backend,
    )  # fmt: skip
    assert said.returncode == 1
    assert "OWNKEY_KEYRING=sealed" in said.stderr


@pytest.mark.parametrize(
    "backend",
    ["keyring.backends.chainer.ChainerBackend", "keyring.backends.SecretService.Keyring"],
)
def test_a_safe_backend_that_is_named_or_chained_is_used(home: Path, backend: str):
    environ = {**os.environ, "PYTHON_KEYRING_BACKEND": backend}
    store = open_store("system", find_paths(environ), environ=environ)
    assert store.name.startswith("Secret Service")


def test_forgetting_everything_empties_the_keyring_of_our_keys(home: Path):
    key = made_up_key()
    ownkey("keys", "add", "anthropic", "--no-check", stdin=key)
    (record,) = book_of(home).list_keys(os.environ)
    said = ownkey("privacy", "forget", "--everything")
    assert "1 key from Secret Service" in said.stdout
    store = open_store("system", find_paths(os.environ), environ=os.environ)
    assert store.get(record.id) is None
