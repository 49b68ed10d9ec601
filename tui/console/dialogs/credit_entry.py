"""The dialog of a new credit service: its kind by one choice, address and key, tried live."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.console.dialogs.key_entry import LOW, KeyField
from tui.console.dialogs.words import key_line
from tui.console.grounds import Modal
from tui.console.sidebar.marker import signs
from tui.credits.known import ADAPTERS, Adapter
from tui.engine.bridge import Bridge
from tui.errors import OwnkeyError
from tui.secret import Secret
from tui.session.credit_talk import AddCredits, CreditAnswer, CreditRow
from tui.text import neutralise


class CreditDialog(Modal[CreditAnswer | None]):
    """Adds a credit service; its result is what was kept, or None.

    Args:
        bridge: The way to the engine, where services are tried and keys kept.
        row: One that there is: its key, address or rate is replaced, and undo brings it back.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("up", "kind(-1)", "The kind before", show=False),
        Binding("down", "kind(1)", "The next kind", show=False),
    ]

    def __init__(self, bridge: Bridge, *, letters: bool, row: CreditRow | None = None) -> None:
        super().__init__()
        self._bridge, self._letters = bridge, letters
        kinds = [kind.id for kind in ADAPTERS]
        self._row = row
        self._kind = 0 if row is None else kinds.index(row.adapter)
        self._busy = False
        self._agreed = ""  # the address that the person said yes to
        self._taken = "" if row is None else row.name  # the name that the person lets it take over
        self._title = Static("", classes="dialog-title")
        name, url = (ADAPTERS[0].id, ADAPTERS[0].base_url) if row is None else (row.name, row.url)
        rate = "" if row is None else row.own_rate
        self._name = Input(name, id="credit-name", max_length=40, compact=True)
        self._name.disabled = row is not None
        self._url = Input(url, id="credit-url", max_length=2048, compact=True)
        self._rate = Input(rate, id="credit-rate", max_length=20, compact=True)
        self._key = KeyField(password=True, id="credit-key", compact=True)
        self._word = Static("", id="endpoint-word", classes="dialog-word")
        self._foot = Static("", classes="dialog-foot")

    def compose(self) -> ComposeResult:
        rows = (("name", self._name), ("address", self._url), ("rate", self._rate),
                ("key", self._key))  # fmt: skip
        with VerticalScroll(classes="dialog", id="credit-dialog", can_focus=False):
            yield self._title
            for words, field in rows:
                with Horizontal(classes="endpoint-row"):
                    yield Static(words, classes="endpoint-word")
                    yield field
            yield self._word
            yield self._foot

    def on_mount(self) -> None:
        self.set_class(self._letters, "-letters")
        self._key.focus()
        self._show()

    def on_resize(self) -> None:
        self.set_class(self.size.height < LOW, "-low")
        self.call_after_refresh(self._show)

    @property
    def _adapter(self) -> Adapter:
        return ADAPTERS[self._kind]

    def _show(self) -> None:
        kind = self._adapter
        width = max(20, self._title.size.width)
        what = "↑↓ other kinds" if self._row is None else "in place of the one there"
        aside = signs(what, letters=self._letters)
        gap = " " * max(1, width - len(kind.name) - len(aside))
        self._title.update(Content.assemble((kind.name, "bold $text"), gap, (aside, "$faint")))
        where = f" from {kind.keys_url.removeprefix('https://')}" if kind.keys_url else ""
        self._key.placeholder = f"paste the key{where}"
        self._url.placeholder = "https://host/v1"
        rate = kind.usd_per_credit
        self._rate.placeholder = (
            "dollars per credit; without it money is shown" if rate is None
            else f"${rate} a credit, unless you say another"
        )  # fmt: skip
        pairs = [("Enter", "test and keep"), ("Tab", "next field"), ("Esc", "close")]
        self._foot.update(key_line(*pairs))

    def _say(self, message: str, hint: str = "", tone: str = "$soft") -> None:
        parts = [(neutralise(message), tone)]
        if hint:
            parts.append((f"\n{neutralise(hint)}", "$mute"))
        self._word.update(Content.assemble(*parts))

    def action_kind(self, by: int) -> None:
        """Another kind; what the person typed themselves stays."""
        if self._busy or self._row is not None:
            return
        before = self._adapter
        self._kind = (self._kind + by) % len(ADAPTERS)
        if self._name.value == before.id:
            self._name.value = self._adapter.id
        if self._url.value == before.base_url:
            self._url.value = self._adapter.base_url
        self._word.update("")
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self._url.value.strip():
            self._url.focus()
        elif not self._key.value:
            self._key.focus()
        elif not self._busy:
            self._busy = True
            self.run_worker(self._guarded(), group="credits", exclusive=True)

    async def _guarded(self) -> None:
        try:
            await self._keep()
        except OwnkeyError as error:
            taken = "already a credit service" in error.message
            self._taken = self._name.value if taken else ""
            hint = "Enter again puts this one in its place." if taken else error.hint
            self._say(error.message, hint, "$warn" if taken else "$bad")
        finally:
            self._busy = False

    async def _keep(self) -> None:
        self._say("testing …")
        url = self._url.value
        answer: Any = await self._bridge.send(
            AddCredits(
                adapter=self._adapter.id,
                name=self._name.value,
                url="" if url == self._adapter.base_url else url,
                usd_per_credit=self._rate.value,
                pasted=Secret(self._key.value),
                replace=bool(self._taken) and self._taken == self._name.value,
                agreed=bool(url) and self._agreed == url,
            )
        )
        assert isinstance(answer, CreditAnswer)
        if answer.row is not None:
            self.dismiss(answer)
        elif answer.asks:
            self._agreed = url
            self._say(answer.message, "Enter again agrees to it.", "$warn")
        else:
            self._say(answer.message, answer.hint, "$bad")

    def action_close(self) -> None:
        self.dismiss(None)
