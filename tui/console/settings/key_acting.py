"""What is done with keys in the settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.console.dialogs.vault import VaultDialog
from tui.console.settings.endpoint_acting import EndpointActing
from tui.console.settings.panes.keys import key_name
from tui.console.settings.rows import Opened, Row
from tui.errors import OwnkeyError
from tui.session import commands
from tui.session.replies import KeyAnswer, KeyRow, Keys
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.console.settings.desk import SettingsDesk


class KeyActing(EndpointActing):
    """The part of the settings that lists, adds, checks, names, switches, pins and forgets keys.

    Args:
        desk: The console: its settings, its bridge, and what it knows.
    """

    def __init__(self, desk: SettingsDesk[Any]) -> None:
        super().__init__()
        self.desk = desk
        self.keys_trouble = ""
        self.forgotten: KeyRow | None = None
        self.wish = "replace"  # what Enter does to a key

    @property
    def folder(self) -> str:
        """Of the session that is shown."""
        return self.desk.state.cwd or str(Path.cwd())

    def open_row(self, opened: Opened | None, text: str = "", hint: str = "") -> None:
        """Open a row for a value to be picked or typed; None closes it."""
        raise NotImplementedError

    async def load_keys(self) -> None:
        """Ask for them anew."""
        try:
            reply = await self.desk.bridge.send(commands.ListKeys(folder=self.folder))
        except OwnkeyError as error:
            self.keys_trouble = error.message
        else:
            assert isinstance(reply, Keys)
            self.desk.keys, self.keys_trouble = reply, ""
        self.look_again()

    def act_on_key(self, key: KeyRow, wish: str) -> None:
        """Replace, check, make the default or forget it."""
        if wish == "replace":
            self.desk.ask_key(key.provider, replace=True, label=key.label, closed=self.key_closed)
        else:
            self.work(self._change_key(key, wish), "key")

    def key_closed(self, answer: KeyAnswer | None) -> None:
        """What became of a key in its dialog."""
        if answer is not None:
            name = "The key" if answer.row is None else key_name(answer.row)
            self.say(f"{name} is in use.", "$good")
            self.work(self.load_keys(), "keys")

    async def _change_key(self, key: KeyRow, wish: str) -> None:
        name = key_name(key)
        self.say(f"checking {name} …" if wish == "check" else "…")
        answer = await self._answer(_command(wish, key.id, self.folder))
        if answer is None:
            return
        match wish:
            case "forget":
                self.forgotten = key
                self.say(f"{name} is forgotten. U brings it back.", "$warn")
            case "default":
                self.say(f"{name} is the default: it pays.", "$good")
            case _:
                self.say(*_checked_words(name, answer))
        await self.load_keys()

    def undo_forgetting(self) -> None:
        """Bring back the key that was forgotten last."""
        self.work(self._undo(), "key")

    async def _undo(self) -> None:
        answer = await self._answer(commands.ChangeKey(action="undo"))
        if answer is not None and self.forgotten is not None:
            self.say(f"{key_name(self.forgotten)} is back.", "$good")
            self.forgotten = None
            await self.load_keys()

    async def use_key(self, key: KeyRow) -> None:
        """The yes to one that lies in the environment."""
        name = key_name(key)
        self.say(f"checking {name} …")
        answer = await self._answer(commands.UseFoundKey(variable=key.label))
        if answer is not None:
            words, tone = _checked_words(name, answer)
            self.say(f"{words} It is in use." if answer.error is None else words, tone)
            await self.load_keys()
            self.desk.load()

    async def check_all(self) -> None:
        """Ask the makers for every key that is kept or in use."""
        keys = self.desk.keys.keys if self.desk.keys is not None else ()
        mine = [key for key in keys if key.source == "stored" or key.used]
        taken = 0
        for at, key in enumerate(mine, start=1):
            self.say(f"checking {at} of {len(mine)}: {key_name(key)} …")
            answer = await self._answer(commands.ChangeKey(action="check", id=key.id))
            taken += answer is not None and answer.state == "verified"
        tone = "$good" if taken == len(mine) else "$warn"
        self.say(f"{taken} of {len(mine)} keys verified.", tone)
        await self.load_keys()

    async def _answer(self, command: commands.AnyCommand) -> KeyAnswer | None:
        try:
            answer = await self.desk.bridge.send(command)
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}", "$bad")
            return None
        return answer if isinstance(answer, KeyAnswer) else None

    def open_vault(self) -> None:
        """Ask for the passphrase of the encrypted file."""
        exists = self.desk.keys is not None and self.desk.keys.vault

        def closed(opened: bool | None) -> None:
            if opened:
                self.work(self.load_keys(), "keys")

        self.app.push_screen(  # pyright: ignore[reportUnknownMemberType] - any app
            VaultDialog(self.desk.bridge, exists=exists, consent=False, letters=self.desk.letters),
            closed,
        )

    def change_by_letter(self, row: Row, key: KeyRow, letter: str) -> None:
        """L: another label; O: off or on; P: pin to the session's folder, or no more."""
        if letter == "l" and key.source == "stored":
            self.open_row(Opened(row=row.entry.id), key.label, "your word for it")
        elif letter == "o" and (key.source == "stored" or key.used):
            self.work(self._changed(key, "disable" if key.enabled else "enable"), "key")
        elif letter == "p" and not key.admin and (key.used or key.pinned):
            self.work(self._changed(key, "unpin" if key.pinned else "pin"), "key")

    async def rename_key(self, row: Row, key: KeyRow, label: str) -> None:
        """Give it this label; what is wrong with it is said beside the field."""
        try:
            answer = await self.desk.bridge.send(
                commands.ChangeKey(action="label", id=key.id, label=label)
            )
        except OwnkeyError as error:
            words = neutralise(f"{error.message}. {error.hint}".removesuffix(". "), strict=True)
            self.open_row(Opened(row=row.entry.id, trouble=words), label)
            return
        self.open_row(None)
        if isinstance(answer, KeyAnswer) and answer.row is not None:
            self.say(f"{key_name(key)} is called {answer.row.label} now.", "$good")
        await self.load_keys()
        self.desk.load()

    async def _changed(self, key: KeyRow, action: str) -> None:
        if await self._answer(_command(action, key.id, self.folder)) is None:
            return
        self.say(*_words(action, key_name(key), self.folder))
        await self.load_keys()
        self.desk.load()


def _command(action: str, id: str, folder: str) -> commands.ChangeKey:
    match action:
        case "forget" | "default" | "check" | "disable" | "enable":
            return commands.ChangeKey(action=action, id=id)
        case "pin" | "unpin":
            return commands.ChangeKey(action=action, id=id, folder=folder)
        case _:
            raise OwnkeyError(f"nothing is called {action}")


def _words(action: str, name: str, folder: str) -> tuple[str, str]:
    match action:
        case "disable":
            return f"{name} is off: it is kept, and no request takes it. O switches it on.", "$warn"
        case "enable":
            return f"{name} is on again.", "$good"
        case "pin":
            return f"{name} is pinned: requests from {folder} take it first.", "$good"
        case _:
            return f"{name} is not pinned to {folder} any more.", "$good"


def _checked_words(name: str, answer: KeyAnswer) -> tuple[str, str]:
    if answer.error is None and answer.state == "verified":
        reaches = f"it reaches {answer.models} model{'s' * (answer.models != 1)}"
        return f"{name} is verified: {reaches}.", "$good"
    why = f": {answer.message}" if answer.message else ""
    return f"{name} is {answer.state}{why}. {answer.hint}".rstrip(), "$bad"
