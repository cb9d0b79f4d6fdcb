"""The form of the codemod's tests: a file before, and the same file after."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

from shapecheck.codemod import FileReport, Options, Report, annotate
from shapecheck.codemod.verify import Diagnostic, Inference

TORCH = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\n"


def silent(sources: Mapping[Path, str]) -> Sequence[Diagnostic]:
    """A type checker that accepts everything."""
    return []


def run(*files: tuple[str, str], inference: Inference = silent, options: Options | None = None) -> Report:
    """Annotates files of these names and texts."""
    with TemporaryDirectory() as folder:
        for name, text in files:
            (Path(folder) / name).write_text(text, encoding="utf-8", newline="")
        return annotate([Path(folder)], options or Options(inference=inference))


def report(text: str, inference: Inference = silent) -> FileReport:
    """Annotates one file."""
    [found] = run(("module.py", text), inference=inference).files
    return found


def annotated(code: str, head: str = TORCH) -> str:
    """The code after annotation, without imports: blocks show what matters."""
    after = report(head + "\n\n" + dedent(code).lstrip("\n")).after
    return after[after.index("\n\n\n") :].strip("\n") + "\n"


def becomes(before: str, after: str, head: str = TORCH) -> None:
    """The test: annotation turns `before` into `after`, and leaves that as it is."""
    assert annotated(before, head) == dedent(after).strip("\n") + "\n"
    assert annotated(after, head) == dedent(after).strip("\n") + "\n"


def unchanged(code: str, head: str = TORCH) -> None:
    """Nothing can be said of this code."""
    becomes(code, code, head)
