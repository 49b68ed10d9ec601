"""What a server says of its tools, made fit to be offered and bound to what an approval covers.

Pure. Everything here comes from the server: hostile, and held to sizes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from tui.events.tool import ToolSpec
from tui.text import neutralise
from tui.tools.output import amount

MOST_TOOLS = 100
"""Of all servers together: with ours it stays below what every maker takes (128)."""

MOST_DESCRIPTION = 10_000
"""Characters of one tool's description that are shown and told to the model."""

MOST_TOLD = 200_000
"""Characters of all definitions of one server: the model is told them with each request."""

_MOST_SCHEMA = 30_000
_MOST_NOTE = 1_000
_MOST_DEPTH = 24
_LONGEST_NAME = 64
_DIGEST = 40  # hex digits: 160 bits, so that a server cannot make two definitions of one digest
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_PROPERTY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NOT_AT_THE_TOP = ("oneOf", "anyOf", "allOf", "not", "enum", "const")
_DROPPED = ("$schema", "$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$comment")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One tool as the server defines it, whole."""

    name: str
    description: str
    schema: dict[str, Any]


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One tool as it is offered.

    Args:
        server: The server's name.
        name: As the server calls it.
        spec: As the model is told of it, under the name `server__tool`.
        digest: Of server, name, description and schema, whole: what an approval is bound to.
        description: For the person: whole, or cut with a notice; raw.
    """

    server: str
    name: str
    spec: ToolSpec
    digest: str
    description: str

    @property
    def rule(self) -> str:
        """The rule that covers it as long as it is defined like this."""
        return f"mcp: {self.spec.name}#{self.digest}"


class Defined(msgspec.Struct, frozen=True, kw_only=True):
    """A server's tools as they are offered, and what is left out or cut, in sentences."""

    tools: tuple[Definition, ...] = ()
    notes: tuple[str, ...] = ()


def define(server: str, identity: str, listed: Sequence[Told]) -> Defined:
    """Make a server's list fit to be offered.

    Args:
        server: Its name.
        identity: What it is: its command or address. Another server of the same name is not
            covered by approvals of this one.
        listed: As it told them.
    """
    tools: dict[str, Definition] = {}
    seen: set[str] = set()
    left_out: list[str] = []
    size = cut = 0
    for told in listed:
        if told.name in seen:
            left_out.append(f"{_short(told.name)} is there twice")
            continue
        seen.add(told.name)
        made, why = _define(server, identity, told)
        if made is None:
            left_out.append(f"{_short(told.name)} {why}")
            continue
        size += len(made.spec.description) + len(json.dumps(made.spec.schema))
        if len(tools) >= MOST_TOOLS or size > MOST_TOLD:
            break
        tools[made.spec.name] = made
        cut += len(told.description) > MOST_DESCRIPTION
    return Defined(tools=tuple(tools.values()), notes=tuple(_notes(tools, listed, left_out, cut)))


def _notes(
    tools: Mapping[str, Definition], listed: Sequence[Told], left_out: Sequence[str], cut: int
) -> Iterator[str]:
    total = len(listed)
    if len(tools) + len(left_out) < total:
        yield f"offers {amount(total, 'tools')}: the first {len(tools):,} are used"
    for why in left_out[:3]:
        yield f"a tool is left out: {why}"
    if len(left_out) > 3:
        yield f"{amount(len(left_out) - 3, 'tools')} more are left out"
    if cut:
        longest = max(len(one.description) for one in listed)
        yield (
            f"{amount(cut, 'descriptions')} cut at {MOST_DESCRIPTION:,} characters; "
            f"the longest has {longest:,}"
        )


def digest_of(server: str, identity: str, told: Told) -> str:
    """What an approval of this tool is bound to."""
    whole = [server, identity, told.name, told.description, told.schema]
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_DIGEST]


def offered_name(server: str, name: str) -> str:
    """`server__tool` in the letters that every maker takes, 64 at most.

    A name that had to be changed ends in a mark of what it was, so that two stay two whatever
    else is in the list.
    """
    plain = f"{server}__{name}"
    if _PLAIN.fullmatch(name) and len(plain) <= _LONGEST_NAME:
        return plain
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    cleaned = re.sub(r"[^A-Za-z0-9_-]", "_", name) or "tool"
    return f"{server}__{cleaned}"[: _LONGEST_NAME - 7] + f"_{mark}"


def _define(server: str, identity: str, told: Told) -> tuple[Definition | None, str]:
    """The tool as it is offered, or None and why it is not."""
    try:
        digest = digest_of(server, identity, told)
        schema = _offered(told.schema)
        size = len(json.dumps(schema))
    except (RecursionError, ValueError):
        return None, "has arguments that are nested too deep"
    if size > _MOST_SCHEMA:
        return None, f"describes its arguments in {amount(size, 'characters')}"
    if any(not _PROPERTY.fullmatch(name) for name in _table(schema.get("properties"))):
        return None, "names an argument as no model may call it"
    said = capped(told.description, MOST_DESCRIPTION)
    spec = ToolSpec(
        name=offered_name(server, told.name),
        description=f"[Tool of the MCP server {server}] {neutralise(said)}".rstrip(),
        schema=schema,
    )
    made = Definition(server=server, name=told.name, spec=spec, digest=digest, description=said)
    return made, ""


def capped(text: str, most: int) -> str:
    """A text, or its beginning and how long it is."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\n[cut: {most:,} of {amount(len(text), 'characters')}]"


def _offered(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as makers take it: an object, nothing from elsewhere, its words neutral."""
    made = {
        name: value for name, value in _cleaned(schema, 0).items() if name not in _NOT_AT_THE_TOP
    }
    made["type"] = "object"
    if not isinstance(made.get("properties"), dict):
        made["properties"] = {}
    return made


def _cleaned(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > _MOST_DEPTH:
        raise ValueError("too deep")
    reference = value.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        return {}  # anything: what lies elsewhere is never fetched
    made: dict[str, Any] = {}
    for name, part in value.items():
        if name in _DROPPED and not isinstance(part, dict):
            continue
        if name in ("description", "title") and isinstance(part, str):
            made[name] = neutralise(capped(part, _MOST_NOTE))
        else:
            made[name] = _cleaned_part(cast("object", part), depth)
    return made


def _cleaned_part(part: object, depth: int) -> object:
    if isinstance(part, dict):
        return _cleaned(cast("dict[str, Any]", part), depth + 1)
    if isinstance(part, list):
        if depth > _MOST_DEPTH:
            raise ValueError("too deep")
        return [_cleaned_part(one, depth + 1) for one in cast("list[object]", part)]
    return part


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _short(name: str) -> str:
    return json.dumps(name[:60], ensure_ascii=False)
