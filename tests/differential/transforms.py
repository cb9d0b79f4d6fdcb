"""Programs of the kind `transforms`: functions that jax or torch transform, called with arrays of known shapes."""

from __future__ import annotations

from collections.abc import Mapping

from tests.differential.annotations import CLASSES, Leaf, Scope, leaf, literal, shape_of
from tests.differential.choices import Choices
from tests.differential.modules import Writer, function
from tests.differential.sizes import Sizes, small_sizes


def transforms(c: Choices, name: str) -> Writer:
    """A transformed function and a call of it."""
    w = Writer(c, name, c.weighted([(3, "jax"), (1, "torch")]))
    forms = ("vmap", "grad", "value_and_grad", "scan") if w.library == "jax" else ("vmap", "grad", "compile")
    form = c.one_of(forms)
    w.constructs |= {form, w.library}
    {"vmap": _mapped, "grad": _gradient, "value_and_grad": _gradient, "scan": _scanned, "compile": _compiled}[form](w, form)
    return w


_NAMES: Mapping[str, Mapping[str, str]] = {
    "jax": {"vmap": "jax.vmap", "grad": "jax.grad", "value_and_grad": "jax.value_and_grad"},
    "torch": {"vmap": "torch.func.vmap", "grad": "torch.func.grad", "compile": "torch.compile"},
}
_AXES = {"jax": ("in_axes", "out_axes"), "torch": ("in_dims", "out_dims")}


def _mapped(w: Writer, form: str) -> None:
    """Each argument has another axis, or is the same for all calls; the first one comes back."""
    c = w.c
    scope = Scope(small_sizes(c), wrong=5.0)
    leaves = [leaf(c, scope, w.library) for _ in range(c.below(2) + 1)]
    w.constructs |= {construct for each in leaves for construct in each.constructs}
    parameters = [f"x{at}: {each.annotation}" for at, each in enumerate(leaves)]
    w.functions.append(function("f", parameters, ["return x0"], leaves[0].annotation))
    places = [c.one_of((0, None, -1)) if at else c.one_of((0, 0, 1, -1)) for at in range(len(leaves))]
    values = [_with_axis(c, each, scope.sizes, place) for each, place in zip(leaves, places, strict=True)]
    option, result = _AXES[w.library]
    options = f", {option}={places[0] if len(places) == 1 else tuple(places)}" if any(place != 0 for place in places) else ""
    options += f", {result}={c.one_of((1, -1))}" if c.chance(15) else ""
    w.main += [f"r = {_NAMES[w.library][form]}(f{options})({', '.join(values)})", "reveal_type(r)"]


def _with_axis(c: Choices, each: Leaf, sizes: Sizes, place: int | None) -> str:
    """An array with one more axis; the size of that axis is now and then another."""
    shape = list(shape_of(each.sizes, sizes))
    if place is not None:
        at = len(shape) if place == -1 else min(place, len(shape))
        shape.insert(at, 4 if c.chance(7) else 3)
    return literal(each.library, tuple(shape), each.dtype)


def _float_leaf(w: Writer) -> tuple[Leaf, Scope]:
    scope = Scope(small_sizes(w.c), wrong=4.0)
    made = leaf(w.c, scope, w.library)
    w.constructs |= made.constructs
    return made, scope


def _gradient(w: Writer, form: str) -> None:
    """The gradient of a sum has the shape of what is summed."""
    made, scope = _float_leaf(w)
    module = {"jax": "jnp", "torch": "torch"}[w.library]
    array = CLASSES[w.library]
    w.functions.append(function("f", [f"x: {made.annotation}"], [f"return {module}.sum(x * 2.0)"], f'Shaped[{array}, ""]'))
    w.partial = made.dtype.startswith("complex")  # then the result is complex, too, and refused
    w.main.append(f"r = {_NAMES[w.library][form]}(f)({made.value(scope.sizes)})")
    w.main += ["reveal_type(r)"] if form == "grad" else ["reveal_type(r[0])", "reveal_type(r[1])"]


def _scanned(w: Writer, form: str) -> None:
    """A step takes a state and an element, and gives the state and an output. Sizes of names are apart from what is written."""
    c = w.c
    n, k, steps = 5 + c.below(3), 8 + c.below(3), c.below(3) + 2
    state = c.one_of(("n", "_", "n", "k", "5"))
    given, output = c.one_of((("x", "k"), ("x", "k"), ("x[:, None]", "k 1"), ("jnp.sum(x)", ""), ("x[1:]", "k-1"), ("x", "n")))
    result = f'tuple[Float32[Array, "{state}"], Float[Array, "{output}"]]'
    parameters = ['carry: Float32[Array, "n"]', 'x: Float[Array, "k"]']
    w.functions.append(function("step", parameters, ["new = carry * 2.0", f"return new, {given}"], result))
    elements = (steps, k) if not c.chance(8) else (steps,)
    n = 7 if state == "5" else n
    w.main += [f"carry, ys = jax.lax.scan(step, jnp.zeros({n}), jnp.zeros({elements}))", "reveal_type(carry)", "reveal_type(ys)"]


def _compiled(w: Writer, form: str) -> None:
    """A compiled function is the function; the compiler itself is not run."""
    made, scope = _float_leaf(w)
    w.functions.append(function("f", [f"x: {made.annotation}"], ["return x"], made.annotation))
    w.main += [f"r = torch.compile(f, disable=True)({made.value(scope.sizes)})", "reveal_type(r)"]
