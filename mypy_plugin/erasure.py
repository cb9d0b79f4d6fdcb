"""Types without their shapes and dtypes: what plain mypy would see."""

from __future__ import annotations

from mypy.type_visitor import TypeTranslator
from mypy.types import CallableType, Instance, Type, TypeAliasType

from mypy_plugin.encode import ANY
from mypy_plugin.names import SHAPED_CLASSES, SIZE
from mypy_plugin.symbols import is_dim


class _Erase(TypeTranslator):
    def visit_instance(self, t: Instance, /) -> Type:
        if t.type.fullname in SHAPED_CLASSES:
            return t.copy_modified(args=[ANY] * len(t.args))
        if t.type.fullname == SIZE:
            return t.type.bases[0]
        return super().visit_instance(t) if t.args else t

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        return t


def erased(typ: Type) -> Type:
    """The type with arrays of any shape and dtype, and ints of any size."""
    return typ.accept(_Erase())


def without_shapes(signature: CallableType) -> CallableType:
    """The signature with arrays of any shape, and no shape names among its type variables."""
    eraser = _Erase()
    return signature.copy_modified(
        arg_types=[typ.accept(eraser) for typ in signature.arg_types],
        ret_type=signature.ret_type.accept(eraser),
        variables=[v for v in signature.variables if not is_dim(v)],
    )
