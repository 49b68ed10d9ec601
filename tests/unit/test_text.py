from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile_cases import HostileCase, expecting
from tests.neutral_checks import (
    assert_holds_none,
    assert_no_raw_controls,
    assert_visible_where,
    raw_controls,
)
from tui.text import cell_width, decode, link_label, neutralise, safe_href, truncate

CSI = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["\x1b[", "\x9b"]),
    st.sampled_from(["", "?", ">", "=", "!", "<"]),
    st.from_regex(r"[0-9;:]{0,12}", fullmatch=True),
    st.sampled_from("ABCDHJKLMPSTXc@fghlmnpqrstu~z{|} \x07\x18"),
)
STRING_SEQUENCE = st.builds(
    "{}{}{}".format,
    st.sampled_from(["\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x9d", "\x90", "\x9f", "\x1bk"]),
    st.text(st.sampled_from("0125289;?=:,abcZXZ+/\x1b\\\x07\x00"), max_size=20),
    st.sampled_from(["\x07", "\x1b\\", "\x9c", "", "\x18", "\x1b"]),
)
SINGLE = st.sampled_from(
    [*map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0)), "\x1bc", "\x1b#8", "\x1b(0"]
)
BROKEN_BYTES = st.binary(max_size=8).map(decode)
PLAIN = st.text(max_size=10)
HOSTILE_TEXT = st.lists(
    st.one_of(CSI, STRING_SEQUENCE, SINGLE, BROKEN_BYTES, PLAIN), max_size=12
).map("".join)


def ids(case: HostileCase) -> str:
    return f"{case.id}-{case.kind}"


# The corpus


@pytest.mark.parametrize("case", expecting("text", "no_raw_bytes"), ids=ids)
def test_no_raw_byte_of_a_hostile_text_is_shown(case: HostileCase):
    assert_holds_none(neutralise(case.text), case.expect["no_raw_bytes"])


@pytest.mark.parametrize("case", expecting("file_names", "no_raw_bytes"), ids=ids)
@pytest.mark.parametrize("strict", [False, True])
def test_no_raw_byte_of_a_hostile_file_name_is_shown(case: HostileCase, strict: bool):
    assert_holds_none(neutralise(case.text, strict=strict), case.expect["no_raw_bytes"])


@pytest.mark.parametrize("case", expecting("text", "keeps_text"), ids=ids)
def test_readable_parts_of_a_hostile_text_stay_readable(case: HostileCase):
    shown = neutralise(case.text)
    assert [part for part in case.expect["keeps_text"] if part not in shown] == []


@pytest.mark.parametrize("case", expecting("text", "invisible"), ids=ids)
@pytest.mark.parametrize("strict", [False, True])
def test_invisible_characters_leave_a_mark_each(case: HostileCase, strict: bool):
    invisible = [chr(int(code, 16)) for code in case.expect["invisible"]]
    assert_visible_where(neutralise(case.text, strict=strict), case.text, invisible)


@pytest.mark.parametrize("case", expecting("text", "visible_marker_for_invalid"), ids=ids)
def test_bytes_that_are_no_utf8_show_as_marks(case: HostileCase):
    bad = [char for char in case.text if "\udc80" <= char <= "\udcff"]
    shown = neutralise(case.text)
    assert bad
    assert [f"⟨x{ord(char) - 0xDC00:02x}⟩" in shown for char in bad] == [True] * len(bad)


@pytest.mark.parametrize("case", expecting("text", "visible_marker_for_invalid"), ids=ids)
def test_decoded_bytes_can_be_had_back_whole(case: HostileCase):
    assert decode(case.data).encode("utf-8", "surrogateescape") == case.data


@pytest.mark.parametrize("case", expecting("text", "renders_as", "no_marker"), ids=ids)
def test_ordinary_text_of_any_script_stays_as_it_is(case: HostileCase):
    assert neutralise(case.text) == case.expect["renders_as"]


@pytest.mark.parametrize("case", expecting("text", "literal"), ids=ids)
def test_markup_is_shown_character_by_character(case: HostileCase):
    assert neutralise(case.text) == case.text


