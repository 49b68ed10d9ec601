from __future__ import annotations

import ipaddress
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile_cases import HostileCase, expecting, load
from tui.address import AddressVerdict, check_address, forbidden_ip, is_loopback, origin


def ids(case: HostileCase) -> str:
    return f"{case.id}-{case.kind}"


def shown(verdict: AddressVerdict) -> str:
    return f"{verdict.normalised} {verdict.why} {verdict.host_shown}"


@pytest.mark.parametrize("case", load("endpoints"), ids=ids)
def test_every_pasted_address_gets_its_verdict(case: HostileCase):
    assert check_address(case.text).verdict in case.expect["verdict"].split("_or_")


@pytest.mark.parametrize("case", expecting("endpoints", "normalised"), ids=ids)
def test_an_accepted_address_is_used_in_its_normal_form(case: HostileCase):
    assert check_address(case.text).normalised == case.expect["normalised"]


@pytest.mark.parametrize("case", expecting("endpoints", "not_stored_or_shown"), ids=ids)
def test_a_refused_secret_is_not_repeated(case: HostileCase):
    answer = shown(check_address(case.text))
    assert [part for part in case.expect["not_stored_or_shown"] if part in answer] == []


@pytest.mark.parametrize(
    "typed",
    [
        "export OPENAI_BASE_URL=https://h.example/v1",
        "OPENAI_BASE_URL='https://h.example/v1';",
        '$env:OPENAI_BASE_URL = "https://h.example/v1"',
        'base_url: "https://h.example/v1",',
        '"base_url": "https://h.example/v1",',
        "`https://h.example/v1`",
        "“https://h.example/v1”",
        "\u00a0https://h.example/v1\ufeff",
        "\x1b[200~https://h.example/v1\x1b[201~",
        "HTTPS://H.Example/v1/",
        "https://h.example:443/v1//",
        "https://h.example./v1",
        "h.example:443/v1",
        "//h.example/v1",
        "https://h.example/v1/chat/completions",
        "https://h.example/v1/completions/",
        "https://h.example/v1/messages",
        "https://h.example/v1/embeddings",
        "https://h.example/v1/models",
        "https://h.example/v1?",
    ],
)
def test_what_a_paste_brings_along_is_taken_off(typed: str):
    assert check_address(typed).normalised == "https://h.example/v1"


@pytest.mark.parametrize(
    ("typed", "normalised"),
    [
        ("https://h.example", "https://h.example"),
        ("https://h.example/models", "https://h.example"),
        ("https://h.example/v1/models/gpt", "https://h.example/v1/models/gpt"),
        ("https://h.example/V1/xmodels", "https://h.example/V1/xmodels"),
        ("https://h.example/v1/@cf/meta", "https://h.example/v1/@cf/meta"),
        ("https://r.example/openai?api-version=2026-01-01", "https://r.example/openai?api-version=2026-01-01"),
        ("http://127.0.0.1:1234", "http://127.0.0.1:1234"),
        ("127.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:80/v1", "http://localhost/v1"),
        ("[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("::1", "http://[::1]"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("https://192.168.1.2:8443/v1", "https://192.168.1.2:8443/v1"),
        ("sk-telecom-gateway.example.com/v1", "https://sk-telecom-gateway.example.com/v1"),
        ("my-intranet-gateway-eu-west-1/v1", "https://my-intranet-gateway-eu-west-1/v1"),
    ],
)  # fmt: skip
def test_addresses_are_accepted_with_nothing_added(typed: str, normalised: str):
    verdict = check_address(typed)
    assert (verdict.verdict, verdict.normalised) == ("accept", normalised)


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("https://аpi.example.com/v1", "xn--pi-6kc.example.com"),
        ("https://faß.de", "xn--fa-hia.de"),
        ("https://例え。jp", "xn--r8jz45g.jp"),
        ("http://１２７.０.０.１:80", "127.0.0.1"),
        ("https://I❤.ws", "xn--i-7iq.ws"),
    ],
)
def test_a_host_beyond_ascii_is_confirmed_by_its_real_name(typed: str, host: str):
    verdict = check_address(typed)
    assert (verdict.verdict, verdict.host_shown) == ("confirm", host)
    assert host in verdict.why


@pytest.mark.parametrize(
    "typed",
    [
        "http://h.example/v1",
        "http://192.168.1.2",
        "http://0.0.0.0:4000",
        "http://[::]:4000",
        "http://8.8.8.8",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
    ],
)
def test_a_key_is_not_sent_in_the_clear_unasked(typed: str):
    assert check_address(typed).verdict == "confirm"


@pytest.mark.parametrize(
    "typed",
    [
        "https://h.example/a/%2e%2e/b",
        "https://h.example/a/./b",
        "https://api.openai.com.evil.example/v1",
        "https://xn--pi-7kc.example/",
    ],
)
def test_what_looks_like_something_else_is_confirmed(typed: str):
    assert check_address(typed).verdict == "confirm"


