"""The one place that every mypy message passes before it is stored.

Unknown is a top type, so mypy reports unknown-to-known as an error, and inferred containers are invariant. Where two types
of a message differ in shapes, dtypes or int sizes alone, the core compares those parts: a certain difference against
something the user declared keeps the error, under our code and in our words; everything else is dropped. Errors about
other things pass, their types spelled in jaxtyping's words.

The daemon empties mypy's list of watchers at every update, so hooks call `ensure` again and again; it costs one look.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mypy.errorcodes import CALL_OVERLOAD, UNUSED_IGNORE
from mypy.errors import ErrorInfo, Errors, ErrorWatcher
from mypy.nodes import LambdaExpr

from mypy_plugin import assigned, codes, faults, overrides, protocols, untold
from mypy_plugin.differences import difference, members
from mypy_plugin.names import layer_classes
from mypy_plugin.text import (
    ARRAY_VARIABLES,
    INT_VARIABLES,
    MARKS,
    Node,
    array_in,
    is_int,
    parse,
    pretty,
)
from shapecheck.core.dim import Verdict

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


# Messages with a declared type on one side: (pattern, what to say). Group 1 is found, group 2 expected.
_DECLARED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'^Incompatible return value type \(got "(.*)", expected "(.*)"\)$'), "Returned {found}, declared {expected}"),
    (re.compile(r'^Incompatible types in "yield(?: from)?" \(actual type "(.*)", expected type "(.*)"\)$'), "Yielded {found}, declared {expected}"),
    (re.compile(r'^Incompatible types in assignment \(expression has type "(.*)", variable has type "(.*)"\)$'),
     "Assigned {found} to a variable declared {expected}"),
    (re.compile(r'^Incompatible default for (?:parameter|argument) "\w+" \(default has type "(.*)", (?:parameter|argument) has type "(.*)"\)$'),
     "The default is {found}, declared {expected}"),
    (re.compile(r'^Incompatible types \(expression has type "(.*)", TypedDict item "\w+" has type "(.*)"\)$'), "The item is {found}, declared {expected}"),
    (re.compile(r'^Value of "\w+" has incompatible type "(.*)"; expected "(.*)"$'), "The item is {found}, declared {expected}"),
)  # fmt: skip
# Messages whose expected type mypy may have inferred, or that nothing checks at run time: never ours to report.
_INFERRED: tuple[re.Pattern[str], ...] = (
    re.compile(r'^Argument .* has incompatible type "(.*)"; expected "?(.*?)"?$'),  # mypy does not quote `Module | ...`
    re.compile(r'^(?:List|Tuple|Set) (?:item|comprehension).* has incompatible type "(.*)"; expected "(.*)"$'),
    re.compile(r'^(?:List|Set|Generator) (?:comprehension )?has incompatible type (.*); expected (.*)$'),
    re.compile(r'^(?:Key|Value) expression in dictionary comprehension has incompatible type "(.*)"; expected type "(.*)"$'),
    re.compile(r'^Incompatible types in assignment \(expression has type "(.*)", (?:base class .*|target) .*(?:type|as) "(.*)"\)$'),
    re.compile(r'^Incompatible types in (?:capture pattern|"async with".*|string interpolation).* type "(.*)".* "(.*)"\)$'),
    re.compile(r'^Argument \d+ of "\w+" is incompatible with supertype .* type as ".*"$'),
    re.compile(r'^Return type "(.*)" of "\w+" incompatible with return type "(.*)" in supertype ".*"$'),
    re.compile(r'^Argument .* to "__(?:set|get)item__" .* "(.*)".* "(.*)"$'),
    re.compile(r'^Unsupported target for indexed assignment.*$'),
)  # fmt: skip
_ASSIGNED = re.compile(r"^Incompatible types in assignment .* \| None")
_UNSOLVED_CLASS = re.compile(r'^Cannot infer value of type parameter "(\w+)" of ')
_SIZE_ARGUMENT = re.compile(r'^Argument .* has incompatible type "(.*)"; expected "(\w+)"$')
_OVERLAP = re.compile(r'^Non-overlapping equality check \(left operand type: "(.*)", right operand type: "(.*)"\)$')
_CONFORMS = re.compile(
    r'(?:incompatible type|expression has type|got) "([^"]+)"[;,] (?:expected|variable has type|target has type) "([^"]+)"\)?$'
)
_DICT = re.compile(r'^Dict entry \d+ has incompatible type "(.*)": "(.*)"; expected "(.*)": "(.*)"$')
_UNDEFINED = re.compile(r'^Name "(\w+)" is not defined$')
_UNTYPED = re.compile(r'^Call to untyped function "(\w+)" in typed context$')
_RETURNS_ANY = re.compile(r'^Returning Any from function declared to return "(.*)"$')
_SWALLOWED = re.compile(r"^(?:No overload variant of .* matches argument types?|Unsupported (?:left )?operand types? for )")
_REFUSED = re.compile(r'^Argument .* has incompatible type "ndarray\[.*; expected ".*\b_SupportsArray\[')
_OVERLOAD = re.compile(r"^No overload variant of .* matches argument types?")
_CALLED = re.compile(
    r'^(?:Unexpected keyword argument|Too (?:many|few) |Missing (?:positional|named) ).* "forward" of "|^"forward" of "\w+" gets multiple values '
)
_UNPACKED = re.compile(r"^(?:Too many|Need more than \d+) values? to unpack")
_LAYER_CLASS = re.compile(
    r'^Argument .* has incompatible type "type\[(\w+)\[.*\]\]"; expected "?Callable\[.*\bNever\b'
)  # fmt: skip
_AMBIGUOUS = re.compile(r"^Type of TypedDict is ambiguous, none of \((.*)\) matches cleanly$")
_QUOTED = re.compile(r'"(\w+)"')
_NO_ITEMS = re.compile(r'(?:got|has type|incompatible type) "dict\[str, ')
_UNSOLVED = re.compile(r'^Cannot infer value of type parameter ".*" of "tree_\w+"')
_UNREADABLE = re.compile(
    r'^Argument .* has incompatible type (?:overloaded function|"(?:\w+\[object\]|overloaded function|.*[Uu][Ff]unc.*'
    r'|def \w+\([^"\[]*\) -> (?:Tensor|Array))"); expected "(.*)"$'
    r'|^Argument \d+ to "_foreach_\w+" has incompatible type "list\['
)
_SELF = re.compile(r'^Invalid self argument "(.*)" to attribute function ".*" with type ".*"$')
_ARRAY_LIKE = re.compile(r'^Argument .* has incompatible type "(ndarray\[.*\])"; expected ".*\b_SupportsArray\[dtype\[')
_SCALAR = r'"(?:numpy\.)?(?:signedinteger|unsignedinteger|floating|float64|bool)(?:\[.*?\])?"'
_TENSOR_AND_SCALAR = re.compile(
    rf'^Unsupported operand types for \S+ \((?:"(?:Tensor|Parameter)\b.*" and {_SCALAR}|{_SCALAR} and "(?:Tensor|Parameter)\b.*")\)$'
    r'|^No overload variant of "__\w+__" of "(?:signedinteger|unsignedinteger|floating|float64|bool)" matches argument type "(?:Tensor|Parameter)\b'
)
_REDUNDANT = re.compile(r'^Redundant cast to "')


class Gate:
    """Decides on messages. `untyped` tells which method names libraries define without types."""

    def __init__(self, untyped: Callable[[str], bool] = lambda name: False) -> None:
        self.errors: Errors | None = None
        self.watcher: ErrorWatcher | None = None
        self.untyped = untyped
        self.dropped: ErrorInfo | None = None
        self.ambiguous = ("", 0)
        self.told: set[str] = set()
        """The files in which something is known that is `Any` to plain mypy."""
        self.checker: TypeChecker | None = None

    def watch(self, chk: TypeChecker) -> None:
        """Sees the messages of a checker, which is at work."""
        self.checker = chk
        self.ensure(chk.errors)

    def ensure(self, errors: Errors) -> None:
        """Puts the gate under all other watchers, where it sees what would be stored."""
        watchers = errors._watchers
        if watchers and watchers[0] is self.watcher:
            return
        self.errors = errors
        self.watcher = ErrorWatcher(errors, filter_errors=self.drops)
        watchers.insert(0, self.watcher)

    def drops(self, file: str, info: ErrorInfo) -> bool:
        """Whether the message is dropped; others may be rewritten in place."""
        return self._drops(file, info) or self._is_repeated(file, info)

    def _is_repeated(self, file: str, info: ErrorInfo) -> bool:
        """Whether an error of ours at the same place is stored: mypy reads loops again, then with other types."""
        if info.code not in codes.BY_NAME.values() or info.severity != "error" or self.errors is None:
            return False
        place = (info.line, info.column, info.end_line, info.end_column, info.code)
        stored = self.errors.error_info_map.get(file, [])
        return any((each.line, each.column, each.end_line, each.end_column, each.code) == place for each in stored)

    def _drops(self, file: str, info: ErrorInfo) -> bool:
        if info.code in codes.BY_NAME.values() or info.blocker:
            return False
        if file in self.told and self._is_needed_without_us(file, info):
            return True
        if info.severity == "note" and self._belongs_to_dropped(info):
            return True
        if _REFUSED.match(info.message) and faults.found(file, info.line) is not None:
            return True  # mypy says why no overload took the call; we have said it
        if _SWALLOWED.match(info.message) and (fault := faults.found(file, info.line)) is not None:
            info.message, info.code = fault.text, codes.BY_NAME[fault.code]
            self.dropped = info  # its notes list the variants: drop those
            return False
        try:
            dropped = _is_about_shapes_alone(file, info) or self._decide(file, info) or self._is_untold(file, info)
        except Exception:  # a message we cannot read passes unchanged: the gate must never stop mypy
            return False
        self.dropped = info if dropped else None
        if dropped:
            self._use_ignores(file, info)
            self._narrow(file, info)
        return dropped

    def _is_untold(self, file: str, info: ErrorInfo) -> bool:
        """Whether an error is none of ours, and about an expression that is `Any` to plain mypy."""
        chk = self._checker_of(file)
        if chk is None or info.severity != "error" or info.code in codes.BY_NAME.values():
            return False
        return untold.is_untold(chk, info, file in self.told)

    def _checker_of(self, file: str) -> TypeChecker | None:
        """The checker that is at work, when it is on this file."""
        return self.checker if self.checker is not None and self.checker.path == file else None

    def _is_in_lambda(self) -> bool:
        """Whether a lambda is checked: what it should return, mypy has inferred, or nothing looks at it at run time."""
        return self.checker is not None and isinstance(self.checker.scope.current_function(), LambdaExpr)

    def _narrow(self, file: str, info: ErrorInfo) -> None:
        """Has an optional variable narrowed although mypy thinks that the value does not fit."""
        if _ASSIGNED.match(info.message) and (chk := self._checker_of(file)) is not None:
            assigned.narrow(chk, info.line)

    def _belongs_to_dropped(self, info: ErrorInfo) -> bool:
        """Whether a note explains the error that was dropped just before it."""
        dropped = self.dropped
        if dropped is None or info.line != dropped.line or info.message.startswith("Revealed type"):
            return False
        if info.message.startswith('"__call__" is considered'):
            return True
        return info.parent_error is dropped or info.code in (dropped.code, CALL_OVERLOAD)

    def _use_ignores(self, file: str, info: ErrorInfo) -> None:
        """A `type: ignore` that plain mypy needs on a line is not unused because we know better."""
        errors = self.errors
        if errors is None or info.code is None:
            return
        for line in info.origin_span:
            ignored = errors.ignored_lines.get(file, {}).get(line)
            if ignored is not None and (not ignored or info.code.code in ignored):
                errors.used_ignored_lines[file][line].append(info.code.code)

    def _is_needed_without_us(self, file: str, info: ErrorInfo) -> bool:
        """Whether a cast or a `type: ignore` is called useless that plain mypy, which knows less, may need."""
        if info.code is UNUSED_IGNORE and self.errors is not None:
            return not any(code.startswith("shape-") for code in self.errors.ignored_lines.get(file, {}).get(info.line, ()))
        return _REDUNDANT.match(info.message) is not None and MARKS.search(info.message) is not None

    def _reports_unknown(self) -> bool:
        """Whether the user switched the code for unknown shapes on."""
        return self.errors is not None and codes.UNKNOWN in self.errors.options.enabled_error_codes

    def _decide(self, file: str, info: ErrorInfo) -> bool:
        if (match := _UNTYPED.match(info.message)) is not None:
            return self.untyped(match[1])
        if (match := _UNDEFINED.match(info.message)) is not None:
            return _is_structure(match[1], file, info.line)
        if (match := _AMBIGUOUS.match(info.message)) is not None and any(map(protocols.has_arrays, _QUOTED.findall(match[1]))):
            self.ambiguous = (file, info.line)
            return True
        if (file, info.line) == self.ambiguous and _NO_ITEMS.search(info.message):
            return True
        if _CALLED.match(info.message):
            return ".forward(" not in linecache.getline(file, info.line)  # to plain mypy a module takes anything
        if _UNPACKED.match(info.message):
            return (chk := self._checker_of(file)) is not None and assigned.unpacks_any(chk, info.line)
        if (match := _LAYER_CLASS.match(info.message)) is not None and match[1] in layer_classes():
            return True
        if _says_nothing(info.message) or _compares_sizes(info.message) or _conforms(info.message):
            return True
        if _RETURNS_ANY.match(info.message) and (chk := self._checker_of(file)) is not None:
            return MARKS.search(info.message) is not None or assigned.returns_own_any(chk, info.line)
        if _is_own_size(info.message) or _is_own_class(info.message):
            return True  # `cls(n)` in a method of `class MLP[n: int]`, `T` in a function of `Float[T, "n"]`
        if _UNSOLVED.match(info.message):
            return True  # leaves of several shapes make a type variable's bounds contradict each other
        if _UNSOLVED_CLASS.match(info.message) and (chk := self._checker_of(file)) is not None:
            return untold.takes_arrays(chk, info.line, info.column)
        if _TENSOR_AND_SCALAR.match(info.message):
            return True  # at run time a number of numpy's is a number
        if not (MARKS.search(info.message) or _names_layer(info.message) or _is_about_sized_classes(info.message)):
            return False
        for pattern, text in _DECLARED:
            if (match := pattern.match(info.message)) is not None:
                if self._is_in_lambda() and _only_shapes(match.groups()):
                    return True
                return _decide_declared(info, match[1], match[2], text, self._reports_unknown())
        if any(_only_shapes(match.groups()) for pattern in _INFERRED if (match := pattern.match(info.message)) is not None):
            return True
        if _RETURNS_ANY.match(info.message):
            return True  # an unknown result where an array is declared
        if (match := _DICT.match(info.message)) is not None and all(map(_only_shapes, (match.group(1, 3), match.group(2, 4)))):
            return True
        if _UNREADABLE.match(info.message):
            return True  # a list of arrays of several shapes, or a library's function: their types say nothing of shapes
        if (match := _SELF.match(info.message)) is not None:
            return MARKS.search(match[1]) is not None  # a generic class of arrays; its methods do not look at shapes
        if (match := _ARRAY_LIKE.match(info.message)) is not None and _is_family(match[1]):
            return True  # of numpy's overloads one may take it
        if _OVERLOAD.match(info.message) and _has_invariant_container(info.message):
            return True
        info.message = _one_line(pretty(info.message))
        return False


_SUBSCRIPTED = re.compile(r"\b(\w+)\[")
_OVERRIDE = re.compile(r'^Signature of "\w+" incompatible with ')
_OVERLOADS = re.compile(r"^Overloaded function (?:implementation|signature)")


def _is_about_shapes_alone(file: str, info: ErrorInfo) -> bool:
    """Overrides and overloads whose shape names differ: nothing compares them at run time."""
    if _OVERRIDE.match(info.message):
        return overrides.fits_without_shapes(file, info.line)
    return _OVERLOADS.match(info.message) is not None and overrides.has_shapes(file, info.line)


def _is_about_sized_classes(message: str) -> bool:
    """Whether a class of the user's with sizes as type arguments is refused where other sizes are expected."""
    match = _CONFORMS.search(message)
    one, other = (parse(match[1]), parse(match[2])) if match is not None else (None, None)
    return one is not None and other is not None and one.last == other.last and protocols.has_sizes(one.last)


