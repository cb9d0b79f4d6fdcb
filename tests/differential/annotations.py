"""Generated annotations: axes from the whole grammar, the arrays that fit them, and now and then one that does not.

An axis is written one way (`token`) and has sizes that are expressions of the program's names (`sizes`), so that one
program can be called with many sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.differential.choices import Choices

NAMES = ("a", "b", "c", "d")
RUNS = ("s", "t")

DTYPES: Mapping[str, tuple[str, ...]] = {
    "torch": ("float32", "int64", "float64", "bool", "int32", "float16", "uint8", "complex64", "bfloat16", "int8", "complex128"),
    "numpy": ("float32", "int64", "float64", "bool", "int32", "float16", "uint8", "complex64", "int8", "uint16", "complex128"),
    "jax": ("float32", "int32", "bool", "float16", "uint8", "complex64", "bfloat16"),
}
"""The dtypes that arrays are made with; jax makes no 64 bits by default."""

SETS: Mapping[str, tuple[str, ...]] = {
    "float32": ("Float32", "Float", "Shaped", "Num", "Inexact", "Real"),
    "float64": ("Float64", "Float", "Shaped", "Num", "Inexact", "Real"),
    "float16": ("Float16", "Float", "Shaped", "Num", "Inexact"),
    "bfloat16": ("BFloat16", "Float", "Shaped", "Num", "Inexact"),
    "int64": ("Int64", "Int", "Integer", "Shaped", "Num", "Real"),
    "int32": ("Int32", "Int", "Integer", "Shaped", "Num", "Real"),
    "int8": ("Int8", "Int", "Integer", "Shaped", "Num", "Real"),
    "uint8": ("UInt8", "UInt", "Integer", "Shaped", "Num", "Real"),
    "uint16": ("UInt16", "UInt", "Integer", "Shaped", "Num", "Real"),
    "complex128": ("Complex128", "Complex", "Shaped", "Num", "Inexact"),
    "complex64": ("Complex64", "Complex", "Shaped", "Num", "Inexact"),
    "bool": ("Bool", "Shaped"),
}
"""The dtype classes of jaxtyping that take a dtype, the narrowest first."""

MEMBERS: Mapping[str, tuple[str, ...]] = {
    name: tuple(dtype for dtype, names in SETS.items() if name in names)
    for name in sorted({each for names in SETS.values() for each in names})
}
CLASSES = {"torch": "Tensor", "numpy": "np.ndarray", "jax": "Array"}


@dataclass(frozen=True)
class Axis:
    """One token and the sizes it stands for; `construct` names the grammar it uses."""

    token: str
    sizes: tuple[str, ...]
    construct: str


@dataclass
class Scope:
    """What annotations of one function may use: names and runs used so far, int arguments, and the sizes of all names.

    `sizes` maps names to ints and runs (`*s`) to tuples of ints; `read` maps expressions in braces such as
    `{x.shape[0]}` to the sizes they stand for.
    """

    sizes: dict[str, int | tuple[int, ...]]
    bound: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    ints: list[str] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    wrong: float = 7.0
    computed: bool = True


def evaluate(expression: str, sizes: Mapping[str, int | tuple[int, ...]]) -> tuple[int, ...]:
    """The sizes that an expression stands for: one, or those of a run."""
    if expression.startswith("*"):
        run = sizes[expression]
        assert isinstance(run, tuple)
        return run
    return (int(eval(expression, {"__builtins__": {}}, dict(sizes))),)


def shape_of(expressions: tuple[str, ...], sizes: Mapping[str, int | tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that a list of size expressions stands for."""
    return tuple(size for expression in expressions for size in evaluate(expression, sizes))


def axes(c: Choices, scope: Scope) -> tuple[Axis, ...]:
    """The axes of an annotation, at most one of them a run."""
    rank = c.weighted([(5, 1), (8, 2), (4, 3), (2, 0)])
    run_at = c.below(rank + 1) if c.chance(55 if scope.runs else 22) else -1
    return tuple(_run(c, scope) if place == run_at else _axis(c, scope) for place in range(rank + (run_at >= 0)))


def _axis(c: Choices, scope: Scope) -> Axis:
    kind = c.weighted([(10, "name"), (3, "fixed"), (2, "_"), (3, "#name"), (1, "#fixed"), (2, "name=fixed"), (5, "computed")])
    match kind:
        case "name":
            return _named(c.one_of(NAMES), scope)
        case "fixed":
            size = str(c.below(4) + 1)
            return Axis(size, (size,), "fixed")
        case "_":
            return Axis(c.one_of(("_", "_rest")), (c.one_of(("q", "r", "1")),), "_")
        case "#name":
            name = c.one_of(NAMES)
            construct = "#name again" if name in scope.bound else "#name"
            size = c.one_of((name, "1"))
            if name == size:
                scope.bound.append(name)
            return Axis(f"#{name}", (size,), construct)
        case "#fixed":
            return Axis("#3", (c.one_of(("3", "1")),), "#fixed")
        case "name=fixed":
            size = str(c.below(4) + 1)
            mark = c.one_of(("", "#")) if c.chance(20) else ""
            return Axis(f"{mark}size={size}", (size,), "name=fixed")
        case _:
            return _computed(c, scope)


