"""Checks operation rules against the real libraries with generated calls.

A *case* is a call in neutral words: `A((2, 3), "float32")` is an array, `D("int64")` a dtype, everything else a plain
Python value. It is made twice, as real arrays for the library and as values for the rule, and the two answers must agree:

- where the library returns, the rule may not refuse, and what it states exactly (sizes, dtypes) must be true;
- where the rule refuses, the library must raise;
- where the library raises and the rule is silent, the case counts as *not judged* and its share is reported;
- the same call with sizes replaced by symbols, by unknown sizes or hidden in a run may say less, never anything false.

`@generates("torch.exp")` registers the generator of cases for the table row that has that name (all names of the row are
tried); a rule that is one line needs none, its signature says what to generate. The environment variable `SHAPECHECK_RULE_CASES` sets the number of cases per name (6).
"""

from __future__ import annotations

import random
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial, reduce
from importlib import import_module
from inspect import signature
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import torch

from shapecheck.core.dim import UNKNOWN_DIM, Dim, Kind, Symbol, Verdict, compare, dim, substitute
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, DTypes, accepts, dtype
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Mismatch, Shape, from_items, same
from shapecheck.core.signature import Operand
from shapecheck.core.value import UNKNOWN, Array, LayerValue, Library, Many, Scalar, Slice
from shapecheck.rules import layer, lookup
from shapecheck.rules.table import library_of

SIZES = (1, 2, 3, 5, 7)
"""The sizes that cases use; now and then one is 0."""

DTYPES = {
    Library.TORCH: ("bool", "uint8", "int32", "int64", "bfloat16", "float16", "float32", "float64", "complex64"),
    Library.JAX: ("bool", "uint8", "int8", "int32", "uint32", "bfloat16", "float16", "float32", "complex64"),
    Library.NUMPY: ("bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64", "complex64"),
}
FLOATS = ("float16", "float32")


@dataclass(frozen=True)
class A:
    """An array of a case. `high` bounds the values of an integer array (`low <= value < low + high`); `regular` makes
    identities, `library` an array of another library than the operation's."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    high: int = 2
    weak: bool = False
    regular: bool = False
    library: Library | None = None
    low: int = 0

    def __repr__(self) -> str:
        """The array as a case would write it."""
        said = {each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name) != each.default}
        return f"A({said.pop('shape')}{''.join(f', {key}={value!r}' for key, value in said.items())})"


@dataclass(frozen=True)
class N:
    """An int of a case that is a size, so it becomes a symbol where the arrays' sizes do."""

    size: int


@dataclass(frozen=True)
class D:
    """A dtype argument of a case."""

    name: str


