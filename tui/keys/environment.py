"""Keys that the environment holds: read, never written (`OWNKEY_KEYRING=env`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tui.errors import KeyStoreError
from tui.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

ID_PREFIX = "env:"
"""In front of a variable's name it is the id of the key that the variable holds."""


class EnvironmentStore:
    """The environment as a store; ids are `env:VARIABLE`."""

    kind: Literal["env"] = "env"
    name = "environment"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def get(self, id: str) -> Secret | None:
        """The key of `env:VARIABLE`, or None where it is not set."""
        return key_in(self._environ, id.removeprefix(ID_PREFIX))

    def set(self, id: str, secret: Secret) -> None:
        """Raises KeyStoreError: we never write the environment."""
        raise KeyStoreError(
            "the environment is only read", hint="Set the variable where you start ownkey."
        )

    def delete(self, id: str) -> None:
        """Raises KeyStoreError: we never write the environment."""
        raise KeyStoreError(
            "the environment is only read", hint="Unset the variable where you start ownkey."
        )


def key_in(environ: Mapping[str, str], variable: str) -> Secret | None:
    """The key that a variable holds, without blanks around it; None where it holds none."""
    value = environ.get(variable, "").strip()
    return Secret(value) if value else None


def can_be_sent(secret: Secret) -> bool:
    """Whether a header can carry it: printable ASCII and no blank."""
    value = secret.reveal()
    return value.isascii() and value.isprintable() and " " not in value
