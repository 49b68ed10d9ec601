"""An SDK that asks for the machine's name starts no child that would get our environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.canary import made_up_key
from tests.fake_provider import FakeProvider
from tests.measured import OPUS, measure

GPT, GEMINI = "openai/gpt-5.5", "google/gemini-3.1-pro-preview"


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Where a `uname` that stands first in the path writes the environment that it got."""
    told, programs = tmp_path / "told", tmp_path / "programs"
    programs.mkdir()
    uname = programs / "uname"
    uname.write_text(f"#!/bin/sh\nenv >> {told}\necho x\n", encoding="utf-8")
    uname.chmod(0o755)
    return told


@pytest.mark.parametrize("model", [OPUS, GPT, GEMINI])
def test_no_sdk_starts_a_child_with_the_key_in_its_environment(told: Path, tmp_path, model):
    with FakeProvider() as fake:
        environ = {
            "PATH": f"{told.parent / 'programs'}{os.pathsep}{os.environ['PATH']}",
            "OWNKEY_HOME": str(tmp_path / "home"),
            "OWNKEY_KEYRING": "env",
            "ANTHROPIC_API_KEY": made_up_key("sk-ant-api03-"),
            "OPENAI_API_KEY": made_up_key("sk-proj-"),
            "GEMINI_API_KEY": made_up_key("AIzaSy"),
            "ANTHROPIC_BASE_URL": fake.url("anthropic"),
            "OPENAI_BASE_URL": fake.url("openai-responses"),
            "GOOGLE_GEMINI_BASE_URL": fake.url("google"),
        }
        done = measure(environ, words=("run", "--json", "--model", model, "go"))
    assert done.stop == "end", done.errors
    assert not told.exists(), told.read_text("utf-8")
