"""What a condition adds to what is known of a shape: sizes fill in, contradictions make unknown, ends never overlap."""

from __future__ import annotations

import pytest

from shapecheck.core.dim import UNKNOWN_DIM, Kind, Symbol, dim
from shapecheck.core.merge import merged
from shapecheck.core.shape import ANY_RUN, Item, Run, from_items


def items(text: str) -> list[Item]:
    """Axes as a page writes them: `b` is rigid, `n?` a size of the program, `_` unknown, `*s` a named run."""
    return [_item(word) for word in text.split()]


def _item(word: str) -> Item:
    match word:
        case "...":
            return ANY_RUN
        case "_":
            return UNKNOWN_DIM
        case _ if word.startswith("*"):
            return Run(word[1:], "f")
        case _ if word.isdigit():
            return dim(int(word))
        case _:
            return dim(Symbol(word.rstrip("?"), "f", Kind.VALUE if word.endswith("?") else Kind.RIGID))


@pytest.mark.parametrize(
    ("known", "said", "expected"),
    [
        ("...", "4 3", "4 3"),
        ("...", "... n?", "... n"),
        ("b _", "_ 3", "b 3"),
        ("b c", "_ _", "b c"),
        ("b c", "b 3", "b _"),  # c is 3 here: it fits both
        ("n? c", "3 _", "3 c"),
        ("b c", "_ _ _", "..."),  # never true
        ("4", "3", "_"),
        ("b c d", "... 3", "b c _"),
        ("b", "... 3 4", "..."),
        ("... d", "_ _", "_ d"),
        ("... d", "3 ...", "... d"),  # with one axis, 3 is d
        ("... d", "... n? _", "... n d"),
        ("a ...", "... 3", "a ..."),
        ("*s d", "_ _", "... d"),  # still *s to the caller
        ("*s d", "... 3 _", "... 3 d"),
        ("*s d", "... d", "*s d"),
    ],
)
def test_known_and_said(known: str, said: str, expected: str) -> None:
    assert str(merged(from_items(items(known)), from_items(items(said)))) == expected
