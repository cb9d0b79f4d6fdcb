"""`pytest --shapecheck-packages=a,b`: run the tests with the named packages checked.

Loaded by pytest through its entry point, or by `-p shapecheck.runtime.pytest_plugin`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_addoption", "pytest_configure"]


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Declare the flag."""
    group = parser.getgroup("shapecheck")
    group.addoption("--shapecheck-packages", default="", help="packages to check, separated by commas")


def pytest_configure(config: "pytest.Config") -> None:
    """Install the hook before the tests are imported."""
    names = [name.strip() for name in str(config.getoption("--shapecheck-packages")).split(",") if name.strip()]
    if names:
        from shapecheck.runtime.hook import install_import_hook

        config.add_cleanup(install_import_hook(names).uninstall)
