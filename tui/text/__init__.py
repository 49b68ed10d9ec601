"""Text from outside as it may be shown: neutralised, measured, cut; links with their real target.

`neutralise` is the one way to the terminal (reliability.md, rule 1).
"""

from __future__ import annotations

from tui.text.links import link_label, safe_href
from tui.text.neutral import decode, neutralise
from tui.text.width import cell_width, truncate

__all__ = ["cell_width", "decode", "link_label", "neutralise", "safe_href", "truncate"]
