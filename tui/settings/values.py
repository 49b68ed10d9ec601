"""What a setting's value must be, and the reason in words where it is not."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import assert_never, cast

import msgspec

from tui.settings.schema import Setting, Value

MAX_AMOUNT = Decimal(1_000_000)
MAX_TEXT = 200
MAX_AMOUNTS_TEXT = 10_000


class Refused(ValueError):
    """A value that a setting does not take; the text is the reason, for a person."""


def validate(setting: Setting, value: object) -> Value:
    """The value as it is kept.

    Raises:
        Refused: with the reason in words.
    """
    if value is None:
        if setting.nullable:
            return None
        raise Refused(f"{setting.id} cannot be empty; its default is {show(setting.default)}")
    match setting.kind:
        case "bool":
            if isinstance(value, bool):
                return value
            raise Refused(f"{setting.id} takes true or false, not {_quoted(value)}")
        case "choice":
            if isinstance(value, str) and value in setting.choices:
                return value
            known = ", ".join(setting.choices)
            raise Refused(f"{setting.id} takes one of {known}; not {_quoted(value)}")
        case "money":
            return _money(setting, value)
        case "amounts":
            return _amounts(setting, value)
        case "number":
            number = _amount(setting, value, "a number of 0 or more, such as 12.5")
            return int(number) if number == number.to_integral_value() else number
        case "int":
            return _whole(setting, value)
        case "text":
            return _text(setting, value)
        case _:
            assert_never(setting.kind)


def _amount(setting: Setting, value: object, wanted: str) -> Decimal:
    refused = Refused(f"{setting.id} takes {wanted}; not {_quoted(value)}")
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise refused
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError) as error:
        raise refused from error
    if not number.is_finite() or number.is_signed():
        raise refused
    if number > MAX_AMOUNT:
        raise Refused(f"{setting.id} is at most {MAX_AMOUNT:,}; not {_quoted(value)}")
    return number


def _money(setting: Setting, value: object) -> str:
    if isinstance(value, str):
        value = value.strip().removeprefix("$")
    number = _amount(setting, value, 'dollars of 0 or more, such as "2.50"')
    if number.adjusted() < -9 or f"{number:f}"[::-1].find(".") > 9:
        raise Refused(f"{setting.id} has at most 9 decimal places; not {_quoted(value)}")
    return f"{number:f}"


def split_amounts(text: str) -> dict[str, str]:
    """`work=20, home=5.50` as names and what stands behind them; the last of a name counts."""
    found: dict[str, str] = {}
    for item in text.split(","):
        name, _, amount = item.rpartition("=")
        if item.strip():
            found[name.strip()] = amount.strip()
    return found


def _amounts(setting: Setting, value: object) -> str | None:
    refused = Refused(f"{setting.id} is written like {setting.example}; not {_quoted(value)}")
    if isinstance(value, str):
        given: dict[object, object] = {**split_amounts(value)}
    elif isinstance(value, dict):
        given = cast("dict[object, object]", value)
    else:
        raise refused
    kept: dict[str, str] = {}
    for name, amount in given.items():
        plain = isinstance(name, str) and name.strip() and name.isprintable()
        if not plain or not isinstance(name, str) or "," in name:
            raise refused
        if setting.choices and name.strip() not in setting.choices:
            raise Refused(f"{setting.id} takes {', '.join(setting.choices)}; not {_quoted(name)}")
        kept[name.strip()] = _money(setting, amount)
    text = ", ".join(f"{name}={amount}" for name, amount in kept.items())
    if len(text) > MAX_AMOUNTS_TEXT:
        raise Refused(f"{setting.id} takes {MAX_AMOUNTS_TEXT:,} characters at most")
    return text or None


def _whole(setting: Setting, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"{setting.id} takes a whole number, not {_quoted(value)}")
    if not setting.low <= value <= setting.high:
        raise Refused(f"{setting.id} is from {setting.low:,} to {setting.high:,}; not {value}")
    return value


def _text(setting: Setting, value: object) -> str:
    if not isinstance(value, str):
        raise Refused(f"{setting.id} takes text, not {_quoted(value)}")
    text = value.strip()
    plain = text.isprintable() and text.isascii() and len(text) <= MAX_TEXT
    if not plain or not re.fullmatch(setting.shape, text):
        raise Refused(f"{setting.id} is written like {setting.example}; not {_quoted(text)}")
    return text


def _quoted(value: object) -> str:
    text = show(value)
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"


def show(value: object) -> str:
    """A value as a person types it and as a script reads it: `true`, `0.50`, `null`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str() | int() | Decimal():
            return str(value)
        case _:
            return msgspec.json.encode(value).decode("utf-8", "replace")


_ON = ("true", "on", "yes", "1")
_OFF = ("false", "off", "no", "0")
_UNSET = ("null", "none", "off", "unset", "")


def from_text(setting: Setting, text: str) -> Value:
    """What a person typed, as JSON or as plain words (`on`, `$5`, `none`), as a valid value.

    Raises:
        Refused: with the reason in words.
    """
    bare = text.strip()
    if len(bare) >= 2 and bare[0] == bare[-1] == '"':
        try:
            bare = msgspec.json.decode(bare, type=str)
        except msgspec.DecodeError as error:
            raise Refused(f"{_quoted(text)} is not a JSON string") from error
    word = bare.casefold()
    if setting.nullable and word in _UNSET:
        return validate(setting, None)
    match setting.kind:
        case "bool" if word in _ON or word in _OFF:
            return word in _ON
        case "int" if re.fullmatch(r"[+-]?[0-9]{1,18}", bare):
            return validate(setting, int(bare))
        case "bool" | "int" | "choice" | "money" | "number" | "text":
            return validate(setting, bare)
        case "amounts":
            return validate(setting, _mapping(bare))
        case _:
            assert_never(setting.kind)


def _mapping(text: str) -> object:
    """A JSON object, or the text as it is."""
    if not text.startswith("{"):
        return text
    try:
        return msgspec.json.Decoder[object](float_hook=Decimal).decode(text)
    except msgspec.DecodeError as error:
        raise Refused(f"{_quoted(text)} is no JSON object: {error}") from error
