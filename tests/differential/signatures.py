"""Generated signatures: parameters of all kinds with array annotations, and calls that pass arrays for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.differential.annotations import CLASSES, DTYPES, MEMBERS, Leaf, Scope, leaf
from tests.differential.choices import Choices
from tests.differential.modules import Writer
from tests.differential.sizes import Sizes


@dataclass
class Parameter:
    """A parameter as written, and what a call passes for it with given sizes (nothing when it is left out)."""

    name: str
    annotation: str
    leaves: tuple[Leaf, ...] = ()
    template: str = "{}"
    default: str = ""
    passed: bool = True
    keyword: bool = False
    variadic: str = ""

    @property
    def text(self) -> str:
        default = f" = {self.default}" if self.default else ""
        return f"{self.variadic}{self.name}: {self.annotation}{default}"

    def argument(self, sizes: Mapping[str, int | tuple[int, ...]], dtype: int = 0) -> str:
        value = self.template.format(*[each.value(sizes, _member(each, dtype)) for each in self.leaves])
        return f"{self.name}={value}" if self.keyword else value


def _member(each: Leaf, dtype: int) -> str:
    """The dtype of an argument: any that its annotation takes will do, in the variants of a call."""
    members = [name for name in MEMBERS[each.declared] if name in DTYPES[each.library]]
    return members[dtype % len(members)] if dtype and each.dtype in members else each.dtype


def written(w: Writer, each: Leaf) -> str:
    """An annotation, or an alias of it, or a quoted one."""
    w.constructs |= each.constructs | {each.library}
    form = w.c.weighted([(82, "plain"), (5, "alias"), (4, "type alias"), (3, "generic alias"), (5, "quoted")])
    if form == "plain":
        return each.annotation
    w.constructs.add(form)
    if form == "quoted":
        return f"'{each.annotation}'"
    name = f"Alias{len(w.aliases)}_{w.name}"
    if form == "generic alias":
        w.aliases.append(f"type {name}[T] = {each.annotation.replace(CLASSES[each.library], 'T')}")
        return f"{name}[{CLASSES[each.library]}]"
    w.aliases.append(f"{'type ' if form == 'type alias' else ''}{name} = {each.annotation}")
    return name


HOLDING: Mapping[str, tuple[int, str, str]] = {
    "tuple, any number": (4, "tuple[{}, ...]", "({0},)"),
    "list": (5, "list[{}]", "[{0}]"),
    "list of lists": (2, "list[list[{}]]", "[[{0}, {0}]]"),
    "dict": (3, "dict[str, {}]", '{{"key": {0}}}'),
    "dict of lists": (2, "dict[str, list[{}]]", '{{"key": [{0}]}}'),
    "Sequence": (2, "Sequence[{}]", "[{0}, {0}]"),
    "Mapping": (2, "Mapping[str, {}]", '{{"key": {0}}}'),
    "Annotated": (2, 'Annotated[{}, "an array"]', "{0}"),
    "Optional list": (2, "Optional[list[{}]]", "[{0}]"),
    "PyTree": (3, "PyTree[{}]", '{{"one": [{0}, {0}]}}'),
    "PyTree leaf": (2, "PyTree[{}]", "{0}"),
}
"""Parameters that hold arrays of one annotation: their weight, the annotation around it, and the value around an array."""

_MADE_APART = [
    (60, "plain"),
    (6, "Optional"),
    (8, "union"),
    (6, "tuple"),
    (4, "default"),
    (4, "array default"),
    (6, "array type"),
]


def parameter(w: Writer, scope: Scope, name: str, plain: bool = False) -> Parameter:
    """A parameter: an array, or a container or union of arrays."""
    c = w.c
    first = leaf(c, scope, w.library)
    kind = "plain" if plain else c.weighted([*_MADE_APART, *((weight, kind) for kind, (weight, _, _) in HOLDING.items())])
    w.constructs |= {kind} - {"plain"}
    if kind == "array type":
        return _array_type(w, name, first)
    text = written(w, first) if "PyTree" not in kind else first.annotation  # jaxtyping does not look into quotes there
    if kind in HOLDING:
        _, annotation, value = HOLDING[kind]
        return Parameter(name, annotation.format(text), (first,), value)
    match kind:
        case "Optional":
            form = c.one_of(("{} | None", "Optional[{}]", "None | {}")) if "'" not in text else "Optional[{}]"
            return Parameter(name, form.format(text), *_optional(c, first))
        case "union":
            other = leaf(c, scope, w.library)
            members = c.one_of(((text, written(w, other)), (written(w, other), text)))
            return Parameter(name, f"Union[{', '.join(members)}]", (first,))
        case "tuple":
            second = leaf(c, scope, w.library)
            return Parameter(name, f"tuple[{text}, {written(w, second)}]", (first, second), "({}, {})")
        case "default":
            return Parameter(name, f"Optional[{text}]", (first,), default="None", passed=c.chance(50))
        case "array default":  # jaxtyping does not look at defaults, so this one fits
            right = leaf(c, replace(scope, wrong=0.0), w.library)
            return Parameter(name, written(w, right), (right,), default=right.value(scope.sizes), passed=c.chance(50))
        case _:
            if first.sizes and not first.sizes[0].startswith("*"):
                scope.read[f"{{{name}.shape[0]}}"] = first.sizes[0]
            return Parameter(name, text, (first,))


def _array_type(w: Writer, name: str, each: Leaf) -> Parameter:
    """An array whose class is written in another way."""
    own = CLASSES[w.library]
    other = next(text for text in ("np.ndarray", "Tensor") if text != own)
    forms = {
        "Any": "Any",
        "union of array types": f"{own} | {other}",
        "Union of array types": f"Union[{other}, {own}]",
        "TypeVar": f"Any{own.rpartition('.')[2].capitalize()}",
    }
    form = w.c.one_of(tuple(forms))
    w.constructs |= each.constructs | {each.library, form}
    return Parameter(name, each.annotation.replace(own, forms[form]), (each,))


def _optional(c: Choices, each: Leaf) -> tuple[tuple[Leaf, ...], str]:
    return ((), "None") if c.chance(25) else ((each,), "{}")


def signature(w: Writer, scope: Scope, count: int) -> list[Parameter]:
    """Parameters of all kinds, in the order of a signature, which is the order in which names are bound."""
    c = w.c
    found: list[Parameter] = []
    if scope.ints:
        found += [Parameter(name, "int", template=str(scope.sizes[name])) for name in scope.ints]
    found += [parameter(w, scope, f"x{at}") for at in range(count)]
    found.sort(key=lambda each: bool(each.default))
    if c.chance(8) and all(each.passed for each in found):
        w.constructs.add("*args")
        each = leaf(c, scope, w.library)
        found.append(Parameter("xs", written(w, each), (each,), variadic="*"))
    if c.chance(12):
        w.constructs.add("keyword only")
        each = leaf(c, scope, w.library)
        star = "" if found and found[-1].variadic else "*, "
        found.append(Parameter("key", written(w, each), (each,), keyword=True, variadic=star))
    if c.chance(6):
        w.constructs.add("**kwargs")
        each = leaf(c, scope, w.library)
        found.append(Parameter("options", written(w, each), (each,), keyword=True, variadic="**"))
    return found


def call(c: Choices, name: str, parameters: Sequence[Parameter], sizes: Sizes, dtype: int = 0, ordered: bool = False) -> str:
    """A call: some arguments by keyword, which may stand in any order."""
    passed = [each for each in parameters if each.passed]
    first_keyword = len(passed)
    if not ordered and c.chance(20) and not any(each.variadic == "*" for each in passed):
        first_keyword = c.below(len(passed) + 1)
    after_gap = [each for each in parameters if not each.passed]
    late = {each.name for each in passed if after_gap and parameters.index(each) > parameters.index(after_gap[0])}
    texts = [
        replace(each, keyword=each.keyword or at >= first_keyword or each.name in late).argument(sizes, dtype)
        for at, each in enumerate(passed)
    ]
    if not ordered and first_keyword < len(texts) and c.chance(50):
        texts[first_keyword:] = texts[first_keyword:][::-1]
    return f"{name}({', '.join(texts)})"
