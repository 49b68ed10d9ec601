"""A response of OpenAI's Responses API, streamed or whole, as parts.

Proof of completion is `response.completed` or `.incomplete`; `.failed` and `error` are failures.
What the stream did not bring in deltas is taken from the item that is done, or from the response's
own output at the end: compatible servers leave out the one or the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tui.errors import ProtocolBroken
from tui.events.stream import Sealed
from tui.providers import failures, sse
from tui.providers.base import Stop, Stopped, StreamPart, UsageReported
from tui.providers.loose import as_rows, as_table, rows, table, text, word
from tui.providers.openai_responses_items import Items
from tui.providers.openai_shared import ToolNames, price_headers

_INCOMPLETE: dict[str, Stop] = {"max_output_tokens": "length", "content_filter": "filter"}


class ResponsesReading:
    """One answer.

    Args:
        names: The tools' names on the wire.
        seal: Makes a maker's own form one that only its maker gets back.
        heads: The response's headers.
        vendor: As in `Access`.
    """

    def __init__(
        self,
        names: ToolNames,
        seal: Callable[[dict[str, Any]], Sealed],
        heads: Mapping[str, str],
        vendor: str | None,
    ) -> None:
        self._heads, self._vendor = heads, vendor
        self._items = Items(names, seal)
        self._last: dict[str, Any] = {}
        self._model: str | None = None
        self._status: str | None = None

    @property
    def complete(self) -> bool:
        return self._status is not None

    @property
    def proven(self) -> bool:
        return self._status is not None

    def take(self, event: sse.Event) -> Iterator[StreamPart]:
        """The parts that `event` makes.

        Raises:
            RequestError: it is or tells a failure.
        """
        value = sse.parsed(event)
        documents = as_rows(value)  # some send an error as a list of one
        data = as_table(documents[0] if documents else value)
        if data is None:
            if event.name == "error" and event.whole:
                raise failures.from_error(event.data, headers=self._heads, vendor=self._vendor)
            return  # a broken piece, or [DONE], which says nothing here
        kind = text(data.get("type")) or event.name
        match kind:
            case "response.created" | "response.in_progress" | "response.queued":
                self._note(table(data.get("response")))
            case "response.completed" | "response.incomplete" | "response.failed":
                response = table(data.get("response"))
                yield from self._end(response, kind.removeprefix("response."))
            case "error":
                raise failures.from_error(data, headers=self._heads, vendor=self._vendor)
            case _ if kind.startswith("response."):
                yield from self._items.take(kind, data)
            case _:
                yield from self._other(data, event)

    def _other(self, data: dict[str, Any], event: sse.Event) -> Iterator[StreamPart]:
        """What is no event of the stream: a whole response, an error, or nothing of ours."""
        if data.get("error") and data.get("status") != "failed":
            raise failures.from_error(data, headers=self._heads, vendor=self._vendor)
        if data.get("object") == "response" or "output" in data:
            yield from self._end(data, text(data.get("status")) or "completed")
        elif not event.whole and not event.name:
            error = failures.from_error(data, headers=self._heads, vendor=self._vendor)
            told = any(data.get(name) for name in ("message", "detail", "msg", "errors"))
            raise error if told else ProtocolBroken("what came is not a response")

    def _note(self, response: dict[str, Any]) -> None:
        self._model = word(response.get("model")) or self._model
        self._last = {**self._last, **{k: v for k, v in response.items() if v is not None}}

    def _end(self, response: dict[str, Any], status: str) -> Iterator[StreamPart]:
        self._note(response)
        yield from self._items.rest([table(item) for item in rows(response.get("output"))])
        yield from self._items.close()
        status = text(response.get("status")) or status
        if status == "failed" or response.get("error"):
            error = response.get("error") or {"message": "the provider says that it failed"}
            raise failures.from_error({"error": error}, headers=self._heads, vendor=self._vendor)
        self._status = status

    def usage(self) -> UsageReported | None:
        """The usage that the response ended with."""
        raw = as_table(self._last.get("usage"))
        context: dict[str, Any] = {}
        if heads := price_headers(self._heads):
            context["headers"] = heads
        if raw is None and not context:
            return None
        if (tier := word(self._last.get("service_tier"))) is not None:
            context["service_tier"] = tier
        if self._items.counted:
            context["output_items"] = self._items.counted
        return UsageReported(raw=raw or {}, context=context)

    def finish(self) -> Iterator[StreamPart]:
        """The end of an answer that has its proof.

        Raises:
            ProtocolBroken: it ended in a way that has no word here.
        """
        said = self._status or ""
        stop: Stop | None = None
        if said == "incomplete":
            said = text(table(self._last.get("incomplete_details")).get("reason")) or said
            stop = _INCOMPLETE.get(said)
        elif said in {"completed", "complete"}:
            called, refused = self._items.called, self._items.refused
            stop = "tool" if called else "refusal" if refused else "end"
        if stop is None:
            raise ProtocolBroken(f"the response ended as {said[:80]!r}, which is no end")
        yield Stopped(stop=stop, said=said, model=self._model)
