"""What there is to check in a callable: its parameters and return value with their hints, resolved one by one.

Made at the first call of a checked function, so that forward references have had time to become real. A hint that
cannot be resolved is not checked, which a warning says; it does not disturb its neighbours.
"""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shapecheck.runtime.class_sizes import Owner, own_sizes, owner_of_class
from shapecheck.runtime.errors import UncheckedWarning, warn
from shapecheck.runtime.hints import ANYTHING, Hint, names_in, other_hints
from shapecheck.runtime.others import problem
from shapecheck.runtime.reading import mentions_arrays, read_hint, read_record
from shapecheck.runtime.type_variables import MARKERS, tied_annotations

__all__ = ["Kind", "Parameter", "Spec", "annotated", "kind_of", "local_names", "module_of", "read_signature"]

_EMPTY: Final = inspect.Parameter.empty


class Kind(enum.Enum):
    """How a function runs, which decides when its results exist."""

    PLAIN = enum.auto()
    COROUTINE = enum.auto()
    GENERATOR = enum.auto()
    ASYNC_GENERATOR = enum.auto()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a checked function.

    Attributes:
        whole: whether the hint of `**kwargs` is that of the dictionary (PEP 692), not of each value.
    """

    name: str
    kind: Any  # of inspect.Parameter
    hint: Hint = ANYTHING
    default: object = _EMPTY
    whole: bool = False

    @property
    def has_default(self) -> bool:
        return self.default is not _EMPTY


@dataclass(frozen=True, slots=True)
class Spec:
    """What a checked function promises.

    Attributes:
        name: module-less qualified name, for messages.
        returns: of what a call finally gives (an awaited result; what a generator returns); None when not annotated.
        yields: of every item a generator gives.
        owner: the sizes that the first argument, `self`, keeps between calls.
        attributes: of a constructor: hints of the attributes that speak of the owner's sizes, by the class of the object.
    """

    name: str
    kind: Kind
    parameters: tuple[Parameter, ...]
    module: str = ""
    returns: Hint | None = None
    yields: Hint | None = None
    defaults: Mapping[str, object] = field(default_factory=dict[str, object])
    owner: Owner | None = None
    attributes: Callable[[type], Mapping[str, Hint]] | None = None


def annotated(function: Callable[..., Any]) -> bool:
    """Whether a callable has any annotation at all, told without resolving them."""
    while isinstance(function, types.FunctionType) and not function.__annotations__:
        inner = getattr(function, "__wrapped__", None)
        if inner is None:
            return False
        function = inner
    if isinstance(function, types.FunctionType):
        return True
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    annotations = [*(each.annotation for each in signature.parameters.values()), signature.return_annotation]
    return any(annotation is not _EMPTY for annotation in annotations)


def kind_of(function: Callable[..., Any]) -> Kind:
    """How calling it goes on."""
    if inspect.iscoroutinefunction(function):
        return Kind.COROUTINE
    if inspect.isasyncgenfunction(function):
        return Kind.ASYNC_GENERATOR
    return Kind.GENERATOR if inspect.isgeneratorfunction(function) else Kind.PLAIN


def local_names(function: Callable[..., Any], frame: types.FrameType | None) -> Mapping[str, object]:
    """The local names a function's own string annotations need, taken from the frame that decorates it."""
    annotations = getattr(function, "__annotations__", {})
    words = [each for each in annotations.values() if isinstance(each, str)]
    if not words or "<locals>" not in getattr(function, "__qualname__", ""):
        return {}
    text = " ".join(words)
    found: dict[str, object] = {}
    while frame is not None and frame.f_code.co_name != "<module>":
        found = {name: value for name, value in frame.f_locals.items() if name in text} | found
        frame = frame.f_back
    return found


def read_signature(function: Callable[..., Any], local: Mapping[str, object], owner: Owner | None = None) -> Spec:
    """Parameters and return value of a function.

    Args:
        function: any callable.
        local: local names that its annotations may use.
        owner: the class it is defined in, if that has sizes.

    Raises:
        ValueError: a callable that has no signature.
    """
    signature = inspect.signature(function)
    name = getattr(function, "__qualname__", type(function).__qualname__).replace("<locals>.", "")
    read = _Reader(name, inspect.unwrap(function), local)
    parameters = tuple(map(read.parameter, signature.parameters.values()))
    kind = kind_of(function)
    returns, yields = _results(kind, read.resolve(signature.return_annotation, "the return value", "return"), read)
    defaults = {each.name: _default_of(each) for each in parameters if _is_optional(each)}
    owner = own_sizes(owner, function) if parameters and parameters[0].kind in _POSITIONAL else None
    attributes = _attribute_reader(read, owner) if owner is not None and name.endswith(".__init__") else None
    return Spec(name, kind, parameters, module_of(function), returns, yields, defaults, owner, attributes)


_POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _attribute_reader(read: _Reader, owner: Owner) -> Callable[[type], Mapping[str, Hint]]:
    """What reads the annotated attributes in the body of the owner."""

    def attributes(target: type) -> Mapping[str, Hint]:
        bodies = [each for each in target.__mro__ if (found := owner_of_class(each)) and found.keys.items() >= owner.keys.items()]
        annotations = inspect.get_annotations(bodies[0]) if bodies else {}
        hints = {name: read(each, f"attribute `{name}`") for name, each in annotations.items() if _may_mention(each, owner)}
        return {name: hint for name, hint in hints.items() if not owner.keys.keys().isdisjoint(names_in(hint))}

    return attributes


