"""Runs a function's statements over values and collects what they, and the comments beside them, say of its slots.

Branches are run one after the other and joined, loops once: nothing is claimed of what they disagree on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shapecheck.codemod.calls import Callee, Known, Signature, bind_arguments, callable_of, called, callee_result
from shapecheck.codemod.comments import Stated, docstring_statements, statements
from shapecheck.codemod.evaluate import Chain, Evaluator, Instance, Local, Members, agreed, plain
from shapecheck.codemod.facts import DTypeFact, Facts, ShapeFact, joined, merge, named, spelled, unknown_run
from shapecheck.codemod.model import Function, Program, dotted_name
from shapecheck.codemod.report import Evidence
from shapecheck.codemod.requirements import KEEPS_DTYPE, LAYERS_THAT_KEEP_DTYPE, OPERATION_INPUTS, layer_input
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Kind, Symbol, dim
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, DTypes
from shapecheck.core.shape import ANY_RUN, Item, Run, Shape, from_items
from shapecheck.core.value import UNKNOWN, Array, LayerValue, Library
from shapecheck.rules import layer as layer_rule

UNPACKED, STATED, CALLED, CONSTRUCTOR = range(4)
"""Where a name comes from, the most telling first."""


@dataclass(slots=True)
class Walker:
    """One run over one function. `parameters` holds what is known of them so far."""

    function: Function
    program: Program
    known: Known
    library: Library
    parameters: Mapping[str, Local]
    facts: Facts = field(default_factory=Facts)
    untouched: set[str] = field(default_factory=set)
    origins: dict[str, str] = field(default_factory=dict)
    callees: set[str] = field(default_factory=set)  # scopes of the program's functions that are called
    conditions: int = 0  # how many branches deep: what holds there need not hold for every call
    evaluate: Evaluator = field(init=False)

    def __post_init__(self) -> None:
        self.untouched = set(self.parameters)
        self.origins = {name: name for name in self.parameters}
        variables: dict[str, Local] = dict(self.parameters)
        if self.function.owner is not None:
            owner = self.function.module.classes.get(self.function.owner)
            variables |= self.known.attributes.get(owner.scope, {}) if owner is not None else {}
        self.evaluate = Evaluator(self.function.module, self.program, self._on_call, self.facts.sizes.canonical_value, variables)

    @property
    def scope(self) -> str:
        return self.function.scope

    @property
    def variables(self) -> dict[str, Local]:
        return self.evaluate.variables

    def run(self) -> Facts:
        """Collects the facts of the whole function."""
        self._read_signature_comments()
        self._read_docstring()
        self._block(self.function.node.body)
        return self.facts

    # --- statements ------------------------------------------------------------------------------------------------

    def _block(self, body: Sequence[ast.stmt]) -> bool:
        """Runs statements; True when they never get to their end."""
        previous = body[0].lineno - 1 if body else 0
        for statement in body:
            above = [] if statement.lineno <= previous else list(self._own_lines(previous, statement.lineno))
            self._before(statement, above)
            if self._statement(statement):
                return True
            self._after(statement, above)
            previous = statement.end_lineno or statement.lineno
        return False

    def _statement(self, statement: ast.stmt) -> bool:
        self.evaluate.seen.clear()
        match statement:
            case ast.Assign(targets=[target], value=value):
                self._assign(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, value)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=operator, value=value):
                self._set(name, self.evaluate(ast.BinOp(target, operator, value)))
            case ast.Expr(value=value):
                self.evaluate(value)
            case ast.Assert(test=test):
                self._assert(test)
            case ast.Return(value=value):
                self._return(statement, value)
                return True
            case ast.Raise() | ast.Continue() | ast.Break():
                return True
            case ast.If(test=test, body=body, orelse=orelse):
                self.evaluate(test)
                return self._branches([body, orelse])
            case ast.For(target=target, iter=iterated, body=body, orelse=orelse):
                self._loop_target(target, self.evaluate(iterated))
                self._branches([body, []], loop=True)
                return self._block(orelse)
            case ast.While(test=test, body=body, orelse=orelse):
                self.evaluate(test)
                self._branches([body, []])
                return self._block(orelse)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    self.evaluate(item.context_expr)
                return self._block(body)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                ended = self._branches([[*body, *orelse], *(handler.body for handler in handlers)])
                return self._block(final) or ended
            case _:
                pass
        return False

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]], loop: bool = False) -> bool:
        before = dict(self.variables), set(self.untouched), dict(self.origins)
        ends: list[tuple[dict[str, Local], set[str], dict[str, str]]] = []
        conditional = len(bodies) > 1 and not loop
        self.conditions += conditional
        for body in bodies:
            self.evaluate.variables, self.untouched, self.origins = dict(before[0]), set(before[1]), dict(before[2])
            if not self._block(body):
                ends.append((self.variables, self.untouched, self.origins))
        self.conditions -= conditional
        if not ends:
            return True
        names = set.intersection(*(set(variables) for variables, _, _ in ends))
        self.evaluate.variables = {name: _all_agree([variables[name] for variables, _, _ in ends]) for name in names}
        self.untouched = set.intersection(*(untouched for _, untouched, _ in ends))
        first = ends[0][2]
        self.origins = {name: origin for name, origin in first.items() if all(each.get(name) == origin for _, _, each in ends)}
        return False

    def _loop_target(self, target: ast.expr, iterated: Local) -> None:
        item: Local = UNKNOWN
        if isinstance(iterated, Members | Chain) and iterated.items and all(each == iterated.items[0] for each in iterated.items):
            item = iterated.items[0]
        self._bind_target(target, item)

    # --- assignment ------------------------------------------------------------------------------------------------

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if (array := self._shape_read(value)) is not None and isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, array, value)
        elif isinstance(target, ast.Name) and (read := self._axis_read(value)) is not None:
            self._name_axis(target.id, *read)
        else:
            origin = self._origin(value)
            self._bind_target(target, self.evaluate(value))
            if origin is not None and isinstance(target, ast.Name):
                self.origins[target.id] = origin

    def _bind_target(self, target: ast.expr, value: Local) -> None:
        match target:
            case ast.Name(id=name):
                self._set(name, value)
            case ast.Attribute() if (path := dotted_name(target)) is not None:
                self.variables[path] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                items: Sequence[Local] = (
                    value if isinstance(value, tuple) and len(value) == len(targets) else [UNKNOWN] * len(targets)
                )
                for each, item in zip(targets, items, strict=True):
                    self._bind_target(each, item)
            case ast.Starred(value=inner):
                self._bind_target(inner, UNKNOWN)
            case _:
                pass

    def _set(self, name: str, value: Local) -> None:
        self.variables[name] = value
        self.untouched.discard(name)
        self.origins.pop(name, None)

    def _shape_read(self, value: ast.expr) -> ast.expr | None:
        """The array of `x.shape` or `x.size()`."""
        match value:
            case ast.Attribute(value=array, attr="shape") | ast.Call(func=ast.Attribute(value=array, attr="size"), args=[]):
                return array if isinstance(self.evaluate(array), Array) else None
            case _:
                return None

    def _axis_read(self, value: ast.expr) -> tuple[ast.expr, int] | None:
        """The array and axis of `x.shape[1]` or `x.size(1)`."""
        match value:
            case ast.Subscript(value=read, slice=index) if (array := self._shape_read(read)) is not None:
                return _with_axis(array, index)
            case ast.Call(func=ast.Attribute(value=array, attr="size"), args=[index]) if isinstance(self.evaluate(array), Array):
                return _with_axis(array, index)
            case _:
                return None

    def _unpack(self, targets: Sequence[ast.expr], array: ast.expr, value: ast.expr) -> None:
        shape = from_items(self._unpacked(target, array) for target in targets)
        whole = self._learn(array, shape, "unpacking", value, UNPACKED)
        for position, target in enumerate(targets):
            if isinstance(target, ast.Name) and target.id != "_":
                self._set(target.id, _item_at(whole, position, len(targets)))
            elif isinstance(target, ast.Starred):
                self._bind_target(target.value, UNKNOWN)

    def _unpacked(self, target: ast.expr, array: ast.expr) -> Item:
        match target:
            case ast.Name(id="_"):
                return UNKNOWN_DIM
            case ast.Name(id=name):
                return self._size_name(name, array)
            case ast.Starred(value=ast.Name(id=name)) if name.strip("_"):
                return Run(name, self.scope)
            case ast.Starred():
                return ANY_RUN
            case _:
                return UNKNOWN_DIM

    def _size_name(self, name: str, array: ast.expr) -> Dim:
        """A name given twice to axes of computed arrays is two sizes; parameters' axes of one name are one."""
        again = isinstance(self.variables.get(name), Dim) and self._parameter(array) is None
        return named(name, f"{self.scope}:{array.lineno}" if again else self.scope)

    def _name_axis(self, name: str, array: ast.expr, axis: int) -> None:
        size = self._size_name(name, array)
        hidden = [UNKNOWN_DIM] * (axis if axis >= 0 else -1 - axis)
        shape = from_items([*hidden, size, ANY_RUN] if axis >= 0 else [ANY_RUN, size, *hidden])
        self._learn(array, shape, "size read", array, UNPACKED)
        self._set(name, self.facts.sizes.canonical(size))

    def _learn(self, array: ast.expr, shape: Shape, source: str, at: ast.AST, rank: int, proved: bool = True) -> Shape:
        """Takes note that an array has a shape; gives back all that is known of it."""
        self.facts.sizes.name(shape, rank)
        parameter, value = self._parameter(array), self.evaluate(array)
        if parameter is not None:
            self._add_shape(parameter, ShapeFact(shape, self._evidence(source, at), proved))
        if not isinstance(value, Array) or _is_open(value.shape):
            whole = shape
        else:
            pairs = merge(value.shape, shape)
            for one, other in pairs or []:
                self.facts.sizes.unify(other, one)
            whole = self.facts.sizes.canonical_shape(joined(value.shape, shape)) if pairs is not None else shape
        if isinstance(value, Array) and (path := dotted_name(array)) is not None and path in self.variables:
            self.variables[path] = value.with_shape(whole)
        return whole

    def _add_shape(self, parameter: str, fact: ShapeFact) -> None:
        if not self.conditions:
            self.facts.add_shape(parameter, fact)

    def _add_dtypes(self, parameter: str, fact: DTypeFact) -> None:
        if not self.conditions:
            self.facts.add_dtypes(parameter, fact)

    def _evidence(self, source: str, at: ast.AST) -> Evidence:
        text = ast.unparse(at)
        return Evidence(source, getattr(at, "lineno", self.function.node.lineno), text if len(text) < 80 else f"{text[:76]} ...")

    def _parameter(self, expression: ast.expr) -> str | None:
        """The parameter that an expression is, or whose shape it keeps while nothing else is known of it."""
        if isinstance(expression, ast.Name) and expression.id in self.untouched:
            return expression.id
        value = self.evaluate(expression)
        return _open_parameter(value) if isinstance(value, Array) else None

    def _origin(self, expression: ast.expr) -> str | None:
        """The parameter whose dtype an expression has."""
        match expression:
            case ast.Name(id=name):
                return self.origins.get(name)
            case ast.Subscript(value=value):
                return self._origin(value)
            case ast.Attribute(value=value, attr=attribute) if attribute in KEEPS_DTYPE:
                return self._origin(value)
            case ast.Call(func=ast.Attribute(value=value, attr=attribute)) if attribute in KEEPS_DTYPE:
                return self._origin(value)
            case ast.Call(func=function, args=[value]):
                made = self.evaluate(function)
                return self._origin(value) if isinstance(made, LayerValue) and made.name in LAYERS_THAT_KEEP_DTYPE else None
            case _:
                return None

    # --- asserts and returns ---------------------------------------------------------------------------------------

    def _assert(self, test: ast.expr) -> None:
        match test:
            case ast.BoolOp(op=ast.And(), values=values):
                for value in values:
                    self._assert(value)
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Tuple(elts=sizes)]):
                if (array := self._shape_read(left)) is not None:
                    found = [self.evaluate(size) for size in sizes]
                    shape = Shape(tuple(size if isinstance(size, Dim) else UNKNOWN_DIM for size in found))
                    self._learn(array, shape, "assertion", test, UNPACKED)
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant(value=int() as rank)]):
                if (array := _rank_read(left)) is not None and isinstance(self.evaluate(array), Array):
                    self._learn(array, Shape((UNKNOWN_DIM,) * rank), "assertion", test, UNPACKED)
            case _:
                self.evaluate(test)

    def _return(self, statement: ast.stmt, value: ast.expr | None) -> None:
        found: Local = None if value is None else self.evaluate(value)
        for stated in self._trailing(statement):
            if not stated.names and isinstance(found, Array):
                found = self._refined(found, stated)
        self.facts.returned.append((plain(found), self._evidence("returned", statement)))

    # --- comments --------------------------------------------------------------------------------------------------

    def _own_lines(self, after: int, before: int) -> Iterator[Stated]:
        for line in range(after + 1, before):
            comment = self.function.module.source.comments.get(line)
            if comment is not None and comment.alone:
                yield from statements(comment.text, line, self.scope)

    def _trailing(self, statement: ast.stmt) -> list[Stated]:
        line = statement.end_lineno or statement.lineno
        comment = self.function.module.source.comments.get(line)
        simple = not hasattr(statement, "body")
        return statements(comment.text, line, self.scope) if simple and comment is not None and not comment.alone else []

    def _before(self, statement: ast.stmt, above: Sequence[Stated]) -> None:
        """Named shapes in a comment above a statement hold before it."""
        for stated in above:
            for name in stated.names:
                self._state(name, stated)
            if not stated.names and stated.after is not None and not isinstance(statement, ast.Assign):
                self._state_signature(stated)

    def _after(self, statement: ast.stmt, above: Sequence[Stated]) -> None:
        targets = _target_names(statement)
        for stated in [*above, *self._trailing(statement)]:
            for name in stated.names:
                if name in targets:
                    self._state(name, stated)
            if not stated.names:
                for name in targets:
                    self._state(name, stated)

    def _state(self, name: str, stated: Stated) -> None:
        if name not in self.variables or isinstance(self.variables[name], Dim | Instance | Members | Chain | LayerValue):
            return
        shape = stated.shape if stated.after is None else stated.after
        value = self.variables[name]
        if name in self.untouched:
            self.facts.sizes.name(shape, STATED)
            self._add_shape(name, ShapeFact(stated.shape, Evidence("comment", stated.line, stated.text), False))
        base = value if isinstance(value, Array) else Array(Shape(run=ANY_RUN), ANY_DTYPE, self.library)
        if isinstance(value, Array) or value is UNKNOWN:
            self.variables[name] = self._refined(base, _without_numbers(stated) if name in self.untouched else stated)

    def _refined(self, value: Array, stated: Stated) -> Array:
        """A computed array with the names a comment gives to its axes; the comment is reported where it is wrong."""
        shape = stated.shape if stated.after is None else stated.after
        if _is_open(value.shape):
            self.facts.sizes.name(shape, STATED)
            return value.with_shape(shape)
        pairs = merge(value.shape, shape)
        if pairs is None or any(_contradict(*pair) for pair in pairs):
            self._report_stale(stated, value.shape)
            return value
        self.facts.sizes.name(shape, STATED)
        if not all(self.facts.sizes.unify(other, one) for one, other in pairs if _is_name(other)):
            self._report_stale(stated, value.shape)
            return value
        return value.with_shape(self.facts.sizes.canonical_shape(joined(value.shape, shape)))

    def _report_stale(self, stated: Stated, computed: Shape) -> None:
        found = Evidence("comment", stated.line, f"says ({stated.text.strip('()')}), the code computes ({spelled(computed)})")
        if found not in self.facts.findings:
            self.facts.findings.append(found)

    def _read_signature_comments(self) -> None:
        node = self.function.node
        first = node.body[0].lineno
        for argument in self.function.parameters:
            comment = self.function.module.source.comments.get(argument.lineno)
            if comment is None or comment.alone or argument.lineno >= first or argument.lineno == node.lineno:
                continue
            for stated in statements(comment.text, argument.lineno, self.scope):
                self._state(argument.arg, stated)
        for line in range(node.lineno, first):
            comment = self.function.module.source.comments.get(line)
            for stated in statements(comment.text, line, self.scope) if comment is not None else []:
                for name in stated.names:
                    self._state(name, stated)
                if not stated.names and stated.after is not None:
                    self._state_signature(stated)

    def _state_signature(self, stated: Stated) -> None:
        """`(B, T) -> (B, T, V)` for a whole function of one array."""
        arrays = [name for name, value in self.parameters.items() if isinstance(value, Array)]
        if len(arrays) == 1 and stated.after is not None:
            self._state(arrays[0], Stated((), stated.shape, None, stated.text, stated.line))
            self.facts.stated_results.append(ShapeFact(stated.after, Evidence("comment", stated.line, stated.text), False))

    def _read_docstring(self) -> None:
        given, returned = docstring_statements(self.function.node, self.scope)
        for stated in given:
            evidence = Evidence("docstring", stated.line, stated.text)
            self.facts.sizes.name(stated.shape, STATED)
            self._add_shape(stated.names[0], ShapeFact(stated.shape, evidence, False))
        for stated in returned:
            self.facts.sizes.name(stated.shape, STATED)
            fact = ShapeFact(stated.shape, Evidence("docstring", stated.line, stated.text), False)
            if fact not in self.facts.stated_results:
                self.facts.stated_results.append(fact)

    # --- calls -----------------------------------------------------------------------------------------------------

    def _on_call(self, evaluate: Evaluator, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]) -> Local:
        self._require_dtypes(call)
        callee = called(evaluate, call, self.function, self.program)
        return UNKNOWN if callee is None else self._answer(callee, call, arguments, keywords)

    def _answer(self, callee: Callee, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]) -> Local:
        match callee:
            case LayerValue():
                return self._call_layer(callee, call, arguments, keywords)
            case Chain(items=items):
                value = arguments[0] if arguments else UNKNOWN
                for item in items:
                    inner = callable_of(item, self.program)
                    value = UNKNOWN if inner is None else self._answer(inner, call, [value], {})
                return value
            case Function():
                return self._call_function(callee, call, arguments, keywords)

    def _call_layer(self, callee: LayerValue, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]) -> Local:
        wanted = layer_input(callee)
        if wanted is not None and call.args and arguments and isinstance(given := arguments[0], Array):
            dtypes, shape = wanted
            self._meet(call.args[0], given, shape, "layer", call)
            self._demand(self._origin(call.args[0]), dtypes, "layer", call)
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
        return found.with_shape(self.facts.sizes.canonical_shape(found.shape)) if isinstance(found, Array) else UNKNOWN

    def _call_function(
        self, callee: Function, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]
    ) -> Local:
        self.callees.add(callee.scope)
        signature = self.known.signatures.get(callee.scope, Signature())
        bound = bind_arguments(callee, arguments, keywords)
        expressions = bind_arguments(callee, call.args, {each.arg: each.value for each in call.keywords if each.arg})
        here = f"{self.scope}:{call.lineno}:{call.col_offset}@"
        sizes: dict[Symbol, Dim] = {}
        for name, wanted in signature.parameters.items():
            given, expression = bound.get(name), expressions.get(name)
            if isinstance(given, Array) and isinstance(expression, ast.expr):
                self._meet(expression, given, signature.renamed(wanted.shape, sizes, here, given), "call", call)
                if wanted.dtype != ANY_DTYPE:
                    self._demand(self._origin(expression), wanted.dtype, "call", call)
        return callee_result(signature, sizes, self.facts.sizes)

    def _meet(self, expression: ast.expr, given: Array, wanted: Shape, source: str, call: ast.Call) -> None:
        """An argument must have the shape that is wanted: news about a parameter, or equal sizes."""
        self.facts.sizes.name(wanted, CALLED if source == "call" else CONSTRUCTOR)
        parameter = self._parameter(expression) or _open_parameter(given)
        if parameter is not None and wanted != Shape(run=ANY_RUN):
            self._add_shape(parameter, ShapeFact(wanted, self._evidence(source, call), True))
        for one, other in merge(given.shape, wanted) or []:
            self.facts.sizes.unify(one, other)

    def _require_dtypes(self, call: ast.Call) -> None:
        public = self.function.module.resolve(call.func)
        if any(keyword.arg == "dtype" for keyword in call.keywords):
            return
        arguments = list(call.args)
        if public is None and isinstance(call.func, ast.Attribute) and isinstance(self.evaluate(call.func.value), Array):
            public, arguments = f"Tensor.{call.func.attr}", [call.func.value, *arguments]
        for position, dtypes in OPERATION_INPUTS.get(public or "", {}).items():
            if position < len(arguments):
                self._demand(self._origin(arguments[position]), dtypes, "operation", call)

    def _demand(self, parameter: str | None, dtypes: DTypes, source: str, call: ast.Call) -> None:
        if parameter is not None and isinstance(self.parameters.get(parameter), Array):
            self._add_dtypes(parameter, DTypeFact(dtypes, self._evidence(source, call)))


