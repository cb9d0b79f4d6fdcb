"""`annotate`: collect facts, solve, name, emit, verify, back out, report. Called by the command line."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from shapecheck.codemod.analyze import Solved, analyze, untouchable, written_slots
from shapecheck.codemod.emit import emit
from shapecheck.codemod.imports import array_spelling, dtype_spellings
from shapecheck.codemod.model import Function, Module, index
from shapecheck.codemod.report import RETURN, Annotated, Confidence, Evidence, FileReport, Report, Skipped, Slot
from shapecheck.codemod.revealed import bound_names
from shapecheck.codemod.revealed import read as read_revealed
from shapecheck.codemod.solve import Solution
from shapecheck.codemod.source import BadFile, Source, find_files, read
from shapecheck.codemod.spell import Speller
from shapecheck.codemod.verify import Candidate, Inference, MypyInference, verified
from shapecheck.core.recording import Recording
from shapecheck.core.value import Array

_SKIP_FILE = "shapecheck: skip-file"


@dataclass(frozen=True, slots=True)
class Options:
    """What a run may be told.

    `verify` re-checks the result with the mypy plugin and backs out what fails; `inference` replaces that plugin (for
    tests); `confidence` is the least sure kind of evidence that is written; `recording` is what was seen in runs.
    """

    verify: bool = True
    inference: Inference | None = None
    confidence: Confidence = Confidence.STATED
    recording: Recording | None = None


_NOTHING = "nothing is known of its axes"
_ORDER = (Confidence.STATED, Confidence.SUPPORTED, Confidence.PROVED)


def annotate(paths: Iterable[Path | str], options: Options = Options()) -> Report:
    """Proposes annotations for all files of the paths. Nothing is written: see `report.write`.

    Every file named gets a report; one that cannot be read or parsed gets its reason and line.
    """
    sources: list[Source] = []
    failed: list[FileReport] = []
    for path in find_files(map(Path, paths)):
        try:
            sources.append(read(path))
        except BadFile as bad:
            failed.append(FileReport(path, skipped=(Skipped(bad.reason, bad.line),), failed=True))
    wanted = [source for source in sources if _SKIP_FILE not in source.text]
    program = index(wanted, options.recording)
    solved = analyze(program)
    reports = [
        _file_report(module, [each for each in solved if each.function.module is module], options) for module in program.modules
    ]
    reports += [
        FileReport(each.path, each.text, each.text, skipped=(Skipped("marked to be skipped"),))
        for each in sources
        if each not in wanted
    ]
    notes = () if options.verify else ("not verified: the annotations were not checked with mypy",)
    done = _verified(reports, program.modules, options) if options.verify else reports
    return Report(tuple(sorted([*done, *failed], key=lambda each: each.path)), notes)


def _file_report(module: Module, solved: Sequence[Solved], options: Options) -> FileReport:
    text = module.source.text
    annotated: list[Annotated] = []
    skipped: list[Skipped] = []
    for each in solved:
        if (refused := untouchable(each)) is not None:
            skipped += [refused] if each.parameters else []
            continue
        for found in _slots(each, options):
            if isinstance(found, Skipped):
                skipped.append(found)
            else:
                annotated.append(found)
    findings = tuple(dict.fromkeys(finding for each in solved for finding in each.findings))
    after = apply(module, tuple(annotated))
    return FileReport(module.source.path, text, after, tuple(annotated), tuple(skipped), findings)


def apply(module: Module, annotated: Sequence[Annotated]) -> str:
    """The module's text with these annotations, and the imports they need."""
    if not annotated:
        return module.source.text
    classes = {dtype for each in annotated for dtype in _dtypes_in(each.annotation)}
    _, needed = dtype_spellings(module, classes)
    libraries = set(module.libraries)
    array, array_import = array_spelling(module, module.libraries[0]) if libraries else ("", None)
    edits = {(each.slot.line, each.slot.name): each.annotation for each in annotated}
    used = array_import is not None and any(array in text for text in edits.values())
    return emit(module.source.text, edits, [*needed, *([array_import] if used and array_import is not None else [])])


def _dtypes_in(annotation: str) -> Iterator[str]:
    from shapecheck.core.dtype import CLASSES

    for node in ast.walk(ast.parse(annotation, mode="eval")):
        match node:
            case ast.Name(id=name) if name.removeprefix("Jaxtyped") in CLASSES:
                yield name.removeprefix("Jaxtyped")
            case _:
                pass


def _slots(solved: Solved, options: Options) -> Iterator[Annotated | Skipped]:
    """The annotations of one function's slots in order, so that names are bound where jaxtyping binds them."""
    speller = Speller(nicknames=solved.nicknames)
    written = written_slots(solved)
    function = solved.function
    for arg in function.parameters:
        existing = solved.existing.get(arg.arg)
        if existing is not None and existing.array is not None:
            speller.shape(existing.array.shape)
        solution = solved.parameters.get(arg.arg)
        if arg.arg in written or solution is None or (arg.annotation is not None and (existing is None or existing.bare is None)):
            continue
        optional = arg.annotation is None and _defaults_to_none(function.node, arg)
        yield from _proposed(solved, arg.arg, solution, speller, options, arg.annotation, optional)
    if solved.result is not None and RETURN not in written:
        returns = function.node.returns
        if returns is None or _is_bare(returns, solved):
            yield from _proposed(solved, RETURN, solved.result, speller, options, returns, False)


