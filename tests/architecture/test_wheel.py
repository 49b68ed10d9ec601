from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

from tests.source_tree import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT, capture_output=True, timeout=50, check=True,
    )  # fmt: skip
    (built,) = folder.glob("ownkey-*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_wheel_holds_every_style_sheet_inside_the_package(wheel):
    sheets = {f"tui/styles/{sheet.name}" for sheet in (ROOT / "styles").iterdir()}
    assert sheets
    assert sheets <= set(wheel.namelist())


def test_wheel_holds_every_file_of_the_package(wheel):
    files = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "tui").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert any(name.startswith("tui/catalog/data/") for name in files)
    assert any(name.startswith("tui/store/migrations/") for name in files)
    assert files - set(wheel.namelist()) == set()


def test_wheel_holds_nothing_but_the_package_and_its_papers(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tui"}
    papers = {name.split("/")[-1] for name in wheel.namelist() if ".dist-info/" in name}
    assert {"METADATA", "LICENSE", "entry_points.txt"} <= papers


def test_console_of_an_unpacked_wheel_finds_its_style_sheets(wheel, tmp_path):
    wheel.extractall(tmp_path)
    code = "from tui.console import theme; print(theme.sheet('base'))"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, capture_output=True, text=True, timeout=50, check=True,
    ).stdout.strip()  # fmt: skip
    assert said == str(tmp_path / "tui" / "styles" / "base.tcss")
