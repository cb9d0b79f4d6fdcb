"""Random arrays: `jax.random` and its keys, `np.random`."""

from __future__ import annotations

from dataclasses import replace

from shapecheck.core.axes import place
from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import BOOLEAN, FLOATING, INTEGER, Typed, default
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, broadcast_all, from_items
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result
from shapecheck.rules.axes import integer, replaced, shape_argument
from shapecheck.rules.creation import dtype_or, made
from shapecheck.rules.families import always, gufunc, kept, made_of, shape_of, spelled, typed_result
from shapecheck.rules.table import Rule, parameters, rule
from shapecheck.rules.windows import last_axes


def numbers(text: str, params: str, category: int, *names: str, operands: str = "") -> Rule:
    """numpy's samplers: without `size=` and arrays as parameters the answer is a Python number."""
    row = gufunc(text, params, made_of(category), *names, operands=operands)

    def compute(a: Arguments) -> Result:
        found = row.compute(a)
        alone = isinstance(found, Array) and (found.shape == SCALAR or (a["size"] is None and found.shape.rank is None))
        return UNKNOWN if alone else found

    return replace(row, compute=compute)


def permutation(a: Arguments) -> Result:
    """Of an int the indices below it, of an array the array."""
    data = a["x"]
    if isinstance(data, Array):
        return data
    return made(a, shape_argument(data) if isinstance(data, Dim) else ANY_SHAPE, default(INTEGER, a.library))


def distribution(text: str, params: str, category: int, *names: str, promotes: bool = False) -> Rule:
    """Samples of a distribution whose parameters' shapes make the result's by a signature.

    `shape=` replaces what the run of the signature stands for. `jax.random` answers its default dtype whatever the
    parameters have, but for `dtype=` where it `promotes`.
    """
    shapes, bound = signature(text), parameters(f"key, {params}, shape=None, dtype=None, **")
    operands = tuple(each.name for each in bound.listed[1 : 1 + len(shapes.operands)])

    def compute(a: Arguments) -> Result:
        found = shapes.apply([shape_of(a[name]) for name in operands], a.facts)
        if isinstance(found, Mismatch) or a["shape"] is None:
            dtypes = ANY_DTYPE if promotes and a["dtype"] is not None else dtype_or(a, category)
            return typed_result(found, Typed(dtypes), a.library)
        asked, last = shape_argument(a["shape"]), len(shapes.results[0]) - 1
        if isinstance(asked, Mismatch) or isinstance(found, tuple):
            return asked if isinstance(asked, Mismatch) else UNKNOWN
        kept = last_axes(found, last) if last else ()
        return made(a, from_items((*asked.items, *kept)), ANY_DTYPE if promotes else dtype_or(a, category))

    return Rule(names, bound, compute, text, (shapes,), operands)


def choice(a: Arguments) -> Result:
    """Elements of an axis, or ints below a number."""
    population, asked = a["a"], a["shape"]
    if isinstance(population, Dim):
        population = Array(Shape((population,)), default(INTEGER, a.library), a.library)
    lead = SCALAR if asked is None else shape_argument(asked)
    axis = integer(a["axis"]) if population is a["a"] else 0  # of ints it is not looked at
    if not isinstance(population, Array) or axis is None or isinstance(lead, Mismatch):
        return lead if isinstance(lead, Mismatch) else UNKNOWN
    at = place(axis, population.shape)
    if a.library is not Library.JAX and lead == SCALAR:
        return UNKNOWN  # numpy answers a number
    return (
        at
        if isinstance(at, Mismatch)
        else UNKNOWN
        if at is None
        else population.with_shape(replaced(population.shape, at, *lead.items))
    )


def weibull(a: Arguments) -> Result:
    """`shape=()` leaves the shape to the parameters."""
    found = broadcast_all([shape_of(a["scale"]), shape_of(a["concentration"])], a.facts)
    return made(a, found if a["shape"] == () else shape_argument(a["shape"]), dtype_or(a, FLOATING))


