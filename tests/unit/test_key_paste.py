from __future__ import annotations

import hashlib
import io
import json
import re
import string
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile_cases import HostileCase, load
from tui.cli.main import main
from tui.keys.paste import PastedKey, RefusedPaste, contains_key, normalise_key, recognise

ANTHROPIC = "sk-ant-api03-q7Rk2ZbV0mXw_9LtYc-4HsNdE1fJpGu8oTi3WaQvKxB5zCyMr6PlDhSn0UjOgFe2kI7tAA"
OPENAI = "sk-proj-Zk3vQ8_xWm1Lr7TbYc-0HsNdE5fJpGu2oTi9WaRqKxB4zCyMe6PlDhSn"
GOOGLE = "AIzaSyB7vQ2xWm9Lr0TbYc4HsNdE8fJpGu1oTi6"
KEYS = {"anthropic": ANTHROPIC, "openai": OPENAI, "google": GOOGLE}
CASES = load("keys")


def taken(payload: str, provider: str = "openai") -> str | None:
    pasted = normalise_key(payload, provider)
    return pasted.secret.reveal() if isinstance(pasted, PastedKey) else None


def refused(payload: str, provider: str = "openai") -> str | None:
    pasted = normalise_key(payload, provider)
    return pasted.error if isinstance(pasted, RefusedPaste) else None


def hint(payload: str, provider: str = "openai") -> str:
    pasted = normalise_key(payload, provider)
    assert isinstance(pasted, RefusedPaste)
    return pasted.hint


@pytest.fixture(scope="module")
def batch_answers() -> dict[str, dict[str, str | None]]:
    lines = [json.dumps({"provider": case.raw["provider"], "payload": case.text}) for case in CASES]
    out, stdin, stdout = io.StringIO(), sys.stdin, sys.stdout
    sys.stdin = io.TextIOWrapper(io.BytesIO("\n".join(lines).encode()), encoding="utf-8")
    sys.stdout = out
    try:
        assert main(["keys", "add", "--dry-run", "--json", "--batch"]) == 0
    finally:
        sys.stdin, sys.stdout = stdin, stdout
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    return {case.id: answer for case, answer in zip(CASES, answers, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_a_pasted_key_is_made_into_the_key_or_refused(case: HostileCase):
    provider = case.raw["provider"]
    found = (refused(case.text, provider), taken(case.text, provider))
    assert found == (case.expect.get("error"), case.expect.get("normalised"))


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_the_command_answers_as_the_rules_do(
    case: HostileCase, batch_answers: dict[str, dict[str, str | None]]
):
    normalised = case.expect.get("normalised")
    digest = hashlib.sha256(normalised.encode()).hexdigest() if normalised else None
    answer = batch_answers[case.id]
    assert (answer["error"], answer["sha256"]) == (case.expect.get("error"), digest)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_no_part_of_a_paste_is_repeated_in_what_is_said_of_it(case: HostileCase):
    pasted = normalise_key(case.text, case.raw["provider"])
    said = pasted.hint if isinstance(pasted, RefusedPaste) else " ".join(pasted.notes)
    runs = re.findall(r"[A-Za-z0-9_-]{12,}", case.text[:2000])
    assert [run for run in runs if run in said] == []


WRAPPINGS = [
    "{}",
    " {}\n",
    "\r\n\t{}\r\n",
    '"{}"',
    "'{}'",
    "`{}`",
    "```{}```",
    "“{}”",
    "«{}»",
    "‘{}’",
    "{};",
    "{},",
    '"{}",',
    "'{}';",
    " \u00a0{}\u202f",
    "\u200b{}\ufeff",
    "\u2060\u200e{}\u00ad",
    "\x1b[200~{}\x1b[201~",
    "\x1b[200~\x1b[200~{}\n\x1b[201~\x1b[201~",
    "NAME={}",
    "NAME = {}",
    "NAME: {}",
    "name_of.it: {}",
    "export NAME={}",
    'export NAME="{}"',
    "export  NAME='{}'",
    "$env:NAME={}",
    '$Env:NAME = "{}"',
    "set NAME={}",
    "Bearer {}",
    "bearer  {}",
    "Authorization: Bearer {}",
    "authorization:Bearer {}",
    '"Authorization": "Bearer {}"',
    "x-api-key: {}",
    "X-Api-Key:{}",
    "x-goog-api-key: {}",
    '{{"api_key": "{}"}}',
    '{{"apiKey":"{}","organization":"org-1"}}',
    '\n{{\n "OPENAI_API_KEY": "{}"\n}}\n',
    '{{"api_key": "Bearer {}"}}',
    '"api_key": "{}",',
    "'api_key': '{}',",
    "\"'\"'`{}`'\"'\"",
    'NAME=""{}"" ; ',
    'export export NAME = Bearer "{}"',
]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("provider", sorted(KEYS))
def test_what_stands_around_a_key_is_taken_off(provider: str, wrapping: str):
    assert taken(wrapping.format(KEYS[provider]), provider) == KEYS[provider]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_key_in_the_prompt_is_recognised_whatever_stands_around_it(wrapping: str):
    assert recognise(wrapping.format(ANTHROPIC)) == "anthropic"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        '""',
        "'`\"",
        "\ufeff",
        ";,",
        "NAME_OF_KEY=",
        "Bearer ",
        "export ",
        "\x1b[200~\x1b[201~",
        "Authorization: Bearer",
        '{"api_key": ""}',
    ],
)
def test_nothing_left_is_empty(text: str):
    assert refused(text) == "empty"


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-",
        "fifteen-of-them",
        "sk-proj-..........",
        "sk-ant-api03-...",
        "sk-" + "x" * 48,
        "xxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-proj-XXXXXXXXXXXXXXXXXXXXXXXX",
        "your-api-key-goes-here",
        "YOUR_OPENAI_API_KEY",
        "sk-your-openai-key-here",
        "<paste-your-key-here>",
        "sk-proj-****abcd1234abcd",
        "sk-proj-••••••••••••abcd",
        "$OPENAI_API_KEY",
        "${OPENAI_API_KEY}",
        "%OPENAI_API_KEY%",
        "{{ secrets.OPENAI_API_KEY }}",
        "process.env.OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "os.environ['OPENAI_API_KEY']",
        "https://platform.openai.com/api-keys",
        "platform.openai.com/api-keys",
        "http://localhost:8080/v1",
        "//example.com/abcdefghijkl",
        "[1, 2, 3, 4, 5, 6, 7, 8]",
        '{"key": 1}',
        '{"api_key": ["a"]}',
        '{"private_key": "-----BEGIN"}',
        "-----BEGIN PRIVATE KEY-----",
        "the quick brown fox",
        "sk-proj-\x1b[31mabcdefabcdefabcdef",
        "\x1b[1mabcdefghijklmnopqrst\x1b[0m",
        "abcdefghijklmnop\u200bqrst",
        "abcdefghijkl\u202emnopqrst",
        "abcdefghijklmnop qrst",
        "abcdefghijklmnopqrst\x00",
        "abcdefghijklmnopqrsté",
        "ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒ",
        "curl -H 'Authorization: Bearer abc'",
    ],
)
def test_what_is_no_key_is_refused_as_such(text: str):
    assert refused(text) == "not_a_key"


