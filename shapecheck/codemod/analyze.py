"""Solves a whole program: functions are walked in rounds, until what they know of each other no longer grows."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from shapecheck.codemod.calls import Known, Signature
from shapecheck.codemod.evaluate import Local
from shapecheck.codemod.existing import Existing, has_jaxtyping, read_annotation
from shapecheck.codemod.facts import Facts
from shapecheck.codemod.frame import constructor_size, open_array
from shapecheck.codemod.model import Function, Module, Program, refuses_annotations
from shapecheck.codemod.report import RETURN, Evidence, Skipped, Slot
from shapecheck.codemod.requirements import TAKES_SIZES
from shapecheck.codemod.solve import Solution, Solver
from shapecheck.codemod.walk import walk
from shapecheck.core.dim import Dim, Symbol
from shapecheck.core.value import UNKNOWN, Array, Library, Scalar

_ROUNDS = 6
_PASSES = 4


@dataclass(slots=True)
class Solved:
    """One function's slots. `existing` are its annotations; `parameters` and `result` what was found."""

    function: Function
    existing: Mapping[str, Existing]
    parameters: dict[str, Solution] = field(default_factory=dict)
    result: Solution | None = None
    findings: list[Evidence] = field(default_factory=list)
    library: Library = Library.TORCH
    nicknames: Mapping[Dim, Symbol] = field(default_factory=dict)
    callees: set[str] = field(default_factory=set)


def analyze(program: Program) -> list[Solved]:
    """What is known of every function of the program that can hold arrays."""
    analysis = _Analysis(program)
    for _ in range(_ROUNDS):
        analysis.changed, analysis.before = set(), analysis.changed
        for module in program.modules:
            if module.libraries:
                analysis.visit(module, module.libraries[0])
        if not analysis.changed:
            break
    return list(analysis.solved.values())


@dataclass(slots=True)
class _Analysis:
    """The state of all rounds: what is known, what it was derived from, and what changed in this round and the last."""

    program: Program
    known: Known = field(default_factory=Known)
    solved: dict[str, Solved] = field(default_factory=dict)
    used: dict[str, set[str]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    before: set[str] = field(default_factory=set)

    def visit(self, module: Module, library: Library) -> None:
        """Looks again at what depends on news."""
        for found in module.classes.values():
            constructor = found.methods.get("__init__")
            if constructor is not None and self._is_stale(constructor.scope):
                attributes, self.used[constructor.scope] = _attributes(constructor, self.program, self.known, library)
                self._note(found.scope, self.known.attributes.get(found.scope), attributes)
                self.known.attributes[found.scope] = attributes
        for function in module.functions:
            if function.node.name != "__init__" and self._is_stale(function.scope):
                self._solve(function, library)

    def _solve(self, function: Function, library: Library) -> None:
        found = solve_function(function, self.program, self.known, library)
        signature = _signature(found)
        self._note(function.scope, self.known.signatures.get(function.scope), signature)
        self.solved[function.scope] = found
        self.known.signatures[function.scope] = signature
        owner = function.module.classes.get(function.owner or "")
        self.used[function.scope] = found.callees | ({owner.scope} if owner is not None else set())

    def _is_stale(self, scope: str) -> bool:
        return scope not in self.used or not self.used[scope].isdisjoint(self.changed | self.before)

    def _note(self, scope: str, old: object, new: object) -> None:
        if old != new:
            self.changed.add(scope)


def _attributes(constructor: Function, program: Program, known: Known, library: Library) -> tuple[dict[str, Local], set[str]]:
    """What a constructor stores in `self`, and what it calls; its integer parameters are sizes."""
    sizes: dict[str, Local] = dict.fromkeys(_names(constructor.node), UNKNOWN)
    sizes |= {
        arg.arg: constructor_size(arg.arg, constructor.scope)
        for arg, default in _with_defaults(constructor)
        if _may_be_size(arg, default)
    }
    frame = walk(constructor, program, known, library, {}, sizes | dict(_config_sizes(constructor)))
    return {path: value for path, value in frame.variables.items() if path.startswith("self.")}, frame.callees


def _config_sizes(constructor: Function) -> Iterator[tuple[str, Local]]:
    """`config.n_embd` is a size called `n_embd`."""
    parameters = {arg.arg for arg in constructor.parameters}
    for node in ast.walk(constructor.node):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name, ctx=ast.Load()) if owner in parameters:
                yield f"{owner}.{name}", constructor_size(name, f"{constructor.scope}:{owner}")


def _may_be_size(arg: ast.arg, default: ast.expr | None) -> bool:
    if arg.annotation is not None:
        return isinstance(arg.annotation, ast.Name) and arg.annotation.id == "int"
    return default is None or (isinstance(default, ast.Constant) and type(default.value) is int)


