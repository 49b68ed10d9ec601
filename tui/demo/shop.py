"""The demo's project: a few files, and a repository written by hand, so that no program is run."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

BRANCH = "fix-login"
_AUTHOR = "Demo <demo@shop.example> 1767258000 +0000"
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
[user]
\tname = Demo
\temail = demo@shop.example
"""
MADE = ("tests/test_admin.py",)
"""What the scenes make besides."""
FILES = {
    ".gitignore": "__pycache__/\n",
    "README.md": """\
# shop

A small shop: sessions, an admin guard, a cart. `python3 -m unittest` runs its tests.
""",
    "app/admin.py": """\
def guard(session):
    if not session.cookies.get("sid"):
        raise PermissionError("sign in first")
""",
    "app/cart.py": """\
from decimal import Decimal


def total(lines):
    return sum((line.price * line.count for line in lines), Decimal(0))
""",
    "app/session.py": """\
class NotSignedIn(Exception):
    pass


class Session:
    def __init__(self, cookies):
        self.cookies = cookies


def refresh(session):
    cookie = session.cookies.get("sid")
    if not cookie:
        raise NotSignedIn()
    return cookie
""",
    "tests/__init__.py": "",
    "tests/test_login.py": """\
import unittest

from app.session import NotSignedIn, Session, refresh


class LoginTest(unittest.TestCase):
    def test_signed_in(self):
        self.assertEqual(refresh(Session({"sid": "a1"})), "a1")

    def test_empty_cookie_is_signed_in(self):
        self.assertEqual(refresh(Session({"sid": ""})), "")

    def test_missing_cookie_is_not_signed_in(self):
        with self.assertRaises(NotSignedIn):
            refresh(Session({}))


if __name__ == "__main__":
    unittest.main()
""",
}


def write_shop(folder: Path) -> None:
    """Make the project as it is at the beginning, with its repository of one commit."""
    for name in MADE:
        (folder / name).unlink(missing_ok=True)
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    git = folder / ".git"
    for name in ("objects", "refs/heads", "refs/tags"):
        (git / name).mkdir(parents=True, exist_ok=True)
    (git / "config").write_text(_CONFIG, encoding="utf-8")
    (git / "HEAD").write_text(f"ref: refs/heads/{BRANCH}\n", encoding="utf-8")
    blobs = {name: _keep(git, "blob", text.encode()) for name, text in sorted(FILES.items())}
    words = f"author {_AUTHOR}\ncommitter {_AUTHOR}\n\nshop: sessions, cart, admin guard\n"
    commit = _keep(git, "commit", f"tree {_tree(git, blobs).hex()}\n{words}".encode())
    (git / "refs/heads" / BRANCH).write_text(f"{commit.hex()}\n", encoding="utf-8")
    (git / "index").write_bytes(_index(blobs))


def _keep(git: Path, kind: str, body: bytes) -> bytes:
    """Write one object; its name."""
    data = f"{kind} {len(body)}\0".encode() + body
    name = hashlib.sha1(data, usedforsecurity=False).digest()
    file = git / "objects" / name.hex()[:2] / name.hex()[2:]
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(zlib.compress(data))
    return name


def _tree(git: Path, blobs: dict[str, bytes]) -> bytes:
    """Write the tree of these files, and those of the folders in it; its name."""
    here: list[tuple[str, bytes, bytes]] = []
    folders: dict[str, dict[str, bytes]] = {}
    for name, blob in blobs.items():
        first, slash, rest = name.partition("/")
        if slash:
            folders.setdefault(first, {})[rest] = blob
        else:
            here.append((name, b"100644", blob))
    here += [(name, b"40000", _tree(git, inside)) for name, inside in folders.items()]
    # Git sorts a folder as if its name ended in a slash.
    here.sort(key=lambda one: one[0] + "/" * (one[1] == b"40000"))
    body = b"".join(mode + b" " + name.encode() + b"\0" + object for name, mode, object in here)
    return _keep(git, "tree", body)


def _index(blobs: dict[str, bytes]) -> bytes:
    """The index, version 2; its times are none, so that git looks at each file itself."""
    data = struct.pack("!4sLL", b"DIRC", 2, len(blobs))
    for name, blob in blobs.items():
        path = name.encode()
        entry = struct.pack("!10L20sH", *([0] * 6), 0o100644, 0, 0, 0, blob, len(path)) + path
        data += entry + b"\0" * (8 - len(entry) % 8)
    return data + hashlib.sha1(data, usedforsecurity=False).digest()
