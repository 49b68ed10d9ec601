"""The hostile cases of tests/data/hostile: payloads built, placeholders filled in."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "hostile"
PLACEHOLDER = re.compile(r"\{(canary|key(?:_[a-z0-9_]+)?)\}")


@dataclass(frozen=True, eq=False)
class HostileCase:
    """One case; `data` is its payload as bytes, `text` the same, bad bytes as surrogates."""

    id: str
    channel: str
    kind: str
    data: bytes
    expect: dict[str, Any]
    raw: dict[str, Any]

    @property
    def text(self) -> str:
        payload = self.raw.get("payload")
        return payload if payload is not None else self.data.decode("utf-8", "surrogateescape")

    def filled(self, *, key: str = "", canary: str = "127.0.0.1:9") -> str:
        """The text with `{key…}`, `{canary}` filled in (not in shell cases: braces are theirs)."""
        return fill(self.text, key=key, canary=canary)

    def __repr__(self) -> str:
        return self.id


def load(name: str) -> list[HostileCase]:
    """Every case of `<name>.json`, in order."""
    cases = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [_case(raw) for raw in cases]


def expecting(name: str, *fields: str) -> list[HostileCase]:
    """The cases whose `expect` has one of these fields."""
    return [case for case in load(name) if any(field in case.expect for field in fields)]


def by_kind(name: str, start: str) -> list[HostileCase]:
    """The cases whose class starts with `start`."""
    return [case for case in load(name) if case.kind.startswith(start)]


def payload_of(raw: dict[str, Any]) -> bytes:
    """Build the payload of a case from whichever of the four fields it has."""
    if "payload" in raw:
        return raw["payload"].encode("utf-8", "surrogatepass")
    if "payload_b64" in raw:
        return base64.b64decode(raw["payload_b64"])
    if "payload_b64z" in raw:
        return zlib.decompress(base64.b64decode(raw["payload_b64z"]))
    gen = raw["payload_gen"]
    text = gen.get("prefix", "") + gen["repeat"] * gen["times"] + gen.get("suffix", "")
    return text.encode("utf-8", "surrogatepass")


def key_forms(key: str) -> dict[str, str]:
    """Every form of a key that a placeholder can name, by the placeholder's name."""
    raw = key.encode()
    half = len(key) // 2
    return {
        "key": key,
        "key_b64": base64.b64encode(raw).decode(),
        "key_hex": raw.hex(),
        "key_url": "".join(f"%{byte:02X}" for byte in raw),
        "key_json": "".join(f"\\u{ord(char):04x}" for char in key),
        "key_basic": base64.b64encode(b":" + raw).decode(),
        "key_first_half": key[:half],
        "key_second_half": key[half:],
        "key_upper": key.upper(),
        "key_reversed": key[::-1],
    }


def fill(text: str, *, key: str = "", canary: str = "127.0.0.1:9") -> str:
    """Fill the places of a payload; an unknown name fails, so that no case is tested unfilled."""
    places = {**key_forms(key), "canary": canary}
    return PLACEHOLDER.sub(lambda found: places[found[1]], text)


def _case(raw: dict[str, Any]) -> HostileCase:
    return HostileCase(
        id=raw["id"],
        channel=raw["channel"],
        kind=raw["class"],
        data=payload_of(raw),
        expect=raw.get("expect", {}),
        raw=raw,
    )
