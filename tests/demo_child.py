"""All scenes of the demo in a process that notes what it reaches for: `python -m tests.demo_child`.

Prints what was seen, as JSON: files that were opened, databases, addresses that were reached or
listened on, names that were looked up, and modules that were loaded.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

UNIX = 1
NOTED = ("files", "databases", "reached", "listened", "names")
seen: dict[str, set[str]] = {name: set() for name in NOTED}


def note(event: str, args: tuple[Any, ...]) -> None:
    match event:
        case "open" if isinstance(args[0], str | bytes):
            seen["files"].add(os.path.abspath(os.fsdecode(args[0])))
        case "sqlite3.connect":
            seen["databases"].add(os.fsdecode(args[0]))
        case "socket.connect" | "socket.sendto" | "socket.sendmsg" if args[0].family != UNIX:
            seen["reached"].add(str(args[1]))
        case "socket.bind" if args[0].family != UNIX:
            seen["listened"].add(str(args[1][0]))
        case "socket.getaddrinfo" | "socket.gethostbyname":
            seen["names"].add(str(args))
        case _:
            pass


async def play() -> None:
    from tests.demo_world import SCENES, played
    from tui.demo.engine import stay_off_the_network
    from tui.session.commands import ChangeKey, ListEndpoints, ListKeys, ListModels
    from tui.session.credit_talk import ListCredits

    stay_off_the_network()
    async with played() as demo:
        for number in range(SCENES + 1):
            await demo.turn(f"prompt {number}")
        for model in ("gateway.acme/glm-5.2", "auto", "local/smollm2-135m"):
            await demo.choose(model)
            await demo.turn("and there?")
        for asked in (
            ListKeys(), ListModels(), ListEndpoints(look=True), ListCredits(look=True)
        ):  # fmt: skip
            await demo.manager.call(asked)
        await demo.manager.call(ChangeKey(id="anthropic-work", action="check"))


def main() -> None:
    sys.addaudithook(note)
    asyncio.run(play())
    told = {name: sorted(found) for name, found in seen.items()}
    print(json.dumps(told | {"modules": sorted(sys.modules)}))


if __name__ == "__main__":
    main()
