"""The catalogue of what shapecheck reports: one entry for each error code, the only home of its texts.

`shapecheck explain`, `docs/errors.md` and mypy's list of error codes are made from it. Every example is run by a test
that compares the whole message, so an entry cannot drift from what users see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import indent
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What one code means.

    `summary` completes "mypy should ..." in mypy's own list of codes. `example` is a whole module, `message` the line
    that it prints; an entry whose `example` is empty reports on shapecheck itself. `enabled` is false for codes that
    users switch on.
    """

    code: str
    title: str
    summary: str
    meaning: str
    example: str
    message: str
    fix: str
    enabled: bool = True


_MISMATCH = Diagnostic(
    code="shape-mismatch",
    title="An axis has the wrong size",
    summary="Check that named and fixed axes have the sizes they are annotated with",
    meaning="""\
The number of axes is right, but one of them cannot have the size that is asked for: a fixed size differs (`3` for `4`),
or a name stands for two sizes that no values make equal. Names are bound anew in each call, from the arguments in
order; the message says which argument bound the name. Inside a function its names are fixed but unknown, so returning
a `"c"` where `"b"` is promised is an error for the callers that give different sizes.""",
    example="""\
from jaxtyping import Float
from torch import Tensor


def project(x: Float[Tensor, "batch i"], w: Float[Tensor, "i o"]) -> Float[Tensor, "batch o"]:
    return x @ w


def classify(images: Float[Tensor, "batch 784"], w: Float[Tensor, "128 10"]) -> Float[Tensor, "batch 10"]:
    return project(images, w)
""",
    message='10:28: error: Argument "w" to "project" is Float[Tensor, "128 10"], expected Float[Tensor, "i o"]: axis 0 should be i=784, found 128 ("i" was bound to 784 by argument "x" at line 10)  [shape-mismatch]',
    fix="""\
Look at the axis the message names, on both sides. Usually an operand is transposed, or a sum runs over the wrong axis.
If the two sizes may differ by design, give them two names.""",
)

_RANK = Diagnostic(
    code="shape-rank",
    title="The number of axes is wrong",
    summary="Check that arrays have the number of axes they are annotated with",
    meaning="""\
The array has more or fewer axes than the annotation or the operation asks for. A missing `keepdim=True`, an index that
drops an axis, and a batch axis that only one of the two places has are the usual causes.""",
    example="""\
from jaxtyping import Float
from torch import Tensor


def center(x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch 1"]:
    return x.mean(dim=1)
""",
    message='6:12: error: Returned Float[Tensor, "batch"], declared Float[Tensor, "batch 1"]: expected 2 axes, found 1 axis  [shape-rank]',
    fix="""\
Keep the axis (`keepdim=True`, `x[:, None]`, `unsqueeze`), or remove it from the annotation. Write `"*batch features"`
for code that takes any number of leading axes.""",
)

_OPERATION = Diagnostic(
    code="shape-op",
    title="An operation cannot work on these shapes",
    summary="Check that array operations can work on the shapes they get",
    meaning="""\
A library function would raise for these shapes whatever the sizes are: the inner axes of a matrix product differ, a
`view` changes the number of elements, `cat` gets arrays that differ in another axis, an index is out of range.""",
    example="""\
from jaxtyping import Float
from torch import Tensor


def scores(q: Float[Tensor, "b t d"], k: Float[Tensor, "b t d"]) -> Float[Tensor, "b t t"]:
    return q @ k
""",
    message='6:12: error: @: inner axes differ: d on the left, t on the right (got Float[Tensor, "b t d"] and Float[Tensor, "b t d"])  [shape-op]',
    fix="""\
The message shows the shapes the operation got. Transpose, reshape or index one of them so that the axes meet; here
`q @ k.mT` is meant.""",
)

_BROADCAST = Diagnostic(
    code="shape-broadcast",
    title="Two shapes do not broadcast",
    summary="Check that shapes broadcast",
    meaning="""\
Elementwise operations align axes from the right; each pair must be equal, or one of the two must be 1. Here a pair is
neither: two different numbers, or two names that stand for independent sizes, so that the operation fails as soon as
a caller gives them different values.""",
    example="""\
from jaxtyping import Float
from torch import Tensor


def normalize(x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
    return x / x.sum(dim=1)
""",
    message='6:12: error: /: axis -1 is features on the left and batch on the right (got Float[Tensor, "batch features"] and Float[Tensor, "batch"])  [shape-broadcast]',
    fix="""\
Keep the reduced axis with `keepdim=True`, or add one with `[:, None]` where the sizes should meet. For a parameter that
may have size 1 and broadcast, write `#name`.""",
)

_DTYPE = Diagnostic(
    code="shape-dtype",
    title="The dtype is wrong",
    summary="Check that arrays have the dtypes that are asked for",
    meaning="""\
The array's dtype is not in the set that the annotation names (`Float` holds every floating dtype, `Int` the signed
integers, `Shaped` everything), or an operation does not take it. A dtype that is only known to be in a larger set, such
as a `Float` where `Float32` is wanted, is not reported.""",
    example="""\
from jaxtyping import Float, Int
from torch import Tensor


def embed(tokens: Int[Tensor, "b t"], table: Float[Tensor, "v d"]) -> Float[Tensor, "b t d"]:
    return table[tokens]


def first(pixels: Float[Tensor, "b t"], table: Float[Tensor, "v d"]) -> Float[Tensor, "b t d"]:
    return embed(pixels, table)
""",
    message='10:18: error: Argument "tokens" to "embed" is Float[Tensor, "b t"], expected Int[Tensor, "b t"]: the dtype should be Int, found Float  [shape-dtype]',
    fix="""\
Convert where the value is made (`dtype=torch.long`, `.long()`, `.astype(...)`), or widen the annotation if the code is
right for both.""",
)

