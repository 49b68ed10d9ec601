"""Which models can be picked, and what each can do. Prices are another matter (`prices`).

The shipped list is data (`data/models.json`, with its sources and the day they were read); what a
maker's own list tells when a key is checked is merged under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import cache, cached_property
from importlib import resources
from typing import Literal

import msgspec

Thinking = Literal["adaptive", "budget", "level", "effort"]
"""How a model is asked to think: Anthropic's adaptive, a token budget (Anthropic up to 4.5 and
Gemini 2.5), Gemini's levels, OpenAI's reasoning effort."""


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model as a person picks it. None is what no source says.

    Args:
        id: `<provider>/<id as it is called there>`; split at the first slash.
        context: Most tokens of a prompt and its answer.
        max_output: Most tokens of an answer.
        efforts: Words that the model takes as effort, weakest first; empty where it takes none.
        thinking: How it is asked to think; None where it does not or is not known to.
        shipped: False where only the maker's own list named it.
    """

    id: str
    provider: str
    name: str
    context: int | None = None
    max_output: int | None = None
    efforts: tuple[str, ...] = ()
    thinking: Thinking | None = None
    image: bool | None = None
    pdf: bool | None = None
    tools: bool | None = None
    shipped: bool = True

    @property
    def bare(self) -> str:
        """The id as the provider calls it."""
        return split_id(self.id)[1]


class FoundModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a provider's own list named when a key was checked."""

    provider: str
    id: str  # as it is called there, no prefix
    name: str | None = None
    context: int | None = None
    max_output: int | None = None


class _Shipped(msgspec.Struct, frozen=True):
    about: str
    read: str
    not_chat: tuple[str, ...]
    models: tuple[Model, ...]


def split_id(model_id: str) -> tuple[str, str]:
    """`a/b/c` is provider `a`, model `b/c`; without a slash the provider is empty."""
    provider, slash, rest = model_id.partition("/")
    return (provider, rest) if slash else ("", model_id)


class Catalogue:
    """All models that can be named, shipped ones first, newest families first."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)

    @classmethod
    def load(cls, extra: Iterable[FoundModel] = ()) -> Catalogue:
        """The shipped list, with what makers' own lists add under it.

        What is shipped wins; a found model only fills what the shipped entry leaves open. What is
        plainly no chat model (embeddings, speech, pictures) is left out.
        """
        shipped = _read()
        models = {model.id: model for model in shipped.models}
        not_chat = _any_of(shipped.not_chat)
        for found in extra:
            model_id = f"{found.provider}/{found.id}"
            known = models.get(model_id)
            if known is not None:
                models[model_id] = _filled(known, found)
            elif not_chat.match(found.id.lower()) is None:
                models[model_id] = _from_found(model_id, found)
        return cls(models.values())

    def find(self, model_id: str) -> Model | None:
        """The model of exactly this id, or None: never one that only looks like it."""
        return self._by_id.get(model_id)

    def of(self, provider: str) -> tuple[Model, ...]:
        """The models of one provider, in the catalogue's order."""
        return tuple(model for model in self.models if model.provider == provider)

    @cached_property
    def _by_id(self) -> dict[str, Model]:
        return {model.id: model for model in self.models}


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all: makers name thousands of models, and each is held against it."""
    return re.compile("|".join(map(translate, patterns)))


def _read() -> _Shipped:
    data = resources.files("tui.catalog").joinpath("data/models.json").read_bytes()
    return msgspec.json.decode(data, type=_Shipped)


def _filled(known: Model, found: FoundModel) -> Model:
    context = known.context if known.context is not None else found.context
    limit = known.max_output if known.max_output is not None else found.max_output
    if (context, limit) == (known.context, known.max_output):
        return known
    return msgspec.structs.replace(known, context=context, max_output=limit)


def _from_found(model_id: str, found: FoundModel) -> Model:
    return Model(
        id=model_id,
        provider=found.provider,
        name=found.name or found.id,
        context=found.context,
        max_output=found.max_output,
        shipped=False,
    )
