"""The names bound in one call: sizes, shapes and tree structures, each with the argument and axis that bound it.

One :class:`Scope` lives as long as one call of a checked function. Filled by the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shapecheck.runtime.errors import Binding

__all__ = ["Place", "Run", "Scope"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: the parameter, and the way from there: `xs`, `[2]["w"]`; worked out late where that takes time."""

    argument: str
    path: str | Callable[[], str] = ""

    def __str__(self) -> str:
        return f"{self.argument}{self._path()}"

    def _path(self) -> str:
        return self.path if isinstance(self.path, str) else self.path()

    def at(self, key: object) -> Place:
        """An item of it."""
        return Place(self.argument, f"{self._path()}[{key!r}]")

    def leaf(self, path: Callable[[], str]) -> Place:
        """A leaf of the PyTree it is."""
        return Place(self.argument, lambda: f"{self._path()}{path()}")


@dataclass(frozen=True, slots=True)
class Run:
    """The value of a variadic name: the shape, and whether it may still grow by broadcasting."""

    broadcast: bool
    shape: tuple[Any, ...]


type _Origin = tuple[Place | str, int | None]
type _Saved = tuple[dict[str, Any], dict[str, Run], dict[str, Any], dict[str, tuple[type, ...]]]


@dataclass(slots=True)
class Scope:
    """The state of one call. Sizes, runs and structures are three namespaces, as in jaxtyping.

    Attributes:
        arguments: the bound arguments, defaults included: what `{...}` in a shape can see.
        classes: for each tied type variable, which of its constraints are left.
        leaf: the prefix of `?` names, inside the leaf of a structured PyTree.
        flattening: whether a PyTree is being taken apart, when only classes count.
    """

    arguments: Mapping[str, object]
    sizes: dict[str, Any] = field(default_factory=dict[str, Any])
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    trees: dict[str, Any] = field(default_factory=dict[str, Any])
    origins: dict[tuple[str, str], _Origin] = field(default_factory=dict[tuple[str, str], "_Origin"])
    classes: dict[str, tuple[type, ...]] = field(default_factory=dict[str, tuple[type, ...]])
    leaf: str | None = None
    flattening: bool = False

    def save(self) -> _Saved:
        """What :meth:`restore` needs."""
        return self.sizes.copy(), self.runs.copy(), self.trees.copy(), self.classes.copy()

    def restore(self, saved: _Saved) -> None:
        """Forget what was bound since; origins of names no longer bound do no harm."""
        sizes, runs, trees, classes = saved
        self.sizes, self.runs, self.trees, self.classes = dict(sizes), dict(runs), dict(trees), dict(classes)

    def bind_size(self, name: str, size: Any, place: Place, axis: int) -> None:
        """A named axis seen for the first time."""
        self.sizes[name] = size
        self._remember("", name, place, axis)

    def bind_run(self, name: str, run: Run, place: Place, axis: int) -> None:
        """A variadic name; seen again, it may have grown by broadcasting."""
        if name not in self.runs or self.runs[name].shape != run.shape:
            self._remember("*", name, place, axis)
        self.runs[name] = run

    def bind_tree(self, name: str, structure: Any, place: Place) -> None:
        """A structure seen for the first time."""
        self.trees[name] = structure
        self._remember("T", name, place, None)

    def bind_class(self, name: str, classes: tuple[type, ...], place: Place) -> None:
        """What a value has left open of a type variable."""
        if self.classes.get(name) != classes:
            self._remember("V", name, place, None)
        self.classes[name] = classes

    def _remember(self, kind: str, name: str, place: Place, axis: int | None) -> None:
        self.origins.pop((kind, name), None)  # so that the order is that of the last binding
        self.origins[kind, name] = (place, axis)

    def origin(self, kind: str, name: str) -> str:
        """Who bound a name, in words: `` `x` axis 1 ``."""
        argument, axis = self.origins[kind, name]
        return Binding(name, 0, str(argument), axis).origin

    def bindings(self) -> tuple[Binding, ...]:
        """Every name that is bound, in the order of binding."""
        found: list[Binding] = []
        for (kind, name), (place, axis) in self.origins.items():
            argument = str(place)
            match kind:
                case "" if name in self.sizes:
                    found.append(Binding(name, self.sizes[name], argument, axis))
                case "*" if name in self.runs:
                    found.append(Binding(f"*{name}", self.runs[name].shape, argument, axis))
                case "T" if name in self.trees:
                    found.append(Binding(name, str(self.trees[name]), argument, axis))
                case "V" if name in self.classes:
                    found.append(Binding(name, " | ".join(each.__name__ for each in self.classes[name]), argument, axis))
                case _:
                    pass
        return tuple(found)
