"""How a file spells array and dtype classes, and which imports an edit has to add."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shapecheck.codemod.model import Module
from shapecheck.core.value import Library

_ARRAYS = {
    Library.TORCH: (("torch", "Tensor"),),
    Library.JAX: (("jax", "Array"), ("jaxtyping", "Array")),
    Library.NUMPY: (("numpy", "ndarray"),),
}


@dataclass(frozen=True, slots=True)
class Needed:
    """An import `from module import name`."""

    module: str
    name: str


def array_spelling(module: Module, library: Library) -> tuple[str, Needed | None]:
    """The array class as the file would write it: `Tensor` where it is imported, `torch.Tensor` where torch is."""
    names = _ARRAYS[library]
    for package, name in names:
        for local, target in module.imports.items():
            if target == f"{package}.{name}":
                return local, None
    package, name = names[0]
    for local, target in module.imports.items():
        if target == package:
            return f"{local}.{name}", None
    return name, Needed(package, name)


def dtype_spellings(module: Module, dtypes: Iterable[str]) -> tuple[dict[str, str], list[Needed]]:
    """How to write each dtype class, and what to import. A name that the file uses otherwise is written out in full."""
    spellings: dict[str, str] = {}
    needed: list[Needed] = []
    package = next((local for local, target in module.imports.items() if target == "jaxtyping"), None)
    for dtype in sorted(set(dtypes)):
        imported = next((local for local, target in module.imports.items() if target == f"jaxtyping.{dtype}"), None)
        if imported is not None:
            spellings[dtype] = imported
        elif package is not None:
            spellings[dtype] = f"{package}.{dtype}"
        elif dtype in module.imports or dtype in module.bound:
            spellings[dtype] = f"Jaxtyped{dtype}"
            needed.append(Needed("jaxtyping", f"{dtype} as Jaxtyped{dtype}"))
        else:
            spellings[dtype] = dtype
            needed.append(Needed("jaxtyping", dtype))
    return spellings, needed
