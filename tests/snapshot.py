"""Values held against files: what must not change unnoticed.

    assert_snapshot("openai-chat-rich", body)

The file is tests/data/snapshots/<name>.json; `UPDATE_SNAPSHOTS=1` writes it, to be read in the
diff.
"""

from __future__ import annotations

import json
import os
import pathlib

FOLDER = pathlib.Path(__file__).parent / "data" / "snapshots"


def assert_snapshot(name: str, value: object) -> None:
    """Fail where `value` differs from the file, or where there is none."""
    made = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    file = FOLDER / f"{name}.json"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(parents=True, exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert file.is_file(), f"no snapshot {name}: run with UPDATE_SNAPSHOTS=1 and read what it wrote"
    assert made == file.read_text(encoding="utf-8")
