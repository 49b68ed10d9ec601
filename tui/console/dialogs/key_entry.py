"""The key dialog: paste, checked live, kept where the screen says by name."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.console.bridge import Bridge
from tui.errors import OwnkeyError
from tui.secret import Secret
from tui.session.commands import (
    AddKey,
    CreateVault,
    KeyAnswer,
    KeyRow,
    Keys,
    ListKeys,
    OpenVault,
    UseFoundKey,
)
from tui.text import neutralise

MAKERS = {"anthropic": "Anthropic", "openai": "OpenAI", "google": "Google"}
WHERE = {
    "anthropic": "console.anthropic.com, API keys",
    "openai": "platform.openai.com, API keys",
    "google": "aistudio.google.com, API keys",
}
RETENTION = (
    "What you send is kept as the settings of that provider account say; ownkey cannot enforce "
    "them. The key stays on this machine: never synced, shared or exported."
)


class KeyDialog(ModalScreen[KeyAnswer | None]):
    """Adds a key for one maker; its result is what was kept, or None.

    Args:
        bridge: The way to the engine, where keys are checked and kept.
        provider: Whose key it is; Up and Down choose another.
        pasted: A key that was pasted into the prompt.
        replace: Whether it takes the place of that maker's default key.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("up", "maker(-1)", "Maker before", show=False),
        Binding("down", "maker(1)", "Next maker", show=False),
        Binding("f8", "vault", "Use an encrypted file", show=False),
    ]

    def __init__(
        self,
        bridge: Bridge,
        provider: str,
        *,
        pasted: Secret | None = None,
        replace: bool = False,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._provider = provider
        self._pasted = pasted
        self._replace = replace
        self._found: KeyRow | None = None
        self._keys: Keys | None = None
        self._unchecked = False
        self._vault_step = False
        self._busy = False
        self._last: Secret | None = pasted
        self._title = Static("", id="key-title")
        self._where = Static("", id="key-where")
        self._field = Input(password=True, placeholder="Paste the key", id="key-field")
        self._word = Static("", id="key-word")
        self._foot = Static("", id="key-foot")

    def compose(self) -> ComposeResult:
        with Vertical(id="key-dialog"):
            yield self._title
            yield self._where
            yield self._field
            yield self._word
            yield Static(RETENTION, id="key-retention", markup=False)
            yield self._foot

    async def on_mount(self) -> None:
        self._show()
        if self._pasted is not None:
            self._field.value = self._pasted.reveal()
        self._field.focus()
        await self._load_keys()

    async def _load_keys(self) -> None:
        try:
            keys = await self._bridge.send(ListKeys())
        except OwnkeyError as error:
            self._say(error.message, error.hint, bad=True)
            return
        assert isinstance(keys, Keys)
        self._keys = keys
        self._show()
        if keys.trouble is not None:
            self._say(
                keys.trouble,
                "F8 keeps keys in an encrypted file instead (asks for a passphrase); or set "
                "OWNKEY_KEYRING=env to use keys from the environment alone.",
                bad=True,
            )

    def _show(self) -> None:
        rows = () if self._keys is None else self._keys.keys
        mine = [row for row in rows if row.provider == self._provider]
        self._found = next((r for r in mine if r.source == "environment" and not r.used), None)
        stored = [row for row in mine if row.source == "stored"]
        title = f"{MAKERS.get(self._provider, self._provider)} API key"
        self._title.update(
            Content.assemble((title, "bold $text"), ("   ↑↓ another maker", "$faint"))
        )
        parts: list[tuple[str, str]] = [
            (f"Get one at {WHERE.get(self._provider, 'the provider')}.", "$mute")
        ]
        if self._keys is not None:
            parts.append((f" Kept in {neutralise(self._keys.store)}.", "$mute"))
        for row in stored:
            parts.append((f"\n{neutralise(row.label)} …{row.fingerprint}  {row.state}", "$soft"))
        if self._found is not None:
            parts.append(
                (f"\nEnter with an empty field uses {neutralise(self._found.id)} "
                 f"…{self._found.fingerprint} from the environment.", "$warn")
            )  # fmt: skip
        self._where.update(Content.assemble(*parts))
        self._foot.update(
            Content.assemble(
                ("Enter", "$soft"), (" check and keep   ", "$mute"),
                ("Esc", "$soft"), (" close", "$mute"),
            )
        )  # fmt: skip

    def _say(self, message: str, hint: str = "", *, bad: bool = False) -> None:
        style = "$bad" if bad else "$good"
        parts = [(neutralise(message), style)]
        if hint:
            parts.append((f"\n{neutralise(hint)}", "$mute"))
        self._word.update(Content.assemble(*parts))

    def action_close(self) -> None:
        self.dismiss(None)

    def action_maker(self, by: int) -> None:
        names = list(MAKERS)
        at = names.index(self._provider) if self._provider in names else 0
        self._provider = names[(at + by) % len(names)]
        self._unchecked = False
        self._show()

    def action_vault(self) -> None:
        self._vault_step = True
        self._field.value = ""
        self._field.placeholder = "A passphrase for the encrypted file"
        self._say("Choose a passphrase, 8 characters or more: it is asked once a session.")

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._busy:
            return
        self._busy = True
        try:
            if self._vault_step:
                await self._open_vault(Secret(event.value))
            else:
                await self._keep(event.value)
        except OwnkeyError as error:
            self._say(error.message, error.hint, bad=True)
        finally:
            self._busy = False

    async def _open_vault(self, passphrase: Secret) -> None:
        exists = self._keys is not None and "passphrase" in (self._keys.trouble or "")
        command = OpenVault if exists else CreateVault
        await self._bridge.send(command(passphrase=passphrase))
        self._vault_step = False
        self._field.value = self._last.reveal() if self._last is not None else ""
        self._field.placeholder = "Paste the key"
        self._say("The encrypted file is open.")
        await self._load_keys()

    async def _keep(self, text: str) -> None:
        if not text.strip() and self._found is not None:
            self._say("checking …")
            self._answered(await self._bridge.send(UseFoundKey(variable=self._found.id)))
            return
        self._last = Secret(text)
        self._say("saving …" if self._unchecked else "checking …")
        command = AddKey(
            provider=self._provider,
            pasted=self._last,
            replace=self._replace,
            unchecked=self._unchecked,
        )
        self._answered(await self._bridge.send(command))

    def _answered(self, answer: object) -> None:
        assert isinstance(answer, KeyAnswer)
        if answer.error is None:
            self.dismiss(answer)
        elif answer.error == "unreachable":
            self._unchecked = True
            self._say(answer.message, "Enter again saves it unchecked.", bad=True)
        else:
            self._say(answer.message, answer.hint, bad=True)

    def on_input_changed(self) -> None:
        self._unchecked = False
