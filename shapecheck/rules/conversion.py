"""Conversions: `.float()`, `.to(...)`, `.astype(...)`, `.item()`, `.numpy()`, and methods that change nothing here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import UNKNOWN_DIM, bounds
from shapecheck.core.dtype import ANY_DTYPE, DTypes, dtype
from shapecheck.core.promotion import BOOLEAN, CATEGORY, COMPLEX, FLOATING, INTEGER, Typed, bits
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Scalar, Unknown, Value
from shapecheck.rules.axes import any_of_rank
from shapecheck.rules.families import always, dtype_argument, gufunc, itself, kept, spelled, unknown_dtype
from shapecheck.rules.table import Compute, Rule, rule

DTYPE_METHODS = {
    "float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16", "long": "int64", "int": "int32",
    "short": "int16", "char": "int8", "byte": "uint8", "bool": "bool", "cfloat": "complex64", "cdouble": "complex128",
}  # fmt: skip
"""Torch's methods that are named after a dtype."""

TENSOR_TYPES = {
    "FloatTensor": "float32", "DoubleTensor": "float64", "HalfTensor": "float16", "BFloat16Tensor": "bfloat16", "LongTensor": "int64",
    "IntTensor": "int32", "ShortTensor": "int16", "CharTensor": "int8", "ByteTensor": "uint8", "BoolTensor": "bool",
}  # fmt: skip
"""The old names of dtypes, as in `x.type("torch.LongTensor")`."""


def to_named(name: str) -> Rule:
    """`x.float()` and the like."""
    return gufunc("*s -> *s", "input, **", always(DTYPE_METHODS[name]), f"Tensor.{name}")


def to(a: Arguments) -> Result:
    """`x.to(dtype)`, `x.to(device)`, `x.to(other)`, `x.to(device, dtype)`."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    rest = a["target"]
    listed = (*(rest if isinstance(rest, tuple) else (rest,)), a["dtype"], a["other"])
    found: DTypes | None = None
    for value in listed:
        found = _target_dtype(value) or found
    return array if found is None else array.with_dtype(found)


def _target_dtype(value: Value) -> DTypes | None:
    """The dtype that an argument of `to` asks for; a device and flags ask for none."""
    match value:
        case DTypes():
            return value
        case Array():
            return value.dtype
        case Unknown():
            return ANY_DTYPE
        case _:
            return None


def to_type(a: Arguments) -> Result:
    """`x.type(torch.float32)` or `x.type("torch.FloatTensor")`; without an argument a text."""
    array, asked = a.array("input"), a["dtype"]
    if array is None or asked is None:
        return UNKNOWN
    if isinstance(asked, str):
        old = TENSOR_TYPES.get(asked.rpartition(".")[2])
        return array.with_dtype(dtype(old) if old else ANY_DTYPE)
    return array.with_dtype(asked if isinstance(asked, DTypes) else ANY_DTYPE)


def of_second(values: Sequence[Value], library: Library) -> Typed:
    """The dtype of the other array."""
    other = values[1]
    return Typed(other.dtype if isinstance(other, Array) else ANY_DTYPE)


def to_numpy(a: Arguments) -> Result:
    """`x.numpy()`: numpy has no bfloat16."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    if array.dtype.exact == "bfloat16":
        return Mismatch("shape-dtype", "numpy has no bfloat16; convert with .float() first", None, "", "BFloat16")
    return replace(array, library=Library.NUMPY)


def viewed(a: Arguments) -> Result:
    """`x.view(dtype)`: narrower elements are more, wider ones fewer, along the last axis."""
    array = a.array("input")
    if array is None or a["dtype"] is None:
        return array or UNKNOWN
    wanted = dtype_argument(a["dtype"], a.library)
    widths = {max(bits(name), 8) for name in (*array.dtype.names, *wanted.names)}
    return array.with_dtype(wanted).with_shape(array.shape if len(widths) == 1 else any_of_rank(array.shape))


