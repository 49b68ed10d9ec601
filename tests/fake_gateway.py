"""A gateway or local server on loopback that answers what a table says; a context manager.

    with FakeGateway() as gateway:
        gateway.says("GET /v1/models", {"data": []})
        gateway.says("GET /v1/key", {"error": {"message": "no"}}, status=401, key=None)

`key`: the answer is for requests with this key only (None: whoever asks); the first that fits
counts, what fits nothing gets a 404. `fake_ollama` and the like lay out real servers' tables.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Asked(NamedTuple):
    """A request as it came; `headers` by lower-case name."""

    line: str
    headers: dict[str, str]
    body: Any


class _Answer(NamedTuple):
    line: str
    body: Any
    status: int
    key: str | None
    headers: dict[str, str]


class FakeGateway:
    """One server."""

    def __init__(self) -> None:
        self.answers: list[_Answer] = []
        self.seen: list[Asked] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                raw = self.rfile.read(length)
                heads = {k.lower(): v for k, v in self.headers.items()}
                asked = Asked(f"{self.command} {self.path}", heads, json.loads(raw or b"null"))
                gateway.seen.append(asked)
                answer = gateway.answer_to(asked)
                body = answer.body
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(answer.status)
                for name, value in {"content-type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self._server.server_port}"

    def says(
        self, line: str, body: Any, *, status: int = 200, key: str | None = None, **headers: str
    ) -> None:
        """Answer requests of this method and path so."""
        heads = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(_Answer(line, body, status, key, heads))

    def answer_to(self, asked: Asked) -> _Answer:
        """The first answer that fits."""
        line = asked.line.partition("?")[0]
        given = asked.headers.get("authorization", "").removeprefix("Bearer ")
        for answer in self.answers:
            if answer.line == line and answer.key in (None, given):
                return answer
        return _Answer(line, {"detail": "Not Found"}, 404, None, {})

    def lines(self) -> list[str]:
        return [asked.line for asked in self.seen]

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def lay_out_ollama(gateway: FakeGateway) -> None:
    """Ollama 0.12's shapes, as far as they are asked for."""
    gateway.says("GET /api/version", {"version": "0.12.6"})
    tags = [{"name": "qwen3:8b"}, {"name": "gemma3:4b"}, {"name": "all-minilm-embed:latest"},
            {"name": "gpt-oss:120b-cloud", "remote_host": "https://ollama.com:443"}]  # fmt: skip
    gateway.says("GET /api/tags", {"models": tags})
    gateway.says("GET /api/ps", {"models": [{"name": "gemma3:4b", "context_length": 4096}]})
    shown = {
        "parameters": 'num_ctx                        16384\nstop                 "<|im_end|>"',
        "model_info": {"qwen3.context_length": 40960, "qwen3.block_count": 36},
    }
    gateway.says("POST /api/show", shown)
    listed = [{"id": one["name"], "object": "model"} for one in tags]
    gateway.says("GET /v1/models", {"object": "list", "data": listed})


def lay_out_lm_studio(gateway: FakeGateway) -> None:
    """LM Studio's own list beside OpenAI's."""
    rows = [
        {"id": "qwen2.5-7b", "type": "llm", "state": "loaded", "max_context_length": 32768,
         "loaded_context_length": 8192},
        {"id": "nomic-embed-text", "type": "embeddings", "state": "not-loaded",
         "max_context_length": 2048},
    ]  # fmt: skip
    gateway.says("GET /api/v0/models", {"object": "list", "data": rows})
    gateway.says("GET /v1/models", {"data": [{"id": row["id"]} for row in rows]})


def lay_out_llama_cpp(gateway: FakeGateway) -> None:
    """llama-server with one model loaded."""
    gateway.says("GET /props", {"default_generation_settings": {"n_ctx": 6144}, "total_slots": 1})
    model = {"id": "smol.gguf", "object": "model", "meta": {"n_ctx_train": 8192}}
    gateway.says("GET /v1/models", {"object": "list", "data": [model]})