def _is_own_class(message: str) -> bool:
    """Whether an array is refused where a type variable is expected that stands for the class of arrays.

    Inside a function with `Float[T, "n"]`, its arrays have the class that bounds `T`: else they would have no shapes.
    """
    unsolved = _UNSOLVED_CLASS.match(message)
    if unsolved is not None:
        return unsolved[1] in ARRAY_VARIABLES
    match = _SIZE_ARGUMENT.match(message) or _CONFORMS.search(message)
    found = parse(match[1]) if match is not None and match[2] in ARRAY_VARIABLES else None
    return found is not None and array_in(found) is not None


def _is_own_size(message: str) -> bool:
    """Whether an int is refused where a class has a size as its type parameter."""
    match = _SIZE_ARGUMENT.match(message)
    found = parse(match[1]) if match is not None and match[2] in INT_VARIABLES else None
    return found is not None and is_int(found)


def _is_structure(name: str, file: str, line: int) -> bool:
    """Whether a name that mypy cannot find names the structure of a `PyTree[leaf, "T"]`."""
    linecache.checkcache(file)
    return re.search(rf"\bPyTree\[.*[\"'][^\"']*\b{name}\b[^\"']*[\"']\]", linecache.getline(file, line)) is not None


def _names_layer(message: str) -> bool:
    """Whether a type in the message is a layer with its sizes."""
    return any(name in layer_classes() for name in _SUBSCRIPTED.findall(message))


