"""The child that holds a local model: llama.cpp's server on loopback, behind a key.

Started as `python -P -m tui.localmodel.serve`. The order comes as one JSON line on standard
input, so that the key stands in no argument list and no environment; one JSON line on standard
output answers it. When standard input closes, the process ends, whatever it is doing.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from typing import Any

import msgspec

from tui.process import end_with_parent, harden

MAX_LOG_BYTES = 1_000_000
PROMPT_CACHE_MIB = 256


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to serve: the file, the name it answers to, its key, and tokens of context."""

    path: str
    alias: str
    key: str
    context: int


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`port` when it serves; else `failed`: `missing` (no xllamacpp) or `model` (not loaded)."""

    port: int | None = None
    failed: str | None = None


def main() -> int:
    """Serve until standard input closes."""
    harden()
    line = sys.stdin.buffer.readline(1_000_000)
    if not line.endswith(b"\n"):  # the parent died before it had said all
        return 1
    order = msgspec.json.decode(line, type=Order)
    end_with_parent()
    # A library that prints must not be taken for our answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_LOG_BYTES, MAX_LOG_BYTES))
    try:
        server = _serve(order)
    except ImportError as error:
        print(error, file=sys.stderr)
        _say(answers, Answer(failed="missing"))
        return 1
    except RuntimeError:  # the reason stands in the log, in llama.cpp's words
        _say(answers, Answer(failed="model"))
        return 1
    port = int(str(server.listening_address).rpartition(":")[2])
    _say(answers, Answer(port=port))
    threading.Event().wait()
    return 0


def _say(descriptor: int, answer: Answer) -> None:
    os.write(descriptor, msgspec.json.encode(answer) + b"\n")


def _serve(order: Order) -> Any:  # noqa: ANN401 - xllamacpp has no types
    import xllamacpp  # pyright: ignore[reportMissingTypeStubs, reportMissingImports] - optional

    native: Any = xllamacpp
    params: Any = native.CommonParams()
    params.model.path = order.path
    params.model_alias = {order.alias}
    params.n_ctx = order.context
    params.api_keys = [order.key]
    # A web page must find nothing here: no page, no foreign origin, no list of running prompts.
    params.cors_origins = ""
    params.ui = False
    params.endpoint_slots = False
    params.offline = True
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.verbosity = 1  # errors alone: what is said between person and model is not logged
    return native.Server(params)


if __name__ == "__main__":
    sys.exit(main())
