"""Which files hold secrets, which are ours, and what a tool may open now.

Pure over real paths: whoever asks has followed every link first. Rules ask it before a call
(`tui.permissions`), tools ask it again at the moment they open (`tui.tools.opening`), and both
get the same answer (reliability.md §4, protected list).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path, PurePath
from typing import Literal

Place = Literal["inside", "outside", "own", "system"]
"""Where a real path lies: in the workspace, elsewhere, in our own folders, in the kernel's."""

SECRET_NAMES = (
    # settings with passwords and tokens in them
    ".env", ".env[-_.]*", "*.env", ".envrc", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass",
    ".my.cnf", ".mylogin.cnf", ".git-credentials", ".dockercfg", ".dockerconfigjson", ".htpasswd",
    ".vault-token", ".vault_pass*", ".boto", ".s3cfg", ".authinfo*", ".terraformrc",
    "terraform.rc", "*.tfstate", "*.tfstate.*", "*.tfvars", "*.tfvars.json", "kubeconfig",
    "*.kubeconfig", "rclone.conf", "auth.json", "credentials", ".credentials",
    "*credentials.json", "*credentials.toml", "*credentials.y*ml", "*credentials.ini",
    "*credentials.csv", "*credentials.db", "credentials.tfrc*", "client_secret*.json",
    "*service[-_]account*.json", "*adminsdk*.json", "secret.json", "secret.y*ml", "secret.toml",
    "secret.txt", "secrets.json", "secrets.y*ml", "secrets.toml", "secrets.txt", "secrets.ini",
    "secrets.env", ".secret", ".secrets", "*.secret", "*.secrets", "shadow", "gshadow",
    ".*_history", ".claude.json",
    # private keys and stores of keys
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*_rsa", "*_dsa", "*_ecdsa", "*_ed25519",
    "*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.pkcs8", "*.pkcs12", "*.ppk", "*.jks",
    "*.keystore", "*.kdb", "*.kdbx", "*.keytab", "krb5cc*", "*.ovpn", "*.agekey", "secring.*",
    "wallet.dat", "*.keychain", "*.keychain-db",
)  # fmt: skip
"""Names of files that hold secrets, as shell patterns over the folded name."""

USUAL_SECRETS = (
    ".env", ".env.local", ".envrc", ".netrc", ".npmrc", ".pypirc", ".pgpass", ".git-credentials",
    ".htpasswd", ".bash_history", ".credentials", ".secrets", ".ssh", ".aws", ".kube", ".gnupg",
    ".docker", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "credentials", "credentials.json",
    "secret.json", "secrets.json", "secrets.yaml", "secrets.yml", "secrets.toml", "secrets.env",
    "server.key", "server.pem", "service-account.json", "client_secret.json", "terraform.tfvars",
    "terraform.tfstate",
)  # fmt: skip
"""Names that secrets usually have: what a shell's pattern is tried with."""

SECRET_FOLDERS = (
    ".ssh", ".aws", ".azure", ".gnupg", ".kube", ".gcloud", ".password-store", ".secrets",
    "keyrings", "keychains", ".oci", ".vault",
)  # fmt: skip
"""Folders where every file counts as a secret, wherever they lie."""

SECRET_TAILS = (
    ".docker/config.json", ".config/gcloud", "gh/hosts.yml", ".codex/*.json",
    ".git/config", ".git/**/config", ".git/config.worktree", ".git/credentials",
)  # fmt: skip
"""Secrets that only name and folder together tell; `.git/config` may hold tokens in addresses."""

HOME_SECRETS = (".ssh", ".aws", ".gnupg", ".kube", ".netrc", ".git-credentials", ".npmrc", ".env")
"""Files and folders of the home whose hard links under another name are looked for."""

_PUBLIC = ("*.pub", ".env*.example", ".env*.sample", ".env*.template", ".env*.dist",
           "example.env", "sample.env", "template.env")  # fmt: skip
_COPIES = ("~", ".bak", ".backup", ".old", ".orig", ".save", ".copy", ".tmp", ".swp", ".swo")
_SYSTEM = ("/proc", "/sys", "/dev")
_SHARED_MEMORY = "/dev/shm"  # an ordinary file system, for all its place


