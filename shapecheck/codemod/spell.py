"""From arrays to the text of annotations: jaxtyping's words, the names people use, valid wherever they are bound.

A name is written for one size only; an expression only where every name in it is bound before. The rest is `_`.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shapecheck.codemod.evaluate import kind_of
from shapecheck.core.dim import Dim, Symbol, dim
from shapecheck.core.shape import Run, Shape
from shapecheck.core.value import Array, Value


@dataclass(frozen=True, slots=True)
class Spelled:
    """An annotation's text with `{array}` in place of the array's class, and the dtype classes it uses."""

    text: str
    dtypes: frozenset[str]


@dataclass(slots=True)
class Speller:
    """The names of one function's signature, given out from left to right."""

    names: dict[str, Symbol | Run] = field(default_factory=dict)
    nicknames: Mapping[Dim, Symbol] = field(default_factory=dict)

    def annotation(self, value: Value, prefixes: dict[str, str]) -> Spelled | None:
        """The annotation of an array, or of a tuple of arrays; None when it would say nothing.

        Args:
            value: what is known.
            prefixes: how the file spells a dtype class, where not by its own name.
        """
        match value:
            case Array():
                return self._array(value, prefixes)
            case tuple() if value:
                parts = [self.annotation(item, prefixes) for item in value]
                known = [part for part in parts if part is not None]
                if len(known) < len(parts):
                    return None
                dtypes = frozenset[str]().union(*(part.dtypes for part in known))
                return Spelled(f"tuple[{', '.join(part.text for part in known)}]", dtypes)
            case _:
                return None

    def _array(self, array: Array, prefixes: dict[str, str]) -> Spelled | None:
        if array.shape.run is not None and all(size.is_unknown for size in (*array.shape.prefix, *array.shape.suffix)):
            return None
        kind = kind_of(array)
        text = self.shape(array.shape)
        spaced = f" {text}" if text.isidentifier() else text
        return Spelled(f'{prefixes.get(kind, kind)}[{{array}}, "{spaced}"]', frozenset([kind]))

    def shape(self, shape: Shape) -> str:
        """The shape string; names are bound from left to right as jaxtyping does, the run last."""
        before = [self._size(size) for size in shape.prefix]
        after = [self._size(size) for size in shape.suffix]
        return " ".join([*before, *self._run(shape.run), *after])

    def _run(self, run: Run | None) -> Iterable[str]:
        if run is None:
            return []
        if run.name is None or run.scope.endswith("?") or not self._take(f"*{run.name}", run):
            return ["..."]
        return [str(run)]

    def _size(self, size: Dim) -> str:
        if size.constant is not None and size.constant >= 0:
            return str(size.constant)
        if size.symbol is not None:
            name = size.symbol.name
            return name if _is_legal(name) and self._take(name, size.symbol) else "_"
        if not size.is_unknown and size.symbols() and all(self.names.get(symbol.name) == symbol for symbol in size.symbols()):
            return text if not set(text := str(size)) & set("# ") else "_"
        nickname = self.nicknames.get(size)
        return self._size(dim(nickname)) if nickname is not None else "_"

    def _take(self, name: str, owner: Symbol | Run) -> bool:
        return self.names.setdefault(name, owner) == owner


def _is_legal(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
