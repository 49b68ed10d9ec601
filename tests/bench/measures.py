"""The measurements: each takes a world, interleaves ours with its floor, and gives rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.bench import processes, world
from tests.bench.figures import median, megabytes, milliseconds, per, percentile
from tests.bench.report import Row
from tests.bench.terminal import Program
from tests.bench.world import READY, World, text_of

TOKENS = 10_000
KEYS = [chr(code) for code in (*range(0x0410, 0x0450), *range(0x03B1, 0x03C2))]
MODELS = 2_500
FILTER = ["g", "p", "t", " ", "7", "7", "\x15", "e", "m", "b", "e", "r", "\x15"]
"""What is typed into the picker: letters that many fit, that few fit, and Ctrl+U."""
ENDS = [chr(code) for code in range(0x0561, 0x0587)]
ASK = "go on\r"
F5 = "\x1b[15~"
GAP_S = (0.06, 0.14)
"""Keys come this far apart, at random, so that they do not keep step with frames."""

QUIET_S = 0.35
"""Less than a cursor's blink."""

Starter = Callable[[], AbstractContextManager[Program]]


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    starts: int
    keys: int
    endings: int
    stream_s: float  # how long a stream is watched, for each rate
    repeats: int
    pages: int
    opens: int
    idle_s: float
    messages: int


FULL = Sizes(11, 80, 40, 10.0, 3, 60, 5, 10.0, 10_000)
QUICK = Sizes(3, 20, 8, 3.0, 1, 15, 2, 3.0, 1_000)


def ready(program: Program) -> float:
    """Seconds from its start until it takes input."""
    return program.wait_for(READY) - program.started


def settled(program: Program) -> Program:
    """Wait until the program is up and has nothing more to do."""
    ready(program)
    program.rest_until_quiet(QUIET_S)
    return program


def start(place: World, sizes: Sizes) -> Iterator[Row]:
    """From exec to the prompt on the screen."""
    ours: list[float] = []
    floor: list[float] = []
    for number in range(sizes.starts + 1):
        with place.floor("shell") as program:
            took = ready(program)
        floor += [took] if number else []  # the first warms files and compiled code
        with place.ours() as program:
            took = ready(program)
        ours += [took] if number else []
    ratio = median(ours) / median(floor)
    yield Row(
        "start to input-ready, median", "≤ 1.25 × shell floor", ratio, 1.25, f"{ratio:.2f} ×",
        f"{milliseconds(median(ours))}; floor {milliseconds(median(floor))}",
    )  # fmt: skip


def press_keys(program: Program, count: int, chance: random.Random) -> list[float]:
    """Seconds from each key to its glyph; the line is emptied at the end.

    Nothing is taken back in between: where the loop is busy, Textual's own editor deletes behind
    what was typed later.
    """
    took: list[float] = []
    for glyph in KEYS[:count]:
        program.rest(chance.uniform(*GAP_S))
        mark = program.mark
        pressed = program.type(glyph)
        took.append(program.wait_for(glyph, mark) - pressed)
    return took


def empty_line(program: Program) -> None:
    """Take back what was typed."""
    program.rest_until_quiet(QUIET_S)
    program.type("\x15")
    program.rest(0.2)


def ask(place: World, program: Program, tokens: int, rate: float, end: str) -> int:
    """Send a prompt whose reply has so many tokens; gives where it will begin."""
    place.provider.next_reply(text_of(tokens, end), rate)
    mark = program.mark
    program.type(ASK)
    return mark


def warm(place: World, program: Program) -> Program:
    """Have it answer once, so that everything is loaded."""
    settled(program)
    mark = ask(place, program, 40, 200, ENDS[-1])
    program.wait_for(ENDS[-1], mark, 60)
    program.rest_until_quiet(QUIET_S)
    return program


def keys_while_streaming(
    place: World, program: Program, rate: float, count: int, chance: random.Random
) -> list[float]:
    """Seconds from each key to its glyph while a reply streams."""
    seconds = count * (sum(GAP_S) / 2 + 0.03) + 1.0
    end = ENDS[-2]
    mark = ask(place, program, int(rate * seconds), rate, end)
    program.rest(0.5)
    took = press_keys(program, count, chance)
    program.wait_for(end, mark, 90)
    empty_line(program)
    return took


