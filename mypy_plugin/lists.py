"""Lists and dictionaries that get other arrays than those they were made with: `skips = [x]`, then `skips.append(pool(x))`.

mypy infers what they hold from the display; nothing compares it at run time. Once something of another shape is put into a
variable's list, its items are arrays of which nothing is known. Hooks of the checking phase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mypy.nodes import CallExpr, Context, Expression, IndexExpr, MemberExpr, NameExpr, OperatorAssignmentStmt, Var
from mypy.plugin import MethodContext
from mypy.subtypes import is_same_type
from mypy.types import Instance, Type, get_proper_type

from mypy_plugin.erasure import erased

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

ITEMS = frozenset(["builtins.list.append", "builtins.list.insert", "builtins.list.__setitem__", "builtins.dict.__setitem__"])
"""Methods whose last argument becomes an item."""
MANY = frozenset(["builtins.list.extend", "builtins.list.__iadd__"])
"""Methods whose argument has items that become items."""


def put(ctx: MethodContext, many: bool, chk: TypeChecker) -> Type:
    """Forgets the shapes of the items when one that may have another is put among them; the result is mypy's."""
    held, receiver = get_proper_type(ctx.type), _receiver(ctx.context)
    given = [typ for types in ctx.arg_types[-1:] for typ in types]
    if isinstance(held, Instance) and held.args and isinstance(receiver, NameExpr):
        fits = [_fits(get_proper_type(typ), held.args[-1], many) for typ in given]
        if not all(fits):
            _widen(receiver, held, chk)
    return ctx.default_return_type


def _fits(given: Type, item: Type, many: bool) -> bool:
    found = given.args[0] if many and isinstance(given, Instance) and len(given.args) == 1 else given
    return is_same_type(found, item)


def _widen(receiver: NameExpr, held: Instance, chk: TypeChecker) -> None:
    """Gives a variable whose type is inferred items of any shape, from here on."""
    wide = erased(held)
    if isinstance(receiver.node, Var) and receiver.node.is_inferred and not is_same_type(wide, held):
        if receiver.node.type is not None and is_same_type(receiver.node.type, held):
            receiver.node.type = wide
        chk.binder.put(receiver, wide)


def _receiver(context: Context) -> Expression | None:
    match context:
        case CallExpr(callee=MemberExpr(expr=receiver)) | IndexExpr(base=receiver) | OperatorAssignmentStmt(lvalue=receiver):
            return receiver
        case _:
            return None
