"""The dtype of a layer's weights, where it is certain: the layer was made, untouched, in the function that calls it.

`model.double()` and `model.to(dtype)` change weights in place and from afar, so that a layer's type says nothing about them.
Only of a layer that its function does nothing with but call it, and hand its parameters to an optimizer, the weights are
as the constructor made them. Asked by `layers` and `containers` when an array of float64 meets a layer.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mypy.nodes import ARG_NAMED, ARG_POS, CallExpr, Expression, FuncDef, MemberExpr, NameExpr

from shapecheck.core.shape import Mismatch
from shapecheck.core.value import Array
from shapecheck.rules import layer
from shapecheck.rules.unsettled import UNSETTLED, Cause

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

WEIGHTED = frozenset([
    "nn.Linear", "nn.Bilinear", "nn.Conv1d", "nn.Conv2d", "nn.Conv3d", "nn.ConvTranspose1d", "nn.ConvTranspose2d",
    "nn.ConvTranspose3d", "nn.RNN", "nn.LSTM", "nn.GRU", "nn.RNNCell", "nn.LSTMCell", "nn.GRUCell",
])  # fmt: skip
"""Layers that multiply their input with weights, which torch does not promote."""

_HARMLESS = frozenset([
    "parameters", "named_parameters", "train", "eval", "zero_grad", "state_dict", "requires_grad_", "weight", "bias", "extra_repr",
])  # fmt: skip
_DEFAULT = "set_default_"


def refused(name: str, array: Array | None, callee: Expression, chk: TypeChecker) -> Mismatch | None:
    """Why a layer with weights of float32 does not take an array of float64; None when it may."""
    if name not in WEIGHTED or array is None or array.dtype.exact != "float64" or Cause.TORCH_DEFAULT in UNSETTLED:
        return None
    if not _is_as_made(callee, chk):
        return None
    reason = "expected Float32 as in its weights, found Float64; convert the input with .float(), or the layer with .double()"
    return Mismatch("shape-dtype", reason, None, "Float32", "Float64")


def _is_as_made(callee: Expression, chk: TypeChecker) -> bool:
    """Whether the called layer certainly has the weights that its constructor gave it."""
    match callee:
        case CallExpr():
            return _is_plain(callee) and _source(chk) is not None
        case NameExpr(name=name):
            scope = _scope(chk)
            return scope is not None and _is_only_called(name, scope)
        case _:
            return False


def _is_plain(call: CallExpr) -> bool:
    """Whether a constructor, and those among its arguments, certainly get no dtype."""
    given = zip(call.arg_kinds, call.arg_names, strict=True)
    if not all(kind == ARG_POS or (kind == ARG_NAMED and name != "dtype") for kind, name in given):
        return False
    inside = [argument for argument in call.args if isinstance(argument, CallExpr)]
    return call.arg_kinds.count(ARG_POS) <= _places(_last(call.callee)) and all(map(_is_plain, inside))


def _last(callee: Expression) -> str:
    return callee.name if isinstance(callee, NameExpr | MemberExpr) else ""


def _places(name: str) -> int:
    """How many arguments the constructor of a layer takes by place before the device and the dtype."""
    row = layer(f"nn.{name}")
    return row.constructor.places if row is not None else sys.maxsize


def _source(chk: TypeChecker) -> ast.Module | None:
    """The module, None when it changes torch's default dtype."""
    try:
        text = Path(chk.path).read_text(encoding="utf-8")
        return None if _DEFAULT in text else ast.parse(text)
    except (OSError, ValueError, SyntaxError):
        return None


def _scope(chk: TypeChecker) -> ast.AST | None:
    """The function that is being checked, or the module."""
    function, module = chk.scope.current_function(), _source(chk)
    if function is None or module is None:
        return module
    if not isinstance(function, FuncDef):
        return None
    definitions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return next((node for node in definitions if (node.name, node.lineno) == (function.name, function.line)), None)


def _is_only_called(name: str, scope: ast.AST) -> bool:
    """Whether a name is assigned once, from a constructor without a dtype, and used in harmless ways alone."""
    uses = list(_uses(name, scope))
    made = [parent for parent, node in uses if isinstance(node.ctx, ast.Store)]
    return len(made) == 1 and _makes(made[0]) and all(_leaves_alone(*use) for use in uses)


def _uses(name: str, scope: ast.AST) -> Iterator[tuple[ast.AST, ast.Name]]:
    """Where a name occurs, each with the node around it."""
    for parent in ast.walk(scope):
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, ast.Name) and node.id == name:
                yield parent, node


def _makes(statement: ast.AST) -> bool:
    """Whether a statement assigns what a constructor returns, made without a dtype anywhere in the call."""
    match statement:
        case ast.Assign(targets=[ast.Name()], value=ast.Call(func=ast.Name() | ast.Attribute(value=ast.Name())) as call):
            return not any(_may_have_dtype(node) for node in ast.walk(call) if isinstance(node, ast.Call))
        case _:
            return False


def _may_have_dtype(call: ast.Call) -> bool:
    """Whether a call passes a dtype to the constructor of a layer, or things that are not written."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if any(keyword.arg in ("dtype", None) for keyword in call.keywords):
        return True
    return len(call.args) > _places(name) or any(isinstance(argument, ast.Starred) for argument in call.args)


def _leaves_alone(parent: ast.AST, node: ast.Name) -> bool:
    match parent:
        case ast.Call(func=called):
            return called is node
        case ast.Attribute(attr=name):
            return name in _HARMLESS and isinstance(parent.ctx, ast.Load)
        case ast.Assign():
            return isinstance(node.ctx, ast.Store)
        case _:
            return False