@pytest.mark.parametrize(
    "text",
    [
        f"{OPENAI}\n{OPENAI}",
        f"{OPENAI}\r\n{ANTHROPIC}",
        f"{OPENAI} {OPENAI}",
        f"{OPENAI},{OPENAI}",
        f"{OPENAI}{OPENAI}",
        f"{OPENAI};{ANTHROPIC}",
        f"OPENAI_API_KEY={OPENAI}\nANTHROPIC_API_KEY={ANTHROPIC}",
        f"OPENAI_API_KEY={OPENAI}\nDEBUG=true",
        f"{OPENAI}\n\n{OPENAI[:20]}",
        f"{OPENAI}\nX-Evil: 1",
        f"{OPENAI}\n two",
        f"OPENAI_API_KEY\n{OPENAI}",
        f'{{"api_key": "{OPENAI}", "apikey": "{OPENAI}"}}',
    ],
)
def test_more_than_one_key_or_line_is_refused(text: str):
    assert refused(text) == "not_a_key"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_a_key_that_a_terminal_broke_is_joined_and_said(end: str):
    parts = [OPENAI[at : at + 20] for at in range(0, len(OPENAI), 20)]
    pasted = normalise_key(end.join(parts), "openai")
    assert isinstance(pasted, PastedKey)
    assert (pasted.secret.reveal(), pasted.notes) == (OPENAI, ("a line break inside was joined",))


@pytest.mark.parametrize("length", [4097, 100_000])
def test_a_paste_longer_than_any_key_is_too_long(length: int):
    assert refused("a" * length) == "too_long"


def test_the_longest_key_is_still_taken():
    assert taken(" 'a1" + "b" * 4094 + "' ") == "a1" + "b" * 4094


def test_length_is_counted_after_what_is_around_is_taken_off():
    assert taken(" " * 9000 + OPENAI + "\n" * 9000) == OPENAI


