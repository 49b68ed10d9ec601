"""The makers' own model lists, kept for offline use: what a verified key was told."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.paths import write_private

if TYPE_CHECKING:
    from tui.keys.model_list import ModelFound
    from tui.paths import Paths


def keep_models(paths: Paths, provider: str, models: tuple[ModelFound, ...]) -> None:
    """Keep a maker's list in place of the one before; an empty one changes nothing.

    It is a comfort: what cannot be written is left out.
    """
    if not models:
        return
    kept: dict[str, object] = {}
    with suppress(OSError, ValueError):
        kept = json.loads(paths.models_file.read_bytes())
    kept[provider] = [
        {"provider": provider, "id": m.id, "name": m.name, "context": m.context,
         "max_output": m.max_output}
        for m in models
    ]  # fmt: skip
    with suppress(OSError):
        write_private(paths.models_file, json.dumps(kept).encode())
