"""`ownkey endpoints models`: what an endpoint lists, and what of it is offered."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from tui.cli.endpoint_words import model_object, parse_model, tell_test
from tui.cli.output import print_json, print_row, say
from tui.endpoints import adding, changes, fit
from tui.endpoints.book import EndpointBook
from tui.endpoints.records import Endpoint, EndpointModel
from tui.errors import UsageError


def run_models(book: EndpointBook, args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show them, and offer others where some are named; 1 where it does not answer."""
    from tui.cli.endpoints_run import tested_of

    endpoint = book.get(args.name)
    asked = [parse_model(text) for text in args.add]
    listed: tuple[EndpointModel, ...] = ()
    tested = None
    if not args.offline:
        tested = asyncio.run(tested_of(book, endpoint, environ))
        listed = tested.models
        if not listed and not asked and not args.remove:
            tell_test(endpoint.name, tested)
    if asked or args.all or args.remove:
        endpoint = _with_models(book, endpoint, args, asked, listed)
    elif _set_by(args) != {}:
        raise UsageError("nothing was named", hint="Name models: --add ID, or --all.")
    _show(endpoint, listed, as_json=args.json)
    return 0 if tested is None or tested.state == "verified" else 1


def _with_models(
    book: EndpointBook,
    endpoint: Endpoint,
    args: argparse.Namespace,
    asked: list[tuple[str, str]],
    listed: tuple[EndpointModel, ...],
) -> Endpoint:
    kept = {one.id: one for one in endpoint.models}
    picked = [kept.get(one.id, one) for one in adding.chosen(listed, asked, every=args.all)]
    aliases = dict(asked)
    fields = _set_by(args)
    picked = [
        replace(one, **fields, **({"alias": aliases[one.id]} if aliases.get(one.id) else {}))
        for one in picked
    ]
    gone = set(args.remove)
    unknown = gone - {one.id for one in endpoint.models} - {one.picked_by for one in picked}
    unknown -= {one.picked_by for one in endpoint.models}
    if unknown:
        raise UsageError(f"{min(unknown)} is not offered", hint="`--offline` lists what is.")
    models = tuple(
        one
        for one in changes.merged(endpoint.models, tuple(picked))
        if not {one.id, one.picked_by} & gone
    )
    return book.set_models(endpoint.name, models)


def _set_by(args: argparse.Namespace) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if args.context is not None:
        fields["context"] = fit.fit_count(args.context, "the context")
    if args.max_output is not None:
        fields["max_output"] = fit.fit_count(args.max_output, "the longest answer")
    if args.effort:
        fields["efforts"] = tuple(dict.fromkeys(map(fit.fit_effort, args.effort)))
    if args.extra_body is not None:
        fields["extra_body"] = fit.read_body(args.extra_body)
    return fields


def _show(endpoint: Endpoint, listed: tuple[EndpointModel, ...], *, as_json: bool) -> None:
    offered = {one.id: one for one in endpoint.models}
    every = [*endpoint.models, *(one for one in listed if one.id not in offered)]
    if as_json:
        print_json([model_object(endpoint, one) | {"offered": one.id in offered} for one in every])
        return
    for one in every:
        mark = "offered" if one.id in offered else ""
        context = "" if one.context is None else f"{one.context:,}"
        alias = f"   as {endpoint.name}/{one.alias}" if one.alias else ""
        print_row(f"{mark:<8} {one.id:<48} {context:>10}{alias}")
    if not every:
        say(f"No model: `ownkey endpoints models {endpoint.name} --add ID` offers one.")