def solve_function(function: Function, program: Program, known: Known, library: Library) -> Solved:
    """The slots of one function, walked again until its own parameters are settled."""
    existing = {
        arg.arg: read_annotation(arg.annotation, function.module, function.scope) for arg in function.parameters if arg.annotation
    }
    solved = Solved(function, existing, library=library)
    parameters = _initial(function, existing, library)
    for _ in range(_PASSES):
        frame = walk(function, program, known, library, parameters)
        facts = frame.facts
        solver = Solver(facts, library)
        _note_existing(facts, existing)
        solutions = {
            name: found for name in parameters if (found := _solution(solver, name, parameters[name], solved)) is not None
        }
        solved.parameters = {**solved.parameters, **solutions}
        solved.result = solver.result()
        solved.findings = list({(each.source, each.line): each for each in [*solver.findings, *facts.findings]}.values())
        solved.callees |= frame.callees
        solved.nicknames = facts.sizes.nicknames
        solved.parameters = {
            name: replace(each, value=facts.sizes.canonical_value(each.value)) for name, each in solved.parameters.items()
        }
        better = dict(parameters) | {
            name: found.value for name, found in solved.parameters.items() if isinstance(found.value, Array)
        }
        if better == parameters:
            break
        parameters = better
    return solved


def _note_existing(facts: Facts, existing: Mapping[str, Existing]) -> None:
    for found in existing.values():
        if found.array is not None:
            facts.sizes.name(found.array.shape, 0)


def _solution(solver: Solver, name: str, value: Local, solved: Solved) -> Solution | None:
    """A parameter's solution of this pass, keeping the sources of the passes before it."""
    if not isinstance(value, Array) or (name in solved.existing and solved.existing[name].array is not None):
        return None
    found = solver.parameter(name)
    before = solved.parameters.get(name)
    if found is None or before is None:
        return found
    if before.refused:
        return before
    evidence = tuple(dict.fromkeys([*before.evidence, *found.evidence]))
    if isinstance(found.value, Array) and isinstance(before.value, Array):
        from shapecheck.codemod.facts import Disagreement, joined

        try:
            shape = solver.sizes.canonical_shape(joined(found.value.shape, before.value.shape))
        except Disagreement as conflict:
            return Solution(UNKNOWN, evidence, refused=f"sources disagree: {conflict}")
        dtype = found.value.dtype & before.value.dtype
        value = Array(shape, dtype if dtype.names else found.value.dtype, found.value.library)
        return Solution(value, evidence, min(before.confidence, found.confidence))
    return Solution(found.value, evidence, found.confidence, found.refused)


def _initial(function: Function, existing: Mapping[str, Existing], library: Library) -> dict[str, Local]:
    sizes = _integer_parameters(function)
    values: dict[str, Local] = {}
    for arg, default in _with_defaults(function):
        found = existing.get(arg.arg)
        if arg.arg in sizes or (found is not None and found.is_size):
            values[arg.arg] = constructor_size(arg.arg, function.scope)
        elif found is not None:
            base = found.array or (open_array(arg.arg, function.scope, found.library) if found.library else None)
            values[arg.arg] = base if base is not None else UNKNOWN
        elif isinstance(default, ast.Constant) and default.value is not None:
            values[arg.arg] = Scalar("float") if isinstance(default.value, float) else UNKNOWN
        else:
            values[arg.arg] = open_array(arg.arg, function.scope, library)
    return values


def _integer_parameters(function: Function) -> set[str]:
    """Parameters that are used as sizes, or have an integer default."""
    found = {
        arg.arg
        for arg, default in _with_defaults(function)
        if isinstance(default, ast.Constant) and type(default.value) is int and arg.annotation is None
    }
    names = {arg.arg for arg in function.parameters}
    for node in ast.walk(function.node):
        if isinstance(node, ast.Call) and _last_word(node.func) in TAKES_SIZES:
            resolved = function.module.resolve(node.func) is not None
            first_is_array = resolved and _last_word(node.func) in ("reshape", "tile", "broadcast_to", "one_hot", "repeat")
            arguments = node.args[1:] if first_is_array else node.args
            listed = [each for arg in arguments for each in (arg.elts if isinstance(arg, ast.Tuple | ast.List) else [arg])]
            found |= {each.id for each in listed if isinstance(each, ast.Name) and each.id in names}
    return found


def _last_word(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _with_defaults(function: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    arguments = function.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = list(zip(positional, [*defaults, *arguments.defaults], strict=True))
    pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    wanted = {id(arg) for arg in function.parameters}
    return [(arg, default) for arg, default in pairs if id(arg) in wanted]


def _names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [arg.arg for arg in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]]


def _signature(solved: Solved) -> Signature:
    parameters = {name: found.value for name, found in solved.parameters.items() if isinstance(found.value, Array)}
    parameters |= {name: found.array for name, found in solved.existing.items() if found.array is not None}
    result = solved.result.value if solved.result is not None else UNKNOWN
    returns = solved.function.node.returns
    if (
        returns is not None
        and (written := read_annotation(returns, solved.function.module, solved.function.scope)).array is not None
    ):
        result = written.array
    return Signature(parameters, result)


def untouchable(solved: Solved) -> Skipped | None:
    """Why no slot of a function may be annotated."""
    reason = refuses_annotations(solved.function.node)
    if reason is None:
        return None
    return Skipped(reason, solved.function.node.lineno, Slot(solved.function.qualname, solved.function.node.lineno, RETURN))


def written_slots(solved: Solved) -> set[str]:
    """Slots that have a jaxtyping annotation, which is never touched."""
    node, module = solved.function.node, solved.function.module
    slots = {
        arg.arg for arg in solved.function.parameters if arg.annotation is not None and has_jaxtyping(arg.annotation, module)
    }
    return slots | ({RETURN} if node.returns is not None and has_jaxtyping(node.returns, module) else set())
