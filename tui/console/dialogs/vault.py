"""The encrypted file for keys: made by consent with a passphrase, or opened with it."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.console.dialogs.words import key_line
from tui.console.grounds import Modal
from tui.engine.bridge import Bridge
from tui.errors import OwnkeyError
from tui.secret import Secret
from tui.session.commands import CreateVault, OpenVault
from tui.text import neutralise

LEAST_PASSPHRASE = 8
_LOST = "It is asked once a session. Nobody can restore it: without it the keys are lost."

Step = Literal["open", "choose", "again"]
_PLACEHOLDERS: dict[Step, str] = {
    "open": "Its passphrase",
    "choose": "A passphrase",
    "again": "The same passphrase once more",
}


class VaultDialog(Modal[bool]):
    """Asks for the passphrase; its result is whether the file is open.

    Args:
        bridge: The way to the engine.
        exists: Whether there is such a file already; else a passphrase is chosen, twice.
        consent: Whether new keys go there from now on; else it is only opened.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close", show=False)]

    def __init__(self, bridge: Bridge, *, exists: bool, consent: bool, letters: bool) -> None:
        super().__init__()
        self._bridge = bridge
        self._exists = exists
        self._make = CreateVault if consent or not exists else OpenVault
        self._letters = letters
        self._step: Step = "open" if exists else "choose"
        self._chosen = Secret("")
        self._busy = False
        self._field = Input(password=True, classes="dialog-field", id="vault-field")
        self._word = Static("", id="vault-word", classes="dialog-word")

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="vault-dialog", can_focus=False):
            title = Content.assemble(("Encrypted file for your keys", "bold $text"))
            yield Static(title, classes="dialog-title")
            yield self._field
            yield self._word
            foot = key_line(("Enter", "go on"), ("Esc", "close"))
            yield Static(foot, classes="dialog-foot")

    def on_mount(self) -> None:
        self.set_class(self._letters, "-letters")
        self._field.focus()
        self._ask()

    def action_close(self) -> None:
        self.dismiss(False)

    def _ask(self, trouble: str = "") -> None:
        """Ask for what this step wants, in an empty field."""
        self._field.value = ""
        self._field.placeholder = _PLACEHOLDERS[self._step]
        match self._step:
            case "open":
                wanted, hint = "Your keys are in it; its passphrase opens it for this session.", ""
            case "choose":
                wanted = f"Choose a passphrase, {LEAST_PASSPHRASE} characters or more."
                hint = _LOST
            case "again":
                wanted, hint = "Once more, so that no slip locks your keys away.", ""
        said = (neutralise(trouble), "$bad") if trouble else (wanted, "$soft")
        self._word.update(Content.assemble(said, (f"\n{hint}" if hint else "", "$mute")))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._busy:
            return
        self._busy = True
        try:
            await self._take(Secret(self._field.value))
        finally:
            self._busy = False

    async def _take(self, typed: Secret) -> None:
        match self._step:
            case "choose" if len(typed) < LEAST_PASSPHRASE:
                self._ask(f"That is short: {LEAST_PASSPHRASE} characters or more.")
            case "choose":
                self._chosen, self._step = typed, "again"
                self._ask()
            case "again" if typed.sha256 != self._chosen.sha256:
                self._step = "choose"
                self._ask("The two are not the same: choose it again.")
            case "again" | "open":
                await self._open(typed)

    async def _open(self, passphrase: Secret) -> None:
        self._word.update(Content.assemble(("opening …", "$soft")))
        try:
            await self._bridge.send(self._make(passphrase=passphrase))
        except OwnkeyError as error:
            self._step = "open" if self._exists else "choose"
            self._ask(error.message)
        else:
            self.dismiss(True)
