"""Reading counts out of usage objects that anybody may have written.

A count is a whole number from 0 to a trillion. Absent or null is None, never 0; anything else
(text, a negative, NaN, a fraction, a bomb) is malformed.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

MOST = 10**12
"""More tokens than this in one request is nonsense."""

Raw = Mapping[str, Any]


class Malformed(ValueError):
    """A usage object that contradicts itself or holds what is no count; says where."""


def count(value: object, where: str) -> int | None:
    """A count, or None where the wire says nothing.

    Raises:
        Malformed: there is something that is no count.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Malformed(f"{where} is no number")
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        if not value.is_finite() or value != value.to_integral_value():
            raise Malformed(f"{where} is no whole number")
        if not 0 <= value <= MOST:
            raise Malformed(f"{where} is out of range")
        return int(value)
    if not 0 <= value <= MOST:
        raise Malformed(f"{where} is out of range")
    return value


def read(raw: Raw, *names: str) -> int | None:
    """The count under the first of these names that has one."""
    for name in names:
        found = count(raw.get(name), name)
        if found is not None:
            return found
    return None


def lenient(raw: Raw, *names: str) -> int | None:
    """As `read`, with None for what is malformed: for showing, never for billing."""
    for name in names:
        try:
            found = count(raw.get(name), name)
        except Malformed:
            continue
        if found is not None:
            return found
    return None


def inner(raw: Raw, *names: str) -> Raw:
    """The object under the first of these names that has one; an empty one if none has."""
    for name in names:
        value = raw.get(name)
        if isinstance(value, Mapping):
            return cast(Raw, value)
    return {}


def items(raw: Raw, *names: str) -> list[Raw]:
    """The objects of the list under the first of these names that has one."""
    for name in names:
        value = raw.get(name)
        if isinstance(value, list):
            found = cast("list[object]", value)
            return [cast(Raw, one) for one in found if isinstance(one, Mapping)]
    return []
