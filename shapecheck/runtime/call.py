"""One call of a checked function, by the reference: bind, check, report.

The compiled wrapper of a function calls :meth:`Checker.arguments` and :meth:`Checker.result` on any doubt, generators
and functions that cannot be compiled on every call.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Final
from weakref import WeakValueDictionary

from shapecheck.runtime.advice import advise
from shapecheck.runtime.arrays import describe
from shapecheck.runtime.class_sizes import Known, add_defaults, known_sizes, open_constructor, remember
from shapecheck.runtime.cost import counted
from shapecheck.runtime.errors import AnnotationError, Report, ShapeError, annotation_error, shape_error, subject
from shapecheck.runtime.failure import Failure
from shapecheck.runtime.hints import Anything, ClassHint, Hint, first_items
from shapecheck.runtime.modes import fail
from shapecheck.runtime.reference import match
from shapecheck.runtime.scope import Place, Scope
from shapecheck.runtime.signature import Parameter, Spec

__all__ = ["UNSET", "Checker", "relay"]


_INT = ClassHint((int,))


class UNSET:
    """Stands for an argument that was not passed; the class itself is the value."""


class Checker:
    """Checks calls of one function."""

    __slots__ = ("__weakref__", "_attributes", "spec")

    def __init__(self, spec: Spec, function: Callable[..., Any] | None = None) -> None:
        self.spec = spec
        if (code := getattr(function, "__code__", None)) is not None:
            _by_code[id(code)] = self
        self._attributes: Mapping[str, Hint] | None = None

    @staticmethod
    def of(code: types.CodeType) -> Checker | None:
        """The checker of the function with that code."""
        return _by_code.get(id(code))

    def arguments(self, passed: Mapping[str, Any]) -> Scope:
        """Check the arguments that were passed, in the order of the signature.

        Raises:
            ShapeError: one of them does not fit.
            AnnotationError: an annotation cannot be checked.
        """
        given = {name: value for name, value in passed.items() if value is not UNSET}
        scope = Scope({**self.spec.defaults, **given})
        layout = open_constructor(self._self(scope)) if self.spec.attributes is not None else None
        self._recall(scope)
        for parameter in self.spec.parameters:
            if parameter.name in given and not isinstance(parameter.hint, Anything):
                for value, place in _values(parameter, given[parameter.name]):
                    self._check(parameter.hint, value, scope, place)
            if layout is not None:
                self._bind_size(parameter, scope)
        if layout is not None:
            self._remember(scope)
            add_defaults(self._self(scope), layout)
        return scope

    def scope(self, passed: Mapping[str, Any]) -> Scope:
        """The names that the arguments of a call have bound, without reporting anything again.

        A default that was not passed binds nothing; here it is told by its identity.
        """
        scope = Scope({**self.spec.defaults, **passed})
        self._recall(scope)
        for parameter in self.spec.parameters:
            value = scope.arguments.get(parameter.name)
            if not isinstance(parameter.hint, Anything) and value is not self.spec.defaults.get(parameter.name, UNSET):
                for each, place in _values(parameter, value):
                    match(parameter.hint, each, scope, place)
        return scope

    def local(self, hint: Hint, value: Any, scope: Scope, target: str) -> None:
        """Check the value of an annotated local."""
        self._check(hint, value, scope, Place(f"local {target}"))

    def result(self, value: Any, passed: Mapping[str, Any]) -> None:
        """Check a returned value in the scope of its arguments."""
        if self.spec.returns is not None:
            self.returned(value, self.arguments(passed))

    def returned(self, value: Any, scope: Scope) -> None:
        """Check a returned value in a scope that exists."""
        if self.spec.returns is not None:
            self._check(self.spec.returns, value, scope, Place("return"))
        self._remember(scope)
        if self.spec.attributes is not None:
            self._check_attributes(self.spec.attributes, scope)

    def yielded(self, value: Any, scope: Scope) -> None:
        """Check an item that a generator yields."""
        if self.spec.yields is not None:
            with counted(self.spec.module, self.spec.name):
                self._check(self.spec.yields, value, scope, Place("yield"))
        self._remember(scope)

    # Sizes that `self` keeps

    def _self(self, scope: Scope) -> object:
        return scope.arguments[self.spec.parameters[0].name]

    def _recall(self, scope: Scope) -> None:
        """Bind what the object knows already."""
        if (owner := self.spec.owner) is not None:
            known = known_sizes(self._self(scope))
            for name, key in owner.keys.items():
                if key in known:
                    scope.sizes[name], argument, axis = known[key]
                    scope.origins["", name] = (argument, axis)

    def _remember(self, scope: Scope) -> None:
        """Keep what this call has bound; never a traced size, which must not outlive its trace."""
        if (owner := self.spec.owner) is None:
            return
        known, new = known_sizes(self._self(scope)), dict[str, Known]()
        for name, key in owner.keys.items():
            size = scope.sizes.get(name)
            if key not in known and type(size) is int:
                argument, axis = scope.origins["", name]
                new[key] = (size, f"{self.spec.name}({argument})", axis)
        if new:
            remember(self._self(scope), new)

    def _bind_size(self, parameter: Parameter, scope: Scope) -> None:
        """An `int` parameter of a constructor with the name of a size is that size."""
        value = scope.arguments.get(parameter.name)
        if self.spec.owner is None or parameter.name not in self.spec.owner.keys:
            return
        if parameter.hint != _INT or type(value) is not int:
            return
        name = parameter.name
        if name not in scope.sizes:
            scope.sizes[name] = value
            scope.origins["", name] = (name, None)
        elif (bound := scope.sizes[name]) != value:
            reason = f"it is {value}, but the size `{name}` is {bound} in {scope.origin('', name)}"
            failure = Failure("shape-mismatch", reason, f"int equal to `{name}`", describe(value), Place(name))
            fail(self._error(failure, parameter.hint, value, scope), self.spec.module)

    def _check_attributes(self, read: Callable[[type], Mapping[str, Hint]], scope: Scope) -> None:
        """Check the annotated attributes that an object has when its constructor is done, each in a scope of its own."""
        instance = self._self(scope)
        if self._attributes is None:
            self._attributes = read(type(instance))
        for name, hint in self._attributes.items():
            own = Scope(scope.arguments)
            self._recall(own)
            if (value := getattr(instance, name, UNSET)) is not UNSET:
                self._check(hint, value, own, Place(f"self.{name}"))
                self._remember(own)

    def _check(self, hint: Hint, value: Any, scope: Scope, place: Place) -> None:
        try:
            failure = match(hint, value, scope, place)
        except AnnotationError as error:
            text = f"{self.spec.name}: {subject(place.argument, str(place))} cannot be checked: {error}"
            raise annotation_error(text) from error.__cause__
        if failure:
            fail(self._error(failure, hint, value, scope), self.spec.module)

    def _error(self, failure: Failure, hint: Hint, value: Any, scope: Scope) -> ShapeError:
        return shape_error(
            Report(
                code=failure.code,
                function=self.spec.name,
                argument=failure.place.argument,
                place=str(failure.place),
                expected=failure.expected,
                found=failure.found,
                reason=failure.reason,
                axis=failure.axis,
                bindings=failure.bindings or scope.bindings(),
                hint=advise(hint, value, scope),
            )
        )


_by_code: Final[WeakValueDictionary[int, Checker]] = WeakValueDictionary()
"""By the identity of the code of the checked function, which lives as long as its checker."""


def _values(parameter: Parameter, value: Any) -> Iterator[tuple[Any, Place]]:
    """The values that the hint of a parameter speaks of: one, or those of `*args` and `**kwargs`."""
    place = Place(parameter.name)
    match parameter.kind:
        case inspect.Parameter.VAR_POSITIONAL:
            yield from ((each, place.at(index)) for index, each in enumerate(first_items(value)))
        case inspect.Parameter.VAR_KEYWORD if not parameter.whole:
            yield from ((each, place.at(key)) for key, each in first_items(value.items()))
        case _:
            yield value, place


def relay(generator: Generator[Any, Any, Any], checker: Checker, scope: Scope) -> Generator[Any, Any, Any]:
    """A generator with every item, and what it returns, checked in the scope of its arguments."""
    step: Any = generator.send
    argument: Any = None
    while True:
        try:
            item = step(argument)
        except StopIteration as stop:
            checker.returned(stop.value, scope)
            return stop.value
        _checked_item(generator, checker, item, scope)
        step, argument = generator.send, None
        try:
            argument = yield item
        except GeneratorExit:
            generator.close()
            raise
        except BaseException as error:
            step, argument = generator.throw, error


def _checked_item(generator: Generator[Any, Any, Any], checker: Checker, item: Any, scope: Scope) -> None:
    try:
        checker.yielded(item, scope)
    except BaseException:
        generator.close()
        raise
