"""What users write in their mypy configuration: `plugins = ["shapecheck.mypy"]`.

Loads the `mypy_plugin` package that lies beside this one by its path: a user's own `mypy_plugin.py` in the working
directory would shadow ours when mypy is run as `python -m mypy`.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy.plugin import Plugin

_PACKAGE = Path(__file__).resolve().parent.parent / "mypy_plugin"


def _load() -> None:
    """Puts our `mypy_plugin` package into `sys.modules`, whatever else has that name on the path."""
    loaded = sys.modules.get("mypy_plugin")
    if loaded is not None and Path(str(loaded.__file__)).parent == _PACKAGE:
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypy_plugin"]:
        del sys.modules[name]
    spec = spec_from_file_location("mypy_plugin", _PACKAGE / "__init__.py", submodule_search_locations=[str(_PACKAGE)])
    assert isinstance(spec, ModuleSpec)
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["mypy_plugin"] = module
    spec.loader.exec_module(module)


def plugin(version: str) -> type[Plugin]:
    """mypy's entry point."""
    return __import__("mypy_plugin").plugin(version)  # type: ignore[no-any-return]


_load()
__version__ = __import__("mypy_plugin.version").version.fingerprint()
