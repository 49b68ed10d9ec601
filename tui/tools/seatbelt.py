"""macOS: a command under `sandbox-exec`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tui.tools.sandbox import Holds, Scope, in_words

PROGRAM = Path("/usr/bin/sandbox-exec")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/tty", "/dev/dtracehelper")


class Seatbelt:
    """All but the folder and a temporary one read-only, secrets closed, no network."""

    name = "sandbox-exec"
    keepers = 0

    def __init__(self, holds: Holds | None = None) -> None:
        self.holds = holds or Holds()

    def measured(self, holds: Holds) -> Seatbelt:
        """The same, with what it was seen to hold."""
        return Seatbelt(holds)

    def describe(self, *, network: bool = False) -> str:
        """See `tui.tools.sandbox.Sandbox`."""
        return in_words(self.name, self.holds, network=network)

    def extra(self, scope: Scope) -> Mapping[str, str]:
        """See `tui.tools.sandbox.Sandbox`."""
        return {"TMPDIR": str(scope.temp), "GOCACHE": str(scope.temp / "go-build")}

    def wrap(self, argv: Sequence[str], scope: Scope) -> list[str]:
        """See `tui.tools.sandbox.Sandbox`."""
        return [str(PROGRAM), "-p", _profile(scope), *argv]


def _profile(scope: Scope) -> str:
    """Later rules win."""
    devices = " ".join(f'(literal "{path}")' for path in _DEVICES)
    git = scope.workspace / ".git"
    guarded = (*scope.guarded(), git / "hooks", git / "config")
    lines = [
        "(version 1)(allow default)(deny file-write*)",
        f"(allow file-write* {_below((scope.workspace, scope.temp))} {devices})",
        f'(deny file-write* {_below(guarded)} (literal "{_quoted(git)}"))',
        "(deny signal)(allow signal (target same-sandbox))",
    ]
    if hidden := scope.hidden():
        lines.append(f"(deny file-read* file-write* {_below(hidden)})")
    if not scope.network:
        lines.append("(deny network*)")
    return "\n".join(lines)


def _below(paths: Iterable[Path]) -> str:
    return " ".join(f'(subpath "{_quoted(path)}")' for path in paths)


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
