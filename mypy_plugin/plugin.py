"""The plugin class: which hook answers which name. Every lookup is a dict access or two; the work is in the hooks."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from functools import cache, lru_cache, wraps
from typing import Any, cast

from mypy.nodes import MypyFile, SymbolNode, TypeAlias, TypeInfo
from mypy.options import Options
from mypy.plugin import (
    AnalyzeTypeContext,
    AttributeContext,
    ClassDefContext,
    FunctionContext,
    FunctionSigContext,
    MethodContext,
    MethodSigContext,
    Plugin,
    ReportConfigContext,
)
from mypy.semanal import SemanticAnalyzer
from mypy.typeanal import TypeAnalyser
from mypy.types import AnyType, CallableType, FunctionLike, Instance, Type, TypeOfAny, UnionType, get_proper_type

from mypy_plugin import (
    aliases,
    ascriptions,
    attributes,
    binding,
    branches,
    buffers,
    calls,
    carriers,
    classes,
    conditions,
    containers,
    decorators,
    expansions,
    held,
    integers,
    lambdas,
    layers,
    lenient,
    lists,
    loosening,
    narrowing,
    operations,
    partials,
    results,
    returns,
    rows,
    scans,
    transforms,
    undeclared,
    unsettling,
    updates,
    wrapping,
)
from mypy_plugin import (
    annotations as reading,
)
from mypy_plugin.config import load_rules, settings
from mypy_plugin.erasure import without_shapes
from mypy_plugin.gate import Gate
from mypy_plugin.names import (
    CONTAINERS,
    GENERATOR,
    GENERIC_ARRAYS,
    JAX_ARRAY,
    NNX_VARIABLE,
    SEQUENTIAL,
    SHAPED_CLASSES,
    STATIC,
    layer_rule,
)
from mypy_plugin.shield import shielded
from mypy_plugin.values import Reader
from mypy_plugin.version import fingerprint, rules_digest

_INT_METHODS = frozenset(f"__{prefix}{name}__" for prefix in ("", "r") for name in ("add", "sub", "mul", "floordiv", "mod"))
_LIBRARIES = (
    *operations.LIBRARY_MODULES,
    "builtins.",
    "typing.",
    "collections.",
    "functools.",
    "ctypes.",
    "enum.",
)  # mypy has hooks of its own


_MOST_NAMES = 65536


def by_name[L: Callable[..., Any]](find: L) -> L:
    """A lookup that goes by the name and our tables alone, done once for each name."""

    @wraps(find)
    def look_up(plugin: ShapecheckPlugin, fullname: str) -> Any:
        known = plugin.found[find]
        if len(known) > _MOST_NAMES:  # a daemon sees names without end: some are made for one call
            known.clear()
        if fullname not in known:
            known[fullname] = find(plugin, fullname)
        return known[fullname]

    return cast("L", look_up)


class ShapecheckPlugin(Plugin):
    """Shapes and dtypes in mypy's own types."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        if settings().allow_redefinition:
            options.allow_redefinition = options.local_partial_types = True
        load_rules(settings().rules)
        unsettling.begin(settings().unsettled_dtypes)
        self.sees_trees = False  # stays so in a worker of `mypy -n`, which gets its trees from another process
        self.gate = Gate(attributes.is_untyped_method)
        self.found: defaultdict[object, dict[str, Any]] = defaultdict(dict)

    # --- semantic analysis

    def get_additional_deps(self, file: MypyFile) -> list[tuple[int, str, int]]:
        """Brings our stub of dtype and size classes into the build, for everything but the standard library."""
        self.sees_trees = True
        root = file.fullname.partition(".")[0]
        foundation = root in sys.stdlib_module_names or root in _FOUNDATIONS
        if not foundation and f"{root}." not in _LIBRARIES:
            aliases.preserve(file)
            if buffers.declare(file):
                self.gate.told.add(file.path)
            unsettling.read(file.path)
        if file.fullname in undeclared.MODULES:
            undeclared.declare(file)
        return [] if foundation or file.fullname == STATIC else [(10, STATIC, -1)]

    @by_name
    def get_customize_class_mro_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        hook = classes.hook_for(fullname, of_user=not _is_library(fullname))
        return shielded(hook, lambda ctx: None) if hook is not None else None

    def get_type_analyze_hook(self, fullname: str) -> Callable[[AnalyzeTypeContext], Type] | None:
        if _is_plain(fullname):
            return None
        if fullname in ("typing.Annotated", "typing_extensions.Annotated"):
            return self._annotation
        if fullname == "jaxtyping.PyTree":
            return self._tree
        if fullname == JAX_ARRAY:
            return self._jax_array
        if fullname in SHAPED_CLASSES:
            return self._array(fullname)
        symbol = self.lookup_fully_qualified(fullname)
        node = symbol.node if symbol is not None else None
        if isinstance(node, TypeAlias) and aliases.is_shape_alias(node):
            return lambda ctx: aliases.hook(ctx, node)
        return None

    def _array(self, fullname: str) -> Callable[[AnalyzeTypeContext], Type] | None:
        symbol = self.lookup_fully_qualified(fullname)
        info = symbol.node if symbol is not None else None
        if not isinstance(info, TypeInfo):
            return None
        return (lambda ctx: _plain_array(ctx, info)) if self.sees_trees else (lambda ctx: aliases.array_in_alias(ctx, info))

    def _tree(self, ctx: AnalyzeTypeContext) -> Type:
        return shielded(carriers.pytree, lambda ctx: AnyType(TypeOfAny.special_form))(ctx)

    def _jax_array(self, ctx: AnalyzeTypeContext) -> Type:
        """`jax.Array`, or one of the names that jaxtyping has for it."""
        analyser, symbol = ctx.api, self.lookup_fully_qualified(JAX_ARRAY)
        assert isinstance(analyser, TypeAnalyser)
        assert symbol is not None
        assert isinstance(symbol.node, TypeInfo)
        if (named := carriers.named_array(ctx, symbol.node, reading.module_of(analyser))) is not None:
            return named
        return _plain_array(ctx, symbol.node) if self.sees_trees else aliases.array_in_alias(ctx, symbol.node)

    def _annotation(self, ctx: AnalyzeTypeContext) -> Type:
        analyser = getattr(ctx.api, "api", None)
        if isinstance(analyser, SemanticAnalyzer):
            self.gate.ensure(analyser.errors)
            if _takes_patches(analyser):
                binding.schedule(analyser)
                conditions.schedule(analyser)
        return shielded(reading.analyze, reading.plain)(ctx)

    # --- checking

    @by_name
    def get_function_signature_hook(self, fullname: str) -> Callable[[FunctionSigContext], FunctionLike] | None:
        if fullname == "builtins.isinstance":
            return shielded(narrowing.accept_annotations, lambda ctx: ctx.default_signature)
        if fullname == scans.SCAN:
            return shielded(scans.accept_scan, lambda ctx: ctx.default_signature)
        return None if fullname.startswith(_LIBRARIES) else _LOOSEN

    @by_name
    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        if fullname.endswith(".__call__") and not fullname.startswith("functools."):
            return self._module_signature
        if fullname in lists.ITEMS or fullname in lists.MANY:
            return _WITHOUT_SHAPES
        return None if fullname.startswith(_LIBRARIES) else _LOOSEN

    @by_name
    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        if (rule := operations.function(fullname)) is not None:
            return self._checked(rule)
        if layer_rule(fullname) is not None:
            return self._checked(layers.construct)
        if (name := operations.PROTOCOLS.get(fullname)) is not None:
            return self._checked(lambda ctx: operations.protocol(ctx, name))
        if fullname in rows.FUNCTIONS:
            return self._checked(lambda ctx: rows.through(ctx, Reader(operations.checker(ctx.api))))
        if fullname in CONTAINERS:
            return self._checked(containers.construct)
        if fullname in GENERIC_ARRAYS:
            return self._checked(layers.parameter)
        if fullname in transforms.IDENTITIES or fullname in transforms.CUSTOM or fullname in transforms.CACHES:
            return self._checked(transforms.identity)
        if (make := transforms.TRANSFORMS.get(fullname)) is not None:
            return self._checked(lambda ctx: transforms.transform(ctx, make))
        if fullname in transforms.OPAQUE:
            return self._checked(transforms.opaque)
        if fullname == scans.SCAN:
            return self._checked(scans.scan)
        if (flow := branches.HOOKS.get(fullname)) is not None:
            return self._checked(flow)
        if fullname.startswith(transforms.FACTORY):
            return self._checked(lambda ctx: transforms.produce(ctx, fullname))
        if fullname.startswith(lambdas.PREFIX):
            return self._checked(lambda ctx: lambdas.settle(ctx, fullname))
        if fullname == partials.PARTIAL:
            return shielded(partials.construct, _same_return)
        if fullname == ascriptions.NAME:
            return self._checked(calls.settle_annotation)
        if fullname == conditions.GUARD:
            return self._checked(narrowing.settle)
        if fullname == wrapping.NAME:
            return self._checked(returns.settle)
        if fullname == expansions.NAME:
            return self._checked(expansions.settle)
        if fullname.startswith("einops.") or fullname in operations.FOLDS:
            return self._checked(operations.forget)
        return None if fullname.startswith(_LIBRARIES) else self._checked(self._settle(fullname))

    def _settle(self, fullname: str) -> Callable[[FunctionContext], Type]:
        def find() -> SymbolNode | None:
            symbol = self.lookup_fully_qualified(fullname)
            return symbol.node if symbol is not None else None

        return lambda ctx: decorators.settle(ctx, find)

    @by_name
    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        owner, _, name = fullname.rpartition(".")
        if fullname == partials.PARTIAL_CALL:
            return lambda ctx: self._told(ctx, shielded(partials.call_partial, _same_return)(ctx), ctx.default_return_type)
        if fullname in transforms.IDENTITIES:
            return self._checked(transforms.identity)
        if name == "__call__" and not fullname.startswith("functools."):
            return self._checked(_run_sequential if owner == SEQUENTIAL else layers.call)
        if owner in CONTAINERS:
            return self._checked(containers.item)
        if fullname == "numpy.ndarray.tolist":
            return lambda ctx: AnyType(TypeOfAny.special_form)  # numpy's stubs are exact where we know the rank, else `Any`
        if owner in ("builtins.int", f"{STATIC}.Size"):
            return self._checked(integers.arithmetic) if name in _INT_METHODS else None
        if fullname in lists.ITEMS or fullname in lists.MANY:
            return self._checked(lambda ctx: lists.put(ctx, fullname in lists.MANY, operations.checker(ctx.api)))
        if owner == updates.OWNER:
            return self._checked(updates.update)
        if owner == GENERATOR:
            rule = operations.function(fullname)
            return None if rule is None else self._checked(rule)
        if operations.is_array_method(name):
            return self._checked(_array_method(name))
        return None if fullname.startswith(_LIBRARIES) else self._checked(calls.settle_call)

    @by_name
    def get_attribute_hook(self, fullname: str) -> Callable[[AttributeContext], Type] | None:
        if operations.is_array_method(fullname.rpartition(".")[2]):
            return self._attribute(_attribute)
        if held.is_layers(fullname):
            return self._attribute(held.read)
        ours = not fullname.startswith(_LIBRARIES) or results.is_result(fullname)
        return self._attribute(attributes.read) if ours else None

    def _module_signature(self, ctx: MethodSigContext) -> FunctionLike:
        signature = _MODULE_SIGNATURE(ctx)
        if signature is not ctx.default_signature and _returns_any(ctx.default_signature):
            self.gate.told.add(operations.checker(ctx.api).path)
        return signature

    def _checked[C: FunctionContext | MethodContext](self, hook: Callable[[C], Type]) -> Callable[[C], Type]:
        def call(ctx: C) -> Type:
            if operations.in_library(ctx.api):
                return ctx.default_return_type
            self.gate.watch(operations.checker(ctx.api))
            return self._told(ctx, shielded(hook, _same_return)(ctx), ctx.default_return_type)

        return call

    def _attribute(self, hook: Callable[[AttributeContext], Type]) -> Callable[[AttributeContext], Type]:
        def read(ctx: AttributeContext) -> Type:
            if operations.in_library(ctx.api):
                return ctx.default_attr_type
            self.gate.watch(operations.checker(ctx.api))
            return self._told(ctx, shielded(hook, _same_attribute)(ctx), ctx.default_attr_type)

        return read

    def _told(self, ctx: FunctionContext | MethodContext | AttributeContext, typ: Type, default: Type) -> Type:
        """The type that a hook gives, noted where plain mypy has `Any`, or a function whose results are `Any`."""
        if typ is not default and (isinstance(default, AnyType) or lenient.is_transformed(typ)):
            self.gate.told.add(operations.checker(ctx.api).path)
        return typ

    # --- caching

    def report_config_data(self, ctx: ReportConfigContext) -> Any:
        """mypy's cache of a module is stale when our version or rule tables change; cached modules are read here."""
        if ctx.is_check and not f"{ctx.id}.".startswith(_LIBRARIES):
            unsettling.read(ctx.path)
        return [fingerprint(), rules_digest(settings().rules), *settings().unsettled_dtypes]


