"""Models on this machine."""

from __future__ import annotations

from tui.console.panels.questions import fetch_words, small_model_words
from tui.console.settings.panes.values import fact
from tui.console.settings.rows import AddModelFile, FetchModel, Group, Line, Row
from tui.console.settings.world import World
from tui.console.sidebar.marker import glyph, signs
from tui.localmodel.models import SMOLLM2, LocalModel
from tui.settings.actions import ACTIONS
from tui.settings.search import connection_entry
from tui.text import neutralise

SECTION = "Local models"
WORDS = ("local model", "gguf", "offline", "this machine", "own model")


def local_pane(world: World) -> Group:
    """What is here, and how to get more."""
    actions = {action.id: action for action in ACTIONS}
    rows: list[Row] = []
    models = world.local
    if isinstance(models, str):
        rows.append(fact("local.trouble", "The list cannot be read", SECTION, neutralise(models)))
        models = ()
    rows += [_model_row(one, world) for one in models or ()]
    if models is not None and not any(one.id == SMOLLM2.id for one in models):
        fetching = world.fetching
        words = small_model_words() if fetching is None else fetch_words(fetching)
        rows.append(
            Row(
                entry=actions["local.get"],
                act=FetchModel(),
                marker=("+", "$focus"),
                head=Line(((actions["local.get"].title, "$text"),)),
                help=signs(words, letters=world.letters),
            )
        )
    rows.append(
        Row(
            entry=actions["local.add"],
            act=AddModelFile(),
            marker=("+", "$focus"),
            head=Line(((actions["local.add"].title, "$text"),)),
            help="A GGUF file that lies on this machine; it is used where it lies.",
        )
    )
    return Group(title=SECTION, section=SECTION, rows=tuple(rows), count=len(models or ()) or None)


def _model_row(model: LocalModel, world: World) -> Row:
    state = "ready" if model.present else "its file is gone"
    name = neutralise(model.name, strict=True)
    licence = f", {neutralise(model.licence, strict=True)}" if model.licence else ""
    row = fact("", name, SECTION, f"{neutralise(model.path, strict=True)}{licence}")
    return Row(
        entry=connection_entry(
            model.id, title=name, section=SECTION, state=state, help_=row.help, words=WORDS
        ),
        act=row.act,
        marker=(glyph("nobody", letters=world.letters), "$nobody"),
        head=Line(
            ((name, "bold $text"), (f"   {model.size_bytes / 1e6:,.0f} MB", "$mute")),
            ((state, "$good" if model.present else "$bad"),),
        ),
        help=row.help,
        bar="$nobody",
    )