@dataclass(frozen=True)
class Case:
    """One call. `construct` has a layer's constructor arguments; `sizes` are ints that stand for sizes, not for axes.

    `rigid` says that the call works for every size in place of each (only equal sizes matter, not their values), so that
    sizes may be replaced by the names of a signature.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    construct: tuple[tuple[Any, ...], Mapping[str, Any]] | None = None
    rigid: bool = True


type Generator = Callable[[random.Random, str], Case]

GENERATORS: dict[str, Generator] = {}
"""The generator of cases of every rule by name."""


def call(*args: Any, rigid: bool = True, **kwargs: Any) -> Case:
    """A case of an operation."""
    return Case(args, kwargs, rigid=rigid)


def built(construct: tuple[Any, ...], construct_kwargs: Mapping[str, Any], *args: Any, rigid: bool = True, **kwargs: Any) -> Case:
    """A case of a layer: constructor arguments first, then those of the call."""
    return Case(args, kwargs, (construct, construct_kwargs), rigid)


def generates(*names: str) -> Callable[[Generator], Generator]:
    """Registers a generator for the rows (or layers) that have these names."""

    def register(generator: Generator) -> Generator:
        for name in names:
            row = lookup(name)
            if row is None and layer(name) is None:
                raise LookupError(f"no rule is named {name}")
            for each in row.names if row is not None else (name,):
                GENERATORS[each] = generator
        return generator

    return register


# --- generating ---------------------------------------------------------------------------------------------------


def size(rng: random.Random) -> int:
    """A size, sometimes 0."""
    return 0 if rng.random() < 0.03 else rng.choice(SIZES)


def shape(rng: random.Random, least: int = 0, most: int = 4) -> tuple[int, ...]:
    """A shape of a rank between `least` and `most`."""
    return tuple(size(rng) for _ in range(rng.randint(least, most)))


def broadcastable_to(rng: random.Random, full: tuple[int, ...], wrong: float = 0.1) -> tuple[int, ...]:
    """A shape that broadcasts with `full`, or now and then one that perhaps does not."""
    kept = full[rng.randint(0, len(full)) :]
    found = [1 if rng.random() < 0.25 else n for n in kept]
    if found and rng.random() < wrong:
        found[rng.randrange(len(found))] = size(rng)
    return tuple(found)


def dtype_for(rng: random.Random, name: str, *among: str) -> str:
    """A dtype that the library of the name has; one of `among` when given."""
    return rng.choice(among or DTYPES[library_of(name)])


def axis(rng: random.Random, rank: int, wrong: float = 0.1) -> int:
    """An axis of an array, negative or not, sometimes out of range."""
    if rng.random() < wrong:
        return rng.choice((rank, rank + 1, -rank - 1))
    return rng.randint(-rank, rank - 1) if rank else rng.choice((0, -1))


def from_signature(rng: random.Random, name: str) -> Case:
    """A call of a rule that is one line: arrays as its signature wants them, now and then one that does not fit."""
    found = lookup(name)
    assert found is not None
    operands = (rng.choice(found.shapes) if len(found.shapes) > 1 else found.shapes[0]).operands
    sizes = {axis.name: size(rng) for operand in operands for axis in operand.axes}
    runs = {operand.run: shape(rng, 0, 3) for operand in operands}
    kind = dtype_for(rng, name, *(FLOATS * 2), *DTYPES[library_of(name)])
    made: dict[str, Any] = {}
    for parameter, operand in zip(found.operands, operands, strict=False):
        other = kind if rng.random() < 0.9 else dtype_for(rng, name)
        is_number = operand.run is not None and not operand.axes and len(found.operands) > 1 and rng.random() < 0.08
        made[parameter] = rng.choice((2, 1.5)) if is_number else A(fitting(rng, operand, sizes, runs), other)
    return Case((*made.values(),))


def fitting(
    rng: random.Random, operand: Operand, sizes: Mapping[str, int], runs: Mapping[str | None, tuple[int, ...]]
) -> tuple[int, ...]:
    """A shape for an operand of a signature, or now and then any shape."""
    if rng.random() < 0.06:
        return shape(rng, 0, 4)
    axes = [
        sizes[a.name] if a.size is None else a.size.constant or 0 for a in operand.axes if not a.optional or rng.random() < 0.7
    ]
    if axes and rng.random() < 0.06:
        axes[rng.randrange(len(axes))] = size(rng)
    at = sum(not axis.optional for axis in operand.left)
    run = broadcastable_to(rng, runs[operand.run]) if operand.run is not None and rng.random() < 0.3 else runs[operand.run]
    return (*axes[:at], *(run if operand.run is not None else ()), *axes[at:])


def generator(name: str) -> Generator | None:
    """The generator of a rule: its family's, else, for a rule that is one line, the signature itself."""
    if name in GENERATORS:
        return GENERATORS[name]
    found = lookup(name)
    if found is None or not found.shapes:
        return None
    required = [each.name for each in found.parameters.listed if each.required]
    return from_signature if tuple(required[: len(found.operands)]) == found.operands == tuple(required) else None


# --- the two sides of a case ----------------------------------------------------------------------------------------


