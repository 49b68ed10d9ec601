"""What `ownkey doctor` says of this person's ownkey: keys, models, settings, folders, store."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

from tui.cli.checks import Check
from tui.cli.checks_credits import credits_serve
from tui.cli.checks_endpoints import serves_something
from tui.cli.checks_machine import version_of
from tui.errors import KeyStoreError, OwnkeyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.keys.listing import KeyRecord
    from tui.paths import Paths

LOW_SPACE_BYTES = 100_000_000
KEYRING_LIMIT_S = 10.0


def check_keyring(environ: Mapping[str, str], paths: Paths) -> Check:
    """Where a key would be kept, by name."""
    from tui.keys.store import KeyringHangs, NoKeyring, SecretStore, mode_of, open_store, with_limit
    from tui.secret import Secret

    try:
        mode = mode_of(environ)
        passphrase = environ.get("OWNKEY_PASSPHRASE")
        if mode == "sealed" and not (passphrase and paths.vault_file.exists()):
            found = "sealed file" if paths.vault_file.exists() else "sealed file, not made yet"
            return Check(
                check="keyring",
                state="ok",
                found=f"{found}: its passphrase is asked when a key is needed",
            )

        def find() -> SecretStore:
            secret = Secret(passphrase) if passphrase else None
            return open_store(mode, paths, secret, environ=environ)

        store = asyncio.run(with_limit(find, KEYRING_LIMIT_S))
    except (NoKeyring, KeyringHangs) as error:
        return Check(check="keyring", state="warn", found=error.message, remedy=error.hint)
    except OwnkeyError as error:
        return Check(check="keyring", state="fail", found=error.message, remedy=error.hint)
    return Check(check="keyring", state="ok", found=store.name)


def check_keys(environ: Mapping[str, str], paths: Paths) -> Check:
    """Which keys there are and what their last check said; no key is opened."""
    try:
        records = _records(environ, paths)
    except OwnkeyError as error:
        return Check(check="keys", state="fail", found=error.message, remedy=error.hint)
    found = "; ".join(_key_words(record) for record in records) or "none"
    used = [record for record in records if record.used]
    refused = next((record for record in used if record.state == "refused"), None)
    if refused is not None and refused.source == "stored":
        remedy = f"Replace what was refused: `ownkey keys add {refused.provider} --replace`."
        return Check(check="keys", state="warn", found=found, remedy=remedy)
    if refused is not None:
        remedy = f"Correct or unset {refused.label}."
        return Check(check="keys", state="warn", found=found, remedy=remedy)
    if not used and (serves_something(environ, paths) or credits_serve(environ, paths)):
        return Check(check="keys", state="ok", found=found)
    if not used:
        unused = next((record.label for record in records), None)
        yes = f"`ownkey keys use {unused}`" if unused else "`ownkey keys add PROVIDER`"
        remedy = f"{yes}, or `ownkey local get` for a model without a key."
        return Check(check="keys", state="warn", found=found, remedy=remedy)
    return Check(check="keys", state="ok", found=found)


def _records(environ: Mapping[str, str], paths: Paths) -> tuple[KeyRecord, ...]:
    # Not through the book of keys: that puts a broken list aside, and a doctor only looks.
    from tui.keys.listing import list_records
    from tui.keys.records import read_keys
    from tui.keys.store import KeyStores, mode_of

    content = read_keys(paths.keys_file)
    if content is None:
        raise KeyStoreError(
            "the list of keys does not parse",
            hint="`ownkey keys list` puts it aside; then add the keys again.",
        )
    mode = mode_of(environ)
    return list_records(
        content,
        environ,
        mode,
        can_use=KeyStores(mode, paths, environ).can_use,
        agreed=lambda yes, secret: yes.is_for(secret),
    )


def _key_words(record: KeyRecord) -> str:
    tail = f"…{record.fingerprint.lstrip('…')}"
    if record.source == "stored":
        place = "" if record.used else ", out of reach with this OWNKEY_KEYRING"
        return f"{record.provider} {record.label} {tail} {record.state}{place}"
    if not record.used:
        return f"{record.label} {tail} found in the environment, not used"
    return f"{record.label} {tail} used, {record.state}"


def check_local_models(paths: Paths) -> Check:
    """Whether models on this machine can run."""
    from tui.localmodel.models import LocalModels

    try:
        models = LocalModels(paths).models()
    except OwnkeyError as error:
        return Check(check="local models", state="fail", found=error.message, remedy=error.hint)
    version = version_of("xllamacpp")
    names = ", ".join(model.id for model in models) or "no model"
    gone = [model.id for model in models if not model.present]
    if gone:
        return Check(
            check="local models",
            state="warn",
            found=f"{names}; the file of {gone[0]} is gone",
            remedy=f"`ownkey local remove {gone[0]}`, or put the file back.",
        )
    if version is None:
        return Check(
            check="local models",
            state="warn" if models else "ok",
            found=f"{names}; the `local` extra is not installed",
            remedy="`pip install 'ownkey[local]'` to run models on this machine.",
        )
    return Check(check="local models", state="ok", found=f"{names}; xllamacpp {version}")


def check_settings(paths: Paths) -> Check:
    """Whether the settings file says what it may."""
    from tui.settings.store import SettingsStore

    # Looked at as it is: reading through the store would put a broken file aside.
    problems = SettingsStore(paths.settings_file, put_aside=False).problems
    if problems:
        return Check(
            check="settings",
            state="warn",
            found="; ".join(problems),
            remedy=f"Correct it with `ownkey settings set`, or edit {paths.settings_file}.",
        )
    return Check(check="settings", state="ok", found=str(paths.settings_file))


def check_prices(paths: Paths) -> Check:
    """Whether the person's own price file, where there is one, says what it may."""
    from tui.catalog.own_prices import OwnPrices

    file = paths.prices_file
    if not os.path.lexists(file):
        return Check(check="prices", state="ok", found="the shipped list")
    problem = OwnPrices.read(file).problem
    if problem is not None:
        return Check(
            check="prices",
            state="warn",
            found=f"your price file does not count: {problem}",
            remedy=f"Correct {file}; until then the shipped list alone counts.",
        )
    return Check(check="prices", state="ok", found=f"{file} on top of the shipped list")


