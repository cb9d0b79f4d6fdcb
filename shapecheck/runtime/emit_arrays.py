"""Code that checks one array: class, dtype, rank, and each axis against the variables of its names.

A layer of the compiler. What the code cannot be sure of fails, and is decided by the reference.
"""

import sys
from typing import Any

from shapecheck.core.expression import Expression
from shapecheck.core.grammar import Axis, Name, Size
from shapecheck.runtime.arrays import numpy_scalars, torch_dtypes
from shapecheck.runtime.hints import ArrayHint, axis_name
from shapecheck.runtime.names import Key, State
from shapecheck.runtime.reference_arrays import join_runs
from shapecheck.runtime.scope import Run
from shapecheck.runtime.symbolic import Translation, translate
from shapecheck.runtime.writer import Writer, is_size

__all__ = ["ArrayWriter", "family_of"]


class ArrayWriter(Writer):
    """Writes the checks of arrays."""

    def _array_test(self, hint: ArrayHint, value: str) -> tuple[str, ...] | None:
        """Conditions under which class or dtype are in doubt; None if only the reference can tell."""
        if any(axis.treepath for axis in hint.shape.axes):
            return None
        if not isinstance(hint.array_type, type) or not self._expressions_translate(hint):
            return None
        family = family_of(hint.array_type)
        instance = self._is_not(value, (hint.array_type,))
        if family == "jax" and (impl := _jax_array()) is not None:
            instance = f"({self._builtin('type')}({value}) is not {self._shared('c', impl)} and {instance})"
        if family is not None and hint.dtypes is None:
            return (instance,)
        match family:
            case "torch" if dtypes := torch_dtypes(hint.dtypes):
                return instance, self._not_in(f"{value}.dtype", dtypes)
            case "numpy" | "jax" if scalars := numpy_scalars(hint.dtypes):
                return instance, self._not_in(f"{value}.dtype.type", scalars)
            case _:
                return None

    def _not_in(self, value: str, members: frozenset[Any]) -> str:
        if len(members) == 1:
            return f"{value} is not {self._shared('t', next(iter(members)))}"
        return f"{value} not in {self._shared('t', members)}"

    def _expressions_translate(self, hint: ArrayHint) -> bool:
        terms = [axis.term for axis in hint.shape.axes]
        return all(self._translate(term) is not None for term in terms if isinstance(term, Expression))

    def _translate(self, expression: Expression) -> Translation | None:
        parameters = {each.name: self._value_of(each) for each in self._spec.parameters}
        shadowed = {"min", "max", "abs", "round", "pow", "int"} & parameters.keys()
        if any(word in expression.source for word in shadowed):
            return None
        return translate(expression, lambda name: self._locals.get(("n", name)).text, self._sizes, parameters, self._prefix)

    def _array(self, hint: ArrayHint, value: str, test: tuple[str, ...]) -> None:
        self._fail_if(*test)
        axes, start = hint.shape.axes, hint.shape.variadic_index
        if start is not None:
            self._variadic(axes, start, value)
        elif all(axis.anonymous for axis in axes):
            self._fail_if(f"{value}.ndim != {len(axes)}" if axes else f"{value}.shape")
        else:
            self._fixed_rank(axes, value)

    def _fixed_rank(self, axes: tuple[Axis, ...], value: str) -> None:
        known = [self._known_size(axis) for axis in axes]
        if sizes := [size for size in known if size is not None] if None not in known else None:
            self._fail_if(f"{value}.shape != ({', '.join(sizes)},)")
            return
        targets, bound = list[str](), set[Key]()
        for axis in axes:
            key = ("n", axis_name(axis)) if is_size(axis) else None
            new = key is not None and key not in bound and self._locals.get(key).state is State.UNBOUND
            if key is not None and new and not axis.broadcast:
                targets.append(self._locals.get(key).text)
                bound.add(key)
            else:
                targets.append(self._locals.temporary())
        with self._block("try:"):
            self._line(f"{', '.join(targets)}, = {value}.shape")
        with self._block(f"except {self._builtin('ValueError')}:"):
            self._line(f"{targets[0]} = None")  # what comes next must not run while an exception is handled
        self._fail_if(f"{targets[0]} is None")
        for axis, target in zip(axes, targets, strict=True):
            self._axis(axis, target)

    def _known_size(self, axis: Axis) -> str | None:
        """Source of the only size that an axis can have here; None if there is not exactly one."""
        if axis.broadcast or axis.anonymous:
            return None
        match axis.term:
            case Size(size):
                return str(size)
            case Name(name) if (variable := self._locals.get(("n", name))).state is State.BOUND:
                return variable.text
            case _:
                return None

    def _variadic(self, axes: tuple[Axis, ...], start: int, value: str) -> None:
        run, after = axes[start], len(axes) - start - 1
        if len(axes) == 1 and run.anonymous:
            return
        shape = self._locals.temporary()
        self._line(f"{shape} = {value}.shape")
        if len(axes) > 1:
            self._fail_if(f"{self._builtin('len')}({shape}) < {len(axes) - 1}")
        for index, axis in enumerate(axes):
            if index != start and not axis.anonymous:
                size = self._locals.temporary()
                self._line(f"{size} = {shape}[{index if index < start else index - len(axes)}]")
                self._axis(axis, size)
        if not run.anonymous:
            middle = f"{shape}[{start or ''}:{-after if after else ''}]" if start or after else shape
            self._run(run, middle)

    def _axis(self, axis: Axis, size: str) -> None:
        if axis.anonymous:
            return
        one = f"{size} != 1 and " if axis.broadcast else ""
        match axis.term:
            case Size(expected):
                self._fail_if(f"{one}{size} != {expected}")
            case Expression() as expression:
                self._expression(expression, size, one)
            case Name(name):
                self._name(("n", name), size, one)

    def _name(self, key: Key, size: str, one: str) -> None:
        variable = self._locals.get(key)
        match variable.state:
            case State.BOUND:
                self._fail_if(f"{one}{size} != {variable.text}")
            case State.UNBOUND if not one:
                if size != variable.text:
                    self._line(f"{variable.text} = {size}")
                self._locals.bound(key)
            case State.UNBOUND:
                with self._locals.branch(), self._block(f"if {size} != 1:"):
                    self._line(f"{variable.text} = {size}")
                    self._locals.bound(key)
            case State.MAYBE:
                with self._block(f"if {one}{variable.text} is None:"):
                    self._line(f"{variable.text} = {size}")
                with self._block(f"elif {one}{size} != {variable.text}:"):
                    self._line(self._fail)
                if not one:
                    self._locals.bound(key)

    def _expression(self, expression: Expression, size: str, one: str) -> None:
        translation = self._translate(expression)
        assert translation is not None  # or the array would be interpreted
        for name in sorted(translation.names):
            variable = self._locals.get(("n", name))
            if variable.state is not State.BOUND:
                self._fail_if("True" if variable.state is State.UNBOUND else f"{variable.text} is None")
        failed = self._locals.temporary()
        with self._block("try:"):
            for name, source in translation.arguments:
                self._line(f"{name} = {source}")
            kinds = [f"{self._builtin('type')}({name}) is not {self._shared('c', int)} or {name} < 0"
                     for name, _ in translation.arguments]  # fmt: skip
            self._line(f"{failed} = {' or '.join([*kinds, f'{one}{size} != ({translation.source})'])}")
        with self._block(f"except {self._builtin('Exception')}:"):
            self._line(f"{failed} = True")
        self._fail_if(failed)

    def _run(self, axis: Axis, shape: str) -> None:
        name = axis_name(axis)
        variable = self._locals.get(("r", name))
        if name in self._growing:
            self._growing_run(axis, shape)
            return
        match variable.state:
            case State.BOUND:
                self._fail_if(f"{shape} != {variable.text}")
            case State.UNBOUND:
                self._line(f"{variable.text} = {shape}")
            case State.MAYBE:
                with self._block(f"if {variable.text} is None:"):
                    self._line(f"{variable.text} = {shape}")
                with self._block(f"elif {shape} != {variable.text}:"):
                    self._line(self._fail)
        self._locals.bound(("r", name))

    def _growing_run(self, axis: Axis, shape: str) -> None:
        """A run that broadcasts somewhere in this function holds a :class:`Run` instead of a shape."""
        key = ("r", axis_name(axis))
        variable, new = self._locals.get(key), self._locals.temporary()
        self._line(f"{new} = {self._shared('f', Run)}({axis.broadcast}, {self._builtin('tuple')}({shape}))")
        joined = f"{self._shared('f', join_runs)}({variable.text}, {new})"
        match variable.state:
            case State.UNBOUND:
                self._line(f"{variable.text} = {new}")
            case State.BOUND:
                self._line(f"{variable.text} = {joined}")
            case State.MAYBE:
                self._line(f"{variable.text} = {new} if {variable.text} is None else {joined}")
        if variable.state is not State.UNBOUND:
            self._fail_if(f"{variable.text} is None")
        self._locals.bound(key)


def family_of(array_type: type) -> str | None:
    """The library whose arrays these are, as that decides how a dtype is compared."""
    for family, module, name in (("torch", "torch", "Tensor"), ("numpy", "numpy", "ndarray"), ("jax", "jax", "Array")):
        base = getattr(sys.modules.get(module), name, None)
        if isinstance(base, type) and issubclass(array_type, base):
            return family
    return None


def _jax_array() -> type | None:
    """The class of concrete jax arrays, which a comparison of types finds faster than `jax.Array` does."""
    found = getattr(sys.modules.get("jaxlib._jax"), "ArrayImpl", None) or getattr(
        sys.modules.get("jax._src.array"), "ArrayImpl", None
    )
    return found if isinstance(found, type) else None