def echo(place: World, sizes: Sizes) -> Iterator[Row]:
    """From a key to its glyph: idle, and while replies stream."""
    chance = random.Random(1)
    goals = {0: 0.008, 200: 0.020, 1000: 0.033}
    for rate, goal in goals.items():
        ours: list[float] = []
        floor: list[float] = []
        for _ in range(sizes.repeats):
            for starter, took in _pairs(place, ours, floor):
                with starter() as program:
                    warm(place, program)
                    if rate:
                        took += keys_while_streaming(place, program, rate, sizes.keys, chance)
                    else:
                        took += press_keys(program, sizes.keys, chance)
                        empty_line(program)
        own, theirs = percentile(ours, 0.95), percentile(floor, 0.95)
        yield Row(
            f"key echo p95, {f'at {rate:,} tokens/s' if rate else 'idle'}",
            f"≤ {milliseconds(goal)}, below the stream floor's", own, goal, milliseconds(own),
            f"p50 {milliseconds(median(ours))}; floor p95 {milliseconds(theirs)},"
            f" p50 {milliseconds(median(floor))}",
        )  # fmt: skip


def _pairs(place: World, ours: list, floor: list) -> Iterator[tuple[Starter, list]]:
    yield (lambda: place.floor("stream", place.provider.address)), floor
    yield place.ours, ours


def endings(place: World, program: Program, rate: float, count: int) -> list[float]:
    """Seconds from the last token's leaving the provider until it is seen."""
    took: list[float] = []
    for number in range(count):
        end = ENDS[number % (len(ENDS) - 2)]
        # Of several lengths, so that the end falls anywhere between two frames.
        mark = ask(place, program, int(rate * 0.2) + 7 * (number % 11), rate, end)
        seen = program.wait_for(end, mark)
        took.append(seen - place.provider.last_token_at())
        program.rest_until_quiet(0.15)
    return took


def last_token(place: World, sizes: Sizes) -> Iterator[Row]:
    """From the last token sent to the last token visible."""
    for rate in (200, 1000):
        ours: list[float] = []
        floor: list[float] = []
        for starter, took in _pairs(place, ours, floor):
            with starter() as program:
                warm(place, program)
                took += endings(place, program, rate, sizes.endings)
        own = percentile(ours, 0.95)
        yield Row(
            f"last token sent to visible p95, at {rate:,} tokens/s", "≤ 50 ms", own, 0.050,
            milliseconds(own),
            f"p50 {milliseconds(median(ours))}; floor p95 {milliseconds(percentile(floor, 0.95))}",
        )  # fmt: skip


def stream_cpu(place: World, program: Program, rate: float, seconds: float) -> float:
    """CPU seconds for 10,000 tokens, of the program and its children."""
    tokens = int(rate * seconds)
    end = ENDS[-3]
    family = processes.family(program.pid)
    before = processes.cpu_s(family)
    mark = ask(place, program, tokens, rate, end)
    program.wait_for(end, mark, seconds * 3 + 30)
    program.rest_until_quiet(0.3)
    return per(processes.cpu_s(family) - before, tokens, TOKENS)


def cpu(place: World, sizes: Sizes) -> Iterator[Row]:
    """CPU for 10,000 streamed tokens."""
    for rate in (200, 1000):
        ours: list[float] = []
        floor: list[float] = []
        for _ in range(sizes.repeats):
            for starter, took in _pairs(place, ours, floor):
                with starter() as program:
                    warm(place, program)
                    took.append(stream_cpu(place, program, rate, sizes.stream_s))
        ratio = median(ours) / median(floor)
        yield Row(
            f"CPU per 10,000 tokens at {rate:,} tokens/s", "≤ 1.3 × stream floor", ratio, 1.3,
            f"{ratio:.2f} ×", f"{median(ours):.2f} s; floor {median(floor):.2f} s",
        )  # fmt: skip


