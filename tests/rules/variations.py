"""Other ways to make a generated call: arguments by keyword and under their other names, and keywords that the family never passes.

The keywords of a library's own signature come from torch's stubs and, for the rest, from the functions themselves. Used by the
rules' tests, `benchmarks.rules` and `benchmarks.rule_keywords`.
"""

from __future__ import annotations

import ast
import inspect
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch

from shapecheck.core.dim import Dim
from shapecheck.core.value import Library
from shapecheck.rules import lookup
from shapecheck.rules.places import FURTHER
from shapecheck.rules.table import library_of
from tests.rules.harness import METHODS, A, Case, D, N, resolve

WITHOUT_EFFECT = frozenset(
    "self args kwargs generator device requires_grad layout pin_memory memory_format names non_blocking order subok casting where "
    "initial eps training momentum inplace copy precision sharding out_sharding unique_indices indices_are_sorted wrap_mode "
    "fill_value rtol atol equal_nan symmetrize_input assume_unique key rng impl signature array like method "
    "_random_samples _stacklevel accuracy overwrite_input rcond p margin mean std unroll arys name bitorder UPLO "
    "kind range sym storage_offset allow_negative_indices wrap_negative_indices nan posinf neginf sorter ignore_index is_causal "
    "is_stable count_include_pad divisor_override label_smoothing max_norm sparse scale_grad_by_freq norm_type padding_idx "
    "approximate use_fast_accum swizzle_a swizzle_b lambd swap sparse_grad negative_slope dropout_p lower tau d period tol dx "
    "stream normalized unitriangular recall_target reduction_input_size_override algorithm implementation fweights aweights "
    "optimize wrap left trim_leading_zeros discont check_valid type pos_weight zero_infinity blank hard max_val min_val delta "
    "use_input_stats running_mean running_var antialias log_target log_input threshold sigma median force may_alias donate "
    "rounding_method epsilon variance independent minval maxval batch_size subset_by_index assume_unique_indices "
    "use_consistent_padding blocksize sparse_dim dense_dim sep distance_function options from_ to high min max replacement train cudnn_enable "
    "input_scale shuffle implicit _dot_general configs unsafe padding_mode center".split()
)
"""Keywords that change neither shape nor dtype, or that no call passes by name."""


UNUSED: Mapping[Library, frozenset[str]] = {
    Library.TORCH: frozenset(),
    Library.NUMPY: frozenset(),
    Library.JAX: frozenset({"out"}),  # there for numpy's sake, and refused
}
"""Keywords that a library has and never takes."""


def varied(rng: random.Random, name: str, case: Case) -> Case:
    """The case as its family makes it, or called in another way, or with more arguments."""
    return with_keyword(rng, name, respelled(rng, name, by_place(rng, name, case)))


def respelled(rng: random.Random, name: str, case: Case) -> Case:
    """The case with some arguments passed in another of the ways that the rule knows: by keyword, under another name."""
    found = lookup(name)
    if found is None or name.endswith("__") or rng.random() < 0.6:
        return case
    listed, known = found.parameters.listed, library_keywords(name)
    args, kwargs = list(case.args), dict(case.kwargs)
    first = 1 if name.partition(".")[0] in METHODS else 0
    while len(args) > first and len(args) <= len(listed) and not any(each.variadic for each in listed) and rng.random() < 0.5:
        spellings = [each for each in listed[len(args) - 1].spellings if not known or each in known]
        if not spellings:
            break  # it goes by place only
        spelling = rng.choice(spellings)
        if isinstance(args[-1], A) and spelling in ("dim", "axis"):
            break  # torch takes an array without axes for an int there
        kwargs[spelling] = args.pop()
    return replace(case, args=tuple(args), kwargs=kwargs)


# --- keywords -----------------------------------------------------------------------------------------------------


def _like(rng: random.Random, first: A | None) -> A:
    return A(first.shape if first is not None else (3,), rng.choice((first.dtype if first is not None else "float32", "float32")))


