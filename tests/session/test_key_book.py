from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from tests.canary import made_up_key
from tests.key_world import HERE, World
from tui.errors import KeyStoreError, UsageError
from tui.keys.book import KeyBook, NewKey
from tui.keys.changes import LOST_AFTER, UNDO_FOR
from tui.keys.records import Checked
from tui.keys.store import (
    KeyStores,
)
from tui.secret import Secret


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


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


# Labels, switches, pins


def test_a_key_gets_another_label_and_keeps_its_secret_and_place(world: World):
    first, secret = world.add("a"), made_up_key()
    world.add("b", secret=Secret(secret))
    world.book.relabel(first.id, "work")
    assert world.labels() == ["work", "b"]
    assert world.book.secret_of(world.book.list_keys({})[1], {}).reveal() == secret


@pytest.mark.parametrize("label", ["B", " b ", "", made_up_key()])
def test_a_key_cannot_get_a_label_that_is_taken_or_unfit(world: World, label: str):
    first = world.add("a")
    world.add("b")
    with pytest.raises(UsageError):
        world.book.relabel(first.id, label)
    assert world.labels() == ["a", "b"]


def test_a_key_that_is_switched_off_is_kept_and_taken_by_nothing(world: World):
    first = world.add("a")
    second = world.add("b")
    off = world.book.switch(first.id, {}, on=False)
    assert (off.enabled, off.used, off.default) == (False, False, False)
    found = world.book.resolve("anthropic", {}, pinned=first.id)
    assert found is not None
    assert found[0].id == second.id
    assert world.book.switch(first.id, {}, on=True).default


def test_a_key_of_the_environment_is_switched_off_and_on(world: World):
    environ = {"OPENAI_API_KEY": made_up_key("sk-proj-")}
    world.book.use("OPENAI_API_KEY", environ)
    assert not world.book.switch("env:OPENAI_API_KEY", environ, on=False).used
    assert world.book.switch("env:OPENAI_API_KEY", environ, on=True).used


def pinned(world: World, folder: str) -> list[str]:
    return [one.label for one in world.book.list_keys({}, folder) if one.pinned]


def test_a_pin_holds_in_its_folder_and_below_and_the_nearest_wins(world: World):
    outer, inner = world.add("outer"), world.add("inner")
    world.book.pin(outer.id, "/src", {})
    world.book.pin(inner.id, "/src/shop", {})
    assert [pinned(world, at) for at in ("/", "/src", "/src/shop/deep", "/srcs")] == [
        [], ["outer"], ["inner"], []
    ]  # fmt: skip
    world.book.unpin(inner.id, "/src/shop", {})
    assert pinned(world, "/src/shop") == ["outer"]


def test_pins_go_over_to_a_key_that_replaces_theirs_and_back(world: World):
    first = world.add("a")
    world.book.pin(first.id, "/src", {})
    second = world.add("a", replace=True)
    assert [one.id for one in world.book.list_keys({}, "/src") if one.pinned] == [second.id]
    world.book.undo({})
    assert [one.id for one in world.book.list_keys({}, "/src") if one.pinned] == [first.id]


def test_a_key_that_is_off_is_not_pinned_and_a_pin_that_is_not_there_not_taken_away(world: World):
    key = world.add("a")
    with pytest.raises(UsageError, match="not pinned"):
        world.book.unpin(key.id, "/src", {})
    world.book.switch(key.id, {}, on=False)
    with pytest.raises(UsageError, match="not in use"):
        world.book.pin(key.id, "/src", {})
