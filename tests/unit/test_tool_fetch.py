from __future__ import annotations

import asyncio
import time

import pytest

from tests.acting_calls import ActingPlace
from tests.fake_http import plain
from tui.errors import NetworkFailed
from tui.net import get_page
from tui.tools.base import Deadline
from tui.tools.effects import Fetching
from tui.tools.html_text import html_text

HTML = {"content-type": "text/html; charset=utf-8"}


class FakeSite:
    """Answers by path; notes what was asked."""

    def __init__(self):
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.heads: list[str] = []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.at = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        self.asked.append(path)
        self.heads.append(head)
        writer.write(self.pages.get(path, plain(404, b"{}")))
        writer.close()


@pytest.fixture
async def site():
    async with FakeSite() as made:
        yield made


@pytest.fixture
def place(tmp_path):
    made = ActingPlace(tmp_path)
    made.environ |= {"ANTHROPIC_API_KEY": "sk-made-up"}
    return made


def fetched(place, url):
    effect = place.effect("fetch", url=url)
    assert isinstance(effect, Fetching)
    return effect


async def test_a_page_is_given_as_readable_text(place, site):
    page = b"<title>T</title><h1>Head</h1><p>One &amp; <a href='/x'>two</a><script>x</script>"
    site.pages["/"] = plain(200, page, HTML)
    result = await place.call("fetch", url=site.at)
    head, _, text = result.output.partition("\n")
    assert head == f"[status 200, text/html, {len(page)} bytes, {site.at}/]"
    assert text == "T\n\n# Head\n\nOne & [two](/x)"


async def test_nothing_is_sent_but_what_is_shown(place, site):
    await place.call("fetch", url=f"{site.at}/a?b=c")
    assert site.asked == ["/a?b=c"]
    assert "sk-made-up" not in site.heads[0]
    assert "cookie" not in site.heads[0].lower()
    assert "authorization" not in site.heads[0].lower()


async def test_an_address_that_was_not_approved_is_not_asked(place, site):
    shown = fetched(place, site.at)
    assert not (await place.unapproved("fetch", url=site.at)).ok
    assert not (await place.approved("fetch", shown, url=f"{site.at}/other")).ok
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/", "example.org", "", "javascript:alert(1)",
        "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xA9FEA9FE/",
        "http://[::ffff:169.254.169.254]/", "http://metadata.google.internal/",
        "http://100.100.100.200/", "http://[fd00:ec2::254]/", "https://user:pw@example.org/",
        "https://example.org/?api_key=abc", "https://exa mple.org/", "https://example.org\\@evil.org/",
        "http://exam\u202eple.org/", "http://example.org:0/", "http://", "https://x/\na",
    ],
)  # fmt: skip
async def test_what_is_no_web_address_or_leads_to_secrets_is_refused(place, url):
    assert place.refusal("fetch", url=url)
    assert not (await place.unapproved("fetch", url=url)).ok


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://example.org/x", "public"),
        ("http://localhost:8080/", "loopback"),
        ("http://127.1/", "loopback"),
        ("http://2130706433/", "loopback"),
        ("http://[::1]/", "loopback"),
        ("http://0.0.0.0:80/", "loopback"),
        ("http://a.localhost/", "loopback"),
        ("http://10.0.0.1/", "private"),
        ("http://0xc0a80001/", "private"),
        ("http://[fc00::1]/", "private"),
        ("http://[::ffff:10.0.0.1]/", "private"),
        ("http://100.64.0.1/", "private"),
        ("http://printer/", "private"),
        ("http://wiki.corp/", "private"),
        ("https://8.8.8.8/", "public"),
    ],
)
def test_where_an_address_leads_is_said(place, url, where):
    effect = fetched(place, url)
    assert effect.place == where
    assert bool(effect.facts) == (where != "public")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("HTTPS://Example.ORG", "https://example.org/"),
        ("https://example.org/a/../b/./c?x=1#part", "https://example.org/b/c?x=1"),
        ("https://example.org/models", "https://example.org/models"),
        ("https://example.org/a/", "https://example.org/a/"),
        ("https://example.org/caf\u00e9?q=\u00fc", "https://example.org/caf%C3%A9?q=%C3%BC"),
    ],
)
def test_the_address_is_shown_as_it_goes_out(place, url, address):
    assert fetched(place, url).address == address


