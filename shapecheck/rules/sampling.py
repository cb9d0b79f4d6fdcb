"""Random arrays: `jax.random` and its keys, `np.random`."""

from __future__ import annotations

from shapecheck.core.dim import UNKNOWN_DIM, Dim, dim
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import BOOLEAN, FLOATING, INTEGER, Typed, default
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, SCALAR, Mismatch, Shape, from_items
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import integer, place, replaced, shape_argument
from shapecheck.rules.convolution import last_axes
from shapecheck.rules.creation import dtype_or, made, number_category
from shapecheck.rules.families import always, dtype_argument, gufunc, shape_of, spelled, typed_result
from shapecheck.rules.table import Compute, Rule, parameters, rule


def bits(a: Arguments) -> Result:
    """Random bits as unsigned integers."""
    return made(a, shape_argument(a["shape"]), dtype("uint32") if a["dtype"] is None else dtype_argument(a["dtype"], a.library))


def numpy_vectors(a: Arguments) -> Result:
    """A vector of the length of `alpha` for every sample."""
    alpha = a["alpha"]
    last = dim(len(alpha)) if isinstance(alpha, tuple) else shape_of(alpha).size if shape_of(alpha).rank == 1 else UNKNOWN_DIM
    lead = SCALAR if a["size"] is None else shape_argument(a["size"])
    return lead if isinstance(lead, Mismatch) else Array(from_items((*lead.items, last)), dtype("float64"), a.library)


def new_key(a: Arguments) -> Result:
    """`jax.random.key`: a scalar of a key dtype."""
    return Array(shape_of(a["seed"]), dtype("prng_key"), a.library)


def old_key(a: Arguments) -> Result:
    """`jax.random.PRNGKey`: two uint32 numbers."""
    return Array(from_items((*shape_of(a["seed"]).items, dim(2))), dtype("uint32"), a.library)


def split(a: Arguments) -> Result:
    """More keys: their axes come first."""
    lead = shape_argument(a["num"])
    if isinstance(lead, Mismatch):
        return lead
    key = a.array("key")
    rest = key.shape.items if key is not None else (ANY_RUN,)
    return Array(from_items((*lead.items, *rest)), key.dtype if key is not None else ANY_DTYPE, a.library)


def same_key(a: Arguments) -> Result:
    """`fold_in`, `clone`: a key of the same kind."""
    return a.array("key") or UNKNOWN


def sampled(category: int) -> Compute:
    """Samples of the shape and dtype that are asked for; without a shape that of the parameters."""

    def sample(a: Arguments) -> Result:
        asked = a["shape"]
        parameters_ = [a[name] for name in ("p", "a", "b", "lower", "upper") if name in a.values]
        if asked is None:
            numbers = all(number_category(value) is not None for value in parameters_)
            return made(a, SCALAR if numbers else ANY_SHAPE, dtype_or(a, category))
        return made(a, shape_argument(asked), dtype_or(a, category))

    return sample


def categorical(a: Arguments) -> Result:
    """One index for each row of the logits."""
    logits, shape = a.array("logits"), a["shape"]
    if shape is not None:
        return made(a, shape_argument(shape), dtype("int32"))
    if (
        logits is None
        or a["axis"] != dim(-1)
        or not (logits.shape.suffix or logits.shape.prefix)
        or (logits.shape.run and not logits.shape.suffix)
    ):
        return made(a, ANY_SHAPE, dtype("int32"))
    return made(a, from_items(logits.shape.items[:-1]), dtype("int32"))


def permutation(a: Arguments) -> Result:
    """Of an int the indices below it, of an array the array."""
    data = a["x"]
    if isinstance(data, Array):
        return data
    return made(a, shape_argument(data) if isinstance(data, Dim) else ANY_SHAPE, default(INTEGER, a.library))


def numpy_sample(category: int) -> Compute:
    """numpy's samplers answer a Python number when no size is given."""

    def sample(a: Arguments) -> Result:
        return UNKNOWN if a["size"] is None or a["size"] == () else made(a, shape_argument(a["size"]), dtype_or(a, category))

    return sample


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

    return Rule(names, bound, compute, text, shapes, operands)


def drawn_points(a: Arguments) -> Result:
    """`ball(key, d)`: points of `d` coordinates."""
    return _with_last(a, a["d"])


