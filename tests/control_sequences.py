"""A grammar of what a terminal may take for an order: whole, nested, cut off, in Markdown."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tui.text import decode

_ESC, _BEL, _ST = "\x1b", "\x07", "\x1b\\"

CSI = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from([f"{_ESC}[", "\x9b", f"{_ESC}{_ESC}[", f"{_ESC}\x00["]),
    st.sampled_from(["", "?", ">", "=", "!", "<", "$"]),
    st.from_regex(r"\A[0-9;:]{0,12}\Z"),
    st.sampled_from(["", " ", "$", '"', "'", "*", "\n", "\x18"]),
    st.sampled_from("ABCDEFGHIJKLMPSTXZ`abcdefghilmnpqrstuvwxyz{|}~@ "),
)
_OSC_BODY = st.sampled_from([
    "0;owned", "2;owned", "52;c;aGk=", "52;c;?", "4;1;?", "10;?", "11;?", "8;;http://a.example",
    "9;4;1;50", "777;notify;a;b", "1337;File=inline=1:AAAA", "133;A", "7;file://x/", "22;wait",
    "99;;hi", "633;E;rm", "l", "L", "I",
])  # fmt: skip
STRINGS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from([f"{_ESC}{kind}" for kind in "]P_^Xk"] + list("\x9d\x90\x9f\x9e\x98")),
    _OSC_BODY | st.text(st.sampled_from("0125289;?=:,abcq$+#/\\\x00\x07\x1b"), max_size=12),
    st.sampled_from(["", "+q544e", "$qm", "1000p", "Gf=100;AAAA"]),
    st.sampled_from([_BEL, _ST, "\x9c", "", "\x18", "\x1a", _ESC, "\n"]),
)
ESCAPES = st.builds(
    "{}{}{}".format,
    st.just(_ESC),
    st.sampled_from(["", " ", "#", "%", "(", ")", "*", "+", "-", ".", "/"]),
    st.sampled_from("0123456789=>78cDEFHMNOVWZlmno|}~8GBAKQR@"),
)
SINGLE = st.sampled_from([chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))])
UNSEEN = st.sampled_from("\u202e\u2066\u2069\u200b\u200f\u2028\u2029\ufeff\u00ad\U000e0041")
BROKEN = st.binary(max_size=6).map(decode)
PLAIN = st.text(max_size=6) | st.sampled_from(["hello", " ", "\n\n", "ü", "日本", "👩‍👩‍👧", "\t"])
PIECE = st.one_of(CSI, CSI, STRINGS, STRINGS, ESCAPES, SINGLE, UNSEEN, BROKEN, PLAIN)

_MARKDOWN = st.sampled_from([
    "{}", "# {}", "- {}", "> {}", "`{}`", "```{}\nx\n```", "```py\n{}\n```", "**{}**",
    "[{}](http://a.example)", "[a](http://a.example/{})", "| a | b |\n|-|-|\n| {} | c |", "1. {}",
    "<{}>", "![{}](b)", "    {}", "~~~\n{}", "[x]: {}\n[x]", "&#27;{}", "\\{}",
])  # fmt: skip
HOSTILE = st.builds(
    lambda frame, pieces: frame.replace("{}", "".join(pieces)),
    _MARKDOWN,
    st.lists(PIECE, min_size=1, max_size=6),
)


def generated(number: int, count: int, longest: int = 200) -> list[str]:
    """So many different hostile texts, the same ones for the same seed."""
    found: dict[str, None] = {}

    @seed(number)
    @settings(
        max_examples=count * 3 // 2, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(HOSTILE)
    def take(text: str) -> None:
        if len(text) <= longest:
            found[text] = None

    take()
    assert len(found) >= count, len(found)
    return list(found)[:count]
