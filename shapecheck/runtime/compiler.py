"""One straight-line wrapper per function: same signature, names as local variables, tests written out.

Called once per function, at its first call, by :mod:`shapecheck.runtime.decorator`. The wrapper accepts what it is sure
of and hands every doubt to a slow twin, which asks the reference. What has no straight-line form (deep unions, `?` axes,
odd expressions) is interpreted by the reference in place, over the same variables. The source is generated from parsed
annotations only; no text of an annotation is ever executed.
"""

import builtins
import inspect
import keyword
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, islice
from types import FunctionType
from typing import Any, Final

from shapecheck.core.expression import Expression
from shapecheck.core.grammar import Axis, Name, Size
from shapecheck.runtime.arrays import numpy_scalars, torch_dtypes
from shapecheck.runtime.call import UNSET, Checker
from shapecheck.runtime.hints import (
    MAX_ITEMS,
    Anything,
    ArrayHint,
    BothHint,
    ClassHint,
    Hint,
    ItemsHint,
    MappingHint,
    OtherHint,
    TreeHint,
    TupleHint,
    UnionHint,
    array_hints,
    axes_of,
    axis_name,
    tree_hints,
)
from shapecheck.runtime.interpret import interpreter
from shapecheck.runtime.manual import checks_by_hand, shared
from shapecheck.runtime.modes import Mode
from shapecheck.runtime.names import Key, Locals, State
from shapecheck.runtime.others import compiled_check
from shapecheck.runtime.pytree import is_composite
from shapecheck.runtime.reference import join_runs, match
from shapecheck.runtime.scope import Place, Run, Scope
from shapecheck.runtime.signature import Kind, Parameter, Spec
from shapecheck.runtime.symbolic import translate

__all__ = ["Wrapper", "compilable"]

_DISJOINT: Final = frozenset({type(None), bool, int, float, complex, str, bytes})


