"""What was measured, as a table for people and as JSON."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Row:
    """One line: `value` in seconds, bytes or times, held against `limit` where there is one."""

    what: str
    goal: str
    value: float
    limit: float | None
    shown: str
    beside: str

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where it is no number."""
        return None if self.limit is None else self.value <= self.limit


@dataclasses.dataclass(frozen=True)
class Machine:
    """Where and when: load over one minute at the start and the end."""

    cores: int
    python: str
    textual: str
    system: str
    load_before: float
    load_after: float

    def words(self) -> str:
        """One line."""
        return (
            f"{self.cores} cores, Python {self.python}, Textual {self.textual}, {self.system};"
            f" load {self.load_before:.2f} before, {self.load_after:.2f} after"
        )


def this_machine(load_before: float) -> Machine:
    """The machine that runs this."""
    from importlib.metadata import version

    return Machine(
        cores=os.cpu_count() or 0,
        python=platform.python_version(),
        textual=version("textual"),
        system=f"{platform.system()} {platform.machine()}",
        load_before=load_before,
        load_after=os.getloadavg()[0],
    )


def table(rows: Sequence[Row], machine: Machine) -> str:
    """A Markdown table."""
    lines = ["| what | goal | measured | beside it |", "|---|---|---|---|"]
    lines += [
        f"| {row.what} | {row.goal} | {row.shown}{' (missed)' if row.reached is False else ''}"
        f" | {row.beside} |"
        for row in rows
    ]
    return "\n".join([*lines, "", machine.words()])


def as_json(rows: Sequence[Row], machine: Machine) -> str:
    """One object: `machine` and `rows`."""
    listed = [dataclasses.asdict(row) | {"reached": row.reached} for row in rows]
    return json.dumps({"machine": dataclasses.asdict(machine), "rows": listed}, ensure_ascii=False)
