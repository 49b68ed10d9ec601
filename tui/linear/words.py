"""The session's own lines: who pays, what a turn cost, what failed and what to do (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.errors import headline
from tui.events.route import Payer
from tui.events.session import Mode
from tui.events.turn import ErrorRaised, RetryScheduled
from tui.money import show_credits, show_sum
from tui.session.replies import ModelRow
from tui.session.turn_sums import Paid, PlatformSum
from tui.session.words import MODES, PlainNames, counted, error_words
from tui.text import neutralise, truncate

_LONGEST_LABEL = 40
_LONGEST_TITLE = 60
_KEYS_OF_THE_CONSOLE = (
    ("in the console choose the model (F2)", "choose another model (`/model`)"),
    ("Settings (F3)", "the settings (`ownkey settings`)"),
    ("F3, API keys;", "`/key`;"),
    ("(F2)", "(`/model`)"),
    ("F2 ", "`/model` "),
    ("F3", "`ownkey settings`"),
    ("`ownkey local get`", "`/local`"),
)
_ADD_KEY = re.compile(r"`ownkey keys add [A-Za-z ]+(?:--replace)?`")
_MODE_WORDS: dict[Mode, str] = {
    "read": "it changes nothing",
    "ask": "it asks before it changes or runs anything",
    "edit": "it edits files in this folder without asking",
}


def here(text: str) -> str:
    """A hint with the console's keys in it, as it is done line by line."""
    for key, command in _KEYS_OF_THE_CONSOLE:
        text = text.replace(key, command)
    return _ADD_KEY.sub("`/key`", text).replace("`/key`; or `/key`", "`/key`")


class Names:
    """Names of models as they are listed, and of who serves them."""

    def __init__(self) -> None:
        self._rows: dict[str, ModelRow] = {}
        self._plain = PlainNames()

    def learn(self, rows: Sequence[ModelRow]) -> None:
        """Take in what can be picked."""
        self._rows = {row.id: row for row in rows}

    def row(self, model: str | None) -> ModelRow | None:
        """All that is known of a model."""
        return self._rows.get(model or "")

    def model(self, model: str) -> str:
        """Its name."""
        row = self._rows.get(model)
        return neutralise(row.name if row is not None else self._plain.model(model), strict=True)

    def provider(self, model: str, connection: str = "") -> str:
        """Who answers for it."""
        return neutralise(self._plain.provider(model, connection), strict=True)


def who_pays(payer: Payer | str | None, label: str, who: str) -> str:
    """Whose money a request takes; `label` of the key or connection, `who` serves it."""
    name = truncate(neutralise(label, strict=True), _LONGEST_LABEL)
    match payer:
        case "own_key":
            return f"your {who} key {name} pays".replace("  ", " ")
        case "endpoint":
            return f"your endpoint {name} pays"
        case "cloud_account":
            return f"your cloud account {name} pays"
        case "credits":
            return f"{name} credits pay" if name else "credits pay"
        case "nobody":
            return "on this machine, nobody pays"
        case _:
            return "nothing serves it yet: `/key` adds a key"


def model_line(names: Names, model: str | None, effort: str | None) -> str:
    """The model of what follows and who pays for it."""
    if model is None:
        return (
            "No model is chosen: `/key` adds a key, `/local` fetches a small free model, "
            "`/model` lists all."
        )
    row = names.row(model)
    who = names.provider(model)
    pays = who_pays(row.payer, row.label, who) if row is not None else "who pays is not known yet"
    with_effort = f", effort {effort}" if effort else ""
    shown = neutralise(model, strict=True)
    return f"Model: {names.model(model)} ({shown}){with_effort}; {pays}."


def mode_line(mode: Mode) -> str:
    """How freely the agent works."""
    return f"Mode: {MODES[mode]}; {_MODE_WORDS[mode]}."


def paid_line(paid: Paid, names: Names) -> str:
    """One route of a turn: model, payer, requests, tokens."""
    pays = who_pays(paid.payer, paid.label or paid.connection, names.provider(paid.model))
    parts = [names.model(paid.model), pays, f"{paid.requests} request{'s' * (paid.requests != 1)}"]
    mark = "+" if paid.partly else ""
    tokens = "?" if paid.input is None else f"{counted(paid.input)}{mark}"
    cached = f" ({counted(paid.cached)} cached)" if paid.cached else ""
    out = "?" if paid.output is None else f"{counted(paid.output)}{mark}"
    parts.append(f"tokens {tokens} in{cached}, {out} out")
    if paid.credits is not None:
        parts.append(show_credits(paid.credits))
    return "; ".join(parts)


def footer(
    paid: Sequence[Paid],
    names: Names,
    *,
    turn: tuple[int | None, int],
    session: tuple[int, int],
    platform: PlatformSum | None,
) -> list[str]:
    """What stands behind a turn; sums are known nano-dollars and how many are unknown."""
    lines = [paid_line(one, names) for one in paid]
    sure = all(one.sure for one in paid)
    cost = f"turn {show_sum(turn[0] or 0, turn[1], sure=sure)}; session {show_sum(*session)}"
    if platform is not None:
        fee = show_sum(platform.nano, platform.unknown)
        units = "" if platform.credits is None else f"{show_credits(platform.credits)}, "
        cost = f"platform credits {units}{fee}; {cost}"
    if len(lines) == 1:
        return [f"{lines[0]}; {cost}."]
    return [*(f"{line}." for line in lines), f"{cost[:1].upper()}{cost[1:]}."] if lines else []


def error_lines(error: ErrorRaised, who: str | None) -> str:
    """What failed and the next step."""
    head = error_words(error.kind, who)
    said = headline(error.message).strip().rstrip(".")
    whole = f"{head}: {said}." if said and said.lower() != head.lower() else f"{head}."
    hint = here(error.hint)
    return f"Error: {whole}" + (f"\nNext: {hint}" if hint else "")


def retry_line(retry: RetryScheduled, failed: ErrorRaised | None, who: str | None) -> str:
    """Why it waits and for how long."""
    why = error_words(retry.why, who)
    said = headline(failed.message).strip().rstrip(".") if failed is not None else ""
    wait = f"{max(retry.after, 1):.0f} s"
    detail = f" ({said})" if said else ""
    return f"{why}{detail}. Try {retry.attempt} in {wait}; Enter tries now, Ctrl+C stops."


def sentence(text: str) -> str:
    """Words as a sentence of their own."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def short(text: str) -> str:
    """Outside text as one short line."""
    return truncate(neutralise(" ".join(text.split()), strict=True), _LONGEST_TITLE)
