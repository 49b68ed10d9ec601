from __future__ import annotations

import io
import json
import sys

import pytest

from tui.cli.main import main


@pytest.fixture
def ask(monkeypatch, capsys):
    def run(data: str | bytes, *words: str) -> tuple[int, list[dict], str]:
        raw = data.encode() if isinstance(data, str) else data
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        status = main(["price", *words, "--json"])
        said = capsys.readouterr()
        return status, [json.loads(line) for line in said.out.splitlines()], said.err

    return run


USAGE = '{"input_tokens": 1000, "output_tokens": 100}'
AT = ("--at", "2026-11-20T12:00:00Z")


def test_an_answer_has_the_fields_of_the_contract(ask):
    status, answers, _ = ask(USAGE, "anthropic/claude-opus-4-7", *AT)
    assert status == 0
    assert answers == [
        {
            "model": "claude-opus-4-7",
            "provider": "anthropic",
            "usd": "0.007500000",
            "lines": [
                {"what": "input", "quantity": 1000, "unit_usd": "0.000005", "usd": "0.005"},
                {"what": "output", "quantity": 100, "unit_usd": "0.000025", "usd": "0.0025"},
            ],
            "unpriced": [],
            "priced_by": "genai-prices 0.2.3 and our corrections",
        }
    ]


def test_with_a_provider_the_model_is_not_split(ask):
    usage = '{"prompt_tokens": 1000000, "completion_tokens": 0}'
    _, answers, _ = ask(usage, "openai/gpt-oss-120b", "--provider", "groq", *AT)
    assert answers[0]["usd"] == "0.150000000"


def test_the_contexts_fields_may_stand_beside_the_usage(ask):
    asked = f'{{"usage": {USAGE}, "service_tier": "flex"}}'
    _, answers, _ = ask(asked, "gpt-5.5", "--provider", "openai", *AT)
    assert answers[0]["usd"] == "0.004000000"


def test_no_usage_is_no_price(ask):
    status, answers, _ = ask("null", "openai/gpt-5.5", *AT)
    assert (status, answers[0]["usd"], answers[0]["unpriced"]) == (0, None, ["no usage arrived"])


def test_a_fraction_is_a_decimal_from_the_text_on(ask):
    usage = '{"cost": 0.1000000000000000055511151231257827021181583404541015625}'
    _, answers, _ = ask(usage, "x", "--provider", "openrouter", *AT)
    assert answers[0]["lines"][0]["usd"].startswith("0.10000000000000000555")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "not json",
        "[]",
        '"text"',
        "{}",
        '{"model": 3}',
        '{"model": "openai/gpt-5.5", "provider": 3}',
        '{"model": "openai/gpt-5.5", "at": "yesterday", "usage": {}}',
        '{"model": "openai/gpt-5.5", "at": 3, "usage": {}}',
        '{"model": "openai/gpt-5.5", "usage": []}',
        '{"model": "openai/gpt-5.5", "usage": {}, "context": []}',
        '{"model": "openai/gpt-5.5", "usage": {"prompt_tokens": ' + "9" * 6000 + "}}",
        '{"model": "openai/gpt-5.5", "usage": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"model": "openai/gpt-5.5", "usage": {"prompt_tokens": 1e999999999}}',
        '{"model": "openai/gpt-5.5", "usage": {"prompt_tokens": NaN}}',
    ],
)
def test_a_bad_line_gets_its_answer_and_the_next_ones_stay_in_step(ask, line):
    good = json.dumps({"model": "openai/gpt-5.5", "at": AT[1], "usage": json.loads(USAGE)})
    status, answers, _ = ask(f"{line}\n{good}\n", "--batch")
    assert status == 0
    assert [one["usd"] for one in answers] == [None, "0.008000000"]
    assert answers[0]["unpriced"][0]


def test_bytes_that_are_no_text_get_their_answer(ask):
    _, answers, _ = ask(b"\xff\xfe\n", "--batch")
    assert (len(answers), answers[0]["usd"]) == (1, None)


def test_input_that_is_no_json_is_answered_and_fails(ask):
    status, answers, _ = ask("oops", "openai/gpt-5.5", *AT)
    assert (status, answers[0]["usd"]) == (1, None)


def test_without_a_model_the_usage_is_wrong(ask):
    status, answers, errors = ask("null")
    assert (status, answers, "which model" in errors) == (2, [], True)


def test_a_price_file_that_does_not_parse_is_named_beside_the_answer(ask, tmp_path):
    file = tmp_path / "prices.json"
    file.write_text("{")
    _, answers, errors = ask(USAGE, "openai/gpt-5.5", *AT, "--prices", str(file))
    assert (answers[0]["usd"], "price file" in errors) == ("0.008000000", True)


def test_a_person_reads_the_lines_and_the_sum(monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(USAGE.encode()), encoding="utf-8")
    )
    assert main(["price", "openai/gpt-5.5", *AT]) == 0
    shown = capsys.readouterr().out
    assert "$0.0080" in shown
    assert "$0.005" in shown


def test_a_person_reads_why_a_price_is_not_known(monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(USAGE.encode()), encoding="utf-8")
    )
    assert main(["price", "openai/gpt-7-nova", *AT]) == 0
    shown = capsys.readouterr().out
    assert "?" in shown
    assert "no price for openai/gpt-7-nova" in shown


def test_without_a_time_the_moment_counts(ask):
    _, answers, _ = ask(USAGE, "openai/gpt-5.5")
    assert answers[0]["usd"] is not None
