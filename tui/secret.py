"""The one type that holds a secret: it shows nothing, and only `reveal` opens it."""

from __future__ import annotations

from typing import NoReturn

MARK = "[secret]"


class Secret:
    """A key or passphrase that cannot leak by being printed, formatted, pickled or logged.

    `reveal` is called by the writer of a request's header, by the key store, and by the frame
    that carries a key to the engine; a test lists its callers.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    @property
    def fingerprint(self) -> str:
        """Last four characters, to tell keys apart; a short one shows none."""
        return self._value[-4:] if len(self._value) >= 16 else "…"

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the secret: tells whether two are the same without showing either."""
        import hashlib

        return hashlib.sha256(self._value.encode("utf-8", "surrogatepass")).hexdigest()

    def __bool__(self) -> bool:
        return bool(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return MARK

    def __str__(self) -> str:
        return MARK

    def __format__(self, spec: str) -> str:
        return format(MARK, spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled")
