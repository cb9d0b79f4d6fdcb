"""What `checked` can be put on, and that it changes nothing but the errors."""

import asyncio
import copy
import dataclasses
import functools
import inspect
import pickle
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Annotated, Any, Literal, NamedTuple, Protocol, no_type_check, runtime_checkable

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
import torch
from jaxtyping import Array, Float, Int, PyTree
from torch import Tensor, nn

import shapecheck
from shapecheck import ShapeError, UncheckedWarning, checked
from shapecheck.runtime.decorator import is_checked

type N = np.ndarray


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape)


# Functions


@checked
def matmul(x: Float[np.ndarray, "b c"], y: Float[np.ndarray, "c d"]) -> Float[np.ndarray, "b d"]:
    """Multiply."""
    return x @ y


@pytest.mark.parametrize("_", range(3))
def test_names_are_shared_within_a_call_and_only_there(_: int) -> None:
    assert matmul(zeros(2, 3), zeros(3, 4)).shape == (2, 4)
    assert matmul(zeros(5, 1), y=zeros(1, 2)).shape == (5, 2)
    with pytest.raises(ShapeError):
        matmul(zeros(2, 3), zeros(4, 5))


def test_metadata_is_kept() -> None:
    assert matmul.__name__ == "matmul"
    assert matmul.__doc__ == "Multiply."
    assert matmul.__module__ == __name__
    assert list(inspect.signature(matmul).parameters) == ["x", "y"]
    assert pickle.loads(pickle.dumps(matmul)) is matmul
    assert copy.deepcopy(matmul) is matmul


def test_twice_is_harmless() -> None:
    assert checked(matmul) is matmul
    assert is_checked(matmul)


def test_another_decorator_around_it_is_not_taken_for_ours() -> None:
    @functools.wraps(matmul)
    def around(*args: Any) -> Any:
        return matmul(*args)

    assert not is_checked(around)


def test_a_wrong_call_is_pythons_own_error() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'") as caught:
        matmul(zeros(2, 3))  # type: ignore[call-arg]
    assert not isinstance(caught.value, ShapeError)


def test_every_kind_of_parameter() -> None:
    @checked
    def f(
        a: Float[np.ndarray, "n"], /, b: Float[np.ndarray, "n"], *c: Float[np.ndarray, "n"],
        d: Float[np.ndarray, "n"], e: int = 3, **g: Float[np.ndarray, "n"],
    ) -> tuple[Any, ...]:  # fmt: skip
        return a, b, c, d, e, g

    one, two = zeros(1), zeros(2)
    assert f(one, one, one, d=one, h=one) == (one, one, (one,), one, 3, {"h": one})
    for call in (
        lambda: f(two, one, d=one),
        lambda: f(one, two, d=one),
        lambda: f(one, one, two, d=one),
        lambda: f(one, one, d=two),
        lambda: f(one, one, d=one, h=two),
        lambda: f(one, one, d=one, e="3"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ShapeError):
            call()


def test_a_default_that_was_not_passed_is_not_checked_but_visible() -> None:
    @checked
    def f(x: Float[np.ndarray, "n"] = "bad", n: int = 2) -> Float[np.ndarray, "{n}"]:  # type: ignore[assignment]
        return zeros(2) if isinstance(x, str) else x

    assert f().shape == (2,)
    with pytest.raises(ShapeError, match="argument `x`"):
        f("bad")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"`\{n\}` is 3"):
        f(n=3)


def test_parameters_may_be_called_like_anything_we_use() -> None:
    @checked
    def f(isinstance: Float[np.ndarray, "len"], len: int, _s_1: Float[np.ndarray, "len 2"], tuple: int = 1) -> int:  # noqa: A002
        return len

    assert f(zeros(3), 3, zeros(3, 2)) == 3
    with pytest.raises(ShapeError):
        f(zeros(3), 3, zeros(4, 2))


