"""Every key of the console in words; a test holds them against what a plain terminal sends."""

from __future__ import annotations

KEYS: tuple[tuple[str, str], ...] = (
    ("Enter", "send; in an empty prompt after a break: go on"),
    ("Ctrl+J, Shift+Enter", "new line"),
    ("Tab", "queue while the agent works"),
    ("Up, Down", "prompts sent before"),
    ("F2, Ctrl+O", "models: type to filter, Enter picks, ◂ ▸ effort"),
    ("Esc", "stop the turn; leave a list or dialog"),
    ("Ctrl+C", "copy the selection; else stop; twice: quit"),
    ("Ctrl+D", "quit, in an empty prompt"),
    ("PageUp, PageDown", "scroll the transcript"),
    ("Ctrl+P", "command palette"),
    ("F1, ? in an empty prompt", "this help"),
    ("Ctrl+A E B F D H K U W Y", "edit as in a shell; Alt+B F D by words"),
)
