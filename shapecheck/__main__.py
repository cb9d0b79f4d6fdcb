"""`python -m shapecheck`: the same as the `shapecheck` command."""

from __future__ import annotations

from shapecheck.cli import main

if __name__ == "__main__":
    main(prog_name="shapecheck")
