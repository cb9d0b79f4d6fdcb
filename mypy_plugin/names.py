"""Every full name by which mypy knows the libraries' things, in one place.

Keys are mypy's names (the module that defines a thing), values the public names that rules are listed under.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from shapecheck.core.value import Library
from shapecheck.rules import layer, lookup, registry

STATIC = "shapecheck._static"
SIZE = f"{STATIC}.Size"
SYM = f"{STATIC}.Sym"
SHARP = f"{STATIC}.Sharp"
FIELD = f"{STATIC}.Field"
PYTREE = f"{STATIC}.PyTree"
WIDE = f"{STATIC}.Wide"
DUCK = f"{STATIC}.Duck"
LIKE = f"{STATIC}.Like"
CALLED = f"{STATIC}.Called"
DECORATED = f"{STATIC}.Decorated"

TENSOR = "torch._tensor.Tensor"
TENSOR_BASE = "torch._C.TensorBase"
PARAMETER = "torch.nn.parameter.Parameter"
JAX_ARRAY = "jax._src.basearray.Array"
NDARRAY = "numpy.ndarray"
MODULE = "torch.nn.modules.module.Module"
NNX_VARIABLE = "flax.nnx.variablelib.Variable"

GENERATOR = "numpy.random._generator.Generator"
SEQUENTIAL = "torch.nn.modules.container.Sequential"
MODULE_LIST = "torch.nn.modules.container.ModuleList"
MODULE_DICT = "torch.nn.modules.container.ModuleDict"
CONTAINERS: Mapping[str, str] = MappingProxyType({SEQUENTIAL: "Layers", MODULE_LIST: "Item", MODULE_DICT: "Item"})
"""Modules that hold modules, and the name of the type parameter that remembers which."""

GENERIC_ARRAYS: Mapping[str, Library] = MappingProxyType(
    {
        TENSOR: Library.TORCH,
        PARAMETER: Library.TORCH,
        "torch.nn.parameter.Buffer": Library.TORCH,
        JAX_ARRAY: Library.JAX,
    }
)
"""Classes that get a dtype and a shape parameter; numpy's ndarray has both already."""

SHAPED_CLASSES = frozenset([*GENERIC_ARRAYS, NDARRAY])
"""Classes whose type arguments are a dtype and a shape."""

ARRAY_CLASS: Mapping[Library, str] = MappingProxyType({Library.TORCH: "Tensor", Library.JAX: "Array", Library.NUMPY: "ndarray"})
"""What a library's array class is called in the rule tables."""

FUNCTION_MODULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "torch._C._VariableFunctions": ("torch.",),
        "torch._C": ("torch.",),
        "torch.functional": ("torch.",),
        "torch": ("torch.",),
        "torch._tensor": ("torch.",),
        "torch.nn.functional": ("F.", "torch."),
        "torch._C._nn": ("F.", "torch."),
        "torch.linalg": ("torch.linalg.",),
        "torch.fft": ("torch.fft.",),
        "torch.special": ("torch.special.",),
        "torch._lowrank": ("torch.",),
        "torch.masked._ops": ("torch.masked.",),
        "torch.signal.windows.windows": ("torch.signal.windows.",),
        "jax.numpy": ("jnp.",),
        "jax.numpy.linalg": ("jnp.linalg.",),
        "jax.numpy.fft": ("jnp.fft.",),
        "jax.nn": ("jax.nn.",),
        "jax.lax": ("jax.lax.",),
        "jax.random": ("jax.random.",),
        "numpy": ("np.",),
        "numpy.linalg": ("np.linalg.",),
        "numpy.fft": ("np.fft.",),
        "numpy.lib._stride_tricks_impl": ("np.", "np.lib.stride_tricks."),
        "numpy.random": ("np.random.",),
        GENERATOR: ("np.random.Generator.",),
        "einops.einops": ("einops.",),
        "einops": ("einops.",),
    }
)
"""Where mypy finds a library's functions, and the prefixes they may have in the tables."""

PRIVATE_PREFIXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("jax._src.nn.", ("jax.nn.",)),
    ("jax._src.lax.", ("jax.lax.",)),
    ("jax._src.numpy.linalg", ("jnp.linalg.",)),
    ("jax._src.numpy.fft", ("jnp.fft.",)),
    ("jax._src.numpy.", ("jnp.",)),
    ("jax._src.random", ("jax.random.",)),
    ("numpy.linalg.", ("np.linalg.",)),
    ("numpy.fft.", ("np.fft.",)),
    ("numpy._core.", ("np.",)),
    ("numpy.lib.", ("np.",)),
    ("numpy.ma.", ()),
)

RENAMED: Mapping[str, str] = MappingProxyType({"torch._C._nn.log_sigmoid": "F.logsigmoid"})
"""Functions whose public name is another than their own."""

LAYER_MODULES: tuple[tuple[str, str], ...] = (
    ("torch.nn.modules.", "nn."),
    ("einops.layers.torch.", "einops.layers.torch."),
    ("equinox.nn._", "equinox.nn."),
    ("flax.linen.", "flax.linen."),
    ("flax.nnx.", "flax.nnx."),
)


def _prefixes(module: str) -> tuple[str, ...]:
    if (known := FUNCTION_MODULES.get(module)) is not None:
        return known
    return next(
        (public for private, public in PRIVATE_PREFIXES if f"{module}.".startswith(private) or module.startswith(private)), ()
    )


@lru_cache(maxsize=65536)
def function_rule(fullname: str) -> str | None:
    """The public name under which a function has a rule; None when it has none."""
    module, _, name = fullname.rpartition(".")
    if lookup(fullname) is not None:
        return fullname  # a rule of the user's own
    if fullname in RENAMED:
        return RENAMED[fullname]
    return next((prefix + name for prefix in _prefixes(module) if lookup(prefix + name) is not None), None)


@lru_cache(maxsize=65536)
def layer_rule(fullname: str) -> str | None:
    """The public name of a layer class that the tables know."""
    for private, public in LAYER_MODULES:
        if fullname.startswith(private):
            name = public + fullname.rpartition(".")[2]
            return name if layer(name) is not None else None
    return None


@cache
def layer_classes() -> frozenset[str]:
    """How messages call the layer classes, and the modules that hold modules: types with sizes as arguments."""
    return frozenset(name.rpartition(".")[2] for name in [*registry().layers, *CONTAINERS])


@lru_cache(maxsize=65536)
def method_rule(library: Library, name: str) -> str | None:
    """The public name of an array's method or attribute that has a rule."""
    public = f"{ARRAY_CLASS[library]}.{name}"
    return public if lookup(public) is not None else None
