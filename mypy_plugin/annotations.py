"""Reads jaxtyping annotations: `Float[Tensor, "b *s 2*d"]` becomes an array type with shape and dtype.

Second phase: mypy's type analyser calls `analyze` for every `typing.Annotated`, which is what jaxtyping's classes are
to a type checker. Names become type variables that nobody has bound yet (`encode.FREE`); `binding` ties them to their
signature afterwards. A name that is a type parameter in scope (PEP 695) is that parameter.
"""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Callable, Mapping
from zlib import crc32

from mypy.errorcodes import VALID_TYPE, ErrorCode
from mypy.nodes import Context, Import, ImportFrom, MypyFile, PlaceholderNode, Var
from mypy.plugin import AnalyzeTypeContext
from mypy.semanal import SemanticAnalyzer
from mypy.typeanal import TypeAnalyser
from mypy.types import (
    AnyType,
    Instance,
    ProperType,
    RawExpressionType,
    TupleType,
    Type,
    TypeOfAny,
    TypeVarId,
    TypeVarTupleType,
    TypeVarType,
    UnboundType,
    UnionType,
    UnpackType,
    get_proper_type,
)
from mypy.util import correct_relative_import

from mypy_plugin import codes
from mypy_plugin.carriers import carry
from mypy_plugin.encode import (
    NamedTypes,
    array_instance,
    array_type,
    dim_type,
    dtype_type,
    dtypes_of,
    is_wide,
    library_of,
    literal,
    shape_of,
    shape_type,
    sharp_run,
    tuple_type,
)
from mypy_plugin.names import DUCK, GENERIC_ARRAYS, LIKE, NDARRAY, SHARP, WIDE
from mypy_plugin.symbols import FREE, FREE_MARK, free_id, symbol_of
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Kind, Symbol, dim, extremum
from shapecheck.core.dtype import CLASSES, DTypes, class_name
from shapecheck.core.grammar import Axis, Expression, Name, ShapeSyntaxError, Size, lint_shape, parse_shape
from shapecheck.core.shape import ANY_SHAPE
from shapecheck.core.value import Array

_SCALARS = frozenset(["builtins.bool", "builtins.int", "builtins.float", "builtins.complex"])


def analyze(ctx: AnalyzeTypeContext) -> Type:
    """The type of `Annotated[...]` as written: ours for jaxtyping's classes, mypy's own meaning otherwise."""
    written, analyser = ctx.type, ctx.api
    assert isinstance(analyser, TypeAnalyser)
    name = jaxtyping_class(written.name, module_of(analyser))
    if name is not None and len(written.args) != 2:
        if _is_rebound(written.name, analyser):
            return AnyType(TypeOfAny.special_form)
        _fail(analyser, _incomplete(written, name), written)
        return AnyType(TypeOfAny.from_error)
    if len(written.args) < 2:
        what = "Annotated[...] must have exactly one type argument and at least one annotation"
        analyser.fail(what, written, code=VALID_TYPE)
        return AnyType(TypeOfAny.from_error)
    if name is None:
        return analyser.anal_type(written.args[0])
    text = shape_text(written.args[1])
    if text is not None and (nested := _nested(written.args[0], module_of(analyser))) is not None:
        inner_written, inner_name, inner_text = nested
        both = CLASSES[name] & CLASSES[inner_name]
        if not both.names:
            _fail(analyser, f"no dtype is in both {name} and {inner_name}", written)
        base = analyser.anal_type(inner_written)
        return Reader(analyser, written).annotated(base, both if both.names else CLASSES[name], f"{text} {inner_text}")
    base = analyser.anal_type(written.args[0])
    if text is None and _is_no_string(written.args[1], analyser):
        _fail(analyser, "the shape must be a string", written.args[1])
        return base
    return Reader(analyser, written).annotated(base, CLASSES[name], text if text is not None else "...")


def _is_rebound(written: str, analyser: TypeAnalyser) -> bool:
    """Whether a name comes from a module of the user's that assigns it: `Float = ForTensors(jaxtyping.Float)`.

    mypy keeps what such a module imported; what `Float["b n"]` is there, we do not know.
    """
    module, api = module_of(analyser), analyser.api
    source, _, name = (imported(written, module) or "").rpartition(".")
    home = api.modules.get(source) if isinstance(api, SemanticAnalyzer) else None
    return any(_assigns(each.path, name) for each in (home, module) if each is not None)


