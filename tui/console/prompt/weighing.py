"""About how many tokens stand in the composer, for what the next turn would cost.

Counted a little after a key, never on its way: the typed words each time, a paste once and from
parts of it, a file by what the look at it has shown.
"""

from __future__ import annotations

from collections.abc import Iterable

from tui.billing.counting import Family, family_of, ratio, text_tokens
from tui.billing.file_tokens import BYTES_A_PAGE, UNKNOWN_PICTURE, page_tokens, picture_tokens
from tui.console.prompt.attachments import Looked
from tui.console.prompt.chips import Named
from tui.console.prompt.pasted import Pasted

MOST_SEEN = 12_000
"""Characters of one text that are looked at: about 3 ms."""


class Weighing:
    """Weighs what is written; each paste once for a model's tokenizer."""

    def __init__(self) -> None:
        self._pastes: list[tuple[Pasted, Family, float]] = []

    def draft(self, text: str, pasted: Iterable[Pasted], named: Iterable[Named], model: str) -> int:
        """Tokens of all that would be sent, as this model has them."""
        family = family_of(model)
        found = text_tokens(text, family, most=MOST_SEEN)
        files = {one.looked.path: one for one in named if not one.problem}.values()
        found += sum(file_weight(one.looked, family, model) for one in files)
        return round(found) + self.pastes(pasted, model)

    def pastes(self, pasted: Iterable[Pasted], model: str) -> int:
        """Tokens of long pastes."""
        family, known = family_of(model), self._pastes
        now: list[tuple[Pasted, Family, float]] = []
        for one in pasted:
            kept = next((x for x in known if x[0] is one and x[1] == family), None)
            now.append(kept or (one, family, text_tokens(one.text, family, most=MOST_SEEN)))
        self._pastes = now
        return round(sum(tokens for _, _, tokens in now))


def file_weight(looked: Looked, family: Family, model: str) -> float:
    """Tokens of a file that goes along, by its size and its head."""
    match looked.kind:
        case "text" | "folder":
            return looked.tokens * ratio("openai", family)
        case "image":
            return picture_tokens(looked.pixels or UNKNOWN_PICTURE, family, model)
        case "pdf":
            return max(1, looked.size // BYTES_A_PAGE) * page_tokens(family, model)
        case "missing" | "refused":
            return 0.0