def _may_mention(annotation: object, owner: Owner) -> bool:
    if isinstance(annotation, str):
        return any(name in annotation for name in owner.keys)
    return mentions_arrays(annotation)


def module_of(function: Callable[..., Any]) -> str:
    """The module whose mode counts."""
    return getattr(function, "__module__", None) or ""


def _is_optional(parameter: Parameter) -> bool:
    return parameter.has_default or parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _default_of(parameter: Parameter) -> object:
    if parameter.has_default:
        return parameter.default
    empty: object = () if parameter.kind is inspect.Parameter.VAR_POSITIONAL else {}
    return empty


class _Reader:
    """Resolves and reads the annotations of one function."""

    def __init__(self, name: str, function: Callable[..., Any], local: Mapping[str, object]) -> None:
        self._name = name
        self._globals: dict[str, Any] = getattr(function, "__globals__", {})
        parameters = {each.__name__: each for each in getattr(function, "__type_params__", ())}
        self._locals = {**_closure(function), **local, **parameters}
        self._tied = tied_annotations(function, self._locals)

    def __call__(self, annotation: Any, what: str) -> Hint:
        return self.read(self.resolve(annotation, what), what)

    def parameter(self, each: inspect.Parameter) -> Parameter:
        """A parameter with its hint."""
        what = f"argument `{each.name}`"
        annotation = self.resolve(each.annotation, what, each.name)
        if typing.get_origin(annotation) is typing.Unpack:
            return self._unpacked(each, typing.get_args(annotation)[0])
        return Parameter(each.name, each.kind, self.read(annotation, what), each.default)

    def _unpacked(self, each: inspect.Parameter, inner: Any) -> Parameter:
        """`**kwargs: Unpack[TD]`; the items of `*args: *Ts` and of unpacked tuples are not checked."""
        is_record = each.kind is inspect.Parameter.VAR_KEYWORD and mentions_arrays(inner)
        return Parameter(each.name, each.kind, read_record(inner) if is_record else ANYTHING, each.default, whole=is_record)

    def read(self, annotation: Any, what: str) -> Hint:
        """The tree of a resolved annotation."""
        try:
            hint = read_hint(annotation)
        except (TypeError, ValueError, NameError, RecursionError) as error:
            return self._unchecked(annotation, what, error)
        for other in other_hints(hint):
            if (reason := problem(other.hint)) is not None:
                self._warn(f"{what} is not checked in full, because beartype does not know {other}: {reason}")
        return hint

    def resolve(self, annotation: Any, what: str, parameter: str = "") -> Any:
        """What an annotation written as a string, in whole or in part, stands for; `Any` if that cannot be told."""
        if annotation is _EMPTY or isinstance(annotation, type):
            return annotation
        try:
            found = self._evaluate(annotation)
        except Exception as error:  # anything may happen in a string
            self._unchecked(annotation, what, error)
            return Any
        return self._tie(found, self._tied[parameter]) if parameter in self._tied else found

    def _evaluate(self, annotation: Any, *, extras: bool = True) -> Any:
        holder = types.SimpleNamespace(__annotations__={"hint": annotation})
        return typing.get_type_hints(holder, self._globals, {**MARKERS, **self._locals}, include_extras=extras)["hint"]

    def _tie(self, found: Any, text: str) -> Any:
        """The annotation with its type variables tied, unless the names in its source mean something else by now."""
        try:
            tied = self._evaluate(text)
            return tied if repr(self._evaluate(tied, extras=False)) == repr(self._evaluate(found, extras=False)) else found
        except Exception:
            return found

    def _unchecked(self, annotation: Any, what: str, error: Exception) -> Hint:
        self._warn(f"{what} is not checked, because its annotation {annotation!r} cannot be read: {error}")
        return ANYTHING

    def _warn(self, text: str) -> None:
        warn(f"{self._name}: {text}", UncheckedWarning)


def _closure(function: Any) -> dict[str, object]:
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    if code is None or cells is None:
        return {}
    found: dict[str, object] = {}
    for name, cell in zip(code.co_freevars, cells, strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return found


_ITERATORS: Final = (abc.Iterator, abc.Iterable, abc.AsyncIterator, abc.AsyncIterable)
_GENERATORS: Final = (abc.Generator, abc.AsyncGenerator)


def _results(kind: Kind, annotation: Any, read: _Reader) -> tuple[Hint | None, Hint | None]:
    """What is returned and what is yielded, by an annotation that may speak of the iterator or the coroutine."""
    if annotation is _EMPTY:
        return None, None
    origin, arguments = typing.get_origin(annotation) or annotation, typing.get_args(annotation)
    match kind:
        case Kind.PLAIN:
            return read.read(annotation, "the return value"), None
        case Kind.COROUTINE:
            result = arguments[2] if origin is abc.Coroutine and len(arguments) == 3 else annotation
            return read.read(result, "the return value"), None
        case Kind.GENERATOR | Kind.ASYNC_GENERATOR if origin in (*_ITERATORS, *_GENERATORS):
            yields = read.read(arguments[0], "what it yields") if arguments else None
            result = arguments[2] if len(arguments) == 3 else None
            returns = read.read(result, "the return value") if result is not None else None
            return returns, yields
        case Kind.GENERATOR | Kind.ASYNC_GENERATOR:
            return None, None