@lru_cache(maxsize=65536)
def _is_library(fullname: str) -> bool:
    """Whether a thing is of an array library or of Python's own."""
    return fullname.startswith(_LIBRARIES) or fullname.partition(".")[0] in sys.stdlib_module_names


_READ = frozenset(["typing.Annotated", "typing_extensions.Annotated", JAX_ARRAY, *SHAPED_CLASSES])


@lru_cache(maxsize=65536)
def _is_plain(fullname: str) -> bool:
    """Whether a library's type is one that mypy reads alone."""
    return _is_library(fullname) and fullname not in _READ


def _plain_array(ctx: AnalyzeTypeContext, info: TypeInfo) -> Type:
    """An array class as mypy analyses it; the user's module may test what such arrays are."""
    analyser = ctx.api
    assert isinstance(analyser, TypeAnalyser)
    semantic = analyser.api
    if isinstance(semantic, SemanticAnalyzer) and _takes_patches(semantic) and not semantic.cur_mod_id.startswith(_LIBRARIES):
        conditions.schedule(semantic)
    return analyser.analyze_type_with_type_info(info, ctx.type.args, ctx.type, False)


def _takes_patches(analyser: SemanticAnalyzer) -> bool:
    """Whether a module is being analysed: mypy also analyses bounds of type parameters when it checks a class."""
    return hasattr(analyser, "patches")