class Wrapper:
    """The compiled wrapper of one function, in each of the modes.

    Args:
        spec: what to check.
        function: what to call.
        namespace: the globals of the wrapper; what the code refers to is added.
    """

    def __init__(self, spec: Spec, function: Callable[..., Any], namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._generator = _Generator(spec, function, namespace)
        self.source = self._generator.source()
        self._name = spec.name
        self.checking = self._run(self.source, "fast")

    def _run(self, source: str, name: str) -> FunctionType:
        exec(compile(source, f"<shapecheck {self._name}>", "exec"), self._namespace)
        function: FunctionType = self._namespace[self._generator.name(name)]
        return function

    def variant(self, mode: Mode, settle: Callable[[], None]) -> FunctionType:
        """The function for a mode; `settle` is called when `once` has seen its one call."""
        match mode.kind:
            case "on" | "warn" | "log":
                return self.checking
            case "off":
                return self._run(self._generator.variant("off", None), "off")
            case "once":
                self._namespace[self._generator.name("settle")] = settle
                return self._run(self._generator.variant("once", f"{self._generator.name('settle')}()"), "once")
            case "every":
                self._namespace[self._generator.name("next")] = cycle([True] + [False] * (mode.period - 1)).__next__
                return self._run(self._generator.variant("every", f"if not {self._generator.name('next')}(): "), "every")


class _Generator:
    """Writes the source of one wrapper, from top to bottom."""

    def __init__(self, spec: Spec, function: Callable[..., Any], namespace: dict[str, Any]) -> None:
        self._spec = spec
        self._checker = Checker(spec)
        self._namespace = namespace
        self._prefix = _free_prefix(each.name for each in spec.parameters)
        self._locals = Locals(self._prefix)
        self._lines: list[str] = []
        self._depth = 1
        self._fail = ""
        named = [(axis, axis_name(axis)) for hint in self._hints() for axis in axes_of(hint)]
        self._sizes = {name for axis, name in named if _is_size(axis)}
        self._growing = {name for axis, name in named if _is_growing(axis)}
        self._by_hand = checks_by_hand(inspect.unwrap(function))
        self._checked_always = {each.name for each in spec.parameters if _default_fits(each)}
        namespace.update({
            "__builtins__": builtins,
            self.name("call"): function,
            self.name("check"): self._checker.arguments,
            self.name("returned"): self._checker.returned,
            self.name("result"): self._checker.result,
            self.name("unset"): UNSET,
        })

    def name(self, word: str) -> str:
        """A name of ours in the generated code."""
        return f"{self._prefix}{word}"

    def source(self) -> str:
        """The whole module: the slow twin, then the wrapper."""
        is_async = "async " if self._spec.kind is Kind.COROUTINE else ""
        slow, body = self._slow_twin(), self._body()
        cleared = sorted(self._locals.cleared)
        clearing = f"    {' = '.join(cleared)} = None\n" if cleared else ""
        head = f"{is_async}def {self.name('fast')}({self._signature()}):\n    __tracebackhide__ = True\n"
        return f"{is_async}def {self.name('slow')}{slow}\n\n{head}{clearing}{body}"

    def variant(self, word: str, first: str | None) -> str:
        """A wrapper that goes on to the checking one after its first line, or never does when it has none."""
        is_async, wait = ("async ", "await ") if self._spec.kind is Kind.COROUTINE else ("", "")
        call = f"return {wait}{self.name('call')}({self._forwarded()})"
        check = f"return {wait}{self.name('fast')}({self._forwarded(raw=True)})"
        head = f"{is_async}def {self.name(word)}({self._signature()}):\n    __tracebackhide__ = True\n"
        if first is None:
            return f"{head}    {call}\n"
        return f"{head}    {first}{call if first.startswith('if') else ''}\n    {check}\n"

    def _hints(self) -> list[Hint]:
        hints = [each.hint for each in self._spec.parameters]
        return [*hints, self._spec.returns] if self._spec.returns is not None else hints

    # The frame of the wrapper

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
        return (
            f"({names}):\n    __tracebackhide__ = True\n"
            f"    {scope} = {self.name('check')}({self._passed()})\n"
            f"    {call}\n"
            f"    {self.name('returned')}({value}, {scope})\n"
            f"    return {value}\n"
        )

    def _passed(self) -> str:
        return "{" + ", ".join(f"{each.name!r}: {each.name}" for each in self._spec.parameters) + "}"

    def _value_of(self, parameter: Parameter) -> str:
        if not parameter.has_default or parameter.name in self._checked_always:
            return parameter.name
        default = self.name(f"d_{parameter.name}")
        return f"({default} if {parameter.name} is {self.name('unset')} else {parameter.name})"

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
        if self._by_hand:
            return f"    {self._fail}\n"
        for parameter in self._spec.parameters:
            self._parameter(parameter)
        call = f"{wait}{self.name('call')}({self._forwarded()})"
        if self._spec.returns is None or isinstance(self._spec.returns, Anything):
            self._line(f"return {call}")
        else:
            value = self.name("value")
            self._line(f"{value} = {call}")
            self._fail = f"{self.name('result')}({value}, {self._passed()}); return {value}"
            self._check(self._spec.returns, value)
            self._line(f"return {value}")
        return "".join(f"{line}\n" for line in self._lines)

    # Lines

    def _line(self, text: str) -> None:
        self._lines.append("    " * self._depth + text)

    @contextmanager
    def _block(self, head: str) -> Iterator[None]:
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

    # Parameters

    def _parameter(self, parameter: Parameter) -> None:
        if isinstance(parameter.hint, Anything):
            return
        match parameter.kind:
            case inspect.Parameter.VAR_POSITIONAL:
                self._items(parameter.hint, parameter.name)
            case inspect.Parameter.VAR_KEYWORD:
                self._items(parameter.hint, f"{parameter.name}.values()", of=parameter.name)
            case _ if parameter.has_default and parameter.name not in self._checked_always:
                with self._locals.branch(), self._block(f"if {parameter.name} is not {self.name('unset')}:"):
                    self._check(parameter.hint, parameter.name)
            case _:
                self._check(parameter.hint, parameter.name)

    # Hints

    def _check(self, hint: Hint, value: str) -> None:
        """Lines that fail, or fall through with every name bound that the hint binds."""
        match hint:
            case Anything():
                pass
            case ClassHint(classes):
                self._fail_if(self._is_not(value, classes))
            case OtherHint(other, tower):
                self._other(other, tower, value)
            case ArrayHint() if (test := self._array_test(hint, value)) is not None:
                self._array(hint, value, test)
            case UnionHint(members) if (alternatives := self._alternatives(members)) is not None:
                self._union(alternatives, value)
            case BothHint(first, second):
                self._check(first, value)
                self._check(second, value)
            case ItemsHint(origin, item) if not _has_leaf_axes(hint):
                self._fail_if(self._is_not(value, (origin,)))
                self._items(item, value)
            case TupleHint(items):
                self._tuple(items, value)
            case MappingHint(origin, key, item) if not _has_leaf_axes(hint):
                self._fail_if(self._is_not(value, (origin,)))
                self._items(key, value)
                self._items(item, f"{value}.values()", of=value)
            case TreeHint() if self._has_plain_leaves(hint):
                self._tree(hint, value)
            case _:
                self._interpret(hint, value)

    def _is_not(self, value: str, classes: tuple[type, ...]) -> str:
        if classes == (type(None),):
            return f"{value} is not None"
        names = [self._shared("c", each) for each in classes]
        test = names[0] if len(names) == 1 else f"({', '.join(names)})"
        return f"not {self._builtin('isinstance')}({value}, {test})"

    def _other(self, hint: Any, tower: bool, value: str) -> None:
        check = compiled_check(hint, tower=tower)
        if check is not None:
            name = self._constant(f"o_{len(self._namespace)}", check)
            with self._block("try:"):
                self._line(f"{name}({value})")
            with self._block(f"except {self._builtin('Exception')}:"):
                self._line(self._fail)

    def _items(self, item: Hint, values: str, of: str | None = None) -> None:
        """A loop over a collection, of which the first items count."""
        if isinstance(item, Anything):
            return
        each, first = self._locals.temporary(), self._shared("f", islice)
        short = f"{self._builtin('len')}({of or values}) <= {MAX_ITEMS}"
        self._locals.maybe(self._keys(item))
        with self._block(f"for {each} in {values} if {short} else {first}({values}, {MAX_ITEMS}):"), self._locals.branch():
            self._check(item, each)

    def _tuple(self, items: tuple[Hint, ...], value: str) -> None:
        self._fail_if(self._is_not(value, (tuple,)), f"{self._builtin('len')}({value}) != {len(items)}")
        names = [self._locals.temporary() for _ in items]
        if names:
            self._line(f"{', '.join(names)}, = {value}")
        for item, name in zip(items, names, strict=True):
            self._check(item, name)

    # Unions

    def _alternatives(self, members: tuple[Hint, ...]) -> tuple[Hint, ...] | None:
        """The members, if a straight line can decide: arrays and plain classes, and at most one container.

        A class that no array or container belongs to may be asked first.
        """
        plain = [each for each in members if isinstance(each, ClassHint) and set(each.classes) <= _DISJOINT]
        others = [each for each in members if each not in plain]
        if len(others) == 1:
            return (*plain, others[0])
        straight = all(isinstance(each, ArrayHint | ClassHint) for each in others)
        compilable = all(self._array_test(each, "_") for each in others if isinstance(each, ArrayHint))
        growing = any(_run_name(each) in self._growing for each in others if isinstance(each, ArrayHint))
        return (*plain, *others) if straight and compilable and not growing else None

    def _union(self, members: tuple[Hint, ...], value: str) -> None:
        *first, last = members
        plain = [each for each in first if isinstance(each, ClassHint) and set(each.classes) <= _DISJOINT]
        rest = [*(each for each in first if each not in plain), last]
        if not plain:
            self._first_fit(rest, value)
            return
        classes = tuple(each for member in plain for each in member.classes)
        with self._locals.branch(), self._block(f"if {self._is_not(value, classes)}:"):
            self._first_fit(rest, value)

    def _first_fit(self, members: list[Hint], value: str) -> None:
        if len(members) == 1:
            self._check(members[0], value)
            return
        open_, before, outer = self._locals.temporary(), self._locals.states(), self._fail
        ends = []
        self._line(f"{open_} = True")
        for index, member in enumerate(members):
            self._locals.reset(before)
            with self._block("while True:" if index == 0 else f"while {open_}:"):
                self._fail = "break"
                self._attempt(member, value)
                self._line(f"{open_} = False")
                self._line("break")
            ends.append(self._locals.states())
        self._fail = outer
        self._locals.merge(*ends)
        self._fail_if(open_)

    def _attempt(self, member: Hint, value: str) -> None:
        """Check with names in variables of their own, kept only if all of it fits."""
        moved: list[tuple[Key, str]] = []
        for key in self._keys(member):
            variable = self._locals.get(key)
            if variable.state is not State.BOUND:
                moved.append((key, self._locals.redirect(key)))
                start = variable.text if variable.state is State.MAYBE else "None"
                self._line(f"{self._locals.get(key).text} = {start}")
        self._check(member, value)
        for key, original in moved:
            inner = self._locals.get(key)
            self._locals.direct(key, original)
            if inner.state is not State.UNBOUND:
                self._line(f"{original} = {inner.text}")

    # Arrays

    def _array_test(self, hint: ArrayHint, value: str) -> tuple[str, ...] | None:
        """Conditions under which class or dtype are in doubt; None if only the reference can tell."""
        if any(axis.treepath for axis in hint.shape.axes):
            return None
        if not isinstance(hint.array_type, type) or not self._expressions_translate(hint):
            return None
        family = _family(hint.array_type)
        instance = self._is_not(value, (hint.array_type,))
        if family == "jax" and (impl := _jax_array()) is not None:
            instance = f"({self._builtin('type')}({value}) is not {self._shared('c', impl)} and {instance})"
        if family is not None and hint.dtypes is None:
            return (instance,)
        match family:
            case "torch" if dtypes := torch_dtypes(hint.dtypes):
                return instance, self._not_in(f"{value}.dtype", dtypes)
            case "numpy" | "jax" if scalars := numpy_scalars(hint.dtypes):
                return instance, self._not_in(f"{value}.dtype.type", scalars)
            case _:
                return None

    def _not_in(self, value: str, members: frozenset[Any]) -> str:
        if len(members) == 1:
            return f"{value} is not {self._shared('t', next(iter(members)))}"
        return f"{value} not in {self._shared('t', members)}"

    def _expressions_translate(self, hint: ArrayHint) -> bool:
        terms = [axis.term for axis in hint.shape.axes]
        return all(self._translate(term) is not None for term in terms if isinstance(term, Expression))

    def _translate(self, expression: Expression) -> Any:
        parameters = {each.name: self._value_of(each) for each in self._spec.parameters}
        shadowed = {"min", "max", "abs", "round", "pow", "int"} & parameters.keys()
        if any(word in expression.source for word in shadowed):
            return None
        return translate(expression, lambda name: self._locals.get(("n", name)).text, self._sizes, parameters, self._prefix)

    def _array(self, hint: ArrayHint, value: str, test: tuple[str, ...]) -> None:
        self._fail_if(*test)
        axes, start = hint.shape.axes, hint.shape.variadic_index
        if start is not None:
            self._variadic(axes, start, value)
        elif all(axis.anonymous for axis in axes):
            self._fail_if(f"{value}.ndim != {len(axes)}" if axes else f"{value}.shape")
        else:
            self._fixed_rank(axes, value)

    def _fixed_rank(self, axes: tuple[Axis, ...], value: str) -> None:
        shape = self._locals.temporary()
        self._line(f"{shape} = {value}.shape")
        self._fail_if(f"{self._builtin('len')}({shape}) != {len(axes)}")
        targets, bound = [], set[Key]()
        for axis in axes:
            key = ("n", axis_name(axis)) if _is_size(axis) else None
            new = key is not None and key not in bound and self._locals.get(key).state is State.UNBOUND
            if key is not None and new and not axis.broadcast:
                targets.append(self._locals.get(key).text)
                bound.add(key)
            else:
                targets.append(self._locals.temporary())
        self._line(f"{', '.join(targets)}, = {shape}")
        for axis, target in zip(axes, targets, strict=True):
            self._axis(axis, target)

    def _variadic(self, axes: tuple[Axis, ...], start: int, value: str) -> None:
        run, after = axes[start], len(axes) - start - 1
        if len(axes) == 1 and run.anonymous:
            return
        shape = self._locals.temporary()
        self._line(f"{shape} = {value}.shape")
        if len(axes) > 1:
            self._fail_if(f"{self._builtin('len')}({shape}) < {len(axes) - 1}")
        for index, axis in enumerate(axes):
            if index != start and not axis.anonymous:
                size = self._locals.temporary()
                self._line(f"{size} = {shape}[{index if index < start else index - len(axes)}]")
                self._axis(axis, size)
        if not run.anonymous:
            middle = f"{shape}[{start or ''}:{-after if after else ''}]" if start or after else shape
            self._run(run, middle)

    def _axis(self, axis: Axis, size: str) -> None:
        if axis.anonymous:
            return
        one = f"{size} != 1 and " if axis.broadcast else ""
        match axis.term:
            case Size(expected):
                self._fail_if(f"{one}{size} != {expected}")
            case Expression() as expression:
                self._expression(expression, size, one)
            case Name(name):
                self._name(("n", name), size, one)

    def _name(self, key: Key, size: str, one: str) -> None:
        variable = self._locals.get(key)
        match variable.state:
            case State.BOUND:
                self._fail_if(f"{one}{size} != {variable.text}")
            case State.UNBOUND if not one:
                if size != variable.text:
                    self._line(f"{variable.text} = {size}")
                self._locals.bound(key)
            case State.UNBOUND:
                with self._locals.branch(), self._block(f"if {size} != 1:"):
                    self._line(f"{variable.text} = {size}")
                    self._locals.bound(key)
            case State.MAYBE:
                with self._block(f"if {one}{variable.text} is None:"):
                    self._line(f"{variable.text} = {size}")
                with self._block(f"elif {one}{size} != {variable.text}:"):
                    self._line(self._fail)
                if not one:
                    self._locals.bound(key)

    def _expression(self, expression: Expression, size: str, one: str) -> None:
        translation = self._translate(expression)
        for name in sorted(translation.names):
            variable = self._locals.get(("n", name))
            if variable.state is not State.BOUND:
                self._fail_if("True" if variable.state is State.UNBOUND else f"{variable.text} is None")
        failed = self._locals.temporary()
        with self._block("try:"):
            for name, source in translation.arguments:
                self._line(f"{name} = {source}")
            kinds = [f"{self._builtin('type')}({name}) is not {self._shared('c', int)} or {name} < 0"
                     for name, _ in translation.arguments]  # fmt: skip
            self._line(f"{failed} = {' or '.join([*kinds, f'{one}{size} != ({translation.source})'])}")
        with self._block(f"except {self._builtin('Exception')}:"):
            self._line(f"{failed} = True")
        self._fail_if(failed)

    def _run(self, axis: Axis, shape: str) -> None:
        name = axis_name(axis)
        variable = self._locals.get(("r", name))
        if name in self._growing:
            self._growing_run(axis, shape)
            return
        match variable.state:
            case State.BOUND:
                self._fail_if(f"{shape} != {variable.text}")
            case State.UNBOUND:
                self._line(f"{variable.text} = {shape}")
            case State.MAYBE:
                with self._block(f"if {variable.text} is None:"):
                    self._line(f"{variable.text} = {shape}")
                with self._block(f"elif {shape} != {variable.text}:"):
                    self._line(self._fail)
        self._locals.bound(("r", name))

    def _growing_run(self, axis: Axis, shape: str) -> None:
        """A run that broadcasts somewhere in this function holds a :class:`Run` instead of a shape."""
        key = ("r", axis_name(axis))
        variable, new = self._locals.get(key), self._locals.temporary()
        self._line(f"{new} = {self._shared('f', Run)}({axis.broadcast}, {self._builtin('tuple')}({shape}))")
        joined = f"{self._shared('f', join_runs)}({variable.text}, {new})"
        match variable.state:
            case State.UNBOUND:
                self._line(f"{variable.text} = {new}")
            case State.BOUND:
                self._line(f"{variable.text} = {joined}")
            case State.MAYBE:
                self._line(f"{variable.text} = {new} if {variable.text} is None else {joined}")
        if variable.state is not State.UNBOUND:
            self._fail_if(f"{variable.text} is None")
        self._locals.bound(key)

    # PyTrees

    def _has_plain_leaves(self, hint: TreeHint) -> bool:
        """Whether the leaves are what jax itself takes for leaves, and there is at most one structure name."""
        if is_composite(hint.structure) or "jax" not in sys.modules:
            return False
        leaf = hint.leaf
        return isinstance(leaf, Anything) or (
            isinstance(leaf, ArrayHint)
            and isinstance(leaf.array_type, type)
            and _family(leaf.array_type) is not None
            and self._array_test(leaf, "_") is not None
        )

    def _tree(self, hint: TreeHint, value: str) -> None:
        """None passes, as in jaxtyping; it has no leaves, but it does not bind the structure."""
        util = sys.modules["jax"].tree_util
        with self._locals.branch(), self._block(f"if {value} is not None:"):
            leaves = self._locals.temporary()
            if hint.structure:
                self._structure(hint.structure[0], value, leaves, self._shared("f", util.tree_flatten))
            elif not isinstance(hint.leaf, Anything):
                self._line(f"{leaves} = {self._shared('f', util.tree_leaves)}({value})")
            if not isinstance(hint.leaf, Anything):
                self._leaves(hint.leaf, leaves)

    def _structure(self, name: str, value: str, leaves: str, flatten: str) -> None:
        variable, new = self._locals.get(("t", name)), self._locals.temporary()
        self._line(f"{leaves}, {new} = {flatten}({value})")
        match variable.state:
            case State.BOUND:
                self._fail_if(f"{new} != {variable.text}")
            case State.UNBOUND:
                self._line(f"{variable.text} = {new}")
            case State.MAYBE:
                with self._block(f"if {variable.text} is None:"):
                    self._line(f"{variable.text} = {new}")
                with self._block(f"elif {new} != {variable.text}:"):
                    self._line(self._fail)
        self._locals.bound(("t", name))

    def _leaves(self, leaf: Hint, leaves: str) -> None:
        each = self._locals.temporary()
        self._locals.maybe(self._keys(leaf))
        with self._block(f"for {each} in {leaves}:"), self._locals.branch():
            self._check(leaf, each)

    # The reference in place

    def _keys(self, hint: Hint) -> list[Key]:
        """Every name the hint may bind."""
        found: dict[Key, None] = {}
        for axis in axes_of(hint):
            if not axis.treepath:
                found["r" if axis.variadic else "n", axis_name(axis)] = None
        for tree in tree_hints(hint):
            found.update({("t", word): None for word in tree.structure if word != "..."})
        return list(found)

    def _interpret(self, hint: Hint, value: str) -> None:
        """The reference checks one value over the variables of the wrapper.

        Every name of the function goes in, since an expression may read any; those of the hint come out.
        """
        self._locals.maybe(self._keys(hint))
        known = [key for key in self._all_keys() if self._locals.get(key).state is not State.UNBOUND]
        run = self._constant(f"h_{len(self._namespace)}", interpreter(hint, tuple(known), frozenset(self._growing)))
        leaf_names = self.name("leaf_names")
        if _has_leaf_axes(hint) and leaf_names not in self._locals.cleared:
            self._locals.cleared.add(leaf_names)
        leaves = leaf_names if _has_leaf_axes(hint) else "None"
        variables = "".join(f"{self._locals.get(key).text}, " for key in known)
        arguments = "{" + ", ".join(f"{each.name!r}: {self._value_of(each)}" for each in self._spec.parameters) + "}"
        result = self._locals.temporary()
        self._line(f"{result} = {run}({value}, {arguments}, ({variables}), {leaves})")
        self._fail_if(f"{result} is None")
        self._line(f"{variables}{leaf_names if _has_leaf_axes(hint) else self._locals.temporary()}, = {result}")

    def _all_keys(self) -> list[Key]:
        keys = dict.fromkeys(key for hint in self._hints() for key in self._keys(hint))
        return list(keys)


def _free_prefix(names: Iterator[str] | Any) -> str:
    taken = list(names)
    prefix = "_s_"
    while any(name.startswith(prefix) for name in taken):
        prefix = f"_{prefix}"
    return prefix


def _opens_keywords(kinds: list[Any], index: int) -> bool:
    before = kinds[:index]
    return inspect.Parameter.KEYWORD_ONLY not in before and inspect.Parameter.VAR_POSITIONAL not in before


def _is_size(axis: Axis) -> bool:
    return isinstance(axis.term, Name) and not (axis.anonymous or axis.variadic or axis.treepath)


def _is_growing(axis: Axis) -> bool:
    return axis.variadic and axis.broadcast and not axis.treepath


def _run_name(hint: ArrayHint) -> str | None:
    index = hint.shape.variadic_index
    return None if index is None else axis_name(hint.shape.axes[index])


def _has_leaf_axes(hint: Hint) -> bool:
    return any(axis.treepath for array in array_hints(hint) for axis in array.shape.axes)


def _default_fits(parameter: Parameter) -> bool:
    """Whether checking the default too makes no difference: it passes and binds nothing."""
    if not parameter.has_default:
        return False
    scope = Scope({})
    try:
        return match(parameter.hint, parameter.default, scope, Place("")) is None and not scope.bindings()
    except Exception:
        return False


def _family(array_type: type) -> str | None:
    """The library whose arrays these are, as that decides how a dtype is compared."""
    for family, module, name in (("torch", "torch", "Tensor"), ("numpy", "numpy", "ndarray"), ("jax", "jax", "Array")):
        base = getattr(sys.modules.get(module), name, None)
        if isinstance(base, type) and isinstance(array_type, type) and issubclass(array_type, base):
            return family
    return None


def _jax_array() -> type | None:
    """The class of concrete jax arrays, which a comparison of types finds faster than `jax.Array` does."""
    found = getattr(sys.modules.get("jaxlib._jax"), "ArrayImpl", None) or getattr(
        sys.modules.get("jax._src.array"), "ArrayImpl", None
    )
    return found if isinstance(found, type) else None


def compilable(parameters: Mapping[str, inspect.Parameter]) -> bool:
    """Whether the parameters can be written down; those of some C functions cannot."""
    return all(name.isidentifier() and not keyword.iskeyword(name) for name in parameters)
