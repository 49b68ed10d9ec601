"""Answers what is asked about endpoints: listed, tried, kept, changed."""

from __future__ import annotations

from msgspec.structs import replace

from tui.address import AddressVerdict, check_address, origin
from tui.credits.adding import refuse_as_endpoint
from tui.endpoints import adding, fit
from tui.endpoints.book import serves
from tui.endpoints.found import find_servers
from tui.endpoints.known import find_known
from tui.endpoints.records import Endpoint, EndpointModel
from tui.endpoints.testing import Target, Trial, as_checked
from tui.errors import UsageError
from tui.events.base import utc_now
from tui.keys.paste import RefusedPaste, endpoint_key
from tui.keys.records import Checked
from tui.keys.store import with_limit
from tui.runtime.endpoint_routes import id_of
from tui.runtime.keyring import Keyring
from tui.secret import Secret
from tui.session.commands import AddEndpoint, ChangeEndpoint, ListEndpoints, TryEndpoint
from tui.session.replies import (
    EndpointAnswer,
    EndpointRow,
    Endpoints,
    FoundEndpoint,
    ListedModel,
)

EndpointCommand = ListEndpoints | TryEndpoint | AddEndpoint | ChangeEndpoint


class EndpointDesk:
    """The part of the desk that knows endpoints."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._book = keyring.endpoints

    async def answer(self, command: EndpointCommand) -> Endpoints | EndpointAnswer:
        """Carry out one command.

        Raises:
            OwnkeyError: why it could not be.
        """
        match command:
            case ListEndpoints():
                return await self._list(look=command.look)
            case TryEndpoint():
                return await self._try(command)
            case AddEndpoint():
                return await self._add(command)
            case ChangeEndpoint():
                return await self._change(command)

    async def _list(self, *, look: bool) -> Endpoints:
        kept = self._book.all()
        found = await find_servers(self._keyring.environ) if look else ()
        origins = {origin(one.base_url) for one in kept}
        offered = tuple(
            FoundEndpoint(
                known=one.known, url=one.base_url, models=tuple(m.id for m in one.models),
                name=_free_name(one.known, kept),
            )
            for one in found
            if origin(one.base_url) not in origins
        )  # fmt: skip
        warnings, self._book.warnings = tuple(self._book.warnings), []
        return Endpoints(
            endpoints=tuple(self._row(one) for one in kept), found=offered, warnings=warnings
        )

    def _row(self, one: Endpoint) -> EndpointRow:
        return EndpointRow(
            name=one.name, url=one.base_url, known=one.known,
            payer="nobody" if serves(one) == "local" else "endpoint",
            fingerprint="" if one.key is None else one.key.fingerprint,
            backend="" if one.key is None else one.key.backend,
            models=tuple(id_of(one, model) for model in one.models),
            enabled=one.enabled, why_not=self._book.why_not(one), price_source=one.price_source,
            state=one.checked.state, checked_at=one.checked.at, error_kind=one.checked.error_kind,
        )  # fmt: skip

    # Trying and adding.

    async def _try(self, command: TryEndpoint) -> EndpointAnswer:
        verdict = check_address(command.url) if command.url.strip() else None
        if verdict is not None and verdict.verdict == "confirm" and not command.agreed:
            return _asks(verdict)
        secret = self._pasted(command.pasted)
        if isinstance(secret, EndpointAnswer):
            return secret
        base_url = adding.address_of(command.url, command.known, lambda _: command.agreed)
        if secret is None and command.name:
            secret = await self._kept_key(command.name, base_url)
        tested, _ = await self._tested(command.known, base_url, secret, {})
        return _told(tested, base_url)

    async def _add(self, command: AddEndpoint) -> EndpointAnswer:
        name = fit.fit_name(command.name)
        verdict = check_address(command.url) if command.url.strip() else None
        if verdict is not None and verdict.verdict == "confirm" and not command.agreed:
            return _asks(verdict)
        secret = self._pasted(command.pasted)
        if isinstance(secret, EndpointAnswer):
            return secret
        base_url = adding.address_of(command.url, command.known, lambda _: command.agreed)
        if secret is not None:
            refuse_as_endpoint(base_url, secret, self._keyring.credits.all())
        old = self._book.get(command.replaces) if command.replaces else None
        if old is not None and old.name != name:
            raise UsageError("an endpoint keeps its name", hint="Add another, and remove this one.")
        used = secret
        if used is None and old is not None:
            used = await self._kept_key(old.name, base_url)
        headers = {} if old is None else old.headers
        tested, known = await self._tested(command.known, base_url, used, headers)
        models = self._models(command, old, tested)
        kind = find_known(known)
        wants = secret is not None or (old is not None and old.wants_key)
        new = Endpoint(
            name=name, base_url=base_url, known=known, headers=headers, models=models,
            price_source="stated" if old is None else old.price_source,
            key=None if old is None else old.key,
            wants_key=wants and (kind is None or kind.serves != "local" or secret is not None),
            added_at=utc_now(), checked=as_checked(tested, utc_now()),
        )  # fmt: skip
        kept = await with_limit(lambda: self._book.add(new, secret, replacing=old is not None))
        if secret is not None:
            self._keyring.mask(secret)
        return replace(_told(tested, base_url), error=None, row=self._row(kept))

    def _models(
        self, command: AddEndpoint, old: Endpoint | None, tested: Trial
    ) -> tuple[EndpointModel, ...]:
        if command.models is not None:
            before = {} if old is None else {one.id: one for one in old.models}
            asked = [(one.id, one.alias) for one in command.models]
            picked = adding.chosen(tested.models, asked)
            # What was set by hand stays with a model that stays.
            return tuple(before.get(one.id, one) for one in picked)
        if old is not None:
            return old.models
        few = len(tested.models) <= adding.MOST_UNASKED
        return adding.chosen(tested.models, (), every=few)

    def _pasted(self, pasted: Secret) -> Secret | EndpointAnswer | None:
        if not pasted:
            return None
        key = endpoint_key(pasted)
        if isinstance(key, RefusedPaste):
            if key.error == "empty":
                return None
            return EndpointAnswer(
                state="refused", error=key.error, message="that is no key", hint=key.hint
            )
        return key.secret

    async def _kept_key(self, name: str, base_url: str) -> Secret | None:
        """The key of an endpoint, where it may be sent to this address."""
        endpoint = self._book.get(name)
        if endpoint.key is None or endpoint.key.origin != origin(base_url):
            return None
        return await with_limit(lambda: self._book.secret_of(endpoint))

    async def _tested(
        self, known: str, base_url: str, secret: Secret | None, headers: dict[str, str]
    ) -> tuple[Trial, str]:
        environ = self._keyring.environ
        kind = await adding.kind_at(known, base_url, environ, keyed=secret is not None)
        target = Target(base_url=base_url, secret=secret, headers=headers, known=kind)
        return await adding.look_at(target, environ), kind

    # Changing.

    async def _change(self, command: ChangeEndpoint) -> EndpointAnswer:
        book, name = self._book, command.name
        match command.action:
            case "test":
                return await self._test(book.get(name))
            case "enable" | "disable":
                on = command.action == "enable"
                endpoint = book.change(name, lambda one: replace(one, enabled=on))
                return EndpointAnswer(state=endpoint.checked.state, row=self._row(endpoint))
            case "remove":
                await with_limit(lambda: book.remove(name))
                return EndpointAnswer(state="removed", message="removed; undo brings it back")
            case "undo":
                endpoint = await with_limit(book.undo)
                return EndpointAnswer(state=endpoint.checked.state, row=self._row(endpoint))

    async def _test(self, endpoint: Endpoint) -> EndpointAnswer:
        secret = await with_limit(lambda: self._book.secret_of(endpoint))
        tested, _ = await self._tested(endpoint.known, endpoint.base_url, secret, endpoint.headers)
        checked: Checked = as_checked(tested, utc_now())
        self._book.record_check(endpoint.name, checked)
        return replace(
            _told(tested, endpoint.base_url), row=self._row(self._book.get(endpoint.name))
        )


def _asks(verdict: AddressVerdict) -> EndpointAnswer:
    return EndpointAnswer(
        state="unchecked", error="confirm", asks=verdict.why, url=verdict.normalised or "",
        message=f"{verdict.normalised}: {verdict.why}",
    )  # fmt: skip


def _told(tested: Trial, base_url: str) -> EndpointAnswer:
    return EndpointAnswer(
        state=tested.state,
        error=None if tested.state == "verified" else tested.error_kind or "network",
        message=tested.message,
        hint=tested.hint,
        url=base_url,
        models=tuple(
            ListedModel(id=one.id, name=one.name, context=one.context) for one in tested.models
        ),
    )


def _free_name(known: str, kept: tuple[Endpoint, ...]) -> str:
    """The known kind's word, or with a number where that is taken."""
    names = {one.name for one in kept}
    numbered = (f"{known}-{number}" for number in range(2, len(names) + 3))
    return known if known not in names else next(one for one in numbered if one not in names)