def test_what_is_returned_is_not_touched() -> None:
    result = [zeros(2), zeros(2)]

    @checked
    def f() -> list[Float[np.ndarray, "n"]]:
        return result

    assert f() is result


def test_every_item_of_a_container_is_checked() -> None:
    @checked
    def f(xs: list[Float[np.ndarray, "n"]], named: dict[str, Float[np.ndarray, "n"]] | None = None) -> None: ...

    f([zeros(2)] * 2000)
    f([])
    for bad in range(20):
        items = [zeros(2)] * 20
        items[bad] = zeros(3)
        with pytest.raises(ShapeError, match="argument `xs"):
            f(items)
    with pytest.raises(ShapeError, match=r"argument `named\['b'\]`"):
        f([zeros(2)], {"a": zeros(2), "b": zeros(3)})


def test_other_hints_are_beartypes() -> None:
    @runtime_checkable
    class Sized(Protocol):
        def __len__(self) -> int: ...

    @checked
    def f(a: Literal["x", "y"], b: dict[str, int], c: Sized, d: int | None, e: Callable[[int], int]) -> None: ...

    f("x", {"a": 1}, [], None, abs)
    for bad in (
        ("z", {}, [], None, abs),
        ("x", {1: 1}, [], None, abs),
        ("x", {}, 3, None, abs),
        ("x", {}, [], 3.0, abs),
        ("x", {}, [], 3, 3),
    ):
        with pytest.raises(ShapeError):
            f(*bad)  # type: ignore[arg-type]


def test_validators_of_beartype_beside_an_array() -> None:
    from beartype.vale import Is

    @checked
    def f(x: Annotated[Float[np.ndarray, "n"], Is[lambda array: array.sum() == 0]]) -> None: ...

    f(zeros(3))
    with pytest.raises(ShapeError):
        f(np.ones(3))


def test_unions_keep_the_bindings_of_the_member_that_fits() -> None:
    @checked
    def f(x: Float[np.ndarray, "a b"] | Float[np.ndarray, "b"], y: Float[np.ndarray, "b"]) -> None: ...

    f(zeros(2, 3), zeros(3))
    f(zeros(3), zeros(3))
    with pytest.raises(ShapeError) as caught:
        f(zeros(2, 3), zeros(2))
    assert [(each.name, each.value) for each in caught.value.report.bindings] == [("a", 2), ("b", 3)]


def test_forward_references_and_local_aliases() -> None:
    alias = Float[np.ndarray, "n"]

    @checked
    def f(x: "alias", y: "Later") -> "Float[np.ndarray, 'n']":
        return zeros(2)

    class Later: ...

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncheckedWarning)  # a local class that came later is out of reach
        assert f(zeros(2), Later()).shape == (2,)
    with pytest.raises(ShapeError):
        f(zeros(3), Later())
    del alias


def test_a_hint_that_cannot_be_read_is_reported() -> None:
    @checked
    def f(x: "Unknown", y: Float[np.ndarray, "n"]) -> None: ...  # type: ignore[name-defined]

    with pytest.warns(UncheckedWarning, match="argument `x` is not checked.*Unknown"):
        f(1, zeros(2))


def test_nothing_to_check_is_reported() -> None:
    with pytest.warns(UncheckedWarning, match="no annotations"):

        @checked
        def f(x):  # type: ignore[no-untyped-def]
            return x

    with pytest.warns(UncheckedWarning, match="no annotated methods"):

        @checked
        class Empty:
            pass


def test_no_type_check_is_respected() -> None:
    @checked
    @no_type_check
    def inner(x: Float[np.ndarray, "n n"]) -> None: ...

    @no_type_check
    @checked
    def outer(x: Float[np.ndarray, "n n"]) -> None: ...

    inner(zeros(2, 3))
    outer(zeros(2, 3))


