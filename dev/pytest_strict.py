"""A pytest plugin: a test that did not run is a failure, and the longest test begins first.

Odoo skips browser tests in silence where something of the set-up is missing; here the set-up is ours, so that a skip
means a broken one.
"""

import hypothesis
import pytest

# Plays random histories in two processes for minutes. By its name it would come last, beside the browser tours, and the
# other share of the tests would wait for it.
FIRST = "test_stateful.py"


def pytest_configure():
    """Let no property test fail because the machine is busy: its laws count, not how fast examples come."""
    hypothesis.settings.register_profile(
        "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("suite")


def pytest_collection_modifyitems(items):
    """Put the tests of ``FIRST`` before all others, which keep their order."""
    items.sort(key=lambda item: item.path.name != FIRST)


def pytest_terminal_summary(terminalreporter):
    """Name every skipped test above the summary line."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("skipped, which counts as failed", red=True)
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"{report.nodeid}: {reason}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """Turn success into failure when anything was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    # a process that shares the tests with others reports nothing itself
    if reporter and exitstatus == pytest.ExitCode.OK and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
