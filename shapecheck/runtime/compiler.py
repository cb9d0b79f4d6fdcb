"""One straight-line wrapper per function: same signature, names as local variables, tests written out.

Called by :mod:`shapecheck.runtime.decorator` at the first call of a function in a mode. The wrapper accepts what it is sure
of and hands every doubt to a slow twin, which asks the reference. What has no straight-line form (deep unions, `?` axes,
odd expressions) is interpreted by the reference in place, over the same variables. The source is generated from parsed
annotations only; no text of an annotation is ever executed.
"""

import inspect
import keyword
from collections.abc import Callable, Mapping
from itertools import cycle
from types import FunctionType
from typing import Any

from shapecheck.runtime.call import Checker
from shapecheck.runtime.cost import FunctionCost, clock, cost_of, measuring
from shapecheck.runtime.emit_hints import HintWriter
from shapecheck.runtime.exchange import Code, closed
from shapecheck.runtime.hints import Anything
from shapecheck.runtime.manual import checks_by_hand, shared
from shapecheck.runtime.modes import Mode
from shapecheck.runtime.signature import Kind, Parameter, Spec

__all__ = ["Wrapper", "compilable"]


class Wrapper:
    """The compiled wrapper of one function, in each of its forms.

    Args:
        spec: what to check.
        function: what to call.
        free: names of the cells of its stub, beside ours.
    """

    def __init__(self, spec: Spec, function: Callable[..., Any], free: tuple[str, ...]) -> None:
        self._spec = spec
        self._function = function
        self._free = free
        self._forms: dict[str, tuple[FunctionType, Code]] = {}
        self.source = ""

    def form(self, mode: Mode) -> tuple[FunctionType, Code]:
        """The function for a mode, as it is and as code for the stub; `off` is one that only passes the call on."""
        word = mode.kind if mode.kind == "off" else str(mode.period) if mode.kind == "every" else "on"
        key = f"{word} measured" if measuring() and word != "off" else word
        if key not in self._forms:
            self._forms[key] = self._compile(word, len(self._forms) + 1)
        return self._forms[key]

    def constants(self) -> tuple[tuple[Any, ...], ...]:
        """What the forms find in the cell, in the order in which they were made."""
        return tuple(code.constants for _, code in self._forms.values())

    def _compile(self, word: str, index: int) -> tuple[FunctionType, Code]:
        namespace: dict[str, Any] = {}
        cost = cost_of(self._spec.module, self._spec.name) if measuring() else None
        generator = _Generator(self._spec, self._function, namespace, cost)
        slow, self.source = generator.source()
        exec(compile(slow, f"<shapecheck {self._spec.name}>", "exec"), namespace)
        if word == "off":
            return closed(generator.variant("off", None), self._free, index, namespace, self._spec.name)
        function, code = closed(self.source, self._free, index, namespace, self._spec.name)
        if word == "on":
            return function, code
        namespace |= {generator.name("fast"): function, generator.name("due"): _due(int(word))}
        first = f"if not {generator.name('due')}(): "
        return closed(generator.variant("every", first), self._free, index, namespace, self._spec.name)


def _due(period: int) -> Callable[[], bool]:
    """Whether a call is one of those to be checked; Dynamo takes the answer for a constant."""
    turns = cycle([True] + [False] * (period - 1))

    def due() -> bool:
        return next(turns)

    vars(due)["_dynamo_marked_constant"] = True
    return due


