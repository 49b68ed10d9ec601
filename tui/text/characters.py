"""Which characters are what, as runs of code points in hex; `one_of` makes a pattern of them, and
`is_one_of` looks a single character up.

Unicode's own lists: Default_Ignorable_Code_Point and other format characters, blanks that are
letters, Extended_Pictographic, and the confusables of UTS #39 (14.0) with one ASCII prototype.
"""

from __future__ import annotations

import bisect
import functools
import re

# Runs of code points, in hex. None of these may reach a terminal as it is.
CONTROLS = (
    "0-8 B-1F 7F-9F AD 34F 61C 115F-1160 17B4-17B5 200E-200F 2028-202E 2060-206F 3164 D800-DFFF "
    "FDD0-FDEF FEFF FFA0 FFF0-FFFB FFFE-FFFF 13430-1343F 16FE4 1BCA0-1BCA3 1D159 1D173-1D17A "
    "E0000-E001F "
    "1FFFE-1FFFF 2FFFE-2FFFF 3FFFE-3FFFF 4FFFE-4FFFF 5FFFE-5FFFF 6FFFE-6FFFF 7FFFE-7FFFF "
    "8FFFE-8FFFF 9FFFE-9FFFF AFFFE-AFFFF BFFFE-BFFFF CFFFE-CFFFF DFFFE-DFFFF EFFFE-EFFFF "
    "FFFFE-FFFFF 10FFFE-10FFFF"
)
# Invisible too, but ordinary text between or after the right neighbours.
JOINERS = "180B-180F 200B-200D 2800 FE00-FE0F E0020-E0FFF"
EMOJI = (
    "A9 AE 203C 2049 2122 2139 2194-2199 21A9-21AA 231A-231B 2328 2388 23CF 23E9-23F3 23F8-23FA "
    "24C2 25AA-25AB 25B6 25C0 25FB-25FE 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714 "
    "2716 271D 2721 2728 2733-2734 2744 2747 274C 274E 2753-2755 2757 2763-2767 2795-2797 27A1 "
    "27B0 27BF 2934-2935 2B05-2B07 2B1B-2B1C 2B50 2B55 3030 303D 3297 3299 1F000-1F0FF "
    "1F10D-1F10F 1F12F 1F16C-1F171 1F17E-1F17F 1F18E 1F191-1F19A 1F1AD-1F1E5 1F201-1F20F 1F21A "
    "1F22F 1F232-1F23A 1F23C-1F23F 1F249-1F64F 1F680-1F6FF 1F774-1F77F 1F7D5-1F7FF 1F80C-1F80F "
    "1F848-1F84F 1F85A-1F85F 1F888-1F88F 1F8AE-1F8FF 1F90C-1F93A 1F93C-1F945 1F947-1FAFF "
    "1FC00-1FFFD"
)
# Scripts whose letters join or stack, so that a joiner between them changes what is seen.
JOINED_SCRIPTS = (
    "600-74F 750-77F 7C0-7FF 840-8FF 900-DFF F00-109F 1780-18AF 1900-194F 1A20-1AAF 1B00-1C4F "
    "A800-A82F A840-A87F A8E0-A92F A980-A9FF AA60-AAFF ABC0-ABFF 10A00-10A5F 10AC0-10AFF "
    "10B80-10BAF 10D00-10D3F 10F30-10F6F 11000-1247F 1E900-1E95F"
)
UNSPACED_SCRIPTS = "E00-EFF 1000-109F 1780-17FF 1950-19DF 1A20-1AAF A9E0-A9FF AA60-AADF"
MONGOLIAN = "1820-18AF"
STANDARD_VARIANTS = (
    "1000-109F 2200-22FF 2A00-2AFF 3001-3002 A840-A87F AA60-AA7F FF00-FF20 FF3B-FF40"
)
IDEOGRAPHS = "3400-4DBF 4E00-9FFF F900-FAFF 20000-3FFFD"
BRAILLE = "2801-28FF"
# The only flags of this form that Unicode recommends; any other shows as a bare black flag.
TAGGED_FLAGS = ("gbeng", "gbsct", "gbwls")
# Letters that look like an ASCII letter, digit or mark and do not normalise to it.
LOOKALIKE_LETTERS = (
    "131 138 184 18D 196 1A6-1A7 1B7 1BC-1BD 1C0 1C3 21C 222-223 241 251 261 263 269-26A 26F 28B "
    "28F 294 2B9 2BB-2BE 2C6 2C8 2CA-2CB 2D0 37A 37F 391-392 395-397 399-39A 39C-39D 39F 3A1 "
    "3A4-3A5 3A7 3B1 3B3 3B5 3B7 3B9-3BA 3BC-3BD 3BF 3C1 3C3-3C5 3C7 3C9 3DC 3E8 3F2-3F3 3F9-3FA "
    "405-406 408 410 412 415 417 41A 41C-41E 420-423 425 42C 430-433 435 43A 43C-43E 440-443 445 "
    "455-456 458 461 474-475 4AE-4AF 4BB 4BD 4C0 4CF 4E0 501 50C 51B-51D 54D 54F 555 561 563 566 "
    "570 578 57C-57D 581 584-585 5D5 5D8-5D9 5DF 5E1 627 647 660-661 665 667 6BE 6C1 6D5 6F0-6F1 "
    "6F5 6F7 7C0 7CA 7F4-7F5 7FA 966 97D 9E6 9EA 9ED A66-A67 A6A AE6 B20 B66 B68 BE6 C66 CE6 D20 "
    "D66 D6D E50 ED0 101D 1040 10E7 10FF 1200 12D0 13A0-13A2 13A5 13A9-13AC 13AE 13B3 13B7 13BB "
    "13BD 13C0 13C2-13C3 13CE-13CF 13D2 13D4-13D5 13D9-13DA 13DE-13DF 13E2 13E6-13E7 13EE "
    "13F3-13F4 142F 1433 1438 144A 144C 146D 146F 1472 148D 14AA 14BF 1541 157C-157D 1587 15AF "
    "15B4 15C5 15DE 15EA 15F0 15F7 16B2 16B7 16C1 16CC 16D5-16D6 1D04 1D0F 1D11 1D1C 1D20-1D22 "
    "1D26 1D83 1D8C 1E9D 1EFF 2C85 2C8E 2C92 2C94 2C98 2C9A 2C9E-2C9F 2CA2-2CA6 2CA8 2CAC 2CBA "
    "2CC6 2CCA 2CCC 2CD0 2CD2 2D38-2D39 2D4F 2D51 2D54-2D55 2D5D 3007 3033 30CE 4E36 4E3F "
    "A4D0-A4D4 A4D6-A4D7 A4D9-A4DA A4DC-A4DD A4DF-A4E3 A4E6-A4E7 A4EA-A4EC A4EE A4F0 A4F2-A4F4 "
    "A4F8-A4F9 A4FD A644 A647 A6DF A6EB A6EF A731 A75A A76A A76E A778 A78C A798-A799 A79F A7AB "
    "A7B2-A7B4 AB32 AB35 AB3D AB47-AB48 AB4E AB52 AB5A AB75 AB81 AB83 AB93 ABA9-ABAA ABAF 10282 "
    "10286-10287 1028A 10290 10292 10295-10297 1029B 102A0-102A2 102A5 102AB 102B0-102B2 102B4 "
    "102CF 102F5 10301-10302 10309 10311 10315 10317 1031A 1031F-10320 10322 10404 10415 1041B "
    "10420 1042C 1043D 10448 104B4 104C2 104CE 104D2 104EA 104F6 10513 10516 10518 1051C-1051D "
    "10525-10527 114D0 11706 1170A 1170E-1170F 118A0 118A2-118A4 118A6 118A9 118AC 118AE-118AF "
    "118B2 118B5 118B8 118BB-118BC 118C0-118C4 118C6 118C8 118CA 118CC 118D5-118D8 118DC 118E0 "
    "118E5-118E6 118E9 118EC 118EF 118F2 16F08 16F0A 16F16 16F28 16F35 16F3A-16F3B 16F3F-16F40 "
    "16F42-16F43 1E8C7 1E8CB"
)
# Marks and signs that look like ASCII ones: quotes, dashes, slashes, bars, colons, brackets.
LOOKALIKE_SIGNS = (
    "A6 B4 B8 D7 2C2-2C4 2D7 2DB-2DD 2F4 2F6 2F8 384 2010-2016 2018-201F 2032-2037 2039-203A 2041 "
    "2043-2044 204E-204F 2052-2053 2057 205A 2212 2215-2217 2219 2223 2225 2228 2236 223C "
    "2373-2374 237A 23FD 244A 2500-2503 2571-2573 2758-2759 275B-275E 2768-276F 2772-2775 "
    "2795-2796 27CB 27CD 292B-292C 29F5 29F8-29F9 2A2F 2AFB 2AFD 2CF9 2E28-2E29 2E3A-2E3B 2E40 "
    "A4FE-A4FF A789 FE31-FE32 FE58 FFE8"
)
JAMO_TAILS = "1160-11FF D7B0-D7FF"
REGIONAL = "1F1E6-1F1FF"
# Wide since Unicode 16; older tables, Python's among them, call them narrow.
WIDE_SINCE_16 = "2630-2637 268A-268F 4DC0-4DFF 1D300-1D356 1D360-1D376"