def iterator(a: Arguments) -> Result:
    """No array: what walks over its elements."""
    return UNKNOWN


# --- Python numbers -----------------------------------------------------------------------------------------------

_NUMBERS: dict[int, Value] = {
    BOOLEAN: Scalar("bool"),
    INTEGER: UNKNOWN_DIM,
    FLOATING: Scalar("float"),
    COMPLEX: Scalar("complex"),
}


def one_element(array: Array, what: str) -> Mismatch | None:
    """The refusal of an array that certainly has several elements."""
    least, _ = bounds(array.shape.size)
    smallest = least if array.shape.run is None else None
    if smallest is None or smallest < 2:
        return None
    return Mismatch(
        "shape-op",
        f"an array of {array.shape.size} elements ({array.shape}) is no single {what}",
        None,
        "1 element",
        str(array.shape),
    )


def item(a: Arguments) -> Result:
    """The only element as a Python number."""
    array = a.array("input")
    if array is None or a["args"] != ():
        return UNKNOWN
    refused = one_element(array, "number")
    if refused is not None:
        return refused
    categories = {CATEGORY[name] for name in array.dtype.names}
    return _NUMBERS.get(categories.pop(), UNKNOWN) if len(categories) == 1 else UNKNOWN


def converted(kind: Value, what: str) -> Compute:
    """`float(x)`, `int(x)`, `bool(x)` of an array of one element."""

    def number(a: Arguments) -> Result:
        array = a.array("input")
        return UNKNOWN if array is None else one_element(array, what) or kind

    return number


# --- the table ----------------------------------------------------------------------------------------------------

_CLASSES = ("Tensor.{}", "Array.{}", "ndarray.{}")

TABLE: tuple[Rule, ...] = (
    *map(to_named, DTYPE_METHODS),
    rule(to, "input, *target, dtype=None, other=None, **", "Tensor.to"),
    rule(to_type, "input, dtype=None, **", "Tensor.type"),
    gufunc("*s -> *s", "input, **", unknown_dtype, "Tensor.chalf"),
    gufunc("*s, *t -> *s", "input, other", of_second, "Tensor.type_as"),
    gufunc(
        "*s -> *s",
        "input|x|operand, dtype|new_dtype, **",
        unknown_dtype,
        "ndarray.astype",
        "Array.astype",
        "jnp.astype",
        "np.astype",
        "jax.lax.convert_element_type",
    ),
    gufunc(
        "*s -> *s",
        "input, *args, **",
        kept,
        *spelled(
            "clone detach contiguous cpu cuda requires_grad_ detach_ share_memory_ resolve_conj resolve_neg pin_memory to_sparse",
            "Tensor.{}",
        ),
        "Tensor.data",
        *spelled("clone detach alias_copy resolve_neg", "torch.{}"),
        "Array.block_until_ready",
    ),
    gufunc("*s -> *s", "input|a|x, **", kept, *spelled("copy", "np.{}", "jnp.{}")),
    gufunc("*s -> *s", "input|x, **", itself, "jax.lax.stop_gradient"),
    gufunc("*s -> *s", "input|x|src, device=None, **", itself, "jax.device_put"),
    rule(to_numpy, "input, **", "Tensor.numpy"),
    gufunc("*s -> *s", "input, *args, **", kept, *spelled("to_device byteswap", "Array.{}", "ndarray.{}")),
    gufunc("*s -> *s", "input, dtype, offset=0", unknown_dtype, "ndarray.getfield"),
    rule(viewed, "input, dtype=None", "ndarray.view", "Array.view"),
    rule(iterator, "input", "ndarray.flat"),
    rule(item, "input, *args", *spelled("item", *_CLASSES)),
    rule(converted(Scalar("float"), "float"), "input", *spelled("__float__", *_CLASSES)),
    rule(converted(UNKNOWN_DIM, "int"), "input", *spelled("__int__ __index__", *_CLASSES)),
    rule(converted(UNKNOWN, "truth value"), "input", *spelled("__bool__", *_CLASSES)),
)
