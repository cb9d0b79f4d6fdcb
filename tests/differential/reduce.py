"""Makes programs on which the verdicts differ smaller, as long as they differ in the same way.

All programs are reduced together: each round tries every single step on each of them in one mypy build.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tests.differential.modules import Program
from tests.differential.verdicts import Outcome, judged

type Same = Callable[[Outcome, Outcome], bool]


def reduced(outcomes: Sequence[Outcome], same: Same, rounds: int = 12) -> list[Outcome]:
    """The smallest programs found for which `same` holds of their outcome and the original one."""
    best = list(outcomes)
    for turn in range(rounds):
        tried = [(at, each) for at, outcome in enumerate(best) for each in _steps(outcome.program, f"r{turn}_{at}")]
        improved = False
        for (at, _), found in zip(tried, judged([program for _, program in tried]), strict=True):
            if same(found, outcomes[at]) and len(found.program.source) < len(best[at].program.source):
                best[at], improved = found, True
        if not improved:
            break
    return best


def _steps(program: Program, prefix: str) -> list[Program]:
    return [
        replace(program, name=f"{prefix}_{at}", source=text, variants=())
        for at, text in enumerate(dict.fromkeys(simpler(program.source)))
    ]


def simpler(source: str) -> Iterator[str]:
    """The module without one of its statements, or without a parameter and its arguments."""
    tree = ast.parse(source)
    for path in list(_removable(tree)):
        yield _without_statement(tree, path)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name != "main":
            for argument in [*node.args.args, *node.args.kwonlyargs]:
                if argument.arg not in ("self", "cls"):
                    yield _without_parameter(tree, node.name, argument.arg)


type Path = tuple[int, int]
"""A statement: its place in the module, and in that statement's body or -1."""


def _removable(tree: ast.Module) -> Iterator[Path]:
    for at, node in enumerate(tree.body):
        if isinstance(node, (ast.Assign, ast.TypeAlias)) or (
            isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name != "main"
        ):
            yield at, -1
        if isinstance(node, ast.FunctionDef):
            yield from ((at, inside) for inside, statement in enumerate(node.body) if not isinstance(statement, ast.Return))


def _without_statement(tree: ast.Module, path: Path) -> str:
    changed = copy.deepcopy(tree)
    at, inside = path
    node = changed.body[at]
    if inside < 0:
        del changed.body[at]
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            _forget_calls(changed, node.name)
    else:
        assert isinstance(node, ast.FunctionDef)
        del node.body[inside]
        node.body = node.body or [ast.Expr(ast.Constant(...))]
    return f"{ast.unparse(changed)}\n"


def _forget_calls(tree: ast.Module, name: str) -> None:
    main = tree.body[-1]
    assert isinstance(main, ast.FunctionDef)
    main.body = [each for each in main.body if not any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(each))]
    main.body = main.body or [ast.Expr(ast.Constant(...))]


def _without_parameter(tree: ast.Module, function: str, name: str) -> str:
    changed = copy.deepcopy(tree)
    for node in ast.walk(changed):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            names = [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
            place = names.index(name) if name in names else -1
            required = len(node.args.args) - len(node.args.defaults)
            whole = [each.arg for each in node.args.args]
            if name in whole and whole.index(name) >= required:
                del node.args.defaults[whole.index(name) - required]
            node.args.args = [each for each in node.args.args if each.arg != name]
            if name in [each.arg for each in node.args.kwonlyargs]:
                at = [each.arg for each in node.args.kwonlyargs].index(name)
                del node.args.kwonlyargs[at], node.args.kw_defaults[at]
    for node in ast.walk(changed):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == function:
            node.keywords = [each for each in node.keywords if each.arg != name]
            if 0 <= place < len(node.args):
                del node.args[place]
    return f"{ast.unparse(changed)}\n"
