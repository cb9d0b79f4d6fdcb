"""Notices programs that change the default dtypes of torch or jax: from then on the rules state none that may depend on them.

The plugin asks for every module of a run before any is checked, parsed or cached. The module's text is searched, because
the call may stand anywhere and be spelled in many ways (`torch.set_default_dtype`, `jax.config.update("jax_enable_x64", True)`,
`os.environ["JAX_ENABLE_X64"]`). A module in the cache that was checked before another one got such a call stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from shapecheck.core.value import Library
from shapecheck.rules.unsettled import UNSETTLED

_SIGNS = {
    Library.TORCH: (b"set_default_dtype", b"set_default_tensor_type"),
    Library.JAX: (b"enable_x64", b"ENABLE_X64"),
}
_INSTALLED = "site-packages"


def begin(named: Iterable[str]) -> None:
    """Starts a run with the libraries that `unsettled_dtypes` names.

    A name that is no such library ends mypy with one line that says so.
    """
    UNSETTLED.clear()
    for name in named:
        if name not in [library.value for library in _SIGNS]:
            sys.exit(
                f'shapecheck: `unsettled_dtypes` of [tool.shapecheck] in pyproject.toml takes "torch" and "jax", not "{name}"'
            )
        UNSETTLED.add(Library(name))


def read(path: str) -> None:
    """Looks for the calls in a module of the user's."""
    if len(UNSETTLED) == len(_SIGNS) or _INSTALLED in path:
        return
    try:
        text = Path(path).read_bytes()
    except OSError:
        return  # mypy knows modules that are no files
    UNSETTLED.update(library for library, signs in _SIGNS.items() if any(sign in text for sign in signs))
