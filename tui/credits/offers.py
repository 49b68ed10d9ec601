"""What a service offers in our words: the catalogue's ids, and its map of Auto models (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from tui.catalog.models import Catalogue, Model
from tui.credits.known import adapter_of
from tui.credits.records import CreditService
from tui.endpoints.records import EndpointModel
from tui.errors import UsageError

AUTO = ("auto", "auto-efficient", "auto-genius", "auto-open")
MOST_CANDIDATES = 4

WISHES: dict[str, tuple[str, ...]] = {
    "auto": ("anthropic/claude-sonnet-*", "openai/gpt-*-terra", "google/gemini-*-flash",
             "openai/gpt-5.*"),
    "auto-efficient": ("anthropic/claude-haiku-*", "openai/gpt-*-luna", "openai/gpt-*-mini",
                       "google/gemini-*-flash-lite"),
    "auto-genius": ("anthropic/claude-opus-*", "openai/gpt-*-sol", "google/gemini-*-pro*",
                    "openai/gpt-5.*"),
}  # fmt: skip
"""Of each Auto model the families to take first; of a family the newest that is offered."""

_OPEN = ("glm", "kimi", "deepseek", "qwen", "minimax", "gpt-oss", "mistral", "llama")
"""Families with open weights, the one to take first before the others."""


def offered(
    models: Iterable[EndpointModel], catalogue: Catalogue, *, without: Iterable[str] = ()
) -> tuple[EndpointModel, ...]:
    """The models of a service's list, those that the catalogue has under its ids.

    A model is the catalogue's where its id is, but for case and dots (`anthropic/claude-opus-4.7`
    is `anthropic/claude-opus-4-7`), or where it is the plain id without a maker. Of two that
    would be picked by one id the first stays.
    """
    ids, found = _ids(catalogue), dict[str, EndpointModel]()
    left_out = set(without)
    for model in models:
        if model.id in left_out:
            continue
        known = ids.get(_bare(model.id))
        made = replace(model, alias="") if known is None else _as_known(model, known)
        found.setdefault(made.picked_by, made)
    return tuple(found.values())


def auto_map(
    adapter: str, models: Sequence[EndpointModel], catalogue: Catalogue
) -> dict[str, tuple[str, ...]]:
    """Ids at the service for each Auto model that can be had there, the one to take first.

    The service's own router where it has one; else what its list has of `WISHES`, and of the open
    families. Models that say that they take no tools are left out: the agent works with tools.
    """
    made: dict[str, tuple[str, ...]] = {}
    able = [one for one in models if one.tools is not False]
    order = {model.id: at for at, model in enumerate(catalogue.models)}
    by_age = sorted((one for one in able if one.alias in order), key=lambda one: order[one.alias])
    for auto, families in WISHES.items():
        first = (
            next((one for one in by_age if _of_family(one.alias, family)), None)
            for family in families
        )
        made[auto] = tuple(dict.fromkeys(one.id for one in first if one is not None))
    opened = (next((one for one in able if _is_open(one.id, family)), None) for family in _OPEN)
    made["auto-open"] = tuple(one.id for one in opened if one is not None)
    if not made["auto"] and able:
        made["auto"] = made["auto-genius"] or made["auto-efficient"] or (able[0].id,)
    made |= {auto: (id,) for auto, id in adapter_of(adapter).routers.items()}
    return {auto: ids[:MOST_CANDIDATES] for auto, ids in made.items() if ids}


def choose(
    service: CreditService, auto: str, *, context: int | None = None
) -> tuple[EndpointModel, int] | None:
    """The candidate that an Auto model means now, and among how many; None: the service has none.

    The first that holds `context` tokens, as far as that is known of it; where none does, the one
    that holds most.
    """
    candidates = [_there(service, id) for id in service.auto.get(auto, ())]
    if not candidates:
        return None
    fits = (one for one in candidates if one.context is None or one.context >= (context or 0))
    best = max(candidates, key=lambda one: one.context or 0)
    return next(fits, best), len(candidates)


def autos_of(service: CreditService) -> tuple[str, ...]:
    """The Auto models that it can serve, in our order."""
    return tuple(auto for auto in AUTO if service.auto.get(auto))


def parse_auto(pairs: Iterable[str], models: Sequence[EndpointModel]) -> dict[str, tuple[str, ...]]:
    """`auto=ID[,ID]`, as it is typed; ids as the service calls them, or as they are picked.

    Raises:
        UsageError: no Auto model, or an id that the service does not list.
    """
    ids = {one.id: one.id for one in models} | {one.alias: one.id for one in models if one.alias}
    made: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        auto, sign, named = pair.partition("=")
        wanted = [one.strip() for one in named.split(",") if one.strip()]
        if not sign or auto not in AUTO or not wanted:
            raise UsageError("a map of Auto is AUTO=ID[,ID]", hint=f"AUTO is {', '.join(AUTO)}.")
        strange = next((one for one in wanted if ids and one not in ids), None)
        if strange is not None:
            raise UsageError(
                f"the service does not list {strange!r}",
                hint="`ownkey models` shows its models once it is added.",
            )
        made[auto] = tuple(dict.fromkeys(ids.get(one, one) for one in wanted))
    return made


def _ids(catalogue: Catalogue) -> dict[str, Model]:
    """The catalogue by its ids without case and dots, and by those without a maker."""
    plain = {_bare(one.bare): one for one in reversed(catalogue.models)}
    return plain | {_bare(one.id): one for one in catalogue.models}


def _bare(id: str) -> str:
    plain = id.lower().replace(".", "-")
    return "google/" + plain.removeprefix("gemini/") if plain.startswith("gemini/") else plain


def _as_known(model: EndpointModel, known: Model) -> EndpointModel:
    return replace(
        model,
        alias=known.id,
        name=known.name,
        context=model.context or known.context,
        max_output=model.max_output or known.max_output,
        tools=known.tools if model.tools is None else model.tools,
    )


def _of_family(id: str, family: str) -> bool:
    pattern = re.escape(family).replace(r"\*", r"[a-z0-9.-]*")
    return re.fullmatch(pattern, id) is not None


def _is_open(id: str, family: str) -> bool:
    return re.search(rf"(?:^|[/._-]){family}", id.lower()) is not None


def _there(service: CreditService, id: str) -> EndpointModel:
    """A model of its list, or what is known of one that is not on it: its id."""
    return next((one for one in service.models if one.id == id), EndpointModel(id=id))
