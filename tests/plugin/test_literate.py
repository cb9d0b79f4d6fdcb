"""Every page in `md/` is true: mypy says what the page says, and programs behave as mypy said they would.

Print what mypy says about one page with `pytest tests/plugin/test_literate.py -k basics`.
"""

from __future__ import annotations

import pytest

from tests.plugin import execution, literate
from tests.plugin.literate import Block, Expectation, Message

BLOCKS = literate.all_blocks()
PROGRAMS = [block for block in BLOCKS if block.runs]


@pytest.mark.parametrize("block", BLOCKS, ids=[block.place for block in BLOCKS])
def test_mypy_says_what_the_page_says(block: Block) -> None:
    if report := literate.check(block):
        pytest.fail(report, pytrace=False)


@pytest.mark.parametrize("block", PROGRAMS, ids=[block.place for block in PROGRAMS])
def test_the_run_time_agrees(block: Block) -> None:
    if report := execution.check(block):
        pytest.fail(report, pytrace=False)


def test_blocks_have_names_of_their_own() -> None:
    assert len({block.module for block in BLOCKS}) == len(BLOCKS)


def test_expectations_are_read() -> None:
    code = 'f(x)  # error: [shape-op] "a # b"  # note: c\n# revealed: Float[Tensor, "#b"]\nreveal_type(x)\n'
    assert literate.expectations(code) == [
        Expectation(1, "error", "a # b", "shape-op"),
        Expectation(1, "note", "c"),
        Expectation(3, "revealed", 'Float[Tensor, "#b"]'),
    ]


def test_disagreements_go_both_ways() -> None:
    block = Block("page", "block_1", "f(x)  # error: [shape-op]\ng(x)\n", 10, runs=False)
    said = [Message(2, "error", "shape-rank", "too many axes")]
    assert literate.disagreements(block, said).splitlines() == [
        "page.md:10: f(x)",
        "  expected  error: [shape-op]",
        "page.md:11: g(x)",
        "  mypy said error: [shape-rank] too many axes",
    ]
