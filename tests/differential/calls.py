"""Programs of the kind `calls`: functions without a body, called with arrays of known shapes."""

from __future__ import annotations

from tests.differential.annotations import Scope
from tests.differential.choices import Choices
from tests.differential.forms import FORMS, forms
from tests.differential.modules import TYPE_VARIABLES, Writer, library
from tests.differential.signatures import Parameter, call, signature
from tests.differential.sizes import small_sizes


def calls(c: Choices, name: str) -> Writer:
    """Functions that take arrays and do nothing."""
    w = Writer(c, name, library(c))
    for at in range(c.weighted([(4, 1), (2, 2)])):
        scope = Scope(small_sizes(c), ints=["k"] if c.chance(25) else [])
        parameters = signature(w, scope, c.weighted([(3, 1), (5, 2), (3, 3)]))
        form = c.weighted(forms(w.library, bool(scope.ints)))
        if form == "dataclass" and not all(map(_can_be_field, parameters)):
            form = "function"
        w.constructs |= {form} - {"function"}
        if form == "wraps":  # a `ParamSpec` keeps what is a type to mypy, and no more
            w.partial |= any("PyTree" in each.annotation or "[Any" in each.annotation for each in parameters)
        arguments = call(c, "", parameters, scope.sizes)
        text, called = FORMS[form].form(f"f{at}", [each.text for each in parameters], arguments)
        w.functions.append(text)
        w.main.append(called)
    return w


def _can_be_field(each: Parameter) -> bool:
    """Whether a dataclass can have the parameter as a field; it is not generic, so type variables are not for it."""
    generic = any(name in each.annotation for name in TYPE_VARIABLES)
    return not each.variadic and each.default in ("", "None") and not generic
