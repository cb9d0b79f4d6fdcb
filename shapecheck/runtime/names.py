"""The local variables of a compiled wrapper: which hold the bound names, and whether they hold them yet.

A name is bound, unbound or, after a branch, maybe bound; a variable of the last kind starts as None. Used by the
compiler only.
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Locals", "State", "Variable"]

type Key = tuple[str, str]  # namespace ("n" sizes, "r" runs, "t" trees, "v" type variables) and name


class State(enum.Enum):
    """What is known, at one line of the generated code, of a variable."""

    UNBOUND = enum.auto()
    MAYBE = enum.auto()
    BOUND = enum.auto()


@dataclass(frozen=True, slots=True)
class Variable:
    """A name of the annotations and the variable that holds its value."""

    key: Key
    text: str
    state: State


class Locals:
    """All names of one function, while its code is generated from top to bottom."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.cleared: set[str] = set()  # variables that must start as None
        self._texts: dict[Key, str] = {}
        self._states: dict[Key, State] = {}
        self._count = 0

    def temporary(self) -> str:
        """A variable that holds no name."""
        self._count += 1
        return f"{self.prefix}{self._count}"

    def get(self, key: Key) -> Variable:
        """The variable of a name and what is known of it here."""
        if key not in self._texts:
            namespace, name = key
            text = name if name.isascii() and name.isidentifier() else str(len(self._texts))
            self._texts[key] = f"{self.prefix}{namespace}_{text}"
        return Variable(key, self._texts[key], self._states.get(key, State.UNBOUND))

    def bound(self, key: Key) -> None:
        """From here on it has a value."""
        self._states[key] = State.BOUND

    def maybe(self, keys: Iterable[Key]) -> None:
        """From here on these may have a value."""
        for key in keys:
            variable = self.get(key)
            if variable.state is not State.BOUND:
                self._states[key] = State.MAYBE
                self.cleared.add(variable.text)

    def states(self) -> dict[Key, State]:
        """What is known here, for :meth:`merge`."""
        return dict(self._states)

    def reset(self, states: dict[Key, State]) -> None:
        """Go back to what was known, for another branch from the same place."""
        self._states = dict(states)

    def merge(self, *branches: dict[Key, State]) -> None:
        """What is known after one of several branches."""
        keys = {key for branch in branches for key in branch}
        found = {key: {branch.get(key, State.UNBOUND) for branch in branches} for key in keys}
        self._states = {key: State.BOUND for key, states in found.items() if states == {State.BOUND}}
        self.maybe(key for key, states in found.items() if states not in ({State.BOUND}, {State.UNBOUND}))

    @contextmanager
    def branch(self) -> Generator[None]:
        """Code that may not run."""
        before = self.states()
        yield
        self.merge(before, self.states())

    def redirect(self, key: Key) -> str:
        """Let a name live in another variable for a while; returns the one it had."""
        original = self.get(key).text
        self._texts[key] = self.temporary()
        return original

    def direct(self, key: Key, text: str) -> None:
        """End of :meth:`redirect`."""
        self._texts[key] = text