def key_data(a: Arguments) -> Result:
    """The numbers that a key is made of: two for the default kind."""
    key = a.array("keys")
    if key is None or "prng_key" not in key.dtype.names:
        return key or UNKNOWN
    return Array(from_items((*key.shape.items, UNKNOWN_DIM)), dtype("uint32"), a.library)


R = "jax.random.{}"
DISTRIBUTIONS: tuple[Rule, ...] = (
    distribution("*s -> *s", "a", FLOATING, *spelled("gamma loggamma", R)),
    distribution("*s -> *s", "df", FLOATING, *spelled("chisquare t", R)),
    distribution("*s -> *s", "b", FLOATING, "jax.random.pareto"),
    distribution("*s -> *s", "scale", FLOATING, "jax.random.rayleigh"),
    distribution("*s -> *s", "mean", FLOATING, "jax.random.wald"),
    distribution("*s -> *s", "lam", INTEGER, "jax.random.poisson"),
    distribution("*s -> *s", "p", INTEGER, "jax.random.geometric"),
    distribution("*s, *s -> *s", "a, b", FLOATING, "jax.random.beta"),
    distribution("*s, *s -> *s", "dfnum, dfden", FLOATING, "jax.random.f"),
    distribution("*s, *s -> *s", "n, p", FLOATING, "jax.random.binomial"),
    distribution("*s, *s, *s -> *s", "left, mode, right", FLOATING, "jax.random.triangular"),
    distribution("*s -> *s", "sigma=1.0", FLOATING, "jax.random.lognormal"),
    distribution("*s, *s k -> *s k", "n, p", FLOATING, "jax.random.multinomial"),
    distribution("*s n -> *s n", "alpha", FLOATING, "jax.random.dirichlet"),
    distribution("*s n, *s n n -> *s n", "mean, cov", FLOATING, "jax.random.multivariate_normal", promotes=True),
)

SHAPED = "key, shape=(), dtype=None, **"
ONE, TWO, THREE = "*size -> *size", "*size, *size -> *size", "*size, *size, *size -> *size"

BOTH = ("np.random.{}", "np.random.Generator.{}")
G = "np.random.Generator.{}"

NUMPY: tuple[Rule, ...] = (
    numbers(TWO, "loc|a|dfnum|mean|left|shape|df|mu=0.0, scale|b|dfden|sigma|nonc|kappa=1.0, size=None", FLOATING, *spelled("beta f gumbel laplace logistic lognormal wald vonmises gamma noncentral_chisquare", *BOTH), operands="loc scale"),
    numbers(TWO, "low|loc|a=0.0, high|scale|b=1.0, size=None", FLOATING, *spelled("normal uniform", *BOTH), operands="low high"),
    numbers(THREE, "one|left|dfnum, two|mode|dfden, three|right|nonc, size=None", FLOATING, *spelled("triangular noncentral_f", *BOTH), operands="one two three"),
    numbers(THREE, "ngood, nbad, nsample, size=None", INTEGER, *spelled("hypergeometric", *BOTH), operands="ngood nbad nsample"),
    numbers(ONE, "scale|df|a|lam|shape=1.0, size=None", FLOATING, *spelled("exponential chisquare pareto power rayleigh standard_t weibull", *BOTH), "np.random.standard_gamma", operands="scale"),
    numbers(ONE, "shape, size=None, dtype=None", FLOATING, "np.random.Generator.standard_gamma", operands="shape"),
    numbers(TWO, "n, p, size=None", INTEGER, *spelled("binomial negative_binomial", *BOTH), operands="n p"),
    numbers(ONE, "lam|p|a=1.0, size=None", INTEGER, *spelled("poisson geometric zipf logseries", *BOTH), operands="lam"),
    numbers("-> *size", "size=None", FLOATING, *spelled("standard_normal standard_exponential standard_cauchy ranf", "np.random.{}")),
    numbers("-> *size", "size=None", FLOATING, *spelled("random random_sample", "np.random.{}")),
    numbers("-> *size", "size=None, dtype=None, **", FLOATING, *spelled("random standard_normal standard_exponential standard_cauchy", G)),
    numbers("-> *size", "*size", FLOATING, *spelled("rand randn", "np.random.{}")),
    numbers(TWO, "low, high=None, size=None, dtype=None", INTEGER, "np.random.randint", operands="low high"),
    numbers(TWO, "low, high=None, size=None, dtype=None, endpoint=False", INTEGER, "np.random.Generator.integers", operands="low high"),
    gufunc("k -> *size k", "alpha, size=None", made_of(FLOATING), *spelled("dirichlet", *BOTH)),
    gufunc("k, k k -> *size k", "mean, cov, size=None, **", made_of(FLOATING), *spelled("multivariate_normal", *BOTH)),
    gufunc("*s *n@axis -> *s *n@axis", "x, *, axis=None, out=None", kept, "np.random.Generator.permuted"),
)  # fmt: skip

