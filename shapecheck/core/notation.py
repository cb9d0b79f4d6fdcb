"""How a one-line rule is written: `"*s n@dim -> *s"` read into operands and results.

Operands are separated by commas, their axes by spaces, as in an annotation and as in numpy's gufunc signatures:

    name     one axis; the same name is the same size wherever it stands
    3        an axis of exactly that size
    2*n      an axis whose size is a multiple
    _        an axis of any size
    ()       no axes
    name?    an axis that an operand may lack (all of them, or as many as it is short of); results then lack it too
    *name    any number of axes; operands that share the name broadcast with each other
    *#name   axes that broadcast to `*name`, which stays as it is; `#m? #n?` the same of axes with names, as in jaxtyping
    n@dim    one axis, at the place that the call's argument `dim` names, wherever it is written; the rest of the operand are its
             other axes. `dim=None`: of the flattened array
    *n@dim   the axes that `dim` names, one or several; `dim=None`: all of them

Results say what is left, in the same words, and

    2*d+1    arithmetic over the names, `min(m,n)`, `max(m,n)`, `abs(n)` and `prod(s)` too, which is all of `*s` as one axis
    *~s      the axes of `*s` in reverse order
    k@dim    an axis at that place: in place of the operand's, or a new one when no operand has `@dim`. Where a result lacks
             the axes that its operands have at `dim` they are gone, or have size 1 when the call says `keepdim=True`
    n|m      `n`, or `m` when the call has no `n`

A name that is also a parameter of the operation stands for the argument: `"*s -> *s num_classes"`, `"-> *size"` (an int or
several). A signature that begins with the arrow has no operands. Several signatures in one line are `overloads`'. Called by
`signature`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from shapecheck.core.dim import Dim, dim


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of an operand: a name, a size, a product (`factors`) or (name empty) anything.

    `at` is the argument that names its place, `broadcasts` marks what must broadcast to the others of its name.
    """

    name: str
    size: Dim | None = None
    optional: bool = False
    is_run: bool = False
    at: str = ""
    broadcasts: bool = False
    factors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operand:
    """The axes of one operand, split at its run; `lifted` are those whose places arguments name, which in results only change
    places when it `swaps`. One that `broadcasts` must broadcast to what the others say."""

    text: str
    left: tuple[Axis, ...]
    run: str | None
    right: tuple[Axis, ...]
    lifted: tuple[Axis, ...] = ()
    broadcasts: bool = False
    swaps: bool = False

    @property
    def axes(self) -> tuple[Axis, ...]:
        return self.left + self.right

    @property
    def is_ranked(self) -> bool:
        """Whether not every number of axes will do."""
        return self.run is None or bool(self.axes)

    @property
    def required(self) -> int:
        """The number of axes it has at least."""
        return sum(not axis.optional for axis in self.axes)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Term:
    """One item of a result: an axis by name, a run (or the next that is bound), or arithmetic; `at` is where, `turned` backwards."""

    text: str
    runs: tuple[str, ...] = ()
    optional: bool = False
    at: str = ""
    turned: bool = False
    tree: ast.expr | None = field(default=None, compare=False)

    @property
    def run(self) -> str | None:
        """The run's name, for what is no run None."""
        return self.runs[0] if self.runs else None

    @property
    def plain_run(self) -> str:
        """The name of the run that it is and nothing else, empty when it is more."""
        return self.runs[0] if self.runs and not self.turned and not self.at else ""

    @property
    def is_run(self) -> bool:
        """Whether it stands for any number of axes."""
        return self.text.startswith("*")


type Terms = tuple[Term, ...]


def parse(text: str) -> tuple[tuple[Operand, ...], tuple[Terms, ...]]:
    """The operands and results of a signature.

    Raises:
        ValueError: the text is not in the notation of this module.
    """
    inputs, arrow, outputs = text.partition("->")
    if not arrow:
        raise ValueError(f"{text!r} has no '->'")
    operands = tuple(map(_operand, _split(inputs))) if not text.startswith("->") else ()
    results = tuple(map(_terms, _split(outputs)))
    return tuple(replace(each, swaps=_swaps(each, results)) for each in operands), results


def _swaps(operand: Operand, results: tuple[Terms, ...]) -> bool:
    """Whether every result has an axis at each place."""
    wanted = {axis.at for axis in operand.lifted}
    return len(wanted) > 1 and all(wanted <= {term.at for term in terms} for terms in results)


def _split(text: str) -> list[str]:
    """The parts between commas, but for those in parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _operand(text: str) -> Operand:
    tokens = list(map(_axis, _tokens(text)))
    lifted, axes = tuple(axis for axis in tokens if axis.at), [axis for axis in tokens if not axis.at]
    runs = [index for index, axis in enumerate(axes) if axis.is_run]
    broadcasts = any(axis.broadcasts for axis in axes)
    if len(runs) > 1:
        raise ValueError(f"{text!r} has two runs")
    if broadcasts and not all(axis.broadcasts for axis in tokens):
        raise ValueError(f"{text!r} has axes with '#' and without")
    if not runs:
        return Operand(text.strip(), (), None, tuple(axes), lifted, broadcasts)
    at = runs[0]
    return Operand(text.strip(), tuple(axes[:at]), axes[at].name, tuple(axes[at + 1 :]), lifted, broadcasts)


def _axis(token: str) -> Axis:
    body, _, at = token.partition("@")
    if body.isdigit():
        return Axis("", dim(int(body)), at=at)
    is_run, broadcasts = body.startswith("*"), body.removeprefix("*").startswith("#")
    name = body.removeprefix("*").removeprefix("#").removesuffix("?")
    if not is_run and "*" in name:
        return Axis("", at=at, factors=_factors(name))
    if not name.isidentifier():
        raise ValueError(f"{token!r} is no axis of a signature")
    return Axis("" if name == "_" else name, None, body.endswith("?"), is_run, at, broadcasts)


def _factors(text: str) -> tuple[str, ...]:
    factors = tuple(text.split("*"))
    if not all(each.isidentifier() or each.isdigit() for each in factors):
        raise ValueError(f"{text!r} is no product of names")
    return factors


def _terms(text: str) -> Terms:
    return tuple(map(_term, _tokens(text)))


def _tokens(text: str) -> list[str]:
    return [] if text.strip() == "()" else text.split()


def _term(token: str) -> Term:
    body, _, at = token.partition("@")
    if body.startswith("*") and not body[1:].isdigit():
        runs = tuple(each.removeprefix("*").removeprefix("~") for each in body.split("|"))
        return Term(token, runs, at=at, turned=body.startswith("*~"))
    if body == "_":
        return Term(token, at=at)
    tree = ast.parse(body.removeprefix("*").removesuffix("?"), mode="eval").body
    return Term(token, optional=body.endswith("?"), at=at, tree=tree)


def names_in(operands: tuple[Operand, ...], results: tuple[Terms, ...]) -> frozenset[str]:
    """Every name that a size or a run goes by."""
    found = {axis.name for operand in operands for axis in (*operand.axes, *operand.lifted)} | {o.run or "" for o in operands}
    found |= {factor for operand in operands for axis in (*operand.axes, *operand.lifted) for factor in axis.factors}
    for terms in results:
        for term in terms:
            found.update(term.runs)
            found.update(node.id for node in ast.walk(term.tree or ast.Constant(0)) if isinstance(node, ast.Name))
    return frozenset(name for name in found if name.isidentifier() and name not in FUNCTIONS)


FUNCTIONS = frozenset({"min", "max", "abs", "prod"})
"""What arithmetic may call."""