@dataclass(frozen=True, slots=True)
class Border:
    """What the tools of one call may open.

    Args:
        workspace: The folder's real path.
        home: The person's home, for hard links to the secrets there.
        own: Real paths of our own folders: settings, keys, store, vault, cache, logs.
        granted: Real paths that a yes covers for this call; a folder covers what lies below,
            but for secrets it covers only those that it names or that lie in a secret folder.
    """

    workspace: Path
    home: Path
    own: tuple[Path, ...]
    granted: frozenset[Path] = frozenset()

    def place(self, real: Path) -> Place:
        """Where a real path lies. Our own folders win, even inside the workspace."""
        text = str(real)
        folded = _fold(text)
        exact, below = _tops(self.own)
        if folded in exact or folded.startswith(below):
            return "own"
        if any(_within(folded, top) for top in _SYSTEM) and not _within(folded, _SHARED_MEMORY):
            return "system"
        return "inside" if _within(text, str(self.workspace)) else "outside"

    def tells_names(self, real: Path) -> bool:
        """Whether the name of every file that lies right in this folder may be told."""
        return self.place(real) == "inside" and all(own.parent != real for own in self.own)

    def closed(self, real: Path, *, name_only: bool = False) -> str | None:
        """Why a tool may not open this real path now; None where it may.

        With `name_only` only the name is told, not what the file holds: secrets are no matter.
        """
        match self.place(real):
            case "own":
                return "it belongs to ownkey itself (settings, keys, store): never opened by tools"
            case "system":
                return "it is no file but the system's view of processes and devices"
            case "outside" if not self._covers(real):
                return "it lies outside the folder, and no approval covers it"
            case _:
                secret = None if name_only else secret_reason(real)
                if secret and not self._covers_secret(real):
                    return f"it may hold secrets ({secret}), and no approval covers it"
                return None

    def _covers(self, real: Path) -> bool:
        return any(real.is_relative_to(grant) for grant in self.granted)

    def _covers_secret(self, real: Path) -> bool:
        return real in self.granted or any(
            real.is_relative_to(grant) and secret_reason(grant) for grant in self.granted
        )


def secret_reason(real: PurePath) -> str | None:
    """Why a file or folder of this real path counts as a secret; None where it does not."""
    folded = _fold(str(real))
    if found := _places().search(folded):
        return f"in {found[0].strip('/')}"
    for name in _without_copy_marks(folded.rpartition("/")[2]):
        if _one_of(_PUBLIC).fullmatch(name):
            return None
        if _one_of(SECRET_NAMES).fullmatch(name):
            return f"named {name}"
    return None


@functools.cache
def _one_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    # One expression: a search over a large folder asks this of every file.
    return re.compile("|".join(translate(pattern) for pattern in patterns))


@functools.cache
def _places() -> re.Pattern[str]:
    tails = (
        re.escape(tail).replace(r"\*\*", ".*").replace(r"\*", "[^/]*") for tail in SECRET_TAILS
    )
    choices = "|".join((*map(re.escape, SECRET_FOLDERS), *tails))
    return re.compile(f"(?:^|/)(?:{choices})(?:/|$)", re.DOTALL)


def _without_copy_marks(name: str) -> tuple[str, ...]:
    """The name, and the name of the file that it is a copy or an editor's swap file of."""
    bare = name
    while shorter := next((bare[: -len(mark)] for mark in _COPIES if bare.endswith(mark)), None):
        bare = shorter
    return (name,) if bare == name else (name, bare, bare.removeprefix("."))


def _fold(path: str) -> str:
    """A path as a file system that ignores case and normal forms would compare it."""
    # The same, and a search over a large folder asks this of every file.
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


@functools.lru_cache(maxsize=64)
def _tops(folders: tuple[Path, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Folders as `_fold` gives them, and what every path below one of them begins with."""
    folded = [_fold(str(folder)) for folder in folders]
    return frozenset(folded), tuple(f"{path.rstrip('/')}/" for path in folded)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
