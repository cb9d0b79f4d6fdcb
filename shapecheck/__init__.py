"""shapecheck: the shapes and dtypes of jaxtyping annotations, checked by mypy and at run time.

Importing it is cheap; each name below is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shapecheck.runtime.cost import cost_report as cost_report
    from shapecheck.runtime.cost import measure_cost as measure_cost
    from shapecheck.runtime.decorator import checked as checked
    from shapecheck.runtime.dropin import jaxtyped as jaxtyped
    from shapecheck.runtime.errors import AnnotationError as AnnotationError
    from shapecheck.runtime.errors import ShapeError as ShapeError
    from shapecheck.runtime.errors import ShapeWarning as ShapeWarning
    from shapecheck.runtime.errors import UncheckedWarning as UncheckedWarning
    from shapecheck.runtime.hook import install_import_hook as install_import_hook
    from shapecheck.runtime.ipython import load_ipython_extension as load_ipython_extension
    from shapecheck.runtime.ipython import unload_ipython_extension as unload_ipython_extension
    from shapecheck.runtime.modes import mode as mode
    from shapecheck.runtime.modes import set_mode as set_mode
    from shapecheck.runtime.recorder import record as record

__all__ = [
    "AnnotationError",
    "ShapeError",
    "ShapeWarning",
    "UncheckedWarning",
    "checked",
    "cost_report",
    "install_import_hook",
    "jaxtyped",
    "load_ipython_extension",
    "measure_cost",
    "mode",
    "record",
    "set_mode",
    "unload_ipython_extension",
]

_HOMES: Final = {
    "AnnotationError": "shapecheck.runtime.errors",
    "ShapeError": "shapecheck.runtime.errors",
    "ShapeWarning": "shapecheck.runtime.errors",
    "UncheckedWarning": "shapecheck.runtime.errors",
    "checked": "shapecheck.runtime.decorator",
    "cost_report": "shapecheck.runtime.cost",
    "measure_cost": "shapecheck.runtime.cost",
    "jaxtyped": "shapecheck.runtime.dropin",
    "install_import_hook": "shapecheck.runtime.hook",
    "load_ipython_extension": "shapecheck.runtime.ipython",
    "mode": "shapecheck.runtime.modes",
    "record": "shapecheck.runtime.recorder",
    "set_mode": "shapecheck.runtime.modes",
    "unload_ipython_extension": "shapecheck.runtime.ipython",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
