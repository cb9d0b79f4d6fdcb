"""What an edit may touch: annotations and imports, nothing else, whatever the file looks like."""

import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shapecheck.codemod import Options, annotate, render_diff, write
from tests.codemod.blocks import TORCH, becomes, report, run, silent, unchanged

OPTIONS = Options(inference=silent)


def test_bare_annotations_are_refined_and_their_wrapping_is_kept() -> None:
    becomes(
        """
        def f(x: Tensor, y: Tensor | None = None, n: int = 3) -> Tensor:
            b, c = x.shape
            # y: (b, c)
            return x.T
        """,
        """
        def f(x: Shaped[Tensor, "b c"], y: Shaped[Tensor, "b c"] | None = None, n: int = 3) -> Shaped[Tensor, "c b"]:
            b, c = x.shape
            # y: (b, c)
            return x.T
        """,
    )


def test_jaxtyping_is_never_touched_but_counts_as_evidence() -> None:
    becomes(
        """
        from jaxtyping import Float

        def f(x: Float[Tensor, "rows cols"], y):
            rows, k = y.shape
            return x.T
        """,
        """
        from jaxtyping import Float, Shaped

        def f(x: Float[Tensor, "rows cols"], y: Shaped[Tensor, "rows k"]) -> Float[Tensor, "cols rows"]:
            rows, k = y.shape
            return x.T
        """,
    )


def test_other_annotations_are_left() -> None:
    unchanged(
        """
        def f(x: list[Tensor], y: "np.ndarray", z: float = 1.0) -> list[Tensor]:
            # y: (a, b)
            return x
        """
    )


def test_import_aliases_are_reused() -> None:
    head = "import jaxtyping as jt\nimport torch as pt\n"
    becomes(
        """
        def f(x):
            n = len(x.shape)
            a, b = x.shape
            return x
        """,
        """
        def f(x: jt.Shaped[pt.Tensor, "a b"]) -> jt.Shaped[pt.Tensor, "a b"]:
            n = len(x.shape)
            a, b = x.shape
            return x
        """,
        head,
    )


@pytest.mark.parametrize(
    ("head", "array"),
    [
        ("import torch\n", "torch.Tensor"),
        ("from torch import Tensor\n", "Tensor"),
        ("import jax.numpy as jnp\nfrom jax import Array\n", "Array"),
        ("import jax\n", "jax.Array"),
        ("import numpy as np\n", "np.ndarray"),
    ],
)
def test_every_library_in_the_spelling_of_the_file(head: str, array: str) -> None:
    after = report(f"{head}\n\ndef f(x):\n    n, d = x.shape\n    return x.T\n").after
    assert f'def f(x: Shaped[{array}, "n d"]) -> Shaped[{array}, "d n"]:' in after
    assert "from jaxtyping import Shaped\n" in after


def test_a_name_that_the_file_uses_otherwise_is_not_taken() -> None:
    after = report("import torch\n\nShaped = 3\n\ndef f(x):\n    n, d = x.shape\n    return x\n").after
    assert "from jaxtyping import Shaped as JaxtypedShaped\n" in after
    assert 'x: JaxtypedShaped[torch.Tensor, "n d"]' in after


def test_imports_come_after_the_docstring_and_future_imports() -> None:
    after = report('"""Doc."""\n\nfrom __future__ import annotations\n\nimport torch\n\n\ndef f(x):\n    n, d = x.shape\n').after
    assert after.index("__future__") < after.index("jaxtyping")
    assert ast.get_docstring(ast.parse(after)) == "Doc."


@pytest.mark.parametrize("decorator", ["@torch.jit.script", "@overload", "@process.register"])
def test_functions_whose_annotations_are_read_by_others_are_skipped(decorator: str) -> None:
    found = report(f"import torch\n\n{decorator}\ndef f(x):\n    n, d = x.shape\n    return x\n")
    assert not found.changed
    assert "decorated with" in found.skipped[0].reason


def test_generators_and_lambdas_keep_their_returns() -> None:
    becomes(
        """
        def f(x):
            n, d = x.shape
            yield x
            key = lambda x: x
            return x
        """,
        """
        def f(x: Shaped[Tensor, "n d"]):
            n, d = x.shape
            yield x
            key = lambda x: x
            return x
        """,
    )


# --- bytes ---------------------------------------------------------------------------------------------------------