def long_session(place: World, sizes: Sizes) -> Iterator[Row]:
    """A session of many messages: open, scroll, append."""
    home = place.folder / "long"
    for session, messages in ((world.LONG, sizes.messages), (world.SHORT, 10)):
        world.write_session(home, session, messages, place.folder / "work")
    yield from _open(place, sizes)
    yield from _scroll(place, sizes)
    yield from _append(place, sizes)


def last_reply(messages: int) -> str:
    """What stands in the last line of a session that `write_session` made."""
    return f"all of r{messages // 2:05d}"


def _open(place: World, sizes: Sizes) -> Iterator[Row]:
    """From the list's Enter to the last message, and the same from the program's own start."""
    took: list[float] = []
    for _ in range(sizes.opens):
        with place.ours("--session", world.SHORT, home="long") as program:
            settled(program)
            program.type(F5)
            program.wait_for(f"{sizes.messages} messages", 0)
            program.rest_until_quiet(QUIET_S)
            mark = program.mark
            pressed = program.type("\r")
            took.append(program.wait_for(last_reply(sizes.messages), mark, 60) - pressed)
    yield Row(
        f"open {sizes.messages:,} messages: Enter in the list to the last one seen", "≤ 300 ms",
        median(took), 0.3, milliseconds(median(took)), f"worst {milliseconds(max(took))}",
    )  # fmt: skip
    yield from _open_at_start(place, sizes)


def _open_at_start(place: World, sizes: Sizes) -> Iterator[Row]:
    took: dict[str, list[float]] = {world.LONG: [], world.SHORT: []}
    beyond: list[float] = []
    for number in range(sizes.opens + 1):
        for session, messages in ((world.SHORT, 10), (world.LONG, sizes.messages)):
            with place.ours("--session", session, home="long") as program:
                typed = program.wait_for(READY)
                seen = program.wait_for(last_reply(messages), 0, 60)
            if number:
                took[session].append(seen - program.started)
                beyond += [seen - typed] if session == world.LONG else []
    added = median(took[world.LONG]) - median(took[world.SHORT])
    yield Row(
        f"start with {sizes.messages:,} messages: input-ready to the last one seen", "",
        median(beyond), None, milliseconds(median(beyond)),
        f"from exec {milliseconds(median(took[world.LONG]))}, of 10 messages"
        f" {milliseconds(median(took[world.SHORT]))}: the length adds {milliseconds(added)}",
    )  # fmt: skip


def _scroll(place: World, sizes: Sizes) -> Iterator[Row]:
    took: list[float] = []
    with place.ours("--session", world.LONG, home="long") as program:
        settled(program)
        program.rest(1.5)
        for _ in range(sizes.pages):
            program.rest(0.12)
            mark, frames = program.mark, len(program.screen.frames)
            pressed = program.type("\x1b[5~")
            # A page is a frame in which messages are painted; a blinking cursor is not.
            seen = program.wait_until(
                lambda at=mark, had=frames: _page_painted(program, at, had), "a page", 10
            )
            took.append(seen - pressed)
    own = percentile(took, 0.95)
    yield Row(
        f"scroll a page in {sizes.messages:,} messages, p95", "≤ 16 ms", own, 0.016,
        milliseconds(own), f"p50 {milliseconds(median(took))}, worst {milliseconds(max(took))}",
    )  # fmt: skip


def _page_painted(program: Program, mark: int, frames: int) -> bool:
    ends = program.screen.frames[frames:]
    return bool(ends) and program.screen.written.count(b"r0", mark, ends[-1]) > 0