def _is_bare(annotation: ast.expr, solved: Solved) -> bool:
    from shapecheck.codemod.existing import read_annotation

    return read_annotation(annotation, solved.function.module, solved.function.scope).bare is not None


def _proposed(
    solved: Solved, name: str, solution: Solution, speller: Speller, options: Options, before: ast.expr | None, optional: bool
) -> Iterator[Annotated | Skipped]:
    function, module = solved.function, solved.function.module
    slot = Slot(function.qualname, function.node.lineno, name)
    if solution.refused:
        yield Skipped(solution.refused, slot.line, slot, solution.evidence)
        return
    if _is_generator(function.node) and name == RETURN:
        return
    draft = Speller(dict(speller.names), speller.nicknames)
    spelled = draft.annotation(solution.value, {})
    if spelled is None:
        if isinstance(solution.value, Array | tuple):
            yield Skipped(_NOTHING, slot.line, slot, solution.evidence)
        return
    if _ORDER.index(solution.confidence) < _ORDER.index(options.confidence):
        yield Skipped(f"only {solution.confidence}", slot.line, slot, solution.evidence)
        return
    prefixes, _ = dtype_spellings(module, spelled.dtypes)
    final = speller.annotation(solution.value, prefixes)
    assert final is not None
    array = ast.unparse(bare) if (bare := _bare_node(before, solved)) is not None else array_spelling(module, solved.library)[0]
    text = final.text.replace("{array}", array)
    if before is not None and bare is not None and before is not bare:
        text = ast.unparse(before).replace(array, text, 1)
    yield Annotated(slot, f"{text} | None" if optional else text, solution.confidence, solution.evidence)


def _bare_node(before: ast.expr | None, solved: Solved) -> ast.expr | None:
    from shapecheck.codemod.existing import read_annotation

    return None if before is None else read_annotation(before, solved.function.module, solved.function.scope).bare


def _defaults_to_none(node: ast.FunctionDef | ast.AsyncFunctionDef, arg: ast.arg) -> bool:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(positional), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return any(each is arg and isinstance(default, ast.Constant) and default.value is None for each, default in pairs)


def _is_generator(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node))


def _verified(reports: Sequence[FileReport], modules: Sequence[Module], options: Options) -> list[FileReport]:
    """The reports without the annotations that the type checker refuses, and with the returns that it infers."""
    by_path = {module.source.path: module for module in modules}
    candidates = [_candidate(each, by_path[each.path]) for each in reports if each.changed]
    if not candidates:
        return list(reports)
    answers = {answer.path: answer for answer in verified(candidates, options.inference or MypyInference())}
    return [_answered(each, answers[each.path]) if each.path in answers else each for each in reports]


def _candidate(report: FileReport, module: Module) -> Candidate:
    done = {each.slot.function for each in report.annotated if each.slot.name == RETURN}
    barred = {
        each.slot.function for each in report.skipped if each.slot is not None and each.slot.name == RETURN and each.slot.function
    }
    names = Counter(each.qualname for each in module.functions)
    asked = {
        each.qualname: each
        for each in module.functions
        if each.node.returns is None and names[each.qualname] == 1 and each.qualname not in done and not _is_generator(each.node)
    }
    blocked = barred - {each.slot.function for each in report.skipped if each.slot is not None and each.reason == _NOTHING}
    write, propose = cache(partial(apply, module)), partial(_revealed, module, asked)
    return Candidate(report.path, report.before, report.annotated, write, frozenset(asked) - blocked, propose)


def _revealed(
    module: Module, asked: Mapping[str, Function], name: str, text: str, annotated: Sequence[Annotated]
) -> Annotated | None:
    """The annotation of a return that mypy has revealed; None when its type says nothing about axes."""
    function = asked[name]
    parameters = [ast.unparse(each.annotation) for each in function.parameters if each.annotation is not None]
    parameters += [each.annotation for each in annotated if each.slot.function == name and each.slot.name != RETURN]
    promise = read_revealed(text, bound_names(parameters))
    if promise is None:
        return None
    spelled = promise.text
    spellings, _ = dtype_spellings(module, promise.dtypes)
    for dtype, spelling in spellings.items():
        spelled = spelled.replace(f"{dtype}[", f"{spelling}[")
    slot = Slot(name, function.node.lineno, RETURN)
    evidence = Evidence("plugin", function.node.lineno, f"mypy reveals {text}")
    return Annotated(
        slot, spelled.replace("{array}", array_spelling(module, module.libraries[0])[0]), Confidence.PROVED, (evidence,)
    )


def _answered(report: FileReport, answer: Candidate) -> FileReport:
    kept = {each.slot for each in answer.annotated}
    skipped = [each for each in report.skipped if each.slot not in kept]
    lost = [Skipped(reason, each.slot.line, each.slot, each.evidence) for each, reason in answer.lost.items()]
    return FileReport(report.path, report.before, answer.after, answer.annotated, (*skipped, *lost), report.findings)