def orthogonal(a: Arguments) -> Result:
    """Square matrices, or `n m` ones."""
    return _with_last(a, a["n"], a["n"] if a["m"] is None else a["m"])


def _with_last(a: Arguments, *last: Value) -> Result:
    lead = shape_argument(a["shape"])
    if isinstance(lead, Mismatch):
        return lead
    return made(a, from_items((*lead.items, *(n if isinstance(n, Dim) else UNKNOWN_DIM for n in last))), dtype_or(a, FLOATING))


def choice(a: Arguments) -> Result:
    """Elements of an axis, or ints below a number."""
    population, asked = a["a"], a["shape"]
    if isinstance(population, Dim):
        population = Array(Shape((population,)), default(INTEGER, a.library), a.library)
    lead = SCALAR if asked is None else shape_argument(asked)
    axis = integer(a["axis"])
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

TABLE: tuple[Rule, ...] = (
    *DISTRIBUTIONS,
    rule(sampled(FLOATING), "key, shape=(), dtype=None, **", "jax.random.maxwell"),
    rule(sampled(INTEGER), "key, shape=(), dtype=None, **", "jax.random.rademacher"),
    rule(bits, "key, shape=(), dtype=None, **", "jax.random.bits"),
    rule(drawn_points, "key, d, p=2, shape=(), dtype=None, **", "jax.random.ball"),
    rule(orthogonal, "key, n, shape=(), dtype=None, m=None, **", "jax.random.orthogonal"),
    rule(choice, "key, a, shape=(), replace=True, p=None, axis=0, **", "jax.random.choice"),
    rule(choice, "a, shape|size=None, replace=True, p=None, *, axis=0", "np.random.choice"),
    rule(key_data, "keys", "jax.random.key_data"),
    gufunc("*s _ -> *s", "keys, **", always("prng_key"), "jax.random.wrap_key_data"),
    rule(
        numpy_sample(FLOATING),
        "a|dfnum|mean|left|loc|shape|n, b|dfden|scale|sigma|p, size=None",
        *spelled("beta f gumbel laplace logistic lognormal wald", "np.random.{}"),
    ),
    rule(
        numpy_sample(FLOATING),
        "scale|df|a|lam|shape=1.0, size=None",
        *spelled("exponential chisquare pareto power rayleigh standard_gamma standard_t weibull", "np.random.{}"),
    ),
    rule(numpy_sample(INTEGER), "n, p, size=None", *spelled("binomial negative_binomial", "np.random.{}")),
    rule(numpy_sample(INTEGER), "lam|p|a=1.0, size=None", *spelled("poisson geometric zipf", "np.random.{}")),
    rule(
        numpy_sample(FLOATING), "size=None", *spelled("standard_normal standard_exponential standard_cauchy ranf", "np.random.{}")
    ),
    rule(numpy_vectors, "alpha, size=None", "np.random.dirichlet"),
    rule(new_key, "seed, **", "jax.random.key"),
    rule(old_key, "seed, **", "jax.random.PRNGKey"),
    rule(split, "key, num=2", "jax.random.split"),
    rule(same_key, "key, data=None", "jax.random.fold_in"),
    rule(same_key, "key", "jax.random.clone"),
    rule(
        sampled(FLOATING),
        "key, shape=(), dtype=None, **",
        *spelled("normal uniform gumbel laplace logistic cauchy exponential", "jax.random.{}"),
    ),
    rule(sampled(FLOATING), "key, lower, upper, shape=None, dtype=None, **", "jax.random.truncated_normal"),
    rule(sampled(INTEGER), "key, shape, minval, maxval, dtype=None, **", "jax.random.randint"),
    rule(sampled(BOOLEAN), "key, p=0.5, shape=None, **", "jax.random.bernoulli"),
    rule(categorical, "key, logits, axis=-1, shape=None, **", "jax.random.categorical"),
    rule(permutation, "key, x, **", "jax.random.permutation"),
    rule(permutation, "x", "np.random.permutation"),
    rule(numpy_sample(FLOATING), "*size", *spelled("rand randn", "np.random.{}")),
    rule(numpy_sample(FLOATING), "size=None", *spelled("random random_sample", "np.random.{}")),
    rule(numpy_sample(FLOATING), "low|loc|a=0.0, high|scale|b=1.0, size=None", *spelled("normal uniform", "np.random.{}")),
    rule(numpy_sample(INTEGER), "low, high=None, size=None, dtype=None", "np.random.randint"),
)
