"""`pytest --shapecheck-packages=a,b`: run the tests with the named packages checked; `--shapecheck-cost`: say what it cost.

Loaded by pytest through its entry point, or by `-p shapecheck.runtime.pytest_plugin`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_addoption", "pytest_configure", "pytest_terminal_summary"]


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Declare the flags."""
    group = parser.getgroup("shapecheck")
    group.addoption("--shapecheck-packages", default="", help="packages to check, separated by commas")
    group.addoption("--shapecheck-cost", action="store_true", help="report what the checks of each function cost")


def pytest_configure(config: "pytest.Config") -> None:
    """Install the hook before the tests are imported."""
    names = [name.strip() for name in str(config.getoption("--shapecheck-packages")).split(",") if name.strip()]
    if names:
        from shapecheck.runtime.hook import install_import_hook

        config.add_cleanup(install_import_hook(names).uninstall)
    if config.getoption("--shapecheck-cost"):
        from shapecheck.runtime.cost import measure_cost

        measure_cost()


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter", config: "pytest.Config") -> None:
    """Print what checking cost, if asked."""
    if config.getoption("--shapecheck-cost"):
        from shapecheck.runtime.cost import cost_report

        terminalreporter.section("shapecheck: what checking cost")
        terminalreporter.write_line(str(cost_report()))
