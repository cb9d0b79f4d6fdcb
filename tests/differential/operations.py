"""Generated statements: one operation on arrays that exist, spelled for their library.

`operation` picks by the rank of the arrays it finds, so that most statements run, and adds mistakes that the rules have to
see. Every template names its construct, by which the results are counted.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.differential.arrays import Arrays, Template
from tests.differential.choices import Choices
from tests.differential.elementwise import ELEMENTWISE
from tests.differential.layout import LAYOUT
from tests.differential.networks import NETWORKS
from tests.differential.selection import SELECTION

OPERATIONS: Mapping[str, tuple[int, Template]] = {**ELEMENTWISE, **LAYOUT, **SELECTION, **NETWORKS}

BY_DATA = frozenset({"index by data", "uneven pieces", "mapped layer"})
"""Operations whose results have sizes that the data decide, or that are unknown to mypy: what follows is partly unknown."""


def operation(c: Choices, arrays: Arrays) -> tuple[str, str]:
    """The construct and the text of an operation."""
    name = c.weighted([(weight, name) for name, (weight, _) in OPERATIONS.items()])
    return name, OPERATIONS[name][1](c, arrays)
