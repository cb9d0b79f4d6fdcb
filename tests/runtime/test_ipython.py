"""`%load_ext shapecheck`, in an IPython of its own: it changes the process that it runs in."""

import json
import subprocess
import sys
from pathlib import Path

SESSION = """
import json
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
outcomes = []


def cell(code):
    failure = shell.run_cell(code).error_in_exec
    outcomes.append(None if failure is None else type(failure).__name__)


cell("import numpy as np\\nfrom jaxtyping import Float\\nfrom numpy import ndarray")
cell("def before(x: Float[ndarray, 'n n']): return 1")
cell("%load_ext shapecheck")
cell("def f(x: Float[ndarray, 'n n']) -> int:\\n    y: Float[ndarray, 'n'] = x[0]\\n    return len(y)")
cell("class C:\\n    def g(self, x: Float[ndarray, '3']): return x")
for call in ("before(np.zeros((2, 3)))", "f(np.zeros((2, 2)))", "f(np.zeros((2, 3)))", "C().g(np.zeros(3))", "C().g(np.zeros(2))"):
    cell(call)
cell("%reload_ext shapecheck")
outcomes.append(len(shell.ast_transformers))
cell("%unload_ext shapecheck")
outcomes.append(len(shell.ast_transformers))
cell("def after(x: Float[ndarray, 'n n']): return 1\\nafter(np.zeros((2, 3)))")
outcomes.append([name for name in shell.run_line_magic("who_ls", "") if "shapecheck" in name])
print("\\n" + json.dumps(outcomes))
"""


def test_cells_are_checked(tmp_path: Path) -> None:
    environment = {"IPYTHONDIR": str(tmp_path), "PATH": ""}
    run = subprocess.run([sys.executable, "-c", SESSION], env=environment, capture_output=True, text=True, check=True)
    imports, defined, loaded, *rest = json.loads(run.stdout.splitlines()[-1])
    assert [imports, defined, loaded] == [None] * 3, run.stdout
    assert rest[:2] == [None] * 2
    assert rest[2:7] == [None, None, "ShapeError", None, "ShapeError"]
    reloaded, transformers, unloaded, none_left, plain, hidden = rest[7:]
    assert (reloaded, transformers, unloaded, none_left, plain, hidden) == (None, 1, None, 0, None, [])
