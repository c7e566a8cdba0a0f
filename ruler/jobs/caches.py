"""`ruler cache`: what the store keeps of what models said, and what of it can go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rules_store.sizes import Kept
from rules_store.store import Store


@dataclass(frozen=True)
class Contents:
    """Captions by captioner, and answers by model."""

    captions: Sequence[Kept]
    answers: Sequence[Kept]

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


@dataclass(frozen=True)
class Pruned:
    """What went, or in a dry run would go.

    `unfinished` names the runs for whose sake nothing went.
    """

    captions: Sequence[Kept] = ()
    answers: Sequence[Kept] = ()
    unfinished: Sequence[str] = ()

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def contents(store: Store) -> Contents:
    """What is kept."""
    return Contents(store.captions.overview(), store.answers.overview())


def prune(
    store: Store, *, days: int | None, is_dry_run: bool = False, even_unfinished: bool = False
) -> Pruned:
    """Delete answers by age, captions that no run and no frame of a clip refers to, and (untold)
    what is worked out again in a moment.

    A finished run needs neither: its verdicts are stored, and its captions are referred to. One
    that was killed or had failures, however, finds there what it has paid for: as long as there is
    such a run, nothing is deleted. An induction that is under way in another process at the same
    time may have to ask again.

    Args:
        store: Where.
        days: Delete answers older than so many days; none, where None.
        is_dry_run: Delete nothing.
        even_unfinished: Do not look at unfinished runs.
    """
    unfinished = [] if even_unfinished else store.runs.unfinished()
    if unfinished:
        return Pruned(unfinished=unfinished)
    before = None if days is None else dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    done = Pruned(
        captions=store.captions.overview(orphans=True),
        answers=store.answers.overview(before) if before else (),
    )
    if is_dry_run:
        return done
    store.derived.prune()
    if not (done.captions or done.answers):
        return done
    store.captions.prune()
    if before:
        store.answers.prune(before)
    store.compact()
    return done