_ANNOTATION = Diagnostic(
    code="shape-annotation",
    title="A shape string is not well formed",
    summary="Check that shape strings are well formed",
    meaning="""\
The string is not in jaxtyping's language, so jaxtyping would refuse it when the function is defined, or would check
something else than was meant. Axes are separated by spaces; an axis is a name, a number, `_`, `...`, an expression such
as `2*n`, or one of these after `*` (several axes), `#` (broadcasts) or `?` (differs per leaf of a tree).""",
    example="""\
from jaxtyping import Float
from torch import Tensor


def flatten(x: Float[Tensor, "batch, channels"]) -> Tensor:
    return x.flatten()
""",
    message='5:31: error: in the shape "batch, channels", axes are separated by spaces, not commas; drop the comma  [shape-annotation]',
    fix="""\
The message names the likely mistake. `shapecheck explain shape-annotation` and jaxtyping's documentation list what a
shape string may contain.""",
)

_INTERNAL = Diagnostic(
    code="shape-internal",
    title="shapecheck failed",
    summary="Report faults of shapecheck itself",
    meaning="""\
shapecheck itself raised an exception at this expression. The rest of the file is checked as usual, and the expression's
shape is treated as unknown, so no other message depends on the fault.""",
    example="",
    message="shapecheck failed here (KeyError in calls.py:120: 'x'); please report it. The type is unknown.  [shape-internal]",
    fix="""\
Report it with the line it points at; `SHAPECHECK_RAISE=1 shapecheck check PATH` prints the traceback to include. Until it
is fixed, `# type: ignore[shape-internal]` silences the line.""",
)

_UNKNOWN = Diagnostic(
    code="shape-unknown",
    title="A shape or dtype is not known",
    summary="Report arrays of unknown shape where one is asked for",
    meaning="""\
An array whose shape or dtype shapecheck could not follow is returned or yielded where a certain one is declared. That is
not an error, and nothing is reported unless you ask for it: this code measures how much of a program is really checked.
Arguments of unknown shape are not reported yet.""",
    example="""\
# mypy: enable-error-code="shape-unknown"
from jaxtyping import Float
from torch import Tensor


def images(batch: dict[str, Tensor]) -> Float[Tensor, "b c h w"]:
    return batch["images"]
""",
    message='7:12: error: Returned Tensor, declared Float[Tensor, "b c h w"]: nobody knows whether that fits  [shape-unknown]',
    fix="""\
Annotate where the array comes from; one annotated local is enough: `x: Float[Tensor, "b c h w"] = load(path)`. Switch the
code on in a file as here, or with `shapecheck check PATH -- --enable-error-code shape-unknown`.""",
    enabled=False,
)

CATALOGUE: Mapping[str, Diagnostic] = MappingProxyType({
    each.code: each for each in (_MISMATCH, _RANK, _OPERATION, _BROADCAST, _DTYPE, _ANNOTATION, _INTERNAL, _UNKNOWN)
})  # fmt: skip
"""Every code, in the order in which the documentation lists them."""


def explain(diagnostic: Diagnostic) -> str:
    """The entry as text for a terminal."""
    return "\n".join(_terminal(diagnostic)) + "\n"


def _terminal(entry: Diagnostic) -> Iterator[str]:
    default = "" if entry.enabled else " (off by default)"
    yield f"{entry.code}: {entry.title}{default}"
    yield ""
    yield entry.meaning
    if entry.example:
        yield ""
        yield "Example"
        yield ""
        yield indent(entry.example.rstrip(), "    ")
    yield ""
    yield "prints" if entry.example else "It looks like this"
    yield ""
    yield indent(entry.message, "    ")
    yield ""
    yield "What to do"
    yield ""
    yield entry.fix


def reference() -> str:
    """The whole catalogue as the Markdown page `docs/errors.md`."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Error codes"
    yield ""
    yield "<!-- Generated from shapecheck/core/diagnostics.py by `python -m tests.test_docs`; do not edit. -->"
    yield ""
    yield "Each message of the mypy plugin ends in one of these codes, so `# type: ignore[shape-op]` and mypy's"
    yield "`disable_error_code` work. `shapecheck explain CODE` prints the same text."
    yield ""
    yield "| code | reports |"
    yield "| --- | --- |"
    for entry in CATALOGUE.values():
        default = "" if entry.enabled else " (off by default)"
        yield f"| [`{entry.code}`](#{entry.code}) | {entry.title}{default} |"
    for entry in CATALOGUE.values():
        yield ""
        yield from _section(entry)


def _section(entry: Diagnostic) -> Iterator[str]:
    yield f"## {entry.code}"
    yield ""
    yield f"**{entry.title}.** {entry.meaning}"
    yield ""
    if entry.example:
        yield "```python"
        yield entry.example.rstrip()
        yield "```"
        yield ""
    yield "```text"
    yield entry.message
    yield "```"
    yield ""
    yield entry.fix
