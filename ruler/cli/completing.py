"""What a shell offers while a word is typed: scenes, revisions, rules, runs, taxonomies, topics.

`ruler --install-completion` sets the shell up. A completer never raises and never writes: it
answers with what it knows, or with nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import typer

Offers = list[tuple[str, str]]
Completer = Callable[[typer.Context, str], Offers]


def _quiet(complete: Completer) -> Completer:
    """Nothing instead of an error, and nothing that would move a cursor."""

    @wraps(complete)
    def offers(ctx: typer.Context, incomplete: str) -> Offers:
        try:
            found = complete(ctx, incomplete)
        except Exception:  # noqa: BLE001 - what is raised here would land in a half-typed line
            return []
        return [(name, _line(said)) for name, said in found if name.isprintable()]

    return offers


def _line(said: str) -> str:
    return "".join(c if c.isprintable() else " " for c in said)[:60]


def _place(ctx: typer.Context) -> Path:
    """The store of the option, where it was typed before, or of the settings."""
    typed = ctx.params.get("store")
    if typed:
        return Path(str(typed))
    from ruler.settings import Settings

    return Settings().store


@_quiet
def scene(ctx: typer.Context, incomplete: str) -> Offers:
    """Scenes by name."""
    from rules_store import glance

    return glance.scenes(_place(ctx), incomplete)


@_quiet
def revision(ctx: typer.Context, incomplete: str) -> Offers:
    """Scenes and, once there is an @, their revisions."""
    from rules_store import glance

    name, at, beginning = incomplete.partition("@")
    if at:
        return glance.revisions(_place(ctx), name, beginning)
    return glance.scenes(_place(ctx), incomplete)


@_quiet
def rule(ctx: typer.Context, incomplete: str) -> Offers:
    """Ids of rules in force."""
    from rules_store import glance

    return glance.rules(_place(ctx), incomplete)


@_quiet
def rule_or_scene(ctx: typer.Context, incomplete: str) -> Offers:
    """Ids of rules in force, and scenes."""
    from rules_store import glance

    place = _place(ctx)
    return glance.scenes(place, incomplete) + glance.rules(place, incomplete)


@_quiet
def run(ctx: typer.Context, incomplete: str) -> Offers:
    """Ids of runs, the newest first."""
    from rules_store import glance

    return glance.runs(_place(ctx), incomplete)


@_quiet
def taxonomy(ctx: typer.Context, incomplete: str) -> Offers:  # noqa: ARG001 - as typer calls it
    """Taxonomies that ship."""
    from rules_store.shipped import shipped_names

    return [
        (name, "ships with ruler")
        for name in shipped_names("taxonomies")
        if name.startswith(incomplete)
    ]


@_quiet
def pack(ctx: typer.Context, incomplete: str) -> Offers:  # noqa: ARG001 - as typer calls it
    """Starter packs."""
    from rules_store.shipped import shipped_names

    return [
        (name, "starter pack") for name in shipped_names("packs") if name.startswith(incomplete)
    ]


@_quiet
def topic(ctx: typer.Context, incomplete: str) -> Offers:  # noqa: ARG001 - as typer calls it
    """Topics of `ruler help`."""
    from ruler.cli.topics import TOPICS

    return [(name, what) for name, what in TOPICS.items() if name.startswith(incomplete)]
