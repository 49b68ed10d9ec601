"""A question to the person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from tui.events.tool import ToolSpec
from tui.tools.base import CallFailed, ToolContext, ToolOutput, failed, make_spec, parse_args
from tui.tools.effects import Asking, Effect

_MOST_CHOICES = 4
_MOST_QUESTION = 2_000
_MOST_CHOICE = 200


class AskArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    question: Annotated[str, msgspec.Meta(description="The question, in full.")]
    choices: Annotated[
        tuple[str, ...], msgspec.Meta(description="Up to four answers to choose from.")
    ] = ()


class AskTool:
    """Asks, and waits for the answer."""

    def __init__(self) -> None:
        self.spec: ToolSpec = make_spec(
            "ask",
            "Asks the person something that only they can decide, and waits. They may also answer "
            "in other words than the choices. Do not ask for permission: other tools do that.",
            AskArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        return ()

    def effect(self, args: dict[str, Any], context: ToolContext) -> Effect:
        call = _ask_args(args)
        return Asking(question=call.question, choices=call.choices)

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        try:
            call = _ask_args(args)
        except CallFailed as error:
            return failed(error, args)
        if context.ask is None:
            return ToolOutput(
                False, "Nobody is there to answer: decide yourself, and say what you assumed."
            )
        return ToolOutput(True, await context.ask(call.question, call.choices))


def _ask_args(args: dict[str, Any]) -> AskArgs:
    call = parse_args(args, AskArgs, '{"question": "Which one?", "choices": ["a", "b"]}')
    if not call.question.strip() or len(call.question) > _MOST_QUESTION:
        raise CallFailed(f"The question needs words, at most {_MOST_QUESTION:,} characters.")
    if len(call.choices) > _MOST_CHOICES:
        raise CallFailed(f"At most {_MOST_CHOICES} choices.")
    if any(not choice.strip() or len(choice) > _MOST_CHOICE for choice in call.choices):
        raise CallFailed(f"Each choice needs words, at most {_MOST_CHOICE} characters of them.")
    return call