def check_folders(paths: Paths) -> Check:
    """Whether our folders are ours alone, writable, and have room."""
    folder = paths.data
    at = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(at, os.W_OK | os.X_OK):
        return Check(
            check="folders",
            state="fail",
            found=f"{at} cannot be written",
            remedy="Make it writable, or set OWNKEY_HOME to a folder that is.",
        )
    open_to_others = [str(place) for place in (paths.config, paths.data, paths.state, paths.logs)
                      if place.is_dir() and place.stat().st_mode & 0o077]  # fmt: skip
    if open_to_others:
        return Check(
            check="folders",
            state="warn",
            found=f"other users can look into {', '.join(open_to_others)}",
            remedy=f"chmod 700 {' '.join(open_to_others)}",
        )
    free = shutil.disk_usage(at).free
    if free < LOW_SPACE_BYTES:
        return Check(
            check="folders",
            state="warn",
            found=f"{folder}, {free // 10**6} MB free",
            remedy="Make room: a conversation that cannot be recorded is not sent.",
        )
    return Check(check="folders", state="ok", found=str(folder))


def check_store(paths: Paths) -> Check:
    """Whether every session reads back whole."""
    from tui.store import check

    try:
        report = check.check_store(paths.store_file)
    except OwnkeyError as error:
        return Check(check="store", state="fail", found=error.message, remedy=error.hint)
    for problem in report.problems[:1]:
        more = f" (and {len(report.problems) - 1} more)" if len(report.problems) > 1 else ""
        return Check(
            check="store",
            state="fail",
            found=f"{problem}{more}",
            remedy="`ownkey sessions check` tells all; `sessions export` saves what is good.",
        )
    return Check(
        check="store", state="ok", found=f"{report.sessions} sessions, {report.events} events"
    )
