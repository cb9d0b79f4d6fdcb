"""Plans of signatures that compare no sizes give what working the signature out gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shapecheck.core.dim import UNKNOWN_DIM, Broadcastable, Dim, dim
from shapecheck.core.placing import Scalars
from shapecheck.core.shape import ANY_RUN, Mismatch, Run, Shape, shape
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Value
from shapecheck.rules import registry

TABLES = [*registry().rules.values(), *registry().layers.values()]
PLANNED = sorted({shapes.text for row in TABLES for shapes in row.shapes if shapes.is_planned})
WORKED_OUT = {"no such name": dim(1)}
"""With a size that is bound beforehand there is no plan."""

sizes = st.sampled_from([dim(0), dim(1), dim(3), dim(-1), dim("b"), dim("t"), UNKNOWN_DIM, dim(Broadcastable(dim("b")))])
several = st.lists(sizes, max_size=3).map(tuple)
runs = st.sampled_from([ANY_RUN, Run("batch"), Run("batch", broadcast=True)])
shapes = st.builds(Shape, several) | st.builds(Shape, several, runs, several)
numbers = st.integers(-4, 3).map(dim)
axes = st.none() | numbers | st.lists(numbers, max_size=3).map(tuple) | st.sampled_from([UNKNOWN_DIM, UNKNOWN, True])


@given(st.sampled_from(PLANNED), st.sampled_from(Scalars), st.sampled_from([None, True, False, UNKNOWN]), st.data())
def test_a_plan_changes_no_answer(text: str, scalars: Scalars, keep: Value, data: st.DataObject) -> None:
    read = signature(text)
    actual = [data.draw(shapes) for _ in read.operands]
    call: dict[str, Value] = {name: data.draw(axes) for name in read.arguments} | {"keepdim": keep}
    found = read.apply(actual, call=call, scalars=scalars)
    assert found == read.apply(actual, call=call, scalars=scalars, fixed=WORKED_OUT)


def flattened(actual: Shape) -> str:
    return str(signature("*s n@dim -> *s n@dim").apply((actual,), call={"dim": None}))


def test_sizes_that_are_computed_have_no_plan() -> None:
    assert flattened(shape(2, 3)) == "6"
    assert flattened(shape(4, 5)) == "20"
    assert flattened(shape(ANY_RUN, "d")) == "_"
    assert flattened(shape(ANY_RUN, 0)) == "0"


def test_messages_have_the_sizes_of_the_call() -> None:
    def refusal(*sizes: Dim | int | str) -> str:
        found = signature("*s *n@dim -> *s").apply((shape(*sizes),), call={"dim": dim(5)})
        assert isinstance(found, Mismatch)
        return found.reason

    assert refusal("b", 3) == 'axis 5 is out of range, the array has 2 axes "b 3"'
    assert refusal("t", 4) == 'axis 5 is out of range, the array has 2 axes "t 4"'
