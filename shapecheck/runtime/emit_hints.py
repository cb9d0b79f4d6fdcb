"""Code that checks one value against any hint: containers, unions, PyTrees, and arrays by the layer below.

A layer of the compiler. What has no straight-line form is interpreted by the reference in place.
"""

import sys
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from shapecheck.runtime.emit_arrays import ArrayWriter, family_of
from shapecheck.runtime.hints import (
    MAX_ITEMS,
    Anything,
    ArrayHint,
    BothHint,
    ClassHint,
    Hint,
    ItemsHint,
    MappingHint,
    OtherHint,
    RecordHint,
    TreeHint,
    TupleHint,
    UnionHint,
    VariableHint,
    array_hints,
    axes_of,
    axis_name,
    ties_of,
    tree_hints,
)
from shapecheck.runtime.interpret import interpreter
from shapecheck.runtime.names import Key, State
from shapecheck.runtime.others import compiled_check
from shapecheck.runtime.pytree import is_composite
from shapecheck.runtime.type_variables import Tie, narrow

__all__ = ["HintWriter"]

_DISJOINT: Final = frozenset({type(None), bool, int, float, complex, str, bytes})


class HintWriter(ArrayWriter):
    """Writes the checks of all hints."""

    def _check(self, hint: Hint, value: str) -> None:
        """Lines that fail, or fall through with every name bound that the hint binds."""
        match hint:
            case Anything():
                pass
            case ClassHint(classes):
                self._fail_if(self._is_not(value, classes))
            case OtherHint(other, tower):
                self._other(other, tower, value)
            case ArrayHint() if (test := self._array_test(hint, value)) is not None:
                self._array(hint, value, test)
            case UnionHint(members) if (alternatives := self._alternatives(members)) is not None:
                self._union(alternatives, value)
            case BothHint(first, second):
                self._check(first, value)
                self._check(second, value)
            case VariableHint(tie, inner):
                self._variable(tie, value)
                self._check(inner, value)
            case ItemsHint(origin, item) if not _has_leaf_axes(hint):
                self._fail_if(self._is_not(value, (origin,)))
                self._items(item, value)
            case TupleHint(items):
                self._tuple(items, value)
            case MappingHint(origin, key, item) if not _has_leaf_axes(hint):
                self._fail_if(self._is_not(value, (origin,)))
                self._items(key, value)
                self._items(item, f"{value}.values()", of=value)
            case RecordHint(_, items):
                self._fail_if(self._is_not(value, (Mapping,)))
                self._record(items, value)
            case TreeHint() if self._has_plain_leaves(hint):
                self._tree(hint, value)
            case _:
                self._interpret(hint, value)

    def _other(self, hint: Any, tower: bool, value: str) -> None:
        check = compiled_check(hint, tower=tower)
        if check is not None:
            name, fits = self._constant(f"o_{len(self._namespace)}", check), self._locals.temporary()
            with self._block("try:"):
                self._line(f"{fits} = {name}({value})")
            with self._block(f"except {self._builtin('Exception')}:"):
                self._line(f"{fits} = False")
            self._fail_if(f"not {fits}")

    def _variable(self, tie: Tie, value: str) -> None:
        """Which of its constraints a value leaves open; a value of another class is in doubt."""
        key = ("v", tie.name)
        variable, classes = self._locals.get(key), self._constant(f"v_{len(self._namespace)}", tie.classes)
        known = "None" if variable.state is State.UNBOUND else variable.text
        self._line(f"{variable.text} = {self._shared('f', narrow)}({value}, {classes}, {known})")
        self._fail_if(f"not {variable.text}")
        self._locals.bound(key)

    def _items(self, item: Hint, values: str, of: str | None = None) -> None:
        """A loop over a collection, of which the first items count."""
        if isinstance(item, Anything):
            return
        each, first = self._locals.temporary(), self._shared("f", islice)
        short = f"{self._builtin('len')}({of or values}) <= {MAX_ITEMS}"
        self._locals.maybe(self._keys(item))
        with self._block(f"for {each} in {values} if {short} else {first}({values}, {MAX_ITEMS}):"), self._locals.branch():
            self._check(item, each)

    def _tuple(self, items: tuple[Hint, ...], value: str) -> None:
        self._fail_if(self._is_not(value, (tuple,)), f"{self._builtin('len')}({value}) != {len(items)}")
        names = [self._locals.temporary() for _ in items]
        if names:
            self._line(f"{', '.join(names)}, = {value}")
        for item, name in zip(items, names, strict=True):
            self._check(item, name)

    def _record(self, items: tuple[tuple[str, Hint], ...], value: str) -> None:
        for key, item in items:
            with self._locals.branch(), self._block(f"if {key!r} in {value}:"):
                each = self._locals.temporary()
                self._line(f"{each} = {value}[{key!r}]")
                self._check(item, each)

    # Unions

    def _alternatives(self, members: tuple[Hint, ...]) -> tuple[Hint, ...] | None:
        """The members, if a straight line can decide: arrays and plain classes, and at most one container.

        A class that no array or container belongs to may be asked first.
        """
        plain = [each for each in members if isinstance(each, ClassHint) and set(each.classes) <= _DISJOINT]
        others = [each for each in members if each not in plain]
        if len(others) == 1:
            return (*plain, others[0])
        straight = all(isinstance(each, ArrayHint | ClassHint) for each in others)
        compilable = all(self._array_test(each, "_") for each in others if isinstance(each, ArrayHint))
        growing = any(_run_name(each) in self._growing for each in others if isinstance(each, ArrayHint))
        return (*plain, *others) if straight and compilable and not growing else None

    def _union(self, members: tuple[Hint, ...], value: str) -> None:
        *first, last = members
        plain = [each for each in first if isinstance(each, ClassHint) and set(each.classes) <= _DISJOINT]
        rest = [*(each for each in first if each not in plain), last]
        if not plain:
            self._first_fit(rest, value)
            return
        classes = tuple(each for member in plain for each in member.classes)
        with self._locals.branch(), self._block(f"if {self._is_not(value, classes)}:"):
            self._first_fit(rest, value)

    def _first_fit(self, members: list[Hint], value: str) -> None:
        if len(members) == 1:
            self._check(members[0], value)
            return
        open_, before, outer = self._locals.temporary(), self._locals.states(), self._fail
        ends: list[dict[Key, State]] = []
        self._line(f"{open_} = True")
        for index, member in enumerate(members):
            self._locals.reset(before)
            with self._block("while True:" if index == 0 else f"while {open_}:"):
                self._fail = "break"
                self._attempt(member, value)
                self._line(f"{open_} = False")
                self._line("break")
            ends.append(self._locals.states())
        self._fail = outer
        self._locals.merge(*ends)
        self._fail_if(open_)

    def _attempt(self, member: Hint, value: str) -> None:
        """Check with names in variables of their own, kept only if all of it fits."""
        moved: list[tuple[Key, str]] = []
        for key in self._keys(member):
            variable = self._locals.get(key)
            if variable.state is not State.BOUND:
                moved.append((key, self._locals.redirect(key)))
                start = variable.text if variable.state is State.MAYBE else "None"
                self._line(f"{self._locals.get(key).text} = {start}")
        self._check(member, value)
        for key, original in moved:
            inner = self._locals.get(key)
            self._locals.direct(key, original)
            if inner.state is not State.UNBOUND:
                self._line(f"{original} = {inner.text}")

    # PyTrees

    def _has_plain_leaves(self, hint: TreeHint) -> bool:
        """Whether the leaves are what jax itself takes for leaves, and there is at most one structure name."""
        if is_composite(hint.structure) or "jax" not in sys.modules:
            return False
        leaf = hint.leaf
        return isinstance(leaf, Anything) or (
            isinstance(leaf, ArrayHint)
            and isinstance(leaf.array_type, type)
            and family_of(leaf.array_type) is not None
            and self._array_test(leaf, "_") is not None
        )

    def _tree(self, hint: TreeHint, value: str) -> None:
        """None passes, as in jaxtyping; it has no leaves, but it does not bind the structure."""
        util = sys.modules["jax"].tree_util
        with self._locals.branch(), self._block(f"if {value} is not None:"):
            leaves = self._locals.temporary()
            if hint.structure:
                self._structure(hint.structure[0], value, leaves, self._shared("f", util.tree_flatten))
            elif not isinstance(hint.leaf, Anything):
                self._line(f"{leaves} = {self._shared('f', util.tree_leaves)}({value})")
            if not isinstance(hint.leaf, Anything):
                self._leaves(hint.leaf, leaves)

    def _structure(self, name: str, value: str, leaves: str, flatten: str) -> None:
        variable, new = self._locals.get(("t", name)), self._locals.temporary()
        self._line(f"{leaves}, {new} = {flatten}({value})")
        match variable.state:
            case State.BOUND:
                self._fail_if(f"{new} != {variable.text}")
            case State.UNBOUND:
                self._line(f"{variable.text} = {new}")
            case State.MAYBE:
                with self._block(f"if {variable.text} is None:"):
                    self._line(f"{variable.text} = {new}")
                with self._block(f"elif {new} != {variable.text}:"):
                    self._line(self._fail)
        self._locals.bound(("t", name))

    def _leaves(self, leaf: Hint, leaves: str) -> None:
        each = self._locals.temporary()
        self._locals.maybe(self._keys(leaf))
        with self._block(f"for {each} in {leaves}:"), self._locals.branch():
            self._check(leaf, each)

    # The reference in place

    def _keys(self, hint: Hint) -> list[Key]:
        """Every name the hint may bind."""
        found: dict[Key, None] = {}
        for axis in axes_of(hint):
            if not axis.treepath:
                found["r" if axis.variadic else "n", axis_name(axis)] = None
        for tree in tree_hints(hint):
            found.update({("t", word): None for word in tree.structure if word != "..."})
        found.update({("v", tie.name): None for tie in ties_of(hint)})
        return list(found)

    def _interpret(self, hint: Hint, value: str) -> None:
        """The reference checks one value over the variables of the wrapper.

        Every name of the function goes in, since an expression may read any; those of the hint come out.
        """
        self._locals.maybe(self._keys(hint))
        known = [key for key in self._all_keys() if self._locals.get(key).state is not State.UNBOUND]
        run = self._constant(f"h_{len(self._namespace)}", interpreter(hint, tuple(known), frozenset(self._growing)))
        leaf_names = self.name("leaf_names")
        if _has_leaf_axes(hint) and leaf_names not in self._locals.cleared:
            self._locals.cleared.add(leaf_names)
        leaves = leaf_names if _has_leaf_axes(hint) else "None"
        variables = "".join(f"{self._locals.get(key).text}, " for key in known)
        arguments = "{" + ", ".join(f"{each.name!r}: {self._value_of(each)}" for each in self._spec.parameters) + "}"
        result = self._locals.temporary()
        self._line(f"{result} = {run}({value}, {arguments}, ({variables}), {leaves})")
        self._fail_if(f"{result} is None")
        self._line(f"{variables}{leaf_names if _has_leaf_axes(hint) else self._locals.temporary()}, = {result}")

    def _all_keys(self) -> list[Key]:
        keys = dict.fromkeys(key for hint in self._hints() for key in self._keys(hint))
        return list(keys | {("n", name): None for name in self._shared_sizes})


def _run_name(hint: ArrayHint) -> str | None:
    index = hint.shape.variadic_index
    return None if index is None else axis_name(hint.shape.axes[index])


def _has_leaf_axes(hint: Hint) -> bool:
    return any(axis.treepath for array in array_hints(hint) for axis in array.shape.axes)
