"""`@shapecheck.checked`: what users write.

At decoration a function gets a stub that knows nothing but the function; at its first call the stub's code is replaced
by a compiled wrapper (:mod:`shapecheck.runtime.compiler`). Hints are read only then, so decoration is cheap and forward
references work. Classes, descriptors and other callables are taken apart here.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import threading
import types
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final, overload

from shapecheck.runtime.class_sizes import Owner, owner_of, owner_of_class
from shapecheck.runtime.compiler import Wrapper, compilable
from shapecheck.runtime.errors import UncheckedWarning, warn
from shapecheck.runtime.exchange import Code, Turn, cell_of, free_names, install, new_stub, original, rest
from shapecheck.runtime.generators import async_generator_wrapper, generator_wrapper
from shapecheck.runtime.members import DESCRIPTORS, inherited_constructor, is_member, nothing_to_check, rebuilt
from shapecheck.runtime.modes import Mode, is_disabled, mode_of, register
from shapecheck.runtime.signature import Kind, Parameter, Spec, annotated, kind_of, local_names, module_of, read_signature

__all__ = ["checked", "checked_quietly", "generated_source", "is_checked"]

_MARK: Final = "__shapecheck__"
_COMPILING: Final = threading.RLock()


@overload
def checked[T](target: T, /) -> T: ...
@overload
def checked[T](*, typechecker: object = None) -> Callable[[T], T]: ...
def checked(target: Any = None, /, *, typechecker: object = None) -> Any:
    """Check every call against the jaxtyping annotations of a function, or of all methods of a class.

    Names of axes are shared by the arguments and the result of one call. Hints that are not about arrays are checked by
    beartype. What is returned is never changed; yielded items of generators and awaited results of coroutines are
    checked when they exist. An argument left at its default is not checked, as in jaxtyping.

    Args:
        target: a function, method, property or other callable, or a class: its methods, and the `__init__` that
            `dataclass` has made for it.
        typechecker: ignored; it lets `checked` stand in for `jaxtyping.jaxtyped`.

    Raises:
        ShapeError: at a call, when a value does not fit its annotation.
        AnnotationError: at a call, when an annotation cannot be checked.
    """
    if target is None:
        return _checked_here
    return _checked(target, _caller())


def _checked_here[T](target: T) -> T:
    found: T = _checked(target, _caller())
    return found


def checked_quietly[T](target: T) -> T:
    """`checked` for the import hook, which meets many things that have nothing to check."""
    found: T = _checked(target, _caller(), quiet=True)
    return found


def _caller() -> types.FrameType:
    """The frame that uses a decorator of this module."""
    return sys._getframe(2)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def is_checked(target: object) -> bool:
    """Whether a function or class is one that `checked` has returned."""
    mark = target.__dict__.get(_MARK) if isinstance(target, type) else getattr(target, _MARK, None)
    return isinstance(mark, _Mark) and mark.owner() is target


@dataclasses.dataclass(frozen=True, slots=True)
class _Mark:
    """Tells our wrapper from another decorator's around it, which copies our attributes."""

    owner: weakref.ref[Any]


def _checked(target: Any, frame: types.FrameType, *, quiet: bool = False, owner: Owner | None = None) -> Any:
    """What takes the place of a target that is decorated in a frame."""
    if is_checked(target) or getattr(target, "__no_type_check__", False):
        return target
    match target:
        case type():
            return _checked_class(target, frame, quiet)
        case _ if isinstance(target, DESCRIPTORS):
            without_self = isinstance(target, classmethod | staticmethod)
            part_owner, part_quiet = (None, quiet) if without_self else (owner, True)
            return rebuilt(target, lambda part: _checked(part, frame, quiet=part_quiet, owner=part_owner))
        case _ if not callable(target):
            raise TypeError(f"cannot check a {type(target).__name__}; a function or a class was expected")
        case _ if is_disabled(module_of(target)):
            return target
        case _:
            owner = owner or owner_of(target, frame)
            if annotated(target) or (owner is not None and target.__name__ == "__init__"):
                return _wrap(target, local_names(target, frame), owner)
            if not quiet:
                name = getattr(target, "__qualname__", repr(target))
                warn(f"{name} has no annotations, so nothing of it is checked", UncheckedWarning)
            return target


# Functions


def _wrap(function: Callable[..., Any], local: Mapping[str, object], owner: Owner | None) -> Any:
    kind = kind_of(function)
    match kind:
        case Kind.GENERATOR:
            wrapper = generator_wrapper(function, local, owner)
        case Kind.ASYNC_GENERATOR:
            wrapper = async_generator_wrapper(function, local, owner)
        case Kind.PLAIN | Kind.COROUTINE:
            wrapper = _stub(function, local, kind, owner)
    functools.update_wrapper(wrapper, function)
    setattr(wrapper, _MARK, _Mark(weakref.ref(wrapper)))
    return wrapper