@pytest.mark.parametrize(
    ("text", "provider", "place"),
    [
        (ANTHROPIC, "openai", "keys add anthropic"),
        (ANTHROPIC, "google", "keys add anthropic"),
        (OPENAI, "anthropic", "keys add openai"),
        ("sk-" + "aB3" * 16, "anthropic", "keys add openai"),
        (GOOGLE, "openai", "keys add google"),
        ("AQ." + "Ab8RN6" * 8, "openai", "keys add google"),
        ("sk-or-v1-" + "0f" * 32, "anthropic", "endpoints add"),
        ("gsk_" + "aB3d" * 13, "openai", "endpoints add"),
        ("xai-" + "aB3d" * 20, "openai", "endpoints add"),
        ("AKIAIOSFODNN7EXAMPLE", "anthropic", "Cloud LLM"),
        ("ASIAIOSFODNN7EXAMPLE", "openai", "Cloud LLM"),
        ("ABSK" + "aB3d" * 20, "anthropic", "Cloud LLM"),
        ("sk-ant-admin01-" + "aB3d" * 20, "anthropic", "console"),
        ("sk-ant-oat01-" + "aB3d" * 20, "anthropic", "console"),
        ("sk-ant-sid01-" + "aB3d" * 20, "openai", "console"),
        ("sk-admin-" + "aB3d" * 20, "openai", "console"),
        ("ya29." + "aB3d" * 20, "google", "console"),
        ("ghp_" + "aB3d" * 9, "openai", "no model"),
    ],
)
def test_a_key_for_another_place_is_sent_there(text: str, provider: str, place: str):
    assert refused(text, provider) == "wrong_provider"
    assert place in hint(text, provider)


@pytest.mark.parametrize(
    "text",
    [
        "xy-TESTkey33TESTkey33",
        "sk-litellm-virtual-0123",
        "c0ffee" * 8,
        "dGVzdA" * 4 + "==",
        "a.b-c_d~e+f/g=h12",
    ],
)
def test_an_unknown_shape_is_taken_with_a_warning(text: str):
    pasted = normalise_key(text, "openai")
    assert isinstance(pasted, PastedKey)
    assert (pasted.secret.reveal(), "shape" in pasted.notes[-1]) == (text, True)


def test_the_hint_names_the_place_and_the_character():
    text = OPENAI[:20] + "\u0430" + OPENAI[21:]
    assert "Character 21 " in hint(text)
    assert "cyrillic small letter a" in hint(text)


@pytest.mark.parametrize("provider", sorted(KEYS))
def test_a_bare_key_of_each_maker_is_recognised(provider: str):
    assert recognise(KEYS[provider]) == provider


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "explain sk-ant-api03- keys",
        "c0ffee" * 8,
        f"use {OPENAI} please",
        "sk-ant-api03-...",
        "sk-or-v1-" + "0f" * 32,
        "sk-ant-admin01-" + "aB3d" * 20,
    ],
)
def test_a_prompt_that_is_more_or_other_than_a_key_is_not_recognised(text: str):
    assert recognise(text) is None


@pytest.mark.parametrize("key", [*KEYS.values(), "sk-or-v1-" + "0f" * 32, "AKIAIOSFODNN7EXAMPLE"])
def test_a_key_anywhere_in_a_text_is_found(key: str):
    texts = [key, f"my key is {key}.", f"('{key}')", f"a\n{key}\nb", f"KEY={key}"]
    assert [text for text in texts if not contains_key(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sk-",
        "keys look like sk-ant-api03-xxxxxxxxxxxxxxxxxxxx",
        "risk-proj-management-of-everything-here",
        "pip install sk-learn",
        "sk-proj-... and AIza...",
        "set OPENAI_API_KEY=your-api-key-here",
        "task-ant-farm",
    ],
)
def test_talk_about_keys_is_no_key(text: str):
    assert not contains_key(text)


CHARACTERS = st.sampled_from(string.ascii_letters + string.digits + "-_")


@given(body=st.text(CHARACTERS, min_size=30, max_size=120), wrapping=st.sampled_from(WRAPPINGS))
def test_any_key_comes_out_of_any_wrapping_unchanged(body: str, wrapping: str):
    key = f"sk-ant-api03-7{body}7"
    if refused(key, "anthropic"):
        return  # by chance it holds a placeholder's mark
    assert taken(wrapping.format(key), "anthropic") == key


@given(st.text())
def test_no_paste_breaks_the_rules(text: str):
    pasted = normalise_key(text, "openai")
    if isinstance(pasted, PastedKey):
        assert re.fullmatch(r"[A-Za-z0-9_.~+/=-]{16,4096}", pasted.secret.reveal())


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        " ",
        "\x1b[200~",
        "\x1b[201~",
        "export ",
        "a=",
        "a\n",
        "a",
        "sk-",
        "sk-proj-aaaa",
        "your",
        "{",
        '"',
        "\u200b",
        "[",
        '{"a":',
    ],
)
def test_ten_megabytes_are_answered_in_linear_time(text: str):
    payload = text * (10_000_000 // len(text))
    began = time.process_time()
    normalise_key(payload, "openai")
    recognise(payload)
    contains_key(payload)
    assert time.process_time() - began < 10