ODD = "import torch\n\n\nclass  A :\n\tdef f( self,x , y = 1 ) :   # odd\n\t\tn , d = x.shape ; z=( x\n\t\t)\n\t\treturn  z\n"


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + text.encode("latin-1"),
        lambda text: text.removesuffix("\n").encode(),
    ],
    ids=["plain", "crlf", "bom", "latin-1", "no newline at the end"],
)
def test_every_other_byte_stays(encode: object, tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    before: bytes = encode(ODD)  # type: ignore[operator]
    path.write_bytes(before)
    path.chmod(0o750)
    assert write(annotate([path], OPTIONS)) == [path]
    after = path.read_bytes()
    bare = after.replace(b': Shaped[torch.Tensor, "n d"]', b"").replace(b' -> Shaped[torch.Tensor, "n d"]', b"")
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    assert bare.replace(b"from jaxtyping import Shaped" + newline, b"") == before
    assert path.stat().st_mode & 0o777 == 0o750
    assert [each.name for each in tmp_path.iterdir()] == ["odd.py"]


def test_a_failed_write_leaves_the_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "module.py"
    path.write_text(ODD)
    found = annotate([path], OPTIONS)

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        write(found)
    assert path.read_text() == ODD
    assert [each.name for each in tmp_path.iterdir()] == ["module.py"]


def test_bad_files_are_reported_with_their_place_and_the_rest_is_done(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import torch\n\ndef f(:\n")
    (tmp_path / "bytes.py").write_bytes(b"x = 1\ny = '\xff'\n")
    (tmp_path / "null.py").write_bytes(b"x = '\0'\n")
    (tmp_path / "good.py").write_text(ODD)
    found = annotate([tmp_path, tmp_path / "missing.py"], OPTIONS)
    reasons = {each.path.name: (each.skipped[0].reason.split(":")[0], each.skipped[0].line) for each in found.failed}
    assert reasons.pop("null.py")[0]
    assert reasons == {
        "broken.py": ("syntax error", 3),
        "bytes.py": ("cannot be decoded", 2),
        "missing.py": ("No such file or directory", 0),
    }
    assert [each.path.name for each in found.changed] == ["good.py"]


def test_files_can_ask_to_be_skipped_and_hidden_ones_are_not_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# shapecheck: skip-file\n" + ODD)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "b.py").write_text(ODD)
    found = annotate([tmp_path], OPTIONS)
    assert [(each.path.name, each.skipped[0].reason) for each in found.files] == [("a.py", "marked to be skipped")]


def test_the_diff_is_unified() -> None:
    diff = render_diff(run(("module.py", "import torch\n\ndef f(x):\n    n, d = x.shape")))
    assert '-def f(x):\n+def f(x: Shaped[torch.Tensor, "n d"]):\n' in diff
    assert diff.endswith("\\ No newline at end of file\n")


def test_nothing_to_do_is_no_diff() -> None:
    assert render_diff(run(("module.py", "x = 1\n"), ("other.py", ""))) == ""


# --- properties ----------------------------------------------------------------------------------------------------

names = st.sampled_from("xy")
statements = st.sampled_from([
    "b, n = x.shape", "b, n, d = y.shape", "n = x.shape[0]", "m = y.size(-1)", "x = x.T  # (n, b)", "y = torch.relu(x)",
    "# x: (b, n)", "# y: (b, 3)", "# x: (b, n), y: (n, k)", "x = self.fc(x)", "z = F.softmax(x, dim=-1)  # (b, n)",
    "assert y.shape == (4, 5)", "z = x @ y", "for i in range(3):\n        y = y + x", "if y is None:\n        return x",
    "x = self.other(x, y)", "z = torch.cat((x, y), 0)", "x = x[:, None]", "y = F.one_hot(y)", "return x", "return x, y", "return y  # (b, k)",
])  # fmt: skip
heads = st.sampled_from(["x, y", "x: Tensor, y=None", 'x: Float[Tensor, "b n"], y', "x, y: Tensor | None = None"])
HEAD = (
    TORCH
    + "from jaxtyping import Float\n\n\nclass Net(nn.Module):\n    def __init__(self, a, b):\n        self.fc = nn.Linear(a, b)\n"
)


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Small modules of methods that call each other."""
    bodies = draw(st.lists(st.tuples(heads, st.lists(statements, min_size=1, max_size=5)), min_size=1, max_size=3))
    methods = (
        f"\n    def {'other' if not i else f'm{i}'}(self, {head}):\n"
        + "".join(f"        {row}\n".replace("\n        ", "\n            ", row.count("\n")) for row in rows)
        + "        pass\n"
        for i, (head, rows) in enumerate(bodies)
    )
    return HEAD + "".join(methods)


def stripped(text: str) -> str:
    """The program without annotations and without jaxtyping's import."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef():
                node.returns = None
            case ast.arg():
                node.annotation = None
            case _:
                pass
    tree.body = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.module == "jaxtyping")]
    return ast.unparse(tree)


@given(programs())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_only_annotations_change_and_twice_is_once(text: str) -> None:
    once = report(text).after
    assert stripped(once) == stripped(text)
    assert report(once).after == once
