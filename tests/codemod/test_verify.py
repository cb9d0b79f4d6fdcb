"""Verification: errors that annotations bring are traced to slots, which are backed out; old errors do not count."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from shapecheck.codemod import Confidence, Options, Report
from shapecheck.codemod.verify import CheckerFailed, Diagnostic, parse_line
from tests.codemod.blocks import run

CODE = """import torch


def inner(x):
    n, d = x.shape
    return x.T


def outer(y):
    # y: (a, b)
    return inner(y)
"""


def checker(
    rule: Callable[[str, int], bool], text: str = "boom", code: str = "shape-mismatch"
) -> Callable[[Mapping[Path, str]], list[Diagnostic]]:
    """A type checker that reports the lines a rule picks."""

    def check(sources: Mapping[Path, str]) -> list[Diagnostic]:
        return [
            Diagnostic(path, number, text, code)
            for path, source in sources.items()
            for number, line in enumerate(source.splitlines(), start=1)
            if rule(line, number)
        ]

    return check


def slots(found: Report) -> list[str]:
    return [str(each.slot) for file in found.files for each in file.annotated]


def reasons(found: Report) -> dict[str, str]:
    return {str(each.slot): each.reason for file in found.files for each in file.skipped}


def test_errors_of_the_plain_file_do_not_count() -> None:
    found = run(("module.py", CODE), inference=checker(lambda line, _: "return" in line))
    assert slots(found) == ["inner(x)", "inner -> return", "outer(y)", "outer -> return"]


def test_an_error_at_a_return_costs_the_return() -> None:
    def refuse(sources: Mapping[Path, str]) -> Sequence[Diagnostic]:
        return [
            Diagnostic(path, source[: source.index("return x.T")].count("\n") + 1, "boom", "shape-mismatch")
            for path, source in sources.items()
            if '-> Shaped[torch.Tensor, "d n"]' in source
        ]

    found = run(("module.py", CODE), inference=refuse)
    assert slots(found) == ["inner(x)", "outer(y)", "outer -> return"]
    assert reasons(found) == {"inner -> return": "backed out: boom [shape-mismatch]"}
    assert "def inner(x: Shaped" in found.files[0].after


def test_errors_that_cannot_be_traced_cost_the_file_only_when_nothing_else_helps() -> None:
    found = run(("module.py", CODE), inference=checker(lambda line, _: line.startswith("from jaxtyping")))
    assert slots(found) == []
    assert not found.changed
    assert found.files[0].after == CODE


def test_without_a_checker_nothing_is_written() -> None:
    def broken(sources: Mapping[Path, str]) -> Sequence[Diagnostic]:
        raise CheckerFailed("no mypy")

    found = run(("module.py", CODE), inference=broken)
    assert not found.changed
    assert set(reasons(found).values()) == {"not verified: no mypy"}


def test_files_that_cannot_be_checked_together_are_checked_alone() -> None:
    def lonely(sources: Mapping[Path, str]) -> Sequence[Diagnostic]:
        if len(sources) > 1 or "bad.py" in {path.name for path in sources}:
            raise CheckerFailed("Duplicate module named")
        return []

    found = run(("module.py", CODE), ("bad.py", CODE), inference=lonely)
    assert [(each.path.name, each.changed) for each in found.files] == [("bad.py", False), ("module.py", True)]


def test_without_verification_the_report_says_so() -> None:
    found = run(("module.py", CODE), options=Options(verify=False))
    assert found.changed
    assert found.notes == ("not verified: the annotations were not checked with mypy",)


def test_least_confidence() -> None:
    found = run(("module.py", CODE), options=Options(verify=False, confidence=Confidence.PROVED))
    assert "outer(y)" in slots(found)
    assert (
        slots(
            run(
                ("m.py", "import torch\ndef f(x):\n    # x: (a, b)\n    pass\n"),
                options=Options(verify=False, confidence=Confidence.PROVED),
            )
        )
        == []
    )


def test_reading_mypys_lines() -> None:
    assert parse_line('a/b.py:3:5: error: axis 1 is "k"  [shape-mismatch]') == Diagnostic(
        Path("a/b.py"), 3, 'axis 1 is "k"', "shape-mismatch"
    )
    assert parse_line("b.py:3: error: bad") == Diagnostic(Path("b.py"), 3, "bad")
    assert parse_line('b.py:3: note: Revealed type is "builtins.int"') == Diagnostic(Path("b.py"), 3, "builtins.int", "reveal")
    assert parse_line("b.py:3: note: see the docs") is None
    assert parse_line("Found 1 error in 1 file (checked 1 source file)") is None


def revealing(types: Mapping[str, str]) -> Callable[[Mapping[Path, str]], list[Diagnostic]]:
    """A type checker that reveals a type for each expression."""

    def check(sources: Mapping[Path, str]) -> list[Diagnostic]:
        return [
            Diagnostic(path, number, revealed, "reveal")
            for path, source in sources.items()
            for number, line in enumerate(source.splitlines(), start=1)
            for expression, revealed in types.items()
            if f"reveal_type(({expression}))" in line
        ]

    return check


REVEALED = """import torch


def f(x):
    n, d = x.shape
    return mystery(x)


def g(x):
    n, d = x.shape
    if n == 1:
        return None
    return other(x)
"""


def revealed_return(text: str, code: str = REVEALED) -> str:
    found = run(("module.py", code), inference=revealing({"mystery(x)": text, "other(x)": text, "x, n": text}))
    line = next(line for line in found.files[0].after.splitlines() if line.startswith("def f"))
    return line.partition(" -> ")[2].rstrip(":")


def test_what_the_plugin_infers_becomes_a_return() -> None:
    assert revealed_return('Float32[Tensor, "d n"]') == 'Float[torch.Tensor, "d n"]'
    assert revealed_return('Int64[Tensor, "n"]') == 'Int[torch.Tensor, " n"]'
    assert (
        revealed_return('tuple[Float[Tensor, "n 2*d 4"], Bool[Tensor, ""]]')
        == 'tuple[Float[torch.Tensor, "n 2*d 4"], Bool[torch.Tensor, ""]]'
    )


def test_a_tuple_without_parentheses_is_one_value() -> None:
    pair = 'tuple[Float[Tensor, "n d"], Int[Tensor, "n"]]'
    assert revealed_return(pair, REVEALED.replace("return mystery(x)", "return x, n")) == (
        'tuple[Float[torch.Tensor, "n d"], Int[torch.Tensor, " n"]]'
    )


def test_names_that_no_parameter_binds_are_not_written() -> None:
    assert revealed_return('Float[Tensor, "n dim+1 hidden"]') == 'Float[torch.Tensor, "n _ _"]'
    assert revealed_return('Float[Tensor, "_ ..."]') == ""
    assert revealed_return("Any") == ""
    assert revealed_return("builtins.int") == ""


def test_a_function_that_may_return_nothing_is_not_asked() -> None:
    after = run(("module.py", REVEALED), inference=revealing({"other(x)": 'Float[Tensor, "n"]'})).files[0].after
    assert 'def g(x: Shaped[torch.Tensor, "n d"]):' in after
