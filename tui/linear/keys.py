"""Keys, line by line: added without echo, checked live, kept where it is said by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from tui.errors import OwnkeyError
from tui.keys.makers import MAKERS, RETENTION, Maker, find_maker
from tui.keys.paste import recognise
from tui.linear.words import here, sentence
from tui.secret import Secret
from tui.session.commands import (
    AddKey,
    AnyCommand,
    CreateVault,
    ListKeys,
    OpenVault,
    UseFoundKey,
)
from tui.session.key_words import of_label, stored, suggested_label
from tui.session.replies import NOWHERE, Done, KeyAnswer, Keys
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.linear.asking import Questions
    from tui.linear.reading import Lines
    from tui.linear.voice import Voice

LEAST_PASSPHRASE = 8

Reply = TypeVar("Reply")


class Asks(Protocol):
    """Sends a command of no session and waits for its reply. Raises OwnkeyError, Interrupted."""

    def __call__(self, command: AnyCommand, kind: type[Reply]) -> Reply: ...


class KeyCounter:
    """Adds keys and opens what holds them.

    Args:
        voice: Says what is done.
        lines: Where keys come from.
        questions: Asks for choices.
        ask: Asks the engine.
    """

    def __init__(
        self,
        voice: Voice,
        lines: Lines,
        questions: Questions,
        ask: Asks,
    ) -> None:
        self._voice = voice
        self._lines = lines
        self._questions = questions
        self._ask = ask

    def open_if_locked(self) -> None:
        """Where keys lie in a closed encrypted file: ask for its passphrase, once."""
        keys = self._keys()
        if not (keys.locked and keys.vault):
            return
        if not self._lines.person:
            self._voice.say("Your keys are in an encrypted file: OWNKEY_PASSPHRASE opens it.")
            return
        self._voice.say("Your keys are in an encrypted file; its passphrase opens it.")
        if not self._open():
            self._voice.say("It stays closed: `/key` opens it.")

    def found(self) -> None:
        """Say which keys lie in the environment and are not used."""
        for row in self._keys().keys:
            if row.source == "environment" and not row.used and row.state != "refused":
                name = neutralise(row.label, strict=True)
                self._voice.say(f"Found, not used: {name} …{row.fingerprint}. `/key` uses it.")

    def add(self, word: str) -> str | None:
        """Add a key; `word` may name its maker. The maker that has a new key, or None."""
        keys = self._keys()
        if keys.locked and keys.vault:
            self._voice.say(f"{keys.store}: its passphrase opens it.")
            return "" if self._open() else None
        maker = find_maker(word.strip().lower()) if word else None
        if word and maker is None:
            names = ", ".join(one.id for one in MAKERS)
            self._voice.say(f"Keys are of one of these makers: {names}.")
            return None
        choice = self._choose(keys) if maker is None else maker
        if isinstance(choice, str):
            return self._use(choice)
        where = keys.store if keys.store == NOWHERE else f"in {keys.store}"
        self._voice.say(f"Keys are kept {where}. Made at {choice.console_url}.")
        self._voice.say(RETENTION)
        return self._keep(choice, Secret(self._lines.hidden(f"{choice.name} key (not shown): ")))

    def offer(self, text: str) -> str | None:
        """A key came as a prompt: it is not sent; keep it? The maker that has a new key."""
        maker = find_maker(recognise(text) or "")
        self._voice.say("That is a key: it was not sent. `/key` takes one without showing it.")
        if maker is None or not self._lines.person:
            return None
        answer = self._questions.choose(
            f"Keep it as your {maker.name} key?", {"1": "Yes, check and keep it.", "2": "No."}
        )
        return self._keep(maker, Secret(text)) if answer == "1" else None

    def _keys(self) -> Keys:
        return self._ask(ListKeys(), Keys)

    def _choose(self, keys: Keys) -> Maker | str:
        """A maker to paste a key of, or the variable of one that was found."""
        unused = [
            row
            for row in keys.keys
            if row.source == "environment" and not row.used and row.state != "refused"
        ]
        ways: list[tuple[str, Maker | str]] = [
            (f"Use {neutralise(row.label, strict=True)} …{row.fingerprint}.", row.label)
            for row in unused
        ]
        ways += [(f"Paste a key for {maker.name}.", maker) for maker in MAKERS]
        numbered = {str(number): words for number, (words, _) in enumerate(ways, start=1)}
        return ways[int(self._questions.choose("Which key?", numbered)) - 1][1]

    def _use(self, variable: str) -> str | None:
        self._voice.say("Checking …")
        return self._told(self._ask(UseFoundKey(variable=variable), KeyAnswer))

    def _keep(self, maker: Maker, pasted: Secret, *, unchecked: bool = False) -> str | None:
        self._voice.say("Keeping it …" if unchecked else "Checking …")
        mine = stored(self._keys(), maker.id)
        label = suggested_label(mine, replace=False)
        replace = of_label(mine, label) is not None  # one that was refused
        command = AddKey(
            provider=maker.id, pasted=pasted, label=label, replace=replace, unchecked=unchecked
        )
        try:
            answer = self._ask(command, KeyAnswer)
        except OwnkeyError as error:
            return self._keep_elsewhere(maker, pasted, error, unchecked=unchecked)
        if answer.error == "unreachable" and not unchecked:
            self._voice.say(sentence(answer.message))
            ways = {"1": "Keep it unchecked.", "2": "Leave it."}
            if self._questions.choose("It could not be checked.", ways) == "1":
                return self._keep(maker, pasted, unchecked=True)
            return None
        return self._told(answer)

    def _keep_elsewhere(
        self, maker: Maker, pasted: Secret, error: OwnkeyError, *, unchecked: bool
    ) -> str | None:
        """It cannot be kept: the encrypted file is offered, never taken silently."""
        keys = self._keys()
        if keys.trouble is None:
            raise error
        self._voice.say(sentence(error.message))
        ways = {"1": "Keep keys in an encrypted file, with a passphrase.", "2": "Leave it."}
        if self._questions.choose("Where to keep it?", ways) == "2" or not self._make(keys.vault):
            self._voice.say("Not kept. `OWNKEY_KEYRING=env` takes keys from the environment.")
            return None
        return self._keep(maker, pasted, unchecked=unchecked)

    def _told(self, answer: KeyAnswer) -> str | None:
        row = answer.row
        notes = f" ({'; '.join(answer.notes)})" if answer.notes else ""
        if answer.error is not None or row is None:
            self._voice.say(f"Not kept{notes}: {answer.message.rstrip('.')}.")
            if answer.hint:
                self._voice.say(f"Next: {here(answer.hint)}")
            return None
        maker = find_maker(row.provider)
        label, backend = (neutralise(one, strict=True) for one in (row.label, answer.backend))
        name = f"The {maker.name if maker else row.provider} key {label} …{row.fingerprint}"
        where = f"kept in {backend}{notes}"
        if answer.state == "verified":
            reach = f"it reaches {answer.models} model{'s' * (answer.models != 1)}"
            self._voice.say(f"{name} is in use: {reach}; {where}.")
        else:
            self._voice.say(f"{name} is in use, unchecked; {where}.")
        return row.provider

    # The encrypted file.

    def _open(self) -> bool:
        while typed := self._lines.hidden("Passphrase (not shown): "):
            try:
                self._ask_done(OpenVault(passphrase=Secret(typed)))
            except OwnkeyError as error:
                self._voice.say(f"{sentence(error.message)} Enter alone leaves it closed.")
            else:
                self._voice.say("It is open for this session.")
                return True
        return False

    def _make(self, exists: bool) -> bool:
        while True:
            typed = self._lines.hidden("Passphrase (not shown): ")
            if not typed:
                return False
            if not exists and len(typed) < LEAST_PASSPHRASE:
                self._voice.say(f"That is short: {LEAST_PASSPHRASE} characters or more.")
            elif not exists and self._lines.hidden("The same again: ") != typed:
                self._voice.say("The two are not the same.")
            else:
                try:
                    self._ask_done(CreateVault(passphrase=Secret(typed)))
                except OwnkeyError as error:
                    self._voice.say(f"{sentence(error.message)} Enter alone leaves it.")
                else:
                    return True

    def _ask_done(self, command: AnyCommand) -> None:
        self._ask(command, Done)
