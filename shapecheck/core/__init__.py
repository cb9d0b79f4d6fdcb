"""The shared core: grammar, dims, shapes, dtypes, signatures, diagnostics.

Pure standard library: it is imported by the mypy plugin, the run-time decorator and the codemod alike.
"""
