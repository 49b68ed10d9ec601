"""The folder's words for agents: AGENTS.md and CLAUDE.md, from the repository's root downwards.

They are material of the person's folder. They grant nothing: no setting, rule or payer is ever
read from them (reliability.md §3, rule 5), and what they hold is neutralised.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tui.protected import Border
from tui.session.ports import Guide
from tui.text import decode, neutralise
from tui.tools.base import CallFailed
from tui.tools.opening import reach

NAMES = ("AGENTS.md", "CLAUDE.md")
MOST_BYTES = 32 * 1024
"""Of all of them together; what lies nearest to the folder goes first."""


def read_guides(cwd: Path, home: Path) -> tuple[Guide, ...]:
    """What stands in them now, outermost first. Blocks.

    Looked for from the root of the repository, or of the folders below `home`, down to `cwd`;
    without either in `cwd` alone. A link counts where it leads to a file below that root.
    """
    cwd, home = cwd.resolve(), home.resolve()
    folders = _folders(cwd, home)
    border = Border(workspace=folders[0], home=home, own=())
    found: list[Guide] = []
    seen: set[Path] = set()
    left = MOST_BYTES
    for path in (folder / name for folder in reversed(folders) for name in NAMES):
        if left <= 0:
            break
        with suppress(CallFailed, OSError), reach(path, border) as reached:
            if reached.is_folder or reached.real in seen:
                continue
            with reached.open_file() as file:
                data = file.read(left + 1)
            seen.add(reached.real)
            if text := _shown(data, left):
                found.append(
                    Guide(path=neutralise(_name(path, folders[0]), strict=True), text=text)
                )
            left -= len(data)
    return tuple(reversed(found))


def _folders(cwd: Path, home: Path) -> list[Path]:
    """Outermost first, `cwd` last."""
    above = [cwd, *cwd.parents]
    root = next((at for at in above if (at / ".git").exists()), None)
    if root is not None and root not in (home, *home.parents):
        return list(reversed(above[: above.index(root) + 1]))
    below_home = cwd != home and cwd.is_relative_to(home)
    return list(reversed(above[: above.index(home)])) if below_home else [cwd]


def _name(path: Path, root: Path) -> str:
    return str(path.relative_to(root))


def _shown(data: bytes, most: int) -> str:
    text = neutralise(decode(data[:most]).strip())
    cut = len(data) > most
    return f"{text}\n[cut: the rest is not read]" if cut and text else text
