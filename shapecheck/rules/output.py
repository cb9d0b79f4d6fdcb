"""Arrays that a call writes its result into, `out=`: what fits into them, and what the call answers then.

torch gives them the result's shape and looks at their dtype: most operations write into any dtype that holds the result's
category, those of `ALIKE` into the result's own dtype only, and those of `TAKEN_OVER` compute in the dtype that is there. numpy's
elementwise operations write into larger arrays that hold the category, those of `CONVERTED` into any dtype. Which operation does what was tried, and is tried again by the tests. Called by `table`.
"""

from __future__ import annotations

from shapecheck.core.dim import ZERO, Verdict
from shapecheck.core.promotion import can_hold
from shapecheck.core.shape import Mismatch, broadcasts_to, same
from shapecheck.core.value import UNKNOWN, Array, Library, Result, Value

ALIKE = frozenset(
    "abs addbmm addmm addmv alias_copy amax amin aminmax argmax argmin as_strided_copy baddbmm bitwise_not bmm bucketize ceil complex "
    "conj_physical cross cummax cummin diag diagonal_copy dot expand_copy fix float_power floor frac frexp gather heaviside histc "
    "histogram index_add index_copy index_reduce index_select inverse isin isneginf isposinf kthvalue linalg.cholesky "
    "linalg.cholesky_ex linalg.cross linalg.det linalg.eigh linalg.eigvalsh linalg.inv linalg.inv_ex linalg.ldl_factor "
    "linalg.ldl_factor_ex linalg.ldl_solve linalg.lu linalg.lu_factor linalg.lu_factor_ex linalg.lu_solve linalg.matmul "
    "linalg.matrix_norm linalg.matrix_power linalg.multi_dot linalg.norm linalg.polar linalg.qr linalg.slogdet linalg.solve linalg.solve_ex "
    "linalg.solve_triangular linalg.svd linalg.svdvals linalg.vecdot linalg.vector_norm log_softmax logcumsumexp lu_solve lu_unpack "
    "masked_select matmul matrix_power median mm mode msort multinomial mv nan_to_num nanmedian nanquantile narrow_copy neg negative nonzero_static "
    "ormqr permute_copy polar quantile renorm round scatter scatter_add scatter_reduce searchsorted sgn sign signbit slice_scatter "
    "slogdet softmax sort split_with_sizes_copy squeeze_copy svd t_copy take take_along_dim topk transpose_copy triangular_solve tril triu trunc "
    "unbind_copy unfold_copy unsqueeze_copy vdot view_copy".split()
)
"""Operations of torch that write into an array of their result's dtype only."""

TAKEN_OVER = frozenset(
    "all any arange bernoulli cumprod cumsum empty eye full linspace logspace logsumexp mean nanmean nansum normal ones prod rand "
    "randint randn randperm special.logsumexp std sum var zeros".split()
)
"""Operations of torch that compute in the dtype of the array they are given, or that were seen to take more than others."""


CONVERTED = frozenset(
    "take choose compress trace sum nansum prod nanprod cumsum nancumsum cumprod nancumprod cumulative_sum cumulative_prod any all ptp "
    "max min amax amin nanmax nanmin argmax argmin nanargmax nanargmin mean nanmean median nanmedian var std nanvar nanstd quantile "
    "percentile nanquantile nanpercentile".split()
)
"""Operations of numpy that convert their result to the dtype of the array, whatever it is."""

_BROADCAST = frozenset("quantile percentile nanquantile nanpercentile median nanmedian".split())
"""Those of them that write into a larger array, too; the others want the result's shape."""


def written(name: str, result: Result, out: Value, casts: bool) -> Result:
    """The result of an operation that is called with `out=`, which may be several arrays.

    `casts` says whether the call has a rule of its own for the dtypes, numpy's `casting=`.
    """
    match result, out:
        case tuple(), tuple() if len(result) == len(out):
            each = [written(name, one, into, casts) for one, into in zip(result, out, strict=True)]
            refused = next((one for one in each if isinstance(one, Mismatch)), None)
            return refused or tuple(one for one in each if not isinstance(one, Mismatch))
        case Array(), Array(library=Library.NUMPY):
            return _made_to_fit(name.rpartition(".")[2], result, out, casts)
        case Array(), Array():
            return _refused_dtype(name, result, out) or out.with_shape(result.shape)
        case _:
            return UNKNOWN


def _made_to_fit(operation: str, result: Array, out: Array, casts: bool) -> Result:
    if not casts and operation not in CONVERTED and not can_hold(out.dtype, result.dtype):
        return _unwritable(result, out)
    fits = same if operation in CONVERTED - _BROADCAST else broadcasts_to
    if fits(result.shape, out.shape) is not Verdict.DIFFERENT:
        return out
    reason = f'the result of shape "{result.shape}" does not fit into out="{out.shape}"'
    return Mismatch("shape-broadcast", reason, None, str(result.shape), str(out.shape))


def _unwritable(result: Array, out: Array) -> Mismatch:
    reason = f"the result is of {result.dtype} and cannot be written into out= of {out.dtype}"
    return Mismatch("shape-dtype", reason, None, str(result.dtype), str(out.dtype))


def _refused_dtype(name: str, result: Array, out: Array) -> Mismatch | None:
    operation = name.removeprefix("torch.")
    if operation == name or operation in TAKEN_OVER or ZERO in (*result.shape.prefix, *result.shape.suffix):
        return None  # of others we know too little, and of nothing torch computes nothing
    if result.dtype.names & out.dtype.names or (operation not in ALIKE and can_hold(out.dtype, result.dtype)):
        return None
    return _unwritable(result, out)