def to_value(item: Any, library: Library, shape_of: Callable[[A], Shape], set_of: Callable[[str], DTypes]) -> Any:
    """A case's argument as a rule's value."""
    match item:
        case A():
            return Array(shape_of(item), set_of(item.dtype), item.library or library, item.weak)
        case D():
            return dtype(item.name)
        case N():
            return next(iter(shape_of(A((item.size,))).prefix), UNKNOWN_DIM)
        case slice():
            return Slice(*(to_value(end, library, shape_of, set_of) for end in (item.start, item.stop, item.step)))
        case bool() | str() | None:
            return item
        case int():
            return dim(item)
        case float():
            return Scalar("float", item)
        case complex():
            return Scalar("complex")
        case tuple() | list():
            return tuple(to_value(each, library, shape_of, set_of) for each in item)
        case _ if item is Ellipsis:
            return item
        case _:
            return UNKNOWN


def concrete(item: A) -> Shape:
    """The shape of an array of a case."""
    return Shape(tuple(map(dim, item.shape)))


def to_real(item: Any, library: Library) -> Any:
    """A case's argument as the library's."""
    match item:
        case A():
            return _REAL[item.library or library](item)
        case N():
            return item.size
        case slice():
            return slice(*(to_real(end, library) for end in (item.start, item.stop, item.step)))
        case D():
            return getattr({Library.TORCH: torch, Library.JAX: jnp, Library.NUMPY: np}[library], _spelled(item.name, library))
        case tuple() | list() if not hasattr(item, "_fields"):
            return type(item)(to_real(each, library) for each in item)
        case _:
            return item


def _spelled(name: str, library: Library) -> str:
    return "bool_" if name == "bool" and library is not Library.TORCH else name


def _numpy(item: A) -> Any:
    if item.regular and len(item.shape) > 1:
        return np.broadcast_to(np.eye(*item.shape[-2:]), item.shape).astype(item.dtype)
    flat = np.arange(int(np.prod(item.shape))) % max(item.high, 1) + item.low
    return flat.reshape(item.shape).astype(item.dtype)


def _torch(item: A) -> Any:
    if item.regular:
        return torch.from_numpy(_numpy(replace(item, dtype="float32"))).to(getattr(torch, item.dtype))
    flat = torch.arange(int(np.prod(item.shape))) % max(item.high, 1) + item.low
    return flat.reshape(item.shape).to(getattr(torch, item.dtype))


def _jax(item: A) -> Any:
    if item.dtype == "prng_key":
        return jax.ShapeDtypeStruct(item.shape, jax.random.key(0).dtype)
    return jax.ShapeDtypeStruct(item.shape, item.dtype, weak_type=item.weak)


_REAL: Mapping[Library, Callable[[A], Any]] = {Library.TORCH: _torch, Library.JAX: _jax, Library.NUMPY: _numpy}
_ROOTS: Mapping[str, Any] = {"torch": torch, "F": torch.nn.functional, "nn": torch.nn, "jnp": jnp, "jax": jax, "np": np}
METHODS: Mapping[str, type] = {"Tensor": torch.Tensor, "Array": jax.Array, "ndarray": np.ndarray}
"""The classes of arrays, whose methods take the array first."""


def resolve(name: str) -> Callable[..., Any]:
    """The real operation of a name; a method or property takes its array first."""
    root, *path = name.split(".")
    if path[:-1] == ["at"]:
        return lambda array, index, *args, **kwargs: getattr(array.at[index], path[-1])(*args, **kwargs)
    if root in METHODS:
        attribute = path[-1]
        return lambda array, *args, **kwargs: _method(getattr(array, attribute), args, kwargs)
    if root == "einops":
        return cast(Callable[..., Any], getattr(import_module(name.rpartition(".")[0]), path[-1]))
    if root in ("equinox", "flax"):
        return _layer_of_jax(name)
    if path[:-1] == ["random", "Generator"]:
        return getattr(np.random.default_rng(0), path[-1])  # type: ignore[no-any-return]
    found = reduce(getattr, path, _ROOTS[root])
    return _mapped(found) if name in COLLECTIVES else found