def open_array(parameter: str, scope: str, library: Library) -> Array:
    """A parameter of which nothing is known."""
    return Array(Shape(run=unknown_run(parameter, scope)), ANY_DTYPE, library)


def constructor_size(name: str, scope: str) -> Dim:
    """An integer of the program that may be a size."""
    return dim(Symbol(name, f"{scope}#", Kind.SIZE))


def _open_parameter(value: Array) -> str | None:
    shape = value.shape
    return shape.run.name if _is_open(shape) and shape.run is not None else None


def _is_open(shape: Shape) -> bool:
    """Whether nothing is known of the axes."""
    return (
        shape.run is not None
        and not shape.prefix
        and not shape.suffix
        and (shape.run.name is None or shape.run.scope.endswith("?"))
    )


def _without_numbers(stated: Stated) -> Stated:
    """A number that somebody states for a parameter is no constant before the code is seen to need it."""
    items = [UNKNOWN_DIM if isinstance(item, Dim) and item.constant is not None else item for item in stated.shape.items]
    return replace(stated, shape=from_items(items))


def _is_name(size: Dim) -> bool:
    return size.symbol is not None


def _contradict(one: Dim, other: Dim) -> bool:
    return one.constant is not None and other.constant is not None and one != other


def _all_agree(values: Sequence[Local]) -> Local:
    answer = values[0]
    for value in values[1:]:
        answer = agreed(answer, value)
    return answer


