"""What is done with endpoints in the settings."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from tui.console.grounds import Modal
from tui.console.settings.rows import AddEndpoint
from tui.errors import OwnkeyError
from tui.session import commands
from tui.session.replies import EndpointAnswer, EndpointRow, Endpoints
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.console.settings.desk import SettingsDesk


class EndpointActing(Modal[None]):
    """The part of the settings that lists, adds, tests, switches and removes endpoints."""

    desk: SettingsDesk[Any]

    def __init__(self) -> None:
        super().__init__()
        self.endpoints: Endpoints | str | None = None
        self.removed = ""  # name of the endpoint that was removed last since this was opened

    def look_again(self) -> None:
        """Show what is so now."""
        raise NotImplementedError

    def say(self, text: str, tone: str = "$soft") -> None:
        """Say one sentence above the keys; it is neutralised there."""
        raise NotImplementedError

    def work(self, work: Coroutine[Any, Any, None], group: str) -> None:
        """Do it beside, in place of what the group did before."""
        self.run_worker(work, group=f"settings {group}", exclusive=True)

    async def load_endpoints(self, *, look: bool = True) -> None:
        """Ask for them, and for the local servers that answer now."""
        try:
            reply = await self.desk.bridge.send(commands.ListEndpoints(look=look))
        except OwnkeyError as error:
            self.endpoints = error.message
        else:
            self.endpoints = reply if isinstance(reply, Endpoints) else None
        self.look_again()

    def open_endpoint(self, act: AddEndpoint) -> None:
        """The dialog for a new one."""
        self.desk.ask_endpoint(act, closed=self._endpoint_closed)

    def edit_endpoint(self, row: EndpointRow) -> None:
        """The dialog for one that there is."""
        self.desk.ask_endpoint(AddEndpoint(), row=row, closed=self._endpoint_closed)

    def _endpoint_closed(self, answer: EndpointAnswer | None) -> None:
        if answer is not None and answer.row is not None:
            row = answer.row
            count = f"{len(row.models)} model{'s' * (len(row.models) != 1)}"
            self.say(f"{row.name} is kept: {count}; F2 chooses one.", "$good")
            self.work(self.load_endpoints(), "endpoints")

    def change_endpoint(self, action: str, row: EndpointRow | None = None) -> None:
        """Test, switch, remove or bring back; what becomes of it is said."""
        self.work(self._change_endpoint(action, row), "endpoint")

    async def _change_endpoint(self, action: str, row: EndpointRow | None) -> None:
        name = "" if row is None else row.name
        if action == "test":
            self.say(f"testing {name} …")
        try:
            answer = await self.desk.bridge.send(_command(action, name))
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}".removesuffix(". "), "$bad")
            return
        if not isinstance(answer, EndpointAnswer):
            return
        if action == "remove":
            self.removed = name
        elif action == "undo":
            name, self.removed = self.removed, ""
        self.say(*_words(action, neutralise(name, strict=True), answer))
        await self.load_endpoints()
        self.desk.load()


def _command(action: str, name: str) -> commands.ChangeEndpoint:
    match action:
        case "test" | "enable" | "disable" | "remove" | "undo":
            return commands.ChangeEndpoint(action=action, name=name)
        case _:
            raise OwnkeyError(f"nothing is called {action}")


def _words(action: str, name: str, answer: EndpointAnswer) -> tuple[str, str]:
    match action:
        case "remove":
            return f"{name} is removed, with its key. U brings it back.", "$warn"
        case "undo":
            return f"{name} is back.", "$good"
        case "enable" | "disable":
            serves = "serves again" if action == "enable" else "is off: it serves nothing"
            return f"{name} {serves}.", "$good" if action == "enable" else "$warn"
        case _:
            pass
    if answer.error is None:
        return f"{name} is verified: {answer.message}.", "$good"
    return f"{name} is {answer.state}: {answer.message}. {answer.hint}".rstrip(), "$bad"
