"""What can be done from the settings beside changing a value: each with its command."""

from __future__ import annotations

from tui.settings.search import KEY_WORDS, MAKERS, Entry


def _action(id_: str, title: str, section: str, help_: str, *words: str) -> Entry:
    return Entry(
        id=id_,
        title=title,
        section=section,
        value=None,
        default=None,
        help=help_,
        kind="action",
        words=words,
    )


ACTIONS: tuple[Entry, ...] = (
    *(
        _action(
            f"keys.add.{provider}",
            f"Add an API key for {name}",
            "API keys",
            f"Paste a key; it is checked, then kept in the keyring (`ownkey keys add {provider}`).",
            f"{name} key",
            f"{name} api key",
            f"new {name} key",
            *words,
            *KEY_WORDS,
            "paste key",
            "login",
            "sign in",
            "authenticate",
        )
        for provider, (name, words) in MAKERS.items()
    ),
    _action(
        "keys.replace",
        "Replace an API key",
        "API keys",
        "Paste a new key in place of one (`ownkey keys add PROVIDER --replace`).",
        "replace key",
        "change key",
        "rotate key",
        "renew key",
        "update key",
        "expired key",
        *KEY_WORDS,
    ),
    _action(
        "keys.check",
        "Check the API keys",
        "API keys",
        "Asks each maker whether its key is taken (`ownkey keys check`).",
        "test key",
        "verify key",
        "valid key",
        *KEY_WORDS,
    ),
    _action(
        "keys.default",
        "Choose the default API key",
        "API keys",
        "Which of several keys of one maker pays (`ownkey keys default ID`).",
        "default key",
        "switch key",
        "which key",
        *KEY_WORDS,
    ),
    _action(
        "keys.use",
        "Use a key found in the environment",
        "API keys",
        "One yes to one key that an environment variable holds (`ownkey keys use ENVVAR`).",
        "environment variable",
        "env key",
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        *KEY_WORDS,
    ),
    _action(
        "keys.remove",
        "Remove an API key",
        "API keys",
        "Forgets a key, with undo (`ownkey keys remove ID`).",
        "delete key",
        "forget key",
        "remove key",
        "log out",
        *KEY_WORDS,
    ),
    _action(
        "local.get",
        "Fetch a small model for this machine",
        "Local models",
        "Runs here, costs nothing, needs no key (`ownkey local get`).",
        "local model",
        "offline",
        "free",
        "smollm",
        "download model",
        "no key",
    ),
    _action(
        "local.add",
        "Add a model file",
        "Local models",
        "A GGUF file that lies on this machine (`ownkey local add FILE.gguf`).",
        "local model",
        "gguf",
        "llama.cpp",
        "own model",
        "weights",
    ),
    _action(
        "doctor",
        "Check this machine",
        "Privacy",
        "Terminal, keyring, keys and store, with what to do (`ownkey doctor`).",
        "doctor",
        "diagnose",
        "troubleshoot",
        "health",
        "problem",
        "help",
    ),
)
"""What can be done beside changing a value; the console gives each its dialog."""