_FLAGS = (
    "accumulate upper include_initial include_self right endpoint density hermitian sorted rowvar replace increasing ceil_mode "
    "return_indices invert unbiased stable descending periodic keepdim keepdims reverse full bias align_corners size_average reduce "
    "retstep return_index return_inverse return_counts compute_uv returned cov return_sign onesided need_weights "
    "average_attn_weights add_zero_attn promote_integers include_last_offset recompute_scale_factor largest trim deg aggregate_to_topk transpose"
)
KEYWORDS: Mapping[str, Callable[[random.Random, A | None], Any]] = {
    **dict.fromkeys(_FLAGS.split(), lambda rng, first: rng.choice((True, False))),
    **dict.fromkeys(
        ("dtype", "out_dtype", "preferred_element_type"), lambda rng, first: D(rng.choice(("float32", "int32", "bool")))
    ),
    **dict.fromkeys(("out",), lambda rng, first: replace(_like(rng, first), dtype=rng.choice(("float32", "bool", "int64")))),
    **dict.fromkeys(
        ("prepend", "append", "weights", "weight", "y", "b", "per_sample_weights"), lambda rng, first: _like(rng, first)
    ),
    **dict.fromkeys(("alpha", "beta", "value", "scale", "base"), lambda rng, first: rng.choice((2, 0.5))),
    **dict.fromkeys(("ddof", "correction", "decimals", "k", "padding"), lambda rng, first: rng.choice((0, 1))),
    **dict.fromkeys(
        ("size", "minlength", "output_size", "dilation", "count", "total_repeat_length", "win_length"),
        lambda rng, first: N(rng.choice((1, 2, 3))),
    ),
    **dict.fromkeys(("dim1", "dim2", "offset", "axisa", "axisb", "axisc"), lambda rng, first: rng.choice((0, -1, 1, -2))),
    **dict.fromkeys(("to_begin", "to_end"), lambda rng, first: A(rng.choice(((), (2,))), first.dtype if first else "float32")),
    **dict.fromkeys(("ndmin", "edge_order", "num_keys"), lambda rng, first: rng.choice((1, 2))),
    **dict.fromkeys(("dim", "axis"), lambda rng, first: rng.choice((0, -1, 1, None, (0, 1), ()))),
    "s": lambda rng, first: rng.choice(((2, 3), (3,), None)),
    "shape": lambda rng, first: (*first.shape[:-1],) if first and rng.random() < 0.7 else (N(2), N(3)),
    "axes": lambda rng, first: rng.choice(([(0, 1), (0, 1), (0, 1)], [(-2, -1), (0, 1), (1, 0)], (0,))),
    "ord": lambda rng, first: rng.choice((2, 1, "fro", "nuc", -1)),
    "rounding_mode": lambda rng, first: rng.choice(("floor", "trunc")),
    "norm": lambda rng, first: rng.choice(("ortho", "forward")),
    "interpolation": lambda rng, first: rng.choice(("nearest", "linear")),
    "side": lambda rng, first: rng.choice(("left", "right")),
    "mode": lambda rng, first: rng.choice(("constant", "reflect", "nearest", "sum")),
}
"""What a keyword may be, from the case's first array."""


def with_keyword(rng: random.Random, name: str, case: Case) -> Case:
    """Now and then with one more keyword that the library has; it may refuse the value."""
    if rng.random() < 0.75 or case.construct is not None:
        return case
    bound = lookup(name)
    taken = {word for each in (bound.parameters.listed[: len(case.args)] if bound is not None else ()) for word in each.spellings}
    free = sorted(library_keywords(name) & KEYWORDS.keys() - taken - case.kwargs.keys() - UNUSED[library_of(name)])
    if not free:
        return case
    keyword = rng.choice(free)
    first = next((each for each in case.args if isinstance(each, A)), None)
    return replace(case, kwargs={**case.kwargs, keyword: KEYWORDS[keyword](rng, first)}, rigid=False)


# --- arguments by place -------------------------------------------------------------------------------------------

_FLOATS = (
    "discont eps epsilon lambd lower max_val maxval min_val minval momentum negative_slope p period rcond recall_target rtol atol "
    "tol threshold max_norm norm_type nan neginf posinf initial fill_value"
)
_OFF = (
    "antialias assume_unique check_valid copy cudnn_enable equal_nan independent indices_are_sorted inplace is_stable non_blocking "
    "pin_memory requires_grad scale_grad_by_freq sparse subok symmetrize_input train training unique_indices "
    "unitriangular use_consistent_padding use_fast_accum use_input_stats wrap"
)
INERT: Mapping[str, Any] = {
    **dict.fromkeys(_FLOATS.split(), 0.5),
    **dict.fromkeys(_OFF.split(), False),
    "UPLO": "L",
    "order": "C",
    "casting": "unsafe",
    "approximate": "none",
    "method": "svd",
}
"""Values of parameters that change nothing about shapes and dtypes; None for those that are not here."""


