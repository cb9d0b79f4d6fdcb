"""jaxtyping's own tests, with its decorator and with ours in its place: `python -m benchmarks.jaxtyping_suite`.

The tests are fetched from jaxtyping's repository, at the tag of the installed version, since its source distributions
contain none. They run in an environment of their own, which has what they need. Prints how many pass either way, and every
test whose outcome differs with the reason. Exits with 1 when a test differs for no reason that is known.

The module is also the pytest plugin that puts our decorator in the place of theirs.
"""

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

REPOSITORY: Final = "https://github.com/patrick-kidger/jaxtyping"
NEEDED: Final = ("typeguard==2.13.3", "cloudpickle", "pytest-asyncio", "mlx[cpu]")  # as its pyproject.toml says
AGREED: Final = {
    "test_messages": "it compares the text of a message with jaxtyping's",
    "test_import_hook_broken_checker": "the type checker that the decorator is given is not used, so one that does not exist is no error",
}
_ROOT: Final = Path(__file__).parents[1]
_UNSET: Final = object()


def pytest_configure() -> None:
    """Put our decorator in the place of theirs, with the warning that old-style uses expect of it."""
    import jaxtyping

    from shapecheck import jaxtyped

    def decorator(target: Any = _UNSET, *, typechecker: Any = _UNSET) -> Any:
        if typechecker is _UNSET and target != "context":
            warnings.warn("As of jaxtyping version 0.2.24, a type checker should be given", stacklevel=2)
        options = {} if typechecker is _UNSET else {"typechecker": typechecker}
        return jaxtyped(**options) if target is _UNSET else jaxtyped(target, **options)

    vars(jaxtyping)["jaxtyped"] = decorator


def fetch(source: str, folder: Path) -> Path:
    """A checkout of the tests of the installed version."""
    tag = f"v{importlib.metadata.version('jaxtyping')}"
    command = ["git", "-c", "advice.detachedHead=false", "clone", "--quiet", "--depth", "1", "--branch", tag, source, folder]
    subprocess.run(command, check=True)
    return folder


def outcomes(checkout: Path, *options: str) -> dict[str, str]:
    """What becomes of every test: `passed`, `skipped`, or why it fails."""
    report = checkout / "report.xml"
    uv = [os.environ.get("UV", "uv"), "run", "--project", str(_ROOT), *(word for name in NEEDED for word in ("--with", name))]
    pytest = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", f"--junitxml={report}", *options, "test"]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    run = subprocess.run([*uv, *pytest], cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    if run.returncode > 1:
        sys.exit(run.stdout + run.stderr)
    return {_name(case): _outcome(case) for case in ET.parse(report).iter("testcase")}


def _name(case: ET.Element) -> str:
    return f"{case.get('classname', '').removeprefix('test.')}.{case.get('name')}"


def _outcome(case: ET.Element) -> str:
    for kind in ("failure", "error"):
        if (found := case.find(kind)) is not None:
            return (found.get("message") or kind).splitlines()[0]
    return "passed" if case.find("skipped") is None else "skipped"


def report(theirs: Mapping[str, str], ours: Mapping[str, str]) -> int:
    """Prints both results; how many tests differ for no known reason."""
    for title, results in (("jaxtyping's decorator", theirs), ("ours in its place", ours)):
        counts = Counter(each if each in ("passed", "skipped") else "failed" for each in results.values())
        print(f"{title:24}{counts['passed']:5} passed{counts['failed']:5} failed{counts['skipped']:5} skipped")
    print("fails either way: " + ", ".join(name for name, each in theirs.items() if _fails(each) and _fails(ours.get(name, ""))))
    unexplained = 0
    for name in sorted(theirs.keys() | ours.keys()):
        before, after = theirs.get(name, "missing"), ours.get(name, "missing")
        if before != after and not (_fails(before) and _fails(after)):
            reason = next((text for part, text in AGREED.items() if part in name), None)
            unexplained += reason is None
            print(f"differs: {name}: {reason or f'NO KNOWN REASON: {before} -> {after}'}")
    return unexplained


def _fails(outcome: str) -> bool:
    return outcome not in ("passed", "skipped")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the tests twice; the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.jaxtyping_suite", description=__doc__)
    parser.add_argument("--source", default=REPOSITORY, help="another place to clone jaxtyping's repository from")
    source = parser.parse_args(arguments).source
    print(f"jaxtyping {importlib.metadata.version('jaxtyping')}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as folder:
        checkout = fetch(source, Path(folder) / "jaxtyping")
        return int(report(outcomes(checkout), outcomes(checkout, "-p", "benchmarks.jaxtyping_suite")) > 0)


if __name__ == "__main__":
    sys.exit(main())