METADATA = [
    "169.254.169.254",
    "2852039166",
    "0xA9FEA9FE",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "025177524776",
    "169.254.43518",
    "169.16689662",
    "0xa9.254.0251.254",
    "169.254.169.254.",
    "１６９.２５４.１６９.２５４",
    "169。254。169。254",
    "169.254.0.1",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[::ffff:0:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:a9fe:a9fe::1]",
    "[2001:db8::5efe:a9fe:a9fe]",
    "[fe80::1]",
    "[febf::1]",
    "[fe80::1%25eth0]",
    "[fd00:ec2::254]",
    "[FD00:0EC2:0:0:0:0:0:0254]",
    "[fd00:ec2::23]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "0x64.0x64.0x64.0xc8",
    "metadata.google.internal",
    "METADATA.Google.Internal.",
    "metadata．google．internal",
    "ｍetadata.google.internal",
    "metadata.goog",
]


@pytest.mark.parametrize("host", METADATA)
@pytest.mark.parametrize("form", ["http://{}/latest", "https://{}:8080/v1", "{}"])
def test_metadata_services_are_refused_in_every_spelling(host: str, form: str):
    verdict = check_address(form.format(host))
    assert (verdict.verdict, verdict.normalised) == ("reject", None)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 0xFFFF), st.sampled_from(["d", "x", "o", "dots", "short", "mapped", "6to4"]))
def test_any_link_local_address_is_refused_however_it_is_written(low: int, form: str):
    value = 0xA9FE0000 + low
    dotted = str(ipaddress.IPv4Address(value))
    host = {
        "d": str(value),
        "x": hex(value),
        "o": f"0{value:o}",
        "dots": dotted,
        "short": f"169.254.{low}",
        "mapped": f"[::ffff:{dotted}]",
        "6to4": f"[2002:{value >> 16:x}:{low:x}::]",
    }[form]
    assert check_address(f"http://{host}/").verdict == "reject"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        '""',
        "OPENAI_BASE_URL=",
        "gopher://h.example",
        "javascript:alert(1)",
        "http+unix://socket",
        "mailto:a@b.example",
        "https:h.example",
        "https:/h.example",
        "https://https://h.example",
        "/v1",
        "https://?x",
        "https://:8080/v1",
        "https://user@h.example/",
        "https://@h.example/",
        "user:pw@h.example/v1",
        "https://h.example\\v1",
        "https://h.example\\@evil.example",
        "https://h.example/#",
        "https://h.example/v1#x",
        "https://h.example/v1 x",
        "https://h .example/",
        "https://h\t.example/",
        "https://h.example/\x00",
        "https://h.example/\x1b[2Jx",
        "https://gate\u200bway.example",
        "https://h.example/\u2066x",
        "https://h.example/v1\u202e",
        "https://h\u3164.example/",
        "https://h.example/\u00a0x",
        "https://h.example/\udcff",
        "https://h.example:0/",
        "https://h.example:65536/",
        "https://h.example:99999999999999999999999/",
        "https://h.example:/",
        "https://h.example:80a/",
        "https://h.example:٨٠/",
        "https://h.example:-1/",
        "h.example:port/v1",
        "localhost:x",
        "https://a..b/",
        "https://.h.example/",
        "https://-h.example/",
        "https://h_.<x>/",
        "https://h%2eexample/",
        "https://{resource}.example/",
        "https://h／evil.example/",
        "https://h℀.example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "ü" * 70 + ".example/",
        "https://" + "a." * 130 + "example/",
        "https://h.example/" + "a" * 2048,
        "https://256.1.1.1/",
        "https://1.2.3.4.5/",
        "https://089.1.1.1/",
        "https://7147006462/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[::g]/",
        "https://[]/",
    ],
)
def test_what_is_no_usable_address_is_refused(typed: str):
    verdict = check_address(typed)
    assert (verdict.verdict, verdict.normalised) == ("reject", None)


