"""Generator functions and asynchronous ones: every item is checked when it exists.

They are not compiled, since a generator is paused between the checks; :mod:`shapecheck.runtime.decorator` wraps them.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any, Final

from shapecheck.runtime.call import Checker, relay
from shapecheck.runtime.class_sizes import Owner
from shapecheck.runtime.cost import counted
from shapecheck.runtime.modes import Mode, mode_of
from shapecheck.runtime.scope import Scope
from shapecheck.runtime.signature import Kind, Spec, module_of, read_signature

__all__ = ["async_generator_wrapper", "generator_wrapper"]


class _Lazy:
    """A generator function and, from its first call on, its checker."""

    def __init__(self, function: Callable[..., Any], local: Mapping[str, object], owner: Owner | None) -> None:
        self.function = function
        self._local = local
        self._owner = owner
        self._parts: tuple[inspect.Signature, Checker] | None = None
        self._mode: Mode | None = None
        self._calls = 0

    def start(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Checker, Scope]:
        """Check the arguments of a call; one that the mode leaves out gets a checker that lets all pass."""
        if not self._is_due():
            return _UNCHECKED, Scope({})
        if self._parts is None:
            spec: Spec = read_signature(self.function, self._local, self._owner)
            self._parts = inspect.signature(self.function), Checker(spec, self.function)
        signature, checker = self._parts
        with counted(checker.spec.module, checker.spec.name, calls=1):
            return checker, checker.arguments(signature.bind(*args, **kwargs).arguments)

    def _is_due(self) -> bool:
        mode = mode_of(module_of(self.function))
        if mode is not self._mode:
            self._mode, self._calls = mode, 0
        self._calls += 1
        return mode.checks(self._calls)


_UNCHECKED: Final = Checker(Spec("", Kind.GENERATOR, ()))


def generator_wrapper(function: Callable[..., Any], local: Mapping[str, object], owner: Owner | None) -> Any:
    """A generator function whose arguments, items and result are checked."""
    lazy = _Lazy(function, local, owner)

    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        checker, scope = lazy.start(args, kwargs)
        return (yield from relay(function(*args, **kwargs), checker, scope))

    return wrapper


def async_generator_wrapper(function: Callable[..., Any], local: Mapping[str, object], owner: Owner | None) -> Any:
    """An asynchronous generator function whose arguments and items are checked."""
    lazy = _Lazy(function, local, owner)

    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        __tracebackhide__ = True
        checker, scope = lazy.start(args, kwargs)
        generator: AsyncGenerator[Any, Any] = function(*args, **kwargs)
        step: Any = generator.asend
        argument: Any = None
        while True:
            try:
                item = await step(argument)
            except StopAsyncIteration:
                return
            try:
                checker.yielded(item, scope)
            except BaseException:
                await generator.aclose()
                raise
            step, argument = generator.asend, None
            try:
                argument = yield item
            except GeneratorExit:
                await generator.aclose()
                raise
            except BaseException as error:
                step, argument = generator.athrow, error

    return wrapper
