"""Names for what a hook leaves behind until its result is called: mypy hands the name of a callee to the hook of the call.

`transforms` and `lambdas` give such names to function types. Names in mypy's cache are those of other processes, and unknown here.
"""

from __future__ import annotations

from time import time_ns

from mypy.nodes import Context

_PROCESS = time_ns()
_MOST = 256
"""How much waits at once: a result is called soon after it is made."""


class Waiting[T]:
    """What waits, by its name."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._left: dict[str, tuple[Context, T]] = {}

    def leave(self, place: Context, what: T) -> str:
        """The name under which `what` waits; the place is kept, so that no other has its id."""
        if len(self._left) > _MOST:
            self._left.clear()
        name = f"{self.prefix}{_PROCESS}.{id(place)}"
        self._left[name] = (place, what)
        return name

    def get(self, name: str) -> T | None:
        """What waits under a name, if it still does."""
        found = self._left.get(name)
        return found[1] if found is not None else None
