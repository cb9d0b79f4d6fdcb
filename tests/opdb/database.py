"""PyTorch's own operator and module databases, as calls under the public names that rules have.

The databases are what PyTorch tests itself with: for every operation and layer, valid sample inputs per dtype and inputs
that must raise. An operation is called as a function, as a method, in place and under its aliases, wherever the public
name exists. Used by `tests/opdb/replay.py`; importing this takes many seconds.
"""

from __future__ import annotations

import inspect
import random
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db
from torch.utils._pytree import tree_map

from tests.rules.harness import A, Case, D

DEVICE = "cpu"
DTYPES = (torch.float32, torch.int64, torch.bool, torch.complex64, torch.float16, torch.uint8)
"""The dtypes that samples are drawn for, as far as an operation has them."""

EVERY_NAME = 3
"""The samples of a dtype that are called under every name; the later ones are called as function and method only."""


@dataclass(frozen=True)
class Call:
    """One call under a public name; a layer also has its constructor's arguments. `invalid`: listed as an error."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    construct: tuple[tuple[Any, ...], Mapping[str, Any]] | None = None
    training: bool = True
    invalid: bool = False

    @property
    def case(self) -> Case:
        """The call in the words of the rules' harness."""
        made = None if self.construct is None else (_neutral(self.construct[0], False), _neutral(self.construct[1], False))
        indexing = self.name in ("Tensor.__getitem__", "Tensor.__setitem__")
        return Case(_neutral(self.args, indexing), _neutral(self.kwargs, indexing), made, rigid=False)

    def run(self) -> Any:
        """What PyTorch answers; the arguments stay as they are.

        Raises:
            Exception: whatever PyTorch raises.
        """
        args, kwargs = tree_map(_copied, (self.args, dict(self.kwargs)))
        if self.construct is None:
            return public(self.name)(*args, **kwargs)
        made = public(self.name)(*self.construct[0], **self.construct[1])
        return made.train(self.training)(*args, **kwargs)


def _copied(item: Any) -> Any:
    return item.clone() if isinstance(item, torch.Tensor) else item


def _neutral(item: Any, indexing: bool) -> Any:
    """An argument as the harness has it; a list in an index is an index array."""
    match item:
        case torch.Tensor():
            return A(tuple(item.shape), str(item.dtype).removeprefix("torch."))
        case torch.dtype():
            return D(str(item).removeprefix("torch."))
        case list() if indexing:
            return _neutral(torch.as_tensor(item), False)
        case tuple() | list():
            return tuple(_neutral(each, indexing) for each in item)
        case dict():
            return {key: _neutral(value, indexing) for key, value in item.items()}
        case _:
            return item


def public(name: str) -> Callable[..., Any]:
    """The object of a public name: `torch.add`, `F.relu`, `Tensor.add_`, `nn.Linear`; of `Tensor.T` what reads it.

    Raises:
        AttributeError: there is none.
    """
    root, *path = name.split(".")
    found: Any = {"torch": torch, "F": torch.nn.functional, "Tensor": torch.Tensor, "nn": torch.nn}[root]
    for part in path:
        found = getattr(found, part)
    return found if callable(found) or root != "Tensor" else attrgetter(name.removeprefix("Tensor."))


def _exists(name: str) -> bool:
    try:
        return callable(public(name))
    except AttributeError:
        return False


def names(info: Any) -> tuple[str, ...]:
    """The public names of an operation of the database: function, method, in place, operators, and their aliases."""
    found: list[str] = []
    for each in (info.name, *(alias.name for alias in info.aliases)):
        bare = each.removeprefix("nn.functional.")
        found.append(f"F.{bare}" if bare != each else f"torch.{each}")
        found += [f"Tensor.{each}", f"Tensor.{each}_", f"F.{bare}_"]
    for operator in (info.operator_variant, info.inplace_operator_variant):
        found += [f"Tensor.__{operator.__name__}__"] if operator is not None else []
    return tuple(name for name in dict.fromkeys(found) if _exists(name))


