"""Programs of the kind `class dims`: sizes that are type parameters of a class, shared by its methods and attributes.

jaxtyping does not know these, so the programs run under our own import hook.
"""

from __future__ import annotations

from tests.differential.choices import Choices
from tests.differential.modules import Writer, function, indented


def class_dims(c: Choices, name: str) -> Writer:
    """A class with sizes, and calls of its methods."""
    w = Writer(c, name, c.weighted([(3, "torch"), (1, "numpy"), (1, "jax")]))
    forms = {"torch": ("sized module", "sized class"), "numpy": ("sized dataclass", "sized class"), "jax": ("sized equinox",)}
    form = c.one_of(forms[w.library])
    w.constructs |= {form, w.library}
    match form:
        case "sized module":
            _module(w)
        case "sized equinox":
            _equinox(w)
        case "sized dataclass":
            _dataclass(w)
        case _:
            _plain(w)
    return w


def _slip(c: Choices, size: int) -> int:
    return c.one_of((size + 1, 1)) if c.chance(10) else size


def _module(w: Writer) -> None:
    """Sizes from ints of the constructor, the last one with a default."""
    c = w.c
    i, o = c.below(4) + 2, c.below(4) + 2
    default = c.chance(50)
    made = ["super().__init__()", c.one_of(("self.w = torch.zeros(i, o)", "self.fc = torch.nn.Linear(i, o)"))]
    product = "x @ self.w" if "self.w" in made[1] else "self.fc(x)"
    methods = [
        function("__init__", ["self", "i: int", f"o: int{f' = {o}' if default else ''}"], made),
        function("forward", ["self", 'x: Float32[Tensor, "*b i"]'], [f"return {product}"], 'Float32[Tensor, "*b o"]'),
        function("back", ["self", 'y: Float32[Tensor, "b o"]', 'z: Float32[Tensor, "b i"]'], ["..."]),
    ]
    attribute = ['w: Float32[Tensor, "i o"]\n'] if "self.w" in made[1] and c.chance(60) else []
    parameters = f"i: int, o: int{f' = Literal[{o}]' if default else ''}"
    w.functions.append(f"class Net[{parameters}](torch.nn.Module):\n{indented(chr(10).join([*attribute, *methods]))}")
    passed = f"{i}" if default and c.chance(50) else f"{i}, {o}"
    w.main += [f"net = Net({passed})", f"r = net(torch.zeros({c.one_of(('2, ', '', '2, 3, '))}{_slip(c, i)}))", "reveal_type(r)"]
    w.main.append(f"net.back(torch.zeros(2, {_slip(c, o)}), torch.zeros({_slip(c, 2)}, {_slip(c, i)}))")
    _used_bare(w, i, o)


def _used_bare(w: Writer, i: int, o: int) -> None:
    """A function that takes the class with its sizes. Others are not tried: nothing looks at a class's arguments at run time."""
    c = w.c
    if c.chance(40):
        w.constructs.add("class argument")
        w.functions.append(function("use", [f"net: Net[Literal[{i}], Literal[{o}]]"], ["..."]))
        w.main.append("use(net)")


def _equinox(w: Writer) -> None:
    c = w.c
    i, o = c.below(4) + 2, c.below(4) + 2
    call = function("__call__", ["self", 'x: Float32[Array, " i"]'], ["return self.weight @ x"], 'Float32[Array, " o"]')
    body = 'weight: Float32[Array, "o i"]\nbias: Float32[Array, " o"]\n\n' + call
    w.functions.append(f"class Net[i: int, o: int](eqx.Module):\n{indented(body)}")
    w.main.append(f"net = Net(jnp.zeros(({o}, {i})), jnp.zeros({_slip(c, o)}))")
    w.main += [f"r = net(jnp.zeros({_slip(c, i)}))", "reveal_type(r)"]


def _dataclass(w: Writer) -> None:
    c = w.c
    n, k = c.below(4) + 2, c.below(4) + 2
    total = function("total", ["self", 'w: Float32[np.ndarray, " k"]'], ["return self.x @ w"], 'Float32[np.ndarray, " n"]')
    body = 'x: Float32[np.ndarray, "n k"]\ny: Float32[np.ndarray, " n"]\n\n' + total
    w.functions.append(f"@dataclass\nclass Pair[n: int, k: int]:\n{indented(body)}")
    made = f"np.zeros(({n}, {k}), dtype=np.float32), np.zeros({_slip(c, n)}, dtype=np.float32)"
    w.main += [f"pair = Pair({made})", f"r = pair.total(np.zeros({_slip(c, k)}, dtype=np.float32))", "reveal_type(r)"]


def _plain(w: Writer) -> None:
    """Sizes from the array that the constructor takes; a subclass hands them on."""
    c = w.c
    n = c.below(4) + 2
    array, zeros = ("Tensor", "torch.zeros({})") if w.library == "torch" else ("np.ndarray", "np.zeros({}, dtype=np.float32)")
    methods = [
        function("__init__", ["self", f'x: Float32[{array}, "n"]'], ["self.x = x"]),
        function("add", ["self", f'y: Float32[{array}, "m n"]'], ["return self.x + y"], f'Float32[{array}, "m n"]'),
    ]
    w.functions.append(f"class Holder[n: int]:\n{indented(chr(10).join(methods))}")
    made = "Holder"
    if c.chance(40):
        w.constructs.add("sized subclass")
        w.functions.append(
            "class Wider[n: int](Holder[n]):\n" + indented(function("twice", ["self", f'y: Float32[{array}, "n"]'], ["..."]))
        )
        made = "Wider"
        w.main.append(f"Wider({zeros.format(n)}).twice({zeros.format(_slip(c, n))})")
    w.main += [f"r = {made}({zeros.format(n)}).add({zeros.format(f'(2, {_slip(c, n)})')})", "reveal_type(r)"]
