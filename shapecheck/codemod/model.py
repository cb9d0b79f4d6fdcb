"""An index of the analysed program: its functions and classes, and what their names mean. Built by `ast` alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from shapecheck.codemod.source import Source
from shapecheck.core.recording import Recording
from shapecheck.core.value import Library

type FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_ALIASES = (
    ("torch.nn.functional.", "F."),
    ("torch.nn.", "nn."),
    ("jax.numpy.", "jnp."),
    ("numpy.", "np."),
)
_LIBRARIES = (("torch", Library.TORCH), ("jax", Library.JAX), ("numpy", Library.NUMPY))
_SKIPPED_DECORATORS = frozenset(["overload", "register", "script", "script_method", "export"])


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method; `scope` names its symbols."""

    node: FunctionNode
    qualname: str
    module: Module = field(repr=False, compare=False)
    owner: str | None = None  # the class it is a method of

    @property
    def scope(self) -> str:
        return f"{self.module.source.path}:{self.qualname}:{self.node.lineno}"

    @property
    def parameters(self) -> list[ast.arg]:
        """The parameters that may hold arrays: no `self`, no `*args`."""
        arguments = self.node.args
        listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        bound = self.owner is not None and "staticmethod" not in decorators(self.node)
        return listed[1:] if bound and listed else listed


@dataclass(slots=True)
class Class:
    """A class: its methods by name."""

    node: ast.ClassDef
    module: Module = field(repr=False)
    methods: dict[str, Function] = field(default_factory=dict)

    @property
    def scope(self) -> str:
        return f"{self.module.source.path}:{self.node.name}:{self.node.lineno}"


@dataclass(slots=True)
class Module:
    """A file: its functions in order, its classes, what it imports under which name, and every other name that it binds."""

    source: Source
    imports: dict[str, str] = field(default_factory=dict)
    functions: list[Function] = field(default_factory=list)
    classes: dict[str, Class] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)

    @property
    def libraries(self) -> list[Library]:
        roots = {target.partition(".")[0] for target in self.imports.values()}
        return [library for name, library in _LIBRARIES if name in roots]

    def resolve(self, expression: ast.expr) -> str | None:
        """The public name of a dotted expression, as rule tables write it: `F.gelu`, `nn.Linear`, `jnp.sum`."""
        dotted = dotted_name(expression)
        if dotted is None:
            return None
        head, _, rest = dotted.partition(".")
        target = self.imports.get(head)
        if target is None:
            return None
        full = f"{target}.{rest}" if rest else target
        return next((full.replace(long, short, 1) for long, short in _ALIASES if full.startswith(long)), full)


@dataclass(slots=True)
class Program:
    """All files of a run. `classes` are by scope; `shared` and `functions` those whose name only one file defines.

    `recording` is what was seen when the program ran.
    """

    modules: list[Module]
    classes: Mapping[str, Class]
    shared: Mapping[str, Class]
    functions: Mapping[str, Function]
    recording: Recording = field(default_factory=Recording)

    def find_class(self, name: str, module: Module) -> Class | None:
        """The class that a name means in a file: its own, or one that it imports."""
        return module.classes.get(name) or (self.shared.get(name) if name in module.imports else None)

    def find_function(self, name: str, module: Module) -> Function | None:
        """The function that a name means in a file: its own, or one that it imports."""
        own = next((each for each in module.functions if each.qualname == name), None)
        return own or (self.functions.get(name) if name in module.imports else None)


def decorators(node: FunctionNode) -> set[str]:
    """The last words of a function's decorators."""
    names = (dotted_name(each.func if isinstance(each, ast.Call) else each) for each in node.decorator_list)
    return {name.rpartition(".")[2] for name in names if name}


def refuses_annotations(node: FunctionNode) -> str | None:
    """Why a function must not be annotated: TorchScript cannot read jaxtyping, `singledispatch` reads annotations."""
    found = decorators(node) & _SKIPPED_DECORATORS
    return f"decorated with {', '.join(sorted(found))}" if found else None


def dotted_name(expression: ast.expr) -> str | None:
    """`a.b.c` as text."""
    match expression:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            head = dotted_name(value)
            return f"{head}.{attribute}" if head else None
        case _:
            return None


def index(sources: Iterable[Source], recording: Recording | None = None) -> Program:
    """The program that the sources make, and what was seen when it ran."""
    modules = [_module(source) for source in sources]
    return Program(
        modules,
        {found.scope: found for module in modules for found in module.classes.values()},
        _unique((name, found) for module in modules for name, found in module.classes.items()),
        _unique((each.qualname, each) for module in modules for each in module.functions if "." not in each.qualname),
        recording or Recording(),
    )


def _unique[T](pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    found: dict[str, list[T]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _module(source: Source) -> Module:
    module = Module(source)
    for node in ast.walk(source.tree):
        match node:
            case ast.Import() | ast.ImportFrom():
                module.imports.update(_imported(node))
            case ast.Name(id=name, ctx=ast.Store()) | ast.ClassDef(name=name):
                module.bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                module.bound.add(name)
            case _:
                pass
    _collect(module, source.tree.body, "", None)
    return module


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{node.module or ''}.{alias.name}"
        elif alias.asname:
            yield alias.asname, alias.name
        else:
            root = alias.name.partition(".")[0]
            yield root, root


def _collect(module: Module, body: Iterable[ast.stmt], prefix: str, owner: Class | None) -> None:
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                function = Function(node, prefix + node.name, module, owner.node.name if owner else None)
                module.functions.append(function)
                if owner is not None:
                    owner.methods[node.name] = function
                _collect(module, node.body, f"{prefix}{node.name}.<locals>.", None)
            case ast.ClassDef():
                found = Class(node, module)
                if not prefix:
                    module.classes[node.name] = found
                _collect(module, node.body, f"{prefix}{node.name}.", found)
            case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
                for field_name in ("body", "orelse", "finalbody"):
                    _collect(module, getattr(node, field_name, []), prefix, owner)
