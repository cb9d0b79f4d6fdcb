"""Tables of operation rules by family, and the one place to look a rule up.

`lookup("torch.matmul")` and `layer("nn.Linear")` are what doors call. Every family is a module with a `TABLE`.
"""

from __future__ import annotations

from functools import cache

from shapecheck.rules.table import Layer, Registry, Rule

FAMILIES: tuple[str, ...] = (
    "elementwise",
    "special",
    "inplace",
    "choosing",
    "scanning",
    "products",
    "linalg",
    "factorization",
    "reductions",
    "conversion",
    "creation",
    "sampling",
    "losses",
    "fourier",
    "counting",
    "polynomials",
    "positions",
    "lax",
    "slicing",
    "reshape",
    "expanding",
    "permute",
    "joining",
    "splitting",
    "indexing",
    "updating",
    "inspecting",
    "convolution",
    "normalization",
    "padding",
    "contraction",
    "mapped",
    "layers",
    "ranking",
    "pooling",
    "modules",
    "attention",
    "recurrent",
    "einsum",
    "gathering",
    "scattering",
    "masked",
    "combining",
    "statistics",
    "editing",
    "einops",
    "packing",
    "equinox",
    "flax",
)
"""The modules of this package that hold a `TABLE`, in the order they are read."""


@cache
def registry() -> Registry:
    """All built-in rules, read once."""
    from importlib import import_module

    from shapecheck.rules.refusals import refusing

    found = Registry()
    for family in FAMILIES:
        found.add(import_module(f"shapecheck.rules.{family}").TABLE)
    found.rules.update(refusing(found.rules))
    return found


def lookup(name: str) -> Rule | None:
    """The rule of an operation by its public name (`torch.matmul`, `Tensor.view`, `jnp.sum`, `ndarray.T`)."""
    return registry().rules.get(name)


def layer(name: str) -> Layer | None:
    """The layer of a name such as `nn.Linear`."""
    return registry().layers.get(name)