def _assigns(path: str, name: str) -> bool:
    """Whether a module assigns a name, by its source: mypy forgets the trees of modules that it has checked."""
    linecache.checkcache(path)
    return any(line.startswith(name) and re.match(rf"{name}\s*=(?!=)", line) for line in linecache.getlines(path))


def _is_no_string(written: Type, analyser: TypeAnalyser) -> bool:
    """Whether a shape is written that certainly is no string: a variable, an f-string or a call may be one."""
    match written:
        case RawExpressionType(literal_value=value):
            return value is not None
        case UnboundType(name=name, args=()):
            symbol = analyser.api.lookup_qualified(name, written, suppress_errors=True)
            return symbol is None or not isinstance(symbol.node, Var | PlaceholderNode)
        case _:
            return True


def _incomplete(written: UnboundType, name: str) -> str:
    """What is wrong with `Float["b c"]`, `Float[Tensor]` and `Float[Tensor, "b", "c"]`."""
    if len(written.args) > 2:
        return f'{name} takes an array type and one string; write all axes in it, as in {name}[Tensor, "b c"]'
    text = shape_text(written.args[0]) if written.args else None
    if text is not None and not (text.isidentifier() and text[0].isupper()):
        return f'{name}["{text}"] has no array type; write {name}[Tensor, "{text}"] or {name}[Array, "{text}"]'
    return f'{name} takes an array type and a shape; write {name}[Tensor, "..."] for any shape'


def _nested(written: Type, module: MypyFile | None) -> tuple[Type, str, str] | None:
    """The array type, class and shape of an annotation that stands as the array type of another."""
    if not isinstance(written, UnboundType) or len(written.args) != 2:
        return None
    name, text = jaxtyping_class(written.name, module), shape_text(written.args[1])
    if name is None or text is None:
        return None
    deeper = _nested(written.args[0], module)
    if deeper is None:
        return written.args[0], name, text
    array, inner_name, inner_text = deeper
    both = CLASSES[name] & CLASSES[inner_name]
    return array, class_name(both) if both.names else name, f"{text} {inner_text}"


def plain(ctx: AnalyzeTypeContext) -> Type:
    """`Annotated` without us: the type of its first argument."""
    return ctx.api.analyze_type(ctx.type.args[0]) if ctx.type.args else AnyType(TypeOfAny.from_error)


def module_of(analyser: TypeAnalyser) -> MypyFile | None:
    """The module whose annotations are being analysed."""
    api = analyser.api
    return api.cur_mod_node if isinstance(api, SemanticAnalyzer) else None


def jaxtyping_class(written: str, module: MypyFile | None) -> str | None:
    """The jaxtyping dtype class that a written name means in a module, through import aliases; None for others."""
    head, _, attribute = written.rpartition(".")
    target = _imports(module).get(head or written) if module is not None else None
    if target is None:
        last = attribute or written
        return last if last in CLASSES else None
    if target.split(".")[0] in ("typing", "typing_extensions"):
        return None
    last = attribute if head else target.rpartition(".")[2]
    return last if last in CLASSES else None


def imported(written: str, module: MypyFile | None) -> str | None:
    """The full name of what a written name was imported as, None for names that were not."""
    head, _, attribute = written.rpartition(".")
    target = _imports(module).get(head or written) if module is not None else None
    return f"{target}.{attribute}" if target is not None and head else target


_import_cache: dict[int, tuple[MypyFile, dict[str, str]]] = {}


def _imports(module: MypyFile) -> Mapping[str, str]:
    """Local names of a module's imports with what they import. Kept per module object: the daemon makes new ones."""
    cached = _import_cache.get(id(module))
    if cached is None or cached[0] is not module:
        if len(_import_cache) > 256:
            _import_cache.clear()
        cached = _import_cache[id(module)] = (module, dict(_imported_names(module)))
    return cached[1]


