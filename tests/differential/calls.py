"""Programs of the kind `calls`: functions without a body, called with arrays of known shapes."""

from __future__ import annotations

from tests.differential.annotations import Scope
from tests.differential.choices import Choices
from tests.differential.forms import FORMS, forms
from tests.differential.modules import Writer, library
from tests.differential.signatures import call, signature
from tests.differential.sizes import small_sizes


def calls(c: Choices, name: str) -> Writer:
    """Functions that take arrays and do nothing."""
    w = Writer(c, name, library(c))
    for at in range(c.weighted([(4, 1), (2, 2)])):
        scope = Scope(small_sizes(c), ints=["k"] if c.chance(25) else [])
        parameters = signature(w, scope, c.weighted([(3, 1), (5, 2), (3, 3)]))
        form = c.weighted(forms(w.library, bool(scope.ints)))
        if form == "dataclass" and any(each.variadic or each.default not in ("", "None") for each in parameters):
            form = "function"
        w.constructs |= {form} - {"function"}
        arguments = call(c, "", parameters, scope.sizes)
        text, called = FORMS[form].form(f"f{at}", [each.text for each in parameters], arguments)
        w.functions.append(text)
        w.main.append(called)
    return w