def _with_axis(array: ast.expr, index: ast.expr) -> tuple[ast.expr, int] | None:
    try:
        axis = ast.literal_eval(index)
    except ValueError:
        return None
    return (array, axis) if isinstance(axis, int) else None


def _rank_read(expression: ast.expr) -> ast.expr | None:
    match expression:
        case ast.Attribute(value=array, attr="ndim") | ast.Call(func=ast.Attribute(value=array, attr="dim"), args=[]):
            return array
        case ast.Call(func=ast.Name(id="len"), args=[ast.Attribute(value=array, attr="shape")]):
            return array
        case _:
            return None


def _item_at(shape: Shape, position: int, count: int) -> Dim:
    if shape.run is None:
        return shape.prefix[position] if len(shape.prefix) == count else UNKNOWN_DIM
    if position < len(shape.prefix):
        return shape.prefix[position]
    from_right = count - position
    return shape.suffix[-from_right] if from_right <= len(shape.suffix) else UNKNOWN_DIM


def _target_names(statement: ast.stmt) -> list[str]:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)])
            | ast.AnnAssign(target=ast.Name(id=name))
            | ast.AugAssign(target=ast.Name(id=name))
        ):
            return [name]
        case ast.Assign(targets=[ast.Tuple(elts=elements)]):
            return [element.id for element in elements if isinstance(element, ast.Name)]
        case _:
            return []