def _compares_sizes(message: str) -> bool:
    """Whether two shapes are compared that we know to differ: a condition is no error."""
    match = _OVERLAP.match(message)
    return match is not None and all("uple[" in side or "Size" in side for side in match.groups()) and "str" not in message


def _conforms(message: str) -> bool:
    """Whether a class is refused as a protocol or callable that it is when shapes are not looked at."""
    match = _CONFORMS.search(message)
    one, other = (parse(match[1]), parse(match[2])) if match is not None else (None, None)
    if match is not None and one is None and match[1].startswith(("Callable[[", "def ")) and other is not None:
        return any(protocols.is_called_with_arrays(option.last) for option in members(other))
    if one is None or other is None:
        return False
    rest = [member for member in members(one) if member not in members(other)]
    return bool(rest) and all(_is_one_of(member, members(other)) for member in rest)


def _is_one_of(found: Node, options: Sequence[Node]) -> bool:
    """Whether a class or function is one of what is expected when shapes are not looked at."""
    if found.last == "Callable":
        return any(protocols.takes(found, option.last) for option in options)
    others = [option for option in options if found.last != option.last]
    return any(protocols.fits(found.last, option.last) or _is_subclass(found, option) for option in others)


def _is_subclass(found: Node, expected: Node) -> bool:
    """Whether a class has another as a base: a layer's, or a generic one with type arguments that differ in shapes alone."""
    if expected.last in layer_classes() and not found.args:
        return protocols.is_subclass(found.last, expected.last)
    if not found.args or len(found.args) != len(expected.args) or not protocols.is_subclass(found.last, expected.last):
        return False
    return all(difference(b, a) is not None for a, b in zip(found.args, expected.args, strict=True))