def by_place(rng: random.Random, name: str, case: Case) -> Case:
    """Now and then with arguments by place behind those that the rule lists (see `places`); the library may refuse them."""
    rule, further = lookup(name), FURTHER.get(name)
    if rule is None or further is None or case.construct is not None or rng.random() < 0.7:
        return case
    args = list(case.args)
    for parameter in [each for each in rule.parameters.listed if not each.keyword_only][len(args) :]:
        given = next((case.kwargs[each] for each in parameter.spellings if each in case.kwargs), parameter.default)
        if not isinstance(given, Dim | bool | str | tuple | A | D | None):
            return case
        args.append(given.constant if isinstance(given, Dim) else given)
    first = next((each for each in args if isinstance(each, A)), None)
    for keyword in further[: rng.randint(1, len(further))]:
        make = KEYWORDS.get(keyword)
        args.append(make(rng, first) if make is not None and rng.random() < 0.5 else INERT.get(keyword))
    spellings = {spelling for each in rule.parameters.listed if not each.keyword_only for spelling in each.spellings}
    left = {keyword: value for keyword, value in case.kwargs.items() if keyword not in spellings.union(further)}
    return replace(case, args=tuple(args), kwargs=left, rigid=False)


# --- how the libraries take arguments ------------------------------------------------------------------------------


class Taken(NamedTuple):
    """One way to call an operation: the parameters that may stand by place, in order, and all that have a name."""

    places: tuple[str, ...]
    names: frozenset[str]


@cache
def library_keywords(name: str) -> frozenset[str]:
    """The keywords of the real operation, none when its signature is nowhere to be found."""
    return frozenset().union(*(taken.names for taken in signatures(name)))


@cache
def signatures(name: str) -> tuple[Taken, ...]:
    """The signatures of the real operation: its own, those of torch's stubs, or those that torch dispatches to."""
    owner, _, last = name.rpartition(".")
    if owner in ("torch", "Tensor"):
        return _stubs(owner).get(last, ())
    return _own(name) or (_stubs(owner).get(last, ()) if owner == "F" else ()) or _dispatched(name)


def _own(name: str) -> tuple[Taken, ...]:
    try:
        found = inspect.signature(_defined(name)).parameters.values()
    except (TypeError, ValueError, AttributeError, ImportError):
        return ()
    places = tuple(each.name for each in found if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD))
    return (
        Taken(places, frozenset(each.name for each in found if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY))),
    )


def _defined(name: str) -> Callable[..., Any]:
    """The operation as its library defines it, methods unbound."""
    owner, _, last = name.rpartition(".")
    return getattr(METHODS[owner], last) if owner in METHODS else resolve(name)


@cache
def _stubs(owner: str) -> Mapping[str, tuple[Taken, ...]]:
    """The parameters of torch's functions or methods, by overload."""
    path = Path(torch.__file__).parent / "_C" / {"torch": "_VariableFunctions.pyi", "F": "_nn.pyi"}.get(owner, "__init__.pyi")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    scopes = [tree] if owner != "Tensor" else [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "TensorBase"]
    found: defaultdict[str, tuple[Taken, ...]] = defaultdict(tuple)
    for each in (node for scope in scopes for node in scope.body if isinstance(node, ast.FunctionDef)):
        places = tuple(argument.arg for argument in each.args.args)
        found[each.name] += (Taken(places, frozenset((*places, *(argument.arg for argument in each.args.kwonlyargs)))),)
    return found


_DISPATCHED = {"torch.linalg": "linalg_", "torch.fft": "fft_", "torch.special": "special_", "F": ""}


def _dispatched(name: str) -> tuple[Taken, ...]:
    """The schemas of torch's compiled functions; they call the first parameter `self` where Python says `input` or `A`."""
    owner, _, last = name.rpartition(".")
    if owner not in _DISPATCHED:
        return ()
    schemas = torch._C._jit_get_schemas_for_operator(f"aten::{_DISPATCHED[owner]}{last}")
    return tuple(
        Taken(
            tuple(argument.name for argument in schema.arguments if not argument.kwarg_only),
            frozenset(argument.name for argument in schema.arguments),
        )
        for schema in schemas
    )