TABLE: tuple[Rule, ...] = (
    *DISTRIBUTIONS,
    *NUMPY,
    gufunc("-> *shape", SHAPED, made_of(FLOATING), *spelled("normal uniform gumbel laplace logistic cauchy exponential", R)),
    gufunc("-> *shape", SHAPED, made_of(FLOATING), "jax.random.maxwell"),
    gufunc("-> *shape", SHAPED, made_of(INTEGER), "jax.random.rademacher"),
    gufunc("-> *shape", SHAPED, always("uint32"), "jax.random.bits"),
    gufunc("*shape, *shape -> *shape", "key, lower, upper, shape=None, dtype=None, **", made_of(FLOATING), "jax.random.truncated_normal", operands="lower upper"),
    gufunc("*shape, *shape -> *shape", "key, shape, minval, maxval, dtype=None, **", made_of(INTEGER), "jax.random.randint", operands="minval maxval"),
    gufunc("*shape -> *shape", "key, p=0.5, shape=None, **", made_of(BOOLEAN), "jax.random.bernoulli", operands="p"),
    gufunc("*s n@axis -> *shape|*s", "key, logits, axis=-1, shape=None, **", made_of(INTEGER), "jax.random.categorical", operands="logits"),
    gufunc("-> *shape d", "key, d, p=2, shape=(), dtype=None, **", made_of(FLOATING), "jax.random.ball"),
    gufunc("-> *shape n m|n", "key, n, shape=(), dtype=None, m=None, **", made_of(FLOATING), "jax.random.orthogonal"),
    gufunc("*s -> *s", "seed, **", always("prng_key"), "jax.random.key"),
    gufunc("*s -> *s 2", "seed, **", always("uint32"), "jax.random.PRNGKey"),
    gufunc("*k -> *num *k", "key, num=2", kept, "jax.random.split"),
    gufunc("*k -> *k", "key, data=None", kept, "jax.random.fold_in"),
    gufunc("*k -> *k", "key", kept, "jax.random.clone"),
    gufunc("*s _ -> *s", "keys|key_bits_array, **", always("prng_key"), "jax.random.wrap_key_data"),
    rule(choice, "key, a, shape=(), replace=True, p=None, axis=0, **", "jax.random.choice"),
    rule(choice, "a, shape|size=None, replace=True, p=None, *, axis=0", "np.random.choice"),
    rule(key_data, "keys", "jax.random.key_data"),
    rule(permutation, "key, x, **", "jax.random.permutation"),
    rule(permutation, "x", "np.random.permutation"),
    rule(permutation, "x, axis=0", "np.random.Generator.permutation"),
    rule(choice, "a, shape|size=None, replace=True, p=None, axis=0, shuffle=True", "np.random.Generator.choice"),
    gufunc("*s, *s -> *shape *s", "key, loc, scale, shape=None, dtype=None", made_of(FLOATING), "jax.random.double_sided_maxwell", operands="loc scale"),
    gufunc("*shape -> *shape", "key, p, shape=(), dtype=None, **", made_of(FLOATING), "jax.random.generalized_normal", operands="p"),
    rule(weibull, "key, scale, concentration, shape=(), dtype=None", "jax.random.weibull_min"),
)  # fmt: skip
