"""About how many tokens a picture or a document has, by the makers' formulas (pure).

Anthropic, "Vision": width * height / 750 of a picture of at most 1568 a side and about 1.15
megapixels; 2576 a side and 4784 tokens from Opus 4.7 on; "PDF support": 1,500 to 3,000 tokens of
text a page, and the page as a picture. OpenAI, "Images and vision": of at most 2048 a side and 768
at the shorter one, tiles of 512 with a base, by model. Google, "Understand and count tokens": 258
where both sides are at most 384, else as many for each tile of 768; from Gemini 3 on 1120 a picture
and 560 a page of a document.
"""

from __future__ import annotations

import math
import re

from tui.billing.counting import Family

UNKNOWN_PICTURE = (1_200, 800)
"""Taken for one whose size is not known, in pixels."""
BYTES_A_PAGE = 60_000
"""Of a document whose pages cannot be counted."""

_PAGE = rb"/Type\s*/Page(?![a-z])"
_COUNT = rb"/Count\s+(\d{1,5})"
_PAGE_TEXT = 700
_TILES = {"gpt-5": (70, 140), "o1": (75, 150), "o3": (75, 150)}
_USUAL_TILES = (85, 170)
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def file_tokens(data: bytes, media_type: str, family: Family, model: str = "") -> float:
    """Of one file that goes along with a message; text is counted as text, not here."""
    if media_type == "application/pdf":
        return pages(data) * page_tokens(family, model)
    return picture_tokens(picture_size(data) or UNKNOWN_PICTURE, family, model)


def page_tokens(family: Family, model: str = "") -> float:
    """A document's page: its picture, and what is written on it."""
    if family == "google":
        return 560 if _since_gemini_3(model) else 258
    return _PAGE_TEXT + picture_tokens((1_000, 1_294), family, model)


def pages(data: bytes) -> int:
    """A PDF's pages, as far as they can be seen without reading it."""
    if found := len(re.findall(_PAGE, data)):
        return found
    counts = [int(one) for one in re.findall(_COUNT, data)]
    return max(counts, default=0) or max(1, len(data) // BYTES_A_PAGE)


def picture_tokens(size: tuple[int, int], family: Family, model: str = "") -> float:
    """Of a picture of this width and height, in pixels."""
    wide, high = max(size[0], 1), max(size[1], 1)
    match family:
        case "anthropic" | "anthropic-4.7":
            side, most = (1_568, 1_600) if family == "anthropic" else (2_576, 4_784)
            by = min(1.0, side / max(wide, high))
            return min(wide * by * high * by / 750, most)
        case "google":
            if _since_gemini_3(model):
                return 1_120
            if max(wide, high) <= 384:
                return 258
            return 258 * math.ceil(wide / 768) * math.ceil(high / 768)
        case "openai" | "other":
            by = min(1.0, 2_048 / max(wide, high))
            by *= min(1.0, 768 / (min(wide, high) * by))
            tiles = math.ceil(wide * by / 512) * math.ceil(high * by / 512)
            known = next((name for name in _TILES if name in model), "")
            base, each = _TILES.get(known, _USUAL_TILES)
            return base + each * tiles


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, JPEG, GIF or WebP; None: not to be seen."""
    found = _written_size(data)
    return found if found is not None and min(found) > 0 else None


def _written_size(data: bytes) -> tuple[int, int] | None:
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:4] == b"GIF8" and len(data) >= 10:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return _jpeg(data) if data[:2] == b"\xff\xd8" else None


def _webp(data: bytes) -> tuple[int, int] | None:
    if data[12:16] == b"VP8X" and len(data) >= 30:
        wide, high = data[24:27], data[27:30]
        return int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1
    if data[12:16] == b"VP8 " and len(data) >= 30:
        wide, high = data[26:28], data[28:30]
        return int.from_bytes(wide, "little") & 0x3FFF, int.from_bytes(high, "little") & 0x3FFF
    if data[12:16] == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _JPEG_SIZES:
            high, wide = data[at + 5 : at + 7], data[at + 7 : at + 9]
            return int.from_bytes(wide, "big"), int.from_bytes(high, "big")
        at += 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
    return None


def _since_gemini_3(model: str) -> bool:
    found = re.search(r"gemini-(\d+)", model)
    return found is not None and int(found[1]) >= 3
