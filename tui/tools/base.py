"""What a tool is: told to the model by its spec, asked what it would open, run, one result back."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from tui.errors import OwnkeyError
from tui.events.tool import ToolSpec
from tui.paths import find_paths
from tui.protected import Border
from tui.tools.effects import Effect, Reading
from tui.tools.output import SHORT_NAMES, shown_name
from tui.tools.sandbox import NoSandbox, Sandbox
from tui.tools.seen import Seen

T = TypeVar("T")

_MOST_ERROR = 2_000
_MOST_PATH = 300  # the model knows what it asked for


NOT_APPROVED = "This call was not approved, so nothing was done."


class CallFailed(OwnkeyError):
    """The call cannot be done; the message is for the model, which may call again."""


class ToolOutput(msgspec.Struct, frozen=True):
    """What a call gave. Raw: names and contents may hold anything, bad bytes as surrogates.

    `truncated`: there is more than `output` shows, and its last lines say how much and how to
    get it.
    """

    ok: bool
    output: str
    truncated: bool = False


def _to_nobody(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Where a call runs.

    Args:
        cwd: The workspace, resolved: absolute and without links.
        environ: For the home, our own folders, and what children may see.
        granted: Real paths outside the workspace, or secrets, that a yes covers for this call.
            Whatever else lies there stays closed at the moment of opening, too.
        approved: The effect that was let pass, by a rule or a yes. A call that acts does what it
            says, or nothing; without one (None) it does nothing.
        seen: The files that were read in this session.
        emit: Takes what a running call gives, piece by piece; called on the event loop.
        sandbox: What holds in a command.
        network: Whether a command may use the network; else the sandbox keeps it from it.
        temp: A folder that is a command's temporary one in the sandbox, for as long as the
            session lasts; None: each command has an empty one.
        ask: Puts a question with choices to the person and waits; None: nobody is there.
    """

    cwd: Path
    environ: Mapping[str, str]
    granted: frozenset[Path] = field(default_factory=frozenset[Path])
    approved: Effect | None = None
    seen: Seen = field(default_factory=Seen)
    emit: Callable[[str], None] = _to_nobody
    sandbox: Sandbox = field(default_factory=NoSandbox)
    network: bool = False
    temp: Path | None = None
    ask: Callable[[str, tuple[str, ...]], Awaitable[str]] | None = None

    @property
    def home(self) -> Path:
        """The person's home folder."""
        return Path(self.environ.get("HOME") or os.path.expanduser("~"))

    def border(self) -> Border:
        """What this call may open."""
        paths = find_paths(self.environ)
        own = [paths.config, paths.data, paths.state, paths.cache, paths.logs]
        if root := self.environ.get("OWNKEY_HOME"):
            # All of it, unless the workspace lies in there.
            real = Path(root).expanduser().resolve()
            own += [] if self.cwd.is_relative_to(real) else [real]
        return Border(
            workspace=self.cwd,
            home=self.home,
            own=tuple(folder.resolve() for folder in own),
            granted=self.granted,
        )

    def absolute(self, path: str) -> Path:
        """A path of the model's as an absolute one; its links and `..` stay as they are.

        A first part that is `~`, `$HOME` or `$OWNKEY_HOME` is that folder, as a shell has it;
        a file of such a name in the folder itself is `./~`.

        Raises:
            CallFailed: no file can have this name.
        """
        first, slash, rest = path.partition("/")
        if (folder := self._named(first)) is not None:
            path = folder + slash + rest
        try:
            os.fsencode(path)
        except UnicodeEncodeError:
            raise CallFailed("no file can have this name: it is no text that UTF-8 holds") from None
        if "\0" in path:
            raise CallFailed("no file can have this name: it holds a NUL character")
        if not path:
            raise CallFailed("`path` is empty: give a file or folder, `.` for this folder")
        return Path("/" + (self.cwd / path).as_posix().lstrip("/"))

    def _named(self, first: str) -> str | None:
        if first in SHORT_NAMES[:3]:
            return str(self.home)
        return self.environ.get("OWNKEY_HOME") if first in SHORT_NAMES[3:] else None


class Tool(Protocol):
    """One tool. It holds no state: everything comes with the call."""

    @property
    def spec(self) -> ToolSpec:
        """What the model is told."""
        ...

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        """What the call would open: absolute, links not followed.

        Of a folder that is searched, the folder alone. Empty for wrong arguments: then `run`
        opens nothing either.
        """
        ...

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        """Do it. What goes wrong is a result with `ok` false, never an exception."""
        ...


@runtime_checkable
class ActingTool(Tool, Protocol):
    """A tool that does more than read."""

    def effect(self, args: dict[str, Any], context: ToolContext) -> Effect:
        """What the call would do now. Changes nothing; may read files: run it in a thread.

        Files that only a yes opens are read here too, for the person; nothing of them stands in
        an error.

        Raises:
            CallFailed: it cannot be done; the message is the call's result.
        """
        ...


def effect_of(tool: Tool, args: dict[str, Any], context: ToolContext) -> Effect:
    """What a call of any tool would do. Raises as `ActingTool.effect`."""
    if isinstance(tool, ActingTool):
        return tool.effect(args, context)
    return Reading(tool.reads(args, context))


class Deadline:
    """When work in a thread has to stop: its time is over, or nobody waits any more."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Nobody waits for the result."""
        self._cancelled.set()

    @property
    def left_s(self) -> float:
        """Seconds that are left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def over(self) -> bool:
        """Whether to stop now."""
        return self._cancelled.is_set() or self.left_s == 0.0


async def in_thread(work: Callable[[], T], deadline: Deadline) -> T:
    """Run file work off the event loop; cancelling makes it stop at its next look."""
    import asyncio

    try:
        return await asyncio.to_thread(work)
    except asyncio.CancelledError:
        deadline.cancel()
        raise


def parse_args(args: dict[str, Any], shape: type[T], example: str) -> T:
    """The arguments of a call as `shape`; numbers may come as text.

    Raises:
        CallFailed: says what is wrong, and how to call it.
    """
    try:
        return msgspec.convert(args, shape, strict=False)
    except msgspec.ValidationError as error:
        raise CallFailed(f"Wrong arguments: {error}. Call it like this: {example}") from None


def make_spec(name: str, description: str, shape: type[Any]) -> ToolSpec:
    """The spec of a tool whose arguments are the struct `shape`."""
    _, components = msgspec.json.schema_components([shape])
    schema = dict(components[shape.__name__])
    schema.pop("title", None)
    return ToolSpec(name=name, description=description, schema=schema)


def failed(error: CallFailed | OSError, args: dict[str, Any]) -> ToolOutput:
    """The result of a call that could not be done."""
    if isinstance(error, CallFailed):
        return ToolOutput(False, error.message[:_MOST_ERROR])
    path = args.get("path")
    where = f"{shown_name(path)[:_MOST_PATH]}: " if isinstance(path, str) else ""
    return ToolOutput(False, f"{where}{error.strerror or error}")