class _Generator(HintWriter):
    """Writes the frame of a wrapper around its checks."""

    def __init__(self, spec: Spec, function: Callable[..., Any], namespace: dict[str, Any], cost: FunctionCost | None) -> None:
        super().__init__(spec, namespace)
        self._measured = cost is not None
        if cost is not None:
            namespace.update({self.name(word): each for word, each in clock(cost).items()})
        checker = Checker(spec, function)
        self._by_hand = checks_by_hand(function)
        namespace.update(
            {
                self.name("call"): function,
                self.name("check"): checker.arguments,
                self.name("returned"): checker.returned,
                self.name("result"): checker.result,
            }
        )

    def source(self) -> tuple[str, str]:
        """The slow twin and the wrapper."""
        is_async = "async " if self._spec.kind is Kind.COROUTINE else ""
        slow, body = self._slow_twin(), self._body()
        cleared = sorted(self._locals.cleared)
        clearing = f"    {' = '.join(cleared)} = None\n" if cleared else ""
        head = f"{is_async}def {self.name('fast')}({self._signature()}):\n    __tracebackhide__ = True\n"
        return f"{is_async}def {self.name('slow')}{slow}", f"{head}{clearing}{body}"

    def variant(self, word: str, first: str | None) -> str:
        """A wrapper that goes on to the checking one after its first line, or never does when it has none."""
        is_async, wait = ("async ", "await ") if self._spec.kind is Kind.COROUTINE else ("", "")
        call = f"return {wait}{self.name('call')}({self._forwarded()})"
        check = f"return {wait}{self.name('fast')}({self._forwarded(raw=True)})"
        head = f"{is_async}def {self.name(word)}({self._signature()}):\n    __tracebackhide__ = True\n"
        if first is None:
            return f"{head}    {call}\n"
        return f"{head}    {first}{call if first.startswith('if') else ''}\n    {check}\n"

    def _signature(self) -> str:
        pieces: list[str] = []
        kinds = [each.kind for each in self._spec.parameters]
        for index, parameter in enumerate(self._spec.parameters):
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY and _opens_keywords(kinds, index):
                pieces.append("*")
            pieces.append(self._piece(parameter))
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY and kinds[index + 1 : index + 2] != [parameter.kind]:
                pieces.append("/")
        return ", ".join(pieces)

    def _piece(self, parameter: Parameter) -> str:
        match parameter.kind:
            case inspect.Parameter.VAR_POSITIONAL:
                return f"*{parameter.name}"
            case inspect.Parameter.VAR_KEYWORD:
                return f"**{parameter.name}"
            case _ if not parameter.has_default:
                return parameter.name
            case _:
                default = self._constant(f"d_{parameter.name}", parameter.default)
                return f"{parameter.name}={default if parameter.name in self._checked_always else self.name('unset')}"

    def _slow_twin(self) -> str:
        names = ", ".join(each.name for each in self._spec.parameters)
        scope, value = self.name("scope"), self.name("value")
        wait = "await " if self._spec.kind is Kind.COROUTINE else ""
        call = f"{value} = {wait}{self.name('call')}({self._forwarded()})"
        if self._by_hand:
            call = f"with {self._constant('shared', shared)}({scope}):\n        {call}"
        check, returned = f"{scope} = {self.name('check')}({self._passed()})", f"{self.name('returned')}({value}, {scope})"
        return (
            f"({names}):\n    __tracebackhide__ = True\n"
            f"    {self._timed(check)}\n"
            f"    {call}\n"
            f"    {self._timed(returned)}\n"
            f"    return {value}\n"
        )

    def _timed(self, statement: str) -> str:
        """A statement of the slow twin, and the time it takes even where it raises."""
        if not self._measured:
            return statement
        start, now, add = map(self.name, ("start", "now", "add"))
        return f"{start} = {now}()\n    try: {statement}\n    finally: {add}({now}() - {start})"

    def _passed(self) -> str:
        return "{" + ", ".join(f"{each.name!r}: {each.name}" for each in self._spec.parameters) + "}"

    def _forwarded(self, *, raw: bool = False) -> str:
        """The arguments as they came, with defaults filled in unless `raw`."""
        pieces: list[str] = []
        for parameter in self._spec.parameters:
            match parameter.kind:
                case inspect.Parameter.VAR_POSITIONAL:
                    pieces.append(f"*{parameter.name}")
                case inspect.Parameter.VAR_KEYWORD:
                    pieces.append(f"**{parameter.name}")
                case inspect.Parameter.KEYWORD_ONLY:
                    pieces.append(f"{parameter.name}={parameter.name if raw else self._value_of(parameter)}")
                case _:
                    pieces.append(parameter.name if raw else self._value_of(parameter))
        return ", ".join(pieces)

    def _body(self) -> str:
        wait = "await " if self._spec.kind is Kind.COROUTINE else ""
        slow = ", ".join(each.name for each in self._spec.parameters)
        self._fail = f"return {wait}{self.name('slow')}({slow})"
        self._clock("start", "begin")
        if self._by_hand or self._spec.attributes is not None:
            self._line(self._fail)
            return self._text()
        self._recall_sizes()
        for parameter in self._spec.parameters:
            self._parameter(parameter)
        self._account("start")
        call = f"{wait}{self.name('call')}({self._forwarded()})"
        if self._spec.returns is None or isinstance(self._spec.returns, Anything):
            self._line(f"return {call}")
        else:
            value = self.name("value")
            self._line(f"{value} = {call}")
            self._clock("end", "now")
            self._fail = f"{self.name('result')}({value}, {self._passed()}); return {value}"
            self._check(self._spec.returns, value)
            self._account("end")
            self._line(f"return {value}")
        return self._text()

    def _text(self) -> str:
        return "".join(f"{line}\n" for line in self._lines)

    def _clock(self, variable: str, function: str) -> None:
        if self._measured:
            self._line(f"{self.name(variable)} = {self.name(function)}()")

    def _account(self, since: str) -> None:
        if self._measured:
            self._line(f"{self.name('add')}({self.name('now')}() - {self.name(since)})")

    def _parameter(self, parameter: Parameter) -> None:
        if isinstance(parameter.hint, Anything):
            return
        match parameter.kind:
            case inspect.Parameter.VAR_POSITIONAL:
                self._items(parameter.hint, parameter.name)
            case inspect.Parameter.VAR_KEYWORD if not parameter.whole:
                self._items(parameter.hint, f"{parameter.name}.values()", of=parameter.name)
            case _ if parameter.has_default and parameter.name not in self._checked_always:
                with self._locals.branch(), self._block(f"if {parameter.name} is not {self.name('unset')}:"):
                    self._check(parameter.hint, parameter.name)
            case _:
                self._check(parameter.hint, parameter.name)


def _opens_keywords(kinds: list[Any], index: int) -> bool:
    before = kinds[:index]
    return inspect.Parameter.KEYWORD_ONLY not in before and inspect.Parameter.VAR_POSITIONAL not in before


def compilable(parameters: Mapping[str, inspect.Parameter]) -> bool:
    """Whether the parameters can be written down; those of some C functions cannot."""
    return all(name.isidentifier() and not keyword.iskeyword(name) for name in parameters)
