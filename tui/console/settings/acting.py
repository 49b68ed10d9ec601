"""What Enter and the letters do to a row of the settings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from tui.console.dialogs.vault import VaultDialog
from tui.console.settings.credit_acting import CreditActing
from tui.console.settings.panes.keys import key_name
from tui.console.settings.panes.values import value_words
from tui.console.settings.rows import (
    AddEndpoint,
    AddKey,
    AddModelFile,
    AddService,
    ChangeEndpoint,
    ChangeKey,
    ChangeService,
    ChangeSetting,
    CheckKeys,
    FetchModel,
    Nothing,
    Opened,
    OpenVault,
    Row,
    TakeBackRule,
    UndoForgetting,
    UndoRemoval,
    UndoService,
    UseKey,
    UseServers,
)
from tui.errors import OwnkeyError
from tui.session import commands
from tui.session.replies import KeyAnswer, KeyRow, Keys, RuleRow, Rules, Servers
from tui.settings.schema import Setting, Value
from tui.settings.values import Refused, from_text, show
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.console.settings.desk import SettingsDesk
    from tui.localmodel.models import LocalModel


class Acting(CreditActing):
    """The settings without their looks.

    Args:
        desk: The console: its settings, its bridge, and what it knows.
    """

    def __init__(self, desk: SettingsDesk[Any]) -> None:
        super().__init__()
        self.desk = desk
        self.rules: tuple[RuleRow, ...] | str | None = None
        self.local: tuple[LocalModel, ...] | str | None = None
        self.servers: Servers | str | None = None
        self.keys_trouble = ""
        self.doomed: RuleRow | None = None
        self.forgotten: KeyRow | None = None
        self.wish = "replace"  # what Enter does to a key

    def open_row(self, opened: Opened | None, text: str = "", hint: str = "") -> None:
        """Open a row for a value to be picked or typed; None closes it."""
        raise NotImplementedError

    def load_all(self) -> None:
        """Ask for what the engine knows; each is shown when it is there."""
        self.work(self._load_keys(), "keys")
        self.work(self._load_rules(), "rules")
        self.work(self._load_servers(), "servers")
        self.work(self._load_local(), "local")
        self.work(self.load_endpoints(), "endpoints")
        self.work(self.load_credits(), "credits")

    async def _load_keys(self) -> None:
        try:
            reply = await self.desk.bridge.send(commands.ListKeys())
        except OwnkeyError as error:
            self.keys_trouble = error.message
        else:
            assert isinstance(reply, Keys)
            self.desk.keys, self.keys_trouble = reply, ""
        self.look_again()

    async def _load_rules(self) -> None:
        try:
            reply = await self.desk.bridge.send(commands.ListRules())
        except OwnkeyError as error:
            self.rules = f"{error.message}. {error.hint}".removesuffix(". ")
        else:
            self.rules = reply.rules if isinstance(reply, Rules) else ()
        self.look_again()

    async def _load_servers(self, use: str | None = None) -> None:
        """List the folder's MCP servers; `use`: after the yes to what its file is."""
        folder = self.desk.state.cwd or str(Path.cwd())  # of the session that is shown
        command = commands.ListServers(folder=folder)
        wanted = command if use is None else commands.UseServers(folder=folder, sha256=use)
        try:
            reply = await self.desk.bridge.send(wanted)
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}".removesuffix(". "), "$bad")
            if use is None:
                self.servers = error.message
        else:
            self.servers = reply if isinstance(reply, Servers) else None
            if use is not None:
                self.say("They are used from the next prompt on; each call of their tools asks.")
        self.look_again()

    async def _load_local(self) -> None:
        from tui.localmodel.models import LocalModels

        models = LocalModels(self.desk.paths)
        try:
            self.local = tuple(await asyncio.to_thread(models.models))
        except OwnkeyError as error:
            self.local = error.message
        self.look_again()

    # Enter.

    def act_on(self, row: Row) -> None:
        """Do what Enter does to the row."""
        act = row.act
        match act:
            case ChangeSetting():
                self._open_setting(act.setting)
            case ChangeKey():
                self._act_on_key(act.key, self.wish if act.key.source == "stored" else "check")
            case UseKey():
                self.work(self._use_key(act.key), "key")
            case AddKey():
                self.desk.ask_key(act.provider, replace=False, label=None, closed=self.key_closed)
            case UndoForgetting():
                self._undo_forgetting()
            case CheckKeys():
                self.work(self._check_all(), "key")
            case OpenVault():
                self._open_vault()
            case FetchModel():
                self.desk.action_fetch_local()
                self.say("The small model is being fetched; you can go on meanwhile.")
            case AddModelFile():
                self.open_row(Opened(row=row.entry.id), hint="path of a .gguf file")
            case TakeBackRule():
                self._take_back(act.rule)
            case UseServers():
                self.work(self._load_servers(act.sha256), "servers")
            case AddEndpoint():
                self.open_endpoint(act)
            case ChangeEndpoint():
                self.edit_endpoint(act.endpoint)
            case UndoRemoval():
                self.change_endpoint("undo")
            case AddService() | ChangeService() | UndoService():
                self.act_on_service(act)
            case Nothing():
                pass
            case _:
                assert_never(act)

    def act_by_letter(self, row: Row, letter: str) -> None:
        """T test, M default, D forget or take back, U undo, R reset, O on or off."""
        act = row.act
        match letter, act:
            case "u", UndoRemoval():
                self.change_endpoint("undo")
            case "t", ChangeEndpoint():
                self.change_endpoint("test", act.endpoint)
            case "d", ChangeEndpoint():
                self.change_endpoint("remove", act.endpoint)
            case "o", ChangeEndpoint():
                on = "disable" if act.endpoint.enabled else "enable"
                self.change_endpoint(on, act.endpoint)
            case _, AddService() | ChangeService() | UndoService():
                self.letter_on_service(act, letter)
            case "u", _ if self.forgotten is not None:
                self._undo_forgetting()
            case "u", _ if self.removed:
                self.change_endpoint("undo")
            case "u", _ if self.removed_service:
                self.change_service("undo")
            case "u", UseKey():
                self.work(self._use_key(act.key), "key")
            case "r", ChangeSetting():
                self._reset(act.setting)
            case "t", ChangeKey():
                self._act_on_key(act.key, "check")
            case "m", ChangeKey():
                self._act_on_key(act.key, "default")
            case "d", ChangeKey() if act.key.source == "stored":
                self._act_on_key(act.key, "forget")
            case "d", TakeBackRule():
                self._take_back(act.rule)
            case _:
                pass

    # Settings.

    def _open_setting(self, setting: Setting) -> None:
        value = self.desk.settings.get(setting.id)
        if setting.kind == "bool":
            self._keep(setting, not value)
            return
        names = setting.choices
        if setting.id == "appearance.theme":
            names = self.desk.theme_names()
        options = tuple((name, name) for name in names)
        opened = Opened(row=setting.id, options=options, current=show(value))
        hint = setting.unset if setting.nullable else value_words(setting, setting.default)
        self.open_row(opened, "" if value is None else show(value), hint)

    def take_text(self, setting: Setting, text: str) -> None:
        """What was typed or picked: kept, or refused with the reason and the old one in force."""
        try:
            value = from_text(setting, text)
        except Refused as refused:
            self.open_row(Opened(row=setting.id, trouble=_sentence(str(refused), setting)), text)
        else:
            self._keep(setting, value)

    def _keep(self, setting: Setting, value: Value) -> None:
        before = self.desk.settings.get(setting.id)
        try:
            self.desk.change_setting(setting.id, value)
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}", "$bad")
        else:
            now = value_words(setting, self.desk.settings.get(setting.id))
            was = value_words(setting, before)
            self.say(f"{setting.title}: {now}" + (f", was {was}." if was != now else "."))
        self.open_row(None)

    def _reset(self, setting: Setting) -> None:
        try:
            self.desk.reset_setting(setting.id)
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}", "$bad")
        else:
            self.say(f"{setting.title} is at its default: {value_words(setting, setting.default)}.")
        self.look_again()

    # Keys.

    def _act_on_key(self, key: KeyRow, wish: str) -> None:
        if wish == "replace":
            self.desk.ask_key(key.provider, replace=True, label=key.label, closed=self.key_closed)
        else:
            self.work(self._change_key(key, wish), "key")

    def key_closed(self, answer: KeyAnswer | None) -> None:
        """What became of a key in its dialog."""
        if answer is not None:
            name = "The key" if answer.row is None else key_name(answer.row)
            self.say(f"{name} is in use.", "$good")
            self.work(self._load_keys(), "keys")

    async def _change_key(self, key: KeyRow, wish: str) -> None:
        name = key_name(key)
        self.say(f"checking {name} …" if wish == "check" else "…")
        answer = await self._answer(_key_command(wish, key.id))
        if answer is None:
            return
        match wish:
            case "forget":
                self.forgotten = key
                self.say(f"{name} is forgotten. U brings it back.", "$warn")
            case "default":
                self.say(f"{name} is the default: it pays.", "$good")
            case _:
                self.say(*_checked_words(name, answer))
        await self._load_keys()

    def _undo_forgetting(self) -> None:
        self.work(self._undo(), "key")

    async def _undo(self) -> None:
        answer = await self._answer(commands.ChangeKey(action="undo"))
        if answer is not None and self.forgotten is not None:
            self.say(f"{key_name(self.forgotten)} is back.", "$good")
            self.forgotten = None
            await self._load_keys()

    async def _use_key(self, key: KeyRow) -> None:
        name = key_name(key)
        self.say(f"checking {name} …")
        answer = await self._answer(commands.UseFoundKey(variable=key.label))
        if answer is not None:
            words, tone = _checked_words(name, answer)
            self.say(f"{words} It is in use." if answer.error is None else words, tone)
            await self._load_keys()
            self.desk.load()

    async def _check_all(self) -> None:
        keys = self.desk.keys.keys if self.desk.keys is not None else ()
        mine = [key for key in keys if key.source == "stored" or key.used]
        taken = 0
        for at, key in enumerate(mine, start=1):
            self.say(f"checking {at} of {len(mine)}: {key_name(key)} …")
            answer = await self._answer(commands.ChangeKey(action="check", id=key.id))
            taken += answer is not None and answer.state == "verified"
        tone = "$good" if taken == len(mine) else "$warn"
        self.say(f"{taken} of {len(mine)} keys verified.", tone)
        await self._load_keys()

    async def _answer(self, command: commands.AnyCommand) -> KeyAnswer | None:
        try:
            answer = await self.desk.bridge.send(command)
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}", "$bad")
            return None
        return answer if isinstance(answer, KeyAnswer) else None

    def _open_vault(self) -> None:
        exists = self.desk.keys is not None and self.desk.keys.vault

        def closed(opened: bool | None) -> None:
            if opened:
                self.work(self._load_keys(), "keys")

        self.app.push_screen(  # pyright: ignore[reportUnknownMemberType] - any app
            VaultDialog(self.desk.bridge, exists=exists, consent=False, letters=self.desk.letters),
            closed,
        )

    # Rules and local models.

    def _take_back(self, rule: RuleRow) -> None:
        if self.doomed == rule:
            self.doomed = None
            self.work(self._remove_rule(rule), "rules")
        else:
            self.doomed = rule
            self.look_again()

    async def _remove_rule(self, rule: RuleRow) -> None:
        try:
            reply = await self.desk.bridge.send(
                commands.RemoveRule(rule=rule.rule, folder=rule.folder)
            )
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}", "$bad")
        else:
            if isinstance(reply, Rules):
                self.rules = reply.rules
            self.say(f"{rule.rule} is asked for again.", "$good")
        self.look_again()

    async def add_model_file(self, text: str) -> None:
        """Take a GGUF file where it lies; what is wrong with it is said beside the field."""
        from tui.localmodel.models import LocalModels

        models = LocalModels(self.desk.paths)
        try:
            path = Path(text.strip()).expanduser()
            model = await asyncio.to_thread(lambda: models.add(path))
        except (OwnkeyError, RuntimeError) as error:
            words = error.message if isinstance(error, OwnkeyError) else "there is no such home"
            self.open_row(Opened(row="local.add", trouble=neutralise(words, strict=True)), text)
            return
        self.open_row(None)
        self.say(f"{model.name} is on this machine; nobody pays for it.", "$good")
        await self._load_local()
        self.desk.load()


def _key_command(wish: str, id: str) -> commands.ChangeKey:
    match wish:
        case "forget":
            return commands.ChangeKey(action="forget", id=id)
        case "default":
            return commands.ChangeKey(action="default", id=id)
        case _:
            return commands.ChangeKey(action="check", id=id)


def _checked_words(name: str, answer: KeyAnswer) -> tuple[str, str]:
    if answer.error is None and answer.state == "verified":
        reaches = f"it reaches {answer.models} model{'s' * (answer.models != 1)}"
        return f"{name} is verified: {reaches}.", "$good"
    why = f": {answer.message}" if answer.message else ""
    return f"{name} is {answer.state}{why}. {answer.hint}".rstrip(), "$bad"


def _sentence(reason: str, setting: Setting) -> str:
    """The reason in a person's words: the title in place of the dotted name."""
    plain = neutralise(reason).replace(setting.id, setting.title, 1)
    return f"Refused: {plain}. The old value stays."
