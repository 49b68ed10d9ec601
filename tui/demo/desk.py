"""What the demo answers about keys, endpoints and models: nothing is asked anywhere.

What would go to a maker or an endpoint is answered here; what is only listed or kept goes the
usual way, into the demo's own home.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tui.catalog.models import Catalogue
from tui.credits.balance import balance_of
from tui.credits.words import short_words
from tui.demo.credits import DemoCredits
from tui.demo.router import AUTO, CREDITS, LISTED
from tui.errors import UsageError
from tui.keys.check import CheckResult
from tui.keys.makers import MAKERS
from tui.keys.model_list import ModelFound
from tui.runtime.credit_routes import all_services
from tui.runtime.desk import LiveDesk
from tui.runtime.model_rows import NOT_KNOWN, ModelRows
from tui.secret import Secret
from tui.session.commands import (
    AddEndpoint,
    ChangeEndpoint,
    CreateVault,
    DeskCommand,
    FetchLocalModel,
    ListEndpoints,
    OpenVault,
    TryEndpoint,
)
from tui.session.credit_talk import AddCredits, ChangeCredits, ListCredits
from tui.session.replies import AnyReply, Done, ModelRow

NO_NETWORK = "the demo asks nobody: this would go to the network"


class DemoRows(ModelRows):
    """A short list, with the credit service's Auto models."""

    def rows(self, folder: str = "") -> tuple[tuple[ModelRow, ...], bool]:
        """Own keys' and the endpoint's, on credits, of this machine; then what nothing serves."""
        rows, missing = super().rows(folder)
        makers = {maker.id for maker in MAKERS}
        listed = [row for row in rows if row.id in LISTED or row.provider not in makers]
        credits = [row for row in listed if row.payer == "credits"]
        local = [row for row in listed if row.payer == "nobody"]
        others = [row for row in listed if row.payer not in ("credits", "nobody")]
        service = next((o for o in all_services(self._keyring.credits) if o.name == CREDITS), None)
        if service is None:  # the person took it away
            return (*others, *credits, *local), missing
        left = short_words(balance_of(service))
        credits = [replace(row, left=left) for row in (*self._auto(), *credits)]
        return (*others, *credits, *local), missing

    def _auto(self) -> list[ModelRow]:
        catalogue = Catalogue.load([])
        made: list[ModelRow] = []
        for id, (name, taken) in AUTO.items():
            known, prices = catalogue.find(taken), self._prices.get(taken, NOT_KNOWN)
            made.append(
                ModelRow(
                    id=id, name=name, provider=CREDITS, connection=CREDITS, payer="credits",
                    key=False, label=CREDITS, auto=True,
                    context=None if known is None else known.context,
                    input_usd=prices.input, output_usd=prices.output,
                    cache_read_usd=prices.cache_read, cache_write_usd=prices.cache_write,
                )
            )  # fmt: skip
        return made


class DemoDesk(LiveDesk):
    """The real one, without any way out. Takes the same."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - as `LiveDesk` has it
        super().__init__(**given)
        names = ("keyring", "router", "local", "book")
        self._rows = DemoRows(**{name: given[name] for name in names})
        self.credits = DemoCredits(
            given["keyring"], given["router"], given["notify"], given["paths"].store_file
        )

    async def answer(self, command: DeskCommand) -> AnyReply:
        match command:
            case TryEndpoint() | AddEndpoint():
                raise UsageError(NO_NETWORK, hint="`ownkey` itself tests and keeps an endpoint.")
            case AddCredits() | ChangeCredits(action="test"):
                raise UsageError(NO_NETWORK, hint="`ownkey` itself tests and keeps a service.")
            case ListCredits():
                return await super().answer(ListCredits())
            case ChangeEndpoint(action="test"):
                raise UsageError(NO_NETWORK, hint="`ownkey` itself tests it.")
            case ListEndpoints():  # local servers are not looked for
                return await super().answer(ListEndpoints(look=False))
            case CreateVault() | OpenVault():
                raise UsageError("the demo has no encrypted file", hint="Its keys open nothing.")
            case FetchLocalModel():
                return Done()
            case _:
                return await super().answer(command)

    async def ask_maker(self, provider: str, secret: Secret, base_url: str) -> CheckResult:
        """Every key is good here: nobody is asked."""
        known = Catalogue.load([]).of(provider)
        models = tuple(ModelFound(id=one.id.partition("/")[2], name=one.name) for one in known)
        return CheckResult(
            state="verified", error_kind=None, message="the demo says so: nobody was asked",
            models=models,
        )  # fmt: skip