_IN_AXES = "psum pmean pmax pmin pbroadcast pcast ppermute pswapaxes all_gather all_to_all psum_scatter ragged_all_to_all psend precv axis_index"
COLLECTIVES = frozenset(f"jax.lax.{name}" for name in _IN_AXES.split())
"""Operations that run inside a mapped axis only."""


def _layer_of_jax(name: str) -> Callable[..., Any]:
    """The class of a layer, made with the keys it wants; flax's linen layers get their weights from their first call."""
    module, _, last = name.rpartition(".")
    made = getattr(import_module(module), last)
    match module:
        case "flax.linen":
            return lambda *args, **kwargs: lambda *x: made(*args, **kwargs).init_with_output(jax.random.key(0), *x)[0]
        case "flax.nnx":
            takes_keys = "rngs" in signature(made.__init__).parameters
            return partial(made, rngs=import_module(module).Rngs(0)) if takes_keys else made
        case _:
            return partial(made, key=jax.random.key(0)) if "key" in signature(made).parameters else made


def _mapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """A collective as its caller sees it from inside `jax.vmap(..., axis_name="mapped")` of size 2."""

    def run(*args: Any, **kwargs: Any) -> Any:
        leaves, tree = jax.tree.flatten((args, kwargs))
        arrays = [each for each in leaves if isinstance(each, jax.Array)]

        def inside(_: Any, *mapped: Any) -> Any:
            rest = iter(mapped)
            given, named = jax.tree.unflatten(tree, [next(rest) if isinstance(each, jax.Array) else each for each in leaves])
            return function(*given, **named)

        found = jax.vmap(inside, axis_name="mapped")(jnp.zeros(2), *[jnp.stack([each, each]) for each in arrays])
        return jax.tree.map(lambda each: each[0], found)

    return run


def _method(found: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    answer = found(*args, **kwargs) if callable(found) and not isinstance(found, (torch.Tensor, np.ndarray)) else found
    if answer is NotImplemented:
        raise TypeError("not implemented")
    return answer


@dataclass(frozen=True)
class Raised:
    """The library refused."""

    error: Exception


def observe(name: str, case: Case) -> Any:
    """What the real library answers, arrays as `A`, or `Raised`."""
    library = library_of(name)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        function = resolve(name)
        made = _arguments(case.construct, library) if case.construct is not None else None
        given = _arguments((case.args, case.kwargs), library)
        if name in EAGER:
            given = (*map(_materialized, given[0]),), {key: _materialized(value) for key, value in given[1].items()}
        try:
            return _without_negative_sizes(described(_run(function, made, given, library)))
        except Exception as error:  # whatever a library raises is its refusal
            return Raised(error)


_EAGER_METHODS = ("item", "__bool__", "__int__", "__float__", "__index__", "block_until_ready", "nonzero")
EAGER = frozenset(
    [*(f"Array.{name}" for name in _EAGER_METHODS), "jnp.nonzero", "jnp.unique", "jnp.trim_zeros", "jax.lax.reshape"]
)
"""Operations of jax that need a real array; all others are only traced."""


def _materialized(argument: Any) -> Any:
    return jnp.zeros(argument.shape, argument.dtype) if isinstance(argument, jax.ShapeDtypeStruct) else argument


def _without_negative_sizes(answer: Any) -> Any:
    """What tracing lets pass and running does not."""
    for one in answer if isinstance(answer, tuple) else (answer,):
        if isinstance(one, A) and any(n < 0 for n in one.shape):
            raise ValueError(f"negative size in {one.shape}")
    return answer


type Given = tuple[Sequence[Any], Mapping[str, Any]]


def _arguments(given: Given, library: Library) -> Given:
    args, kwargs = given
    return to_real(tuple(args), library), {key: to_real(value, library) for key, value in kwargs.items()}


def _run(function: Callable[..., Any], made: Given | None, given: Given, library: Library) -> Any:
    if made is not None:
        function = function(*made[0], **made[1])
    args, kwargs = given
    if library is not Library.JAX:
        return function(*args, **kwargs)
    leaves, tree = jax.tree.flatten((args, kwargs), is_leaf=lambda x: x is None)
    arrays = [x for x in leaves if isinstance(x, jax.ShapeDtypeStruct)]

    def traced(*given: Any) -> Any:
        rest = iter(given)
        filled = [next(rest) if isinstance(x, jax.ShapeDtypeStruct) else x for x in leaves]
        a, k = jax.tree.unflatten(tree, filled)
        answers.append(function(*a, **k))
        return answers[0]

    answers: list[Any] = []
    if not arrays:
        return function(*args, **kwargs)
    described = jax.eval_shape(traced, *arrays)
    # Tracing makes arrays of ints, so answers without arrays (shapes, ranks) are taken as they are.
    return described if any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(answers)) else answers[0]


