"""Lines of generated code: blocks, constants, and what a failed test does.

The base of the classes that write a wrapper (:mod:`shapecheck.runtime.compiler`).
"""

import builtins
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from shapecheck.core.grammar import Axis, Name
from shapecheck.runtime.call import UNSET
from shapecheck.runtime.class_sizes import NOWHERE, known_sizes
from shapecheck.runtime.hints import Hint, axes_of, axis_name, names_in
from shapecheck.runtime.names import Locals
from shapecheck.runtime.reference import match
from shapecheck.runtime.scope import Place, Scope
from shapecheck.runtime.signature import Parameter, Spec

__all__ = ["Writer", "is_size"]


class Writer:
    """Writes the source of one wrapper from top to bottom, and keeps the objects it refers to."""

    def __init__(self, spec: Spec, namespace: dict[str, Any]) -> None:
        self._spec = spec
        self._namespace = namespace
        self._prefix = _free_prefix(each.name for each in spec.parameters)
        self._locals = Locals(self._prefix)
        self._lines: list[str] = []
        self._depth = 1
        self._fail = ""
        named = [(axis, axis_name(axis)) for hint in self._hints() for axis in axes_of(hint)]
        self._shared_sizes = self._sizes_of_self()
        self._sizes = {name for axis, name in named if is_size(axis)} | self._shared_sizes.keys()
        self._growing = {name for axis, name in named if _is_growing(axis)}
        self._checked_always = {each.name for each in spec.parameters if _default_fits(each)}
        namespace.update({"__builtins__": builtins, self.name("unset"): UNSET})

    def name(self, word: str) -> str:
        """A name of ours in the generated code."""
        return f"{self._prefix}{word}"

    def _hints(self) -> list[Hint]:
        hints = [each.hint for each in self._spec.parameters]
        return [*hints, self._spec.returns] if self._spec.returns is not None else hints

    def _sizes_of_self(self) -> dict[str, str]:
        """The names that have one value per object, with the keys of these."""
        if self._spec.owner is None:
            return {}
        names = {name for hint in self._hints() for name in names_in(hint)}
        return {name: key for name, key in self._spec.owner.keys.items() if name in names}

    def _recall_sizes(self) -> None:
        """The sizes that `self` has go into their variables; where one is unknown, the reference binds it.

        Dynamo must not see that, as it is no part of the computation: there the sizes are bound for the call alone.
        """
        if not self._shared_sizes:
            return
        instance, sizes = self._spec.parameters[0].name, [("n", name) for name in self._shared_sizes]
        compiling = getattr(sys.modules.get("torch.compiler"), "is_compiling", None)
        traced = f"{self._shared('f', compiling)}()" if compiling is not None else "False"
        known = self._locals.temporary()
        self._line(f"{known} = {self._shared('f', known_sizes)}({instance}, {traced})")
        for key, stored in zip(sizes, self._shared_sizes.values(), strict=True):
            self._line(f"{self._locals.get(key).text} = {known}.get({stored!r}, {self._shared('f', NOWHERE)})[0]")
        unknown = " or ".join(f"{self._locals.get(key).text} is None" for key in sizes)
        self._fail_if(f"({unknown}) and not {traced}")
        if compiling is not None:
            self._locals.maybe(sizes)
        else:
            for key in sizes:
                self._locals.bound(key)

    def _value_of(self, parameter: Parameter) -> str:
        if not parameter.has_default or parameter.name in self._checked_always:
            return parameter.name
        default = self.name(f"d_{parameter.name}")
        return f"({default} if {parameter.name} is {self.name('unset')} else {parameter.name})"

    def _line(self, text: str) -> None:
        self._lines.append("    " * self._depth + text)

    @contextmanager
    def _block(self, head: str) -> Generator[None]:
        self._line(head)
        self._depth += 1
        before = len(self._lines)
        yield
        if len(self._lines) == before:
            self._line("pass")
        self._depth -= 1

    def _fail_if(self, *conditions: str) -> None:
        if conditions:
            with self._block(f"if {' or '.join(conditions)}:"):
                self._line(self._fail)

    def _constant(self, word: str, value: object) -> str:
        name = self.name(word)
        self._namespace[name] = value
        return name

    def _shared(self, kind: str, value: object) -> str:
        """A constant that equal values share."""
        for name, known in self._namespace.items():
            if name.startswith(f"{self._prefix}{kind}_") and known is value:
                return name
        return self._constant(f"{kind}_{len(self._namespace)}", value)

    def _builtin(self, word: str) -> str:
        """A builtin, whatever the parameters are called."""
        shadowed = any(each.name == word for each in self._spec.parameters)
        return self._constant(f"builtin_{word}", getattr(builtins, word)) if shadowed else word

    def _is_not(self, value: str, classes: tuple[type, ...]) -> str:
        if classes == (type(None),):
            return f"{value} is not None"
        names = [self._shared("c", each) for each in classes]
        test = names[0] if len(names) == 1 else f"({', '.join(names)})"
        return f"not {self._builtin('isinstance')}({value}, {test})"


def _free_prefix(names: Iterable[str]) -> str:
    taken = list(names)
    prefix = "_s_"
    while any(name.startswith(prefix) for name in taken):
        prefix = f"_{prefix}"
    return prefix


def is_size(axis: Axis) -> bool:
    return isinstance(axis.term, Name) and not (axis.anonymous or axis.variadic or axis.treepath)


def _is_growing(axis: Axis) -> bool:
    return axis.variadic and axis.broadcast and not axis.treepath


def _default_fits(parameter: Parameter) -> bool:
    """Whether checking the default too makes no difference: it passes and binds nothing."""
    if not parameter.has_default:
        return False
    scope = Scope({})
    try:
        return match(parameter.hint, parameter.default, scope, Place("")) is None and not scope.bindings()
    except Exception:
        return False
