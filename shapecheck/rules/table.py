"""How a table of operation rules is written, and how one rule is applied to the arguments of a call.

A table row is a computation, the parameters in Python's own words and the names of the operations that share them:

    rule(transpose, "input|a|x, dim0, dim1", "torch.transpose", "Tensor.transpose")

Parameters: `a|b` are spellings of one parameter, `=value` a default, `*` starts the keyword-only ones, `*name` takes the
remaining positional arguments (or one tuple in their place), `**` ignores other keywords and `**name` keeps them. Names start with the
public module (`torch.`, `F.`, `nn.`, `jnp.`, `np.`, `jax.nn.`, `jax.lax.`, `jax.random.`, `einops.`) or the array class
(`Tensor.`, `Array.`, `ndarray.`); methods take the array as their first argument.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from shapecheck.core.dim import Dim, Facts, dim
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.shape import Mismatch
from shapecheck.core.signature import Signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, LayerValue, Library, Result, Scalar, Value
from shapecheck.rules.output import written
from shapecheck.rules.places import FURTHER
from shapecheck.rules.unsettled import widened

type Compute = Callable[[Arguments], Result]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation; `name` is the first of its spellings, which rules read."""

    name: str
    spellings: tuple[str, ...]
    default: Value = UNKNOWN
    required: bool = True
    keyword_only: bool = False
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of an operation, and whether unlisted keywords (`device`, `requires_grad`) are fine.

    Unlisted keywords are kept where they have a name together, `rest`.
    """

    listed: tuple[Parameter, ...]
    open: bool
    rest: str = ""
    by_spelling: Mapping[str, Parameter] = field(default_factory=dict, compare=False)

    def bind(self, args: Sequence[Value], kwargs: Mapping[str, Value]) -> dict[str, Value] | None:
        """The arguments by name, or None when they do not fit (then the rule has nothing to say)."""
        values: dict[str, Value] = {}
        rest = list(args)
        for parameter in self.listed:
            if parameter.variadic:
                values[parameter.name] = _gathered(rest)
                rest = []
            elif rest and not parameter.keyword_only:
                values[parameter.name] = rest.pop(0)
        if rest:
            return None
        return self._with_keywords(values, kwargs)

    def by_place(
        self, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]
    ) -> tuple[Sequence[Value], Mapping[str, Value]]:
        """The arguments of a call, those by name that stand behind the listed parameters (see `places`)."""
        further = FURTHER.get(name)
        if further is None:
            return args, kwargs
        behind = dict(zip(further, args[self.places :], strict=False))
        if len(args) - self.places > len(further) or not behind.keys().isdisjoint(kwargs):
            return args, kwargs
        return args[: self.places], {**kwargs, **behind}

    @property
    def places(self) -> int:
        """How many of the listed parameters may stand by place."""
        return sum(not parameter.keyword_only for parameter in self.listed)

    def knows(self, keyword: str) -> bool:
        """Whether a keyword is listed; others are ignored."""
        return keyword in self.by_spelling

    def _with_keywords(self, values: dict[str, Value], kwargs: Mapping[str, Value]) -> dict[str, Value] | None:
        for keyword, value in kwargs.items():
            parameter = self.by_spelling.get(keyword)
            if parameter is None:
                if not self.open:
                    return None
                if self.rest:
                    values[keyword] = value
            elif parameter.name in values and not (parameter.variadic and values[parameter.name] == ()):
                return None
            else:
                values[parameter.name] = value
        for parameter in self.listed:
            if parameter.name not in values:
                if parameter.required:
                    return None
                values[parameter.name] = parameter.default
        return values


def _gathered(rest: list[Value]) -> Value:
    """Splatted arguments as a tuple; a single tuple (or something unknown in its place) stands for itself."""
    if len(rest) == 1 and not isinstance(rest[0], Dim):
        return rest[0]
    return tuple(rest)


@lru_cache(maxsize=1024)
def parameters(text: str) -> Parameters:
    """Parses a parameter list in the notation of this module."""
    listed: list[Parameter] = []
    keyword_only = is_open = False
    rest = ""
    for part in filter(None, map(str.strip, text.split(", "))):
        if part == "*":
            keyword_only = True
        elif part.startswith("**"):
            is_open, rest = True, part.removeprefix("**")
        else:
            listed.append(_parameter(part, keyword_only))
    return Parameters(tuple(listed), is_open, rest, {spelling: each for each in listed for spelling in each.spellings})


@lru_cache(maxsize=4096)
def _parameter(text: str, keyword_only: bool) -> Parameter:
    head, equals, default = text.partition("=")
    variadic = head.startswith("*")
    spellings = tuple(head.removeprefix("*").split("|"))
    value = _literal(default) if equals else () if variadic else UNKNOWN
    return Parameter(spellings[0], spellings, value, not equals and not variadic, keyword_only, variadic)


def _literal(text: str) -> Value:
    return to_value(ast.literal_eval(text))


def to_value(literal: object) -> Value:
    """A Python literal as a rule's value."""
    match literal:
        case None | bool() | str():
            return literal
        case int():
            return dim(literal)
        case float():
            return Scalar("float", literal)
        case complex():
            return Scalar("complex")
        case tuple() | list():
            return tuple(map(to_value, literal))
        case _:
            return UNKNOWN


