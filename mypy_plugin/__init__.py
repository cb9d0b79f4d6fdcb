"""The mypy plugin: jaxtyping's shapes and dtypes inside mypy's own types.

Phases, in the order mypy runs them: `classes` makes array classes generic, `annotations` reads shape strings, `binding`
ties their names to signatures; then, while bodies are checked, `operations` and `layers` apply the rules, `calls` checks
calls of annotated functions, `integers` lets ints carry sizes; `gate` sees every message last. `plugin` wires them up.
Loaded by mypy through `shapecheck.mypy`.
"""

import mypy.types  # noqa: F401  # first: mypy's modules import one another in circles

from mypy_plugin.plugin import ShapecheckPlugin, plugin

__all__ = ["ShapecheckPlugin", "plugin"]
