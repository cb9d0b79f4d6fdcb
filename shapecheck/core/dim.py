"""Symbolic sizes of axes: integer polynomials in a normal form over atoms.

Two dims that are the same polynomial compare equal whatever way they were written (`2*b` is `b*2`), and every comparison
has three answers, because a checker that guesses reports false errors. Used by every phase that reasons about sizes.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain


class Verdict(enum.Enum):
    """The answer of a comparison; `UNKNOWN` is always silent."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError("a verdict has three values: compare it with `is`")


class Kind(enum.Enum):
    """What a symbol promises."""

    RIGID = "rigid"  # a name of a signature: stands for every positive size
    SIZE = "size"  # some axis size that nothing is known about, but it is one
    VALUE = "value"  # some integer of the program, perhaps zero or negative


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named unknown. `scope` is its owner (a function, a class, an expression), so equal names of two owners differ."""

    name: str
    scope: str = ""
    kind: Kind = Kind.RIGID

    @property
    def key(self) -> str:
        return f"{self.name}@{self.scope}!{self.kind.value}"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Quotient:
    """`numerator // denominator` that does not divide out."""

    numerator: Dim
    denominator: Dim

    @property
    def key(self) -> str:
        return f"~({self.numerator.key})//({self.denominator.key})"

    def __str__(self) -> str:
        return f"{_grouped(self.numerator)}//{_grouped(self.denominator)}"


@dataclass(frozen=True, slots=True)
class Remainder:
    """`numerator % denominator` that is not decided."""

    numerator: Dim
    denominator: Dim

    @property
    def key(self) -> str:
        return f"~({self.numerator.key})%({self.denominator.key})"

    def __str__(self) -> str:
        return f"{_grouped(self.numerator)}%{_grouped(self.denominator)}"


@dataclass(frozen=True, slots=True)
class Extremum:
    """`min(...)` or `max(...)` of dims whose order is not decided."""

    function: str
    items: tuple[Dim, ...]

    @property
    def key(self) -> str:
        return f"{self.function}({','.join(item.key for item in self.items)})"

    def __str__(self) -> str:
        return f"{self.function}({','.join(map(str, self.items))})"


@dataclass(frozen=True, slots=True)
class Broadcastable:
    """The size of an axis annotated `#n`: 1 or `n`."""

    inner: Dim

    @property
    def key(self) -> str:
        return f"#({self.inner.key})"

    def __str__(self) -> str:
        return f"#{self.inner}"


@dataclass(frozen=True, slots=True)
class Volume:
    """The product of the sizes in a variadic part `*name`."""

    name: str
    scope: str = ""

    @property
    def key(self) -> str:
        return f"prod(*{self.name})@{self.scope}"

    def __str__(self) -> str:
        return f"prod(*{self.name})"


type Atom = Symbol | Quotient | Remainder | Extremum | Broadcastable | Volume
type Monomial = tuple[Atom, ...]
type Facts = frozenset[tuple[Dim, Dim]]
"""Pairs (divisor, multiple) that the program has established."""


@dataclass(frozen=True, slots=True)
class Dim:
    """One axis size: a sum of integer multiples of products of atoms, sorted; `UNKNOWN_DIM` has no terms at all."""

    terms: tuple[tuple[Monomial, int], ...]
    is_unknown: bool = field(default=False)

    @property
    def key(self) -> str:
        """A text that no other dim has: it orders atoms, so it names scopes and kinds, unlike `str`."""
        return "+".join(f"{factor}*{'*'.join(atom.key for atom in monomial)}" for monomial, factor in self.terms) or "_"

    @property
    def constant(self) -> int | None:
        """The size as an int when it is one."""
        if self.is_unknown:
            return None
        match self.terms:
            case ():
                return 0
            case (((), size),):
                return size
            case _:
                return None

    @property
    def symbol(self) -> Symbol | None:
        """The symbol when the dim is exactly one symbol."""
        match self.terms:
            case (((Symbol() as symbol,), 1),):
                return symbol
            case _:
                return None

    @property
    def atom(self) -> Atom | None:
        """The atom when the dim is exactly one atom."""
        match self.terms:
            case (((atom,), 1),):
                return atom
            case _:
                return None

    def atoms(self) -> frozenset[Atom]:
        """Every atom at the top level (not inside quotients)."""
        return frozenset(chain.from_iterable(monomial for monomial, _ in self.terms))

    def symbols(self) -> frozenset[Symbol]:
        """Every symbol, also inside quotients, extrema and the like."""
        return frozenset(chain.from_iterable(map(_symbols_of, self.atoms())))

    def __add__(self, other: Dim | int) -> Dim:
        return _sum(self, dim(other))

    def __sub__(self, other: Dim | int) -> Dim:
        return self + -dim(other)

    def __neg__(self) -> Dim:
        return self * -1

    def __mul__(self, other: Dim | int) -> Dim:
        return _product(self, dim(other))

    def __floordiv__(self, other: Dim | int) -> Dim:
        return floordiv(self, dim(other))

    def __mod__(self, other: Dim | int) -> Dim:
        return mod(self, dim(other))

    def __pow__(self, exponent: int) -> Dim:
        return math.prod([self] * exponent, start=ONE) if exponent >= 0 else UNKNOWN_DIM

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Dim | int) -> Dim:
        return dim(other) - self

    def __rfloordiv__(self, other: Dim | int) -> Dim:
        return dim(other) // self

    def __rmod__(self, other: Dim | int) -> Dim:
        return dim(other) % self

    def __str__(self) -> str:
        if self.is_unknown:
            return "_"
        text = "".join(map(_term_text, _display_order(self.terms))) or "0"
        return text.removeprefix("+")


UNKNOWN_DIM = Dim((), is_unknown=True)


def dim(value: Dim | int | str | Atom) -> Dim:
    """The dim of an int, of a name (a rigid symbol without scope) or of an atom."""
    match value:
        case Dim():
            return value
        case int():
            return Dim((((), int(value)),) if value else ())
        case str():
            return Dim((((Symbol(value),), 1),))
        case _:
            return Dim((((value,), 1),))


ONE = dim(1)
ZERO = dim(0)


def _symbols_of(atom: Atom) -> frozenset[Symbol]:
    match atom:
        case Symbol():
            return frozenset([atom])
        case Quotient(a, b) | Remainder(a, b):
            return a.symbols() | b.symbols()
        case Extremum(_, items):
            return frozenset(chain.from_iterable(item.symbols() for item in items))
        case Broadcastable(inner):
            return inner.symbols()
        case Volume():
            return frozenset()


# --- normal form -------------------------------------------------------------------------------------------------


def _normal(terms: Mapping[Monomial, int]) -> Dim:
    kept = [(monomial, factor) for monomial, factor in terms.items() if factor]
    return Dim(tuple(sorted(kept, key=lambda term: (len(term[0]), [atom.key for atom in term[0]]))))


@lru_cache(maxsize=4096)
def _sum(left: Dim, right: Dim) -> Dim:
    if left.is_unknown or right.is_unknown:
        return UNKNOWN_DIM
    terms = dict(left.terms)
    for monomial, factor in right.terms:
        terms[monomial] = terms.get(monomial, 0) + factor
    return _normal(terms)


@lru_cache(maxsize=4096)
def _product(left: Dim, right: Dim) -> Dim:
    if left == ZERO or right == ZERO:
        return ZERO
    if left.is_unknown or right.is_unknown:
        return UNKNOWN_DIM
    terms: dict[Monomial, int] = {}
    for a, p in left.terms:
        for b, q in right.terms:
            monomial = tuple(sorted(a + b, key=lambda atom: atom.key))
            terms[monomial] = terms.get(monomial, 0) + p * q
    return _normal(terms)


def product(dims: Iterable[Dim]) -> Dim:
    """The product of all dims, 1 for none: the number of elements of a shape."""
    return math.prod(dims, start=ONE)


@lru_cache(maxsize=4096)
def floordiv(left: Dim, right: Dim) -> Dim:
    """Python's `left // right`; `UNKNOWN_DIM` for division by zero."""
    if left.is_unknown or right.is_unknown or right == ZERO:
        return UNKNOWN_DIM
    if (exact := divide(left, right)) is not None:
        return exact
    divisor = right.constant
    if left.constant is not None and divisor is not None:
        return dim(left.constant // divisor)
    # (d*q + r) // d == q + r//d for every integer q, so whole multiples come out first.
    whole, rest = _split_multiples(left, right)
    if whole != ZERO:
        return whole + floordiv(rest, right)
    if divisor is not None and divisor > 1:
        return _divide_by_constant(left, divisor)
    over, under = _cancel(left, right)
    return floordiv(over, under) if (under.constant or 0) > 0 else dim(Quotient(over, under))


def _divide_by_constant(left: Dim, divisor: int) -> Dim:
    """`left // divisor` when no term is a multiple: shrink both by the common factor ((2n+1)//4 keeps its 1)."""
    match left.atom:
        case Quotient(inner, by) if (nested := by.constant) is not None and nested > 0:
            return floordiv(inner, dim(nested * divisor))  # (n//a)//b == n//(a*b)
    factors = [factor for monomial, factor in left.terms if monomial]
    common = math.gcd(divisor, *factors)
    if common == 1:
        return dim(Quotient(left, dim(divisor)))
    # floor((common*x + c) / (common*d)) == floor((x + floor(c/common)) / d)
    shrunk = _normal({monomial: factor // common for monomial, factor in left.terms})
    return floordiv(shrunk, dim(divisor // common))


def _cancel(left: Dim, right: Dim) -> tuple[Dim, Dim]:
    """Cancels a positive common factor of two dims: `a*b // (a*c)` is `b // c`."""
    common = [atom for atom in dict.fromkeys(_common_atoms(left) & _common_atoms(right)) if _is_positive(atom)]
    for atom in sorted(common, key=lambda atom: atom.key):
        a, b = divide(left, dim(atom)), divide(right, dim(atom))
        if a is not None and b is not None:
            left, right = a, b
    factor = math.gcd(*(f for _, f in left.terms), *(f for _, f in right.terms)) or 1
    return _scale_down(left, factor), _scale_down(right, factor)


def _common_atoms(value: Dim) -> frozenset[Atom]:
    monomials = [frozenset(monomial) for monomial, _ in value.terms]
    return frozenset.intersection(*monomials) if monomials else frozenset()


def _scale_down(value: Dim, factor: int) -> Dim:
    return Dim(tuple((monomial, f // factor) for monomial, f in value.terms))


def _split_multiples(left: Dim, right: Dim) -> tuple[Dim, Dim]:
    """`left` as `whole * right + rest`, taking what is whole out of every term when `right` has one term."""
    if len(right.terms) != 1:
        return ZERO, left
    whole: dict[Monomial, int] = {}
    rest: dict[Monomial, int] = {}
    by, size = right.terms[0]
    for monomial, factor in left.terms:
        left_over = _remove(monomial, by)
        if left_over is None:
            rest[monomial] = factor
        else:
            whole[left_over], rest[monomial] = divmod(factor, size)
    return _normal(whole), _normal(rest)


def _remove(monomial: Monomial, part: Monomial) -> Monomial | None:
    rest = list(monomial)
    for atom in part:
        if atom not in rest:
            return None
        rest.remove(atom)
    return tuple(rest)


@lru_cache(maxsize=4096)
def divide(left: Dim, right: Dim) -> Dim | None:
    """The exact quotient when `right` divides `left` as a polynomial, else None."""
    if left.is_unknown or right.is_unknown or not right.terms:
        return None
    quotient, rest = ZERO, left
    lead, size = right.terms[-1]
    while rest.terms:
        monomial, factor = rest.terms[-1]
        left_over = _remove(monomial, lead)
        if left_over is None or factor % size:
            return None
        step = Dim(((left_over, factor // size),))
        quotient, rest = quotient + step, rest - step * right
        if len(rest.terms) > 64:
            return None
    return quotient


@lru_cache(maxsize=4096)
def mod(left: Dim, right: Dim) -> Dim:
    """Python's `left % right`; `UNKNOWN_DIM` for division by zero."""
    if left.is_unknown or right.is_unknown or right == ZERO:
        return UNKNOWN_DIM
    quotient = floordiv(left, right)
    if all(not isinstance(atom, Quotient) for atom in quotient.atoms()):
        return left - quotient * right
    _, rest = _split_multiples(left, right)
    return dim(Remainder(rest, right)) if rest != ZERO else ZERO


def extremum(function: str, items: Iterable[Dim]) -> Dim:
    """`min` or `max` of the dims, as far as their order is decided."""
    kept: list[Dim] = []
    for item in chain.from_iterable(_flattened(function, item) for item in items):
        if item.is_unknown:
            return UNKNOWN_DIM
        if any(_beats(function, other, item) for other in kept):
            continue
        kept = [other for other in kept if not _beats(function, item, other)] + [item]
    if len(kept) == 1:
        return kept[0]
    return dim(Extremum(function, tuple(sorted(kept, key=lambda item: item.key)))) if kept else UNKNOWN_DIM


def _flattened(function: str, item: Dim) -> tuple[Dim, ...]:
    match item.atom:
        case Extremum(inner, items) if inner == function:
            return items
        case _:
            return (item,)


def _beats(function: str, one: Dim, other: Dim) -> bool:
    difference = one - other if function == "max" else other - one
    low, _ = bounds(difference)
    return low is not None and low >= 0


# --- order and comparison ----------------------------------------------------------------------------------------


def _is_positive(atom: Atom) -> bool:
    match atom:
        case Symbol(kind=kind):
            return kind is not Kind.VALUE
        case Broadcastable() | Volume():
            return True
        case Extremum(_, items):
            return all((bounds(item)[0] or 0) >= 1 for item in items)
        case _:
            return False


def _atom_bounds(atom: Atom) -> tuple[int | None, int | None]:
    match atom:
        case Quotient(a, b) if (bounds(a)[0] or -1) >= 0 and (bounds(b)[0] or 0) >= 1:
            return 0, None
        case Remainder(_, b) if (bounds(b)[0] or 0) >= 1:
            top = b.constant
            return 0, top - 1 if top is not None else None
        case _:
            return (1, None) if _is_positive(atom) else (None, None)


def _monomial_bounds(monomial: Monomial) -> tuple[int | None, int | None]:
    low, high = 1, 1
    for atom in monomial:
        a, b = _atom_bounds(atom)
        if a is None or a < 0:
            return None, None
        low *= a
        high = high * b if high is not None and b is not None else None
    return low, high


def bounds(value: Dim) -> tuple[int | None, int | None]:
    """A lower and an upper bound of the value over all positive sizes; None where there is none."""
    if value.is_unknown:
        return None, None
    low: int | None = 0
    high: int | None = 0
    for monomial, factor in value.terms:
        a, b = _monomial_bounds(monomial)
        if factor < 0:
            a, b = b, a
        low = low + a * factor if low is not None and a is not None else None
        high = high + b * factor if high is not None and b is not None else None
    return low, high


@lru_cache(maxsize=8192)
def compare(left: Dim, right: Dim, facts: Facts = frozenset()) -> Verdict:
    """Whether two sizes are equal: for all values, for none, or not decided.

    Sizes built from rigid symbols alone are different as soon as they are different polynomials: a function that
    promises to work for every `b` and `c` may not return `c` for `b`. Symbols of unrelated owners decide nothing.
    """
    if left.is_unknown or right.is_unknown:
        return Verdict.UNKNOWN
    difference = with_facts(left, facts) - with_facts(right, facts)
    if not difference.terms:
        return Verdict.EQUAL
    low, high = bounds(difference)
    if (low is not None and low > 0) or (high is not None and high < 0):
        return Verdict.DIFFERENT
    if independent(difference) or _in_ratio(left, right):
        return Verdict.DIFFERENT
    return Verdict.DIFFERENT if _never_divides(difference) else Verdict.UNKNOWN


def independent(value: Dim) -> bool:
    """Whether the dim is built from rigid symbols of one signature (or of its class) alone."""
    atoms = value.atoms()
    if not all(isinstance(atom, Symbol) and atom.kind is Kind.RIGID for atom in atoms):
        return False
    scopes = {atom.scope for atom in atoms if isinstance(atom, Symbol)}
    inner = max(scopes, key=len, default="")
    return all(scope == inner or inner.startswith(f"{scope}.") for scope in scopes)


def _in_ratio(left: Dim, right: Dim) -> bool:
    """Whether two sizes are in a ratio other than one, like `d` and `2*d`: equal only if there is nothing on the axis.

    Of a named size no program is written for that. What is computed may well be nothing: `n//2`, `n%2` and `n-m` are.
    """
    match left.terms, right.terms:
        case ((one, _),), ((other, _),):
            return one == other and all(isinstance(atom, Symbol) or _is_positive(atom) for atom in one)
        case _:
            return False


def _never_divides(difference: Dim) -> bool:
    """`4n + 2m + 1` is odd, so it is never zero."""
    constant = dict(difference.terms).get((), 0)
    common = math.gcd(*(factor for monomial, factor in difference.terms if monomial))
    return common > 1 and constant % common != 0


def with_facts(value: Dim, facts: Facts) -> Dim:
    """Simplifies with established divisibility: `(d // h) * h` is `d` once `h` is known to divide `d`."""
    for divisor, multiple in facts:
        atom = _open_quotient(divisor, multiple)
        if atom is None:
            continue
        value = _cancel_quotient(value, atom)
        remainders = [Remainder(atom.numerator, atom.denominator), (multiple % divisor).atom]
        value = substitute(value, {found: ZERO for found in remainders if isinstance(found, Remainder)})
    return value


def _open_quotient(divisor: Dim, multiple: Dim) -> Quotient | None:
    """The quotient that the fact makes exact. `(n//2)//3` is written `n//6`, of which `3 | n//2` says nothing."""
    quotient = multiple // divisor
    for atom in quotient.atoms():
        if isinstance(atom, Quotient):
            rest = multiple - (quotient - dim(atom)) * divisor
            if rest * atom.denominator == atom.numerator * divisor:
                return atom
    return None


def _cancel_quotient(value: Dim, atom: Quotient) -> Dim:
    total = ZERO
    for monomial, factor in value.terms:
        term = Dim(((monomial, factor),))
        while atom in (monomial := term.terms[0][0] if term.terms else ()):
            rest = divide(Dim(((_remove(monomial, (atom,)) or (), term.terms[0][1]),)), atom.denominator)
            if rest is None:
                break
            term = rest * atom.numerator
            if len(term.terms) != 1:
                break
        total += term
    return total


def substitute(value: Dim, values: Mapping[Atom, Dim]) -> Dim:
    """Replaces atoms (also inside quotients) and normalises again."""
    if value.is_unknown or not values:
        return value
    return _rebuild(value, lambda atom: values[atom] if atom in values else _substitute_inside(atom, values))


def _substitute_inside(atom: Atom, values: Mapping[Atom, Dim]) -> Dim:
    match atom:
        case Quotient(a, b):
            return substitute(a, values) // substitute(b, values)
        case Remainder(a, b):
            return substitute(a, values) % substitute(b, values)
        case Extremum(function, items):
            return extremum(function, [substitute(item, values) for item in items])
        case Broadcastable(inner):
            return broadcastable(substitute(inner, values))
        case _:
            return dim(atom)


def _rebuild(value: Dim, replace: Callable[[Atom], Dim]) -> Dim:
    total = ZERO
    for monomial, factor in value.terms:
        total += product(map(replace, monomial)) * factor
    return total


def broadcastable(inner: Dim) -> Dim:
    """The size of an axis annotated `#inner`; 1 broadcast is 1."""
    return inner if inner == ONE or inner.is_unknown else dim(Broadcastable(inner))


# --- text --------------------------------------------------------------------------------------------------------


def _display_order(terms: tuple[tuple[Monomial, int], ...]) -> list[tuple[Monomial, int]]:
    """Positive terms first, constants last: `n-1`, not `-1+n`."""
    return sorted(terms, key=lambda term: (term[1] < 0, not term[0]))


def _term_text(term: tuple[Monomial, int]) -> str:
    monomial, factor = term
    parts = [_factor_text(atom) for atom in monomial]
    if abs(factor) != 1 or not parts:
        parts.insert(0, str(abs(factor)))
    return ("-" if factor < 0 else "+") + "*".join(parts)


def _factor_text(atom: Atom) -> str:
    return f"({atom})" if isinstance(atom, Quotient | Remainder) else str(atom)


def _grouped(value: Dim) -> str:
    text = str(value)
    return text if text.isidentifier() or text.isdigit() else f"({text})"
