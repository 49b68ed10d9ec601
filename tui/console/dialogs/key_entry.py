"""The key dialog: paste, checked live, kept where the screen says by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.console.dialogs.vault import VaultDialog
from tui.console.dialogs.words import (
    MAKERS,
    RETENTION,
    WHERE,
    found,
    key_line,
    listing,
    outcome,
)
from tui.console.grounds import Modal
from tui.console.sidebar.marker import signs
from tui.engine.bridge import Bridge
from tui.errors import OwnkeyError
from tui.events.base import utc_now
from tui.secret import Secret
from tui.session.commands import AddKey, ListKeys, UseFoundKey
from tui.session.key_words import of_label, stored, suggested_label
from tui.session.replies import NOWHERE, KeyAnswer, KeyRow, Keys
from tui.text import neutralise

LONGEST_PASTE = 10_000
"""More than any key has; what is longer is refused as too long whatever follows."""
SLOW_S = 0.5
LOW = 30
"""Lines under which there is no air."""


class KeyField(Input):
    """Takes a paste whole: a key that was wrapped over lines is joined by the engine."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.value = event.text[:LONGEST_PASTE]
        self.cursor_position = len(self.value)


class KeyDialog(Modal[KeyAnswer | None]):
    """Adds a key for one maker; its result is what was kept, or None.

    Args:
        bridge: The way to the engine, where keys are checked and kept.
        provider: Whose key it is; Up and Down choose another.
        pasted: A key that was pasted into the prompt.
        replace: Whether it takes the place of that maker's default key.
        label: Of the key that it takes the place of, instead.
        letters: Whether markers are letters.
        clock: Now, aware of its zone.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("up", "maker(-1)", "Maker before", show=False),
        Binding("down", "maker(1)", "Next maker", show=False),
        Binding("f8", "vault", "Use an encrypted file", show=False),
        Binding("f9", "reload", "Ask the keyring again", show=False),
    ]

    def __init__(
        self,
        bridge: Bridge,
        provider: str,
        *,
        pasted: Secret | None = None,
        replace: bool = False,
        label: str | None = None,
        letters: bool = False,
        clock: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._maker: str = provider
        self._replace, self._asked_label = replace, label
        self._letters = letters
        self._clock = clock
        self._keys: Keys | None = None
        self._unchecked = False
        self._busy = False
        self._loading = False
        self._answer_shown = False  # what became of a key stands there: nothing may hide it
        self._suggested = ""
        self._last = pasted or Secret("")
        self._title = Static("", classes="dialog-title")
        self._rows = Static("", id="key-rows")
        self._field = KeyField(
            password=True, placeholder="Paste the key", id="key-field", classes="dialog-field"
        )
        self._label = Input(id="key-label", max_length=64, compact=True)
        self._outcome = Static("", id="key-outcome")
        self._word = Static("", id="key-word", classes="dialog-word")
        self._where = Static("", id="key-where")
        self._foot = Static("", classes="dialog-foot")

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="key-dialog", can_focus=False):
            yield self._title
            yield self._rows
            yield self._field
            with Horizontal(id="key-label-row"):
                yield Static("label", id="key-label-name")
                yield self._label
                yield self._outcome
            yield self._where
            yield self._word
            yield Static(RETENTION, id="key-retention", markup=False)
            yield self._foot

    def on_mount(self) -> None:
        self.set_class(self._letters, "-letters")
        self._field.value = self._last.reveal()
        self._field.focus()
        self._suggest(replace=False)
        self._show()
        self.action_reload()

    def on_resize(self) -> None:
        self.set_class(self.size.height < LOW, "-low")
        self.call_after_refresh(self._show)

    def action_reload(self) -> None:
        self._answer_shown = False
        self.run_worker(self._load_keys, group="keys", exclusive=True)

    async def _load_keys(self) -> None:
        self._loading = True
        self.set_timer(SLOW_S, self._say_loading)
        try:
            keys = await self._bridge.send(ListKeys())
        except OwnkeyError as error:
            self._say(error.message, error.hint, bad=True)
            return
        finally:
            self._loading = False
        assert isinstance(keys, Keys)
        self._keys = keys
        if self._label.value == self._suggested:
            self._suggest(replace=self._replace)
        if not self._answer_shown:
            self._say("")
        self._show()
        if keys.trouble is not None:
            self._offer_ways(keys.trouble)
        if keys.locked:
            self._open_vault(consent=False)

    def _suggest(self, *, replace: bool) -> None:
        wanted = self._asked_label if replace else None
        self._suggested = wanted or suggested_label(self._stored, replace=replace)
        self._label.value = self._suggested

    def _say_loading(self) -> None:
        if self._loading and not self._busy and not self._answer_shown:
            self._say("asking the keyring …", "It may be asking you in a window.")

    @property
    def _stored(self) -> list[KeyRow]:
        return stored(self._keys, self._maker)

    def _offer_ways(self, trouble: str) -> None:
        """Keys cannot be kept now: a choice, never a silent other place."""
        env = "keys from the environment alone, nothing kept"
        lines = [
            Content.assemble((neutralise(trouble), "$bad")),
            key_line(("F8", "keep keys in an encrypted file, with a passphrase")),
            key_line(("F9", "ask again")),
            key_line(("OWNKEY_KEYRING=env", env)),
        ]
        self._word.update(Content("\n").join(lines))

    def _show(self) -> None:
        width = max(20, self._title.size.width)
        maker = MAKERS.get(self._maker, self._maker)
        title, aside = f"{maker} API key", signs("↑↓ another maker", letters=self._letters)
        gap = " " * max(1, width - len(title) - len(aside))
        self._title.update(Content.assemble((title, "bold $text"), gap, (aside, "$faint")))
        lines = listing(self._stored, self._clock(), width, letters=self._letters)
        if (lying := found(self._keys, self._maker)) is not None:
            lines.append(
                Content.assemble(
                    (f"{neutralise(lying.label)} …{lying.fingerprint}", "$soft"),
                    (" found in the environment: ", "$mute"), ("not used", "$warn"),
                    ("\nEnter in the empty field uses it", "$mute"),
                )
            )  # fmt: skip
        self._rows.update(Content("\n").join(lines))
        self._rows.display = bool(lines)
        self._show_outcome()
        store = "…" if self._keys is None else neutralise(self._keys.store)
        self._where.update(
            Content.assemble(
                ("kept " if store == NOWHERE else "kept in ", "$mute"), (store, "$soft"),
                ("\nmade at ", "$mute"), (WHERE.get(self._maker, "its console"), "$soft"),
            )
        )  # fmt: skip
        does = "save unchecked" if self._unchecked else "check and keep"
        self._foot.update(key_line(("Enter", does), ("Tab", "label"), ("Esc", "close")))

    def _show_outcome(self) -> None:
        self._outcome.update(Content.assemble((outcome(self._stored, self._label.value), "$mute")))

    def _say(self, message: str, hint: str = "", *, bad: bool = False) -> None:
        parts = [(neutralise(message), "$bad" if bad else "$soft")]
        if hint:
            parts.append((f"\n{neutralise(hint)}", "$mute"))
        self._word.update(Content.assemble(*parts))

    def action_close(self) -> None:
        self.dismiss(None)

    def action_maker(self, by: int) -> None:
        if self._busy:
            return
        names = list(MAKERS)
        at = names.index(self._maker) if self._maker in names else 0
        self._maker = names[(at + by) % len(names)]
        self._unchecked = self._replace = False
        self._suggest(replace=False)
        self._show()

    def action_vault(self) -> None:
        if not self._busy:
            self._open_vault(consent=True)

    def _open_vault(self, *, consent: bool) -> None:
        exists = self._keys is not None and self._keys.vault
        dialog = VaultDialog(self._bridge, exists=exists, consent=consent, letters=self._letters)

        def closed(opened: bool | None) -> None:
            if opened:
                self.action_reload()

        self.app.push_screen(dialog, closed)  # pyright: ignore[reportUnknownMemberType] - any app

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._busy:
            return
        self._busy = True
        try:
            await self._keep(self._field.value)
        except OwnkeyError as error:
            self._answer_shown = True
            if self._keys is not None and self._keys.trouble is not None:
                self._offer_ways(error.message)
            else:
                self._say(error.message, error.hint, bad=True)
        finally:
            self._busy = False

    async def _keep(self, text: str) -> None:
        lying = found(self._keys, self._maker)
        if not text.strip() and lying is not None:
            self._say("checking …")
            self._answered(await self._bridge.send(UseFoundKey(variable=lying.label)))
            return
        self._last = Secret(text)
        self._say("saving …" if self._unchecked else "checking …")
        label = self._label.value.strip()
        command = AddKey(
            provider=self._maker,
            pasted=self._last,
            label=label or None,
            replace=of_label(self._stored, label) is not None,
            unchecked=self._unchecked,
        )
        self._answered(await self._bridge.send(command))

    def _answered(self, answer: object) -> None:
        assert isinstance(answer, KeyAnswer)
        self._answer_shown = True
        if answer.error is None:
            self.dismiss(answer)
        elif answer.error == "unreachable":
            self._unchecked = True
            self._say(answer.message, "Enter again saves it unchecked.", bad=True)
        else:
            self._say(answer.message, answer.hint, bad=True)
        self._show()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self._field and self._last.sha256 != Secret(event.value).sha256:
            self._unchecked = False
            self._show()
        self._show_outcome()
