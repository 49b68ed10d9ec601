"""What is done with credit services in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.console.settings.key_acting import KeyActing
from tui.console.settings.rows import AddService, ChangeService, ServiceAct, UndoService
from tui.errors import OwnkeyError
from tui.session.credit_talk import (
    ChangeCredits,
    CreditAnswer,
    CreditRow,
    Credits,
    ListCredits,
)
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.console.settings.desk import SettingsDesk


class CreditActing(KeyActing):
    """The part of the settings that lists, adds, tests and removes credit services."""

    def __init__(self, desk: SettingsDesk[Any]) -> None:
        super().__init__(desk)
        self.credits: Credits | str | None = None
        self.removed_service = ""  # name of the one that was removed last since this was opened

    async def load_credits(self, *, look: bool = True) -> None:
        """List them at once, then with what each says now of what is left."""
        for asks in (False, True) if look else (False,):
            try:
                reply = await self.desk.bridge.send(ListCredits(look=asks))
            except OwnkeyError as error:
                self.credits = error.message
            else:
                self.credits = reply if isinstance(reply, Credits) else None
            self.look_again()
            if not isinstance(self.credits, Credits):
                return

    def act_on_service(self, act: ServiceAct) -> None:
        """What Enter does to a service."""
        match act:
            case AddService():
                self.desk.ask_service(closed=self._service_closed)
            case ChangeService():
                self.desk.ask_service(closed=self._service_closed, row=act.service)
            case UndoService():
                self.change_service("undo")

    def letter_on_service(self, act: ServiceAct, letter: str) -> None:
        """T test, O on or off, D remove, U undo."""
        match letter, act:
            case "t", ChangeService():
                self.change_service("test", act.service)
            case "o", ChangeService():
                self.change_service("disable" if act.service.enabled else "enable", act.service)
            case "d", ChangeService():
                self.change_service("remove", act.service)
            case "u", _ if self.removed_service:
                self.change_service("undo")
            case _:
                pass

    def _service_closed(self, answer: CreditAnswer | None) -> None:
        if answer is not None and answer.row is not None:
            row = answer.row
            count = f"{row.models} model{'s' * (row.models != 1)}"
            self.say(f"{row.name} is kept: {count}; F2 chooses one.", "$good")
            self.work(self.load_credits(), "credits")

    def change_service(self, action: str, row: CreditRow | None = None) -> None:
        """Test, switch, remove or bring back; what becomes of it is said."""
        self.work(self._change_service(action, row), "credit")

    async def _change_service(self, action: str, row: CreditRow | None) -> None:
        name = "" if row is None else row.name
        if action == "test":
            self.say(f"testing {name} …")
        try:
            answer = await self.desk.bridge.send(_command(action, name))
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}".removesuffix(". "), "$bad")
            return
        if not isinstance(answer, CreditAnswer):
            return
        if action == "remove":
            self.removed_service = name
        elif action == "undo":
            name, self.removed_service = self.removed_service, ""
        self.say(*_words(action, neutralise(name, strict=True), answer))
        await self.load_credits(look=False)
        self.desk.load()


def _command(action: str, name: str) -> ChangeCredits:
    match action:
        case "test" | "enable" | "disable" | "remove" | "undo":
            return ChangeCredits(action=action, name=name)
        case _:
            raise OwnkeyError(f"nothing is called {action}")


def _words(action: str, name: str, answer: CreditAnswer) -> tuple[str, str]:
    match action:
        case "remove":
            return f"{name} is removed, with its key. U brings it back.", "$warn"
        case "undo":
            return f"{name} is back.", "$good"
        case "enable":
            return f"{name} serves again.", "$good"
        case "disable":
            return f"{name} serves nothing until you switch it on.", "$warn"
        case _:
            pass
    if answer.error is None:
        return f"{name} is verified: {answer.message}.", "$good"
    return f"{name} is {answer.state}: {answer.message}. {answer.hint}".rstrip(), "$bad"