def operations(most: int | None = None, only: Callable[[str], bool] = lambda name: True) -> Iterator[tuple[str, Iterable[Call]]]:
    """Every operation with its calls.

    Args:
        most: samples of one operation in one dtype, all by default.
        only: which public names to call.
    """
    for info in op_db:
        called = [name for name in names(info) if only(name)]
        yield f"{info.name} {info.variant_test_name}".strip(), _operation_calls(info, called, most) if called else ()


def _operation_calls(info: Any, called: Sequence[str], most: int | None) -> Iterator[Call]:
    for dtype in (each for each in DTYPES if each in info.dtypes):
        # Not `info.sample_inputs`: it walks the stack at every sample, for the sake of its own tests.
        for index, sample in enumerate(_drawn(lambda dtype=dtype: info.sample_inputs_func(info, DEVICE, dtype, False), most)):
            yield from _spelled(called if index < EVERY_NAME else called[:2], sample, False)
    for error in _drawn(lambda: info.error_inputs_func(info, DEVICE), None):
        yield from _spelled(called, error.sample_input, True)


def _spelled(called: Iterable[str], sample: Any, invalid: bool) -> Iterator[Call]:
    args = (sample.input, *sample.args)
    if _is_dense((args, sample.kwargs)):
        for name in called:
            if isinstance(sample.input, torch.Tensor) or not name.startswith("Tensor."):
                yield Call(name, args, sample.kwargs, invalid=invalid)


def layers(most: int | None = None, only: Callable[[str], bool] = lambda name: True) -> Iterator[tuple[str, Iterable[Call]]]:
    """Every layer of the database with its calls; arguments as for `operations`."""
    for info in module_db:
        name = f"nn.{info.module_cls.__name__}"
        yield name, _layer_calls(info, name, most) if _exists(name) and only(name) else ()


def _layer_calls(info: Any, name: str, most: int | None) -> Iterator[Call]:
    for dtype in (each for each in DTYPES if each in info.dtypes):
        if dtype is torch.float32 or _takes_dtype(info.module_cls):
            for training in (True, False):
                yield from _built(info, name, info.module_inputs_func, dtype, training, most)
    if info.module_error_inputs_func is not None:
        yield from _built(info, name, info.module_error_inputs_func, torch.float32, True, None)


def _takes_dtype(made: type) -> bool:
    return "dtype" in inspect.signature(made).parameters


def _built(
    info: Any, name: str, draw: Callable[..., Any], dtype: torch.dtype, training: bool, most: int | None
) -> Iterator[Call]:
    for found in _drawn(lambda: draw(info, DEVICE, dtype, False, training), most):
        sample = getattr(found, "module_error_input", found)
        made, given = sample.constructor_input, sample.forward_input
        options = made.kwargs if dtype is torch.float32 else {"dtype": dtype, **made.kwargs}
        if given is None or _is_dense((given.args, given.kwargs)):
            args, kwargs = ((), {}) if given is None else (tuple(given.args), given.kwargs)
            yield Call(name, args, kwargs, (tuple(made.args), options), training, invalid=sample is not found)


def _is_dense(arguments: Any) -> bool:
    """Whether every tensor is an ordinary one: no sparse, nested or quantized ones."""
    ordinary: list[bool] = []

    def look(item: Any) -> Any:
        if isinstance(item, torch.Tensor):
            ordinary.append(item.layout is torch.strided and not item.is_nested and not item.is_quantized)
        return item

    tree_map(look, arguments)
    return all(ordinary)


def _drawn(draw: Callable[[], Iterable[Any]], most: int | None) -> Iterator[Any]:
    """Samples as the database makes them, the same each time; an operation that cannot make them here has none."""
    torch.default_generator.manual_seed(0)
    random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = iter(())
        try:
            samples = islice(iter(draw()), most)
        except Exception:  # e.g. a device of its own
            return
        while True:
            try:
                yield next(samples)
            except StopIteration:
                return
            except Exception:
                return
