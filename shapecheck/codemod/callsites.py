"""What a call says of its arguments, and what it answers: layers, the program's own functions, operations. Used by `walk`."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from shapecheck.codemod.calls import Callee, Signature, bind_arguments, callable_of, called, callee_result
from shapecheck.codemod.evaluate import Chain, Evaluator, Local, plain
from shapecheck.codemod.facts import ShapeFact, merge
from shapecheck.codemod.frame import CALLED, CONSTRUCTOR, Frame, open_parameter
from shapecheck.codemod.model import Function
from shapecheck.codemod.requirements import OPERATION_INPUTS, layer_input
from shapecheck.core.dim import Dim, Symbol
from shapecheck.core.dtype import ANY_DTYPE, CLASSES
from shapecheck.core.shape import ANY_RUN, Shape
from shapecheck.core.value import UNKNOWN, Array, LayerValue
from shapecheck.rules import layer as layer_rule


def answer_call(
    frame: Frame, evaluate: Evaluator, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]
) -> Local:
    """The value of a call that is no operation on known arrays; its arguments' parameters learn what it wants of them."""
    _require_dtypes(frame, call)
    callee = called(evaluate, call, frame.function, frame.program)
    return UNKNOWN if callee is None else _answer(frame, callee, call, arguments, keywords)


def _answer(frame: Frame, callee: Callee, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]) -> Local:
    match callee:
        case LayerValue():
            return _call_layer(frame, callee, call, arguments, keywords)
        case Chain(items=items):
            value = arguments[0] if arguments else UNKNOWN
            for item in items:
                inner = callable_of(item, frame.program)
                value = UNKNOWN if inner is None else _answer(frame, inner, call, [value], {})
            return value
        case Function():
            return _call_function(frame, callee, call, arguments, keywords)


def _call_layer(
    frame: Frame, callee: LayerValue, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]
) -> Local:
    wanted = layer_input(callee)
    if wanted is not None and call.args and arguments and isinstance(given := arguments[0], Array):
        dtypes, shape = wanted
        _meet(frame, call.args[0], given, shape, "layer", call)
        frame.demand(frame.origin_of(call.args[0]), dtypes, "layer", call)
    row = layer_rule(callee.name)
    if row is None:
        return UNKNOWN
    found = row.apply(callee, list(map(plain, arguments)), {name: plain(value) for name, value in keywords.items()})
    if (
        isinstance(found, Array)
        and wanted is not None
        and (dtype := found.dtype & wanted[0]).names
        and wanted[0] == CLASSES["Float"]
    ):
        found = found.with_dtype(dtype)
    return found.with_shape(frame.facts.sizes.canonical_shape(found.shape)) if isinstance(found, Array) else UNKNOWN


def _call_function(
    frame: Frame, callee: Function, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]
) -> Local:
    frame.callees.add(callee.scope)
    signature = frame.known.signatures.get(callee.scope, Signature())
    bound = bind_arguments(callee, arguments, keywords)
    expressions = bind_arguments(callee, call.args, {each.arg: each.value for each in call.keywords if each.arg})
    here = f"{frame.scope}:{call.lineno}:{call.col_offset}@"
    sizes: dict[Symbol, Dim] = {}
    for name, wanted in signature.parameters.items():
        given, expression = bound.get(name), expressions.get(name)
        if isinstance(given, Array) and isinstance(expression, ast.expr):
            _meet(frame, expression, given, signature.renamed(wanted.shape, sizes, here, given), "call", call)
            if wanted.dtype != ANY_DTYPE:
                frame.demand(frame.origin_of(expression), wanted.dtype, "call", call)
    return callee_result(signature, sizes, frame.facts.sizes)


def _meet(frame: Frame, expression: ast.expr, given: Array, wanted: Shape, source: str, call: ast.Call) -> None:
    """An argument must have the shape that is wanted: news about a parameter, or equal sizes."""
    frame.facts.sizes.name(wanted, CALLED if source == "call" else CONSTRUCTOR)
    parameter = frame.parameter_of(expression) or open_parameter(given)
    if parameter is not None and wanted != Shape(run=ANY_RUN):
        frame.add_shape(parameter, ShapeFact(wanted, frame.evidence(source, call), True))
    for one, other in merge(given.shape, wanted) or []:
        frame.facts.sizes.unify(one, other)


def _require_dtypes(frame: Frame, call: ast.Call) -> None:
    public = frame.function.module.resolve(call.func)
    if any(keyword.arg == "dtype" for keyword in call.keywords):
        return
    arguments = list(call.args)
    if public is None and isinstance(call.func, ast.Attribute) and isinstance(frame.evaluate(call.func.value), Array):
        public, arguments = f"Tensor.{call.func.attr}", [call.func.value, *arguments]
    for position, dtypes in OPERATION_INPUTS.get(public or "", {}).items():
        if position < len(arguments):
            frame.demand(frame.origin_of(arguments[position]), dtypes, "operation", call)