def described(answer: Any) -> Any:
    """A library's answer with its arrays as `A`."""
    match answer:
        case torch.Size():
            return tuple(answer)
        case tuple() | list():
            return tuple(map(described, answer))
        case torch.Tensor():
            return A(tuple(answer.shape), str(answer.dtype).removeprefix("torch."))
        case jax.ShapeDtypeStruct() | jax.Array():
            return A(tuple(answer.shape), _jax_dtype(answer.dtype), weak=bool(getattr(answer, "weak_type", False)))
        case np.ndarray() | np.generic():
            return A(tuple(answer.shape), str(answer.dtype))
        case _:
            return answer


def _jax_dtype(found: Any) -> str:
    return "prng_key" if str(found).startswith("key<") else str(found)


# --- comparing ----------------------------------------------------------------------------------------------------


def contradiction(stated: Any, actual: Any, values: Mapping[Any, Dim]) -> str | None:
    """Why what a rule states about a result is false; None when it is true or says nothing.

    `values` has the sizes that symbols stand for.
    """
    if stated is UNKNOWN:
        return None
    match stated, actual:
        case Array(), A():
            return _array_contradiction(stated, actual, values)
        case Many(item=item), tuple():
            return next((why for each in actual if (why := contradiction(item, each, values))), None)
        case tuple(), tuple():
            if len(stated) != len(actual):
                return f"states {len(stated)} results, there are {len(actual)}"
            return next((why for s, a in zip(stated, actual, strict=True) if (why := contradiction(s, a, values))), None)
        case bool(), bool():
            return None if stated == actual else f"states {stated}, it is {actual}"
        case Dim(), int() if not isinstance(actual, bool):
            found = substitute(stated, dict(values))
            return f"states {found}, it is {actual}" if compare(found, dim(actual)) is Verdict.DIFFERENT else None
        case Scalar(kind=kind), _:
            return None if type(actual).__name__ == kind else f"states a {kind}, it is {actual!r}"
        case (None, None) | (str(), str()) | (DTypes(), _):
            return None
        case _:
            return f"states {stated}, it is {actual!r}"


def _array_contradiction(stated: Array, actual: A, values: Mapping[Any, Dim]) -> str | None:
    items = [substitute(item, dict(values)) if isinstance(item, Dim) else item for item in stated.shape.items]
    found = from_items(items)
    if same(found, concrete(actual)) is Verdict.DIFFERENT:
        return f"states the shape ({stated.shape}) with {_legend(values)}, it is {actual.shape}"
    known = dtype(actual.dtype) if actual.dtype in ANY_DTYPE.names else DTypes(frozenset({"other"}))
    if accepts(stated.dtype, known) is Verdict.DIFFERENT:
        return f"states the dtype {stated.dtype}, it is {actual.dtype}"
    if stated.weak and not actual.weak and stated.library is Library.JAX:
        return "states a weak dtype, it is not"
    if (
        actual.weak
        and actual.shape
        and not stated.weak
        and stated.library is Library.JAX
        and stated.dtype.exact not in (None, "bool")
    ):
        return "states a strong dtype, it is weak"
    return None


def _legend(values: Mapping[Any, Dim]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items()) or "no symbols"


