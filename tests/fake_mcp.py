"""An MCP server that does what its script says: `python -I -S fake_mcp.py SCRIPT.json`.

It speaks the wire itself (JSON-RPC, a line at a time) and knows nothing of ours or of the SDK, so
that it can also break the rules. The script is one object; every field may be absent:
    tools: what `tools/list` tells, as it crosses; {"chars": N}: one tool with so long a description
    after: what it tells once a tool was called (`changes_after`: so often), with `says_so`: and
        that it is another list
    pages: N pages of one tool each; 0: without end
    result: what a call gives; {"environ": true}: its environment
    asks: {method, params}: a request of its own before it answers a call
    hangs, dies: at `start`, `list` or `call`; `ignores_end`: it goes on when its input closes
    junk: lines before it begins; -1: without end
    log: a file in which it notes each message that it was sent, a line each
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

PLAIN = {"content": [{"type": "text", "text": "done"}]}


class Server:
    """One run."""

    def __init__(self, script: dict[str, Any]) -> None:
        self.script = script
        self.calls = 0

    def say(self, message: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()

    def hear(self) -> dict[str, Any]:
        line = sys.stdin.readline()
        if not line:
            while self.script.get("ignores_end"):
                time.sleep(1)
            sys.exit(0)
        if (log := self.script.get("log")) is not None:
            with open(log, "a", encoding="utf-8") as file:
                file.write(line)
        return json.loads(line)

    def stop_at(self, place: str) -> None:
        if self.script.get("dies") == place:
            sys.stderr.write(f"no more at {place}\n")
            sys.exit(3)
        while self.script.get("hangs") == place:
            time.sleep(1)

    def run(self) -> None:
        self.stop_at("start")
        junk = self.script.get("junk", 0)
        while junk:
            sys.stdout.write("warming up\n")
            sys.stdout.flush()
            junk -= 1
        while True:
            message = self.hear()
            if "id" in message and "method" in message:
                self.answer(message)

    def answer(self, message: dict[str, Any]) -> None:
        match message["method"]:
            case "initialize":
                result = {
                    "protocolVersion": "2025-11-25",
                    "capabilities": {"tools": {"listChanged": True}},
                    "serverInfo": {"name": "fake", "version": "1"},
                }
            case "tools/list":
                self.stop_at("list")
                result = self.page(message.get("params", {}).get("cursor"))
            case "tools/call":
                self.stop_at("call")
                result = self.call()
            case _:
                error = {"code": -32601, "message": "Method not found"}
                self.say({"id": message["id"], "error": error})
                return
        self.say({"id": message["id"], "result": result})

    def page(self, cursor: str | None) -> dict[str, Any]:
        pages = self.script.get("pages")
        if pages is not None:
            number = int(cursor or 0)
            tool = {"name": f"t{number}", "inputSchema": {"type": "object"}}
            last = pages and number + 1 >= pages
            return {"tools": [tool], **({} if last else {"nextCursor": str(number + 1)})}
        changed = self.calls >= self.script.get("changes_after", 1)
        told = self.script.get("after") if changed else None
        tools = told if told is not None else self.script.get("tools", [])
        if isinstance(tools, dict):
            words = {"name": "long", "description": "x" * tools["chars"]}
            tools = [{**words, "inputSchema": {"type": "object"}}]
        return {"tools": tools}

    def call(self) -> dict[str, Any]:
        if (asks := self.script.get("asks")) is not None:
            self.say({"id": "ours", **asks})
            while self.hear().get("id") != "ours":
                pass
        self.calls += 1
        if self.script.get("says_so"):
            self.say({"method": "notifications/tools/list_changed"})
        result = self.script.get("result", PLAIN)
        if result == {"environ": True}:
            text = json.dumps({**os.environ, "cwd": os.getcwd()})
            return {"content": [{"type": "text", "text": text}]}
        return result


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as given:
        Server(json.load(given)).run()
