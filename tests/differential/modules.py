"""The text of a generated module: its kind, what it imports, and the parts that generators add to it."""

from __future__ import annotations

import enum
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.differential.annotations import MEMBERS
from tests.differential.choices import Choices

PRELUDE = f"""\
import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial, wraps
from typing import Annotated, Any, Literal, NamedTuple, Optional, Protocol, TypedDict, TypeVar, Union, Unpack, overload, runtime_checkable

import einops
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import torch
from beartype import beartype
from jax import Array
from jaxtyping import {", ".join(sorted([*MEMBERS, "PyTree", "jaxtyped"]))}
from torch import Tensor

"""
"""What every module begins with."""

GIVEN: Mapping[str, str] = {
    "AnyTensor": 'AnyTensor = TypeVar("AnyTensor", bound=Tensor)\n',
    "AnyNdarray": 'AnyNdarray = TypeVar("AnyNdarray", bound=np.ndarray)\n',
    "AnyArray": 'AnyArray = TypeVar("AnyArray", bound=Array)\n',
    "bare_torch": "def bare_torch(x: Tensor) -> Tensor:\n    return x\n",
    "bare_numpy": "def bare_numpy(x: np.ndarray) -> np.ndarray:\n    return x\n",
    "bare_jax": "def bare_jax(x: Array) -> Array:\n    return x\n",
    "wrapping": """\
def wrapping[**P, R](inner: Callable[P, R]) -> Callable[P, R]:
    @wraps(inner)
    def outer(*args: P.args, **kwargs: P.kwargs) -> R:
        return inner(*args, **kwargs)
    return outer
""",
}
"""Definitions that a module has when it uses them."""

TYPE_VARIABLES = tuple(name for name, text in GIVEN.items() if "TypeVar(" in text)
"""The type variables among them."""


LOCAL = "local"
"""The name of annotated local variables: jaxtyping does not look at them, so a test is added when the program runs."""


class Kind(enum.StrEnum):
    """What is known before a program runs."""

    CALLS = "calls"
    OPERATIONS = "operations"
    BODIES = "bodies"
    GRADUAL = "gradual"
    TRANSFORMS = "transforms"
    MODULES = "modules"
    SCOPES = "scopes"
    CLASS_DIMS = "class dims"
    OWN = "own"


@dataclass(frozen=True)
class Program:
    """A module, and how it came about. `variants` are calls of each function with other sizes and dtypes.

    `ours` tells that jaxtyping does not look at what the program is about: it runs under our own hook.
    """

    name: str
    kind: Kind
    source: str
    constructs: frozenset[str]
    variants: tuple[tuple[str, ...], ...] = ()
    ours: bool = False


@dataclass
class Writer:
    """The parts of a module while it is made; `partial` tells of sizes that nobody knows before it runs.

    Aliases carry the module's name: beartype takes unions that read alike for the same.
    """

    c: Choices
    name: str
    library: str
    constructs: set[str] = field(default_factory=set)
    partial: bool = False
    aliases: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    main: list[str] = field(default_factory=list)

    def module(self, future: bool) -> str:
        first = "from __future__ import annotations\n\n" if future else ""
        aliases = "".join(f"{line}\n" for line in self.aliases) + "\n" * bool(self.aliases)
        functions = "".join(f"\n{text}\n" for text in self.functions)
        rest = f"{aliases}{functions}\n{function('main', (), self.main)}"
        given = "".join(f"{text}\n" for name, text in GIVEN.items() if name in rest)
        return f"{first}{PRELUDE}{given}{rest}"


def function(name: str, parameters: Sequence[str], body: Sequence[str], returns: str = "None") -> str:
    """The text of a function."""
    return f"def {name}({', '.join(parameters)}) -> {returns}:\n{textwrap.indent(chr(10).join(body or ['...']), '    ')}\n"


def indented(text: str) -> str:
    return textwrap.indent(text, "    ")


def fresh_namespace() -> dict[str, Any]:
    """What a module's functions see."""
    found: dict[str, Any] = {}
    exec(PRELUDE + "".join(GIVEN.values()), found)
    return found


def library(c: Choices) -> str:
    """The library of a program."""
    return c.weighted([(13, "torch"), (5, "numpy"), (2, "jax")])