@pytest.mark.parametrize("case", expecting("text", "max_ms"), ids=ids)
def test_large_texts_are_neutralised_within_their_time(case: HostileCase):
    text = case.text
    began = time.process_time()
    neutralise(text)
    assert (time.process_time() - began) * 1000 < case.expect["max_ms"]


def parts_of_link(markdown: str) -> tuple[str, str]:
    text, _, href = markdown.removeprefix("[").partition("](")
    return text, href.removesuffix(")")


@pytest.mark.parametrize("case", expecting("text", "link_shows_target"), ids=ids)
def test_the_real_host_of_a_link_can_be_read(case: HostileCase):
    assert case.expect["link_shows_target"] in link_label(*parts_of_link(case.text))


@pytest.mark.parametrize("case", expecting("text", "not_clickable"), ids=ids)
def test_links_of_other_schemes_cannot_be_opened(case: HostileCase):
    text, href = parts_of_link(case.text)
    assert safe_href(href) is None
    assert "not clickable" in link_label(text, href)


# The checks themselves


def test_the_check_for_raw_controls_goes_red_without_the_neutraliser():
    hostile = [
        case for case in expecting("text", "no_raw_bytes") if case.kind.startswith("terminal")
    ]
    assert [case.id for case in hostile if not raw_controls(case.text)] == []


@pytest.mark.parametrize("case", expecting("text", "invisible"), ids=ids)
def test_the_check_for_invisible_characters_goes_red_without_the_neutraliser(case: HostileCase):
    invisible = [chr(int(code, 16)) for code in case.expect["invisible"]]
    with pytest.raises(AssertionError, match="shown as it is"):
        assert_visible_where(case.text, case.text, invisible)


def test_the_check_for_invisible_characters_goes_red_when_they_are_dropped():
    with pytest.raises(AssertionError, match="left 0 marks"):
        assert_visible_where("password", "pass\u200bword", ["\u200b"])


# Generated sequences


@pytest.mark.soak
@settings(max_examples=1000, deadline=None)
@given(HOSTILE_TEXT)
def test_generated_control_sequences_leave_no_raw_control(text: str):
    assert_no_raw_controls(neutralise(text))


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(HOSTILE_TEXT)
def test_generated_control_sequences_leave_no_raw_control_wherever_they_are_split(text: str):
    for at in range(len(text) + 1):
        assert_no_raw_controls(neutralise(text[:at]) + neutralise(text[at:]))


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(HOSTILE_TEXT)
def test_generated_bytes_leave_no_raw_control_wherever_they_are_split(text: str):
    data = text.encode("utf-8", "surrogateescape")
    for at in range(len(data) + 1):
        assert_no_raw_controls(neutralise(decode(data[:at])) + neutralise(decode(data[at:])))


@settings(max_examples=500, deadline=None)
@given(HOSTILE_TEXT)
def test_strict_text_is_printable_and_on_one_line(text: str):
    assert neutralise(text, strict=True).isprintable()


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=50))
def test_printable_ascii_is_never_changed(text: str):
    assert (neutralise(text), neutralise(text, strict=True)) == (text, text)