def _imported_names(module: MypyFile) -> list[tuple[str, str]]:
    names: list[tuple[str, str]] = []
    for statement in module.imports:
        match statement:
            case ImportFrom(id=written, relative=dots, names=imported):
                source, _ = correct_relative_import(module.fullname, dots, written, module.is_package_init_file())
                names += [(alias or name, f"{source}.{name}") for name, alias in imported]
            case Import(ids=modules):
                names += [(alias or name, name) for name, alias in modules]
    return names


def shape_text(written: Type) -> str | None:
    """The text of a string in an annotation: a raw expression, or a word that mypy took for a forward reference."""
    match written:
        case RawExpressionType(literal_value=str() as text):
            return text
        case UnboundType(original_str_expr=str() as text) | UnionType(original_str_expr=str() as text):
            return text
        case _:
            return None


def _fail(analyser: TypeAnalyser, message: str, context: Context, code: ErrorCode = codes.ANNOTATION) -> None:
    analyser.fail(message, context, code=code)


class Reader:
    """Turns one annotation into a type. Keeps what every step needs: the analyser and the place."""

    def __init__(self, analyser: TypeAnalyser, written: UnboundType) -> None:
        self.analyser = analyser
        self.written = written
        self.named: NamedTypes = analyser.named_type

    def annotated(self, base: Type, dtypes: DTypes, text: str) -> Type:
        """The type of `Class[base, "text"]`."""
        try:
            spec = parse_shape(text)
        except ShapeSyntaxError as error:
            self.report(error)
            return base
        for fault in lint_shape(text):
            self.report(fault)
        items = [item for axis in spec.axes for item in [self.axis(axis)]]
        return self.shaped(base, dtypes, items)

    def report(self, fault: ShapeSyntaxError) -> None:
        """A malformed shape string, at the column of the word that is wrong."""
        place = Context(self.written.args[1].line, self.written.args[1].column + 1 + fault.column)
        _fail(self.analyser, str(fault), place)

    def shaped(self, base: Type, dtypes: DTypes, items: list[Type]) -> Type:
        """The array type(s) in `base` with these axes in front of their own."""
        proper = get_proper_type(base)
        if isinstance(proper, UnionType):
            return UnionType.make_union([self.shaped(item, dtypes, items) for item in proper.items])
        if isinstance(proper, TypeVarType):
            return carry(LIKE, [proper, dtype_type(dtypes, self.named), self.shape(items)], self.analyser)
        if isinstance(proper, AnyType) and proper.type_of_any == TypeOfAny.explicit:
            return carry(DUCK, [dtype_type(dtypes, self.named), self.shape(items)], self.analyser)
        instance = array_instance(proper) if isinstance(proper, Instance) else None
        if instance is None:
            return base
        if instance.type.fullname not in GENERIC_ARRAYS and instance.type.fullname != NDARRAY:
            return base  # a subclass of an array class has no place for a shape
        return self.array(instance, dtypes, items)

    def array(self, instance: Instance, dtypes: DTypes, items: list[Type]) -> Instance:
        """`instance` with a shape and a dtype; a nested annotation's axes follow ours, its dtypes are intersected."""
        old_dtype, old_shape = (instance.args[1], instance.args[0]) if instance.type.fullname == NDARRAY else instance.args
        nested = get_proper_type(old_shape)
        own = self.written.args[0]
        subscripted = isinstance(own, UnboundType) and bool(own.args)  # `ndarray[...]`: only the class counts
        inner = list(nested.items) if isinstance(nested, TupleType) and not subscripted else []
        both = dtypes & dtypes_of(old_dtype) if inner else dtypes
        if not both.names:
            _fail(self.analyser, f"no dtype is in both {class_name(dtypes)} and {class_name(dtypes_of(old_dtype))}", self.written)
            both = dtypes
        bare = array_type(instance, Array(ANY_SHAPE, both, library_of(instance)), self.named)
        args = list(bare.args)
        if instance.type.fullname == NDARRAY and is_wide(both):  # `Any` to numpy's stubs, but a call can be checked
            args[1] = self.named("numpy.dtype", [carry(WIDE, [dtype_type(both, self.named)], self.analyser)])
        args[0 if instance.type.fullname == NDARRAY else 1] = self.shape(items + inner)
        result = instance.copy_modified(args=args)
        result.set_line(self.written)
        return result

    def shape(self, items: list[Type]) -> ProperType:
        if len(items) == 1 and isinstance(items[0], UnpackType) and isinstance(get_proper_type(items[0].type), Instance):
            if shape_of(tuple_type(items, self.named)).items[0] == ANY_SHAPE.items[0]:
                return shape_type(ANY_SHAPE, self.named)
        return tuple_type(items, self.named)

    def axis(self, axis: Axis) -> Type:
        """The type of one axis inside a shape."""
        if axis.variadic:
            return self.run(axis)
        if axis.anonymous or axis.treepath:
            return self.named("builtins.int", [])
        size = self.size(axis)
        return self.named(SHARP, [size]) if axis.broadcast else size

    def run(self, axis: Axis) -> Type:
        if axis.anonymous or not isinstance(axis.term, Name) or axis.treepath:
            return UnpackType(self.named("builtins.tuple", [self.named("builtins.int", [])]))
        variable = self.run_variable(axis.term.name)
        return UnpackType(sharp_run(variable, self.named) if axis.broadcast else variable)

    def size(self, axis: Axis) -> Type:
        match axis.term:
            case Size(size):
                return literal(size, self.named)
            case Name(name):
                return self.variable(name)
            case Expression() as expression:
                return dim_type(self.expression(expression), self.named)

    def variable(self, name: str) -> TypeVarType:
        """The type variable of a name: a type parameter in scope, else one that `binding` will bind."""
        return self.parameter(name) or free_variable(name, self.named)

    def parameter(self, name: str) -> TypeVarType | None:
        scope = self.analyser.tvar_scope
        while scope is not None:
            for variable in scope.scope.values():
                if variable.name == name and isinstance(variable, TypeVarType) and _is_int(variable.upper_bound):
                    return variable
            scope = scope.parent
        return None

    def run_variable(self, name: str) -> TypeVarTupleType:
        return free_run(name, self.named)

    def expression(self, expression: Expression) -> Dim:
        """The dim of a symbolic axis, unknown where it is no polynomial of names."""
        if expression.tree is None:
            return UNKNOWN_DIM
        placeholders = {f"_interp{i}": source for i, source in enumerate(expression.interpolations)}
        return _evaluate(expression.tree, lambda name: self.leaf(name, placeholders))

    def leaf(self, name: str, placeholders: Mapping[str, str]) -> Dim:
        if (source := placeholders.get(name)) is not None:
            return interpolation(source)
        return dim(symbol_of(self.variable(name)))


