"""How much is known in a project that is not ours: `python -m benchmarks.known_shapes FOLDER PACKAGE`.

Counts the expressions whose type is an array by what is known of the shape, and says which operations most often leave a
shape unknown though one of their arguments had one. `benchmarks.foreign` looks for false alarms in such projects.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import time_ns

from mypy.build import BuildResult, build
from mypy.config_parser import parse_config_file
from mypy.find_sources import create_source_list
from mypy.nodes import CallExpr, Expression, IndexExpr, MemberExpr, NameExpr, OpExpr, RefExpr, UnaryExpr
from mypy.options import Options
from mypy.types import Type

from benchmarks.foreign import CACHE, CONFIG
from mypy_plugin.encode import array_of

RANKS = ("every size known", "number of axes known", "ends known", "nothing known")


def main(arguments: Sequence[str] | None = None) -> int:
    """Checks the project and prints the counts."""
    parser = argparse.ArgumentParser(prog="benchmarks.known_shapes", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", help="the package to look at")
    parser.add_argument("--top", type=int, default=30)
    options = parser.parse_args(arguments)
    os.chdir(options.folder)
    types = dict(typed(options.target))
    arrays = {expression: kind for expression, typ in types.items() if (kind := known(typ)) is not None}
    counts = Counter(arrays.values())
    print(*(f"{counts[kind]:7} {kind}" for kind in RANKS), sep="\n")
    print(f"\n{'times':>7} operation that has an array of known rank and gives one of unknown rank")
    for cause, times in Counter(causes(arrays)).most_common(options.top):
        print(f"{times:7} {cause}")
    return 0


def typed(target: str) -> Iterator[tuple[Expression, Type]]:
    """The expressions of the target's modules with their types; mypy keeps types of what it checks anew alone."""
    options = Options()
    config = CACHE / "shapes.ini"
    CACHE.mkdir(parents=True, exist_ok=True)
    anew = f"[mypy-{target.replace('/', '.')}.*]\nalways_true = RUN_{time_ns()}\n"
    config.write_text(CONFIG.replace("[mypy]", "[mypy]\nplugins = shapecheck.mypy", 1) + anew)
    parse_config_file(options, lambda: None, str(config), sys.stdout, sys.stderr)
    options.cache_dir, options.export_types = str(CACHE / "plugin"), True
    result: BuildResult = build(create_source_list([target], options), options)
    yield from result.types.items()


def known(typ: Type) -> str | None:
    """What is known of an array's shape; None when the type is no array's."""
    array = array_of(typ)
    if array is None:
        return None
    shape = array.shape
    if shape.run is not None:
        return RANKS[2] if shape.run.name is not None or shape.min_rank else RANKS[3]
    return RANKS[0] if shape.is_known else RANKS[1]


def causes(arrays: Mapping[Expression, str]) -> Iterator[str]:
    """The operations that lose a shape: an operand has one, the result none."""
    for expression, kind in arrays.items():
        if kind == RANKS[3] and any(arrays.get(operand, RANKS[3]) != RANKS[3] for operand in operands(expression)):
            yield described(expression)


def operands(expression: Expression) -> Iterator[Expression]:
    """What an operation takes."""
    match expression:
        case CallExpr(callee=MemberExpr(expr=receiver), args=args):
            yield from (receiver, *args)
        case CallExpr(args=args):
            yield from args
        case IndexExpr(base=base):
            yield base
        case OpExpr(left=left, right=right):
            yield from (left, right)
        case MemberExpr(expr=inner) | UnaryExpr(expr=inner):
            yield inner
        case _:
            return


def described(expression: Expression) -> str:
    """How the list calls an operation."""
    match expression:
        case CallExpr(callee=RefExpr(fullname=fullname)) if fullname:
            return fullname
        case CallExpr(callee=MemberExpr(name=name)):
            return f".{name}()"
        case CallExpr(callee=NameExpr(name=name)):
            return f"{name}()"
        case CallExpr():
            return "(...)()"
        case IndexExpr():
            return "[]"
        case OpExpr(op=op) | UnaryExpr(op=op):
            return op
        case MemberExpr(name=name):
            return f".{name}"
        case _:
            return type(expression).__name__


if __name__ == "__main__":
    sys.exit(main())
