"""What holds for every test: nobody's keys, keyring or home, and file modes that are proven.

In CI (`CI=true`) a test that skips has failed: what it needs is to be there.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

PERSONAL = re.compile(
    r"^(OWNKEY|ANTHROPIC|OPENAI|GOOGLE|GEMINI|AZURE|AWS|VERTEX|CLOUD_ML|OPENROUTER|LITELLM)_(?!TEST_)"
    r"|_(API_KEY|TOKEN|SECRET|ACCESS_KEY|PASSWORD|PASSPHRASE)$"
    r"|^(DBUS_SESSION_BUS_ADDRESS|NO_COLOR|FORCE_COLOR)$"
)
"""Variables of whoever runs the tests that would reach a real account or change what is drawn."""

SYSTEM_MARKS = {"linux": "linux", "macos": "darwin"}


def pytest_configure() -> None:
    """Forget the runner's own variables before any test module is imported."""
    for name in [name for name in os.environ if PERSONAL.search(name)]:
        del os.environ[name]


@pytest.fixture(scope="session", autouse=True)
def open_umask() -> Generator[None]:
    """A umask that takes no bit away, so that every private mode is one that we set."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(scope="session", autouse=True)
def nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A test that names no home of its own writes here, never into the runner's."""
    os.environ["OWNKEY_HOME"] = str(tmp_path_factory.mktemp("nobodys-home"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `OWNKEY_HOME` for this test and the children it starts."""
    folder = tmp_path / "home"
    monkeypatch.setenv("OWNKEY_HOME", str(folder))
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is marked for another operating system."""
    foreign = {mark for mark, platform in SYSTEM_MARKS.items() if platform != sys.platform}
    left_out = [item for item in items if foreign & {mark.name for mark in item.iter_markers()}]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


TRIES = 3


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """A test of a time (`timed`) has failed when it has failed each time.

    The machine may have had something else to do; a fault that is ours is there every time.
    """
    if item.get_closest_marker("timed") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports: list[pytest.TestReport] = []
    for _ in range(TRIES):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if not any(report.failed for report in reports):
            break
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skip is a failure that says what was missing."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _fail_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole module that skips itself is a failure too."""
    report = yield
    _fail_skip(report)
    return report


def _fail_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} may not skip in CI: {reason}"
