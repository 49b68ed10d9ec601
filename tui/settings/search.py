"""Finds settings, keys, connections and actions by their words, synonyms and near spellings.

The same search serves the console's settings and `ownkey settings search`. It is pure: keys and
connections are handed in by the caller as entries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from tui.settings.schema import SETTINGS, Setting, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EntryKind = Literal["setting", "key", "connection", "action"]

MAX_QUERY = 200

_FILLER = frozenset({
    "a", "an", "and", "are", "can", "do", "does", "for", "from", "how", "i", "in", "is", "it",
    "me", "my", "of", "on", "or", "per", "the", "to", "want", "what", "where", "with", "your",
})  # fmt: skip


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that Enter acts on; `settings search` prints all of it but `words`."""

    id: str
    title: str
    section: str
    value: Value
    default: Value
    help: str
    kind: EntryKind
    words: tuple[str, ...] = ()


def setting_entry(setting: Setting, value: Value) -> Entry:
    """A setting with its value in force."""
    return Entry(
        id=setting.id,
        title=setting.title,
        section=setting.section,
        value=value,
        default=setting.default,
        help=setting.help,
        kind="setting",
        words=(*setting.words, *setting.choices),
    )


def setting_entries(value_of: Callable[[str], Value]) -> list[Entry]:
    """Every setting, in the order of the settings screen."""
    return [setting_entry(setting, value_of(setting.id)) for setting in SETTINGS]


MAKERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "anthropic": ("Anthropic", ("claude", "opus", "sonnet", "haiku")),
    "openai": ("OpenAI", ("gpt", "chatgpt", "codex")),
    "google": ("Google", ("gemini", "ai studio")),
}
KEY_WORDS = ("api key", "byok", "bring your own key", "own key", "credential", "token", "secret")


def key_entry(id_: str, *, provider: str, label: str, fingerprint: str, state: str) -> Entry:
    """A key: `state` is contract.md's word, `fingerprint` the last four characters at most."""
    name, words = MAKERS.get(provider, (provider, ()))
    return Entry(
        id=id_,
        title=f"{name} {label}".strip(),
        section="API keys",
        value=state,
        default=None,
        help=f"Key …{fingerprint.lstrip('…')}, {state}.",
        kind="key",
        words=(f"{name} key", provider, *words, *KEY_WORDS, "replace key", "remove key"),
    )


def connection_entry(
    id_: str, *, title: str, section: str, state: str, help_: str, words: tuple[str, ...] = ()
) -> Entry:
    """A connection that is no key: an endpoint, cloud account, credit service or local model."""
    return Entry(
        id=id_,
        title=title,
        section=section,
        value=state,
        default=None,
        help=help_,
        kind="connection",
        words=words,
    )


class Index:
    """Entries made ready to be searched at each key press.

    Args:
        entries: In the order in which ties and an empty query show them.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = [_Ready(entry) for entry in entries]

    def search(self, query: str) -> list[Entry]:
        """The entries that `query` means, best first; all of them where it says nothing.

        Each word must be met somewhere in an entry. Where no entry meets all, those that meet
        some are given.
        """
        wanted = _words(query[:MAX_QUERY])
        meant = [word for word in wanted if word not in _FILLER] or wanted
        if not meant:
            return [ready.entry for ready in self._entries]
        memo: dict[tuple[str, str], float] = {}
        whole: list[tuple[float, Entry]] = []
        part: list[tuple[float, Entry]] = []
        for ready in self._entries:
            hits = [ready.best(word, memo) for word in meant]
            bonus = ready.phrase_bonus("".join(meant))
            score = sum(hits) / len(meant) + bonus + _OWNED[ready.entry.kind]
            if all(hits) or bonus:
                whole.append((-score, ready.entry))
            elif any(hits):
                part.append((-score, ready.entry))
        return [entry for _, entry in sorted(whole or part, key=lambda row: row[0])]


def search(entries: Iterable[Entry], query: str) -> list[Entry]:
    """One search; see `Index.search`."""
    return Index(entries).search(query)


_OWNED: dict[EntryKind, float] = {"key": 3.0, "connection": 2.0, "setting": 0.0, "action": 0.0}
"""What the person has comes before what could be done about it."""


class _Ready:
    """An entry with its words cut, each under the greatest weight of the places it stands in."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._weights: dict[str, float] = {}
        for weight, text in (
            (10.0, entry.title),
            (9.0, " ".join(entry.words)),
            (7.0, entry.id),
            (6.0, entry.section),
            (3.0, entry.help),
        ):
            for word in _words(text):
                self._weights.setdefault(word, weight)
        self._title = set(_words(entry.title)) - _FILLER
        self._phrases = [
            (20.0, _joined(entry.title)),
            *((16.0, _joined(synonym)) for synonym in entry.words),
            (14.0, _joined(entry.id)),
            (12.0, _joined(entry.section)),
        ]

    def best(self, word: str, memo: dict[tuple[str, str], float]) -> float:
        """The weight of the best place that meets a typed word, 0 where none does."""
        best = 0.0
        for at, weight in self._weights.items():
            met = memo.get((word, at))
            if met is None:
                met = memo[word, at] = _match(word, at)
            # A word of a short title says more of the entry than one of a long title.
            share = 1.0 / len(self._title) if at in self._title else 0.0
            best = max(best, (weight + share) * met)
        return best

    def phrase_bonus(self, phrase: str) -> float:
        """Extra for what belongs together: `apikey`, `replace key`, a whole title."""
        best = 0.0
        for weight, text in self._phrases:
            if _stem(phrase) == _stem(text):
                best = max(best, weight)
            elif len(phrase) >= 3 and text.startswith(phrase):
                best = max(best, weight / 2)
        return best


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _joined(text: str) -> str:
    return "".join(_words(text))


def _match(word: str, at: str) -> float:
    """How well a typed word meets one of an entry's: 1 the same, 0 not at all."""
    if word == at or _stem(word) == _stem(at):
        return 1.0
    if at.startswith(word):
        return 0.8 if len(word) > 1 else 0.3
    if len(word) >= 3 and word in at:
        return 0.5
    allowed = 0 if len(word) < 4 else 1 if len(word) < 8 else 2
    if allowed and _distance(word, at, allowed) <= allowed:
        return 0.6
    # A slip in what is typed so far: `antrop` on the way to `anthropic`.
    if allowed and len(at) > len(word) and _distance(word, at[: len(word)], allowed) <= allowed:
        return 0.4
    return 0.0


def _stem(word: str) -> str:
    return word.removesuffix("s") if len(word) > 3 else word


def _distance(left: str, right: str, most: int) -> int:
    """Edits between two words, a swap of neighbours counting one; `most` + 1 where it is more."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, last = row, before
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
