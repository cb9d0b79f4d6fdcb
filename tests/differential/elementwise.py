"""Generated operations that look at one element at a time, and those that reduce axes."""

from __future__ import annotations

from collections.abc import Mapping

from tests.differential.arrays import Arrays, Template, axis_of
from tests.differential.choices import Choices

_SHARED = ("exp", "sqrt", "tanh", "sin", "cos", "log", "floor", "ceil", "square", "sign", "isfinite", "isnan", "expm1", "abs")
_UNARY: Mapping[str, tuple[str, ...]] = {
    "torch": (*_SHARED, "rsqrt", "sigmoid", "round", "neg", "logical_not", "clone", "isinf", "log1p", "erf", "reciprocal"),
    "numpy": (*_SHARED, "round", "negative", "logical_not", "copy", "isinf", "log1p", "log2", "log10", "cbrt", "rint"),
    "jax": (*_SHARED, "round", "negative", "logical_not", "copy", "isinf", "log1p", "log2"),
}


def unary(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    named = c.one_of(_UNARY[v.library])
    method = f"{x}.{named}()" if v.library == "torch" else f"{v.module}.{named}({x})"
    return c.one_of((f"{v.module}.{named}({x})", f"-{x}", f"abs({x})", method, f"~{x}"))


def with_number(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    forms = ["{} + 1", "2 * {}", "{} / 2", "1.5 * {}", "{} - 1", "{} // 2", "1 - {}", "{} ** 2", "{} ** 0.5", "{} % 2", "1 / {}"]
    if v.library == "torch":
        forms += ["{}.clamp(0, 1)", "torch.clamp({}, min=0.5)", "{}.pow(2)", "torch.add({}, 1)", "{}.mul(2.0)", "{}.div(2)"]
        forms += ["{}.clamp_min(0)", "torch.full_like({}, 2)", "{}.masked_fill({} > 0, 1.0)", "{}.sub(1)", "{}.clone().fill_(1)"]
    else:
        forms += [f"{v.module}.clip({{}}, 0, 1)", f"{v.module}.power({{}}, 2)", f"{v.module}.full_like({{}}, 2)"]
    return c.one_of(forms).replace("{}", x)


_BINARY: Mapping[str, tuple[str, ...]] = {
    "torch": ("add", "mul", "sub", "div", "pow", "maximum", "minimum", "atan2", "floor_divide", "remainder", "logical_and"),
    "numpy": ("add", "multiply", "subtract", "divide", "power", "maximum", "minimum", "arctan2", "logical_or", "mod"),
    "jax": ("add", "multiply", "subtract", "divide", "power", "maximum", "minimum", "arctan2", "logical_or", "mod"),
}


def binary(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    sign = c.one_of(("+", "*", "-", "/", "//", "%", "**", "&", "|", "^"))
    named = c.one_of(_BINARY[v.library])
    forms = [f"{x} {sign} {y}", f"{v.module}.{named}({x}, {y})", f"{x} + {y}"]
    if v.library == "torch":
        forms += [f"{x}.{named}({y})", f"torch.lerp({x}, {y}, 0.5)", f"{x}.clone().add_({y})", f"{x}.clone().mul_({y})"]
    return c.one_of(forms)


def compare(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    named = c.one_of(
        ("eq", "ne", "greater", "less_equal") if v.library == "torch" else ("equal", "not_equal", "greater", "isclose")
    )
    return c.one_of((f"{x} > 0", f"{x} == {y}", f"{x} < {y}", f"{x} != 0", f"{v.module}.{named}({x}, {y})", f"{x} >= 0.5"))


def where(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    condition = c.one_of((f"{x} > 0", f"{y} > 0", f"{x} == {y}"))
    return f"{v.module}.where({condition}, {x}, {c.one_of((y, '0', y, '1.5'))})"


def convert(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    if v.library == "torch":
        forms = ("float()", "long()", "to(torch.float64)", "bool()", "half()", "int()", "double()", "to(dtype=torch.int64)")
        return c.one_of(
            (f"{x}.{c.one_of(forms)}", f"{x}.type_as({y})", f"{x}.to({y})", f"{x}.to({y}.dtype)", f"torch.as_tensor({x})")
        )
    dtype = f"{v.module}.{c.one_of(('float32', 'int32', 'bool_', 'float16'))}"
    return c.one_of(
        (f"{x}.astype({dtype})", f"{v.module}.asarray({x})", f"{x}.astype({y}.dtype)", f"{v.module}.array({x}, dtype={dtype})")
    )


def reduction(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    names = ["sum", "mean", "prod", "std", "var", "all", "any"]
    names += ["amax", "amin", "logsumexp", "nansum"] if v.library == "torch" else ["max", "min"]
    name = c.one_of(names)
    axis, other = axis_of(c, v.rank(x)), axis_of(c, v.rank(x))
    options = c.one_of(
        (
            f"{v.axis_word}={axis}",
            "",
            f"{v.axis_word}={axis}, {v.keep_word}=True",
            str(axis),
            f"{v.axis_word}=({axis},)",
            f"{v.axis_word}=({axis}, {other})",
        )
    )
    if name == "prod" and options.endswith(")"):
        options = ""
    if name == "logsumexp" and not options:
        options = f"dim={axis}"
    return f"{v.module}.{name}({x}{', ' * bool(options)}{options})" if c.chance(30) else _method(v, x, name, options)


def _method(v: Arrays, x: str, name: str, options: str) -> str:
    return f"{x}.{name}({options})"


def norm(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    axis = axis_of(c, v.rank(x))
    if v.library == "torch":
        return c.one_of(
            (
                f"{x}.norm(dim={axis})",
                f"{x}.norm()",
                f"torch.nn.functional.normalize({x}, dim={axis})",
                f"torch.linalg.norm({x}, dim={axis}, keepdim=True)",
                f"{x}.max(dim={axis}).values",
                f"{x}.min({axis}, keepdim=True).indices",
                f"torch.max({x})",
                f"{x}.max(dim={axis})[0]",
            )
        )
    return c.one_of(
        (
            f"{v.module}.linalg.norm({x}, axis={axis})",
            f"{v.module}.linalg.norm({x})",
            f"{v.module}.max({x}, axis={axis})",
            f"{v.module}.median({x}, axis={axis})",
            f"{v.module}.ptp({x}, axis={axis})",
        )
    )


def arg_reduction(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    name = c.one_of(("argmax", "argmin", "argsort"))
    return f"{x}.{name}({c.one_of((f'{v.axis_word}={axis_of(c, v.rank(x))}', ''))})"


def cumulative(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    return f"{v.module}.{c.one_of(('cumsum', 'cumprod'))}({x}, {v.axis_word}={axis_of(c, v.rank(x))})"


def softmax(c: Choices, v: Arrays) -> str:
    x, axis = v.pick(c), 0
    axis = axis_of(c, v.rank(x))
    if v.library == "numpy":
        return f"np.maximum({x}, {v.pick(c)})"
    if v.library == "jax":
        named = c.one_of(("relu", "gelu", "silu", "sigmoid", "softplus"))
        return c.one_of((f"jax.nn.softmax({x}, axis={axis})", f"jax.nn.{named}({x})", f"jax.nn.logsumexp({x}, axis={axis})"))
    named = c.one_of(("relu", "gelu", "silu", "softplus", "leaky_relu", "logsigmoid", "dropout", "elu"))
    return c.one_of(
        (
            f"torch.softmax({x}, dim={axis})",
            f"torch.relu({x})",
            f"{x}.softmax({axis})",
            f"torch.nn.functional.log_softmax({x}, dim={axis})",
            f"torch.nn.functional.{named}({x})",
            f"torch.nn.functional.softmax({x}, {axis})",
        )
    )


ELEMENTWISE: Mapping[str, tuple[int, Template]] = {
    "elementwise": (6, binary),
    "unary": (4, unary),
    "number operand": (3, with_number),
    "comparison": (3, compare),
    "where": (2, where),
    "conversion": (3, convert),
    "reduction": (6, reduction),
    "norm, max": (3, norm),
    "argmax": (2, arg_reduction),
    "cumsum": (1, cumulative),
    "softmax": (3, softmax),
}