def is_exact(stated: Any) -> bool:
    """Whether a rule's answer leaves nothing open."""
    match stated:
        case Array():
            return stated.shape.is_known and stated.dtype.exact is not None
        case tuple():
            return all(map(is_exact, stated))
        case Dim():
            return not stated.is_unknown
        case _:
            return stated is not UNKNOWN


def left_open(stated: Any) -> frozenset[str]:
    """What a rule's answer leaves open: the answer, a rank, a size, a dtype; nothing of an exact one."""
    match stated:
        case Array(shape=seen, dtype=dtypes):
            shapes = [] if seen.is_known else ["a rank"] if seen.rank is None else ["a size"]
            return frozenset([*shapes, *(["a dtype"] if dtypes.exact is None else [])])
        case tuple():
            return frozenset[str]().union(*map(left_open, stated))
        case Dim():
            return frozenset(["a size"] if stated.is_unknown else [])
        case Many(item=item):
            return left_open(item) | {"a number of results"}
        case _:
            return frozenset(["the answer"] if stated is UNKNOWN else [])


# --- one case -------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What the cases of a rule came to."""

    cases: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)


def rule_answer(name: str, case: Case, shape_of: Callable[[A], Shape] = concrete, set_of: Callable[[str], DTypes] = dtype) -> Any:
    """What the rule says to a case under a way of seeing its arrays."""
    library = library_of(name)
    args = to_value(case.args, library, shape_of, set_of)
    kwargs = {key: to_value(value, library, shape_of, set_of) for key, value in case.kwargs.items()}
    if case.construct is None:
        rule = lookup(name)
        assert rule is not None
        return rule.apply(name, args, kwargs)
    found = layer(name)
    assert found is not None
    made = found.construct(
        to_value(case.construct[0], library, shape_of, set_of),
        {key: to_value(value, library, shape_of, set_of) for key, value in case.construct[1].items()},
    )
    if made is None:
        return UNKNOWN
    return found.apply(made, args, kwargs) if isinstance(made, LayerValue) else made


def check(name: str, case: Case, tally: Tally, rng: random.Random) -> None:
    """Runs one case through the library and the rule, concretely and abstractly."""
    judge(name, case, observe(name, case), tally, rng)


def judge(name: str, case: Case, actual: Any, tally: Tally, rng: random.Random) -> None:
    """Compares what the library answered (see `described`, or `Raised`) with the rule, concretely and abstractly."""
    stated = rule_answer(name, case)
    where = f"{name}{case.construct or ''}{case.args}{dict(case.kwargs) or ''}"
    if isinstance(actual, Raised):
        tally.cases["refused" if isinstance(stated, Mismatch) else "not judged"] += 1
        if not isinstance(stated, Mismatch):
            said = "" if stated is UNKNOWN else f" (the rule states {stated})"
            tally.silent.append(f"{where}{said}: {type(actual.error).__name__}: {str(actual.error)[:150]}")
        return
    if _is_refused_for_nothing(stated, case):
        tally.cases["refused, but empty"] += 1
        return
    before = len(tally.problems)
    _complain(tally, case, where, stated, actual, {})
    for view, shape_of, set_of, values in views(rng, case.rigid):
        seen = rule_answer(name, case, shape_of, set_of)
        if not (isinstance(seen, Mismatch) and has_nothing(case)):
            _complain(tally, case, f"{where} ({view})", seen, actual, values)
    known = "exact" if is_exact(stated) else "unknown" if stated is UNKNOWN else "partly known"
    tally.cases["wrong" if len(tally.problems) > before else known] += 1
    if known != "exact":
        tally.open[" and ".join(sorted(left_open(stated)))] += 1
        tally.unsaid.append(f"{known}: {where}, the library answers {actual}")


def _complain(tally: Tally, case: Case, where: str, stated: Any, actual: Any, values: Mapping[Any, Dim]) -> None:
    if _is_refused_for_nothing(stated, case):
        return
    if isinstance(stated, Mismatch):
        tally.problems.append(f"{where}: refuses ({stated.reason}), the library answers {actual}")
    elif (why := contradiction(stated, actual, values)) is not None:
        tally.problems.append(f"{where}: {why}")