def test_a_host_in_other_letters_is_shown_in_punycode(place):
    assert "xn--" in fetched(place, "https://\u0430pple.com/").facts


async def test_a_name_that_resolves_inside_is_refused_where_the_web_was_asked_for(site):
    with pytest.raises(NetworkFailed, match="private network"):
        await get_page(f"{site.at}/", headers={}, timeout_s=5, environ={}, public_only=True)
    assert site.asked == []


async def test_a_redirect_on_the_same_host_is_followed(place, site):
    site.pages["/a"] = plain(302, b"", {"location": "/b"})
    site.pages["/b"] = plain(200, b"here", {"content-type": "text/plain"})
    assert (await place.call("fetch", url=f"{site.at}/a")).output.endswith("/b]\nhere")


ELSEWHERE = ("http://127.0.0.2:9/", "//evil.example/", "http://169.254.169.254/",
             "file:///etc/passwd", "https://127.0.0.1/")  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_a_redirect_elsewhere_is_said_and_not_followed(place, site, target):
    site.pages["/a"] = plain(302, b"", {"location": target})
    result = await place.call("fetch", url=f"{site.at}/a")
    assert not result.ok
    assert site.asked == ["/a"]


async def test_a_circle_of_redirects_ends(place, site):
    site.pages["/a"] = plain(302, b"", {"location": "/a"})
    result = await place.call("fetch", url=f"{site.at}/a")
    assert "redirects more than 5 times" in result.output


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\0", "image/png", "no text"),
        (b"\0\1\2", "text/plain", "no text"),
        ("caf\u00e9".encode("latin-1"), "text/plain; charset=latin-1", "caf\u00e9"),
        (b"caf\xe9", "text/plain; charset=rot13", "caf"),
        (b"caf\xe9", "text/plain; charset=zlib", "caf"),
        (b'{"a":1}', "application/problem+json", '{"a":1}'),
    ],
)
async def test_the_kind_decides_what_is_shown(place, site, body, kind, words):
    site.pages["/"] = plain(200, body, {"content-type": kind})
    assert words in (await place.call("fetch", url=site.at)).output


async def test_a_long_page_is_cut_with_its_size(place, site):
    site.pages["/"] = plain(200, b"word " * 100_000, {"content-type": "text/plain"})
    result = await place.call("fetch", url=site.at)
    assert result.output.endswith("[cut: 40,000 of 500,000 characters]")
    assert result.truncated


async def test_an_error_status_and_a_refused_connection_are_results(place, site):
    assert (await place.call("fetch", url=f"{site.at}/nope")).output.startswith("[status 404")
    result = await place.call("fetch", url="http://127.0.0.1:9/")
    assert (result.ok, "cannot be reached" in result.output) == (False, True)


@pytest.mark.parametrize("page", ["<" * 200_000, "<a " * 90_000, "<!--" * 250_000])
def test_no_page_takes_long(page):
    began = time.monotonic()
    html_text(page, Deadline(0.3))
    seconds = time.monotonic() - began
    print(f"{seconds:.2f} s")
    assert seconds < 10


def test_lists_code_tables_and_pictures_can_be_read():
    page = (
        "<ul><li>a</li><li>b</li></ul><pre>x\n  y</pre><table><tr><td>1<td>2</table>"
        "<img alt='a cat'><svg><p>no</p></svg><style>no</style>end"
    )
    text = html_text(page, Deadline(5.0))
    assert "- a\n\n- b" in text.replace("\n\n\n", "\n\n")
    assert "x\n  y" in text
    assert "| 1 | 2" in text
    assert "[picture: a cat]" in text
    assert "no" not in text