def test_partials_and_callable_objects() -> None:
    class Layer:
        def __call__(self, x: Float[np.ndarray, "n n"]) -> int:
            return len(x)

    part: Any = checked(functools.partial(matmul, zeros(2, 3)))
    assert part(zeros(3, 4)).shape == (2, 4)
    call: Any = checked(Layer())
    assert call(zeros(2, 2)) == 2
    with pytest.raises(ShapeError):
        call(zeros(2, 3))


# Coroutines and generators


def test_coroutines() -> None:
    @checked
    async def f(x: Float[np.ndarray, "n"], grow: int = 0) -> Float[np.ndarray, "n"]:
        await asyncio.sleep(0)
        return zeros(len(x) + grow)

    async def many() -> list[np.ndarray]:
        return await asyncio.gather(*(f(zeros(size)) for size in (3, 4, 5)))

    assert inspect.iscoroutinefunction(f)
    assert [len(x) for x in asyncio.run(many())] == [3, 4, 5]
    with pytest.raises(ShapeError, match="return value"):
        asyncio.run(f(zeros(3), 1))
    assert inspect.iscoroutinefunction(f)


def test_generators() -> None:
    closed = []

    @checked
    def f(x: Float[np.ndarray, "n"], sizes: list[int]) -> Generator[Float[np.ndarray, "n"], Any, int]:
        try:
            for size in sizes:
                sent = yield zeros(size)
                if sent:
                    yield zeros(*sent)
        finally:
            closed.append(True)
        return len(sizes)

    assert inspect.isgeneratorfunction(f)
    assert len(list(f(zeros(3), [3, 3]))) == 2
    with pytest.raises(ShapeError, match="yield value"):
        list(f(zeros(3), [3, 4]))
    running = f(zeros(3), [3])
    next(running)
    with pytest.raises(ShapeError):
        running.send((4,))
    assert len(closed) == 3
    thrown = f(zeros(3), [3])
    next(thrown)
    with pytest.raises(KeyError):
        thrown.throw(KeyError())
    done = f(zeros(3), [3])
    next(done)
    with pytest.raises(StopIteration) as stop:
        next(done)
    assert stop.value.value == 1


def test_asynchronous_generators() -> None:
    @checked
    async def f(x: Float[np.ndarray, "n"], sizes: list[int]) -> AsyncIterator[Float[np.ndarray, "n"]]:
        for size in sizes:
            yield zeros(size)

    async def collect(sizes: list[int]) -> int:
        return len([x async for x in f(zeros(3), sizes)])

    assert inspect.isasyncgenfunction(f)
    assert asyncio.run(collect([3, 3])) == 2
    with pytest.raises(ShapeError, match="yield value"):
        asyncio.run(collect([3, 4]))


def test_an_iterator_annotation_of_generator_does_not_spoil_its_alias() -> None:
    alias = Float[np.ndarray, "a"]

    @checked
    def f() -> Iterator[alias]:  # type: ignore[valid-type]
        yield zeros(1)

    list(f())
    assert not isinstance("junk", alias)


# Classes


@checked
class Plain:
    def __init__(self, weight: Float[np.ndarray, "o i"]) -> None:
        self.weight = weight
        self.size = len(weight)

    def __call__(self, x: Float[np.ndarray, "b i"]) -> Float[np.ndarray, "b {self.size}"]:
        return x @ self.weight.T

    @classmethod
    def eye(cls, like: Float[np.ndarray, "n n"]) -> "Plain":
        return cls(np.eye(len(like)))

    @staticmethod
    def twice(x: Float[np.ndarray, "n"]) -> Float[np.ndarray, "2*n"]:
        return np.concatenate([x, x])

    @property
    def square(self) -> Float[np.ndarray, "n n"]:
        return self.weight

    @square.setter
    def square(self, value: Float[np.ndarray, "n n"]) -> None:
        self.weight = value


