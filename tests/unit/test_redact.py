from __future__ import annotations

import base64
import json
import secrets
import string
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.canary import FORMS, RUN, body_of, encoded, leaks, made_up_key
from tests.hostile_cases import key_forms
from tui.keys.redact import Scrubber, ScrubStream
from tui.secret import MARK, Secret

KEY = "sk-ant-api03-q7Rk2ZbV0mXw_9LtYc-4HsNdE1fJpGu8oTi3WaQvKxB5zCyMr6PlDhSn0UjOgFe2kI7t-VbXmAA"
KEYS = (
    KEY,
    "sk-proj-Zk3vQ8_xWm1Lr7TbYc-0HsNdE5fJpGu2oTi9WaRqKxB4zCyMe6PlDhSn",
    "AIzaSyB7vQ2xWm9Lr0TbYc4HsNdE8fJpGu1oTi6",
    "gateway/key+with=odd.chars~0123456789",
)
PROSE = (
    "The quick brown fox: `def scrub(text: str) -> str:` and 100 % of \\n escapes.\n"
    "See /usr/lib/python3/dist-packages, commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904.\n"
)


def scrubber(*keys: str) -> Scrubber:
    return Scrubber(Secret(key) for key in keys or KEYS)


def streamed(pieces: list[str], *keys: str) -> str:
    stream = ScrubStream(scrubber(*keys))
    return "".join(map(stream.feed, pieces)) + stream.flush()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", KEYS)
def test_a_stored_key_is_masked_in_every_form(key: str, form: str):
    shown = scrubber().scrub(f"before {encoded(key, form)} after")
    assert MARK in shown
    assert not leaks(shown, key)


@pytest.mark.parametrize("name", sorted(key_forms(KEY)))
def test_a_stored_key_is_masked_in_every_form_of_the_hostile_cases(name: str):
    assert not leaks(scrubber().scrub(f"({key_forms(KEY)[name]})"), KEY)


@pytest.mark.parametrize("form", ["base64", "base64url"])
@pytest.mark.parametrize("offset", range(3))
def test_base64_is_masked_at_every_offset(form: str, offset: int):
    assert not leaks(scrubber().scrub(encoded(KEY, form, offset=offset)), KEY)


@pytest.mark.parametrize("form", FORMS)
def test_any_run_of_twelve_characters_is_masked_in_every_form(form: str):
    body = body_of(KEY)
    runs = [body[at : at + RUN] for at in range(len(body) - RUN + 1)]
    texts = [f"<{encoded(run, form)}>" for run in runs]
    assert [
        run for run, text in zip(runs, texts, strict=True) if MARK not in scrubber().scrub(text)
    ] == []


@pytest.mark.parametrize("form", ["base64", "base64url"])
@pytest.mark.parametrize("key", [KEYS[0], KEYS[-1]])
def test_any_run_of_twelve_characters_is_masked_in_base64_of_a_longer_text(key: str, form: str):
    body = body_of(key)
    missed = [
        (at, offset)
        for at in range(len(body) - RUN + 1)
        for offset in range(3)
        if leaks(scrubber().scrub(encoded(body[at : at + RUN] + "!!", form, offset=offset)), key)
    ]
    assert missed == []


def test_fewer_than_twelve_characters_stay():
    part = body_of(KEY)[20:31]
    assert scrubber().scrub(f"…{part}…") == f"…{part}…"


def test_the_public_prefix_alone_stays():
    text = "keys start with sk-ant-api03- and sk-proj- and AIzaSy"
    assert scrubber().scrub(text) == text


def test_a_key_is_masked_whole_with_its_prefix():
    assert scrubber().scrub(f"key={KEY}.") == f"key={MARK}."


def test_a_key_that_is_not_stored_stays():
    other = made_up_key()
    assert scrubber().scrub(other) == other


def test_a_mix_of_escapes_is_read():
    mixed = "".join(
        (char, f"\\u{ord(char):04x}", f"%{ord(char):02x}", f"\\x{ord(char):02X}")[at % 4]
        for at, char in enumerate(KEY)
    )
    assert scrubber().scrub(f"[{mixed}]") == f"[{MARK}]"


def test_escapes_of_escapes_are_read():
    twice = json.dumps(json.dumps(KEY.replace("k", "\u006b")))
    doubled = "".join(f"%25{ord(char):02x}" for char in KEY)
    slashes = "".join(f"\\\\u{ord(char):04x}" for char in KEY)
    for text in (twice, doubled, slashes):
        assert not leaks(scrubber().scrub(text), KEY)
        assert MARK in scrubber().scrub(text)


def test_invisible_characters_and_colours_between_do_not_hide_a_key():
    for between in ("\u200b", "\x00", "\x1b[1m", "\u2060"):
        assert MARK in scrubber().scrub(between.join(KEY))