def _stub(function: Callable[..., Any], local: Mapping[str, object], kind: Kind, owner: Owner | None) -> Any:
    """A function that becomes its own compiled wrapper when it is first called."""
    starter = _Starter(function, local, owner, "plain" if kind is Kind.PLAIN else "coroutine")
    return starter.make_stub()


class _Starter:
    """Compiles what a stub runs, when it is first called in a mode."""

    def __init__(self, function: Callable[..., Any], local: Mapping[str, object], owner: Owner | None, kind: str) -> None:
        self.module = module_of(function)
        self.wrapper: Wrapper | None = None
        self._function = function
        self._local = local
        self._owner = owner
        self._kind = kind

    def make_stub(self) -> types.FunctionType:
        """The stub; it keeps this object alive, and not the other way round."""

        def start() -> None:
            self.start()

        # What `torch.compiler.assume_constant_result` sets: a stub first met by Dynamo is compiled while it is traced.
        vars(start).update({"_dynamo_marked_constant": True, "starter": self})
        stub = new_stub(self._function, start, kind=self._kind)
        self._stub = weakref.ref(stub)
        return stub

    def start(self) -> None:
        """Decide what to call now; later calls of the stub run that, or what comes after it, by themselves."""
        with _COMPILING:
            register(self)
            mode = mode_of(self.module)
            now, code = self._form(mode)
            if mode.kind == "once":
                _, code = self._form(Mode("off"))
            turn: Turn = cell_of(self._running()).cell_contents[0]
            turn.now = now
            if not _is_traced():
                self._install(code)

    def _form(self, mode: Mode) -> tuple[Callable[..., Any], Code]:
        if mode.kind == "off" and (code := original(self._function)) is not None:
            return self._function, code
        if self.wrapper is None:
            self.wrapper = Wrapper(self._spec(), self._function, free_names(self._function))
        return self.wrapper.form(mode)

    def rest(self) -> None:
        """Let the next call ask again what to run: the mode has changed."""
        stub = self._stub()
        if stub is not None and not _is_traced():
            with _COMPILING:
                rest(stub, kind=self._kind)

    def _install(self, code: Code) -> None:
        """The cell comes first: it only ever grows, so a call in another thread finds there what its code needs."""
        stub = self._running()
        rest(stub, kind=self._kind)
        cell = cell_of(stub)
        cell.cell_contents = (cell.cell_contents[0], *(self.wrapper.constants() if self.wrapper else ()))
        install(stub, code, getattr(self._function, "__name__", "checked"))

    def _running(self) -> types.FunctionType:
        stub = self._stub()
        assert stub is not None  # it is being called
        return stub

    def _spec(self) -> Spec:
        spec = read_signature(self._function, self._local, self._owner)
        unchecked = getattr(self._running(), "__no_type_check__", False)
        if unchecked or not compilable(inspect.signature(self._function).parameters):
            return dataclasses.replace(spec, parameters=_ANY_PARAMETERS, returns=None, owner=None, attributes=None)
        return spec


def _is_traced() -> bool:
    """Whether Dynamo is tracing: its cache belongs to the code it sees, so that must not be replaced meanwhile."""
    guards = sys.modules.get("torch._guards")
    return guards is not None and guards.TracingContext.try_get() is not None


_ANY_PARAMETERS: Final = (
    Parameter("args", inspect.Parameter.VAR_POSITIONAL),
    Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
)


def generated_source(wrapper: Any) -> str | None:
    """The source of a compiled wrapper, for the curious; None before its first call."""
    turn: Any = cell_of(wrapper).cell_contents[0]
    compiled: Wrapper | None = turn.start.starter.wrapper
    return compiled.source if compiled is not None else None


# Classes


def _checked_class(target: type, frame: types.FrameType, quiet: bool) -> type:
    """Check the methods a class defines, and the constructor that was made for it."""
    found, owner = False, owner_of_class(target)
    for name, member in list(vars(target).items()):
        if is_member(name, member):
            replaced = _checked(member, frame, quiet=True, owner=owner)
            if replaced is not member:
                setattr(target, name, replaced)
            found = found or not isinstance(member, types.FunctionType) or is_checked(replaced)
    constructor = inherited_constructor(target)
    if constructor is not None and not is_checked(constructor):
        setattr(target, "__init__", _checked(constructor, frame, quiet=True, owner=owner))  # noqa: B010
    if not (found or constructor or quiet):
        warn(nothing_to_check(target), UncheckedWarning)
    return target
