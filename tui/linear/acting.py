"""What the commands do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import OwnkeyError
from tui.events.session import Mode
from tui.linear.commands import help_lines
from tui.linear.going import Going
from tui.linear.words import mode_line, model_line, short, who_pays
from tui.money import show_sum
from tui.session.commands import (
    ChooseMode,
    ChooseModel,
    Compact,
    FetchLocalModel,
    ListModels,
    RenameSession,
)
from tui.session.replies import ModelRow, Models
from tui.session.words import MODES
from tui.text import neutralise
from tui.text.filter import best

if TYPE_CHECKING:
    from tui.linear.asking import Questions
    from tui.linear.keys import KeyCounter
    from tui.linear.pump import Pump
    from tui.linear.reading import Lines
    from tui.linear.voice import Voice
    from tui.linear.wire import Wire

MOST_LISTED = 40
PRICES_LATE_S = 3.0
MEANWHILE = frozenset(("model", "effort", "mode", "thinking", "cost", "help", "rename"))
"""Commands that can be given while the agent works."""


class Leave(Exception):
    """The person leaves."""


class Acting:
    """Carries out commands of a line.

    Args:
        pump: The session.
        wire: The engine.
        voice: Says what was done.
        lines: The person.
        questions: Asks for choices.
        keys: Adds keys.
    """

    def __init__(
        self,
        pump: Pump,
        wire: Wire,
        voice: Voice,
        lines: Lines,
        questions: Questions,
        keys: KeyCounter,
    ) -> None:
        self._pump = pump
        self._voice = voice
        self._keys = keys
        self._going = Going(pump, wire, voice, lines, questions)
        self._models: Sequence[ModelRow] = ()
        self._listed: Sequence[ModelRow] = ()
        self._actions: dict[str, Callable[[str], None]] = {
            "model": self._model,
            "effort": self._effort,
            "key": self._key,
            "local": self._local,
            "mode": self._mode,
            "thinking": self._thinking,
            "cost": self._cost,
            "sessions": self._going.list,
            "resume": self._going.resume,
            "new": lambda _: self._going.begin(),
            "fork": lambda _: self._going.fork(),
            "rewind": self._going.rewind,
            "rename": self._rename,
            "compact": self._compact,
            "stop": lambda _: self._voice.say("Nothing is running."),
            "help": self._help,
            "quit": self._quit,
        }

    def act(self, name: str, words: str) -> None:
        """Do what a command says. Raises OwnkeyError, Interrupted, Leave, EOFError."""
        self._actions[name](words)

    def act_meanwhile(self, name: str, words: str) -> None:
        """The same while the agent works, for what can be done then."""
        if name not in MEANWHILE:
            self._voice.say(f"The agent works: /stop or Ctrl+C first, then /{name}.")
            return
        try:
            self._actions[name](words)
        except OwnkeyError as error:
            self._voice.say(f"Error: {error.message}\nNext: {error.hint}")

    def say_session(self) -> None:
        """Which session is open, and where it stood."""
        self._going.say_session()

    def open_again(self) -> None:
        """Drive the session that another ownkey drove. Raises OwnkeyError."""
        self._going.open_again()

    # Models.

    def learn_models(self) -> None:
        """Ask what can be picked. Raises OwnkeyError."""
        self._pump.stale = False
        self._models = self._pump.ask(
            ListModels(folder=self._pump.state.cwd or str(Path.cwd())), Models
        ).models
        self._pump.names.learn(self._models)

    def choose_served(self, provider: str) -> None:
        """After a maker's models are served: one of them, where none could be used before."""
        self.learn_models()
        row = self._pump.names.row(self._pump.state.model)
        served = [one for one in self._models if one.provider == provider and one.payer is not None]
        if served and (row is None or row.payer is None):
            self._choose(served[0])
        elif self._pump.teller.broken_off:
            self._voice.say("Enter goes on where it broke off.")

    def _model(self, words: str) -> None:
        self._learn_prices()
        if not words:
            self._list_models()
        elif words.isascii() and words.isdigit() and 0 < int(words) <= len(self._listed):
            self._choose(self._listed[int(words) - 1])
        else:
            self._choose_named(words)

    def _learn_prices(self) -> None:
        """An engine that has just begun still reads the price list: a moment is waited for it."""
        if self._pump.stale or not self._models:
            self.learn_models()
        if not any(row.input_usd for row in self._models if row.provider != "local"):
            self._pump.until_stale(PRICES_LATE_S)
            self.learn_models()

    def _list_models(self) -> None:
        self._voice.say(model_line(self._pump.names, self._pump.state.model, None))
        served = [row for row in self._models if row.payer is not None]
        self._listed = served[:MOST_LISTED]
        for number, row in enumerate(self._listed, start=1):
            self._voice.say(f"{number}. {self._row_words(row)}")
        others = len(self._models) - len(self._listed)
        if others:
            self._voice.say(f"And {others} more; /model with words of a name finds one.")

    def _row_words(self, row: ModelRow) -> str:
        name, id = neutralise(row.name, strict=True), neutralise(row.id, strict=True)
        if row.payer is None:
            return f"{name} ({id}): {neutralise(row.refused or 'no key yet')}"
        pays = who_pays(row.payer, row.label, self._pump.names.provider(row.id))
        price = f"${row.input_usd or '?'} in and ${row.output_usd or '?'} out per million tokens"
        return f"{name} ({id}): {pays}" + ("" if row.payer == "nobody" else f"; {price}")

    def _choose_named(self, words: str) -> None:
        exact = [row for row in self._models if row.id == words]
        texts = [f"{row.id} {row.name}".lower() for row in self._models]
        fits = exact or [self._models[at] for at in best(words, texts)]
        served = [row for row in fits if row.payer is not None]
        if not fits:
            self._voice.say(f"No model is called {short(words)}: /model lists them.")
        elif not served:
            self._voice.say(f"Not served yet: {self._row_words(fits[0])}.")
            way = "/local fetches it" if fits[0].provider == "local" else f"/key {fits[0].provider}"
            self._voice.say(f"Next: {way}, then /model again.")
        else:
            self._choose(served[0])

    def _choose(self, row: ModelRow) -> None:
        self._pump.do(lambda session: ChooseModel(session=session, model=row.id))

    def _effort(self, words: str) -> None:
        state = self._pump.state
        row = self._pump.names.row(state.model)
        efforts = row.efforts if row is not None else ()
        if state.model is None or not efforts:
            self._voice.say("This model has no efforts to choose from.")
        elif words not in efforts:
            self._voice.say(
                f"Effort is one of: {', '.join(efforts)}. Now: {state.effort or 'its own'}."
            )
        else:
            model = state.model
            self._pump.do(lambda s: ChooseModel(session=s, model=model, effort=words))

    def _key(self, words: str) -> None:
        if (provider := self._keys.add(words)) is not None:
            self.choose_served(provider)

    def _local(self, words: str) -> None:
        self._pump.ask_done(FetchLocalModel())
        self._voice.say("Fetching the small model; Ctrl+C leaves it to itself.")
        self._pump.until_fetched()
        self.choose_served("local")

    # The session.

    def _mode(self, words: str) -> None:
        wanted = words.lower()
        fits: list[Mode] = [
            mode for mode in MODES if wanted and (mode == wanted or MODES[mode].startswith(wanted))
        ]
        if not fits:
            self._voice.say(mode_line(self._pump.state.mode))
            self._voice.say("/mode read, /mode ask or /mode edit changes it.")
        else:
            self._pump.do(lambda session: ChooseMode(session=session, mode=fits[0]))

    def _thinking(self, words: str) -> None:
        shows = words.lower() != "off" if words else not self._pump.teller.shows_thinking
        self._pump.show_thinking(shows)
        self._voice.say("Thinking is shown." if shows else "Of thinking only the time is said.")

    def _cost(self, words: str) -> None:
        state, today = self._pump.state, self._pump.today
        live = state.live_nano
        turn, session = (
            show_sum(None if live is None else known + live, unknown, sure=not live)
            for known, unknown in (
                (state.turn_nano, state.turn_unknown),
                (state.session_nano, state.session_unknown),
            )
        )
        day = "?" if today is None else show_sum(today.nano, today.unknown)
        self._voice.say(f"Turn {turn}; session {session}; today, all sessions, {day}.")
        if state.context_tokens is not None:
            row = self._pump.names.row(state.model)
            window = f" of {row.context}" if row is not None and row.context else ""
            self._voice.say(f"Context: {state.context_tokens}{window} tokens.")

    def _rename(self, words: str) -> None:
        if not words:
            self._voice.say("Write the title behind it: /rename title.")
        else:
            self._pump.do(lambda session: RenameSession(session=session, title=words))

    def _compact(self, words: str) -> None:
        self._pump.begin_compacting(lambda session: Compact(session=session))

    def _help(self, words: str) -> None:
        for line in help_lines():
            self._voice.say(line)

    def _quit(self, words: str) -> None:
        raise Leave