@dataclass(frozen=True, slots=True)
class Rule:
    """An operation's rule: its names, parameters and computation. `text` is what `shapecheck rules` prints.

    `shapes` are the signatures of a rule that is one line, and `operands` names the parameters it speaks of. `refusals` come first:
    what operations of some of the names refuse whatever the shapes are.
    """

    names: tuple[str, ...]
    parameters: Parameters
    compute: Compute
    text: str
    shapes: tuple[Signature, ...] = ()
    operands: tuple[str, ...] = ()
    refusals: Mapping[str, Compute] = field(default_factory=dict, compare=False)

    def apply(
        self, name: str, args: Sequence[Value], kwargs: Mapping[str, Value] | None = None, facts: Facts = frozenset()
    ) -> Result:
        """The result of calling the operation under one of its names; `UNKNOWN` when the arguments do not bind."""
        args, named = self.parameters.by_place(name, args, kwargs or {})
        given = dict(named)
        out = given.pop("out", None)
        values = self.parameters.bind(args, given)
        if values is None:
            return UNKNOWN
        library = library_of(name)
        arguments = Arguments(values, library, facts)
        refused = self.refusals[name](arguments) if name in self.refusals else UNKNOWN
        result = refused if isinstance(refused, Mismatch) else self.compute(arguments)
        result = widened(name, result, values.values(), library)
        if given.get("dtype") is not None and not self.parameters.knows("dtype"):
            result = _in_asked_dtype(result)
        if out is None or isinstance(result, Mismatch):
            return result
        return written(name, result, out, "casting" in given)


def _in_asked_dtype(result: Result) -> Result:
    """A result that is computed in a dtype the rule does not look at: what dtypes alone refuse is not refused."""
    if isinstance(result, Mismatch):
        return UNKNOWN if result.code == "shape-dtype" else result
    return _of_any_dtype(result)


def _of_any_dtype(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(map(_of_any_dtype, value))
    return value.with_dtype(ANY_DTYPE) if isinstance(value, Array) else value


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer (a module with sizes): its constructor's parameters and the rule of calling it.

    `compute` sees the call's arguments by name and, under `fields`' names, what the constructor was given.
    """

    name: str
    constructor: Parameters
    call: Parameters
    compute: Compute
    text: str
    check: Compute | None = None
    shapes: tuple[Signature, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The constructor arguments that matter, in order; kept keywords are one field, of pairs."""
        rest = self.constructor.rest
        return (*(parameter.name for parameter in self.constructor.listed), *([rest] if rest else []))

    def construct(self, args: Sequence[Value], kwargs: Mapping[str, Value], made_at: str = "") -> LayerValue | Mismatch | None:
        """The layer a constructor call makes; a mismatch when the library refuses; None when arguments do not bind."""
        values = self.constructor.bind(*self.constructor.by_place(self.name, args, kwargs))
        if values is None:
            return None
        if self.check is not None and isinstance(refused := self.check(Arguments(values, library_of(self.name))), Mismatch):
            return refused
        listed = {parameter.name: values.pop(parameter.name) for parameter in self.constructor.listed}
        kept = {self.constructor.rest: tuple(values.items())} if self.constructor.rest else {}
        return LayerValue(self.name, listed | kept, made_at)

    def apply(
        self, layer: LayerValue, args: Sequence[Value], kwargs: Mapping[str, Value] | None = None, facts: Facts = frozenset()
    ) -> Result:
        """The result of calling the layer."""
        values = self.call.bind(*self.call.by_place(f"{self.name}.__call__", args, kwargs or {}))
        fields = self._given(layer)
        if values is None or fields is None:
            return UNKNOWN
        library = library_of(self.name)
        result = self.compute(Arguments({**fields, **values}, library, facts))
        return widened(self.name, result, (*fields.values(), *values.values()), library)

    def _given(self, layer: LayerValue) -> dict[str, Value] | None:
        """What the constructor was given, each keyword under its own name; None when it is not known which there were."""
        fields = dict(layer.fields)
        if not self.constructor.rest:
            return fields
        match fields.pop(self.constructor.rest):
            case tuple(pairs):
                return fields | {pair[0]: pair[1] for pair in pairs if isinstance(pair, tuple) and isinstance(pair[0], str)}
            case _:
                return None


_LIBRARIES = {
    "torch": Library.TORCH, "Tensor": Library.TORCH, "F": Library.TORCH, "nn": Library.TORCH,
    "jnp": Library.JAX, "jax": Library.JAX, "Array": Library.JAX, "equinox": Library.JAX, "flax": Library.JAX,
    "np": Library.NUMPY, "ndarray": Library.NUMPY,
}  # fmt: skip


def library_of(name: str) -> Library:
    """The library of an operation's name; einops and user functions follow their arrays and default to torch."""
    return _LIBRARIES.get(name.partition(".")[0], Library.TORCH)


def rule(compute: Compute, params: str, *names: str) -> Rule:
    """One row of a table (see the module's docstring)."""
    return Rule(names, parameters(params), compute, f"{compute.__name__}({params})")


def layer(name: str, constructor: str, call: str, compute: Compute, check: Compute | None = None) -> Layer:
    """One row of a table of layers; `constructor` and `call` are parameter lists."""
    return Layer(name, parameters(constructor), parameters(call), compute, f"{compute.__name__}({constructor})", check)


@dataclass(slots=True)
class Registry:
    """Every rule and layer by full public name; a name defined twice is an error."""

    rules: dict[str, Rule] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)

    def add(self, rows: Iterable[Rule | Layer]) -> None:
        """Adds the rows of a table.

        Raises:
            ValueError: a name has a rule already.
        """
        for row in rows:
            match row:
                case Rule(names=names):
                    for name in names:
                        _insert(self.rules, name, row)
                case Layer(name=name):
                    _insert(self.layers, name, row)


def _insert[T](table: dict[str, T], name: str, row: T) -> None:
    if name in table:
        raise ValueError(f"{name} has two rules")
    table[name] = row
