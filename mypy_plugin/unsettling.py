"""Notices programs that change dtypes from afar: from then on the rules state none that may depend on it.

The plugin asks for every module of a run before any is checked, parsed or cached. The module's text is searched, because
the call may stand anywhere and be spelled in many ways (`torch.set_default_dtype`, `jax.config.update("jax_enable_x64", True)`,
`os.environ["JAX_ENABLE_X64"]`, `torch.autocast`, `Trainer(precision="16-mixed")`). A module in the cache that was checked before another one got such a call stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from shapecheck.rules.unsettled import UNSETTLED, Cause

_SIGNS = {
    Cause.TORCH_DEFAULT: (b"set_default_dtype", b"set_default_tensor_type"),
    Cause.JAX_DEFAULT: (b"enable_x64", b"ENABLE_X64"),
    Cause.AUTOCAST: (b"autocast", b"mixed_precision", b"16-mixed"),
}
_INSTALLED = "site-packages"


def begin(named: Iterable[str]) -> None:
    """Starts a run with the causes that `unsettled_dtypes` names.

    A name that is none ends mypy with one line that says so.
    """
    UNSETTLED.clear()
    known = [cause.value for cause in Cause]
    for name in named:
        if name not in known:
            listed = ", ".join(f'"{each}"' for each in known)
            sys.exit(f'shapecheck: `unsettled_dtypes` of [tool.shapecheck] in pyproject.toml takes {listed}, not "{name}"')
        UNSETTLED.add(Cause(name))


def read(path: str) -> None:
    """Looks for the calls in a module of the user's."""
    if len(UNSETTLED) == len(_SIGNS) or _INSTALLED in path:
        return
    try:
        text = Path(path).read_bytes()
    except OSError:
        return  # mypy knows modules that are no files
    UNSETTLED.update(cause for cause, signs in _SIGNS.items() if any(sign in text for sign in signs))
