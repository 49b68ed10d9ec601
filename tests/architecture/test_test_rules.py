from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

ROOT = Path(__file__).parents[2]
TESTS = """
import os, sys
import pytest

@pytest.mark.skip(reason="no such program")
def test_that_skips(): pass

def test_that_skips_halfway(): pytest.skip("no such service")

@pytest.mark.macos
def test_for_macos(): assert sys.platform == "darwin"

@pytest.mark.linux
def test_for_linux(): assert sys.platform == "linux"

def test_sees_no_key():
    assert not {"ANTHROPIC_API_KEY", "SOME_TOKEN", "OWNKEY_KEYRING"} & set(os.environ)
    assert os.environ["OWNKEY_TEST_MODEL"] == "kept"
"""
WHOLE = "import pytest\npytest.skip('no such system', allow_module_level=True)\n"


@pytest.fixture
def run_tests(tmp_path):
    (tmp_path / "test_planted.py").write_text(TESTS)
    (tmp_path / "test_whole.py").write_text(WHOLE)

    def run(ci: str) -> str:
        environ = os.environ | {
            "CI": ci,
            "ANTHROPIC_API_KEY": "sk-ant-made-up",
            "SOME_TOKEN": "made-up",
            "OWNKEY_KEYRING": "env",
            "OWNKEY_TEST_MODEL": "kept",
            "PYTEST_ADDOPTS": "--continue-on-collection-errors",
        }
        options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:xdist"]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *options, "-c", ROOT / "pyproject.toml",
             "--rootdir", tmp_path, tmp_path],
            cwd=ROOT, env=environ, capture_output=True, text=True, timeout=50, check=False,
        ).stdout  # fmt: skip

    return run


def test_skip_is_a_failure_in_ci_that_says_what_was_missing(run_tests):
    said = run_tests("true")
    assert "1 failed, 2 passed, 1 deselected, 2 errors" in said
    assert "test_that_skips may not skip in CI: Skipped: no such program" in said
    assert "test_that_skips_halfway may not skip in CI: Skipped: no such service" in said
    assert "test_whole.py may not skip in CI: Skipped: no such system" in said


def test_skip_is_no_failure_elsewhere(run_tests):
    assert "2 passed, 3 skipped, 1 deselected" in run_tests("")


def test_home_is_an_empty_folder_of_the_test(home):
    assert os.environ["OWNKEY_HOME"] == str(home)
    assert not home.exists()


def test_files_are_made_with_every_bit_that_was_asked_for(tmp_path):
    (tmp_path / "file").write_text("")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666


def test_the_real_litellm_proxy_is_in_no_run_of_the_suite():
    runs = [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", ".ci/run")]
    chosen = [a or b for run in runs for a, b in re.findall(r" -m (?:'([^']+)'|(\w+))", run)]
    assert len(chosen) == 3  # the ordinary run, which is README's, and the longer two
    for expression in map(Expression.compile, chosen):
        for also in ("local_model", "long", "soak"):
            assert not expression.evaluate(lambda name, **_: name in ("litellm", also))  # noqa: B023
