"""What runs are called: names that become folders."""

from __future__ import annotations

import datetime as dt
import re

from ruler.errors import InputError
from ruler.jobs.tools import Machine

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def new_id(wanted: str | None, scene: str, machine: Machine) -> str:
    """A name that neither the runs folder nor the store has: what is stored is never mixed.

    Args:
        wanted: What the user would call it; None for a name made from the time.
        scene: Whose rules the run applies.
        machine: Where it will be kept.

    Raises:
        InputError: the name is taken, or cannot be one.
    """

    def is_taken(name: str) -> bool:
        return (machine.runs / name / "run.json").exists() or machine.store.runs.knows(name)

    if wanted is not None:
        if not _ID.fullmatch(wanted):
            raise InputError(
                f"a run's id has letters, digits, '.', '_' and '-' and becomes a folder's name, "
                f"which {wanted!r} cannot be."
            )
        if is_taken(wanted):
            raise InputError(
                f"run {wanted!r} exists already: go on with it by --resume {wanted}, or choose "
                "another id."
            )
        return wanted
    stamp = f"{dt.datetime.now().astimezone():%Y%m%d-%H%M%S}-{scene}"
    name, number = stamp, 1
    while is_taken(name):
        number += 1
        name = f"{stamp}-{number}"
    return name
