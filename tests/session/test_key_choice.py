from __future__ import annotations

from pathlib import Path

import pytest

from tests.canary import leaks_under, made_up_key
from tests.key_world import World
from tui.errors import KeyStoreError, UsageError
from tui.keys.listing import BoundElsewhere, bound_to
from tui.secret import Secret


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


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