def interpolation(source: str) -> Dim:
    """The size that `{source}` stands for: an int of the call, known by its text until somebody knows better."""
    return dim(Symbol("{" + source + "}", "", Kind.VALUE))


def _is_int(typ: Type) -> bool:
    proper = get_proper_type(typ)
    return isinstance(proper, Instance) and proper.type.fullname == "builtins.int"


def free_variable(name: str, named: NamedTypes) -> TypeVarType:
    """A dim's type variable that no signature has bound."""
    bound = named("builtins.int", [])
    return TypeVarType(name + FREE_MARK, name, free_id(name), [], bound, bound)


def free_run(name: str, named: NamedTypes) -> TypeVarTupleType:
    """A variadic part's type variable that no signature has bound."""
    top = named("builtins.tuple", [named("builtins.int", [])])
    return TypeVarTupleType(name + FREE_MARK, f"*{name}", TypeVarId(FREE - crc32(f"*{name}".encode())), top, top, UnpackType(top))


BINARY: Mapping[type[ast.operator], Callable[[Dim, Dim], Dim]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}


def _evaluate(node: ast.expr, leaf: Callable[[str], Dim]) -> Dim:
    match node:
        case ast.Constant(value=int() as size) if not isinstance(size, bool):
            return dim(size)
        case ast.Name(id=name):
            return leaf(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand, leaf)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _evaluate(operand, leaf)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as exponent)) if 0 <= exponent <= 8:
            return _evaluate(left, leaf) ** exponent
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return BINARY[type(op)](_evaluate(left, leaf), _evaluate(right, leaf))
        case ast.Call(func=ast.Name(id="min" | "max" as function), args=args, keywords=[]) if len(args) > 1:
            return extremum(function, [_evaluate(arg, leaf) for arg in args])
        case _:
            return UNKNOWN_DIM
