"""Everything that can go wrong with a request, as one tree.

OwnkeyError
├── UsageError              the person asked for something that cannot be (exit status 2)
├── StoreError              the store cannot be read or written
├── KeyStoreError           the keyring or vault does not answer or refuses
└── RequestError            a model request that failed; ``kind`` is contract.md's word
    ├── InvalidKey          invalid_key
    ├── PermissionRefused   permission
    ├── NotFound            not_found
    ├── RateLimited         rate_limit
    ├── QuotaExceeded       quota
    ├── ContextTooLong      context_length
    ├── ContentFiltered     content_filter
    ├── BadRequest          bad_request
    ├── Overloaded          overloaded
    ├── ServerFailed        server
    ├── TimedOut            timeout
    ├── NetworkFailed       network
    ├── ProtocolBroken      protocol
    │   └── EndedEarly      protocol, then `done` with `incomplete`
    ├── Cancelled           cancelled
    ├── NoRoute             no_route
    ├── BudgetExceeded      budget
    └── OutOfCredits        out_of_credits
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class OwnkeyError(Exception):
    """Base of all our errors: one sentence of what happened and one of what to do next."""

    hint: str

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def headline(message: str) -> str:
    """What of a message a person is shown: of a page of markup its title, else all of it."""
    first, _, rest = message.partition("\n")
    return first if rest.lstrip().startswith("<") else message


class UsageError(OwnkeyError):
    """The command or setting was not meant that way; exit status 2."""


class StoreError(OwnkeyError):
    """The store could not be opened, read or written."""


class KeyStoreError(OwnkeyError):
    """The place that keeps the keys is missing, locked, refuses or hangs."""


class UsedUp(NamedTuple):
    """The rate limit that is in the way, as the refusal's headers tell; None where they do not."""

    what: str  # "requests", "tokens", "input_tokens", "output_tokens"
    limit: int | None
    remaining: int | None
    reset_s: float | None  # seconds from the refusal


class RequestError(OwnkeyError):
    """A model request that failed.

    Args:
        message: What happened, in our words or the provider's (hostile: neutralise to show).
        hint: The next step in words; the kind's own unless given.
        retry_after: Seconds the other side asks us to wait, or None where it does not say.
        provider_request_id: The provider's id of the request, for its support.
        status: HTTP status, or None where no answer came.
        used_up: The rate limit that is in the way.
        raw: All that the other side said, where that is more than the message (hostile).

    Attributes:
        told: An event has said so already.
    """

    kind: ClassVar[str] = "server"
    next_step: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retry_after: float | None = None,
        provider_request_id: str | None = None,
        status: int | None = None,
        used_up: UsedUp | None = None,
        raw: str = "",
    ) -> None:
        super().__init__(message, hint=hint or self.next_step)
        self.retry_after = retry_after
        self.provider_request_id = provider_request_id
        self.status = status
        self.used_up = used_up
        self.raw = raw
        self.told = False


class InvalidKey(RequestError):
    kind = "invalid_key"
    next_step = "Replace the key: F3, API keys; or `ownkey keys add PROVIDER --replace`."


class PermissionRefused(RequestError):
    kind = "permission"
    next_step = "This key may not use this model here: choose another model (F2) or another key."


class NotFound(RequestError):
    kind = "not_found"
    next_step = "The model or address is not known there: choose another model (F2)."


class RateLimited(RequestError):
    kind = "rate_limit"
    next_step = "Wait for the limit to reset, or choose another model or key (F2)."


class QuotaExceeded(RequestError):
    kind = "quota"
    next_step = "The account behind this key has no money left: top it up, or choose another key."


class ContextTooLong(RequestError):
    kind = "context_length"
    next_step = "The conversation is too long for this model: choose a larger one (F2)."


class ContentFiltered(RequestError):
    kind = "content_filter"
    next_step = "The provider's filter blocked this: rephrase it, or choose another model (F2)."


class BadRequest(RequestError):
    kind = "bad_request"
    next_step = "The provider did not take this request: try another model (F2)."


class Overloaded(RequestError):
    kind = "overloaded"
    next_step = "The provider is overloaded: try again in a moment, or choose another model (F2)."


class ServerFailed(RequestError):
    kind = "server"
    next_step = "The provider failed: try again in a moment, or choose another model (F2)."


class TimedOut(RequestError):
    kind = "timeout"
    next_step = "No answer in time: try again, or choose another model (F2)."


class NetworkFailed(RequestError):
    kind = "network"
    next_step = "Check the network, the proxy and the address, then try again."


class ProtocolBroken(RequestError):
    kind = "protocol"
    next_step = "The answer broke off or was malformed: try again; what arrived is kept."


class EndedEarly(ProtocolBroken):
    """The stream ended without its proof of completion; what arrived is kept."""

    next_step = "The answer broke off: say `go on`, or try again. What arrived is kept."


class Cancelled(RequestError):
    kind = "cancelled"
    next_step = "Stopped; send a message to go on."


class NoRoute(RequestError):
    kind = "no_route"
    next_step = (
        "Add a key for it (`ownkey keys add PROVIDER`), or `ownkey local get` for a free one."
    )


class BudgetExceeded(RequestError):
    kind = "budget"
    next_step = "Raise the budget in Settings (F3), or wait until it resets."


class OutOfCredits(RequestError):
    """Nothing was sent: a credit service has too little, or nothing.

    Attributes:
        service: Which one, as a connection; empty: whichever serves the model.
    """

    service: str = ""
    kind = "out_of_credits"
    next_step = "Top up the credit service, or add an own key."


KINDS: dict[str, type[RequestError]] = {
    cls.kind: cls
    for cls in (
        InvalidKey,
        PermissionRefused,
        NotFound,
        RateLimited,
        QuotaExceeded,
        ContextTooLong,
        ContentFiltered,
        BadRequest,
        Overloaded,
        ServerFailed,
        TimedOut,
        NetworkFailed,
        ProtocolBroken,
        Cancelled,
        NoRoute,
        BudgetExceeded,
        OutOfCredits,
    )
}
"""Every error kind of contract.md, by its word."""
