"""`ruler rules test`: the tests of a scene's or a file's rules; no model is asked."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ruler.errors import NotFoundError
from ruler.reasoners.symbolic.reasoner import SymbolicReasoner
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RuleSet
from ruler.steps.rule_test_entries import EntryError
from ruler.steps.rule_tests import Bench, Outcome, Recorded, State, run_tests
from rules_store.rule_files import parse_rules
from rules_store.rule_places import lines_of_tests
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon


@dataclass(frozen=True)
class RuleTestRun:
    """How the tests of some rules ended.

    Attributes:
        name: The file, or the revision.
        outcomes: In the order of the file.
        lines: The line of each outcome's test in the source.
        rules: How many rules were looked at.
        untested: Ids of the rules among them that have no test.
    """

    name: str
    outcomes: Sequence[Outcome]
    lines: Sequence[int]
    rules: int
    untested: Sequence[str]

    @property
    def counts(self) -> dict[State, int]:
        """How many tests ended in which way."""
        return dict(Counter(outcome.state for outcome in self.outcomes))

    @property
    def is_failure(self) -> bool:
        """True where a test failed."""
        return any(outcome.is_failure for outcome in self.outcomes)

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "rules": self.rules,
            "untested": list(self.untested),
            "counts": self.counts,
            "tests": [
                {
                    "rule": outcome.rule_id,
                    "sort": outcome.sort,
                    "line": line,
                    "entry": outcome.entry,
                    "state": outcome.state,
                    "why": outcome.why,
                    "caption": outcome.text,
                    "fired": [match.model_dump(mode="json") for match in outcome.fired],
                }
                for outcome, line in zip(self.outcomes, self.lines, strict=True)
            ],
        }


def run_rule_tests(
    source: str,
    store: Store | None,
    *,
    name: str,
    chosen: Collection[str] | None = None,
    as_of: dt.date | None = None,
) -> RuleTestRun:
    """Run the tests of a rule file's text.

    Args:
        source: The text.
        store: Where stored captions are looked up; without one, tests that refer to one fail.
        name: What to call it: the file, or the revision.
        chosen: Ids of the rules to test; all where None.
        as_of: The day, for exceptions that expire; today where None.

    Raises:
        FileProblems: it is no valid rule file.
        NotFoundError: it has no rule of a chosen id.
    """
    rule_set = parse_rules(source, file=name)
    _check_chosen(rule_set, chosen, name)
    bench = Bench(
        reasoner=SymbolicReasoner(),
        lexicon=load_lexicon(),
        as_of=as_of or dt.datetime.now(dt.UTC).date(),
        resolve=Shelf(store).resolve,
    )
    outcomes = run_tests(rule_set, bench, chosen)
    lines = lines_of_tests(source)
    looked_at = [rule for rule in rule_set.rules if chosen is None or rule.id in chosen]
    seen = {outcome.rule_id for outcome in outcomes}
    return RuleTestRun(
        name=name,
        outcomes=outcomes,
        lines=[lines.get((one.rule_id, one.sort, one.number), 0) for one in outcomes],
        rules=len(looked_at),
        untested=[rule.id for rule in looked_at if rule.id not in seen],
    )


def _check_chosen(rule_set: RuleSet, chosen: Collection[str] | None, name: str) -> None:
    for rule_id in chosen or ():
        if rule_set.rule(rule_id) is None:
            known = ", ".join(rule.id for rule in rule_set.rules)
            raise NotFoundError(f"{name} has no rule {rule_id!r}; its rules: {known}.")


@dataclass(frozen=True)
class Shelf:
    """Looks up the stored captions that tests refer to."""

    store: Store | None

    def resolve(self, reference: str) -> Recorded:
        """What `caption:HASH` or `run:RUN/CLIP#FRAME` leads to."""
        if self.store is None:
            raise EntryError("it refers to a stored caption, and no store is at hand")
        kind, _, place = reference.partition(":")
        if kind == "caption":
            return self._caption(self.store, place)
        run, _, rest = place.partition("/")
        clip, _, frame = rest.rpartition("#")
        return self._frame(self.store, run, clip, int(frame))

    @staticmethod
    def _caption(store: Store, prefix: str) -> Recorded:
        found = store.captions.by_hash(prefix)
        if not found:
            raise EntryError(f"the store has no caption {prefix}")
        if len(found) > 1:
            raise EntryError(f"several captions begin with {prefix}: give more of the hash")
        seen = Observation(frame_index=0, until_frame=1, time_seconds=0.0, caption=found[0])
        return Recorded(seen)

    @staticmethod
    def _frame(store: Store, run: str, clip: str, frame: int) -> Recorded:
        if not store.runs.knows(run):
            raise EntryError(f"the store has no run {run}")
        spec, clips = store.runs.spec(run), store.runs.outcomes(run)
        number = next((n for n, ended in enumerate(clips) if ended.clip == clip), None)
        if number is None:
            raise EntryError(f"run {run} has no clip {clip}")
        traces = store.traces.read(run, number, first_frame=frame, stop_frame=frame + 1)
        trace = next(traces, None)
        if trace is None:
            raise EntryError(f"run {run} did not sample frame {frame} of {clip}")
        info = clips[number].info
        start = spec.start_time or (info.start_time if info else None)
        return Recorded(trace.observation, start)
