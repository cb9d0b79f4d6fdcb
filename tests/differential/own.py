"""Programs of the kind `own`: what mypy sees and jaxtyping does not look at, so they run under our own import hook.

Coroutines, generators and context managers, named tuples and typed dictionaries, annotated local variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.differential.choices import Choices
from tests.differential.modules import Writer, function, indented, library
from tests.differential.steps import annotation, renamed, slip, step, zeros

_A, _B = 5, 7


def own(c: Choices, name: str) -> Writer:
    """Something that only our run time checks, and a use of it."""
    w = Writer(c, name, library(c))
    form = c.one_of(tuple(_FORMS))
    w.constructs |= {form, w.library}
    _FORMS[form](w)
    return w


def _square(w: Writer) -> str:
    return zeros(w, slip(w.c, _A, 4), slip(w.c, _B, 4))


def _taking(w: Writer, *others: str) -> list[str]:
    return [f"x: {annotation(w, 'a b')}", *others]


def _async(w: Writer) -> None:
    """What is awaited is the result; a coroutine that awaits another one has names of its own."""
    c = w.c
    inner, outer = step(w, "x", "a", "b"), step(w, "x", "n", "d")
    w.functions.append("async " + function("f", _taking(w), [f"return {inner.text}"], annotation(w, inner.promised)))
    waited = c.one_of(("y = await f(x)", "y, _ = await asyncio.gather(f(x), f(x))", "y = await asyncio.create_task(f(x))"))
    given = renamed(inner.promised, a="n", b="d", new="other")
    promised = outer.promised if c.chance(12) else given
    w.functions.append("async " + function("g", [f"x: {annotation(w, 'n d')}"], [waited, "return y"], annotation(w, promised)))
    w.main += [f"r = asyncio.run(g({_square(w)}))", "reveal_type(r)"]


def _generator(w: Writer) -> None:
    """Every item is checked, with the names of the arguments."""
    c = w.c
    found = step(w, "x", "a", "b")
    first, kind = found.text, c.one_of(("Iterator[{}]", "Generator[{}, None, None]", "Iterable[{}]"))
    again = c.one_of((f"yield {first}", f"yield from [{first}]", "yield x", "return"))
    w.functions.append(function("f", _taking(w), [f"yield {first}", again], kind.format(annotation(w, found.promised))))
    w.main += c.one_of(
        (
            [f"for r in f({_square(w)}):", "    reveal_type(r)"],
            [f"r = list(f({_square(w)}))[0]", "reveal_type(r)"],
            [f"r = [item for item in f({_square(w)})][-1]", "reveal_type(r)"],
        )
    )


def _returning(w: Writer) -> None:
    """A generator with a result, which `yield from` gives."""
    item, result = step(w, "x", "a", "b", new=False), step(w, "x", "a", "b", new=False)
    kind = f"Generator[{annotation(w, item.promised)}, None, {annotation(w, result.promised)}]"
    w.functions.append(function("f", _taking(w), [f"yield {item.text}", f"return {result.text}"], kind))
    again = f"Generator[{annotation(w, item.axes)}, None, {annotation(w, result.axes)}]"
    w.functions.append(function("g", _taking(w), ["y = yield from f(x)", "return y"], again))
    w.main.append(f"list(g({_square(w)}))")


def _async_generator(w: Writer) -> None:
    found = step(w, "x", "a", "b")
    w.functions.append(
        "async " + function("f", _taking(w), [f"yield {found.text}"], f"AsyncIterator[{annotation(w, found.promised)}]")
    )
    w.functions.append("async " + function("g", (), [f"async for r in f({_square(w)}):", "    reveal_type(r)"]))
    w.main.append("asyncio.run(g())")


def _context(w: Writer) -> None:
    found = step(w, "x", "a", "b")
    body = [f"yield {found.text}"]
    w.functions.append("@contextmanager\n" + function("f", _taking(w), body, f"Iterator[{annotation(w, found.promised)}]"))
    w.main += [f"with f({_square(w)}) as r:", "    reveal_type(r)"]


def _pair(w: Writer) -> tuple[str, str]:
    """Fields that share a name, and arrays for them."""
    fields = f"x: {annotation(w, 'a b')}\ny: {annotation(w, w.c.one_of(('b', 'a', 'b a')))}"
    shape = {"b": (_B,), "a": (_A,), "b a": (_B, _A)}[fields.rpartition(', "')[2].rstrip('"]')]
    return fields, zeros(w, *(slip(w.c, size) for size in shape))


def _named_tuple(w: Writer) -> None:
    c = w.c
    fields, other = _pair(w)
    w.functions.append(f"class P(NamedTuple):\n{indented(fields)}\n")
    w.functions.append(function("f", ["p: P"], ["return p.x"], annotation(w, "n m")))
    made = c.one_of((f"P({_square(w)}, {other})", f"P(y={other}, x={_square(w)})"))
    w.main += [f"p = {made}", "reveal_type(p.x)", "r = f(p)", "reveal_type(r)"]


def _typed_dict(w: Writer) -> None:
    """A typed dictionary as an argument, or as the keywords. mypy looks at each item alone."""
    c = w.c
    w.partial = True
    fields, other = _pair(w)
    w.functions.append(f"class D(TypedDict):\n{indented(fields)}\n")
    if c.chance(50):
        w.functions.append(function("f", ["d: D"], ['return d["x"]'], annotation(w, "n m")))
        called = f'f({{"x": {_square(w)}, "y": {other}}})'
    else:
        w.constructs.add("Unpack")
        w.functions.append(function("f", ["**d: Unpack[D]"], ['return d["x"]'], annotation(w, "n m")))
        called = f"f(x={_square(w)}, y={other})"
    w.main += [f"r = {called}", "reveal_type(r)"]


def _local(w: Writer) -> None:
    """Local variables with the names of the arguments, or with names that later ones share."""
    c = w.c
    first, second = step(w, "x", "a", "b", new=False), step(w, "x", "a", "b", new=False)
    lines = [f"y: {annotation(w, first.promised)} = {first.text}", f"z: {annotation(w, second.promised)} = {second.text}"]
    returned, promised = c.one_of((("y", first.axes), ("z", second.axes)))
    w.functions.append(function("f", _taking(w), [*lines, f"return {returned}"], annotation(w, promised)))
    w.main += [f"r = f({_square(w)})", "reveal_type(r)"]


_FORMS: Mapping[str, Callable[[Writer], None]] = {
    "coroutines": _async,
    "yielded items": _generator,
    "generator with a result": _returning,
    "async generator": _async_generator,
    "context manager": _context,
    "NamedTuple, wrong": _named_tuple,
    "TypedDict, wrong": _typed_dict,
    "locals": _local,
}