@functools.cache
def one_of(*lists: str) -> re.Pattern[str]:
    """A pattern for one character of these lists."""
    return re.compile(f"[{''.join(map(_code_points, lists))}]")


@functools.cache
def runs_of(*lists: str) -> re.Pattern[str]:
    """A pattern for one or more characters of these lists in a row."""
    return re.compile(f"[{''.join(map(_code_points, lists))}]+")


def is_one_of(char: str, *lists: str) -> bool:
    """Whether a single character is of these lists: a pattern would take 3 ms to be made."""
    bounds = _bounds(lists)
    return bool(bisect.bisect_right(bounds, ord(char)) % 2)


@functools.cache
def _bounds(lists: tuple[str, ...]) -> list[int]:
    """Where membership begins and ends, in turn."""
    bounds: list[int] = []
    for first, last in sorted(span for runs in lists for span in _spans(runs)):
        if bounds and first <= bounds[-1]:
            bounds[-1] = max(bounds[-1], last + 1)
        else:
            bounds += [first, last + 1]
    return bounds


def _spans(runs: str) -> list[tuple[int, int]]:
    ends = (run.partition("-") for run in runs.split())
    return [(int(first, 16), int(last or first, 16)) for first, _, last in ends]


def _code_points(runs: str) -> str:
    """The inside of a regex class."""
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in _spans(runs))
