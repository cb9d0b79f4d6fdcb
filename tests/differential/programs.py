"""Generated programs: small modules with annotated functions and a `main` that calls them.

The kinds differ in what they are about, and in what is known before the program runs:

- `calls`: functions without a body, called with arrays of known shapes. Nothing is left to decide: both verdicts agree.
- `operations`: operations on arrays of known shapes, without functions. Both verdicts agree here too.
- `bodies`: functions with a body that must work for every size of their names. Sizes are chosen apart, so that a promise
  that other sizes would keep fails when the program runs; `variants` are other calls of the same functions.
- `gradual`: the same with bare arrays and ints that nobody knows. An error of the checker must be a failure, no more.
- `transforms`, `modules`, `class dims`: functions that a library transforms, networks of layers, and classes with sizes,
  all with known shapes. The last run under our own import hook, because jaxtyping does not know such sizes.
- `scopes`: functions inside, after and instead of other functions. `own`: what jaxtyping does not look at, such as
  coroutines, under our own hook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.differential.bodies import bodies
from tests.differential.calls import calls
from tests.differential.choices import Choices, seeded
from tests.differential.class_dims import class_dims
from tests.differential.modules import Kind, Program, Writer
from tests.differential.nets import nets
from tests.differential.own import own
from tests.differential.scopes import scopes
from tests.differential.straight import operations
from tests.differential.transforms import transforms

KINDS = [
    (8, Kind.CALLS),
    (8, Kind.OPERATIONS),
    (6, Kind.BODIES),
    (2, Kind.GRADUAL),
    (1, Kind.TRANSFORMS),
    (1, Kind.MODULES),
    (1, Kind.CLASS_DIMS),
    (3, Kind.SCOPES),
    (2, Kind.OWN),
]
"""How often a kind is made."""
_MAKERS: Mapping[Kind, Callable[[Choices, str], Writer]] = {
    Kind.CALLS: calls,
    Kind.OPERATIONS: operations,
    Kind.TRANSFORMS: transforms,
    Kind.MODULES: nets,
    Kind.SCOPES: scopes,
    Kind.CLASS_DIMS: class_dims,
    Kind.OWN: own,
}


def generate(c: Choices, name: str) -> Program:
    """A program from a source of choices."""
    kind = c.weighted(KINDS)
    variants: list[tuple[str, ...]] = []
    if kind in _MAKERS:
        w = _MAKERS[kind](c, name)
    else:
        w, variants = bodies(c, name, kind is Kind.GRADUAL)
    ours = kind in (Kind.CLASS_DIMS, Kind.OWN)
    future = c.chance(8) and not ours
    w.constructs |= {"from __future__"} if future else set()
    known = Kind.GRADUAL if w.partial else kind
    return Program(name, known, w.module(future), frozenset(w.constructs), tuple(variants), ours)


def programs(seed: int, count: int) -> Iterator[Program]:
    """The programs of a seed; each has a seed of its own, so that one is made again without the others."""
    for at in range(count):
        yield next(filter(None, (fitting(seeded(f"{seed}:{at}{'+' * attempt}"), f"p{at:05}") for attempt in range(100))))


def fitting(c: Choices, name: str) -> Program | None:
    """A program, None where an array with the product of many names would not fit in memory."""
    try:
        return generate(c, name)
    except (MemoryError, RuntimeError) as error:
        if "memory" in str(error) or isinstance(error, MemoryError):
            return None
        raise
