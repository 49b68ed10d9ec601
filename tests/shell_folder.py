"""The folder that shell commands are judged in, and the judgement as a session makes it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tui.permissions.lookups import Machine
from tui.permissions.shell import CommandVerdict, judge_command
from tui.protected import Border

_FILES = {
    "README.md": "# hello\n\nTODO: rm -rf /\n",
    "names.txt": "alpha\nbeta\n",
    "package.json": '{"name": "x"}\n',
    "src/app.py": "def main():\n    pass\n",
}


class ShellFolder:
    """A repository of two commits beside a home and our own folders, all real."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.folder = self.root / "work"
        self.home = self.root / "home"
        self.own = self.home / ".config" / "ownkey"
        self.own.mkdir(parents=True)
        self.lay(_FILES)
        for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
            self.git(*words)
        self.git("commit", "-qm", "two", "--allow-empty")

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        subprocess.run(["git", *who, *words], cwd=self.folder, env=environ, check=True)

    def lay(self, files: Mapping[str, str]) -> None:
        """Lay files over it; those that begin with `#!` can be run."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            if content.startswith("#!"):
                path.chmod(0o755)

    def copy(self, root: Path) -> ShellFolder:
        """The same folder elsewhere, to lay something over it."""
        made = object.__new__(ShellFolder)
        shutil.copytree(self.root, root, symlinks=True)
        made.root = root.resolve()
        made.folder, made.home = made.root / "work", made.root / "home"
        made.own = made.home / ".config" / "ownkey"
        return made

    @property
    def border(self) -> Border:
        return Border(workspace=self.folder, home=self.home, own=(self.own,))

    def judge(
        self, command: str, *rules: str, path: str | None = None, cwd: str = "."
    ) -> CommandVerdict:
        machine = Machine(self.border, {"PATH": path or os.environ["PATH"]})
        where = (self.folder / cwd).resolve()
        return judge_command(command, cwd=where, border=self.border, lookups=machine, rules=rules)
