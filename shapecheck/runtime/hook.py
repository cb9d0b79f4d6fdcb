"""The import hook: every function and class of the named modules is checked, without an edit.

While a module is loaded its syntax tree gets one decorator more: at the bottom of every function or method, `async` ones
too, and at the top of every class, so that generated constructors are included; annotated locals are checked as well
(:mod:`shapecheck.runtime.local_scope`). Functions inside functions are left alone, since they are made anew at every call
of the outer one. Used by users, by the pytest plugin and by the extension of IPython.
"""

import ast
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Final, Self

from shapecheck.runtime.decorator import checked_quietly
from shapecheck.runtime.local_scope import HELPERS, rewrite

__all__ = ["GLOBALS", "InstalledHook", "install_import_hook", "transform"]

_DECORATOR: Final = "__shapecheck_decorator__"
GLOBALS: Final[Mapping[str, object]] = {_DECORATOR: checked_quietly, **HELPERS}


type _Spec = importlib.machinery.ModuleSpec | None


class _Decorate(ast.NodeTransformer):
    """Adds the decorator to functions and classes of a module, and to what classes hold."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.decorator_list.insert(0, _decorator(node))
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        rewrite(node)
        node.decorator_list.append(_decorator(node))
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        rewrite(node)
        node.decorator_list.append(_decorator(node))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node


def transform(tree: ast.Module) -> ast.Module:
    """The same module with everything in it checked; :data:`GLOBALS` must be among its globals."""
    changed = _Decorate().visit(tree)
    assert isinstance(changed, ast.Module)
    return changed


def _decorator(node: ast.stmt) -> ast.expr:
    return ast.copy_location(ast.Name(_DECORATOR, ast.Load()), node)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module with the decorators; bytecode is not cached, so the files of other programs stay as they are."""

    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        tree = transform(ast.parse(self.get_data(path), path))
        code: types.CodeType = compile(tree, path, "exec", dont_inherit=True)
        return code

    def exec_module(self, module: types.ModuleType) -> None:
        vars(module).update(GLOBALS)
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what the other finders find, and changes the loader of the named modules."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not any(fullname == each or fullname.startswith(f"{each}.") for each in self._modules):
            return None
        spec = self._found_by_others(fullname, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec

    def _found_by_others(self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None) -> _Spec:
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(fullname, path, target)) is not None:
                return spec
        return None


class InstalledHook:
    """A hook that is in force until `uninstall`, or until the end of its `with` block."""

    def __init__(self, finder: importlib.abc.MetaPathFinder) -> None:
        self._finder = finder

    def uninstall(self) -> None:
        """Stop; modules that are loaded stay as they are."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.uninstall()


def install_import_hook(modules: str | Sequence[str], typechecker: object = None) -> InstalledHook:
    """Check all functions and classes of modules that are imported from now on.

    Args:
        modules: full names of modules or packages; a package stands for all in it.
        typechecker: ignored; it lets this stand in for `jaxtyping.install_import_hook`.
    """
    names = (modules,) if isinstance(modules, str) else tuple(modules)
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)
    return InstalledHook(finder)