def test_every_method_of_a_plain_class() -> None:
    plain = Plain(zeros(2, 3))
    assert plain(zeros(5, 3)).shape == (5, 2)
    assert Plain.eye(zeros(2, 2)).square.shape == (2, 2)
    assert Plain.twice(zeros(2)).shape == (4,)
    plain.size = 7
    for call in (
        lambda: Plain(zeros(2)),
        lambda: plain(zeros(5, 3)),
        lambda: Plain.eye(zeros(2, 3)),
        lambda: Plain.twice(zeros(2, 2)),
        lambda: plain.square,
        lambda: setattr(plain, "square", zeros(3, 2)),
    ):
        with pytest.raises(ShapeError):
            call()


@pytest.mark.parametrize("options", [{}, {"frozen": True}, {"slots": True}, {"kw_only": True}])
def test_dataclasses(options: dict[str, bool]) -> None:
    @checked
    @dataclasses.dataclass(**options)  # type: ignore[call-overload]
    class Pair:
        x: Float[np.ndarray, "n"]
        y: Float[np.ndarray, "n"]
        k: int = 3

    @checked
    @dataclasses.dataclass(**options)  # type: ignore[call-overload]
    class Triple(Pair):
        z: "Float[np.ndarray, 'n']" = None  # type: ignore[assignment]

    pair = Pair(x=zeros(2), y=zeros(2))
    assert pair.k == 3
    assert dataclasses.replace(pair, k=4).k == 4
    with pytest.raises(ShapeError, match="`y`"):
        Pair(x=zeros(2), y=zeros(3))
    with pytest.raises(ShapeError):
        dataclasses.replace(pair, x=zeros(3))
    Triple(x=zeros(2), y=zeros(2))
    with pytest.raises(ShapeError, match="`z`"):
        Triple(x=zeros(2), y=zeros(2), z=zeros(3))


def test_named_tuples() -> None:
    @checked
    class Pair(NamedTuple):
        x: Float[np.ndarray, "n"]
        y: Float[np.ndarray, "n"]

    assert Pair(zeros(2), zeros(2)).x.shape == (2,)
    with pytest.raises(ShapeError):
        Pair(zeros(2), zeros(3))


def test_modules() -> None:
    @checked
    class MLP(nn.Module):
        def __init__(self, d: int) -> None:
            super().__init__()
            self.linear = nn.Linear(d, 2 * d)

        def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b 2*d"]:
            return self.linear(x)

    mlp = MLP(3)
    assert mlp(torch.zeros(5, 4, 3)).shape == (5, 4, 6)
    assert mlp(nn.Parameter(torch.zeros(3))).shape == (6,)
    with pytest.raises(ShapeError):
        mlp(torch.zeros(5, 3, dtype=torch.int64))
    clone = copy.deepcopy(mlp)
    assert clone(torch.zeros(1, 3)).shape == (1, 6)


# Arrays of other kinds


def test_duck_arrays() -> None:
    class Duck:
        shape = (2, 3)
        dtype = "float32"

    class Other:
        shape = (2, 3)

        class dtype:
            def __repr__(self) -> str:
                return "duck.float32"

    @checked
    def f(x: Float[Any, "a b"], y: Float[Duck, "a b"]) -> None: ...

    f(Duck(), Duck())
    f(zeros(2, 3), Duck())
    with pytest.raises(ShapeError):
        f(Duck(), Other())  # type: ignore[arg-type]
    with pytest.raises(ShapeError):
        f(3, Duck())


def test_scalars() -> None:
    @checked
    def f(x: Float[float, "..."], y: Int[int | np.ndarray, ""] | None = None) -> None: ...

    f(1.0)
    for bad in (1, zeros()):
        with pytest.raises(ShapeError):
            f(bad)  # type: ignore[arg-type]


