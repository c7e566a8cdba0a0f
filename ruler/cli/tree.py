"""The command tree: one module a group of commands, imported and built where a line names it.

Building all commands takes as long as importing typer, so a line that names one gets that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer

import ruler

COMMANDS = {
    "induce": "induce:induce",
    "detect": "detect:detect",
    "calibrate": "calibrate:calibrate",
    "explain": "explain:explain",
    "feedback": "feedback:feedback",
    "eval": "evaluate:evaluate",
    "rules": "rules:app",
    "taxonomy": "taxonomy:app",
    "cache": "cache:app",
    "demo": "demo:demo",
    "doctor": "doctor:doctor",
    "help": "helping:topic",
}
"""What each is: a function, or a tree of its own; by module of this package and name in it."""


def tree_for(arguments: Sequence[str]) -> typer.Typer:
    """The commands that a line can mean: the one it begins with, or else all."""
    named = next(iter(arguments), "")
    return tree([named] if named in COMMANDS else COMMANDS)


def tree(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """A tree of some commands."""
    app = typer.Typer(
        name="ruler",
        help="Learns what is normal in a camera scene as readable rules, applies them to new "
        "footage, and explains every alarm by the rule and the words it rests on.",
        epilog="First steps: ruler demo   ·   ruler induce CLIP... --scene NAME   ·   "
        "ruler detect CLIP... --scene NAME",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root)
    for name in names:
        module, attribute = COMMANDS[name].split(":")
        found = getattr(import_module(f"ruler.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ruler {ruler.__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error (anywhere in the line).")
    ] = False,
) -> None:
    """Options for every command."""