# Single rules


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb", "a\nb"),
        ("a\rb", "a␍b"),
        ("a\r\r\nb", "a␍\nb"),
        ("a\tb\n", "a\tb\n"),
        ("\x00\x1b\x7f\x85", "␀␛␡⟨U+0085⟩"),
        ("\ud83d", "⟨U+D83D⟩"),
        ("\ufeffx", "⟨U+FEFF⟩x"),
        ("x\u00ad", "x⟨U+00AD⟩"),
        ("x\U0001fffe\U0010ffff", "x⟨U+1FFFE⟩⟨U+10FFFF⟩"),
    ],
)
def test_a_control_becomes_its_mark(text: str, shown: str):
    assert neutralise(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "👩🏽‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 🏴‍☠️ ❤️‍🔥 👁️‍🗨️ 🧔🏻‍♂️ ⛹🏽‍♀️",
        "❤️ ☎︎ ✔️ ℹ️ ©️ ™️ ↔️ 1️⃣ #️⃣ *⃣ ㊗️",
        "🇩🇪🇮🇷 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "می‌خواهم کتاب‌ها PDF‌ها ۴‌ساله ه‍ ",
        "क्‍ष ശ്രീ ന്‍ ක්‍ෂ র‍্য బ్రౌజర్‌ ",
        "ភាសា​ខ្មែរ ภาษา​ไทย",
        "ᠮᠣᠩᠭᠣᠯ᠎ᠠ ᠪᠠᠢᠨ᠎ᠠ ᠭ᠋",
        "葛󠄀城 辻󠄂 。︀",
        "⠓⠑⠇⠇⠕⠀⠺⠕⠗⠇⠙",
        "fi ﬁ ½ № Ω → 日本語　全角 it’s “quoted” — done… русский ελληνικά",
        "e\u0301 x\u0338 ñ   10 000 €",
    ],
)
def test_joiners_selectors_and_marks_of_ordinary_text_stay(text: str):
    assert neutralise(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a\u200db",
        "a\u200cb",
        "a\u200d",
        "👩\u200dx",
        "x\u200d👩",
        "👩\u200d\u200d👩",
        "😀\ufe0f\ufe01",
        "x\ufe0f",
        "1\ufe0f",
        "😀\U000e0101",
        "葛\U000e0100\U000e0101",
        "م\u200c\u200cم",
        "🏴\U000e0072\U000e0075\U000e006e\U000e007f",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074",
        "\U000e0001hello",
        "ש\u200cל",
        "a\u200bb",
        "\u115f\u1160\uffa0\u034f\u17b4",
    ],
)
def test_joiners_selectors_and_tags_out_of_place_are_marked(text: str):
    invisible = {char for char in text if not char.isalnum() and char not in "👩😀🏴"}
    invisible |= set(text) & set("\u115f\u1160\uffa0\u17b4")
    assert_visible_where(neutralise(text), text, invisible)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("l\u200bs", "l⟨U+200B⟩s"),
        ("ｌｓ", "⟨U+FF4C⟩⟨U+FF53⟩"),
        ("ls\u3000-la", "ls⟨U+3000⟩-la"),
        ("ls\u00a0-la", "ls⟨U+00A0⟩-la"),
        ("git\u00adstatus", "git⟨U+00AD⟩status"),
        ("ls\x0bx", "ls␋x"),
        ("a\nb\tc", "a␊b␉c"),
        ("a\r\nb", "a␍␊b"),
        ("сat x", "⟨U+0441⟩at x"),
        ("сс", "⟨U+0441⟩⟨U+0441⟩"),
        ("pаypal_имя", "p⟨U+0430⟩ypal_имя"),
        ("src∕app.py", "src⟨U+2215⟩app.py"),
        ("rm –rf", "rm ⟨U+2013⟩rf"),
        ("“x”", "⟨U+201C⟩x⟨U+201D⟩"),
        ("می\u200cخ", "می⟨U+200C⟩خ"),
        ("𝐥𝐬", "⟨U+1D425⟩⟨U+1D42C⟩"),
        ("\u212aey", "⟨U+212A⟩ey"),
        ("x\u037e", "x⟨U+037E⟩"),
        ("bad\udcff.py", "bad⟨xff⟩.py"),
        ("\ue000", "⟨U+E000⟩"),
    ],
)
def test_strict_marks_what_could_be_taken_for_something_else(text: str, shown: str):
    assert neutralise(text, strict=True) == shown


@pytest.mark.parametrize(
    "name",
    [
        "отчёт.txt",
        "日本語ノート.md",
        "naïve café",
        "re\u0301sume\u0301.py",
        "έγγραφο",
        "मेरा",
        "m² ①",
    ],
)
def test_strict_leaves_names_in_any_language_alone(name: str):
    assert neutralise(name, strict=True) == name


@pytest.mark.parametrize(
    "text",
    [
        "a\x1b" * 250_000,
        "\u202e" * 330_000,
        "a\u200d" * 250_000,
        "م\u200c" * 200_000,
        "B\ufe01" * 200_000,
    ],
    ids=["escapes", "bidi", "joiners", "persian", "selectors"],
)
def test_a_megabyte_of_hostile_text_takes_well_under_a_second(text: str):
    began = time.process_time()
    neutralise(text)
    assert time.process_time() - began < 1


