"""Members of checked classes beside plain methods, and constructors that a class inherits."""

import copy
import dataclasses
import functools
import pickle
import warnings
from collections.abc import Callable
from typing import Any, List, NotRequired, Self, TypedDict, Unpack  # noqa: UP035 - what beartype calls deprecated

import attrs
import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from torch import nn

from shapecheck import ShapeError, UncheckedWarning, checked
from shapecheck.runtime.decorator import is_checked


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape)


def rejected(call: Callable[[], object], text: str = "") -> None:
    with pytest.raises(ShapeError) as caught:
        call()
    assert text in str(caught.value)


@checked
class Members:
    def __init__(self, x: Any) -> None:
        self.x = x
        self.computed = 0

    @functools.cached_property
    def square(self) -> Float[np.ndarray, "n n"]:
        self.computed += 1
        return self.x

    def pair(self, x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> int:
        return len(x)

    with_two = functools.partialmethod(pair, zeros(2))

    @functools.singledispatchmethod
    def size(self, x: Any) -> Float[np.ndarray, ""]:
        return x

    @size.register
    def _(self, x: int, y: Float[np.ndarray, "n n"]) -> int:
        return x

    @size.register(str)
    @staticmethod
    def _of_text(x: str, y: Float[np.ndarray, "n"]) -> int:
        return len(x)

    def twice(self, x: Float[np.ndarray, "n"]) -> Self:
        return self

    @classmethod
    def made(cls, x: Float[np.ndarray, "n"], others: list[Self] | None = None) -> tuple[Self, Float[np.ndarray, "n"]]:
        return cls(x), x


def test_cached_properties() -> None:
    members = Members(zeros(2, 2))
    assert members.square is members.square
    assert members.computed == 1
    rejected(lambda: Members(zeros(2, 3)).square, "Members.square: the return value")
    assert isinstance(vars(Members)["square"], functools.cached_property)


def test_partial_methods() -> None:
    assert Members(0).with_two(zeros(2)) == 2
    rejected(lambda: Members(0).with_two(zeros(3)), "argument `y`")


def test_methods_that_dispatch() -> None:
    members = Members(0)
    assert members.size(zeros()).shape == ()
    assert members.size(3, zeros(2, 2)) == 3
    assert members.size("four", zeros(2)) == 4
    rejected(lambda: members.size(zeros(2)), "the return value")
    rejected(lambda: members.size(3, zeros(2, 3)), "argument `y`")
    rejected(lambda: members.size("four", zeros(2, 3)), "argument `y`")


def test_self_says_nothing_and_its_neighbours_are_checked() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        members = Members(0).twice(zeros(2))
        assert type(Members.made(zeros(2), [members])[0]) is Members
    rejected(lambda: members.twice(zeros(2, 2)))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_objects_and_methods_are_pickled_and_copied(protocol: int) -> None:
    members = Members(zeros(2, 2))
    assert members.square.shape == (2, 2)
    for again in (pickle.loads(pickle.dumps(members, protocol)), copy.deepcopy(members), copy.copy(members)):
        assert type(again) is Members
        assert again.computed == 1
        rejected(lambda again=again: again.pair(zeros(2), zeros(3)))
    assert pickle.loads(pickle.dumps(Members, protocol)) is Members
    method = pickle.loads(pickle.dumps(members.pair, protocol))
    rejected(lambda: method(zeros(2), zeros(3)))


# Constructors


@attrs.define
class Attrs:
    x: Float[np.ndarray, "n"]
    y: Float[np.ndarray, "n"]


@dataclasses.dataclass
class Data:
    x: Float[np.ndarray, "n"]
    y: Float[np.ndarray, "n"]


class Plain:
    def __init__(self, x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> None: ...


class Flat:
    """Its constructor has no arrays, so a class that derives from it does not check it: nobody has asked for that."""

    def __init__(self, x: int, y: int) -> None: ...


@pytest.mark.parametrize("base", [Attrs, Data, Plain])
def test_a_class_that_inherits_its_constructor(base: Any) -> None:
    @checked
    class Derived(base):  # type: ignore[misc]
        pass

    Derived(zeros(2), zeros(2))
    rejected(lambda: Derived(zeros(2), zeros(3)), "argument `y`")
    base(zeros(2), zeros(3))
    assert not is_checked(base.__init__)


def test_constructors_without_arrays_are_left_to_their_class() -> None:
    @checked
    class Derived(Flat):
        def method(self, x: Float[np.ndarray, "n"]) -> None: ...

    @checked
    class Module(nn.Linear):
        def forward(self, x: Any) -> Any:
            return x

    Derived("one", "two")  # type: ignore[arg-type]
    Module(np.int64(2), np.int64(3))
    assert Module.__init__ is nn.Linear.__init__


def test_a_derived_class_is_checked_when_it_says_so() -> None:
    @checked
    class Base(eqx.Module):
        x: Float[Array, "n"]
        y: Float[Array, "n"]

    class Silent(Base):
        z: Float[Array, "n"]

    @checked
    class Derived(Base):
        z: Float[Array, "n"]

    two, three = jnp.zeros(2), jnp.zeros(3)
    Silent(two, two, three)
    Derived(two, two, two)
    rejected(lambda: Derived(two, two, three), "argument `z`")


def test_below_a_dataclass_decorator_the_likely_mistake_is_named() -> None:
    with pytest.warns(UncheckedWarning, match="put `checked` above that") as caught:

        @dataclasses.dataclass
        @checked
        class Below:
            x: Float[np.ndarray, "n"]

    assert caught[0].filename == __file__
    assert Below(zeros(2, 2)).x.shape == (2, 2)


# Dictionaries with keys that are known


class Batch(TypedDict):
    image: Float[np.ndarray, "b h w"]
    mask: NotRequired[Float[np.ndarray, "b h w"]]
    name: str


def test_typed_dictionaries() -> None:
    @checked
    def f(batch: Batch, weight: Float[np.ndarray, "b"], *more: Batch) -> Batch:
        return batch

    image = zeros(2, 3, 3)
    batch: Batch = {"image": image, "name": "a"}
    both: Any = {**batch, "mask": image}
    assert f(batch, zeros(2)) is batch
    assert f(both, zeros(2), batch) is both
    f({"name": 3, "other": 4}, zeros(2))  # type: ignore[typeddict-item, typeddict-unknown-key]
    rejected(lambda: f(batch, zeros(3)), "2 in `batch['image']` axis 0")
    rejected(lambda: f({**both, "mask": zeros(2, 3, 4)}, zeros(2)), "argument `batch['mask']`")
    rejected(lambda: f(batch, zeros(2), {**batch, "image": zeros(1, 3, 3)}), "argument `more[0]['image']`")
    rejected(lambda: f([image], zeros(2)), "its type is list")  # type: ignore[arg-type]


def test_keywords_of_a_typed_dictionary() -> None:
    @checked
    def f(x: Float[np.ndarray, "b"], **batch: Unpack[Batch]) -> Float[np.ndarray, "b h"]:
        return batch["image"][:, :, 0]

    assert f(zeros(2), image=zeros(2, 3, 3), name="a").shape == (2, 3)
    rejected(lambda: f(zeros(2), image=zeros(3, 3, 3), name="a"), "argument `batch['image']`")
    rejected(lambda: f(zeros(2), image=zeros(2, 3, 3), mask=zeros(2, 3), name="a"), "argument `batch['mask']`")


# Other hints


def test_names_of_typing_that_are_old_cause_no_warning() -> None:
    @checked
    def f(x: List[int], y: List[Float[np.ndarray, "n"]], z: "List[List[str]] | None" = None) -> None: ...  # noqa: UP006

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f([1], [zeros(2)], [["a"]])
        rejected(lambda: f([1], [zeros(2)], ["a"]))  # type: ignore[list-item]
        rejected(lambda: f(["a"], [zeros(2)]))  # type: ignore[list-item]


type Nested = Float[np.ndarray, "n"] | list[Nested]


def test_what_cannot_be_checked_is_named_with_its_place() -> None:
    from typing import ClassVar

    @checked
    def f(x: Nested, y: Any, z: Float[np.ndarray, "n"]) -> None: ...

    f.__wrapped__.__annotations__["y"] = ClassVar[int]  # type: ignore[attr-defined]
    with pytest.warns(UncheckedWarning) as caught:
        f([zeros(2)], "y", zeros(2))
    assert {warning.filename for warning in caught} == {__file__}
    texts = "\n".join(str(warning.message) for warning in caught)
    assert "argument `x` is not checked" in texts
    assert "argument `y` is not checked in full, because beartype does not know ClassVar[int]" in texts
    rejected(lambda: f([zeros(2)], "y", zeros(2, 2)))
