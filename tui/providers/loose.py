"""Reading JSON that nobody promised: a field of the wrong type counts as not there."""

from __future__ import annotations

from typing import Any, cast


def as_table(value: object) -> dict[str, Any] | None:
    """`value` if it is a JSON object, else None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_rows(value: object) -> list[Any] | None:
    """`value` if it is a JSON array, else None."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def table(value: object) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return as_table(value) or {}


def rows(value: object) -> list[Any]:
    """`value` if it is a JSON array, else an empty one."""
    return as_rows(value) or []


def text(value: object) -> str:
    """`value` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def word(value: object) -> str | None:
    """`value` if it is a string that says something, else None."""
    return value if isinstance(value, str) and value else None
