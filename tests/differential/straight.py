"""Programs of the kind `operations`: arrays of known shapes and operations on them, without functions."""

from __future__ import annotations

from tests.differential.annotations import Scope, leaf
from tests.differential.arrays import Arrays
from tests.differential.choices import Choices
from tests.differential.holders import held, narrowed
from tests.differential.modules import Writer, fresh_namespace, library
from tests.differential.sizes import small_sizes
from tests.differential.statements import run, statements


def operations(c: Choices, name: str) -> Writer:
    """Arrays of known shapes and operations on them."""
    w = Writer(c, name, library(c))
    scope = Scope(small_sizes(c), wrong=0.0)
    arrays = Arrays(w.library, {}, rigid=False)
    namespace = fresh_namespace()
    for at in range(c.below(3) + 1):
        made = leaf(c, scope, w.library)
        kept = c.weighted([(76, "plain"), (16, "held"), (8, "narrowed")])
        if kept == "narrowed":
            lines = narrowed(w, f"v{at}", made, scope.sizes)
            run(w.main, "\n".join(lines), f"v{at}", arrays, namespace)
            continue
        value = held(w, f"H{at}", made, scope.sizes, namespace) if kept == "held" else made.value(scope.sizes)
        run(w.main, f"v{at} = {value}", f"v{at}", arrays, namespace)
    statements(w, w.main, arrays, namespace, c.weighted([(2, 1), (3, 2), (2, 3), (1, 4)]))
    w.main += [f"reveal_type({name})" for name in arrays.values]
    return w
