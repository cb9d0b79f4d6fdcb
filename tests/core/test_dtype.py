"""Dtype sets are jaxtyping's own."""

import jaxtyping
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapecheck.core.dim import Verdict
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, DTypes, accepts, class_name, dtype

ALIASES = {"bool_": "bool"}  # two spellings of one dtype
EXPORTED = [name for name in CLASSES if hasattr(jaxtyping, name)]
NUMPY = [
    "bool",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]

known = st.sets(st.sampled_from(sorted(ANY_DTYPE.names)), min_size=1).map(lambda names: DTypes(frozenset(names)))


def theirs(name: str) -> frozenset[str]:
    dtypes = getattr(jaxtyping, name).dtypes
    return frozenset(ALIASES.get(item, item) for item in ([dtypes] if isinstance(dtypes, str) else dtypes))


@pytest.mark.parametrize("name", sorted(set(EXPORTED) - {"Shaped"}))
def test_a_class_has_jaxtypings_dtypes(name: str) -> None:
    assert CLASSES[name].names == theirs(name)


def test_shaped_has_every_dtype() -> None:
    assert frozenset[str]().union(*map(theirs, set(EXPORTED) - {"Shaped"})) <= CLASSES["Shaped"].names


def test_every_class_of_jaxtyping_is_here() -> None:
    public = {
        name
        for name in vars(jaxtyping)
        if isinstance(getattr(jaxtyping, name), type) and hasattr(getattr(jaxtyping, name), "dtypes")
    }
    assert public - {"AbstractDtype"} <= set(EXPORTED)
    assert set(CLASSES) - set(EXPORTED) == {"Float4e2m1fn"}  # jaxtyping has it but does not export it


@pytest.mark.parametrize("name", NUMPY)
@pytest.mark.parametrize("cls", EXPORTED)
def test_acceptance_agrees_with_jaxtyping(cls: str, name: str) -> None:
    array = np.zeros(2, dtype=name)
    accepted = isinstance(array, getattr(jaxtyping, cls)[np.ndarray, "n"])
    assert accepts(CLASSES[cls], dtype(name)) is (Verdict.EQUAL if accepted else Verdict.DIFFERENT)


@pytest.mark.parametrize("cls", CLASSES)
def test_a_class_is_its_own_name(cls: str) -> None:
    assert class_name(CLASSES[cls]) == cls


@given(known)
def test_the_class_of_a_set_contains_it(dtypes: DTypes) -> None:
    assert dtypes.names <= CLASSES[class_name(dtypes)].names
    assert not any(dtypes.names <= other.names < CLASSES[class_name(dtypes)].names for other in CLASSES.values())


@given(known, known)
def test_acceptance_is_about_every_possible_dtype(expected: DTypes, actual: DTypes) -> None:
    answers = {name in expected.names for name in actual.names}
    verdict = {True: Verdict.EQUAL, False: Verdict.DIFFERENT}[answers.pop()] if len(answers) == 1 else Verdict.UNKNOWN
    assert accepts(expected, actual) is verdict


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("float32", {"float32"}),
        ("torch.int64", {"int64"}),
        ("bool_", {"bool"}),
        ("prng_key", {"prng_key"}),
        ("longdouble", ANY_DTYPE.names),
    ],
)
def test_names_of_the_libraries(written: str, names: set[str]) -> None:
    assert dtype(written).names == names


def test_exact() -> None:
    assert dtype("float32").exact == "float32"
    assert CLASSES["Float"].exact is None
    assert str(dtype("bfloat16")) == "BFloat16"
    assert str(CLASSES["Int"] | CLASSES["UInt"]) == "Integer"
    assert str(CLASSES["Int"] & dtype("int32")) == "Int32"
