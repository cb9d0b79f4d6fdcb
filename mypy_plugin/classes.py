"""Array and layer classes become generic, with PEP 696 defaults that mean unknown.

First phase: mypy's semantic analyser calls `customize` for the classes of `names` before it analyses their bodies. A
bare `Tensor` then is `Tensor[Shaped, tuple[int, ...]]`, also under `--strict`. Unknown is the top type, never `Any`:
with `Any`, mypy narrows a rebound variable back to the union of all its earlier shapes.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.nodes import COVARIANT, ClassDef, Decorator, FuncDef, OverloadedFuncDef
from mypy.plugin import ClassDefContext
from mypy.types import CallableType, Instance, Type, TypeVarId, TypeVarLikeType, TypeVarType, UnboundType, get_proper_type

from mypy_plugin.names import CONTAINERS, GENERIC_ARRAYS, STATIC, TENSOR_BASE, layer_rule
from mypy_plugin.origins import record_attributes
from shapecheck.rules import layer

DTYPE, SHAPE = "DType", "Shape"


def hook_for(fullname: str, of_user: bool) -> Callable[[ClassDefContext], None] | None:
    """The hook for a class definition of a user, or of a library's class that gets parameters."""
    if fullname in GENERIC_ARRAYS:
        return make_array
    if fullname == TENSOR_BASE:
        return lambda ctx: _without_self(ctx.cls, "Tensor")
    if fullname in CONTAINERS:
        return make_container
    if layer_rule(fullname) is not None:
        return make_layer
    return make_own if of_user else None


def make_own(ctx: ClassDefContext) -> None:
    """A class of the user's: what its attributes are assigned from is noted, its sizes may be left out."""
    record_attributes(ctx.cls)
    default_sizes(ctx)


def make_array(ctx: ClassDefContext) -> None:
    """Adds the dtype and shape parameters, and hands them to a generic base (`Parameter` is a `Tensor`)."""
    info = ctx.cls.info
    if info.type_vars:
        return
    _without_self(ctx.cls, ctx.cls.name)
    _add_variables(ctx, {DTYPE: _dtype_top(ctx), SHAPE: _shape_top(ctx)})
    own: list[Type] = list(ctx.cls.type_vars)
    info.bases = [base.copy_modified(args=own) if base.type.fullname in GENERIC_ARRAYS else base for base in info.bases]


def _without_self(definition: ClassDef, name: str) -> None:
    """Has methods return an array, where the library says `Self`: that would be one of the same shape, also as an item of itself."""
    for statement in definition.defs.body:
        parts = statement.items if isinstance(statement, OverloadedFuncDef) else [statement]
        for part in parts:
            function = part.func if isinstance(part, Decorator) else part
            if isinstance(function, FuncDef) and isinstance(function.type, CallableType):
                function.type = function.type.copy_modified(ret_type=_renamed(function.type.ret_type, name))
                function.unanalyzed_type = function.type


def _renamed(written: Type, name: str) -> Type:
    """An annotation that mypy has not analysed yet, with a name in place of `Self`."""
    if not isinstance(written, UnboundType):
        return written
    if written.name.rpartition(".")[2] == "Self":
        return UnboundType(name, line=written.line, column=written.column)
    return written.copy_modified(args=[_renamed(argument, name) for argument in written.args])


def make_container(ctx: ClassDefContext) -> None:
    """Adds the parameter for the modules that a container holds; unknown is any module."""
    if not ctx.cls.info.type_vars:
        _add_variables(ctx, {CONTAINERS[ctx.cls.fullname]: _object(ctx)})


def make_layer(ctx: ClassDefContext) -> None:
    """Adds one parameter for each constructor argument that the layer's rule reads."""
    name = layer_rule(ctx.cls.fullname)
    row = layer(name) if name is not None else None
    if row is None or ctx.cls.info.type_vars:
        return
    top = _object(ctx)
    _add_variables(ctx, dict.fromkeys(map(str.title, row.fields), top))


def default_sizes(ctx: ClassDefContext) -> None:
    """An `int` type parameter without a default may be left out: a bare `MLP` is one of unknown sizes."""
    variables = ctx.cls.type_vars
    if any(_is_size(variable) for variable in variables):
        ctx.cls.type_vars = [_defaulted(v, ctx) for v in variables]


def _defaulted(variable: TypeVarLikeType, ctx: ClassDefContext) -> TypeVarLikeType:
    if not _is_size(variable):
        return variable
    return variable.copy_modified(id=variable.id, default=ctx.api.named_type("builtins.int"))


def _is_size(variable: TypeVarLikeType) -> bool:
    bound = get_proper_type(variable.upper_bound)
    return not variable.has_default() and isinstance(bound, Instance) and bound.type.fullname == "builtins.int"


def _add_variables(ctx: ClassDefContext, defaults: dict[str, Type]) -> None:
    info = ctx.cls.info
    bound = _object(ctx)
    ctx.cls.type_vars = [
        TypeVarType(name, f"{info.fullname}.{name}", TypeVarId(index, namespace=info.fullname), [], bound, default, COVARIANT)
        for index, (name, default) in enumerate(defaults.items(), 1)
    ]
    info.type_vars = []
    info.add_type_vars()


def _object(ctx: ClassDefContext) -> Instance:
    return ctx.api.named_type("builtins.object")


def _dtype_top(ctx: ClassDefContext) -> Instance:
    return ctx.api.named_type_or_none(f"{STATIC}.Shaped") or _object(ctx)


def _shape_top(ctx: ClassDefContext) -> Instance:
    return ctx.api.named_type("builtins.tuple", [ctx.api.named_type("builtins.int")])