def test_dtypes_of_ones_own() -> None:
    import re

    class Small(jaxtyping.AbstractDtype):
        dtypes = ("uint8", re.compile("int(8|16)$"))

    Record = np.dtype([("a", np.uint8), ("b", np.int8)])
    Struct = jaxtyping.make_numpy_struct_dtype(Record, "Struct")

    @checked
    def f(x: Small[np.ndarray, "n"], y: Struct[np.ndarray, "n"] | None = None) -> None: ...  # type: ignore[valid-type]

    for dtype in ("uint8", "int8", "int16", ">i2"):
        f(np.zeros(2, dtype))
    f(np.zeros(2, "uint8"), np.zeros(2, Record))
    for wrong in (np.zeros(2, "int32"), np.zeros(2), np.zeros(2, Record)):
        with pytest.raises(ShapeError):
            f(wrong)
    with pytest.raises(ShapeError):
        f(np.zeros(2, "uint8"), np.zeros(2, [("b", np.uint8)]))


@pytest.mark.parametrize("name", ["longlong", "longdouble", "clongdouble", "timedelta64", "str", "object"])
def test_dtypes_that_only_shaped_has(name: str) -> None:
    @checked
    def f(x: jaxtyping.Num[np.ndarray, "n"]) -> None: ...

    @checked
    def g(x: jaxtyping.Shaped[np.ndarray, "n"]) -> None: ...

    array = np.zeros(2, name)
    if array.dtype.type.__name__ not in ("int64", "float64"):
        with pytest.raises(ShapeError):
            f(array)
    g(array)


def test_jax_transformations() -> None:
    @checked
    def f(x: Float[Array, "n"], y: Float[Array, "n"]) -> Float[Array, ""]:
        return (x * y).sum()

    one = jnp.ones(3)
    assert f(one, one) == 3
    assert jax.jit(f)(one, one) == 3
    assert jax.grad(f)(one, one).shape == (3,)
    assert jax.vmap(f)(jnp.ones((2, 3)), jnp.ones((2, 3))).shape == (2,)
    for transform in (jax.jit, jax.grad, jax.vmap):
        with pytest.raises(ShapeError):
            transform(f)(jnp.ones((2, 3)), jnp.ones((2, 4)))


def test_trees() -> None:
    @checked
    def f(x: PyTree[Float[Array, "?n"], "T"], y: PyTree[Float[Array, "?n"], "T"]) -> PyTree[Float[Array, "..."], "T"]:
        return x

    good = {"a": jnp.zeros(2), "b": [jnp.zeros(3)]}
    assert f(good, good) is good
    for bad in ({"a": jnp.zeros(3), "b": [jnp.zeros(3)]}, {"a": jnp.zeros(2)}, {"a": jnp.zeros(2), "b": [1]}):
        with pytest.raises(ShapeError):
            f(good, bad)


# Processes, threads, imports


def test_threads() -> None:
    failures: list[BaseException] = []

    @checked
    def f(x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        return x + y

    def work(size: int) -> None:
        try:
            for _ in range(200):
                f(zeros(size), zeros(size))
                with pytest.raises(ShapeError):
                    f(zeros(size), zeros(size + 1))
        except BaseException as error:  # reported below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(size,)) for size in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_importing_shapecheck_imports_nothing_heavy() -> None:
    import subprocess

    code = "import sys, shapecheck; shapecheck.checked; shapecheck.ShapeError; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "torch", "jax", "jaxtyping", "beartype", "mypy", "libcst"}
    assert heavy.isdisjoint(run.stdout.split())
    assert set(dir(shapecheck)) >= set(shapecheck.__all__)


# Checks written by hand


def test_isinstance_in_the_body_shares_the_names_of_the_call() -> None:
    @checked
    def f(x: Float[np.ndarray, "n *s"], y: Any, out: Any) -> Float[np.ndarray, "m"]:
        assert isinstance(y, Float[np.ndarray, "n m"])
        assert isinstance(x, Float[np.ndarray, "_ *s"])
        return out

    f(zeros(2, 5, 6), zeros(2, 3), zeros(3))
    with pytest.raises(AssertionError):
        f(zeros(2), zeros(3, 3), zeros(3))
    with pytest.raises(ShapeError, match=r"return value.*\n.*\n.*\n.*3 in the body"):
        f(zeros(2), zeros(2, 3), zeros(4))
