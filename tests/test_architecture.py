"""The arrows between our packages, and what loading the plugin costs a mypy run."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEAVES = ("shapecheck.internals",)  # plain data that any package may read
THIRD_PARTY = ("mypy", "jaxtyping", "beartype", "libcst", "click", "torch", "jax", "numpy")

# What each package may import of ours, besides itself, and of others.
OURS = {
    "shapecheck/core": (),
    "shapecheck/rules": ("shapecheck.core",),
    "shapecheck/runtime": ("shapecheck.core", "shapecheck.rules"),
    "shapecheck/codemod": ("shapecheck.core", "shapecheck.rules"),
    "mypy_plugin": ("shapecheck.core", "shapecheck.rules"),
}
OTHERS = {
    "shapecheck/core": (),
    "shapecheck/rules": (),
    "shapecheck/runtime": ("jaxtyping", "beartype", "torch", "jax", "numpy", "pytest"),
    "shapecheck/codemod": ("libcst",),
    "mypy_plugin": ("mypy",),
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever it does so; the names of `from package import name` as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str() as module, names=names):
                yield from (f"{module}.{alias.name}" for alias in names)


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("package", OURS)
def test_packages_import_only_what_they_may(package: str) -> None:
    own = package.replace("/", ".")
    allowed = (own, *OURS[package], *OTHERS[package], *LEAVES, *sys.stdlib_module_names)
    wrong = [
        f"{path.relative_to(ROOT)}: {name}" for path in modules(package) for name in imported(path) if not within(name, allowed)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", ["shapecheck/core", "shapecheck/rules", "mypy_plugin", "shapecheck/codemod"])
def test_annotations_are_parsed_never_executed(package: str) -> None:
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.func.id}"
        for path in modules(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec", "compile")
    ]
    assert not calls, "\n".join(calls)


def loaded(statement: str) -> set[str]:
    """The top-level modules that a statement loads in a new interpreter."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("statement", "may_load"),
    [
        ("import shapecheck", ()),
        ("import shapecheck.core.diagnostics, shapecheck.core.shape, shapecheck.core.grammar", ()),
        ("import shapecheck.rules; shapecheck.rules.registry()", ()),
        ("import shapecheck.cli", ("click",)),
        (
            "import shapecheck.mypy; shapecheck.mypy.plugin('2.4.1'); import shapecheck.rules; shapecheck.rules.registry()",
            ("mypy",),
        ),
    ],
    ids=["shapecheck", "core", "rules", "cli", "plugin"],
)
def test_importing_is_cheap(statement: str, may_load: tuple[str, ...]) -> None:
    assert loaded(statement).intersection(THIRD_PARTY) <= set(may_load)
