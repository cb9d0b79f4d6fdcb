"""The coverage command: what it counts as an operation, as covered and as missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.coverage import HANDLED, LEFT_OUT, frequencies, main, report, tracked
from shapecheck.rules import layer, lookup

TABLE = """\
## How many ops cover most

## torch — 14 calls, 3 distinct

| # | op | calls | share% |
|---|---|---|---|
| 1 | `torch.matmul` | 9 | 64 |
| 2 | `torch.save` | 4 | 28 |
| 3 | `torch.sym_min` | 1 | 7 |

## Tensor.method — 5 calls, 2 distinct

| # | op | calls | share% |
|---|---|---|---|
| 1 | `~.view` | 3 | 60 |
| 2 | `.__matmul__ (@)` | 2 | 40 |
"""


def test_a_table_is_read_by_kind_and_methods_get_the_name_of_their_class() -> None:
    torch, methods = frequencies(TABLE)
    assert torch.calls == {"torch.matmul": 9, "torch.save": 4, "torch.sym_min": 1}
    assert methods.calls == {"Tensor.view": 3, "Tensor.__matmul__": 2}


def test_what_is_no_operation_counts_on_neither_side() -> None:
    torch, methods = frequencies(TABLE)
    assert (torch.counted, torch.missing) == ({"torch.matmul": 9, "torch.sym_min": 1}, {"torch.sym_min": 1})
    assert methods.missing == {}
    assert "90.00 %" in report([torch], show=5)


def test_a_list_of_names_counts_each_once() -> None:
    (kind,) = tracked("## torch.fft functions: 2\n  generic: fft nonsense\n")
    assert kind.calls == {"torch.fft.fft": 1, "torch.fft.nonsense": 1}


def test_what_the_installed_library_does_not_have_is_absent_not_missing() -> None:
    (kind,) = tracked("## torch.fft functions: 3\n  generic: fft nonsense Tensor\n")
    assert (kind.absent, kind.missing) == ({"torch.fft.nonsense"}, {"torch.fft.Tensor": 1})
    assert "not in the installed library: torch.fft.nonsense" in report([kind], show=5)


def test_an_unknown_heading_is_refused() -> None:
    with pytest.raises(SystemExit, match="unknown heading 'fortran'"):
        list(tracked("## fortran: 1\n"))


def test_the_lists_are_no_excuse_for_what_has_a_rule() -> None:
    ruled = {name for name in HANDLED | LEFT_OUT if lookup(name) is not None or layer(name) is not None}
    assert ruled == set()
    assert HANDLED.isdisjoint(LEFT_OUT)


def test_the_command_prints_both_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "table.md"
    path.write_text(TABLE, encoding="utf-8")
    assert main([str(path)]) == 0
    assert "missing: torch.sym_min:1" in capsys.readouterr().out
