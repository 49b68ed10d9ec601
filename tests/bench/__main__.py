"""`python -m tests.bench [--json] [--quick] [NAME…]`: the numbers of the design, measured here.

Everything runs in a real pseudo-terminal of 132x42, ours and its floor by turns. It is a report:
nothing passes or fails by time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.bench.measures import ALL, FULL, QUICK
from tests.bench.report import Row, as_json, table, this_machine
from tests.bench.world import Provider, World


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; all")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="few samples: does it run?")
    args = parser.parse_args()
    if unknown := set(args.names) - set(ALL):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    load = os.getloadavg()[0]
    rows: list[Row] = []
    provider = Provider()
    try:
        with tempfile.TemporaryDirectory(prefix="ownkey-bench-") as folder:
            place = World(Path(folder), provider)
            for name, measure in ALL.items():
                if args.names and name not in args.names:
                    continue
                for row in measure(place, QUICK if args.quick else FULL):
                    rows.append(row)
                    sys.stderr.write(f"{row.what}: {row.shown} ({row.beside})\n")
    finally:
        provider.close()
    machine = this_machine(load)
    print(as_json(rows, machine) if args.json else table(rows, machine))


if __name__ == "__main__":
    main()