_FOUNDATIONS = frozenset(["mypy_extensions", "typing_extensions", "_typeshed"])


def _same_signature(ctx: FunctionSigContext | MethodSigContext) -> FunctionLike:
    return ctx.default_signature


def _of_signature[C: FunctionSigContext | MethodSigContext](hook: Callable[[C], FunctionLike]) -> Callable[[C], FunctionLike]:
    """A hook of signatures that leaves the bodies of libraries alone."""
    guarded = shielded(hook, _same_signature)
    return lambda ctx: ctx.default_signature if operations.in_library(ctx.api) else guarded(ctx)


_LOOSEN = _of_signature(loosening.loosen)
_WITHOUT_SHAPES = _of_signature(lambda ctx: without_shapes(ctx.default_signature))
_MODULE_SIGNATURE = _of_signature(layers.signature)


def _same_return(ctx: FunctionContext | MethodContext) -> Type:
    return ctx.default_return_type


def _same_attribute(ctx: AttributeContext) -> Type:
    return ctx.default_attr_type


def _returns_any(function: FunctionLike) -> bool:
    return isinstance(function, CallableType) and isinstance(get_proper_type(function.ret_type), AnyType)


def _run_sequential(ctx: MethodContext) -> Type:
    owner = get_proper_type(ctx.type)
    return containers.run(ctx, owner) if isinstance(owner, Instance) else ctx.default_return_type


@cache
def _array_method(name: str) -> Callable[[MethodContext], Type]:
    """The hook of one method name: user methods of that name on other classes are calls like any other."""

    def hook(ctx: MethodContext) -> Type:
        proper = get_proper_type(ctx.type)
        if isinstance(proper, Instance) and operations.is_array(proper):
            return operations.method(ctx, name)
        if isinstance(proper, Instance) and ctx.args and proper.type.has_base(NNX_VARIABLE):
            return operations.forget(ctx)
        return calls.settle_call(ctx)

    return hook


def _attribute(ctx: AttributeContext) -> Type:
    """An attribute named like one of arrays: a class of the user may have one too."""
    return operations.attribute(ctx) if _is_array(ctx.type) else attributes.read(ctx)


def _is_array(typ: Type) -> bool:
    """Whether something is an array, or one of several things of which some are."""
    proper = get_proper_type(typ)
    if isinstance(proper, UnionType):
        return any(map(_is_array, proper.items))
    return isinstance(proper, Instance) and operations.is_array(proper)


def plugin(version: str) -> type[Plugin]:
    """mypy's entry point; `version` is mypy's."""
    return ShapecheckPlugin
