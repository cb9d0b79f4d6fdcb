"""Results that are named tuples: `torch.linalg.svd(x).S`, `x.topk(3).values`, `jnp.linalg.eigh(x).eigenvalues`.

A rule answers a tuple; the names of its items are the library's. Where mypy does not see the library's class, because the
function has no type to it, the result gets one here. Called when a result is written and when an attribute is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mypy.checker import TypeChecker
from mypy.nodes import TypeInfo
from mypy.types import AnyType, Instance, ProperType, TupleType, Type, UnionType, get_proper_type

from mypy_plugin.lookup import class_named
from mypy_plugin.names import STATIC

_TORCH = "cholesky_ex eig eigh inv_ex ldl_factor ldl_factor_ex lstsq lu lu_factor lu_factor_ex polar qr slogdet solve_ex svd"
CLASSES: Mapping[str, str] = MappingProxyType(
    {
        **{f"torch.linalg.{name}": f"{STATIC}.linalg_{name}" for name in _TORCH.split()},
        "jnp.linalg.eigh": "jax._src.numpy.linalg.EighResult",
        "jnp.linalg.slogdet": "jax._src.numpy.linalg.SlogdetResult",
    }
)
"""The classes of results whose functions are `Any` to mypy: torch adds their documentation, jax compiles them."""


def declared(name: str, default: Type, chk: TypeChecker) -> Type:
    """What the operation `name` is declared to answer: `default`, or a named tuple where mypy sees no type."""
    if name not in CLASSES or not isinstance(get_proper_type(default), AnyType):
        return default
    try:
        info = class_named(CLASSES[name], chk)
    except KeyError:
        return default
    return info.tuple_type.copy_modified(fallback=Instance(info, [])) if info.tuple_type is not None else default


def tuple_among(default: ProperType, count: int) -> ProperType:
    """The tuple of `count` items in a union (`svd` answers an array or three, by its arguments); else the type itself."""
    if not isinstance(default, UnionType):
        return default
    return next(
        (item for item in map(get_proper_type, default.items) if isinstance(item, TupleType) and item.length() == count), default
    )


def is_result(fullname: str) -> bool:
    """Whether an attribute belongs to a class of a library's results, by its full name."""
    owner = fullname.rpartition(".")[0]
    return owner.startswith(("torch.return_types.", f"{STATIC}.linalg_")) or owner.endswith("Result")


def field_of(owner: TupleType, name: str) -> Type | None:
    """The type of a named tuple's field as this value has it, more exact than the class declares."""
    fields = _fields(owner.partial_fallback.type)
    return owner.items[fields.index(name)] if name in fields and len(fields) == len(owner.items) else None


_TORCH_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "aminmax": "min max",
        "frexp": "mantissa exponent",
        "geqrf": "a tau",
        "histogram": "hist bin_edges",
        "histogramdd": "hist bin_edges",
        "lu_unpack": "P L U",
        "slogdet": "sign logabsdet",
        "svd": "U S V",
        "triangular_solve": "solution cloned_coefficient",
    }
)
"""The fields of `torch.return_types`, which mypy has as properties in no certain order; all others are values and indices."""


def _fields(info: TypeInfo) -> list[str]:
    if info.fullname.startswith("torch.return_types."):
        return _TORCH_FIELDS.get(info.name, "values indices").split()
    found = info.metadata.get("namedtuple", {}).get("fields", [])
    return list(found)
