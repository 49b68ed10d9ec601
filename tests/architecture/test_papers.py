from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.source_tree import ROOT
from tui.cli.main import COMMANDS

README = (ROOT / "README.md").read_text("utf-8")
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TO_OPEN, TO_TEST = re.findall(r"^```sh\n(.*?)^```$", README, re.M | re.S)[:2]


@pytest.mark.parametrize("block", [TO_OPEN, TO_TEST], ids=["open", "test"])
def test_both_commands_of_the_readme_are_whole_for_any_shell(block):
    read = subprocess.run(["sh", "-n"], input=block, capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


def test_both_commands_of_the_readme_set_up_in_the_same_way():
    set_up = TO_OPEN.removesuffix(".venv/bin/ownkey\n")
    assert "--require-hashes -r requirements.lock" in set_up
    assert TO_TEST.startswith(set_up)


def test_readme_lists_every_command_and_no_other():
    listed = re.findall(r"^\| `ownkey ?([a-z]*)` \|", README, re.M)
    assert listed[0] == ""
    assert set(listed[1:]) == set(COMMANDS)


def pins() -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", LOCK, re.M)
    return {canonicalize_name(name): version for name, version in found}


def needed() -> list[Requirement]:
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(one) for group in lists for one in group]


@pytest.mark.parametrize("requirement", needed(), ids=lambda one: one.name)
def test_lock_holds_every_dependency_at_a_version_that_is_allowed(requirement):
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_every_line_of_the_lock_has_a_hash():
    for block in re.split(r"^(?=[\w.-]+(?:\[[\w,-]+\])?==)", LOCK, flags=re.M)[1:]:
        assert "--hash=sha256:" in block, block


def test_lock_names_no_host_and_builds_nothing():
    assert "://" not in LOCK
    assert not re.search(r"^(-i|-f|--(extra-)?index-url|--find-links|-e)\b", LOCK, re.M)
    assert "--only-binary :all:" in LOCK