@pytest.mark.parametrize(
    "field",
    [
        "api_key", "apikey", "API-KEY", "apiKey", "key", "x-api-key", "subscription-key", "token",
        "access_token", "accessToken", "auth", "Authorization", "secret", "client_secret",
        "password", "pwd", "sig", "X-Amz-Signature", "api%5Fkey", "%61pi_key", "api%255Fkey",
        "credential", "jwt", "code", "authtoken", "sas",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["?{}=abc123", "?x=1&{}=abc123", "?x=1;{}=abc123", "/{}=abc123"])
def test_a_secret_in_the_address_is_refused_and_not_repeated(field: str, form: str):
    verdict = check_address("https://h.example/v1" + form.format(field))
    assert (verdict.verdict, "abc123" in shown(verdict)) == ("reject", False)


@pytest.mark.parametrize(
    "field", ["api-version", "region", "model", "monkeys", "tokenizer", "design"]
)
def test_a_query_without_a_secret_is_kept(field: str):
    assert check_address(f"https://h.example/v1?{field}=1").verdict == "accept"


KEYS = [
    "sk-ant-api03-TESTTESTTESTTEST",
    "sk-proj-TESTkey11TESTkey11TESTkey11",
    "sk-or-v1-0123456789abcdef0123456789abcdef",
    "AIzaSyTESTkey22TESTkey22TESTkey22TESTke",
    "AKIATESTTESTTESTTEST",
    "gsk_TESTkey33TESTkey33TESTkey33",
    "xai-TESTkey44TESTkey44TESTkey44",
    "eyJhbGciOiJIUzI1NiJ9.eyJURVNUIjoxfQ.TESTTESTTEST",
    "AQ.TESTkey55TESTkey55TESTkey55",
    "0123456789abcdef0123456789abcdef.TESTkey66TESTkey",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "form",
    ["{}", '"{}"', "OPENAI_API_KEY={}", "Bearer {}", "https://h.example/{}", "https://h.example?x={}",
     "https://{}:x@h.example/", "https://{}"],
)  # fmt: skip
def test_a_key_in_the_address_field_is_refused_and_not_repeated(key: str, form: str):
    verdict = check_address(form.format(key))
    assert verdict.verdict == "reject"
    assert key[-8:] not in shown(verdict)


@pytest.mark.parametrize("key", ["0123456789abcdef0123456789abcdef", "TESTkey77TESTkey77TESTkey77"])
def test_an_opaque_key_alone_is_refused(key: str):
    assert check_address(key).verdict == "reject"


@pytest.mark.parametrize(
    "case", [case for case in load("keys") if "normalised" in case.expect], ids=ids
)
def test_every_pasted_key_is_refused_as_an_address(case: HostileCase):
    verdict = check_address(case.text)
    assert (verdict.verdict, case.expect["normalised"][-10:] in shown(verdict)) == ("reject", False)


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from(" htps:/@\\?#%[]0x12769.254aé\u202e\x1b=&key-_\n"), max_size=40))
def test_a_normal_form_is_plain_and_stays_as_it_is(typed: str):
    normalised = check_address(typed).normalised
    if normalised is not None:
        assert normalised.isprintable()
        assert check_address(normalised).normalised == normalised


@pytest.mark.parametrize(
    "text", ["A=" * 500_000, '"' * 1_000_000, "a" * 1_000_000, "sk-" * 300_000]
)
def test_a_huge_paste_is_answered_at_once(text: str):
    began = time.process_time()
    check_address(text)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "api.localhost", "127.0.0.1", "127.9.9.9", "127.1", "2130706433",
     "::1", "[::1]", "[::ffff:127.0.0.1]"],
)  # fmt: skip
def test_this_machine_is_known_by_every_name(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["localhost.example.com", "127.0.0.1.example.com", "0.0.0.0", "10.0.0.1", "::", "1.1.1.1", "",
     "localhosts", "127.0.0.1:80", "[::1", "a b"],
)  # fmt: skip
def test_other_hosts_are_not_this_machine(host: str):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "ip",
    ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1%eth0", "[fe80::1]", "fd00:ec2::254",
     "100.100.100.200", "64:ff9b::a9fe:a9fe", "nonsense", ""],
)  # fmt: skip
def test_resolved_addresses_of_metadata_services_are_forbidden(ip: str):
    assert forbidden_ip(ip)


@pytest.mark.parametrize(
    "ip", ["127.0.0.1", "10.0.0.1", "8.8.8.8", "::1", "fd12:3456::1", "2606::1"]
)
def test_other_resolved_addresses_are_allowed(ip: str):
    assert not forbidden_ip(ip)


@pytest.mark.parametrize(
    ("url", "bound_to"),
    [
        ("https://api.example.com", "https://api.example.com:443"),
        ("https://API.example.com:443/v1", "https://api.example.com:443"),
        ("https://api.example.com:8443/v1", "https://api.example.com:8443"),
        ("http://localhost/v1", "http://localhost:80"),
        ("http://[::1]:11434/v1", "http://[::1]:11434"),
        ("http://2130706433/", "http://127.0.0.1:80"),
        ("https://faß.de/", "https://xn--fa-hia.de:443"),
    ],
)
def test_an_origin_names_scheme_host_and_port(url: str, bound_to: str):
    assert origin(url) == bound_to


@pytest.mark.parametrize("url", ["", "ftp://h.example", "https://user@h.example", "https://"])
def test_there_is_no_origin_of_what_is_no_address(url: str):
    with pytest.raises(ValueError, match=r"\w"):
        origin(url)
