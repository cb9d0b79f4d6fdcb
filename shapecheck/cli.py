"""The `shapecheck` command: reads arguments, calls one function per command, prints its answer and sets the exit status.

Exit statuses: 0 all is well, 1 something was found, 2 the request could not be carried out. Each command imports what it
needs when it runs, so that `--help` and `explain` answer at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from shapecheck.core.diagnostics import CATALOGUE, explain

if TYPE_CHECKING:
    from shapecheck.codemod import FileReport, Report
    from shapecheck.core.recording import Recording


class Refusal(click.ClickException):
    """What cannot be done, in one line that names a way on."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"shapecheck: {self.message}", err=True)


class PassingOn(click.Command):
    """A command whose arguments after `--` are for another program; they arrive in `ctx.obj`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own, rest = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        ctx.obj = tuple(rest)
        return super().parse_args(ctx, own)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="shapecheck-mypy", prog_name="shapecheck")
def main() -> None:
    """Check the shapes and dtypes of arrays: in mypy, from jaxtyping annotations."""


# --- check ---------------------------------------------------------------------------------------------------------


@main.command(cls=PassingOn, options_metavar="[OPTIONS] [-- MYPY_OPTIONS]")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Switch on mypy's strict mode.")
@click.option(
    "--python-executable", "python", type=click.Path(path_type=Path), help="The interpreter whose packages the program uses."
)
@click.option(
    "--config-file", "config", type=click.Path(path_type=Path), help="A mypy configuration to use in place of the one found."
)
@click.pass_context
def check(ctx: click.Context, paths: tuple[Path, ...], strict: bool, python: Path | None, config: Path | None) -> None:
    """Check files and folders with mypy and the shapecheck plugin.

    Uses your mypy configuration where there is one, and needs none. What follows `--` is passed on to mypy.
    """
    from shapecheck.checking import Request, Unusable
    from shapecheck.checking import check as run

    try:
        status = run(Request(paths, strict, python, config, ctx.obj), sys.stdout, sys.stderr)
    except Unusable as error:
        refuse(str(error))
    ctx.exit(status)


# --- annotate ------------------------------------------------------------------------------------------------------


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--diff", "mode", flag_value="diff", default=True, help="Print the changes as a unified diff (the default).")
@click.option("--write", "mode", flag_value="write", help="Change the files.")
@click.option("--check", "mode", flag_value="check", help="Print the diff, and exit with 1 when there is one.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the evidence for every annotation and the reason for every skip instead."
)
@click.option("--no-verify", is_flag=True, help="Do not check the result with mypy.")
@click.option(
    "--record",
    "record",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Use what `shapecheck run` recorded.",
)
@click.pass_context
def annotate(
    ctx: click.Context, paths: tuple[Path, ...], mode: str, as_json: bool, no_verify: bool, record: tuple[Path, ...]
) -> None:
    """Propose jaxtyping annotations for code that has none, each with its evidence."""
    for path in paths:
        if not path.exists():
            refuse(f"{path} does not exist: name a Python file or a folder with Python files")
    from shapecheck import codemod

    report = codemod.annotate(paths, codemod.Options(verify=not no_verify, recording=_recorded(record)))
    click.echo(json.dumps(_report_data(report), indent=2) if as_json else codemod.render_diff(report), nl=as_json)
    if mode == "write":
        _write(report)
    for line in _summary(report, mode):
        click.echo(f"shapecheck: {line}", err=True)
    ctx.exit(2 if report.failed else int(mode == "check" and bool(report.changed)))


def _recorded(files: tuple[Path, ...]) -> Recording:
    from shapecheck.core.recording import BadRecording, Recording, load

    whole = Recording()
    for file in files:
        try:
            whole.merge(load(file))
        except (BadRecording, OSError) as error:
            refuse(f"{error}: name a file that `shapecheck run --record` has written")
    return whole


def _write(report: Report) -> None:
    from shapecheck import codemod

    try:
        codemod.write(report)
    except OSError as error:
        refuse(f"{error.filename} could not be written ({error.strerror}): it and the files after it are as they were")


def _summary(report: Report, mode: str) -> Iterator[str]:
    for failed in report.failed:
        reasons = "; ".join(f"{each.reason} (line {each.line})" if each.line else each.reason for each in failed.skipped)
        yield f"{failed.path} could not be read: {reasons}"
    yield from report.notes
    if not report.files:
        yield "no Python files found"
        return
    annotated, skipped = (sum(len(getattr(each, name)) for each in report.files) for name in ("annotated", "skipped"))
    done = "written" if mode == "write" else "proposed"
    yield f"{annotated} annotations {done} in {len(report.changed)} of {len(report.files)} files, {skipped} places left alone"


def _report_data(report: Report) -> dict[str, Any]:
    return {"files": [_file_data(each) for each in report.files], "notes": list(report.notes)}


def _file_data(file: FileReport) -> dict[str, Any]:
    return {
        "path": file.path.as_posix(),
        "changed": file.changed,
        "annotated": [
            {"function": each.slot.function, "line": each.slot.line, "name": each.slot.name, "annotation": each.annotation,
             "confidence": each.confidence.value, "evidence": list(map(str, each.evidence))}
            for each in file.annotated
        ],
        "skipped": [
            {"place": str(each.slot or ""), "line": each.line, "reason": each.reason, "evidence": list(map(str, each.evidence))}
            for each in file.skipped
        ],
        "findings": list(map(str, file.findings)),
    }  # fmt: skip


# --- run -----------------------------------------------------------------------------------------------------------


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--record", "record", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where to keep them.")
@click.argument("program", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(record: Path, program: Path, arguments: tuple[str, ...]) -> None:
    """Run a program, and record the shapes and dtypes that its functions are called with.

    FILE is for `shapecheck annotate --record FILE`. If it exists, this run is added. Functions of files in this folder count.
    """
    if not program.is_file():
        refuse(f"{program} does not exist: name a Python program")
    import runpy

    from shapecheck.core.recording import BadRecording, load
    from shapecheck.runtime.recorder import Recorder

    try:
        if record.exists():
            load(record)
    except (BadRecording, OSError) as error:
        refuse(f"{error}: name another file")
    if not record.absolute().parent.is_dir():
        refuse(f"{record.parent} is no folder: the recording could not be written")
    sys.argv = [str(program), *arguments]
    sys.path.insert(0, str(program.resolve().parent))
    with Recorder(record, Path()):
        runpy.run_path(str(program), run_name="__main__")


# --- explain and rules ---------------------------------------------------------------------------------------------


@main.command("explain")
@click.argument("code", required=False)
def explain_code(code: str | None) -> None:
    """Say what an error code means, with an example and what to do. Without CODE, list the codes."""
    if code is None:
        width = max(map(len, CATALOGUE))
        click.echo("\n".join(f"{entry.code:{width}}  {entry.title}" for entry in CATALOGUE.values()))
        return
    entry = CATALOGUE.get(code.strip("[]"))
    if entry is None:
        refuse(f"there is no code {code}: the codes are {', '.join(CATALOGUE)}")
    click.echo(explain(entry), nl=False)


@main.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def rules(names: tuple[str, ...], as_json: bool) -> None:
    """List the operations and layers whose shapes are known; NAMES restricts the list to names that contain one of them."""
    from shapecheck.rules import listing

    rows = [row for row in listing.rows() if not names or any(name in each for name in names for each in row.names)]
    rows.sort(key=lambda row: not any(name in row.names for name in names))  # what is named in full comes first
    if not rows:
        refuse(f"no rule's name contains {' or '.join(names)}: see `shapecheck rules` for all")
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    for row in rows:
        click.echo(f"{', '.join(row.names)}\n    {row.signature}  [{', '.join(row.libraries)}]")
    click.echo(listing.summary(rows), err=True)


def refuse(message: str) -> NoReturn:
    """Ends the command with one line and exit status 2."""
    raise Refusal(message)
