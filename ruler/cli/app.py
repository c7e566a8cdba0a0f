"""The command tree: one module a group of commands."""

from __future__ import annotations

from typing import Annotated

import typer

import ruler
from ruler.cli import (
    cache,
    calibrate,
    demo,
    detect,
    doctor,
    evaluate,
    feedback,
    helping,
    induce,
    rules,
    taxonomy,
)

app = typer.Typer(
    name="ruler",
    help="Learns what is normal in a camera scene as readable rules, applies them to new footage, "
    "and explains every alarm by the rule and the words it rests on.",
    epilog="First steps: ruler demo   ·   ruler induce CLIP... --scene NAME   ·   "
    "ruler detect CLIP... --scene NAME",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ruler {ruler.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error (anywhere in the line).")
    ] = False,
) -> None:
    """Options for every command."""


app.command("induce")(induce.induce)
app.command("detect")(detect.detect)
app.command("calibrate")(calibrate.calibrate)
app.command("explain")(detect.explain)
app.command("feedback")(feedback.feedback)
app.command("eval")(evaluate.evaluate)
app.add_typer(rules.app, name="rules")
app.add_typer(taxonomy.app, name="taxonomy")
app.add_typer(cache.app, name="cache")
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("help")(helping.topic)