def _named(name: str, scope: Scope) -> Axis:
    construct = "name again" if name in scope.bound else "name"
    scope.bound.append(name)
    return Axis(name, (name,), construct)


def _computed(c: Choices, scope: Scope) -> Axis:
    """Arithmetic on names that are bound already and on int arguments."""
    operands = [(each, each) for each in dict.fromkeys(scope.bound)] + [(f"{{{each}}}", each) for each in scope.ints]
    operands += list(scope.read.items())
    if not operands or not scope.computed:
        return _named(c.one_of(NAMES), scope)
    token, size = c.one_of(operands)
    form = c.one_of(("{}+1", "{}", "2*{}", "{}-1", "{}//2", "3*{}+1", "({}+1)*2", "{}*{}", "{}+{}", "{}%3+1", "{}**2"))
    other = c.one_of(operands) if form.count("{}") == 2 else operands[0]
    written, meant = form.format(token, other[0]), form.format(size, other[1])
    construct = "{x.shape}" if "shape" in written else "{int}" if "{" in written else "arithmetic"
    if written.isidentifier():
        return Axis(written, (meant,), "name")
    return Axis(written, (meant,), construct)


def _run(c: Choices, scope: Scope) -> Axis:
    kind = c.weighted([(5, "*name"), (3, "..."), (3, "*#name"), (1, "*_")])
    if kind in ("...", "*_"):
        return Axis(kind, c.one_of(((), ("q",), ("r", "2"))), "...")
    name = c.one_of(scope.runs or RUNS)
    construct = f"{kind} again" if name in scope.runs else kind
    scope.runs.append(name)
    if kind == "*name":
        return Axis(f"*{name}", (f"*{name}",), construct)
    return Axis(c.one_of((f"*#{name}", f"#*{name}")), c.one_of(((f"*{name}",), ("1",), (), (f"*{name}",))), construct)


@dataclass(frozen=True)
class Leaf:
    """An array annotation and an array for it: the class of arrays, the dtype class, the axes; the array's dtype and sizes."""

    library: str
    declared: str
    axes: tuple[Axis, ...]
    dtype: str
    sizes: tuple[str, ...]
    nested: int = 0

    @property
    def shape(self) -> str:
        return " ".join(axis.token for axis in self.axes)

    @property
    def annotation(self) -> str:
        """The annotation as written. `nested` axes, if any, stand in an outer annotation."""
        tokens = [axis.token for axis in self.axes]
        if not self.nested:
            return f'{self.declared}[{CLASSES[self.library]}, "{" ".join(tokens)}"]'
        inner = f'Shaped[{CLASSES[self.library]}, "{" ".join(tokens[self.nested :])}"]'
        return f'{self.declared}[{inner}, "{" ".join(tokens[: self.nested])}"]'

    @property
    def constructs(self) -> set[str]:
        found = {axis.construct for axis in self.axes} or {"scalar"}
        found.add("exact dtype" if self.declared[-1].isdigit() else "dtype set")
        return found | ({"nested annotation"} if self.nested else set())

    def value(self, sizes: Mapping[str, int | tuple[int, ...]], dtype: str = "") -> str:
        """The text that makes the array."""
        return literal(self.library, shape_of(self.sizes, sizes), dtype or self.dtype)


def literal(library: str, shape: tuple[int, ...], dtype: str) -> str:
    """The text that makes an array of zeros."""
    match library:
        case "torch":
            sizes = ", ".join(map(str, shape)) if shape else "()"
            return f"torch.zeros({sizes})" if dtype == "float32" else f"torch.zeros({sizes}, dtype=torch.{dtype})"
        case "numpy":
            return f"np.zeros({shape}, dtype=np.{dtype})"
        case _:
            return f"jnp.zeros({shape}, dtype=jnp.{dtype})"


def leaf(c: Choices, scope: Scope, library: str) -> Leaf:
    """An annotation with an array that fits it, except for the mistakes that `scope.wrong` allows for."""
    dtype = c.weighted([(8, "float32"), (5, c.one_of(DTYPES[library]))])
    declared = c.one_of(SETS[dtype])
    found = axes(c, scope)
    sizes = tuple(size for axis in found for size in axis.sizes)
    made = Leaf(library, declared, found, dtype, sizes, c.below(len(found) + 1) if len(found) > 1 and c.chance(6) else 0)
    return mistaken(c, made, scope.wrong)


def mistaken(c: Choices, made: Leaf, percent: float) -> Leaf:
    """The leaf with a wrong size, dtype or number of axes, in a share of the cases."""
    sizes = list(made.sizes)
    for at in range(len(sizes)):
        if c.chance(percent):
            sizes[at] = c.one_of((f"{sizes[at]}+1", "1", *NAMES)) if not sizes[at].startswith("*") else "2"
    if c.chance(percent / 2) and sizes:
        del sizes[c.below(len(sizes))]
    if c.chance(percent / 2):
        sizes.insert(c.below(len(sizes) + 1), c.one_of(("1", "2", "a")))
    dtype = c.one_of(DTYPES[made.library]) if c.chance(percent) else made.dtype
    return replace(made, sizes=tuple(sizes), dtype=dtype)
