"""Random arrays: `jax.random` and its keys, `np.random`."""

from __future__ import annotations

from shapecheck.core.dim import Dim, dim
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import BOOLEAN, FLOATING, INTEGER, default
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, SCALAR, Mismatch, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result
from shapecheck.rules.creation import dtype_or, made, number_category, shape_argument
from shapecheck.rules.families import shape_of, spelled
from shapecheck.rules.table import Compute, Rule, rule


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


TABLE: tuple[Rule, ...] = (
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
