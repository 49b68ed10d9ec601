"""What `ownkey doctor` says of this person's ownkey: keys, models, settings, folders, store."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

from tui.cli.checks import Check
from tui.cli.checks_machine import version_of
from tui.errors import OwnkeyError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """Which keys there are and what their last check said; no key is read."""
    from tui.keys.records import read_keys

    try:
        listed = read_keys(paths.keys_file)
    except OwnkeyError as error:
        return Check(check="keys", state="fail", found=error.message, remedy=error.hint)
    if listed is None:
        return Check(
            check="keys",
            state="fail",
            found="the list of keys does not parse",
            remedy="`ownkey keys list` puts it aside; then add the keys again.",
        )
    words = [f"{key.provider} {key.label} …{key.fingerprint.lstrip('…')} {key.checked.state}"
             for key in listed.keys]  # fmt: skip
    words += [f"{used.variable} …{used.fingerprint.lstrip('…')} used" for used in listed.used]
    words += _found_variables(environ, {used.variable for used in listed.used})
    refused = [key.provider for key in listed.keys if key.checked.state == "refused"]
    if refused:
        remedy = f"Replace what was refused: `ownkey keys add {refused[0]} --replace`."
        return Check(check="keys", state="warn", found="; ".join(words), remedy=remedy)
    if not words:
        return Check(
            check="keys",
            state="warn",
            found="none",
            remedy="`ownkey keys add PROVIDER`, or `ownkey local get` for a model without a key.",
        )
    return Check(check="keys", state="ok", found="; ".join(words))


def _found_variables(environ: Mapping[str, str], used: set[str]) -> list[str]:
    from tui.keys.makers import MAKERS

    variables = [name for maker in MAKERS for name in maker.variables]
    found = [name for name in variables if environ.get(name, "").strip() and name not in used]
    allowed = environ.get("OWNKEY_KEYRING", "").strip().lower() == "env"
    state = "used, for OWNKEY_KEYRING=env" if allowed else "found in the environment, not used"
    return [f"{name} {state}" for name in found]


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