def test_time_grows_with_the_length_and_no_faster():
    def cpu(size: int) -> float:
        text = ("\u200d\ufe0f👩\u200d" * 5 + "\u2800") * size
        began = time.process_time()
        neutralise(text)
        return time.process_time() - began

    cpu(100)
    assert cpu(40_000) < 40 * max(cpu(4_000), 0.005)


# Cells


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("", 0),
        ("abc", 3),
        ("漢字", 4),
        ("e\u0301", 1),
        ("한글", 4),
        ("👩‍👩‍👧", 2),
        ("❤️", 2),
        ("🇩🇪", 2),
        ("👍🏽", 2),
        ("1️⃣", 2),
        ("⟨U+202E⟩", 8),
        ("␛[2J", 4),
        ("…", 1),
    ],
)
def test_width_is_counted_in_cells(text: str, cells: int):
    assert cell_width(text) == cells


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30), st.integers(0, 20))
def test_truncated_text_fits(text: str, cells: int):
    assert cell_width(truncate(neutralise(text, strict=True), cells)) <= cells


@pytest.mark.parametrize(
    ("text", "cells", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
        ("漢字漢", 5, "漢字…"),
        ("漢字漢", 4, "漢…"),
        ("ae\u0301bc", 3, "ae\u0301…"),
        ("x👩‍👩‍👧yz", 4, "x👩‍👩‍👧…"),
        ("x👩‍👩‍👧yz", 3, "x…"),
        ("🇩🇪🇮🇷🇩🇪", 5, "🇩🇪🇮🇷…"),
    ],
)
def test_truncation_keeps_what_belongs_together(text: str, cells: int, cut: str):
    assert truncate(text, cells) == cut


# Links


@pytest.mark.parametrize(
    ("text", "href", "label"),
    [
        ("docs", "https://docs.example.com/a", "docs (docs.example.com)"),
        ("https://e.com/", "https://e.com/", "https://e.com/"),
        ("e.com", "https://e.com/login", "e.com"),
        ("e.com", "https://f.com/", "e.com (f.com)"),
        ("", "https://f.com/", "(f.com)"),
        ("mail", "mailto:a@b.example?subject=x", "mail (a@b.example)"),
        ("x\x1b[2J", "https://f.com:8443/", "x␛[2J (f.com:8443)"),
        ("apple", "https://аpple.com/", "apple (xn--pple-43d.com)"),
        (
            "a",
            "https://good.example@evil.example/",
            "a (https://good.example@evil.example/, not clickable)",
        ),
        ("a", "http://%65vil.example/", "a (http://evil.example/, not clickable)"),
        ("a", "docs/a.md", "a (docs/a.md, not clickable)"),
        ("a", "java\u200bscript:x", "a (java⟨U+200B⟩script:x, not clickable)"),
    ],
)
def test_a_link_shows_where_it_goes(text: str, href: str, label: str):
    assert link_label(text, href) == label


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "ssh://h",
        "http:/evil.example",
        "http:evil.example",
        "//evil.example/x",
        "http:///x",
        "http://good.example\\@evil.example",
        "http://evil.example\\.good.example",
        "https://user:pw@h.example/",
        "https://h%2eexample/",
        "https://h.example/ x",
        "https://h.example/\u202ex",
        "https://h.example/\n",
        "https://h／evil.example/",
        "https://h:port/",
        "mailto:",
        "mailto:a@b.example?attach=/etc/passwd",
        "",
        "#top",
    ],
)
def test_unsafe_addresses_are_never_opened(href: str):
    assert safe_href(href) is None


@pytest.mark.parametrize(
    ("href", "opened"),
    [
        ("https://h.example/a?b=c#d", "https://h.example/a?b=c#d"),
        ("HTTP://H.example:8080", "http://h.example:8080"),
        ("https://faß.de/ü?q=é", "https://xn--fa-hia.de/%C3%BC?q=%C3%A9"),
        ("https://例え。jp/", "https://xn--r8jz45g.jp/"),
        ("https://[::1]:80/x", "https://[::1]:80/x"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)
def test_what_opens_is_what_was_shown(href: str, opened: str):
    assert safe_href(href) == opened