def _is_refused_for_nothing(stated: Any, case: Case) -> bool:
    """A dtype refused where an array is empty: torch skips the kernel that would refuse it."""
    return isinstance(stated, Mismatch) and stated.code == "shape-dtype" and has_nothing(case)


def has_nothing(case: Case) -> bool:
    """Whether an array is empty; sizes that are not known are assumed positive."""
    return any(0 in each.shape for each in _arrays((*case.args, *case.kwargs.values())))


def _arrays(arguments: Iterable[Any]) -> Iterable[A]:
    for each in arguments:
        if isinstance(each, A):
            yield each
        elif isinstance(each, tuple | list):
            yield from _arrays(each)


type View = tuple[str, Callable[[A], Shape], Callable[[str], DTypes], Mapping[Any, Dim]]


def views(rng: random.Random, rigid: bool) -> Iterable[View]:
    """Ways to know less about the arrays of a case."""
    for kind in (Kind.RIGID, Kind.SIZE) if rigid else (Kind.SIZE,):
        named = {n: Symbol(f"n{n}", "", kind) for n in SIZES if n > 1 and rng.random() < 0.8}
        values = {symbol: dim(n) for n, symbol in named.items()}
        yield f"{kind.value} symbols", lambda a, named=named: Shape(tuple(dim(named.get(n, n)) for n in a.shape)), dtype, values
    yield _own_symbols(rng)
    yield "unknown sizes", lambda a: Shape(tuple(UNKNOWN_DIM if rng.random() < 0.4 else dim(n) for n in a.shape)), _wider, {}
    yield "hidden axes", lambda a: _hidden(rng, a), _wider, {}
    yield "unknown arrays", lambda a: ANY_SHAPE if rng.random() < 0.6 else concrete(a), lambda _: ANY_DTYPE, {}


def _own_symbols(rng: random.Random) -> View:
    """Most axes as a size of their own, which may be 1: whatever the library takes, no rule may refuse."""
    values: dict[Any, Dim] = {}

    def own(n: int) -> Dim:
        if n == 0 or rng.random() < 0.3:
            return dim(n)
        symbol = Symbol(f"a{len(values)}", "", Kind.SIZE)
        values[symbol] = dim(n)
        return dim(symbol)

    return "a symbol for each axis", lambda a: Shape(tuple(map(own, a.shape))), dtype, values


def _hidden(rng: random.Random, array: A) -> Shape:
    """Some axes of an array inside a run."""
    start = rng.randint(0, len(array.shape))
    stop = rng.randint(start, len(array.shape))
    sizes = list(map(dim, array.shape))
    return from_items([*sizes[:start], ANY_RUN, *sizes[stop:]])


def _wider(name: str) -> DTypes:
    """The narrowest class of several dtypes that has this one."""
    families = ("Bool", "UInt", "Int", "Float", "Complex", "Key")
    return next((CLASSES[each] for each in families if name in CLASSES[each].names), ANY_DTYPE)


type Variation = Callable[[random.Random, str, Case], Case]


def run_cases(name: str, count: int, seed: int = 0, vary: Variation = lambda rng, name, case: case) -> Tally:
    """Tries `count` generated cases of one rule, each passed through `vary`."""
    rng = random.Random(f"{name}/{seed}")
    tally = Tally()
    make = generator(name)
    assert make is not None
    for _ in range(count):
        check(name, vary(rng, name, make(rng, name)), tally, rng)
    return tally


def with_dtype(case: Case, name: str) -> Case:
    """The case with every array of one dtype."""

    def changed(item: Any) -> Any:
        match item:
            case A():
                return replace(item, dtype=name)
            case tuple() | list():
                return tuple(map(changed, item))
            case _:
                return item

    return replace(case, args=changed(case.args), kwargs={key: changed(value) for key, value in case.kwargs.items()})
