"""Holds one declared type against one actual type, and binds the names of the signature as it goes.

A `Unifier` has the state of one call: the sizes bound so far and what `{...}` may mention. `matching` runs it over the arguments
of a call; jaxtyping's order is kept, left to right, and only a certain mismatch is returned.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mypy.maptype import map_instance_to_supertype
from mypy.nodes import Decorator, DictExpr, Expression, FuncDef
from mypy.types import (
    CallableType,
    Instance,
    LiteralType,
    NoneType,
    ProperType,
    TupleType,
    Type,
    TypeAliasType,
    TypeVarType,
    UnionType,
    get_proper_type,
)

from mypy_plugin import interpolations, trees
from mypy_plugin.carriers import opened
from mypy_plugin.encode import ANY, array_instance, array_of, dim_of, dtypes_of
from mypy_plugin.loosening import CONTAINERS, size_positions, size_variables
from mypy_plugin.names import NDARRAY, PYTREE, SHAPED_CLASSES
from mypy_plugin.patterns import is_certain, pattern_of, same_kind, shown, takes_arrays
from mypy_plugin.symbols import symbol_of
from mypy_plugin.values import Reader
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Kind, Symbol, Verdict, dim
from shapecheck.core.dtype import accepts
from shapecheck.core.shape import Mismatch
from shapecheck.core.unify import Bindings, Expected, bind, bind_axis
from shapecheck.core.value import Array

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


@dataclass(slots=True)
class Unifier:
    """The names that one call of a signature has bound so far."""

    chk: TypeChecker
    signature: CallableType
    bindings: Bindings = field(default_factory=Bindings)
    values: dict[str, Dim] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    on_self: bool = False
    structures: dict[str, Hashable] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The scope of the signature's `{...}` sizes."""
        return interpolations.owner_of(self.signature)

    @property
    def flexible(self) -> frozenset[Symbol]:
        """The names that this call binds."""
        return frozenset(symbol_of(v) for v in size_variables(self.signature) if isinstance(v, TypeVarType))

    def match(self, declared: Type, actual: Type, expression: Expression | None, flexible: frozenset[Symbol]) -> Mismatch | None:
        """Matches a declared type against an actual one, binding names; only a certain mismatch is returned."""
        wanted, found = opened(declared), get_proper_type(actual)
        if isinstance(found, UnionType):
            return self._match_union_actual(wanted, found, expression, flexible)
        if isinstance(wanted, TypeAliasType):
            return self._match_carrier(wanted, found, expression, flexible)
        if isinstance(wanted, UnionType):
            return self._match_union(wanted, found, expression, flexible)
        if isinstance(wanted, Instance) and wanted.type.fullname in SHAPED_CLASSES:
            return self._match_array(wanted, found, flexible)
        if isinstance(wanted, TupleType) and isinstance(found, TupleType) and len(wanted.items) == len(found.items):
            return self._match_all(zip(wanted.items, found.items, strict=True), flexible)
        if isinstance(wanted, Instance) and wanted.type.fullname in CONTAINERS:
            return self._match_container(wanted, found, expression, flexible)
        if isinstance(wanted, Instance) and isinstance(found, Instance) and found.type.has_base(wanted.type.fullname):
            return self._match_sizes(wanted, map_instance_to_supertype(found, wanted.type), flexible)
        return None

    def _match_sizes(self, wanted: Instance, found: Instance, flexible: frozenset[Symbol]) -> Mismatch | None:
        """The sizes that are type arguments of a class: `MLP[n, n, n]` against `MLP[3, 4, 5]`."""
        for index in size_positions(wanted):
            expected = Expected(dim_of(wanted.args[index]))
            mismatch = bind_axis(expected, dim_of(found.args[index]), index, flexible, self.bindings)
            if mismatch is not None:
                name = wanted.type.defn.type_vars[index].name
                return replace(mismatch, reason=mismatch.reason.replace(f"axis {index}", name, 1))
        return None

    def _match_carrier(
        self, wanted: TypeAliasType, found: ProperType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        """An annotation that is `Any` or a type variable to mypy: every array in a PyTree, or an array of any class."""
        if wanted.alias is not None and wanted.alias.fullname == PYTREE:
            return self._match_tree(wanted, found, expression, flexible)
        return self._match_parts(wanted.args[-2], wanted.args[-1], found, flexible)

    def _match_tree(
        self, wanted: TypeAliasType, found: ProperType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        """Every leaf that an argument is known to have, then the structure, of which all trees of its name have one."""
        declared, name = wanted.args
        for leaf in trees.leaves(found, expression, self.chk):
            if array_of(leaf) is None and trees.is_array(declared):
                return Mismatch(
                    "shape-mismatch", f"a leaf is {shown(leaf)}, which is no array", None, shown(declared), shown(leaf)
                )
            if (mismatch := self.match(declared, leaf, None, flexible)) is not None:
                return replace(mismatch, reason=f"a leaf is {shown(leaf)}, {mismatch.reason}")
        known = trees.structure(found, expression, self.chk)
        written = get_proper_type(name)
        if known is None or not isinstance(written, LiteralType) or not str(written.value).isidentifier():
            return None
        first = self.structures.setdefault(str(written.value), known)
        reason = f'the tree has another structure than the first "{written.value}"'
        return None if first == known else Mismatch("shape-mismatch", reason, None, "", "")

    def _evaluated(self, source: str, defaults: Mapping[str, int]) -> Dim:
        """The value of the text between braces for this call's arguments."""
        left_out = {name: dim(value) for name, value in defaults.items() if name not in self.passed}
        return interpolations.evaluate(source, {**left_out, **self.values}, self.arrays)

    def _match_all(self, pairs: Iterator[tuple[Type, Type]], flexible: frozenset[Symbol]) -> Mismatch | None:
        for declared, actual in pairs:
            if (mismatch := self.match(declared, actual, None, flexible)) is not None:
                return mismatch
        return None

    def _match_union(
        self, wanted: UnionType, found: ProperType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        """The first member that fits, as at run time; nothing is bound when a choice was not certain."""
        if array_instance(found) is not None and any(takes_arrays(item, found) for item in wanted.items):
            return None
        members = [item for item in map(opened, wanted.items) if same_kind(item, found)]
        first: Mismatch | None = None
        for member in members:
            saved = self.bindings.copy()
            mismatch = self.match(member, found, expression, flexible)
            if mismatch is None:
                if len(members) > 1:
                    self.bindings = saved if not is_certain(member, found) else self.bindings
                return None
            self.bindings = saved
            first = first or mismatch
        return first

    def _match_union_actual(
        self, wanted: Type, found: UnionType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        """An argument that may be one of several types is wrong only when all of them are."""
        saved = self.bindings.copy()
        mismatches = []
        arrays = [item for item in found.items if not isinstance(get_proper_type(item), NoneType)]
        for item in arrays:
            self.bindings = saved.copy()
            mismatches.append(self.match(wanted, item, expression, flexible))
        if len(arrays) != 1:
            self.bindings = saved
        return mismatches[0] if mismatches and all(mismatch is not None for mismatch in mismatches) else None

    def _match_container(
        self, wanted: Instance, found: ProperType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        items = getattr(expression, "items", None)
        if isinstance(items, list) and len(wanted.args) == 1 and all(isinstance(item, Expression) for item in items):
            return self._match_written(wanted.args[0], items, flexible)
        if isinstance(items, list) and len(wanted.args) == 2 and isinstance(expression, DictExpr):
            return self._match_written(wanted.args[1], [value for _, value in items], flexible)
        if isinstance(found, TupleType) and len(wanted.args) == 1:
            return self._match_all(((wanted.args[0], item) for item in found.items), flexible)
        if isinstance(found, Instance) and found.type.has_base(wanted.type.fullname):
            mapped = map_instance_to_supertype(found, wanted.type)
            return self._match_all(zip(wanted.args, mapped.args, strict=False), flexible)
        return None

    def _match_written(self, item: Type, expressions: list[Expression], flexible: frozenset[Symbol]) -> Mismatch | None:
        """The items of a list or dictionary that is written at the call, which may be written themselves."""
        for expression in expressions:
            actual = self.chk.lookup_type(expression) if self.chk.has_type(expression) else ANY
            if (mismatch := self.match(item, actual, expression, flexible)) is not None:
                return replace(mismatch, reason=f"an item is {shown(actual)}, {mismatch.reason}")
        return None

    def _match_array(self, wanted: Instance, found: ProperType, flexible: frozenset[Symbol]) -> Mismatch | None:
        one, other = wanted.args
        dtype, shape = (other, one) if wanted.type.fullname == NDARRAY else (one, other)
        return self._match_parts(dtype, shape, found, flexible)

    def _match_parts(self, dtype: Type, shape: Type, found: ProperType, flexible: frozenset[Symbol]) -> Mismatch | None:
        """The dtype and shape of an annotation against an array of any class."""
        actual, wanted = array_of(found), dtypes_of(dtype)
        if actual is None:
            return None
        if accepts(wanted, actual.dtype) is Verdict.DIFFERENT:
            reason = f"the dtype should be {wanted}, found {actual.dtype}"
            return Mismatch("shape-dtype", reason, None, str(wanted), str(actual.dtype))
        pattern = pattern_of(interpolations.fill(shape, self.value, Reader(self.chk).named))
        mismatch = bind(pattern, actual.shape, flexible, self.bindings) if pattern is not None else None
        return self._with_braces(mismatch, shape) if mismatch is not None else None

    def _with_braces(self, mismatch: Mismatch, shape: Type) -> Mismatch:
        """The mismatch of an axis `{n}` with these braces, beside what they stand for."""
        written = pattern_of(self.as_written(shape))
        if written is None or mismatch.axis is None or "{" not in (text := written.axes[mismatch.axis].text):
            return mismatch
        before = f"should be {mismatch.expected}"
        return replace(mismatch, reason=mismatch.reason.replace(before, f"should be {text}={mismatch.expected}", 1))

    # --- messages and results

    def as_written(self, typ: Type) -> Type:
        """The type with `{n}` for the sizes that the call's arguments give."""

        def braces(symbol: Symbol, defaults: Mapping[str, int]) -> Dim | None:
            is_own = symbol.kind is Kind.VALUE and symbol.scope == self.owner and not symbol.name.startswith("{")
            return dim(replace(symbol, name=f"{{{symbol.name}}}")) if is_own else None

        return interpolations.fill(typ, braces, Reader(self.chk).named)

    def value(self, symbol: Symbol, defaults: Mapping[str, int]) -> Dim | None:
        """The size of an int parameter that a shape string mentions as `{n}`; None for other symbols."""
        if symbol.kind is not Kind.VALUE:
            return None
        if symbol.name.startswith("{") and self.signature.is_type_obj():  # the fields of a dataclass
            return self._evaluated(symbol.name[1:-1], interpolations.field_defaults(self.signature.type_object()))
        if symbol.scope == self.owner:
            return self._evaluated(symbol.name, defaults)
        definition = self.signature.definition
        function = definition.func if isinstance(definition, Decorator) else definition
        own = {info.fullname for info in function.info.mro} if isinstance(function, FuncDef) and function.info else set()
        return UNKNOWN_DIM if symbol.scope in own and not self.on_self else None  # another object's `self.k`
