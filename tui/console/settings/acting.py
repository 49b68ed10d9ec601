"""What Enter and the letters do to a row of the settings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from tui.console.settings.credit_acting import CreditActing
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
    ForgetAll,
    ForgetFallback,
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
from tui.session.privacy_words import FORGET_WORD
from tui.session.replies import RuleRow, Rules, Servers
from tui.settings.schema import Setting, Value
from tui.settings.values import Refused, from_text, show
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.console.settings.desk import SettingsDesk
    from tui.hosts import Contacts
    from tui.localmodel.models import LocalModel
    from tui.places import Place


class Acting(CreditActing):
    """The settings without their looks.

    Args:
        desk: The console: its settings, its bridge, and what it knows.
    """

    def __init__(self, desk: SettingsDesk[Any]) -> None:
        super().__init__(desk)
        self.rules: tuple[RuleRow, ...] | str | None = None
        self.local: tuple[LocalModel, ...] | str | None = None
        self.servers: Servers | str | None = None
        self.contacts: Contacts | str | None = None
        self.kept: tuple[Place, ...] = ()
        self.doomed: RuleRow | None = None

    def load_all(self) -> None:
        """Ask for what the engine knows; each is shown when it is there."""
        self.work(self.load_keys(), "keys")
        self.work(self._load_rules(), "rules")
        self.work(self._load_servers(), "servers")
        self.work(self._load_local(), "local")
        self.work(self.load_endpoints(), "endpoints")
        self.work(self._load_kept(), "kept")
        self.work(self.load_credits(), "credits")

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

    async def _load_kept(self) -> None:
        from tui.hosts import read_contacts
        from tui.places import places

        paths = self.desk.paths
        try:
            self.contacts = await asyncio.to_thread(lambda: read_contacts(paths.hosts_file))
        except OSError as error:
            self.contacts = f"{paths.hosts_file} cannot be read: {error.strerror}"
        self.kept = await asyncio.to_thread(lambda: places(paths))
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
                self.act_on_key(act.key, self.wish if act.key.source == "stored" else "check")
            case UseKey():
                self.work(self.use_key(act.key), "key")
            case AddKey():
                self.desk.ask_key(act.provider, replace=False, label=None, closed=self.key_closed)
            case UndoForgetting():
                self.undo_forgetting()
            case CheckKeys():
                self.work(self.check_all(), "key")
            case OpenVault():
                self.open_vault()
            case FetchModel():
                self.desk.action_fetch_local()
                self.say("The small model is being fetched; you can go on meanwhile.")
            case AddModelFile():
                self.open_row(Opened(row=row.entry.id), hint="path of a .gguf file")
            case TakeBackRule():
                self._take_back(act.rule)
            case ForgetFallback():
                self._forget_fallback(act.kind)
            case UseServers():
                self.work(self._load_servers(act.sha256), "servers")
            case AddEndpoint():
                self.open_endpoint(act)
            case ChangeEndpoint():
                self.edit_endpoint(act.endpoint)
            case UndoRemoval():
                self.change_endpoint("undo")
            case ForgetAll():
                self.open_row(Opened(row=row.entry.id), hint=f"type: {FORGET_WORD}")
            case AddService() | ChangeService() | UndoService():
                self.act_on_service(act)
            case Nothing():
                pass
            case _:
                assert_never(act)

    def act_by_letter(self, row: Row, letter: str) -> None:
        """T test, M default, L label, P pin, D forget, U undo, R reset, O on or off."""
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
                self.undo_forgetting()
            case "u", _ if self.removed:
                self.change_endpoint("undo")
            case "u", _ if self.removed_service:
                self.change_service("undo")
            case "u", UseKey():
                self.work(self.use_key(act.key), "key")
            case "r", ChangeSetting():
                self._reset(act.setting)
            case "t", ChangeKey():
                self.act_on_key(act.key, "check")
            case "m", ChangeKey():
                self.act_on_key(act.key, "default")
            case "l" | "o" | "p", ChangeKey():
                self.change_by_letter(row, act.key, letter)
            case "d", ChangeKey() if act.key.source == "stored":
                self.act_on_key(act.key, "forget")
            case "d", ForgetFallback():
                self._forget_fallback(act.kind)
            case "d", TakeBackRule():
                self._take_back(act.rule)
            case _:
                pass

    def forget_all(self, row: Row, text: str) -> None:
        """Leave and forget everything, where that was typed; else nothing."""
        if " ".join(text.lower().split()) == FORGET_WORD:
            self.desk.leave_forgetting()
        else:
            trouble = f"Nothing was removed: type “{FORGET_WORD}”, or Esc."
            self.open_row(Opened(row=row.entry.id, trouble=trouble), text)

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

    def _forget_fallback(self, kind: str) -> None:
        from tui.runtime.consent import forget_fallback

        try:
            forget_fallback(self.desk.settings, kind)
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}", "$bad")
        else:
            self.desk.apply_settings()
            self.say("Forgotten: it is asked for again.", "$good")
        self.look_again()

    def _reset(self, setting: Setting) -> None:
        try:
            self.desk.reset_setting(setting.id)
        except OwnkeyError as error:
            self.say(f"{error.message}. {error.hint}", "$bad")
        else:
            self.say(f"{setting.title} is at its default: {value_words(setting, setting.default)}.")
        self.look_again()

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


def _sentence(reason: str, setting: Setting) -> str:
    """The reason in a person's words: the title in place of the dotted name."""
    plain = neutralise(reason).replace(setting.id, setting.title, 1)
    return f"Refused: {plain}. The old value stays."
