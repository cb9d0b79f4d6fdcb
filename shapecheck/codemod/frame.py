"""What is known while a function is run over values: its variables, what each stands for, and the facts found so far.

`walk` runs the statements, `stated` reads the comments and `callsites` answers the calls, all on one frame.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shapecheck.codemod.calls import Known
from shapecheck.codemod.evaluate import Evaluator, Local
from shapecheck.codemod.facts import DTypeFact, Facts, ShapeFact, joined, merge, named, unknown_run
from shapecheck.codemod.model import Function, Program, dotted_name
from shapecheck.codemod.report import Evidence
from shapecheck.codemod.requirements import KEEPS_DTYPE, LAYERS_THAT_KEEP_DTYPE
from shapecheck.core.dim import Dim, Kind, Symbol, dim
from shapecheck.core.dtype import ANY_DTYPE, DTypes
from shapecheck.core.shape import Shape
from shapecheck.core.value import UNKNOWN, Array, LayerValue, Library

UNPACKED, STATED, CALLED, CONSTRUCTOR = range(4)
"""Where a name comes from, the most telling first."""

type OnCall = Callable[[Frame, Evaluator, ast.Call, Sequence[Local], Mapping[str, Local]], Local]


@dataclass(slots=True)
class Frame:
    """One run over one function. `parameters` holds what is known of them so far, `on_call` answers calls."""

    function: Function
    program: Program
    known: Known
    library: Library
    parameters: Mapping[str, Local]
    on_call: OnCall
    facts: Facts = field(default_factory=Facts)
    untouched: set[str] = field(default_factory=set)
    origins: dict[str, str] = field(default_factory=dict)
    callees: set[str] = field(default_factory=set)  # scopes of the program's functions that are called
    conditions: int = 0  # how many branches deep: what holds there need not hold for every call
    evaluate: Evaluator = field(init=False)

    def __post_init__(self) -> None:
        self.untouched = set(self.parameters)
        self.origins = {name: name for name in self.parameters}
        variables: dict[str, Local] = dict(self.parameters)
        if self.function.owner is not None:
            owner = self.function.module.classes.get(self.function.owner)
            variables |= self.known.attributes.get(owner.scope, {}) if owner is not None else {}
        self.evaluate = Evaluator(self.function.module, self.program, self._answer, self.facts.sizes.canonical_value, variables)

    def _answer(self, evaluate: Evaluator, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]) -> Local:
        return self.on_call(self, evaluate, call, arguments, keywords)

    @property
    def scope(self) -> str:
        return self.function.scope

    @property
    def variables(self) -> dict[str, Local]:
        return self.evaluate.variables

    def set(self, name: str, value: Local) -> None:
        """Assigns a variable, which is then the parameter of that name no more."""
        self.variables[name] = value
        self.untouched.discard(name)
        self.origins.pop(name, None)

    def bind_target(self, target: ast.expr, value: Local) -> None:
        """Assigns a value to whatever stands left of `=`."""
        match target:
            case ast.Name(id=name):
                self.set(name, value)
            case ast.Attribute() if (path := dotted_name(target)) is not None:
                self.variables[path] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                items: Sequence[Local] = (
                    value if isinstance(value, tuple) and len(value) == len(targets) else [UNKNOWN] * len(targets)
                )
                for each, item in zip(targets, items, strict=True):
                    self.bind_target(each, item)
            case ast.Starred(value=inner):
                self.bind_target(inner, UNKNOWN)
            case _:
                pass

    def size_name(self, name: str, array: ast.expr) -> Dim:
        """A name given twice to axes of computed arrays is two sizes; parameters' axes of one name are one."""
        again = isinstance(self.variables.get(name), Dim) and self.parameter_of(array) is None
        return named(name, f"{self.scope}:{array.lineno}" if again else self.scope)

    def learn(self, array: ast.expr, shape: Shape, source: str, at: ast.AST, rank: int, proved: bool = True) -> Shape:
        """Takes note that an array has a shape; gives back all that is known of it."""
        self.facts.sizes.name(shape, rank)
        parameter, value = self.parameter_of(array), self.evaluate(array)
        if parameter is not None:
            self.add_shape(parameter, ShapeFact(shape, self.evidence(source, at), proved))
        if not isinstance(value, Array) or is_open(value.shape):
            whole = shape
        else:
            pairs = merge(value.shape, shape)
            for one, other in pairs or []:
                self.facts.sizes.unify(other, one)
            whole = self.facts.sizes.canonical_shape(joined(value.shape, shape)) if pairs is not None else shape
        if isinstance(value, Array) and (path := dotted_name(array)) is not None and path in self.variables:
            self.variables[path] = value.with_shape(whole)
        return whole

    def add_shape(self, parameter: str, fact: ShapeFact) -> None:
        """Takes note of a parameter's shape, unless it only holds in a branch."""
        if not self.conditions:
            self.facts.add_shape(parameter, fact)

    def add_dtypes(self, parameter: str, fact: DTypeFact) -> None:
        """Takes note of a parameter's dtypes, unless they only hold in a branch."""
        if not self.conditions:
            self.facts.add_dtypes(parameter, fact)

    def evidence(self, source: str, at: ast.AST) -> Evidence:
        """Where a fact comes from, with the code that says it."""
        text = ast.unparse(at)
        return Evidence(source, getattr(at, "lineno", self.function.node.lineno), text if len(text) < 80 else f"{text[:76]} ...")

    def parameter_of(self, expression: ast.expr) -> str | None:
        """The parameter that an expression is, or whose shape it keeps while nothing else is known of it."""
        if isinstance(expression, ast.Name) and expression.id in self.untouched:
            return expression.id
        value = self.evaluate(expression)
        return open_parameter(value) if isinstance(value, Array) else None

    def origin_of(self, expression: ast.expr) -> str | None:
        """The parameter whose dtype an expression has."""
        match expression:
            case ast.Name(id=name):
                return self.origins.get(name)
            case ast.Subscript(value=value):
                return self.origin_of(value)
            case ast.Attribute(value=value, attr=attribute) if attribute in KEEPS_DTYPE:
                return self.origin_of(value)
            case ast.Call(func=ast.Attribute(value=value, attr=attribute)) if attribute in KEEPS_DTYPE:
                return self.origin_of(value)
            case ast.Call(func=function, args=[value]):
                made = self.evaluate(function)
                return self.origin_of(value) if isinstance(made, LayerValue) and made.name in LAYERS_THAT_KEEP_DTYPE else None
            case _:
                return None

    def demand(self, parameter: str | None, dtypes: DTypes, source: str, call: ast.Call) -> None:
        """Takes note that a call fails unless the parameter has one of these dtypes."""
        if parameter is not None and isinstance(self.parameters.get(parameter), Array):
            self.add_dtypes(parameter, DTypeFact(dtypes, self.evidence(source, call)))


def open_array(parameter: str, scope: str, library: Library) -> Array:
    """A parameter of which nothing is known."""
    return Array(Shape(run=unknown_run(parameter, scope)), ANY_DTYPE, library)


def constructor_size(name: str, scope: str) -> Dim:
    """An integer of the program that may be a size."""
    return dim(Symbol(name, f"{scope}#", Kind.SIZE))


def open_parameter(value: Array) -> str | None:
    """The parameter whose unknown axes a value has."""
    shape = value.shape
    return shape.run.name if is_open(shape) and shape.run is not None else None


def is_open(shape: Shape) -> bool:
    """Whether nothing is known of the axes."""
    return (
        shape.run is not None
        and not shape.prefix
        and not shape.suffix
        and (shape.run.name is None or shape.run.scope.endswith("?"))
    )
