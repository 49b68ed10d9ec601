"""Every key of the console in words; a test holds them against what a plain terminal sends."""

from __future__ import annotations

KEYS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Write", (
        ("Enter", "send; after a break: go on"),
        ("Ctrl+J, Shift+Enter", "new line"),
        ("Enter, Tab at work", "steer; queue"),
        ("@  /  !", "file, command, your shell"),
        ("Tab, Up, Down", "in a list: complete, choose"),
        ("Left, Backspace", "at its start: to the chips"),
        ("Up, Down", "prompts sent before"),
        ("Ctrl+R", "search what you sent"),
        ("Up, while one is queued", "take it back"),
        ("Ctrl+Up", "change what is queued"),
        ("F7", "write in your own editor"),
        ("Ctrl+A E B F D H", "move, delete as in a shell"),
        ("Ctrl+K U W, Ctrl+Y", "cut; put back"),
        ("Alt+B F D", "the same by words"),
    )),
    ("Go", (
        ("F2, Ctrl+O", "models: type to filter"),
        ("Enter, Left, Right", "models: pick; effort"),
        ("*", "models: a favourite, or not"),
        ("F3, Ctrl+T", "settings: type to search"),
        ("F4", "usage: what was spent, on what"),
        ("Left, Right, P, E", "usage: group, period, export"),
        ("F5", "sessions: type to filter"),
        ("F6", "the session that waits; the last"),
        ("Alt+Down, Alt+Up", "the open sessions in turn"),
        ("Shift+Tab", "read only, ask, edit freely"),
        ("PageUp, PageDown", "scroll the conversation"),
        ("Ctrl+Home, Ctrl+End", "its first, its last message"),
        ("Ctrl+P", "all commands"),
        ("F1, ?", "this help"),
    )),
    ("Read", (
        ("F8", "find: Enter, Down, Esc, Tab"),
        ("F9", "walk through the messages"),
        ("Up, Down, Left, Right", "walking: messages, code"),
        ("y, c, Enter", "copy it, its code; fold"),
        ("Enter on a cost line", "its receipts, line by line"),
        ("e, v", "in your editor, your pager"),
    )),
    ("Answer a question", (
        ("1 to 9", "answer, in an empty prompt"),
        ("Alt+1 to Alt+9", "answer beside a draft"),
        ("Up, Down, Enter", "a way on: mark it, take it"),
        ("PageUp, PageDown", "scroll a long question"),
    )),
    ("Stop", (
        ("Esc", "stop the turn; leave a list"),
        ("Ctrl+C", "copy; else stop; twice: quit"),
        ("Ctrl+D", "quit, in an empty prompt"),
    )),
)  # fmt: skip
