"""The least that such programs can be: what ours is measured against.

`shell`: a Textual app with a sidebar, a TextArea and a status line.
`stream ADDRESS`: the same, and one line-API view fed by the official SDK in the app's own process.
"""

from __future__ import annotations

import sys
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Log, OptionList, Static, TextArea

MODELS = ["one", "two", "three", "four"]


class Shell(App[None]):
    """Sidebar, editor, status line."""

    CSS = """
    OptionList { width: 32; height: 100%; }
    #chat { width: 1fr; }
    #view { height: 1fr; }
    TextArea { height: 5; }
    #status { height: 1; }
    """

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield OptionList(*MODELS)
            with Vertical(id="chat"):
                yield self.view()
                yield TextArea(placeholder="Type a message")
        yield Static("status", id="status")

    def view(self) -> Widget:
        """What stands above the editor."""
        return Static("", id="view")

    def on_mount(self) -> None:
        self.query_one(TextArea).focus()


class Stream(Shell):
    """The shell, and a view of what a model says."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "ask", priority=True)]

    def __init__(self, address: str) -> None:
        super().__init__()
        from openai import AsyncOpenAI

        self.lines = Log(id="view")
        self.client = AsyncOpenAI(api_key="sk-made-up", base_url=address, max_retries=0)

    def view(self) -> Widget:
        return self.lines

    def action_ask(self) -> None:
        editor = self.query_one(TextArea)
        text, editor.text = editor.text, ""
        self.run_worker(self.ask(text))

    async def ask(self, text: str) -> None:
        stream = await self.client.responses.create(model="gpt-5.5", input=text, stream=True)
        async for event in stream:
            if event.type == "response.output_text.delta":
                self.lines.write(event.delta)
        self.lines.write("\n")


def main() -> None:
    """Run the floor that the command line names."""
    match sys.argv[1:]:
        case ["shell"]:
            Shell().run()
        case ["stream", address]:
            Stream(address).run()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