def test_json_stays_json_when_a_key_in_it_is_masked():
    text = json.dumps({"a\n": f"\n{KEY}\t", "b": [KEY, f'"{KEY}"'], "c": f"\\{KEY}"})
    assert json.loads(scrubber().scrub(text))["b"] == [MARK, f'"{MARK}"']


def test_bytes_of_any_encoding_are_masked():
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-16"):
        data = f"é {KEY} é".encode(encoding)
        assert not leaks(scrubber().scrub_bytes(data), KEY)


def test_bytes_without_a_key_come_back_as_they_were():
    data = bytes(range(256)) * 4
    assert scrubber().scrub_bytes(data) is data


def test_short_secrets_do_not_eat_words():
    assert scrubber("none", "ollama").scrub("none of ollama") == "none of ollama"


@pytest.mark.parametrize("form", ["plain", "hex", "base64", "reversed"])
def test_a_short_secret_is_masked_where_it_stands_whole(form: str):
    key = "pass-word9"
    assert MARK in scrubber(key).scrub(f"({encoded(key, form)})")
    assert scrubber(key).scrub("(pass-word)") == "(pass-word)"


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS)
def test_a_key_split_at_any_place_does_not_pass_a_stream(form: str):
    text = f"a {encoded(KEY, form)} z"
    leaked = [at for at in range(len(text)) if leaks(streamed([text[:at], text[at:]]), KEY)]
    assert leaked == []


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS)
def test_a_key_that_comes_character_by_character_does_not_pass_a_stream(form: str):
    text = f"a {encoded(KEY, form)} z"
    shown = streamed(list(text))
    assert MARK in shown
    assert not leaks(shown, KEY)


def test_a_stream_shows_the_same_as_the_whole_but_for_the_first_few_characters():
    text = f"{PROSE}{KEY}{PROSE}"
    assert streamed(list(text)) == f"{PROSE}{KEY[:3]}{MARK}{PROSE}"


def test_a_stream_gives_ordinary_text_at_once():
    stream = ScrubStream(scrubber())
    words = [word + " " for word in PROSE.split(" ") if not word.endswith("\\")]
    assert [stream.feed(word) for word in words] == words


def test_a_stream_gives_back_at_its_end_what_only_looked_like_a_key():
    start = KEY[:20]
    assert streamed([f"it starts with {start}"]) == f"it starts with {start}"


def test_a_key_that_comes_in_one_piece_is_masked_whole():
    assert streamed([f"{PROSE}{KEY}{PROSE}"]) == f"{PROSE}{MARK}{PROSE}"


def test_a_stream_holds_back_no_more_than_one_key():
    stream = ScrubStream(scrubber())
    fed = KEY * 200
    shown = "".join(stream.feed(fed[at : at + 7]) for at in range(0, len(fed), 7))
    assert shown.startswith(MARK)
    assert len(stream._text) <= 2 * len(KEY)


ALPHABET = string.ascii_letters + string.digits + "-_"
ORDINARY = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


@pytest.mark.soak
@given(
    body=st.text(st.sampled_from(ALPHABET), min_size=24, max_size=90),
    form=st.sampled_from(FORMS),
    before=ORDINARY,
    after=ORDINARY,
    cuts=st.lists(st.integers(0, 800), max_size=12),
)
def test_no_run_of_any_key_passes_in_any_form_however_it_is_cut(
    body: str, form: str, before: str, after: str, cuts: list[int]
):
    key = f"sk-proj-{body}"
    text = before + encoded(key, form) + after
    if leaks(before + after, key):
        return
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert leaks(scrubber(key).scrub(text), key) == []
    assert leaks(streamed(pieces, key), key) == []


@given(text=ORDINARY, cuts=st.lists(st.integers(0, 40), max_size=5))
def test_text_without_a_key_passes_a_stream_unchanged(text: str, cuts: list[int]):
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert streamed(pieces) == text


@pytest.mark.soak
@pytest.mark.parametrize(
    "text",
    ["a" * 4_000_000, PROSE * 30_000, "\\" * 4_000_000, "%41" * 1_000_000, (KEY + " ") * 20_000],
    ids=["one run", "prose", "backslashes", "percent", "keys"],
)
def test_four_megabytes_are_scrubbed_in_linear_time(text: str):
    began = time.process_time()
    scrubber().scrub(text)
    assert time.process_time() - began < 10


def test_the_sweep_itself_finds_a_key_in_every_form():
    found = {form: leaks(b"\xff" + encoded(KEY, form).encode("latin-1"), KEY) for form in FORMS}
    assert [form for form in FORMS if form not in found[form]] == []
    assert leaks(base64.b64encode(secrets.token_bytes(90)), KEY) == []


def test_a_scrubber_shows_no_secret_of_its_own():
    assert not leaks(repr(scrubber()) + str(scrubber()), KEY)