def _append(place: World, sizes: Sizes) -> Iterator[Row]:
    last: dict[str, list[float]] = {world.SHORT: [], world.LONG: []}
    used: dict[str, list[float]] = {world.SHORT: [], world.LONG: []}
    for session in (world.SHORT, world.LONG):
        with place.ours("--session", session, home="long") as program:
            warm(place, program)
            last[session] += endings(place, program, 200, max(sizes.endings // 2, 5))
            for _ in range(sizes.repeats):
                used[session].append(stream_cpu(place, program, 200, sizes.stream_s / 2))
    ratio = median(used[world.LONG]) / median(used[world.SHORT])
    yield Row(
        f"append a token: CPU in {sizes.messages:,} messages against 10", "flat", ratio, None,
        f"{ratio:.2f} ×",
        f"last token visible p95 {milliseconds(percentile(last[world.LONG], 0.95))}"
        f" against {milliseconds(percentile(last[world.SHORT], 0.95))}",
    )  # fmt: skip


def picker(place: World, sizes: Sizes) -> Iterator[Row]:
    """The filter of the model picker: from a letter to its frame, and the CPU that it takes."""
    world.write_models(place.folder / "models", MODELS)
    took: list[float] = []
    with place.ours(home="models") as program:
        settled(program)
        program.rest(3.0)  # prices of all of them are being read
        program.type("\x1bOQ")
        program.rest_until_quiet(QUIET_S)
        keys = (FILTER * sizes.keys)[: sizes.keys]
        before = processes.cpu_s([program.pid])
        for key in keys:
            program.rest(0.08)
            frames = len(program.screen.frames)
            pressed = program.type(key)
            seen = program.wait_until(
                lambda had=frames: len(program.screen.frames) > had, "the filter", 10
            )
            took.append(seen - pressed)
        program.rest_until_quiet(QUIET_S)
        each = (processes.cpu_s([program.pid]) - before) / len(keys)
    yield Row(
        f"filter {MODELS:,} models, CPU a key", "≤ 16 ms", each, 0.016, milliseconds(each),
        f"key to frame p50 {milliseconds(median(took))},"
        f" p95 {milliseconds(percentile(took, 0.95))}",
    )  # fmt: skip


def idle(place: World, sizes: Sizes) -> Iterator[Row]:
    """CPU while nothing happens."""
    shares: list[float] = []
    for starter in (place.ours, lambda: place.floor("shell")):
        with starter() as program:
            settled(program)
            program.rest(3.0)
            family = processes.family(program.pid)
            before = processes.cpu_s(family)
            program.rest(sizes.idle_s)
            shares.append((processes.cpu_s(family) - before) / sizes.idle_s)
    yield Row(
        f"idle CPU over {sizes.idle_s:.0f} s", "≤ 0.5%", shares[0], 0.005, f"{shares[0]:.2%}",
        f"floor {shares[1]:.2%}",
    )  # fmt: skip


def memory(place: World, sizes: Sizes) -> Iterator[Row]:
    """Memory of console and engine together."""

    def used(*words: str, home: str, keys: bool, waits_s: float = 2.0) -> processes.Memory:
        with place.ours(*words, home=home, keys=keys) as program:
            settled(program)
            program.rest(waits_s)
            return processes.memory(processes.family(program.pid))

    empty = used(home="empty", keys=False)
    held = used("--session", world.LONG, home="long", keys=False, waits_s=5.0)
    served = used(home="served", keys=True, waits_s=5.0)
    with place.floor("stream", place.provider.address) as program:
        settled(program)
        floor = processes.memory([program.pid])
    yield Row(
        "memory empty, no SDK (PSS of both processes)", "≤ 90 MB", empty.pss, 90e6,
        megabytes(empty.pss),
        f"RSS {megabytes(empty.rss)}; with an SDK loaded {megabytes(served.pss)};"
        f" stream floor {megabytes(floor.pss)}",
    )  # fmt: skip
    ratio = held.pss / empty.pss
    yield Row(
        f"memory with {sizes.messages:,} messages open, no SDK", "≤ 1.5 × empty", ratio, 1.5,
        f"{ratio:.2f} ×", f"{megabytes(held.pss)}; RSS {megabytes(held.rss)}",
    )  # fmt: skip


ALL: dict[str, Callable[[World, Sizes], Iterator[Row]]] = {
    "start": start,
    "echo": echo,
    "last_token": last_token,
    "cpu": cpu,
    "long_session": long_session,
    "picker": picker,
    "idle": idle,
    "memory": memory,
}
"""By name, in order: `memory` reads the session that `long_session` wrote."""
