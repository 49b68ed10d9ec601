"""The endpoint dialog: a known one by one choice, its address and key, tried live, its models."""

from __future__ import annotations

import re
from collections.abc import Coroutine, Iterator
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.console.dialogs.key_entry import LOW, KeyField
from tui.console.dialogs.ticks import Tickable, TickList
from tui.console.dialogs.words import key_line
from tui.console.grounds import Modal
from tui.console.sidebar.marker import signs
from tui.endpoints.known import KNOWN, Known
from tui.engine.bridge import Bridge
from tui.errors import OwnkeyError
from tui.secret import Secret
from tui.session.commands import AddEndpoint, EndpointChoice, TryEndpoint
from tui.session.replies import EndpointAnswer, EndpointRow
from tui.text import neutralise

MOST_TICKED = 60
"""Of a longer list nothing is ticked by itself."""
OTHER = Known(id="", name="Another endpoint", needs_key=False)
KINDS = (OTHER, *KNOWN)


class EndpointDialog(Modal[EndpointAnswer | None]):
    """Adds an endpoint or changes one; its result is what was kept, or None.

    Args:
        bridge: The way to the engine, where addresses are tried and keys kept.
        known: The kind to begin with; Up and Down choose another.
        row: The endpoint that is changed; its key stays where none is pasted.
        name, url: What stands in the fields at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("up", "kind(-1)", "The kind before", show=False),
        Binding("down", "kind(1)", "The next kind", show=False),
    ]

    def __init__(
        self,
        bridge: Bridge,
        *,
        known: str = "",
        row: EndpointRow | None = None,
        name: str = "",
        url: str = "",
        letters: bool,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._row = row
        wanted = known if row is None else row.known
        self._kind = next((at for at, one in enumerate(KINDS) if one.id == wanted), 0)
        self._letters = letters
        self._busy = False
        self._tried: tuple[str, ...] | None = None  # what was tried last, and may be kept
        self._agreed = ""  # the address that the person said yes to
        self._title = Static("", classes="dialog-title")
        kind = KINDS[self._kind]
        name = row.name if row is not None else name or kind.id
        url = row.url if row is not None else url or kind.base_url
        self._name = Input(name, id="endpoint-name", max_length=40, compact=True)
        self._url = Input(url, id="endpoint-url", max_length=2048, compact=True)
        self._key = KeyField(password=True, id="endpoint-key", compact=True)
        self._ticks = TickList(letters=letters, id="endpoint-ticks")
        self._typed = Input(id="endpoint-typed", compact=True)
        self._word = Static("", id="endpoint-word", classes="dialog-word")
        self._foot = Static("", classes="dialog-foot")
        self._prefilled = (self._name.value, self._url.value)

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="endpoint-dialog", can_focus=False):
            yield self._title
            for words, field in (("name", self._name), ("address", self._url), ("key", self._key)):
                with Horizontal(classes="endpoint-row"):
                    yield Static(words, classes="endpoint-word")
                    yield field
            yield self._ticks
            with Horizontal(classes="endpoint-row", id="endpoint-typed-row"):
                yield Static("models", classes="endpoint-word")
                yield self._typed
            yield self._word
            yield self._foot

    def on_mount(self) -> None:
        self.set_class(self._letters, "-letters")
        self._typed.placeholder = "typed by hand: ID or ID=ALIAS, blanks between"
        self._ticks.display = False
        first = self._key if self._name.value and self._url.value else self._url
        (self._name if not self._name.value else first).focus()
        self._show()

    def on_resize(self) -> None:
        self.set_class(self.size.height < LOW, "-low")
        self.call_after_refresh(self._show)

    # What is shown.

    def _show(self) -> None:
        kind = KINDS[self._kind]
        width = max(20, self._title.size.width)
        head = kind.name if self._row is None else f"{self._row.name}, {kind.name}"
        aside = "" if self._row is not None else signs("↑↓ known ones", letters=self._letters)
        gap = " " * max(1, width - len(head) - len(aside))
        self._title.update(Content.assemble((head, "bold $text"), gap, (aside, "$faint")))
        self._key.placeholder = self._key_words(kind)
        does = "keep" if self._ready else "test it"
        pairs = [("Enter", does), ("Tab", "next field"), ("Esc", "close")]
        if self._ticks.display:
            pairs[1:1] = [("Space", "tick"), ("*", "all or none")]
        self._foot.update(key_line(*pairs))

    def _key_words(self, kind: Known) -> str:
        if self._row is not None and self._row.fingerprint:
            return f"…{self._row.fingerprint.lstrip('…')} stays, unless you paste another"
        where = f" from {kind.console_url.removeprefix('https://')}" if kind.console_url else ""
        return f"paste the key{where}" if kind.needs_key else "none, or paste one"

    def _say(self, message: str, hint: str = "", tone: str = "$soft") -> None:
        parts = [(neutralise(message), tone)]
        if hint:
            parts.append((f"\n{neutralise(hint)}", "$mute"))
        self._word.update(Content.assemble(*parts))

    # Choosing a kind.

    def action_kind(self, by: int) -> None:
        """Another known endpoint; what the person typed themselves stays."""
        if self._busy or self._row is not None:
            return
        self._kind = (self._kind + by) % len(KINDS)
        kind = KINDS[self._kind]
        name = kind.id if kind.id != "gateway" else ""
        if self._name.value == self._prefilled[0]:
            self._name.value = name
        if self._url.value == self._prefilled[1]:
            self._url.value = kind.base_url
        self._prefilled = (name, kind.base_url)
        self._forget()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input in (self._url, self._key) and self._tried not in (None, self._asked):
            self._forget()

    def _forget(self) -> None:
        self._tried, self._ticks.display = None, False
        self._word.update("")
        self._show()

    @property
    def _asked(self) -> tuple[str, ...]:
        """What a test depends on, the key by its digest."""
        secret = Secret(self._key.value)
        return (KINDS[self._kind].id, self._url.value.strip(), secret.sha256)

    @property
    def _ready(self) -> bool:
        return self._tried is not None and self._tried == self._asked

    # Trying and keeping.

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._go()

    def on_tick_list_done(self) -> None:
        self._go()

    def _go(self) -> None:
        if self._busy:
            return
        self._busy = True
        work = self._keep() if self._ready else self._try()
        self.run_worker(self._guarded(work), group="endpoint", exclusive=True)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except OwnkeyError as error:
            self._say(error.message, error.hint, "$bad")
        finally:
            self._busy = False
            self._show()

    async def _try(self) -> None:
        if not self._name.value.strip():
            self._say("It needs a name: it stands in front of its models.", tone="$warn")
            self._name.focus()
            return
        asked, url = self._asked, self._url.value
        self._say("testing …")
        answer = await self._bridge.send(
            TryEndpoint(
                url=url,
                known=KINDS[self._kind].id,
                pasted=Secret(self._key.value),
                name="" if self._row is None else self._row.name,
                agreed=bool(url) and self._agreed == url,
            )
        )
        assert isinstance(answer, EndpointAnswer)
        self._answered(answer, asked)

    def _answered(self, answer: EndpointAnswer, asked: tuple[str, ...]) -> None:
        if answer.asks:
            self._agreed = self._url.value
            self._say(answer.message, "Enter again agrees to it.", "$warn")
        elif answer.error is None:
            self._tried = asked
            self._say(f"verified: {answer.message}", "Enter keeps it.", "$good")
            self._offer(answer)
        elif answer.state == "unreachable":
            self._tried = asked
            self._say(answer.message, f"{answer.hint} Enter again keeps it untested.", "$bad")
        else:
            self._say(answer.message, answer.hint, "$bad")

    def _offer(self, answer: EndpointAnswer) -> None:
        """The models that it lists, ticked as they are offered, or all of a short list."""
        rows = [
            Tickable(id=one.id, aside="" if one.context is None else f"{one.context:,}")
            for one in answer.models
        ]
        ids = [one.id for one in rows]
        ticked = ids if len(ids) <= MOST_TICKED else []
        if self._row is not None:
            ticked = [id for id in ids if f"{self._row.name}/{id}" in self._row.models]
            here = {f"{self._row.name}/{id}" for id in ids}
            others = [one for one in self._row.models if one not in here]
            if not self._typed.value:
                self._typed.value = " ".join(one.partition("/")[2] for one in others)
        self._ticks.show(rows, ticked)
        self._ticks.display = bool(rows)
        self._ticks.styles.max_height = len(rows) + 1
        (self._ticks if rows else self._typed).focus()

    async def _keep(self) -> None:
        self._say("keeping …")
        chosen = tuple(self._choices())
        url = self._url.value
        answer = await self._bridge.send(
            AddEndpoint(
                name=self._name.value,
                url=url,
                known=KINDS[self._kind].id,
                pasted=Secret(self._key.value),
                models=chosen or None,
                replaces="" if self._row is None else self._row.name,
                agreed=bool(url) and self._agreed == url,
            )
        )
        assert isinstance(answer, EndpointAnswer)
        if answer.row is None:
            self._answered(answer, self._asked)
        else:
            self.dismiss(answer)

    def _choices(self) -> Iterator[EndpointChoice]:
        typed = dict(_pair(word) for word in re.split(r"[\s,]+", self._typed.value) if word)
        for id in sorted(self._ticks.ticked - set(typed)):
            yield EndpointChoice(id=id)
        for id, alias in typed.items():
            yield EndpointChoice(id=id, alias=alias)

    def action_close(self) -> None:
        self.dismiss(None)


def _pair(word: str) -> tuple[str, str]:
    id, _, alias = word.partition("=")
    return id, alias