def _decide_declared(info: ErrorInfo, found: str, expected: str, text: str, reports_unknown: bool) -> bool:
    one, other = parse(found), parse(expected)
    if one is None or other is None:
        info.message = _one_line(pretty(info.message))
        return False
    finding = difference(other, one)
    if finding is None:
        info.message = _one_line(pretty(info.message))
        return False
    head = text.format(found=pretty(found), expected=pretty(expected))
    if finding.verdict is not Verdict.DIFFERENT:
        if finding.verdict is Verdict.EQUAL or not reports_unknown:
            return True
        info.message, info.code = f"{head}: nobody knows whether that fits", codes.UNKNOWN
        return False
    info.message = f"{head}: {finding.reason}"
    info.code = finding.code
    return False


_FUNCTION_NAME = re.compile(r"^(def (?:\[[^\]]*\] )?)\w+(?=\()")
_TWICE = re.compile(r'"([^"]+)"[^"]*"([^"]+)"\)?$|type (\S+); expected (\S+)$')


def _says_nothing(message: str) -> bool:
    """Whether both types read the same: named tuples that differ in their items' shapes, functions through a `ParamSpec`."""
    match = _TWICE.search(message)
    if match is None or not message.startswith(("Incompatible", "Argument", "List", "Set", "Generator", "Dict", "Returning")):
        return False
    found, expected = (match[1], match[2]) if match[1] is not None else (match[3], match[4])
    return _FUNCTION_NAME.sub(r"\1", found) == expected


def _only_shapes(groups: tuple[str, ...]) -> bool:
    """Whether two types are the same but for shapes, dtypes and sizes; a message that shows only one says nothing sure."""
    if len(groups) != 2:
        return True
    one, other = parse(groups[0]), parse(groups[1])
    return one is not None and other is not None and difference(other, one) is not None


def _is_family(text: str) -> bool:
    """Whether a type is an array that may have several dtypes."""
    node = parse(text)
    array = array_in(node) if node is not None else None
    return array is not None and array.dtype.exact is None


def _one_line(text: str) -> str:
    return text.replace("\n", " ")


def _has_invariant_container(message: str) -> bool:
    return re.search(r"(?:list|dict|set)\[[^\"]*\b(?:Tensor|Array|ndarray|Size)\[", message) is not None
