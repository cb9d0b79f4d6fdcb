"""Where an array may be kept: classes that declare it, and values it is read out of. Used by programs of the kind `operations`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.differential.annotations import CLASSES, SETS, Leaf, shape_of
from tests.differential.modules import Writer
from tests.differential.sizes import Sizes

HOLDERS: Mapping[str, tuple[str, str]] = {
    "dataclass field": ("@dataclass\nclass {name}:\n    w: {annotation}\n", "{name}({value}).w"),
    "NamedTuple field": ("class {name}(NamedTuple):\n    w: {annotation}\n", "{name}({value})[0]"),
    "NamedTuple by name": ("class {name}(NamedTuple):\n    n: int\n    w: {annotation}\n", "{name}(1, {value}).w"),
    "TypedDict": (
        "class {name}(TypedDict):\n    w: {annotation}\n\ndef read_{name}(it: {name}) -> {annotation}:\n    return it['w']\n",
        "read_{name}({{'w': {value}}})",
    ),
    "property": ("class {name}:\n    @property\n    def w(self) -> {annotation}:\n        return {value}\n", "{name}().w"),
    "cached_property": (
        "class {name}:\n    @cached_property\n    def w(self) -> {annotation}:\n        return {value}\n",
        "{name}().w",
    ),
    "class attribute": ("class {name}:\n    w: {annotation} = {value}\n", "{name}.w"),
    "instance attribute": (
        "class {name}:\n    def __init__(self, w: {annotation}) -> None:\n        self.w = w\n",
        "{name}({value}).w",
    ),
    "attribute without annotation": (  # in a module that has annotations elsewhere: in others such attributes are unknown
        (
            "class {name}:\n    def __init__(self) -> None:\n        self.w = {value}\n\n"
            "    def other(self, w: {annotation}) -> {annotation}:\n        return w\n"
        ),
        "{name}().w",
    ),
    "protocol attribute": (
        (
            "@runtime_checkable\nclass P{name}(Protocol):\n    w: {annotation}\n\nclass {name}:\n    def __init__(self) -> None:\n"
            "        self.w: {annotation} = {value}\n\ndef read_{name}(it: P{name}) -> {annotation}:\n    return it.w\n"
        ),
        "read_{name}({name}())",
    ),
    "generic class": (
        "class {name}[T]:\n    def __init__(self, w: T) -> None:\n        self.w = w\n\n    def get(self) -> T:\n        return self.w\n",
        "{name}({value}).get()",
    ),
    "generic function": ("def {name}[T](w: T) -> T:\n    return w\n", "{name}({value})"),
    "result": ("def {name}() -> {annotation}:\n    return {value}\n", "{name}()"),
    "coroutine": ("async def {name}() -> {annotation}:\n    return {value}\n", "asyncio.run({name}())"),
    "iterator": ("def {name}() -> Iterator[{annotation}]:\n    yield {value}\n", "next({name}())"),
    "callable": ("def {name}(f: Callable[[], {annotation}]) -> {annotation}:\n    return f()\n", "{name}(lambda: {value})"),
    "partial": ("def {name}(w: {annotation}, n: int) -> {annotation}:\n    return w\n", "partial({name}, n=2)({value})"),
    "buffer": (
        (
            "class {name}(torch.nn.Module):\n    w: {annotation}\n\n    def __init__(self) -> None:\n        super().__init__()\n"
            "        self.register_buffer('w', {value})\n"
        ),
        "{name}().w",
    ),
    "item of a tuple": ("", "({value}, 1)[0]"),
    "item of a list": ("", "[{value}][0]"),
    "item of a dict": ("", "{{'w': {value}}}['w']"),
    "comprehension": ("", "[w for w in ({value},)][0]"),
    "condition": ("", "{value} if len('ab') else {value}"),
    "walrus": ("", "(held := {value})"),
}
"""Classes and functions that hold an array, and how it is read."""


def held(w: Writer, name: str, made: Leaf, sizes: Sizes, namespace: dict[str, Any]) -> str:
    """Adds what holds an array; the text that makes one and reads the array back."""
    value = made.value(sizes)
    form = w.c.one_of([each for each in HOLDERS if w.library == "torch" or each != "buffer"])
    w.constructs |= {form, w.library}
    text, read = HOLDERS[form]
    if text:
        w.functions.append(text.format(name=name, annotation=exact(made, sizes), value=value))
        exec(w.functions[-1], namespace)
    return read.format(name=name, value=value)


def exact(made: Leaf, sizes: Sizes) -> str:
    """The narrowest annotation of an array."""
    shape = " ".join(map(str, shape_of(made.sizes, sizes)))
    return f'{SETS[made.dtype][0]}[{CLASSES[made.library]}, "{shape}"]'


def narrowed(w: Writer, name: str, made: Leaf, sizes: Sizes) -> list[str]:
    """Lines that make an array that nobody knows, and tests that tell what it is."""
    shape = shape_of(made.sizes, sizes)
    value = f"{name} = bare_{w.library}({made.value(sizes)})"
    forms = {
        "isinstance": [f"assert isinstance({name}, {exact(made, sizes)})"],
        "isinstance, else": [f"if not isinstance({name}, {exact(made, sizes)}):", "    raise ValueError"],
        "shape ==": [f"assert {name}.shape == {shape}"],
        "ndim ==": [f"assert {name}.ndim == {len(shape)}"],
        "sizes": [f"assert {name}.shape[{at}] == {size}" for at, size in enumerate(shape)],
    }
    form = w.c.one_of(tuple(forms))
    w.constructs.add(form)
    w.partial |= "isinstance" not in form
    return [value, *forms[form]]
